package vec

import "math/bits"

// Bitmap is a validity bitmap: bit i of word i/64 is 1 when row i is not null. A nil Bitmap means
// that no row is null.
type Bitmap []uint64

// NewBitmap has n rows, all valid.
func NewBitmap(n int) Bitmap {
	b := make(Bitmap, (n+63)/64)
	for i := range b {
		b[i] = ^uint64(0)
	}
	return b
}

// Get is false when row i is null.
func (b Bitmap) Get(i int) bool { return b == nil || b[i>>6]>>(uint(i)&63)&1 != 0 }

// Set makes row i valid. b must not be nil.
func (b Bitmap) Set(i int) { b[i>>6] |= 1 << (uint(i) & 63) }

// Clear makes row i null. b must not be nil.
func (b Bitmap) Clear(i int) { b[i>>6] &^= 1 << (uint(i) & 63) }

// CountNulls counts the null rows among the first n.
func (b Bitmap) CountNulls(n int) int {
	if b == nil {
		return 0
	}
	ones := 0
	for i := 0; i < n>>6; i++ {
		ones += bits.OnesCount64(b[i])
	}
	if r := uint(n) & 63; r != 0 {
		ones += bits.OnesCount64(b[n>>6] & (1<<r - 1))
	}
	return n - ones
}

// grow makes room for n rows and keeps the first old ones; new rows are valid.
func (b Bitmap) grow(old, n int) Bitmap {
	words := (n + 63) / 64
	for len(b) < words {
		b = append(b, ^uint64(0))
	}
	b = b[:words]
	if r := uint(old) & 63; r != 0 && old>>6 < words {
		b[old>>6] |= ^uint64(0) << r
	}
	for i := (old + 63) / 64; i < words; i++ {
		b[i] = ^uint64(0)
	}
	return b
}

// AndInto stores in dst the rows valid in both a and b, for n rows, and returns it. It returns nil
// when both are nil. dst may be a or b, or be reused from an earlier call.
func AndInto(dst, a, b Bitmap, n int) Bitmap {
	if a == nil && b == nil {
		return nil
	}
	w := (n + 63) / 64
	if cap(dst) < w {
		dst = make(Bitmap, w)
	}
	dst = dst[:w]
	switch {
	case a == nil:
		copy(dst, b[:w])
	case b == nil:
		copy(dst, a[:w])
	default:
		for i := range dst {
			dst[i] = a[i] & b[i]
		}
	}
	return dst
}
