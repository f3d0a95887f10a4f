package repl

import (
	"cmp"
	"encoding/binary"
	"math"
	"slices"
	"time"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/vec"
)

// LiveTable is the table that a stream's changes made, up to one of them. It does not change, and
// keeps the rows that it shows in memory for as long as it is held.
type LiveTable struct {
	cols []Column
	at   int64
	wm   dataflow.Time
	end  int  // column of the end of a window; -1 without
	all  bool // every row is final
	refs []rowRef

	// A result that only appends needs no refs until it is sorted: row i is change first+i.
	segs  []*segment
	first int64
	rows  int64
}

// Table is the table as of change at, which must be held; -1 is now. It is made of rows in the
// order in which they first appeared.
func (l *Live) Table(at int64) *LiveTable {
	x := &l.index
	x.mu.Lock()
	l.catchUp()
	if at < 0 || at >= x.done {
		at = x.done - 1
	}
	at = max(at, x.first-1)
	t := &LiveTable{cols: l.Columns(), at: at, segs: x.segments, first: x.first, end: l.windowEnd(), all: l.finalRow}
	slots := slices.Clone(x.slots)
	now := at == x.done-1
	x.mu.Unlock()
	t.wm = l.watermarkAt(t, now)
	if x.append {
		t.rows = at + 1 - t.first
		return t
	}
	for i := range slots {
		if ref, ok := t.resolve(&slots[i]); ok {
			t.refs = append(t.refs, ref)
		}
	}
	t.rows = int64(len(t.refs))
	return t
}

// watermarkAt is the watermark when the last change of t came.
func (l *Live) watermarkAt(t *LiveTable, now bool) dataflow.Time {
	if now {
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.wm
	}
	i := segmentOf(t.segs, t.at)
	if i == len(t.segs) || t.at < t.segs[i].first {
		return dataflow.MinTime
	}
	return t.segs[i].markOf(int(t.at - t.segs[i].first)).wm
}

// resolve finds the row of a slot as of t.at; ok is false when there was none.
func (t *LiveTable) resolve(sl *slot) (ref rowRef, ok bool) {
	if !sl.used {
		return ref, false
	}
	seq := sl.latest
	for seq >= t.first {
		s := t.segs[segmentOf(t.segs, seq)]
		row := int(seq - s.first)
		if seq <= t.at {
			return rowRef{s.b, int32(row), seq}, vec.IsAdd(s.b.Op(row))
		}
		seq = s.prev[row]
	}
	return sl.base, sl.base.b != nil
}

// store appends the rows to a result.
func (t *LiveTable) store(r *Result) error {
	if t.rows == 0 {
		return nil
	}
	b := vec.NewBatch(r.schema.Types())
	for row := int64(0); row < t.rows; row++ {
		ref := t.ref(row)
		src := &vec.Batch{Cols: ref.b.Cols, N: ref.b.N} // without its changes
		b.Append(src, []int32{ref.row})
		if b.N == vec.MaxRows {
			if err := r.append(b); err != nil {
				return err
			}
			b = vec.NewBatch(r.schema.Types())
		}
	}
	return r.append(b)
}

// At is the seq of the last change that the table shows; -1 before the first.
func (t *LiveTable) At() int64 { return t.at }

// Watermark is that of the result at the time of the table; zero: none yet.
func (t *LiveTable) Watermark() time.Time { return timeOf(t.wm) }

// Columns lists the columns.
func (t *LiveTable) Columns() []Column { return t.cols }

// Rows is the number of rows.
func (t *LiveTable) Rows() int64 { return t.rows }

// ref finds a row.
func (t *LiveTable) ref(row int64) rowRef {
	if t.refs != nil {
		return t.refs[row]
	}
	seq := t.first + row
	s := t.segs[segmentOf(t.segs, seq)]
	return rowRef{s.b, int32(seq - s.first), seq}
}

// Page reads n rows from row from on, fewer at the end; cols picks columns, nil is all. The error
// is always nil: rows are in memory.
func (t *LiveTable) Page(from int64, n int, cols []int) ([][]Cell, error) {
	if cols == nil {
		cols = upTo(len(t.cols))
	}
	var out [][]Cell
	for row := max(from, 0); row < t.rows && len(out) < n; row++ {
		ref := t.ref(row)
		out = append(out, cellsOf(ref.b, int(ref.row), cols))
	}
	return out, nil
}

