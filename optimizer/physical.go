package optimizer

import (
	"errors"
	"fmt"

	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/vec"
)

// ErrPlan means that a query is legal but cannot be computed, such as a sort of an input that does
// not end.
var ErrPlan = errors.New("cannot be computed")

// physical chooses methods and puts exchanges where rows must meet. The inputs are done first.
func physical(n plan.Node) (plan.Node, error) {
	if j, ok := n.(*plan.Join); ok { // with the optimizer off nobody has chosen the sides yet
		if b := buildSide(j); b != plan.Node(j) {
			return physical(b)
		}
	}
	in := n.Inputs()
	if len(in) > 0 {
		out := make([]plan.Node, len(in))
		for i, c := range in {
			p, err := physical(c)
			if err != nil {
				return nil, err
			}
			out[i] = p
		}
		n = n.WithInputs(out...)
	}
	switch n := n.(type) {
	case *plan.Aggregate:
		return aggregate(n)
	case *plan.Join:
		return join(n)
	case *plan.Sort:
		return sorted(n)
	case *plan.Limit:
		return limit(n)
	case *plan.Single:
		return n.WithInputs(gather(n.In)), nil
	case *plan.Sink:
		if one, ok := n.Target.(interface{ OneTask() bool }); ok && one.OneTask() {
			return n.WithInputs(gather(n.In)), nil
		}
	case *plan.Window:
		if n.Kind == plan.Session {
			return nil, fmt.Errorf("%w: SESSION windows are not supported yet; use TUMBLE or HOP", ErrPlan)
		}
	}
	return n, nil
}

// single tells whether a node's rows are all in one task.
func single(n plan.Node) bool {
	switch n := n.(type) {
	case *plan.Exchange:
		return n.Kind == plan.Gather || n.Kind == plan.Merge
	case *plan.Values:
		return true
	case *plan.Sort:
		return true
	case *plan.Scan:
		return n.InOrder
	case *plan.Union:
		return false
	case *plan.Join:
		return n.Method != plan.StreamJoin && single(n.L)
	}
	return single(n.Inputs()[0])
}

func gather(n plan.Node) plan.Node {
	if single(n) {
		return n
	}
	return &plan.Exchange{In: n, Kind: plan.Gather}
}

// exchange moves rows to the tasks that own the columns, or to one task when there are none.
func exchange(n plan.Node, cols []int) plan.Node {
	if len(cols) == 0 {
		return gather(n)
	}
	return &plan.Exchange{In: n, Kind: plan.HashBy, Keys: cols}
}

// dealtValues is how many values a key needs for its hash alone to keep many tasks equally busy.
const dealtValues = 1 << 14

// dealBy picks the keys by whose hash the groups are dealt out to tasks. Rows of one group are equal in
// each key, so one key will do: the first that is cheap to hash and has values enough. Groups of a stream are dealt out by all keys, since their state is kept by key group.
func dealBy(a *plan.Aggregate) []int {
	all := make([]int, len(a.Keys))
	for i := range all {
		all[i] = i
	}
	if len(all) < 2 || plan.Unbounded(a.In) {
		return all
	}
	in := Estimate(a.In)
	for i, k := range a.Keys {
		if k.Type().Phys() != vec.PhysStr && distinctOf(k, in) >= dealtValues {
			return []int{i}
		}
	}
	return all
}

// aggregate chooses between one phase and two. Two phases group before the exchange, which pays
// unless an aggregate is DISTINCT or takes rows back.
func aggregate(a *plan.Aggregate) (plan.Node, error) {
	mode, _ := plan.ModeOf(a.In)
	if a.Window != nil && !plan.Unbounded(a.In) {
		a = assigned(a)
	}
	c := *a
	if plan.Unbounded(a.In) && a.Window == nil || mode == plan.Retract {
		if a.Window != nil {
			return nil, fmt.Errorf("%w: a window over a changelog; group the stream by a window before it is joined or updated", ErrPlan)
		}
		c.Updating = true
	}
	distinct := false
	for _, g := range a.Aggs {
		distinct = distinct || g.Distinct
	}
	if distinct || c.Updating || single(a.In) && !plan.Unbounded(a.In) {
		return onePhase(&c)
	}
	partial := c
	partial.Mode = plan.AggPartial
	partial.States = stateSchema(&c)
	final := c
	final.Mode = plan.AggFinal
	final.In = exchange(&partial, dealBy(&c))
	s := partial.States
	final.Keys = make([]expr.Expr, len(c.Keys))
	for i, k := range c.Keys {
		final.Keys[i] = &expr.Col{Idx: i, Name: s.Fields[i].Name, T: k.Type()}
	}
	if c.Window != nil {
		final.Window = &plan.WindowKeys{Start: c.Window.Start, End: c.Window.End}
	}
	return &final, nil
}

