package vec

import (
	"encoding/binary"
	"math"
	"math/bits"

	"github.com/riffle-io/riffle/internal/invariants"
)

// Constants of the wyhash family (Wang Yi, public domain): odd, half of the bits set.
const (
	hashK0 = 0xa0761d6478bd642f
	hashK1 = 0xe7037ed1a0b428db
	hashK2 = 0x8ebc6af09c88c6e3
)

// NullHash is the hash of NULL, so that NULLs meet in one group.
const NullHash = 0x9e3779b97f4a7c15

func mix(a, b uint64) uint64 {
	if invariants.Collide {
		return 0
	}
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}

// HashInt64 hashes one integer. It does not change between versions: key groups depend on it.
func HashInt64(x int64) uint64 { return mix(uint64(x)^hashK0, hashK1) }

// HashFloat64 hashes one float; 0 and -0 hash alike, and so do all NaNs.
func HashFloat64(f float64) uint64 {
	if f == 0 {
		f = 0
	}
	if f != f {
		f = math.NaN()
	}
	return HashInt64(int64(math.Float64bits(f + 0)))
}

// HashBytes hashes a string.
func HashBytes(s []byte) uint64 {
	h := uint64(len(s)) ^ hashK2
	for len(s) > 16 {
		h = mix(binary.LittleEndian.Uint64(s)^hashK0, binary.LittleEndian.Uint64(s[8:])^h)
		s = s[16:]
	}
	var a, b uint64
	switch {
	case len(s) >= 8:
		a, b = binary.LittleEndian.Uint64(s), binary.LittleEndian.Uint64(s[len(s)-8:])
	case len(s) >= 4:
		a, b = uint64(binary.LittleEndian.Uint32(s)), uint64(binary.LittleEndian.Uint32(s[len(s)-4:]))
	case len(s) > 0:
		a = uint64(s[0])<<16 | uint64(s[len(s)>>1])<<8 | uint64(s[len(s)-1])
	}
	return mix(hashK1^uint64(len(s)), mix(a^hashK1, b^h))
}

// CombineHash adds the hash of a further column.
func CombineHash(h, col uint64) uint64 { return mix(h^hashK2, col^hashK1) }

// Hash computes the hashes of rows over the columns cols into dst, which must have room for b.N
// rows: dst[i] is the hash of row i. Only live rows are written. Equal values hash alike whatever
// their form, and integers of different width hash alike.
func (b *Batch) Hash(dst []uint64, cols []int) {
	for k, c := range cols {
		b.Cols[c].Hash(dst, b.N, b.Sel, k > 0)
	}
	if len(cols) == 0 {
		clear(dst[:b.N])
	}
}

// Hash writes the hash of each row in sel (nil: the first n) to dst at the row's place, combined
// with what dst holds when combine is set.
func (v *Vec) Hash(dst []uint64, n int, sel []int32, combine bool) {
	if v.Form == Const {
		h := v.hashOne(0)
		if !v.Valid.Get(0) {
			h = NullHash
		}
		forSel(n, sel, func(i int) { put(dst, i, h, combine) })
		return
	}
	if v.Form == Dict && v.Dict.Len() <= n {
		v.hashDict(dst, n, sel, combine)
		return
	}
	if v.Form == Flat && v.Valid == nil && !combine {
		if v.hashPlain(dst, n, sel) {
			return
		}
	}
	base := v.Base()
	forSel(n, sel, func(i int) {
		h := uint64(NullHash)
		if !v.IsNull(i) {
			h = base.hashOne(v.Index(i))
		}
		put(dst, i, h, combine)
	})
}

func put(dst []uint64, i int, h uint64, combine bool) {
	if combine {
		h = CombineHash(dst[i], h)
	}
	dst[i] = h
}

// hashPlain is the loop for one flat key column without nulls.
func (v *Vec) hashPlain(dst []uint64, n int, sel []int32) bool {
	if sel != nil {
		switch v.Type.Phys() {
		case PhysI64:
			for _, i := range sel {
				dst[i] = HashInt64(v.I64[i])
			}
		case PhysI32:
			for _, i := range sel {
				dst[i] = HashInt64(int64(v.I32[i]))
			}
		default:
			return false
		}
		return true
	}
	switch v.Type.Phys() {
	case PhysI64:
		for i, x := range v.I64[:n] {
			dst[i] = HashInt64(x)
		}
	case PhysI32:
		for i, x := range v.I32[:n] {
			dst[i] = HashInt64(int64(x))
		}
	default:
		return false
	}
	return true
}

func (v *Vec) hashDict(dst []uint64, n int, sel []int32, combine bool) {
	hs := make([]uint64, v.Dict.Len())
	for c := range hs {
		if hs[c] = NullHash; v.Dict.Valid.Get(c) {
			hs[c] = v.Dict.hashOne(c)
		}
	}
	forSel(n, sel, func(i int) {
		h := uint64(NullHash)
		if v.Valid.Get(i) {
			h = hs[v.Codes[i]]
		}
		put(dst, i, h, combine)
	})
}

// hashOne hashes the value at place i of a flat or constant vector.
func (v *Vec) hashOne(i int) uint64 {
	switch v.Type.Phys() {
	case PhysBool:
		if v.B[i] {
			return HashInt64(1)
		}
		return HashInt64(0)
	case PhysI32:
		return HashInt64(int64(v.I32[i]))
	case PhysI64:
		return HashInt64(v.I64[i])
	case PhysI128:
		x := v.I128[i]
		if n, ok := x.Int64(); ok {
			return HashInt64(n)
		}
		return CombineHash(HashInt64(int64(x.Lo)), uint64(x.Hi))
	case PhysF64:
		return HashFloat64(v.F64[i])
	case PhysIv:
		return HashInt64(v.Iv[i].normal())
	}
	return HashBytes(v.Data[v.Off[i]:v.Off[i+1]])
}

// normal is the length of an interval in µs with months of 30 days, by which intervals compare
// (PostgreSQL).
func (iv Interval) normal() int64 {
	return (int64(iv.Months)*30+int64(iv.Days))*86_400_000_000 + iv.Micros
}
