package kafka

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

// The header of a record batch, version 2: byte positions of its big-endian fields.
const (
	posBaseOffset  = 0
	posLength      = 8 // of what follows this field
	posMagic       = 16
	posCRC         = 17
	posAttributes  = 21 // from here on the CRC counts
	posLastDelta   = 23
	posFirstTime   = 27
	posMaxTime     = 35
	posProducer    = 43
	posCount       = 57
	headerSize     = 61
	lengthOverhead = 12 // bytes before what the length field counts
)

// Bits of the attributes.
const (
	attrCodec         = 0x07
	attrAppendTime    = 0x08 // all records have the batch's maximal timestamp
	attrTransactional = 0x10
	attrControl       = 0x20
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// CorruptError says that bytes of a partition are not what was written, or not of a kind that can
// be read.
type CorruptError struct {
	Topic     string
	Partition int32
	Offset    int64 // first offset of the batch
	Reason    string
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("topic %s partition %d offset %d: corrupt record batch: %s", e.Topic, e.Partition, e.Offset, e.Reason)
}

// batch is one record batch of a fetch response; raw is the batch whole.
type batch struct {
	raw        []byte
	base, last int64 // first and last offset; records between may be missing
	attributes uint16
	firstTime  int64 // ms; the records' deltas count from it
	maxTime    int64
	producer   int64
	count      int32 // records in it
}

func (b *batch) codec() codec        { return codec(b.attributes & attrCodec) }
func (b *batch) is(attr uint16) bool { return b.attributes&attr != 0 }
func (b *batch) payload() []byte     { return b.raw[headerSize:] }

// peekBatch returns the extent and the last offset of the first batch of src. ok is false when src
// ends inside it, as the last batch of a fetch response may.
func peekBatch(src []byte) (size int, last int64, ok bool, err error) {
	if len(src) < posMagic+1 {
		return 0, 0, false, nil
	}
	base := int64(binary.BigEndian.Uint64(src[posBaseOffset:]))
	length := int64(int32(binary.BigEndian.Uint32(src[posLength:])))
	if magic := src[posMagic]; magic != 2 {
		return 0, 0, false, &CorruptError{Offset: base,
			Reason: fmt.Sprintf("message format %d, only 2 (Kafka 0.11 and later) can be read", magic)}
	}
	if length < headerSize-lengthOverhead {
		return 0, 0, false, &CorruptError{Offset: base, Reason: fmt.Sprintf("length %d is less than a header", length)}
	}
	if int64(len(src)) < length+lengthOverhead {
		return 0, 0, false, nil
	}
	delta := int32(binary.BigEndian.Uint32(src[posLastDelta:]))
	last = base + int64(delta)
	if delta < 0 || base < 0 || last < base {
		return 0, 0, false, &CorruptError{Offset: base, Reason: fmt.Sprintf("last offset delta %d", delta)}
	}
	return int(length) + lengthOverhead, last, true, nil
}

// readBatch checks and decodes the header of the first batch of src. ok is as in peekBatch.
func readBatch(src []byte) (b batch, ok bool, err error) {
	size, last, ok, err := peekBatch(src)
	if err != nil || !ok {
		return batch{}, false, err
	}
	raw := src[:size:size]
	b = batch{
		raw:        raw,
		base:       int64(binary.BigEndian.Uint64(raw[posBaseOffset:])),
		last:       last,
		attributes: binary.BigEndian.Uint16(raw[posAttributes:]),
		firstTime:  int64(binary.BigEndian.Uint64(raw[posFirstTime:])),
		maxTime:    int64(binary.BigEndian.Uint64(raw[posMaxTime:])),
		producer:   int64(binary.BigEndian.Uint64(raw[posProducer:])),
		count:      int32(binary.BigEndian.Uint32(raw[posCount:])),
	}
	want := binary.BigEndian.Uint32(raw[posCRC:])
	if got := crc32.Checksum(raw[posAttributes:], castagnoli); got != want {
		return batch{}, false, &CorruptError{Offset: b.base, Reason: fmt.Sprintf("CRC is %08x, the header says %08x", got, want)}
	}
	if b.count < 0 {
		return batch{}, false, &CorruptError{Offset: b.base, Reason: fmt.Sprintf("%d records", b.count)}
	}
	return b, true, nil
}
