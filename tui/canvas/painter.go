package canvas

import (
	"strconv"
	"unicode/utf8"
)

// Painter knows what a terminal shows, and writes what turns that into a canvas: only the cells that
// differ, so that a key costs a few bytes. The zero value knows nothing and paints everything.
type Painter struct {
	w, h  int
	shown []Cell
	marks map[int]string
	known bool
}

// Forget makes the next painting a whole one: something else wrote to the terminal.
func (p *Painter) Forget() { p.known = false }

// apart is how many equal cells part two runs: moving the cursor costs about as many bytes.
const apart = 8

// Paint appends the sequences to dst. They leave the cursor anywhere and no style on.
func (p *Painter) Paint(c *Canvas, t *Theme, dst []byte) []byte {
	if p.w != c.w || p.h != c.h {
		p.w, p.h, p.known = c.w, c.h, false
	}
	if !p.known {
		p.shown = append(p.shown[:0], c.cells...)
		for i := range p.shown {
			p.shown[i] = Cell{R: ' '}
		}
		p.marks = nil
		dst = append(dst, "\x1b[m\x1b[2J"...)
	}
	for y := range c.h {
		dst = p.line(c, t, y, dst)
	}
	copy(p.shown, c.cells)
	p.marks = nil
	for i, m := range c.marks {
		if p.marks == nil {
			p.marks = make(map[int]string, len(c.marks))
		}
		p.marks[i] = m
	}
	p.known = true
	return dst
}

// differs tells whether a place of the terminal is another than that of the canvas.
func (p *Painter) differs(c *Canvas, i int) bool {
	return p.shown[i] != c.cells[i] || (p.marks != nil || c.marks != nil) && p.marks[i] != c.marks[i]
}

func (p *Painter) line(c *Canvas, t *Theme, y int, dst []byte) []byte {
	row := y * c.w
	for x := 0; x < c.w; x++ {
		if !p.differs(c, row+x) {
			continue
		}
		end := x + 1 // behind the last cell of the run that differs
		for at := end; at < c.w && at-end < apart; at++ {
			if p.differs(c, row+at) {
				end = at + 1
			}
		}
		for x > 0 && c.cells[row+x].R == 0 { // not into the middle of a wide rune
			x--
		}
		for end < c.w && c.cells[row+end].R == 0 {
			end++
		}
		dst = p.run(c, t, x, y, end, dst)
		x = end
	}
	return dst
}

// run writes the cells from x to end of a line.
func (p *Painter) run(c *Canvas, t *Theme, x, y, end int, dst []byte) []byte {
	dst = append(dst, "\x1b["...)
	dst = append(strconv.AppendInt(dst, int64(y+1), 10), ';')
	dst = append(strconv.AppendInt(dst, int64(x+1), 10), 'H')
	var at Style
	for ; x < end; x++ {
		i := y*c.w + x
		cell := c.cells[i]
		if cell.R == 0 {
			continue
		}
		if cell.S != at {
			dst = append(dst, t.codes[cell.S]...)
			at = cell.S
		}
		dst = utf8.AppendRune(dst, cell.R)
		if c.marks != nil {
			dst = append(dst, c.marks[i]...)
		}
	}
	if at != 0 {
		dst = append(dst, t.codes[0]...)
	}
	return dst
}
