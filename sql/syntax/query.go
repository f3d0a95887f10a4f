package syntax

// query parses a query with all its clauses.
func (p *parser) query() *Query {
	q := &Query{}
	if !p.enter() {
		return q
	}
	defer p.leave()
	start := p.start()
	if p.is("with") {
		q.With = p.with()
	}
	q.Body = p.setExpr(1)
	if p.accept("order") {
		p.expect("by")
		q.OrderBy = list(p, p.orderItem)
	}
	p.limits(q)
	q.Span = p.span(start)
	return q
}

// parenQuery parses a query in parentheses.
func (p *parser) parenQuery() *Query {
	p.expectOp("(", "before the query")
	q := p.query()
	p.expectOp(")", "to close the subquery")
	return q
}

func (p *parser) with() *With {
	start := p.start()
	p.expect("with")
	w := &With{Recursive: p.accept("recursive")}
	w.CTEs = list(p, func() CTE {
		from := p.start()
		c := CTE{Name: p.ident("a name for the common table expression")}
		if p.isOp("(") {
			c.Columns = p.columnNames()
		}
		p.expect("as")
		if p.accept("not") {
			p.expect("materialized")
		} else {
			p.accept("materialized")
		}
		c.Query = p.parenQuery()
		c.Span = p.span(from)
		return c
	})
	w.Span = p.span(start)
	return w
}

// columnNames parses (a, b, …).
func (p *parser) columnNames() []Ident {
	return parenList(p, "the column names", func() Ident { return p.ident("a column name") })
}

// limits parses LIMIT, OFFSET and FETCH in any order.
func (p *parser) limits(q *Query) {
	for {
		t := p.at()
		switch p.isAny("limit", "offset", "fetch") {
		case "limit":
			p.pos++
			p.once(q.Limit, t)
			if !p.accept("all") {
				q.Limit = p.expr()
			}
		case "offset":
			p.pos++
			p.once(q.Offset, t)
			q.Offset = p.expr()
			if !p.accept("rows") {
				p.accept("row")
			}
		case "fetch":
			p.once(q.Limit, t)
			p.fetch(q)
		default:
			return
		}
	}
}

// once fails at t when the clause that begins there has been given before.
func (p *parser) once(old Expr, t Token) {
	if old != nil {
		p.fail(t, p.show(t)+" is given twice", "")
	}
}

// fetch parses FETCH FIRST [n] ROWS ONLY or WITH TIES.
func (p *parser) fetch(q *Query) {
	p.pos++
	if !p.accept("next") {
		p.expect("first")
	}
	if at := p.start(); p.isAny("row", "rows") == "" {
		q.Limit = p.operand(bpAdd)
	} else {
		q.Limit = &Literal{Span{at, at}, IntLit, "1"}
	}
	if !p.accept("row") {
		p.expect("rows")
	}
	if p.accept("with") {
		p.expect("ties")
		q.WithTies = true
		return
	}
	p.expect("only")
}

func (p *parser) orderItem() OrderItem {
	start := p.start()
	o := OrderItem{Expr: p.expr()}
	if p.accept("desc") {
		o.Desc = true
	} else {
		p.accept("asc")
	}
	if p.accept("nulls") {
		if p.accept("first") {
			o.Nulls = NullsFirst
		} else {
			p.expect("last")
			o.Nulls = NullsLast
		}
	}
	o.Span = p.span(start)
	return o
}

// setPower is the binding power of a set operation.
func setPower(op SetOpKind) int {
	if op == Intersect {
		return 2
	}
	return 1
}

// setExpr parses queries joined by set operations that bind at least as strongly as least.
func (p *parser) setExpr(least int) QueryExpr {
	start := p.start()
	x := p.setOperand()
	for n := 1; ; n++ {
		var op SetOpKind
		switch p.isAny("union", "intersect", "except") {
		case "union":
			op = Union
		case "intersect":
			op = Intersect
		case "except":
			op = Except
		}
		if op == "" || setPower(op) < least {
			return x
		}
		p.chain(n)
		p.pos++
		s := &SetOp{Op: op, L: x, All: p.accept("all")}
		if !s.All {
			p.accept("distinct")
		}
		s.R = p.setExpr(setPower(op) + 1)
		s.Span = p.span(start)
		x = s
	}
}

