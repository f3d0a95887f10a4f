package syntax

import (
	"strings"
	"unicode/utf8"
)

// power returns how strongly the printed form of e binds.
func power(e Expr) int {
	switch e := e.(type) {
	case *Unary:
		if e.Op == OpNot {
			return bpNot
		}
		return bpUnary
	case *Binary:
		return binding[e.Op]
	case *Quantified:
		return bpCompare
	case *IsNull, *IsBool, *IsDistinct:
		return bpIs
	case *Between, *InList, *InQuery, *Like:
		return bpLike
	case *AtTimeZone:
		return bpAt
	case *Index:
		return bpIndex
	}
	return bpPrimary
}

// expr prints e, in parentheses when it binds weaker than least.
func (p *printer) expr(e Expr, least int) {
	if power(e) < least {
		p.put("(")
		defer p.put(")")
	}
	switch e := e.(type) {
	case *Unary:
		p.unary(e)
	case *Binary:
		bp := binding[e.Op]
		left := bp
		if bp == bpCompare {
			left++
		}
		p.expr(e.L, left)
		p.put(" ", string(e.Op), " ")
		p.expr(e.R, bp+1)
	case *IsNull, *IsBool, *IsDistinct:
		p.isTest(e)
	case *Between, *InList, *InQuery, *Like, *Quantified:
		p.predicate(e)
	case *AtTimeZone:
		p.expr(e.X, bpAt)
		p.put(" AT TIME ZONE ")
		p.expr(e.Zone, bpAt+1)
	case *Index:
		p.expr(e.X, bpIndex)
		p.put("[")
		p.expr(e.I, bpNone)
		p.put("]")
	case *Field:
		p.field(e)
	case *FuncCall:
		p.call(e)
	default:
		p.primary(e)
	}
}

func (p *printer) unary(e *Unary) {
	if e.Op == OpNot {
		p.put("NOT ")
		p.expr(e.X, bpNot)
		return
	}
	p.put(string(e.Op))
	least := bpUnary
	if _, ok := e.X.(*Unary); ok {
		least = bpPrimary // -(-x): two signs would begin a comment
	}
	p.expr(e.X, least)
}

func (p *printer) isTest(e Expr) {
	is := func(x Expr, not bool, what string) {
		p.expr(x, bpIs)
		p.put(" IS ")
		p.flag(not, "NOT ")
		p.put(what)
	}
	switch e := e.(type) {
	case *IsNull:
		is(e.X, e.Not, "NULL")
	case *IsBool:
		is(e.X, e.Not, e.Value)
	case *IsDistinct:
		is(e.L, e.Not, "DISTINCT FROM ")
		p.expr(e.R, bpIs+1)
	}
}

func (p *printer) predicate(e Expr) {
	test := func(x Expr, not bool, what string) {
		p.expr(x, bpLike+1)
		p.flag(not, " NOT")
		p.put(what)
	}
	switch e := e.(type) {
	case *Between:
		test(e.X, e.Not, " BETWEEN ")
		p.flag(e.Symmetric, "SYMMETRIC ")
		p.expr(e.Lo, bpLike+1)
		p.put(" AND ")
		p.expr(e.Hi, bpLike+1)
	case *InList:
		test(e.X, e.Not, " IN (")
		p.exprs(e.List)
		p.put(")")
	case *InQuery:
		test(e.X, e.Not, " IN ")
		p.subquery(e.Query)
	case *Like:
		word := " LIKE "
		if e.FoldCase {
			word = " ILIKE "
		}
		test(e.X, e.Not, word)
		p.expr(e.Pattern, bpLike+1)
		if e.Escape != nil {
			p.put(" ESCAPE ")
			p.expr(e.Escape, bpLike+1)
		}
	case *Quantified:
		p.quantified(e)
	}
}

