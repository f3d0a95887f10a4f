package repl

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/riffle-io/riffle/datasets/kafka"
	"github.com/riffle-io/riffle/sql/syntax"
)

// ErrNoTwin means that no topic of the session goes on where the files of a query end.
var ErrNoTwin = errors.New("no topic of this session has the columns of the query's files")

// Twin is a query over files, written for the topics that go on where they end.
type Twin struct {
	Text    string
	Changes []string // what differs, a clause each: "live in place of flights"
	// Order is the column that the query sorts by, when that is a name or a number, since an input without
	// end cannot be sorted; "" for none. Desc is its direction.
	Order string
	Desc  bool
}

// Twin writes a query over files for the topics of the session with the same columns. Nothing but the
// tables' names changes, and ORDER BY and LIMIT at the end are taken off. A query that
// reads a topic already, or whose files have no twin, is refused with ErrNoTwin. It may open the
// files that the query names; ctx bounds that.
func (s *Session) Twin(ctx context.Context, query string) (*Twin, error) {
	script, err := syntax.Parse(query)
	if err != nil {
		return nil, err
	}
	if len(script.Stmts) != 1 {
		return nil, fmt.Errorf("%w: one query has a twin, not several statements", ErrNoTwin)
	}
	stmt, ok := script.Stmts[0].(*syntax.SelectStmt)
	if !ok {
		return nil, fmt.Errorf("%w: it is no query", ErrNoTwin)
	}
	w := &twinning{st: s.begin(ctx, Output{Notice: func(string, ...any) {}}, nil), text: query, out: &Twin{}}
	defer w.st.end()
	syntax.Walk(stmt, func(n syntax.Node) bool {
		if ref, ok := n.(syntax.TableRef); ok && w.err == nil {
			w.table(ref)
		}
		return true
	})
	switch {
	case w.err != nil:
		return nil, w.err
	case len(w.files) == 0:
		return nil, fmt.Errorf("%w: it reads none", ErrNoTwin)
	case len(w.cuts) == 0:
		return nil, fmt.Errorf("%w: %s", ErrNoTwin, strings.Join(w.files, ", "))
	}
	w.unsorted(stmt.Query)
	w.out.Text = w.apply()
	return w.out, nil
}

// twinning is a query on its way to its twin.
type twinning struct {
	st    *statement
	text  string
	out   *Twin
	cuts  []cut
	files []string // read by the query
	err   error
}

// cut replaces a part of the text.
type cut struct {
	at   syntax.Span
	text string
}

func (w *twinning) apply() string {
	slices.SortFunc(w.cuts, func(x, y cut) int { return x.at.Start - y.at.Start })
	var b strings.Builder
	from := 0
	for _, c := range w.cuts {
		b.WriteString(w.text[from:c.at.Start] + c.text)
		from = c.at.Stop
	}
	b.WriteString(w.text[from:])
	return strings.TrimSpace(b.String())
}

// table puts the topic in the place of a file.
func (w *twinning) table(ref syntax.TableRef) {
	switch r := ref.(type) {
	case *syntax.FileTable:
		if kafka.IsURL(r.Path) {
			w.err = fmt.Errorf("%w: it reads the topic %s already", ErrNoTwin, r.Path)
			return
		}
		t, err := w.st.File(r.Path, nil)
		if err != nil {
			w.err = err
			return
		}
		var cols []string
		for _, f := range t.Schema().Fields {
			cols = append(cols, f.Name)
		}
		w.replace(r.Path, r.Path, syntax.Span{Start: r.Pos(), Stop: w.endOf(r.Span, r.Alias)}, "", cols)
	case *syntax.TableName:
		name := dotted(r.Name)
		d, ok := w.st.s.cat.lookup(name)
		if !ok {
			return // of the query itself, a result, or none: the binder says
		}
		if d.isTopic() {
			w.err = fmt.Errorf("%w: it reads the topic of %s already", ErrNoTwin, name)
			return
		}
		as := ""
		if r.Alias == nil { // columns may be named with the table
			as = r.Name[len(r.Name)-1].Name
		}
		w.replace(name, d.file(), syntax.Span{Start: r.Pos(), Stop: w.endOf(r.Span, r.Alias)}, as, d.columnNames())
	}
}

// endOf is the end of a table's name, before its alias.
func (w *twinning) endOf(at syntax.Span, alias *syntax.TableAlias) int {
	if alias == nil {
		return at.Stop
	}
	name := strings.TrimRight(w.text[at.Start:alias.Pos()], " \t\n")
	if n := len(name) - len("as"); n > 0 && strings.EqualFold(name[n:], "as") && strings.ContainsAny(name[n-1:n], " \t\n") {
		name = strings.TrimRight(name[:n], " \t\n")
	}
	return at.Start + len(name)
}

