package op

import (
	"errors"

	"github.com/riffle-io/riffle/dataflow/state"
	"github.com/riffle-io/riffle/dataflow/vec"
)

// errNoInverse is what a retraction meets where the plan did not announce a changelog.
var errNoInverse = errors.New("min, max and any_value cannot take rows back: the input was not planned as a changelog")

// groups is a set of groups with their accumulators: a table from keys to states, and one table a
// DISTINCT (or over a changelog: an extreme) from (group, value) to how often the value came.
type groups struct {
	p   *aggPlan
	t   *state.Table
	aux []*state.Table
}

// Words of a row of an auxiliary table after its key: how often the value came, and its neighbours
// in the list of the group's values (Ref+1, 0 is none; extremes only).
const (
	auxCount = iota
	auxNext
	auxPrev
)

func (p *aggPlan) newGroups(b state.Budget) *groups {
	g := &groups{p: p, t: state.New(p.keyTypes, p.vals, b)}
	for _, x := range p.aux {
		vals := []vec.Type{vec.TInt64, vec.TInt64, vec.TInt64}
		g.aux = append(g.aux, state.New([]vec.Type{vec.TInt64, x.value}, vals, b))
	}
	return g
}

func (g *groups) clear() {
	g.t.Clear()
	for _, x := range g.aux {
		x.Clear()
	}
}

func (g *groups) bytes() int64 {
	n := g.t.Bytes()
	for _, x := range g.aux {
		n += x.Bytes()
	}
	return n
}

// reserve makes room for n rows in every table, so that a batch is taken in full or not at all.
func (g *groups) reserve(n int) error {
	if err := g.t.Reserve(n); err != nil {
		return err
	}
	for _, x := range g.aux {
		if err := x.Reserve(n); err != nil {
			return err
		}
	}
	return nil
}

// scratch is memory that one batch after the other uses.
type scratch struct {
	refs, sub, live []state.Ref
	byRow           []state.Ref
	idx, zeros      []int32
	sels            [2][]int32
	ints            []int64
	floats          []float64
	wide            []vec.Int128
	ivs             []vec.Interval
	ref             vec.Vec
	value           vec.Vec
	aux             []state.Ref
	dirty           []state.Ref
	few             tally
	chain, vrefs    []state.Ref
}

func room[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n, max(n, vec.MaxRows))
	}
	return s[:n]
}

// update takes the rows sel (nil: all) of b, for which the plan was evaluated. refs[k] is the group
// of the k-th of them, and fresh lists the k that made a group; both are good until the next call.
// When the error is the budget's refusal nothing has changed.
func (g *groups) update(b *vec.Batch, sel []int32) (refs []state.Ref, fresh []int32, err error) {
	refs, fresh, err = g.find(b.N, sel)
	if err != nil {
		return nil, nil, err
	}
	return refs, fresh, g.accumulate(b, sel, refs)
}

// find looks the keys up.
func (g *groups) find(n int, sel []int32) (refs []state.Ref, fresh []int32, err error) {
	live := n
	if sel != nil {
		live = len(sel)
	}
	if err := g.reserve(live); err != nil {
		return nil, nil, err
	}
	s := &g.p.s
	s.refs = room(s.refs, live)
	fresh, err = g.t.FindOrInsert(g.p.keyVecs, n, sel, s.refs)
	if err != nil {
		return nil, nil, err
	}
	g.t.Touch(s.refs)
	return s.refs, fresh, nil
}

// accumulate adds rows to the groups refs.
func (g *groups) accumulate(b *vec.Batch, sel []int32, refs []state.Ref) error {
	if g.p.spec.Mode == AggFinal {
		return g.merge(b, sel, refs, func(i int) int { return g.p.accs[i].col })
	}
	if b.Ops == nil {
		return g.addRows(b, sel, refs, false)
	}
	s := &g.p.s
	g.spread(b.N, sel, refs)
	for part, neg := range [2]bool{false, true} {
		rows := s.sels[part][:0]
		for k := range refs {
			i := int32(k)
			if sel != nil {
				i = sel[k]
			}
			if vec.IsAdd(b.Ops[i]) != neg {
				rows = append(rows, i)
			}
		}
		s.sels[part] = rows
		if len(rows) == 0 {
			continue
		}
		sub := make([]state.Ref, len(rows))
		for j, i := range rows {
			sub[j] = s.byRow[i]
		}
		if err := g.addRows(b, rows, sub, neg); err != nil {
			return err
		}
	}
	return nil
}

// spread notes the group of each row under the row's number.
func (g *groups) spread(n int, sel []int32, refs []state.Ref) {
	s := &g.p.s
	s.byRow = room(s.byRow, n)
	if sel == nil {
		copy(s.byRow, refs)
		return
	}
	for k, i := range sel {
		s.byRow[i] = refs[k]
	}
}

// addRows adds rows, or takes them back, in every accumulator: first those without FILTER, then
// those of each filter.
func (g *groups) addRows(b *vec.Batch, sel []int32, refs []state.Ref, neg bool) error {
	if err := g.addFiltered(-1, b.N, sel, refs, neg); err != nil {
		return err
	}
	p := g.p
	for f, pred := range p.filters {
		some, err := pred.Select(b.WithSel(sel))
		if err != nil {
			return err
		}
		if some != nil && len(some) == 0 {
			continue
		}
		for i := range p.args {
			if a := &p.args[i]; a.filter == f {
				if a.vec, err = a.ev.Eval(b.WithSel(some)); err != nil {
					return err
				}
			}
		}
		sub := refs
		if some != nil {
			g.spread(b.N, sel, refs)
			p.s.sub = room(p.s.sub, len(some))
			sub = p.s.sub
			for j, i := range some {
				sub[j] = p.s.byRow[i]
			}
		}
		if err := g.addFiltered(f, b.N, some, sub, neg); err != nil {
			return err
		}
	}
	return nil
}

