package tui

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	tea "charm.land/bubbletea/v2"
	"github.com/riffle-io/riffle/repl"
	"github.com/riffle-io/riffle/repl/render"
	"github.com/riffle-io/riffle/tui/canvas"
	"github.com/riffle-io/riffle/tui/widget"
)

// plot is the chart of a result.
type plot struct {
	on   bool
	kind widget.ChartKind
	// chosen says that the user changed the kind; else the types choose it.
	chosen bool
	x, y   int // columns; x -1: none
	data   *widget.Chart
	basis  string // how many rows are drawn
	busy   bool
	res    *repl.Result // that data was made of
	yName  string
}

// Rows that a chart reads: bars are a line each, the others show a shape.
const (
	barRows   = 200
	shapeRows = 100_000
)

// togglePlot is p: the chart that fits, then the other kinds, then none.
func (e *explore) togglePlot() tea.Cmd {
	p := &e.plot
	if !p.on {
		if !e.choosePlot() {
			e.a.say(canvas.Warn, "nothing to plot: no column of numbers")
			return nil
		}
		p.on, p.chosen = true, false
		return e.loadPlot()
	}
	first, _ := e.fittingKind()
	p.kind = (p.kind + 1) % (widget.HistogramChart + 1)
	p.chosen = true
	if p.kind == first {
		p.on = false
		e.ps.mend()
		return nil
	}
	return e.loadPlot()
}

// choosePlot picks the columns and the kind by their types: the column of numbers under the cursor,
// or the last one, against the first time or text.
func (e *explore) choosePlot() bool {
	cols := e.grid.Columns()
	p := &e.plot
	p.x, p.y = -1, -1
	for i, c := range cols {
		if c.Numeric {
			p.y = i
		} else if p.x < 0 || (c.Temporal && !cols[p.x].Temporal) {
			p.x = i
		}
	}
	if _, at, ok := e.grid.Cursor(); ok && cols[at].Numeric {
		p.y = at
	}
	if p.y < 0 {
		return false
	}
	p.kind, _ = e.fittingKind()
	p.yName = cols[p.y].Name
	return true
}

func (e *explore) fittingKind() (widget.ChartKind, bool) {
	cols := e.grid.Columns()
	switch p := &e.plot; {
	case p.y < 0 || p.y >= len(cols):
		return 0, false
	case p.x < 0:
		return widget.HistogramChart, true
	case cols[p.x].Temporal:
		return widget.LineChart, true
	}
	return widget.BarChart, true
}

// loadPlot reads the values of the chart in the background.
func (e *explore) loadPlot() tea.Cmd {
	p := &e.plot
	res := e.shown.res
	if res == nil || p.busy {
		return nil
	}
	p.busy = true
	kind, x, y, cols := p.kind, p.x, p.y, e.grid.Columns()
	rows := res.Rows()
	return e.a.background(func(context.Context) func() tea.Cmd {
		chart, basis, err := readChart(res, rows, kind, x, y, cols)
		return func() tea.Cmd {
			p.busy = false
			if err != nil {
				e.a.say(canvas.Bad, "plot: "+err.Error())
				return nil
			}
			if e.shown.res != res { // another came meanwhile, perhaps with other columns
				return e.stalePlot()
			}
			p.data, p.basis, p.res = chart, basis, res
			return nil
		}
	})
}

// readChart reads the first rows of a result into a chart; basis says how many of how many.
func readChart(res *repl.Result, rows int64, kind widget.ChartKind, x, y int, cols []widget.Column) (*widget.Chart, string, error) {
	n := int64(shapeRows)
	if kind == widget.BarChart {
		n = barRows
	}
	n = min(n, rows)
	c := &widget.Chart{Kind: kind, YName: cols[y].Name}
	var err error
	if c.Y, err = res.Float(0, int(n), y); err != nil {
		return nil, "", err
	}
	if x >= 0 {
		c.XName = cols[x].Name
		if kind == widget.BarChart {
			c.Labels, err = labels(res, 0, int(n), x)
		} else if kind == widget.LineChart && n > 0 {
			err = readLine(res, c, n, x, cols[x].Temporal)
		}
	}
	basis := fmt.Sprintf("all %s rows", render.Count(rows))
	if n < rows {
		basis = fmt.Sprintf("FIRST %s of %s rows", render.Count(n), render.Count(rows))
	}
	return c, basis, err
}

func labels(res *repl.Result, from int64, n, col int) ([]string, error) {
	page, err := res.Page(from, n, []int{col})
	out := make([]string, len(page))
	for i, row := range page {
		out[i] = row[0].Text
		if row[0].Null {
			out[i] = "NULL"
		}
	}
	return out, err
}

// readLine gives a line its points in the order of x, and the labels of its ends. Without times the
// rows stand side by side.
func readLine(res *repl.Result, c *widget.Chart, n int64, x int, temporal bool) error {
	lo, hi := int64(0), n-1
	if temporal {
		xs, err := res.Float(0, int(n), x)
		if err != nil {
			return err
		}
		order := make([]int, len(xs))
		for i := range order {
			order[i] = i
		}
		slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(xs[a], xs[b]) })
		ys := c.Y
		c.X, c.Y = nil, nil
		for _, i := range order {
			if !math.IsNaN(xs[i]) {
				c.X, c.Y = append(c.X, xs[i]), append(c.Y, ys[i])
				if len(c.X) == 1 {
					lo = int64(i)
				}
				hi = int64(i)
			}
		}
	}
	for _, row := range []int64{lo, hi} {
		label, err := labels(res, row, 1, x)
		if err != nil {
			return err
		}
		c.Labels = append(c.Labels, label...)
	}
	return nil
}

func (e *explore) plotTitle() (string, string) {
	p := &e.plot
	title := "Plot  " + p.kind.String() + "  " + p.yName
	if cols := e.grid.Columns(); p.x >= 0 && p.x < len(cols) && p.kind != widget.HistogramChart {
		title += " by " + cols[p.x].Name
	}
	basis := p.basis
	if p.kind == widget.BarChart && p.data != nil {
		if lines := e.ps.list[3].at.h - 2; lines < len(p.data.Y) {
			basis = fmt.Sprintf("%d of %s rows SHOWN", lines, render.Count(e.shown.res.Rows()))
		}
	}
	return title, basis
}

func (e *explore) drawPlot(r canvas.Region, _ bool) {
	if e.plot.data == nil {
		r.Text(1, 0, "reading ...", canvas.Dim)
		return
	}
	e.plot.data.Draw(r.Sub(1, 0, r.W-2, r.H), e.a.theme)
}

// stalePlot asks for the chart again when the result under it changed.
func (e *explore) stalePlot() tea.Cmd {
	p := &e.plot
	if !p.on || p.data != nil || p.busy || e.shown.res == nil || e.running() {
		return nil
	}
	if p.res != e.shown.res {
		kind, chosen := p.kind, p.chosen
		if !e.choosePlot() {
			p.on = false
			return nil
		}
		if chosen {
			p.kind = kind
		}
	}
	return e.loadPlot()
}
