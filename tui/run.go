package tui

import (
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/riffle-io/riffle/repl"
	"github.com/riffle-io/riffle/tui/canvas"
	"github.com/riffle-io/riffle/tui/widget"
)

// runCursor runs the statement under the cursor.
func (e *explore) runCursor() tea.Cmd {
	b := e.editor.Buffer()
	from, to := repl.StatementAt(b.Text(), b.Pos())
	text := b.Text()[from:to]
	if strings.TrimSpace(text) == "" {
		e.a.say(canvas.Warn, "no statement under the cursor")
		return nil
	}
	e.queue = nil
	return e.runText(origin{text: text, buf: b, offset: from})
}

// runAll runs every statement of the buffer, one after the other, until one fails.
func (e *explore) runAll() tea.Cmd {
	b := e.editor.Buffer()
	e.queue = nil
	for pos := 0; pos < len(b.Text()); {
		from, to := repl.StatementAt(b.Text(), pos)
		if to <= pos {
			break
		}
		if text := b.Text()[from:to]; strings.Trim(text, " \t\n;") != "" {
			e.queue = append(e.queue, origin{text: text, buf: b, offset: from})
		}
		pos = to
		for pos < len(b.Text()) && strings.ContainsRune("; \t\n", rune(b.Text()[pos])) {
			pos++
		}
	}
	if len(e.queue) == 0 {
		e.a.say(canvas.Warn, "no statement in "+b.Name)
		return nil
	}
	return e.runNext()
}

func (e *explore) runNext() tea.Cmd {
	o := e.queue[0]
	e.queue = e.queue[1:]
	return e.runText(o)
}

// runText starts a statement. The one that runs is cancelled: one screen has one query.
func (e *explore) runText(o origin) tea.Cmd {
	e.a.followed()
	if e.running() {
		e.run.Cancel()
	}
	e.editor.Dismiss()
	e.editor.MarkMistake(-1)
	e.failed, e.fix, e.origin = "", nil, o
	if o.derive == "" {
		e.base, e.twinDue = o, false
	}
	text, _ := o.placed()
	e.run = e.a.ses.Start(e.a.ctx, text)
	e.st, e.busy = e.run.Status(), true
	e.a.record(e.a.commandOf("sql", o.text), o.derive)
	return nil
}

// placed is the statement at the line and column that it has in its buffer, so that errors name those.
func (o origin) placed() (text string, pad int) {
	if o.buf == nil || o.offset > len(o.buf.Text()) {
		return o.text, 0
	}
	before := o.buf.Text()[:o.offset]
	line := before[strings.LastIndexByte(before, '\n')+1:]
	lead := strings.Repeat("\n", strings.Count(before, "\n")) + strings.Repeat(" ", len([]rune(line)))
	return lead + o.text, len(lead)
}

// commandOf is the command line that does the same from a shell: riffle sql, or riffle explain.
func (a *app) commandOf(command, query string) string {
	return "riffle " + command + " " + quote(oneStatement(a.ses.Standalone(query))) + a.sourceArgs()
}

// sourceArgs are the sources of the command line, to put behind a query.
func (a *app) sourceArgs() string {
	out := ""
	for _, s := range a.ses.SourceArgs() {
		out += " " + quote(s)
	}
	return out
}

// followed is called when a statement of the user's starts.
func (a *app) followed() { a.message = canvas.Part{} }

// cancelQuery cancels what runs; false: nothing does.
func (e *explore) cancelQuery() bool {
	e.queue = nil
	if e.find.cancel() {
		return true
	}
	if !e.running() {
		return false
	}
	e.run.Cancel()
	return true
}

// poll looks at the running statement.
func (e *explore) poll(time.Time) (changed, active bool, cmd tea.Cmd) {
	if !e.running() {
		return false, e.find.on, e.stalePlot()
	}
	before := e.st
	e.st = e.run.Status()
	if live := e.run.Live(); live != nil {
		cmd = e.a.toStream(e.run, e.origin)
		e.run, e.st, e.busy = nil, repl.RunStatus{}, false
		return true, false, cmd
	}
	ended := e.st.State != repl.StateRunning
	if res := e.run.Result(); res != nil && e.shown.res != res && (ended || res.Rows() > 0) {
		e.showNew(res) // until then the result before it stays
	}
	if ended {
		e.busy = false
		cmd = e.finished()
	}
	moved := e.st.State != before.State || e.st.Rows != before.Rows || e.st.Elapsed/(100*time.Millisecond) != before.Elapsed/(100*time.Millisecond)
	return moved, e.running(), cmd
}