func (p *printer) quantified(e *Quantified) {
	p.expr(e.X, bpCompare+1)
	word := " ANY "
	if e.All {
		word = " ALL "
	}
	p.put(" ", string(e.Op), word)
	if e.Query != nil {
		p.subquery(e.Query)
		return
	}
	p.put("(")
	p.expr(e.Array, bpNone)
	p.put(")")
}

// field prints x.name; only what cannot be taken for a longer name goes without parentheses.
func (p *printer) field(e *Field) {
	switch x := e.X.(type) {
	case *Index, *Field:
		p.expr(x, bpNone)
	default:
		p.put("(")
		p.expr(x, bpNone)
		p.put(")")
	}
	p.put(".")
	p.ident(e.Name)
}

// primary prints expressions that need no parentheses around them.
func (p *printer) primary(e Expr) {
	switch e := e.(type) {
	case *ColumnRef:
		p.name(e.Parts)
	case *Star:
		p.star(e)
	case *Literal:
		p.literal(e)
	case *TypedLiteral:
		p.typ(e.Type)
		p.put(" ", FormatString(e.Text))
	case *Interval:
		p.put("INTERVAL ", FormatString(e.Value))
		p.flag(e.From != "", " "+e.From)
		p.flag(e.To != "", " TO "+e.To)
	case *Param:
		p.put("${", e.Name, "}")
	case *Exists:
		p.put("EXISTS ")
		p.subquery(e.Query)
	case *Subquery:
		p.subquery(e.Query)
	case *Case:
		p.caseExpr(e)
	case *Cast:
		p.flag(e.Try, "TRY_")
		p.put("CAST(")
		p.expr(e.X, bpNone)
		p.put(" AS ")
		p.typ(e.Type)
		p.put(")")
	case *Extract:
		p.put("EXTRACT(", extractField(e.Field), " FROM ")
		p.expr(e.X, bpNone)
		p.put(")")
	case *Row:
		p.row(e)
	case *Array:
		p.put("ARRAY[")
		p.exprs(e.Elems)
		p.put("]")
	case *TableArg:
		p.tableArg(e)
	case *Descriptor:
		p.put("DESCRIPTOR")
		p.idents(e.Columns)
	}
}

func (p *printer) star(e *Star) {
	for _, id := range e.Qualifier {
		p.ident(id)
		p.put(".")
	}
	p.put("*")
	if len(e.Exclude) > 0 {
		p.put(" EXCLUDE ")
		p.idents(e.Exclude)
	}
}

func (p *printer) literal(e *Literal) {
	switch e.Kind {
	case NullLit:
		p.put("NULL")
	case StringLit:
		p.put(FormatString(e.Text))
	case BytesLit:
		p.put("X", FormatString(e.Text))
	default:
		p.put(e.Text)
	}
}

// extractField prints a field name: an English word in upper case, anything else as a string.
func extractField(field string) string {
	foreign := func(r rune) bool { return r >= utf8.RuneSelf }
	if isPlainName(field) && !strings.ContainsFunc(field, foreign) {
		return strings.ToUpper(field)
	}
	return FormatString(field)
}

func (p *printer) caseExpr(e *Case) {
	p.put("CASE")
	if e.Operand != nil {
		p.put(" ")
		p.expr(e.Operand, bpNone)
	}
	for _, w := range e.Whens {
		p.put(" WHEN ")
		p.expr(w.Cond, bpNone)
		p.put(" THEN ")
		p.expr(w.Result, bpNone)
	}
	if e.Else != nil {
		p.put(" ELSE ")
		p.expr(e.Else, bpNone)
	}
	p.put(" END")
}

func (p *printer) row(e *Row) {
	p.flag(len(e.Elems) < 2, "ROW")
	p.put("(")
	p.exprs(e.Elems)
	p.put(")")
}

func (p *printer) tableArg(e *TableArg) {
	p.put("TABLE ")
	p.tableRef(e.Table)
	if len(e.PartitionBy) == 0 {
		return
	}
	p.put(" PARTITION BY (")
	p.exprs(e.PartitionBy)
	p.put(")")
}

