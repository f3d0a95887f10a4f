package optimizer

import (
	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/vec"
)

// prune drops columns that nobody above needs, down to the scans.
func prune(n plan.Node, keep bool) plan.Node {
	p := &pruner{keep: keep}
	all := make([]bool, n.Schema().Len())
	for i := range all {
		all[i] = true
	}
	out, at := p.node(n, all)
	return restore(out, at, n.Schema())
}

// pruner narrows nodes. node returns a node that has at least the needed columns, and where each
// old column is in it (-1: dropped).
type pruner struct{ keep bool }

func (p *pruner) node(n plan.Node, need []bool) (plan.Node, []int) {
	switch n := n.(type) {
	case *plan.Scan:
		return p.scan(n, need)
	case *plan.Project:
		return p.project(n, need)
	case *plan.Filter:
		in, at := p.node(n.In, with(need, n.Pred))
		return &plan.Filter{In: in, Pred: move(n.Pred, at)}, at
	case *plan.Aggregate:
		return p.aggregate(n, need)
	case *plan.Join:
		return p.join(n, need)
	case *plan.Sort:
		want := append([]bool{}, need...)
		for _, k := range n.Keys {
			want[k.Col] = true
		}
		in, at := p.node(n.In, want)
		c := *n
		c.In, c.Keys = in, make([]vec.Order, len(n.Keys))
		for i, k := range n.Keys {
			k.Col = at[k.Col]
			c.Keys[i] = k
		}
		return &c, at
	case *plan.Limit:
		in, at := p.node(n.In, need)
		return n.WithInputs(in), at
	case *plan.Single:
		in, at := p.node(n.In, need)
		return n.WithInputs(in), at
	case *plan.Window:
		return p.window(n, need)
	}
	return p.whole(n)
}

// whole keeps all columns of a node and prunes below each input.
func (p *pruner) whole(n plan.Node) (plan.Node, []int) {
	ins := n.Inputs()
	out := make([]plan.Node, len(ins))
	for i, in := range ins {
		all := make([]bool, in.Schema().Len())
		for k := range all {
			all[k] = true
		}
		c, at := p.node(in, all)
		out[i] = restore(c, at, in.Schema())
	}
	if len(ins) > 0 {
		n = n.WithInputs(out...)
	}
	return n, identity(n.Schema().Len())
}

// restore projects a narrowed node back to its old columns, where they moved.
func restore(n plan.Node, at []int, old *vec.Schema) plan.Node {
	same := n.Schema().Len() == len(at)
	for i, a := range at {
		same = same && a == i
	}
	if same {
		return n
	}
	pr := &plan.Project{In: n}
	for i, a := range at {
		pr.Exprs = append(pr.Exprs, &expr.Col{Idx: a, Name: old.Fields[i].Name, T: old.Fields[i].Type})
		pr.Names = append(pr.Names, old.Fields[i].Name)
	}
	return pr
}

