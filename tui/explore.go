package tui

import (
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/riffle-io/riffle/repl"
	"github.com/riffle-io/riffle/repl/render"
	"github.com/riffle-io/riffle/tui/canvas"
	"github.com/riffle-io/riffle/tui/widget"
)

// explore is the screen of the data tree, the editor, the result and its chart.
type explore struct {
	a      *app
	ps     *panes
	tree   widget.Tree
	editor *widget.Editor
	grid   widget.Grid

	run    *repl.Run // the last statement; nil before the first
	st     repl.RunStatus
	busy   bool     // the run's end was not yet seen
	origin origin   // where its text came from
	base   origin   // the last of them that was the user's own
	queue  []origin // statements that run after it
	// twinDue says that base is a query that ended, and that was not yet tried as a stream.
	twinDue bool
	failed  string // error of the last statement, "" when it worked
	fix     *fix   // what its hint proposes; nil: nothing

	shown result // what the grid shows
	undo  []result
	redo  []result

	plot    plot
	find    find
	profile profile
	insp    *inspector // shown in place of the panes; nil: not
	hist    *repl.History
	jobOf   map[*widget.Buffer]repl.JobSpec // buffers that are the statements of a job
}

// origin is a statement and its place in a buffer.
type origin struct {
	text   string
	buf    *widget.Buffer // nil: made by the screen
	offset int            // of the statement in the buffer
	derive string         // what the screen did to make it: "sort by …"; "" is the user's own
	first  string         // these are the first rows of this table; "" for others
	of     int64          // how many it has; 0: not known
}

// result is a result with the look it has.
type result struct {
	res   *repl.Result
	text  string // statement
	how   string // "sort by revenue desc"; "" is as the query gave it
	look  widget.View
	stats string // how it was made: time, row groups, bytes
	first string // these are the first rows of this table; "" for others
	of    int64  // how many it has; 0: not known
	plan  string // how it was computed
}

func newExplore(a *app) *explore {
	e := &explore{a: a, jobOf: map[*widget.Buffer]repl.JobSpec{}}
	e.editor = widget.NewEditor(a.keys.Layout().Modes, "query.sql")
	e.editor.Highlight = highlight
	e.ps = newPanes(
		&pane{scope: "explore/tree", label: "data", side: true, title: e.treeTitle, draw: e.drawTree},
		&pane{scope: "explore/editor", label: "query", title: e.editorTitle, draw: e.drawEditor},
		&pane{scope: "explore/grid", label: "result", title: e.gridTitle, draw: e.drawGrid},
		&pane{scope: "explore/plot", label: "plot", side: true, shown: func() bool { return e.plot.on },
			title: e.plotTitle, draw: e.drawPlot},
	)
	e.ps.to("explore/editor")
	e.addKeys()
	if path, err := repl.HistoryPath(); err == nil {
		if e.hist, err = repl.OpenHistory(path); err != nil {
			a.say(canvas.Warn, "history: "+err.Error())
		}
	}
	return e
}

func (e *explore) id() string    { return "explore" }
func (e *explore) label() string { return "Explore" }
func (e *explore) digit() string { return "1" }

// start opens what the command line named.
func (e *explore) start() tea.Cmd {
	cmd := e.loadRoots()
	if e.a.opts.File != "" {
		e.openFile(e.a.opts.File)
	}
	defer func() {
		if e.editor.Buffer().Text() != "" && e.a.keys.Layout().Modes {
			e.editor.SetVim(true) // there is something to run: letters are commands
		}
	}()
	if q := e.a.opts.Query; q != "" {
		e.editor.Buffer().SetText(q)
		e.editor.Buffer().MoveTo(0)
		if e.a.opts.RunQuery {
			return tea.Batch(cmd, e.runText(origin{text: q, buf: e.editor.Buffer()}))
		}
	}
	return cmd
}

func (e *explore) enter() tea.Cmd { return nil }

