package widget

import (
	"math"
	"strings"

	chart "github.com/NimbleMarkets/ntcharts/v2/canvas"
	"github.com/NimbleMarkets/ntcharts/v2/canvas/graph"
	"github.com/riffle-io/riffle/repl/render"
	"github.com/riffle-io/riffle/tui/canvas"
)

// ChartKind is a way to draw values.
type ChartKind int

// The kinds.
const (
	BarChart ChartKind = iota
	LineChart
	HistogramChart
)

func (k ChartKind) String() string { return [...]string{"bar", "line", "histogram"}[k] }

// Chart draws one column of numbers against labels or numbers.
type Chart struct {
	Kind   ChartKind
	Labels []string  // of bars, or of points on a line (the first and last are written)
	X      []float64 // of a line; nil: 0, 1, 2 …
	Y      []float64 // NaN: no value
	XName  string
	YName  string
}

// Draw draws the chart in the region.
func (c *Chart) Draw(r canvas.Region, t *canvas.Theme) {
	if r.W < 12 || r.H < 2 || len(c.Y) == 0 {
		return
	}
	switch c.Kind {
	case LineChart:
		c.drawLine(r, t)
	case HistogramChart:
		labels, counts := Histogram(c.Y, max(1, min(r.H, 20)))
		Bars(r, t, labels, counts)
	default:
		Bars(r, t, c.Labels, c.Y)
	}
}

// extent returns the smallest and the largest finite value, and false when there is none.
func extent(v []float64) (lo, hi float64, ok bool) {
	lo, hi = math.Inf(1), math.Inf(-1)
	for _, y := range v {
		if !math.IsNaN(y) && !math.IsInf(y, 0) {
			lo, hi = min(lo, y), max(hi, y)
		}
	}
	return lo, hi, lo <= hi
}

// Bars draws a bar a line, with its label before it and its number after it. Bars of negative
// numbers are drawn in another style.
func Bars(r canvas.Region, t *canvas.Theme, labels []string, values []float64) {
	n := min(len(values), r.H)
	lw, most := 0, 0.0
	for i := range n {
		if i < len(labels) {
			lw = max(lw, canvas.Width(labels[i]))
		}
		if v := math.Abs(values[i]); v > most && !math.IsInf(v, 0) {
			most = v
		}
	}
	lw = min(lw, r.W/3)
	const number = 9
	room := r.W - lw - 2 - number
	if room < 2 {
		return
	}
	for y := range n {
		if y < len(labels) {
			text := labels[y]
			r.Clip(t, max(0, lw-canvas.Width(text)), y, lw, text, canvas.Text)
		}
		r.Set(lw+1, y, t.VLine, canvas.Frame)
		v, st := values[y], canvas.Bar
		if v < 0 {
			st = canvas.Second
		}
		if most > 0 && !math.IsNaN(v) {
			drawBar(r.Sub(lw+2, y, room, 1), t, math.Abs(v)/most, st)
		}
		r.Right(r.W, y, render.Short(v), canvas.Text)
	}
}

// drawBar fills a fraction of a line.
func drawBar(r canvas.Region, t *canvas.Theme, f float64, st canvas.Style) {
	f = max(0, min(f, 1)) * float64(r.W)
	whole := int(f)
	if t.Eighths == nil {
		whole = int(math.Round(f))
	}
	for x := range whole {
		r.Set(x, 0, t.Full, st)
	}
	if rest := int((f - float64(whole)) * 8); t.Eighths != nil && rest > 0 {
		r.Set(whole, 0, t.Eighths[rest-1], st)
	}
}

// Gauge draws a fraction of its width full and the rest empty.
func Gauge(r canvas.Region, t *canvas.Theme, f float64, st canvas.Style) {
	full := int(math.Round(max(0, min(f, 1)) * float64(r.W)))
	for x := range r.W {
		if x < full {
			r.Set(x, 0, t.Full, st)
		} else {
			r.Set(x, 0, t.Empty, canvas.Dim)
		}
	}
}

// Spark draws the last values as heights, one a cell, ending at the right edge. The lowest height is
// zero, or the lowest value when it is negative.
func Spark(r canvas.Region, t *canvas.Theme, values []float64, st canvas.Style) {
	if len(values) > r.W {
		values = values[len(values)-r.W:]
	}
	lo, hi, ok := extent(values)
	if !ok {
		return
	}
	lo = min(lo, 0)
	for i, v := range values {
		if math.IsNaN(v) {
			continue
		}
		level := 0
		if hi > lo {
			level = int((v - lo) / (hi - lo) * float64(len(t.Spark)-1))
		}
		r.Set(r.W-len(values)+i, 0, t.Spark[max(0, min(level, len(t.Spark)-1))], st)
	}
}

