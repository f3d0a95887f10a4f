package sql

import (
	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/sql/syntax"
)

// item is one column of a select list.
type item struct {
	expr  syntax.Expr // nil for a column that * stands for
	col   column
	star  *syntax.Star
	name  string
	alias bool // named with AS
}

// output is the select list and the sort keys of a SELECT, bound: the first visible expressions are
// the result, those behind are for ORDER BY only.
type output struct {
	exprs   []expr.Expr
	names   []string
	visible int
	keys    []sortKey
}

// selectQuery binds SELECT with the clauses of the query around it.
func (b *binder) selectQuery(s *syntax.Select, q *syntax.Query, e *env) (*relation, error) {
	rel, err := b.from(s.From, e)
	if err != nil {
		return nil, err
	}
	if err := b.where(rel, s.Where, e); err != nil {
		return nil, err
	}
	return b.selectRest(s, q, rel, e)
}

// selectRest binds everything behind WHERE.
func (b *binder) selectRest(s *syntax.Select, q *syntax.Query, rel *relation, e *env) (*relation, error) {
	switch {
	case s.Qualify != nil:
		return nil, b.unsupported(s.Qualify, "QUALIFY")
	case len(s.DistinctOn) > 0:
		return nil, b.unsupported(span(s.DistinctOn[0], s.DistinctOn[len(s.DistinctOn)-1]), "DISTINCT ON")
	case len(s.Windows) > 0:
		return nil, b.unsupported(s.Windows[0], "the WINDOW clause")
	}
	items, err := b.items(s, rel)
	if err != nil {
		return nil, err
	}
	x := b.newExprs(e, rel, "SELECT")
	grouped := isGrouped(s, q)
	if grouped {
		x.group = &grouping{}
		if err := b.groupBy(x, s.GroupBy, items); err != nil {
			return nil, err
		}
	}
	out, err := b.selectList(x, items)
	if err != nil {
		return nil, err
	}
	x.aliases = aliases(items)
	var having expr.Expr
	if s.Having != nil {
		x.clause = "HAVING"
		if having, err = x.condition(s.Having, "HAVING"); err != nil {
			return nil, err
		}
	}
	if err := b.sortKeys(x, q.OrderBy, items, out, s.Distinct); err != nil {
		return nil, err
	}
	if grouped {
		if err := x.regroup(out, having); err != nil {
			return nil, err
		}
	}
	return b.finish(x, s, q, out)
}

// isGrouped tells whether a SELECT aggregates.
func isGrouped(s *syntax.Select, q *syntax.Query) bool {
	if s.GroupBy != nil || s.Having != nil {
		return true
	}
	for _, it := range s.Items {
		if contains(it.Expr, isAggregate) {
			return true
		}
	}
	for _, o := range q.OrderBy {
		if contains(o.Expr, isAggregate) {
			return true
		}
	}
	return false
}

// finish builds projection, DISTINCT, ORDER BY and LIMIT over the relation.
func (b *binder) finish(x *exprs, s *syntax.Select, q *syntax.Query, out *output) (*relation, error) {
	rel := newRelation(simplify(&plan.Project{In: x.rel.node, Exprs: out.exprs, Names: out.names}), nil)
	if s.Distinct {
		rel.node = distinct(rel.node)
	}
	if err := b.order(rel, q, out.keys); err != nil {
		return nil, err
	}
	if err := b.limit(rel, q, x.env); err != nil {
		return nil, err
	}
	if out.visible < len(out.exprs) {
		return b.project(rel, rel.cols[:out.visible]), nil
	}
	return rel, nil
}

// simplify leaves out a projection that changes nothing.
func simplify(p *plan.Project) plan.Node {
	f := p.In.Schema().Fields
	if len(f) != len(p.Exprs) {
		return p
	}
	for i, e := range p.Exprs {
		if c, ok := e.(*expr.Col); !ok || c.Idx != i || f[i].Name != p.Names[i] {
			return p
		}
	}
	return p.In
}

