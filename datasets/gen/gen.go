// Package gen is the catalog of generated tables: TPC-H, Nexmark, the Yahoo streaming benchmark,
// and rows to sort and group. SQL reads them as gen.NAME(argument => value, …).
//
//	Tables ─► Table ──Open(arguments)──► Generator ──Fill(columns)──► batches of a range of positions
//	                                         └──NewSource──► dataflow.Source, cut into splits
//
// A Generator is addressed by position, which is a row nearly always (an order in tpch_lineitem).
// Any range of positions can be made without what lies before it, so a table is cut into splits
// anywhere, and columns that are not read are not made.
//
// Invariants:
//   - The rows of a position depend on the table's arguments and the position alone.
//   - A position has at least one row.
//
// What it does not do: write files, or slow a stream down to a rate.
package gen

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/riffle-io/riffle/dataflow/vec"
)

// Errors that callers test for.
var (
	ErrNoTable  = errors.New("gen: no such table")
	ErrArgument = errors.New("gen: bad argument")
)

// Generator makes one table. It is used from many goroutines.
type Generator interface {
	// Schema is the columns.
	Schema() *vec.Schema
	// Positions is the number of positions.
	Positions() int64
	// Rows is the number of rows; an estimate where a position has several.
	Rows() int64
	// MinEventTime is the smallest event time in µs of positions [from, to); ok is false when the
	// table has no event time or the range is empty.
	MinEventTime(from, to int64) (micro int64, ok bool)
	// Fill returns a function that makes the columns cols, indices into the schema, for positions
	// [from, next), from < next <= to: as many as fit into vec.MaxRows rows. It must not be called
	// with from >= to. The batch belongs to the function and is good until its next call. The
	// function is for one goroutine.
	Fill(cols []int) func(from, to int64) (b *vec.Batch, next int64)
}

// Param is an argument that a table takes.
type Param struct {
	Name    string
	Type    vec.Type // BIGINT or DOUBLE
	Default string
	Doc     string
}

// Table describes a generated table.
type Table struct {
	Name      string
	Doc       string
	Params    []Param
	EventTime string // column with the event time; "" when there is none
	open      func(a args) (Generator, error)
}

// args is the value of each parameter.
type args map[string]float64

func (a args) int(name string) int64 { return int64(a[name]) }

// Lookup finds a table by name. It returns ErrNoTable and lists the names.
func Lookup(name string) (*Table, error) {
	tables := Tables()
	for i := range tables {
		if tables[i].Name == name {
			return &tables[i], nil
		}
	}
	var names []string
	for _, t := range tables {
		names = append(names, t.Name)
	}
	return nil, fmt.Errorf("%w: %q; there are %s", ErrNoTable, name, strings.Join(names, ", "))
}

// Open is the table for values of its parameters, written as text; those not given have their
// defaults. It returns ErrArgument when a name is unknown, or a value no number or out of range.
func (t *Table) Open(values map[string]string) (Generator, error) {
	for name := range values {
		if !slices.ContainsFunc(t.Params, func(p Param) bool { return p.Name == name }) {
			return nil, fmt.Errorf("%w: gen.%s has no parameter %q%s", ErrArgument, t.Name, name, t.usage())
		}
	}
	a := args{}
	for _, p := range t.Params {
		text, given := values[p.Name]
		if !given {
			text = p.Default
		}
		x, err := p.parse(text)
		if err != nil {
			return nil, fmt.Errorf("%w: gen.%s(%s => %s): %w", ErrArgument, t.Name, p.Name, text, err)
		}
		a[p.Name] = x
	}
	g, err := t.open(a)
	if err != nil {
		return nil, fmt.Errorf("%w: gen.%s: %w", ErrArgument, t.Name, err)
	}
	return g, nil
}

// usage lists the parameters for an error message.
func (t *Table) usage() string {
	if len(t.Params) == 0 {
		return "; it takes none"
	}
	var names []string
	for _, p := range t.Params {
		names = append(names, p.Name)
	}
	return "; it takes " + strings.Join(names, ", ")
}

// maxInt is the largest whole number that every double up to it represents.
const maxInt = 1 << 53

var (
	errNumber = errors.New("not a number")
	errWhole  = errors.New("not a whole number below 2^53")
)

// parse reads a value; 10_000 and 1e6 are numbers, too.
func (p Param) parse(text string) (float64, error) {
	x, err := strconv.ParseFloat(strings.ReplaceAll(strings.TrimSpace(text), "_", ""), 64)
	if err != nil || math.IsNaN(x) || math.IsInf(x, 0) {
		return 0, errNumber
	}
	if p.Type.IsInteger() && (x != math.Trunc(x) || math.Abs(x) > maxInt) {
		return 0, errWhole
	}
	return x, nil
}
