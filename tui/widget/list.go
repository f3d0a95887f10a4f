package widget

import "github.com/riffle-io/riffle/tui/canvas"

// Item is a line of a List: text on the left, a note on the right.
type Item struct {
	Text, Note string
	S          canvas.Style
}

// List is lines with one selected.
type List struct {
	Items  []Item
	Sel    int
	top    int
	height int
}

// Key moves the selection.
func (l *List) Key(k string) bool {
	n := max(l.height, 2)
	switch k {
	case "j", "down", "ctrl+n":
		l.Sel++
	case "k", "up", "ctrl+p":
		l.Sel--
	case "g g", "home":
		l.Sel = 0
	case "G", "end":
		l.Sel = len(l.Items) - 1
	case "ctrl+d":
		l.Sel += n / 2
	case "ctrl+u":
		l.Sel -= n / 2
	case "ctrl+f", "pgdown":
		l.Sel += n - 1
	case "ctrl+b", "pgup":
		l.Sel -= n - 1
	default:
		return false
	}
	l.Sel = max(0, min(l.Sel, len(l.Items)-1))
	return true
}

// Draw draws the lines around the selected one.
func (l *List) Draw(r canvas.Region, t *canvas.Theme, focus bool) {
	l.height = r.H
	l.Sel = max(0, min(l.Sel, len(l.Items)-1))
	l.top = max(0, min(l.top, l.Sel), l.Sel-r.H+1)
	l.top = min(l.top, max(0, len(l.Items)-r.H))
	for y := 0; y < r.H && l.top+y < len(l.Items); y++ {
		it := l.Items[l.top+y]
		note := min(canvas.Width(it.Note), r.W/2)
		room := r.W - 1
		if note > 0 {
			room -= note + 2
		}
		r.Clip(t, 1, y, room, it.Text, it.S)
		r.Clip(t, r.W-note, y, note, it.Note, canvas.Dim)
		if l.top+y == l.Sel {
			r.Set(0, y, '>', canvas.Key)
			if focus {
				r.AddStyle(1, y, r.W-1, canvas.Reverse)
			}
		}
	}
}
