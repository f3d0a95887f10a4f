// Package plan is query plans as data: logical nodes, which say what is asked, and physical nodes,
// which say how it is computed.
//
//	sql.Bind ──► logical nodes ── optimizer ──► physical nodes ── exec ──► stages of tasks
//
// Nodes are immutable: rules build new ones with WithInputs. Column references in expressions are
// positions in the schema of the node's input (of both inputs, left first, for joins).
//
// What it does not do: it opens no file and runs nothing. A Table is a handle that the binder got
// from the catalog; exec asks it for a source.
package plan

import (
	"fmt"
	"strings"

	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/vec"
)

// Node is one operation of a plan.
type Node interface {
	Schema() *vec.Schema
	Inputs() []Node
	// WithInputs is the node over other inputs, whose schemas have the same types.
	WithInputs(in ...Node) Node
	// Describe is the node's line of EXPLAIN, without its inputs.
	Describe() string
}

// Table is a table that can be scanned.
type Table interface {
	Name() string
	Schema() *vec.Schema
	// Stats is what is known without reading rows.
	Stats() Stats
	// Unbounded is true for a table that does not end.
	Unbounded() bool
}

// Stats describes the rows of a table or the estimated output of a node.
type Stats struct {
	Rows  float64 // -1 when not known
	Bytes float64 // -1 when not known
	Cols  []ColStats
}

// ColStats describes one column. The zero value knows nothing.
type ColStats struct {
	Distinct float64 // 0 when not known
	Nulls    float64 // share of rows, 0..1
	Min, Max vec.Value
	HasRange bool
}

// Watermark is how a scan derives event time: the watermark of a split is the largest value of
// Expr over its rows so far. Idle is the time in µs of processing time after which a silent split
// no longer holds the watermark back; 0 is never.
type Watermark struct {
	Col  int       // the event time column of the table
	Expr expr.Expr // over the table's columns
	Idle int64
}

// Scan reads a table.
type Scan struct {
	Table     Table
	Alias     string
	Cols      []int       // columns of the table that are produced
	Filter    []expr.Expr // conjuncts pushed down, over the produced columns; rows that fail may still come
	Exact     bool        // the source applies Filter in full
	Limit     int64       // at most so many rows are needed; -1 for all
	InOrder   bool        // one task reads all splits, in their order
	Watermark *Watermark  // nil: no event time
	KeyCols   []KeyCol    // runtime filters of joins above
	Hint      any         // what the table's own planning wants to remember
	// Clustered asks that splits tell which values of the produced column ClusterCol they share with
	// other splits. Only a ClusteredTable can be asked.
	Clustered  bool
	ClusterCol int
}

// ClusteredTable is a Table that may keep the values of a column apart.
type ClusteredTable interface {
	Table
	// Clustered tells whether nearly every value of column col is in one split alone.
	Clustered(col int) bool
}

// KeyCol is a runtime filter of a scan: rows whose produced column Col is not among the keys of the
// build side with that number need not come, and the scan waits for that build side.
type KeyCol struct{ Col, Filter int }

// NewScan reads all columns of t.
func NewScan(t Table, alias string) *Scan {
	cols := make([]int, t.Schema().Len())
	for i := range cols {
		cols[i] = i
	}
	return &Scan{Table: t, Alias: alias, Cols: cols, Limit: -1}
}

