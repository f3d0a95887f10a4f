package repl

import (
	"errors"
	"fmt"
	"sync"

	"github.com/riffle-io/riffle/batch"
	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/exec"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/state"
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/datasets/parquet"
	"github.com/riffle-io/riffle/internal/vfs"
	"github.com/riffle-io/riffle/optimizer"
	"github.com/riffle-io/riffle/repl/render"
	"github.com/riffle-io/riffle/sql"
	"github.com/riffle-io/riffle/streaming"
)

func (st *statement) optimize(n plan.Node) (plan.Node, error) {
	phys, err := optimizer.Optimize(n, optimizer.Options{Off: !st.set.Optimizer, KeepColumns: st.set.Late != ""})
	if err == nil && st.run != nil {
		phys = st.run.count(phys)
	}
	return phys, err
}

// query runs a statement that returns rows.
func (st *statement) query(q *sql.Query) error {
	n := q.Plan
	if st.set.Limit >= 0 {
		n = &plan.Limit{In: n, N: st.set.Limit}
	}
	phys, err := st.optimize(n)
	if err != nil {
		return err
	}
	mode, key := plan.ModeOf(phys)
	if st.set.Mode == "append" && mode != plan.Append {
		return fmt.Errorf("%w: --mode append: the query takes rows back; group by a window of event time, or use --mode changelog", optimizer.ErrPlan)
	}
	o := render.Options{Names: q.Names, Types: n.Schema().Types(), Ops: mode == plan.Retract, Stream: plan.Unbounded(n)}
	folded := o.Ops && o.Stream && st.set.UntilEnd && st.set.Mode == "" && st.out.named == nil
	if folded { // what the query says of all that is there, as over a range that ends
		o.Ops, o.Stream = false, false
	}
	var w render.Writer
	if st.out.named != nil {
		w, err = st.out.named(o, mode, key)
	} else {
		w, err = st.out.Result(o)
	}
	if err != nil {
		return err
	}
	if folded {
		w = newFold(w, o.Types)
	}
	res := &resultOutput{w: w, stream: plan.Unbounded(n), upsert: st.set.Mode == "upsert"}
	_, err = st.execute(phys, res)
	if err != nil { // what came before the error is shown; an empty result is not one
		if ferr := w.Flush(); ferr != nil && !isEPIPE(ferr) {
			err = errors.Join(err, ferr)
		}
	} else if err = w.Close(); isEPIPE(err) {
		err = nil
	}
	if errors.Is(err, errPipe) {
		return nil
	}
	return err
}

// resultOutput passes rows from the engine to a writer.
type resultOutput struct {
	w      render.Writer
	stream bool
	upsert bool // leave -U out
	sel    []int32
}

func (r *resultOutput) Emit(b *vec.Batch) error {
	if r.upsert && b.Ops != nil {
		r.sel = r.sel[:0]
		for k, n := 0, b.Live(); k < n; k++ {
			if i := b.Row(k); b.Ops[i] != vec.UpdateBefore {
				r.sel = append(r.sel, int32(i))
			}
		}
		b = b.WithSel(r.sel)
	}
	err := r.w.Write(b)
	if err == nil && r.stream {
		err = r.w.Flush()
	}
	if isEPIPE(err) { // whoever read the rows has enough
		return dataflow.ErrDone
	}
	return err
}

func (r *resultOutput) Flush() error {
	if err := r.w.Flush(); err != nil && !isEPIPE(err) {
		return err
	}
	return nil
}

// write runs a statement that stores rows.
func (st *statement) write(sink *plan.Sink) error {
	if _, own := sink.Target.(*memTable); !own {
		if err := st.s.mayWrite(sink.Target.Name()); err != nil {
			return err
		}
	}
	phys, err := st.optimize(sink)
	if err != nil {
		return err
	}
	root := phys.(*plan.Sink)
	mode, key := plan.ModeOf(root.In)
	if err := root.Target.Accepts(mode, key); err != nil {
		return err
	}
	job, err := st.execute(phys, nil)
	if err != nil {
		return err
	}
	stats, _ := job.Stats(phys)
	switch {
	case job.Finished():
		st.out.Notice("the job in %s had finished: nothing to do", st.set.State)
	default:
		st.out.Notice("%d rows written to %s", stats.RowsIn, sink.Target.Name())
	}
	return nil
}

// execute runs a physical plan under the session's settings, and reports late and bad rows.
func (st *statement) execute(phys plan.Node, res *resultOutput) (*exec.Job, error) {
	pool, dir, err := st.s.reserve()
	if err != nil {
		return nil, err
	}
	opts := exec.Options{Parallelism: st.set.Parallelism, SpillDir: dir, Rate: st.set.Rate, Sides: map[string]exec.SinkTarget{}, Checkpoint: st.set.Checkpoint}
	opts.Budget = func(name string) dataflow.Budget { return pool.Reserve(name) }
	if res != nil {
		opts.Result = res
	}
	for name, path := range map[string]string{"late": st.set.Late, "bad": st.set.Bad} {
		if path != "" {
			opts.Sides[name] = sideTarget(st.path(path))
		}
	}
	if st.set.State != "" && res == nil {
		store, err := state.OpenStore(vfs.OS{}, st.set.State, parquet.Format{})
		if err != nil {
			return nil, err
		}
		defer store.Close()
		if opts.ID, err = store.JobID(); err != nil {
			return nil, err
		}
		opts.Store = store
		var once sync.Once
		opts.OnEvent = func(e exec.Event) {
			if e.Unpublished != nil {
				once.Do(func() { st.out.Notice("others cannot see how far the job is: %v", e.Unpublished) })
			}
		}
	}
	st.watch(phys, &opts)
	job, err := st.start(phys, opts)
	if err != nil {
		return nil, err
	}
	if st.run != nil {
		st.run.started(job)
	}
	err = job.Wait()
	for _, name := range []string{"late", "bad"} {
		if n := job.SideRows(name); n > 0 {
			where := ""
			if p := map[string]string{"late": st.set.Late, "bad": st.set.Bad}[name]; p != "" {
				where = ", written to " + p
			}
			st.out.Notice("%d %s rows%s", n, name, where)
		}
	}
	return job, err
}

// start runs a plan under the policy that fits its input.
func (st *statement) start(phys plan.Node, opts exec.Options) (*exec.Job, error) {
	if plan.Unbounded(phys) {
		if st.set.UntilWatermark != 0 && !watermarked(phys) {
			return nil, misuse("nothing that the query reads has event time, so that no watermark comes: declare the topic with WATERMARK FOR")
		}
		return streaming.Start(st.ctx, phys, opts, streaming.Until{For: st.set.For, Watermark: st.set.UntilWatermark})
	}
	return batch.Start(st.ctx, phys, opts)
}
