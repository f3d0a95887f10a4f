package sql

import (
	"slices"

	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/sql/syntax"
)

var joinKinds = map[syntax.JoinKind]plan.JoinKind{
	syntax.InnerJoin: plan.Inner, syntax.LeftJoin: plan.Left, syntax.RightJoin: plan.Right, syntax.FullJoin: plan.Full,
	syntax.CrossJoin: plan.Inner, syntax.SemiJoin: plan.Semi, syntax.AntiJoin: plan.Anti,
}

func (b *binder) join(j *syntax.Join, e *env) (*relation, error) {
	l, err := b.tableRef(j.L, e)
	if err != nil {
		return nil, err
	}
	r, err := b.tableRef(j.R, e)
	if err != nil {
		return nil, err
	}
	if err := b.distinctAlias(j.R, l, r); err != nil {
		return nil, err
	}
	rel := &relation{node: &plan.Join{L: l.node, R: r.node, Kind: plan.Inner}, cols: sideBySide(l, r)}
	var on []expr.Expr
	var pairs []usingPair
	if j.On != nil {
		x := b.newExprs(e, rel, "JOIN conditions")
		x.noQuery = true
		cond, err := x.condition(j.On, "JOIN/ON")
		if err != nil {
			return nil, err
		}
		on = expr.SplitAnd(cond)
	} else if pairs, err = b.using(j, l, r); err != nil {
		return nil, err
	}
	width := l.node.Schema().Len()
	for _, p := range pairs {
		x := b.newExprs(e, rel, "JOIN/USING")
		eq, err := x.compare(p.at, "=", p.l.expr(), shift(p.r.expr(), width))
		if err != nil {
			return nil, err
		}
		on = append(on, eq)
	}
	kind := joinKinds[j.Kind]
	rel.node = joinNodes(l.node, r.node, kind, on)
	switch kind {
	case plan.Semi, plan.Anti:
		rel.cols = l.cols
		return rel, nil
	}
	return b.mergeUsing(rel, kind, pairs, width)
}

// joinNodes builds a join: equalities between the sides become keys. A right join is a left join
// with the inputs swapped and the columns put back in order.
func joinNodes(l, r plan.Node, kind plan.JoinKind, on []expr.Expr) plan.Node {
	width := l.Schema().Len()
	keys, residual := splitKeys(on, width)
	if kind != plan.Right {
		return &plan.Join{L: l, R: r, Kind: kind, Keys: keys, Residual: expr.And(residual...)}
	}
	rw := r.Schema().Len()
	swap := func(c int) int {
		if c < width {
			return c + rw
		}
		return c - width
	}
	for i, k := range keys {
		keys[i] = plan.EquiKey{L: k.R, R: k.L}
	}
	for i, e := range residual {
		residual[i] = moveColumns(e, swap)
	}
	j := &plan.Join{L: r, R: l, Kind: plan.Left, Keys: keys, Residual: expr.And(residual...)}
	p := &plan.Project{In: j}
	f := j.Schema().Fields
	for c := range f {
		at := swap(c)
		p.Exprs, p.Names = append(p.Exprs, &expr.Col{Idx: at, Name: f[at].Name, T: f[at].Type}), append(p.Names, f[at].Name)
	}
	return p
}

// splitKeys takes the equalities with one side over the first width columns and the other over the
// rest out of a list of conjuncts.
func splitKeys(on []expr.Expr, width int) (keys []plan.EquiKey, residual []expr.Expr) {
	for _, e := range on {
		c, ok := e.(*expr.Call)
		if !ok || c.Fn.Name != "=" {
			residual = append(residual, e)
			continue
		}
		switch a, b := side(c.Args[0], width), side(c.Args[1], width); {
		case a == leftSide && b == rightSide:
			keys = append(keys, plan.EquiKey{L: c.Args[0], R: shift(c.Args[1], -width)})
		case a == rightSide && b == leftSide:
			keys = append(keys, plan.EquiKey{L: c.Args[1], R: shift(c.Args[0], -width)})
		default:
			residual = append(residual, e)
		}
	}
	return keys, residual
}

