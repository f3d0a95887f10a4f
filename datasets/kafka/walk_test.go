package kafka

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// rec is a record to encode; nil keys and values are null.
type rec struct {
	delta      int32
	key, value []byte
	headers    []kmsg.Header
}

// encodeRecords is the payload of a batch, made by the protocol library and not by our code.
func encodeRecords(recs []rec) []byte {
	var out []byte
	for _, r := range recs {
		k := kmsg.Record{TimestampDelta64: int64(r.delta) * 10, OffsetDelta: r.delta, Key: r.key, Value: r.value, Headers: r.headers}
		// The length counts what follows it; with 0 it takes one byte.
		k.Length = int32(len(k.AppendTo(nil)) - 1)
		out = k.AppendTo(out)
	}
	return out
}

func compress(t testing.TB, c codec, xerial bool, raw []byte) []byte {
	t.Helper()
	var buf bytes.Buffer
	switch c {
	case codecNone:
		return raw
	case codecGzip:
		w := gzip.NewWriter(&buf)
		_, err := w.Write(raw)
		check(t, errors.Join(err, w.Close()))
	case codecSnappy:
		if !xerial {
			return s2.EncodeSnappy(nil, raw)
		}
		buf.Write(xerialMagic)
		buf.Write([]byte{0, 0, 0, 1, 0, 0, 0, 1})
		for part := range slices.Chunk(raw, 1000) {
			block := s2.EncodeSnappy(nil, part)
			check(t, binary.Write(&buf, binary.BigEndian, uint32(len(block))))
			buf.Write(block)
		}
	case codecLZ4:
		w := lz4.NewWriter(&buf)
		_, err := w.Write(raw)
		check(t, errors.Join(err, w.Close()))
	case codecZstd:
		w, err := zstd.NewWriter(nil)
		check(t, err)
		return w.EncodeAll(raw, nil)
	}
	return buf.Bytes()
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// encodeBatch makes a batch whose first timestamp is 1000 + base.
func encodeBatch(base int64, attributes uint16, producer int64, payload []byte, count, lastDelta int32) []byte {
	b := kmsg.RecordBatch{
		FirstOffset: base, Magic: 2, Attributes: int16(attributes), LastOffsetDelta: lastDelta,
		FirstTimestamp: 1000 + base, MaxTimestamp: 777, ProducerID: producer, NumRecords: count, Records: payload,
	}
	b.Length = int32(headerSize - lengthOverhead + len(payload))
	raw := b.AppendTo(nil)
	fixCRC(raw)
	return raw
}

func fixCRC(raw []byte) {
	binary.BigEndian.PutUint32(raw[posCRC:], crc32.Checksum(raw[posAttributes:], castagnoli))
}

func simpleBatch(t testing.TB, base int64, n int, attributes uint16, producer int64) []byte {
	recs := make([]rec, n)
	for i := range recs {
		recs[i] = rec{delta: int32(i), key: fmt.Appendf(nil, "k%d", base+int64(i)), value: fmt.Appendf(nil, "value %d", base+int64(i))}
	}
	payload := compress(t, codec(attributes&attrCodec), false, encodeRecords(recs))
	return encodeBatch(base, attributes, producer, payload, int32(n), int32(n-1))
}

func markerBatch(base, producer int64, commit byte) []byte {
	payload := encodeRecords([]rec{{key: []byte{0, 0, 0, commit}, value: make([]byte, 6)}})
	return encodeBatch(base, attrControl|attrTransactional, producer, payload, 1, 0)
}

// walkAll walks a response and returns its offsets, after it has checked the values against them.
func walkAll(t *testing.T, w *Walker) []int64 {
	t.Helper()
	var offsets []int64
	var r Records
	for w.Next(&r) {
		for i, o := range r.Offset {
			if want := fmt.Sprintf("value %d", o); string(r.ValueAt(i)) != want {
				t.Errorf("offset %d: value %q", o, r.ValueAt(i))
			}
			if want := fmt.Sprintf("k%d", o); string(r.KeyAt(i)) != want {
				t.Errorf("offset %d: key %q", o, r.KeyAt(i))
			}
		}
		offsets = append(offsets, r.Offset...)
		if r.Position != w.Position() {
			t.Errorf("position %d of the records, %d of the walker", r.Position, w.Position())
		}
	}
	check(t, w.Err())
	return offsets
}

func wantOffsets(t *testing.T, got []int64, want ...int64) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("offsets %v, want %v", got, want)
	}
}

