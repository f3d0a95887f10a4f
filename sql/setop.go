package sql

import (
	"fmt"

	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/sql/syntax"
)

// setOp binds UNION, INTERSECT and EXCEPT. The names are those of the left side.
func (b *binder) setOp(s *syntax.SetOp, e *env) (*relation, error) {
	if s.All && s.Op != syntax.Union {
		return nil, b.unsupported(s, string(s.Op)+" ALL")
	}
	l, err := b.body(s.L, e)
	if err != nil {
		return nil, err
	}
	r, err := b.body(s.R, e)
	if err != nil {
		return nil, err
	}
	types, err := b.commonTypes(s, l.node.Schema(), r.node.Schema())
	if err != nil {
		return nil, err
	}
	ln, err := b.castTo(s.L, l.node, types)
	if err != nil {
		return nil, err
	}
	rn, err := b.castTo(s.R, r.node, types)
	if err != nil {
		return nil, err
	}
	if s.Op == syntax.Union {
		u := plan.Node(&plan.Union{Ins: []plan.Node{ln, rn}})
		if left, ok := ln.(*plan.Union); ok {
			u = &plan.Union{Ins: append(append([]plan.Node{}, left.Ins...), rn)}
		}
		if !s.All {
			u = distinct(u)
		}
		return newRelation(u, nil), nil
	}
	return newRelation(inBoth(ln, rn, s.Op == syntax.Except), nil), nil
}

// commonTypes are the types of the columns of a set operation.
func (b *binder) commonTypes(s *syntax.SetOp, l, r *vec.Schema) ([]vec.Type, error) {
	if l.Len() != r.Len() {
		return nil, b.fail(s.R, "each %s query must have the same number of columns (%d and %d)", s.Op, l.Len(), r.Len())
	}
	out := make([]vec.Type, l.Len())
	for i := range out {
		t, ok := expr.Common(l.Fields[i].Type, r.Fields[i].Type)
		if !ok {
			return nil, b.fail(s.R, "%s types %s and %s of column %d cannot be matched", s.Op, l.Fields[i].Type, r.Fields[i].Type, i+1)
		}
		out[i] = t
	}
	return out, nil
}

// castTo gives the columns of a plan the types.
func (b *binder) castTo(at syntax.Node, n plan.Node, types []vec.Type) (plan.Node, error) {
	fields := n.Schema().Fields
	same := true
	for i, t := range types {
		same = same && fields[i].Type == t
	}
	if same {
		return n, nil
	}
	p, ok := n.(*plan.Project)
	out := &plan.Project{In: n}
	if ok {
		out.In = p.In
	}
	for i, t := range types {
		var e expr.Expr = colOf(i, fields[i])
		if ok {
			e = p.Exprs[i]
		}
		c, err := expr.NewCast(e, t)
		if err != nil {
			return nil, b.at(at, fmt.Errorf("column %d: %w", i+1, err))
		}
		out.Exprs, out.Names = append(out.Exprs, c), append(out.Names, fields[i].Name)
	}
	return out, nil
}

// inBoth gives the distinct rows of l that are in r or, with except, are not. NULLs are equal here,
// so it groups the rows of both sides and counts from which they come.
func inBoth(l, r plan.Node, except bool) plan.Node {
	fields := l.Schema().Fields
	tag := func(n plan.Node, right bool) plan.Node { return widen(n, []expr.Expr{expr.Bool(right)}) }
	u := &plan.Union{Ins: []plan.Node{tag(l, false), tag(r, true)}}
	isRight := &expr.Col{Idx: len(fields), Name: "right", T: vec.TBool}
	g := &grouping{}
	for i, f := range fields {
		g.keys, g.names = append(g.keys, colOf(i, f)), append(g.names, f.Name)
	}
	all := expr.Agg{Fn: "bool_and", Args: []expr.Expr{isRight}, T: vec.TBool, Name: "all_right"}
	some := expr.Agg{Fn: "bool_or", Args: []expr.Expr{isRight}, T: vec.TBool, Name: "some_right"}
	a := aggregate(u, g.keys, g.names, []expr.Agg{all, some})
	someCol := expr.Expr(&expr.Col{Idx: len(fields) + 1, Name: some.Name, T: vec.TBool})
	pred := not(&expr.Col{Idx: len(fields), Name: all.Name, T: vec.TBool})
	if except {
		pred = not(someCol)
	} else {
		pred = expr.And(pred, someCol)
	}
	p := &plan.Project{In: &plan.Filter{In: a, Pred: pred}}
	for i, f := range fields {
		p.Exprs, p.Names = append(p.Exprs, colOf(i, f)), append(p.Names, f.Name)
	}
	return p
}

// not negates a BOOLEAN.
func not(e expr.Expr) expr.Expr {
	f, _ := expr.Lookup("not")
	return &expr.Call{Fn: f, Args: []expr.Expr{e}, T: vec.TBool}
}

// values binds VALUES: constant rows whose columns are column1, column2, ….
func (b *binder) values(v *syntax.Values, e *env) (*relation, error) {
	n, err := b.valueRows(v, e, nil)
	if err != nil {
		return nil, err
	}
	return newRelation(n, nil), nil
}

// valueRows evaluates the rows of VALUES. types are the types that the columns must get, with the
// casts of an assignment; nil finds a common type for each.
func (b *binder) valueRows(v *syntax.Values, e *env, types []vec.Type) (*plan.Values, error) {
	width := len(v.Rows[0])
	cols := make([][]expr.Expr, width)
	for _, row := range v.Rows {
		if len(row) != width {
			return nil, b.fail(row[0], "VALUES lists must all be the same length")
		}
		for c, s := range row {
			l, err := b.fold(e, s, "VALUES")
			if err != nil {
				return nil, err
			}
			cols[c] = append(cols[c], l)
		}
	}
	out := &plan.Values{Out: &vec.Schema{}, Rows: make([][]vec.Value, len(v.Rows))}
	for r := range out.Rows {
		out.Rows[r] = make([]vec.Value, width)
	}
	for c, col := range cols {
		var err error
		if types == nil {
			col, err = expr.Unify(col)
			if err != nil {
				return nil, b.at(v.Rows[0][c], err)
			}
		} else {
			for r := range col {
				if col[r], err = b.assign(v.Rows[r][c], col[r], types[c], fmt.Sprintf("column%d", c+1)); err != nil {
					return nil, err
				}
			}
		}
		for r := range col {
			l, err := expr.Fold(col[r])
			if err != nil {
				return nil, b.at(v.Rows[r][c], err)
			}
			out.Rows[r][c] = l.Val
		}
		out.Out.Fields = append(out.Out.Fields, vec.Field{Name: fmt.Sprintf("column%d", c+1), Type: col[0].Type()})
	}
	return out, nil
}
