package kafka

import (
	"fmt"
	"math"
	"slices"
)

// arenaTarget is how many arena bytes a Walker fills before it hands over: enough to make the call
// cheap, little enough for decompressed batches to stay in the last-level cache.
const arenaTarget = 4 << 20

// Aborted is an aborted transaction as a fetch response names it: of this producer, the records
// from FirstOffset to its next abort marker do not count.
type Aborted struct{ Producer, FirstOffset int64 }

// Walker turns the raw record batches of fetch responses into Records. It keeps the state of the
// codecs; one Walker serves one partition, from one goroutine. The zero value is ready.
//
//	w.Start(batches, aborted, from, until)
//	for w.Next(&records) { … } // then w.Err()
type Walker struct {
	src      []byte
	position int64
	until    int64
	err      error

	committed bool           // leave out aborted transactions
	pending   []Aborted      // not yet begun, by FirstOffset
	open      map[int64]bool // producers inside an aborted transaction
	codecs    decompressor
}

// Start takes a response's batches, which a partial one may follow. Records below from, and those
// at or above until, are left out; until < 0 is no limit. With committed, so are the transactions
// in aborted, which is copied. batches is borrowed as long as the Records of this walk are in use:
// uncompressed records point into it.
func (w *Walker) Start(batches []byte, committed bool, aborted []Aborted, from, until int64) {
	if until < 0 {
		until = math.MaxInt64
	}
	w.src, w.position, w.until, w.err = batches, from, until, nil
	w.committed = committed
	w.pending = append(w.pending[:0], aborted...)
	slices.SortFunc(w.pending, func(a, b Aborted) int {
		switch {
		case a.FirstOffset < b.FirstOffset:
			return -1
		case a.FirstOffset > b.FirstOffset:
			return 1
		}
		return 0
	})
	clear(w.open)
}

// Position is the offset behind the batches walked so far.
func (w *Walker) Position() int64 { return w.position }

// Err is what stopped the walk early: nil, or a *CorruptError without topic and partition.
func (w *Walker) Err() error { return w.err }

// Close frees what the codecs hold. The Walker may be started again.
func (w *Walker) Close() {
	w.codecs.close()
	w.codecs = decompressor{}
}

// Next fills r with the records of the next batches, and sets r.Position behind them. It returns
// false when the response has no more whole batch, when until is reached, or on an error; r then
// has no records. It may return true with no records but a new position.
func (w *Walker) Next(r *Records) bool {
	r.reset()
	before := w.position
	for w.err == nil && w.position < w.until {
		b, ok, err := readBatch(w.src)
		if err != nil || !ok {
			w.err = err
			break
		}
		compressed := b.codec() != codecNone
		if r.Len() > 0 && (compressed != (len(r.buf) > 0) || len(r.buf) > arenaTarget) {
			break // one arena a call, and not too large a one
		}
		if err := w.batch(&b, r); err != nil {
			w.err = err
			break
		}
		w.src = w.src[len(b.raw):]
		w.position = min(max(w.position, b.last+1), w.until)
	}
	r.Position = w.position
	return w.position > before && (w.err == nil || r.Len() > 0)
}

// batch appends the records of one batch, or takes note of a control batch.
func (w *Walker) batch(b *batch, r *Records) error {
	if w.committed {
		w.begin(b.last)
		if b.is(attrControl) {
			return w.control(b)
		}
		if b.is(attrTransactional) && w.open[b.producer] {
			return nil
		}
	}
	if b.is(attrControl) || b.last < w.position {
		return nil
	}
	payload, err := w.payload(b, r)
	if err != nil {
		return &CorruptError{Offset: b.base, Reason: fmt.Sprintf("decompress %s: %v", b.codec(), err)}
	}
	return w.records(b, r, payload)
}

