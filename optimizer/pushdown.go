package optimizer

import (
	"slices"

	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/plan"
)

// pushdown moves a filter below the node under it, conjunct by conjunct, as far as its columns
// allow. Over a join, an equality between the sides becomes a key.
func pushdown(n plan.Node) (plan.Node, bool) {
	f, ok := n.(*plan.Filter)
	if !ok {
		if j, ok := n.(*plan.Join); ok {
			return pushResidual(j)
		}
		return n, false
	}
	preds := expr.SplitAnd(f.Pred)
	if l, ok := f.Pred.(*expr.Lit); ok && !l.Val.Null && l.Val.I != 0 {
		return f.In, true
	}
	switch in := f.In.(type) {
	case *plan.Filter:
		return &plan.Filter{In: in.In, Pred: expr.And(append(expr.SplitAnd(in.Pred), preds...)...)}, true
	case *plan.Project:
		return pushBelowProject(preds, in)
	case *plan.Join:
		return pushBelowJoin(preds, in)
	case *plan.Aggregate:
		return pushBelowAggregate(preds, in)
	case *plan.Union:
		ins := make([]plan.Node, len(in.Ins))
		for i, c := range in.Ins {
			ins[i] = &plan.Filter{In: c, Pred: f.Pred}
		}
		return &plan.Union{Ins: ins}, true
	case *plan.Window:
		return split(preds, in, in.In, func(e expr.Expr) (expr.Expr, bool) {
			return e, maxCol(e) < in.In.Schema().Len()
		})
	case *plan.Sort:
		if in.Limit < 0 && in.Offset == 0 {
			return in.WithInputs(&plan.Filter{In: in.In, Pred: f.Pred}), true
		}
	}
	return n, false
}

// split pushes the conjuncts that move accepts below node, onto its only input.
func split(preds []expr.Expr, node plan.Node, in plan.Node, move func(expr.Expr) (expr.Expr, bool)) (plan.Node, bool) {
	var below, above []expr.Expr
	for _, p := range preds {
		if q, ok := move(p); ok {
			below = append(below, q)
		} else {
			above = append(above, p)
		}
	}
	if len(below) == 0 {
		return node, false
	}
	out := node.WithInputs(&plan.Filter{In: in, Pred: expr.And(below...)})
	if len(above) > 0 {
		out = &plan.Filter{In: out, Pred: expr.And(above...)}
	}
	return out, true
}

func maxCol(e expr.Expr) int {
	top := -1
	for _, c := range expr.Columns(e) {
		top = max(top, c)
	}
	return top
}

func pushBelowProject(preds []expr.Expr, p *plan.Project) (plan.Node, bool) {
	out, ok := split(preds, p, p.In, func(e expr.Expr) (expr.Expr, bool) {
		for _, c := range expr.Columns(e) {
			if !cheap(p.Exprs[c]) {
				return nil, false
			}
		}
		return substitute(e, p.Exprs), true
	})
	if !ok {
		return &plan.Filter{In: p, Pred: expr.And(preds...)}, false
	}
	return out, true
}

// cheap is true for expressions that may be computed twice: anything but volatile functions.
func cheap(e expr.Expr) bool {
	ok := true
	expr.Walk(e, func(x expr.Expr) bool {
		if c, is := x.(*expr.Call); is && c.Fn.Volatile {
			ok = false
		}
		return ok
	})
	return ok
}

// substitute replaces column i by with[i].
func substitute(e expr.Expr, with []expr.Expr) expr.Expr {
	return expr.MapColumns(e, func(c *expr.Col) expr.Expr { return with[c.Idx] })
}

// shift moves column numbers by d.
func shift(e expr.Expr, d int) expr.Expr {
	return expr.MapColumns(e, func(c *expr.Col) expr.Expr { return &expr.Col{Idx: c.Idx + d, Name: c.Name, T: c.T} })
}

// side tells which input of a join an expression reads: both false for constants.
func side(e expr.Expr, left int) (l, r bool) {
	for _, c := range expr.Columns(e) {
		if c < left {
			l = true
		} else {
			r = true
		}
	}
	return l, r
}

func pushBelowJoin(preds []expr.Expr, j *plan.Join) (plan.Node, bool) {
	left := j.L.Schema().Len()
	var l, r, above []expr.Expr
	out := *j
	changed := false
	for _, p := range preds {
		ls, rs := side(p, left)
		switch {
		case ls != rs && j.Kind != plan.Left && hazardous(p):
			above = append(above, p)
		case !rs && (ls || j.Kind != plan.Full): // the preserved side, or a constant
			l = append(l, p)
		case rs && !ls && j.Kind == plan.Inner:
			r = append(r, shift(p, -left))
		case rs && ls && j.Kind == plan.Inner:
			addToJoin(&out, p, left)
			changed = true
		default:
			above = append(above, p)
		}
	}
	if j.Kind == plan.Right || j.Kind == plan.Full {
		return &plan.Filter{In: j, Pred: expr.And(preds...)}, false
	}
	if len(l)+len(r) == 0 && !changed {
		return &plan.Filter{In: j, Pred: expr.And(preds...)}, false
	}
	if len(l) > 0 {
		out.L = &plan.Filter{In: j.L, Pred: expr.And(l...)}
	}
	if len(r) > 0 {
		out.R = &plan.Filter{In: j.R, Pred: expr.And(r...)}
	}
	if len(above) > 0 {
		return &plan.Filter{In: &out, Pred: expr.And(above...)}, true
	}
	return &out, true
}

