package promote

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/riffle-io/riffle/sql/syntax"
)

// edit replaces text[from:to]. Edits do not overlap.
type edit struct {
	from, to int
	text     string
}

// apply makes all edits to a text.
func apply(text string, edits []edit) string {
	slices.SortStableFunc(edits, func(a, b edit) int { return a.from - b.from })
	var out strings.Builder
	at := 0
	for _, e := range edits {
		out.WriteString(text[at:e.from])
		out.WriteString(e.text)
		at = e.to
	}
	out.WriteString(text[at:])
	return out.String()
}

// draft is a query while it is being changed.
type draft struct {
	text    string // of the query
	at      int    // where it begins in the text that was given
	before  string // the declarations before the query
	query   *syntax.Query
	sel     *syntax.Select // nil when the query is no plain SELECT
	edits   []edit
	changes []Change
	read    string // ORDER BY and LIMIT, which were cut
}

// change numbers a difference.
func (d *draft) change(old, new, reason string, args ...any) {
	d.changes = append(d.changes, Change{len(d.changes) + 1, old, new, fmt.Sprintf(reason, args...)})
}

// parse finds the explored query at the end of the statements.
func parse(text string) (*draft, error) {
	text = strings.TrimRight(text, "; \n\t")
	script, err := syntax.Parse(text)
	if err != nil {
		return nil, err
	}
	if len(script.Stmts) == 0 {
		return nil, fmt.Errorf("%w: there is no statement", ErrRefused)
	}
	last, ok := script.Stmts[len(script.Stmts)-1].(*syntax.SelectStmt)
	if !ok {
		return nil, fmt.Errorf("%w: the last statement must be a query (SELECT …)", ErrRefused)
	}
	for _, s := range script.Stmts[:len(script.Stmts)-1] {
		switch s.(type) {
		case *syntax.CreateTable, *syntax.CreateView, *syntax.Set:
		default:
			return nil, fmt.Errorf("%w: before the query there may be CREATE TABLE, CREATE VIEW and SET only", ErrRefused)
		}
	}
	d := &draft{text: text[last.Pos():], at: last.Pos(), before: strings.TrimSpace(text[:last.Pos()])}
	// Positions of the query are those within d.text.
	alone, err := syntax.Parse(d.text)
	if err != nil {
		return nil, err
	}
	d.query = alone.Stmts[0].(*syntax.SelectStmt).Query
	d.sel, _ = d.query.Body.(*syntax.Select)
	return d, nil
}

// tables lists the table references of the query, in order, without the names that it defines itself.
func (d *draft) tables() (refs []syntax.TableRef) {
	defined := map[string]bool{}
	syntax.Walk(d.query, func(n syntax.Node) bool {
		if w, ok := n.(*syntax.With); ok {
			for _, c := range w.CTEs {
				defined[c.Name.Name] = true
			}
		}
		return true
	})
	syntax.Walk(d.query, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.FileTable:
			refs = append(refs, n)
		case *syntax.TableName:
			if len(n.Name) > 1 || !defined[n.Name[0].Name] {
				refs = append(refs, n)
			}
		}
		return true
	})
	return refs
}

// refText is a reference as written, without its alias, and the end of that part.
func refText(text string, ref syntax.TableRef) (string, int) {
	end := ref.End()
	if a := aliasOf(ref); a != nil {
		end = a.Pos()
		part := strings.TrimRight(text[ref.Pos():end], " \t\n")
		if rest, ok := cutWord(part, "as"); ok {
			part = rest
		}
		end = ref.Pos() + len(part)
	}
	return text[ref.Pos():end], end
}

// cutWord takes a word off the end of s.
func cutWord(s, word string) (string, bool) {
	if len(s) > len(word) && strings.EqualFold(s[len(s)-len(word):], word) && strings.ContainsAny(s[len(s)-len(word)-1:len(s)-len(word)], " \t\n") {
		return strings.TrimRight(s[:len(s)-len(word)], " \t\n"), true
	}
	return s, false
}

func aliasOf(ref syntax.TableRef) *syntax.TableAlias {
	switch r := ref.(type) {
	case *syntax.FileTable:
		return r.Alias
	case *syntax.TableName:
		return r.Alias
	}
	return nil
}

// cutOrder takes ORDER BY, LIMIT and OFFSET off the end of the query: an endless input has no end to
// sort. They are for whoever reads the output.
func (d *draft) cutOrder() {
	q := d.query
	if len(q.OrderBy) == 0 && q.Limit == nil && q.Offset == nil {
		return
	}
	from := q.Body.End()
	cut := strings.TrimSpace(d.text[from:])
	d.edits = append(d.edits, edit{from, len(d.text), ""})
	d.read = cut
	what := "ORDER BY"
	if q.Limit != nil {
		what = "ORDER BY and LIMIT"
		if len(q.OrderBy) == 0 {
			what = "LIMIT"
		}
	}
	d.change(cut, "", "%s of an endless input would never end; it applies when the output is read", what)
}

// window is an assignment of windows.
type window struct {
	kind        string // TUMBLE, HOP
	size, slide time.Duration
}

func parseWindow(text string) (*window, error) {
	parts := strings.Split(text, ":")
	w := &window{}
	var err error
	switch {
	case parts[0] == "tumble" && len(parts) == 2:
		w.kind = "TUMBLE"
		w.size, err = time.ParseDuration(parts[1])
	case parts[0] == "hop" && len(parts) == 3:
		w.kind = "HOP"
		if w.slide, err = time.ParseDuration(parts[1]); err == nil {
			w.size, err = time.ParseDuration(parts[2])
		}
	default:
		err = fmt.Errorf("there are none, tumble:SIZE and hop:SLIDE:SIZE")
	}
	if err == nil && (w.size <= 0 || w.kind == "HOP" && w.slide <= 0) {
		err = fmt.Errorf("sizes must be above zero")
	}
	if err != nil {
		return nil, fmt.Errorf("%w: window %q: %w", ErrRefused, text, err)
	}
	return w, nil
}

