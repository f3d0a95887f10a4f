package optimizer

import (
	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/vec"
)

// orderJoins rebuilds each tree of inner joins: greedily the pair with the smallest estimated
// result first, and the smaller side of each join to the right, where it is built into a table.
// Greedy ordering follows L. Fegaras, "A New Heuristic for Optimizing Large Queries", DEXA 1998.
func orderJoins(n plan.Node) plan.Node {
	j, ok := n.(*plan.Join)
	if ok && j.Kind == plan.Inner && !plan.Unbounded(j) {
		return orderTree(j)
	}
	in := n.Inputs()
	if len(in) == 0 {
		return n
	}
	out := make([]plan.Node, len(in))
	for i, c := range in {
		out[i] = orderJoins(c)
	}
	n = n.WithInputs(out...)
	if j, ok := n.(*plan.Join); ok {
		return buildSide(j)
	}
	return n
}

// relation is a part of a join tree: a plan, and which columns of the whole tree it has.
type relation struct {
	node plan.Node
	cols []int // of the tree's output, in the order of the node's columns
	st   plan.Stats
}

// orderTree flattens nested inner joins into relations and predicates over the columns of the
// whole, joins them greedily, and projects the columns back into their old order.
func orderTree(j *plan.Join) plan.Node {
	var rels []relation
	var preds []expr.Expr
	flatten(j, 0, &rels, &preds)
	for len(rels) > 1 {
		bi, bk, best := -1, -1, 0.0
		var bestConnected bool
		for i := range rels {
			for k := range rels {
				if i == k || rels[i].st.Rows < rels[k].st.Rows || rels[i].st.Rows == rels[k].st.Rows && i > k {
					continue
				}
				keys, _, _ := connect(rels[i], rels[k], preds)
				rows := joinRows(rels[i].st, rels[k].st, keys)
				connected := len(keys) > 0
				if bi < 0 || connected && !bestConnected || connected == bestConnected && rows < best {
					bi, bk, best, bestConnected = i, k, rows, connected
				}
			}
		}
		var joined relation
		joined, preds = joinTwo(rels[bi], rels[bk], preds)
		rest := []relation{joined}
		for i, r := range rels {
			if i != bi && i != bk {
				rest = append(rest, r)
			}
		}
		rels = rest
	}
	return reorder(rels[0], preds, j.Schema())
}

func flatten(n plan.Node, base int, rels *[]relation, preds *[]expr.Expr) {
	j, ok := n.(*plan.Join)
	if !ok || j.Kind != plan.Inner {
		n = orderJoins(n)
		cols := make([]int, n.Schema().Len())
		for i := range cols {
			cols[i] = base + i
		}
		*rels = append(*rels, relation{n, cols, Estimate(n)})
		return
	}
	left := j.L.Schema().Len()
	flatten(j.L, base, rels, preds)
	flatten(j.R, base+left, rels, preds)
	for _, k := range j.Keys {
		eq, err := expr.NewCall("=", shift(k.L, base), shift(k.R, base+left))
		if err == nil {
			*preds = append(*preds, eq)
		}
	}
	for _, p := range expr.SplitAnd(j.Residual) {
		*preds = append(*preds, shift(p, base))
	}
}

// connect sorts the predicates by what they mean for a join of two relations: its keys, its
// residual, or nothing yet.
func connect(l, r relation, preds []expr.Expr) (keys []plan.EquiKey, residual, rest []expr.Expr) {
	at := map[int]int{}
	for i, c := range l.cols {
		at[c] = i
	}
	for i, c := range r.cols {
		at[c] = len(l.cols) + i
	}
	for _, p := range preds {
		local := true
		for _, c := range expr.Columns(p) {
			_, ok := at[c]
			local = local && ok
		}
		if !local {
			rest = append(rest, p)
			continue
		}
		q := expr.MapColumns(p, func(c *expr.Col) expr.Expr { return &expr.Col{Idx: at[c.Idx], Name: c.Name, T: c.T} })
		if k, ok := equiKey(q, len(l.cols)); ok {
			keys = append(keys, k)
		} else {
			residual = append(residual, q)
		}
	}
	return keys, residual, rest
}

func joinTwo(l, r relation, preds []expr.Expr) (relation, []expr.Expr) {
	keys, residual, rest := connect(l, r, preds)
	j := &plan.Join{L: l.node, R: r.node, Kind: plan.Inner, Keys: keys, Residual: expr.And(residual...)}
	return relation{node: j, cols: append(append([]int{}, l.cols...), r.cols...), st: Estimate(j)}, rest
}

// reorder projects a relation to the columns of schema.
func reorder(r relation, preds []expr.Expr, schema *vec.Schema) plan.Node {
	at := make([]int, len(r.cols))
	same := true
	for i, c := range r.cols {
		at[c] = i
		same = same && c == i
	}
	n := r.node
	if len(preds) > 0 { // predicates over constants only
		n = &plan.Filter{In: n, Pred: expr.And(preds...)}
	}
	if same {
		return n
	}
	p := &plan.Project{In: n}
	for i, f := range schema.Fields {
		p.Exprs = append(p.Exprs, &expr.Col{Idx: at[i], Name: f.Name, T: f.Type})
		p.Names = append(p.Names, f.Name)
	}
	return p
}

// buildSide puts the unbounded side of an inner join on the left, where it streams. Other kinds
// keep their sides: the left is preserved.
func buildSide(j *plan.Join) plan.Node {
	if j.Kind != plan.Inner || !plan.Unbounded(j.R) || plan.Unbounded(j.L) {
		return j
	}
	left := j.L.Schema().Len()
	right := j.R.Schema().Len()
	s := &plan.Join{L: j.R, R: j.L, Kind: plan.Inner, Method: j.Method}
	for _, k := range j.Keys {
		s.Keys = append(s.Keys, plan.EquiKey{L: k.R, R: k.L})
	}
	if j.Residual != nil {
		s.Residual = expr.MapColumns(j.Residual, func(c *expr.Col) expr.Expr {
			i := c.Idx - left
			if c.Idx < left {
				i = c.Idx + right
			}
			return &expr.Col{Idx: i, Name: c.Name, T: c.T}
		})
	}
	p := &plan.Project{In: s}
	for i, f := range j.Schema().Fields {
		at := i + right
		if i >= left {
			at = i - left
		}
		p.Exprs = append(p.Exprs, &expr.Col{Idx: at, Name: f.Name, T: f.Type})
		p.Names = append(p.Names, f.Name)
	}
	return p
}