func TestWalkRecord(t *testing.T) {
	for name, c := range map[string]struct {
		codec  codec
		xerial bool
	}{"none": {}, "gzip": {codec: codecGzip}, "snappy": {codec: codecSnappy}, "xerial": {codecSnappy, true},
		"lz4": {codec: codecLZ4}, "zstd": {codec: codecZstd}} {
		t.Run(name, func(t *testing.T) {
			long := bytes.Repeat([]byte("long "), 5000)
			recs := []rec{
				{delta: 0, key: nil, value: []byte{}},
				{delta: 2, key: []byte{}, value: nil, headers: []kmsg.Header{{Key: "a", Value: []byte("1")}, {Key: "", Value: nil}}},
				{delta: 5, key: []byte("k"), value: long},
			}
			payload := compress(t, c.codec, c.xerial, encodeRecords(recs))
			src := encodeBatch(40, uint16(c.codec), -1, payload, 3, 7)
			src = append(src, encodeBatch(48, uint16(c.codec)|attrAppendTime, -1, payload, 3, 7)...)
			var w Walker
			defer w.Close()
			var r Records
			w.Start(src, false, nil, 40, -1)
			if !w.Next(&r) {
				t.Fatal(w.Err())
			}
			wantOffsets(t, r.Offset, 40, 42, 45, 48, 50, 53)
			wantOffsets(t, r.Timestamp, 1040, 1060, 1090, 777, 777, 777)
			if r.Position != 56 {
				t.Errorf("position %d", r.Position)
			}
			for _, i := range []int{0, 3} {
				if r.KeyAt(i) != nil || r.ValueAt(i) == nil || len(r.ValueAt(i)) != 0 {
					t.Error("null key, empty value")
				}
				if r.KeyAt(i+1) == nil || r.ValueAt(i+1) != nil || !bytes.Equal(r.ValueAt(i+2), long) {
					t.Error("empty key, null value, long value")
				}
				var headers []string
				for k, v := range r.Headers(i + 1) {
					headers = append(headers, fmt.Sprintf("%s=%s/%v", k, v, v == nil))
				}
				if got := strings.Join(headers, " "); got != "a=1/false =/true" {
					t.Errorf("headers %s", got)
				}
				for range r.Headers(i) {
					t.Error("header of a record that has none")
				}
			}
			if w.Next(&r) || w.Err() != nil {
				t.Errorf("after the end: %v", w.Err())
			}
		})
	}
}

func TestWalkRange(t *testing.T) {
	var src []byte
	for base := int64(0); base < 30; base += 10 {
		src = append(src, simpleBatch(t, base, 10, uint16(base/10%2)*uint16(codecZstd), -1)...)
	}
	src = append(src, simpleBatch(t, 30, 10, 0, -1)[:80]...) // cut off, as brokers do
	var w Walker
	defer w.Close()
	w.Start(src, false, nil, 8, 22)
	wantOffsets(t, walkAll(t, &w), 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21)
	if w.Position() != 22 {
		t.Errorf("position %d", w.Position())
	}
	w.Start(src, false, nil, 27, -1)
	wantOffsets(t, walkAll(t, &w), 27, 28, 29)
	if w.Position() != 30 {
		t.Errorf("position %d", w.Position())
	}
	w.Start(src[:40], false, nil, 0, -1)
	wantOffsets(t, walkAll(t, &w))
}

func TestWalkAborted(t *testing.T) {
	const txn = attrTransactional
	var src []byte
	add := func(b []byte) { src = append(src, b...) }
	add(simpleBatch(t, 0, 2, txn, 7))  // aborted
	add(simpleBatch(t, 2, 2, txn, 8))  // committed
	add(simpleBatch(t, 4, 1, 0, -1))   // not transactional
	add(markerBatch(5, 7, 0))          // abort
	add(simpleBatch(t, 6, 1, txn, 7))  // committed
	add(markerBatch(7, 8, 1))          // commit
	add(markerBatch(8, 7, 1))          // commit
	add(simpleBatch(t, 9, 1, txn, 7))  // aborted again
	add(simpleBatch(t, 10, 1, txn, 8)) // committed
	add(markerBatch(11, 7, 0))
	add(markerBatch(12, 8, 1))
	var w Walker
	w.Start(src, true, []Aborted{{7, 9}, {7, 0}}, 0, -1)
	wantOffsets(t, walkAll(t, &w), 2, 3, 4, 6, 10)
	if w.Position() != 13 {
		t.Errorf("position %d", w.Position())
	}
	w.Start(src, false, nil, 0, -1)
	wantOffsets(t, walkAll(t, &w), 0, 1, 2, 3, 4, 6, 9, 10)
}

