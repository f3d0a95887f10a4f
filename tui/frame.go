package tui

import (
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/riffle-io/riffle/tui/canvas"
	"github.com/riffle-io/riffle/tui/keymap"
)

// Times between drawings: 25 a second, 5 when the terminal is not looked at.
const (
	frameEvery   = 40 * time.Millisecond
	blurredEvery = 200 * time.Millisecond
	// keyEvery bounds the drawings that keys ask for: what was pressed shows at once, and a flood of
	// keys does not draw more often than a terminal shows.
	keyEvery = 4 * time.Millisecond
)

// The least size that is drawn, and the width from which side panes stand beside the others.
const (
	leastWidth  = 60
	leastHeight = 15
	wideWidth   = 80
)

// frame is the state of drawing.
type frame struct {
	dirty   bool
	pressed bool // a key came since the last drawing
	ticking bool // a frameMsg is on its way
	soon    bool // a keyMsg is
	last    time.Time
	buf     []byte
	view    string
	cursor  *tea.Cursor
}

// frameMsg says that it is time to look at what changed.
type frameMsg struct{}

// keyMsg says that a key that came right behind a drawing may be drawn now.
type keyMsg struct{}

// touch asks for a drawing.
func (a *app) touch() { a.frame.dirty = true }

// settle draws when the last drawing is long enough ago, and asks for a frame while there is
// something to draw or to wait for.
func (a *app) settle() tea.Cmd {
	now, every := a.now(), frameEvery
	if a.blurred {
		every = blurredEvery
	}
	var cmds []tea.Cmd
	active := false
	if !a.frame.ticking {
		for i, s := range a.screens {
			changed, more, cmd := s.poll(now)
			a.frame.dirty = a.frame.dirty || (changed && i == a.cur)
			active = active || more
			cmds = append(cmds, cmd)
		}
		if n := len(a.overlays); n > 0 {
			if p, ok := a.overlays[n-1].(poller); ok {
				changed, more := p.poll(now)
				a.frame.dirty = a.frame.dirty || changed
				active = active || more
			}
		}
	}
	soon := every
	if a.frame.pressed {
		soon = keyEvery
	}
	if a.frame.dirty && now.Sub(a.frame.last) >= soon {
		a.compose()
		a.frame.last, a.frame.dirty, a.frame.pressed = now, false, false
	}
	if a.frame.dirty && a.frame.pressed && !a.frame.soon { // the next frame would be too late
		a.frame.soon = true
		cmds = append(cmds, tea.Tick(soon-now.Sub(a.frame.last), func(time.Time) tea.Msg { return keyMsg{} }))
	}
	if !a.frame.ticking && (active || a.frame.dirty) {
		a.frame.ticking = true
		cmds = append(cmds, tea.Tick(every, func(time.Time) tea.Msg { return frameMsg{} }))
	}
	return tea.Batch(cmds...)
}

// compose draws the whole screen into the kept string.
func (a *app) compose() {
	all := a.c.All()
	a.frame.cursor = nil
	if a.tooSmall() {
		all.Clear()
		all.Clip(a.theme, 0, 0, all.W, "riffle needs 60x15 cells; riffle repl needs less", canvas.Text)
		all.Clip(a.theme, 0, 1, all.W, "ctrl-d leaves", canvas.Dim)
	} else {
		a.drawScreen(all)
	}
	if a.term != nil {
		a.term.show(a.c, a.theme, a.frame.cursor)
		return
	}
	a.frame.buf = a.c.Render(a.theme, a.frame.buf[:0])
	a.frame.view = string(a.frame.buf)
}

func (a *app) tooSmall() bool {
	w, h := a.c.Size()
	return w < leastWidth || h < leastHeight
}

func (a *app) drawScreen(all canvas.Region) {
	top := 0
	all.Clear()
	if a.header {
		a.drawTabs(all.Sub(0, 0, all.W, 1))
		top = 1
	}
	s := a.front()
	s.draw(all.Sub(0, top, all.W, all.H-top-2))
	a.setCursor(s.cursor())
	for i, o := range a.overlays {
		a.drawOverlay(all.Sub(0, top, all.W, all.H-top-2), o, i == len(a.overlays)-1)
	}
	a.drawStatus(all.Sub(0, all.H-2, all.W, 1))
	a.drawKeys(all.Sub(0, all.H-1, all.W, 1))
}

