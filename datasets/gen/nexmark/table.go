package nexmark

import (
	"errors"
	"fmt"

	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/datasets/gen/internal/cols"
)

// Kind is a kind of event, in the numbering of the column event_type.
type Kind int

// The kinds of events.
const (
	Person Kind = iota
	Auction
	Bid
	kinds
)

// ErrEvents means that a number of events is negative or too large for its event times.
var ErrEvents = errors.New("nexmark: events must be between 0 and 10^15")

const maxEvents = 1_000_000_000_000_000

// column is a column and how it is filled for the events of one kind.
type column struct {
	vec.Field
	kind Kind // all: every row of the batch
	fill func(w *kindWork, v *vec.Vec)
}

const all = kinds

// Table is one of the tables at one size. It is immutable and may be shared.
type Table struct {
	columns []column
	kind    Kind // all: the stream of all events
	events  int64
	rows    int64
}

// New is the stream of all events.
func New(events int64) (*Table, error) {
	if err := check(events); err != nil {
		return nil, err
	}
	t := &Table{kind: all, events: events, rows: events, columns: []column{
		{vec.Field{Name: "event_type", Type: vec.TInt32, NotNull: true}, all, nil},
	}}
	for k, cs := range [kinds][]column{personColumns, auctionColumns, bidColumns} {
		for _, c := range cs {
			c.Name = [kinds]string{"person_", "auction_", "bid_"}[k] + c.Name
			c.NotNull = false
			t.columns = append(t.columns, c)
		}
	}
	t.columns = append(t.columns, column{vec.Field{Name: "date_time", Type: vec.TTimestamp, NotNull: true}, all, nil})
	return t, nil
}

// NewKind is the events of one kind among the first events events.
func NewKind(kind Kind, events int64) (*Table, error) {
	if err := check(events); err != nil {
		return nil, err
	}
	columns := [kinds][]column{personColumns, auctionColumns, bidColumns}[kind]
	return &Table{columns: columns, kind: kind, events: events, rows: countKind(kind, events)}, nil
}

func check(events int64) error {
	if events < 0 || events > maxEvents {
		return fmt.Errorf("%w, not %d", ErrEvents, events)
	}
	return nil
}

// share[k] is the number of events of a kind in an epoch, and first[k] where they begin in it.
var (
	share = [kinds]int64{people, auctions, bids}
	first = [kinds]int64{0, people, people + auctions}
)

// countKind is the number of events of a kind among the first n.
func countKind(k Kind, n int64) int64 {
	return n/epoch*share[k] + min(max(n%epoch-first[k], 0), share[k])
}

// eventOf is the event number of row r of a table of kind k.
func eventOf(k Kind, r int64) int64 { return r/share[k]*epoch + first[k] + r%share[k] }

// Schema is the columns.
func (t *Table) Schema() *vec.Schema {
	s := &vec.Schema{}
	for _, c := range t.columns {
		s.Fields = append(s.Fields, c.Field)
	}
	return s
}

// Positions is the number of positions; one is a row.
func (t *Table) Positions() int64 { return t.rows }

// Rows is the number of rows.
func (t *Table) Rows() int64 { return t.rows }

// MinEventTime is the smallest date_time of rows [from, to) in µs; ok is false when there are none.
func (t *Table) MinEventTime(from, to int64) (micro int64, ok bool) {
	if from >= to {
		return 0, false
	}
	if t.kind == all {
		return micros(from), true
	}
	return micros(eventOf(t.kind, from)), true
}

// Fill returns a function that makes the columns columns (indices into the schema) of rows
// [from, next), next <= to: at most vec.MaxRows of them. The batch belongs to the function and is
// good until its next call. The function is for one goroutine.
func (t *Table) Fill(columns []int) func(from, to int64) (b *vec.Batch, next int64) {
	b := vec.NewBatch(t.Schema().Project(columns).Types())
	w := &work{mixed: t.kind == all}
	for _, c := range columns {
		w.used[t.columns[c].kind] = true
	}
	return func(from, to int64) (*vec.Batch, int64) {
		n := int(min(to-from, vec.MaxRows))
		if w.mixed {
			w.beginMixed(from, n)
		} else {
			w.beginKind(t.kind, from, n)
		}
		for i, c := range columns {
			w.fill(&t.columns[c], b.Cols[i], from, n)
		}
		b.N, b.Sel, b.Ops = n, nil, nil
		return b, from + int64(n)
	}
}

// work is the batch that is being made.
type work struct {
	mixed bool
	used  [kinds + 1]bool // kinds of which columns are read
	kind  [kinds]kindWork
}

// kindWork is the events of one kind in the batch and what their columns share.
type kindWork struct {
	mixed  bool
	rows   int        // rows of the batch
	n      []int64    // event number of each
	row    []int32    // row of each in the batch, increasing
	valid  vec.Bitmap // mixed: the rows of this kind
	states [2][]uint64
	have   [2]bool
}

func (k *kindWork) begin(n, rows int, mixed bool) {
	k.mixed, k.rows, k.have = mixed, rows, [2]bool{}
	k.n, k.row = cols.Grow(k.n, n), cols.Grow(k.row, n)
}

func (w *work) beginKind(kind Kind, from int64, n int) {
	k := &w.kind[kind]
	k.begin(n, n, false)
	in := from % share[kind]
	at := eventOf(kind, from)
	for i := range k.n {
		k.n[i], k.row[i] = at, int32(i)
		at++
		if in++; in == share[kind] {
			in, at = 0, at+epoch-share[kind]
		}
	}
}

func (w *work) beginMixed(from int64, n int) {
	for kind := range kinds {
		if !w.used[kind] {
			continue
		}
		k := &w.kind[kind]
		before := countKind(kind, from)
		k.begin(int(countKind(kind, from+int64(n))-before), n, true)
		words := (n + 63) / 64
		k.valid = cols.Grow(k.valid, words)
		clear(k.valid)
		in := before % share[kind]
		at := eventOf(kind, before)
		for i := range k.n {
			row := int32(at - from)
			k.n[i], k.row[i] = at, row
			k.valid[row>>6] |= 1 << (uint(row) & 63)
			at++
			if in++; in == share[kind] {
				in, at = 0, at+epoch-share[kind]
			}
		}
	}
}

func (w *work) fill(c *column, v *vec.Vec, from int64, n int) {
	switch {
	case c.kind != all:
		k := &w.kind[c.kind]
		c.fill(k, v)
		if w.mixed {
			v.Valid = k.valid
		}
	case c.Type == vec.TInt32:
		fillTypes(cols.I32(v, n), int(from%epoch))
	default:
		out := cols.I64(v, n)
		for i := range out {
			out[i] = micros(from + int64(i))
		}
	}
}

// fillTypes writes the kinds of events that begin at place off of an epoch.
func fillTypes(out []int32, off int) {
	for i := range out {
		out[i] = typeOf[off]
		if off++; off == epoch {
			off = 0
		}
	}
}

var typeOf = func() (t [epoch]int32) {
	for i := range t {
		switch {
		case i >= people+auctions:
			t[i] = int32(Bid)
		case i >= people:
			t[i] = int32(Auction)
		}
	}
	return t
}()
