package sql

import (
	"strconv"
	"strings"

	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/sql/syntax"
)

func (x *exprs) unary(e *syntax.Unary) (expr.Expr, error) {
	if l, ok := e.X.(*syntax.Literal); ok && e.Op == syntax.OpNeg &&
		(l.Kind == syntax.IntLit || l.Kind == syntax.DecimalLit || l.Kind == syntax.FloatLit) {
		return x.number(e, "-"+l.Text)
	}
	if e.Op == syntax.OpNot {
		arg, err := x.condition(e.X, "NOT")
		if err != nil {
			return nil, err
		}
		return x.call(e, "not", arg)
	}
	arg, err := x.bind(e.X)
	if err != nil {
		return nil, err
	}
	if e.Op == syntax.OpNeg {
		neg, err := x.call(e, "negate", arg)
		return foldConst(neg), err
	}
	if !arg.Type().IsNumeric() && arg.Type().Kind != vec.IntervalK {
		return nil, x.fail(e, "operator does not exist: + %s", strings.ToLower(arg.Type().String()))
	}
	return arg, nil
}

func (x *exprs) binary(e *syntax.Binary) (expr.Expr, error) {
	if e.Op == syntax.OpAnd || e.Op == syntax.OpOr {
		return x.logic(e)
	}
	l, err := x.bind(e.L)
	if err != nil {
		return nil, err
	}
	r, err := x.bind(e.R)
	if err != nil {
		return nil, err
	}
	switch e.Op {
	case syntax.OpEq, syntax.OpNe, syntax.OpLt, syntax.OpLe, syntax.OpGt, syntax.OpGe:
		return x.compare(e, string(e.Op), l, r)
	case syntax.OpAdd, syntax.OpSub, syntax.OpMul:
		l, r = narrow(l, r.Type()), narrow(r, l.Type())
	case syntax.OpPow:
		if _, ok := expr.Lookup("^"); !ok {
			return x.call(e, "power", l, r)
		}
	}
	return x.call(e, string(e.Op), l, r)
}

// logic joins a chain of AND or OR to one call.
func (x *exprs) logic(e *syntax.Binary) (expr.Expr, error) {
	var args []expr.Expr
	for _, s := range chain(e, e.Op) {
		a, err := x.condition(s, string(e.Op))
		if err != nil {
			return nil, err
		}
		args = append(args, a)
	}
	return x.call(e, strings.ToLower(string(e.Op)), args...)
}

// compare builds l op r. A constant takes the type of the other side when it fits without loss, so
// that comparisons of a column with a constant can be answered from statistics.
func (x *exprs) compare(n syntax.Node, op string, l, r expr.Expr) (expr.Expr, error) {
	l, r = align(foldConst(l), foldConst(r))
	return x.call(n, op, l, r)
}

// align gives a literal the type of the expression it meets, when it loses nothing by that.
func align(l, r expr.Expr) (expr.Expr, expr.Expr) {
	ll, lok := l.(*expr.Lit)
	rl, rok := r.(*expr.Lit)
	switch {
	case rok && !lok:
		return l, fit(rl, l.Type())
	case lok && !rok:
		return fit(ll, r.Type()), r
	}
	return l, r
}

// fit is l as a value of t, or l itself when that would change it.
func fit(l *expr.Lit, t vec.Type) expr.Expr {
	number := l.T.IsNumeric() && t.IsNumeric() && t.Kind != vec.Float32
	clock := l.T.Kind == vec.Time || t.Kind == vec.Time
	if l.T == t || l.Val.Null || !number && (!l.T.IsTemporal() || !t.IsTemporal() || clock) {
		return l
	}
	c, err := expr.NewCast(l, t)
	if err != nil {
		return l
	}
	back, err := expr.NewCast(c, l.T)
	if err != nil {
		return l
	}
	if b, ok := back.(*expr.Lit); !ok || vec.CompareValues(l.T, b.Val, l.Val) != 0 {
		return l
	}
	return c
}

