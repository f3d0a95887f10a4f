package syntax

import "strings"

// subquery prints a query in parentheses.
func (p *printer) subquery(q *Query) {
	p.put("(")
	p.query(q)
	p.put(")")
}

func (p *printer) query(q *Query) {
	if q.With != nil {
		p.with(q.With)
	}
	if inner, ok := q.Body.(*Query); ok {
		p.subquery(inner)
	} else {
		p.queryExpr(q.Body, 0)
	}
	p.orderBy(q.OrderBy)
	if q.Limit != nil && !q.WithTies {
		p.clause(" LIMIT ", q.Limit)
	}
	p.clause(" OFFSET ", q.Offset)
	if q.WithTies {
		p.put(" FETCH FIRST ")
		p.expr(q.Limit, bpAdd)
		p.put(" ROWS WITH TIES")
	}
}

func (p *printer) with(w *With) {
	p.put("WITH ")
	p.flag(w.Recursive, "RECURSIVE ")
	commas(p, w.CTEs, func(c CTE) {
		p.ident(c.Name)
		if len(c.Columns) > 0 {
			p.put(" ")
			p.idents(c.Columns)
		}
		p.put(" AS ")
		p.subquery(c.Query)
	})
	p.put(" ")
}

// queryExpr prints x, in parentheses when it is a set operation that binds weaker than least.
func (p *printer) queryExpr(x QueryExpr, least int) {
	switch x := x.(type) {
	case *Select:
		p.selectQuery(x)
	case *Values:
		p.put("VALUES ")
		commas(p, x.Rows, func(row []Expr) {
			p.put("(")
			p.exprs(row)
			p.put(")")
		})
	case *TableQuery:
		p.put("TABLE ")
		p.tableRef(x.Table)
	case *Query:
		if least > 0 {
			p.subquery(x)
		} else {
			p.query(x)
		}
	case *SetOp:
		p.setOp(x, least)
	}
}

func (p *printer) setOp(x *SetOp, least int) {
	bp := setPower(x.Op)
	if bp < least {
		p.put("(")
		defer p.put(")")
	}
	p.queryExpr(x.L, bp)
	p.put(" ", string(x.Op), " ")
	p.flag(x.All, "ALL ")
	p.queryExpr(x.R, bp+1)
}

func (p *printer) selectQuery(s *Select) {
	p.put("SELECT ")
	p.flag(s.Distinct, "DISTINCT ")
	if len(s.DistinctOn) > 0 {
		p.put("ON (")
		p.exprs(s.DistinctOn)
		p.put(") ")
	}
	commas(p, s.Items, func(it SelectItem) {
		p.expr(it.Expr, bpNone)
		if it.Alias != nil {
			p.put(" AS ")
			p.ident(*it.Alias)
		}
	})
	if len(s.From) > 0 {
		p.put(" FROM ")
		commas(p, s.From, p.tableRef)
	}
	p.clause(" WHERE ", s.Where)
	if s.GroupBy != nil {
		p.put(" GROUP BY ")
		p.flag(s.GroupBy.All, "ALL")
		commas(p, s.GroupBy.Items, p.groupItem)
	}
	p.clause(" HAVING ", s.Having)
	if len(s.Windows) > 0 {
		p.put(" WINDOW ")
		commas(p, s.Windows, func(w NamedWindow) {
			p.ident(w.Name)
			p.put(" AS ")
			p.window(w.Spec)
		})
	}
	p.clause(" QUALIFY ", s.Qualify)
}

// clause prints word and e unless e is nil.
func (p *printer) clause(word string, e Expr) {
	if e != nil {
		p.put(word)
		p.expr(e, bpNone)
	}
}

func (p *printer) groupItem(g GroupItem) {
	switch g.Kind {
	case GroupExpr:
		p.expr(g.Exprs[0], bpNone)
	case GroupEmpty:
		p.put("()")
	case GroupRollup, GroupCube:
		p.put(map[GroupKind]string{GroupRollup: "ROLLUP(", GroupCube: "CUBE("}[g.Kind])
		p.exprs(g.Exprs)
		p.put(")")
	case GroupSets:
		p.put("GROUPING SETS (")
		commas(p, g.Sets, p.groupItem)
		p.put(")")
	}
}

// orderBy prints the clause with a space before it, nothing when there are no items.
func (p *printer) orderBy(items []OrderItem) {
	if len(items) > 0 {
		p.put(" ORDER BY ")
		commas(p, items, p.orderItem)
	}
}

func (p *printer) orderItem(o OrderItem) {
	p.expr(o.Expr, bpNone)
	p.flag(o.Desc, " DESC")
	switch o.Nulls {
	case NullsFirst:
		p.put(" NULLS FIRST")
	case NullsLast:
		p.put(" NULLS LAST")
	}
}

func (p *printer) tableRef(x TableRef) {
	switch x := x.(type) {
	case *TableName:
		p.name(x.Name)
		if x.Range != nil {
			p.put(" @", x.Range.String())
		}
		p.clause(" FOR SYSTEM_TIME AS OF ", x.AsOf)
		p.alias(x.Alias)
	case *FileTable:
		path := x.Path
		if x.Range != nil {
			path += "@" + x.Range.String()
		}
		p.put(FormatString(path))
		p.alias(x.Alias)
	case *DerivedTable:
		p.flag(x.Lateral, "LATERAL ")
		p.subquery(x.Query)
		p.alias(x.Alias)
	case *TableFunc:
		p.flag(x.Lateral, "LATERAL ")
		p.call(x.Call)
		p.flag(x.Ordinality, " WITH ORDINALITY")
		p.alias(x.Alias)
	case *Join:
		p.join(x)
	}
}

func (p *printer) alias(a *TableAlias) {
	if a == nil {
		return
	}
	p.put(" AS ")
	p.ident(a.Name)
	if len(a.Columns) > 0 {
		p.put(" ")
		p.idents(a.Columns)
	}
}

func (p *printer) join(j *Join) {
	p.tableRef(j.L)
	p.put(" ")
	p.flag(j.Natural, "NATURAL ")
	if j.Kind != InnerJoin {
		p.put(string(j.Kind), " ")
	}
	p.put("JOIN ")
	if _, ok := j.R.(*Join); ok {
		p.put("(")
		p.tableRef(j.R)
		p.put(")")
	} else {
		p.tableRef(j.R)
	}
	p.clause(" ON ", j.On)
	if len(j.Using) > 0 {
		p.put(" USING ")
		p.idents(j.Using)
	}
}

// optionKey prints the name of a setting or flag: bare when it reads back so.
func optionKey(key string) string {
	for part := range strings.SplitSeq(key, ".") {
		if !isPlainName(part) {
			return FormatString(key)
		}
	}
	return key
}
