package tui

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/riffle-io/riffle/repl"
	"github.com/riffle-io/riffle/tui/canvas"
	"github.com/riffle-io/riffle/tui/widget"
)

// liveMode is how the changes of a stream are shown.
type liveMode int

// The modes.
const (
	upsertMode    liveMode = iota // the table that the changes make
	changelogMode                 // every change
	appendMode                    // rows that will not change any more
)

func (m liveMode) String() string { return [...]string{"UPSERT TABLE", "CHANGELOG", "APPEND"}[m] }

// stream is the screen of a query that does not end.
type stream struct {
	a    *app
	ps   *panes
	grid widget.Grid

	run  *repl.Run // nil: none yet
	live *repl.Live
	from origin
	twin bool // of a query over a file, started by the screen
	st   repl.RunStatus
	now  repl.LiveStatus
	size int64 // bytes of the recorder

	mode  liveMode
	auto  bool      // the mode waits for what the plan says
	at    int64     // change that the view stands at; -1: live
	since time.Time // when the view was paused
	sort  order
	sorts [3]order // of each mode, while another one is shown
	shown shownLive
	fresh refresh
	find  find
	plot  livePlot
	prof  liveProfile
	rate  int64 // rows a second that sources are held to; 0: none
}

// order is the column that rows are sorted by.
type order struct {
	col  int // -1: as the rows came
	desc bool
}

// shownLive is what the grid shows.
type shownLive struct {
	table   *repl.LiveTable // of upsert and append
	part    bool            // only its final rows
	changes []repl.Change   // the last ones before the view, for the pane at the side
	first   int64           // seq of the grid's first row, of a changelog
	next    int64           // seq after the last change in the view
}

// refresh is the state of reading the table anew.
type refresh struct {
	busy  bool
	asked time.Time     // when it was last asked for
	took  time.Duration // and how long it took
	key   refreshKey    // what is shown
	tick  time.Time     // when the numbers of the header were last read
}

// refreshKey names a picture of the recorder.
type refreshKey struct {
	live *repl.Live
	at   int64
	next int64
	mode liveMode
	col  int
	desc bool
	of   int   // column whose change is shown; -1: none
	tick int64 // second of a live view in which that change has not come to rest
}

// Times between looks at the recorder. A table that takes long to make is made less often, so that
// the screen takes at most a tenth of one core.
const (
	refreshEvery = 100 * time.Millisecond
	headerEvery  = 250 * time.Millisecond
	refreshShare = 10
)

// streamPlotPane is the place of the chart among the panes.
const streamPlotPane = 5

func newStream(a *app) *stream {
	s := &stream{a: a, at: -1}
	s.sort.col = -1
	s.ps = newPanes(
		&pane{scope: "stream/head", label: "live", title: s.headTitle, draw: s.drawHead},
		&pane{scope: "stream/grid", label: "rows", title: s.gridTitle, draw: s.drawGrid},
		&pane{scope: "stream/changes", label: "changes", side: true, mute: true, title: s.changesTitle, draw: s.drawChanges},
		&pane{scope: "stream/parts", label: "partitions", side: true, title: s.partsTitle, draw: s.drawParts},
		&pane{scope: "stream/time", label: "time", side: true, title: s.timeTitle, draw: s.drawTime},
		&pane{scope: "stream/plot", label: "plot", side: true, shown: s.plotShown, title: s.plotTitle, draw: s.drawPlot},
	)
	s.ps.to("stream/grid")
	s.addKeys()
	return s
}

func (s *stream) id() string                            { return "stream" }
func (s *stream) label() string                         { return "Stream" }
func (s *stream) digit() string                         { return "2" }
func (s *stream) enter() tea.Cmd                        { return nil }
func (s *stream) scopes() []string                      { return []string{s.ps.focus.scope, "stream"} }
func (s *stream) typing(string, string) (tea.Cmd, bool) { return nil, false }
func (s *stream) cursor() (int, int, tea.CursorShape, bool) {
	return 0, 0, 0, false
}

