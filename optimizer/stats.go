package optimizer

import (
	"math"

	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/vec"
)

// Estimates where nothing is known. They are the usual ones (P. Selinger et al., "Access Path
// Selection in a Relational Database Management System", SIGMOD 1979).
const (
	unknownRows  = 1e6
	selEqual     = 0.1
	selRange     = 1.0 / 3
	selLike      = 0.1
	selOther     = 0.5
	groupsShare  = 0.1
	minSelective = 1e-9
)

// Estimate is the expected output of a logical plan: rows, and what is known of its columns.
func Estimate(n plan.Node) plan.Stats {
	switch n := n.(type) {
	case *plan.Scan:
		return estimateScan(n)
	case *plan.Values:
		return plan.Stats{Rows: float64(len(n.Rows)), Bytes: -1, Cols: make([]plan.ColStats, n.Schema().Len())}
	case *plan.Filter:
		return filtered(Estimate(n.In), expr.SplitAnd(n.Pred))
	case *plan.Project:
		in := Estimate(n.In)
		out := plan.Stats{Rows: in.Rows, Bytes: -1, Cols: make([]plan.ColStats, len(n.Exprs))}
		for i, e := range n.Exprs {
			if c, ok := e.(*expr.Col); ok {
				out.Cols[i] = in.Cols[c.Idx]
			}
		}
		return out
	case *plan.Aggregate:
		return estimateAggregate(n)
	case *plan.Join:
		return estimateJoin(n)
	case *plan.Limit:
		return limited(Estimate(n.In), n.N)
	case *plan.Sort:
		return limited(Estimate(n.In), n.Limit)
	case *plan.Single:
		s := Estimate(n.In)
		s.Rows = 1
		return s
	case *plan.Union:
		s := Estimate(n.Ins[0])
		for _, in := range n.Ins[1:] {
			s.Rows += Estimate(in).Rows
		}
		s.Cols = make([]plan.ColStats, n.Schema().Len())
		return s
	case *plan.Window:
		s := Estimate(n.In)
		s.Cols = append(append([]plan.ColStats{}, s.Cols...), plan.ColStats{}, plan.ColStats{}, plan.ColStats{})
		return s
	}
	if in := n.Inputs(); len(in) == 1 {
		return Estimate(in[0])
	}
	return plan.Stats{Rows: unknownRows, Bytes: -1, Cols: make([]plan.ColStats, n.Schema().Len())}
}

func limited(s plan.Stats, n int64) plan.Stats {
	if n >= 0 {
		s.Rows = min(s.Rows, float64(n))
	}
	return s
}

func estimateScan(n *plan.Scan) plan.Stats {
	t := n.Table.Stats()
	s := plan.Stats{Rows: t.Rows, Bytes: t.Bytes, Cols: make([]plan.ColStats, len(n.Cols))}
	if s.Rows < 0 {
		s.Rows = unknownRows
	}
	for i, c := range n.Cols {
		if c < len(t.Cols) {
			s.Cols[i] = t.Cols[c]
		}
	}
	return filtered(s, n.Filter)
}

func filtered(s plan.Stats, preds []expr.Expr) plan.Stats {
	out := s
	sel := allOf(preds, s)
	out.Rows = max(s.Rows*max(sel, minSelective), 1)
	out.Cols = make([]plan.ColStats, len(s.Cols))
	for i, c := range s.Cols {
		c.Distinct = min(c.Distinct, out.Rows)
		out.Cols[i] = c
	}
	return out
}

func selectivity(e expr.Expr, s plan.Stats) float64 {
	switch e := e.(type) {
	case *expr.Lit:
		if !e.Val.Null && e.Val.I != 0 {
			return 1
		}
		return 0
	case *expr.In:
		return min(1, float64(len(e.List))*equalTo(e.Arg, s))
	case *expr.Call:
		switch e.Fn.Name {
		case "and":
			return allOf(e.Args, s)
		case "or":
			p := 1.0
			for _, a := range e.Args {
				p *= 1 - selectivity(a, s)
			}
			return 1 - p
		case "not":
			return 1 - selectivity(e.Args[0], s)
		case "=":
			return max(equalTo(e.Args[0], s)*b2f(isLit(e.Args[1])), equalTo(e.Args[1], s)*b2f(isLit(e.Args[0])), minSelective)
		case "<>":
			return 1 - selEqual
		case "<", "<=", ">", ">=":
			return rangeShare(e, s)
		case "like":
			return selLike
		}
	}
	return selOther
}

// allOf is the selectivity of a conjunction. Two bounds of one column are an interval, of which each
// takes its share away; all else is taken to be independent.
func allOf(preds []expr.Expr, s plan.Stats) float64 {
	sel := 1.0
	away := map[int]float64{}
	for _, p := range preds {
		share := selectivity(p, s)
		if c, ok := boundOf(p, s); ok {
			away[c] += 1 - share
			continue
		}
		sel *= share
	}
	for _, a := range away {
		sel *= max(1-a, minSelective)
	}
	return sel
}

