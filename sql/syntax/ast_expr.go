package syntax

// ColumnRef is a name in an expression: column, table.column, or a path into a ROW. Which part is
// what is for the binder to find.
type ColumnRef struct {
	Span
	Parts []Ident // at least one
}

// Star is * or t.* in a select list, without the columns in Exclude.
type Star struct {
	Span
	Qualifier []Ident
	Exclude   []Ident
}

// LiteralKind is the lexical kind of a Literal.
type LiteralKind uint8

// The kinds of literals.
const (
	NullLit    LiteralKind = iota
	BoolLit                // Text is TRUE or FALSE
	IntLit                 // Text is digits, of any length
	DecimalLit             // Text has a point
	FloatLit               // Text has an exponent
	StringLit              // Text is the value
	BytesLit               // Text is hexadecimal digits
)

// Literal is a constant without a type name; signs are Unary.
type Literal struct {
	Span
	Kind LiteralKind
	Text string // as written, strings without quotes and escapes
}

// TypedLiteral is a type name and a string: DATE '2026-11-21'.
type TypedLiteral struct {
	Span
	Type *Type
	Text string
}

// Interval is INTERVAL 'Value' From TO To. Units are upper case and singular (YEAR QUARTER MONTH WEEK
// DAY HOUR MINUTE SECOND MILLISECOND MICROSECOND); From is "" when the value names its own
// units, To is "" without TO.
type Interval struct {
	Span
	Value    string
	From, To string
}

// Param is ${name}, $name or $1.
type Param struct {
	Span
	Name string
}

// UnaryOp is a prefix operator.
type UnaryOp string

// The prefix operators.
const (
	OpNot UnaryOp = "NOT"
	OpNeg UnaryOp = "-"
	OpPos UnaryOp = "+"
)

// Unary is a prefix operator and its operand.
type Unary struct {
	Span
	Op UnaryOp
	X  Expr
}

// BinaryOp is an infix operator.
type BinaryOp string

// The infix operators.
const (
	OpOr       BinaryOp = "OR"
	OpAnd      BinaryOp = "AND"
	OpEq       BinaryOp = "="
	OpNe       BinaryOp = "<>"
	OpLt       BinaryOp = "<"
	OpLe       BinaryOp = "<="
	OpGt       BinaryOp = ">"
	OpGe       BinaryOp = ">="
	OpConcat   BinaryOp = "||"
	OpJSON     BinaryOp = "->"  // JSON member as JSON
	OpJSONText BinaryOp = "->>" // JSON member as text
	OpAdd      BinaryOp = "+"
	OpSub      BinaryOp = "-"
	OpMul      BinaryOp = "*"
	OpDiv      BinaryOp = "/"
	OpMod      BinaryOp = "%"
	OpPow      BinaryOp = "^"
)

// Binary is an infix operator and its operands.
type Binary struct {
	Span
	Op   BinaryOp
	L, R Expr
}

// IsNull is X IS [NOT] NULL.
type IsNull struct {
	Span
	X   Expr
	Not bool
}

// IsBool is X IS [NOT] Value; Value is TRUE, FALSE or UNKNOWN.
type IsBool struct {
	Span
	X     Expr
	Value string
	Not   bool
}

// IsDistinct is L IS [NOT] DISTINCT FROM R.
type IsDistinct struct {
	Span
	L, R Expr
	Not  bool
}

// Between is X [NOT] BETWEEN [SYMMETRIC] Lo AND Hi.
type Between struct {
	Span
	X, Lo, Hi Expr
	Not       bool
	Symmetric bool
}

// InList is X [NOT] IN (List); List is not empty.
type InList struct {
	Span
	X    Expr
	List []Expr
	Not  bool
}

// InQuery is X [NOT] IN (Query).
type InQuery struct {
	Span
	X     Expr
	Query *Query
	Not   bool
}

// Like is X [NOT] LIKE or ILIKE Pattern [ESCAPE Escape].
type Like struct {
	Span
	X, Pattern Expr
	Escape     Expr // nil without ESCAPE
	Not        bool
	FoldCase   bool // ILIKE
}

// Exists is EXISTS (Query); NOT EXISTS is a Unary around it.
type Exists struct {
	Span
	Query *Query
}

