package sql

import (
	"slices"
	"strconv"

	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/sql/syntax"
)

// grouping collects what a grouped query aggregates while its expressions are bound.
type grouping struct {
	keys    []expr.Expr
	names   []string
	sets    [][]int // of GROUPING SETS: positions in keys; nil for one set of all keys
	aggs    []expr.Agg
	pending []*subJoin // subqueries to be joined to the result
}

// add registers an aggregate and returns its number; equal ones share one.
func (g *grouping) add(a expr.Agg) int {
	for i, o := range g.aggs {
		if sameAgg(a, o) {
			return i
		}
	}
	g.aggs = append(g.aggs, a)
	return len(g.aggs) - 1
}

func sameAgg(a, b expr.Agg) bool {
	if a.Fn != b.Fn || a.Distinct != b.Distinct || len(a.Args) != len(b.Args) || (a.Filter == nil) != (b.Filter == nil) {
		return false
	}
	return slices.EqualFunc(a.Args, b.Args, expr.Equal) && (a.Filter == nil || expr.Equal(a.Filter, b.Filter))
}

// addKey registers a grouping expression and returns its position.
func (g *grouping) addKey(e expr.Expr) int {
	for i, k := range g.keys {
		if expr.Equal(k, e) {
			return i
		}
	}
	g.keys, g.names = append(g.keys, e), append(g.names, e.String())
	return len(g.keys) - 1
}

// groupBy binds the GROUP BY clause.
func (b *binder) groupBy(x *exprs, clause *syntax.GroupBy, items []item) error {
	if clause == nil {
		return nil
	}
	g := x.group
	inner := *x
	inner.group, inner.clause, inner.aliases = nil, "GROUP BY", aliases(items)
	gb := &groupBinder{exprs: &inner, items: items, into: g}
	if clause.All {
		for _, it := range items {
			if it.expr == nil || !contains(it.expr, isAggregate) {
				if _, err := gb.item(it); err != nil {
					return err
				}
			}
		}
		x.win = inner.win
		return nil
	}
	sets := [][]int{{}}
	for _, it := range clause.Items {
		more, err := gb.sets(it)
		if err != nil {
			return err
		}
		if len(sets)*len(more) > maxSets {
			return b.fail(it, "too many grouping sets present (maximum %d)", maxSets)
		}
		sets = product(sets, more)
	}
	x.win = inner.win
	if len(sets) != 1 || len(sets[0]) != len(g.keys) {
		g.sets = sets
	}
	return nil
}

// product joins each set of a with each of b.
func product(a, b [][]int) [][]int {
	var out [][]int
	for _, s := range a {
		for _, t := range b {
			out = append(out, union(s, t))
		}
	}
	return out
}

func union(s, t []int) []int {
	out := slices.Clone(s)
	for _, k := range t {
		if !slices.Contains(out, k) {
			out = append(out, k)
		}
	}
	return out
}

// groupBinder binds grouping items into a grouping.
type groupBinder struct {
	*exprs
	items []item
	into  *grouping
}

// sets lists the grouping sets of one item, as positions of keys.
func (gb *groupBinder) sets(it syntax.GroupItem) ([][]int, error) {
	var parts [][]int
	for _, e := range it.Exprs {
		p, err := gb.key(e)
		if err != nil {
			return nil, err
		}
		parts = append(parts, p)
	}
	switch it.Kind {
	case syntax.GroupExpr:
		return [][]int{parts[0]}, nil
	case syntax.GroupEmpty:
		return [][]int{{}}, nil
	case syntax.GroupRollup:
		var out [][]int
		for n := len(parts); n >= 0; n-- {
			var s []int
			for _, p := range parts[:n] {
				s = union(s, p)
			}
			out = append(out, s)
		}
		return out, nil
	case syntax.GroupCube:
		if len(parts) > 12 {
			return nil, gb.fail(it, "CUBE is limited to 12 elements")
		}
		out := [][]int{{}}
		for i := len(parts) - 1; i >= 0; i-- {
			out = append(product([][]int{parts[i]}, out), out...)
		}
		return out, nil
	}
	var out [][]int
	for _, s := range it.Sets {
		more, err := gb.sets(s)
		if err != nil {
			return nil, err
		}
		if out = append(out, more...); len(out) > maxSets {
			return nil, gb.fail(it, "too many grouping sets present (maximum %d)", maxSets)
		}
	}
	return out, nil
}

