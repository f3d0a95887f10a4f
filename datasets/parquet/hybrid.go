package parquet

import (
	"encoding/binary"

	"github.com/parquet-go/bitpack"

	"github.com/riffle-io/riffle/dataflow/vec"
)

// slack is how many bytes beyond its length every buffer of page data has: the bit unpacker loads
// words that reach past the end.
const slack = 32

// hybrid reads the RLE and bit-packing hybrid: dictionary codes, and values of BOOLEAN columns. It
// stops anywhere, so that a batch needs no buffer between.
type hybrid struct {
	src   []byte // after the present run; has slack
	width uint

	left int   // values left in the run
	rle  bool  // the run repeats val; else it is bit-packed
	val  int32 //
	bits []byte
	at   int // values of bits taken
}

func newHybrid(src []byte, width uint) (hybrid, error) {
	if width > 32 {
		return hybrid{}, corrupt("codes of %d bits", width)
	}
	return hybrid{src: src, width: width}, nil
}

// run starts the next run.
func (h *hybrid) run() error {
	n, k := binary.Uvarint(h.src)
	if k <= 0 || n == 0 || n>>1 > 1<<31 {
		return corrupt("codes end too early")
	}
	h.src = h.src[k:]
	if n&1 == 1 {
		size := int(n>>1) * int(h.width)
		h.left = int(n>>1) * 8
		if size > len(h.src) { // the last run may be cut short after its last value
			size = len(h.src)
			h.left = size * 8 / int(h.width)
		}
		h.rle, h.at, h.bits, h.src = false, 0, h.src[:size], h.src[size:]
		if h.left == 0 {
			return corrupt("codes end too early")
		}
		return nil
	}
	h.left, h.rle, h.val = int(n>>1), true, 0
	bytes := int(h.width+7) / 8
	if bytes > len(h.src) || h.left == 0 {
		return corrupt("codes end too early")
	}
	for i := 0; i < bytes; i++ {
		h.val |= int32(h.src[i]) << (8 * i)
	}
	h.src = h.src[bytes:]
	return nil
}

// read fills dst.
func (h *hybrid) read(dst []int32) error {
	for len(dst) > 0 {
		if h.left == 0 {
			if err := h.run(); err != nil {
				return err
			}
		}
		n := min(h.left, len(dst))
		if h.rle {
			fill(dst[:n], h.val)
		} else {
			n = h.unpack(dst[:n])
		}
		h.left -= n
		dst = dst[n:]
	}
	return nil
}

func fill(dst []int32, v int32) {
	for i := range dst {
		dst[i] = v
	}
}

// unpack takes values of the bit-packed run and gives their number, at least one.
func (h *hybrid) unpack(dst []int32) int {
	if h.at&7 != 0 || len(dst) < 8 {
		n := min(len(dst), 8-h.at&7)
		mask := uint64(1)<<h.width - 1
		for i := range dst[:n] {
			bit := uint(h.at+i) * h.width
			p := int(bit >> 3)
			w := binary.LittleEndian.Uint64(h.bits[p : p+8])
			dst[i] = int32(w >> (bit & 7) & mask)
		}
		h.at += n
		return n
	}
	n := len(dst) &^ 7
	if h.width == 0 {
		fill(dst[:n], 0)
	} else {
		bitpack.Unpack(dst[:n], h.bits[h.at/8*int(h.width):], h.width)
	}
	h.at += n
	return n
}

// covers starts a run when none is open, and tells whether the next n values are in one that is
// bit-packed.
func (h *hybrid) covers(n int) bool {
	if old := *h; h.left == 0 && h.run() != nil {
		*h = old // read will say the same
		return false
	}
	return !h.rle && h.left >= n && h.width > 0
}

