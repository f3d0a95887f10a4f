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

// Agg is one aggregate function call.
type Agg = expr.Agg

// AggMode is which part of an aggregation a node does.
type AggMode uint8

const (
	AggLogical AggMode = iota // not decided yet
	AggSingle                 // rows in, results out
	AggPartial                // rows in, keys and states out, may emit a group more than once
	AggFinal                  // keys and states in, results out
)

var aggModes = [...]string{"Aggregate", "HashAggregate", "HashAggregate partial", "HashAggregate final"}

// Aggregate groups by Keys. Its output is the keys, then the aggregates. No keys give one row.
// The output of a partial aggregation is the keys, then the state columns of each aggregate.
// With SortedKeys the input comes ordered by the keys.
type Aggregate struct {
	In    Node
	Keys  []expr.Expr
	Names []string // of the keys
	Aggs  []Agg
	Mode  AggMode
	// Window is set when two of the keys are the bounds of a window of event time: groups are then
	// final, and dropped, when the watermark passes the window's end.
	Window *WindowKeys
	// Updating is set when groups never end (no window on an unbounded input): the output is a
	// changelog.
	Updating bool
	// States is the schema between the partial and the final aggregation.
	States *vec.Schema
}

// WindowKeys says which keys are the bounds of a window, and how the windows are assigned.
type WindowKeys struct {
	Start, End int // positions in Keys; Start is -1 when only the end is a key
	Window     *Window
}

func (a *Aggregate) Schema() *vec.Schema {
	if a.Mode == AggPartial {
		return a.States
	}
	s := &vec.Schema{}
	for i, k := range a.Keys {
		s.Fields = append(s.Fields, vec.Field{Name: a.Names[i], Type: k.Type()})
	}
	for _, g := range a.Aggs {
		s.Fields = append(s.Fields, vec.Field{Name: g.Name, Type: g.T})
	}
	return s
}
func (a *Aggregate) Inputs() []Node { return []Node{a.In} }
func (a *Aggregate) WithInputs(in ...Node) Node {
	c := *a
	c.In = in[0]
	return &c
}
func (a *Aggregate) Describe() string {
	name := aggModes[a.Mode]
	switch {
	case a.Window != nil:
		name = strings.Replace(name, "HashAggregate", "WindowAggregate", 1)
	case a.Updating:
		name = strings.Replace(name, "HashAggregate", "UpdatingAggregate", 1)
	}
	aggs := make([]string, len(a.Aggs))
	for i, g := range a.Aggs {
		aggs[i] = g.String()
	}
	window := "" // the state of another window is other state
	if a.Window != nil && a.Window.Window != nil {
		window = " window=" + a.Window.Window.spec()
	}
	return fmt.Sprintf("%s%s keys=[%s] aggs=[%s]", name, window, exprList(a.Keys, ", "), strings.Join(aggs, ", "))
}

// WindowKind is a way to assign windows.
type WindowKind uint8

const (
	Tumble WindowKind = iota
	Hop
	Cumulate
	Session
)

var windowNames = [...]string{"TUMBLE", "HOP", "CUMULATE", "SESSION"}

// Window assigns rows to windows of event time: it appends window_start, window_end (exclusive)
// and window_time (the last µs inside) to each row, once for every window that the row is in.
type Window struct {
	In     Node
	Kind   WindowKind
	Time   int   // column of In, a timestamp
	Size   int64 // µs; the gap for sessions
	Slide  int64 // µs, HOP and CUMULATE
	Offset int64 // µs
}

func (w *Window) Schema() *vec.Schema {
	in := w.In.Schema()
	t := in.Fields[w.Time].Type
	s := &vec.Schema{Fields: append([]vec.Field{}, in.Fields...)}
	for _, n := range []string{"window_start", "window_end", "window_time"} {
		s.Fields = append(s.Fields, vec.Field{Name: n, Type: t, NotNull: true})
	}
	return s
}
func (w *Window) Inputs() []Node { return []Node{w.In} }
func (w *Window) WithInputs(in ...Node) Node {
	c := *w
	c.In = in[0]
	return &c
}
func (w *Window) Describe() string { return "Window " + w.spec() }

func (w *Window) spec() string {
	s := fmt.Sprintf("%s(%s, %s", windowNames[w.Kind], w.In.Schema().Fields[w.Time].Name, micros(w.Size))
	if w.Slide != 0 {
		s += " slide " + micros(w.Slide)
	}
	return s + ")"
}

func micros(us int64) string { return vec.Interval{Micros: us}.String() }

// JoinKind is the kind of a join.
type JoinKind uint8

const (
	Inner JoinKind = iota
	Left
	Right
	Full
	Semi // rows of the left that have a match
	Anti // rows of the left that have none
	Mark // rows of the left, with a BOOLEAN that says whether they have a match (IN in an expression)
)

var joinNames = [...]string{"inner", "left", "right", "full", "semi", "anti", "mark"}

func (k JoinKind) String() string { return joinNames[k] }

// EquiKey is one pair of equal keys: an expression over the left input and one over the right
// (with the right input's own column numbers).
type EquiKey struct{ L, R expr.Expr }

// JoinMethod is how a join is computed.
type JoinMethod uint8

const (
	JoinLogical JoinMethod = iota // not decided yet
	HashJoin                      // the right side is built into a shared table, the left probes
	LoopJoin                      // the right side is kept, each left row meets all of it
	StreamJoin                    // both sides are kept in state; the output is a changelog
)

// String is the name of the method.
func (m JoinMethod) String() string { return joinMethods[m] }

var joinMethods = [...]string{"Join", "HashJoin", "NestedLoopJoin", "StreamJoin"}

// Join joins two inputs. Residual is over the columns of both, left first.
type Join struct {
	L, R     Node
	Kind     JoinKind
	Keys     []EquiKey
	Residual expr.Expr // nil: none
	Method   JoinMethod
	// Expire names, of a stream join, a column of the left and one of the right that hold the end of
	// a window: rows go when the watermark has passed it. nil: rows are kept for ever.
	Expire *[2]int
	// NullAware makes an anti or mark join follow NOT IN: a null on the right makes "no match" null.
	NullAware bool
	// Filters gives, by key, the number under which scans use the right side's keys as a runtime
	// filter; 0 is none. It may be shorter than Keys.
	Filters []int
}

func (j *Join) Schema() *vec.Schema {
	s := &vec.Schema{Fields: append([]vec.Field{}, j.L.Schema().Fields...)}
	switch j.Kind {
	case Semi, Anti:
		return s
	case Mark:
		s.Fields = append(s.Fields, vec.Field{Name: "mark", Type: vec.TBool})
		return s
	}
	s.Fields = append(s.Fields, j.R.Schema().Fields...)
	return s
}
func (j *Join) Inputs() []Node { return []Node{j.L, j.R} }
func (j *Join) WithInputs(in ...Node) Node {
	c := *j
	c.L, c.R = in[0], in[1]
	return &c
}
func (j *Join) Describe() string {
	var on []string
	for _, k := range j.Keys {
		on = append(on, k.L.String()+" = "+k.R.String())
	}
	s := fmt.Sprintf("%s %s on=[%s]", joinMethods[j.Method], j.Kind, strings.Join(on, ", "))
	if j.Residual != nil {
		s += " residual=" + j.Residual.String()
	}
	for i, f := range j.Filters {
		if f > 0 {
			s += fmt.Sprintf(" #%d=[%s]", f, j.Keys[i].R)
		}
	}
	return s
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
