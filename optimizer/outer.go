package optimizer

import (
	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/plan"
)

// innerJoin makes a left join inner when a filter above drops every row that found no match: then
// the filter can move to the right side, and the join can change its order. A scalar subquery that
// is compared with a column is such a join.
func innerJoin(n plan.Node) (plan.Node, bool) {
	f, ok := n.(*plan.Filter)
	if !ok {
		return n, false
	}
	preds := expr.SplitAnd(f.Pred)
	in, ok := toInner(f.In, preds)
	if !ok {
		return n, false
	}
	return &plan.Filter{In: in, Pred: f.Pred}, true
}

// toInner looks for the join below projections, through which it takes the predicates along, and in
// the left inputs of joins, where rows that are dropped above are not needed either.
func toInner(n plan.Node, preds []expr.Expr) (plan.Node, bool) {
	switch n := n.(type) {
	case *plan.Project:
		below := make([]expr.Expr, len(preds))
		for i, p := range preds {
			below[i] = substitute(p, n.Exprs)
		}
		if in, ok := toInner(n.In, below); ok {
			return n.WithInputs(in), true
		}
	case *plan.Join:
		left := n.L.Schema().Len()
		if n.Kind == plan.Left && rejectsRight(preds, left) {
			c := *n
			c.Kind = plan.Inner
			return &c, true
		}
		if n.Kind == plan.Full || n.Kind == plan.Right {
			return n, false
		}
		var own []expr.Expr
		for _, p := range preds {
			if maxCol(p) < left {
				own = append(own, p)
			}
		}
		if l, ok := toInner(n.L, own); ok {
			return n.WithInputs(l, n.R), true
		}
	}
	return n, false
}

// rejectsRight tells whether a conjunct is never true for a row whose columns from left on are NULL.
func rejectsRight(preds []expr.Expr, left int) bool {
	for _, p := range preds {
		if rejects(p, left) {
			return true
		}
	}
	return false
}

// rejects is true when e is NULL or false, for sure, where the columns from left on are NULL.
func rejects(e expr.Expr, left int) bool {
	c, ok := e.(*expr.Call)
	if !ok {
		return nullWith(e, left)
	}
	switch c.Fn.Name {
	case "and":
		return rejectsRight(c.Args, left)
	case "or":
		for _, a := range c.Args {
			if !rejects(a, left) {
				return false
			}
		}
		return true
	case "is_not_null", "is_true", "is_false":
		return nullWith(c.Args[0], left)
	}
	return nullWith(e, left)
}

// nullWith is true when e is NULL, for sure, where the columns from left on are NULL.
func nullWith(e expr.Expr, left int) bool {
	switch e := e.(type) {
	case *expr.Col:
		return e.Idx >= left
	case *expr.Cast:
		return nullWith(e.Arg, left)
	case *expr.In:
		return nullWith(e.Arg, left)
	case *expr.Call:
		if e.Fn.NotStrict {
			return false
		}
		for _, a := range e.Args {
			if nullWith(a, left) {
				return true
			}
		}
	}
	return false
}
