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

	page   int // columns that were passed with down
	unseen int // entries that are further down
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

// layout finds how many columns the help has, how wide they are, and how much of that the keys take:
// the fewest columns that hold everything.
func (h *help) layout(width, height int) (cols, w, kw int) {
	least := 2
	for _, c := range h.cmds {
		least = max(least, canvas.Width(c.Keycaps(1)))
	}
	for cols = 1; ; cols++ {
		w, kw = width/cols, least
		if w >= wideHelp {
			kw = len("ctrl-d ctrl-u")
		}
		lines := 2
		for _, g := range groups(h.cmds) {
			lines += 2
			for _, c := range g.cmds {
				lines += len(wrap(c.Title, w-kw-3))
			}
		}
		for _, wd := range h.words {
			lines += len(wrap(wd.text, w-12))
		}
		if lines <= cols*(height-2) || width/(cols+1) < 30 {
			return cols, w, kw
		}
	}
}

// helpPage puts lines into columns from top to bottom. Those before the page and behind the right edge
// are not drawn.
type helpPage struct {
	r        canvas.Region
	t        *canvas.Theme
	x, y     int
	w, kw    int // of a column, and of the keys in it
	unseen   int // entries behind the right edge
	overflow bool
}

// room goes to the next column when n lines do not fit, and reports that there is something to draw on.
func (p *helpPage) room(n int) bool {
	if p.y+n > p.r.H {
		p.x, p.y = p.x+p.w, 0
	}
	p.overflow = p.x+p.w > p.r.W
	return p.x >= 0 && !p.overflow
}

// heading writes the name of a group whose first entry has so many lines.
func (p *helpPage) heading(text string, first int) {
	if p.y > 0 {
		p.y++
	}
	if p.room(1 + first) {
		p.r.Clip(p.t, p.x, p.y, p.w-1, text, canvas.Header)
	}
	p.y++
}

// entry writes a key or a term, and beside it what it means.
func (p *helpPage) entry(key string, st canvas.Style, kw int, text string) {
	lines := wrap(text, p.w-kw-3)
	if p.room(len(lines)) {
		p.r.Clip(p.t, p.x+1, p.y, kw, key, st)
		for i, l := range lines {
			p.r.Clip(p.t, p.x+kw+2, p.y+i, p.w-kw-3, l, canvas.Text)
		}
	} else if p.overflow {
		p.unseen++
	}
	p.y += len(lines)
}

// drawGroups draws the entries from the page on, and says how many more there are.
func (h *help) drawGroups(r canvas.Region) {
	foot := r.Sub(0, r.H-1, r.W, 1)
	r.H-- // the foot is for what does not fit
	_, w, kw := h.layout(r.W, r.H)
	p := &helpPage{r: r, t: h.a.theme, x: -h.page * w, w: w, kw: kw}
	for _, g := range groups(h.cmds) {
		p.heading(g.name, len(wrap(g.cmds[0].Title, w-kw-3)))
		for _, c := range g.cmds {
			caps := c.Keycaps(2)
			if canvas.Width(caps) > kw {
				caps = c.Keycaps(1)
			}
			p.entry(caps, canvas.Key, kw, c.Title)
		}
	}
	if len(h.words) > 0 {
		p.heading("WORDS ON THIS SCREEN", len(wrap(h.words[0].text, w-12)))
		for _, wd := range h.words {
			p.entry(wd.term, canvas.Accent, 9, wd.text)
		}
	}
	if h.unseen = p.unseen; p.unseen > 0 {
		foot.Text(0, 0, itoa(p.unseen)+" more: down shows them, or type part of a name", canvas.Warn)
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
	if h.input.Value() == "" && h.turn(k) {
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

// turn moves over the columns while nothing is searched.
func (h *help) turn(k string) bool {
	switch k {
	case "down", "pgdown", "right":
		if h.unseen > 0 {
			h.page++
		}
	case "up", "pgup", "left":
		h.page = max(0, h.page-1)
	default:
		return false
	}
	return true
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
