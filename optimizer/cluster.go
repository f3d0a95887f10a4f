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
		_, x, partial := twoPhases(n)
		if partial == nil || x.Kind != plan.HashBy {
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

// twoPhases takes apart an aggregation of an input that ends into its final part, the exchange below and the
// partial part; nil when n is none.
func twoPhases(n plan.Node) (final *plan.Aggregate, x *plan.Exchange, partial *plan.Aggregate) {
	final, ok := n.(*plan.Aggregate)
	if !ok || final.Mode != plan.AggFinal || final.Window != nil || final.Updating {
		return nil, nil, nil
	}
	if x, ok = final.In.(*plan.Exchange); !ok {
		return nil, nil, nil
	}
	if partial, ok = x.In.(*plan.Aggregate); !ok || partial.Mode != plan.AggPartial {
		return nil, nil, nil
	}
	return final, x, partial
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
