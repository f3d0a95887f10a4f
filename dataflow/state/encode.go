package state

import (
	"math"

	"github.com/riffle-io/riffle/dataflow/vec"
)

// keyBlock is the keys of a batch in the form of rows: for live row k, the words k*w … k*w+w of the
// key columns, the NULL bits of the header words, and the hash.
type keyBlock struct {
	n     int
	w     int // words a key
	words []uint64
	nulls []uint64 // by k; only with anyNull
	more  []uint64 // NULL bits beyond the header word: (head-1) a row
	hash  []uint64
	cols  []*vec.Vec
	sel   []int32
	cand  []uint64 // first slots
	found []uint64 // their key words

	anyNull bool
	hasStr  bool
}

func grow[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n, max(n, vec.MaxRows))
	}
	return s[:n]
}

// row is the row of the batch that stands behind live row k.
func (kb *keyBlock) row(k int) int {
	if kb.sel != nil {
		return int(kb.sel[k])
	}
	return k
}

// encode brings the live rows of keys into the table's form, and hashes them as vec.Batch.Hash does.
func (t *Table) encode(keys []*vec.Vec, n int, sel []int32) *keyBlock {
	kb := &t.kb
	if sel != nil {
		n = len(sel)
	}
	kb.n, kb.w, kb.cols, kb.sel = n, t.keyEnd-t.head, keys, sel
	kb.words = grow(kb.words, n*kb.w)
	kb.hash = grow(kb.hash, n)
	kb.anyNull = false
	kb.hasStr = false
	for c, v := range keys {
		kb.encodeColumn(v, &t.cols[c], t.cols[c].at-t.head)
	}
	for c, v := range keys {
		if v.MayHaveNulls() {
			t.encodeNulls(c, v)
		}
	}
	if len(keys) == 0 {
		clear(kb.hash)
	}
	for c := range keys {
		kb.hashColumn(&t.cols[c], t.cols[c].at-t.head, c > 0)
	}
	return kb
}

func (kb *keyBlock) encodeColumn(v *vec.Vec, col *column, at int) {
	b := v.Base()
	switch col.phys {
	case vec.PhysI64:
		spreadInts(kb, at, b.I64, v)
	case vec.PhysI32:
		spreadInts(kb, at, b.I32, v)
	case vec.PhysBool:
		spread(kb, at, b.B, v, boolWord)
	case vec.PhysF64:
		spread(kb, at, b.F64, v, FloatWord)
	case vec.PhysI128:
		spread(kb, at, b.I128, v, func(x vec.Int128) uint64 { return x.Lo })
		spread(kb, at+1, b.I128, v, func(x vec.Int128) uint64 { return uint64(x.Hi) })
	case vec.PhysIv:
		for k := 0; k < kb.n; k++ {
			o := k*kb.w + at
			kb.words[o], kb.words[o+1] = PackInterval(canonical(b.Iv[v.Index(kb.row(k))]))
		}
	case vec.PhysStr:
		kb.hasStr = true
		for k := 0; k < kb.n; k++ {
			s, o := v.Str(kb.row(k)), k*kb.w+at
			if len(s) <= shortStr {
				kb.words[o], kb.words[o+1] = packShort(s)
			} else {
				kb.words[o], kb.words[o+1] = longHead(s), 0
			}
		}
	}
}

// spreadInts is spread for integers, the frequent case, without a call a row.
func spreadInts[T int32 | int64](kb *keyBlock, at int, vals []T, v *vec.Vec) {
	dst, w := kb.words, kb.w
	switch {
	case v.Form == vec.Flat && kb.sel == nil && w == 1:
		dst = dst[:kb.n]
		for k, x := range vals[:kb.n] {
			dst[k] = uint64(x)
		}
	case v.Form == vec.Flat && kb.sel == nil:
		for k, x := range vals[:kb.n] {
			dst[k*w+at] = uint64(x)
		}
	case v.Form == vec.Flat:
		for k, i := range kb.sel {
			dst[k*w+at] = uint64(vals[i])
		}
	default:
		for k := 0; k < kb.n; k++ {
			dst[k*w+at] = uint64(vals[v.Index(kb.row(k))])
		}
	}
}

