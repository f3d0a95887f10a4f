package optimizer

import (
	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/plan"
)

// clusterGroups makes one phase of an aggregation in two when the table below keeps the values of one
// of its keys apart, as files do that were written in the order of a key or of time: the groups of a
// split are then complete when it has been read, in a table that fits the caches, and need no
// exchange. It is a pass over the physical plan.
func clusterGroups(n plan.Node) plan.Node {
	return plan.Transform(n, func(n plan.Node) plan.Node {
		final, ok := n.(*plan.Aggregate)
		if !ok || final.Mode != plan.AggFinal || final.Window != nil || final.Updating {
			return n
		}
		x, ok := final.In.(*plan.Exchange)
		if !ok || x.Kind != plan.HashBy {
			return n
		}
		partial, ok := x.In.(*plan.Aggregate)
		if !ok || partial.Mode != plan.AggPartial {
			return n
		}
		for i, k := range partial.Keys {
			c, ok := k.(*expr.Col)
			if !ok {
				continue
			}
			if in, ok := clustered(partial.In, c.Idx); ok {
				one := *partial
				one.In, one.Mode, one.States = in, plan.AggSingle, nil
				one.Clustered, one.ClusterKey = true, i
				return &one
			}
		}
		return n
	})
}

// clustered asks the scan from which column col of n comes to keep its values apart. Between them are
// only nodes that pass the rows of a split on before the next split begins.
func clustered(n plan.Node, col int) (plan.Node, bool) {
	switch n := n.(type) {
	case *plan.Scan:
		t, ok := n.Table.(plan.ClusteredTable)
		if !ok || n.Clustered || !t.Clustered(n.Cols[col]) {
			return nil, false
		}
		c := *n
		c.Clustered, c.ClusterCol = true, col
		return &c, true
	case *plan.Filter:
		in, ok := clustered(n.In, col)
		if !ok {
			return nil, false
		}
		return n.WithInputs(in), true
	case *plan.Project:
		c, ok := n.Exprs[col].(*expr.Col)
		if !ok {
			return nil, false
		}
		in, ok := clustered(n.In, c.Idx)
		if !ok {
			return nil, false
		}
		return n.WithInputs(in), true
	case *plan.Join:
		if n.Method == plan.StreamJoin || col >= n.L.Schema().Len() {
			return nil, false
		}
		l, ok := clustered(n.L, col)
		if !ok {
			return nil, false
		}
		return n.WithInputs(l, n.R), true
	}
	return nil, false
}
