package tui

import (
	"context"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/riffle-io/riffle/repl/render"
	"github.com/riffle-io/riffle/tui/canvas"
	"github.com/riffle-io/riffle/tui/widget"
)

// find looks for a text in the cells of a grid, in the background and a few thousand rows at a time.
type find struct {
	text string // in lower case
	on   bool   // a search runs
	end  context.CancelFunc
}

// findRows is how many rows a search reads at a time.
const findRows = 4096

// cancel ends the search that runs; false: none does.
func (f *find) cancel() bool {
	if !f.on {
		return false
	}
	f.end()
	f.on = false
	return true
}

// askFind is /: it asks for a text and looks for it from the cursor on.
func (a *app) askFind(f *find, g *widget.Grid) tea.Cmd {
	return a.ask(prompt{kind: "find", help: "find", enter: func(text string) tea.Cmd {
		f.text = strings.ToLower(text)
		g.SetMatch(f.text)
		if text == "" {
			return nil
		}
		return a.findNext(f, g, 1)
	}}, "/", "")
}

// findNext moves to the next cell, or with step -1 the one before, that holds the text.
func (a *app) findNext(f *find, g *widget.Grid, step int64) tea.Cmd {
	row, col, ok := g.Cursor()
	if f.text == "" || !ok {
		a.say(canvas.Dim, "nothing to find: / asks for a text")
		return nil
	}
	f.cancel()
	ctx, end := context.WithCancel(a.ctx)
	f.on, f.end = true, end
	a.say(canvas.Dim, "looking for "+f.text+"  ctrl-c ends it")
	src, text, cols := g.Source(), f.text, g.GetView().Order
	return a.background(func(context.Context) func() tea.Cmd {
		hit, err := search(ctx, src, text, cols, place{row, col}, step)
		return func() tea.Cmd {
			if ctx.Err() != nil {
				return nil
			}
			f.cancel()
			switch {
			case err != nil:
				a.say(canvas.Bad, "find: "+err.Error())
			case !hit.found:
				a.say(canvas.Warn, "not found: "+text)
			default:
				g.MoveTo(hit.row, hit.col)
				note := "found in row " + render.Count(hit.row+1)
				if hit.wrapped {
					note += "  (search began again at the other end)"
				}
				a.say(canvas.Text, note)
			}
			return nil
		}
	})
}

// place is a cell.
type place struct {
	row int64
	col int
}

// hit is what a search found.
type hit struct {
	place
	found, wrapped bool
}

// search looks at the cells after (step 1) or before (step -1) a place, row by row and in the order
// of cols, and then from the other end up to it.
func search(ctx context.Context, src widget.RowSource, text string, cols []int, from place, step int64) (hit, error) {
	rows := src.Rows()
	ranges := [2][2]int64{{from.row, rows}, {0, from.row + 1}}
	if step < 0 {
		ranges = [2][2]int64{{0, from.row + 1}, {from.row, rows}}
	}
	for i, rg := range ranges {
		p, ok, err := searchRange(ctx, src, text, cols, rg, func(p place) bool {
			return i == 1 || after(p, from, cols, step)
		}, step)
		if ok || err != nil {
			return hit{p, ok, i == 1}, err
		}
	}
	return hit{}, nil
}

// after reports that p comes after from in the direction of step.
func after(p, from place, cols []int, step int64) bool {
	if p.row != from.row {
		return (p.row > from.row) == (step > 0)
	}
	for _, c := range cols {
		switch c {
		case from.col:
			return step > 0 && p.col != from.col
		case p.col:
			return step < 0
		}
	}
	return false
}

// searchRange looks through rows rg[0]..rg[1] and returns the first cell, or the last when step is
// -1, that holds the text and is wanted.
func searchRange(ctx context.Context, src widget.RowSource, text string, cols []int, rg [2]int64, want func(place) bool, step int64) (place, bool, error) {
	for lo, hi := rg[0], rg[1]; lo < hi; {
		if err := ctx.Err(); err != nil {
			return place{}, false, err
		}
		n := min(findRows, hi-lo)
		at := lo
		if step < 0 {
			at = hi - n
			hi = at
		} else {
			lo += n
		}
		page, err := src.Page(at, int(n), cols)
		if err != nil {
			return place{}, false, err
		}
		var last place
		found := false
		for i, row := range page {
			for j, c := range row {
				p := place{at + int64(i), cols[j]}
				if !c.Null && widget.ContainsFold(c.Text, text) && want(p) {
					if step > 0 {
						return p, true, nil
					}
					last, found = p, true
				}
			}
		}
		if found {
			return last, true, nil
		}
	}
	return place{}, false, nil
}
