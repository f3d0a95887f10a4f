package syntax

import "time"

// Query is [WITH …] body [ORDER BY …] [LIMIT …] [OFFSET …].
type Query struct {
	Span
	With     *With // nil without WITH
	Body     QueryExpr
	OrderBy  []OrderItem
	Limit    Expr // nil for all rows; FETCH FIRST n is a limit too
	WithTies bool // FETCH FIRST n ROWS WITH TIES
	Offset   Expr // nil for none
}

// With is a list of common table expressions.
type With struct {
	Span
	Recursive bool
	CTEs      []CTE
}

// CTE is name [(columns)] AS (query).
type CTE struct {
	Span
	Name    Ident
	Columns []Ident
	Query   *Query
}

// Select is one SELECT without the clauses of Query.
type Select struct {
	Span
	Distinct   bool
	DistinctOn []Expr // DISTINCT ON (…); Distinct is set too
	Items      []SelectItem
	From       []TableRef // a comma between each
	Where      Expr
	GroupBy    *GroupBy
	Having     Expr
	Qualify    Expr
	Windows    []NamedWindow
}

// SelectItem is an expression (*Star for * and t.*) and its alias, nil without one.
type SelectItem struct {
	Span
	Expr  Expr
	Alias *Ident
}

// GroupBy is the GROUP BY clause. All is GROUP BY ALL: every item without an aggregate.
type GroupBy struct {
	Span
	All   bool
	Items []GroupItem
}

// GroupKind says what a GroupItem is.
type GroupKind uint8

// The kinds of grouping items.
const (
	GroupExpr   GroupKind = iota // Exprs[0]; a *Row in a list of sets is one set of several columns
	GroupEmpty                   // ()
	GroupRollup                  // ROLLUP(Exprs)
	GroupCube                    // CUBE(Exprs)
	GroupSets                    // GROUPING SETS(Sets)
)

// GroupItem is one item of GROUP BY or of GROUPING SETS.
type GroupItem struct {
	Span
	Kind  GroupKind
	Exprs []Expr
	Sets  []GroupItem
}

// SetOpKind is UNION, INTERSECT or EXCEPT.
type SetOpKind string

// The set operations.
const (
	Union     SetOpKind = "UNION"
	Intersect SetOpKind = "INTERSECT"
	Except    SetOpKind = "EXCEPT"
)

// SetOp is L op [ALL] R.
type SetOp struct {
	Span
	Op   SetOpKind
	All  bool
	L, R QueryExpr
}

// Values is VALUES (…), (…). Each row has at least one expression; that all have as many is for the
// binder to check.
type Values struct {
	Span
	Rows [][]Expr
}

// TableQuery is TABLE name, short for SELECT * FROM name.
type TableQuery struct {
	Span
	Table TableRef // *TableName or *FileTable
}

// OrderItem is one key of ORDER BY.
type OrderItem struct {
	Span
	Expr  Expr
	Desc  bool
	Nulls NullsOrder
}

// NullsOrder says where NULLs sort.
type NullsOrder uint8

// The orders of NULLs; the default is last ascending and first descending.
const (
	NullsDefault NullsOrder = iota
	NullsFirst
	NullsLast
)

// TableName is a table, view or topic by name.
type TableName struct {
	Span
	Name  []Ident
	Range *Range // nil for all of it
	AsOf  Expr   // FOR SYSTEM_TIME AS OF; nil without
	Alias *TableAlias
}

// FileTable is a file, glob, directory or URL used as a table. The range of a kafka:// URL is cut off
// Path and parsed.
type FileTable struct {
	Span
	Path  string
	Range *Range
	Alias *TableAlias
}

// DerivedTable is [LATERAL] (query) [alias].
type DerivedTable struct {
	Span
	Lateral bool
	Query   *Query
	Alias   *TableAlias
}

// TableFunc is [LATERAL] f(…) [WITH ORDINALITY] [alias]; TABLE(f(…)) is the same.
type TableFunc struct {
	Span
	Lateral    bool
	Call       *FuncCall
	Ordinality bool
	Alias      *TableAlias
}

// JoinKind says which rows a join keeps.
type JoinKind string

// The kinds of joins.
const (
	InnerJoin JoinKind = "INNER"
	LeftJoin  JoinKind = "LEFT"
	RightJoin JoinKind = "RIGHT"
	FullJoin  JoinKind = "FULL"
	CrossJoin JoinKind = "CROSS"
	SemiJoin  JoinKind = "SEMI"
	AntiJoin  JoinKind = "ANTI"
)

// Join is L kind JOIN R. One of Natural, On and Using is set, none for CrossJoin.
type Join struct {
	Span
	Kind    JoinKind
	Natural bool
	L, R    TableRef
	On      Expr
	Using   []Ident
}

// Range is the part of a topic to read: @from, @from.., or @from..to. Without To it has no end.
type Range struct {
	Span
	From Point
	To   *Point
}

// PointKind says how a Point names a place in a topic.
type PointKind uint8

// The kinds of points.
const (
	PointStart  PointKind = iota // first retained record
	PointEnd                     // end of the log at the start of the query
	PointNow                     // time of the start of the query
	PointOffset                  // Offset, in Partition or in all when that is -1
	PointAgo                     // Ago before the start of the query
	PointTime                    // Time
)

// Point is one end of a Range.
type Point struct {
	Kind      PointKind
	Text      string // as written
	Partition int32  // -1 for all
	Offset    int64
	Ago       time.Duration
	Time      int64 // µs since the Unix epoch, UTC
}

// NamedWindow is an entry of the WINDOW clause.
type NamedWindow struct {
	Span
	Name Ident
	Spec *WindowSpec
}

// WindowSpec is the window of an OVER clause. OVER w has Base and Ref; OVER (w …) has Base only.
type WindowSpec struct {
	Span
	Base        *Ident
	Ref         bool
	PartitionBy []Expr
	OrderBy     []OrderItem
	Frame       *Frame
}

// FrameUnit is ROWS, RANGE or GROUPS.
type FrameUnit string

// The units of frames.
const (
	FrameRows   FrameUnit = "ROWS"
	FrameRange  FrameUnit = "RANGE"
	FrameGroups FrameUnit = "GROUPS"
)

// Frame is Unit BETWEEN Lo AND Hi. A frame written without BETWEEN ends at the current row.
type Frame struct {
	Span
	Unit    FrameUnit
	Lo, Hi  Bound
	Exclude string // "", CURRENT ROW, GROUP, TIES
}

// BoundKind says where a frame begins or ends.
type BoundKind uint8

// The kinds of frame bounds.
const (
	UnboundedPreceding BoundKind = iota
	Preceding
	CurrentRow
	Following
	UnboundedFollowing
)

// Bound is one end of a Frame; Offset is set for Preceding and Following.
type Bound struct {
	Kind   BoundKind
	Offset Expr
}

func (*Select) queryExpr()     {}
func (*SetOp) queryExpr()      {}
func (*Values) queryExpr()     {}
func (*TableQuery) queryExpr() {}
func (*Query) queryExpr()      {}

func (*TableName) tableRef()    {}
func (*FileTable) tableRef()    {}
func (*DerivedTable) tableRef() {}
func (*TableFunc) tableRef()    {}
func (*Join) tableRef()         {}
