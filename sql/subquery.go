package sql

import (
	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/sql/syntax"
)

// subJoin is a subquery as the join that it becomes. The outer side is the relation that the
// subquery stands in.
type subJoin struct {
	at        syntax.Node
	right     plan.Node
	kind      plan.JoinKind
	nullAware bool
	pairs     []pair      // equal expressions
	on        []expr.Expr // conjuncts over columns of right and, from outerBase, of the outer side
	value     expr.Expr   // over right's columns: what the subquery gives; nil for semi, anti and mark
	domain    *domain     // nil unless right must be computed for each outer value
}

// pair is an expression over the outer side and one over the right input of the join.
type pair struct{ outer, inner expr.Expr }

// subquery binds a subquery inside an expression.
func (x *exprs) subquery(e syntax.Expr) (expr.Expr, error) {
	if s, ok := e.(*syntax.Subquery); ok {
		j, err := x.scalar(s)
		if err != nil {
			return nil, err
		}
		return x.place(j)
	}
	j, negated, err := x.membership(e)
	if err != nil {
		return nil, err
	}
	if j == nil {
		return nil, x.unsupported(e, "this comparison with ANY or ALL")
	}
	j.kind = plan.Mark
	if len(j.pairs) > 0 {
		switch {
		case len(j.on) > 0:
			return nil, x.failHint(e, "use EXISTS", "a correlated IN inside an expression is not supported yet")
		case len(j.pairs) > 1:
			return nil, x.unsupported(e, "IN with several columns inside an expression")
		}
		j.nullAware = true
	}
	mark, err := x.place(j)
	if err != nil || !negated {
		return mark, err
	}
	return not(mark), nil
}

// semiJoin turns a conjunct of WHERE that is a membership test into a semi or anti join; false when
// it is something else.
func (x *exprs) semiJoin(c syntax.Expr) (bool, error) {
	negate := false
	for {
		u, ok := c.(*syntax.Unary)
		if !ok || u.Op != syntax.OpNot {
			break
		}
		c, negate = u.X, !negate
	}
	j, negated, err := x.membership(c)
	if j == nil || err != nil {
		return false, err
	}
	j.kind = plan.Semi
	if negated != negate {
		j.kind = plan.Anti
		if len(j.pairs) > 0 {
			if len(j.on) > 0 || len(j.pairs) > 1 {
				return false, x.failHint(c, "use NOT EXISTS", "a correlated NOT IN, or one with several columns, is not supported yet")
			}
			j.nullAware = true
		}
	}
	_, err = x.attach(j, same)
	return true, err
}

// membership opens EXISTS, IN, = ANY and <> ALL; nil for other expressions. negated tells that the
// test is for no match.
func (x *exprs) membership(e syntax.Expr) (j *subJoin, negated bool, err error) {
	switch e := e.(type) {
	case *syntax.Exists:
		j, err = x.exists(e)
		return j, false, err
	case *syntax.InQuery:
		j, err = x.in(e, e.X, e.Query)
		return j, e.Not, err
	case *syntax.Quantified:
		if e.Query != nil && (e.Op == syntax.OpEq && !e.All || e.Op == syntax.OpNe && e.All) {
			j, err = x.in(e, e.X, e.Query)
			return j, e.All, err
		}
	}
	return nil, false, nil
}

// opened is a subquery: bound in full when it stands alone, else up to its WHERE.
type opened struct {
	whole *relation // nil when correlated
	rel   *relation
	sel   *syntax.Select
	query *syntax.Query
	env   *env
}

func (x *exprs) open(q *syntax.Query) (*opened, error) {
	if x.noQuery {
		return nil, x.fail(q, "cannot use subquery in %s", x.clause)
	}
	s, ok := q.Body.(*syntax.Select)
	if !ok {
		rel, err := x.query(q, x.env)
		return &opened{whole: rel}, err
	}
	e, err := x.with(q.With, x.env)
	if err != nil {
		return nil, err
	}
	rel, err := x.from(s.From, e)
	if err != nil {
		return nil, err
	}
	rel.outer = x.rel
	if err := x.where(rel, s.Where, e); err != nil {
		return nil, err
	}
	o := &opened{rel: rel, sel: s, query: q, env: e}
	if len(rel.corr) == 0 {
		o.whole, err = x.selectRest(s, q, rel, e)
	}
	return o, err
}

// plainRows refuses what would change the rows of a correlated subquery beyond its WHERE.
func (x *exprs) plainRows(o *opened) error {
	switch {
	case isGrouped(o.sel, o.query):
		return x.unsupported(o.query, "a correlated subquery with aggregates in EXISTS or IN")
	case o.query.Limit != nil || o.query.Offset != nil:
		return x.unsupported(o.query, "LIMIT in a correlated EXISTS or IN")
	}
	return nil
}

// exists opens EXISTS (query).
func (x *exprs) exists(e *syntax.Exists) (*subJoin, error) {
	o, err := x.open(e.Query)
	if err != nil {
		return nil, err
	}
	if o.whole != nil {
		return &subJoin{at: e, right: &plan.Limit{In: o.whole.node, N: 1}}, nil
	}
	if err := x.plainRows(o); err != nil {
		return nil, err
	}
	j := &subJoin{at: e, right: o.rel.node, on: o.rel.corr}
	_, err = x.subItems(o) // for its mistakes: the values do not matter
	return j, err
}

// subItems binds the select list of a correlated subquery.
func (x *exprs) subItems(o *opened) ([]expr.Expr, error) {
	items, err := x.items(o.sel, o.rel)
	if err != nil {
		return nil, err
	}
	inner := x.newExprs(o.env, o.rel, "SELECT")
	inner.correlate = true
	out, err := x.selectList(inner, items)
	if err != nil {
		return nil, err
	}
	return out.exprs, nil
}

