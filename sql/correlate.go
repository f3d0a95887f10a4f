package sql

import (
	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/sql/syntax"
)

// domain is the outer columns that a correlated aggregate depends on by more than equality: it is
// computed for each distinct combination of their values.
type domain struct {
	cols []*expr.Col
	on   []expr.Expr // as subJoin.on
	aggs []expr.Agg  // over the columns of right
}

// correlatedScalar makes the left join of a correlated aggregate.
func (x *exprs) correlatedScalar(s *syntax.Subquery, o *opened) (*subJoin, error) {
	items, err := x.items(o.sel, o.rel)
	if err != nil {
		return nil, err
	}
	switch {
	case len(items) != 1:
		return nil, x.fail(s, "subquery must return only one column")
	case o.sel.GroupBy != nil || o.sel.Having != nil || o.query.Offset != nil:
		return nil, x.unsupported(s, "GROUP BY, HAVING or OFFSET in a correlated subquery")
	}
	inner := x.newExprs(o.env, o.rel, "SELECT")
	inner.group = &grouping{}
	value, err := inner.item(items[0])
	if err != nil {
		return nil, err
	}
	if len(inner.group.aggs) == 0 || o.query.Limit != nil {
		return nil, x.failHint(s, "use a join, or an aggregate such as max()", "a correlated subquery without an aggregate, or with LIMIT, is not supported yet")
	}
	if len(inner.group.pending) > 0 {
		return nil, x.unsupported(s, "a subquery in the select list of a correlated subquery")
	}
	j := &subJoin{at: s, kind: plan.Left}
	keys, err := x.groupCorrelated(j, o, inner.group)
	if err != nil {
		return nil, err
	}
	j.value, err = inner.overAggregates(value, keys)
	return j, err
}

// groupCorrelated sets the right side of a correlated aggregate: grouped by its side of the correlating
// equalities or, with other correlations, computed for the distinct outer values. It returns the
// number of columns before the aggregates.
func (x *exprs) groupCorrelated(j *subJoin, o *opened, g *grouping) (int, error) {
	for _, c := range o.rel.corr {
		p, ok := equalPair(c)
		if !ok {
			return x.correlateAny(j, o, g)
		}
		k := g.addKey(p.inner)
		j.pairs = append(j.pairs, pair{p.outer, &expr.Col{Idx: k, Name: g.names[k], T: p.inner.Type()}})
	}
	j.right = aggregate(o.rel.node, g.keys, g.names, g.aggs)
	return len(g.keys), nil
}

// equalPair splits outer = inner; false for other conjuncts.
func equalPair(e expr.Expr) (pair, bool) {
	c, ok := e.(*expr.Call)
	if !ok || c.Fn.Name != "=" {
		return pair{}, false
	}
	l, r := c.Args[0], c.Args[1]
	if side(l, outerBase) == leftSide {
		l, r = r, l
	}
	ok = side(l, outerBase) == rightSide && side(r, outerBase) == leftSide
	return pair{shift(l, -outerBase), r}, ok
}

func (x *exprs) correlateAny(j *subJoin, o *opened, g *grouping) (int, error) {
	d := &domain{on: o.rel.corr, aggs: g.aggs}
	seen := map[int]bool{}
	for _, e := range d.on {
		strict := true
		expr.Walk(e, func(e expr.Expr) bool {
			switch e := e.(type) {
			case *expr.Col:
				if e.Idx >= outerBase && !seen[e.Idx] {
					seen[e.Idx] = true
					d.cols = append(d.cols, &expr.Col{Idx: e.Idx - outerBase, Name: e.Name, T: e.T})
				}
			case *expr.Call:
				strict = strict && !e.Fn.NotStrict
			case *expr.Case:
				strict = false
			}
			return true
		})
		// The result is joined back with =, which loses outer NULLs: they must have no match anyway.
		if !strict {
			return 0, x.unsupported(j.at, "this condition on the query around, in a correlated subquery,")
		}
	}
	j.right, j.domain, j.pairs = o.rel.node, d, nil
	return len(d.cols), nil
}

// overAggregates rewrites the value of a correlated aggregate over its columns, behind keys others.
// Rows without a match get NULLs from the left join, which is right for all aggregates but count.
func (x *exprs) overAggregates(value expr.Expr, keys int) (expr.Expr, error) {
	var fault error
	out := replace(value, func(e expr.Expr) (expr.Expr, bool) {
		c, ok := e.(*expr.Col)
		if !ok {
			return nil, false
		}
		if c.Idx < aggBase {
			if fault == nil {
				fault = x.ungrouped(c)
			}
			return e, true
		}
		k := c.Idx - aggBase
		var col expr.Expr = &expr.Col{Idx: keys + k, Name: c.Name, T: c.T}
		if x.group.aggs[k].Fn == "count" {
			var err error
			if col, err = expr.NewCall("coalesce", col, expr.Int(0)); err != nil && fault == nil {
				fault = err
			}
		}
		return col, true
	})
	return out, fault
}

// perValue computes a correlated aggregate for each distinct combination of the outer values: they
// are joined with the subquery and grouped.
func (x *exprs) perValue(j *subJoin, over func(expr.Expr) (expr.Expr, error)) (*subJoin, error) {
	d := j.domain
	n := len(d.cols)
	at := map[int]int{}
	var keys, again []expr.Expr
	var names []string
	out := &subJoin{at: j.at, kind: j.kind, value: j.value}
	for i, c := range d.cols {
		k, err := over(c)
		if err != nil {
			return nil, err
		}
		col := &expr.Col{Idx: i, Name: c.Name, T: c.T}
		keys, names, again = append(keys, k), append(names, c.Name), append(again, col)
		out.pairs = append(out.pairs, pair{c, col})
		at[c.Idx+outerBase] = i
	}
	move := func(c int) int {
		if c >= outerBase {
			return at[c]
		}
		return c + n
	}
	var on []expr.Expr
	for _, e := range d.on {
		on = append(on, moveColumns(e, move))
	}
	joined := joinNodes(aggregate(x.rel.node, keys, names, nil), j.right, plan.Inner, on)
	aggs := make([]expr.Agg, len(d.aggs))
	for i, a := range d.aggs {
		args := make([]expr.Expr, len(a.Args))
		for k := range a.Args {
			args[k] = moveColumns(a.Args[k], move)
		}
		a.Args = args
		if a.Filter != nil {
			a.Filter = moveColumns(a.Filter, move)
		}
		aggs[i] = a
	}
	out.right = aggregate(joined, again, names, aggs)
	return out, nil
}
