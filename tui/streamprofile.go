package tui

import (
	"context"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/riffle-io/riffle/repl"
	"github.com/riffle-io/riffle/tui/canvas"
)

// liveProfile is the profile of a column of a stream's table, in the place of the changelog at the side.
// It follows the table, as often as making it allows.
type liveProfile struct {
	on    bool
	name  string
	col   int
	data  *repl.Profile
	of    *repl.LiveTable // that data describes
	busy  bool
	asked time.Time
	took  time.Duration
}

// toggleProfile is F: of the column under the cursor, again: none.
func (s *stream) toggleProfile() tea.Cmd {
	_, col, ok := s.grid.Cursor()
	switch {
	case !ok || s.mode == changelogMode || s.shown.table == nil || s.shown.part:
		s.a.say(canvas.Warn, "a profile is of the whole table: m shows it")
		return nil
	case col >= len(s.live.Columns()):
		s.a.say(canvas.Warn, "a profile is of a column of the query")
		return nil
	case s.prof.on && s.prof.col == col:
		s.prof = liveProfile{busy: s.prof.busy}
		return nil
	}
	s.prof = liveProfile{on: true, col: col, name: s.live.Columns()[col].Name, busy: s.prof.busy}
	if w, _ := s.a.c.Size(); w < wideWidth {
		s.a.say(canvas.Warn, "the profile stands beside the rows, from 80 columns on")
	}
	return s.followProfile(s.a.now())
}

// staleProfile tells that the profile is of another table than the one that is shown.
func (s *stream) staleProfile() bool {
	return s.prof.on && s.shown.table != nil && !s.shown.part && s.prof.of != s.shown.table
}

// followProfile makes the profile of a newer table when it is due.
func (s *stream) followProfile(now time.Time) tea.Cmd {
	if !s.staleProfile() || s.prof.busy || s.prof.of != nil && now.Sub(s.prof.asked) < max(plotEvery, refreshShare*s.prof.took) {
		return nil
	}
	s.prof.busy, s.prof.asked = true, now
	table, col, begin := s.shown.table, s.prof.col, time.Now()
	return s.a.background(func(context.Context) func() tea.Cmd {
		p, err := table.Profile(col)
		return func() tea.Cmd {
			s.prof.busy = false
			if !s.prof.on || s.prof.col != col {
				return nil
			}
			s.prof.of, s.prof.took = table, time.Since(begin)
			if err != nil {
				s.a.say(canvas.Bad, "profile: "+firstLine(err.Error()))
				return nil
			}
			s.prof.data = p
			return nil
		}
	})
}

func (s *stream) drawProfile(r canvas.Region) {
	switch {
	case s.shown.table == nil || s.shown.part:
		r.Clip(s.a.theme, 0, 0, r.W, "of the whole table: m shows it", canvas.Dim)
	case s.prof.data == nil:
		r.Text(0, 0, "reading ...", canvas.Dim)
	default:
		drawColumn(r, s.a.theme, s.prof.data, s.prof.data.Basis)
	}
}
