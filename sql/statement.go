package sql

import (
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/sql/syntax"
)

// Statement is a bound statement: one of *Query, *Insert, *Copy, *CreateTable, *CreateView, *Drop,
// *Explain, *Describe, *Show, *Set, *Reset.
type Statement interface{ statement() }

// Query is a SELECT, VALUES or set operation. Names are those of the result's columns, which may
// repeat.
type Query struct {
	Plan  plan.Node
	Names []string
}

// Insert writes a query to a table.
type Insert struct{ Plan *plan.Sink }

// Copy writes a query or table to a file.
type Copy struct {
	Plan *plan.Sink
	Path string
}

// CreateTable declares a table; the embedded definition says which.
type CreateTable struct {
	TableDef
	OrReplace, IfNotExists, Temporary bool
	Query                             *Query // AS query; nil without
}

// CreateView declares a view. A materialized view is a job.
type CreateView struct {
	Name                                            []string
	OrReplace, IfNotExists, Temporary, Materialized bool
	View                                            View
	Schema                                          *vec.Schema // of its rows
}

// Drop removes tables or views.
type Drop struct {
	Kind     syntax.ObjectKind
	IfExists bool
	Names    [][]string
}

// Explain shows the plan of a statement and, with Analyze, runs it.
type Explain struct {
	Analyze bool
	Options map[string]string // others than analyze, by lower-case name
	Inner   Statement
}

// Describe shows the columns of a table or query. Hidden columns, which * leaves out, are marked.
type Describe struct {
	Schema    *vec.Schema
	Hidden    []bool          // by column
	Table     plan.Table      // nil for queries and views
	Watermark *plan.Watermark // nil without event time
}

// Show lists objects or a setting.
type Show struct{ Name string }

// Set changes a setting.
type Set struct{ Name, Value string }

// Reset puts a setting, or with the name all every setting, back to its default.
type Reset struct{ Name string }

func (*Query) statement()       {}
func (*Insert) statement()      {}
func (*Copy) statement()        {}
func (*CreateTable) statement() {}
func (*CreateView) statement()  {}
func (*Drop) statement()        {}
func (*Explain) statement()     {}
func (*Describe) statement()    {}
func (*Show) statement()        {}
func (*Set) statement()         {}
func (*Reset) statement()       {}

func (b *binder) explain(s *syntax.Explain) (Statement, error) {
	inner, err := b.statement(s.Stmt)
	if err != nil {
		return nil, err
	}
	e := &Explain{Analyze: s.Analyze, Options: map[string]string{}, Inner: inner}
	for _, o := range s.Options {
		if o.Key == "analyze" {
			e.Analyze = o.Value != "false" && o.Value != "off"
			continue
		}
		e.Options[o.Key] = o.Value
	}
	return e, nil
}

func (b *binder) describe(s *syntax.Describe) (Statement, error) {
	if s.Query != nil {
		rel, err := b.query(s.Query, nil)
		if err != nil {
			return nil, err
		}
		return &Describe{Schema: rel.node.Schema(), Hidden: make([]bool, len(rel.cols))}, nil
	}
	rel, err := b.tableRef(s.Table, nil)
	if err != nil {
		return nil, err
	}
	d := &Describe{Schema: &vec.Schema{}}
	fields := rel.node.Schema().Fields
	for _, c := range rel.cols {
		f := fields[c.idx]
		f.Name = c.name
		d.Schema.Fields, d.Hidden = append(d.Schema.Fields, f), append(d.Hidden, c.hidden)
	}
	node := rel.node
	if p, ok := node.(*plan.Project); ok { // of computed columns
		node = p.In
	}
	if scan, ok := node.(*plan.Scan); ok && !b.isView(s.Table) {
		d.Table, d.Watermark = scan.Table, scan.Watermark
	}
	return d, nil
}

func (b *binder) isView(t syntax.TableRef) bool {
	n, ok := t.(*syntax.TableName)
	if !ok {
		return false
	}
	_, ok = b.cat.View(parts(n.Name))
	return ok
}
