package tui

import (
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/riffle-io/riffle/repl"
	"github.com/riffle-io/riffle/repl/render"

	"github.com/riffle-io/riffle/tui/canvas"
	"github.com/riffle-io/riffle/tui/widget"
)

// draw draws the query beside the job, the reasons, the fields, and what was found.
func (p *promote) draw(r canvas.Region) {
	t := p.a.theme
	fields := p.fields()
	low := len(fields) + 1
	switch {
	case p.failed != "" && !p.busy:
		y := 1
		r.Text(1, 0, "It cannot be promoted as it is:", canvas.Bad)
		for _, l := range strings.Split(p.failed, "\n") {
			for _, w := range wrapKeep(l, r.W-4) {
				r.Text(2, y+1, w, canvas.Text)
				y++
			}
		}
		p.drawFields(r.Sub(0, r.H-low-1, r.W, low), fields)
		return
	case p.plan == nil:
		r.Text(1, 1, "measuring the explored data and running the job over it ... "+seconds(p.a.now().Sub(p.asked)), canvas.Accent)
		for i, l := range strings.Split(p.req.SQL, "\n") {
			r.Clip(t, 3, 3+i, r.W-4, l, canvas.Text)
		}
		return
	case p.asPlan:
		p.prose.Lines = widget.Paragraph(p.plan.Plan)
		p.prose.Draw(r, t, true)
		return
	}
	found := p.found(r.W/2 - 4)
	bottom := max(low, min(len(found), r.H/3))
	reasons := p.reasons(r.W - 2)
	middle := min(len(reasons), max(2, (r.H-bottom)/3))
	top := max(3, r.H-bottom-middle-1)
	p.drawTexts(r.Sub(0, 0, r.W, top))
	for i := range middle {
		r.Clip(t, 1, top+i, r.W-2, reasons[i], canvas.Text)
	}
	if more := len(reasons) - middle; more > 0 {
		r.Right(r.W-1, top+middle-1, fmt.Sprintf(" %d more lines", more), canvas.Warn)
	}
	y := r.H - bottom - 1
	p.drawFields(r.Sub(0, y, r.W/2, bottom), fields)
	p.drawFound(r.Sub(r.W/2, y, r.W-r.W/2, bottom), found)
	line, st := "= "+p.command(), canvas.Dim
	if p.busy {
		line, st = "working it out again ... "+seconds(p.a.now().Sub(p.asked)), canvas.Accent
	}
	r.Clip(t, 1, r.H-1, r.W-2, line, st)
}

// wrapKeep breaks a line that is too long, and keeps its blanks otherwise: carets point at columns.
func wrapKeep(l string, w int) []string {
	if canvas.Width(l) <= w {
		return []string{l}
	}
	return wrap(l, w)
}

// drawTexts draws both texts side by side; narrow screens show the job only.
func (p *promote) drawTexts(r canvas.Region) {
	if r.W < wideWidth-8 {
		in := r.Box(p.a.theme, "unbounded (will run)", "", false)
		p.drawText(in, repl.Format(p.plan.SQL), true)
		return
	}
	half := r.W / 2
	p.drawText(r.Sub(0, 0, half, r.H).Box(p.a.theme, "bounded (explored)", "", false), repl.Format(p.plan.Bounded), false)
	p.drawText(r.Sub(half, 0, r.W-half, r.H).Box(p.a.theme, "unbounded (will run)", "", false), repl.Format(p.plan.SQL), true)
}

// drawText draws one text with a sign and a number at the lines that a change explains. Of the job,
// the query comes first where there is no room for the declarations before it.
func (p *promote) drawText(r canvas.Region, text string, job bool) {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	from := 0
	if job && len(lines) > r.H {
		from = len(lines) - r.H
		r.Right(r.W, 0, fmt.Sprintf(" %d lines above", from), canvas.Dim)
	}
	for y := 0; y < r.H && from+y < len(lines); y++ {
		l := lines[from+y]
		n := p.explains(l, job)
		room, st := r.W-3, canvas.Text
		if n > 0 {
			sign := '-'
			if st = canvas.Bad; job {
				sign, st = '+', canvas.Good
			}
			r.Set(0, y, sign, st)
			room -= 4
			r.Right(r.W, y, fmt.Sprintf("[%d]", n), canvas.Key)
		}
		if y == 0 && from > 0 {
			room -= 16
		}
		r.Clip(p.a.theme, 2, y, room, l, st)
	}
	if !job && len(lines) > r.H {
		r.Right(r.W, r.H-1, fmt.Sprintf(" %d lines more", len(lines)-r.H), canvas.Dim)
	}
}

