package optimizer

import (
	"github.com/riffle-io/riffle/dataflow/plan"
)

// topNMax is the largest limit for which a top-n is kept in memory instead of a sort.
const topNMax = 100_000

// topN turns LIMIT over a sort into a top-n, also through a projection, and pushes a limit below
// projections.
func topN(n plan.Node) (plan.Node, bool) {
	l, ok := n.(*plan.Limit)
	if !ok || l.N < 0 {
		return n, false
	}
	switch in := l.In.(type) {
	case *plan.Sort:
		if in.Limit < 0 && l.N+l.Offset <= topNMax {
			return &plan.Sort{In: in.In, Keys: in.Keys, Limit: l.N, Offset: l.Offset}, true
		}
	case *plan.Project:
		return in.WithInputs(&plan.Limit{In: in.In, N: l.N, Offset: l.Offset}), true
	}
	return n, false
}