func identity(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// with is need plus the columns that expressions read.
func with(need []bool, es ...expr.Expr) []bool {
	out := append([]bool{}, need...)
	for _, e := range es {
		if e != nil {
			for _, c := range expr.Columns(e) {
				out[c] = true
			}
		}
	}
	return out
}

// move renumbers the columns of an expression.
func move(e expr.Expr, at []int) expr.Expr {
	if e == nil {
		return nil
	}
	return expr.MapColumns(e, func(c *expr.Col) expr.Expr { return &expr.Col{Idx: at[c.Idx], Name: c.Name, T: c.T} })
}

func moveAll(es []expr.Expr, at []int) []expr.Expr {
	out := make([]expr.Expr, len(es))
	for i, e := range es {
		out[i] = move(e, at)
	}
	return out
}

func (p *pruner) scan(n *plan.Scan, need []bool) (plan.Node, []int) {
	want := with(need, n.Filter...)
	if n.Watermark != nil {
		read := map[int]bool{}
		for _, c := range expr.Columns(n.Watermark.Expr) {
			read[c] = true
		}
		for i, c := range n.Cols {
			want[i] = want[i] || read[c] || p.keep
		}
	}
	c := *n
	c.Cols = nil
	at := make([]int, len(n.Cols))
	for i, col := range n.Cols {
		at[i] = -1
		if want[i] {
			at[i] = len(c.Cols)
			c.Cols = append(c.Cols, col)
		}
	}
	c.Filter = moveAll(n.Filter, at)
	return &c, at
}

func (p *pruner) project(n *plan.Project, need []bool) (plan.Node, []int) {
	want := make([]bool, n.In.Schema().Len())
	at := make([]int, len(n.Exprs))
	c := &plan.Project{}
	for i, e := range n.Exprs {
		at[i] = -1
		if need[i] {
			want = with(want, e)
			at[i] = len(c.Exprs)
			c.Exprs, c.Names = append(c.Exprs, e), append(c.Names, n.Names[i])
		}
	}
	in, inAt := p.node(n.In, want)
	c.In, c.Exprs = in, moveAll(c.Exprs, inAt)
	return c, at
}

// aggregate drops aggregates that nobody reads; keys stay, since they make the groups.
func (p *pruner) aggregate(n *plan.Aggregate, need []bool) (plan.Node, []int) {
	c := *n
	c.Aggs = nil
	at := identity(len(n.Keys) + len(n.Aggs))
	want := make([]bool, n.In.Schema().Len())
	bound := func(i int) bool {
		return n.Window != nil && n.Window.Window != nil && (i == n.Window.Start || i == n.Window.End)
	}
	for i, k := range n.Keys {
		if !bound(i) {
			want = with(want, k)
		}
	}
	if n.Window != nil && n.Window.Window != nil {
		want[n.Window.Window.Time] = true
	}
	for i, a := range n.Aggs {
		k := len(n.Keys) + i
		if !need[k] {
			at[k] = -1
			continue
		}
		at[k] = len(n.Keys) + len(c.Aggs)
		c.Aggs = append(c.Aggs, a)
		want = with(want, append(append([]expr.Expr{}, a.Args...), a.Filter)...)
	}
	if p.keep && n.Window != nil {
		for i := range want {
			want[i] = true
		}
	}
	in, inAt := p.node(n.In, want)
	c.In = in
	c.Keys = make([]expr.Expr, len(n.Keys))
	for i, k := range n.Keys {
		if c.Keys[i] = k; !bound(i) {
			c.Keys[i] = move(k, inAt)
		}
	}
	for i, a := range c.Aggs {
		a.Args, a.Filter = moveAll(a.Args, inAt), move(a.Filter, inAt)
		c.Aggs[i] = a
	}
	if n.Window != nil && n.Window.Window != nil {
		w := *n.Window.Window
		w.In, w.Time = in, inAt[w.Time]
		c.Window = &plan.WindowKeys{Start: n.Window.Start, End: n.Window.End, Window: &w}
	}
	return &c, at
}

func (p *pruner) join(n *plan.Join, need []bool) (plan.Node, []int) {
	nl, nr := n.L.Schema().Len(), n.R.Schema().Len()
	wl, wr := make([]bool, nl), make([]bool, nr)
	for i := 0; i < nl; i++ {
		wl[i] = need[i]
	}
	if n.Kind != plan.Semi && n.Kind != plan.Anti && n.Kind != plan.Mark {
		for i := 0; i < nr; i++ {
			wr[i] = need[nl+i]
		}
	}
	for _, k := range n.Keys {
		wl, wr = with(wl, k.L), with(wr, k.R)
	}
	if n.Residual != nil {
		for _, c := range expr.Columns(n.Residual) {
			if c < nl {
				wl[c] = true
			} else {
				wr[c-nl] = true
			}
		}
	}
	l, al := p.node(n.L, wl)
	r, ar := p.node(n.R, wr)
	c := *n
	c.L, c.R = l, r
	newL := l.Schema().Len()
	both := make([]int, 0, nl+nr)
	both = append(both, al...)
	for _, a := range ar {
		if a >= 0 {
			a += newL
		}
		both = append(both, a)
	}
	c.Keys = make([]plan.EquiKey, len(n.Keys))
	for i, k := range n.Keys {
		c.Keys[i] = plan.EquiKey{L: move(k.L, al), R: move(k.R, ar)}
	}
	c.Residual = move(n.Residual, both)
	switch n.Kind {
	case plan.Semi, plan.Anti:
		return &c, al
	case plan.Mark:
		return &c, append(append([]int{}, al...), newL)
	}
	return &c, both
}

func (p *pruner) window(n *plan.Window, need []bool) (plan.Node, []int) {
	width := n.In.Schema().Len()
	want := append([]bool{}, need[:width]...)
	want[n.Time] = true
	if p.keep {
		for i := range want {
			want[i] = true
		}
	}
	in, at := p.node(n.In, want)
	c := *n
	c.In, c.Time = in, at[n.Time]
	w := in.Schema().Len()
	return &c, append(append([]int{}, at...), w, w+1, w+2)
}

// pushIntoScans gives the conjuncts of a filter over a scan to the scan, and drops the filter when
// the table applies them in full. Limits go down too.
func pushIntoScans(n plan.Node) plan.Node {
	return plan.Transform(n, func(x plan.Node) plan.Node {
		switch x := x.(type) {
		case *plan.Filter:
			s, ok := x.In.(*plan.Scan)
			if !ok || s.Limit >= 0 {
				return x
			}
			f, ok := s.Table.(interface{ AppliesFilters() bool })
			if !ok || !f.AppliesFilters() {
				return x
			}
			c := *s
			c.Filter, c.Exact = append(append([]expr.Expr{}, s.Filter...), expr.SplitAnd(x.Pred)...), true
			return &c
		case *plan.Limit:
			if s, ok := x.In.(*plan.Scan); ok && x.N >= 0 && len(s.Filter) == 0 && s.Limit < 0 {
				c := *s
				c.Limit = x.N + x.Offset
				return x.WithInputs(&c)
			}
		}
		return x
	})
}
