package optimizer

import (
	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/plan"
)

// splitDistinct computes aggregates that are all DISTINCT over the same argument in two steps:
// group by the keys and the argument first, then aggregate without DISTINCT. Both steps can then
// be done in two phases.
func splitDistinct(n plan.Node) (plan.Node, bool) {
	a, ok := n.(*plan.Aggregate)
	if !ok || a.Mode != plan.AggLogical || len(a.Aggs) == 0 || a.Window != nil || plan.Unbounded(a) {
		return n, false
	}
	arg := a.Aggs[0].Args
	for _, g := range a.Aggs {
		if !g.Distinct || g.Filter != nil || len(g.Args) != 1 || !expr.Equal(g.Args[0], arg[0]) {
			return n, false
		}
	}
	inner := &plan.Aggregate{In: a.In, Keys: append(append([]expr.Expr{}, a.Keys...), arg[0]), Names: append(append([]string{}, a.Names...), "distinct_arg")}
	k := len(a.Keys)
	s := inner.Schema()
	outer := &plan.Aggregate{In: inner, Names: a.Names}
	for i := range a.Keys {
		outer.Keys = append(outer.Keys, &expr.Col{Idx: i, Name: s.Fields[i].Name, T: s.Fields[i].Type})
	}
	for _, g := range a.Aggs {
		g.Distinct = false
		g.Args = []expr.Expr{&expr.Col{Idx: k, Name: s.Fields[k].Name, T: s.Fields[k].Type}}
		outer.Aggs = append(outer.Aggs, g)
	}
	return outer, true
}
