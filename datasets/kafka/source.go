package kafka

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/vec"
	rjson "github.com/riffle-io/riffle/datasets/json"
)

var errEOF = io.EOF

// source reads the columns of one scan of a topic: a split a partition.
type source struct {
	t       *Table
	schema  *vec.Schema
	value   *vec.Schema // the columns that are decoded from values
	valueAt []int       // their places in schema
	meta    []metaCol
	admin   *Admin // of Publish; nil before the first
}

type metaCol struct {
	at  int
	key string
	t   vec.Type
}

func (s *source) Schema() *vec.Schema { return s.schema }
func (s *source) Unbounded() bool     { return s.t.Unbounded() }

// Splits asks the brokers what the range means now. Times of records are unknown before they are
// read, so that the watermark waits for every partition.
func (s *source) Splits(ctx context.Context) ([]dataflow.Split, error) {
	o := s.t.o
	admin, err := OpenAdmin(o.Config)
	if err != nil {
		return nil, err
	}
	defer admin.Close()
	r := o.Range
	if o.UntilEnd && !r.Bounded {
		r.Bounded, r.To = true, Point{Kind: PointEnd}
	}
	extents, err := admin.Resolve(ctx, o.Topic, r, true)
	if err != nil {
		return nil, err
	}
	var out []dataflow.Split
	for _, e := range extents {
		rows := int64(-1)
		if e.End != NoEnd {
			rows = e.End - e.Start
		}
		out = append(out, dataflow.Split{ID: fmt.Sprintf("%s/%d", o.Topic, e.Partition), MinTime: dataflow.MinTime, Rows: rows, Data: e})
	}
	return out, nil
}

// publishFor is how long a group's offsets may take to be committed: a checkpoint waits for it.
const publishFor = 5 * time.Second

// Publish commits positions as the offsets of the table's group, for those who watch its lag. It is called
// by one goroutine at a time, and not after Close.
func (s *source) Publish(ctx context.Context, positions map[string][]byte) error {
	o := s.t.o
	if o.Group == "" || len(positions) == 0 {
		return nil
	}
	offsets := Offsets{}
	for id, pos := range positions {
		p, err := parsePosition(pos, id)
		if err != nil {
			return err
		}
		partition, err := strconv.ParseInt(strings.TrimPrefix(id, o.Topic+"/"), 10, 32)
		if err != nil {
			return fmt.Errorf("split %q of topic %s: %w", id, o.Topic, err)
		}
		offsets[TopicPartition{o.Topic, int32(partition)}] = p.Offset
	}
	ctx, cancel := context.WithTimeout(ctx, publishFor)
	defer cancel()
	if s.admin == nil {
		admin, err := OpenAdmin(o.Config)
		if err != nil {
			return err
		}
		s.admin = admin
	}
	return s.admin.CommitGroup(ctx, o.Group, offsets)
}

// Close ends the connections of Publish.
func (s *source) Close() error {
	if s.admin != nil {
		s.admin.Close()
		s.admin = nil
	}
	return nil
}

func parsePosition(pos []byte, split string) (p position, err error) {
	if err := json.Unmarshal(pos, &p); err != nil {
		return p, fmt.Errorf("position %q of %s: %w", pos, split, err)
	}
	return p, nil
}

// position is where a reader goes on.
type position struct {
	Offset int64  `json:"offset"`
	Topic  string `json:"topic,omitempty"` // which topic of the name, see identity
}

func (s *source) Open(ctx context.Context, sp dataflow.Split, pos []byte, wake func()) (dataflow.Reader, error) {
	e := sp.Data.(Extent)
	var at position
	if pos != nil {
		var err error
		if at, err = parsePosition(pos, sp.ID); err != nil {
			return nil, err
		}
		e.Start = at.Offset
	}
	if wake == nil {
		wake = func() {}
	}
	o := s.t.o
	pr, err := OpenPartition(ReaderOptions{Config: o.Config, Topic: o.Topic, Partition: e.Partition, Start: e.Start, End: e.End, Is: at.Topic, ReadCommitted: true, RetryFor: o.RetryFor})
	if err != nil {
		return nil, err
	}
	r := &reader{s: s, partition: e.Partition, next: e.Start, full: make(chan delivery, 1), free: make(chan *Records, 2), wait: !s.Unbounded()}
	r.topic.Store(&at.Topic)
	r.free <- new(Records)
	r.free <- new(Records)
	r.b = vec.NewBatch(s.schema.Types())
	r.dec = rjson.NewDecoder(s.value)
	for _, c := range s.valueAt {
		r.cols = append(r.cols, r.b.Cols[c])
	}
	ctx, r.cancel = context.WithCancel(ctx)
	r.done = make(chan struct{})
	r.ctx = ctx
	go r.pump(ctx, pr, wake)
	return r, nil
}

// reader decodes the records of one partition. A goroutine fetches into two sets of records in
// turn, so that decoding does not wait for the network.
type reader struct {
	s         *source
	partition int32
	next      int64 // offset behind the rows returned so far
	full      chan delivery
	free      chan *Records
	cur       *Records
	at        int // next record of cur
	dec       *rjson.Decoder
	b         *vec.Batch
	cols      []*vec.Vec // of b, those that the decoder fills
	onBad     func(dataflow.BadRow) error
	wait      bool // Next blocks until there are rows
	ctx       context.Context
	cancel    context.CancelFunc
	done      chan struct{}
	err       error
	rows      []int        // records of cur that became rows of b
	high      atomic.Int64 // end of what a committed reader may see; 0: not known yet
	topic     atomic.Pointer[string]
}

type delivery struct {
	recs *Records
	err  error
}

