package op

import (
	"fmt"
	"slices"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/state"
	"github.com/riffle-io/riffle/dataflow/vec"
)

// StreamJoinSpec says what a stream join computes: pairs of a left and a right row whose keys are
// equal and for which Residual (over the columns of both, left first; nil: none) is true.
type StreamJoinSpec struct {
	Left, Right []vec.Type
	Keys        [2][]expr.Expr
	Residual    expr.Expr
	// Expire names a column of each side that holds a time in µs: rows whose time the watermark has
	// reached are dropped, since no more rows that match them will come. nil: rows are kept.
	Expire *[2]int
}

// streamJoin is an inner join of two inputs that do not end. Both are kept: each row that comes
// meets the rows of the other side, and the pairs have its change (+I, -D, …). A row that is taken
// back removes one stored row that equals it.
type streamJoin struct {
	dataflow.Base
	sides    [2]joinSide
	residual *expr.Predicate
	expire   *[2]int
	sweepAt  int // rows kept at which expired ones are looked for
	history  state.History
	tc       *dataflow.TaskContext
	over     *overdraft
	out      *vec.Batch
	ops      []vec.Op
	idx      []int32
	match    []state.Ref
}

// joinSide is the rows of one input: distinct rows with how often they came, in a list for each key.
type joinSide struct {
	types []vec.Type
	keys  []*expr.Evaluator
	keyT  []vec.Type
	heads *state.Table // key -> first row of the list
	rows  *state.Table // row -> count, next, previous

	vecs     []*vec.Vec
	sel      []int32
	found    []state.Ref
	keyRefs  []state.Ref
	rowRefs  []state.Ref
	gone     []goneRow
	firstCol int // in the output
}

// goneRow is a row that has no copies left, and its key.
type goneRow struct{ row, key state.Ref }

// NewStreamJoin is the operator of spec. Input 0 is the left side.
func NewStreamJoin(spec StreamJoinSpec) (dataflow.Operator, error) {
	j := &streamJoin{expire: spec.Expire, sweepAt: minSweep}
	if spec.Residual != nil {
		p, err := expr.CompilePredicate(spec.Residual)
		if err != nil {
			return nil, err
		}
		j.residual = p
	}
	for i, types := range [2][]vec.Type{spec.Left, spec.Right} {
		evs, err := expr.CompileAll(spec.Keys[i])
		if err != nil {
			return nil, err
		}
		s := joinSide{types: types, keys: evs, vecs: make([]*vec.Vec, len(evs)), firstCol: i * len(spec.Left)}
		for _, e := range spec.Keys[i] {
			s.keyT = append(s.keyT, e.Type())
		}
		j.sides[i] = s
	}
	j.out = vec.NewBatch(append(slices.Clone(spec.Left), spec.Right...))
	return j, nil
}

func (j *streamJoin) Open(tc *dataflow.TaskContext) error {
	j.tc = tc
	j.over = &overdraft{b: tc.Budget, state: "a join of streams keeps the rows of both; join within windows of time, or select fewer rows and columns before"}
	for i := range j.sides {
		j.sides[i].makeTables(j.over)
	}
	return nil
}

func (j *streamJoin) Process(in int, b *vec.Batch, out dataflow.Output) error {
	own, other := &j.sides[in], &j.sides[1-in]
	if err := own.eval(b); err != nil {
		return err
	}
	if len(own.sel) == 0 {
		return nil
	}
	if err := j.probe(own, other, b, out); err != nil {
		return err
	}
	return own.store(b, own.sel, nil)
}

// eval computes the keys, and the live rows without a NULL among them: the others match nothing.
func (s *joinSide) eval(b *vec.Batch) error {
	for i, ev := range s.keys {
		v, err := ev.Eval(b)
		if err != nil {
			return err
		}
		s.vecs[i] = v
	}
	s.sel = room(s.sel, b.Live())[:0]
	for k := range b.Live() {
		i := b.Row(k)
		ok := true
		for _, v := range s.vecs {
			ok = ok && !v.IsNull(i)
		}
		if ok {
			s.sel = append(s.sel, int32(i))
		}
	}
	return nil
}

// probe emits the pairs of the rows of b with the rows of the other side.
func (j *streamJoin) probe(own, other *joinSide, b *vec.Batch, out dataflow.Output) error {
	own.found = room(own.found, len(own.sel))
	other.heads.Find(own.vecs, b.N, own.sel, own.found)
	head, t := other.heads.ValAt(0), other.rows
	count, next := t.ValAt(auxCount), t.ValAt(auxNext)
	j.idx, j.match = j.idx[:0], j.match[:0]
	for k, ref := range own.found {
		if ref == state.NoRef {
			continue
		}
		for r := *word(other.heads, ref, head); r != 0; r = *word(t, state.Ref(r-1), next) {
			for range int64(*word(t, state.Ref(r-1), count)) {
				j.idx, j.match = append(j.idx, own.sel[k]), append(j.match, state.Ref(r-1))
				if len(j.idx) == vec.MaxRows {
					if err := j.send(own, other, b, out); err != nil {
						return err
					}
				}
			}
		}
	}
	return j.send(own, other, b, out)
}

