package repl

import (
	"fmt"
	"strings"

	"github.com/riffle-io/riffle/sql/syntax"
)

// Standalone is a text that gives the same elsewhere: in front of it stand the tables and views that
// statements of this session declared and it names, and results such as _1 are the queries that they
// are of, in a WITH clause. Tables in memory have rows that no text gives again; they are left out.
func (s *Session) Standalone(text string) string {
	w := &standalone{s: s, seen: map[string]bool{}}
	text = w.visit(text)
	if len(w.with) > 0 {
		text = withClause(text, strings.Join(w.with, ", "))
	}
	return strings.Join(append(w.declared, text), "; ")
}

// SourceArgs lists the sources of the command line, to put behind a query.
func (s *Session) SourceArgs() []string { return s.sourceList() }

// standalone collects what a text needs.
type standalone struct {
	s              *Session
	seen           map[string]bool
	declared, with []string
}

// visit collects what a statement names, what that needs first, and returns the statement.
func (w *standalone) visit(text string) string {
	text = strings.TrimRight(strings.TrimSpace(text), "; \t\n")
	for _, t := range syntax.Scan(text) {
		if t.Kind == syntax.TokIdent || t.Kind == syntax.TokQuoted {
			w.name(t.Text)
		}
	}
	return text
}

func (w *standalone) name(name string) {
	if w.seen[name] {
		return
	}
	w.seen[name] = true
	if r, ok, err := w.s.results.find(name); ok && err == nil && r.text != "" {
		query := w.visit(r.text)
		w.with = append(w.with, fmt.Sprintf("%s AS (%s)", name, query))
		return
	}
	w.s.cat.mu.RLock()
	ddl := w.s.cat.ddl[name]
	w.s.cat.mu.RUnlock()
	if ddl != "" {
		w.declared = append(w.declared, w.visit(ddl))
	}
}

// withClause puts named queries before a query, or into that of a COPY.
func withClause(text, with string) string {
	toks := syntax.Scan(text)
	for i, t := range toks {
		switch {
		case t.Kind == syntax.TokComment:
		case t.Kind != syntax.TokIdent:
			return text
		case t.Text == "select" || t.Text == "values":
			return text[:t.Pos] + "WITH " + with + " " + text[t.Pos:]
		case t.Text == "with":
			return text[:t.End] + " " + with + "," + text[t.End:]
		case t.Text == "copy" && i+1 < len(toks) && toks[i+1].Text == "(":
			at := toks[i+1].End
			return text[:at] + withClause(text[at:], with)
		default:
			return text
		}
	}
	return text
}

// keepText keeps the text of a statement that declared a table or a view, under its name.
func (c *Catalog) keepText(stmt syntax.Node, text string) {
	var name []syntax.Ident
	switch d := stmt.(type) {
	case *syntax.CreateTable:
		name = d.Name
	case *syntax.CreateView:
		name = d.Name
	default:
		return
	}
	k := ""
	for i, n := range name {
		if i > 0 {
			k += "."
		}
		k += n.Name
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if d := c.tables[k]; d != nil && d.mem != nil {
		return
	}
	c.ddl[k] = text[stmt.Pos():stmt.End()]
}
