package sql

import (
	"strings"

	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/sql/syntax"
)

// exprs binds expressions over a relation.
type exprs struct {
	*binder
	env    *env
	rel    *relation
	clause string // for messages: "WHERE"

	aliases   map[string]syntax.Expr // of the select list, for names that no column has
	group     *grouping              // takes aggregates; nil where there are none
	inAgg     bool                   // inside the arguments of an aggregate
	correlate bool                   // columns of the query around are allowed
	noQuery   bool                   // subqueries are not allowed
	win       *shortWindow           // of GROUP BY TUMBLE(…); nil without
	at        map[*expr.Col]syntax.Node
	pendingAt syntax.Node // subquery whose outer columns are being rewritten
}

func (b *binder) newExprs(env *env, rel *relation, clause string) *exprs {
	return &exprs{binder: b, env: env, rel: rel, clause: clause, at: map[*expr.Col]syntax.Node{}}
}

// bindAll binds several expressions.
func (x *exprs) bindAll(es []syntax.Expr) ([]expr.Expr, error) {
	out := make([]expr.Expr, len(es))
	for i, e := range es {
		var err error
		if out[i], err = x.bind(e); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// condition binds e, which must be BOOLEAN; what names it in the message.
func (x *exprs) condition(e syntax.Expr, what string) (expr.Expr, error) {
	c, err := x.bind(e)
	if err != nil {
		return nil, err
	}
	return x.boolean(e, c, what)
}

func (x *exprs) boolean(n syntax.Node, e expr.Expr, what string) (expr.Expr, error) {
	if l, ok := e.(*expr.Lit); ok && l.T.Kind == vec.String && !l.Val.Null {
		return x.parse(n, l.Val.S, vec.TBool)
	}
	if k := e.Type().Kind; k != vec.Bool && k != vec.Null {
		return nil, x.fail(n, "argument of %s must be type boolean, not type %s", what, strings.ToLower(e.Type().String()))
	}
	return expr.NewCast(e, vec.TBool)
}

// call resolves a function; an error gets the place n.
func (x *exprs) call(n syntax.Node, name string, args ...expr.Expr) (expr.Expr, error) {
	e, err := expr.NewCall(name, args...)
	if err != nil {
		return nil, x.callError(n, name, args, err)
	}
	return e, nil
}

// bind is the expression for e over the columns of the relation.
func (x *exprs) bind(e syntax.Expr) (expr.Expr, error) {
	switch e := e.(type) {
	case *syntax.ColumnRef:
		return x.columnRef(e)
	case *syntax.Literal:
		return x.literal(e)
	case *syntax.TypedLiteral:
		t, err := x.typ(e.Type)
		if err != nil {
			return nil, err
		}
		return x.parse(e, e.Text, t)
	case *syntax.Interval:
		return x.interval(e)
	case *syntax.Param:
		v, ok := x.opts.Params[e.Name]
		if !ok {
			return nil, x.failHint(e, "give it with -p "+e.Name+"=VALUE", "there is no parameter $%s", e.Name)
		}
		return expr.Str(v), nil
	case *syntax.Unary:
		return x.unary(e)
	case *syntax.Binary:
		return x.binary(e)
	case *syntax.Case:
		return x.caseOf(e)
	case *syntax.Cast:
		return x.cast(e)
	case *syntax.FuncCall:
		return x.funcCall(e)
	case *syntax.Extract:
		return x.bindCall(e, "extract", &syntax.Literal{Kind: syntax.StringLit, Text: e.Field}, e.X)
	case *syntax.AtTimeZone:
		return nil, x.unsupported(e, "AT TIME ZONE")
	case *syntax.Subquery, *syntax.Exists, *syntax.InQuery, *syntax.Quantified:
		return x.subquery(e)
	case *syntax.Star:
		return nil, x.fail(e, "* is not an expression")
	}
	if p, err := x.predicate(e); p != nil || err != nil {
		return p, err
	}
	return nil, x.unsupportedExpr(e)
}

func (x *exprs) unsupportedExpr(e syntax.Expr) error {
	switch e.(type) {
	case *syntax.Array, *syntax.Index:
		return x.unsupported(e, "ARRAY")
	case *syntax.Row, *syntax.Field:
		return x.unsupported(e, "ROW")
	case *syntax.TableArg, *syntax.Descriptor:
		return x.fail(e, "%s belongs into the arguments of a table function", syntax.Format(e))
	}
	return x.unsupported(e, "this expression")
}

func (x *exprs) bindCall(n syntax.Node, name string, args ...syntax.Expr) (expr.Expr, error) {
	bound, err := x.bindAll(args)
	if err != nil {
		return nil, err
	}
	return x.call(n, name, bound...)
}

// columnRef resolves a name: a column, an alias of the select list, a column of the query around.
func (x *exprs) columnRef(e *syntax.ColumnRef) (expr.Expr, error) {
	c, n := x.rel.find(e.Parts)
	if n > 1 {
		return nil, x.fail(e, "column reference %q is ambiguous", dotted(e.Parts))
	}
	if n == 1 {
		col := c.expr()
		x.at[col] = e
		return col, nil
	}
	if a, ok := x.aliases[e.Parts[0].Name]; ok && len(e.Parts) == 1 {
		inner := *x
		inner.aliases = nil
		return inner.bind(a)
	}
	for level, r := 1, x.rel.outer; r != nil; level, r = level+1, r.outer {
		c, n := r.find(e.Parts)
		switch {
		case n > 1:
			return nil, x.fail(e, "column reference %q is ambiguous", dotted(e.Parts))
		case n == 0:
			continue
		case level > 1:
			return nil, x.fail(e, "column %q belongs to a query more than one level up, which is not supported yet", dotted(e.Parts))
		case !x.correlate:
			return nil, x.fail(e, "column %q of the query around can be used only in the WHERE clause of this subquery", dotted(e.Parts))
		}
		return &expr.Col{Idx: outerBase + c.idx, Name: dotted(e.Parts), T: c.typ}, nil
	}
	return nil, x.noColumn(e)
}

func (x *exprs) noColumn(e *syntax.ColumnRef) error {
	last := len(e.Parts) - 1
	q := e.Parts[:last]
	if last > 0 && !x.rel.hasTable(q) {
		if c, n := x.rel.find(q[:1]); n > 0 {
			return x.fail(e, "column notation .%s applied to type %s, which is not a composite type", e.Parts[last].Name, strings.ToLower(c.typ.String()))
		}
		return x.failHint(span(q[0], q[len(q)-1]), didYouMean(dotted(q), x.rel.tables()),
			"missing FROM-clause entry for table %q", dotted(q))
	}
	hint := didYouMean(e.Parts[last].Name, x.rel.names(q))
	if hint == "" {
		var aliases []string
		for a := range x.aliases {
			aliases = append(aliases, a)
		}
		hint = didYouMean(e.Parts[last].Name, aliases)
	}
	if last > 0 {
		return x.failHint(e, hint, "column %s does not exist", dotted(e.Parts))
	}
	return x.failHint(e, hint, "column %q does not exist", e.Parts[last].Name)
}

func (x *exprs) caseOf(e *syntax.Case) (expr.Expr, error) {
	var operand expr.Expr
	var err error
	if e.Operand != nil {
		if operand, err = x.bind(e.Operand); err != nil {
			return nil, err
		}
	}
	var whens []expr.When
	for _, w := range e.Whens {
		cond, err := x.bind(w.Cond)
		if err == nil && operand != nil {
			cond, err = x.compare(w.Cond, "=", operand, cond)
		} else if err == nil {
			cond, err = x.boolean(w.Cond, cond, "CASE/WHEN")
		}
		if err != nil {
			return nil, err
		}
		then, err := x.bind(w.Result)
		if err != nil {
			return nil, err
		}
		whens = append(whens, expr.When{Cond: cond, Then: then})
	}
	var els expr.Expr
	if e.Else != nil {
		if els, err = x.bind(e.Else); err != nil {
			return nil, err
		}
	}
	out, err := expr.NewCase(whens, els)
	return out, x.binder.at(e, err)
}

func (x *exprs) cast(e *syntax.Cast) (expr.Expr, error) {
	t, err := x.typ(e.Type)
	if err != nil {
		return nil, err
	}
	arg, err := x.bind(e.X)
	if err != nil {
		return nil, err
	}
	if l, ok := arg.(*expr.Lit); ok && !l.Val.Null && l.T.Kind == vec.String && t.Kind != vec.String {
		v, err := x.parse(e.X, l.Val.S, t)
		if err != nil && e.Try {
			return expr.NullOf(t), nil
		}
		return v, err
	}
	if from := arg.Type(); from != t && !expr.CanCast(from, t) {
		return nil, x.fail(e, "cannot cast type %s to %s", strings.ToLower(from.String()), strings.ToLower(t.String()))
	}
	if e.Try && arg.Type() != t {
		return &expr.Cast{Arg: arg, To: t, Try: true}, nil
	}
	out, err := expr.NewCast(arg, t)
	return out, x.binder.at(e, err)
}

// fold is the value of a constant expression, without the columns of any table. what names it in
// messages.
func (b *binder) fold(env *env, e syntax.Expr, what string) (*expr.Lit, error) {
	x := b.newExprs(env, &relation{}, what)
	x.noQuery = true
	if contains(e, func(e syntax.Expr) bool { _, ok := e.(*syntax.ColumnRef); return ok }) {
		return nil, b.fail(e, "argument of %s must not contain columns", what)
	}
	bound, err := x.bind(e)
	if err != nil {
		return nil, err
	}
	l, err := expr.Fold(bound)
	return l, b.at(e, err)
}
