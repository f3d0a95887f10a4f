package canvas

import (
	"strings"
	"testing"
)

func render(c *Canvas) string { return string(c.Render(NewTheme(false, false), nil)) }

func TestTextIsClipped(t *testing.T) {
	c := New(6, 2)
	r := c.All().Sub(1, 0, 4, 1)
	r.Text(-2, 0, "abcdefgh", Text)
	r.Text(0, 1, "below", Text)
	if got, want := render(c), " cdef\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestWideRunes(t *testing.T) {
	c := New(6, 1)
	c.All().Text(0, 0, "日本語", Text)
	c.All().Text(1, 0, "x", Text) // cuts the first in half
	if got, want := render(c), " x本語"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	c.All().Sub(0, 0, 3, 1).Text(0, 0, "a日日", Text) // the second does not fit
	if got, want := render(c), "a日 語"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestDataCannotDriveTheTerminal(t *testing.T) {
	c := New(20, 1)
	c.All().Text(0, 0, "a\x1b[31mb\u202ec\u009bd\r\n", Text)
	got := render(c)
	for _, r := range got {
		if control(r) {
			t.Errorf("%q holds control character %U", got, r)
		}
	}
	if !strings.HasPrefix(got, "a␛[31mb␦c␦d␍␊") {
		t.Errorf("got %q", got)
	}
}

func TestCombiningMarks(t *testing.T) {
	c := New(4, 1)
	c.All().Text(0, 0, "e\u0301x", Text)
	if got, want := render(c), "e\u0301x"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	c.All().Text(0, 0, "n", Text)
	if got, want := render(c), "nx"; got != want {
		t.Errorf("marks stay behind: got %q, want %q", got, want)
	}
}

func TestStylesAreWrittenOnce(t *testing.T) {
	c := New(8, 1)
	c.All().Text(0, 0, "ab", Bad)
	c.All().Text(2, 0, "cd", Text)
	color := string(c.Render(NewTheme(true, false), nil))
	if want := "\x1b[0;31;1mab\x1b[mcd"; color != want {
		t.Errorf("colour: got %q, want %q", color, want)
	}
	plain := string(c.Render(NewTheme(false, false), nil))
	if want := "\x1b[0;1mab\x1b[mcd"; plain != want {
		t.Errorf("no colour: got %q, want %q", plain, want)
	}
}

func TestBox(t *testing.T) {
	c := New(24, 3)
	theme := NewTheme(false, true)
	in := c.All().Box(theme, "Result", "3 of 10", true)
	in.Text(0, 0, "x", Text)
	want := "#= Result === 3 of 10 =#\n#x                     #\n#======================#"
	var plain strings.Builder
	for y := range 3 {
		for x := range 24 {
			plain.WriteRune(c.At(x, y).R)
		}
		if y < 2 {
			plain.WriteByte('\n')
		}
	}
	if plain.String() != want {
		t.Errorf("got\n%s\nwant\n%s", plain.String(), want)
	}
}

func TestASCIIGlyphs(t *testing.T) {
	g := NewTheme(true, true).Glyphs
	all := string([]rune{g.Full, g.Empty, g.Dot, g.Ellipsis, g.HLine, g.VLine, g.Cross, g.Heavy.TL, g.Light.T}) + g.Arrow + g.Blocked + string(g.Spark)
	for _, r := range all {
		if r > 126 {
			t.Errorf("%q is not ASCII", r)
		}
	}
}

func BenchmarkRender(b *testing.B) {
	c := New(200, 60)
	for y := range 60 {
		for x := 0; x < 200; x += 10 {
			c.All().Text(x, y, "123456 abc", Style(x/10)%roles)
		}
	}
	theme := NewTheme(true, false)
	buf := make([]byte, 0, 1<<16)
	b.ReportAllocs()
	for b.Loop() {
		buf = c.Render(theme, buf[:0])
	}
}
