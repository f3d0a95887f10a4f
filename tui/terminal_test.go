package tui

import (
	"bytes"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/riffle-io/riffle/repl"
	"github.com/riffle-io/riffle/tui/canvas"
)

func TestTerminalPaintsWhatChanged(t *testing.T) {
	var out bytes.Buffer
	lost := 0
	term := &terminal{out: &out, lost: func() { lost++ }}
	c, theme := canvas.New(20, 3), canvas.NewTheme(false, false)
	wrote := func() string { s := out.String(); out.Reset(); return s }
	show := func(cur *tea.Cursor) string { term.show(c, theme, cur); return wrote() }

	if _, err := term.Write([]byte("modes")); err != nil || wrote() != "modes" || lost != 0 {
		t.Error("what comes before the first frame")
	}
	c.All().Text(0, 0, "hello", canvas.Text)
	if got := show(nil); !strings.HasPrefix(got, enterScreen) || !strings.Contains(got, "\x1b[1;1Hhello") || !strings.HasSuffix(got, "\x1b[?25l") {
		t.Errorf("first frame %q", got)
	}
	c.All().Text(4, 0, "!", canvas.Text)
	cur := tea.NewCursor(5, 0)
	cur.Shape = tea.CursorBar
	if got := show(cur); got != "\x1b[1;5H!\x1b[1;6H\x1b[6 q\x1b[?25h" {
		t.Errorf("next frame %q", got)
	}
	if _, err := term.Write([]byte("erase")); err != nil || lost != 1 {
		t.Errorf("lost %d times", lost)
	}
	wrote()
	if got := show(nil); !strings.Contains(got, "\x1b[2J") || !strings.Contains(got, "hell!") {
		t.Errorf("frame after something else wrote: %q", got)
	}
	term.leave()
	if got := wrote(); got != leaveScreen {
		t.Errorf("leave writes %q", got)
	}
	term.leave()
	if got := wrote() + show(nil); got != "" {
		t.Errorf("away, and %q is written", got)
	}
	term.back()
	if got := show(nil); !strings.HasPrefix(got, enterScreen) || !strings.Contains(got, "hell!") {
		t.Errorf("back: %q", got)
	}
}

// A key right behind a drawing does not wait for the next frame.
func TestKeysDoNotWaitForTheFrame(t *testing.T) {
	folder(t)
	d := query(t, 100, 30, byCountry)
	press := func(k string) tea.Cmd { _, cmd := d.a.Update(keyPress(k)); return cmd }
	d.clock = d.clock.Add(time.Second)
	press("j")
	row, _, _ := d.a.explore.grid.Cursor()
	d.a.frame.ticking = true // as while a statement runs
	cmd := press("j")
	if !d.a.frame.dirty || !d.a.frame.soon || cmd == nil {
		t.Fatal("the second key of an instant is drawn at once, or nothing will draw it")
	}
	d.clock = d.clock.Add(keyEvery)
	d.a.Update(keyMsg{})
	if d.a.frame.dirty || d.a.frame.soon {
		t.Error("it is not drawn")
	}
	if now, _, _ := d.a.explore.grid.Cursor(); now != row+1 {
		t.Errorf("row %d after %d", now, row)
	}
}

// A program that waits paints nothing.
func TestIdleScreensPaintNothing(t *testing.T) {
	folder(t)
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	d := drive(t, 100, 30, Options{Session: repl.NewSession(repl.Output{Notice: func(string, ...any) {}})})
	var out bytes.Buffer
	d.a.term = &terminal{out: &out, lost: func() {}}
	d.keys("esc")
	out.Reset()
	d.a.compose()
	if got := out.String(); len(got) > len("\x1b[10;10H\x1b[2 q\x1b[?25h") {
		t.Errorf("nothing changed, and %q is written", got)
	}
}
