package tui

import (
	"fmt"
	"strings"
	"time"

	"github.com/riffle-io/riffle/repl"
	"github.com/riffle-io/riffle/repl/render"
	"github.com/riffle-io/riffle/tui/canvas"
	"github.com/riffle-io/riffle/tui/widget"
)

func (j *jobs) placeDetail(w, h int, narrow bool) {
	graph, rates, parts, saves, events := j.details.list[0], j.details.list[1], j.details.list[2], j.details.list[3], j.details.list[4]
	if narrow {
		graph.at = rect{0, 0, w, h}
		return
	}
	low := clamp((h-boxHeight-4)/2, 5, 10)
	gh := h - 2*low
	graph.at = rect{0, 0, w, gh}
	rates.at = rect{0, gh, w / 2, low}
	parts.at = rect{w / 2, gh, w - w/2, low}
	saves.at = rect{0, gh + low, w / 2, low}
	events.at = rect{w / 2, gh + low, w - w/2, low}
}

func (j *jobs) graphTitle() (string, string) { return "Operators of " + j.sel, "v tree  T tap" }

// boxHeight is the lines of an operator's box.
const boxHeight = 10

// drawGraph draws the operators as boxes from left to right, or as a tree where they do not fit.
func (j *jobs) drawGraph(r canvas.Region, focus bool) {
	if j.detail == nil {
		r.Text(1, 0, "reading ...", canvas.Dim)
		return
	}
	y := 0
	for _, f := range j.detail.Findings {
		if y >= 2 {
			break
		}
		st := canvas.Warn
		if f.Level == "error" {
			st = canvas.Bad
		}
		r.Clip(j.a.theme, 1, y, r.W-2, f.Text, st)
		y++
	}
	if j.detail.Error != "" && y < 2 {
		r.Clip(j.a.theme, 1, y, r.W-2, firstLine(j.detail.Error), canvas.Bad)
		y++
	}
	body := r.Sub(0, y, r.W, r.H-y)
	if len(j.detail.Operators) == 0 {
		body.Text(1, 1, "no operators: the job does not run ("+j.detail.State+")", canvas.Dim)
		return
	}
	at := layers(j.detail)
	if j.asTree || !j.drawBoxes(body, at, focus) {
		j.drawOperatorTree(body, focus)
	}
}

// layers gives every operator its distance from the sources.
func layers(d *repl.JobDetail) []int {
	at := make([]int, len(d.Operators))
	for range d.Operators { // as many rounds as the longest path could need
		for _, e := range d.Edges {
			if e.From < len(at) && e.To < len(at) {
				at[e.To] = min(len(at), max(at[e.To], at[e.From]+1))
			}
		}
	}
	return at
}

// gapWidth is the room of an edge between two boxes.
const gapWidth = 5

// drawBoxes draws the graph; false: it does not fit.
func (j *jobs) drawBoxes(r canvas.Region, at []int, focus bool) bool {
	columns, tall := 0, 0
	for layer := range len(at) {
		n := 0
		for _, l := range at {
			if l == layer {
				n++
			}
		}
		if n > 0 {
			columns = layer + 1
		}
		tall = max(tall, n)
	}
	w := min(24, (r.W-2-(columns-1)*gapWidth)/columns)
	if w < 17 || tall*boxHeight > r.H {
		return false
	}
	places := make([]rect, len(at))
	for layer := range columns {
		y := 0
		for i, l := range at {
			if l == layer {
				places[i] = rect{1 + layer*(w+gapWidth), y, w, boxHeight}
				y += boxHeight
			}
		}
	}
	for _, e := range j.detail.Edges {
		if e.From < len(places) && e.To < len(places) {
			j.drawEdge(r, places[e.From], places[e.To], j.operator(e.From).Backpressure >= 0.2)
		}
	}
	for i, p := range places {
		j.drawOperator(r.Sub(p.x, p.y, p.w, p.h), i, focus && i == j.op)
	}
	return true
}

