package tui

import (
	"github.com/riffle-io/riffle/repl"
	"github.com/riffle-io/riffle/tui/canvas"
	"github.com/riffle-io/riffle/tui/widget"
)

// liveRows is the table of a stream as rows of a grid. Windows have a last column that says whether
// a row may still change.
type liveRows struct {
	t     *repl.LiveTable
	cols  []widget.Column
	state int     // index of the state's column; -1: none
	only  []int64 // rows shown, when not all
}

func newLiveRows(t *repl.LiveTable, finalOnly bool) *liveRows {
	lr := &liveRows{t: t, cols: columns(t.Columns()), state: -1}
	windowed := false
	for _, c := range lr.cols {
		windowed = windowed || c.Name == "window_end" || c.Name == "window_start"
	}
	if finalOnly && t.Rows() > 0 {
		lr.only = finalRows(t)
	}
	if windowed && !finalOnly {
		lr.state = len(lr.cols)
		lr.cols = append(lr.cols, widget.Column{Name: "state"})
	}
	return lr
}

// finalRows lists the rows that will not change; nil is all of them.
func finalRows(t *repl.LiveTable) []int64 {
	out := make([]int64, 0, t.Rows())
	for i := range t.Rows() {
		if t.Final(i) {
			out = append(out, i)
		}
	}
	if int64(len(out)) == t.Rows() {
		return nil
	}
	return out
}

func (lr *liveRows) Columns() []widget.Column { return lr.cols }

func (lr *liveRows) Rows() int64 {
	if lr.only != nil {
		return int64(len(lr.only))
	}
	return lr.t.Rows()
}

// Version lets the grid read rows again that changed in place.
func (lr *liveRows) Version() int64 { return lr.t.At() }

func (lr *liveRows) row(i int64) int64 {
	if lr.only != nil {
		return lr.only[i]
	}
	return i
}

func (lr *liveRows) Page(from int64, n int, cols []int) ([][]widget.Cell, error) {
	data := make([]int, 0, len(cols))
	for _, c := range cols {
		if c != lr.state {
			data = append(data, c)
		}
	}
	var page [][]repl.Cell
	var err error
	if lr.only == nil {
		page, err = lr.t.Page(from, n, data)
	} else {
		for i := from; i < min(from+int64(n), lr.Rows()) && err == nil; i++ {
			var one [][]repl.Cell
			one, err = lr.t.Page(lr.row(i), 1, data)
			page = append(page, one...)
		}
	}
	if err != nil {
		return nil, err
	}
	out := cells(page)
	if len(data) < len(cols) {
		lr.addState(out, from, cols)
	}
	return out, nil
}

// addState puts the word of each row at the place of its column.
func (lr *liveRows) addState(page [][]widget.Cell, from int64, cols []int) {
	for i, row := range page {
		word := "open"
		if lr.t.Final(lr.row(from + int64(i))) {
			word = "FINAL"
		}
		full := make([]widget.Cell, 0, len(cols))
		for _, c := range cols {
			if c == lr.state {
				full = append(full, widget.Cell{Text: word})
			} else {
				full = append(full, row[0])
				row = row[1:]
			}
		}
		page[i] = full
	}
}

// RowStyle dims rows that may still change; their state's column says it in a word.
func (lr *liveRows) RowStyle(row int64) (canvas.Style, rune) {
	if lr.state >= 0 && !lr.t.Final(lr.row(row)) {
		return canvas.Accent, 0
	}
	return canvas.Text, 0
}

// changeRows are the changes of a stream as rows of a grid: what happened, then the row.
type changeRows struct {
	live        *repl.Live
	first, next int64
	cols        []widget.Column
}

func (cr *changeRows) Columns() []widget.Column {
	if cr.cols == nil {
		cr.cols = append([]widget.Column{{Name: "op"}}, columns(cr.live.Columns())...)
	}
	return cr.cols
}

func (cr *changeRows) Rows() int64 { return cr.next - cr.first }

func (cr *changeRows) Page(from int64, n int, cols []int) ([][]widget.Cell, error) {
	list := cr.live.Changes(cr.first+from, int(min(int64(n), cr.Rows()-from)))
	out := make([][]widget.Cell, len(list))
	for i, c := range list {
		row := make([]widget.Cell, len(cols))
		for j, col := range cols {
			if col == 0 {
				row[j] = widget.Cell{Text: c.Op}
			} else {
				row[j] = widget.Cell(c.Cells[col-1])
			}
		}
		out[i] = row
	}
	return out, nil
}
