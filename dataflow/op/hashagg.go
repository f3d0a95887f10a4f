package op

import (
	"context"
	"errors"
	"fmt"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/state"
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/spill"
)

const (
	// partialBytes is where a partial aggregation emits its groups and starts anew: beyond the
	// caches a probe costs as much as sending the row.
	partialBytes = 16 << 20
	// probeRows is after how many rows a partial aggregation looks whether it is worth it.
	probeRows = 64 << 10
)

// hashAgg groups rows by their keys. Its states:
//
//	in memory: groups are in one table
//	spilled:   the budget was refused; groups went to partitions on disk, later ones are in the table
//	merging:   the input has ended; partitions are read back one by one, and spilled again by other
//	           bits of the hash when they are still too large
//	passing:   (partial only) grouping did not pay: each row is emitted as a group of its own, or
//	           each run of rows where equal keys stand together
type hashAgg struct {
	dataflow.Base
	p    *aggPlan
	tc   *dataflow.TaskContext
	mem  *overdraft // strict, except for the first batch after memory was freed
	g    *groups
	emit *emitter
	sp   *aggSpill

	out       dataflow.Output // of the call at hand
	sc        *scatter        // rows that are held back; nil: none
	noScatter bool            // they will not be

	seen    int // partial: rows since the last look
	passing *groups
	runs    runs
	spills  int
}

// NewHashAgg is an aggregation that gives its groups when its input ends (AggPartial: also before).
// Without keys it gives one row even over no input, in AggSingle and AggFinal mode.
func NewHashAgg(spec AggSpec) (dataflow.Operator, error) {
	p, err := compileAgg(spec, spec.Changelog)
	if err != nil {
		return nil, err
	}
	return &hashAgg{p: p}, nil
}

func (h *hashAgg) Open(tc *dataflow.TaskContext) error {
	h.tc = tc
	h.mem = &overdraft{b: tc.Budget, strict: true}
	h.g = h.p.newGroups(h.mem)
	h.emit = newEmitter(h.p, h.p.keyTypes)
	return nil
}

func (h *hashAgg) Process(_ int, b *vec.Batch, out dataflow.Output) error {
	if err := h.p.eval(b); err != nil {
		return err
	}
	if h.passing != nil {
		return h.pass(b, out)
	}
	h.out = out
	if h.scatters(b) {
		return h.scatter(b)
	}
	if err := h.add(b); err != nil || h.p.spec.Mode != AggPartial {
		return err
	}
	if len(h.p.keyTypes) == 0 {
		return nil
	}
	if h.seen < probeRows { // runs are counted as long as nothing is decided
		h.runs.starts = runStarts(h.p.keyVecs, b, h.runs.starts[:0])
		h.runs.rows, h.runs.runs = h.runs.rows+b.Live(), h.runs.runs+len(h.runs.starts)
	}
	h.seen += b.Live()
	if h.seen >= probeRows {
		return h.look(out)
	}
	return nil
}

// release frees the memory of the groups: a partial aggregation emits them, others spill.
func (h *hashAgg) release(out dataflow.Output) error {
	if h.p.spec.Mode == AggPartial {
		return h.Flush(out)
	}
	if h.sp == nil {
		h.sp = newAggSpill(h.p, h.tc, 0)
	}
	h.spills++
	return h.sp.write(h.g)
}

// look decides whether a partial aggregation goes on grouping.
func (h *hashAgg) look(out dataflow.Output) error {
	poor := h.g.t.Rows() > h.seen*3/4
	r := &h.runs
	switch {
	case !poor && h.clustered():
		r.on, r.rows0, r.runs0 = true, r.rows, r.runs
		h.passing = h.p.newGroups(nil)
	case poor && len(h.p.aux) == 0:
		h.passing = h.p.newGroups(nil)
	case !poor && h.g.bytes() < partialBytes:
		return nil
	}
	return h.Flush(out)
}

// Flush emits what a partial aggregation holds and forgets it.
func (h *hashAgg) Flush(out dataflow.Output) error {
	if h.p.spec.Mode != AggPartial {
		return nil
	}
	h.seen, h.runs.rows, h.runs.runs = 0, 0, 0
	err := h.emit.all(h.g, out)
	h.g.clear()
	return err
}

func (h *hashAgg) EndInput(_ int, out dataflow.Output) error {
	if err := h.gatherIn(); err != nil {
		return err
	}
	if len(h.p.keyTypes) == 0 && h.p.spec.Mode != AggPartial && h.sp == nil && h.g.t.Rows() == 0 {
		if _, _, err := h.g.find(1, nil); err != nil {
			return err
		}
	}
	return h.finish(h.g, h.sp, out)
}

