package tui

import (
	tea "charm.land/bubbletea/v2"
	"github.com/riffle-io/riffle/tui/canvas"
	"github.com/riffle-io/riffle/tui/keymap"
	"github.com/riffle-io/riffle/tui/widget"
)

// help is the ? overlay: the keys that apply now, in groups; typing searches them.
type help struct {
	a     *app
	cmds  []*keymap.Command
	input *widget.Input
	order []int
	list  widget.List
	words []word
}

// word explains a term that is on the screen.
type word struct{ term, text string }

// explainer is a screen with terms to explain.
type explainer interface{ words() []word }

func (a *app) help() tea.Cmd {
	h := &help{a: a, cmds: a.keys.Live(a.scopes()), input: widget.NewInput("search: ", "", nil)}
	if e, ok := a.front().(explainer); ok {
		h.words = e.words()
	}
	a.open(h)
	return nil
}

func (h *help) title() (string, string) {
	return "Help: " + h.a.front().label(), h.a.keys.Layout().Name + " keys  type to search, enter runs it"
}

func (h *help) size(w, h2 int) (int, int) { return min(w, 120), h2 }

func (h *help) hints() [][2]string {
	return [][2]string{{"enter", "run selected"}, {"up down", "move"}, {"esc", "close"}}
}

func (h *help) cursor() (int, int, bool) {
	x, y := h.input.CursorAt()
	return x, y, true
}

func (h *help) draw(r canvas.Region) {
	h.input.Draw(r.Sub(0, 0, r.W, 1), h.a.theme)
	body := r.Sub(0, 2, r.W, r.H-2)
	if h.input.Value() != "" {
		h.list.Draw(body, h.a.theme, true)
		return
	}
	h.drawGroups(body)
}

// wideHelp is the width of a column from which two long keys have room beside their title.
const wideHelp = 36

// drawGroups fills columns from top to bottom, and does not part a heading from its first line.
func (h *help) drawGroups(r canvas.Region) {
	foot := r.Sub(0, r.H-1, r.W, 1)
	r.H-- // the foot is for what does not fit
	lines := 0
	for _, g := range groups(h.cmds) {
		lines += len(g.cmds) + 2
	}
	cols := clamp((lines+len(h.words)+2+r.H)/max(1, r.H), 1, max(1, r.W/30))
	w := r.W / cols
	kw := 9 // of the keys
	if w >= wideHelp {
		kw = len("ctrl-d ctrl-u")
	}
	x, y, left := 0, 0, 0
	line := func(need int) bool {
		if y+need > r.H {
			x, y = x+w, 0
			cols--
		}
		return cols > 0
	}
	for _, g := range groups(h.cmds) {
		if y > 0 {
			y++
		}
		if !line(2) {
			left += len(g.cmds)
			continue
		}
		r.Clip(h.a.theme, x, y, w-1, g.name, canvas.Header)
		y++
		for _, c := range g.cmds {
			if !line(1) {
				left++
				continue
			}
			caps := c.Keycaps(2)
			if canvas.Width(caps) > kw {
				caps = c.Keycaps(1)
			}
			r.Clip(h.a.theme, x+1, y, kw, caps, canvas.Key)
			r.Clip(h.a.theme, x+kw+2, y, w-kw-3, c.Title, canvas.Text)
			y++
		}
	}
	h.drawWords(r, line, &x, &y, w)
	if left > 0 {
		foot.Text(0, 0, itoa(left)+" more: type part of a name", canvas.Warn)
	}
}

func (h *help) drawWords(r canvas.Region, line func(int) bool, x, y *int, w int) {
	if len(h.words) == 0 {
		return
	}
	*y++
	if !line(3) {
		return
	}
	r.Text(*x, *y, "WORDS ON THIS SCREEN", canvas.Header)
	*y++
	for _, wd := range h.words {
		if !line(1) {
			return
		}
		r.Clip(h.a.theme, *x+1, *y, 9, wd.term, canvas.Accent)
		r.Clip(h.a.theme, *x+11, *y, w-12, wd.text, canvas.Text)
		*y++
	}
}

// group is commands under one heading.
type group struct {
	name string
	cmds []*keymap.Command
}

// groups sorts commands by heading, in the order in which the headings first come.
func groups(cmds []*keymap.Command) []group {
	var out []group
	at := map[string]int{}
	for _, c := range cmds {
		if len(c.Keys) == 0 {
			continue
		}
		i, ok := at[c.Group]
		if !ok {
			i = len(out)
			at[c.Group] = i
			out = append(out, group{name: c.Group})
		}
		out[i].cmds = append(out[i].cmds, c)
	}
	return out
}

func (h *help) key(k, text string) tea.Cmd {
	switch k {
	case "esc":
		h.a.closeOverlay()
		return nil
	case "enter":
		if h.input.Value() == "" || h.list.Sel >= len(h.order) {
			return nil
		}
		c := h.cmds[h.order[h.list.Sel]]
		h.a.closeOverlay()
		return c.Run("")
	}
	if k == "?" && h.input.Value() == "" {
		h.a.closeOverlay()
		return nil
	}
	if len(k) > 1 && k != "space" && h.list.Key(k) {
		return nil
	}
	if h.input.Key(k, text) {
		h.arrange()
	}
	return nil
}

func (h *help) arrange() {
	items := commandItems(h.cmds)
	h.order = widget.Rank(h.input.Value(), len(items), func(i int) string { return items[i].Text })
	h.list.Items, h.list.Sel = h.list.Items[:0], 0
	for _, i := range h.order {
		h.list.Items = append(h.list.Items, items[i])
	}
}

// commandItems lists commands with their keys and command lines.
func commandItems(cmds []*keymap.Command) []widget.Item {
	var items []widget.Item
	for _, c := range cmds {
		note := c.Keycaps(2)
		if c.Word != "" {
			note += "  :" + c.Word
		}
		if c.CLI != nil {
			if line := c.CLI(); line != "" {
				note += "  = " + line
			}
		}
		items = append(items, widget.Item{Text: c.Title, Note: note})
	}
	return items
}

// palette is ctrl-p: every command that applies, searched by name.
func (a *app) palette() tea.Cmd {
	var cmds []*keymap.Command
	for _, c := range a.keys.Live(a.scopes()) {
		if c.Group != groupMove {
			cmds = append(cmds, c)
		}
	}
	return a.pick(&picker{name: "Commands", items: commandItems(cmds), verb: "run",
		choose: func(i int) tea.Cmd { return cmds[i].Run("") }})
}
