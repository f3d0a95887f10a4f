package canvas

import "unicode/utf8"

// Region is a rectangle of a canvas. Drawing outside of it does nothing.
type Region struct {
	c          *Canvas
	X, Y, W, H int
}

// Sub returns the part of a region at x, y, cut to what lies inside.
func (r Region) Sub(x, y, w, h int) Region {
	if x < 0 {
		w, x = w+x, 0
	}
	if y < 0 {
		h, y = h+y, 0
	}
	w, h = max(0, min(w, r.W-x)), max(0, min(h, r.H-y))
	return Region{c: r.c, X: r.X + x, Y: r.Y + y, W: w, H: h}
}

// Clear blanks the region.
func (r Region) Clear() { r.Fill(' ', Text) }

// Fill sets every cell.
func (r Region) Fill(ch rune, s Style) {
	for y := r.Y; y < r.Y+r.H; y++ {
		if r.W <= 0 {
			return
		}
		row := r.c.cells[y*r.c.w+r.X : y*r.c.w+r.X+r.W]
		if r.X > 0 && row[0].R == 0 {
			r.c.cells[y*r.c.w+r.X-1].R = ' '
		}
		if end := r.X + r.W; end < r.c.w && r.c.cells[y*r.c.w+end].R == 0 {
			r.c.cells[y*r.c.w+end].R = ' '
		}
		for x := range row {
			row[x] = Cell{ch, s}
			if r.c.marks != nil {
				delete(r.c.marks, y*r.c.w+r.X+x)
			}
		}
	}
}

// Set writes one cell.
func (r Region) Set(x, y int, ch rune, s Style) {
	if x >= 0 && y >= 0 && x < r.W && y < r.H {
		r.c.set(r.X+x, r.Y+y, visible(ch), s)
	}
}

// Restyle keeps the text of cells and changes their style.
func (r Region) Restyle(x, y, n int, s Style) {
	if y < 0 || y >= r.H {
		return
	}
	for i := max(x, 0); i < min(x+n, r.W); i++ {
		r.c.cells[(r.Y+y)*r.c.w+r.X+i].S = s
	}
}

// AddStyle adds attributes to cells.
func (r Region) AddStyle(x, y, n int, attr Style) {
	if y < 0 || y >= r.H {
		return
	}
	for i := max(x, 0); i < min(x+n, r.W); i++ {
		r.c.cells[(r.Y+y)*r.c.w+r.X+i].S |= attr
	}
}

// Text draws s on one line from x on, and returns the place after it.
func (r Region) Text(x, y int, s string, st Style) int {
	if y < 0 || y >= r.H {
		return x + Width(s)
	}
	for i := 0; i < len(s); {
		ch, n := rune(s[i]), 1
		if ch >= utf8.RuneSelf {
			ch, n = utf8.DecodeRuneInString(s[i:])
		}
		i += n
		x = r.put(x, y, ch, st)
	}
	return x
}

// put draws one rune and returns the place after it.
func (r Region) put(x, y int, ch rune, st Style) int {
	w := RuneWidth(ch)
	switch {
	case w == 0:
		if x > 0 && x <= r.W {
			if at := r.X + x - 1; r.c.cells[(r.Y+y)*r.c.w+at].R != 0 {
				r.c.mark(at, r.Y+y, ch)
			} else if x > 1 {
				r.c.mark(at-1, r.Y+y, ch)
			}
		}
	case w == 2:
		if x >= 0 && x+1 < r.W {
			r.c.set(r.X+x, r.Y+y, ch, st)
			r.c.set(r.X+x+1, r.Y+y, 0, st)
		} else if x+1 == r.W {
			r.c.set(r.X+x, r.Y+y, ' ', st)
		}
	case x >= 0 && x < r.W:
		r.c.set(r.X+x, r.Y+y, visible(ch), st)
	}
	return x + w
}

// Clip draws s in w cells and ends it with the ellipsis when it does not fit. It returns the place
// after the w cells' text.
func (r Region) Clip(t *Theme, x, y, w int, s string, st Style) int {
	if w <= 0 {
		return x
	}
	if Width(s) <= w {
		return r.Text(x, y, s, st)
	}
	end := r.Sub(x, y, w-1, 1)
	end.Text(0, 0, s, st)
	r.Set(x+w-1, y, t.Ellipsis, st)
	return x + w
}

// Right draws s so that it ends before x.
func (r Region) Right(x, y int, s string, st Style) { r.Text(x-Width(s), y, s, st) }

// Part is a piece of a line with its style.
type Part struct {
	Text string
	S    Style
}

// Parts draws pieces one after the other and returns the place after them.
func (r Region) Parts(x, y int, parts ...Part) int {
	for _, p := range parts {
		x = r.Text(x, y, p.Text, p.S)
	}
	return x
}

// Box draws a frame around the region, heavy when it has the focus, with a title on the left and a
// note on the right of its upper edge, and returns the inside, blanked.
func (r Region) Box(t *Theme, title, note string, focus bool) Region {
	b, st := t.Light, Frame
	if focus {
		b, st = t.Heavy, Focus
	}
	inside := r.Sub(1, 1, r.W-2, r.H-2)
	inside.Clear()
	if r.W < 2 || r.H < 2 {
		return inside
	}
	for x := 1; x < r.W-1; x++ {
		r.Set(x, 0, b.T, st)
		r.Set(x, r.H-1, b.B, st)
	}
	for y := 1; y < r.H-1; y++ {
		r.Set(0, y, b.L, st)
		r.Set(r.W-1, y, b.R, st)
	}
	r.Set(0, 0, b.TL, st)
	r.Set(r.W-1, 0, b.TR, st)
	r.Set(0, r.H-1, b.BL, st)
	r.Set(r.W-1, r.H-1, b.BR, st)
	r.Label(t, title, note, focus)
	return inside
}

// Label writes title and note into the upper edge of a box. When both do not fit the title is cut
// first, down to what can still be read.
func (r Region) Label(t *Theme, title, note string, focus bool) {
	ts := Text
	if focus {
		ts = Title
	}
	room := r.W - 4
	if title != "" && room > 2 {
		w := min(Width(title), room-2)
		const readable = 12
		if nw := Width(note); nw > 0 && w+nw+4 > room {
			w = min(w, max(readable, room-nw-4))
		}
		r.Text(2, 0, " ", Text)
		r.Clip(t, 3, 0, w, title, ts)
		r.Text(3+w, 0, " ", Text)
		room -= w + 3
	}
	if nw := Width(note); note != "" && room > 6 {
		nw = min(nw, room-1)
		x := r.W - 4 - nw
		r.Text(x, 0, " ", Text)
		r.Clip(t, x+1, 0, nw, note, Text)
		r.Text(x+1+nw, 0, " ", Text)
	}
}
