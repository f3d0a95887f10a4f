package op

import (
	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/state"
	"github.com/riffle-io/riffle/dataflow/vec"
)

// runCheck is after how many rows a partial aggregation that passes runs asks whether they have
// become shorter than when it began to.
const runCheck = 1 << 20

// runs is what a partial aggregation knows of neighbours with equal keys.
type runs struct {
	rows, runs   int  // since the last look
	rows0, runs0 int  // when runs were chosen
	on           bool // a run is emitted as a group
	starts       []int32
	refs         []state.Ref
}

// pass emits rows as groups of their own: each for itself, or those that follow each other with the
// same key together.
func (h *hashAgg) pass(b *vec.Batch, out dataflow.Output) error {
	if h.runs.on {
		return h.passRuns(b, out)
	}
	if cols := h.p.rowStates(b); cols != nil {
		return out.Emit(&vec.Batch{Cols: cols, N: b.N, Sel: b.Sel})
	}
	s := &h.p.s
	s.refs = room(s.refs, b.Live())
	return h.passAs(b, s.refs, b.Sel, s.refs, out)
}

// passAs adds the rows of b to the new groups fresh, one or more rows each as refs says, and emits
// these. keys are the rows that have their keys.
func (h *hashAgg) passAs(b *vec.Batch, fresh []state.Ref, keys []int32, refs []state.Ref, out dataflow.Output) error {
	h.passing.t.Alloc(fresh)
	if h.runs.on {
		spreadRuns(h.runs.starts, fresh, b, refs)
	}
	if err := h.passing.accumulate(b, b.Sel, refs); err != nil {
		return err
	}
	err := h.emit.rows(h.passing, fresh, func(c int, dst *vec.Vec) {
		dst.Append(h.p.keyVecs[c], b.N, keys)
	}, out)
	h.passing.t.Truncate()
	return err
}

// passRuns makes a group of each run of equal keys.
func (h *hashAgg) passRuns(b *vec.Batch, out dataflow.Output) error {
	r := &h.runs
	r.starts = runStarts(h.p.keyVecs, b, r.starts[:0])
	r.rows, r.runs = r.rows+b.Live(), r.runs+len(r.starts)
	r.refs = room(r.refs, len(r.starts))
	s := &h.p.s
	s.refs = room(s.refs, b.Live())
	if err := h.passAs(b, r.refs, r.starts, s.refs, out); err != nil {
		return err
	}
	if r.rows >= runCheck {
		if r.runs/2*r.rows0 > r.runs0*r.rows {
			h.passing, r.on = nil, false // look again
		}
		r.rows, r.runs = 0, 0
	}
	return nil
}

// spreadRuns gives each live row of b the group of its run.
func spreadRuns(starts []int32, groups []state.Ref, b *vec.Batch, refs []state.Ref) {
	if b.Sel == nil {
		for run, from := range starts {
			to, g := len(refs), groups[run]
			if run+1 < len(starts) {
				to = int(starts[run+1])
			}
			for k := int(from); k < to; k++ {
				refs[k] = g
			}
		}
		return
	}
	run := -1
	for k := range refs {
		if run+1 < len(starts) && int(starts[run+1]) == b.Row(k) {
			run++
		}
		refs[k] = groups[run]
	}
}

// clustered tells whether grouping found hardly more than runs do, so that the next rows need no
// table.
func (h *hashAgg) clustered() bool {
	groups := h.g.t.Rows()
	return len(h.p.aux) == 0 && h.runs.rows == h.seen && h.runs.runs <= groups+groups/8
}

// runStarts appends to starts the live rows of b whose keys differ from those of the live row
// before; the first is always among them. Codes of a dictionary are taken to differ when their
// entries are equal, which only divides a run.
func runStarts(keys []*vec.Vec, b *vec.Batch, starts []int32) []int32 {
	n := b.Live()
	if len(keys) == 1 && b.Sel == nil && n > 0 && keys[0].Valid == nil {
		switch k := keys[0]; {
		case k.Form == vec.Dict:
			return slotStarts(k.Codes[:n], starts)
		case k.Form == vec.Flat && k.Type.Phys() == vec.PhysI64:
			return slotStarts(k.I64[:n], starts)
		case k.Form == vec.Flat && k.Type.Phys() == vec.PhysI32:
			return slotStarts(k.I32[:n], starts)
		}
	}
	for k := range n {
		i := b.Row(k)
		if k == 0 || !sameKeys(keys, i, b.Row(k-1)) {
			starts = append(starts, int32(i))
		}
	}
	return starts
}

func sameKeys(keys []*vec.Vec, i, j int) bool {
	for _, v := range keys {
		switch {
		case v.Form == vec.Dict && v.Valid == nil && v.Codes[i] == v.Codes[j]:
		case !vec.EqualRows(v, i, v, j):
			return false
		}
	}
	return true
}

func slotStarts[T int32 | int64](xs []T, starts []int32) []int32 {
	at := len(starts)
	starts = append(starts, make([]int32, len(xs))...)
	last := ^xs[0]
	for i, x := range xs {
		starts[at] = int32(i)
		at += b2i(x != last)
		last = x
	}
	return starts[:at]
}

func b2i(b bool) int {
	var x int
	if b {
		x = 1
	}
	return x
}

// rowStates is the output of a partial aggregation for rows that are groups of their own, without a
// table: a sum of one value is the value. nil when that is not so simple: values that may be NULL,
// filters, changes.
func (p *aggPlan) rowStates(b *vec.Batch) []*vec.Vec {
	if b.Ops != nil {
		return nil
	}
	cols := append(make([]*vec.Vec, 0, len(p.keyVecs)+2*len(p.spec.Aggs)), p.keyVecs...)
	for i := range p.spec.Aggs {
		a := &p.accs[p.of[i]]
		if a.filter >= 0 || a.aux >= 0 {
			return nil
		}
		var v *vec.Vec
		if a.arg >= 0 {
			if v = p.args[a.arg].vec; v.MayHaveNulls() {
				return nil
			}
		}
		switch {
		case a.kind == accCount:
			cols = append(cols, oneEach)
		case a.kind <= accSumFloat && v.Type.Phys() == a.states[0].Phys():
			cols = append(cols, v, oneEach)
		case a.isExtreme():
			cols = append(cols, v)
		default:
			return nil
		}
	}
	return cols
}

// oneEach is the count of a group of one row.
var oneEach = vec.ConstVec(vec.TInt64, vec.IntValue(1))
