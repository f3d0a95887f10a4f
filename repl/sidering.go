package repl

import (
	"sync"
	"unicode/utf8"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/vec"
)

// sideRows is how many rows of a side output are kept for people to look at.
const sideRows = 1000

// SideRows are the last rows of a side output: late rows or bad records, oldest first.
type SideRows struct {
	Columns []Column
	Rows    [][]Cell
}

// sideRing is the target of a side output that keeps the last rows. Operators with other schemas
// may write to it: those that came first say which columns it has, and rows of others are kept by
// the names of their columns.
type sideRing struct {
	name string

	mu     sync.Mutex
	schema *vec.Schema // of the first writer
	rows   [][]Cell
	next   int // place of the oldest row once the ring is full
}

func newSideRing(name string) *sideRing { return &sideRing{name: name} }

func (r *sideRing) Name() string { return r.name }

func (r *sideRing) Schema() *vec.Schema {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.schema
}

func (r *sideRing) Accepts(plan.Mode, []int) error { return nil }

func (r *sideRing) NewSink(spec plan.SinkSpec) (dataflow.Operator, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.schema == nil {
		r.schema = spec.Schema
	}
	cols := make([]int, r.schema.Len())
	for i, f := range r.schema.Fields {
		cols[i] = spec.Schema.Index(f.Name)
	}
	return &sideSink{ring: r, cols: cols}, nil
}

// last lists the last n rows.
func (r *sideRing) last(n int) SideRows {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.schema == nil {
		return SideRows{}
	}
	all := append(append([][]Cell{}, r.rows[r.next:]...), r.rows[:r.next]...)
	return SideRows{Columns: columnsOf(r.schema), Rows: all[max(0, len(all)-n):]}
}

type sideSink struct {
	dataflow.Base
	ring *sideRing
	cols []int // by column of the ring: that of the rows; -1: they have none
}

// Process keeps the last rows of b.
func (s *sideSink) Process(_ int, b *vec.Batch, _ dataflow.Output) error {
	r := s.ring
	r.mu.Lock()
	defer r.mu.Unlock()
	n := b.Live()
	for k := max(0, n-sideRows); k < n; k++ {
		row := make([]Cell, len(s.cols))
		for i, c := range s.cols {
			if row[i] = (Cell{Text: "NULL", Null: true}); c >= 0 {
				row[i] = sideCell(b.Cols[c], b.Row(k))
			}
		}
		if len(r.rows) < sideRows {
			r.rows = append(r.rows, row)
			continue
		}
		r.rows[r.next] = row
		r.next = (r.next + 1) % sideRows
	}
	return nil
}

// sideCell is cellOf, but the bytes of a record that are text are shown as such.
func sideCell(v *vec.Vec, row int) Cell {
	if v.Type.Kind == vec.Bytes && !v.IsNull(row) && utf8.Valid(v.Str(row)) {
		return Cell{Text: string(v.Str(row))}
	}
	return cellOf(v, row)
}

// Late lists the last n rows that came too late, with the window that had closed, the watermark
// and the reason.
func (l *Live) Late(n int) SideRows { return l.late.last(n) }

// Bad lists the last n records that could not be decoded, with their place and the reason.
func (l *Live) Bad(n int) SideRows { return l.bad.last(n) }
