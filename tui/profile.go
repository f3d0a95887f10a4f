package tui

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/riffle-io/riffle/repl"
	"github.com/riffle-io/riffle/repl/render"
	"github.com/riffle-io/riffle/tui/canvas"
	"github.com/riffle-io/riffle/tui/keymap"
	"github.com/riffle-io/riffle/tui/widget"
)

// profile is the description of a column, beside the result.
type profile struct {
	on     bool
	busy   bool
	column string
	data   *repl.Profile
	failed string
	stop   context.CancelFunc
}

// profileWidth is what it takes of the result's pane.
const profileWidth = 34

func (e *explore) addProfileKeys() {
	e.a.keys.Add(
		&keymap.Command{Keys: []string{"F"}, Scope: "explore/grid", Group: groupResult, Title: "profile the column", Short: "profile",
			When: e.hasCell, Run: do(e.profileCell)},
		&keymap.Command{Keys: []string{"F"}, Scope: "explore/tree", Group: groupView, Title: "profile the column", Short: "profile",
			When: e.onColumn, Run: do(e.profileNode)},
		&keymap.Command{Keys: []string{"esc"}, Scope: "explore/grid", Group: groupResult, Title: "close the profile",
			When: func() bool { return e.profile.on }, Run: just(e.closeProfile)},
	)
}

// profileCell is F on the grid: the column under the cursor, again: none.
func (e *explore) profileCell() tea.Cmd {
	_, col, _ := e.grid.Cursor()
	name := e.grid.Column(col).Name
	if e.profile.on && e.profile.column == name {
		e.closeProfile()
		return nil
	}
	table := e.shown.res.Name()
	if e.isPart() { // of all rows, not of the first
		table = e.shown.first
	}
	return e.loadProfile(table, name)
}

// onColumn reports that the tree's cursor is on a column of a table that a query can name.
func (e *explore) onColumn() bool {
	n, ok := e.selectedNode()
	table, tok := e.tableOf()
	return ok && tok && n.Kind == repl.NodeColumn && table.Kind != repl.NodeTopic
}

// tableOf is the node above the one under the cursor.
func (e *explore) tableOf() (repl.Node, bool) {
	n := e.tree.Selected()
	if n == nil || n.Parent() == nil {
		return repl.Node{}, false
	}
	node, ok := n.Parent().Data.(repl.Node)
	return node, ok && node.Insert != ""
}

// profileNode is F on a column of the tree: of the whole table.
func (e *explore) profileNode() tea.Cmd {
	n, _ := e.selectedNode()
	table, ok := e.tableOf()
	if !ok {
		return nil
	}
	if e.shown.res == nil {
		e.a.say(canvas.Dim, "enter shows the table's rows; the profile stands beside them")
		return nil
	}
	return e.loadProfile(table.Insert, n.Label)
}

// loadProfile asks the session for a profile. One that is on its way is given up.
func (e *explore) loadProfile(table, column string) tea.Cmd {
	e.closeProfile()
	ctx, stop := context.WithCancel(e.a.ctx)
	e.profile = profile{on: true, busy: true, column: column, stop: stop}
	footer := e.a.background(func(context.Context) func() tea.Cmd { // what is known without reading rows
		p, ok, err := e.a.ses.FooterProfile(ctx, table, column)
		return func() tea.Cmd {
			if ctx.Err() == nil && err == nil && ok && e.profile.busy {
				e.profile.data = p
			}
			return nil
		}
	})
	return tea.Batch(footer, e.a.background(func(context.Context) func() tea.Cmd {
		p, err := e.a.ses.Profile(ctx, table, column)
		return func() tea.Cmd {
			if ctx.Err() != nil {
				return nil
			}
			stop()
			e.profile.busy, e.profile.data = false, p
			if err != nil {
				e.profile.failed = firstLine(err.Error())
			}
			return nil
		}
	}))
}

