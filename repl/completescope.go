package repl

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/sql"
	"github.com/riffle-io/riffle/sql/syntax"
)

// scope is the tables that a query reads.
type scope struct{ tables []scopeTable }

// scopeTable is a table of a scope: its alias or the last part of its name, and its columns.
type scopeTable struct {
	name string
	cols []scopeColumn
}

type scopeColumn struct {
	table, name, typ string
	hidden           bool // not part of *
	time             bool // a timestamp
	watermark        bool // event time
	ambiguous        bool // another table has one of that name
}

func (s *scope) aliases() (out []string) {
	if s == nil {
		return nil
	}
	for _, t := range s.tables {
		if t.name != "" {
			out = append(out, t.name)
		}
	}
	return out
}

// columns lists the columns of all tables.
func (s *scope) columns() (out []scopeColumn) {
	if s == nil {
		return nil
	}
	count := map[string]int{}
	for _, t := range s.tables {
		for _, c := range t.cols {
			if !c.hidden {
				count[c.name]++
			}
		}
	}
	for _, t := range s.tables {
		for _, c := range t.cols {
			c.table = t.name
			c.ambiguous = count[c.name] > 1 && t.name != ""
			out = append(out, c)
		}
	}
	return out
}

// scopeKeep is how long a scope is taken to be right: completion asks for it with every key, and
// files and topics do not change their columns that often.
const scopeKeep = 20 * time.Second

type keptScope struct {
	scope *scope
	at    time.Time
}

// scopeOf finds what the query at the cursor reads, by binding its FROM clause alone.
func (s *Session) scopeOf(ctx context.Context, c *cursor) *scope {
	with, from := c.fromClause()
	if from == "" {
		return nil
	}
	k := with + "\x00" + from
	s.mu.Lock()
	kept, ok := s.scopes[k]
	s.mu.Unlock()
	if ok && time.Since(kept.at) < scopeKeep {
		return kept.scope
	}
	sc := s.bindScope(ctx, with, from)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.scopes == nil || len(s.scopes) > 64 {
		s.scopes = map[string]keptScope{}
	}
	if ctx.Err() == nil {
		s.scopes[k] = keptScope{sc, time.Now()}
	}
	return sc
}

// forgetScopes makes completion look again: a statement may have declared tables.
func (s *Session) forgetScopes() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.scopes = nil
}

// bindScope binds each table of a FROM clause. Tables that cannot be bound are left out.
func (s *Session) bindScope(ctx context.Context, with, from string) *scope {
	text, refs := repairFrom(with, from)
	st := s.begin(ctx, s.out, nil)
	sc := &scope{}
	for _, ref := range refs {
		t := scopeTable{name: refName(ref)}
		switch r := ref.(type) {
		case *syntax.TableName, *syntax.FileTable:
			t.cols = st.describeRef(with, text[r.Pos():r.End()], r)
		default:
			if t.name == "" {
				t.cols = st.columnsOf(with + "SELECT * FROM " + text[r.Pos():r.End()])
			} else {
				t.cols = st.columnsOf(with + "SELECT " + quoteName(t.name) + ".* FROM " + text[r.Pos():r.End()])
			}
		}
		if t.cols != nil || t.name != "" {
			sc.tables = append(sc.tables, t)
		}
	}
	return sc
}

// repairFrom parses a FROM clause that may end too early: tokens are cut off its end until it
// parses. refs are the tables in it, whose places are in text.
func repairFrom(with, from string) (text string, refs []syntax.TableRef) {
	head := with + "SELECT * FROM "
	toks := syntax.Scan(from)
	for n := len(toks) - 1; n > 0; n-- {
		text = head + from[:toks[n-1].End]
		script, err := syntax.Parse(text)
		if err != nil || len(script.Stmts) != 1 {
			continue
		}
		q, ok := script.Stmts[0].(*syntax.SelectStmt)
		if !ok {
			continue
		}
		if sel, ok := q.Query.Body.(*syntax.Select); ok {
			for _, r := range sel.From {
				refs = leafRefs(r, refs)
			}
			return text, refs
		}
	}
	return text, nil
}

