package tui

import (
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/riffle-io/riffle/repl"
	"github.com/riffle-io/riffle/tui/canvas"
)

// livePlot is the chart of a stream's table. It follows the table, as often as reading it allows.
type livePlot struct {
	plot
	asked time.Time // when it was last read
	took  time.Duration
}

// plotEvery is the least time between two charts of a table that changes.
const plotEvery = 500 * time.Millisecond

// togglePlot is p on the rows: of the table, since changes have no place in a chart.
func (s *stream) togglePlot() tea.Cmd {
	if s.shown.table == nil || s.shown.part {
		s.a.say(canvas.Warn, "a chart is of the whole table: m shows it")
		return nil
	}
	cursor := -1
	if _, col, ok := s.grid.Cursor(); ok {
		cursor = col
	}
	cols := columns(s.live.Columns())
	for i := range cols { // the number of a key is a name
		cols[i].Numeric = cols[i].Numeric && !slices.Contains(s.st.Key, cols[i].Name)
	}
	if !s.plot.toggle(cols, cursor) {
		s.a.say(canvas.Warn, "nothing to plot: no column of numbers")
	}
	s.ps.mend()
	return s.loadPlot(s.a.now())
}

// stalePlot tells that the chart shows something else than the table.
func (s *stream) stalePlot() bool {
	t := s.shown.table
	return s.plot.on && t != nil && !s.shown.part && (s.plot.data == nil || s.plot.of != chartRows(t))
}

// followPlot reads the chart of a newer table when it is due.
func (s *stream) followPlot(now time.Time) tea.Cmd {
	if !s.stalePlot() || now.Sub(s.plot.asked) < max(plotEvery, refreshShare*s.plot.took) {
		return nil
	}
	return s.loadPlot(now)
}

func (s *stream) loadPlot(now time.Time) tea.Cmd {
	if !s.plot.on || s.plot.busy {
		return nil
	}
	s.plot.asked = now
	table, begin := s.shown.table, time.Now()
	return s.plot.load(s.a, table, func() tea.Cmd { s.plot.took = time.Since(begin); return nil })
}

// plotShown says whether there is a chart: of a table, not of a changelog.
func (s *stream) plotShown() bool { return s.plot.on && s.shown.table != nil && !s.shown.part }

func (s *stream) plotTitle() (string, string) {
	return s.plot.title(s.ps.list[streamPlotPane].at.h - 2)
}

func (s *stream) drawPlot(r canvas.Region, _ bool) { s.plot.draw(r, s.a.theme) }

var _ chartRows = (*repl.LiveTable)(nil)
