package sql

import (
	"fmt"
	"slices"
	"strings"

	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/vec"
)

// row is one row of values.
type row []vec.Value

// runner computes small plans in the plainest way: every join is a nested loop.
type runner struct{ tables map[string][]row }

func (r *runner) run(n plan.Node) ([]row, error) {
	var ins [][]row
	for _, in := range n.Inputs() {
		rows, err := r.run(in)
		if err != nil {
			return nil, err
		}
		ins = append(ins, rows)
	}
	switch n := n.(type) {
	case *plan.Scan:
		return r.tables[n.Table.Name()], nil
	case *plan.Values:
		var out []row
		for _, v := range n.Rows {
			out = append(out, v)
		}
		return out, nil
	case *plan.Filter:
		return keep(ins[0], n.In.Schema(), n.Pred)
	case *plan.Project:
		var out []row
		for _, in := range ins[0] {
			o, err := evalAll(n.Exprs, in, n.In.Schema())
			if err != nil {
				return nil, err
			}
			out = append(out, o)
		}
		return out, nil
	case *plan.Aggregate:
		return group(n, ins[0])
	case *plan.Join:
		return nestedLoop(n, ins[0], ins[1])
	case *plan.Sort:
		slices.SortStableFunc(ins[0], func(a, b row) int { return compareRows(n, a, b) })
		return ins[0], nil
	case *plan.Limit:
		from := min(int(n.Offset), len(ins[0]))
		rows := ins[0][from:]
		if n.N >= 0 {
			rows = rows[:min(int(n.N), len(rows))]
		}
		return rows, nil
	case *plan.Union:
		return slices.Concat(ins...), nil
	case *plan.Single:
		switch len(ins[0]) {
		case 0:
			return []row{nulls(n.Schema().Len())}, nil
		case 1:
			return ins[0], nil
		}
		return nil, fmt.Errorf("more than one row returned by a subquery used as an expression")
	}
	return nil, fmt.Errorf("cannot run %T", n)
}

func nulls(n int) row {
	out := make(row, n)
	for i := range out {
		out[i].Null = true
	}
	return out
}

func evalAll(es []expr.Expr, in row, s *vec.Schema) (row, error) {
	b := &vec.Batch{N: 1}
	for i, f := range s.Fields {
		b.Cols = append(b.Cols, vec.ConstVec(f.Type, in[i]))
	}
	evs, err := expr.CompileAll(es)
	if err != nil {
		return nil, err
	}
	out := make(row, len(es))
	for i, ev := range evs {
		v, err := ev.Eval(b)
		if err != nil {
			return nil, err
		}
		out[i] = v.Value(0)
	}
	return out, nil
}

func truth(e expr.Expr, in row, s *vec.Schema) (vec.Value, error) {
	v, err := evalAll([]expr.Expr{e}, in, s)
	if err != nil {
		return vec.Value{}, err
	}
	return v[0], nil
}

func isTrue(v vec.Value) bool { return !v.Null && v.I == 1 }

func keep(rows []row, s *vec.Schema, pred expr.Expr) ([]row, error) {
	var out []row
	for _, r := range rows {
		v, err := truth(pred, r, s)
		if err != nil {
			return nil, err
		}
		if isTrue(v) {
			out = append(out, r)
		}
	}
	return out, nil
}

// matchesRow is the truth of a join's condition for two rows.
func matchesRow(j *plan.Join, l, r row) (vec.Value, error) {
	width := j.L.Schema().Len()
	var on []expr.Expr
	for _, k := range j.Keys {
		eq, err := expr.NewCall("=", k.L, shift(k.R, width))
		if err != nil {
			return vec.Value{}, err
		}
		on = append(on, eq)
	}
	if j.Residual != nil {
		on = append(on, j.Residual)
	}
	if len(on) == 0 {
		return vec.BoolValue(true), nil
	}
	both := &vec.Schema{Fields: slices.Concat(j.L.Schema().Fields, j.R.Schema().Fields)}
	return truth(expr.And(on...), slices.Concat(l, r), both)
}

