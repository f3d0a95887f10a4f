package tui

import (
	"strings"

	"github.com/riffle-io/riffle/tui/canvas"
	"github.com/riffle-io/riffle/tui/widget"
)

// fixKey takes what the hint of an error proposes.
const fixKey = "f7"

// fix is a word of a buffer and what an error proposes in its place.
type fix struct {
	buf      *widget.Buffer
	of       string // the text of the buffer; another one makes the fix void
	from, to int
	with     string
}

// newFix reads the proposal of an error at a place of a buffer; nil when it has none.
func newFix(b *widget.Buffer, at int, failed string) *fix {
	_, with, ok := strings.Cut(failed, "hint: did you mean ")
	with, _, end := strings.Cut(with, "?")
	if !ok || !end || with == "" || strings.ContainsAny(with, "\n,") || at >= len(b.Text()) {
		return nil
	}
	return &fix{buf: b, of: b.Text(), from: at, to: at + wordLength(b.Text()[at:]), with: with}
}

// wordLength is how long the name is that a text begins with: in quotes, or of letters, digits and _.
func wordLength(text string) int {
	if q := text[0]; q == '"' || q == '\'' {
		if n := strings.IndexByte(text[1:], q); n >= 0 {
			return n + 2
		}
	}
	n := strings.IndexFunc(text, func(r rune) bool {
		return !(r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r > 127)
	})
	if n < 0 {
		return len(text)
	}
	return max(n, 1)
}

// takeFix puts the proposal in; u takes it back.
func (e *explore) takeFix() {
	f := e.fix
	e.fix = nil
	if f.buf != e.editor.Buffer() || f.buf.Text() != f.of {
		e.a.say(canvas.Warn, "the text is another one by now")
		return
	}
	f.buf.Replace(f.from, f.to, f.with)
	e.editor.MarkMistake(-1)
	e.ps.to("explore/editor")
	e.a.say(canvas.Good, f.with+" put in; ctrl-r runs it, u takes it back")
}
