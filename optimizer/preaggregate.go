package optimizer

import (
	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/vec"
)

// minPerKey is how many rows of a table a key must have, on average, for grouping them to pay.
const minPerKey = 2

// preAggregate moves the partial aggregation below an inner join, to its probe side, where it groups by
// the join's key: a match is then looked up, gathered and sent once for all rows of a key, and not once a
// row. (It is the eager group-by of W. Yan and P.-Å. Larson, "Eager Aggregation and Lazy Aggregation",
// VLDB 1995.) It is done where a scan that is clustered by the key makes it cheap: rows of a key stand
// together, and need no table. It is a pass over the physical plan.
func preAggregate(n plan.Node) plan.Node {
	return plan.Transform(n, func(n plan.Node) plan.Node {
		final, x, partial := twoPhases(n)
		if partial == nil {
			return n
		}
		if below, ok := belowJoin(partial); ok {
			return final.WithInputs(x.WithInputs(below))
		}
		return n
	})
}

// belowJoin gives what partial gives, with the aggregation below a join.
func belowJoin(partial *plan.Aggregate) (plan.Node, bool) {
	in, over := partial.In, func(e expr.Expr) expr.Expr { return e }
	for { // what projections compute is computed where it is used
		p, ok := in.(*plan.Project)
		if !ok {
			break
		}
		outer := over
		over = func(e expr.Expr) expr.Expr {
			return expr.MapColumns(outer(e), func(c *expr.Col) expr.Expr { return p.Exprs[c.Idx] })
		}
		in = p.In
	}
	j, ok := in.(*plan.Join)
	if !ok || j.Method != plan.HashJoin || j.Kind != plan.Inner || len(j.Keys) != 1 || j.Residual != nil {
		return nil, false
	}
	key, lok := j.Keys[0].L.(*expr.Col)
	other, rok := j.Keys[0].R.(*expr.Col)
	if !lok || !rok || !repeated(j, key, other) {
		return nil, false
	}
	scan, _ := origin(j.L, key.Idx)
	e := &eager{j: j, key: key, left: j.L.Schema().Len(), rows: scan.Table.Stats().Rows}
	pre, ok := e.aggregate(partial, over)
	if !ok {
		return nil, false
	}
	below := *j
	below.L = pre
	below.Keys = []plan.EquiKey{{L: &expr.Col{Idx: 0, Name: key.Name, T: key.T}, R: j.Keys[0].R}}
	return e.project(partial, over, &below)
}

// repeated tells whether the left key of an equality comes from a table that is clustered by it and has
// several rows of each value: no more values are met than the table on the right has.
func repeated(j *plan.Join, l, r *expr.Col) bool {
	left, lcol := origin(j.L, l.Idx)
	right, rcol := origin(j.R, r.Idx)
	if left == nil || right == nil {
		return false
	}
	t, ok := left.Table.(plan.ClusteredTable)
	if !ok || !t.Clustered(lcol) {
		return false
	}
	ls, rs := t.Stats(), right.Table.Stats()
	values := rs.Rows
	for _, s := range []struct {
		plan.Stats
		col int
	}{{ls, lcol}, {rs, rcol}} {
		if s.col < len(s.Cols) && s.Cols[s.col].Distinct > 0 {
			values = min(values, s.Cols[s.col].Distinct)
		}
	}
	return values > 0 && ls.Rows >= minPerKey*values
}

// origin finds the scan that column col of n comes from, and the column of its table; nil when it is
// computed.
func origin(n plan.Node, col int) (*plan.Scan, int) {
	switch n := n.(type) {
	case *plan.Scan:
		return n, n.Cols[col]
	case *plan.Filter:
		return origin(n.In, col)
	case *plan.Exchange:
		return origin(n.In, col)
	case *plan.Project:
		if c, ok := n.Exprs[col].(*expr.Col); ok {
			return origin(n.In, c.Idx)
		}
	case *plan.Join:
		if left := n.L.Schema().Len(); col < left {
			return origin(n.L, col)
		} else if n.Kind == plan.Inner || n.Kind == plan.Left {
			return origin(n.R, col-left)
		}
	}
	return nil, 0
}

// eager is a join whose left side is grouped by its key first.
type eager struct {
	j    *plan.Join
	key  *expr.Col // on the left
	left int       // columns of the left side
	rows float64   // of the table on the left, all of them
}

// aggregate is the aggregation over the join's left side; false when the aggregates need more than its
// columns, or might fail for rows that the join drops.
func (e *eager) aggregate(partial *plan.Aggregate, over func(expr.Expr) expr.Expr) (*plan.Aggregate, bool) {
	pre := &plan.Aggregate{In: e.j.L, Keys: []expr.Expr{e.key}, Names: []string{e.key.Name}, Mode: plan.AggPartial,
		States: &vec.Schema{Fields: []vec.Field{{Name: e.key.Name, Type: e.key.T}}}}
	in := Estimate(e.j.L)
	for _, g := range partial.Aggs {
		args := make([]expr.Expr, len(g.Args))
		for i, a := range g.Args {
			args[i] = over(a)
		}
		g.Args = args
		all := args
		if g.Filter != nil {
			g.Filter = over(g.Filter)
			all = append(all[:len(all):len(all)], g.Filter)
		}
		for _, x := range all {
			if !e.onLeft(x) || !neverFails(x, in) {
				return nil, false
			}
		}
		if len(args) > 0 && args[0].Type().Kind == vec.IntervalK || g.Fn == "sum" && !sumFits(args[0], in, e.rows, g.T) {
			return nil, false
		}
		pre.Aggs = append(pre.Aggs, g)
	}
	if len(pre.Aggs) == 0 {
		return nil, false
	}
	pre.States.Fields = append(pre.States.Fields, partial.States.Fields[len(partial.Keys):]...)
	return pre, true
}

func (e *eager) onLeft(x expr.Expr) bool {
	for _, c := range expr.Columns(x) {
		if c >= e.left {
			return false
		}
	}
	return true
}

// project makes the columns of partial from those of the join over the grouped side; false when its keys
// need other columns of the left side than the join's key.
func (e *eager) project(partial *plan.Aggregate, over func(expr.Expr) expr.Expr, below *plan.Join) (plan.Node, bool) {
	width := below.L.Schema().Len()
	p := &plan.Project{In: below}
	for i, k := range partial.Keys {
		ok := true
		k = expr.MapColumns(over(k), func(c *expr.Col) expr.Expr {
			switch {
			case c.Idx >= e.left:
				return &expr.Col{Idx: c.Idx - e.left + width, Name: c.Name, T: c.T}
			case c.Idx == e.key.Idx:
				return &expr.Col{Idx: 0, Name: c.Name, T: c.T}
			}
			ok = false
			return c
		})
		if !ok {
			return nil, false
		}
		p.Exprs, p.Names = append(p.Exprs, k), append(p.Names, partial.Names[i])
	}
	for i, f := range partial.States.Fields[len(partial.Keys):] {
		p.Exprs = append(p.Exprs, &expr.Col{Idx: 1 + i, Name: f.Name, T: f.Type})
		p.Names = append(p.Names, f.Name)
	}
	return p, true
}
