package op

import (
	"encoding/binary"
	"math"
	"math/bits"
	"slices"

	"github.com/riffle-io/riffle/dataflow/vec"
)

// entry is a row and as much of its sort keys as fits 64 bits, so that sorting moves 16 bytes and
// compares integers.
type entry struct {
	key uint64
	row int32
}

// keySpan is the range of one key's normalised values in a set of rows.
type keySpan struct {
	lo, hi uint64
	nulls  bool
	exact  bool // equal normalised values are equal values
}

// spansOf are the spans of the keys over the rows of some batches; nil when there is none.
func spansOf(bs []*vec.Batch, keys []vec.Order) (all []keySpan) {
	for _, b := range bs {
		if sp := spansOfBatch(b, keys); all == nil {
			all = sp
		} else {
			all = joinSpans(all, sp)
		}
	}
	return all
}

func spansOfBatch(b *vec.Batch, keys []vec.Order) []keySpan {
	out := make([]keySpan, len(keys))
	for i, k := range keys {
		v := b.Cols[k.Col]
		s := keySpan{nulls: v.MayHaveNulls()}
		s.lo, s.hi, s.exact = keyRange(v, b.N)
		out[i] = s
	}
	return out
}

// joinSpans widens a to hold b too.
func joinSpans(a, b []keySpan) []keySpan {
	for i := range a {
		a[i].lo, a[i].hi = min(a[i].lo, b[i].lo), max(a[i].hi, b[i].hi)
		a[i].nulls = a[i].nulls || b[i].nulls
		a[i].exact = a[i].exact && b[i].exact && (!a[i].nulls || a[i].hi-a[i].lo < math.MaxUint64-2)
	}
	return a
}

// sortPerm is the order of the rows of b by keys, whose spans are given; equal rows keep their
// order. packed is the keys of the rows in that order when they decide it alone, else nil; packed
// keys of the same spans compare.
//
// The leading keys are packed into 64 bits, each in as few bits as its range needs, and sorted by
// a radix sort (from the lowest byte alone: 2.3x pdqsort at 10^7 rows); where the packed keys do not
// decide, runs of equal ones are sorted by comparing the rest.
func sortPerm(b *vec.Batch, keys []vec.Order, spans []keySpan) (perm []int32, packed []uint64) {
	n := b.N
	es := make([]entry, n)
	for i := range es {
		es[i].row = int32(i)
	}
	used, exact := pack(b, keys, spans, es)
	radix(es, used)
	if exact < len(keys) {
		rest := keys[exact:]
		for from := 0; from < n; {
			to := from + 1
			for to < n && es[to].key == es[from].key {
				to++
			}
			if to-from > 1 {
				slices.SortStableFunc(es[from:to], func(x, y entry) int {
					return vec.Compare(rest, b, int(x.row), b, int(y.row))
				})
			}
			from = to
		}
	}
	perm = make([]int32, n)
	for i, e := range es {
		perm[i] = e.row
	}
	if exact == len(keys) {
		packed = make([]uint64, n)
		for i, e := range es {
			packed[i] = e.key
		}
	}
	return perm, packed
}

// pack fills the entries' keys. It returns how many of the low bits are used, and how many leading
// keys they decide in full.
func pack(b *vec.Batch, keys []vec.Order, spans []keySpan, es []entry) (used, exact int) {
	free := 64
	for i, k := range keys {
		v := b.Cols[k.Col]
		lo, hi, full, nulls := spans[i].lo, spans[i].hi, spans[i].exact, spans[i].nulls
		if lo > hi { // no value at all
			lo, hi = 0, 0
		}
		width := bits.Len64(hi - lo)
		if nulls { // the value 0 or the top one stands for NULL
			if width = 65; hi-lo < math.MaxUint64-2 {
				width = bits.Len64(hi - lo + 2)
			}
		}
		drop := 0
		if width > free {
			if free < 16 && used > 0 {
				break
			}
			drop = width - free
			width = free
		}
		addKey(v, k, es, lo, hi, nulls, uint(drop), uint(width))
		used += width
		free -= width
		if drop > 0 || !full {
			return used, exact
		}
		exact++
		if free == 0 {
			break
		}
	}
	return used, exact
}

