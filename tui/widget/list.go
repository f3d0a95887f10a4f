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
	switch k { // a list beside a text field leaves it the letters
	case "ctrl+n":
		k = "down"
	case "ctrl+p":
		k = "up"
	}
	row, ok := moveRow(k, l.Sel, len(l.Items), l.height)
	if ok {
		l.Sel = row
	}
	return ok
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