// toStream takes over a run whose input does not end, and comes to the front.
func (a *app) toStream(run *repl.Run, from origin) tea.Cmd {
	s := a.stream
	s.cancelQuery()
	s.run, s.live, s.from, s.twin = run, run.Live(), from, false
	s.st, s.now, s.size = run.Status(), s.live.Status(), s.live.Bytes()
	s.at, s.rate = -1, 0
	s.shown, s.fresh, s.plot, s.prof = shownLive{}, refresh{busy: s.fresh.busy}, livePlot{}, liveProfile{}
	s.grid.SetSource(&widget.Table{})
	s.mode, s.auto = upsertMode, true
	s.chooseMode()
	s.sort = s.newestFirst()
	s.sorts = [3]order{s.sort, {col: -1}, {col: -1}}
	s.ps.to("stream/grid")
	a.say(canvas.Accent, "unbounded input: showing "+article(s.mode)+"; space pauses, m switches, w says why it is quiet")
	return a.show("stream")
}

func article(m liveMode) string {
	switch m {
	case changelogMode:
		return "the changelog"
	case appendMode:
		return "the rows as they come"
	}
	return "an upsert table"
}

// chooseMode shows a result that only grows as rows, once the plan says that it is one.
func (s *stream) chooseMode() {
	if !s.auto || s.st.Mode == "" {
		return
	}
	s.auto = false
	if s.st.Mode == "append" {
		s.mode = appendMode
		s.sort.col = -1
		s.grid.SetSource(&widget.Table{})
	}
}

// newestFirst finds the column of windows, by which a table is sorted at first.
func (s *stream) newestFirst() order {
	for i, c := range s.live.Columns() {
		if c.Name == "window_start" || c.Name == "window_end" {
			return order{i, true}
		}
	}
	return order{col: -1}
}

func (s *stream) running() bool { return s.run != nil && s.st.State == repl.StateRunning }

// cancelQuery ends the query; what was recorded stays.
func (s *stream) cancelQuery() bool {
	if s.find.cancel() {
		return true
	}
	if !s.running() {
		return false
	}
	s.run.Cancel()
	s.st = s.run.Status()
	return true
}

// poll looks at the recorder while the screen is in front.
func (s *stream) poll(now time.Time) (changed, active bool, cmd tea.Cmd) {
	if s.live == nil || s.a.front() != screen(s) {
		return false, false, nil
	}
	was := s.running()
	if now.Sub(s.fresh.tick) >= headerEvery || !was {
		s.fresh.tick = now
		if was {
			s.st, s.now, s.size = s.run.Status(), s.live.Status(), s.live.Bytes()
			s.chooseMode()
			changed = true
		}
	}
	return changed, s.running() || s.fresh.busy || s.stale() || s.stalePlot() || s.staleProfile(), tea.Batch(s.refresh(now), s.followPlot(now), s.followProfile(now))
}

// stale reports that the grid shows something else than the recorder holds.
func (s *stream) stale() bool { return s.key() != s.fresh.key }

func (s *stream) key() refreshKey {
	k := refreshKey{live: s.live, at: s.at, next: s.at + 1, mode: s.mode, col: s.sort.col, desc: s.sort.desc, of: s.deltaColumn()}
	if s.at < 0 {
		k.next = s.live.Next()
	}
	if n := len(s.shown.changes); n > 0 && k.of >= 0 && s.at < 0 && s.running() {
		if now := s.a.now(); now.Sub(s.shown.changes[n-1].At) < deltaSpan+time.Second {
			k.tick = now.Unix()
		}
	}
	return k
}

// deltaColumn is the number whose change is shown: the one that the table is sorted by, else the last
// that is not part of the key; -1 for none.
func (s *stream) deltaColumn() int {
	if s.mode != upsertMode || len(s.st.Key) == 0 || s.live.Appends() {
		return -1
	}
	best := -1
	for i, c := range s.live.Columns() {
		if !c.Numeric || slices.Contains(s.st.Key, c.Name) {
			continue
		}
		best = i
		if i == s.sort.col {
			break
		}
	}
	return best
}

