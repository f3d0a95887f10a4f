package syntax

import "strings"

// specialForms are the functions with a syntax of their own, by name. They are parsed so when "("
// follows the name. It is filled by init, since its members refer to it through the parser.
var specialForms map[string]func(*parser) Expr

func init() {
	specialForms = map[string]func(*parser) Expr{
		"cast": (*parser).cast, "try_cast": (*parser).cast, "exists": (*parser).exists,
		"extract": (*parser).extract, "substring": (*parser).substring, "position": (*parser).position,
		"overlay": (*parser).overlay, "trim": (*parser).trim, "row": (*parser).row,
	}
}

// call parses the arguments of a function and the clauses behind them; the current token is "(".
func (p *parser) call(start int, name []Ident) *FuncCall {
	f := &FuncCall{Name: name}
	p.expectOp("(", "")
	switch {
	case p.isOp("*"):
		p.pos++
		f.Star = true
	case !p.isOp(")"):
		if p.accept("distinct") {
			f.Distinct = true
		} else {
			p.accept("all")
		}
		p.args(f)
		if p.accept("order", "by") {
			f.OrderBy = list(p, p.orderItem)
		}
	}
	p.expectOp(")", "to close the arguments of "+name[len(name)-1].Name)
	p.callClauses(f)
	f.Span = p.span(start)
	return f
}

// args parses positional arguments, then named ones.
func (p *parser) args(f *FuncCall) {
	for {
		start := p.start()
		if p.at().isLabel() && p.ahead(1).isOp("=>") {
			name := p.takeIdent()
			p.pos++
			value := p.arg()
			f.Named = append(f.Named, NamedArg{p.span(start), name, value})
		} else {
			x := p.arg()
			if len(f.Named) > 0 {
				p.failSpan(p.span(start), "positional argument behind a named one", "")
			}
			f.Args = append(f.Args, x)
		}
		if !p.acceptOp(",") {
			return
		}
	}
}

// arg parses an expression, TABLE t, or DESCRIPTOR(c).
func (p *parser) arg() Expr {
	start := p.start()
	switch {
	case p.accept("table"):
		return p.tableArg(start)
	case p.is("descriptor") && p.ahead(1).isOp("("):
		p.pos++
		cols := parenList(p, "the columns of DESCRIPTOR", func() Ident { return p.label("a column name") })
		return &Descriptor{p.span(start), cols}
	}
	return p.expr()
}

func (p *parser) tableArg(start int) Expr {
	a := &TableArg{}
	if from := p.start(); p.atQuery() {
		q := p.parenQuery()
		a.Table = &DerivedTable{Span: p.span(from), Query: q}
	} else {
		a.Table = p.namedTable()
	}
	if p.accept("partition") {
		p.expect("by")
		if p.isOp("(") {
			a.PartitionBy = parenList(p, "the partition keys", p.expr)
		} else {
			// More than one key needs parentheses: a comma goes to the next argument.
			a.PartitionBy = []Expr{p.expr()}
		}
	}
	a.Span = p.span(start)
	return a
}

// callClauses parses what may follow the arguments.
func (p *parser) callClauses(f *FuncCall) {
	if p.is("within") && p.ahead(1).isWord("group") {
		p.pos += 2
		p.expectOp("(", "behind WITHIN GROUP")
		p.expect("order", "by")
		f.WithinGroup = list(p, p.orderItem)
		p.expectOp(")", "behind ORDER BY")
	}
	if p.is("filter") && p.ahead(1).isOp("(") {
		p.pos += 2
		p.expect("where")
		f.Filter = p.expr()
		p.expectOp(")", "behind FILTER (WHERE")
	}
	if p.accept("ignore", "nulls") {
		f.IgnoreNulls = true
	} else {
		p.accept("respect", "nulls")
	}
	if p.accept("over") {
		f.Over = p.over()
	}
}

// form takes the name of a special form and "("; the caller parses the rest up to ")".
func (p *parser) form() (start int, name string) {
	t := p.take()
	p.expectOp("(", "")
	return t.Pos, t.Text
}

