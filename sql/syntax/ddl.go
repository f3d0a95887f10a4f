package syntax

// createFlags are the words between CREATE and the kind of object.
type createFlags struct {
	start                              int
	orReplace, temporary, materialized bool
}

func (p *parser) create() Stmt {
	f := createFlags{start: p.start()}
	p.pos++
	if p.accept("or") {
		p.expect("replace")
		f.orReplace = true
	}
	f.temporary = p.accept("temporary") || p.accept("temp")
	f.materialized = p.accept("materialized")
	switch {
	case p.accept("view"):
		return p.createView(f)
	case !f.materialized && p.accept("table"):
		return p.createTable(f)
	case f.materialized:
		p.expected("VIEW", "behind MATERIALIZED")
	default:
		p.expected("TABLE or VIEW", "behind CREATE")
	}
	return nil
}

func (p *parser) ifNotExists() bool {
	if !p.accept("if") {
		return false
	}
	p.expect("not", "exists")
	return true
}

func (p *parser) createView(f createFlags) Stmt {
	v := &CreateView{OrReplace: f.orReplace, Temporary: f.temporary, Materialized: f.materialized}
	v.IfNotExists = p.ifNotExists()
	v.Name = p.name("a view name")
	if p.isOp("(") {
		v.Columns = p.columnNames()
	}
	p.expect("as")
	v.Query = p.query()
	v.Span = p.span(f.start)
	return v
}

func (p *parser) createTable(f createFlags) Stmt {
	t := &CreateTable{OrReplace: f.orReplace, Temporary: f.temporary}
	t.IfNotExists = p.ifNotExists()
	t.Name = p.name("a table name")
	hasBody := p.acceptOp("(")
	if hasBody {
		p.tableElement(t)
		for p.acceptOp(",") {
			p.tableElement(t)
		}
		p.expectOp(")", "to close the columns")
	}
	if p.accept("comment") {
		t.Comment = p.str("a comment")
	}
	if p.accept("partitioned") {
		p.expect("by")
		t.PartitionedBy = p.columnNames()
	}
	if p.accept("with") {
		t.With = parenList(p, "the options of the table", p.option)
	}
	if p.accept("as") {
		t.Query = p.query()
	} else if !hasBody {
		p.expected("(", "before the columns, or AS before a query")
	}
	t.Span = p.span(f.start)
	return t
}

// tableElement parses a column, a key or a watermark.
func (p *parser) tableElement(t *CreateTable) {
	switch {
	case p.is("primary"):
		p.primaryKey(t, true)
	case p.is("constraint") && p.ahead(2).isWord("primary"):
		p.pos += 2
		p.primaryKey(t, true)
	case p.is("watermark") && p.ahead(1).isWord("for"):
		p.watermark(t)
	default:
		c := p.columnDef(t)
		t.Columns = append(t.Columns, c)
	}
}

// primaryKey parses PRIMARY KEY [(columns)] [NOT ENFORCED]; without columns it is for the caller to
// add one.
func (p *parser) primaryKey(t *CreateTable, columns bool) {
	start := p.start()
	p.expect("primary", "key")
	if t.PrimaryKey != nil {
		p.failSpan(p.span(start), "table has two primary keys", "")
		return
	}
	k := &PrimaryKey{}
	if columns {
		k.Columns = p.columnNames()
	}
	if p.accept("not", "enforced") {
		k.NotEnforced = true
	}
	k.Span = p.span(start)
	t.PrimaryKey = k
}

func (p *parser) watermark(t *CreateTable) {
	start := p.start()
	p.expect("watermark", "for")
	w := &Watermark{Column: p.name("a column name")}
	p.expect("as")
	w.Expr = p.expr()
	w.Span = p.span(start)
	if t.Watermark != nil {
		p.failSpan(w.Span, "table has two watermarks", "")
	}
	t.Watermark = w
}

func (p *parser) columnDef(t *CreateTable) ColumnDef {
	start := p.start()
	c := ColumnDef{Name: p.ident("a column name")}
	if p.accept("as") {
		c.Computed = p.expr()
	} else {
		c.Type = p.typ()
	}
	for p.columnClause(t, &c) {
	}
	c.Span = p.span(start)
	return c
}

// columnClause parses one clause behind a column's type; false when there is none.
func (p *parser) columnClause(t *CreateTable, c *ColumnDef) bool {
	physical := c.Computed == nil
	switch {
	case p.accept("comment"):
		c.Comment = p.str("a comment")
	case physical && p.is("not") && p.ahead(1).isWord("null"):
		p.pos += 2
		c.NotNull = true
	case physical && p.accept("null"):
	case physical && p.is("primary"):
		p.primaryKey(t, false)
		if p.err == nil {
			t.PrimaryKey.Columns, t.PrimaryKey.Start = []Ident{c.Name}, c.Name.Start
		}
	case physical && p.accept("metadata"):
		c.Metadata = true
		if p.accept("from") {
			c.MetadataKey = p.str("a metadata key")
		}
		c.Virtual = p.accept("virtual")
	default:
		return false
	}
	return true
}
