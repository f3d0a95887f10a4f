// Package rows makes the table of the sort and group benchmarks: k, one of so many groups, and v,
// s, d, which are random values to sort and to sum.
//
//	row number n, column c ─► splitmix64(seed, n, c) ─► value
//
// Invariants:
//   - A value depends on seed, row number and column alone; k on the number of groups, too.
//
// Values are uniform: k in [0, groups), v in [0, 10^9), so that sums of a billion of them fit into
// BIGINT, s twelve characters of a-z and 2-7, d in [0, 1).
package rows

import (
	"errors"
	"fmt"
	"math/bits"

	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/datasets/gen/internal/cols"
	"github.com/riffle-io/riffle/datasets/gen/internal/splitmix"
)

const (
	maxValue = 1_000_000_000
	letters  = "abcdefghijklmnopqrstuvwxyz234567"
	width    = 12 // bytes of s, five bits each
)

// ErrSize means that rows is negative or groups is not positive.
var ErrSize = errors.New("rows: rows must be 0 or more and groups 1 or more")

// Table is the table at one size. It is immutable and may be shared.
type Table struct {
	rows   int64
	groups uint64
	seed   uint64
}

// New is rows rows in groups groups. Another seed gives other values. It returns ErrSize when a
// size is out of range.
func New(rows, groups, seed int64) (*Table, error) {
	if rows < 0 || groups < 1 {
		return nil, fmt.Errorf("%w, not %d and %d", ErrSize, rows, groups)
	}
	return &Table{rows, uint64(groups), splitmix.Mix(uint64(seed) + splitmix.Gamma)}, nil
}

// Schema is the columns.
func (t *Table) Schema() *vec.Schema {
	return vec.NewSchema(
		vec.Field{Name: "k", Type: vec.TInt64, NotNull: true}, vec.Field{Name: "v", Type: vec.TInt64, NotNull: true},
		vec.Field{Name: "s", Type: vec.TString, NotNull: true}, vec.Field{Name: "d", Type: vec.TFloat64, NotNull: true})
}

// Positions is the number of positions; one is a row.
func (t *Table) Positions() int64 { return t.rows }

// Rows is the number of rows.
func (t *Table) Rows() int64 { return t.rows }

// MinEventTime tells that the table has no event time.
func (t *Table) MinEventTime(from, to int64) (int64, bool) { return 0, false }

// Fill returns a function that makes the columns columns (indices into the schema) of rows
// [from, next), next <= to: at most vec.MaxRows of them. The batch belongs to the function and is
// good until its next call. The function is for one goroutine.
func (t *Table) Fill(columns []int) func(from, to int64) (b *vec.Batch, next int64) {
	b := vec.NewBatch(t.Schema().Project(columns).Types())
	return func(from, to int64) (*vec.Batch, int64) {
		n := int(min(to-from, vec.MaxRows))
		for i, c := range columns {
			t.fill(c, b.Cols[i], from, n)
		}
		b.N, b.Sel, b.Ops = n, nil, nil
		return b, from + int64(n)
	}
}

// fill writes column c of n rows. Each row has four draws, one for each column.
func (t *Table) fill(c int, v *vec.Vec, from int64, n int) {
	j := 4*uint64(from) + uint64(c)
	switch c {
	case 0:
		out := cols.I64(v, n)
		for i := range out {
			hi, _ := bits.Mul64(splitmix.Draw(t.seed, j+4*uint64(i)), t.groups)
			out[i] = int64(hi)
		}
	case 1:
		out := cols.I64(v, n)
		for i := range out {
			out[i] = int64(splitmix.Below(splitmix.Draw(t.seed, j+4*uint64(i)), maxValue))
		}
	case 2:
		out := cols.Widths(v, n, width)
		for i := range n {
			fillText((*[width]byte)(out[i*width:]), splitmix.Draw(t.seed, j+4*uint64(i)))
		}
	case 3:
		out := cols.F64(v, n)
		for i := range out {
			out[i] = splitmix.Unit(splitmix.Draw(t.seed, j+4*uint64(i)))
		}
	}
}

func fillText(dst *[width]byte, h uint64) {
	for i := range dst {
		dst[i] = letters[h&31]
		h >>= 5
	}
}