// key binds a grouping expression: an ordinal, a row of several, a window, or an expression.
func (gb *groupBinder) key(e syntax.Expr) ([]int, error) {
	if r, ok := e.(*syntax.Row); ok {
		var out []int
		for _, el := range r.Elems {
			k, err := gb.key(el)
			if err != nil {
				return nil, err
			}
			out = union(out, k)
		}
		return out, nil
	}
	if l, ok := e.(*syntax.Literal); ok && l.Kind == syntax.IntLit {
		n, err := strconv.Atoi(l.Text)
		if err != nil || n < 1 || n > len(gb.items) {
			return nil, gb.fail(e, "GROUP BY position %s is not in select list", l.Text)
		}
		return gb.item(gb.items[n-1])
	}
	if ref, ok := e.(*syntax.ColumnRef); ok && len(ref.Parts) == 1 {
		if _, n := gb.rel.find(ref.Parts); n == 0 {
			if a, ok := gb.aliases[ref.Parts[0].Name]; ok {
				return gb.expr(a)
			}
		}
	}
	return gb.expr(e)
}

func (gb *groupBinder) item(it item) ([]int, error) {
	if it.expr == nil {
		return []int{gb.into.addKey(it.col.expr())}, nil
	}
	return gb.expr(it.expr)
}

func (gb *groupBinder) expr(e syntax.Expr) ([]int, error) {
	if f, ok := isShortWindow(e); ok {
		bounds, err := gb.groupWindow(f)
		if err != nil {
			return nil, err
		}
		var out []int
		for _, k := range bounds {
			out = append(out, gb.into.addKey(k))
		}
		return out, nil
	}
	k, err := gb.bind(e)
	if err != nil {
		return nil, err
	}
	return []int{gb.into.addKey(k)}, nil
}

// node is the aggregation over in: keys, then aggregates. Grouping sets are a union of one
// aggregation for each, with NULL for the keys that it leaves out.
func (g *grouping) node(in plan.Node) plan.Node {
	if g.sets == nil {
		g.completeWindow(in)
		return aggregate(in, g.keys, g.names, g.aggs)
	}
	u := &plan.Union{}
	for _, set := range g.sets {
		var keys []expr.Expr
		var names []string
		for _, k := range set {
			keys, names = append(keys, g.keys[k]), append(names, g.names[k])
		}
		a := aggregate(in, keys, names, g.aggs)
		p := &plan.Project{In: a}
		for i, k := range g.keys {
			var e expr.Expr = expr.NullOf(k.Type())
			if at := slices.Index(set, i); at >= 0 {
				e = &expr.Col{Idx: at, Name: g.names[i], T: k.Type()}
			}
			p.Exprs, p.Names = append(p.Exprs, e), append(p.Names, g.names[i])
		}
		for i, a := range g.aggs {
			p.Exprs, p.Names = append(p.Exprs, &expr.Col{Idx: len(set) + i, Name: a.Name, T: a.T}), append(p.Names, a.Name)
		}
		u.Ins = append(u.Ins, p)
	}
	if len(u.Ins) == 1 {
		return u.Ins[0]
	}
	return u
}

// aggregate builds an aggregation and notes whether a window of time ends its groups.
func aggregate(in plan.Node, keys []expr.Expr, names []string, aggs []expr.Agg) *plan.Aggregate {
	a := &plan.Aggregate{In: in, Keys: keys, Names: names, Aggs: aggs, Window: windowKeys(in, keys)}
	a.Updating = a.Window == nil && plan.Unbounded(in)
	return a
}

// windowKeys finds the keys that are the bounds of one window. The end is enough, since it is what
// a watermark is compared with.
func windowKeys(in plan.Node, keys []expr.Expr) *plan.WindowKeys {
	w, end := windowKey(in, keys, windowEnd, nil)
	if w == nil {
		return nil
	}
	_, start := windowKey(in, keys, windowStart, w)
	return &plan.WindowKeys{Start: start, End: end}
}

// windowKey finds the first key that is the given part of a window; of must be nil or that window.
func windowKey(in plan.Node, keys []expr.Expr, part int, of *plan.Window) (*plan.Window, int) {
	for i, k := range keys {
		c, ok := k.(*expr.Col)
		if !ok {
			continue
		}
		if w, p := windowPart(in, c.Idx); w != nil && p == part && (of == nil || of == w) {
			return w, i
		}
	}
	return nil, -1
}

// completeWindow adds the end of a window of which only the start is a key, where that follows from
// the start and the input still has it: it changes no group, and lets groups end.
func (g *grouping) completeWindow(in plan.Node) {
	w, _ := windowKey(in, g.keys, windowStart, nil)
	if w == nil || w.Kind != plan.Tumble && w.Kind != plan.Hop {
		return
	}
	if end, _ := windowKey(in, g.keys, windowEnd, w); end != nil {
		return
	}
	for i, f := range in.Schema().Fields {
		if v, p := windowPart(in, i); v == w && p == windowEnd {
			g.addKey(colOf(i, f))
			return
		}
	}
}

// distinct removes equal rows.
func distinct(in plan.Node) plan.Node {
	g := &grouping{}
	fields := in.Schema().Fields
	for i, f := range fields {
		g.keys, g.names = append(g.keys, colOf(i, f)), append(g.names, f.Name)
	}
	return aggregate(in, g.keys, g.names, nil)
}
