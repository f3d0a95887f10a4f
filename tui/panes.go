package tui

import (
	"github.com/riffle-io/riffle/tui/canvas"
)

// rect is a place on the screen.
type rect struct{ x, y, w, h int }

func (r rect) empty() bool { return r.w < 2 || r.h < 2 }

// pane is a framed part of a screen.
type pane struct {
	scope string // "explore/grid": its keys
	label string // where panes are folded into tabs
	side  bool   // folded away when the terminal is narrow
	// shown says whether it is there at all; nil is always.
	shown func() bool
	// mute panes cannot have the focus.
	mute  bool
	title func() (title, note string)
	draw  func(r canvas.Region, focus bool)
	at    rect
}

func (p *pane) visible() bool { return p.shown == nil || p.shown() }

// panes are the parts of a screen and which of them has the focus.
type panes struct {
	list   []*pane
	focus  *pane
	full   bool           // the focused pane takes the whole screen
	folded bool           // panes were not side by side when they were last drawn
	grow   map[string]int // cells that the user added, by scope
}

func newPanes(list ...*pane) *panes {
	return &panes{list: list, focus: list[0], grow: map[string]int{}}
}

// to gives the focus to the pane of a scope.
func (ps *panes) to(scope string) {
	for _, p := range ps.list {
		if p.scope == scope && p.visible() && !p.mute {
			ps.focus = p
		}
	}
}

// next gives the focus to the n-th pane after, in the order of the list.
func (ps *panes) next(n int) {
	at := 0
	for i, p := range ps.list {
		if p == ps.focus {
			at = i
		}
	}
	step := 1
	if n < 0 {
		step = -1
	}
	for range ps.list {
		at = (at + step + len(ps.list)) % len(ps.list)
		if p := ps.list[at]; p.visible() && !p.mute {
			ps.focus = p
			return
		}
	}
}

// toward gives the focus to the nearest pane in the direction of h, j, k or l.
func (ps *panes) toward(dir string) {
	if ps.folded { // panes are tabs, one beside the other
		ps.next(map[string]int{"h": -1, "k": -1, "l": 1, "j": 1}[dir])
		return
	}
	from := ps.focus.at
	cx, cy := from.x+from.w/2, from.y+from.h/2
	best, bestAway := ps.focus, 1<<30
	for _, p := range ps.list {
		if p == ps.focus || p.mute || !p.visible() || p.at.empty() {
			continue
		}
		x, y := p.at.x+p.at.w/2, p.at.y+p.at.h/2
		dx, dy := x-cx, y-cy
		ahead := map[string]bool{"h": p.at.x+p.at.w <= from.x, "l": p.at.x >= from.x+from.w,
			"k": p.at.y+p.at.h <= from.y, "j": p.at.y >= from.y+from.h}[dir]
		if away := dx*dx + 4*dy*dy; ahead && away < bestAway {
			best, bestAway = p, away
		}
	}
	ps.focus = best
}

// mend moves the focus away from a pane that is no longer there.
func (ps *panes) mend() {
	if !ps.focus.visible() {
		ps.next(1)
	}
}

// draw places the panes and draws them. place sets the rectangles for a wide screen, or for a narrow
// one without the side panes.
func (ps *panes) draw(r canvas.Region, t *canvas.Theme, place func(w, h int, narrow bool)) {
	ps.mend()
	for _, p := range ps.list {
		p.at = rect{}
	}
	narrow := r.W < wideWidth
	ps.folded = narrow || ps.full
	switch {
	case ps.full || (narrow && ps.focus.side):
		body := r
		if narrow {
			ps.drawStrip(r.Sub(0, 0, r.W, 1))
			body = r.Sub(0, 1, r.W, r.H-1)
			ps.focus.at = rect{0, 1, body.W, body.H}
		} else {
			ps.focus.at = rect{0, 0, r.W, r.H}
		}
	case narrow:
		ps.drawStrip(r.Sub(0, 0, r.W, 1))
		place(r.W, r.H-1, true)
		for _, p := range ps.list {
			p.at.y++
			if p.side {
				p.at = rect{}
			}
		}
	default:
		place(r.W, r.H, false)
	}
	for _, p := range ps.list {
		if p.visible() && !p.at.empty() {
			box := r.Sub(p.at.x, p.at.y, p.at.w, p.at.h)
			p.draw(box.Box(t, "", "", p == ps.focus), p == ps.focus)
			title, note := p.title() // it may say what was drawn
			box.Label(t, title, note, p == ps.focus)
		}
	}
}

// drawStrip names the panes of a narrow screen, the focused one in brackets.
func (ps *panes) drawStrip(r canvas.Region) {
	x := 1
	for _, p := range ps.list {
		switch {
		case p.mute || !p.visible():
		case p == ps.focus:
			x = r.Text(x, 0, "["+p.label+"]", canvas.Accent|canvas.Bold) + 1
		default:
			x = r.Text(x, 0, " "+p.label+" ", canvas.Dim) + 1
		}
	}
	r.Right(r.W-1, 0, "tab next pane", canvas.Dim)
}
