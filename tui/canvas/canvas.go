package canvas

import (
	"unicode/utf8"

	"github.com/mattn/go-runewidth"
)

// Cell is one place of the screen. R is 0 where the wide rune to the left covers it.
type Cell struct {
	R rune
	S Style
}

// Canvas is a screen of w by h cells. It is used from one goroutine.
type Canvas struct {
	w, h  int
	cells []Cell
	// marks holds the combining marks of the few cells that have some.
	marks map[int]string
}

// New makes a blank canvas.
func New(w, h int) *Canvas {
	c := &Canvas{}
	c.Resize(w, h)
	return c
}

// Resize changes the size and blanks everything.
func (c *Canvas) Resize(w, h int) {
	c.w, c.h = max(w, 0), max(h, 0)
	if n := c.w * c.h; cap(c.cells) >= n {
		c.cells = c.cells[:n]
	} else {
		c.cells = make([]Cell, n)
	}
	c.All().Clear()
}

// Size returns width and height in cells.
func (c *Canvas) Size() (w, h int) { return c.w, c.h }

// At returns a cell; outside it is a blank.
func (c *Canvas) At(x, y int) Cell {
	if x < 0 || y < 0 || x >= c.w || y >= c.h {
		return Cell{R: ' '}
	}
	return c.cells[y*c.w+x]
}

// All is the region of the whole canvas.
func (c *Canvas) All() Region { return Region{c: c, W: c.w, H: c.h} }

// set writes a cell and mends a wide rune that it cuts in half.
func (c *Canvas) set(x, y int, r rune, s Style) {
	i := y*c.w + x
	if c.cells[i].R == 0 && x > 0 { // right half of a wide rune
		c.cells[i-1].R = ' '
	}
	if x+1 < c.w && c.cells[i+1].R == 0 { // left half of one
		c.cells[i+1].R = ' '
	}
	c.cells[i] = Cell{r, s}
	if c.marks != nil {
		delete(c.marks, i)
	}
}

// mark adds a combining mark to a cell.
func (c *Canvas) mark(x, y int, r rune) {
	if c.marks == nil {
		c.marks = map[int]string{}
	}
	i := y*c.w + x
	const most = 16 // bytes: more is an attack on the screen, not writing
	if len(c.marks[i]) < most {
		c.marks[i] += string(r)
	}
}

// Render appends the screen to dst: lines parted by newlines, blanks at the end of a line left out.
func (c *Canvas) Render(t *Theme, dst []byte) []byte {
	for y := 0; y < c.h; y++ {
		if y > 0 {
			dst = append(dst, '\n')
		}
		dst = c.line(t, y, dst)
	}
	return dst
}

func (c *Canvas) line(t *Theme, y int, dst []byte) []byte {
	row := c.cells[y*c.w : (y+1)*c.w]
	for len(row) > 0 && row[len(row)-1] == (Cell{R: ' '}) {
		row = row[:len(row)-1]
	}
	var at Style
	for x, cell := range row {
		if cell.R == 0 {
			continue
		}
		if cell.S != at {
			dst = append(dst, t.codes[cell.S]...)
			at = cell.S
		}
		if cell.R < utf8.RuneSelf {
			dst = append(dst, byte(cell.R))
		} else {
			dst = utf8.AppendRune(dst, cell.R)
		}
		if c.marks != nil {
			dst = append(dst, c.marks[y*c.w+x]...)
		}
	}
	if at != 0 {
		dst = append(dst, t.codes[0]...)
	}
	return dst
}

// width does not depend on the user's locale: ambiguous characters are narrow.
var width = &runewidth.Condition{StrictEmojiNeutral: true}

// RuneWidth is the number of cells of a rune: 0, 1 or 2. Control characters count as 1, since a
// substitute is drawn for them.
func RuneWidth(r rune) int {
	if r < utf8.RuneSelf || control(r) {
		return 1
	}
	return width.RuneWidth(r)
}

// Width is the number of cells of a text drawn on one line.
func Width(s string) int {
	n := 0
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			for _, r := range s[i:] {
				n += RuneWidth(r)
			}
			return n
		}
		n++
	}
	return n
}

// control reports runes that a terminal might obey, or that reorder the text around them.
func control(r rune) bool {
	return r < ' ' || (r >= 0x7f && r < 0xa0) || (r >= 0x200e && r <= 0x200f) ||
		(r >= 0x2028 && r <= 0x202e) || (r >= 0x2066 && r <= 0x2069) || r == 0xfeff
}

// visible is what is drawn for a rune.
func visible(r rune) rune {
	switch {
	case r == '\t':
		return ' '
	case r < ' ':
		return '␀' + r // the pictures of control characters
	case control(r):
		return '␦'
	}
	return r
}
