package repl

import (
	"math"
	"sort"
	"time"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/vec"
)

// SeqAt is the last change held that came no later than at; First-1 when none did.
func (l *Live) SeqAt(at time.Time) int64 {
	l.index.mu.Lock()
	l.catchUp()
	segs, first := l.index.segments, l.index.first
	l.index.mu.Unlock()
	i := sort.Search(len(segs), func(i int) bool { return segs[i].marks[0].at.After(at) }) - 1
	if i < 0 {
		return first - 1
	}
	s := segs[i]
	m := sort.Search(len(s.marks), func(m int) bool { return s.marks[m].at.After(at) })
	if m == len(s.marks) {
		return s.end() - 1
	}
	return s.first + int64(s.marks[m].row) - 1
}

// Deltas tells by how much a column of numbers changed in n rows of a table of l, from row from on,
// since change since; fewer at the end. A row that was not there counts from 0. NaN is not known: the
// value is NULL, or the changes that would tell are held no longer. It walks every change of these
// rows behind since.
func (l *Live) Deltas(t *LiveTable, from int64, n, col int, since int64) []float64 {
	var out []float64
	for row := max(from, 0); row < t.rows && len(out) < n; row++ {
		ref := t.ref(row)
		out = append(out, floatOf(ref.b.Cols[col], int(ref.row))-l.valueAt(t, ref, col, since))
	}
	return out
}

// valueAt is the value that a row had as of change since.
func (l *Live) valueAt(t *LiveTable, ref rowRef, col int, since int64) float64 {
	if ref.seq <= since || ref.seq < t.first {
		return floatOf(ref.b.Cols[col], int(ref.row))
	}
	s := t.segs[segmentOf(t.segs, ref.seq)]
	if s.slots == nil { // rows that are only added do not change
		return math.NaN()
	}
	slot, seq := s.slots[ref.seq-s.first], ref.seq
	for seq > since {
		if seq = s.prev[seq-s.first]; seq < 0 {
			return 0
		}
		if seq < t.first {
			return l.baseValue(slot, seq, col, since)
		}
		if seq < s.first {
			s = t.segs[segmentOf(t.segs, seq)]
		}
	}
	row := int(seq - s.first)
	if s.b.Op(row) == vec.Delete {
		return 0
	}
	return floatOf(s.b.Cols[col], row) // that of a -U is the one that it had
}

// baseValue is the value that change seq gave, when it is the one that a slot began the record with.
func (l *Live) baseValue(slot int32, seq int64, col int, since int64) float64 {
	l.index.mu.Lock()
	defer l.index.mu.Unlock()
	base := l.index.slots[slot].base
	if seq > since || base.b == nil || base.seq != seq {
		return math.NaN()
	}
	return floatOf(base.b.Cols[col], int(base.row))
}

// Updated tells whether a row changed after it had become final: a late row was let in.
func (t *LiveTable) Updated(row int64) bool {
	ref := t.ref(row)
	if t.end < 0 || ref.seq < t.first || ref.b.Op(int(ref.row)) != vec.UpdateAfter {
		return false
	}
	s := t.segs[segmentOf(t.segs, ref.seq)]
	v, wm := s.b.Cols[t.end], s.markOf(int(ref.seq-s.first)).wm
	return wm != dataflow.MinTime && !v.IsNull(int(ref.row)) && v.Value(int(ref.row)).I <= wm
}
