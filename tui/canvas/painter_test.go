package canvas

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"
)

// glass is a terminal that knows what a Painter writes: places, styles, runes, and the clearing of all.
type glass struct {
	w, h  int
	cells []string // the style's sequence and the runes of each place; "" behind a wide rune
}

func newGlass(w, h int) *glass {
	g := &glass{w: w, h: h, cells: make([]string, w*h)}
	for i := range g.cells {
		g.cells[i] = "something else"
	}
	return g
}

func (g *glass) feed(t *testing.T, s string) {
	t.Helper()
	x, y, style := 0, 0, "\x1b[m"
	for len(s) > 0 {
		if rest, ok := strings.CutPrefix(s, "\x1b["); ok {
			n := strings.IndexAny(rest, "HmJ")
			args, kind := rest[:n], rest[n]
			s = rest[n+1:]
			switch kind {
			case 'H':
				if _, err := fmt.Sscanf(args, "%d;%d", &y, &x); err != nil || y < 1 || y > g.h || x < 1 || x > g.w {
					t.Fatalf("the cursor goes to %s", args)
				}
				x, y = x-1, y-1
			case 'm':
				style = "\x1b[" + args + "m"
			case 'J':
				for i := range g.cells {
					g.cells[i] = "\x1b[m "
				}
			}
			continue
		}
		r, n := utf8.DecodeRuneInString(s)
		s = s[n:]
		w := RuneWidth(r)
		if w == 0 {
			g.cells[y*g.w+x-1] += string(r)
			continue
		}
		if x+w > g.w {
			t.Fatalf("%q is written beyond the edge", r)
		}
		if i := y*g.w + x; g.cells[i] == "" && x > 0 { // the half of a wide rune: both halves go
			g.cells[i-1] = "\x1b[m "
		}
		g.cells[y*g.w+x] = style + string(r)
		if w == 2 {
			g.cells[y*g.w+x+1] = ""
		}
		if i := y*g.w + x + w; x+w < g.w && g.cells[i] == "" {
			g.cells[i] = "\x1b[m "
		}
		x += w
	}
	if style != "\x1b[m" {
		t.Errorf("the style %q stays on", style)
	}
}

// same compares what the terminal shows with a canvas.
func (g *glass) same(t *testing.T, c *Canvas, th *Theme, what string) {
	t.Helper()
	for i, cell := range c.cells {
		want := ""
		if cell.R != 0 {
			want = th.codes[cell.S] + string(cell.R) + c.marks[i]
		}
		if g.cells[i] != want {
			t.Fatalf("%s: place %d,%d has %q, want %q", what, i%g.w, i/g.w, g.cells[i], want)
		}
	}
}

// TestPainter draws at random, with wide runes and marks, and follows what a terminal shows.
func TestPainter(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	th := NewTheme(true, false)
	const w, h = 40, 6
	c, p, g := New(w, h), &Painter{}, newGlass(w, h)
	texts := []string{"a", "select", "漢字", "e\u0301x", "      ", "│─┐", "x漢x漢x"}
	for round := range 3000 {
		for range 1 + rng.IntN(3) {
			c.All().Text(rng.IntN(w), rng.IntN(h), texts[rng.IntN(len(texts))], []Style{Text, Bad, Key | Bold}[rng.IntN(3)])
		}
		if rng.IntN(50) == 0 {
			p.Forget()
			g = newGlass(w, h)
		}
		g.feed(t, string(p.Paint(c, th, nil)))
		g.same(t, c, th, fmt.Sprint("round ", round))
	}
	if out := p.Paint(c, th, nil); len(out) != 0 {
		t.Errorf("nothing changed, and %q is written", out)
	}
	c.Resize(20, 3)
	g = newGlass(20, 3)
	g.feed(t, string(p.Paint(c, th, nil)))
	g.same(t, c, th, "smaller")
}

// A change of one cell costs a few bytes.
func TestPainterWritesLittle(t *testing.T) {
	th := NewTheme(true, false)
	c, p := New(200, 60), &Painter{}
	p.Paint(c, th, nil)
	c.All().Text(100, 30, "x", Text)
	if out := p.Paint(c, th, nil); string(out) != "\x1b[31;101Hx" {
		t.Errorf("%q", out)
	}
}

func BenchmarkPaint(b *testing.B) {
	th := NewTheme(true, false)
	c, p := New(200, 60), &Painter{}
	var buf []byte
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		c.All().Text(i%100, i%60, "moved", Text)
		buf = p.Paint(c, th, buf[:0])
	}
}
