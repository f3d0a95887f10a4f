package tui

import (
	tea "charm.land/bubbletea/v2"
	"github.com/riffle-io/riffle/tui/canvas"
	"github.com/riffle-io/riffle/tui/widget"
)

// sheet is an overlay with rows.
type sheet struct {
	a          *app
	name, note string
	grid       widget.Grid
	rows       int
	pending    string
}

func newSheet(a *app, name, note string, t *widget.Table) *sheet {
	s := &sheet{a: a, name: name, note: note, rows: len(t.Data)}
	s.grid.SetSource(t)
	return s
}

func (s *sheet) title() (string, string)  { return s.name, footer(&s.grid, true) + "  " + s.note }
func (s *sheet) size(w, h int) (int, int) { return w, min(h, s.rows+4) }
func (s *sheet) cursor() (int, int, bool) { return 0, 0, false }
func (s *sheet) draw(r canvas.Region)     { s.grid.Draw(r, s.a.theme, true) }
func (s *sheet) hints() [][2]string {
	return [][2]string{{"hjkl", "move"}, {"enter", "record"}, {"y", "copy cell"}, {"Y", "copy row"}, {"esc", "close"}}
}

func (s *sheet) key(k, _ string) tea.Cmd {
	if s.pending != "" {
		k, s.pending = s.pending+" "+k, ""
	}
	switch k {
	case "esc", "q":
		s.a.closeOverlay()
	case "enter":
		return s.a.openRecord(&s.grid, s.name)
	case "y":
		return s.a.copyCell(&s.grid)
	case "Y":
		return s.a.copyMenu(&s.grid, "")
	case "g":
		s.pending = "g"
	default:
		s.grid.Key(k)
	}
	return nil
}