// finish emits the groups of g and those that were spilled from it.
func (h *hashAgg) finish(g *groups, sp *aggSpill, out dataflow.Output) error {
	if sp == nil {
		err := h.emit.all(g, out)
		g.clear()
		return err
	}
	defer sp.close()
	if err := sp.write(g); err != nil {
		return err
	}
	for part := range sp.parts {
		if h.tc.Ctx.Err() != nil {
			return context.Cause(h.tc.Ctx)
		}
		g, sub := g, (*aggSpill)(nil)
		if sp.level == maxSpillLevel { // one key has all the rows: nothing is won by dividing further
			g = h.p.newGroups(nil)
		}
		err := sp.read(part, func(table int, b *vec.Batch) error {
			err := g.restore(table, b, nil, 0)
			if errors.Is(err, spill.ErrOverBudget) {
				if sub == nil {
					sub = newAggSpill(h.p, h.tc, sp.level+1)
				}
				if err = sub.write(g); err == nil {
					h.mem.strict = false
					err = g.restore(table, b, nil, 0)
					h.mem.strict = true
				}
			}
			return err
		})
		if err != nil {
			if sub != nil {
				sub.close()
			}
			return err
		}
		if err := h.finish(g, sub, out); err != nil {
			return err
		}
	}
	return nil
}

// Explain tells how often the groups were spilled, and whether grouping was given up.
func (h *hashAgg) Explain() string {
	switch {
	case h.spills > 0:
		return fmt.Sprintf("spilled %d times", h.spills)
	case h.runs.on:
		return "passed runs of equal keys through"
	case h.passing != nil:
		return "passed rows through: grouping did not reduce them"
	}
	return ""
}

func (h *hashAgg) Close() error {
	h.stopScatter()
	if h.g != nil {
		h.g.clear()
	}
	if h.sp != nil {
		return h.sp.close()
	}
	return nil
}

// emitter gathers groups into batches: keys, then results or states.
type emitter struct {
	p      *aggPlan
	keys   int  // key columns of the output
	states bool // states, not results
	out    *vec.Batch
	refs   []state.Ref
	// before is called with the groups that are about to be emitted; nil: nothing is to be done. It may
	// take rows out of the batch.
	before func(g *groups, refs []state.Ref, b *vec.Batch) error
}

func newEmitter(p *aggPlan, keys []vec.Type) *emitter {
	states := p.spec.Mode == AggPartial
	types := append(append([]vec.Type{}, keys...), p.outTypes(states)...)
	return &emitter{p: p, keys: len(keys), states: states, out: vec.NewBatch(types), refs: make([]state.Ref, 0, vec.MaxRows)}
}

// all emits every group of g. Over a changelog, groups that have no rows left are no groups.
func (e *emitter) all(g *groups, out dataflow.Output) error {
	for at := state.Ref(0); at != state.NoRef; {
		e.refs, at = g.t.Scan(at, e.refs[:0])
		refs := g.withRows(e.refs)
		if len(refs) == 0 {
			continue
		}
		err := e.rows(g, refs, func(c int, dst *vec.Vec) { g.t.Gather(c, refs, dst) }, out)
		if err != nil {
			return err
		}
	}
	return nil
}

// withRows drops the groups whose rows were all taken back, in place. The only group of an
// aggregation without keys stays.
func (g *groups) withRows(refs []state.Ref) []state.Ref {
	if g.p.rowCount < 0 || len(g.p.keyTypes) == 0 {
		return refs
	}
	at := g.p.accs[g.p.rowCount].at
	k := 0
	for _, r := range refs {
		if *word(g.t, r, at) != 0 {
			refs[k] = r
			k++
		}
	}
	return refs[:k]
}

// rows emits the groups refs, whose keys key appends or gathers to dst.
func (e *emitter) rows(g *groups, refs []state.Ref, key func(c int, dst *vec.Vec), out dataflow.Output) error {
	if err := e.gather(g, refs, key); err != nil {
		return err
	}
	if e.before != nil {
		if err := e.before(g, refs, e.out); err != nil {
			return err
		}
	}
	return out.Emit(e.out)
}

func (e *emitter) gather(g *groups, refs []state.Ref, key func(c int, dst *vec.Vec)) error {
	e.out.Reset()
	e.out.N = len(refs)
	for c := range e.keys {
		key(c, e.out.Cols[c])
	}
	col := e.keys
	for i, a := range e.p.spec.Aggs {
		if e.states {
			n := len(a.StateTypes())
			e.p.states(e.p.of[i], &g.t.View, refs, e.out.Cols[col:col+n])
			col += n
			continue
		}
		if err := e.p.result(i, &g.t.View, refs, e.out.Cols[col]); err != nil {
			return err
		}
		col++
	}
	return nil
}
