package tui

import (
	"bytes"
	"encoding/json"
	"slices"

	tea "charm.land/bubbletea/v2"
	"github.com/riffle-io/riffle/tui/canvas"
	"github.com/riffle-io/riffle/tui/widget"
)

// pickColumn lists the columns: enter goes to one, and shows it where it was hidden; ctrl-x hides it
// or shows it again.
func (e *explore) pickColumn() tea.Cmd {
	p := &picker{name: "Columns", verb: "go to", hint: [][2]string{{"ctrl-x", "hide, show"}}}
	note := func(i int) string {
		c, at := e.grid.Column(i), slices.Index(e.grid.GetView().Order, i)
		switch {
		case at < 0:
			return "HIDDEN  " + c.Type
		case at < e.grid.GetView().Pinned:
			return "pinned  " + c.Type
		}
		return c.Type
	}
	list := func() {
		p.items = p.items[:0]
		for i, c := range e.grid.Columns() {
			p.items = append(p.items, widget.Item{Text: c.Name, Note: note(i)})
		}
	}
	list()
	p.choose = func(i int) tea.Cmd {
		e.showColumn(i)
		row, _, _ := e.grid.Cursor()
		e.grid.MoveTo(row, i)
		e.ps.to("explore/grid")
		return nil
	}
	p.extra = func(k string, i int) (tea.Cmd, bool) {
		if k != "ctrl+x" {
			return nil, false
		}
		if slices.Contains(e.grid.GetView().Order, i) {
			row, _, _ := e.grid.Cursor()
			e.grid.MoveTo(row, i)
			e.hide()
		} else {
			e.showColumn(i)
		}
		sel := p.list.Sel
		list()
		p.arrange()
		p.list.Sel = sel
		return nil, true
	}
	return e.a.pick(p)
}

// showColumn shows a hidden column again, where it belongs.
func (e *explore) showColumn(i int) {
	v := e.grid.GetView()
	if slices.Contains(v.Order, i) {
		return
	}
	at := len(v.Order)
	for at > v.Pinned && v.Order[at-1] > i {
		at--
	}
	v.Order = slices.Insert(v.Order, at, i)
	e.changeLook(func() { e.grid.SetView(v) })
}

// openCell shows the value under the cursor whole; JSON stands in lines.
func (a *app) openCell(g *widget.Grid) tea.Cmd {
	v, ok := g.Value()
	if !ok {
		return nil
	}
	_, col, _ := g.Cursor()
	c, text := g.Column(col), v.Text
	style := canvas.Text
	if v.Null {
		text, style = "NULL", canvas.Dim
	}
	var neat bytes.Buffer
	if len(text) > 0 && (text[0] == '{' || text[0] == '[') && json.Indent(&neat, []byte(text), "", "  ") == nil {
		text = neat.String()
	}
	lines := wrapped(text, 96)
	for i := range lines {
		lines[i][0].S = style
	}
	return a.read(&reader{name: c.Name + "  " + c.Type, width: 100, prose: widget.Prose{Lines: lines},
		hint: [][2]string{{"y", "copy"}}, keys: func(k string) (tea.Cmd, bool) {
			if k != "y" {
				return nil, false
			}
			return a.copyText(v.Text, "the cell of "+c.Name), true
		}})
}

// wrapped makes lines of at most w cells of a text.
func wrapped(text string, w int) (out []widget.Line) {
	for _, l := range widget.Paragraph(text) {
		runes := []rune(l[0].Text)
		for len(runes) > w {
			out = append(out, widget.Line{{Text: string(runes[:w])}})
			runes = runes[w:]
		}
		out = append(out, widget.Line{{Text: string(runes)}})
	}
	return out
}
