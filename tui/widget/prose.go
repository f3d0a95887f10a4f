package widget

import (
	"strings"

	"github.com/riffle-io/riffle/tui/canvas"
)

// Line is a line of prose: parts with their styles.
type Line []canvas.Part

// Paragraph makes lines of a text.
func Paragraph(text string) []Line {
	var out []Line
	for _, l := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
		out = append(out, Line{{Text: l}})
	}
	return out
}

// Prose is text to read, with a view that moves over it.
type Prose struct {
	Lines     []Line
	top, left int
	height    int
}

// Key moves the view.
func (p *Prose) Key(k string) bool {
	h := max(p.height, 2)
	switch k {
	case "j", "down":
		p.top++
	case "k", "up":
		p.top--
	case "g g", "home":
		p.top = 0
	case "G", "end":
		p.top = len(p.Lines)
	case "ctrl+d":
		p.top += h / 2
	case "ctrl+u":
		p.top -= h / 2
	case "ctrl+f", "pgdown", "space":
		p.top += h - 1
	case "ctrl+b", "pgup":
		p.top -= h - 1
	case "l", "right":
		p.left += 8
	case "h", "left":
		p.left = max(0, p.left-8)
	default:
		return false
	}
	p.top = max(0, min(p.top, len(p.Lines)-h))
	return true
}

// Draw draws the lines of the view.
func (p *Prose) Draw(r canvas.Region, t *canvas.Theme, _ bool) {
	p.height = r.H
	p.top = max(0, min(p.top, len(p.Lines)-r.H))
	for y := 0; y < r.H && p.top+y < len(p.Lines); y++ {
		x := -p.left
		for _, part := range p.Lines[p.top+y] {
			x = r.Text(x, y, part.Text, part.S)
		}
		if x > r.W {
			r.Set(r.W-1, y, t.Ellipsis, canvas.Dim)
		}
	}
}

// More says how much of the text can be seen, "" when all of it.
func (p *Prose) More() string {
	if len(p.Lines) <= p.height {
		return ""
	}
	return "lines " + itoa(p.top+1) + "-" + itoa(min(len(p.Lines), p.top+p.height)) + " of " + itoa(len(p.Lines))
}
