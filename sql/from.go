package sql

import (
	"errors"
	"path"
	"slices"
	"strings"

	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/sql/syntax"
)

// from binds a FROM clause: a comma is a cross join. Without tables it is one row without columns.
func (b *binder) from(tables []syntax.TableRef, e *env) (*relation, error) {
	if len(tables) == 0 {
		return &relation{node: &plan.Values{Out: vec.NewSchema(), Rows: [][]vec.Value{{}}}}, nil
	}
	var rel *relation
	for i, t := range tables {
		r, err := b.tableRef(t, e)
		if err != nil {
			return nil, err
		}
		if i == 0 {
			rel = r
			continue
		}
		if err := b.distinctAlias(t, rel, r); err != nil {
			return nil, err
		}
		rel = cross(rel, r)
	}
	return rel, nil
}

// cross joins every row with every row.
func cross(l, r *relation) *relation {
	return &relation{node: &plan.Join{L: l.node, R: r.node, Kind: plan.Inner}, cols: sideBySide(l, r)}
}

// sideBySide is the columns of l and, shifted behind them, those of r.
func sideBySide(l, r *relation) []column {
	cols := append([]column{}, l.cols...)
	width := l.node.Schema().Len()
	for _, c := range r.cols {
		c.idx += width
		cols = append(cols, c)
	}
	return cols
}

// distinctAlias refuses a table name that is there already.
func (b *binder) distinctAlias(n syntax.Node, l, r *relation) error {
	seen := map[string]bool{}
	for _, c := range l.cols {
		if len(c.qual) > 0 {
			seen[strings.Join(c.qual, ".")] = true
		}
	}
	for _, c := range r.cols {
		if q := strings.Join(c.qual, "."); len(c.qual) > 0 && seen[q] {
			return b.failHint(n, "give one of them an alias", "table name %q specified more than once", q)
		}
	}
	return nil
}

func (b *binder) tableRef(t syntax.TableRef, e *env) (*relation, error) {
	if b.tables++; b.tables > maxTables {
		return nil, b.fail(t, "query reads more than %d tables, counting those of views and WITH queries each time", maxTables)
	}
	switch t := t.(type) {
	case *syntax.TableName:
		return b.tableName(t, e)
	case *syntax.FileTable:
		tbl, err := b.cat.File(t.Path, t.Range)
		if err != nil {
			return nil, b.noTable(t, t.Path, err)
		}
		rel := b.scan(tbl, nil, fileQualifier(t.Path))
		return rel, b.rename(rel, t.Alias)
	case *syntax.DerivedTable:
		if t.Lateral {
			return nil, b.unsupported(t, "LATERAL")
		}
		rel, err := b.query(t.Query, e)
		if err != nil {
			return nil, err
		}
		return rel, b.rename(rel, t.Alias)
	case *syntax.TableFunc:
		return b.tableFunc(t, e)
	case *syntax.Join:
		return b.join(t, e)
	}
	return nil, b.unsupported(t, "this table")
}

// fileQualifier is the name of a file without directory and ending.
func fileQualifier(p string) []string {
	name, _, _ := strings.Cut(path.Base(p), ".")
	return []string{name}
}

func (b *binder) tableName(t *syntax.TableName, e *env) (*relation, error) {
	if t.AsOf != nil {
		return nil, b.unsupported(t, "FOR SYSTEM_TIME AS OF")
	}
	rel, err := b.named(t, e)
	if err != nil {
		return nil, err
	}
	return rel, b.rename(rel, t.Alias)
}

// named finds a name among the common table expressions, then the views, then the tables.
func (b *binder) named(t *syntax.TableName, e *env) (*relation, error) {
	if c := e.find(t.Name); c != nil && t.Range == nil {
		return b.cte(c)
	}
	name := parts(t.Name)
	if v, ok := b.cat.View(name); ok {
		if t.Range != nil {
			return nil, b.fail(t, "only a topic takes a range, %s is a view", dotted(t.Name))
		}
		return b.view(t, v)
	}
	tbl, wm, err := b.cat.Table(name, t.Range)
	if err != nil {
		if !errors.Is(err, ErrNoTable) {
			return nil, b.at(t, err)
		}
		known := b.cat.Names()
		for ; e != nil; e = e.parent {
			known = append(known, e.name.Name)
		}
		return nil, b.failHint(t, didYouMean(dotted(t.Name), known), "relation %q does not exist", dotted(t.Name))
	}
	return b.scan(tbl, wm, name), nil
}

