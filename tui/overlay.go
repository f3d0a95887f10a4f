package tui

import (
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/riffle-io/riffle/tui/canvas"
	"github.com/riffle-io/riffle/tui/widget"
)

// overlay lies over the screen and takes its keys.
type overlay interface {
	title() (title, note string)
	size(w, h int) (ow, oh int) // with the frame
	draw(r canvas.Region)
	key(k, text string) tea.Cmd
	hints() [][2]string
	cursor() (x, y int, ok bool)
}

// poller is an overlay over something that changes by itself.
type poller interface {
	poll(now time.Time) (changed, active bool)
}

// closer is an overlay that ends something when it goes.
type closer interface{ closed() }

func (a *app) open(o overlay) { a.overlays = append(a.overlays, o) }

func (a *app) closeOverlay() {
	if n := len(a.overlays); n > 0 {
		if c, ok := a.overlays[n-1].(closer); ok {
			c.closed()
		}
		a.overlays = a.overlays[:n-1]
	}
}

func (a *app) drawOverlay(r canvas.Region, o overlay, top bool) {
	w, h := o.size(r.W-4, r.H)
	w, h = min(w, r.W), min(h, r.H)
	box := r.Sub((r.W-w)/2, max(0, (r.H-h)/3), w, h)
	in := box.Box(a.theme, "", "", top)
	o.draw(in.Sub(1, 0, in.W-2, in.H))
	title, note := o.title()
	box.Label(a.theme, title, note, top)
	if top {
		x, y, ok := o.cursor()
		a.setCursor(x, y, tea.CursorBar, ok)
	}
}

// picker is a list to search and choose from.
type picker struct {
	a      *app
	name   string
	input  *widget.Input
	items  []widget.Item
	order  []int // of items that fit, best first
	list   widget.List
	choose func(i int) tea.Cmd
	verb   string // what enter does
	// extra handles other keys with the item under the cursor; nil: none. hint names them.
	extra func(k string, i int) (tea.Cmd, bool)
	hint  [][2]string
	empty string // what is said when there is nothing
}

func (a *app) pick(p *picker) tea.Cmd {
	p.a = a
	p.input = widget.NewInput("search: ", "", nil)
	p.arrange()
	a.open(p)
	return nil
}

func (p *picker) arrange() {
	p.order = widget.Rank(p.input.Value(), len(p.items), func(i int) string { return p.items[i].Text + " " + p.items[i].Note })
	p.list.Items = p.list.Items[:0]
	for _, i := range p.order {
		p.list.Items = append(p.list.Items, p.items[i])
	}
	p.list.Sel = 0
}

func (p *picker) title() (string, string) {
	return p.name, itoa(len(p.order)) + " of " + itoa(len(p.items))
}

func (p *picker) size(w, h int) (int, int) { return min(w, 110), min(h, max(8, len(p.items)+4)) }

func (p *picker) hints() [][2]string {
	return append([][2]string{{"enter", p.verb}, {"up down", "move"}}, append(p.hint, [2]string{"esc", "close"})...)
}

func (p *picker) cursor() (int, int, bool) {
	x, y := p.input.CursorAt()
	return x, y, true
}

func (p *picker) draw(r canvas.Region) {
	p.input.Draw(r.Sub(0, 0, r.W, 1), p.a.theme)
	if len(p.items) == 0 {
		r.Clip(p.a.theme, 0, 2, r.W, p.empty, canvas.Dim)
	}
	p.list.Draw(r.Sub(0, 2, r.W, r.H-2), p.a.theme, true)
}

func (p *picker) key(k, text string) tea.Cmd {
	switch k {
	case "esc":
		p.a.closeOverlay()
		return nil
	case "enter":
		if p.list.Sel < len(p.order) {
			i := p.order[p.list.Sel]
			p.a.closeOverlay()
			return p.choose(i)
		}
		return nil
	}
	if p.extra != nil && p.list.Sel < len(p.order) {
		if cmd, done := p.extra(k, p.order[p.list.Sel]); done {
			return cmd
		}
	}
	if len(k) > 1 && k != "space" && p.list.Key(k) {
		return nil
	}
	if p.input.Key(k, text) {
		p.arrange()
	}
	return nil
}

