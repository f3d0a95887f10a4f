package optimizer

import (
	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/plan"
)

// windowEnds finds a pair of join keys that are both the end of a window whose rows are final: once
// the watermark has passed it, neither side gets such rows any more, and those that are kept can go.
func windowEnds(j *plan.Join) *[2]int {
	for _, k := range j.Keys {
		l, lok := k.L.(*expr.Col)
		r, rok := k.R.(*expr.Col)
		if lok && rok && finalWindowEnd(j.L, l.Idx) && finalWindowEnd(j.R, r.Idx) {
			return &[2]int{l.Idx, r.Idx}
		}
	}
	return nil
}

// finalWindowEnd tells whether column col of n is the window's end in the result of a windowed
// aggregation. Its late rows were set aside before.
func finalWindowEnd(n plan.Node, col int) bool {
	switch n := n.(type) {
	case *plan.Project:
		c, ok := n.Exprs[col].(*expr.Col)
		return ok && finalWindowEnd(n.In, c.Idx)
	case *plan.Aggregate:
		return n.Window != nil && col == n.Window.End
	case *plan.Filter, *plan.Exchange:
		return finalWindowEnd(n.Inputs()[0], col)
	}
	return false
}
