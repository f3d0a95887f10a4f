package sql

import "github.com/riffle-io/riffle/dataflow/expr"

// regroup puts the aggregation over the relation, filters it by having (may be nil), and rewrites
// the select list over its result.
func (x *exprs) regroup(out *output, having expr.Expr) error {
	g := x.group
	x.rel.node = g.node(x.rel.node)
	pending := make([]expr.Expr, len(g.pending))
	over := func(e expr.Expr) (expr.Expr, error) { return x.overGroups(e, pending) }
	for i, j := range g.pending {
		var err error
		x.pendingAt = j.at
		if pending[i], err = x.attach(j, over); err != nil {
			return err
		}
	}
	if having != nil {
		h, err := over(having)
		if err != nil {
			return err
		}
		x.rel.filter(expr.SplitAnd(h)...)
	}
	for i, e := range out.exprs {
		var err error
		if out.exprs[i], err = over(e); err != nil {
			return err
		}
	}
	return nil
}

// overGroups rewrites an expression over the input of the aggregation to one over its result.
func (x *exprs) overGroups(e expr.Expr, pending []expr.Expr) (expr.Expr, error) {
	g := x.group
	var fault error
	out := replace(e, func(e expr.Expr) (expr.Expr, bool) {
		for i, k := range g.keys {
			if expr.Equal(k, e) {
				return &expr.Col{Idx: i, Name: g.names[i], T: k.Type()}, true
			}
		}
		c, ok := e.(*expr.Col)
		switch {
		case !ok:
			return nil, false
		case c.Idx >= pendBase:
			return pending[c.Idx-pendBase], true
		case c.Idx >= aggBase:
			k := c.Idx - aggBase
			return &expr.Col{Idx: len(g.keys) + k, Name: g.aggs[k].Name, T: c.T}, true
		case c.Idx < outerBase && fault == nil:
			fault = x.ungrouped(c)
		}
		return e, true
	})
	return out, fault
}

func (x *exprs) ungrouped(c *expr.Col) error {
	n, name := x.at[c], c.Name
	for _, col := range x.rel.cols {
		if col.idx == c.Idx && len(col.qual) > 0 {
			name = col.qual[len(col.qual)-1] + "." + col.name
		}
	}
	if n == nil {
		return x.fail(x.pendingAt, "subquery uses ungrouped column %q from outer query", name)
	}
	return x.fail(n, "column %q must appear in the GROUP BY clause or be used in an aggregate function", name)
}

// replace rewrites e top-down: where fn says true its result stands for the whole subtree.
func replace(e expr.Expr, fn func(expr.Expr) (expr.Expr, bool)) expr.Expr {
	if r, ok := fn(e); ok {
		return r
	}
	switch e := e.(type) {
	case *expr.Call:
		args := make([]expr.Expr, len(e.Args))
		for i, a := range e.Args {
			args[i] = replace(a, fn)
		}
		return &expr.Call{Fn: e.Fn, Args: args, T: e.T}
	case *expr.Cast:
		return &expr.Cast{Arg: replace(e.Arg, fn), To: e.To, Try: e.Try}
	case *expr.In:
		return &expr.In{Arg: replace(e.Arg, fn), List: e.List, HasNull: e.HasNull}
	case *expr.Case:
		c := &expr.Case{Else: replace(e.Else, fn)}
		for _, w := range e.Whens {
			c.Whens = append(c.Whens, expr.When{Cond: replace(w.Cond, fn), Then: replace(w.Then, fn)})
		}
		return c
	}
	return e
}