const (
	noSide = iota
	leftSide
	rightSide
	bothSides
)

// side tells from which input of a join the columns of e come.
func side(e expr.Expr, width int) int {
	s := noSide
	for _, c := range expr.Columns(e) {
		if c < width {
			s |= leftSide
		} else {
			s |= rightSide
		}
	}
	return s
}

// shift adds n to the column numbers of e.
func shift(e expr.Expr, n int) expr.Expr { return moveColumns(e, func(c int) int { return c + n }) }

func moveColumns(e expr.Expr, to func(int) int) expr.Expr {
	return expr.MapColumns(e, func(c *expr.Col) expr.Expr {
		return &expr.Col{Idx: to(c.Idx), Name: c.Name, T: c.T}
	})
}

// usingPair is one column of USING or NATURAL, on both sides with their own numbers.
type usingPair struct {
	at   syntax.Node
	l, r column
}

// using finds the columns that USING names or NATURAL has in common.
func (b *binder) using(j *syntax.Join, l, r *relation) ([]usingPair, error) {
	names := j.Using
	if j.Natural {
		for _, c := range l.starItems() {
			id := syntax.Ident{Span: j.Span, Name: c.name, Quoted: true}
			if slices.ContainsFunc(r.starItems(), func(o column) bool { return o.name == c.name }) {
				names = append(names, id)
			}
		}
	}
	var out []usingPair
	for _, id := range names {
		p := usingPair{at: id}
		for _, s := range []struct {
			rel  *relation
			col  *column
			name string
		}{{l, &p.l, "left"}, {r, &p.r, "right"}} {
			c, n := s.rel.find([]syntax.Ident{id})
			switch {
			case n == 0:
				return nil, b.failHint(id, didYouMean(id.Name, s.rel.names(nil)),
					"column %q specified in USING clause does not exist in %s table", id.Name, s.name)
			case n > 1:
				return nil, b.fail(id, "common column name %q appears more than once in %s table", id.Name, s.name)
			}
			*s.col = c
		}
		out = append(out, p)
	}
	return out, nil
}

// mergeUsing puts one column for each pair before the others; the two stay reachable by qualified
// name.
func (b *binder) mergeUsing(rel *relation, kind plan.JoinKind, pairs []usingPair, width int) (*relation, error) {
	if len(pairs) == 0 {
		return rel, nil
	}
	var merged []column
	var both []expr.Expr
	total := rel.node.Schema().Len()
	for _, p := range pairs {
		lc, rc := p.l, p.r
		rc.idx += width
		for i, c := range rel.cols {
			if c.idx == lc.idx || c.idx == rc.idx {
				rel.cols[i].merged = true
			}
		}
		m := lc
		switch kind {
		case plan.Right:
			m = rc
		case plan.Full:
			e, err := expr.NewCall("coalesce", lc.expr(), rc.expr())
			if err != nil {
				return nil, b.at(p.at, err)
			}
			m.idx, m.typ = total+len(both), e.Type()
			both = append(both, e)
		}
		merged = append(merged, column{name: lc.name, idx: m.idx, typ: m.typ})
	}
	rel.cols = append(merged, rel.cols...)
	if len(both) > 0 {
		rel.node = widen(rel.node, both)
	}
	return rel, nil
}

// widen appends computed columns to a plan.
func widen(n plan.Node, es []expr.Expr) plan.Node {
	p := &plan.Project{In: n}
	for i, f := range n.Schema().Fields {
		p.Exprs, p.Names = append(p.Exprs, colOf(i, f)), append(p.Names, f.Name)
	}
	for _, e := range es {
		p.Exprs, p.Names = append(p.Exprs, e), append(p.Names, e.String())
	}
	return p
}

func colOf(i int, f vec.Field) *expr.Col { return &expr.Col{Idx: i, Name: f.Name, T: f.Type} }
