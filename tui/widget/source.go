package widget

import "github.com/riffle-io/riffle/tui/canvas"

// Column describes a column of a grid.
type Column struct {
	Name, Type string
	Numeric    bool // drawn to the right
	Temporal   bool
}

// Cell is the text of a value.
type Cell struct {
	Text string
	Null bool
}

// RowSource gives rows by the page. The number of rows may grow, and a page may be asked for at any
// time.
type RowSource interface {
	Columns() []Column
	Rows() int64
	// Page returns up to n rows from row from on, only of the columns cols: [row][i], of cols[i].
	Page(from int64, n int, cols []int) ([][]Cell, error)
}

// RowStyler is a RowSource that says how a row is drawn: a style, and a mark of one character that
// says the same without colour (0: none).
type RowStyler interface {
	RowStyle(row int64) (canvas.Style, rune)
}

// Versioned is a RowSource whose rows change in place: pages are fetched again when Version does.
type Versioned interface {
	Version() int64
}

// Table is a RowSource of rows in memory.
type Table struct {
	Cols []Column
	Data [][]Cell
}

// Columns returns the columns.
func (t *Table) Columns() []Column { return t.Cols }

// Rows returns the number of rows.
func (t *Table) Rows() int64 { return int64(len(t.Data)) }

// Page returns rows of the table.
func (t *Table) Page(from int64, n int, cols []int) ([][]Cell, error) {
	var out [][]Cell
	for i := from; i < min(from+int64(n), int64(len(t.Data))); i++ {
		row := make([]Cell, len(cols))
		for j, c := range cols {
			row[j] = t.Data[i][c]
		}
		out = append(out, row)
	}
	return out, nil
}
