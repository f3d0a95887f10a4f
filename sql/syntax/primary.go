package syntax

import "strings"

// primary parses an expression without operators.
func (p *parser) primary() Expr {
	t := p.at()
	switch t.Kind {
	case TokInt:
		return p.number(IntLit)
	case TokDecimal:
		return p.number(DecimalLit)
	case TokFloat:
		return p.number(FloatLit)
	case TokString:
		return p.literal(StringLit)
	case TokHex:
		return p.literal(BytesLit)
	case TokParam:
		p.pos++
		return &Param{Span{t.Pos, t.End}, t.Text}
	case TokQuoted:
		return p.nameOrCall()
	case TokIdent:
		return p.word()
	}
	if t.isOp("(") {
		return p.parenthesised()
	}
	return p.noExpr()
}

func (p *parser) literal(kind LiteralKind) Expr {
	t := p.take()
	return &Literal{Span{t.Pos, t.End}, kind, t.Text}
}

// number parses a number and refuses letters glued to it.
func (p *parser) number(kind LiteralKind) Expr {
	x := p.literal(kind)
	if t := p.at(); t.Kind == TokIdent && t.Pos == x.End() {
		p.failSpan(Span{x.Pos(), t.End}, "number is followed by letters", "")
	}
	return x
}

// parenthesised parses (query), (expr) or (a, b).
func (p *parser) parenthesised() Expr {
	start := p.start()
	if p.atQuery() {
		q := p.parenQuery()
		return &Subquery{p.span(start), q}
	}
	elems := parenList(p, "the expression", p.expr)
	if len(elems) == 1 {
		return elems[0]
	}
	return &Row{p.span(start), elems}
}

// word parses an expression that begins with an unquoted word.
func (p *parser) word() Expr {
	t, next := p.at(), p.ahead(1)
	if form, ok := specialForms[t.Text]; ok && next.isOp("(") {
		return form(p)
	}
	switch {
	case t.Text == "null":
		p.pos++
		return &Literal{Span{t.Pos, t.End}, NullLit, "NULL"}
	case t.Text == "true", t.Text == "false":
		p.pos++
		return &Literal{Span{t.Pos, t.End}, BoolLit, strings.ToUpper(t.Text)}
	case t.Text == "case":
		return p.caseExpr()
	case t.Text == "array" && next.isOp("["):
		return p.array()
	case t.Text == "interval" && p.atInterval():
		return p.interval()
	case niladic[t.Text]:
		return p.niladicCall()
	case p.atTypedLiteral():
		typ := p.typ()
		text := p.str("a value")
		return &TypedLiteral{p.span(t.Pos), typ, text}
	case reserved[t.Text] && !((t.Text == "left" || t.Text == "right") && next.isOp("(")):
		return p.noExpr()
	}
	return p.nameOrCall()
}

// nameOrCall parses a column reference or a function call.
func (p *parser) nameOrCall() Expr {
	start := p.start()
	parts := []Ident{p.takeIdent()}
	for p.isOp(".") && p.ahead(1).isLabel() {
		p.pos++
		parts = append(parts, p.takeIdent())
	}
	if p.isOp("(") {
		return p.call(start, parts)
	}
	return &ColumnRef{p.span(start), parts}
}

func (p *parser) caseExpr() Expr {
	start := p.start()
	p.expect("case")
	c := &Case{}
	if !p.is("when") {
		c.Operand = p.expr()
	}
	for p.is("when") {
		from := p.start()
		p.pos++
		w := When{Cond: p.expr()}
		p.expect("then")
		w.Result = p.expr()
		w.Span = p.span(from)
		c.Whens = append(c.Whens, w)
	}
	if len(c.Whens) == 0 {
		p.expected("WHEN", "in CASE")
	}
	if p.accept("else") {
		c.Else = p.expr()
	}
	p.expect("end")
	c.Span = p.span(start)
	return c
}

func (p *parser) array() Expr {
	start := p.start()
	p.pos += 2
	a := &Array{}
	if !p.isOp("]") {
		a.Elems = list(p, p.expr)
	}
	p.expectOp("]", "to close ARRAY[")
	a.Span = p.span(start)
	return a
}

// niladicCall parses CURRENT_DATE and its like, with or without parentheses.
func (p *parser) niladicCall() Expr {
	start := p.start()
	name := []Ident{p.takeIdent()}
	if p.isOp("(") {
		return p.call(start, name)
	}
	return &FuncCall{Span: p.span(start), Name: name}
}

// atTypedLiteral tells whether a type name and a string follow.
func (p *parser) atTypedLiteral() bool {
	switch name := typeNames[p.at().Text]; name {
	case "", "ARRAY", "MAP", "ROW", "INTERVAL":
		return false
	}
	i := 1
	if p.ahead(1).isOp("(") && p.ahead(2).Kind == TokInt && p.ahead(3).isOp(")") {
		i = 4
	}
	switch w := p.ahead(i); {
	case w.isWord("precision"), w.isWord("varying"):
		i++
	case w.isWord("with"), w.isWord("without"):
		for i++; p.ahead(i).isWord("local") || p.ahead(i).isWord("time") || p.ahead(i).isWord("zone"); i++ {
		}
	}
	return p.ahead(i).Kind == TokString
}

// unitNames maps the units of intervals to their canonical names.
var unitNames = func() map[string]string {
	m := make(map[string]string)
	for _, u := range []string{"year", "quarter", "month", "week", "day", "hour", "minute", "second", "millisecond", "microsecond"} {
		m[u], m[u+"s"] = strings.ToUpper(u), strings.ToUpper(u)
	}
	return m
}()

// atInterval tells whether INTERVAL at the current token begins a literal; it may be a name too.
func (p *parser) atInterval() bool {
	i := 1
	if next := p.ahead(1); next.isOp("-") || next.isOp("+") {
		i++
	}
	switch p.ahead(i).Kind {
	case TokString:
		return i == 1
	case TokInt, TokDecimal:
		return i == 1 || unitNames[p.ahead(i+1).Text] != ""
	}
	return false
}

// interval parses INTERVAL '5' DAY, INTERVAL 5 DAY or INTERVAL '5 days'.
func (p *parser) interval() Expr {
	start := p.start()
	p.pos++
	v := &Interval{}
	isString := p.at().Kind == TokString
	if p.acceptOp("-") {
		v.Value = "-"
	} else {
		p.acceptOp("+")
	}
	v.Value += p.take().Text
	if t := p.at(); t.Kind == TokIdent && unitNames[t.Text] != "" {
		v.From, v.To = p.units()
	} else if !isString {
		p.expected("a unit such as DAY or HOUR", "behind INTERVAL "+v.Value)
	}
	v.Span = p.span(start)
	return v
}

// units parses unit [(n)] [TO unit [(n)]]; the precisions are read over, all intervals have µs.
func (p *parser) units() (from, to string) {
	from = p.unit()
	if p.is("to") && p.ahead(1).Kind == TokIdent && unitNames[p.ahead(1).Text] != "" {
		p.pos++
		to = p.unit()
	}
	return from, to
}

func (p *parser) unit() string {
	name := unitNames[p.take().Text]
	if p.isOp("(") && p.ahead(1).Kind == TokInt && p.ahead(2).isOp(")") {
		p.pos += 3
	}
	return name
}
