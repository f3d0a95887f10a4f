package tpch

import (
	"errors"
	"fmt"

	"github.com/riffle-io/riffle/dataflow/vec"
)

// The scale factors that are supported, see the package comment.
const (
	MinScale = 0.001
	MaxScale = 10_000
)

// ErrScale means that a scale factor is outside [MinScale, MaxScale].
var ErrScale = errors.New("tpch: scale factor must be between 0.001 and 10000")

// Names lists the tables.
func Names() []string {
	return []string{"region", "nation", "part", "supplier", "partsupp", "customer", "orders", "lineitem"}
}

// scale is what the scale factor decides.
type scale struct {
	parts, suppliers, customers, orders, clerks int64
}

func newScale(sf float64) scale {
	of := func(base float64) int64 { return int64(base * sf) }
	return scale{
		parts: of(200_000), suppliers: of(10_000), customers: of(150_000), orders: of(1_500_000),
		clerks: max(of(1000), 1000),
	}
}

// column is a column and how its vector is filled for the positions of w.
type column struct {
	vec.Field
	fill func(w *work, v *vec.Vec)
}

// Table is one table at one scale factor. It is immutable and may be shared.
type Table struct {
	scale     scale
	columns   []column
	positions int64
	rows      int64
	begin     func(w *work, to int64) // sets w.n and w.rows for a batch from w.from; nil: a row each
}

// New is table name at scale factor sf. It returns ErrScale when sf is out of range, and an error
// that lists the tables when there is none of that name.
func New(name string, sf float64) (*Table, error) {
	if !(sf >= MinScale && sf <= MaxScale) {
		return nil, fmt.Errorf("%w, not %v", ErrScale, sf)
	}
	s := newScale(sf)
	switch name {
	case "region":
		return &Table{scale: s, columns: regionColumns, positions: 5, rows: 5}, nil
	case "nation":
		return &Table{scale: s, columns: nationColumns, positions: 25, rows: 25}, nil
	case "part":
		return &Table{scale: s, columns: partColumns, positions: s.parts, rows: s.parts}, nil
	case "supplier":
		return &Table{scale: s, columns: supplierColumns, positions: s.suppliers, rows: s.suppliers}, nil
	case "partsupp":
		n := s.parts * suppliersPerPart
		return &Table{scale: s, columns: partsuppColumns, positions: n, rows: n}, nil
	case "customer":
		return &Table{scale: s, columns: customerColumns, positions: s.customers, rows: s.customers}, nil
	case "orders":
		return &Table{scale: s, columns: orderColumns(s), positions: s.orders, rows: s.orders}, nil
	case "lineitem":
		return &Table{scale: s, columns: lineitemColumns(s), positions: s.orders, rows: 4 * s.orders, begin: beginLines}, nil
	}
	return nil, fmt.Errorf("tpch: no table %q, there are %v", name, Names())
}

// Schema is the columns.
func (t *Table) Schema() *vec.Schema {
	s := &vec.Schema{}
	for _, c := range t.columns {
		s.Fields = append(s.Fields, c.Field)
	}
	return s
}

// Positions is the number of positions; see the package comment for what one is.
func (t *Table) Positions() int64 { return t.positions }

// Rows is the number of rows. For lineitem it is the expected number: four lines an order.
func (t *Table) Rows() int64 { return t.rows }

// MinEventTime tells that no table of TPC-H has an event time.
func (t *Table) MinEventTime(from, to int64) (int64, bool) { return 0, false }

// Fill returns a function that makes the columns cols (indices into the schema) of the rows of
// positions [from, next), where from < next <= to: as many as fit into vec.MaxRows rows. The batch
// belongs to the function and is good until its next call. The function is for one goroutine.
func (t *Table) Fill(cols []int) func(from, to int64) (b *vec.Batch, next int64) {
	w := &work{scale: t.scale}
	b := vec.NewBatch(t.Schema().Project(cols).Types())
	return func(from, to int64) (*vec.Batch, int64) {
		w.from, w.have, w.counts = from, 0, w.counts[:0]
		if t.begin != nil {
			t.begin(w, to)
		} else {
			w.n = int(min(to-from, vec.MaxRows))
			w.rows = w.n
		}
		for i, c := range cols {
			t.columns[c].fill(w, b.Cols[i])
		}
		b.N, b.Sel, b.Ops = w.rows, nil, nil
		return b, from + int64(w.n)
	}
}

// work is the batch that is being made and the scratch that its columns share.
type work struct {
	scale
	from   int64   // first position
	n      int     // positions
	rows   int     // rows: n, or for lineitem the sum of counts
	counts []uint8 // lines of each order; empty until somebody needs them
	have   uint32  // bit s: scratch s is made
	i32    [numScratch][]int32
	i64    [numScratch][]int64
}

// The shared columns, made at most once a batch.
const (
	scratchOrderDate = iota
	scratchShip
	scratchReceipt
	scratchPartkey
	scratchQuantity
	scratchDiscount
	scratchTax
	scratchOther // not shared
	numScratch
)

// once is true the first time that scratch s is asked for in a batch.
func (w *work) once(s int) bool {
	first := w.have&(1<<s) == 0
	w.have |= 1 << s
	return first
}
