package render

import (
	"fmt"
	"math"
	"strings"

	"github.com/mattn/go-runewidth"
)

// ChartOptions says how to draw a chart of text.
type ChartOptions struct {
	Width  int // columns; 0: 80
	Height int // rows of a line chart; 0: 12
	ASCII  bool
}

func (o ChartOptions) fill() ChartOptions {
	if o.Width <= 0 {
		o.Width = 80
	}
	if o.Height <= 0 {
		o.Height = 12
	}
	return o
}

// eighths are the blocks that end a bar, dots the points of a line.
var (
	eighths = []rune(" ▏▎▍▌▋▊▉█")
	dots    = map[bool]string{false: "•", true: "*"}
)

// Bars draws a bar for each label. Values below zero go to the left of the axis; NaN has no bar.
func Bars(labels []string, values []float64, o ChartOptions) string {
	o = o.fill()
	lo, hi, wide := 0.0, 0.0, 0
	for i, v := range values {
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			lo, hi = math.Min(lo, v), math.Max(hi, v)
		}
		wide = max(wide, runewidth.StringWidth(Clean(labels[i], maxLabel)))
	}
	room := max(o.Width-wide-14, 10)
	unit := 0.0
	if hi > lo {
		unit = float64(room) / (hi - lo)
	}
	left := int(math.Round(-lo * unit))
	var b strings.Builder
	for i, v := range values {
		b.WriteString(pad(Clean(labels[i], maxLabel), wide, false) + " |")
		switch {
		case math.IsNaN(v):
			b.WriteString(strings.Repeat(" ", left) + "NULL")
		case math.IsInf(v, 0): // no bar is long enough
			b.WriteString(strings.Repeat(" ", left) + Short(v))
		case v < 0:
			n := min(left, int(math.Round(-v*unit)))
			b.WriteString(strings.Repeat(" ", left-n) + bar(float64(n), o.ASCII) + " " + Short(v))
		default:
			b.WriteString(strings.Repeat(" ", left) + bar(v*unit, o.ASCII) + " " + Short(v))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// maxLabel is the widest a label of a chart gets.
const maxLabel = 24

// bar is cells columns long, in eighths of a column where blocks are at hand.
func bar(cells float64, ascii bool) string {
	if ascii {
		return strings.Repeat("=", int(math.Round(cells)))
	}
	whole := int(cells)
	s := strings.Repeat("█", whole)
	if part := int((cells - float64(whole)) * 8); part > 0 {
		s += string(eighths[part])
	}
	return s
}

// Line draws points over two axes. Points that are no numbers are left out; xText and yText write
// the ends of the axes.
func Line(xs, ys []float64, xText, yText func(float64) string, o ChartOptions) string {
	o = o.fill()
	x, y := newExtent(xs), newExtent(ys)
	if x.empty || y.empty {
		return "no points\n"
	}
	if y.lo > 0 && y.lo < y.hi/2 { // a chart that begins near zero begins at zero
		y.lo = 0
	}
	top, bottom := yText(y.hi), yText(y.lo)
	wide := max(runewidth.StringWidth(top), runewidth.StringWidth(bottom))
	cols := max(o.Width-wide-3, 10)
	grid := make([][]bool, o.Height)
	for r := range grid {
		grid[r] = make([]bool, cols)
	}
	for i := range xs {
		if i < len(ys) && !math.IsNaN(xs[i]) && !math.IsNaN(ys[i]) && !math.IsInf(ys[i], 0) && !math.IsInf(xs[i], 0) {
			grid[o.Height-1-y.cell(ys[i], o.Height)][x.cell(xs[i], cols)] = true
		}
	}
	var b strings.Builder
	for r, row := range grid {
		label := ""
		switch r {
		case 0:
			label = top
		case o.Height - 1:
			label = bottom
		}
		b.WriteString(pad(label, wide, true) + " |")
		var line strings.Builder
		for _, on := range row {
			if on {
				line.WriteString(dots[o.ASCII])
			} else {
				line.WriteByte(' ')
			}
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	b.WriteString(strings.Repeat(" ", wide) + " +" + strings.Repeat("-", cols) + "\n")
	from, to := xText(x.lo), xText(x.hi)
	gap := max(1, cols-runewidth.StringWidth(from)-runewidth.StringWidth(to))
	b.WriteString(strings.Repeat(" ", wide+2) + from + strings.Repeat(" ", gap) + to + "\n")
	return b.String()
}

// extent is the range of an axis.
type extent struct {
	lo, hi float64
	empty  bool
}

func newExtent(v []float64) extent {
	e := extent{lo: math.Inf(1), hi: math.Inf(-1)}
	for _, f := range v {
		if !math.IsNaN(f) && !math.IsInf(f, 0) {
			e.lo, e.hi = math.Min(e.lo, f), math.Max(e.hi, f)
		}
	}
	e.empty = e.lo > e.hi
	return e
}

// cell is the place of v among n cells.
func (e extent) cell(v float64, n int) int {
	if e.hi <= e.lo {
		return 0
	}
	return max(0, min(n-1, int((v-e.lo)/(e.hi-e.lo)*float64(n-1)+0.5)))
}

// Histogram counts values in bins of equal width and draws a bar for each.
func Histogram(values []float64, bins int, text func(float64) string, o ChartOptions) string {
	e := newExtent(values)
	if e.empty {
		return "no values\n"
	}
	if bins <= 0 {
		bins = 12
	}
	if e.hi == e.lo {
		bins = 1
	}
	counts := make([]float64, bins)
	width := (e.hi - e.lo) / float64(bins)
	for _, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			continue
		}
		at := 0
		if width > 0 {
			at = min(bins-1, int((v-e.lo)/width))
		}
		counts[at]++
	}
	labels := make([]string, bins)
	for i := range labels {
		labels[i] = fmt.Sprintf("%s .. %s", text(e.lo+float64(i)*width), text(e.lo+float64(i+1)*width))
	}
	return Bars(labels, counts, o)
}
