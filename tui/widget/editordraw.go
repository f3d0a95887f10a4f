package widget

import (
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/riffle-io/riffle/tui/canvas"
)

// gutter is the width of line numbers with the space around them.
const gutter = 5

// Draw draws the buffer, and remembers where the cursor is.
func (e *Editor) Draw(r canvas.Region, t *canvas.Theme, focus bool) {
	b := e.Buffer()
	if e.Highlight != nil && (e.spansOf != b.text || (e.spans == nil && b.text != "")) {
		e.spans, e.spansOf = e.Highlight(b.text), b.text
	}
	line, _ := b.Place()
	b.top = max(min(b.top, line-1), line-r.H, 0)
	start := b.lineStart(b.pos)
	cx := canvas.Width(expand(b.text[start:b.pos]))
	room := max(r.W-gutter-1, 1)
	b.left = max(min(b.left, cx), cx-room)
	pos, n := 0, 0
	for ; n < b.top; n++ {
		pos = b.lineEnd(pos) + 1
	}
	for y := 0; y < r.H && pos <= len(b.text); y++ {
		end := b.lineEnd(pos)
		number := strconv.Itoa(n + y + 1)
		r.Right(gutter-2, y, number, canvas.Dim)
		e.drawLine(r.Sub(gutter-1, y, r.W-gutter+1, 1), pos, end, b.left)
		pos = end + 1
	}
	e.x, e.y = r.X+gutter-1+cx-b.left, r.Y+line-1-b.top
	if focus && e.Proposing() {
		e.drawProposals(r, t, cx)
	}
}

// expand shows tabs as blanks, so that offsets and cells agree.
func expand(s string) string { return strings.ReplaceAll(s, "\t", " ") }

// drawLine draws text from..to from cell skip on.
func (e *Editor) drawLine(r canvas.Region, from, to, skip int) {
	b := e.Buffer()
	x, at := -skip, from
	for at < to {
		st, until := canvas.Text, to
		next := sort.Search(len(e.spans), func(i int) bool { return e.spans[i].To > at })
		if next < len(e.spans) {
			if s := e.spans[next]; s.From <= at {
				st, until = s.S, min(to, s.To)
			} else {
				until = min(to, s.From)
			}
		}
		x = r.Text(x, 0, expand(b.text[at:until]), st)
		at = until
	}
	if e.mistake >= from && e.mistake <= to {
		mx := canvas.Width(expand(b.text[from:e.mistake])) - skip
		n := 1
		if e.mistake < to {
			n = max(1, canvas.RuneWidth(b.runeAt(e.mistake)))
			for i := e.mistake + utf8.RuneLen(b.runeAt(e.mistake)); i < to && class(b.runeAt(i)) == 1; i = b.next(i) {
				n++
			}
		}
		r.Restyle(mx, 0, n, canvas.Mistake)
	}
}

// CursorAt returns the cursor's place on the whole screen.
func (e *Editor) CursorAt() (x, y int) { return e.x, e.y }

const proposalsShown = 8

// drawProposals draws the list under the cursor, or above it where there is more room.
func (e *Editor) drawProposals(r canvas.Region, t *canvas.Theme, cx int) {
	n := min(len(e.proposals), proposalsShown)
	w := 0
	for _, p := range e.proposals {
		w = max(w, canvas.Width(p.Text)+3+canvas.Width(p.Kind)+1+canvas.Width(p.Detail))
	}
	w = min(w+2, r.W-gutter)
	at := e.y - r.Y
	y := at + 1
	if n > r.H-y && at > r.H-y {
		n = min(n, at)
		y = at - n
	}
	n = min(n, r.H-y)
	if n < 1 || w < 4 {
		return
	}
	b := e.Buffer()
	x := gutter - 2 + cx - canvas.Width(expand(b.text[e.propFrom:b.pos])) - b.left
	x = max(0, min(x, r.W-w))
	first := max(0, min(e.propSel-n/2, len(e.proposals)-n))
	box := r.Sub(x, y, w, n)
	box.Fill(' ', canvas.Text|canvas.Reverse)
	for i := range n {
		p := e.proposals[first+i]
		st, mark := canvas.Text|canvas.Reverse, " "
		if first+i == e.propSel {
			st, mark = canvas.Key, ">"
			box.Sub(0, i, w, 1).Fill(' ', st)
		}
		end := box.Text(0, i, mark+p.Text, st)
		note := strings.TrimSpace(p.Kind + " " + p.Detail)
		box.Clip(t, max(end+2, w-1-canvas.Width(note)), i, w-1-end-2, note, st)
	}
}