// hazardous is true for predicates that ordinary values make fail: a division by what is not
// constant, a cast of text. Below a join they would meet rows that the join leaves out, and the query
// would fail where it does not without the optimizer.
func hazardous(e expr.Expr) bool {
	found := false
	expr.Walk(e, func(x expr.Expr) bool {
		switch x := x.(type) {
		case *expr.Call:
			if x.Fn.Name == "/" || x.Fn.Name == "%" {
				_, constant := x.Args[1].(*expr.Lit)
				found = found || !constant
			}
		case *expr.Cast:
			found = found || !x.Try && x.Arg.Type().IsText() && !x.To.IsText()
		}
		return !found
	})
	return found
}

// addToJoin makes a predicate over both sides a key, or a part of the residual.
func addToJoin(j *plan.Join, p expr.Expr, left int) {
	if k, ok := equiKey(p, left); ok {
		j.Keys = append(append([]plan.EquiKey{}, j.Keys...), k)
		return
	}
	j.Residual = expr.And(append(expr.SplitAnd(j.Residual), p)...)
}

func equiKey(p expr.Expr, left int) (plan.EquiKey, bool) {
	c, ok := p.(*expr.Call)
	if !ok || c.Fn.Name != "=" {
		return plan.EquiKey{}, false
	}
	al, ar := side(c.Args[0], left)
	bl, br := side(c.Args[1], left)
	switch {
	case al && !ar && br && !bl:
		return plan.EquiKey{L: c.Args[0], R: shift(c.Args[1], -left)}, true
	case ar && !al && bl && !br:
		return plan.EquiKey{L: c.Args[1], R: shift(c.Args[0], -left)}, true
	}
	return plan.EquiKey{}, false
}

// pushResidual moves parts of a join's condition that read one side only down to that side, and
// equalities to the keys.
func pushResidual(j *plan.Join) (plan.Node, bool) {
	if j.Residual == nil || j.Kind == plan.Full || j.Kind == plan.Right || j.NullAware {
		return j, false
	}
	left := j.L.Schema().Len()
	out := *j
	out.Residual = nil
	var l, r []expr.Expr
	changed := false
	for _, p := range expr.SplitAnd(j.Residual) {
		ls, rs := side(p, left)
		_, isKey := equiKey(p, left)
		switch {
		case rs && !ls: // rows of the right that fail have no match, whatever the kind
			r = append(r, shift(p, -left))
		case ls && !rs && (j.Kind == plan.Inner || j.Kind == plan.Semi):
			l = append(l, p)
		case isKey:
			addToJoin(&out, p, left)
		default:
			out.Residual = expr.And(append(expr.SplitAnd(out.Residual), p)...)
			continue
		}
		changed = true
	}
	if !changed {
		return j, false
	}
	if len(l) > 0 {
		out.L = &plan.Filter{In: j.L, Pred: expr.And(l...)}
	}
	if len(r) > 0 {
		out.R = &plan.Filter{In: j.R, Pred: expr.And(r...)}
	}
	return &out, true
}

// pushBelowAggregate moves conditions on group keys below the grouping; not those on the bounds of
// a window that the aggregation itself assigns: its input has no such columns.
func pushBelowAggregate(preds []expr.Expr, a *plan.Aggregate) (plan.Node, bool) {
	if len(a.Keys) == 0 {
		return &plan.Filter{In: a, Pred: expr.And(preds...)}, false
	}
	assigned := func(e expr.Expr) bool {
		w := a.Window
		return w != nil && w.Window != nil && slices.ContainsFunc(expr.Columns(e), func(c int) bool { return c == w.Start || c == w.End })
	}
	out, ok := split(preds, a, a.In, func(e expr.Expr) (expr.Expr, bool) {
		if assigned(e) || maxCol(e) >= len(a.Keys) || len(expr.Columns(e)) == 0 {
			return nil, false
		}
		return substitute(e, a.Keys), true
	})
	if !ok {
		return &plan.Filter{In: a, Pred: expr.And(preds...)}, false
	}
	return out, true
}

// mergeProject joins two projections, and drops one that passes its input through.
func mergeProject(n plan.Node) (plan.Node, bool) {
	p, ok := n.(*plan.Project)
	if !ok {
		return n, false
	}
	in, ok := p.In.(*plan.Project)
	if !ok {
		return n, false
	}
	uses := map[int]int{}
	for _, e := range p.Exprs {
		expr.Walk(e, func(x expr.Expr) bool {
			if c, ok := x.(*expr.Col); ok {
				uses[c.Idx]++
			}
			return true
		})
	}
	for c, k := range uses {
		_, isCol := in.Exprs[c].(*expr.Col)
		_, isLit := in.Exprs[c].(*expr.Lit)
		if k > 1 && !isCol && !isLit || !cheap(in.Exprs[c]) {
			return n, false
		}
	}
	exprs := make([]expr.Expr, len(p.Exprs))
	for i, e := range p.Exprs {
		exprs[i] = substitute(e, in.Exprs)
	}
	return &plan.Project{In: in.In, Exprs: exprs, Names: p.Names}, true
}