func (e *explore) scopes() []string {
	if e.insp != nil {
		return []string{e.insp.ps.focus.scope, "inspect"}
	}
	return []string{e.ps.focus.scope, "explore"}
}

func (e *explore) editing() bool { return e.insp == nil && e.ps.focus.scope == "explore/editor" }

// plotsFromEditor reports that p means the chart of the result: nothing was cut that it could put in.
func (e *explore) plotsFromEditor() bool {
	return e.editing() && !e.editor.Typing() && !e.editor.HasCut() && e.hasCell()
}

// inText reports that letters are text now.
func (e *explore) inText() bool { return e.editing() && e.editor.Typing() }

// typing gives keys to the editor while it has the focus.
func (e *explore) typing(k, text string) (tea.Cmd, bool) {
	if !e.editing() {
		return nil, false
	}
	if k == "tab" && !e.editor.Proposing() && e.completes() {
		return e.complete(), true
	}
	if !e.editor.Typing() {
		if e.editor.Pending() == "" && (e.reserved(k) || k == "p" && e.plotsFromEditor()) {
			return nil, false
		}
		text = ""
	}
	return nil, e.editor.Key(k, text)
}

// reserved are keys that vi knows and that mean something of the screen in NORMAL as well.
func (e *explore) reserved(k string) bool {
	switch k {
	case "ctrl+e", "ctrl+u", "ctrl+f", "ctrl+b", "space":
		return true
	}
	return false
}

func (e *explore) paste(text string) {
	if e.editing() {
		e.editor.Paste(text)
	}
}

func (e *explore) cursor() (int, int, tea.CursorShape, bool) {
	if !e.editing() || len(e.a.overlays) > 0 {
		return 0, 0, 0, false
	}
	x, y := e.editor.CursorAt()
	shape := tea.CursorBar
	if e.editor.Mode() == widget.Normal {
		shape = tea.CursorBlock
	}
	return x, y, shape, true
}

// corner says where statements run.
func (e *explore) corner() string {
	var parts []string
	if n := len(e.a.opts.Sources); n == 1 {
		parts = append(parts, e.a.opts.Sources[0])
	} else if n > 1 {
		parts = append(parts, fmt.Sprintf("%d sources", n))
	}
	if e.running() {
		parts = append(parts, "RUNNING")
	}
	return strings.Join(parts, "  ")
}

// running reports a statement whose end was not yet seen.
func (e *explore) running() bool { return e.busy }

// status is the line above the keys: what runs, or how the result was made.
func (e *explore) status() canvas.Part {
	switch {
	case e.insp != nil:
		return e.insp.status()
	case e.running():
		return canvas.Part{Text: "running  " + progress(e.st) + "  ctrl-c cancels", S: canvas.Accent}
	case e.failed != "":
		return canvas.Part{Text: "failed  " + withHint(e.failed), S: canvas.Bad}
	case e.shown.res != nil && e.shown.how != "":
		return canvas.Part{Text: "= " + oneStatement(e.shown.text), S: canvas.Dim}
	case e.run != nil && len(e.st.Notices) > 0:
		return canvas.Part{Text: strings.Join(e.st.Notices, "  "), S: canvas.Dim}
	case e.run != nil && e.st.State == repl.StateCancelled:
		return canvas.Part{Text: "CANCELLED  rows so far are kept", S: canvas.Warn}
	case e.shown.res != nil:
		return canvas.Part{Text: "bounded query  " + e.shown.stats, S: canvas.Dim}
	}
	return canvas.Part{Text: "type a query; ctrl-r runs the statement under the cursor", S: canvas.Dim}
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return line
}

// withHint is the first line of an error, with its hint, which stands behind the place in the text.
func withHint(s string) string {
	line := firstLine(s)
	for l := range strings.Lines(s) {
		if hint, ok := strings.CutPrefix(strings.TrimSpace(l), "hint: "); ok {
			return line + "; " + hint
		}
	}
	return line
}

