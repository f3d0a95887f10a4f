package syntax

import "strings"

// statement parses one statement.
func (p *parser) statement() Stmt {
	if !p.enter() {
		return nil
	}
	defer p.leave()
	if p.isOp("(") || p.isAny("select", "with", "values", "table") != "" {
		q := p.query()
		return &SelectStmt{q.Span, q}
	}
	switch p.isAny("create", "drop", "insert", "copy", "explain", "describe", "desc", "show", "set", "reset") {
	case "create":
		return p.create()
	case "drop":
		return p.drop()
	case "insert":
		return p.insert()
	case "copy":
		return p.copyTo()
	case "explain":
		return p.explain()
	case "describe", "desc":
		return p.describe()
	case "show":
		return p.showSetting()
	case "set":
		return p.set()
	case "reset":
		start := p.start()
		p.pos++
		name := p.setting()
		return &Reset{p.span(start), name}
	}
	p.expected("a statement", "")
	return nil
}

func (p *parser) drop() Stmt {
	start := p.start()
	p.pos++
	d := &Drop{Kind: TableObject}
	if !p.accept("temporary") {
		p.accept("temp")
	}
	switch {
	case p.accept("table"):
	case p.accept("view"):
		d.Kind = ViewObject
	case p.accept("materialized"):
		p.expect("view")
		d.Kind = MaterializedViewObject
	default:
		p.expected("TABLE or VIEW", "behind DROP")
	}
	if p.accept("if") {
		p.expect("exists")
		d.IfExists = true
	}
	d.Names = list(p, func() []Ident { return p.name("a name") })
	d.Span = p.span(start)
	return d
}

func (p *parser) insert() Stmt {
	start := p.start()
	p.expect("insert", "into")
	s := &Insert{Target: p.target()}
	if p.isOp("(") && !p.atQuery() {
		s.Columns = p.columnNames()
	}
	s.Query = p.query()
	s.Span = p.span(start)
	return s
}

// target parses the table, file or topic that is written to.
func (p *parser) target() TableRef {
	x := p.namedTable()
	var bad Node
	switch t := x.(type) {
	case *TableName:
		if t.AsOf != nil {
			bad = t.AsOf
		} else if t.Range != nil {
			bad = t.Range
		}
	case *FileTable:
		if t.Range != nil {
			bad = t.Range
		}
	}
	if bad != nil {
		p.failSpan(Span{bad.Pos(), bad.End()}, "the target of INSERT takes no range and no time", "")
	}
	return x
}

func (p *parser) copyTo() Stmt {
	start := p.start()
	p.pos++
	c := &Copy{}
	if p.atQuery() {
		c.Query = p.parenQuery()
	} else {
		c.Table = p.namedTable()
	}
	if p.is("from") {
		p.fail(p.at(), "COPY … FROM is not supported", "read a file with INSERT INTO t SELECT * FROM 'file'")
	}
	p.expect("to")
	c.Path = p.str("a path")
	p.accept("with")
	if p.isOp("(") {
		c.Options = parenList(p, "the options of COPY", p.flag)
	}
	c.Span = p.span(start)
	return c
}

func (p *parser) explain() Stmt {
	start := p.start()
	p.pos++
	e := &Explain{Analyze: p.accept("analyze")}
	if p.isOp("(") && !p.atQuery() {
		e.Options = parenList(p, "the options of EXPLAIN", p.flag)
	}
	e.Stmt = p.statement()
	e.Span = p.span(start)
	return e
}

func (p *parser) describe() Stmt {
	start := p.start()
	p.pos++
	d := &Describe{}
	if p.atQuery() || p.isAny("select", "with", "values") != "" {
		d.Query = p.query()
	} else {
		p.accept("table")
		d.Table = p.namedTable()
	}
	d.Span = p.span(start)
	return d
}

func (p *parser) showSetting() Stmt {
	start := p.start()
	p.pos++
	name := ""
	if t := p.at(); t.isWord("all") {
		name = p.take().Text
	} else {
		name = p.setting()
	}
	return &Show{p.span(start), name}
}

func (p *parser) set() Stmt {
	start := p.start()
	p.pos++
	s := &Set{Name: p.setting()}
	if !p.acceptOp("=") {
		if !p.accept("to") {
			p.expected("= or TO", "behind the setting's name")
		}
	}
	s.Value = p.settingValue()
	s.Span = p.span(start)
	return s
}

// setting parses the dotted name of a setting, or a string with it.
func (p *parser) setting() string {
	if p.at().Kind == TokString {
		return p.take().Text
	}
	parts := []string{p.label("the name of a setting").Name}
	for p.acceptOp(".") {
		parts = append(parts, p.label("the name of a setting").Name)
	}
	return strings.Join(parts, ".")
}

// settingValue parses a string, or tokens without space between them as they stand: 64MB, 10s, on,
// latest-offset, -1.
func (p *parser) settingValue() string {
	first := p.at()
	if first.Kind == TokString {
		return p.take().Text
	}
	end := first.Pos
	for t := p.at(); isValuePart(t) && t.Pos == end; t = p.at() {
		end = t.End
		p.pos++
	}
	if end == first.Pos {
		p.expected("a value", "")
	}
	return p.src[first.Pos:end]
}

func isValuePart(t Token) bool {
	switch t.Kind {
	case TokIdent, TokInt, TokDecimal, TokFloat:
		return true
	case TokOp:
		return strings.Contains("+-./%:", t.Text)
	}
	return false
}

// flag parses key [=] [value] as options of COPY and EXPLAIN.
func (p *parser) flag() Option {
	start := p.start()
	o := Option{Key: p.setting(), Value: "true"}
	if p.acceptOp("=") || !p.isOp(",") && !p.isOp(")") {
		o.Value = p.settingValue()
	}
	o.Span = p.span(start)
	return o
}

// option parses 'key' = 'value' of WITH.
func (p *parser) option() Option {
	start := p.start()
	o := Option{Key: p.setting()}
	p.expectOp("=", "behind the option's name")
	o.Value = p.settingValue()
	o.Span = p.span(start)
	return o
}