func (p *picker) paste(text string) { p.input.Paste(text); p.arrange() }

// reader is an overlay of text.
type reader struct {
	a     *app
	name  string
	prose widget.Prose
	width int
	// keys handles keys of its own; nil: none. hint names them.
	keys func(k string) (tea.Cmd, bool)
	hint [][2]string
}

func (a *app) read(o *reader) tea.Cmd {
	o.a = a
	a.open(o)
	return nil
}

func (o *reader) title() (string, string) { return o.name, o.prose.More() }

func (o *reader) size(w, h int) (int, int) {
	return min(w, max(o.width, 60)), min(h, len(o.prose.Lines)+2)
}

func (o *reader) hints() [][2]string {
	return append(append([][2]string{{"j k", "move"}}, o.hint...), [2]string{"esc", "close"})
}

func (o *reader) cursor() (int, int, bool) { return 0, 0, false }
func (o *reader) draw(r canvas.Region)     { o.prose.Draw(r, o.a.theme, true) }

func (o *reader) key(k, _ string) tea.Cmd {
	if o.keys != nil {
		if cmd, done := o.keys(k); done {
			return cmd
		}
	}
	if k == "esc" || k == "q" || k == "enter" {
		o.a.closeOverlay()
		return nil
	}
	o.prose.Key(k)
	return nil
}

// choice is one answer of a menu.
type choice struct {
	key, text, note string
	do              func() tea.Cmd
}

// menu asks for one of a few answers.
type menu struct {
	a       *app
	name    string
	lines   []widget.Line // what is asked, or what would happen
	choices []choice
	sel     int
}

func (a *app) choose(name string, lines []widget.Line, choices ...choice) tea.Cmd {
	a.open(&menu{a: a, name: name, lines: lines, choices: choices})
	return nil
}

func (m *menu) title() (string, string) { return m.name, "" }

func (m *menu) size(w, h int) (int, int) {
	need := 40
	for _, l := range m.lines {
		n := 4
		for _, p := range l {
			n += canvas.Width(p.Text)
		}
		need = max(need, n)
	}
	for _, c := range m.choices {
		need = max(need, canvas.Width(c.text)+canvas.Width(c.note)+14)
	}
	lines := len(m.lines)
	if lines > 0 {
		lines++
	}
	return min(w, need), min(h, lines+len(m.choices)+2)
}

func (m *menu) hints() [][2]string {
	return [][2]string{{"enter", m.choices[m.sel].text}, {"j k", "move"}, {"esc", "close"}}
}

func (m *menu) cursor() (int, int, bool) { return 0, 0, false }

func (m *menu) draw(r canvas.Region) {
	y := 0
	for ; y < len(m.lines); y++ {
		x := 0
		for _, p := range m.lines[y] {
			x = r.Text(x, y, p.Text, p.S)
		}
	}
	if y > 0 {
		y++
	}
	for i, c := range m.choices {
		if i == m.sel {
			r.Set(0, y+i, '>', canvas.Key)
		}
		r.Text(2, y+i, c.key, canvas.Key)
		end := r.Text(6, y+i, c.text, canvas.Text)
		if i == m.sel {
			r.AddStyle(6, y+i, end-6, canvas.Reverse)
		}
		r.Right(r.W, y+i, c.note, canvas.Dim)
	}
}

func (m *menu) key(k, _ string) tea.Cmd {
	switch k {
	case "esc":
		m.a.closeOverlay()
		return nil
	case "enter":
		return m.take(m.sel)
	}
	for i, c := range m.choices {
		if c.key == k {
			return m.take(i)
		}
	}
	switch k {
	case "j", "down", "tab":
		m.sel = (m.sel + 1) % len(m.choices)
	case "k", "up", "shift+tab":
		m.sel = (m.sel + len(m.choices) - 1) % len(m.choices)
	}
	return nil
}

func (m *menu) take(i int) tea.Cmd {
	m.a.closeOverlay()
	if m.choices[i].do == nil {
		return nil
	}
	return m.choices[i].do()
}