// view binds the query of a view, whose positions belong to another text.
func (b *binder) view(t *syntax.TableName, v *View) (*relation, error) {
	name := dotted(t.Name)
	if slices.Contains(b.views, name) {
		return nil, b.fail(t, "it reads itself")
	}
	outside := b.opts.Source
	b.opts.Source, b.views = v.Text, append(b.views, name)
	rel, err := b.query(v.Query, nil)
	b.opts.Source, b.views = outside, b.views[:len(b.views)-1]
	if err != nil {
		msg := err.Error()
		var placed *syntax.Error
		if errors.As(err, &placed) {
			msg = placed.Msg
		}
		return nil, b.fail(t, "view %q: %s", name, msg)
	}
	alias := &syntax.TableAlias{Span: t.Span, Name: t.Name[len(t.Name)-1]}
	for _, c := range v.Columns {
		alias.Columns = append(alias.Columns, syntax.Ident{Span: t.Span, Name: c})
	}
	if err := b.rename(rel, alias); err != nil {
		return nil, err
	}
	for i := range rel.cols {
		rel.cols[i].qual = parts(t.Name)
	}
	return rel, nil
}

// scan reads a table of the catalog.
func (b *binder) scan(t plan.Table, wm *plan.Watermark, qual []string) *relation {
	s := plan.NewScan(t, strings.Join(qual, "."))
	s.Watermark = wm
	rel := newRelation(s, qual)
	hidden := func(expr.Expr) bool { return false }
	if h, ok := t.(Hider); ok {
		hidden = func(e expr.Expr) bool { c, ok := e.(*expr.Col); return ok && h.Hidden(c.Idx) }
	}
	seen := make([]expr.Expr, len(rel.cols))
	for i, c := range rel.cols {
		seen[i] = c.expr()
	}
	if c, ok := t.(Computer); ok {
		var names []string
		names, seen = c.Computed()
		rel = newRelation(simplify(&plan.Project{In: s, Exprs: seen, Names: names}), qual)
	}
	for i := range rel.cols {
		rel.cols[i].hidden = hidden(seen[i])
	}
	return rel
}

// noTable says why a table could not be opened.
func (b *binder) noTable(n syntax.Node, name string, err error) error {
	if errors.Is(err, ErrNoTable) {
		return b.fail(n, "relation %q does not exist", name)
	}
	return b.at(n, err)
}

// tableFunc binds a window of time over a table, or a function of the catalog.
func (b *binder) tableFunc(t *syntax.TableFunc, e *env) (*relation, error) {
	switch {
	case t.Lateral:
		return nil, b.unsupported(t, "LATERAL")
	case t.Ordinality:
		return nil, b.unsupported(t, "WITH ORDINALITY")
	}
	var rel *relation
	var err error
	if kind, ok := windowKinds[t.Call.Name[0].Name]; ok && len(t.Call.Name) == 1 {
		rel, err = b.windowTable(kind, t.Call, e)
	} else {
		rel, err = b.catalogFunc(t.Call, e)
	}
	if err != nil {
		return nil, err
	}
	return rel, b.rename(rel, t.Alias)
}

func (b *binder) catalogFunc(f *syntax.FuncCall, e *env) (*relation, error) {
	if f.Star || f.Distinct || f.Over != nil || f.Filter != nil || len(f.OrderBy) > 0 || len(f.WithinGroup) > 0 {
		return nil, b.fail(f, "%s is a table function: it takes arguments only", dotted(f.Name))
	}
	args := Args{Named: map[string]*expr.Lit{}}
	what := dotted(f.Name)
	for _, a := range f.Args {
		v, err := b.fold(e, a, what)
		if err != nil {
			return nil, err
		}
		args.Positional = append(args.Positional, v)
	}
	for _, a := range f.Named {
		v, err := b.fold(e, a.Value, what)
		if err != nil {
			return nil, err
		}
		if args.Named[a.Name.Name] != nil {
			return nil, b.fail(a, "argument %q is given twice", a.Name.Name)
		}
		args.Named[a.Name.Name] = v
	}
	tbl, wm, err := b.cat.Function(parts(f.Name), args)
	if errors.Is(err, ErrNoTable) {
		known := append(b.cat.Names(), "tumble", "hop", "cumulate")
		return nil, b.failHint(f, didYouMean(what, known), "table function %q does not exist", what)
	}
	if err != nil {
		return nil, b.at(f, err)
	}
	return b.scan(tbl, wm, parts(f.Name[len(f.Name)-1:])), nil
}