// operator is an operator's numbers at the time that is looked at.
func (j *jobs) operator(i int) repl.JobOperator {
	o := j.detail.Operators[i]
	if at := j.at(); j.back > 0 && at >= 0 && i < len(j.samples[at].Operators) {
		o.Busy, o.Backpressure = float64(j.samples[at].Operators[i][0]), float64(j.samples[at].Operators[i][1])
	}
	return o
}

// drawEdge draws an arrow from one box to another: straight, or with a bend between them.
func (j *jobs) drawEdge(r canvas.Region, from, to rect, blocked bool) {
	t := j.a.theme
	arrow, st := t.Arrow, canvas.Frame
	if blocked {
		arrow, st = t.Blocked, canvas.Warn
	}
	x0, y0, x1, y1 := from.x+from.w, from.y+from.h/2, to.x, to.y+to.h/2
	line := []rune(arrow)
	mid := x0 + (x1-x0)/2
	if y0 != y1 {
		mid = x1 - 3
	}
	for x := x0; x < x1; x++ {
		y := y0
		if x > mid {
			y = y1
		}
		r.Set(x, y, line[0], st)
	}
	for y := min(y0, y1); y <= max(y0, y1) && y0 != y1; y++ {
		r.Set(mid, y, t.VLine, st)
	}
	r.Set(x1-1, y1, line[len(line)-1], st)
}

// drawOperator draws one box.
func (j *jobs) drawOperator(r canvas.Region, i int, focus bool) {
	o := j.operator(i)
	t := j.a.theme
	in := r.Box(t, o.Title, "", focus)
	if i == j.op {
		r.Set(0, 1, '>', canvas.Key)
	}
	j.drawShare(in.Sub(1, 0, in.W-2, 1), "busy", o.Busy, 0.9)
	j.drawShare(in.Sub(1, 1, in.W-2, 1), "backp", o.Backpressure, 0.2)
	lines := []string{"in    " + render.Short(o.InRate) + "/s", "out   " + render.Short(o.OutRate) + "/s"}
	if o.Source {
		lines = lines[1:]
	}
	if o.Watermark != nil {
		lines = append(lines, "wm    "+timeOnly(*o.Watermark))
	}
	if o.Keys >= 0 {
		lines = append(lines, "keys  "+render.Count(o.Keys))
	}
	lines = append(lines, "state "+render.Bytes(o.StateBytes))
	for y, l := range lines {
		in.Clip(t, 1, 2+y, in.W-1, l, canvas.Text)
	}
	y := 2 + len(lines)
	x := in.Text(1, y, fmt.Sprintf("p%-4d ", len(o.Tasks)), canvas.Text)
	j.drawHeat(in.Sub(x, y, in.W-x, 1), o)
}

// drawHeat draws a height a task, of the rows that it got, and says when they are uneven.
func (j *jobs) drawHeat(r canvas.Region, o repl.JobOperator) {
	rows := make([]float64, len(o.Tasks))
	for i, t := range o.Tasks {
		rows[i] = float64(t.Rows)
	}
	n := min(len(rows), r.W)
	widget.Spark(r.Sub(0, 0, n, 1), j.a.theme, rows[:n], canvas.Bar)
	if n > 1 && o.Skew >= 2/float64(n) && o.Skew > 0.5 {
		r.Text(n+1, 0, "skew "+percent(o.Skew), canvas.Warn)
	}
}

// drawShare draws a share of time as a number and a bar.
func (j *jobs) drawShare(r canvas.Region, name string, v, high float64) {
	st := canvas.Bar
	if v >= high {
		st = canvas.Warn
	}
	x := r.Text(0, 0, fmt.Sprintf("%-5s %5s ", name, percent(v)), canvas.Text)
	widget.Gauge(r.Sub(x, 0, r.W-x, 1), j.a.theme, v, st)
}

