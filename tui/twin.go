package tui

import (
	"context"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/riffle-io/riffle/repl"
	"github.com/riffle-io/riffle/tui/canvas"
)

// toScreen is the digit of a screen. From a query over a file, the stream screen runs the same query
// over the topic that goes on where the file ends. A stream that the user started is left alone.
func (a *app) toScreen(id string) tea.Cmd {
	from := a.front()
	cmd := a.show(id)
	if from != screen(a.explore) || id != a.stream.id() || !a.explore.twinDue {
		return cmd
	}
	if a.stream.running() && !a.stream.twin {
		a.say(canvas.Dim, "this stream runs on; :twin on screen 1 puts the query over its topic in its place")
		return cmd
	}
	return tea.Batch(cmd, a.runTwin())
}

// runTwin runs the last query over the topics that are the twins of its files.
func (a *app) runTwin() tea.Cmd {
	base := a.explore.base
	if base.text == "" {
		a.say(canvas.Warn, "no query has run yet")
		return nil
	}
	a.explore.twinDue = false
	a.say(canvas.Dim, "looking for the topic of the query's files ...")
	return a.background(func(ctx context.Context) func() tea.Cmd {
		tw, err := a.ses.Twin(ctx, base.text)
		if err != nil {
			return func() tea.Cmd { a.say(canvas.Warn, "not as a stream: "+firstLine(err.Error())); return nil }
		}
		run := a.ses.Start(a.ctx, tw.Text)
		return func() tea.Cmd { return a.awaitTwin(run, tw) }
	})
}

// twinPoll is how often a query that starts is asked whether it runs.
const twinPoll = 5 * time.Millisecond

// awaitTwin shows the twin when it runs, or says why it does not.
func (a *app) awaitTwin(run *repl.Run, tw *repl.Twin) tea.Cmd {
	return a.background(func(ctx context.Context) func() tea.Cmd {
		tick := time.NewTicker(twinPoll)
		defer tick.Stop()
		for ended := false; run.Live() == nil; {
			if ended {
				return func() tea.Cmd { a.say(canvas.Bad, "not as a stream: "+withHint(run.Status().Err)); return nil }
			}
			select {
			case <-run.Done(): // it may have begun before its end
				ended = true
			case <-ctx.Done():
				return func() tea.Cmd { return nil }
			case <-tick.C:
			}
		}
		return func() tea.Cmd { return a.showTwin(run, tw) }
	})
}

// showTwin brings the stream up, sorted as the query was, with a banner that says what differs.
func (a *app) showTwin(run *repl.Run, tw *repl.Twin) tea.Cmd {
	a.record(a.commandOf("sql", tw.Text), "the query over its topic")
	cmd := a.toStream(run, origin{text: tw.Text})
	s := a.stream
	s.twin = true
	if at := slices.IndexFunc(s.live.Columns(), func(c repl.Column) bool { return c.Name == tw.Order }); at >= 0 {
		s.sort.col, s.sort.desc = at, tw.Desc
	}
	a.say(canvas.Accent, "unbounded input: "+strings.Join(tw.Changes, "; ")+". space pauses")
	return cmd
}
