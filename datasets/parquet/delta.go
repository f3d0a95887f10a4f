package parquet

import (
	"encoding/binary"
	"math"
)

// The DELTA_* encodings and BYTE_STREAM_SPLIT are turned into what PLAIN would have been when a
// page is loaded, so that the rest of the reader knows one form.

// deltaInts reads DELTA_BINARY_PACKED: n values, appended to dst[:0]. rest is what follows.
func deltaInts(dst []int64, src []byte, n int) (out []int64, rest []byte, err error) {
	bad := func() ([]int64, []byte, error) { return nil, nil, corrupt("bad DELTA_BINARY_PACKED header") }
	var head [3]uint64
	for i := range head {
		v, k := binary.Uvarint(src)
		if k <= 0 {
			return bad()
		}
		head[i], src = v, src[k:]
	}
	u, k := binary.Uvarint(src)
	block, minis, total := head[0], head[1], head[2]
	if k <= 0 || block == 0 || block > 1<<20 || minis == 0 || block%minis != 0 || block/minis%8 != 0 {
		return bad()
	}
	if total != uint64(n) {
		return nil, nil, corrupt("%d values, %d are wanted", total, n)
	}
	src = src[k:]
	dst = dst[:0]
	if n == 0 {
		return dst, src, nil
	}
	last := unzigzag(u)
	dst = append(dst, last)
	mini := int(block / minis)
	for len(dst) < n {
		u, k := binary.Uvarint(src)
		if k <= 0 || len(src)-k < int(minis) {
			return nil, nil, corrupt("deltas end too early")
		}
		low, widths := unzigzag(u), src[k:k+int(minis)]
		src = src[k+int(minis):]
		for _, w := range widths {
			if len(dst) == n {
				break // mini blocks without values take no bytes
			}
			size := mini / 8 * int(w)
			if w > 64 || size > len(src) {
				return nil, nil, corrupt("deltas end too early")
			}
			for i := 0; i < mini && len(dst) < n; i++ {
				last += low + int64(bitsAt(src[:size], i*int(w), uint(w)))
				dst = append(dst, last)
			}
			src = src[size:]
		}
	}
	return dst, src, nil
}

func unzigzag(u uint64) int64 { return int64(u>>1) ^ -int64(u&1) }

// bitsAt reads w bits from bit p, low bits first.
func bitsAt(b []byte, p int, w uint) uint64 {
	if w == 0 {
		return 0
	}
	i, off := p>>3, uint(p&7)
	if i+9 <= len(b) {
		v := binary.LittleEndian.Uint64(b[i:]) >> off
		if off > 0 {
			v |= uint64(b[i+8]) << (64 - off)
		}
		return v & (^uint64(0) >> (64 - w))
	}
	var v uint64
	for k := uint(0); k < off+w; k += 8 {
		x := uint64(b[i])
		if k >= off {
			v |= x << (k - off)
		} else {
			v |= x >> (off - k)
		}
		i++
	}
	return v & (^uint64(0) >> (64 - w))
}

// texts is the values of a page of strings that are not stored one after the other.
type texts struct {
	off  []int32 // of the values, one more than there are
	data []byte
	lens []int64
	pre  []int64
}

// lengths reads DELTA_LENGTH_BYTE_ARRAY. The bytes stay where they are.
func (t *texts) lengths(src []byte, n int) (err error) {
	if t.lens, src, err = deltaInts(t.lens, src, n); err != nil {
		return err
	}
	t.off, t.data = append(t.off[:0], 0), src
	at := int64(0)
	for _, l := range t.lens {
		if at += l; l < 0 || at > int64(len(src)) {
			return corrupt("text is longer than its page")
		}
		t.off = append(t.off, int32(at))
	}
	return nil
}

// prefixes reads DELTA_BYTE_ARRAY: each value is a prefix of the one before and a suffix.
func (t *texts) prefixes(src []byte, n int) (err error) {
	if t.pre, src, err = deltaInts(t.pre, src, n); err != nil {
		return err
	}
	if t.lens, src, err = deltaInts(t.lens, src, n); err != nil {
		return err
	}
	off, data := append(t.off[:0], 0), make([]byte, 0, 2*len(src))
	last := 0
	for i, l := range t.lens {
		p := t.pre[i]
		if l < 0 || l > int64(len(src)) || p < 0 || p > int64(len(data)-last) || int64(len(data))+p+l > math.MaxInt32 {
			return corrupt("text is longer than its page")
		}
		start := len(data)
		data = append(data, data[last:last+int(p)]...)
		data = append(data, src[:l]...)
		src, last = src[l:], start
		off = append(off, int32(len(data)))
	}
	t.off, t.data = off, data
	return nil
}

// joinStreams undoes BYTE_STREAM_SPLIT: byte k of value i is src[k*n+i].
func joinStreams(dst, src []byte, n, width int) {
	for k := 0; k < width; k++ {
		for i, b := range src[k*n : (k+1)*n] {
			dst[i*width+k] = b
		}
	}
}
