package plan

import (
	"strings"

	"github.com/riffle-io/riffle/dataflow/expr"
)

// Explain draws a plan as a tree. note, when not nil, adds text behind a node's line.
func Explain(n Node, note func(Node) string) string {
	var b strings.Builder
	draw(&b, n, "", "", note)
	return b.String()
}

func draw(b *strings.Builder, n Node, first, rest string, note func(Node) string) {
	b.WriteString(first + n.Describe())
	if note != nil {
		if s := note(n); s != "" {
			b.WriteString("  " + s)
		}
	}
	b.WriteByte('\n')
	in := n.Inputs()
	for i, c := range in {
		if i == len(in)-1 {
			draw(b, c, rest+"└─ ", rest+"   ", note)
		} else {
			draw(b, c, rest+"├─ ", rest+"│  ", note)
		}
	}
}

// Transform rewrites a plan bottom-up.
func Transform(n Node, fn func(Node) Node) Node {
	in := n.Inputs()
	if len(in) > 0 {
		out := make([]Node, len(in))
		changed := false
		for i, c := range in {
			out[i] = Transform(c, fn)
			changed = changed || out[i] != c
		}
		if changed {
			n = n.WithInputs(out...)
		}
	}
	return fn(n)
}

// Exprs lists the expressions of a node itself.
func Exprs(n Node) []expr.Expr {
	switch n := n.(type) {
	case *Filter:
		return []expr.Expr{n.Pred}
	case *Project:
		return n.Exprs
	case *Aggregate:
		out := append([]expr.Expr{}, n.Keys...)
		for _, a := range n.Aggs {
			out = append(out, a.Args...)
			if a.Filter != nil {
				out = append(out, a.Filter)
			}
		}
		return out
	case *Scan:
		return n.Filter
	}
	return nil
}

// projectKey maps key columns through a projection; nil when one of them is lost.
func projectKey(p *Project, key []int) []int {
	if key == nil {
		return nil
	}
	out := make([]int, 0, len(key))
	for _, k := range key {
		at := -1
		for i, e := range p.Exprs {
			if c, ok := e.(*expr.Col); ok && c.Idx == k {
				at = i
				break
			}
		}
		if at < 0 {
			return nil
		}
		out = append(out, at)
	}
	return out
}
