package tui

import (
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/riffle-io/riffle/repl"
	"github.com/riffle-io/riffle/repl/render"
	"github.com/riffle-io/riffle/tui/canvas"
	"github.com/riffle-io/riffle/tui/widget"
)

func (e *explore) gridTitle() (string, string) {
	if e.failed != "" {
		return "Error", ""
	}
	if e.shown.res == nil {
		return "Result", ""
	}
	title := "Result " + e.shown.res.Name()
	if e.shown.how != "" {
		title += "  " + e.shown.how
	}
	note := footer(&e.grid, e.shown.res.Complete())
	if e.isPart() {
		note = e.firstFooter()
	}
	return title, selectionNote(&e.grid) + strings.TrimSpace(note+"  "+e.shown.stats)
}

// isPart reports that a table has more rows than those that are shown of it.
func (e *explore) isPart() bool { return e.shown.first != "" && e.grid.Rows() == firstRows }

// firstFooter is that of the first rows of a table.
func (e *explore) firstFooter() string {
	first, last := e.grid.Shown()
	all := "more may follow"
	if e.shown.of > 0 {
		all = "of " + render.Count(e.shown.of) + " exact"
	}
	return fmt.Sprintf("%s-%s of the FIRST %s rows %s", render.Count(first), render.Count(last), render.Count(firstRows), all) + hiddenNote(&e.grid)
}

func hiddenNote(g *widget.Grid) string {
	switch n := g.Hidden(); n {
	case 0:
		return ""
	case 1:
		return "  1 column HIDDEN"
	default:
		return fmt.Sprintf("  %d columns HIDDEN", n)
	}
}

// footer says how many rows of how many are shown, and whether the number is exact.
func footer(g *widget.Grid, complete bool) string {
	first, last := g.Shown()
	text := fmt.Sprintf("%s-%s of %s rows", render.Count(first), render.Count(last), render.Count(g.Rows()))
	if g.Rows() == 0 {
		text = "0 rows"
	}
	if complete {
		text += " exact"
	} else {
		text += " so far"
	}
	return text + hiddenNote(g)
}

func (e *explore) drawGrid(r canvas.Region, focus bool) {
	switch {
	case e.failed != "":
		p := widget.Prose{Lines: widget.Paragraph(e.failed)}
		for i := range p.Lines {
			for j := range p.Lines[i] {
				p.Lines[i][j].S = canvas.Bad
			}
		}
		p.Draw(r.Sub(1, 0, r.W-1, r.H), e.a.theme, false)
		if n := len(p.Lines); e.fix != nil && n < r.H {
			x := r.Text(1, n, fixKey, canvas.Key)
			r.Clip(e.a.theme, x+1, n, r.W-x-1, "puts in "+e.fix.with, canvas.Text)
		}
		return
	case e.shown.res == nil:
		e.drawEmpty(r)
		return
	}
	if e.profile.on && r.W >= 2*profileWidth {
		side := r.Sub(r.W-profileWidth, 0, profileWidth, r.H)
		for y := range r.H {
			side.Set(0, y, e.a.theme.VLine, canvas.Frame)
		}
		e.drawProfile(side.Sub(2, 0, profileWidth-2, r.H))
		r = r.Sub(0, 0, r.W-profileWidth, r.H)
	} else if e.profile.on {
		e.drawProfile(r.Sub(1, 0, r.W-1, r.H))
		return
	}
	e.grid.Draw(r, e.a.theme, focus)
	if e.grid.Rows() == 0 && e.shown.res.Complete() {
		r.Text(1, 3, "no rows", canvas.Dim)
	}
}

// drawEmpty says what to do first.
func (e *explore) drawEmpty(r canvas.Region) {
	lines := [][2]string{{"enter", "on a table of the tree shows its first rows"}, {"tab", "goes to the next pane"},
		{"ctrl-r", "runs the statement under the cursor"}, {"?", "shows all keys"}}
	if e.running() {
		lines = nil
	}
	for i, l := range lines {
		r.Right(9, i+1, l[0], canvas.Key)
		r.Clip(e.a.theme, 11, i+1, r.W-12, l[1], canvas.Dim)
	}
}

// hasCell reports a cell under the cursor of a result.
func (e *explore) hasCell() bool {
	_, _, ok := e.grid.Cursor()
	return e.shown.res != nil && e.failed == "" && ok
}

func (e *explore) hasResult() bool { return e.shown.res != nil && e.failed == "" }

// derive runs a statement over the result that is shown, and shows its result in the same place.
// rest is what follows SELECT * FROM …
func (e *explore) derive(how, rest string) tea.Cmd {
	if !e.shown.res.Complete() {
		e.a.say(canvas.Warn, "the result is not whole yet: wait, or ctrl-c to keep what is there")
		return nil
	}
	text := "SELECT * FROM " + e.shown.res.Name() + " " + rest
	return e.runText(origin{text: text, derive: how})
}

