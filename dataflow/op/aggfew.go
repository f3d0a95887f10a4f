package op

import (
	"math/bits"

	"github.com/riffle-io/riffle/dataflow/state"
)

const (
	// fewRefs bounds the places of groups that are few: their totals of a batch stay in the L1 cache.
	fewRefs = 1024
	// fewBits is how long values may be for a batch's total to fit 64 bits.
	fewBits = 48
	// maxTally rows of a batch have a total of such values that fits.
	maxTally = 1 << (62 - fewBits)
	// minTally is from how many rows of a batch on totals are worth their way to the groups.
	minTally = 256
)

// tally is the totals of one batch for a table of few groups: sums of 64 bits by place of the group,
// which cost a third of sums of 128 bits in the table's rows, and how many rows each group has, which
// all accumulators share.
type tally struct {
	ok     bool
	n      int
	sums   [fewRefs]int64
	counts [fewRefs]int32
	rows   []state.Ref // the groups of the table
}

// start counts the rows of a batch by group; ok tells whether the groups are few.
func (t *tally) start(g *groups, refs []state.Ref) {
	t.ok = false
	if len(refs) < minTally || len(refs) > maxTally || g.t.Rows() > fewRefs/8 || len(g.p.keyTypes) == 0 {
		return
	}
	var all state.Ref
	for _, r := range refs {
		all |= r
	}
	if all >= fewRefs {
		return
	}
	if cap(t.rows) == 0 {
		t.rows = make([]state.Ref, 0, fewRefs)
	}
	t.rows, _ = g.t.Scan(0, t.rows[:0])
	t.rows = below(t.rows, fewRefs)
	for _, r := range t.rows {
		t.counts[r] = 0
	}
	for _, r := range refs {
		t.counts[r&(fewRefs-1)]++
	}
	t.ok, t.n = true, len(refs)
}

// below keeps the refs under limit; they are in increasing order.
func below(refs []state.Ref, limit state.Ref) []state.Ref {
	for k, r := range refs {
		if r >= limit {
			return refs[:k]
		}
	}
	return refs
}

// count adds the number of rows to the word at of each group.
func (t *tally) count(s slots, at int) {
	pages := s.t.Pages()
	for _, r := range t.rows {
		pages[r>>state.PageShift][int(r&state.PageMask)+s.at+at] += uint64(t.counts[r])
	}
}

// sumWide is sumWide for the batch that was counted: it adds base[idx[k]] (nil: base[k]) to the group
// of row k. It is false, and nothing has changed, when a value is too large for it.
func (t *tally) sumWide(s slots, base []int64, idx []int32) bool {
	refs := s.refs[:t.n]
	var mx uint64
	if idx == nil {
		for k, x := range base[:t.n] {
			mx |= uint64(x ^ x>>63)
			t.sums[refs[k]&(fewRefs-1)] += x
		}
	} else {
		for k, i := range idx[:t.n] {
			x := base[i]
			mx |= uint64(x ^ x>>63)
			t.sums[refs[k]&(fewRefs-1)] += x
		}
	}
	fits := bits.Len64(mx) <= fewBits
	pages := s.t.Pages()
	for _, r := range t.rows {
		x := t.sums[r]
		t.sums[r] = 0
		if !fits {
			continue
		}
		o := int(r&state.PageMask) + s.at
		p := (*[3]uint64)(pages[r>>state.PageShift][o : o+3])
		lo, c := bits.Add64(p[0], uint64(x), 0)
		hi, _ := bits.Add64(p[1], uint64(x>>63), c)
		p[0], p[1], p[2] = lo, hi, p[2]+uint64(t.counts[r])
	}
	return fits
}