func TestWalkCorrupt(t *testing.T) {
	good := simpleBatch(t, 0, 3, 0, -1)
	change := func(edit func(b []byte) []byte) []byte { return edit(simpleBatch(t, 100, 3, 0, -1)) }
	for name, c := range map[string]struct {
		raw  []byte
		want string
	}{
		"bit flip":   {change(func(b []byte) []byte { b[70] ^= 1; return b }), "CRC is"},
		"magic":      {change(func(b []byte) []byte { b[posMagic] = 1; return b }), "message format 1"},
		"length":     {change(func(b []byte) []byte { b[posLength+3] = 5; return b }), "length 5"},
		"last delta": {change(func(b []byte) []byte { b[posLastDelta] = 0x80; fixCRC(b); return b }), "last offset delta"},
		"count":      {change(func(b []byte) []byte { b[posCount] = 1; fixCRC(b); return b }), "records in"},
		"one more":   {change(func(b []byte) []byte { b[posCount+3] = 4; fixCRC(b); return b }), "beyond the batch"},
		"record":     {change(func(b []byte) []byte { b[headerSize] += 2; fixCRC(b); return b }), "does not fit"},
		"codec":      {change(func(b []byte) []byte { b[posAttributes+1] = 7; fixCRC(b); return b }), "codec 7: unknown compression"},
		"gzip":       {change(func(b []byte) []byte { b[posAttributes+1] = 1; fixCRC(b); return b }), "gzip"},
		"snappy":     {change(func(b []byte) []byte { b[posAttributes+1] = 2; fixCRC(b); return b }), "snappy"},
		"lz4":        {change(func(b []byte) []byte { b[posAttributes+1] = 3; fixCRC(b); return b }), "lz4"},
		"zstd":       {change(func(b []byte) []byte { b[posAttributes+1] = 4; fixCRC(b); return b }), "magic"},
	} {
		t.Run(name, func(t *testing.T) {
			var w Walker
			defer w.Close()
			w.Start(append(slices.Clone(good), c.raw...), false, nil, 0, -1)
			var r Records
			if !w.Next(&r) || r.Len() != 3 || r.Position != 3 {
				t.Fatalf("good batch before: %d records, %v", r.Len(), w.Err())
			}
			if w.Next(&r) {
				t.Fatalf("%d records of a corrupt batch", r.Len())
			}
			var corrupt *CorruptError
			if !errors.As(w.Err(), &corrupt) || corrupt.Offset != 100 && name != "length" || !strings.Contains(w.Err().Error(), c.want) {
				t.Errorf("error %v, want %s at offset 100", w.Err(), c.want)
			}
		})
	}
}

// FuzzWalk: whatever the bytes, no panic, columns of equal length, and places inside the arena.
func FuzzWalk(f *testing.F) {
	for c := codecNone; c <= codecZstd; c++ {
		f.Add(simpleBatch(f, 3, 4, uint16(c), -1), true)
	}
	f.Add(append(simpleBatch(f, 0, 2, attrTransactional, 7), markerBatch(2, 7, 0)...), true)
	f.Add(encodeBatch(0, 0, -1, encodeRecords([]rec{{headers: []kmsg.Header{{Key: "a"}}}}), 1, 0), false)
	f.Fuzz(func(t *testing.T, src []byte, committed bool) {
		// Valid checksums, or the fuzzer would never get behind them.
		for at := 0; at < len(src); {
			size, _, ok, err := peekBatch(src[at:])
			if err != nil || !ok {
				break
			}
			fixCRC(src[at : at+size])
			at += size
		}
		var w Walker
		defer w.Close()
		w.Start(src, committed, []Aborted{{7, 0}}, 0, 1000)
		var r Records
		for w.Next(&r) {
			n := r.Len()
			if len(r.Timestamp) != n || len(r.Key) != n || len(r.Value) != n || len(r.Header) != n {
				t.Fatal("columns of different length")
			}
			for i := range n {
				r.KeyAt(i)
				r.ValueAt(i)
				for k := range r.Headers(i) {
					_ = k
				}
				if r.Offset[i] < 0 || r.Offset[i] >= 1000 {
					t.Fatalf("offset %d", r.Offset[i])
				}
			}
		}
	})
}

// BenchmarkWalk reports ns a record of 239 bytes, the size of the design's JSON events, in batches
// of 60 as a busy producer makes them.
func BenchmarkWalk(b *testing.B) {
	value := bytes.Repeat([]byte(`{"origin":"SFO","delay":12}`), 9)[:239]
	const perBatch, batches = 60, 70
	for c := codecNone; c <= codecZstd; c++ {
		b.Run(c.String(), func(b *testing.B) {
			recs := make([]rec, perBatch)
			for i := range recs {
				recs[i] = rec{delta: int32(i), value: value}
			}
			payload := compress(b, c, false, encodeRecords(recs))
			var src []byte
			for i := range int64(batches) {
				src = append(src, encodeBatch(i*perBatch, uint16(c), -1, payload, perBatch, perBatch-1)...)
			}
			var w Walker
			defer w.Close()
			var r Records
			n := 0
			b.ReportAllocs()
			for b.Loop() {
				w.Start(src, true, nil, 0, -1)
				for w.Next(&r) {
					n += r.Len()
				}
			}
			if n != b.N*perBatch*batches {
				b.Fatal(n, w.Err())
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/record")
		})
	}
}