// payload makes the batch's records part of r.Data and returns where they start.
func (w *Walker) payload(b *batch, r *Records) (start int, err error) {
	if b.codec() == codecNone {
		if r.Len() == 0 {
			r.Data = w.src
		}
		// With rows in r they came from w.src too, and both end at the same byte.
		return len(r.Data) - len(w.src) + headerSize, nil
	}
	start = len(r.buf)
	r.buf, err = w.codecs.append(r.buf, b.codec(), b.payload())
	if err != nil {
		r.buf = r.buf[:start]
		return 0, err
	}
	r.Data = r.buf
	return start, nil
}

// records appends the columns for the batch's records, which start at r.Data[start].
func (w *Walker) records(b *batch, r *Records, start int) error {
	end := len(r.Data)
	if b.codec() == codecNone {
		end = start + len(b.raw) - headerSize
	}
	if end > math.MaxInt32 {
		return &CorruptError{Offset: b.base, Reason: "fetch response exceeds 2 GiB"}
	}
	if int(b.count) > (end-start)/minRecord {
		return &CorruptError{Offset: b.base, Reason: fmt.Sprintf("%d records in %d bytes", b.count, end-start)}
	}
	rows := r.Len()
	c := cursor{b: r.Data[:end], at: start}
	for range b.count {
		length := c.varint()
		if c.bad || length < 0 || length > int64(end-c.at) {
			r.truncate(rows)
			return &CorruptError{Offset: b.base, Reason: "record length beyond the batch"}
		}
		next := c.at + int(length)
		if !w.record(b, r, &c, next) {
			r.truncate(rows)
			return &CorruptError{Offset: b.base, Reason: "record does not fit its length"}
		}
	}
	return nil
}

// minRecord is the size of the smallest record: length, attributes, two deltas, two lengths and
// the number of headers take a byte each.
const minRecord = 7

// record appends one record that must end at next. It reports false when it does not.
func (w *Walker) record(b *batch, r *Records, c *cursor, next int) bool {
	c.at++ // attributes, of which none is in use
	timeDelta := c.varint()
	offset := b.base + c.varint()
	key := c.span()
	value := c.span()
	headers := Span{Off: int32(c.at)}
	if count := c.varint(); count != 0 {
		if count < 0 || count > int64(next-c.at) {
			return false
		}
		for range count {
			if key := c.span(); key.IsNull() {
				return false
			}
			c.span()
		}
		headers.Len = int32(c.at) - headers.Off
	}
	if c.bad || c.at != next || offset < b.base || offset > b.last {
		return false
	}
	if offset < w.position || offset >= w.until {
		return true
	}
	timestamp := b.firstTime + timeDelta
	if b.is(attrAppendTime) {
		timestamp = b.maxTime
	}
	r.Offset = append(r.Offset, offset)
	r.Timestamp = append(r.Timestamp, timestamp)
	r.Key = append(r.Key, key)
	r.Value = append(r.Value, value)
	r.Header = append(r.Header, headers)
	return true
}

// truncate drops the rows from n on.
func (r *Records) truncate(n int) {
	r.Offset, r.Timestamp = r.Offset[:n], r.Timestamp[:n]
	r.Key, r.Value, r.Header = r.Key[:n], r.Value[:n], r.Header[:n]
}

// begin opens the aborted transactions that start at or below offset last.
func (w *Walker) begin(last int64) {
	for len(w.pending) > 0 && w.pending[0].FirstOffset <= last {
		if w.open == nil {
			w.open = map[int64]bool{}
		}
		w.open[w.pending[0].Producer] = true
		w.pending = w.pending[1:]
	}
}

// control ends the producer's aborted transaction at an abort marker. The key of the one record of
// a control batch is a version and a type, 16 bits each; type 0 is abort.
func (w *Walker) control(b *batch) error {
	if b.codec() != codecNone {
		return &CorruptError{Offset: b.base, Reason: "control batch is compressed"}
	}
	c := cursor{b: b.payload()}
	c.varint() // length
	c.at++     // attributes
	c.varint() // timestamp
	c.varint() // offset
	key := c.bytes()
	if c.bad || len(key) < 4 {
		return &CorruptError{Offset: b.base, Reason: "control record without a type"}
	}
	if key[2] == 0 && key[3] == 0 {
		delete(w.open, b.producer)
	}
	return nil
}
