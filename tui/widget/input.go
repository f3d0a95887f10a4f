package widget

import (
	"strings"

	"github.com/riffle-io/riffle/tui/canvas"
)

// Input is a line of text to type, with the history of what was typed there before.
type Input struct {
	Label   string
	buf     *Buffer
	past    []string
	at      int // index into past; len(past): the text being typed
	pending string
	x, y    int
}

// NewInput makes an input that holds text, the cursor behind it.
func NewInput(label, text string, past []string) *Input {
	in := &Input{Label: label, buf: NewBuffer("", "", text), past: past, at: len(past)}
	in.buf.MoveTo(len(text))
	return in
}

// Value returns the text.
func (in *Input) Value() string { return in.buf.Text() }

// SetValue replaces the text.
func (in *Input) SetValue(s string) {
	in.buf.SetText(s)
	in.buf.MoveTo(len(s))
}

// Paste puts text in, as one line.
func (in *Input) Paste(s string) { in.buf.Insert(strings.Join(strings.Fields(s), " ")) }

// Key edits the line. enter, esc and tab are the owner's.
func (in *Input) Key(k, text string) bool {
	b := in.buf
	switch {
	case text != "":
		b.Insert(text)
	case k == "backspace" || k == "ctrl+h":
		if b.pos > 0 {
			b.Replace(b.prev(b.pos), b.pos, "")
		}
	case k == "delete" || k == "ctrl+d":
		if b.pos < len(b.text) {
			b.Replace(b.pos, b.next(b.pos), "")
		}
	case k == "ctrl+w":
		b.Replace(b.wordBack(b.pos), b.pos, "")
	case k == "ctrl+u":
		b.Replace(0, b.pos, "")
	case k == "ctrl+k":
		b.Replace(b.pos, len(b.text), "")
	case k == "left":
		b.MoveTo(b.prev(b.pos))
	case k == "right":
		b.MoveTo(b.next(b.pos))
	case k == "home" || k == "ctrl+a":
		b.MoveTo(0)
	case k == "end" || k == "ctrl+e":
		b.MoveTo(len(b.text))
	case k == "up":
		in.recall(in.at - 1)
	case k == "down":
		in.recall(in.at + 1)
	default:
		return false
	}
	return true
}

func (in *Input) recall(at int) {
	if at < 0 || at > len(in.past) {
		return
	}
	if in.at == len(in.past) {
		in.pending = in.buf.Text()
	}
	in.at = at
	if at == len(in.past) {
		in.SetValue(in.pending)
	} else {
		in.SetValue(in.past[at])
	}
}

// Draw draws label and text on the first line of r.
func (in *Input) Draw(r canvas.Region, t *canvas.Theme) {
	x := r.Text(0, 0, in.Label, canvas.Key)
	room := r.Sub(x, 0, r.W-x, 1)
	cx := canvas.Width(in.buf.text[:in.buf.pos])
	skip := max(0, cx-room.W+1)
	room.Text(-skip, 0, in.buf.text, canvas.Text)
	in.x, in.y = room.X+cx-skip, room.Y
}

// CursorAt returns the cursor's place on the whole screen.
func (in *Input) CursorAt() (x, y int) { return in.x, in.y }
