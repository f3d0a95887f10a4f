package sql

import (
	"errors"

	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/sql/syntax"
)

// ErrNoTable means that a catalog has no table, function or target of that name. Other errors of a
// catalog are shown as they are.
var ErrNoTable = errors.New("no such table")

// Catalog finds what a statement names. Names come as written, unquoted parts in lower case.
type Catalog interface {
	// Table finds a table by its dotted name. rng is the part of a topic to read, nil for all.
	// The watermark is nil for a table without event time.
	Table(name []string, rng *syntax.Range) (plan.Table, *plan.Watermark, error)
	// View finds a view by its dotted name.
	View(name []string) (*View, bool)
	// File opens a file, glob, directory or URL as a table.
	File(path string, rng *syntax.Range) (plan.Table, error)
	// Function calls a table function by its dotted name.
	Function(name []string, args Args) (plan.Table, *plan.Watermark, error)
	// Target finds a table to write to.
	Target(name []string) (plan.Target, error)
	// FileTarget makes a target of a path. An empty format means that of the path's ending; schema
	// is the schema of the rows that will come.
	FileTarget(path, format string, options map[string]string, schema *vec.Schema) (plan.Target, error)
	// Names lists tables, views and table functions for did-you-mean.
	Names() []string
}

// View is a stored query.
type View struct {
	Query   *syntax.Query
	Columns []string // names of the columns; nil keeps those of the query
	Text    string   // the source that positions in Query refer to
}

// Args are the constant arguments of a table function.
type Args struct {
	Positional []*expr.Lit
	Named      map[string]*expr.Lit
}

// Hider is a table with columns that * leaves out, such as the metadata of a topic.
type Hider interface {
	// Hidden tells whether column col of the table's schema is left out.
	Hidden(col int) bool
}

// Computer is a table with computed columns: queries see columns that are expressions over the
// columns of the table's own schema. A TableDef gives them (Visible).
type Computer interface {
	// Computed lists all columns that queries see, in order; a stored one is a plain *expr.Col.
	Computed() (names []string, exprs []expr.Expr)
}

// Options of Bind.
type Options struct {
	Source string            // the text that the tree was parsed from, for the places of errors
	Params map[string]string // values of $name
}