// Histogram counts values in at most n bins of equal width, whose labels are their ranges.
func Histogram(values []float64, n int) (labels []string, counts []float64) {
	lo, hi, ok := extent(values)
	if !ok {
		return nil, nil
	}
	if lo == hi {
		n = 1
	}
	counts = make([]float64, n)
	for _, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			continue
		}
		i := 0
		if hi > lo {
			i = min(n-1, int((v-lo)/(hi-lo)*float64(n)))
		}
		counts[i]++
	}
	for i := range counts {
		from := lo + (hi-lo)*float64(i)/float64(n)
		labels = append(labels, render.Short(from)+" ..")
	}
	return labels, counts
}

const axis = 9 // width of the numbers on the left of a line chart

// drawLine draws points joined by lines: braille dots, or stars in ASCII.
func (c *Chart) drawLine(r canvas.Region, t *canvas.Theme) {
	xs := c.X
	if xs == nil {
		for i := range c.Y {
			xs = append(xs, float64(i))
		}
	}
	x0, x1, okx := extent(xs)
	y0, y1, oky := extent(c.Y)
	if !okx || !oky {
		return
	}
	if y0 > 0 && y0 < y1/2 {
		y0 = 0
	}
	if y0 == y1 {
		y0, y1 = y0-1, y1+1
	}
	if x0 == x1 {
		x1 = x0 + 1
	}
	plot := r.Sub(axis, 0, r.W-axis, r.H-1)
	r.Right(axis-1, 0, render.Short(y1), canvas.Dim)
	r.Right(axis-1, plot.H-1, render.Short(y0), canvas.Dim)
	for y := range plot.H {
		r.Set(axis-1, y, t.VLine, canvas.Frame)
	}
	c.drawAxis(r, t)
	if t.ASCII {
		drawDots(plot, xs, c.Y, [4]float64{x0, x1, y0, y1})
	} else {
		drawBraille(plot, xs, c.Y, [4]float64{x0, x1, y0, y1})
	}
}

// drawAxis draws the line below, with the first and last label.
func (c *Chart) drawAxis(r canvas.Region, t *canvas.Theme) {
	y := r.H - 1
	r.Set(axis-1, y, t.Cross, canvas.Frame)
	for x := axis; x < r.W; x++ {
		r.Set(x, y, t.HLine, canvas.Frame)
	}
	if len(c.Labels) == 0 {
		return
	}
	first, last := " "+strings.TrimSpace(c.Labels[0])+" ", " "+strings.TrimSpace(c.Labels[len(c.Labels)-1])+" "
	r.Text(axis+1, y, first, canvas.Dim)
	if axis+1+canvas.Width(first)+canvas.Width(last) < r.W {
		r.Right(r.W-1, y, last, canvas.Dim)
	}
}

// drawBraille joins the points with lines of 2 by 4 dots a cell. ext is x0, x1, y0, y1.
func drawBraille(r canvas.Region, xs, ys []float64, ext [4]float64) {
	g := graph.NewBrailleGrid(r.W, r.H, ext[0], ext[1], ext[2], ext[3])
	var last chart.Point
	joined := false
	for i, y := range ys {
		if math.IsNaN(y) || math.IsInf(y, 0) || math.IsNaN(xs[i]) {
			joined = false
			continue
		}
		p := g.GridPoint(chart.Float64Point{X: xs[i], Y: y})
		if joined {
			for _, q := range graph.GetLinePoints(last, p) {
				g.Set(q)
			}
		}
		g.Set(p)
		last, joined = p, true
	}
	for y, row := range g.BraillePatterns() {
		for x, ch := range row {
			if ch != 0 && ch != '⠀' {
				r.Set(x, y, ch, canvas.Bar)
			}
		}
	}
}

// drawDots draws a star for each point.
func drawDots(r canvas.Region, xs, ys []float64, ext [4]float64) {
	for i, y := range ys {
		if math.IsNaN(y) || math.IsInf(y, 0) || math.IsNaN(xs[i]) {
			continue
		}
		px := int(math.Round((xs[i] - ext[0]) / (ext[1] - ext[0]) * float64(r.W-1)))
		py := int(math.Round((ext[3] - y) / (ext[3] - ext[2]) * float64(r.H-1)))
		r.Set(px, py, '*', canvas.Bar)
	}
}
