package sql

import (
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/sql/syntax"
)

// Bounds on what common table expressions, views and GROUPING SETS may expand to; an honest query
// stays far below them.
const (
	maxTables = 4096
	maxSets   = 4096
)

// binder binds one statement.
type binder struct {
	opts   Options
	cat    Catalog
	tables int      // table references so far
	views  []string // that are being bound, outermost first
}

// Bind turns a statement into its bound form. Errors are *syntax.Error.
func Bind(stmt syntax.Stmt, cat Catalog, opts Options) (Statement, error) {
	b := &binder{opts: opts, cat: cat}
	return b.statement(stmt)
}

func (b *binder) statement(stmt syntax.Stmt) (Statement, error) {
	switch s := stmt.(type) {
	case *syntax.SelectStmt:
		return b.selectStmt(s.Query)
	case *syntax.Insert:
		return b.insert(s)
	case *syntax.Copy:
		return b.copy(s)
	case *syntax.CreateTable:
		return b.createTable(s)
	case *syntax.CreateView:
		return b.createView(s)
	case *syntax.Drop:
		d := &Drop{Kind: s.Kind, IfExists: s.IfExists}
		for _, n := range s.Names {
			d.Names = append(d.Names, parts(n))
		}
		return d, nil
	case *syntax.Explain:
		return b.explain(s)
	case *syntax.Describe:
		return b.describe(s)
	case *syntax.Show:
		return &Show{Name: s.Name}, nil
	case *syntax.Set:
		return &Set{Name: s.Name, Value: s.Value}, nil
	case *syntax.Reset:
		return &Reset{Name: s.Name}, nil
	}
	return nil, b.unsupported(stmt, "this statement")
}

func (b *binder) selectStmt(q *syntax.Query) (*Query, error) {
	rel, err := b.query(q, nil)
	if err != nil {
		return nil, err
	}
	return &Query{Plan: rel.node, Names: rel.visible()}, nil
}

// query binds a query to the relation of its result, whose plan has exactly the result's columns.
func (b *binder) query(q *syntax.Query, outside *env) (*relation, error) {
	e, err := b.with(q.With, outside)
	if err != nil {
		return nil, err
	}
	if s, ok := q.Body.(*syntax.Select); ok {
		return b.selectQuery(s, q, e)
	}
	rel, err := b.body(q.Body, e)
	if err != nil {
		return nil, err
	}
	return b.tail(rel, q, e)
}

// body binds a query without the clauses of Query.
func (b *binder) body(q syntax.QueryExpr, e *env) (*relation, error) {
	switch q := q.(type) {
	case *syntax.Select:
		return b.selectQuery(q, &syntax.Query{}, e)
	case *syntax.Query:
		return b.query(q, e)
	case *syntax.SetOp:
		return b.setOp(q, e)
	case *syntax.Values:
		return b.values(q, e)
	case *syntax.TableQuery:
		rel, err := b.tableRef(q.Table, e)
		if err != nil {
			return nil, err
		}
		return b.project(rel, rel.starItems()), nil
	}
	return nil, b.unsupported(q, "this query")
}

// visible lists the names of the columns that * shows.
func (r *relation) visible() []string {
	var out []string
	for _, c := range r.cols {
		if !c.hidden && !c.merged {
			out = append(out, c.name)
		}
	}
	return out
}

// starItems lists the columns that * shows.
func (r *relation) starItems() []column {
	var out []column
	for _, c := range r.cols {
		if !c.hidden && !c.merged {
			out = append(out, c)
		}
	}
	return out
}

// env is the common table expressions that a query sees.
type env struct {
	name   syntax.Ident
	cte    *syntax.CTE
	parent *env // of the expressions before this one, which are also those that it sees
}

// with adds the expressions of a WITH clause to an environment.
func (b *binder) with(w *syntax.With, outside *env) (*env, error) {
	if w == nil {
		return outside, nil
	}
	e := outside
	for i := range w.CTEs {
		c := &w.CTEs[i]
		for k := range w.CTEs[:i] {
			if matches(c.Name, w.CTEs[k].Name.Name) {
				return nil, b.fail(c.Name, "WITH query name %q specified more than once", c.Name.Name)
			}
		}
		if w.Recursive && readsTable(c.Query, c.Name) {
			return nil, b.unsupported(c.Name, "a recursive WITH query")
		}
		e = &env{name: c.Name, cte: c, parent: e}
	}
	// Binding each once reports mistakes in expressions that nothing reads.
	for at := e; at != outside; at = at.parent {
		if _, err := b.cte(at); err != nil {
			return nil, err
		}
	}
	return e, nil
}

// cte binds a common table expression; each reference gets a plan of its own.
func (b *binder) cte(e *env) (*relation, error) {
	rel, err := b.query(e.cte.Query, e.parent)
	if err != nil {
		return nil, err
	}
	alias := &syntax.TableAlias{Span: e.cte.Name.Span, Name: e.cte.Name, Columns: e.cte.Columns}
	return rel, b.rename(rel, alias)
}

// find looks up a common table expression by the name of a table; nil when there is none.
func (e *env) find(name []syntax.Ident) *env {
	if len(name) != 1 {
		return nil
	}
	for ; e != nil; e = e.parent {
		if matches(name[0], e.name.Name) {
			return e
		}
	}
	return nil
}

// readsTable tells whether a query names a table directly in its body, as a recursive one does.
func readsTable(q *syntax.Query, name syntax.Ident) bool {
	var inBody func(syntax.QueryExpr) bool
	var inTable func(syntax.TableRef) bool
	inTable = func(t syntax.TableRef) bool {
		switch t := t.(type) {
		case *syntax.TableName:
			return len(t.Name) == 1 && matches(name, t.Name[0].Name)
		case *syntax.DerivedTable:
			return readsTable(t.Query, name)
		case *syntax.Join:
			return inTable(t.L) || inTable(t.R)
		}
		return false
	}
	inBody = func(e syntax.QueryExpr) bool {
		switch e := e.(type) {
		case *syntax.Select:
			for _, t := range e.From {
				if inTable(t) {
					return true
				}
			}
		case *syntax.SetOp:
			return inBody(e.L) || inBody(e.R)
		case *syntax.Query:
			return inBody(e.Body)
		case *syntax.TableQuery:
			return inTable(e.Table)
		}
		return false
	}
	return inBody(q.Body)
}

// project keeps columns of a relation, in the given order.
func (b *binder) project(r *relation, cols []column) *relation {
	p := &plan.Project{In: r.node}
	for _, c := range cols {
		p.Exprs, p.Names = append(p.Exprs, c.expr()), append(p.Names, c.name)
	}
	return newRelation(simplify(p), nil)
}