// readSome reads values sel[i]-at of the next len(dst), which the run covers, to their places. It
// is false when one of them is not in [0, size).
func (h *hybrid) readSome(dst, sel []int32, at, size int) bool {
	mask := uint64(1)<<h.width - 1
	var bad int64
	for _, i := range sel {
		k := int(i) - at
		bit := uint(h.at+k) * h.width
		p := int(bit >> 3)
		w := binary.LittleEndian.Uint64(h.bits[p:p+8]) >> (bit & 7) & mask
		bad |= int64(size-1) - int64(w)
		dst[k] = int32(w)
	}
	h.at, h.left = h.at+len(dst), h.left-len(dst)
	return bad >= 0
}

func (h *hybrid) skip(n int) error {
	for n > 0 {
		if h.left == 0 {
			if err := h.run(); err != nil {
				return err
			}
		}
		k := min(h.left, n)
		h.left -= k
		h.at += k
		n -= k
	}
	return nil
}

// checkCodes tells whether all codes are in [0, n).
func checkCodes(codes []int32, n int) bool {
	last := int32(n - 1)
	var bad, bad2 int32 // negative when a code is
	i := 0
	for ; i+4 <= len(codes); i += 4 {
		c := codes[i : i+4 : i+4]
		bad |= (last - c[0]) | c[0] | (last - c[1]) | c[1]
		bad2 |= (last - c[2]) | c[2] | (last - c[3]) | c[3]
	}
	for _, c := range codes[i:] {
		bad |= (last - c) | c
	}
	return bad|bad2 >= 0
}

// readLevels reads the definition levels 0 and 1 of n rows. nulls is the number of zeros; valid
// reuses buf and is nil when there are none.
func readLevels(src []byte, n int, buf vec.Bitmap) (valid vec.Bitmap, nulls int, err error) {
	if head, k := binary.Uvarint(src); k > 0 && head&1 == 0 && int(head>>1) >= n && len(src) > k && src[k] == 1 {
		return nil, 0, nil // one run of ones
	}
	words := (n + 63) / 64
	if cap(buf) < words+1 {
		buf = make(vec.Bitmap, words+1, 2*words+1)
	}
	buf = buf[:words+1]
	clear(buf)
	for at := 0; at < n; {
		head, k := binary.Uvarint(src)
		if k <= 0 || head>>1 == 0 || head>>1 > 1<<31 {
			return nil, 0, corrupt("definition levels end too early")
		}
		src = src[k:]
		if head&1 == 0 {
			if len(src) == 0 || src[0] > 1 {
				return nil, 0, corrupt("bad definition level")
			}
			run := min(int(head>>1), n-at)
			if src[0] == 1 {
				setBits(buf, at, run)
			}
			at, src = at+run, src[1:]
			continue
		}
		groups := min(int(head>>1), len(src), (n-at+7)/8)
		if groups == 0 {
			return nil, 0, corrupt("definition levels end too early")
		}
		for i, b := range src[:groups] {
			p := at + 8*i
			buf[p>>6] |= uint64(b) << (p & 63)
			if p&63 > 56 {
				buf[p>>6+1] |= uint64(b) >> (64 - p&63)
			}
		}
		at += 8 * groups
		src = src[min(int(head>>1), len(src)):]
	}
	if r := n & 63; r != 0 {
		buf[words-1] &= 1<<r - 1
	}
	buf = buf[:words]
	if nulls = buf.CountNulls(n); nulls == 0 {
		return nil, 0, nil
	}
	return buf, nulls, nil
}

// setBits sets n bits from at.
func setBits(b vec.Bitmap, at, n int) {
	for n > 0 {
		off := at & 63
		k := min(64-off, n)
		b[at>>6] |= ^uint64(0) >> (64 - k) << off
		at, n = at+k, n-k
	}
}

// copyBits writes n bits of src from bit off to bit at of dst.
func copyBits(dst vec.Bitmap, at int, src vec.Bitmap, off, n int) {
	for n > 0 {
		d, s := at&63, off&63
		k := min(64-d, 64-s, n)
		mask := ^uint64(0) >> (64 - k)
		dst[at>>6] = dst[at>>6]&^(mask<<d) | src[off>>6]>>s&mask<<d
		at, off, n = at+k, off+k, n-k
	}
}
