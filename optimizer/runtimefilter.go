package optimizer

import (
	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/vec"
)

// runtimeFilters makes scans on the probe side of an inner or semi hash join drop rows whose key the
// build side does not have. It is the last pass, over the physical plan: a scan waits for the build
// side then, which it would do anyway unless an exchange lies between.
//
// A key goes down through whatever keeps the rows apart by it: projections that pass it on, filters,
// the left side of any join, the right side of inner joins, groupings by it, exchanges; and from one
// side of an inner or semi join to the other when it is a key of that join too. A build side that is
// a whole table filters nothing worth the look-ups.
func runtimeFilters(n plan.Node) plan.Node {
	f := &filterPass{}
	return f.walk(n)
}

type filterPass struct{ last int }

func (f *filterPass) walk(n plan.Node) plan.Node {
	if j, ok := n.(*plan.Join); ok && j.Method == plan.HashJoin && (j.Kind == plan.Inner || j.Kind == plan.Semi) && reduced(j.R) {
		n = f.use(j)
	}
	in := n.Inputs()
	if len(in) == 0 {
		return n
	}
	out, changed := make([]plan.Node, len(in)), false
	for i, c := range in {
		out[i] = f.walk(c)
		changed = changed || out[i] != c
	}
	if !changed {
		return n
	}
	return n.WithInputs(out...)
}

// use sends the keys of a join's build side down its probe side.
func (f *filterPass) use(j *plan.Join) plan.Node {
	out := *j
	out.Filters = make([]int, len(j.Keys))
	used := false
	for i, k := range j.Keys {
		c, ok := k.L.(*expr.Col)
		if !ok || !filterType(k.L.Type()) || k.L.Type() != k.R.Type() {
			continue
		}
		l, ok := sendKey(out.L, c.Idx, f.last+1)
		if ok {
			f.last++
			out.L, out.Filters[i], used = l, f.last, true
		}
	}
	if !used {
		return j
	}
	return &out
}

func filterType(t vec.Type) bool { return t.Phys() == vec.PhysI32 || t.Phys() == vec.PhysI64 }

// sendKey puts filter number on the scans that column col of n comes from; false when there is none.
func sendKey(n plan.Node, col, number int) (plan.Node, bool) {
	switch n := n.(type) {
	case *plan.Scan:
		t, ok := n.Table.(interface{ AppliesFilters() bool })
		if !ok || !t.AppliesFilters() || n.Table.Unbounded() || n.Limit >= 0 {
			return n, false
		}
		c := *n
		c.KeyCols = append(append([]plan.KeyCol{}, n.KeyCols...), plan.KeyCol{Col: col, Filter: number})
		return &c, true
	case *plan.Filter, *plan.Exchange:
		return sendInto(n, 0, col, number)
	case *plan.Project:
		if c, ok := n.Exprs[col].(*expr.Col); ok {
			return sendInto(n, 0, c.Idx, number)
		}
	case *plan.Aggregate:
		if col < len(n.Keys) && n.Window == nil && !n.Updating {
			if c, ok := n.Keys[col].(*expr.Col); ok {
				return sendInto(n, 0, c.Idx, number)
			}
		}
	case *plan.Join:
		return sendIntoJoin(n, col, number)
	}
	return n, false
}

func sendInto(n plan.Node, input, col, number int) (plan.Node, bool) {
	in := append([]plan.Node{}, n.Inputs()...)
	c, ok := sendKey(in[input], col, number)
	if !ok {
		return n, false
	}
	in[input] = c
	return n.WithInputs(in...), true
}

func sendIntoJoin(j *plan.Join, col, number int) (plan.Node, bool) {
	if j.Method == plan.StreamJoin {
		return j, false
	}
	left := j.L.Schema().Len()
	l, r := col, -1
	both := j.Kind == plan.Inner || j.Kind == plan.Semi
	if col >= left {
		if j.Kind != plan.Inner {
			return j, false
		}
		l, r = -1, col-left
	}
	for _, k := range j.Keys {
		kl, lok := k.L.(*expr.Col)
		kr, rok := k.R.(*expr.Col)
		if !both || !lok || !rok || kl.T != kr.T {
			continue
		}
		switch {
		case kl.Idx == l && r < 0:
			r = kr.Idx
		case kr.Idx == r && l < 0:
			l = kl.Idx
		}
	}
	var out plan.Node = j
	var lok, rok bool
	if l >= 0 {
		out, lok = sendInto(out, 0, l, number)
	}
	if r >= 0 {
		out, rok = sendInto(out, 1, r, number)
	}
	return out, lok || rok
}

// reduced tells whether n may lack keys that its tables have.
func reduced(n plan.Node) bool {
	switch n := n.(type) {
	case *plan.Scan:
		return len(n.Filter) > 0 || len(n.KeyCols) > 0
	case *plan.Filter, *plan.Limit, *plan.Values:
		return true
	case *plan.Sort:
		return n.Limit >= 0 || reduced(n.In)
	case *plan.Join:
		return n.Kind == plan.Semi || n.Kind == plan.Anti || reduced(n.L) || n.Kind == plan.Inner && reduced(n.R)
	}
	for _, c := range n.Inputs() {
		if reduced(c) {
			return true
		}
	}
	return false
}