// refresh makes the table of the view in the background, when it is due.
func (s *stream) refresh(now time.Time) tea.Cmd {
	f := &s.fresh
	wait := max(refreshEvery, refreshShare*f.took)
	key := s.key()
	sameView := key.at < 0 && f.key.at < 0 && key.mode == f.key.mode && key.col == f.key.col && key.desc == f.key.desc && key.live == f.key.live
	if f.busy || key == f.key || (sameView && now.Sub(f.asked) < wait) {
		return nil
	}
	f.busy, f.asked = true, now
	live := s.live
	if key.at >= 0 || !s.running() {
		now = time.Time{} // the view stands at the time of a change
	}
	return s.a.background(func(context.Context) func() tea.Cmd {
		begin := time.Now()
		shown, src := snapshotLive(live, key, now)
		took := time.Since(begin)
		return func() tea.Cmd {
			f.busy = false
			if s.live == live {
				f.key, f.took = key, took
				s.take(shown, src)
			}
			return nil
		}
	})
}

// changesKept is how many changes the pane at the side can show.
const changesKept = 100

// snapshotLive reads the recorder as of a key. now is the time of the view; zero is that of its last
// change.
func snapshotLive(live *repl.Live, key refreshKey, now time.Time) (shownLive, widget.RowSource) {
	first := live.First()
	sh := shownLive{first: first, next: key.next}
	from := max(first, key.next-changesKept)
	sh.changes = live.Changes(from, int(key.next-from))
	if key.mode == changelogMode {
		return sh, &changeRows{live: live, first: first, next: key.next}
	}
	at := key.at
	sh.table = live.Table(at)
	if key.col >= 0 {
		sh.table = sh.table.Sorted(key.col, key.desc)
	}
	d := delta{col: key.of}
	if n := len(sh.changes); n > 0 && d.col >= 0 {
		if now.IsZero() {
			now = sh.changes[n-1].At
		}
		d.since = live.SeqAt(now.Add(-deltaSpan))
	}
	src := newLiveRows(live, sh.table, key.mode == appendMode, d)
	sh.part = src.only != nil
	return sh, src
}

// take shows a new picture. A cursor on the last row of a growing list stays on the last row.
func (s *stream) take(sh shownLive, src widget.RowSource) {
	gone := int64(0)
	if s.mode == changelogMode && s.shown.table == nil {
		gone = sh.first - s.shown.first
	}
	end := s.at < 0 && s.sort.col < 0 && s.mode != upsertMode && s.grid.AtEnd()
	s.shown = sh
	s.grid.Update(src, gone)
	if end {
		s.grid.Key("G")
	}
}

// nextMode is m: the same recorder, shown otherwise.
func (s *stream) nextMode() {
	if s.live == nil {
		return
	}
	s.sorts[s.mode] = s.sort
	s.mode, s.auto = (s.mode+1)%3, false
	s.sort = s.sorts[s.mode]
	s.grid.SetSource(&widget.Table{})
	s.a.say(canvas.Text, "showing "+article(s.mode)+"; the query was not restarted")
}

// sortBy orders the table by the column under the cursor.
func (s *stream) sortBy(desc bool) {
	_, col, ok := s.grid.Cursor()
	switch {
	case !ok || s.mode == changelogMode:
		s.a.say(canvas.Warn, "a changelog is in the order of its changes")
		return
	case col >= len(s.live.Columns()):
		s.a.say(canvas.Warn, "the table is sorted by a column of the query")
		return
	}
	s.sort.col, s.sort.desc = col, desc
}

// limitRate asks for the rows a second that sources may read.
func (s *stream) limitRate() tea.Cmd {
	return s.a.ask(prompt{kind: "rate", help: "set", enter: func(text string) tea.Cmd {
		var n int64
		if _, err := fmt.Sscanf(strings.TrimSpace(text), "%d", &n); err != nil || n < 0 {
			s.a.say(canvas.Bad, "a number of rows a second; 0 is no limit")
			return nil
		}
		s.rate = n
		s.live.SetRate(n)
		return nil
	}}, "rows a second that a source task reads (0: no limit): ", fmt.Sprint(s.rate))
}
