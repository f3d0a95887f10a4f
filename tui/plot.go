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

// chartRows are the rows of a chart: a result, or the table of a stream. Rows that are read do not
// change.
type chartRows interface {
	Rows() int64
	Page(from int64, n int, cols []int) ([][]repl.Cell, error)
	Float(from int64, n, col int) ([]float64, error)
}

// plot is a chart.
type plot struct {
	on   bool
	kind widget.ChartKind
	// chosen says that the user changed the kind; else the types choose it.
	chosen bool
	x, y   int // columns; x -1: none
	cols   []widget.Column
	data   *widget.Chart
	basis  string // how many rows are drawn
	busy   bool
	of     chartRows // that data was made of
}

// Rows that a chart reads: bars are a line each, the others show a shape.
const (
	barRows   = 200
	shapeRows = 100_000
)

// toggle goes from no chart to the one that fits, then to the other kinds, then to none. cursor is the
// column under the cursor, -1 for none. It returns false when there is nothing to plot.
func (p *plot) toggle(cols []widget.Column, cursor int) bool {
	if !p.on {
		p.chosen = false
		p.on = p.choose(cols, cursor)
		return p.on
	}
	first := p.fitting()
	p.kind = (p.kind + 1) % (widget.HistogramChart + 1)
	p.chosen = true
	if p.kind == first {
		p.on = false
	}
	return true
}

// choose picks the columns and the kind by their types: the column of numbers under the cursor, or
// the last one, against the first time or text. It returns false when there is no column of numbers.
func (p *plot) choose(cols []widget.Column, cursor int) bool {
	p.cols, p.x, p.y = cols, -1, -1
	for i, c := range cols {
		if c.Numeric {
			p.y = i
		} else if p.x < 0 || (c.Temporal && !cols[p.x].Temporal) {
			p.x = i
		}
	}
	if cursor >= 0 && cursor < len(cols) && cols[cursor].Numeric {
		p.y = cursor
	}
	if p.y < 0 {
		return false
	}
	if !p.chosen {
		p.kind = p.fitting()
	}
	return true
}

func (p *plot) fitting() widget.ChartKind {
	switch {
	case p.x < 0:
		return widget.HistogramChart
	case p.cols[p.x].Temporal:
		return widget.LineChart
	}
	return widget.BarChart
}

// load reads the values of the chart in the background. done is called when they are there.
func (p *plot) load(a *app, src chartRows, done func() tea.Cmd) tea.Cmd {
	if p.busy {
		return nil
	}
	p.busy = true
	kind, x, y, cols, rows := p.kind, p.x, p.y, p.cols, src.Rows()
	return a.background(func(context.Context) func() tea.Cmd {
		chart, basis, err := readChart(src, rows, kind, x, y, cols)
		return func() tea.Cmd {
			p.busy = false
			if err != nil {
				a.say(canvas.Bad, "plot: "+err.Error())
				return nil
			}
			p.data, p.basis, p.of = chart, basis, src
			if kind != p.kind || x != p.x || y != p.y { // another was asked for meanwhile
				p.data = nil
			}
			return done()
		}
	})
}

// togglePlot is p on a result.
func (e *explore) togglePlot() tea.Cmd {
	if !e.plot.toggle(e.grid.Columns(), e.cursorColumn()) {
		e.a.say(canvas.Warn, "nothing to plot: no column of numbers")
	}
	if !e.plot.on {
		e.ps.mend()
		return nil
	}
	return e.loadPlot()
}

func (e *explore) cursorColumn() int {
	_, col, ok := e.grid.Cursor()
	if !ok {
		return -1
	}
	return col
}

// loadPlot reads the chart of the result that is shown.
func (e *explore) loadPlot() tea.Cmd {
	res := e.shown.res
	if res == nil {
		return nil
	}
	return e.plot.load(e.a, res, func() tea.Cmd {
		if e.shown.res != res { // another came meanwhile, perhaps with other columns
			e.plot.data = nil
		}
		return e.stalePlot()
	})
}

// readChart reads the first rows of a result into a chart; basis says how many of how many.
func readChart(res chartRows, rows int64, kind widget.ChartKind, x, y int, cols []widget.Column) (*widget.Chart, string, error) {
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

func labels(res chartRows, from int64, n, col int) ([]string, error) {
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
func readLine(res chartRows, c *widget.Chart, n int64, x int, temporal bool) error {
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

func (e *explore) plotTitle() (string, string) { return e.plot.title(e.ps.list[3].at.h - 2) }

// title names the chart, drawn on so many lines, and says what it shows of how much.
func (p *plot) title(lines int) (string, string) {
	title := "Plot  " + p.kind.String() + "  " + p.cols[p.y].Name
	if p.x >= 0 && p.kind != widget.HistogramChart {
		title += " by " + p.cols[p.x].Name
	}
	basis := p.basis
	if p.kind == widget.BarChart && p.data != nil && lines < len(p.data.Y) {
		basis = fmt.Sprintf("%d of %s rows SHOWN", lines, render.Count(p.of.Rows()))
	}
	return title, basis
}

func (e *explore) drawPlot(r canvas.Region, _ bool) { e.plot.draw(r, e.a.theme) }

func (p *plot) draw(r canvas.Region, t *canvas.Theme) {
	if p.data == nil {
		r.Text(1, 0, "reading ...", canvas.Dim)
		return
	}
	p.data.Draw(r.Sub(1, 0, r.W-2, r.H), t)
}

// stalePlot asks for the chart again when the result under it changed.
func (e *explore) stalePlot() tea.Cmd {
	p := &e.plot
	if !p.on || p.data != nil || p.busy || e.shown.res == nil || e.running() {
		return nil
	}
	if p.of != chartRows(e.shown.res) && !p.choose(e.grid.Columns(), e.cursorColumn()) {
		p.on = false
		return nil
	}
	return e.loadPlot()
}