// leafRefs lists the tables of a join.
func leafRefs(r syntax.TableRef, out []syntax.TableRef) []syntax.TableRef {
	if j, ok := r.(*syntax.Join); ok {
		return leafRefs(j.R, leafRefs(j.L, out))
	}
	return append(out, r)
}

// refName is what columns of a table are qualified with; "" when there is no such name.
func refName(r syntax.TableRef) string {
	var alias *syntax.TableAlias
	name := ""
	switch r := r.(type) {
	case *syntax.TableName:
		alias, name = r.Alias, r.Name[len(r.Name)-1].Name
	case *syntax.FileTable:
		alias = r.Alias
	case *syntax.DerivedTable:
		alias = r.Alias
	case *syntax.TableFunc:
		alias = r.Alias
	}
	if alias != nil {
		return alias.Name.Name
	}
	return name
}

// describeRef lists the columns of a table, with those that * leaves out and the event time. A name
// of a WITH clause has only the former.
func (st *statement) describeRef(with, text string, r syntax.TableRef) []scopeColumn {
	if with == "" {
		script, err := syntax.Parse("DESCRIBE " + withoutAlias(text, r))
		if err == nil && len(script.Stmts) == 1 {
			if d, err := st.bind(script.Stmts[0], ""); err == nil {
				if d, ok := d.(*sql.Describe); ok {
					return describedColumns(d)
				}
			}
		}
	}
	return st.columnsOf(with + "SELECT * FROM " + text)
}

// withoutAlias is the text of a table without its alias.
func withoutAlias(text string, r syntax.TableRef) string {
	var alias *syntax.TableAlias
	switch r := r.(type) {
	case *syntax.TableName:
		alias = r.Alias
	case *syntax.FileTable:
		alias = r.Alias
	}
	if alias == nil {
		return text
	}
	cut := strings.TrimSpace(text[:alias.Name.Pos()-r.Pos()])
	if n := len(cut) - 3; n > 0 && strings.EqualFold(cut[n:], " as") {
		cut = cut[:n]
	}
	return cut
}

func describedColumns(d *sql.Describe) []scopeColumn {
	out := []scopeColumn{}
	for i, f := range d.Schema.Fields {
		out = append(out, scopeColumn{name: f.Name, typ: f.Type.String(), hidden: d.Hidden[i], time: isTime(f.Type), watermark: d.Watermark != nil && d.Watermark.Col == i})
	}
	return out
}

func isTime(t vec.Type) bool { return t.Kind == vec.Timestamp || t.Kind == vec.TimestampTZ }

// columnsOf lists the columns of a query; nil when it cannot be bound.
func (st *statement) columnsOf(text string) []scopeColumn {
	script, err := syntax.Parse(text)
	if err != nil || len(script.Stmts) != 1 {
		return nil
	}
	bound, err := st.bind(script.Stmts[0], text)
	if err != nil {
		return nil
	}
	q, ok := bound.(*sql.Query)
	if !ok {
		return nil
	}
	out := []scopeColumn{}
	for i, f := range q.Plan.Schema().Fields[:len(q.Names)] {
		out = append(out, scopeColumn{name: q.Names[i], typ: f.Type.String(), time: isTime(f.Type)})
	}
	return out
}

// fromEnds are the words that end a FROM clause.
var fromEnds = []string{"where", "group", "order", "having", "limit", "offset", "union", "intersect", "except", "window", "qualify"}

