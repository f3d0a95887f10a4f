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

func TestRunNeedsATerminalOnlyForItsOutput(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	folder(t)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	in, _ := io.Pipe()
	go func() {
		done <- Run(ctx, Options{Session: repl.NewSession(repl.Output{Notice: func(string, ...any) {}}), In: in, Out: io.Discard, Env: []string{"TERM=xterm"}})
	}()
	cancel()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("it does not end with its context")
	}
}
