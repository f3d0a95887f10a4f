package sql

import (
	"slices"
	"strconv"

	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/sql/syntax"
)

// sortKey is one key of ORDER BY: a column of the output.
type sortKey struct {
	at    syntax.OrderItem
	order vec.Order
}

func newSortKey(o syntax.OrderItem, col int) sortKey {
	last := !o.Desc
	if o.Nulls != syntax.NullsDefault {
		last = o.Nulls == syntax.NullsLast
	}
	return sortKey{at: o, order: vec.Order{Col: col, Desc: o.Desc, NullsLast: last}}
}

// sortKeys binds ORDER BY of a SELECT. A name means a result column before a column of a table;
// expressions are over the tables, and names of the select list serve where no column has them.
func (b *binder) sortKeys(x *exprs, by []syntax.OrderItem, items []item, out *output, distinct bool) error {
	x.clause = "ORDER BY"
	for _, o := range by {
		col, err := b.outputColumn(o.Expr, out.names[:out.visible], out.exprs)
		if err != nil {
			return err
		}
		if col < 0 {
			e, err := x.bind(o.Expr)
			if err != nil {
				return err
			}
			col = slices.IndexFunc(out.exprs, func(s expr.Expr) bool { return expr.Equal(s, e) })
			if col < 0 {
				if distinct {
					return b.fail(o, "for SELECT DISTINCT, ORDER BY expressions must appear in select list")
				}
				out.exprs, out.names = append(out.exprs, e), append(out.names, syntax.Format(o.Expr))
				col = len(out.exprs) - 1
			}
		}
		out.keys = append(out.keys, newSortKey(o, col))
	}
	return nil
}

// outputColumn resolves an ordinal or a bare name among result columns; -1 when e is neither. Two
// columns of one name are ambiguous unless exprs says that they are the same.
func (b *binder) outputColumn(e syntax.Expr, names []string, exprs []expr.Expr) (int, error) {
	switch e := e.(type) {
	case *syntax.Literal:
		if e.Kind != syntax.IntLit {
			break
		}
		n, err := strconv.Atoi(e.Text)
		if err != nil || n < 1 || n > len(names) {
			return 0, b.fail(e, "ORDER BY position %s is not in select list", e.Text)
		}
		return n - 1, nil
	case *syntax.ColumnRef:
		if len(e.Parts) > 1 {
			break
		}
		found := -1
		for i, n := range names {
			if !matches(e.Parts[0], n) {
				continue
			}
			if found >= 0 && (exprs == nil || !expr.Equal(exprs[i], exprs[found])) {
				return 0, b.fail(e, "ORDER BY %q is ambiguous", e.Parts[0].Name)
			}
			if found < 0 {
				found = i
			}
		}
		return found, nil
	}
	return -1, nil
}

// order sorts a relation by keys.
func (b *binder) order(rel *relation, q *syntax.Query, keys []sortKey) error {
	if len(keys) == 0 {
		return nil
	}
	if q.Limit == nil && plan.Unbounded(rel.node) {
		return b.failHint(span(keys[0].at, keys[len(keys)-1].at), "add LIMIT, group by a window of time, or end the range of the topic, as in @start..end",
			"ORDER BY over an unbounded input never ends")
	}
	s := &plan.Sort{In: rel.node, Limit: -1}
	for _, k := range keys {
		s.Keys = append(s.Keys, k.order)
	}
	rel.node = s
	return nil
}

// limit cuts a relation to LIMIT and OFFSET.
func (b *binder) limit(rel *relation, q *syntax.Query, e *env) error {
	if q.WithTies {
		return b.unsupported(q.Limit, "WITH TIES")
	}
	n, err := b.count(e, q.Limit, "LIMIT", -1)
	if err != nil {
		return err
	}
	offset, err := b.count(e, q.Offset, "OFFSET", 0)
	if err != nil {
		return err
	}
	if n >= 0 || offset > 0 {
		rel.node = &plan.Limit{In: rel.node, N: n, Offset: offset}
	}
	return nil
}

// count is the constant of LIMIT or OFFSET; none and NULL give the fallback.
func (b *binder) count(e *env, x syntax.Expr, what string, fallback int64) (int64, error) {
	if x == nil {
		return fallback, nil
	}
	l, err := b.fold(e, x, what)
	if err != nil {
		return 0, err
	}
	if l.Val.Null {
		return fallback, nil
	}
	if !l.T.IsNumeric() && l.T.Kind != vec.String {
		return 0, b.fail(x, "argument of %s must be a number, not %s", what, l.T)
	}
	c, err := expr.NewCast(l, vec.TInt64)
	if err != nil {
		return 0, b.fail(x, "argument of %s is no number: %s", what, l)
	}
	n := c.(*expr.Lit).Val.I
	if n < 0 {
		return 0, b.fail(x, "%s must not be negative", what)
	}
	return n, nil
}

// tail applies ORDER BY, LIMIT and OFFSET to a query that is no single SELECT: its keys are result
// columns and expressions over them.
func (b *binder) tail(rel *relation, q *syntax.Query, e *env) (*relation, error) {
	visible := rel.cols
	var names []string
	for _, c := range visible {
		names = append(names, c.name)
	}
	x := b.newExprs(e, rel, "ORDER BY")
	x.noQuery = true
	var keys []sortKey
	var extra []expr.Expr
	for _, o := range q.OrderBy {
		col, err := b.outputColumn(o.Expr, names, nil)
		if err != nil {
			return nil, err
		}
		if col < 0 {
			by, err := x.bind(o.Expr)
			if err != nil {
				return nil, err
			}
			col = len(names) + len(extra)
			extra = append(extra, by)
		}
		keys = append(keys, newSortKey(o, col))
	}
	if len(extra) > 0 {
		rel.node = widen(rel.node, extra)
	}
	if err := b.order(rel, q, keys); err != nil {
		return nil, err
	}
	if err := b.limit(rel, q, e); err != nil {
		return nil, err
	}
	if len(extra) > 0 {
		return b.project(rel, visible), nil
	}
	return rel, nil
}
