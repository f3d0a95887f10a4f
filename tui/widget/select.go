package widget

import "github.com/riffle-io/riffle/tui/canvas"

// block is the cells between the one where a selection began and the cursor.
type block struct {
	on   bool
	row  int64
	col  int // index into view.Order
	rows bool
}

// Select begins a selection at the cursor, of cells or of whole rows; again, it ends it.
func (g *Grid) Select(rows bool) {
	if g.sel.on && g.sel.rows == rows {
		g.sel = block{}
		return
	}
	if !g.sel.on {
		g.sel.row, g.sel.col = g.row, g.col
	}
	g.sel.on, g.sel.rows = true, rows
}

// Unselect ends a selection; it returns false when there was none.
func (g *Grid) Unselect() bool {
	was := g.sel.on
	g.sel = block{}
	return was
}

// Selection returns the rows from first up to but not with end, and the source's columns, that are
// selected; false when nothing is.
func (g *Grid) Selection() (first, end int64, cols []int, ok bool) {
	g.refreshColumns()
	if !g.sel.on || g.Rows() == 0 || len(g.view.Order) == 0 {
		return 0, 0, nil, false
	}
	first, end = min(g.sel.row, g.row), max(g.sel.row, g.row)+1
	from, to := min(g.sel.col, g.col), max(g.sel.col, g.col)+1
	if g.sel.rows {
		from, to = 0, len(g.view.Order)
	}
	return first, min(end, g.Rows()), g.view.Order[from:min(to, len(g.view.Order))], true
}

// selected reports a cell of the selection; order is its place among the columns that are shown.
func (g *Grid) selected(row int64, order int) bool {
	s := g.sel
	in := func(v, a, b int64) bool { return v >= min(a, b) && v <= max(a, b) }
	return s.on && in(row, s.row, g.row) && (s.rows || in(int64(order), int64(s.col), int64(g.col)))
}

// selectStyle marks selected cells; the mark in front of their rows says it without colour.
const selectStyle = canvas.Reverse
