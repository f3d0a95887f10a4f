package sql

import (
	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/sql/syntax"
)

// operands lists the expressions directly below e. Subqueries are not entered.
func operands(e syntax.Expr) []syntax.Expr {
	switch e := e.(type) {
	case *syntax.Unary:
		return []syntax.Expr{e.X}
	case *syntax.Binary:
		return []syntax.Expr{e.L, e.R}
	case *syntax.IsNull:
		return []syntax.Expr{e.X}
	case *syntax.IsBool:
		return []syntax.Expr{e.X}
	case *syntax.IsDistinct:
		return []syntax.Expr{e.L, e.R}
	case *syntax.Between:
		return []syntax.Expr{e.X, e.Lo, e.Hi}
	case *syntax.InList:
		return append([]syntax.Expr{e.X}, e.List...)
	case *syntax.InQuery:
		return []syntax.Expr{e.X}
	case *syntax.Quantified:
		return present(e.X, e.Array)
	case *syntax.Like:
		return present(e.X, e.Pattern, e.Escape)
	case *syntax.Case:
		out := present(e.Operand)
		for _, w := range e.Whens {
			out = append(out, w.Cond, w.Result)
		}
		return append(out, present(e.Else)...)
	case *syntax.Cast:
		return []syntax.Expr{e.X}
	case *syntax.Extract:
		return []syntax.Expr{e.X}
	case *syntax.AtTimeZone:
		return []syntax.Expr{e.X, e.Zone}
	case *syntax.FuncCall:
		out := append([]syntax.Expr{}, e.Args...)
		for _, n := range e.Named {
			out = append(out, n.Value)
		}
		return append(out, present(e.Filter)...)
	case *syntax.Row:
		return e.Elems
	case *syntax.Array:
		return e.Elems
	case *syntax.Index:
		return []syntax.Expr{e.X, e.I}
	case *syntax.Field:
		return []syntax.Expr{e.X}
	}
	return nil
}

func present(es ...syntax.Expr) []syntax.Expr {
	var out []syntax.Expr
	for _, e := range es {
		if e != nil {
			out = append(out, e)
		}
	}
	return out
}

// contains tells whether e or something below it satisfies is. Subqueries are not entered.
func contains(e syntax.Expr, is func(syntax.Expr) bool) bool {
	if e == nil {
		return false
	}
	if is(e) {
		return true
	}
	for _, x := range operands(e) {
		if contains(x, is) {
			return true
		}
	}
	return false
}

func isAggregate(e syntax.Expr) bool {
	f, ok := e.(*syntax.FuncCall)
	return ok && f.Over == nil && len(f.Name) == 1 && expr.IsAgg(f.Name[0].Name)
}

func isSubquery(e syntax.Expr) bool {
	switch e := e.(type) {
	case *syntax.Subquery, *syntax.Exists, *syntax.InQuery:
		return true
	case *syntax.Quantified:
		return e.Query != nil
	}
	return false
}

// chain lists the operands of a chain of one operator, in order.
func chain(e syntax.Expr, op syntax.BinaryOp) []syntax.Expr {
	var reversed []syntax.Expr
	for {
		b, ok := e.(*syntax.Binary)
		if !ok || b.Op != op {
			break
		}
		if r, ok := b.R.(*syntax.Binary); ok && r.Op == op {
			right := chain(b.R, op)
			for i := len(right) - 1; i >= 0; i-- {
				reversed = append(reversed, right[i])
			}
		} else {
			reversed = append(reversed, b.R)
		}
		e = b.L
	}
	out := []syntax.Expr{e}
	for i := len(reversed) - 1; i >= 0; i-- {
		out = append(out, reversed[i])
	}
	return out
}
