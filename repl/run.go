package repl

import (
	"context"
	"errors"
	"fmt"

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

func (s *Session) optimize(n plan.Node) (plan.Node, error) {
	return optimizer.Optimize(n, optimizer.Options{Off: !s.Optimizer, KeepColumns: s.Late != ""})
}

// query runs a statement that returns rows.
func (s *Session) query(ctx context.Context, q *sql.Query) error {
	n := q.Plan
	if s.Limit >= 0 {
		n = &plan.Limit{In: n, N: s.Limit}
	}
	phys, err := s.optimize(n)
	if err != nil {
		return err
	}
	mode, _ := plan.ModeOf(phys)
	if s.Mode == "append" && mode != plan.Append {
		return fmt.Errorf("%w: --mode append: the query takes rows back; group by a window of event time, or use --mode changelog", optimizer.ErrPlan)
	}
	w, err := s.out.Result(render.Options{Names: q.Names, Types: n.Schema().Types(), Ops: mode == plan.Retract, Stream: plan.Unbounded(n)})
	if err != nil {
		return err
	}
	res := &result{w: w, stream: plan.Unbounded(n), upsert: s.Mode == "upsert"}
	_, err = s.execute(ctx, phys, res)
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

// result passes rows from the engine to a writer.
type result struct {
	w      render.Writer
	stream bool
	upsert bool // leave -U out
	sel    []int32
}

func (r *result) Emit(b *vec.Batch) error {
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

func (r *result) Flush() error {
	if err := r.w.Flush(); err != nil && !isEPIPE(err) {
		return err
	}
	return nil
}

// write runs a statement that stores rows.
func (s *Session) write(ctx context.Context, sink *plan.Sink) error {
	phys, err := s.optimize(sink)
	if err != nil {
		return err
	}
	root := phys.(*plan.Sink)
	mode, key := plan.ModeOf(root.In)
	if err := root.Target.Accepts(mode, key); err != nil {
		return err
	}
	job, err := s.execute(ctx, phys, nil)
	if err != nil {
		return err
	}
	st, _ := job.Stats(phys)
	switch {
	case job.Finished():
		s.out.Notice("the job in %s had finished: nothing to do", s.State)
	default:
		s.out.Notice("%d rows written to %s", st.RowsIn, sink.Target.Name())
	}
	return nil
}

// execute runs a physical plan under the session's settings, and reports late and bad rows.
func (s *Session) execute(ctx context.Context, phys plan.Node, res *result) (*exec.Job, error) {
	pool, dir, err := s.reserve()
	if err != nil {
		return nil, err
	}
	opts := exec.Options{Parallelism: s.Parallelism, SpillDir: dir, Rate: s.Rate, Sides: map[string]exec.SinkTarget{}, Checkpoint: s.Checkpoint}
	opts.Budget = func(name string) dataflow.Budget { return pool.Reserve(name) }
	if res != nil {
		opts.Result = res
	}
	for name, path := range map[string]string{"late": s.Late, "bad": s.Bad} {
		if path != "" {
			opts.Sides[name] = sideTarget(path)
		}
	}
	if s.State != "" && res == nil {
		store, err := state.OpenStore(vfs.OS{}, s.State, parquet.Format{})
		if err != nil {
			return nil, err
		}
		defer store.Close()
		if opts.ID, err = store.JobID(); err != nil {
			return nil, err
		}
		opts.Store = store
	}
	job, err := s.start(ctx, phys, opts)
	if err != nil {
		return nil, err
	}
	err = job.Wait()
	for _, name := range []string{"late", "bad"} {
		if n := job.SideRows(name); n > 0 {
			where := ""
			if p := map[string]string{"late": s.Late, "bad": s.Bad}[name]; p != "" {
				where = ", written to " + p
			}
			s.out.Notice("%d %s rows%s", n, name, where)
		}
	}
	return job, err
}

// start runs a plan under the policy that fits its input.
func (s *Session) start(ctx context.Context, phys plan.Node, opts exec.Options) (*exec.Job, error) {
	if plan.Unbounded(phys) {
		return streaming.Start(ctx, phys, opts, streaming.Until{For: s.For, Watermark: s.UntilWatermark})
	}
	return batch.Start(ctx, phys, opts)
}