func (a *app) setCursor(x, y int, shape tea.CursorShape, ok bool) {
	if !ok {
		a.frame.cursor = nil
		return
	}
	a.frame.cursor = tea.NewCursor(x, y)
	a.frame.cursor.Shape = shape
}

// drawTabs draws the names of the screens and the corner.
func (a *app) drawTabs(r canvas.Region) {
	x := r.Text(0, 0, "riffle  ", canvas.Title)
	for i, s := range a.screens {
		name := s.digit() + " " + s.label()
		if i == a.cur {
			x = r.Text(x, 0, "["+name+"]", canvas.Accent|canvas.Bold) + 1
		} else {
			x = r.Text(x, 0, " "+name+" ", canvas.Dim) + 1
		}
	}
	st, guard := canvas.Text, a.rights()
	if a.jobs.profile != "" {
		st, guard = canvas.Warn, a.jobs.profile+"  "+guard
	}
	for _, corner := range []string{strings.TrimSpace(a.front().corner() + "  " + guard), guard} {
		if w := canvas.Width(corner); x+w+1 <= r.W { // what one may do here is left out last
			r.Right(r.W-canvas.Width(guard), 0, strings.TrimSuffix(corner, guard), canvas.Text)
			r.Right(r.W, 0, guard, st)
			return
		}
	}
}

func (a *app) drawStatus(r canvas.Region) {
	if a.prompt != nil {
		a.prompt.input.Draw(r, a.theme)
		x, y := a.prompt.input.CursorAt()
		a.setCursor(x, y, tea.CursorBar, true)
		return
	}
	p := a.message
	if p.Text == "" {
		p = a.front().status()
	}
	r.Clip(a.theme, 0, 0, r.W, p.Text, p.S)
}

// drawKeys draws the keys that matter now, as many as fit.
func (a *app) drawKeys(r canvas.Region) {
	x := 0
	put := func(key, text string) bool {
		if x+canvas.Width(key)+1+canvas.Width(text) > r.W {
			return false
		}
		x = r.Text(x, 0, key, canvas.Key)
		x = r.Text(x+1, 0, text, canvas.Text) + 2
		return true
	}
	switch {
	case a.prompt != nil:
		for _, h := range a.prompt.hints() {
			put(h[0], h[1])
		}
		return
	case len(a.overlays) > 0:
		for _, h := range a.overlays[len(a.overlays)-1].hints() {
			put(h[0], h[1])
		}
		return
	}
	if p := a.keys.Pending(); p != "" {
		put(keymap.Show(p), a.continuations(p))
		return
	}
	text := false
	if w, ok := a.front().(interface{ inText() bool }); ok && w.inText() {
		text = true
		put("esc", "keys")
	}
	for _, c := range a.keys.Live(a.scopes()) {
		if c.Short == "" || len(c.Keys) == 0 || (text && len(c.Keys[0]) == 1) {
			continue
		}
		if !put(caps(c), c.Short) {
			return
		}
	}
}

// caps are the keys of a command in the key line: both when there are two that belong together.
func caps(c *keymap.Command) string {
	if len(c.Keys) == 2 && len(c.Keys[0]) == 1 && len(c.Keys[1]) == 1 {
		return c.Keycaps(2)
	}
	return c.Keycaps(1)
}

// continuations lists what may follow the first press of a key of two.
func (a *app) continuations(first string) string {
	text := ""
	for _, c := range a.keys.Live(a.scopes()) {
		for _, k := range c.Keys {
			if len(k) > len(first) && k[:len(first)+1] == first+" " {
				text += k[len(first)+1:] + " " + c.Title + "   "
				break
			}
		}
	}
	return text
}

// View returns what compose made, and the modes of the terminal. With a terminal of our own the frame
// is on it already.
func (a *app) View() tea.View {
	v := tea.NewView(a.frame.view)
	if a.term == nil {
		v.AltScreen = true
		v.Cursor = a.frame.cursor
	}
	v.ReportFocus = true
	v.WindowTitle = "riffle"
	if a.mouse {
		v.MouseMode = tea.MouseModeCellMotion
	}
	return v
}