// setOperand parses SELECT, VALUES, TABLE or a query in parentheses. It never returns nil.
func (p *parser) setOperand() QueryExpr {
	start := p.start()
	switch {
	case p.is("select"):
		return p.selectQuery()
	case p.is("values"):
		return p.values()
	case p.accept("table"):
		t := p.namedTable()
		return &TableQuery{p.span(start), t}
	case p.isOp("("):
		q := p.parenQuery()
		if q.With == nil && q.OrderBy == nil && q.Limit == nil && q.Offset == nil && q.Body != nil {
			return q.Body
		}
		return q
	}
	p.expected("a query", "")
	return &Select{}
}

func (p *parser) values() QueryExpr {
	start := p.start()
	p.pos++
	v := &Values{}
	v.Rows = list(p, func() []Expr { return parenList(p, "a row of VALUES", p.expr) })
	v.Span = p.span(start)
	return v
}

// selectQuery parses SELECT up to, not including, set operations and ORDER BY.
func (p *parser) selectQuery() *Select {
	start := p.start()
	p.expect("select")
	s := &Select{}
	if p.accept("distinct") {
		s.Distinct = true
		if p.accept("on") {
			s.DistinctOn = parenList(p, "the keys of DISTINCT ON", p.expr)
		}
	} else {
		p.accept("all")
	}
	s.Items = list(p, p.selectItem)
	if p.accept("from") {
		s.From = list(p, p.tableRef)
	}
	if p.accept("where") {
		s.Where = p.expr()
	}
	if p.is("group") {
		s.GroupBy = p.groupBy()
	}
	if p.accept("having") {
		s.Having = p.expr()
	}
	if p.accept("window") {
		s.Windows = list(p, p.namedWindow)
	}
	if p.accept("qualify") {
		s.Qualify = p.expr()
	}
	s.Span = p.span(start)
	return s
}

func (p *parser) namedWindow() NamedWindow {
	start := p.start()
	w := NamedWindow{Name: p.ident("a window name")}
	p.expect("as")
	w.Spec = p.windowSpec()
	w.Span = p.span(start)
	return w
}

// selectItem parses an expression with an alias, *, or t.*.
func (p *parser) selectItem() SelectItem {
	start := p.start()
	n := 0
	for p.ahead(n).isLabel() && p.ahead(n+1).isOp(".") {
		n += 2
	}
	if p.ahead(n).isOp("*") {
		x := p.star(start)
		return SelectItem{Span: p.span(start), Expr: x}
	}
	item := SelectItem{Expr: p.expr()}
	if p.accept("as") {
		alias := p.label("an alias")
		item.Alias = &alias
	} else if p.at().isBareAlias() {
		p.aliasAt = p.pos
		alias := p.takeIdent()
		item.Alias = &alias
	}
	item.Span = p.span(start)
	return item
}

func (p *parser) star(start int) *Star {
	s := &Star{}
	for !p.acceptOp("*") {
		s.Qualifier = append(s.Qualifier, p.takeIdent())
		p.expectOp(".", "")
		if p.err != nil {
			break
		}
	}
	if p.accept("exclude") || p.is("except") && p.ahead(1).isOp("(") && !p.ahead(2).isWord("select") && p.accept("except") {
		if p.isOp("(") {
			s.Exclude = parenList(p, "the columns of EXCLUDE", func() Ident { return p.label("a column name") })
		} else {
			s.Exclude = []Ident{p.label("a column name")}
		}
	}
	s.Span = p.span(start)
	return s
}

func (p *parser) groupBy() *GroupBy {
	start := p.start()
	p.expect("group", "by")
	g := &GroupBy{}
	if p.accept("all") {
		g.All = true
	} else {
		g.Items = list(p, p.groupItem)
	}
	g.Span = p.span(start)
	return g
}

// groupItem parses an expression, (), ROLLUP, CUBE or GROUPING SETS.
func (p *parser) groupItem() GroupItem {
	var g GroupItem
	if !p.enter() {
		return g
	}
	defer p.leave()
	start := p.start()
	switch {
	case p.isOp("(") && p.ahead(1).isOp(")"):
		p.pos += 2
		g.Kind = GroupEmpty
	case p.is("rollup") && p.ahead(1).isOp("("):
		p.pos++
		g.Kind = GroupRollup
		g.Exprs = parenList(p, "the keys of ROLLUP", p.expr)
	case p.is("cube") && p.ahead(1).isOp("("):
		p.pos++
		g.Kind = GroupCube
		g.Exprs = parenList(p, "the keys of CUBE", p.expr)
	case p.accept("grouping", "sets"):
		g.Kind = GroupSets
		g.Sets = parenList(p, "the grouping sets", p.groupItem)
	default:
		g.Exprs = []Expr{p.expr()}
	}
	g.Span = p.span(start)
	return g
}