func (e *explore) closeProfile() {
	if e.profile.stop != nil {
		e.profile.stop()
	}
	e.profile = profile{}
}

// drawProfile draws the description, as much as fits.
func (e *explore) drawProfile(r canvas.Region) {
	p := &e.profile
	r.Clip(e.a.theme, 0, 0, r.W, "profile: "+p.column, canvas.Header)
	switch {
	case p.busy && p.data == nil:
		r.Text(0, 1, "reading ...", canvas.Dim)
		return
	case p.failed != "":
		for i, l := range wrap(p.failed, r.W) {
			r.Text(0, 1+i, l, canvas.Bad)
		}
		return
	}
	basis := p.data.Basis
	if p.busy {
		basis += "; reading rows ..."
	}
	drawColumn(r.Sub(0, 1, r.W, r.H-1), e.a.theme, p.data, basis)
}

// drawColumn draws a profile, as much as fits.
func drawColumn(r canvas.Region, t *canvas.Theme, p *repl.Profile, basis string) {
	r.Clip(t, 0, r.H-1, r.W, basis, canvas.Dim) // a number that can mislead never stands without it
	lines := profileLines(p, r.H+1)
	for y, l := range lines[:min(len(lines), r.H-1)] {
		r.Text(0, y, l[0], canvas.Dim)
		r.Clip(t, 9, y, r.W-9, l[1], canvas.Text)
	}
	drawCounts(r, t, p, len(lines)+1)
}

// profileLines are the numbers, with how each is known; in few lines only the middle quantiles.
func profileLines(p *repl.Profile, room int) [][2]string {
	var out [][2]string
	add := func(name, text string) { out = append(out, [2]string{name, text}) }
	if p.Rows >= 0 {
		add("rows", render.Count(p.Rows))
	}
	if p.Nulls >= 0 {
		text := render.Count(p.Nulls)
		if p.Rows > 0 {
			text += fmt.Sprintf("  %.2f %%", 100*float64(p.Nulls)/float64(p.Rows))
		}
		add("null", text)
	}
	if p.Distinct >= 0 {
		text := render.Count(p.Distinct) + " exact"
		if p.DistinctEstimated {
			text = "about " + render.Count(p.Distinct) + " (estimate)"
		}
		add("distinct", text)
	}
	if p.Min != "" || p.Max != "" {
		add("min", p.Min)
		add("max", p.Max)
	}
	if len(p.Quantiles) > 0 && !math.IsNaN(p.Mean) && !math.IsNaN(p.Stddev) {
		add("mean", render.Short(p.Mean)+"  sd "+render.Short(p.Stddev))
	}
	for _, q := range p.Quantiles {
		if room < 24 && q.P != 0.5 && q.P != 0.95 {
			continue
		}
		text := q.Text
		if p.QuantilesEstimated {
			text += " (estimate)"
		}
		add("p"+strconv.FormatFloat(q.P*100, 'f', -1, 64), text)
	}
	return out
}

// drawCounts draws the most frequent values or the histogram from line y on, and leaves the last line.
func drawCounts(r canvas.Region, t *canvas.Theme, p *repl.Profile, y int) {
	room := r.H - y - 2
	if room < 1 {
		return
	}
	var names []string
	var counts []float64
	head := "top values"
	if len(p.Histogram) > 1 {
		head = "histogram"
		for _, b := range p.Histogram {
			names, counts = append(names, strings.TrimSpace(b.LoText)), append(counts, float64(b.Rows))
		}
	} else {
		for _, v := range p.Top {
			names, counts = append(names, v.Text), append(counts, float64(v.Rows))
		}
	}
	if len(counts) == 0 {
		return
	}
	if more := len(counts) - room; more > 0 {
		head += fmt.Sprintf(", %d more", more)
	}
	r.Text(0, y, head, canvas.Dim)
	n := min(room, len(counts))
	widget.Bars(r.Sub(0, y+1, r.W, n), t, names[:n], counts[:n])
}
