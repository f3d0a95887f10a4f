package syntax

func (p *printer) stmt(s Stmt) {
	switch s := s.(type) {
	case *SelectStmt:
		p.query(s.Query)
	case *CreateTable:
		p.createTable(s)
	case *CreateView:
		p.createView(s)
	case *Drop:
		p.put("DROP ", string(s.Kind), " ")
		p.flag(s.IfExists, "IF EXISTS ")
		commas(p, s.Names, p.name)
	case *Insert:
		p.put("INSERT INTO ")
		p.tableRef(s.Target)
		p.put(" ")
		if len(s.Columns) > 0 {
			p.idents(s.Columns)
			p.put(" ")
		}
		p.query(s.Query)
	case *Copy:
		p.copyTo(s)
	case *Explain:
		p.put("EXPLAIN ")
		p.flag(s.Analyze, "ANALYZE ")
		if len(s.Options) > 0 {
			p.flags(s.Options)
			p.put(" ")
		}
		p.stmt(s.Stmt)
	case *Describe:
		p.put("DESCRIBE ")
		if s.Query != nil {
			p.subquery(s.Query)
		} else {
			p.tableRef(s.Table)
		}
	case *Show:
		p.put("SHOW ", optionKey(s.Name))
	case *Set:
		p.put("SET ", optionKey(s.Name), " = ", FormatString(s.Value))
	case *Reset:
		p.put("RESET ", optionKey(s.Name))
	}
}

func (p *printer) copyTo(s *Copy) {
	p.put("COPY ")
	if s.Query != nil {
		p.subquery(s.Query)
	} else {
		p.tableRef(s.Table)
	}
	p.put(" TO ", FormatString(s.Path))
	if len(s.Options) > 0 {
		p.put(" ")
		p.flags(s.Options)
	}
}

func (p *printer) flags(options []Option) {
	p.put("(")
	commas(p, options, func(o Option) { p.put(optionKey(o.Key), " ", FormatString(o.Value)) })
	p.put(")")
}

// created prints CREATE and the words up to the name.
func (p *printer) created(orReplace, temporary bool, kind string, ifNotExists bool, name []Ident) {
	p.put("CREATE ")
	p.flag(orReplace, "OR REPLACE ")
	p.flag(temporary, "TEMPORARY ")
	p.put(kind, " ")
	p.flag(ifNotExists, "IF NOT EXISTS ")
	p.name(name)
}

func (p *printer) createView(s *CreateView) {
	kind := ViewObject
	if s.Materialized {
		kind = MaterializedViewObject
	}
	p.created(s.OrReplace, s.Temporary, string(kind), s.IfNotExists, s.Name)
	if len(s.Columns) > 0 {
		p.put(" ")
		p.idents(s.Columns)
	}
	p.put(" AS ")
	p.query(s.Query)
}

func (p *printer) createTable(s *CreateTable) {
	p.created(s.OrReplace, s.Temporary, string(TableObject), s.IfNotExists, s.Name)
	p.tableElements(s)
	if s.Comment != "" {
		p.put(" COMMENT ", FormatString(s.Comment))
	}
	if len(s.PartitionedBy) > 0 {
		p.put(" PARTITIONED BY ")
		p.idents(s.PartitionedBy)
	}
	if len(s.With) > 0 {
		p.put(" WITH (")
		commas(p, s.With, func(o Option) { p.put(FormatString(o.Key), " = ", FormatString(o.Value)) })
		p.put(")")
	}
	if s.Query != nil {
		p.put(" AS ")
		p.query(s.Query)
	}
}

func (p *printer) tableElements(s *CreateTable) {
	sep := " ("
	next := func() {
		p.put(sep)
		sep = ", "
	}
	for _, c := range s.Columns {
		next()
		p.column(c)
	}
	if k := s.PrimaryKey; k != nil {
		next()
		p.put("PRIMARY KEY ")
		p.idents(k.Columns)
		p.flag(k.NotEnforced, " NOT ENFORCED")
	}
	if w := s.Watermark; w != nil {
		next()
		p.put("WATERMARK FOR ")
		p.name(w.Column)
		p.put(" AS ")
		p.expr(w.Expr, bpNone)
	}
	p.flag(sep == ", ", ")")
}

func (p *printer) column(c ColumnDef) {
	p.ident(c.Name)
	if c.Computed != nil {
		p.put(" AS ")
		p.expr(c.Computed, bpNone)
	} else {
		p.put(" ")
		p.typ(c.Type)
	}
	if c.Metadata {
		p.put(" METADATA")
		if c.MetadataKey != "" {
			p.put(" FROM ", FormatString(c.MetadataKey))
		}
		p.flag(c.Virtual, " VIRTUAL")
	}
	p.flag(c.NotNull, " NOT NULL")
	if c.Comment != "" {
		p.put(" COMMENT ", FormatString(c.Comment))
	}
}