func (g *groups) addFiltered(filter, n int, sel []int32, refs []state.Ref, neg bool) error {
	few := &g.p.s.few
	few.start(g, refs)
	for i := range g.p.accs {
		a := &g.p.accs[i]
		if a.filter != filter {
			continue
		}
		d := int64(1)
		if neg {
			d = -1
		}
		if a.arg < 0 && few.ok && !neg {
			few.count(slots{t: g.t, at: a.at}, 0)
			continue
		}
		if a.arg < 0 {
			countRows(slots{g.t, a.at, refs, len(g.p.keyTypes) == 0}, 0, d)
			continue
		}
		base, idx, live := g.pick(g.p.args[a.arg].vec, n, sel, refs)
		var err error
		switch {
		case len(live) == 0:
		case a.aux >= 0:
			err = g.addValues(a, base, idx, live, nil, d)
		case neg && a.isExtreme():
			err = errNoInverse
		case few.ok && !neg && a.kind == accSumWide && len(live) == few.n && base.Type.Phys() == vec.PhysI64 &&
			few.sumWide(slots{t: g.t, at: a.at, refs: live}, base.I64, idx):
		default:
			err = g.kernel(a, base, idx, live, neg)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// pick drops the NULLs of the rows sel (nil: the first n) of v: the k-th value is row idx[k] (nil:
// k) of base, for group live[k].
func (g *groups) pick(v *vec.Vec, n int, sel []int32, refs []state.Ref) (base *vec.Vec, idx []int32, live []state.Ref) {
	s := &g.p.s
	base = v.Base()
	if v.MayHaveNulls() {
		s.idx, s.live = s.idx[:0], s.live[:0]
		for k, r := range refs {
			i := k
			if sel != nil {
				i = int(sel[k])
			}
			if !v.IsNull(i) {
				s.idx, s.live = append(s.idx, int32(v.Index(i))), append(s.live, r)
			}
		}
		return base, s.idx, s.live
	}
	switch v.Form {
	case vec.Const:
		s.zeros = room(s.zeros, len(refs))
		return base, s.zeros, refs
	case vec.Dict:
		if sel == nil {
			return base, v.Codes[:n], refs
		}
		s.idx = room(s.idx, len(sel))
		for k, i := range sel {
			s.idx[k] = v.Codes[i]
		}
		return base, s.idx, refs
	}
	return base, sel, refs
}

func pickSlots[T any](base []T, idx []int32, n int, buf *[]T) []T {
	if idx == nil {
		return base[:n]
	}
	*buf = room(*buf, n)
	out := *buf
	for k, i := range idx {
		out[k] = base[i]
	}
	return out
}

// intsOf is the picked values of a type stored in at most 64 bits.
func (s *scratch) intsOf(base *vec.Vec, idx []int32, n int) []int64 {
	switch base.Type.Phys() {
	case vec.PhysI64:
		return pickSlots(base.I64, idx, n, &s.ints)
	case vec.PhysI32:
		s.ints = room(s.ints, n)
		for k := range s.ints {
			i := k
			if idx != nil {
				i = int(idx[k])
			}
			s.ints[k] = int64(base.I32[i])
		}
	case vec.PhysBool:
		s.ints = room(s.ints, n)
		for k := range s.ints {
			i := k
			if idx != nil {
				i = int(idx[k])
			}
			s.ints[k] = 0
			if base.B[i] {
				s.ints[k] = 1
			}
		}
	}
	return s.ints
}

// kernel adds picked values to accumulator a, or takes them back.
func (g *groups) kernel(a *acc, base *vec.Vec, idx []int32, refs []state.Ref, neg bool) error {
	s, n := &g.p.s, len(refs)
	to := slots{g.t, a.at, refs, len(g.p.keyTypes) == 0}
	d := int64(1)
	if neg {
		d = -1
	}
	switch a.kind {
	case accCount:
		countRows(to, 0, d)
	case accSumInt:
		if neg {
			return unsumInts(to, s.intsOf(base, idx, n))
		}
		return sumInts(to, s.intsOf(base, idx, n), 1)
	case accSumWide:
		switch {
		case base.Type.Phys() == vec.PhysI128:
			return sum128(to, pickSlots(base.I128, idx, n, &s.wide), d)
		case neg:
			unsumWide(to, s.intsOf(base, idx, n))
		default:
			sumWide(to, s.intsOf(base, idx, n), 1)
		}
	case accSumFloat:
		sumFloats(to, pickSlots(base.F64, idx, n, &s.floats), float64(d), d)
	case accSumIv:
		return sumIntervals(to, pickSlots(base.Iv, idx, n, &s.ivs), d, d)
	case accMoments:
		if neg {
			takeMoments(to, pickSlots(base.F64, idx, n, &s.floats))
		} else {
			addMoments(to, pickSlots(base.F64, idx, n, &s.floats))
		}
	default:
		g.extreme(a, to, base, idx)
	}
	return nil
}

func (g *groups) extreme(a *acc, to slots, base *vec.Vec, idx []int32) {
	s, n := &g.p.s, len(to.refs)
	switch base.Type.Phys() {
	case vec.PhysF64:
		extremeFloats(to, a.kind, pickSlots(base.F64, idx, n, &s.floats))
	case vec.PhysI128:
		extreme128(to, a.kind, pickSlots(base.I128, idx, n, &s.wide))
	case vec.PhysIv:
		extremeIntervals(to, a.kind, pickSlots(base.Iv, idx, n, &s.ivs))
	case vec.PhysStr:
		extremeStrs(to, a.kind, base, idx)
	default:
		extremeInts(to, a.kind, s.intsOf(base, idx, n))
	}
}