func (r *reader) pump(ctx context.Context, pr *PartitionReader, wake func()) {
	defer close(r.done)
	defer pr.Close()
	for {
		var recs *Records
		select {
		case recs = <-r.free:
		case <-ctx.Done():
			return
		}
		err := pr.Next(ctx, recs)
		r.high.Store(recs.StableOffset)
		if topic := recs.Topic; topic != "" && topic != *r.topic.Load() {
			r.topic.Store(&topic)
		}
		if err == nil && recs.Len() == 0 {
			r.free <- recs
			continue
		}
		select {
		case r.full <- delivery{recs, err}:
			wake()
		case <-ctx.Done():
			return
		}
		if err != nil {
			return
		}
	}
}

// Lag is how many records are between the reader and the end of its partition; -1 before the first
// answer of a broker.
func (r *reader) Lag() int64 {
	high := r.high.Load()
	if high == 0 {
		return -1
	}
	return max(0, high-r.next)
}

// OnBad makes records that cannot be decoded rows of a side output.
func (r *reader) OnBad(fn func(dataflow.BadRow) error) { r.onBad = fn }

func (r *reader) Next() (*vec.Batch, error) {
	for {
		if err := r.load(); err != nil {
			return nil, err
		}
		if err := r.decode(); err != nil {
			return nil, err
		}
		if r.b.N > 0 {
			return r.b, nil
		}
	}
}

// load makes sure that there are records to decode.
func (r *reader) load() error {
	for r.cur == nil || r.at == r.cur.Len() {
		if r.cur != nil {
			r.free <- r.cur
			r.cur = nil
		}
		if r.err != nil {
			return r.err
		}
		var f delivery
		if r.wait {
			select {
			case f = <-r.full:
			case <-r.ctx.Done():
				return context.Cause(r.ctx)
			}
		} else {
			select {
			case f = <-r.full:
			default:
				return dataflow.ErrNoRows
			}
		}
		if f.err != nil {
			r.err = f.err
			if errors.Is(f.err, context.Canceled) && r.ctx.Err() != nil {
				r.err = context.Cause(r.ctx)
			}
			return r.err
		}
		r.cur, r.at = f.recs, 0
	}
	return nil
}

// decode fills the batch from the records at hand.
func (r *reader) decode() error {
	r.b.Reset()
	r.dec.Reset(r.cols, 0)
	r.rows = r.rows[:0]
	end := min(r.cur.Len(), r.at+vec.MaxRows)
	for i := r.at; i < end; i++ {
		if len(r.cols) > 0 {
			if err := r.value(r.cur.ValueAt(i)); err != nil {
				if err := r.bad(i, err); err != nil {
					return err
				}
				continue
			}
		}
		r.rows = append(r.rows, i)
	}
	r.b.N = len(r.rows)
	for _, m := range r.s.meta {
		r.fill(m)
	}
	r.next = r.cur.Offset[end-1] + 1
	r.at = end
	return nil
}

func (r *reader) value(v []byte) error {
	switch {
	case r.s.t.o.Raw && v != nil:
		r.cols[0].AppendBytes(v)
		return nil
	case v == nil && r.s.t.o.Raw:
		r.cols[0].AppendNull()
		return nil
	case v == nil: // a tombstone: all columns are NULL
		return r.dec.Decode([]byte("{}"))
	}
	return r.dec.Decode(v)
}

func (r *reader) bad(i int, err error) error {
	o := r.s.t.o
	off := r.cur.Offset[i]
	if r.onBad == nil {
		return fmt.Errorf("record at %s/%d@%d %w: %w; --bad DIR sets such records aside", o.Topic, r.partition, off, ErrRecord, err)
	}
	return r.onBad(dataflow.BadRow{Topic: o.Topic, Partition: r.partition, Offset: off, Reason: err.Error(), Raw: r.cur.ValueAt(i)})
}

// fill makes one metadata column.
func (r *reader) fill(m metaCol) {
	v := r.b.Cols[m.at]
	switch m.key {
	case "topic":
		setConst(v, vec.StringValue(r.s.t.o.Topic))
	case "partition":
		setConst(v, vec.IntValue(int64(r.partition)))
	case "offset":
		for _, i := range r.rows {
			v.I64 = append(v.I64, r.cur.Offset[i])
		}
	case "timestamp":
		for _, i := range r.rows {
			v.I64 = append(v.I64, r.cur.Timestamp[i]*1000)
		}
	case "key":
		for _, i := range r.rows {
			if k := r.cur.KeyAt(i); k != nil {
				v.AppendBytes(k)
			} else {
				v.AppendNull()
			}
		}
	case "headers":
		for _, i := range r.rows {
			v.AppendBytes(headersJSON(r.cur, i))
		}
	}
}

// setConst makes v a constant in its own memory, so that the next Reset takes it back.
func setConst(v *vec.Vec, val vec.Value) {
	v.AppendValue(val)
	v.Form = vec.Const
}

func headersJSON(recs *Records, i int) []byte {
	out := []byte{'{'}
	for k, v := range recs.Headers(i) {
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(rjson.AppendString(out, k), ':')
		switch {
		case v == nil:
			out = append(out, "null"...)
		case utf8.Valid(v):
			out = rjson.AppendString(out, v)
		default:
			out = fmt.Appendf(out, `"\\x%x"`, v)
		}
	}
	return append(out, '}')
}

func (r *reader) Position() []byte {
	p, _ := json.Marshal(position{r.next, *r.topic.Load()}) // cannot fail: an integer and a string
	return p
}

func (r *reader) Close() error {
	r.cancel()
	<-r.done
	return nil
}
