package op

import (
	"fmt"

	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/state"
	"github.com/riffle-io/riffle/dataflow/vec"
)

var errWideSum = fmt.Errorf("%w: sum does not fit DECIMAL(38)", expr.ErrOverflow)

// addValues counts picked values by group in a's auxiliary table: counts[k] times, or d times when
// counts is nil. A DISTINCT accumulator sees a value when it comes first and when the last of it
// goes; an extreme keeps its values in a list, from which the next best is found when one goes.
func (g *groups) addValues(a *acc, base *vec.Vec, idx []int32, refs []state.Ref, counts []int64, d int64) error {
	s, n, t := &g.p.s, len(refs), g.aux[a.aux]
	s.ref.Type = vec.TInt64
	s.ref.I64 = room(s.ref.I64, n)
	for k, r := range refs {
		s.ref.I64[k] = int64(r)
	}
	value := base
	if idx != nil {
		s.value.Gather(base, idx, false)
		value = &s.value
	}
	s.aux = room(s.aux, n)
	fresh, err := t.FindOrInsert([]*vec.Vec{&s.ref, value}, n, nil, s.aux)
	if err != nil {
		return err
	}
	t.Touch(s.aux)
	if d > 0 && len(fresh) > 0 {
		if err := g.firstOf(a, value, fresh, refs); err != nil {
			return err
		}
	}
	at := t.ValAt(auxCount)
	s.dirty = s.dirty[:0]
	for k, r := range s.aux[:n] {
		p, o := t.Pages()[r>>state.PageShift], int(r&state.PageMask)+at
		if counts != nil {
			d = counts[k]
		}
		p[o] += uint64(d)
		if p[o] == 0 {
			if err := g.lastOf(a, value, k, r, refs[k]); err != nil {
				return err
			}
		}
	}
	for _, r := range s.dirty {
		g.nextBest(a, r)
	}
	return nil
}

// firstOf adds values that their group had not.
func (g *groups) firstOf(a *acc, value *vec.Vec, fresh []int32, refs []state.Ref) error {
	s := &g.p.s
	s.vrefs = room(s.vrefs, len(fresh))
	for j, k := range fresh {
		s.vrefs[j] = refs[k]
	}
	if a.isExtreme() {
		head := a.at + state.Words(a.argT) + 1
		for j, k := range fresh {
			link(g.aux[a.aux], s.aux[k], g.t, s.vrefs[j], head)
		}
	}
	return g.kernel(a, value, fresh, s.vrefs, false)
}

// lastOf removes a value, row r of the auxiliary table, from group ref.
func (g *groups) lastOf(a *acc, value *vec.Vec, k int, r, ref state.Ref) error {
	t := g.aux[a.aux]
	if !a.isExtreme() {
		t.Delete(r)
		return g.kernel(a, value, []int32{int32(k)}, []state.Ref{ref}, true)
	}
	unlink(t, r, g.t, ref, a.at+state.Words(a.argT)+1)
	t.Delete(r)
	g.p.s.dirty = append(g.p.s.dirty, ref)
	return nil
}

// word is a place in a table that holds a Ref plus one.
func word(t *state.Table, r state.Ref, at int) *uint64 {
	return &t.Pages()[r>>state.PageShift][int(r&state.PageMask)+at]
}

// link puts row r of t at the head of the list that begins in word head of row ref of heads. t has
// the value columns auxCount, auxNext and auxPrev.
func link(t *state.Table, r state.Ref, heads *state.Table, ref state.Ref, head int) {
	first := word(heads, ref, head)
	*word(t, r, t.ValAt(auxNext)) = *first
	if *first != 0 {
		old := state.Ref(*first - 1)
		t.Touch([]state.Ref{old})
		*word(t, old, t.ValAt(auxPrev)) = uint64(r) + 1
	}
	*first = uint64(r) + 1
}

// unlink takes row r of t out of its list.
func unlink(t *state.Table, r state.Ref, heads *state.Table, ref state.Ref, head int) {
	next, prev := *word(t, r, t.ValAt(auxNext)), *word(t, r, t.ValAt(auxPrev))
	if next != 0 {
		t.Touch([]state.Ref{state.Ref(next - 1)})
		*word(t, state.Ref(next-1), t.ValAt(auxPrev)) = prev
	}
	if prev == 0 {
		*word(heads, ref, head) = next
		return
	}
	t.Touch([]state.Ref{state.Ref(prev - 1)})
	*word(t, state.Ref(prev-1), t.ValAt(auxNext)) = next
}

// nextBest computes an extreme anew from the list of its group's values.
func (g *groups) nextBest(a *acc, ref state.Ref) {
	s, t := &g.p.s, g.aux[a.aux]
	has := a.at + state.Words(a.argT)
	*word(g.t, ref, has) = 0
	s.chain, s.vrefs = s.chain[:0], s.vrefs[:0]
	for r := *word(g.t, ref, has+1); r != 0; r = *word(t, state.Ref(r-1), t.ValAt(auxNext)) {
		s.chain, s.vrefs = append(s.chain, state.Ref(r-1)), append(s.vrefs, ref)
	}
	v := vec.New(a.argT, 0)
	t.Gather(1, s.chain, v)
	g.extreme(a, slots{t: g.t, at: a.at, refs: s.vrefs}, v, nil)
}
