package kafka

import "encoding/binary"

// Span is a place in a Records arena. Len < 0 means null.
type Span struct{ Off, Len int32 }

// null is the span of an absent key or value.
var null = Span{Len: -1}

// IsNull reports whether the key or value is absent.
func (s Span) IsNull() bool { return s.Len < 0 }

// Records holds records of one partition as columns of equal length; row i of each is one record.
// The zero value is ready, and meant to be reused: every PartitionReader.Next overwrites it.
//
// Keys, values and headers are places in one contiguous arena, so that a decoder can run over all
// values without a slice per record. The arena is either the fetch response itself or a buffer of
// the Records; both may be overwritten by the next call to Next.
type Records struct {
	Offset    []int64
	Timestamp []int64 // ms since the Unix epoch; create or append time, as the topic is set up
	Key       []Span
	Value     []Span
	Header    []Span // encoded headers, see Headers; Len 0 when there are none
	Data      []byte // the arena

	// Position is the offset from which the next read goes on. It also grows past what is no
	// record: control batches, aborted transactions, compaction gaps.
	Position int64
	// HighWatermark is the end of the partition, and StableOffset the end of what is decided
	// (no open transaction below it), both as of the fetch these records came with.
	HighWatermark, StableOffset int64
	// Topic tells which topic of the name they are of, "" when the broker does not say.
	Topic string

	buf []byte // arena for decompressed batches, reused
}

// Len is the number of records.
func (r *Records) Len() int { return len(r.Offset) }

// KeyAt returns the key of record i, nil when it is null. It is a slice of the arena.
func (r *Records) KeyAt(i int) []byte { return r.at(r.Key[i]) }

// ValueAt returns the value of record i, nil when it is null. It is a slice of the arena.
func (r *Records) ValueAt(i int) []byte { return r.at(r.Value[i]) }

func (r *Records) at(s Span) []byte {
	if s.Len < 0 {
		return nil
	}
	return r.Data[s.Off : s.Off+s.Len : s.Off+s.Len]
}

// Headers calls yield for each header of record i, in order, with slices of the arena; a null value
// is nil. Use it as `for key, value := range records.Headers(i)`.
func (r *Records) Headers(i int) func(yield func(key, value []byte) bool) {
	return func(yield func(key, value []byte) bool) {
		c := cursor{b: r.at(r.Header[i])}
		if len(c.b) == 0 {
			return
		}
		for n := c.varint(); n > 0; n-- {
			key := c.bytes()
			value := c.bytes()
			if c.bad || !yield(key, value) {
				return
			}
		}
	}
}

// reset empties the columns and keeps their memory.
func (r *Records) reset() {
	r.Offset, r.Timestamp = r.Offset[:0], r.Timestamp[:0]
	r.Key, r.Value, r.Header = r.Key[:0], r.Value[:0], r.Header[:0]
	r.Data, r.buf = nil, r.buf[:0]
}

// cursor reads the protocol's zigzag varints from a byte slice. After bad input bad is set and
// every further read gives zero.
type cursor struct {
	b   []byte
	at  int
	bad bool
}

// varint reads one zigzag varint. The loop's first byte decides most of them.
func (c *cursor) varint() int64 {
	if c.at < len(c.b) {
		if first := c.b[c.at]; first < 0x80 {
			c.at++
			return int64(first>>1) ^ -int64(first&1)
		}
	}
	return c.longVarint()
}

func (c *cursor) longVarint() int64 {
	if c.at > len(c.b) {
		c.bad = true
		return 0
	}
	if c.at+1 < len(c.b) && c.b[c.at+1] < 0x80 { // two bytes: lengths up to 8 KiB
		u := uint64(c.b[c.at]&0x7f) | uint64(c.b[c.at+1])<<7
		c.at += 2
		return int64(u>>1) ^ -int64(u&1)
	}
	v, n := binary.Varint(c.b[c.at:])
	if n <= 0 {
		c.bad, c.at = true, len(c.b)
		return 0
	}
	c.at += n
	return v
}

// span reads a length and skips that many bytes, relative to the start of the slice. A negative
// length is null.
func (c *cursor) span() Span {
	n := c.varint()
	if n < 0 {
		return null
	}
	if n > int64(len(c.b)-c.at) {
		c.bad, c.at = true, len(c.b)
		return null
	}
	s := Span{Off: int32(c.at), Len: int32(n)}
	c.at += int(n)
	return s
}

func (c *cursor) bytes() []byte {
	s := c.span()
	if s.Len < 0 {
		return nil
	}
	return c.b[s.Off : s.Off+s.Len : s.Off+s.Len]
}