// Subquery is a query in parentheses used as a value.
type Subquery struct {
	Span
	Query *Query
}

// Quantified is X Op ANY (…) or X Op ALL (…) over a query or an array: one of Query and Array is set.
type Quantified struct {
	Span
	X     Expr
	Op    BinaryOp // a comparison
	All   bool
	Query *Query
	Array Expr
}

// Case is CASE [Operand] WHEN … ELSE … END.
type Case struct {
	Span
	Operand Expr // nil for the searched form
	Whens   []When
	Else    Expr // nil without ELSE
}

// When is one branch of a Case.
type When struct {
	Span
	Cond, Result Expr
}

// Cast is CAST(X AS Type), TRY_CAST, or X::Type.
type Cast struct {
	Span
	X    Expr
	Type *Type
	Try  bool
}

// Extract is EXTRACT(Field FROM X); Field is in lower case.
type Extract struct {
	Span
	Field string
	X     Expr
}

// AtTimeZone is X AT TIME ZONE Zone.
type AtTimeZone struct {
	Span
	X, Zone Expr
}

// FuncCall is a call of a scalar, aggregate, window or table function. The special forms of SQL
// become plain calls: SUBSTRING(x FROM a FOR b) is substring(x, a, b), TRIM is btrim, ltrim or
// rtrim, POSITION(a IN b) is position(a, b), OVERLAY(x PLACING y FROM a FOR b) is overlay(x, y, a, b),
// CURRENT_DATE is current_date().
type FuncCall struct {
	Span
	Name        []Ident
	Args        []Expr
	Named       []NamedArg // behind Args
	Star        bool       // count(*)
	Distinct    bool
	OrderBy     []OrderItem // inside the parentheses
	WithinGroup []OrderItem
	Filter      Expr // nil without FILTER
	IgnoreNulls bool
	Over        *WindowSpec // nil without OVER
}

// bare tells whether nothing but the name is there, which CURRENT_DATE needs no parentheses for.
func (f *FuncCall) bare() bool {
	return len(f.Args)+len(f.Named)+len(f.OrderBy)+len(f.WithinGroup) == 0 &&
		!f.Star && !f.Distinct && !f.IgnoreNulls && f.Filter == nil && f.Over == nil
}

// NamedArg is name => value.
type NamedArg struct {
	Span
	Name  Ident
	Value Expr
}

// Row is ROW(a, …) or (a, b, …).
type Row struct {
	Span
	Elems []Expr
}

// Array is ARRAY[a, …].
type Array struct {
	Span
	Elems []Expr
}

// Index is X[I].
type Index struct {
	Span
	X, I Expr
}

// Field is X.Name where X is not a plain name: (x).a, f(x).a, x[1].a.
type Field struct {
	Span
	X    Expr
	Name Ident
}

// TableArg is TABLE t [PARTITION BY …] as argument of a table function.
type TableArg struct {
	Span
	Table       TableRef // *TableName, *FileTable or *DerivedTable, without alias
	PartitionBy []Expr
}

// Descriptor is DESCRIPTOR(a, …) as argument of a table function.
type Descriptor struct {
	Span
	Columns []Ident
}

func (*ColumnRef) expr()    {}
func (*Star) expr()         {}
func (*Literal) expr()      {}
func (*TypedLiteral) expr() {}
func (*Interval) expr()     {}
func (*Param) expr()        {}
func (*Unary) expr()        {}
func (*Binary) expr()       {}
func (*IsNull) expr()       {}
func (*IsBool) expr()       {}
func (*IsDistinct) expr()   {}
func (*Between) expr()      {}
func (*InList) expr()       {}
func (*InQuery) expr()      {}
func (*Like) expr()         {}
func (*Exists) expr()       {}
func (*Subquery) expr()     {}
func (*Quantified) expr()   {}
func (*Case) expr()         {}
func (*Cast) expr()         {}
func (*Extract) expr()      {}
func (*AtTimeZone) expr()   {}
func (*FuncCall) expr()     {}
func (*Row) expr()          {}
func (*Array) expr()        {}
func (*Index) expr()        {}
func (*Field) expr()        {}
func (*TableArg) expr()     {}
func (*Descriptor) expr()   {}
