package widget

import (
	"slices"

	"github.com/riffle-io/riffle/tui/canvas"
)

// Widths of columns, in cells.
const (
	minWidth = 3
	maxWidth = 40 // a wider value is read in the record view
)

// Grid shows a RowSource with a cell cursor. The zero value is an empty grid.
type Grid struct {
	src    RowSource
	cols   []Column
	view   View
	widths []int // of every column; they only grow, so the picture does not jump

	row, top int64
	col      int // index into view.Order
	left     int // first unpinned column shown, index into view.Order
	height   int // rows shown by the last Draw
	shown    int // columns shown to their end by the last Draw, right of the pinned ones
	match    string
	sel      block

	page    [][]Cell
	pageAt  pageKey
	pageErr error
	fetch   []int // columns of the page, reused
}

// pageKey says what a kept page holds.
type pageKey struct {
	from, rows, version int64
	n                   int
	cols                string
}

// View is what the user did to the look of a grid; screens keep it to undo.
type View struct {
	Order  []int // columns shown, pinned ones first
	Pinned int
}

func (v View) clone() View { return View{slices.Clone(v.Order), v.Pinned} }

// SetSource shows another source from its first row.
func (g *Grid) SetSource(src RowSource) {
	height := g.height
	*g = Grid{src: src, height: height}
	g.refreshColumns()
}

// Update shows a newer state of the same source: cursor, widths and look stay. Rows that went from
// the front are gone, so the cursor moves up by as many.
func (g *Grid) Update(src RowSource, gone int64) {
	if g.src == nil || len(src.Columns()) != len(g.cols) {
		g.SetSource(src)
		return
	}
	g.src, g.cols, g.pageAt = src, src.Columns(), pageKey{from: -1}
	g.row -= gone
	g.top -= gone
	g.follow()
}

// AtEnd reports that the cursor is on the last row, or that there is none.
func (g *Grid) AtEnd() bool { return g.row >= g.Rows()-1 }

// Source returns what is shown; nil is nothing.
func (g *Grid) Source() RowSource { return g.src }

// refreshColumns notices columns that are known only after the first rows.
func (g *Grid) refreshColumns() {
	if g.src == nil {
		return
	}
	cols := g.src.Columns()
	if len(cols) == len(g.cols) {
		return
	}
	g.cols = cols
	g.view = View{}
	g.widths = make([]int, len(cols))
	for i, c := range cols {
		g.view.Order = append(g.view.Order, i)
		g.widths[i] = min(maxWidth, max(minWidth, canvas.Width(c.Name), canvas.Width(c.Type)))
	}
}

// Rows is the number of rows of the source.
func (g *Grid) Rows() int64 {
	if g.src == nil {
		return 0
	}
	return g.src.Rows()
}

// Shown returns the first and last row on the screen, counted from 1; 0, 0 when there is none.
func (g *Grid) Shown() (first, last int64) {
	n := g.Rows()
	if n == 0 {
		return 0, 0
	}
	return g.top + 1, min(n, g.top+int64(max(g.height, 1)))
}

// Hidden is the number of columns that the user hid.
func (g *Grid) Hidden() int { return len(g.cols) - len(g.view.Order) }

// Cursor returns the row and the column (index into the source's columns) of the cursor, and false
// when there is no cell.
func (g *Grid) Cursor() (row int64, col int, ok bool) {
	g.refreshColumns()
	if g.col >= len(g.view.Order) || g.row >= g.Rows() {
		return 0, 0, false
	}
	return g.row, g.view.Order[g.col], true
}

// MoveTo puts the cursor on a row and a column of the source; column -1 stays where it is.
func (g *Grid) MoveTo(row int64, col int) {
	g.row = max(0, min(row, g.Rows()-1))
	if at := slices.Index(g.view.Order, col); col >= 0 && at >= 0 {
		g.col = at
	}
	g.follow()
}

// Column returns a column of the source.
func (g *Grid) Column(i int) Column { return g.cols[i] }