// showNew shows the result of the statement that runs. What the screen derived can be undone.
func (e *explore) showNew(res *repl.Result) {
	next := result{res: res, text: e.origin.text, how: e.origin.derive, first: e.origin.first, of: e.origin.of}
	if e.origin.derive != "" && e.shown.res != nil {
		e.shown.look = e.grid.GetView()
		next.look = e.shown.look
		e.undo = append(e.undo, e.shown)
	} else {
		e.undo = nil
		e.closeProfile()
	}
	e.redo = nil
	_, col, _ := e.grid.Cursor()
	e.display(next)
	if e.origin.derive != "" {
		e.grid.MoveTo(0, col)
	}
}

// display puts a result into the grid.
func (e *explore) display(r result) {
	e.find.cancel()
	e.shown = r
	e.grid.SetSource(&resultRows{res: r.res})
	if len(r.look.Order) > 0 {
		e.grid.SetView(r.look)
	}
	e.plot.data = nil
}

// finished takes the end of a statement: its cost, its error, its place in the history.
func (e *explore) finished() tea.Cmd {
	e.plot.data = nil
	e.remember()
	if e.st.State == repl.StateFailed {
		e.queue = nil
		if e.origin.derive != "" { // of the screen's making: what is shown stays
			e.a.say(canvas.Bad, withHint(e.st.Err))
			return nil
		}
		e.failed = e.st.Err
		if o := e.origin; o.buf != nil && o.buf == e.editor.Buffer() && e.st.Line > 0 {
			text, pad := o.placed()
			at := o.offset + offsetOf(text, e.st.Line, e.st.Col) - pad
			e.editor.MarkMistake(at)
			e.fix = newFix(o.buf, at, e.failed)
		}
		return nil
	}
	if e.run.Result() == e.shown.res {
		e.shown.stats, e.shown.plan = cost(e.st), e.st.Plan
		e.twinDue = e.twinDue || e.origin.derive == ""
	}
	if e.run.Result() == nil && len(e.st.Notices) == 0 && e.st.State == repl.StateDone {
		e.a.say(canvas.Good, "done  "+seconds(e.st.Elapsed))
	}
	var cmds []tea.Cmd
	if changesCatalog(e.origin.text) {
		cmds = append(cmds, e.loadRoots())
	}
	if len(e.queue) > 0 && e.st.State == repl.StateDone {
		cmds = append(cmds, e.runNext())
	}
	return tea.Batch(cmds...)
}

// changesCatalog tells a statement after which the tree may look different.
func changesCatalog(text string) bool {
	word, _, _ := strings.Cut(strings.ToUpper(strings.TrimSpace(text)), " ")
	return word == "CREATE" || word == "DROP" || word == "COPY" || word == "INSERT"
}

// offsetOf is the byte offset of a line and a column in runes, both from 1.
func offsetOf(text string, line, col int) int {
	b := widget.NewBuffer("", "", text)
	b.MoveToLine(line, col)
	return b.Pos()
}

// resultRows is a result as the rows of a grid.
type resultRows struct {
	res  *repl.Result
	cols []widget.Column
}

func (s *resultRows) Columns() []widget.Column {
	if s.cols == nil {
		s.cols = columns(s.res.Columns())
	}
	return s.cols
}

func (s *resultRows) Rows() int64 { return s.res.Rows() }

func (s *resultRows) Page(from int64, n int, cols []int) ([][]widget.Cell, error) {
	page, err := s.res.Page(from, n, cols)
	return cells(page), err
}

func columns(in []repl.Column) []widget.Column {
	out := make([]widget.Column, len(in))
	for i, c := range in {
		out[i] = widget.Column{Name: c.Name, Type: c.Type, Numeric: c.Numeric, Temporal: c.Temporal}
	}
	return out
}

// cells turns a page into cells of the widgets: one allocation a page, not one a row.
func cells(page [][]repl.Cell) [][]widget.Cell {
	n := 0
	for _, row := range page {
		n += len(row)
	}
	all := make([]widget.Cell, 0, n)
	out := make([][]widget.Cell, len(page))
	for i, row := range page {
		at := len(all)
		for _, c := range row {
			all = append(all, widget.Cell(c))
		}
		out[i] = all[at:len(all):len(all)]
	}
	return out
}
