package op

import (
	"slices"

	"github.com/riffle-io/riffle/dataflow/state"
	"github.com/riffle-io/riffle/dataflow/vec"
)

// merge adds states: those of accumulator i stand in the columns from first(i) on. Accumulators
// with a table of values are left to mergeValues.
func (g *groups) merge(b *vec.Batch, sel []int32, refs []state.Ref, first func(i int) int) error {
	s := &g.p.s
	for i := range g.p.accs {
		a := &g.p.accs[i]
		c := first(i)
		to := slots{g.t, a.at, refs, len(g.p.keyTypes) == 0}
		if c < 0 {
			countRows(to, 0, 1)
			continue
		}
		if a.aux >= 0 {
			continue
		}
		base, idx, live := g.pick(b.Cols[c], b.N, sel, refs)
		if len(live) == 0 {
			continue
		}
		to.refs = live
		n := len(live)
		var err error
		switch a.kind {
		case accCount:
			addCounts(to, 0, s.intsOf(base, idx, n))
			continue
		case accSumInt:
			err = sumInts(to, s.intsOf(base, idx, n), 0)
		case accSumWide:
			err = sum128(to, pickSlots(base.I128, idx, n, &s.wide), 0)
		case accSumFloat:
			sumFloats(to, pickSlots(base.F64, idx, n, &s.floats), 1, 0)
		case accSumIv:
			err = sumIntervals(to, pickSlots(base.Iv, idx, n, &s.ivs), 1, 0)
		case accMoments:
			ns := slices.Clone(s.intsOf(base, idx, n))
			base, idx, _ = g.pick(b.Cols[c+1], b.N, sel, refs)
			means := slices.Clone(pickSlots(base.F64, idx, n, &s.floats))
			base, idx, _ = g.pick(b.Cols[c+2], b.N, sel, refs)
			mergeMoments(to, ns, means, pickSlots(base.F64, idx, n, &s.floats))
			continue
		default:
			g.extreme(a, to, base, idx)
			continue
		}
		if err != nil {
			return err
		}
		base, idx, to.refs = g.pick(b.Cols[c+1], b.N, sel, refs)
		addCounts(to, wordsOf(a), s.intsOf(base, idx, len(to.refs)))
	}
	return nil
}

// wordsOf is the words of the sum in a's state; the row count follows.
func wordsOf(a *acc) int { return state.Words(a.words()[0]) }
