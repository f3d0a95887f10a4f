package optimizer

import (
	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/vec"
)

// fold evaluates constant expressions, and simplifies AND and OR with true and false. What fails
// to evaluate stays, and fails when a row gets there.
func fold(n plan.Node) (plan.Node, bool) {
	return mapExprs(n, func(e expr.Expr) expr.Expr { return expr.Rewrite(e, foldOne) })
}

func foldOne(e expr.Expr) expr.Expr {
	if _, ok := e.(*expr.Lit); ok {
		return e
	}
	if c, ok := e.(*expr.Call); ok && (c.Fn.Name == "and" || c.Fn.Name == "or") {
		return foldLogic(c)
	}
	if c, ok := e.(*expr.Call); ok && c.Fn.Name == "not" {
		if in, ok := c.Args[0].(*expr.Call); ok && in.Fn.Name == "not" {
			return in.Args[0]
		}
	}
	if !expr.IsConst(e) {
		return e
	}
	if l, err := expr.Fold(e); err == nil {
		return l
	}
	return e
}

// foldLogic drops neutral operands, flattens nested ones and stops at a deciding one.
func foldLogic(c *expr.Call) expr.Expr {
	and := c.Fn.Name == "and"
	var args []expr.Expr
	changed := false
	for _, a := range c.Args {
		if in, ok := a.(*expr.Call); ok && in.Fn == c.Fn {
			args, changed = append(args, in.Args...), true
			continue
		}
		l, ok := a.(*expr.Lit)
		if !ok || l.Val.Null {
			args = append(args, a)
			continue
		}
		changed = true
		if (l.Val.I != 0) != and {
			return expr.Bool(!and)
		}
	}
	switch {
	case !changed:
		return c
	case len(args) == 0:
		return expr.Bool(and)
	case len(args) == 1:
		return args[0]
	}
	return &expr.Call{Fn: c.Fn, Args: args, T: vec.TBool}
}

// mapExprs applies f to the expressions of a node.
func mapExprs(n plan.Node, f func(expr.Expr) expr.Expr) (plan.Node, bool) {
	changed := false
	m := func(e expr.Expr) expr.Expr {
		if e == nil {
			return nil
		}
		out := f(e)
		changed = changed || out != e
		return out
	}
	all := func(es []expr.Expr) []expr.Expr {
		out := make([]expr.Expr, len(es))
		for i, e := range es {
			out[i] = m(e)
		}
		return out
	}
	var out plan.Node = n
	switch n := n.(type) {
	case *plan.Filter:
		out = &plan.Filter{In: n.In, Pred: m(n.Pred)}
	case *plan.Project:
		out = &plan.Project{In: n.In, Exprs: all(n.Exprs), Names: n.Names}
	case *plan.Aggregate:
		c := *n
		c.Keys = all(n.Keys)
		c.Aggs = make([]plan.Agg, len(n.Aggs))
		for i, a := range n.Aggs {
			a.Args, a.Filter = all(a.Args), m(a.Filter)
			c.Aggs[i] = a
		}
		out = &c
	case *plan.Join:
		c := *n
		c.Keys = make([]plan.EquiKey, len(n.Keys))
		for i, k := range n.Keys {
			c.Keys[i] = plan.EquiKey{L: m(k.L), R: m(k.R)}
		}
		c.Residual = m(n.Residual)
		out = &c
	}
	if !changed {
		return n, false
	}
	return out, true
}

// factorOr takes conjuncts that every branch of an OR has out of it:
// (a AND b) OR (a AND c) becomes a AND (b OR c).
func factorOr(n plan.Node) (plan.Node, bool) {
	f, ok := n.(*plan.Filter)
	if !ok {
		return n, false
	}
	var out []expr.Expr
	changed := false
	for _, c := range expr.SplitAnd(f.Pred) {
		parts, ok := factor(c)
		changed = changed || ok
		out = append(out, parts...)
	}
	if !changed {
		return n, false
	}
	return &plan.Filter{In: f.In, Pred: expr.And(out...)}, true
}

func factor(e expr.Expr) ([]expr.Expr, bool) {
	or, ok := e.(*expr.Call)
	if !ok || or.Fn.Name != "or" {
		return []expr.Expr{e}, false
	}
	branches := make([][]expr.Expr, len(or.Args))
	for i, a := range or.Args {
		branches[i] = expr.SplitAnd(a)
	}
	var common []expr.Expr
	for _, c := range branches[0] {
		everywhere := true
		for _, b := range branches[1:] {
			everywhere = everywhere && contains(b, c)
		}
		if everywhere {
			common = append(common, c)
		}
	}
	if len(common) == 0 {
		return []expr.Expr{e}, false
	}
	rest := make([]expr.Expr, 0, len(branches))
	for _, b := range branches {
		var left []expr.Expr
		for _, c := range b {
			if !contains(common, c) {
				left = append(left, c)
			}
		}
		if len(left) == 0 { // this branch is implied by the common part
			return common, true
		}
		rest = append(rest, expr.And(left...))
	}
	return append(common, &expr.Call{Fn: or.Fn, Args: rest, T: vec.TBool}), true
}

func contains(list []expr.Expr, e expr.Expr) bool {
	for _, x := range list {
		if expr.Equal(x, e) {
			return true
		}
	}
	return false
}
