package optimizer

import (
	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/plan"
)

// pushSemi moves a semi or anti join below the node on its left: through a projection, and below an
// inner join to the side that has the keys. Where an equality of the inner join makes both sides
// have them, the side with fewer rows gets it.
func pushSemi(n plan.Node) (plan.Node, bool) {
	s, ok := n.(*plan.Join)
	if !ok || s.Kind != plan.Semi && s.Kind != plan.Anti || s.Residual != nil || s.NullAware || len(s.Keys) == 0 || plan.Unbounded(s) {
		return n, false
	}
	switch in := s.L.(type) {
	case *plan.Project:
		keys := make([]plan.EquiKey, len(s.Keys))
		for i, k := range s.Keys {
			for _, c := range expr.Columns(k.L) {
				if !cheap(in.Exprs[c]) {
					return n, false
				}
			}
			keys[i] = plan.EquiKey{L: substitute(k.L, in.Exprs), R: k.R}
		}
		return in.WithInputs(semiOver(s, in.In, keys)), true
	case *plan.Join:
		if in.Kind == plan.Inner {
			return semiBelowJoin(s, in)
		}
	}
	return n, false
}

func semiOver(s *plan.Join, in plan.Node, keys []plan.EquiKey) plan.Node {
	c := *s
	c.L, c.Keys = in, keys
	return &c
}

func semiBelowJoin(s, j *plan.Join) (plan.Node, bool) {
	left := j.L.Schema().Len()
	l, lok := keysOnSide(s, j, left, true)
	r, rok := keysOnSide(s, j, left, false)
	if lok && rok && Estimate(j.R).Rows < Estimate(j.L).Rows {
		lok = false
	}
	out := *j
	switch {
	case lok:
		out.L = semiOver(s, j.L, l)
	case rok:
		out.R = semiOver(s, j.R, r)
	default:
		return s, false
	}
	return &out, true
}

// keysOnSide writes the semi join's keys over one side of the inner join, if they can be.
func keysOnSide(s, j *plan.Join, left int, onLeft bool) ([]plan.EquiKey, bool) {
	var out []plan.EquiKey
	for _, k := range s.Keys {
		e, ok := overSide(k.L, j, left, onLeft)
		if !ok {
			return nil, false
		}
		out = append(out, plan.EquiKey{L: e, R: k.R})
	}
	return out, true
}

func overSide(e expr.Expr, j *plan.Join, left int, onLeft bool) (expr.Expr, bool) {
	ls, rs := side(e, left)
	switch {
	case onLeft && ls && !rs:
		return e, true
	case !onLeft && rs && !ls:
		return shift(e, -left), true
	case ls && rs:
		return nil, false
	}
	for _, k := range j.Keys { // the other side's equal
		switch {
		case onLeft && rs && expr.Equal(shift(k.R, left), e) && k.L.Type() == e.Type():
			return k.L, true
		case !onLeft && ls && expr.Equal(k.L, e) && k.R.Type() == e.Type():
			return k.R, true
		}
	}
	return nil, false
}
