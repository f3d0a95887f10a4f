package tui

import (
	"context"
	"sync"

	tea "charm.land/bubbletea/v2"
)

// finished are the ends of background work that have not been done yet. A program that ends drops its
// messages; what they were to do stays here for the next one.
type finished struct {
	mu   sync.Mutex
	list []func() tea.Cmd
	send func(tea.Msg) // to the program that runs; nil: none
	runs int           // programs so far
}

// finishedMsg says that background work has ended.
type finishedMsg struct{}

// background runs work beside the screen. What it returns is called on the screen's goroutine; nil is
// nothing to do.
func (a *app) background(work func(ctx context.Context) func() tea.Cmd) tea.Cmd {
	d := &a.finished
	d.mu.Lock()
	run := d.runs
	d.mu.Unlock()
	return func() tea.Msg {
		f := work(a.ctx)
		d.mu.Lock()
		if f != nil {
			d.list = append(d.list, f)
		}
		send := d.send
		if run == d.runs {
			send = nil // it is this program that gets the message
		}
		d.mu.Unlock()
		if send != nil {
			send(finishedMsg{})
		}
		return finishedMsg{}
	}
}

// finish does what background work asked for.
func (a *app) finish() tea.Cmd {
	a.finished.mu.Lock()
	list := a.finished.list
	a.finished.list = nil
	a.finished.mu.Unlock()
	var cmds []tea.Cmd
	for _, f := range list {
		cmds = append(cmds, f())
	}
	return tea.Batch(cmds...)
}

// begin gives the screens to a program; nil takes them away.
func (a *app) begin(send func(tea.Msg)) {
	a.finished.mu.Lock()
	a.finished.send = send
	a.finished.runs++
	a.finished.mu.Unlock()
	if send != nil { // timers of the program before have not rung
		a.lines, a.frame, a.jobs.timer = false, frame{dirty: true}, false
	}
}