// in opens lhs IN (query).
func (x *exprs) in(at syntax.Node, lhs syntax.Expr, q *syntax.Query) (*subJoin, error) {
	left := []syntax.Expr{lhs}
	if r, ok := lhs.(*syntax.Row); ok {
		left = r.Elems
	}
	outer, err := x.bindAll(left)
	if err != nil {
		return nil, err
	}
	o, err := x.open(q)
	if err != nil {
		return nil, err
	}
	j := &subJoin{at: at}
	var inner []expr.Expr
	if o.whole != nil {
		j.right = o.whole.node
		for i, f := range j.right.Schema().Fields {
			inner = append(inner, colOf(i, f))
		}
	} else {
		if err := x.plainRows(o); err != nil {
			return nil, err
		}
		if inner, err = x.subItems(o); err != nil {
			return nil, err
		}
		j.right, j.on = o.rel.node, o.rel.corr
	}
	if len(inner) != len(outer) {
		few := "many"
		if len(inner) < len(outer) {
			few = "few"
		}
		return nil, x.fail(q, "subquery has too %s columns", few)
	}
	for i := range outer {
		if isOuter(outer[i]) || isOuter(inner[i]) {
			return nil, x.unsupported(at, "IN over a column of the query around")
		}
		if _, err := x.compare(at, "=", outer[i], inner[i]); err != nil {
			return nil, err
		}
		j.pairs = append(j.pairs, pair{outer[i], inner[i]})
	}
	return j, nil
}

// scalar opens a subquery that is a value.
func (x *exprs) scalar(s *syntax.Subquery) (*subJoin, error) {
	o, err := x.open(s.Query)
	if err != nil {
		return nil, err
	}
	if o.whole == nil {
		return x.correlatedScalar(s, o)
	}
	f := o.whole.node.Schema().Fields
	if len(f) != 1 {
		return nil, x.fail(s, "subquery must return only one column")
	}
	if plan.Unbounded(o.whole.node) {
		return nil, x.failHint(s, "end the range of the topic, as in @start..end", "a subquery over an unbounded input never gives its value")
	}
	return &subJoin{at: s, right: &plan.Single{In: o.whole.node}, kind: plan.Inner, value: colOf(0, f[0])}, nil
}

// same is the rewriting of outer expressions where the relation is not grouped.
func same(e expr.Expr) (expr.Expr, error) { return e, nil }

// place joins a subquery to the relation at once or, in a grouped query, after the aggregation, and
// returns what stands for it in the expression.
func (x *exprs) place(j *subJoin) (expr.Expr, error) {
	if x.group == nil || x.inAgg {
		return x.attach(j, same)
	}
	x.group.pending = append(x.group.pending, j)
	t := vec.TBool
	if j.value != nil {
		t = j.value.Type()
	}
	return &expr.Col{Idx: pendBase + len(x.group.pending) - 1, Name: "subquery", T: t}, nil
}

// attach joins a subquery to the relation and returns its value over the widened relation. over
// rewrites expressions of the outer side to the relation as it is now.
func (x *exprs) attach(j *subJoin, over func(expr.Expr) (expr.Expr, error)) (expr.Expr, error) {
	if j.domain != nil {
		var err error
		if j, err = x.perValue(j, over); err != nil {
			return nil, err
		}
	}
	width := x.rel.node.Schema().Len()
	keys, err := x.pairKeys(j, over)
	if err != nil {
		return nil, err
	}
	on, err := x.joinOn(j, width, over)
	if err != nil {
		return nil, err
	}
	more, residual := splitKeys(on, width)
	x.rel.node = &plan.Join{L: x.rel.node, R: j.right, Kind: j.kind, Keys: append(keys, more...),
		Residual: expr.And(residual...), NullAware: j.nullAware}
	if j.kind == plan.Mark {
		return &expr.Col{Idx: width, Name: "mark", T: vec.TBool}, nil
	}
	if j.value == nil {
		return nil, nil
	}
	return shift(j.value, width), nil
}

// pairKeys makes keys of the pairs. They are keys even where one side is constant, since NOT IN is
// defined by its keys.
func (x *exprs) pairKeys(j *subJoin, over func(expr.Expr) (expr.Expr, error)) ([]plan.EquiKey, error) {
	var keys []plan.EquiKey
	for _, p := range j.pairs {
		l, err := over(p.outer)
		if err != nil {
			return nil, err
		}
		eq, err := x.compare(j.at, "=", l, p.inner)
		if err != nil {
			return nil, err
		}
		args := eq.(*expr.Call).Args
		keys = append(keys, plan.EquiKey{L: args[0], R: args[1]})
	}
	return keys, nil
}

// joinOn is the other conjuncts of the join over both sides, the outer one width columns wide.
func (x *exprs) joinOn(j *subJoin, width int, over func(expr.Expr) (expr.Expr, error)) ([]expr.Expr, error) {
	var on []expr.Expr
	for _, e := range j.on {
		var fault error
		on = append(on, expr.MapColumns(e, func(c *expr.Col) expr.Expr {
			if c.Idx < outerBase {
				return &expr.Col{Idx: c.Idx + width, Name: c.Name, T: c.T}
			}
			l, err := over(&expr.Col{Idx: c.Idx - outerBase, Name: c.Name, T: c.T})
			if err != nil {
				fault = err
				return c
			}
			return l
		}))
		if fault != nil {
			return nil, fault
		}
	}
	return on, nil
}