func (p *printer) call(f *FuncCall) {
	if len(f.Name) == 1 && niladic[f.Name[0].Name] && !f.Name[0].Quoted {
		p.put(strings.ToUpper(f.Name[0].Name))
		if f.bare() {
			return
		}
	} else {
		p.funcName(f.Name)
	}
	p.put("(")
	switch {
	case f.Star:
		p.put("*")
	case isPosition(f):
		p.expr(f.Args[0], bpLike+1)
		p.put(" IN ")
		p.expr(f.Args[1], bpNone)
	default:
		p.flag(f.Distinct, "DISTINCT ")
		p.exprs(f.Args)
		p.flag(len(f.Args) > 0 && len(f.Named) > 0, ", ")
		commas(p, f.Named, func(a NamedArg) {
			p.ident(a.Name)
			p.put(" => ")
			p.expr(a.Value, bpNone)
		})
	}
	p.orderBy(f.OrderBy)
	p.put(")")
	p.callClauses(f)
}

// funcName prints the name of a function; LEFT and RIGHT need no quotes in front of a parenthesis.
func (p *printer) funcName(name []Ident) {
	if len(name) == 1 && !name[0].Quoted && (name[0].Name == "left" || name[0].Name == "right") {
		p.put(name[0].Name)
		return
	}
	p.name(name)
}

func isPosition(f *FuncCall) bool {
	return len(f.Name) == 1 && f.Name[0].Name == "position" && !f.Name[0].Quoted && len(f.Args) == 2
}

func (p *printer) callClauses(f *FuncCall) {
	if len(f.WithinGroup) > 0 {
		p.put(" WITHIN GROUP (ORDER BY ")
		commas(p, f.WithinGroup, p.orderItem)
		p.put(")")
	}
	if f.Filter != nil {
		p.put(" FILTER (WHERE ")
		p.expr(f.Filter, bpNone)
		p.put(")")
	}
	p.flag(f.IgnoreNulls, " IGNORE NULLS")
	if f.Over != nil {
		p.put(" OVER ")
		if f.Over.Ref {
			p.ident(*f.Over.Base)
		} else {
			p.window(f.Over)
		}
	}
}

// window prints a window in parentheses.
func (p *printer) window(w *WindowSpec) {
	var parts []string
	add := func(print func(q *printer)) {
		var q printer
		print(&q)
		parts = append(parts, strings.TrimSpace(q.String()))
	}
	if w.Base != nil {
		add(func(q *printer) { q.ident(*w.Base) })
	}
	if len(w.PartitionBy) > 0 {
		add(func(q *printer) {
			q.put("PARTITION BY ")
			q.exprs(w.PartitionBy)
		})
	}
	if len(w.OrderBy) > 0 {
		add(func(q *printer) { q.orderBy(w.OrderBy) })
	}
	if w.Frame != nil {
		add(func(q *printer) { q.frame(w.Frame) })
	}
	p.put("(", strings.Join(parts, " "), ")")
}

func (p *printer) frame(f *Frame) {
	p.put(string(f.Unit), " BETWEEN ")
	p.bound(f.Lo)
	p.put(" AND ")
	p.bound(f.Hi)
	p.flag(f.Exclude != "", " EXCLUDE "+f.Exclude)
}

func (p *printer) bound(b Bound) {
	switch b.Kind {
	case UnboundedPreceding:
		p.put("UNBOUNDED PRECEDING")
	case UnboundedFollowing:
		p.put("UNBOUNDED FOLLOWING")
	case CurrentRow:
		p.put("CURRENT ROW")
	case Preceding:
		p.expr(b.Offset, bpLike+1)
		p.put(" PRECEDING")
	case Following:
		p.expr(b.Offset, bpLike+1)
		p.put(" FOLLOWING")
	}
}
