package tui

import (
	"context"
	"fmt"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/riffle-io/riffle/repl"
	"github.com/riffle-io/riffle/repl/render"
	"github.com/riffle-io/riffle/tui/canvas"
	"github.com/riffle-io/riffle/tui/keymap"
	"github.com/riffle-io/riffle/tui/widget"
)

func (s *stream) isLive() bool { return s.live != nil }

func (s *stream) addKeys() {
	k := s.a.keys
	cmd := func(title, short, word string, run func(string) tea.Cmd, keys ...string) *keymap.Command {
		return &keymap.Command{Keys: keys, Scope: "stream", Group: groupView, Title: title, Short: short, Word: word, When: s.isLive, Run: run}
	}
	k.Add(
		cmd("pause or resume the view", "pause", "pause", just(s.pause), "space"),
		cmd("changelog, upsert table, append", "mode", "mode", just(s.nextMode), "m"),
		cmd("step back, forward", "step", "", func(key string) tea.Cmd { s.step(map[string]int64{"{": -1, "}": 1}[key]); return nil }, "{", "}"),
		cmd("a minute back, forward", "minute", "", func(key string) tea.Cmd {
			s.stepTime(map[string]time.Duration{"[": -time.Minute, "]": time.Minute}[key])
			return nil
		}, "[", "]"),
		cmd("back to live", "live", "live", just(func() { s.at = -1 }), "0"),
		cmd("seek: time, span or change", "", "", do(s.seek), "g s"),
		cmd("why is it quiet?", "why", "why", do(s.why), "w"),
		cmd("late rows", "", "late", do(func() tea.Cmd { return s.side("Late rows", s.live.Late) }), "g l"),
		cmd("bad records", "", "bad", do(func() tea.Cmd { return s.side("Records that could not be decoded", s.live.Bad) }), "g b"),
		cmd("promote to a job", "promote", "promote", do(func() tea.Cmd { return s.a.askPromote(s.from.text, jobName(s.from.buf)) }), "P"),
		cmd("rate limit", "", "rate", do(s.limitRate), "~"),
		&keymap.Command{Scope: "stream", Group: groupView, Title: "seek (:seek -1m)", Word: "seek", When: s.isLive, Run: do(s.seek),
			Line: func(args string) tea.Cmd {
				if err := s.seekTo(args); err != nil {
					s.a.say(canvas.Bad, err.Error())
				}
				return nil
			}},
		&keymap.Command{Keys: []string{"l"}, Scope: "stream/head", Group: groupView, Title: "late rows", When: s.isLive,
			Run: do(func() tea.Cmd { return s.side("Late rows", s.live.Late) })},
		&keymap.Command{Keys: []string{"ctrl+r"}, Scope: "stream", Group: groupEdit, Title: "run the editor's statement", Word: "run",
			Run: do(s.a.runEditor)},
		&keymap.Command{Keys: []string{"e"}, Scope: "stream", Group: groupEdit, Title: "edit the query", Short: "edit", When: s.isLive, Run: do(s.edit)},
	)
	k.Add(s.a.paneKeys("stream", func() *panes { return s.ps })...)
	s.addGridKeys()
	k.Add(&keymap.Command{Keys: []string{"p"}, Scope: "stream/plot", Group: groupView, Title: "next kind of chart, none", Short: "kind", Run: do(s.togglePlot)},
		&keymap.Command{Keys: []string{"esc"}, Scope: "stream/plot", Group: groupView, Title: "back to the rows", Run: just(func() { s.ps.to("stream/grid") })})
}