// narrow makes an integer literal beside a DECIMAL a DECIMAL of just its digits, which keeps results
// in 64 bits where the type INTEGER would count ten digits.
func narrow(e expr.Expr, other vec.Type) expr.Expr {
	l, ok := e.(*expr.Lit)
	if !ok || !l.T.IsInteger() || other.Kind != vec.Decimal || l.Val.Null {
		return e
	}
	digits := len(strings.TrimPrefix(strconv.FormatInt(l.Val.I, 10), "-"))
	if c, err := expr.NewCast(l, vec.TDecimal(digits, 0)); err == nil {
		return c
	}
	return e
}

// foldConst evaluates a constant. What fails is left for the rows that need it, and functions
// without arguments (the clock) for the start of the query.
func foldConst(e expr.Expr) expr.Expr {
	if e == nil || !expr.IsConst(e) {
		return e
	}
	clock := false
	expr.Walk(e, func(e expr.Expr) bool {
		c, ok := e.(*expr.Call)
		clock = clock || ok && len(c.Args) == 0
		return !clock
	})
	if clock {
		return e
	}
	l, err := expr.Fold(e)
	if err != nil {
		return e
	}
	return l
}

// predicate binds the tests that are not written as functions or infix operators; nil for other
// expressions.
func (x *exprs) predicate(e syntax.Expr) (expr.Expr, error) {
	var out expr.Expr
	var err error
	not := false
	switch e := e.(type) {
	case *syntax.IsNull:
		name := "is_null"
		if e.Not {
			name = "is_not_null"
		}
		return x.bindCall(e, name, e.X)
	case *syntax.IsBool:
		not = e.Not
		out, err = x.isBool(e)
	case *syntax.IsDistinct:
		return x.isDistinct(e)
	case *syntax.Between:
		not = e.Not
		out, err = x.between(e)
	case *syntax.InList:
		not = e.Not
		out, err = x.inList(e)
	case *syntax.Like:
		not = e.Not
		name := "like"
		if e.FoldCase {
			name = "ilike"
		}
		out, err = x.bindCall(e, name, present(e.X, e.Pattern, e.Escape)...)
	default:
		return nil, nil
	}
	if err != nil || !not {
		return out, err
	}
	return x.call(e, "not", out)
}

func (x *exprs) isBool(e *syntax.IsBool) (expr.Expr, error) {
	arg, err := x.condition(e.X, "IS "+e.Value)
	if err != nil {
		return nil, err
	}
	return x.call(e, map[string]string{"TRUE": "is_true", "FALSE": "is_false", "UNKNOWN": "is_null"}[e.Value], arg)
}

func (x *exprs) isDistinct(e *syntax.IsDistinct) (expr.Expr, error) {
	args, err := x.bindAll([]syntax.Expr{e.L, e.R})
	if err != nil {
		return nil, err
	}
	name := "is_distinct_from"
	if e.Not {
		name = "is_not_distinct_from"
	}
	l, r := align(foldConst(args[0]), foldConst(args[1]))
	return x.call(e, name, l, r)
}

func (x *exprs) between(e *syntax.Between) (expr.Expr, error) {
	args, err := x.bindAll([]syntax.Expr{e.X, e.Lo, e.Hi})
	if err != nil {
		return nil, err
	}
	inside := func(lo, hi expr.Expr) (expr.Expr, error) {
		a, err := x.compare(e, ">=", args[0], lo)
		if err != nil {
			return nil, err
		}
		b, err := x.compare(e, "<=", args[0], hi)
		if err != nil {
			return nil, err
		}
		return expr.And(a, b), nil
	}
	out, err := inside(args[1], args[2])
	if err != nil || !e.Symmetric {
		return out, err
	}
	swapped, err := inside(args[2], args[1])
	if err != nil {
		return nil, err
	}
	return x.call(e, "or", out, swapped)
}

func (x *exprs) inList(e *syntax.InList) (expr.Expr, error) {
	arg, err := x.bind(e.X)
	if err != nil {
		return nil, err
	}
	list, err := x.bindAll(e.List)
	if err != nil {
		return nil, err
	}
	for i := range list {
		_, list[i] = align(arg, foldConst(list[i]))
	}
	in, err := expr.NewIn(arg, list)
	return in, x.binder.at(e, err)
}