// assigned makes the windows of a bounded aggregation ordinary keys. Its panes would all stay open
// until the end; a hash aggregation keeps them in one table, and spills.
func assigned(a *plan.Aggregate) *plan.Aggregate {
	c := *a
	c.Window = nil
	if a.Window.Window == nil {
		return &c
	}
	w := *a.Window.Window
	w.In = a.In
	c.In = &w
	c.Keys = append([]expr.Expr{}, a.Keys...)
	width, s := a.In.Schema().Len(), w.Schema()
	for i, at := range []int{a.Window.Start, a.Window.End} {
		if at >= 0 {
			c.Keys[at] = &expr.Col{Idx: width + i, Name: s.Fields[width+i].Name, T: s.Fields[width+i].Type}
		}
	}
	return &c
}

// stateSchema is the columns between the phases: keys, then the states of each aggregate.
func stateSchema(a *plan.Aggregate) *vec.Schema {
	s := &vec.Schema{}
	for i, k := range a.Keys {
		s.Fields = append(s.Fields, vec.Field{Name: a.Names[i], Type: k.Type()})
	}
	for _, g := range a.Aggs {
		for i, t := range g.StateTypes() {
			s.Fields = append(s.Fields, vec.Field{Name: fmt.Sprintf("%s#%d", g.Name, i), Type: t})
		}
	}
	return s
}

// onePhase moves the rows to the tasks that own their keys, which are made columns first when they
// are computed.
func onePhase(a *plan.Aggregate) (plan.Node, error) {
	a.Mode = plan.AggSingle
	if len(a.Keys) == 0 {
		a.In = gather(a.In)
		return a, nil
	}
	if single(a.In) {
		return a, nil
	}
	skip := map[int]bool{}
	if w := a.Window; w != nil && w.Window != nil {
		skip[w.Start], skip[w.End] = true, true
	}
	var cols []int
	in, keys := a.In, append([]expr.Expr{}, a.Keys...)
	var extra []expr.Expr
	width := in.Schema().Len()
	for i, k := range a.Keys {
		if skip[i] {
			continue
		}
		if c, ok := k.(*expr.Col); ok {
			cols = append(cols, c.Idx)
			continue
		}
		keys[i] = &expr.Col{Idx: width + len(extra), Name: a.Names[i], T: k.Type()}
		cols = append(cols, width+len(extra))
		extra = append(extra, k)
	}
	in = append1(in, extra)
	if len(cols) == 0 {
		a.In = gather(in)
	} else {
		a.In = &plan.Exchange{In: in, Kind: plan.HashBy, Keys: cols}
	}
	a.Keys = keys
	return a, nil
}

// append1 adds computed columns behind those of n.
func append1(n plan.Node, extra []expr.Expr) plan.Node {
	if len(extra) == 0 {
		return n
	}
	p := &plan.Project{In: n}
	for i, f := range n.Schema().Fields {
		p.Exprs = append(p.Exprs, &expr.Col{Idx: i, Name: f.Name, T: f.Type})
		p.Names = append(p.Names, f.Name)
	}
	for i, e := range extra {
		p.Exprs = append(p.Exprs, e)
		p.Names = append(p.Names, fmt.Sprintf("key#%d", i))
	}
	return p
}

func join(j *plan.Join) (plan.Node, error) {
	c := *j
	l, r := plan.Unbounded(j.L), plan.Unbounded(j.R)
	switch {
	case j.Kind == plan.Full || j.Kind == plan.Right:
		return nil, fmt.Errorf("%w: %s joins are not supported yet; a LEFT JOIN and a UNION ALL with an anti join say the same", ErrPlan, j.Kind)
	case l && r:
		return streamJoin(&c)
	case r:
		return nil, fmt.Errorf("%w: a %s join whose right side does not end; swap the sides, or bound the topic with @start..end", ErrPlan, j.Kind)
	case len(j.Keys) > 0:
		c.Method = plan.HashJoin
	default:
		c.Method = plan.LoopJoin
	}
	return &c, nil
}

