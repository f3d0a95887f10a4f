package optimizer

import (
	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/vec"
)

// orSides derives, from an OR over both sides of a join, what it says of one side alone:
// (l1 AND r1) OR (l2 AND r2) implies l1 OR l2 and r1 OR r2, which filter the sides before the join.
// The OR stays where it is. It is a pass of its own, since a rule would derive the same again and
// again; the rules then push the filters down.
func orSides(n plan.Node) plan.Node {
	return plan.Transform(n, func(x plan.Node) plan.Node {
		j, ok := x.(*plan.Join)
		if !ok || j.Residual == nil || j.NullAware || plan.Unbounded(j) {
			return x
		}
		left := j.L.Schema().Len()
		var l, r []expr.Expr
		for _, c := range expr.SplitAnd(j.Residual) {
			if e := impliedBy(c, func(p expr.Expr) bool { ls, rs := side(p, left); return ls && !rs }); e != nil {
				l = append(l, e)
			}
			if e := impliedBy(c, func(p expr.Expr) bool { ls, rs := side(p, left); return rs && !ls }); e != nil {
				r = append(r, shift(e, -left))
			}
		}
		if len(l)+len(r) == 0 {
			return x
		}
		out := *j
		if len(l) > 0 && (j.Kind == plan.Inner || j.Kind == plan.Semi) {
			out.L = &plan.Filter{In: j.L, Pred: expr.And(l...)}
		}
		if len(r) > 0 && j.Kind != plan.Full && j.Kind != plan.Right { // rows of the right that fail have no match
			out.R = &plan.Filter{In: j.R, Pred: expr.And(r...)}
		}
		return &out
	})
}

// impliedBy is the OR of the conjuncts of each branch of an OR that are of one side; nil when a
// branch has none, or e is no OR.
func impliedBy(e expr.Expr, of func(expr.Expr) bool) expr.Expr {
	or, ok := e.(*expr.Call)
	if !ok || or.Fn.Name != "or" {
		return nil
	}
	branches := make([]expr.Expr, 0, len(or.Args))
	for _, a := range or.Args {
		var some []expr.Expr
		for _, p := range expr.SplitAnd(a) {
			if of(p) && expr.Infallible(p) {
				some = append(some, p)
			}
		}
		if len(some) == 0 {
			return nil
		}
		branches = append(branches, expr.And(some...))
	}
	return &expr.Call{Fn: or.Fn, Args: branches, T: vec.TBool}
}