func (j *streamJoin) send(own, other *joinSide, b *vec.Batch, out dataflow.Output) error {
	if len(j.idx) == 0 {
		return nil
	}
	o := j.out
	o.N, o.Sel, o.Ops = len(j.idx), nil, nil
	for c, v := range b.Cols {
		o.Cols[own.firstCol+c].Gather(v, j.idx, false)
	}
	for c := range other.types {
		v := o.Cols[other.firstCol+c]
		v.Type = other.types[c]
		other.rows.Gather(c, j.match, v)
	}
	if b.Ops != nil {
		j.ops = room(j.ops, o.N)
		for k, i := range j.idx {
			j.ops[k] = b.Ops[i]
		}
		o.Ops = j.ops
	}
	j.idx, j.match = j.idx[:0], j.match[:0]
	if j.residual != nil {
		sel, err := j.residual.Select(o)
		if err != nil {
			return err
		}
		if sel != nil && len(sel) == 0 {
			return nil
		}
		o = o.WithSel(sel)
	}
	return out.Emit(o)
}

// store adds the rows sel of b, or takes them back, by their changes; counts, by row of b, says how
// often each comes (nil: once).
func (s *joinSide) store(b *vec.Batch, sel []int32, counts []int64) error {
	if err := s.rows.Reserve(len(sel)); err != nil {
		return err
	}
	s.keyRefs, s.rowRefs = room(s.keyRefs, len(sel)), room(s.rowRefs, len(sel))
	if _, err := s.heads.FindOrInsert(s.vecs, b.N, sel, s.keyRefs); err != nil {
		return err
	}
	fresh, err := s.rows.FindOrInsert(b.Cols, b.N, sel, s.rowRefs)
	if err != nil {
		return err
	}
	s.heads.Touch(s.keyRefs)
	s.rows.Touch(s.rowRefs)
	head, count := s.heads.ValAt(0), s.rows.ValAt(auxCount)
	for _, k := range fresh {
		link(s.rows, s.rowRefs[k], s.heads, s.keyRefs[k], head)
	}
	s.gone = s.gone[:0]
	for k, i := range sel {
		n := int64(1)
		if counts != nil {
			n = counts[i]
		}
		if !vec.IsAdd(b.Op(int(i))) {
			n = -n
		}
		p := word(s.rows, s.rowRefs[k], count)
		if *p += uint64(n); *p == 0 {
			s.gone = append(s.gone, goneRow{s.rowRefs[k], s.keyRefs[k]})
		}
	}
	s.forget(head, count)
	return nil
}

// forget deletes rows without copies, and keys without rows. A row may be listed twice, or have
// come again.
func (s *joinSide) forget(head, count int) {
	slices.SortFunc(s.gone, func(a, b goneRow) int { return int(int64(a.row) - int64(b.row)) })
	s.gone = slices.Compact(s.gone)
	k := 0
	for _, g := range s.gone {
		if *word(s.rows, g.row, count) == 0 {
			unlink(s.rows, g.row, s.heads, g.key, head)
			s.rows.Delete(g.row)
			s.gone[k] = g
			k++
		}
	}
	s.gone = s.gone[:k]
	slices.SortFunc(s.gone, func(a, b goneRow) int { return int(int64(a.key) - int64(b.key)) })
	for i, g := range s.gone {
		if (i == 0 || s.gone[i-1].key != g.key) && *word(s.heads, g.key, head) == 0 {
			s.heads.Delete(g.key)
		}
	}
}

// Snapshot freezes the rows of both sides.
func (j *streamJoin) Snapshot(dataflow.CheckpointID) (dataflow.Snapshot, error) {
	s := &joinSnapshot{state: j.history.Begin()}
	for i := range j.sides {
		s.sides[i] = s.state.Freeze(j.sides[i].rows)
		s.types[i] = j.sides[i].types
	}
	return s, nil
}

// joinSnapshot is the tables "left" and "right": the columns of the side, and how often the row came.
type joinSnapshot struct {
	state *state.Snapshot
	sides [2]*state.Frozen
	types [2][]vec.Type
}

var sideNames = [2]string{"left", "right"}

func (s *joinSnapshot) Write(w dataflow.SnapshotWriter) error {
	var files []state.File
	for i, f := range s.sides {
		types := append(slices.Clone(s.types[i]), vec.TInt64)
		gather := func(refs []state.Ref, b *vec.Batch) {
			for c := range types {
				f.Gather(c, refs, b.Cols[c]) // the count is the first value, behind the keys
			}
		}
		files = append(files, state.File{Name: sideNames[i], Schema: schemaOf(nil, types), From: []state.Rows{{Frozen: f, Gather: gather}}})
	}
	return s.state.Write(w, files...)
}

func (s *joinSnapshot) Release() { s.state.Release() }

// Restore takes the rows whose keys belong to this task.
func (j *streamJoin) Restore(r dataflow.SnapshotReader) error {
	for i := range j.sides {
		s := &j.sides[i]
		err := r.Each(sideNames[i], func(b *vec.Batch) error {
			n := len(s.types)
			rows := &vec.Batch{Cols: b.Cols[:n], N: b.N, Sel: b.Sel}
			if err := s.eval(rows); err != nil {
				return err
			}
			keys := &vec.Batch{Cols: s.vecs, N: b.N, Sel: s.sel}
			counts := b.Cols[n].Flatten(nil, b.N, b.Sel)
			return s.store(rows, owned(j.tc, keys, upTo(len(s.vecs))), counts.I64)
		})
		if err != nil {
			return fmt.Errorf("restore %s side: %w", sideNames[i], err)
		}
	}
	return nil
}

// Explain tells when the rows exceed the budget.
func (j *streamJoin) Explain() string { return j.over.explain() }

func (j *streamJoin) Close() error {
	for i := range j.sides {
		if s := &j.sides[i]; s.rows != nil {
			s.rows.Close()
			s.heads.Close()
		}
	}
	return nil
}