func (s *stream) addGridKeys() {
	const scope = "stream/grid"
	s.a.keys.Add(moveKeys(scope, func(k string) { s.moveGrid(k) }, true)...)
	has := func() bool { _, _, ok := s.grid.Cursor(); return s.live != nil && ok }
	cmd := func(key, title string, run func(string) tea.Cmd) *keymap.Command {
		return &keymap.Command{Keys: []string{key}, Scope: scope, Group: groupResult, Title: title, When: has, Run: run}
	}
	s.a.keys.Add(
		cmd("enter", "record view", do(func() tea.Cmd { s.hold(); return s.a.openRecord(&s.grid, "stream") })),
		cmd("/", "find", do(func() tea.Cmd { s.hold(); return s.a.askFind(&s.find, &s.grid) })),
		cmd("n", "find on", do(func() tea.Cmd { return s.a.findNext(&s.find, &s.grid, 1) })),
		cmd("N", "find back", do(func() tea.Cmd { return s.a.findNext(&s.find, &s.grid, -1) })),
		cmd("p", "plot, next kind", do(s.togglePlot)),
		cmd("F", "profile the column", do(s.toggleProfile)),
		cmd("s", "sort up", just(func() { s.sortBy(false) })),
		cmd("S", "sort down", just(func() { s.sortBy(true) })),
		cmd("!", "pin or unpin column", just(s.grid.Pin)),
		cmd("-", "hide the column", just(func() { s.grid.Hide() })),
		cmd("v", "select cells", just(func() { s.hold(); s.grid.Select(false) })),
		cmd("V", "select rows", just(func() { s.hold(); s.grid.Select(true) })),
		&keymap.Command{Keys: []string{"esc"}, Scope: scope, Group: groupResult, Title: "end the selection", Run: just(func() { s.grid.Unselect() }),
			When: func() bool { _, _, _, ok := s.grid.Selection(); return ok }},
		cmd("y", "copy cell or selection", do(func() tea.Cmd { return s.a.copyCell(&s.grid) })),
		cmd("z", "the cell alone", do(func() tea.Cmd { s.hold(); return s.a.openCell(&s.grid) })),
		cmd("Y", "copy the row: csv, json, md, sql", do(func() tea.Cmd { return s.a.copyMenu(&s.grid, s.from.text) })),
	)
}

// moveGrid moves the cursor; in a list that grows at its end, moving off the end pauses the view, so
// that the rows do not run away.
func (s *stream) moveGrid(k string) {
	growing := s.mode != upsertMode && s.sort.col < 0
	if growing && s.at < 0 && s.running() && (k == "k" || k == "up" || k == "ctrl+u" || k == "ctrl+b" || k == "pgup" || k == "g g" || k == "home") {
		s.hold()
	}
	s.grid.Key(k)
}

// hold pauses the view if it is live.
func (s *stream) hold() {
	if s.at < 0 && s.running() {
		s.pause()
	}
}

// edit goes to the editor with the query of the stream.
func (s *stream) edit() tea.Cmd {
	e := s.a.explore
	if s.from.buf == nil || e.editor.Buffer() != s.from.buf {
		if s.from.buf != nil {
			e.editor.Open(s.from.buf)
		} else {
			e.insert(s.from.text)
		}
	}
	e.ps.to("explore/editor")
	return s.a.show("explore")
}

// runEditor runs the statement of the editor from another screen.
func (a *app) runEditor() tea.Cmd {
	cmd := a.explore.runCursor()
	return tea.Batch(a.show("explore"), cmd)
}

// side shows the last late or bad rows.
func (s *stream) side(name string, read func(int) repl.SideRows) tea.Cmd {
	rows := read(1000)
	if len(rows.Rows) == 0 {
		s.a.say(canvas.Good, "none: "+name)
		return nil
	}
	t := &widget.Table{Cols: columns(rows.Columns), Data: cells(rows.Rows)}
	s.a.open(newSheet(s.a, name, fmt.Sprintf("last %s", render.Count(int64(len(rows.Rows)))), t))
	return nil
}

// why asks the session why there is no output.
func (s *stream) why() tea.Cmd {
	live := s.live
	return s.a.background(func(context.Context) func() tea.Cmd {
		w := live.Why()
		return func() tea.Cmd {
			b := &whyBox{a: s.a, name: "Why is there no output?", why: w, ask: live.Why}
			s.a.open(b)
			return b.later()
		}
	})
}

func (s *stream) words() []word {
	return []word{{"watermark", "no earlier event expected"}, {"open", "may change"}, {"FINAL", "will not change any more"},
		{"late", "came after the watermark"}, {"IDLE", "does not hold the watermark"}, {"HOLD", "the watermark waits for it"}}
}
