package widget

import (
	"fmt"
	"strings"
	"testing"

	"github.com/riffle-io/riffle/tui/canvas"
)

// numbers is a source of n rows and w columns that are made when asked for.
type numbers struct {
	n     int64
	w     int
	pages int // calls of Page
	cells int // cells made
	cols  []Column
}

func (s *numbers) Columns() []Column {
	for i := len(s.cols); i < s.w; i++ {
		s.cols = append(s.cols, Column{Name: fmt.Sprintf("c%d", i), Type: "int64", Numeric: true})
	}
	return s.cols
}

func (s *numbers) Rows() int64 { return s.n }

func (s *numbers) Page(from int64, n int, cols []int) ([][]Cell, error) {
	s.pages++
	var out [][]Cell
	for i := range min(int64(n), s.n-from) {
		row := make([]Cell, len(cols))
		for j, c := range cols {
			row[j] = Cell{Text: fmt.Sprintf("%d", (from+i)*10+int64(c))}
			s.cells++
		}
		out = append(out, row)
	}
	return out, nil
}

// draw returns what a widget shows, without styles.
func draw(w interface {
	Draw(canvas.Region, *canvas.Theme, bool)
}, width, height int) string {
	c := canvas.New(width, height)
	w.Draw(c.All(), canvas.NewTheme(false, true), true)
	return plain(c)
}

func plain(c *canvas.Canvas) string {
	var sb strings.Builder
	w, h := c.Size()
	for y := range h {
		var line strings.Builder
		for x := range w {
			if r := c.At(x, y).R; r != 0 {
				line.WriteRune(r)
			}
		}
		sb.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return sb.String()
}

func keys(w interface{ Key(string) bool }, list ...string) {
	for _, k := range list {
		w.Key(k)
	}
}

func TestGridMovesOverHugeResults(t *testing.T) {
	src := &numbers{n: 100_000_000, w: 5}
	var g Grid
	g.SetSource(src)
	draw(&g, 60, 12)
	keys(&g, "G")
	out := draw(&g, 60, 12)
	if !strings.Contains(out, ">   ") && !strings.Contains(out, "999999990") {
		t.Errorf("the last row is not shown:\n%s", out)
	}
	if row, _, _ := g.Cursor(); row != 99_999_999 {
		t.Errorf("cursor is on row %d", row)
	}
	keys(&g, "g g", "ctrl+d", "ctrl+f", "j", "l", "k")
	draw(&g, 60, 12)
	if row, col, _ := g.Cursor(); row != 14 || col != 1 {
		t.Errorf("cursor at row %d column %d, want 14, 1", row, col)
	}
	if first, last := g.Shown(); first != 7 || last != 16 {
		t.Errorf("shown %d to %d, want 7 to 16", first, last)
	}
	if src.cells > 500 {
		t.Errorf("%d cells fetched for 3 screens of 50", src.cells)
	}
}

func TestGridKeepsItsPage(t *testing.T) {
	src := &numbers{n: 1000, w: 5}
	var g Grid
	g.SetSource(src)
	draw(&g, 60, 12)
	for range 5 {
		keys(&g, "j")
		draw(&g, 60, 12)
	}
	if src.pages != 1 {
		t.Errorf("%d pages fetched, want 1: nothing scrolled", src.pages)
	}
}

func TestGridColumns(t *testing.T) {
	src := &numbers{n: 3, w: 12}
	var g Grid
	g.SetSource(src)
	keys(&g, "l", "l")
	g.Pin()
	keys(&g, "$")
	out := draw(&g, 40, 5)
	first := strings.Fields(strings.SplitN(out, "\n", 2)[0])
	if first[0] != "c2|" || first[len(first)-1] != "c11" {
		t.Errorf("want c2 pinned and c11 in sight:\n%s", out)
	}
	g.Hide()
	if g.Hidden() != 1 {
		t.Errorf("%d columns hidden, want 1", g.Hidden())
	}
	if out = draw(&g, 40, 5); strings.Contains(out, "c11") {
		t.Errorf("c11 is still there:\n%s", out)
	}
	g.MoveTo(0, 2)
	g.Pin() // takes it back
	g.SetView(View{Order: g.GetView().Order})
	keys(&g, "^")
	out = draw(&g, 100, 5)
	if got := strings.Join(strings.Fields(strings.SplitN(out, "\n", 2)[0]), " "); got != "c0 c1 c2 c3 c4 c5 c6 c7 c8 c9 c10" {
		t.Errorf("columns %s", got)
	}
	keys(&g, "L", "L", "H")
	draw(&g, 40, 5)
}

func TestGridOfNothing(t *testing.T) {
	var g Grid
	keys(&g, "j", "G", "L", "$", "g g")
	draw(&g, 40, 5)
	g.SetSource(&Table{})
	keys(&g, "j", "G", "L", "H", "$")
	g.Pin()
	g.Hide()
	draw(&g, 40, 5)
	g.SetSource(&Table{Cols: []Column{{Name: "a"}}})
	keys(&g, "j", "G", "L", "H", "$")
	if _, _, ok := g.Cursor(); ok {
		t.Error("a cursor without rows")
	}
	draw(&g, 40, 5)
}

func TestGridShowsNullAndWideText(t *testing.T) {
	var g Grid
	g.SetSource(&Table{Cols: []Column{{Name: "a", Type: "varchar"}, {Name: "b", Type: "bigint", Numeric: true}},
		Data: [][]Cell{{{Text: strings.Repeat("x", 100)}, {Text: "1"}}, {{Null: true}, {Null: true}}, {{Text: "日本"}, {Text: "22"}}}})
	out := draw(&g, 60, 5)
	for _, part := range []string{"xxx~", "NULL", "日本"} {
		if !strings.Contains(out, part) {
			t.Errorf("no %q in\n%s", part, out)
		}
	}
	for i, l := range strings.Split(strings.TrimRight(out, "\n"), "\n") {
		if canvas.Width(l) != 48 {
			t.Errorf("line %d is %d wide: numbers end in one column\n%s", i, canvas.Width(l), out)
		}
	}
}

func TestGridAllocations(t *testing.T) {
	src := &numbers{n: 1_000_000, w: 20}
	var g Grid
	g.SetSource(src)
	c, theme := canvas.New(200, 60), canvas.NewTheme(true, false)
	g.Draw(c.All(), theme, true)
	if n := testing.AllocsPerRun(50, func() {
		g.Key("j")
		g.Key("l")
		g.Draw(c.All(), theme, true)
		g.Key("k")
		g.Key("h")
		g.Draw(c.All(), theme, true)
	}); n > 0 {
		t.Errorf("%v allocations for two drawings of the same page, want none", n)
	}
}

func BenchmarkGridScroll(b *testing.B) {
	src := &numbers{n: 100_000_000, w: 20}
	var g Grid
	g.SetSource(src)
	c, theme := canvas.New(200, 60), canvas.NewTheme(true, false)
	b.ReportAllocs()
	for b.Loop() {
		g.Key("ctrl+f")
		g.Draw(c.All(), theme, true)
	}
}

func BenchmarkGridMove(b *testing.B) {
	src := &numbers{n: 100_000_000, w: 20}
	var g Grid
	g.SetSource(src)
	c, theme := canvas.New(200, 60), canvas.NewTheme(true, false)
	b.ReportAllocs()
	for b.Loop() {
		g.Key("j")
		g.Key("k")
		g.Draw(c.All(), theme, true)
	}
}