func nestedLoop(j *plan.Join, left, right []row) ([]row, error) {
	var out []row
	used := make([]bool, len(right))
	for _, l := range left {
		some, unknown := false, false
		for i, r := range right {
			v, err := matchesRow(j, l, r)
			if err != nil {
				return nil, err
			}
			unknown = unknown || v.Null
			if !isTrue(v) {
				continue
			}
			some, used[i] = true, true
			if j.Kind == plan.Inner || j.Kind == plan.Left || j.Kind == plan.Full {
				out = append(out, slices.Concat(l, r))
			}
		}
		mark := vec.BoolValue(some)
		mark.Null = j.NullAware && !some && unknown
		switch j.Kind {
		case plan.Left, plan.Full:
			if !some {
				out = append(out, slices.Concat(l, nulls(j.R.Schema().Len())))
			}
		case plan.Semi:
			if some {
				out = append(out, l)
			}
		case plan.Anti:
			if !some && !mark.Null {
				out = append(out, l)
			}
		case plan.Mark:
			out = append(out, append(slices.Clone(l), mark))
		}
	}
	for i, r := range right {
		if j.Kind == plan.Full && !used[i] {
			out = append(out, slices.Concat(nulls(j.L.Schema().Len()), r))
		}
	}
	return out, nil
}

func compareRows(s *plan.Sort, a, b row) int {
	f := s.Schema().Fields
	for _, k := range s.Keys {
		x, y := a[k.Col], b[k.Col]
		c := 0
		switch {
		case x.Null && y.Null:
			continue
		case x.Null || y.Null:
			if x.Null == k.NullsLast {
				return 1
			}
			return -1
		default:
			c = vec.CompareValues(f[k.Col].Type, x, y)
		}
		if k.Desc {
			c = -c
		}
		if c != 0 {
			return c
		}
	}
	return 0
}

func group(a *plan.Aggregate, in []row) ([]row, error) {
	s := a.In.Schema()
	members := map[string][]row{}
	keys := map[string]row{}
	var order []string
	for _, r := range in {
		k, err := evalAll(a.Keys, r, s)
		if err != nil {
			return nil, err
		}
		name := fmt.Sprint(k)
		if _, ok := keys[name]; !ok {
			keys[name] = k
			order = append(order, name)
		}
		members[name] = append(members[name], r)
	}
	if len(a.Keys) == 0 && len(in) == 0 {
		order = append(order, "")
	}
	var out []row
	for _, name := range order {
		o := slices.Clone(keys[name])
		for _, g := range a.Aggs {
			v, err := fold(g, members[name], s)
			if err != nil {
				return nil, err
			}
			o = append(o, v)
		}
		out = append(out, o)
	}
	return out, nil
}

// fold computes one aggregate of integers.
func fold(g expr.Agg, rows []row, s *vec.Schema) (vec.Value, error) {
	var vals []vec.Value
	seen := map[string]bool{}
	for _, r := range rows {
		if g.Filter != nil {
			if t, err := truth(g.Filter, r, s); err != nil || !isTrue(t) {
				continue
			}
		}
		v := row{vec.IntValue(1)}
		if len(g.Args) > 0 {
			var err error
			if v, err = evalAll(g.Args, r, s); err != nil {
				return vec.Value{}, err
			}
		}
		if v[0].Null || g.Distinct && seen[fmt.Sprint(v)] {
			continue
		}
		seen[fmt.Sprint(v)] = true
		vals = append(vals, v[0])
	}
	if g.Fn == "count" {
		return vec.IntValue(int64(len(vals))), nil
	}
	if len(vals) == 0 {
		return vec.NullValue(), nil
	}
	sum, best := int64(0), vals[0]
	for _, v := range vals {
		sum += v.I
		c := vec.CompareValues(g.Args[0].Type(), v, best)
		if (g.Fn == "max" || g.Fn == "bool_or") && c > 0 || (g.Fn == "min" || g.Fn == "bool_and") && c < 0 {
			best = v
		}
	}
	switch g.Fn {
	case "sum":
		return vec.IntValue(sum), nil
	case "avg":
		return vec.FloatValue(float64(sum) / float64(len(vals))), nil
	}
	return best, nil
}

// sample is rows for the tables u and v, with NULLs and values that do not meet.
func sample() *runner {
	i, null, s := vec.IntValue, vec.NullValue(), vec.StringValue
	return &runner{tables: map[string][]row{
		"u": {{i(1), i(10), s("x")}, {i(2), i(20), s("y")}, {i(2), i(25), s("x")}, {null, i(30), null}, {i(4), null, s("z")}},
		"v": {{i(1), i(10)}, {i(2), i(10)}, {i(2), null}, {i(3), i(40)}, {null, i(20)}},
	}}
}

// showRows prints rows, a line each.
func showRows(rows []row, s *vec.Schema) string {
	var sb strings.Builder
	for _, r := range rows {
		for i, f := range s.Fields {
			if i > 0 {
				sb.WriteByte(' ')
			}
			sb.WriteString(r[i].Format(f.Type))
		}
		sb.WriteByte('\n')
	}
	return sb.String()
}