func (s *Scan) Schema() *vec.Schema     { return s.Table.Schema().Project(s.Cols) }
func (s *Scan) Inputs() []Node          { return nil }
func (s *Scan) WithInputs(...Node) Node { return s }
func (s *Scan) Describe() string {
	names := make([]string, len(s.Cols))
	for i, f := range s.Schema().Fields {
		names[i] = f.Name
	}
	out := fmt.Sprintf("Scan %s columns=[%s]", s.Table.Name(), strings.Join(names, " "))
	if len(s.Filter) > 0 {
		out += " filter=[" + exprList(s.Filter, " AND ") + "]"
	}
	if len(s.KeyCols) > 0 {
		parts := make([]string, len(s.KeyCols))
		for i, k := range s.KeyCols {
			parts[i] = fmt.Sprintf("%s in #%d", names[k.Col], k.Filter)
		}
		out += " runtime_filter=[" + strings.Join(parts, ", ") + "]"
	}
	if s.Clustered {
		out += fmt.Sprintf(" clustered=[%s]", names[s.ClusterCol])
	}
	if s.Limit >= 0 {
		out += fmt.Sprintf(" limit=%d", s.Limit)
	}
	if s.Watermark != nil {
		out += " watermark=" + s.Watermark.Expr.String()
	}
	if s.Table.Unbounded() {
		out += " unbounded"
	}
	return out
}

// Values is literal rows.
type Values struct {
	Out  *vec.Schema
	Rows [][]vec.Value
}

func (v *Values) Schema() *vec.Schema     { return v.Out }
func (v *Values) Inputs() []Node          { return nil }
func (v *Values) WithInputs(...Node) Node { return v }
func (v *Values) Describe() string        { return fmt.Sprintf("Values rows=%d", len(v.Rows)) }

// Filter keeps the rows for which Pred is true.
type Filter struct {
	In   Node
	Pred expr.Expr
}

func (f *Filter) Schema() *vec.Schema        { return f.In.Schema() }
func (f *Filter) Inputs() []Node             { return []Node{f.In} }
func (f *Filter) WithInputs(in ...Node) Node { return &Filter{In: in[0], Pred: f.Pred} }
func (f *Filter) Describe() string           { return "Filter " + f.Pred.String() }

// Project computes expressions.
type Project struct {
	In    Node
	Exprs []expr.Expr
	Names []string
}

func (p *Project) Schema() *vec.Schema {
	s := &vec.Schema{Fields: make([]vec.Field, len(p.Exprs))}
	for i, e := range p.Exprs {
		s.Fields[i] = vec.Field{Name: p.Names[i], Type: e.Type()}
	}
	return s
}
func (p *Project) Inputs() []Node { return []Node{p.In} }
func (p *Project) WithInputs(in ...Node) Node {
	return &Project{In: in[0], Exprs: p.Exprs, Names: p.Names}
}
func (p *Project) Describe() string {
	parts := make([]string, len(p.Exprs))
	for i, e := range p.Exprs {
		if parts[i] = e.String(); parts[i] != p.Names[i] {
			parts[i] += " AS " + p.Names[i]
		}
	}
	return "Project [" + strings.Join(parts, ", ") + "]"
}

// Sort orders rows. With Limit >= 0 it keeps the first Limit rows after Offset (top-n).
type Sort struct {
	In     Node
	Keys   []vec.Order
	Limit  int64 // -1: all
	Offset int64
}

func (s *Sort) Schema() *vec.Schema { return s.In.Schema() }
func (s *Sort) Inputs() []Node      { return []Node{s.In} }
func (s *Sort) WithInputs(in ...Node) Node {
	c := *s
	c.In = in[0]
	return &c
}
func (s *Sort) Describe() string {
	name := "Sort"
	if s.Limit >= 0 {
		name = fmt.Sprintf("TopN %d", s.Limit)
		if s.Offset > 0 {
			name += fmt.Sprintf(" offset %d", s.Offset)
		}
	}
	return name + " by=[" + s.keyList() + "]"
}

func (s *Sort) keyList() string {
	parts := make([]string, len(s.Keys))
	f := s.In.Schema().Fields
	for i, k := range s.Keys {
		parts[i] = f[k.Col].Name
		if k.Desc {
			parts[i] += " DESC"
		}
		if k.NullsLast == k.Desc { // not the default of the direction
			parts[i] += map[bool]string{true: " NULLS LAST", false: " NULLS FIRST"}[k.NullsLast]
		}
	}
	return strings.Join(parts, ", ")
}