// boundOf is the column that e compares with a literal by order, when its range is known.
func boundOf(e expr.Expr, s plan.Stats) (col int, ok bool) {
	c, isCall := e.(*expr.Call)
	if !isCall {
		return 0, false
	}
	switch c.Fn.Name {
	case "<", "<=", ">", ">=":
		for i, a := range c.Args {
			if x, is := a.(*expr.Col); is && isLit(c.Args[1-i]) && x.Idx < len(s.Cols) && s.Cols[x.Idx].HasRange {
				return x.Idx, true
			}
		}
	}
	return 0, false
}

func b2f(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func isLit(e expr.Expr) bool { _, ok := e.(*expr.Lit); return ok }

func equalTo(e expr.Expr, s plan.Stats) float64 {
	if c, ok := e.(*expr.Col); ok && c.Idx < len(s.Cols) && s.Cols[c.Idx].Distinct > 0 {
		return 1 / s.Cols[c.Idx].Distinct
	}
	return selEqual
}

// rangeShare interpolates a comparison with a literal between the column's minimum and maximum.
func rangeShare(e *expr.Call, s plan.Stats) float64 {
	c, ok := e.Args[0].(*expr.Col)
	l, isL := e.Args[1].(*expr.Lit)
	below := e.Fn.Name == "<" || e.Fn.Name == "<="
	if !ok || !isL {
		c, ok = e.Args[1].(*expr.Col)
		l, isL = e.Args[0].(*expr.Lit)
		below = !below
	}
	if !ok || !isL || c.Idx >= len(s.Cols) || !s.Cols[c.Idx].HasRange || l.Val.Null {
		return selRange
	}
	lo, hi, x := number(s.Cols[c.Idx].Min, c.T), number(s.Cols[c.Idx].Max, c.T), number(l.Val, l.T)
	if math.IsNaN(lo) || math.IsNaN(hi) || math.IsNaN(x) || hi <= lo {
		return selRange
	}
	share := min(max((x-lo)/(hi-lo), 0), 1)
	if !below {
		share = 1 - share
	}
	return max(share, minSelective)
}

func number(v vec.Value, t vec.Type) float64 {
	switch t.Phys() {
	case vec.PhysI32, vec.PhysI64, vec.PhysBool:
		return float64(v.I) / vec.Pow10(int(t.Scale)).Float64()
	case vec.PhysF64:
		return v.F
	case vec.PhysI128:
		return v.D.Float64() / vec.Pow10(int(t.Scale)).Float64()
	}
	return math.NaN()
}

func estimateAggregate(n *plan.Aggregate) plan.Stats {
	in := Estimate(n.In)
	out := plan.Stats{Rows: 1, Bytes: -1, Cols: make([]plan.ColStats, n.Schema().Len())}
	if len(n.Keys) == 0 {
		return out
	}
	share, groups := groupsShare, 1.0
	if n.Mode == plan.AggFinal { // its input is groups already
		share = 1
	}
	for i, k := range n.Keys {
		d := in.Rows * share
		if c, ok := k.(*expr.Col); ok && c.Idx < len(in.Cols) && in.Cols[c.Idx].Distinct > 0 {
			d = in.Cols[c.Idx].Distinct
			if i < len(out.Cols) {
				out.Cols[i] = in.Cols[c.Idx]
			}
		}
		groups *= max(d, 1)
	}
	out.Rows = max(1, min(groups, in.Rows))
	return out
}

func estimateJoin(n *plan.Join) plan.Stats {
	l, r := Estimate(n.L), Estimate(n.R)
	out := plan.Stats{Bytes: -1, Cols: append(append([]plan.ColStats{}, l.Cols...), r.Cols...)}
	out.Rows = joinRows(l, r, n.Keys)
	if n.Residual != nil {
		out.Rows *= selRange
	}
	switch n.Kind {
	case plan.Semi, plan.Anti:
		out.Rows, out.Cols = max(1, l.Rows/2), l.Cols
	case plan.Mark:
		out.Rows, out.Cols = l.Rows, append(append([]plan.ColStats{}, l.Cols...), plan.ColStats{})
	case plan.Left:
		out.Rows = max(out.Rows, l.Rows)
	}
	return out
}

// joinRows is |L|·|R| over the larger number of distinct keys; a key of unknown distinct count is
// taken to be unique on the smaller side.
func joinRows(l, r plan.Stats, keys []plan.EquiKey) float64 {
	rows := l.Rows * r.Rows
	for i, k := range keys {
		d := max(distinctOf(k.L, l), distinctOf(k.R, r))
		if d == 0 {
			d = min(l.Rows, r.Rows)
		}
		if i > 0 { // further keys are rarely independent
			d = math.Sqrt(d)
		}
		rows /= max(d, 1)
	}
	return max(rows, 1)
}

func distinctOf(e expr.Expr, s plan.Stats) float64 {
	for {
		c, ok := e.(*expr.Cast)
		if !ok {
			break
		}
		e = c.Arg
	}
	if c, ok := e.(*expr.Col); ok && c.Idx < len(s.Cols) {
		return min(s.Cols[c.Idx].Distinct, s.Rows)
	}
	return 0
}