// oneStatement writes a statement on one line: without its comments, which would hide what follows.
func oneStatement(sql string) string {
	out, at := "", 0
	for _, s := range repl.Highlight(sql) {
		if s.Kind == repl.SpanComment {
			out += sql[at:s.From] + " "
			at = s.To
		}
	}
	return oneLine(out + sql[at:])
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// progress says how far a running statement is.
func progress(st repl.RunStatus) string {
	parts := []string{seconds(st.Elapsed)}
	if st.Fraction >= 0 {
		parts = append(parts, fmt.Sprintf("%.0f %%", st.Fraction*100))
		if st.Fraction > 0.02 && st.Fraction < 1 && st.Elapsed > 2*time.Second {
			left := time.Duration(float64(st.Elapsed) * (1 - st.Fraction) / st.Fraction)
			parts = append(parts, "about "+seconds(left)+" left")
		}
	}
	parts = append(parts, render.Count(st.Rows)+" rows so far")
	return strings.Join(parts, "  ")
}

// cost says how a result was made.
func cost(st repl.RunStatus) string {
	parts := []string{seconds(st.Elapsed)}
	if st.RowGroups > 0 {
		parts = append(parts, fmt.Sprintf("%d/%d row groups", st.RowGroupsRead, st.RowGroups))
	}
	if st.BytesRead > 0 {
		parts = append(parts, render.Bytes(st.BytesRead))
	}
	if st.Files > 1 {
		parts = append(parts, fmt.Sprintf("%d files", st.Files))
	}
	return strings.Join(parts, "  ")
}

func seconds(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return fmt.Sprintf("%d µs", d.Microseconds())
	case d < 100*time.Millisecond:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%.2f s", d.Seconds())
	case d < time.Hour:
		return fmt.Sprintf("%d m %02d s", int(d.Minutes()), int(d.Seconds())%60)
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h %02d m", int(d.Hours()), int(d.Minutes())%60)
	}
	return fmt.Sprintf("%d d %d h", int(d.Hours())/24, int(d.Hours())%24)
}

// draw places and draws the panes.
func (e *explore) draw(r canvas.Region) {
	if e.insp != nil {
		e.insp.draw(r)
		return
	}
	e.ps.draw(r, e.a.theme, e.place)
}

// place gives the tree a quarter on the left, and the rest to editor, result and plot.
func (e *explore) place(w, h int, narrow bool) {
	tree, editor, grid, plot := e.ps.list[0], e.ps.list[1], e.ps.list[2], e.ps.list[3]
	tw := 0
	if !narrow {
		tw = clamp(w*26/100+e.ps.grow[tree.scope], 16, w/2)
		tree.at = rect{0, 0, tw, h}
	}
	eh := clamp(h*3/10+e.ps.grow[editor.scope], 4, h-8)
	ph := 0
	if e.plot.on && !narrow {
		ph = clamp(h*3/10+e.ps.grow[plot.scope], 5, h-eh-5)
		plot.at = rect{tw, h - ph, w - tw, ph}
	}
	editor.at = rect{tw, 0, w - tw, eh}
	grid.at = rect{tw, eh, w - tw, h - eh - ph}
}

func clamp(v, lo, hi int) int { return max(lo, min(v, hi)) }

func (e *explore) drawTree(r canvas.Region, focus bool) { e.tree.Draw(r, e.a.theme, focus) }

func (e *explore) treeTitle() (string, string) {
	if f := e.tree.Filter(); f != "" {
		return "Data", "FILTER " + f
	}
	return "Data", "/ filter"
}

func (e *explore) drawEditor(r canvas.Region, focus bool) { e.editor.Draw(r, e.a.theme, focus) }

func (e *explore) editorTitle() (string, string) {
	b := e.editor.Buffer()
	title := b.Name
	if b.Modified() {
		title += " *"
	}
	if n := len(e.editor.Buffers); n > 1 {
		title += fmt.Sprintf("  +%d", n-1)
	}
	line, col := b.Place()
	return title, fmt.Sprintf("%s  ln %d col %d", e.editor.Mode(), line, col)
}