// formCall closes a special form that becomes the plain call name(args).
func (p *parser) formCall(start int, name string, args ...Expr) Expr {
	p.expectOp(")", "to close the arguments of "+name)
	end := start + len(name)
	f := &FuncCall{Name: []Ident{{Span{start, end}, name, false}}, Args: args}
	p.callClauses(f)
	f.Span = p.span(start)
	return f
}

func (p *parser) cast() Expr {
	start, name := p.form()
	c := &Cast{Try: name == "try_cast"}
	c.X = p.expr()
	p.expect("as")
	c.Type = p.typ()
	p.expectOp(")", "to close "+strings.ToUpper(name))
	c.Span = p.span(start)
	return c
}

func (p *parser) exists() Expr {
	start := p.start()
	p.pos++
	if !p.atQuery() {
		p.pos++
		p.expected("a query", "in EXISTS (")
		return &Literal{}
	}
	q := p.parenQuery()
	return &Exists{p.span(start), q}
}

func (p *parser) row() Expr {
	start, _ := p.form()
	r := &Row{}
	if !p.isOp(")") {
		r.Elems = list(p, p.expr)
	}
	p.expectOp(")", "to close ROW(")
	r.Span = p.span(start)
	return r
}

func (p *parser) extract() Expr {
	start, _ := p.form()
	e := &Extract{}
	if p.at().Kind == TokString {
		e.Field = p.take().Text
	} else {
		e.Field = p.label("a field such as YEAR").Name
	}
	e.Field = foldASCII(e.Field)
	p.expect("from")
	e.X = p.expr()
	p.expectOp(")", "to close EXTRACT(")
	e.Span = p.span(start)
	return e
}

// substring parses (x, from, for), (x FROM a [FOR b]) or (x FOR b [FROM a]).
func (p *parser) substring() Expr {
	start, name := p.form()
	args := list(p, p.expr)
	if len(args) > 1 {
		return p.formCall(start, name, args...)
	}
	var from, count Expr
	for {
		switch {
		case from == nil && p.accept("from"):
			from = p.expr()
			continue
		case count == nil && p.accept("for"):
			count = p.expr()
			continue
		}
		break
	}
	if from == nil && count != nil {
		from = &Literal{Span{count.Pos(), count.Pos()}, IntLit, "1"}
	}
	for _, x := range []Expr{from, count} {
		if x != nil {
			args = append(args, x)
		}
	}
	return p.formCall(start, name, args...)
}

// position parses (a IN b) or (a, b).
func (p *parser) position() Expr {
	start, name := p.form()
	a := p.operand(bpLike + 1)
	if !p.acceptOp(",") {
		p.expect("in")
	}
	b := p.expr()
	return p.formCall(start, name, a, b)
}

// overlay parses (x PLACING y FROM a [FOR b]) or (x, y, a, b).
func (p *parser) overlay() Expr {
	start, name := p.form()
	args := list(p, p.expr)
	if len(args) > 1 {
		return p.formCall(start, name, args...)
	}
	p.expect("placing")
	args = append(args, p.expr())
	p.expect("from")
	args = append(args, p.expr())
	if p.accept("for") {
		args = append(args, p.expr())
	}
	return p.formCall(start, name, args...)
}

// trim parses ([LEADING | TRAILING | BOTH] [chars] [FROM] x) or (x, chars).
func (p *parser) trim() Expr {
	start, _ := p.form()
	name := "btrim"
	switch p.isAny("leading", "trailing", "both") {
	case "leading":
		p.pos++
		name = "ltrim"
	case "trailing":
		p.pos++
		name = "rtrim"
	case "both":
		p.pos++
	}
	if p.accept("from") {
		return p.trimCall(start, name, list(p, p.expr))
	}
	args := list(p, p.expr)
	if len(args) == 1 && p.accept("from") {
		args = []Expr{p.expr(), args[0]}
	}
	return p.trimCall(start, name, args)
}

func (p *parser) trimCall(start int, name string, args []Expr) Expr {
	p.expectOp(")", "to close TRIM(")
	f := &FuncCall{Name: []Ident{{Span{start, start + len("trim")}, name, false}}, Args: args}
	f.Span = p.span(start)
	return f
}