// spread writes one word a live row.
func spread[T vec.Slot](kb *keyBlock, at int, vals []T, v *vec.Vec, word func(T) uint64) {
	dst, w := kb.words, kb.w
	switch {
	case v.Form == vec.Const:
		x := word(vals[0])
		for o := at; o < kb.n*w; o += w {
			dst[o] = x
		}
	case v.Form == vec.Dict:
		for k, o := 0, at; k < kb.n; k, o = k+1, o+w {
			dst[o] = word(vals[v.Codes[kb.row(k)]])
		}
	case kb.sel != nil:
		for k, i := range kb.sel {
			dst[k*w+at] = word(vals[i])
		}
	default:
		for k, x := range vals[:kb.n] {
			dst[k*w+at] = word(x)
		}
	}
}

func boolWord(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// FloatWord is the bits of f with one zero and one NaN, so that equal floats have equal words.
func FloatWord(f float64) uint64 {
	if f != f {
		return math.Float64bits(math.NaN())
	}
	return math.Float64bits(f + 0)
}

// Length of a month of 30 days and of a day in µs, by which intervals compare.
const (
	dayMicros   = 86_400_000_000
	monthMicros = 30 * dayMicros
)

func ivMicros(iv vec.Interval) int64 {
	return int64(iv.Months)*monthMicros + int64(iv.Days)*dayMicros + iv.Micros
}

// canonical is the one form of all intervals that compare equal: months when that is exact.
func canonical(iv vec.Interval) vec.Interval {
	n := ivMicros(iv)
	if n%monthMicros == 0 {
		return vec.Interval{Months: int32(n / monthMicros)}
	}
	return vec.Interval{Days: int32(n / dayMicros), Micros: n % dayMicros}
}

func (t *Table) encodeNulls(c int, v *vec.Vec) {
	kb, col := &t.kb, &t.cols[c]
	at := col.at - t.head
	for k := 0; k < kb.n; k++ {
		if !v.IsNull(kb.row(k)) {
			continue
		}
		if !kb.anyNull {
			kb.anyNull = true
			kb.nulls = grow(kb.nulls, kb.n)
			clear(kb.nulls)
			kb.more = grow(kb.more, kb.n*(t.head-1))
			clear(kb.more)
		}
		col.hasNull = true
		if col.nullWord == 0 {
			kb.nulls[k] |= col.nullBit
		} else {
			kb.more[k*(t.head-1)+col.nullWord-1] |= col.nullBit
		}
		for w := at; w < at+col.words; w++ {
			kb.words[k*kb.w+w] = 0
		}
	}
}

// isNull tells whether column col of live row k is NULL.
func (kb *keyBlock) isNull(k int, col *column) bool {
	if !kb.anyNull {
		return false
	}
	if col.nullWord == 0 {
		return kb.nulls[k]&col.nullBit != 0
	}
	return kb.more[k*(len(kb.more)/kb.n)+col.nullWord-1]&col.nullBit != 0
}

func (kb *keyBlock) hashColumn(col *column, at int, combine bool) {
	if !combine && !kb.anyNull && kb.w == 1 && col.words == 1 {
		for k, x := range kb.words[:kb.n] {
			kb.hash[k] = vec.HashInt64(int64(x))
		}
		return
	}
	for k := 0; k < kb.n; k++ {
		h := uint64(vec.NullHash)
		if !kb.isNull(k, col) {
			h = kb.hashOne(k, k*kb.w+at, col)
		}
		if combine {
			h = vec.CombineHash(kb.hash[k], h)
		}
		kb.hash[k] = h
	}
}

func (kb *keyBlock) hashOne(k, o int, col *column) uint64 {
	switch col.phys {
	case vec.PhysI128:
		x := vec.Int128{Lo: kb.words[o], Hi: int64(kb.words[o+1])}
		if n, ok := x.Int64(); ok {
			return vec.HashInt64(n)
		}
		return vec.CombineHash(vec.HashInt64(int64(x.Lo)), uint64(x.Hi))
	case vec.PhysIv:
		return vec.HashInt64(ivMicros(UnpackInterval(kb.words[o], kb.words[o+1])))
	case vec.PhysStr:
		return vec.HashBytes(kb.colOf(col).Str(kb.row(k)))
	}
	return vec.HashInt64(int64(kb.words[o]))
}

func (kb *keyBlock) colOf(col *column) *vec.Vec { return kb.cols[col.num] }
