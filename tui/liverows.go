package tui

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/riffle-io/riffle/repl"
	"github.com/riffle-io/riffle/repl/render"
	"github.com/riffle-io/riffle/tui/canvas"
	"github.com/riffle-io/riffle/tui/widget"
)

// liveRows is the table of a stream as rows of a grid. Behind the columns of the query stand how much
// a number changed in the last seconds, and, of windows, whether a row may still change.
type liveRows struct {
	live  *repl.Live
	t     *repl.LiveTable
	cols  []widget.Column
	state int     // index of the state's column; -1: none
	delta int     // index of the change's column; -1: none
	of    delta   // what it shows
	only  []int64 // rows shown, when not all
}

// delta says which column's change is shown, and since when.
type delta struct {
	col   int   // -1: none
	since int64 // change from which on it counts
}

// deltaSpan is the time over which a change is shown.
const deltaSpan = 5 * time.Second

func newLiveRows(live *repl.Live, t *repl.LiveTable, finalOnly bool, d delta) *liveRows {
	lr := &liveRows{live: live, t: t, cols: columns(t.Columns()), state: -1, delta: -1, of: d}
	windowed := false
	for _, c := range lr.cols {
		windowed = windowed || c.Name == "window_end" || c.Name == "window_start" && live.Appends()
	}
	if finalOnly && t.Rows() > 0 {
		lr.only = finalRows(t)
	}
	if d.col >= 0 {
		lr.delta = len(lr.cols)
		lr.cols = append(lr.cols, widget.Column{Name: fmt.Sprintf("d(%.0f s)", deltaSpan.Seconds()), Type: "of " + lr.cols[d.col].Name, Numeric: true})
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
		if c != lr.state && c != lr.delta {
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
		for i, row := range out {
			out[i] = lr.addOwn(lr.row(from+int64(i)), row, cols)
		}
	}
	return out, nil
}

// addOwn puts what is not of the query at the places of its columns.
func (lr *liveRows) addOwn(row int64, data []widget.Cell, cols []int) []widget.Cell {
	full := make([]widget.Cell, 0, len(cols))
	for _, c := range cols {
		switch c {
		case lr.state:
			full = append(full, widget.Cell{Text: lr.word(row)})
		case lr.delta:
			full = append(full, widget.Cell{Text: lr.change(row)})
		default:
			full = append(full, data[0])
			data = data[1:]
		}
	}
	return full
}

// word says whether a row may change.
func (lr *liveRows) word(row int64) string {
	switch {
	case !lr.t.Final(row):
		return "open"
	case lr.t.Updated(row):
		return "UPDATED"
	}
	return "FINAL"
}

// change writes by how much the number of a row changed, with as many digits as the number has.
func (lr *liveRows) change(row int64) string {
	d := lr.live.Deltas(lr.t, row, 1, lr.of.col, lr.of.since)
	if len(d) == 0 || math.IsNaN(d[0]) {
		return "-"
	}
	if d[0] == 0 {
		return "0"
	}
	page, err := lr.t.Page(row, 1, []int{lr.of.col})
	if err != nil || len(page) == 0 {
		return "-"
	}
	sign := "+"
	if d[0] < 0 {
		sign = "-"
	}
	_, digits, _ := strings.Cut(page[0][0].Text, ".")
	if digits == "" {
		return sign + render.Count(int64(math.Round(math.Abs(d[0]))))
	}
	text := strconv.FormatFloat(math.Abs(d[0]), 'f', min(len(digits), 3), 64)
	if strings.Trim(text, "0.") == "" {
		return "0" // but for digits that are not shown
	}
	return sign + text
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