// fromClause is the text of the WITH clause of the statement, and that of the FROM clause of the
// query that the cursor is in; "" without.
func (c *cursor) fromClause() (with, from string) {
	sel := c.selectAt()
	if sel < 0 {
		return "", ""
	}
	with = c.withText(sel)
	depth, start := 0, -1
	for i := sel + 1; i < len(c.toks); i++ {
		t := c.toks[i]
		if t.Kind == syntax.TokOp && t.Text == "(" {
			depth++
		}
		if t.Kind == syntax.TokOp && t.Text == ")" {
			if depth--; depth < 0 {
				return with, c.slice(start, i)
			}
		}
		if depth > 0 || t.Kind != syntax.TokIdent {
			continue
		}
		switch {
		case start < 0 && t.Text == "from" && c.toks[i-1].Text != "distinct":
			start = i + 1
		case start >= 0 && slices.Contains(fromEnds, t.Text):
			return with, c.slice(start, i)
		}
	}
	return with, c.slice(start, len(c.toks))
}

func (c *cursor) slice(from, to int) string {
	if from < 0 || from >= to {
		return ""
	}
	return c.text[c.toks[from].Pos:c.toks[to-1].End]
}

// selectAt is the place in toks of the SELECT of the query that the cursor is in; -1 without.
func (c *cursor) selectAt() int {
	depth := 0
	for i := len(c.before) - 1; i >= 0; i-- {
		switch t := c.before[i]; {
		case t.Kind == syntax.TokOp && t.Text == ")":
			depth++
		case t.Kind == syntax.TokOp && t.Text == "(":
			depth = max(depth-1, 0) // out of an argument list, into the query around it
		case depth == 0 && t.Kind == syntax.TokIdent && t.Text == "select":
			return i
		}
	}
	return -1
}

// withText is the WITH clause that the query at sel sees, with a blank behind it: that of the
// statement, up to its last whole expression before the query.
func (c *cursor) withText(sel int) string {
	at := slices.IndexFunc(c.toks, func(t syntax.Token) bool { return t.Kind == syntax.TokIdent && t.Text == "with" })
	if at < 0 || at > sel || !slices.Contains([]string{"", "explain", "analyze", "insert"}, c.beforeWord(at)) {
		return ""
	}
	depth, end := 0, -1
	for i := at; i < sel; i++ {
		if t := c.toks[i]; t.Kind == syntax.TokOp && t.Text == "(" {
			depth++
		} else if t.Kind == syntax.TokOp && t.Text == ")" {
			if depth--; depth == 0 {
				end = i
			}
		}
	}
	if end < 0 {
		return ""
	}
	text := c.text[c.toks[at].Pos:c.toks[end].End] + " "
	if _, err := syntax.Parse(text + "SELECT 1"); err != nil {
		return ""
	}
	return text
}

// beforeWord is the first word of the statement when it is not token at itself.
func (c *cursor) beforeWord(at int) string {
	if at == 0 {
		return ""
	}
	return c.toks[0].Text
}

// withNames lists the tables that the WITH clause before the cursor names.
func (c *cursor) withNames() (out []string) {
	for i := 1; i+1 < len(c.before); i++ {
		t, prev, next := c.before[i], c.before[i-1], c.before[i+1]
		if (t.Kind == syntax.TokIdent || t.Kind == syntax.TokQuoted) && next.Text == "as" && i+2 < len(c.before) && c.before[i+2].Text == "(" &&
			(prev.Text == "with" || prev.Text == "recursive" || prev.Text == ",") {
			out = append(out, t.Text)
		}
	}
	return out
}

// outputNames lists the names that AS gives in the SELECT list of the query at the cursor.
func (c *cursor) outputNames() (out []string) {
	depth := 0
	for i := c.selectAt() + 1; i > 0 && i+1 < len(c.toks); i++ {
		t := c.toks[i]
		switch {
		case t.Kind == syntax.TokOp && t.Text == "(":
			depth++
		case t.Kind == syntax.TokOp && t.Text == ")":
			depth--
		case depth == 0 && t.Kind == syntax.TokIdent && t.Text == "from":
			return out
		case depth == 0 && t.Kind == syntax.TokIdent && t.Text == "as":
			if n := c.toks[i+1]; n.Kind == syntax.TokIdent || n.Kind == syntax.TokQuoted {
				out = append(out, n.Text)
			}
		}
	}
	return out
}
