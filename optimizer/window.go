package optimizer

import (
	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/plan"
)

// fuseWindow lets a windowed aggregation assign the windows itself: rows are then not repeated for
// each window, and late rows are seen whole. It looks through filters and projections between.
//
// The aggregate's expressions then refer to the input of the Window node, except that the keys at
// Window.Start and Window.End stay as they are: they stand for the bounds.
func fuseWindow(n plan.Node) (plan.Node, bool) {
	a, ok := n.(*plan.Aggregate)
	if !ok || a.Window == nil || a.Window.Window != nil {
		return n, false
	}
	w, ok := a.In.(*plan.Window)
	if !ok || w.Kind == plan.Session {
		if p, isProject := a.In.(*plan.Project); isProject {
			return throughProject(a, p)
		}
		return n, false
	}
	width := w.In.Schema().Len()
	for i, k := range a.Keys {
		if i != a.Window.Start && i != a.Window.End && maxCol(k) >= width {
			return n, false
		}
	}
	for _, g := range a.Aggs {
		for _, e := range g.Args {
			if maxCol(e) >= width {
				return n, false
			}
		}
		if g.Filter != nil && maxCol(g.Filter) >= width {
			return n, false
		}
	}
	c := *a
	c.In = w.In
	c.Window = &plan.WindowKeys{Start: a.Window.Start, End: a.Window.End, Window: w}
	return &c, true
}

// throughProject rewrites an aggregate over a projection as one over the projection's input, when
// the bounds of the window are plain columns there.
func throughProject(a *plan.Aggregate, p *plan.Project) (plan.Node, bool) {
	if _, ok := p.In.(*plan.Window); !ok {
		return a, false
	}
	sub := func(e expr.Expr) expr.Expr {
		if e == nil {
			return nil
		}
		return substitute(e, p.Exprs)
	}
	c := *a
	c.In = p.In
	c.Keys = make([]expr.Expr, len(a.Keys))
	for i, k := range a.Keys {
		c.Keys[i] = sub(k)
	}
	c.Aggs = make([]plan.Agg, len(a.Aggs))
	for i, g := range a.Aggs {
		args := make([]expr.Expr, len(g.Args))
		for k, e := range g.Args {
			args[k] = sub(e)
		}
		g.Args, g.Filter = args, sub(g.Filter)
		c.Aggs[i] = g
	}
	return &c, true
}