// Columns returns the source's columns.
func (g *Grid) Columns() []Column { g.refreshColumns(); return g.cols }

// Value returns the cell under the cursor.
func (g *Grid) Value() (Cell, bool) {
	row, col, ok := g.Cursor()
	if !ok {
		return Cell{}, false
	}
	page, err := g.src.Page(row, 1, []int{col})
	if err != nil || len(page) == 0 {
		return Cell{}, false
	}
	return page[0][0], true
}

// Record returns the row under the cursor, all columns.
func (g *Grid) Record() ([]Cell, error) {
	all := make([]int, len(g.cols))
	for i := range all {
		all[i] = i
	}
	page, err := g.src.Page(g.row, 1, all)
	if err != nil || len(page) == 0 {
		return nil, err
	}
	return page[0], nil
}

// SetMatch marks cells that hold the text; "" marks none.
func (g *Grid) SetMatch(s string) { g.match = s }

// GetView returns the look.
func (g *Grid) GetView() View { return g.view.clone() }

// SetView changes the look; columns that the source does not have are left out.
func (g *Grid) SetView(v View) {
	v = v.clone()
	v.Order = slices.DeleteFunc(v.Order, func(c int) bool { return c >= len(g.cols) })
	v.Pinned = min(v.Pinned, len(v.Order))
	g.view = v
	g.col = max(0, min(g.col, len(v.Order)-1))
	g.left = max(g.left, v.Pinned)
	g.follow()
}

// Pin moves the column of the cursor behind the pinned ones, or takes it back out of them.
func (g *Grid) Pin() {
	if g.col >= len(g.view.Order) {
		return
	}
	v := g.view.clone()
	c := v.Order[g.col]
	v.Order = slices.Delete(v.Order, g.col, g.col+1)
	if g.col < v.Pinned {
		v.Pinned--
		at := v.Pinned
		for at < len(v.Order) && v.Order[at] < c {
			at++
		}
		v.Order = slices.Insert(v.Order, at, c)
	} else {
		v.Order = slices.Insert(v.Order, v.Pinned, c)
		v.Pinned++
	}
	g.SetView(v)
	g.col = slices.Index(g.view.Order, c)
	g.follow()
}

// Hide takes the column of the cursor out of the view; the last one stays.
func (g *Grid) Hide() bool {
	if len(g.view.Order) < 2 {
		return false
	}
	v := g.view.clone()
	v.Order = slices.Delete(v.Order, g.col, g.col+1)
	if g.col < v.Pinned {
		v.Pinned--
	}
	g.SetView(v)
	return true
}

// Key moves the cursor.
func (g *Grid) Key(k string) bool {
	g.refreshColumns()
	if row, ok := moveRow(k, g.row, g.Rows(), int64(g.height)); ok {
		g.row = row
		g.follow()
		return true
	}
	switch k {
	case "h", "left":
		g.col--
	case "l", "right":
		g.col++
	case "H":
		g.col = max(g.view.Pinned, g.left-max(1, g.shown-1))
		g.left = g.col
	case "L":
		g.col = g.left + max(1, g.shown-1)
		g.left = min(g.col, len(g.view.Order)-1)
	case "^":
		g.col = 0
	case "$":
		g.col = len(g.view.Order) - 1
	default:
		return false
	}
	g.follow()
	return true
}

// follow keeps cursor and view inside the data, and the cursor's row inside the view.
func (g *Grid) follow() {
	g.row = max(0, min(g.row, g.Rows()-1))
	g.col = max(0, min(g.col, len(g.view.Order)-1))
	h := int64(max(g.height, 1))
	if g.row < g.top {
		g.top = g.row
	}
	if g.row >= g.top+h {
		g.top = g.row - h + 1
	}
	g.top = max(0, min(g.top, g.Rows()-h))
	g.left = max(g.view.Pinned, min(g.left, len(g.view.Order)-1))
	if g.col >= g.view.Pinned && g.col < g.left {
		g.left = g.col
	}
}

// Err is the error of the last page.
func (g *Grid) Err() error { return g.pageErr }
