package syntax

// tableRef parses a table and the joins behind it.
func (p *parser) tableRef() TableRef {
	if !p.enter() {
		return &TableName{}
	}
	defer p.leave()
	start := p.start()
	return p.joins(start, p.tablePrimary())
}

// joins parses the joins behind x, which began at start.
func (p *parser) joins(start int, x TableRef) TableRef {
	for n := 1; p.err == nil; n++ {
		j := p.joinKind()
		if j == nil {
			break
		}
		p.chain(n)
		j.L, j.R = x, p.joinInput(j)
		p.joinCondition(j)
		j.Span = p.span(start)
		x = j
	}
	return x
}

// joinInput parses what stands behind JOIN: a table, or, when other joins come before the condition
// of j, all of them: a JOIN b JOIN c ON … ON … is a JOIN (b JOIN c ON …) ON ….
func (p *parser) joinInput(j *Join) TableRef {
	if j.Natural || j.Kind == CrossJoin {
		return p.tablePrimary()
	}
	return p.tableRef()
}

// joinKind takes the words of a join up to JOIN; it returns nil when there is no join.
func (p *parser) joinKind() *Join {
	j := &Join{Kind: InnerJoin, Natural: p.accept("natural")}
	switch word := p.isAny("join", "inner", "left", "right", "full", "cross", "semi", "anti"); word {
	case "":
		if j.Natural {
			p.expected("JOIN", "behind NATURAL")
		}
		return nil
	case "join":
	case "inner":
		p.pos++
	case "left":
		p.pos++
		j.Kind = LeftJoin
		switch {
		case p.accept("semi"):
			j.Kind = SemiJoin
		case p.accept("anti"):
			j.Kind = AntiJoin
		default:
			p.accept("outer")
		}
	case "right", "full":
		p.pos++
		p.accept("outer")
		j.Kind = map[string]JoinKind{"right": RightJoin, "full": FullJoin}[word]
	default:
		p.pos++
		j.Kind = map[string]JoinKind{"cross": CrossJoin, "semi": SemiJoin, "anti": AntiJoin}[word]
		if j.Natural && j.Kind == CrossJoin {
			p.failSpan(p.span(p.toks[p.pos-1].Pos), "NATURAL does not go with CROSS JOIN", "")
		}
	}
	p.expect("join")
	return j
}

func (p *parser) joinCondition(j *Join) {
	if j.Natural || j.Kind == CrossJoin {
		return
	}
	switch {
	case p.accept("on"):
		j.On = p.expr()
	case p.accept("using"):
		j.Using = p.columnNames()
	default:
		p.expected("ON or USING", "behind the joined table")
	}
}

// tablePrimary parses one table without joins. It never returns nil.
func (p *parser) tablePrimary() TableRef {
	start := p.start()
	lateral := p.accept("lateral")
	switch t := p.at(); {
	case p.atQuery():
		q := p.parenQuery()
		d := &DerivedTable{Lateral: lateral, Query: q, Alias: p.tableAlias()}
		d.Span = p.span(start)
		return d
	case t.isOp("(") && !lateral:
		p.pos++
		x := p.tableRef()
		p.expectOp(")", "to close the joined tables")
		return x
	case t.isWord("table") && p.ahead(1).isOp("("):
		p.pos += 2
		call := p.tableCall()
		p.expectOp(")", "to close TABLE(")
		return p.tableFunc(start, lateral, call)
	case p.atCall() || lateral:
		return p.tableFunc(start, lateral, p.tableCall())
	}
	x := p.namedTable()
	alias := p.tableAlias()
	switch t := x.(type) {
	case *TableName:
		t.Alias, t.Span = alias, p.span(start)
	case *FileTable:
		t.Alias, t.Span = alias, p.span(start)
	}
	return x
}

// atCall tells whether a dotted name and "(" follow.
func (p *parser) atCall() bool {
	if !p.at().isName() {
		return false
	}
	n := 1
	for p.ahead(n).isOp(".") && p.ahead(n+1).isLabel() {
		n += 2
	}
	return p.ahead(n).isOp("(")
}

// tableCall parses the call of a table function.
func (p *parser) tableCall() *FuncCall {
	start := p.start()
	name := p.name("a table function")
	return p.call(start, name)
}

func (p *parser) tableFunc(start int, lateral bool, call *FuncCall) TableRef {
	f := &TableFunc{Lateral: lateral, Call: call}
	f.Ordinality = p.accept("with", "ordinality")
	f.Alias = p.tableAlias()
	f.Span = p.span(start)
	return f
}

// namedTable parses a table by name or file with its range and time, without an alias.
func (p *parser) namedTable() TableRef {
	start := p.start()
	if p.at().Kind == TokString {
		return p.fileTable()
	}
	t := &TableName{Name: p.name("a table")}
	if p.at().Kind == TokRange {
		tok := p.take()
		t.Range = p.topicRange(tok, tok.Text)
	}
	if p.accept("for") {
		p.expect("system_time", "as", "of")
		t.AsOf = p.expr()
	}
	t.Span = p.span(start)
	return t
}

// fileTable parses a string used as a table; a topic may have its range inside or behind it.
func (p *parser) fileTable() TableRef {
	tok := p.take()
	path, text, found := splitTopic(tok.Text)
	t := &FileTable{Path: path}
	if path == "" {
		p.fail(tok, "path is empty", "")
	}
	if found {
		t.Range = p.topicRange(tok, text)
	}
	if r := p.at(); r.Kind == TokRange {
		switch {
		case found:
			p.fail(r, "topic has a range inside its name already", "")
		case !isTopic(path):
			p.fail(r, "only a topic takes a range", "")
		}
		p.pos++
		t.Range = p.topicRange(r, r.Text)
	}
	t.Span = p.span(tok.Pos)
	return t
}

// tableAlias parses [AS] name [(columns)]; nil without one.
func (p *parser) tableAlias() *TableAlias {
	start := p.start()
	a := &TableAlias{}
	switch {
	case p.accept("as"):
		a.Name = p.ident("an alias")
	case p.at().isBareAlias():
		p.aliasAt = p.pos
		a.Name = p.takeIdent()
	default:
		return nil
	}
	if p.isOp("(") {
		a.Columns = p.columnNames()
	}
	a.Span = p.span(start)
	return a
}
