package dataflow

import (
	"math/bits"

	"github.com/riffle-io/riffle/dataflow/vec"
)

// KeyFilter is what the build side of a join says about the probe side's rows: only keys that the
// build side has can match. It is complete when the first reader of the probe side's source opens.
type KeyFilter interface {
	// Keys is the set of keys; nil when it would not help. It may be called from any goroutine.
	Keys() (*KeySet, error)
}

// KeyFiltered is a Source that leaves rows out by key filters. FilterKeys is called once, before
// Splits: filters[i] holds for column cols[i] of the source.
type KeyFiltered interface {
	FilterKeys(cols []int, filters []KeyFilter)
}

// KeySet is a set of integers, which may hold a few more than were added: a bit for each value
// between the smallest and the largest where they lie close together, else a bit for each hash (a
// Bloom filter of one function). It does not change once it is used.
//
// Source of the filter: B. H. Bloom, "Space/Time Trade-offs in Hash Coding with Allowable Errors",
// CACM 13(7), 1970.
type KeySet struct {
	lo, hi int64
	bits   []uint64
	shift  uint // of the hash; 0: bits are by value
}

const (
	// exactBits is how many bits for each key a set by value may take: values are looked up in order
	// more often than not, so that it stays in the cache although it is larger.
	exactBits = 128
	// hashBits for each key let 6 % of the other keys through.
	hashBits = 16
	// smallSet is the number of bits that may always be taken: they fit the L1 cache.
	smallSet = 1 << 18
)

// NewKeySet makes an empty set for n keys in [lo, hi].
func NewKeySet(n int, lo, hi int64) *KeySet {
	s := &KeySet{lo: lo, hi: hi}
	if n == 0 || lo > hi {
		s.lo, s.hi = 0, -1
		return s
	}
	if span := uint64(hi) - uint64(lo); span < max(smallSet, exactBits*uint64(n)) {
		s.bits = make([]uint64, span/64+1)
		return s
	}
	log := max(bits.Len(uint(n*hashBits-1)), 6)
	s.bits, s.shift = make([]uint64, 1<<(log-6)), uint(64-log)
	return s
}

// Add adds a key of the range that the set was made for.
func (s *KeySet) Add(x int64) {
	at := s.place(x)
	s.bits[at>>6] |= 1 << (at & 63)
}

func (s *KeySet) place(x int64) uint64 {
	if s.shift > 0 {
		return vec.HashInt64(x) >> s.shift
	}
	return uint64(x) - uint64(s.lo)
}

// Bytes is the memory of the set.
func (s *KeySet) Bytes() int64 { return int64(len(s.bits)) * 8 }

// Has is false when x was not added.
func (s *KeySet) Has(x int64) bool {
	if x < s.lo || x > s.hi {
		return false
	}
	at := s.place(x)
	return s.bits[at>>6]>>(at&63)&1 != 0
}

// Overlaps is false when no key of the set is in [lo, hi].
func (s *KeySet) Overlaps(lo, hi int64) bool {
	lo, hi = max(lo, s.lo), min(hi, s.hi)
	if lo > hi {
		return false
	}
	if s.shift > 0 {
		return true
	}
	from, to := s.place(lo), s.place(hi)
	for w := from >> 6; w <= to>>6; w++ {
		x := s.bits[w]
		if w == from>>6 {
			x &= ^uint64(0) << (from & 63)
		}
		if w == to>>6 {
			x &= ^uint64(0) >> (63 - to&63)
		}
		if x != 0 {
			return true
		}
	}
	return false
}

// Select appends to dst the rows of v, those of sel or (nil) the first n, whose value may be in the
// set. v is of a type that is stored as 32 or 64 bit integers. NULL is in no set.
func (s *KeySet) Select(v *vec.Vec, n int, sel, dst []int32) []int32 {
	b := v.Base()
	if v.Form != vec.Const && v.Valid == nil && b.Valid == nil {
		var codes []int32
		if v.Form == vec.Dict {
			codes = v.Codes
		}
		if v.Type.Phys() == vec.PhysI32 {
			return selectKeys(s, b.I32, codes, n, sel, dst)
		}
		return selectKeys(s, b.I64, codes, n, sel, dst)
	}
	small := b.Type.Phys() == vec.PhysI32
	one := func(i int) {
		if v.IsNull(i) {
			return
		}
		at := v.Index(i)
		if small && s.Has(int64(b.I32[at])) || !small && s.Has(b.I64[at]) {
			dst = append(dst, int32(i))
		}
	}
	if sel == nil {
		for i := range n {
			one(i)
		}
		return dst
	}
	for _, i := range sel {
		one(int(i))
	}
	return dst
}

// selectKeys is Select for values without NULLs, or for codes of them: by value without a branch that the
// processor could miss.
func selectKeys[T int32 | int64](s *KeySet, vals []T, codes []int32, n int, sel, dst []int32) []int32 {
	start := len(dst)
	if sel == nil {
		dst = append(dst, make([]int32, n)...)
	} else {
		dst = append(dst, sel...)
	}
	if len(s.bits) == 0 {
		return dst[:start]
	}
	k := start
	span, lo, words, shift := uint64(s.hi)-uint64(s.lo), uint64(s.lo), s.bits, s.shift
	for j := range len(dst) - start {
		i := int32(j)
		if sel != nil {
			i = sel[j]
		}
		at := i
		if codes != nil {
			at = codes[i]
		}
		key := int64(vals[at])
		x := uint64(key) - lo
		in := b2u(x <= span)
		if shift > 0 {
			x = vec.HashInt64(key) >> shift
		} else {
			x *= in
		}
		dst[k] = i
		k += int(words[x>>6] >> (x & 63) & in)
	}
	return dst[:k]
}

func b2u(b bool) uint64 {
	var x uint64
	if b {
		x = 1
	}
	return x
}
