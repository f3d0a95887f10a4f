package op

import (
	"context"
	"io"
	"math"
	"math/bits"

	"github.com/riffle-io/riffle/dataflow/vec"
)

// keyField is where a sort key stands in a row's packed keys, and how to get its value back.
type keyField struct {
	col      int
	desc     bool
	lo, span uint64
	shift    uint
	width    uint
	back     bool // the value can be read from the field: an integer that is never NULL
}

// keyFields lays out keys that pack put into one integer each row; ok is false when they do not
// fit, or do not decide the order.
func keyFields(types []vec.Type, keys []vec.Order, spans []keySpan) (fs []keyField, used int, ok bool) {
	for i, k := range keys {
		s := spans[i]
		if !s.exact {
			return nil, 0, false
		}
		if s.lo > s.hi { // no value at all
			s.lo, s.hi = 0, 0
		}
		span := s.hi - s.lo
		width := bits.Len64(span)
		if s.nulls {
			if span >= math.MaxUint64-2 {
				return nil, 0, false
			}
			width = bits.Len64(span + 2)
		}
		phys := types[k.Col].Phys()
		back := !s.nulls && (phys == vec.PhysI64 || phys == vec.PhysI32)
		fs = append(fs, keyField{col: k.Col, desc: k.Desc, lo: s.lo, span: span, width: uint(width), back: back})
		if used += width; used > 64 {
			return nil, 0, false
		}
	}
	at := uint(used)
	for i := range fs {
		at -= fs[i].width
		fs[i].shift = at
	}
	return fs, used, true
}

// wholeRow tells whether rows of n columns can be made again from their fields.
func wholeRow(fs []keyField, n int) bool {
	has := make([]bool, n)
	left := n
	for _, f := range fs {
		if f.back && !has[f.col] {
			has[f.col] = true
			left--
		}
	}
	return left == 0
}

// sortRows turns the rows of a run, which their fields hold in full, to sorted integers. Neither a
// permutation nor the columns are needed any more.
func (r *memRun) sortRows(fs []keyField, used int) {
	xs := make([]uint64, r.n)
	at := 0
	for _, b := range r.chunks {
		for _, f := range fs {
			f.pack(b.Cols[f.col], xs[at:at+b.N])
		}
		at += b.N
	}
	r.chunks = nil
	radixKeys(xs, used)
	r.packed = xs
}

// pack shifts the field's values of the first len(xs) rows of v into xs.
func (f *keyField) pack(v *vec.Vec, xs []uint64) {
	var codes []int32
	if v.Form == vec.Dict {
		codes = v.Codes
	}
	switch b := v.Base(); {
	case v.Form == vec.Const || v.Type.Phys() == vec.PhysI32:
		for i := range xs {
			xs[i] = xs[i]<<f.width | f.of(norm(v, v.Index(i)))
		}
	case codes != nil:
		for i, c := range codes[:len(xs)] {
			xs[i] = xs[i]<<f.width | f.of(uint64(b.I64[c])^signBit)
		}
	default:
		for i, x := range b.I64[:len(xs)] {
			xs[i] = xs[i]<<f.width | f.of(uint64(x)^signBit)
		}
	}
}

// of is the field of a normalised value.
func (f *keyField) of(x uint64) uint64 {
	if f.desc {
		return f.span - (x - f.lo)
	}
	return x - f.lo
}

// unpack writes the field's values of rows with packed keys xs to v.
func (f *keyField) unpack(xs []uint64, v *vec.Vec) {
	v.Resize(len(xs))
	mask := uint64(1)<<f.width - 1 // all ones for 64
	lo, sign := f.lo^signBit, uint64(1)
	if f.desc {
		lo, sign = (f.lo+f.span)^signBit, math.MaxUint64 // minus one
	}
	if v.Type.Phys() == vec.PhysI32 {
		dst := v.I32[:len(xs)]
		for i, x := range xs {
			dst[i] = int32(lo + sign*(x>>f.shift&mask))
		}
		return
	}
	dst := v.I64[:len(xs)]
	for i, x := range xs {
		dst[i] = int64(lo + sign*(x>>f.shift&mask))
	}
}

// rowMerger merges runs whose rows are their packed keys.
type rowMerger struct {
	ctx    context.Context
	runs   [][]uint64
	fields []keyField
	out    *vec.Batch
	xs     []uint64
}

func (m *rowMerger) Next() (*vec.Batch, error) {
	if m.ctx.Err() != nil {
		return nil, context.Cause(m.ctx)
	}
	m.xs = m.xs[:0]
	for len(m.xs) < vec.MaxRows {
		k := 0
		for _, r := range m.runs {
			if len(r) > 0 {
				m.runs[k] = r
				k++
			}
		}
		switch m.runs = m.runs[:k]; k {
		case 0:
			if len(m.xs) == 0 {
				return nil, io.EOF
			}
			return m.emit(), nil
		case 1:
			n := min(vec.MaxRows-len(m.xs), len(m.runs[0]))
			m.xs = append(m.xs, m.runs[0][:n]...)
			m.runs[0] = m.runs[0][n:]
		case 2:
			m.takeTwo()
		default:
			m.take()
		}
	}
	return m.emit(), nil
}

// takeTwo merges two runs until one ends or the batch is full, without a branch on the values.
func (m *rowMerger) takeTwo() {
	a, b := m.runs[0], m.runs[1]
	i, j, k := 0, 0, len(m.xs)
	out := m.xs[:vec.MaxRows]
	for k < len(out) && i < len(a) && j < len(b) {
		x, y := a[i], b[j]
		first := b2i(x <= y)
		out[k] = min(x, y)
		i += first
		j += 1 - first
		k++
	}
	m.xs, m.runs[0], m.runs[1] = out[:k], a[i:], b[j:]
}

// take merges any number of runs until one ends or the batch is full.
func (m *rowMerger) take() {
	for len(m.xs) < vec.MaxRows {
		best := 0
		for k, r := range m.runs {
			if r[0] < m.runs[best][0] {
				best = k
			}
		}
		m.xs = append(m.xs, m.runs[best][0])
		if m.runs[best] = m.runs[best][1:]; len(m.runs[best]) == 0 {
			return
		}
	}
}

func (m *rowMerger) emit() *vec.Batch {
	m.out.N = len(m.xs)
	for i := range m.fields {
		if f := &m.fields[i]; f.back {
			f.unpack(m.xs, m.out.Cols[f.col])
		}
	}
	return m.out
}

// Position is unused: a merge is not resumed, its job starts over.
func (m *rowMerger) Position() []byte { return nil }

func (m *rowMerger) Close() error { m.runs = nil; return nil }
