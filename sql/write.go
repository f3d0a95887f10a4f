package sql

import (
	"errors"
	"fmt"
	"strings"

	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/sql/syntax"
)

// insert binds INSERT INTO target [(columns)] query. Columns go by position; with a list, the others
// become NULL.
func (b *binder) insert(s *syntax.Insert) (Statement, error) {
	if f, ok := s.Target.(*syntax.FileTable); ok {
		return b.insertFile(s, f)
	}
	t, ok := s.Target.(*syntax.TableName)
	if !ok {
		return nil, b.fail(s.Target, "cannot insert into this")
	}
	target, err := b.cat.Target(parts(t.Name))
	if errors.Is(err, ErrNoTable) {
		return nil, b.failHint(t, didYouMean(dotted(t.Name), b.cat.Names()), "relation %q does not exist", dotted(t.Name))
	}
	if err != nil {
		return nil, b.at(t, err)
	}
	sink, err := b.insertInto(s, target)
	if err != nil {
		return nil, err
	}
	return &Insert{Plan: sink}, nil
}

// insertFile writes a query to a file or topic, whose schema is that of the query.
func (b *binder) insertFile(s *syntax.Insert, f *syntax.FileTable) (Statement, error) {
	if f.Range != nil {
		return nil, b.fail(f, "a target takes no range")
	}
	rel, err := b.query(s.Query, nil)
	if err != nil {
		return nil, err
	}
	if len(s.Columns) > 0 {
		alias := &syntax.TableAlias{Name: syntax.Ident{Span: f.Span, Name: f.Path}, Columns: s.Columns}
		if len(s.Columns) != len(rel.cols) {
			return nil, b.fail(s.Columns[0], "INSERT has %d target columns and %d expressions", len(s.Columns), len(rel.cols))
		}
		if err := b.rename(rel, alias); err != nil {
			return nil, err
		}
		rel = b.project(rel, rel.cols)
	}
	sink, err := b.fileSink(f, f.Path, "", map[string]string{}, rel.node)
	if err != nil {
		return nil, err
	}
	return &Insert{Plan: sink}, nil
}

// copy binds COPY query TO 'path' (FORMAT f, …).
func (b *binder) copy(s *syntax.Copy) (Statement, error) {
	q := s.Query
	if q == nil {
		q = &syntax.Query{Span: syntax.Span{Start: s.Table.Pos(), Stop: s.Table.End()}, Body: &syntax.TableQuery{Table: s.Table}}
	}
	rel, err := b.query(q, nil)
	if err != nil {
		return nil, err
	}
	format, options := "", map[string]string{}
	for _, o := range s.Options {
		if strings.EqualFold(o.Key, "format") {
			format = strings.ToLower(o.Value)
			continue
		}
		options[o.Key] = o.Value
	}
	sink, err := b.fileSink(s, s.Path, format, options, rel.node)
	if err != nil {
		return nil, err
	}
	return &Copy{Plan: sink, Path: s.Path}, nil
}

func (b *binder) fileSink(at syntax.Node, path, format string, options map[string]string, in plan.Node) (*plan.Sink, error) {
	if in.Schema().Len() == 0 {
		return nil, b.fail(at, "there are no columns to write")
	}
	seen := map[string]bool{}
	for _, f := range in.Schema().Fields {
		if seen[f.Name] {
			return nil, b.failHint(at, "give one of them an alias", "two columns to write are called %q", f.Name)
		}
		seen[f.Name] = true
	}
	target, err := b.cat.FileTarget(path, format, options, in.Schema())
	if err != nil {
		return nil, b.at(at, err)
	}
	return b.sink(at, target, in)
}

// sink checks that the target can take what the plan gives.
func (b *binder) sink(at syntax.Node, target plan.Target, in plan.Node) (*plan.Sink, error) {
	mode, key := plan.ModeOf(in)
	if err := target.Accepts(mode, key); err != nil {
		hint := ""
		if mode == plan.Retract {
			hint = "group by a window of time, so that groups end, or write to a table with a primary key"
		}
		return nil, b.failHint(at, hint, "%s", err)
	}
	return &plan.Sink{In: in, Target: target}, nil
}