// Limit passes N rows (-1: all) after Offset.
type Limit struct {
	In        Node
	N, Offset int64
}

func (l *Limit) Schema() *vec.Schema        { return l.In.Schema() }
func (l *Limit) Inputs() []Node             { return []Node{l.In} }
func (l *Limit) WithInputs(in ...Node) Node { return &Limit{In: in[0], N: l.N, Offset: l.Offset} }
func (l *Limit) Describe() string           { return fmt.Sprintf("Limit %d offset %d", l.N, l.Offset) }

// Union passes the rows of all inputs, which have the same types.
type Union struct{ Ins []Node }

func (u *Union) Schema() *vec.Schema        { return u.Ins[0].Schema() }
func (u *Union) Inputs() []Node             { return u.Ins }
func (u *Union) WithInputs(in ...Node) Node { return &Union{Ins: in} }
func (u *Union) Describe() string           { return "UnionAll" }

// Single passes its only row; no row becomes a row of NULLs, and more than one is an error. It
// stands over a scalar subquery.
type Single struct{ In Node }

func (s *Single) Schema() *vec.Schema        { return s.In.Schema() }
func (s *Single) Inputs() []Node             { return []Node{s.In} }
func (s *Single) WithInputs(in ...Node) Node { return &Single{In: in[0]} }
func (s *Single) Describe() string           { return "SingleRow" }

// Target is a table that can be written.
type Target interface {
	Name() string
	Schema() *vec.Schema
	// Accepts tells whether rows in the given output mode can be written, and if not, why.
	Accepts(m Mode, key []int) error
}

// SinkSpec is what a sink is to write.
type SinkSpec struct {
	Schema *vec.Schema
	Mode   Mode
	Key    []int // columns that identify a row of a changelog; nil: none known
}

// Sink writes rows to a target. Its output is one row with the number of rows written.
type Sink struct {
	In     Node
	Target Target
}

func (s *Sink) Schema() *vec.Schema {
	return vec.NewSchema(vec.Field{Name: "rows", Type: vec.TInt64, NotNull: true})
}
func (s *Sink) Inputs() []Node             { return []Node{s.In} }
func (s *Sink) WithInputs(in ...Node) Node { return &Sink{In: in[0], Target: s.Target} }
func (s *Sink) Describe() string           { return "Sink " + s.Target.Name() }

// ExchangeKind is how rows move between tasks.
type ExchangeKind uint8

const (
	Gather    ExchangeKind = iota // to the one task of the next stage
	HashBy                        // to the task that owns the key group
	Broadcast                     // to every task
	Rebalance                     // round robin
	Merge                         // to one task, keeping the order of sorted inputs
)

var exchangeNames = [...]string{"gather", "hash", "broadcast", "rebalance", "merge"}

// Exchange is the boundary between two stages.
type Exchange struct {
	In   Node
	Kind ExchangeKind
	Keys []int       // HashBy: columns of In
	By   []vec.Order // Merge
}

func (e *Exchange) Schema() *vec.Schema { return e.In.Schema() }
func (e *Exchange) Inputs() []Node      { return []Node{e.In} }
func (e *Exchange) WithInputs(in ...Node) Node {
	c := *e
	c.In = in[0]
	return &c
}
func (e *Exchange) Describe() string {
	s := "Exchange " + exchangeNames[e.Kind]
	if len(e.Keys) > 0 {
		f := e.In.Schema().Fields
		names := make([]string, len(e.Keys))
		for i, k := range e.Keys {
			names[i] = f[k].Name
		}
		s += "(" + strings.Join(names, ", ") + ")"
	}
	return s
}

func exprList(es []expr.Expr, sep string) string {
	parts := make([]string, len(es))
	for i, e := range es {
		parts[i] = e.String()
	}
	return strings.Join(parts, sep)
}
