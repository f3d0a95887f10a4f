package sql

import (
	"strings"

	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/sql/syntax"
)

// Column numbers from these on are marks for what is not a column of the input yet.
const (
	outerBase = 1 << 24 // columns of the query around a subquery
	aggBase   = 1 << 25 // aggregates of a grouped query
	pendBase  = 1 << 26 // subqueries of a grouped query
)

// column is a name for a column of a relation's plan.
type column struct {
	qual   []string // of its table: an alias, or the dotted name
	name   string
	idx    int
	typ    vec.Type
	hidden bool // not part of *
	merged bool // hidden behind a column of USING: reached by its qualified name only
	weak   bool // found only when no other column has the name
}

// relation is a plan and the names of its columns. Columns of the plan without a name here are
// internal.
type relation struct {
	node  plan.Node
	cols  []column
	outer *relation   // of the query around this subquery; nil without
	corr  []expr.Expr // conjuncts of WHERE that use columns of outer
}

// newRelation names all columns of n as its schema does.
func newRelation(n plan.Node, qual []string) *relation {
	r := &relation{node: n}
	for i, f := range n.Schema().Fields {
		r.cols = append(r.cols, column{qual: qual, name: f.Name, idx: i, typ: f.Type})
	}
	return r
}

// matches tells whether a written name means the given one.
func matches(id syntax.Ident, name string) bool {
	return id.Name == name || !id.Quoted && strings.EqualFold(id.Name, name)
}

// qualifies tells whether a written qualifier means a table: the last parts of its name are enough.
func qualifies(q []syntax.Ident, qual []string) bool {
	if len(q) > len(qual) {
		return false
	}
	qual = qual[len(qual)-len(q):]
	for i := range q {
		if !matches(q[i], qual[i]) {
			return false
		}
	}
	return true
}

// find looks a column up. n is the number of columns that fit the name best: exact spelling before
// spelling without case, strong before weak.
func (r *relation) find(name []syntax.Ident) (found column, n int) {
	last := name[len(name)-1]
	best := 0
	for _, c := range r.cols {
		if !matches(last, c.name) || len(name) == 1 && c.merged || !qualifies(name[:len(name)-1], c.qual) {
			continue
		}
		rank := 1
		if last.Name == c.name {
			rank++
		}
		if !c.weak {
			rank += 2
		}
		switch {
		case rank > best:
			found, n, best = c, 1, rank
		case rank == best && c.idx != found.idx:
			n++
		}
	}
	return found, n
}

// names lists the columns for did-you-mean; with a qualifier, those of that table.
func (r *relation) names(q []syntax.Ident) []string {
	var out []string
	for _, c := range r.cols {
		if qualifies(q, c.qual) {
			out = append(out, c.name)
		}
	}
	return out
}

// hasTable tells whether a qualifier means a table of r.
func (r *relation) hasTable(q []syntax.Ident) bool {
	for _, c := range r.cols {
		if qualifies(q, c.qual) {
			return true
		}
	}
	return false
}

// tables lists the tables of r for did-you-mean.
func (r *relation) tables() []string {
	var out []string
	for _, c := range r.cols {
		if len(c.qual) > 0 && (len(out) == 0 || out[len(out)-1] != c.qual[len(c.qual)-1]) {
			out = append(out, c.qual[len(c.qual)-1])
		}
	}
	return out
}

func (c column) expr() *expr.Col { return &expr.Col{Idx: c.idx, Name: c.name, T: c.typ} }

// rename gives the columns of r that * shows new names and all columns a new qualifier.
func (b *binder) rename(r *relation, alias *syntax.TableAlias) error {
	if alias == nil {
		return nil
	}
	k := 0
	for i := range r.cols {
		c := &r.cols[i]
		c.qual = []string{alias.Name.Name}
		if !c.hidden && k < len(alias.Columns) {
			c.name = alias.Columns[k].Name
			k++
		}
	}
	if k < len(alias.Columns) {
		return b.fail(alias.Columns[k], "table %q has %d columns available but %d columns specified",
			alias.Name.Name, k, len(alias.Columns))
	}
	return nil
}

// isOuter tells whether e uses a column of the query around it.
func isOuter(e expr.Expr) bool {
	found := false
	expr.Walk(e, func(x expr.Expr) bool {
		if c, ok := x.(*expr.Col); ok && c.Idx >= outerBase && c.Idx < aggBase {
			found = true
		}
		return !found
	})
	return found
}