func (e *explore) sort(desc bool) tea.Cmd {
	_, col, _ := e.grid.Cursor()
	name := e.grid.Column(col).Name
	how, dir := "SORTED by "+name, ""
	if desc {
		how, dir = how+" desc", " DESC"
	}
	return e.derive(how, "ORDER BY "+ident(name)+dir)
}

// filterCell keeps the rows whose value is that under the cursor.
func (e *explore) filterCell() tea.Cmd {
	_, col, _ := e.grid.Cursor()
	v, ok := e.grid.Value()
	if !ok {
		return nil
	}
	c := e.grid.Column(col)
	cond := ident(c.Name) + " = " + literal(v, c)
	if v.Null {
		cond = ident(c.Name) + " IS NULL"
	}
	return e.derive("FILTERED "+cond, "WHERE "+cond)
}

// ident writes a column's name as SQL: quoted unless it is plain.
func ident(name string) string {
	plain := name != ""
	for i, r := range name {
		if !(r >= 'a' && r <= 'z' || r == '_' || (i > 0 && r >= '0' && r <= '9')) {
			plain = false
		}
	}
	if plain && !keyword(name) {
		return name
	}
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}

// keyword reports a name that SQL reads as something else.
func keyword(name string) bool {
	for _, s := range repl.Highlight(name) {
		if s.Kind == "keyword" {
			return true
		}
	}
	return false
}

// literal writes a value as SQL.
func literal(v widget.Cell, c widget.Column) string {
	if v.Null {
		return "NULL"
	}
	kind := strings.ToUpper(c.Type)
	text := "'" + strings.ReplaceAll(v.Text, "'", "''") + "'"
	switch {
	case c.Numeric && !strings.ContainsAny(v.Text, "nNiI"): // NaN and infinity need a cast
		return v.Text
	case kind == "BOOLEAN":
		return v.Text
	case strings.HasPrefix(kind, "VARCHAR"), kind == "STRING", kind == "TEXT", kind == "":
		return text
	}
	return "CAST(" + text + " AS " + c.Type + ")"
}

// undoView goes back to the result or the look before.
func (e *explore) undoView() tea.Cmd { return e.step(&e.undo, &e.redo, "nothing to undo") }

func (e *explore) redoView() tea.Cmd { return e.step(&e.redo, &e.undo, "nothing to redo") }

func (e *explore) step(from, to *[]result, none string) tea.Cmd {
	n := len(*from)
	if n == 0 {
		e.a.say(canvas.Dim, none)
		return nil
	}
	r := (*from)[n-1]
	*from = (*from)[:n-1]
	e.shown.look = e.grid.GetView()
	*to = append(*to, e.shown)
	row, col, _ := e.grid.Cursor()
	same := r.res == e.shown.res
	e.display(r)
	if same {
		e.grid.MoveTo(row, col)
	}
	return nil
}

// changeLook makes a change of the grid's look that can be undone.
func (e *explore) changeLook(change func()) {
	before := e.shown
	before.look = e.grid.GetView()
	change()
	e.undo = append(e.undo, before)
	e.redo = nil
	e.shown.look = e.grid.GetView()
}

func (e *explore) pin() { e.changeLook(e.grid.Pin) }

func (e *explore) hide() {
	if len(e.grid.GetView().Order) < 2 {
		e.a.say(canvas.Warn, "the last column stays")
		return
	}
	e.changeLook(func() { e.grid.Hide() })
}

// pickResult lists the results that are tables.
func (e *explore) pickResult() tea.Cmd {
	list := e.a.ses.Results()
	p := &picker{name: "Last results: each is a table", verb: "show", empty: "no result yet"}
	for i := len(list) - 1; i >= 0; i-- {
		r := list[i]
		note := render.Count(r.Rows()) + " rows"
		if !r.Complete() {
			note += " so far"
		}
		p.items = append(p.items, widget.Item{Text: fmt.Sprintf("%-4s %s", r.Name(), oneStatement(r.Text())), Note: note})
	}
	p.choose = func(i int) tea.Cmd {
		e.failed = ""
		e.undo, e.redo = nil, nil
		res := list[len(list)-1-i]
		e.display(result{res: res, text: res.Text()})
		e.ps.to("explore/grid")
		return nil
	}
	return e.a.pick(p)
}

// showPlan shows how the result that is shown was computed.
func (e *explore) showPlan() tea.Cmd {
	e.a.record(e.a.commandOf("explain", e.shown.text), "plan")
	return e.a.read(&reader{name: "Plan", width: 110, prose: widget.Prose{Lines: widget.Paragraph(e.shown.plan)}})
}

// openRecord is enter on the grid: all columns of the row one below the other.
func (e *explore) openRecord() tea.Cmd {
	return e.a.openRecord(&e.grid, e.shown.res.Name())
}