// explains is the number of the change that a line belongs to; 0 is none.
func (p *promote) explains(line string, job bool) int {
	line = strings.ToLower(oneLine(line))
	if line == "" || strings.HasPrefix(line, "--") {
		return 0
	}
	for _, c := range p.plan.Changes {
		part := strings.ToLower(oneLine(c.Old))
		if job {
			part = strings.ToLower(oneLine(c.New))
		}
		if part != "" && (strings.Contains(line, part) || strings.Contains(part, strings.TrimSuffix(line, ",")) && len(line) > 8) {
			return c.N
		}
	}
	return 0
}

// reasons are the numbered changes, wrapped.
func (p *promote) reasons(w int) []string {
	var out []string
	for _, c := range p.plan.Changes {
		for i, l := range wrap(c.Reason, w-4) {
			head := "    "
			if i == 0 {
				head = fmt.Sprintf("%2d  ", c.N)
			}
			out = append(out, head+l)
		}
	}
	return out
}

func (p *promote) drawFields(r canvas.Region, fields []field) {
	for i, f := range fields {
		if i >= r.H {
			return
		}
		if i == p.field {
			r.Set(0, i, '>', canvas.Key)
		}
		r.Text(1, i, f.name, canvas.Dim)
		end := r.Clip(p.a.theme, 12, i, r.W-13, f.value, canvas.Text)
		if i == p.field {
			r.AddStyle(12, i, end-12, canvas.Reverse)
		}
		r.Clip(p.a.theme, end+2, i, r.W-end-3, f.note, canvas.Dim)
	}
}

// found is the lint, the state estimate, the lateness and the shadow run.
func (p *promote) found(w int) []canvas.Part {
	var out []canvas.Part
	add := func(st canvas.Style, head, text string) {
		for i, l := range wrap(text, w-8) {
			if i > 0 {
				head = ""
			}
			out = append(out, canvas.Part{Text: fmt.Sprintf("%-8s%s", head, l), S: st})
		}
	}
	for _, l := range p.plan.Lint {
		st := map[string]canvas.Style{"error": canvas.Bad, "warning": canvas.Warn}[l.Level]
		add(st, l.Level, l.Text)
		if l.Hint != "" {
			add(canvas.Dim, "", l.Hint)
		}
	}
	if s := p.plan.Shadow; s != nil {
		st := canvas.Good
		if !s.Equal {
			st = canvas.Bad
		}
		add(st, "shadow", s.Text)
	}
	if e := p.plan.State; e != nil {
		grows := "bounded"
		if e.Grows {
			grows = "GROWS"
		}
		add(canvas.Text, "state", fmt.Sprintf("%s, about %s for %s keys (%s)", grows, render.Bytes(e.Bytes), render.Count(e.Keys), e.Basis))
	}
	if l := p.plan.Lateness; l != nil {
		for _, c := range l.Choices {
			mark := "   "
			if c.Name == l.Chosen.Name {
				mark = " * "
			}
			add(canvas.Text, "late", fmt.Sprintf("%s%s waits %s: %s rows late (%.3f %%)", mark, c.Name, time.Duration(c.Delay), render.Count(c.Late), 100*c.Share))
		}
		add(canvas.Dim, "", "measured on "+l.Basis)
	}
	if p.plan.IdleText != "" {
		add(canvas.Text, "idle", p.plan.IdleText)
	}
	return out
}

// openFindings shows the reasons and everything that was found, whole.
func (p *promote) openFindings() tea.Cmd {
	if p.plan == nil {
		return nil
	}
	var lines []widget.Line
	for _, l := range p.reasons(96) {
		lines = append(lines, widget.Line{{Text: l}})
	}
	lines = append(lines, nil)
	for _, f := range p.found(96) {
		lines = append(lines, widget.Line{f})
	}
	return p.a.read(&reader{name: "Promotion of " + p.req.Name, width: 100, prose: widget.Prose{Lines: lines}})
}

func (p *promote) drawFound(r canvas.Region, found []canvas.Part) {
	for y := 0; y < r.H && y < len(found); y++ {
		if y == r.H-1 && len(found) > r.H {
			r.Text(1, y, fmt.Sprintf("%d lines more", len(found)-y), canvas.Dim)
			return
		}
		r.Clip(p.a.theme, 1, y, r.W-2, found[y].Text, found[y].S)
	}
}