// timeOnly is the time of a timestamp's text.
func timeOnly(s string) string {
	if _, after, ok := strings.Cut(s, " "); ok {
		s = after
	}
	s, _, _ = strings.Cut(s, ".")
	return s
}

// drawOperatorTree draws the operators from the sink up to the sources, indented.
func (j *jobs) drawOperatorTree(r canvas.Region, focus bool) {
	y := 0
	seen := map[int]bool{}
	var walk func(i, depth int)
	walk = func(i, depth int) {
		if seen[i] || y >= r.H {
			return
		}
		seen[i] = true
		o := j.operator(i)
		line := r.Sub(0, y, r.W, 1)
		if i == j.op {
			line.Set(0, 0, '>', canvas.Key)
		}
		name := strings.Repeat("  ", depth) + o.Title
		line.Clip(j.a.theme, 1, 0, 26, name, canvas.Text)
		j.drawShare(line.Sub(28, 0, 19, 1), "busy", o.Busy, 0.9)
		rest := fmt.Sprintf("backp %s  in %s/s  out %s/s", percent(o.Backpressure), render.Short(o.InRate), render.Short(o.OutRate))
		if o.Watermark != nil {
			rest += "  wm " + timeOnly(*o.Watermark)
		}
		rest += "  state " + render.Bytes(o.StateBytes)
		if o.StateNote != "" {
			rest += ", " + o.StateNote
		}
		line.Clip(j.a.theme, 48, 0, line.W-49, rest, canvas.Text)
		if i == j.op && focus {
			line.AddStyle(1, 0, 26, canvas.Reverse)
		}
		y++
		for _, e := range j.detail.Edges {
			if e.To == i {
				walk(e.From, depth+1)
			}
		}
	}
	for i := len(j.detail.Operators) - 1; i >= 0; i-- {
		walk(i, 0)
	}
}

func (j *jobs) partsTitle() (string, string) { return "Watermark by source partition", "w why" }

// drawParts draws the partitions of the sources; those that hold or are idle come first.
func (j *jobs) drawParts(r canvas.Region, _ bool) {
	if j.detail == nil {
		return
	}
	list := remarkableFirst(j.detail.Partitions, func(p repl.JobPartition) bool { return p.Holds || p.Idle })
	for y, p := range list {
		if y == r.H-1 && len(list) > r.H {
			r.Text(1, y, fmt.Sprintf("%d others", len(list)-y), canvas.Dim)
			return
		}
		word, st := partitionWord(p.Holds, p.Idle, p.Ended)
		wm := "-"
		if p.Watermark != nil {
			wm = *p.Watermark
		}
		text := fmt.Sprintf("%s  %s  %s rows", shortName(p.Name), wm, render.Count(p.Rows))
		if p.Lag >= 0 {
			text += "  lag " + render.Count(p.Lag)
		}
		if p.QuietMS >= 5000 {
			text += "  quiet " + span(time.Duration(p.QuietMS)*time.Millisecond)
		}
		r.Clip(j.a.theme, 1, y, r.W-7, text, canvas.Text)
		r.Right(r.W-1, y, word, st)
	}
}

func (j *jobs) eventsTitle() (string, string) {
	if j.detail == nil {
		return "Events", ""
	}
	return "Events", fmt.Sprintf("%d  enter opens", len(j.detail.Events))
}

func (j *jobs) drawEvents(r canvas.Region, focus bool) {
	if j.detail == nil {
		return
	}
	j.events.Items = j.events.Items[:0]
	for _, e := range j.detail.Events {
		it := widget.Item{Text: e.At.UTC().Format("15:04:05") + " " + e.Kind + "  " + firstLine(e.Text)}
		if e.Error != "" {
			it.Text += ": " + firstLine(e.Error)
			it.S = canvas.Bad
		}
		j.events.Items = append(j.events.Items, it)
	}
	j.events.Draw(r, j.a.theme, focus)
}