// over is the window as a table function over a table.
func (w *window) over(table, column string) string {
	args := interval(w.size)
	if w.kind == "HOP" {
		args = interval(w.slide) + ", " + args
	}
	return fmt.Sprintf("%s(TABLE %s, DESCRIPTOR(%s), %s)", w.kind, table, name(column), args)
}

// interval writes a duration as SQL, in its largest whole unit.
func interval(d time.Duration) string {
	for _, u := range []struct {
		size time.Duration
		name string
	}{{24 * time.Hour, "DAY"}, {time.Hour, "HOUR"}, {time.Minute, "MINUTE"}, {time.Second, "SECOND"}} {
		if d%u.size == 0 && d != 0 {
			return fmt.Sprintf("INTERVAL '%d' %s", d/u.size, u.name)
		}
	}
	return fmt.Sprintf("INTERVAL '%.6f' SECOND", d.Seconds())
}

// name quotes a name where it has to be.
func name(s string) string { return syntax.FormatName([]syntax.Ident{{Name: s}}) }

// truncated is the date_trunc over a column in the grouping, and its window; nil when there is none.
func (d *draft) truncated(column string) *window {
	if d.sel == nil || d.sel.GroupBy == nil {
		return nil
	}
	var w *window
	for _, g := range d.groupExprs() {
		if u := truncUnit(g, column); u > 0 {
			w = &window{kind: "TUMBLE", size: u}
		}
	}
	return w
}

// groupExprs is what the query groups by, ordinals replaced by what they stand for.
func (d *draft) groupExprs() (out []syntax.Expr) {
	for _, g := range d.sel.GroupBy.Items {
		if g.Kind != syntax.GroupExpr {
			continue
		}
		e := g.Exprs[0]
		if l, ok := e.(*syntax.Literal); ok && l.Kind == syntax.IntLit {
			var n int
			if _, err := fmt.Sscan(l.Text, &n); err == nil && n >= 1 && n <= len(d.sel.Items) {
				e = d.sel.Items[n-1].Expr
			}
		}
		out = append(out, e)
	}
	return out
}

// truncUnit is the length of date_trunc('unit', column), 0 for anything else. Weeks begin on
// Mondays, which windows from the epoch on do not; months differ in length.
func truncUnit(e syntax.Expr, column string) time.Duration {
	f, ok := e.(*syntax.FuncCall)
	if !ok || len(f.Name) != 1 || f.Name[0].Name != "date_trunc" || len(f.Args) != 2 {
		return 0
	}
	unit, ok := f.Args[0].(*syntax.Literal)
	col, isCol := f.Args[1].(*syntax.ColumnRef)
	if !ok || !isCol || col.Parts[len(col.Parts)-1].Name != column {
		return 0
	}
	return map[string]time.Duration{"second": time.Second, "minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour}[strings.ToLower(unit.Text)]
}

// windowed tells whether the query already cuts time into windows.
func (d *draft) windowed() bool {
	found := false
	syntax.Walk(d.query, func(n syntax.Node) bool {
		if f, ok := n.(*syntax.FuncCall); ok && len(f.Name) == 1 {
			switch f.Name[0].Name {
			case "tumble", "hop", "cumulate", "session":
				found = true
			}
		}
		return !found
	})
	return found
}

// useWindow groups by windows of the source's event time as well.
func (d *draft) useWindow(w *window, ref syntax.TableRef, table, column, reason string) {
	text, end := refText(d.text, ref)
	d.edits = append(d.edits, edit{ref.Pos(), end, w.over(table, column) + aliasFor(ref, table)})
	d.change(text, w.over(table, column), "%s", reason)
	shown := false
	for _, item := range d.sel.Items {
		if truncUnit(item.Expr, column) == 0 {
			continue
		}
		shown = true
		as := ""
		if item.Alias == nil {
			as = " AS date_trunc"
		}
		d.edits = append(d.edits, edit{item.Expr.Pos(), item.Expr.End(), "window_start" + as})
	}
	last := d.sel.Items[len(d.sel.Items)-1]
	if !shown {
		d.edits = append(d.edits, edit{last.End(), last.End(), ", window_start"})
		d.change("", "window_start", "says which window a row is of")
	}
	d.groupByWindow(column)
}

// aliasFor keeps a table's own name for the columns of a window over it.
func aliasFor(ref syntax.TableRef, table string) string {
	if aliasOf(ref) != nil {
		return ""
	}
	return " AS " + name(table)
}

func (d *draft) groupByWindow(column string) {
	g := d.sel.GroupBy
	if g.All {
		return
	}
	bounds := ", window_start, window_end"
	for _, item := range g.Items {
		if item.Kind == syntax.GroupExpr && truncUnit(item.Exprs[0], column) > 0 {
			d.edits = append(d.edits, edit{item.Pos(), item.End(), "window_start"})
			bounds = ", window_end"
		}
	}
	for _, e := range d.groupExprs() { // by its number: the item is window_start by now
		if truncUnit(e, column) > 0 {
			bounds = ", window_end"
		}
	}
	d.edits = append(d.edits, edit{g.End(), g.End(), bounds})
}