func addKey(v *vec.Vec, k vec.Order, es []entry, lo, hi uint64, nulls bool, drop, width uint) {
	span := hi - lo
	if v.Form == vec.Flat && !nulls && v.Type.Phys() == vec.PhysI64 {
		f := keyField{desc: k.Desc, lo: lo, span: span}
		for i := range es {
			e := &es[i]
			e.key = e.key<<width | f.of(uint64(v.I64[e.row])^signBit)>>drop
		}
		return
	}
	for i := range es {
		row := int(es[i].row)
		var x uint64
		switch {
		case nulls && v.IsNull(row):
			if k.NullsLast {
				x = math.MaxUint64
				if s := span + 2; s > span {
					x = s
				}
			}
		default:
			x = norm(v, v.Index(row)) - lo
			if k.Desc {
				x = span - x
			}
			if nulls {
				if x+1 != 0 {
					x++
				}
			}
		}
		es[i].key = es[i].key<<width | x>>drop
	}
}

// keyRange is the range of a column's normalised values; full tells that they decide the order.
func keyRange(v *vec.Vec, n int) (lo, hi uint64, full bool) {
	lo, hi = math.MaxUint64, 0
	switch v.Type.Phys() {
	case vec.PhysStr, vec.PhysIv, vec.PhysI128:
		return 0, math.MaxUint64 - 1, false
	case vec.PhysF64:
		return 0, math.MaxUint64, !v.MayHaveNulls()
	}
	if v.Form == vec.Flat && v.Valid == nil && v.Type.Phys() == vec.PhysI64 && n > 0 {
		xs := v.I64[:n]
		a, z := xs[0], xs[0]
		for _, x := range xs {
			a, z = min(a, x), max(z, x)
		}
		lo, hi = uint64(a)^signBit, uint64(z)^signBit
		return lo, hi, true
	}
	for i := 0; i < n; i++ {
		if !v.IsNull(i) {
			x := norm(v, v.Index(i))
			lo, hi = min(lo, x), max(hi, x)
		}
	}
	if lo > hi {
		return lo, hi, true
	}
	return lo, hi, hi-lo < math.MaxUint64-2 || !v.MayHaveNulls()
}

const signBit = 1 << 63

// norm maps the value at place i of v's base to an unsigned integer of the same order; strings and
// wide types by their first 8 bytes.
func norm(v *vec.Vec, i int) uint64 {
	b := v.Base()
	switch v.Type.Phys() {
	case vec.PhysBool:
		if b.B[i] {
			return 1
		}
		return 0
	case vec.PhysI32:
		return uint64(int64(b.I32[i])) ^ signBit
	case vec.PhysI64:
		return uint64(b.I64[i]) ^ signBit
	case vec.PhysI128:
		return uint64(b.I128[i].Hi) ^ signBit
	case vec.PhysF64:
		return normFloat(b.F64[i])
	case vec.PhysIv:
		return 0
	}
	s := b.Data[b.Off[i]:b.Off[i+1]]
	if len(s) >= 8 {
		return min(binary.BigEndian.Uint64(s), math.MaxUint64-1)
	}
	var x uint64
	for k := 0; k < 8; k++ {
		x <<= 8
		if k < len(s) {
			x |= uint64(s[k])
		}
	}
	return x
}

func normFloat(f float64) uint64 {
	if f != f {
		return math.MaxUint64 // NaN is above all
	}
	if f == 0 {
		f = 0
	}
	x := math.Float64bits(f)
	if x&signBit != 0 {
		return ^x
	}
	return x | signBit
}