func (w *twinning) replace(name, file string, at syntax.Span, as string, cols []string) {
	w.files = append(w.files, name)
	twin := w.st.s.cat.topicLike(file, cols)
	if twin == "" {
		return
	}
	text := quoteName(twin)
	if as != "" && as != twin {
		text += " AS " + quoteName(as)
	}
	w.cuts = append(w.cuts, cut{at, text})
	w.out.Changes = append(w.out.Changes, twin+" in place of "+name)
}

// unsorted takes ORDER BY and LIMIT off.
func (w *twinning) unsorted(q *syntax.Query) {
	if len(q.OrderBy) == 0 && q.Limit == nil && q.Offset == nil {
		return
	}
	from := q.Body.End()
	stop := len(strings.TrimRight(w.text, "; \t\n"))
	w.cuts = append(w.cuts, cut{syntax.Span{Start: from, Stop: stop}, ""})
	w.out.Changes = append(w.out.Changes, "without "+strings.Join(strings.Fields(w.text[from:stop]), " "))
	if len(q.OrderBy) == 0 {
		return
	}
	first := q.OrderBy[0]
	if name := sortColumn(first.Expr, q.Body); name != "" {
		w.out.Order, w.out.Desc = name, first.Desc
	}
}

// sortColumn is the name of the column that an ORDER BY item means: one that it names, or the nth with
// a name in the SELECT; "" for others.
func sortColumn(by syntax.Expr, body syntax.QueryExpr) string {
	switch by := by.(type) {
	case *syntax.ColumnRef:
		return by.Parts[len(by.Parts)-1].Name
	case *syntax.Literal:
		sel, ok := body.(*syntax.Select)
		if n, err := strconv.Atoi(by.Text); ok && err == nil && n >= 1 && n <= len(sel.Items) {
			item := sel.Items[n-1]
			if item.Alias != nil {
				return item.Alias.Name
			}
			if c, ok := item.Expr.(*syntax.ColumnRef); ok {
				return sortColumn(c, nil)
			}
		}
	}
	return ""
}

// isTopic tells a table whose rows come from a topic.
func (d *declared) isTopic() bool {
	return kafka.IsURL(d.from) || d.def != nil && strings.HasSuffix(d.def.Options["connector"], "kafka")
}

// file is the path of a table's files.
func (d *declared) file() string {
	if d.def != nil {
		return d.def.Options["path"]
	}
	return d.from
}

// columnNames lists the columns of a declared table; none when it was not opened.
func (d *declared) columnNames() (out []string) {
	switch {
	case d.def != nil:
		for _, c := range d.def.Columns {
			out = append(out, c.Name)
		}
	case d.table != nil:
		for _, f := range d.table.Schema().Fields {
			out = append(out, f.Name)
		}
	}
	return out
}

// topicLike finds the table of a topic that has all of the columns: the one whose topic or table has
// the name of the file, or the only one; "" when there is none, or no telling.
func (c *Catalog) topicLike(file string, cols []string) string {
	c.mu.RLock()
	defer c.mu.RUnlock()
	var fits []string
	seen := map[*declared]bool{}
	base := file[strings.LastIndexAny(file, "/\\")+1:]
	base, _, _ = strings.Cut(base, ".")
	for _, n := range c.sortedNames() {
		d := c.tables[n]
		if !d.isTopic() || seen[d] || len(cols) == 0 || !hasAll(d.columnNames(), cols) {
			continue
		}
		seen[d] = true
		if d.topic() == base || n == base {
			return n
		}
		fits = append(fits, n)
	}
	if len(fits) == 1 {
		return fits[0]
	}
	return ""
}

// sortedNames lists the tables; c.mu is held. The names t and t2, which sources have beside their own,
// come last.
func (c *Catalog) sortedNames() []string {
	var out []string
	for n := range c.tables {
		out = append(out, n)
	}
	given := func(n string) int {
		if n[0] == 't' && strings.Trim(n[1:], "0123456789") == "" {
			return 1
		}
		return 0
	}
	slices.SortFunc(out, func(x, y string) int { return cmp.Or(given(x)-given(y), strings.Compare(x, y)) })
	return out
}

// topic is the name of a table's topic.
func (d *declared) topic() string {
	if d.def != nil {
		return d.def.Options["topic"]
	}
	if u, err := kafka.ParseURL(d.from); err == nil {
		return u.Topic
	}
	return ""
}

func hasAll(have, want []string) bool {
	for _, w := range want {
		if !slices.Contains(have, w) {
			return false
		}
	}
	return true
}
