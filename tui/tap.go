package tui

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/riffle-io/riffle/repl"
	"github.com/riffle-io/riffle/repl/render"
	"github.com/riffle-io/riffle/tui/canvas"
	"github.com/riffle-io/riffle/tui/widget"
)

// tapKept is how many rows of a tap are kept; older ones go.
const tapKept = 2000

// tap is the overlay of a sample of the rows that an operator emits.
type tap struct {
	a      *app
	name   string
	stop   context.CancelFunc
	grid   widget.Grid
	paused bool

	mu      sync.Mutex // guards what the tap's goroutine writes
	cols    []widget.Column
	rows    [][]widget.Cell
	skipped int64
	changes int64
	ended   string

	seen int64 // changes that the grid shows
}

// tap opens the rows of the operator under the cursor.
func (j *jobs) tap() tea.Cmd {
	o := j.detail.Operators[j.op]
	if len(o.Chain) == 0 {
		return nil
	}
	last := o.Chain[len(o.Chain)-1]
	ctx, stop := context.WithCancel(j.a.ctx)
	t := &tap{a: j.a, name: j.sel + " " + o.Title, stop: stop}
	j.a.open(t)
	j.a.record("riffle jobs tap "+quote(j.sel)+" "+quote(last.ID), "tap")
	name, client := j.sel, j.client
	return j.a.background(func(context.Context) func() tea.Cmd {
		err := client.Tap(ctx, name, last.ID, t.add)
		t.mu.Lock()
		defer t.mu.Unlock()
		t.ended = "ENDED"
		if err != nil && !errors.Is(err, context.Canceled) {
			t.ended = "ENDED: " + firstLine(err.Error())
		}
		t.changes++
		return nil
	})
}

// add keeps the rows of one message. It never waits for the screen.
func (t *tap) add(m repl.Tapped) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.cols == nil && len(m.Columns) > 0 {
		t.cols = append(t.cols, widget.Column{Name: "op"})
		for _, c := range m.Columns {
			t.cols = append(t.cols, widget.Column{Name: c})
		}
	}
	for i, row := range m.Rows {
		cells := make([]widget.Cell, 0, len(row)+1)
		op := "+I"
		if i < len(m.Ops) {
			op = m.Ops[i]
		}
		cells = append(cells, widget.Cell{Text: op})
		for _, v := range row {
			if v == nil {
				cells = append(cells, widget.Cell{Null: true})
			} else {
				cells = append(cells, widget.Cell{Text: *v})
			}
		}
		t.rows = append(t.rows, cells)
	}
	if n := len(t.rows) - tapKept; n > 0 {
		t.rows = append([][]widget.Cell{}, t.rows[n:]...)
	}
	t.skipped += m.Skipped
	t.changes++
	return nil
}

// poll takes over what came.
func (t *tap) poll(time.Time) (changed, active bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.changes == t.seen || t.paused {
		return false, t.ended == ""
	}
	t.seen = t.changes
	end := t.grid.AtEnd()
	t.grid.Update(&widget.Table{Cols: t.cols, Data: t.rows[:len(t.rows):len(t.rows)]}, 0)
	if end {
		t.grid.Key("G")
	}
	return true, t.ended == ""
}

func (t *tap) title() (string, string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	note := fmt.Sprintf("%s rows, SAMPLED: %s not shown", render.Count(int64(len(t.rows))), render.Count(t.skipped))
	if t.paused {
		note = "PAUSED  " + note
	}
	if t.ended != "" {
		note = t.ended + "  " + note
	}
	return "Tap " + t.name, note
}

func (t *tap) size(w, h int) (int, int) { return w, h }
func (t *tap) cursor() (int, int, bool) { return 0, 0, false }
func (t *tap) draw(r canvas.Region)     { t.grid.Draw(r, t.a.theme, true) }

func (t *tap) hints() [][2]string {
	return [][2]string{{"space", "pause"}, {"hjkl", "move"}, {"enter", "record"}, {"y", "copy"}, {"esc", "close"}}
}

func (t *tap) key(k, _ string) tea.Cmd {
	switch k {
	case "esc", "q":
		t.a.closeOverlay()
	case "space":
		t.paused = !t.paused
	case "enter":
		t.paused = true
		return t.a.openRecord(&t.grid, t.name)
	case "y":
		return t.a.copyCell(&t.grid)
	default:
		t.grid.Key(k)
	}
	return nil
}

// closed ends the tap when the overlay goes.
func (t *tap) closed() { t.stop() }
