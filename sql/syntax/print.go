package syntax

import (
	"strconv"
	"strings"
)

// Format prints a node as SQL in one line: keywords in upper case, names quoted only where needed,
// parentheses only where the meaning needs them. Parsing the result gives the same tree. Node may be
// any Stmt, Expr, QueryExpr, TableRef, *Type, *Range or *Script.
func Format(n Node) string {
	var p printer
	switch n := n.(type) {
	case *Script:
		for _, s := range n.Stmts {
			p.stmt(s)
			p.put(";\n")
		}
	case Stmt:
		p.stmt(n)
	case Expr:
		p.expr(n, bpNone)
	case QueryExpr:
		p.queryExpr(n, 0)
	case TableRef:
		p.tableRef(n)
	case *Type:
		p.typ(n)
	case *Range:
		p.put(n.String())
	}
	return p.String()
}

// FormatName prints a dotted name, its parts quoted where needed.
func FormatName(name []Ident) string {
	var p printer
	p.name(name)
	return p.String()
}

// FormatString prints s as a string literal.
func FormatString(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// printer appends SQL text.
type printer struct{ strings.Builder }

func (p *printer) put(parts ...string) {
	for _, s := range parts {
		p.WriteString(s)
	}
}

// flag puts s when on is set.
func (p *printer) flag(on bool, s string) {
	if on {
		p.put(s)
	}
}

func (p *printer) ident(id Ident) {
	if id.Quoted || reserved[id.Name] || !isPlainName(id.Name) {
		p.put(`"`, strings.ReplaceAll(id.Name, `"`, `""`), `"`)
		return
	}
	p.put(id.Name)
}

// isPlainName tells whether s reads back as itself without quotes.
func isPlainName(s string) bool {
	l := lexer{src: s}
	t := l.next()
	return t.Kind == TokIdent && t.Text == s && t.End == len(s)
}

func (p *printer) name(parts []Ident) {
	for i, id := range parts {
		p.flag(i > 0, ".")
		p.ident(id)
	}
}

func (p *printer) idents(ids []Ident) {
	p.put("(")
	commas(p, ids, p.ident)
	p.put(")")
}

// commas prints items with commas between them.
func commas[T any](p *printer, items []T, item func(T)) {
	for i, x := range items {
		p.flag(i > 0, ", ")
		item(x)
	}
}

func (p *printer) exprs(list []Expr) {
	commas(p, list, func(e Expr) { p.expr(e, bpNone) })
}

func (p *printer) typ(t *Type) {
	p.put(t.Name)
	switch t.Name {
	case "ARRAY":
		p.put("<")
		p.nestedType(t.Elem)
		p.put(">")
	case "MAP":
		p.put("<")
		p.nestedType(t.Key)
		p.put(", ")
		p.nestedType(t.Elem)
		p.put(">")
	case "ROW":
		p.put("<")
		commas(p, t.Fields, func(f TypeField) {
			p.ident(f.Name)
			p.put(" ")
			p.nestedType(f.Type)
		})
		p.put(">")
	}
	if len(t.Params) > 0 {
		p.put("(")
		commas(p, t.Params, func(n int) { p.put(strconv.Itoa(n)) })
		p.put(")")
	}
}

func (p *printer) nestedType(t *Type) {
	p.typ(t)
	p.flag(t.NotNull, " NOT NULL")
}