// items expands the stars of a select list and names its columns.
func (b *binder) items(s *syntax.Select, rel *relation) ([]item, error) {
	var out []item
	for _, it := range s.Items {
		if star, ok := it.Expr.(*syntax.Star); ok {
			cols, err := b.star(star, rel)
			if err != nil {
				return nil, err
			}
			out = append(out, cols...)
			continue
		}
		i := item{expr: it.Expr, name: columnName(it.Expr)}
		if it.Alias != nil {
			i.name, i.alias = it.Alias.Name, true
		}
		out = append(out, i)
	}
	return out, nil
}

// star expands * or t.*; t.* includes the columns that USING merged.
func (b *binder) star(s *syntax.Star, rel *relation) ([]item, error) {
	if len(s.Qualifier) > 0 && !rel.hasTable(s.Qualifier) {
		return nil, b.failHint(s, didYouMean(dotted(s.Qualifier), rel.tables()), "missing FROM-clause entry for table %q", dotted(s.Qualifier))
	}
	if len(rel.cols) == 0 {
		return nil, b.fail(s, "SELECT * with no tables specified is not valid")
	}
	used := make([]bool, len(s.Exclude))
	var out []item
	for _, c := range rel.cols {
		if c.hidden || c.merged && len(s.Qualifier) == 0 || !qualifies(s.Qualifier, c.qual) {
			continue
		}
		left := false
		for i, ex := range s.Exclude {
			if matches(ex, c.name) {
				left, used[i] = true, true
			}
		}
		if !left {
			out = append(out, item{col: c, star: s, name: c.name})
		}
	}
	for i, ex := range s.Exclude {
		if !used[i] {
			return nil, b.failHint(ex, didYouMean(ex.Name, rel.names(s.Qualifier)), "column %q in EXCLUDE does not exist", ex.Name)
		}
	}
	return out, nil
}

// aliases are the names that other clauses may use for expressions of the select list.
func aliases(items []item) map[string]syntax.Expr {
	out := map[string]syntax.Expr{}
	for _, it := range items {
		if it.alias {
			out[it.name] = it.expr
		}
	}
	return out
}

// selectList binds the items.
func (b *binder) selectList(x *exprs, items []item) (*output, error) {
	out := &output{}
	for _, it := range items {
		e, err := x.item(it)
		if err != nil {
			return nil, err
		}
		out.exprs, out.names = append(out.exprs, e), append(out.names, it.name)
	}
	out.visible = len(out.exprs)
	return out, nil
}

func (x *exprs) item(it item) (expr.Expr, error) {
	if it.expr == nil {
		c := it.col.expr()
		x.at[c] = it.star
		return c, nil
	}
	return x.bind(it.expr)
}

// where filters a relation: plain conjuncts first, then those with subqueries, some of which become
// semi and anti joins.
func (b *binder) where(rel *relation, cond syntax.Expr, e *env) error {
	if cond == nil {
		return nil
	}
	x := b.newExprs(e, rel, "WHERE")
	x.correlate = rel.outer != nil
	conjuncts := chain(cond, syntax.OpAnd)
	var plain []expr.Expr
	for _, c := range conjuncts {
		if contains(c, isSubquery) {
			continue
		}
		p, err := x.whereTerm(c, len(conjuncts))
		if err != nil {
			return err
		}
		for _, t := range expr.SplitAnd(p) {
			if isOuter(t) {
				rel.corr = append(rel.corr, t)
			} else {
				plain = append(plain, t)
			}
		}
	}
	rel.filter(plain...)
	for _, c := range conjuncts {
		if !contains(c, isSubquery) {
			continue
		}
		if done, err := x.semiJoin(c); done || err != nil {
			if err != nil {
				return err
			}
			continue
		}
		p, err := x.whereTerm(c, len(conjuncts))
		if err != nil {
			return err
		}
		if isOuter(p) {
			rel.corr = append(rel.corr, p)
			continue
		}
		rel.filter(p)
	}
	return nil
}

func (x *exprs) whereTerm(c syntax.Expr, of int) (expr.Expr, error) {
	what := "WHERE"
	if of > 1 {
		what = "AND"
	}
	return x.condition(c, what)
}

// filter keeps the rows for which all conjuncts are true.
func (r *relation) filter(conjuncts ...expr.Expr) {
	if len(conjuncts) > 0 {
		r.node = &plan.Filter{In: r.node, Pred: expr.And(conjuncts...)}
	}
}