// Float reads a column as numbers, as Result.Float does.
func (t *LiveTable) Float(from int64, n, col int) ([]float64, error) {
	var out []float64
	for row := max(from, 0); row < t.rows && len(out) < n; row++ {
		ref := t.ref(row)
		out = append(out, floatOf(ref.b.Cols[col], int(ref.row)))
	}
	return out, nil
}

// Seq is the change that made a row what it is.
func (t *LiveTable) Seq(row int64) int64 { return t.ref(row).seq }

// Final tells whether a row will not change any more: nothing is taken back in this result, or the
// watermark has passed the end of the row's window.
func (t *LiveTable) Final(row int64) bool {
	if t.all {
		return true
	}
	if t.end < 0 || t.wm == dataflow.MinTime {
		return false
	}
	ref := t.ref(row)
	v := ref.b.Cols[t.end]
	return !v.IsNull(int(ref.row)) && v.Value(int(ref.row)).I <= t.wm
}

// Sorted is t with its rows ordered by a column; equal ones keep their order. NULLs come last.
func (t *LiveTable) Sorted(col int, desc bool) *LiveTable {
	out := *t
	out.refs = make([]rowRef, t.rows)
	rows := make([]orderedRow, t.rows)
	exact := true
	for i := range rows {
		ref := t.ref(int64(i))
		var all bool
		rows[i], all = orderOf(ref.b.Cols[col], int(ref.row))
		rows[i].at = int32(i)
		exact = exact && all
		if desc && !rows[i].null {
			rows[i].key = ^rows[i].key
		}
	}
	slices.SortFunc(rows, func(x, y orderedRow) int {
		switch {
		case x.null != y.null:
			if x.null {
				return 1
			}
			return -1
		case x.key != y.key:
			return cmp.Compare(x.key, y.key)
		case exact || x.null:
			return cmp.Compare(x.at, y.at)
		}
		return cmp.Or(t.compare(col, desc, x.at, y.at), cmp.Compare(x.at, y.at))
	})
	for i, r := range rows {
		out.refs[i] = t.ref(int64(r.at))
	}
	return &out
}

// orderedRow is a row with a number in the order of its value, or of the value's beginning.
type orderedRow struct {
	key  uint64
	at   int32
	null bool
}

// orderOf gives a value its number; exact says that equal numbers mean equal values.
func orderOf(v *vec.Vec, row int) (o orderedRow, exact bool) {
	if v.IsNull(row) {
		return orderedRow{null: true}, true
	}
	const sign = 1 << 63
	base, i := v.Base(), v.Index(row)
	switch v.Type.Phys() {
	case vec.PhysBool:
		if base.B[i] {
			o.key = 1
		}
		return o, true
	case vec.PhysI32:
		return orderedRow{key: uint64(int64(base.I32[i])) ^ sign}, true
	case vec.PhysI64:
		return orderedRow{key: uint64(base.I64[i]) ^ sign}, true
	case vec.PhysF64:
		f := base.F64[i]
		switch b := math.Float64bits(f); {
		case math.IsNaN(f): // behind the numbers
			return orderedRow{key: math.MaxUint64}, true
		case f == 0: // of either sign
			return orderedRow{key: sign}, true
		case b&sign != 0:
			return orderedRow{key: ^b}, true
		default:
			return orderedRow{key: b | sign}, true
		}
	case vec.PhysStr:
		var head [8]byte
		copy(head[:], v.Str(row))
		return orderedRow{key: binary.BigEndian.Uint64(head[:])}, false
	}
	return o, false
}

// compare orders two rows by their whole values.
func (t *LiveTable) compare(col int, desc bool, x, y int32) int {
	rx, ry := t.ref(int64(x)), t.ref(int64(y))
	vx, vy := rx.b.Cols[col], ry.b.Cols[col]
	c := vec.CompareValues(vx.Type, vx.Value(int(rx.row)), vy.Value(int(ry.row)))
	if desc {
		return -c
	}
	return c
}
