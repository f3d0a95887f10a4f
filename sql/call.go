package sql

import (
	"errors"
	"strings"

	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/sql/syntax"
)

// funcCall binds a call of a scalar or an aggregate function.
func (x *exprs) funcCall(f *syntax.FuncCall) (expr.Expr, error) {
	name := f.Name[len(f.Name)-1].Name
	switch {
	case f.Over != nil:
		return nil, x.unsupported(f, "window function "+name+" OVER")
	case len(f.Name) > 1:
		return nil, x.fail(f, "function %s does not exist", dotted(f.Name))
	case len(f.Named) > 0:
		return nil, x.fail(f.Named[0], "function %s takes no named arguments", name)
	case len(f.OrderBy) > 0 || len(f.WithinGroup) > 0:
		return nil, x.unsupported(f, "ORDER BY in the arguments of "+name)
	case expr.IsAgg(name):
		return x.aggregate(f, name)
	case f.Star || f.Distinct || f.Filter != nil || f.IgnoreNulls:
		if _, ok := expr.Lookup(name); ok {
			return nil, x.fail(f, "%s is not an aggregate function", name)
		}
	}
	if e, err := x.windowCall(f, name); e != nil || err != nil {
		return e, err
	}
	return x.bindCall(f, name, f.Args...)
}

// aggregate registers an aggregate call with the grouping and returns its mark.
func (x *exprs) aggregate(f *syntax.FuncCall, name string) (expr.Expr, error) {
	switch {
	case x.inAgg:
		return nil, x.fail(f, "aggregate function calls cannot be nested")
	case x.group == nil:
		return nil, x.fail(f, "aggregate functions are not allowed in %s", x.clause)
	case f.Star && name != "count":
		return nil, x.failHint(f, "only count takes *", "%s(*) does not exist", name)
	}
	inner := *x
	inner.inAgg, inner.correlate = true, false
	args, err := inner.bindAll(f.Args)
	if err != nil {
		return nil, err
	}
	if len(args) == 0 && !f.Star {
		return nil, x.callError(f, name, args, expr.ErrArguments)
	}
	var filter expr.Expr
	if f.Filter != nil {
		if filter, err = inner.condition(f.Filter, "FILTER"); err != nil {
			return nil, err
		}
	}
	a, err := expr.NewAgg(name, args, f.Distinct, filter)
	if err != nil {
		return nil, x.callError(f, name, args, err)
	}
	k := x.group.add(a)
	return &expr.Col{Idx: aggBase + k, Name: a.Name, T: a.T}, nil
}

// callError says why a call could not be resolved, in PostgreSQL's words.
func (x *exprs) callError(n syntax.Node, name string, args []expr.Expr, err error) error {
	types := make([]string, len(args))
	for i, a := range args {
		types[i] = strings.ToLower(a.Type().String())
	}
	list := strings.Join(types, ", ")
	if errors.Is(err, expr.ErrBadText) || errors.Is(err, expr.ErrOverflow) {
		if l, t, ok := literalBeside(args); ok {
			return x.fail(n, "invalid input syntax for type %s: %q", strings.ToLower(t.String()), l.Val.S)
		}
	}
	var bad *expr.BadArgument
	if errors.As(err, &bad) {
		return x.failHint(n, didYouMean(strings.ToLower(bad.Word), bad.Known), "%s", bad.Why)
	}
	f, known := expr.Lookup(name)
	if errors.Is(err, expr.ErrArguments) && known && f.Infix && len(args) == 2 {
		return x.failHint(n, castHint(args), "operator does not exist: %s %s %s", types[0], strings.ToUpper(name), types[1])
	}
	switch {
	case errors.Is(err, expr.ErrNoFunction):
		if !isWord(name) {
			return x.fail(n, "operator does not exist: %s", strings.Join(types, " "+name+" "))
		}
		return x.failHint(n, didYouMean(name, functionNames()), "function %s(%s) does not exist", name, list)
	case errors.Is(err, expr.ErrArguments):
		hint := ""
		if a, ok := expr.LookupAgg(name); ok {
			hint = name + " takes (" + a.Args + ")"
		} else if known && f.Args != "" {
			hint = name + " takes (" + f.Args + ")"
		}
		return x.failHint(n, hint, "function %s(%s) does not exist", name, list)
	}
	return x.binder.at(n, err)
}

// literalBeside finds a text literal among arguments and the type that the others make it be read as.
func literalBeside(args []expr.Expr) (lit *expr.Lit, t vec.Type, ok bool) {
	for _, a := range args {
		if l, is := a.(*expr.Lit); is && l.T.Kind == vec.String && !l.Val.Null {
			lit = l
		} else if a.Type().Kind != vec.Null {
			t = a.Type()
		}
	}
	return lit, t, lit != nil && t.Kind != vec.Null
}

func castHint(args []expr.Expr) string {
	if args[0].Type().Kind == vec.String || args[1].Type().Kind == vec.String {
		return "add a cast, such as x::integer"
	}
	return ""
}

func isWord(name string) bool {
	return name != "" && (name[0] == '_' || name[0] >= 'a' && name[0] <= 'z' || name[0] >= 'A' && name[0] <= 'Z')
}

// functionNames lists what can be written as a call.
func functionNames() []string {
	var out []string
	for _, n := range expr.Names() {
		if isWord(n) {
			out = append(out, n)
		}
	}
	for _, f := range expr.AggFuncs() {
		out = append(out, f.Name)
	}
	return out
}