// streamJoin exchanges both sides by their keys.
func streamJoin(j *plan.Join) (plan.Node, error) {
	if j.Kind != plan.Inner {
		return nil, fmt.Errorf("%w: a %s join of two inputs that do not end; only inner joins of streams are supported", ErrPlan, j.Kind)
	}
	if len(j.Keys) == 0 {
		return nil, fmt.Errorf("%w: a join of two streams without an equality between them; add one to ON", ErrPlan)
	}
	j.Method = plan.StreamJoin
	j.Expire = windowEnds(j)
	var le, re []expr.Expr
	for _, k := range j.Keys {
		le, re = append(le, k.L), append(re, k.R)
	}
	nl, nr := j.L.Schema().Len(), j.R.Schema().Len()
	l, lcols := keyed(j.L, le)
	r, rcols := keyed(j.R, re)
	wide := l.Schema().Len()
	c := *j
	c.L, c.R = &plan.Exchange{In: l, Kind: plan.HashBy, Keys: lcols}, &plan.Exchange{In: r, Kind: plan.HashBy, Keys: rcols}
	if c.Residual != nil && wide != nl {
		c.Residual = expr.MapColumns(c.Residual, func(x *expr.Col) expr.Expr {
			if x.Idx < nl {
				return x
			}
			return &expr.Col{Idx: x.Idx - nl + wide, Name: x.Name, T: x.T}
		})
	}
	if wide == nl && r.Schema().Len() == nr {
		return &c, nil
	}
	p := &plan.Project{In: &c}
	for i, f := range j.Schema().Fields {
		at := i
		if i >= nl {
			at = i - nl + wide
		}
		p.Exprs = append(p.Exprs, &expr.Col{Idx: at, Name: f.Name, T: f.Type})
		p.Names = append(p.Names, f.Name)
	}
	return p, nil
}

// keyed makes key expressions columns of n.
func keyed(n plan.Node, keys []expr.Expr) (plan.Node, []int) {
	var extra []expr.Expr
	cols := make([]int, len(keys))
	width := n.Schema().Len()
	for i, k := range keys {
		if c, ok := k.(*expr.Col); ok {
			cols[i] = c.Idx
			continue
		}
		cols[i] = width + len(extra)
		extra = append(extra, k)
	}
	return append1(n, extra), cols
}

// sorted keeps the first rows in every task before the rows meet. A full sort merges the tasks'
// runs by itself.
func sorted(s *plan.Sort) (plan.Node, error) {
	if plan.Unbounded(s.In) {
		return nil, fmt.Errorf("%w: ORDER BY of an input that does not end; bound it with @start..end, or group it by a window", ErrPlan)
	}
	if s.Limit < 0 || single(s.In) {
		return s, nil
	}
	part := *s
	part.Limit, part.Offset = s.Limit+s.Offset, 0
	return s.WithInputs(&plan.Exchange{In: &part, Kind: plan.Gather}), nil
}

func limit(l *plan.Limit) (plan.Node, error) {
	if l.N >= 0 {
		l = l.WithInputs(inOrder(l.In)).(*plan.Limit)
	}
	if single(l.In) {
		return l, nil
	}
	in := l.In
	if l.N >= 0 {
		in = &plan.Limit{In: in, N: l.N + l.Offset}
	}
	return l.WithInputs(&plan.Exchange{In: in, Kind: plan.Gather}), nil
}

// inOrder makes a limit over a plain scan take the first rows of the table and not those that some
// task reads first: there is nothing to compute that more tasks would help with.
func inOrder(n plan.Node) plan.Node {
	switch n := n.(type) {
	case *plan.Project:
		return n.WithInputs(inOrder(n.In))
	case *plan.Scan:
		if len(n.Filter) == 0 && !n.Table.Unbounded() {
			c := *n
			c.InOrder = true
			return &c
		}
	}
	return n
}
