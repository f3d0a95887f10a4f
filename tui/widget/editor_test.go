package widget

import (
	"strings"
	"testing"

	"github.com/riffle-io/riffle/tui/canvas"
)

// typed gives keys to an editor; a word of several letters that names no key is typed.
func typed(e *Editor, list ...string) {
	for _, k := range list {
		switch {
		case len([]rune(k)) == 1:
			e.Key(k, k)
		case k == "space":
			e.Key(k, " ")
		case strings.HasPrefix(k, "'"):
			for _, r := range k[1:] {
				e.Key(string(r), string(r))
			}
		default:
			e.Key(k, "")
		}
	}
}

func TestVim(t *testing.T) {
	for _, c := range []struct {
		name, text string
		keys       []string
		want       string // | is the cursor
	}{
		{"insert", "", []string{"i", "'abc", "esc"}, "ab|c"},
		{"append to line", "ab\ncd", []string{"A", "x", "esc", "j"}, "abx\nc|d"},
		{"open below", "ab", []string{"o", "'cd", "esc"}, "ab\nc|d"},
		{"open above", "ab", []string{"O", "'cd", "esc"}, "c|d\nab"},
		{"delete line", "ab\ncd\nef", []string{"j", "d", "d"}, "ab\n|ef"},
		{"delete last line", "ab\ncd", []string{"j", "d", "d"}, "|ab"},
		{"delete only line", "ab", []string{"d", "d"}, "|"},
		{"move line down", "ab\ncd", []string{"d", "d", "p"}, "cd\n|ab"},
		{"change word", "select a", []string{"c", "w", "'with", "esc"}, "wit|h a"},
		{"delete word", "select a b", []string{"w", "d", "w"}, "select |b"},
		{"delete to end", "ab cd", []string{"w", "D"}, "ab| "},
		{"x and paste", "abc", []string{"x", "p"}, "b|ac"},
		{"yank line", "ab\ncd", []string{"y", "y", "j", "p"}, "ab\ncd\n|ab"},
		{"join", "ab\n  cd", []string{"J"}, "ab| cd"},
		{"undo and redo", "ab", []string{"x", "x", "u", "u", "U"}, "|b"},
		{"ends", "ab cd\nef", []string{"$"}, "ab c|d\nef"},
		{"top and bottom", "a\nb\nc", []string{"G", "g", "g", "j"}, "a\n|b\nc"},
		{"goal column", "abc\n\nabc", []string{"$", "j", "j"}, "abc\n\nab|c"},
		{"dropped operator", "abc", []string{"d", "z", "x"}, "|bc"},
		{"word end", "ab cd", []string{"e", "e"}, "ab c|d"},
		{"umlaut", "äöü", []string{"l", "x"}, "ä|ü"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := NewEditor(true, "q")
			e.Buffers[0] = NewBuffer("q", "", c.text)
			e.SetVim(true)
			typed(e, c.keys...)
			b := e.Buffer()
			if got := b.Text()[:b.Pos()] + "|" + b.Text()[b.Pos():]; got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestNormalPassesOn(t *testing.T) {
	e := NewEditor(true, "q")
	e.SetVim(true)
	for _, k := range []string{":", "?", "tab", "P", "1", "ctrl+r", "f5"} {
		if e.Key(k, "") {
			t.Errorf("%s is taken by the editor", k)
		}
	}
}

func TestPlainEditing(t *testing.T) {
	e := NewEditor(false, "q")
	typed(e, "'  ab", "enter", "'cd", "backspace", "ctrl+a", "x", "end", "ctrl+w")
	if got := e.Buffer().Text(); got != "  ab\n" && got != "  ab\nx  " {
		t.Errorf("got %q", got)
	}
	typed(e, "ctrl+u", "'select", "space", "'from", "ctrl+left", "ctrl+k")
	if got := e.Buffer().Text(); got != "  ab\nselect " {
		t.Errorf("got %q", got)
	}
	for range 20 {
		typed(e, "ctrl+_")
	}
	if got := e.Buffer().Text(); got != "" {
		t.Errorf("after undoing all: %q", got)
	}
	for range 20 {
		typed(e, "alt+_")
	}
	if got := e.Buffer().Text(); got != "  ab\nselect " {
		t.Errorf("after redoing all: %q", got)
	}
}

func TestCompletion(t *testing.T) {
	e := NewEditor(false, "q")
	typed(e, "'select co")
	e.Propose(7, []Completion{{Text: "country", Kind: "column"}, {Text: "count(", Kind: "function"}, {Text: "cost", Kind: "column"}})
	if !e.Proposing() {
		t.Fatal("no list")
	}
	typed(e, "'un")
	typed(e, "down", "enter")
	if got := e.Buffer().Text(); got != "select count(" {
		t.Errorf("got %q", got)
	}
	typed(e, "'x")
	e.Propose(13, []Completion{{Text: "xyz"}})
	if got := e.Buffer().Text(); got != "select count(xyz" || e.Proposing() {
		t.Errorf("a single proposal: got %q", got)
	}
	typed(e, "ctrl+_")
	if got := e.Buffer().Text(); got != "select count(x" {
		t.Errorf("undo of a completion: got %q", got)
	}
}

// TestCompletionEndsWithTheWord types on behind tab: what ends a word puts the best proposal in.
func TestCompletionEndsWithTheWord(t *testing.T) {
	for _, c := range []struct{ typed, keys, then, want string }{
		{"fr", "", " t", "FROM t"},
		{"fr", "", "(", "FROM("},
		{"FR", "", ", x", "FROM, x"},
		{"oa", "", " t", "oa t"},            // FROM has these letters, but does not begin with them
		{"fr", "down", " t", "FOLLOWING t"}, // chosen
		{"", "", " t", " t"},                // nothing was typed
		{"fr", "esc", " t", "fr t"},
		{"fr", "", "x y", "frx y"}, // no proposal fits any more
	} {
		e := NewEditor(false, "q")
		if c.typed != "" {
			typed(e, "'"+c.typed)
		}
		e.Propose(0, []Completion{{Text: "FROM", Kind: "keyword"}, {Text: "FOLLOWING", Kind: "keyword"}})
		if c.keys != "" {
			typed(e, c.keys)
		}
		for _, r := range c.then {
			k := string(r)
			if r == ' ' {
				k = "space"
			}
			e.Key(k, string(r))
		}
		if got := e.Buffer().Text(); got != c.want {
			t.Errorf("%q, tab, %q, %q: got %q, want %q", c.typed, c.keys, c.then, got, c.want)
		}
	}
	e := NewEditor(false, "q")
	typed(e, "'co")
	e.Propose(0, []Completion{{Text: "count("}, {Text: "cos("}})
	typed(e, "'(x")
	if got := e.Buffer().Text(); got != "count(x" {
		t.Errorf("a parenthesis that is there: got %q", got)
	}
}

func TestEditorDraw(t *testing.T) {
	e := NewEditor(false, "q")
	typed(e, "'select 1", "enter", "'from t")
	e.Highlight = func(string) []Span {
		return []Span{{0, 6, canvas.Keyword}, {7, 8, canvas.Number}, {9, 13, canvas.Keyword}}
	}
	c := canvas.New(30, 4)
	e.Draw(c.All(), canvas.NewTheme(true, false), true)
	if want := "  1 select 1\n  2 from t\n\n\n"; plain(c) != want {
		t.Errorf("got\n%s", plain(c))
	}
	if s := c.At(4, 0).S; s != canvas.Keyword {
		t.Errorf("select has style %d", s)
	}
	if s := c.At(9, 1).S; s != canvas.Text {
		t.Errorf("t has style %d", s)
	}
	if x, y := e.CursorAt(); x != 10 || y != 1 {
		t.Errorf("cursor at %d, %d", x, y)
	}
	e.MarkMistake(14)
	e.Draw(c.All(), canvas.NewTheme(true, false), true)
	if s := c.At(9, 1).S; s != canvas.Mistake {
		t.Errorf("the mistake has style %d", s)
	}
	e.Propose(14, []Completion{{Text: "t1", Kind: "table"}, {Text: "t2", Kind: "table", Detail: "3 rows"}})
	c.All().Clear()
	e.Draw(c.All(), canvas.NewTheme(true, true), true)
	if want := "  1 select 1\n  2 from t\n        >t1          table\n         t2   table 3 rows\n"; plain(c) != want {
		t.Errorf("got\n%s", plain(c))
	}
}

func TestBuffers(t *testing.T) {
	e := NewEditor(true, "a.sql")
	e.Open(NewBuffer("b.sql", "/x/b.sql", "select 2\r\n"))
	if e.Buffer().Modified() || e.Buffer().Text() != "select 2\n" {
		t.Errorf("opened %q, modified %v", e.Buffer().Text(), e.Buffer().Modified())
	}
	e.Buffer().Insert("x")
	if !e.Buffer().Modified() {
		t.Error("not modified")
	}
	e.Buffer().Saved()
	e.Next(1)
	if e.Buffer().Name != "a.sql" {
		t.Errorf("buffer %s", e.Buffer().Name)
	}
	e.Buffer().SetText("a\nbé\nc")
	e.Buffer().MoveToLine(2, 3)
	if l, c := e.Buffer().Place(); l != 2 || c != 3 {
		t.Errorf("place %d:%d", l, c)
	}
	e.Buffer().MoveToLine(99, 99)
	if l, _ := e.Buffer().Place(); l != 3 {
		t.Errorf("line %d", l)
	}
}

// Any keys in any order leave the cursor on a rune of the text.
func FuzzEditor(f *testing.F) {
	f.Add("select ä\nfrom t", []byte("iabc\x1bddpuJxwbe$0Goy"))
	names := []string{"esc", "enter", "backspace", "delete", "up", "down", "left", "right", "ctrl+w", "ctrl+k", "ctrl+u", "home", "end", "pgup", "pgdown"}
	f.Fuzz(func(t *testing.T, text string, list []byte) {
		e := NewEditor(true, "q")
		e.Buffers[0] = NewBuffer("q", "", text)
		e.SetVim(true)
		c, theme := canvas.New(20, 5), canvas.NewTheme(true, false)
		for _, b := range list {
			if int(b) < len(names) {
				e.Key(names[b], "")
			} else {
				k := string(rune(b))
				e.Key(k, k)
			}
			if b := e.Buffer(); b.Pos() < 0 || b.Pos() > len(b.Text()) {
				t.Fatalf("cursor at %d of %d", b.Pos(), len(b.Text()))
			}
			e.Draw(c.All(), theme, true)
		}
	})
}