// insertInto casts the query's columns to those of the target.
func (b *binder) insertInto(s *syntax.Insert, target plan.Target) (*plan.Sink, error) {
	schema := target.Schema()
	to, err := b.targetColumns(s, schema)
	if err != nil {
		return nil, err
	}
	types := make([]vec.Type, len(to))
	for i, c := range to {
		types[i] = schema.Fields[c].Type
	}
	source, at, err := b.insertRows(s.Query, types)
	if err != nil {
		return nil, err
	}
	if n := source.Schema().Len(); n != len(to) && (len(s.Columns) > 0 || n > len(to)) {
		return nil, b.fail(s.Query, "INSERT has %s expressions than target columns (%d and %d)",
			map[bool]string{true: "more", false: "fewer"}[n > len(to)], n, len(to))
	} else if n < len(to) {
		return nil, b.failHint(s.Query, "name the columns: INSERT INTO t (a, b) …", "INSERT has fewer expressions than target columns (%d and %d)", n, len(to))
	}
	p := &plan.Project{In: source}
	from := source.Schema().Fields
	given := make([]expr.Expr, len(from))
	for i, f := range from {
		given[i] = colOf(i, f)
	}
	if top, ok := source.(*plan.Project); ok {
		p.In = top.In
		copy(given, top.Exprs)
	}
	p.Exprs, p.Names = make([]expr.Expr, schema.Len()), make([]string, schema.Len())
	for i, f := range schema.Fields {
		p.Exprs[i], p.Names[i] = expr.NullOf(f.Type), f.Name
	}
	for i, c := range to {
		e, err := b.assign(at(i), given[i], types[i], schema.Fields[c].Name)
		if err != nil {
			return nil, err
		}
		if p.Exprs[c], err = b.present(at(i), e, schema.Fields[c]); err != nil {
			return nil, err
		}
	}
	return b.sink(s.Target, target, simplify(p))
}

// present checks that a value for a column that is NOT NULL is there: now when it is constant, else
// row by row.
func (b *binder) present(at syntax.Node, e expr.Expr, f vec.Field) (expr.Expr, error) {
	if !f.NotNull {
		return e, nil
	}
	if l, ok := e.(*expr.Lit); ok {
		if l.Val.Null {
			return nil, b.fail(at, "column %q must not be NULL", f.Name)
		}
		return e, nil
	}
	return expr.NewCall("not_null", e, &expr.Lit{Val: vec.StringValue(f.Name), T: vec.TString})
}

// targetColumns are the columns of the target in the order in which values come.
func (b *binder) targetColumns(s *syntax.Insert, schema *vec.Schema) ([]int, error) {
	given := make([]bool, schema.Len())
	var to []int
	names := make([]string, schema.Len())
	for i, f := range schema.Fields {
		names[i] = f.Name
		if len(s.Columns) == 0 {
			to, given[i] = append(to, i), true
		}
	}
	for _, id := range s.Columns {
		at := -1
		for i, n := range names {
			if n == id.Name || at < 0 && matches(id, n) {
				at = i
			}
		}
		switch {
		case at < 0:
			return nil, b.failHint(id, didYouMean(id.Name, names), "column %q of the target does not exist", id.Name)
		case given[at]:
			return nil, b.fail(id, "column %q specified more than once", id.Name)
		}
		to, given[at] = append(to, at), true
	}
	for i, ok := range given {
		if !ok && schema.Fields[i].NotNull {
			return nil, b.fail(s.Columns[0], "column %q must not be NULL and is not in the list", schema.Fields[i].Name)
		}
	}
	return to, nil
}

// insertRows binds the query of an INSERT. Literals of VALUES get the types of the target at once. at
// is the place of column i.
func (b *binder) insertRows(q *syntax.Query, types []vec.Type) (plan.Node, func(int) syntax.Node, error) {
	at := func(int) syntax.Node { return q }
	if v, ok := q.Body.(*syntax.Values); ok && q.OrderBy == nil && q.Limit == nil && q.Offset == nil && len(v.Rows[0]) == len(types) {
		e, err := b.with(q.With, nil)
		if err != nil {
			return nil, nil, err
		}
		n, err := b.valueRows(v, e, types)
		if err != nil {
			return nil, nil, err
		}
		return n, at, nil
	}
	if s, ok := q.Body.(*syntax.Select); ok {
		starred := false
		for _, it := range s.Items {
			_, star := it.Expr.(*syntax.Star)
			starred = starred || star
		}
		if !starred {
			at = func(i int) syntax.Node { return s.Items[min(i, len(s.Items)-1)].Expr }
		}
	}
	rel, err := b.query(q, nil)
	if err != nil {
		return nil, nil, err
	}
	return rel.node, at, nil
}

// assign casts a value to the type of the column it is stored in. Unlike a cast it does not read
// text as something else, literals aside.
func (b *binder) assign(at syntax.Node, e expr.Expr, t vec.Type, column string) (expr.Expr, error) {
	from := e.Type()
	if from == t {
		return e, nil
	}
	if l, ok := e.(*expr.Lit); ok && from.Kind == vec.String && !l.Val.Null {
		return b.parse(at, l.Val.S, t)
	}
	if !expr.CanCast(from, t) || from.IsText() && !t.IsText() {
		return nil, b.failHint(at, "rewrite or cast the expression", "column %q is of type %s but expression is of type %s",
			column, strings.ToLower(t.String()), strings.ToLower(from.String()))
	}
	c, err := expr.NewCast(e, t)
	if err != nil {
		return nil, b.at(at, fmt.Errorf("column %q: %w", column, err))
	}
	return c, nil
}
