package tui

import (
	"bytes"
	"context"
	"io"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/exp/teatest/v2"
	"github.com/riffle-io/riffle/repl"
)

// program runs a whole program on a pretended terminal.
func program(t *testing.T) *teatest.TestModel {
	t.Helper()
	folder(t)
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	a := newApp(context.Background(), Options{Session: repl.NewSession(repl.Output{Notice: func(string, ...any) {}})}, time.Now)
	t.Cleanup(a.close)
	return teatest.NewTestModel(t, a, teatest.WithInitialTermSize(100, 30))
}

// sees waits until the terminal was sent a text.
func sees(t *testing.T, tm *teatest.TestModel, text string) {
	t.Helper()
	teatest.WaitFor(t, tm.Output(), func(b []byte) bool { return bytes.Contains(b, []byte(text)) }, teatest.WithDuration(20*time.Second))
}

func TestProgramRunsAQueryAndLeaves(t *testing.T) {
	tm := program(t)
	sees(t, tm, "orders.csv")
	tm.Type("select 6 * 7 as answer")
	tm.Send(keyPress("ctrl+r"))
	sees(t, tm, "answer")
	tm.Send(keyPress("ctrl+c"))
	tm.Send(tea.KeyPressMsg{Code: tea.KeyEscape})
	tm.Send(keyPress("ctrl+d"))
	tm.WaitFinished(t, teatest.WithFinalTimeout(20*time.Second))
}

func TestProgramFollowsAStream(t *testing.T) {
	tm := program(t)
	sees(t, tm, "orders.csv")
	tm.Type("select auction, price from gen.nexmark_bid(events => 100, stream => true)")
	tm.Send(keyPress("ctrl+r"))
	sees(t, tm, "recorder")
	tm.Type(":q")
	tm.Send(tea.KeyPressMsg{Code: tea.KeyEnter})
	tm.WaitFinished(t, teatest.WithFinalTimeout(20*time.Second))
}

// A program that waits sends nothing to the terminal, and asks for no frame.
func TestIdleProgramIsSilent(t *testing.T) {
	folder(t)
	d := drive(t, 100, 30, Options{})
	d.keys("esc")
	before := d.a.frame.view
	if d.a.frame.ticking || d.open != 0 {
		t.Errorf("ticking %v with %d commands open while nothing happens", d.a.frame.ticking, d.open)
	}
	_, cmd := d.a.Update(frameMsg{})
	if cmd != nil {
		t.Error("a frame with nothing to draw asks for another")
	}
	if d.a.frame.view != before {
		t.Error("the screen changed")
	}
}

// screens makes screens on a terminal that takes all and says nothing.
func screens(t *testing.T, ctx context.Context, in io.Reader) *Screens {
	t.Helper()
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	folder(t)
	s, err := New(ctx, Options{Session: repl.NewSession(repl.Output{Notice: func(string, ...any) {}}), In: in, Out: io.Discard, Env: []string{"TERM=xterm"}, Lines: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func TestRunNeedsATerminalOnlyForItsOutput(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	in, _ := io.Pipe()
	s := screens(t, ctx, in)
	done := make(chan error, 1)
	go func() { _, err := s.Run(ctx); done <- err }()
	cancel()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("it does not end with its context")
	}
	if _, err := New(ctx, Options{Keys: "nano"}); err == nil {
		t.Error("keys that are not there were taken")
	}
}

// ctrl-t leaves for the lines; the next Run shows what was there, and what ended meanwhile.
func TestScreensGoOnAfterTheLines(t *testing.T) {
	s := screens(t, t.Context(), nil)
	s.a.Update(tea.WindowSizeMsg{Width: 100, Height: 30}) // no terminal says so
	run := func(press string) (lines bool) {
		t.Helper()
		in, keys := io.Pipe() // a reader of a pipe cannot be given up as one of a terminal can
		s.a.opts.In = in
		done := make(chan error, 1)
		go func() {
			var err error
			lines, err = s.Run(t.Context())
			done <- err
		}()
		if _, err := io.WriteString(keys, press); err != nil {
			t.Fatal(err)
		}
		select {
		case err := <-done:
			if err != nil {
				t.Fatal(err)
			}
		case <-time.After(20 * time.Second):
			t.Fatal("it does not end")
		}
		return lines
	}
	if !run("select 1\x14") {
		t.Error("ctrl-t did not ask for the lines")
	}
	s.Insert("select 2")
	if got := s.a.explore.editor.Buffer().Text(); got != "select 1;\n\nselect 2" {
		t.Errorf("the editor has %q", got)
	}
	late := s.a.background(func(context.Context) func() tea.Cmd { return func() tea.Cmd { s.a.header = false; return nil } })
	late() // between two programs
	if run("\x04") {
		t.Error("ctrl-d asked for the lines")
	}
	if s.a.header {
		t.Error("what ended between two programs was lost")
	}
}
