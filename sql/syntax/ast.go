package syntax

// Node is any part of a syntax tree.
type Node interface {
	Pos() int // byte offset of the first character
	End() int // byte offset behind the last character
}

// Span is the byte range of a node in its source. Nodes made by hand leave it zero.
type Span struct{ Start, Stop int }

// Pos returns the byte offset of the first character.
func (s Span) Pos() int { return s.Start }

// End returns the byte offset behind the last character.
func (s Span) End() int { return s.Stop }

// Script is what Parse returns: the statements that parsed, in source order.
type Script struct {
	Span
	Stmts []Stmt
}

// Stmt is one of *SelectStmt, *CreateTable, *CreateView, *Drop, *Insert, *Copy, *Explain, *Describe,
// *Show, *Set, *Reset.
type Stmt interface {
	Node
	stmt()
}

// Expr is an expression; the types are in ast_expr.go.
type Expr interface {
	Node
	expr()
}

// QueryExpr is one of *Select, *SetOp, *Values, *TableQuery, or *Query for a parenthesised query
// with clauses of its own.
type QueryExpr interface {
	Node
	queryExpr()
}

// TableRef is one of *TableName, *FileTable, *DerivedTable, *TableFunc, *Join.
type TableRef interface {
	Node
	tableRef()
}

// Ident is one part of a name. Unquoted names are folded to lower case and match without case;
// quoted ones match exactly.
type Ident struct {
	Span
	Name   string
	Quoted bool
}

// Option is a 'key' = 'value' pair of WITH, COPY or EXPLAIN. Key is in lower case unless it was
// written as a string. A flag without a value has Value "true".
type Option struct {
	Span
	Key, Value string
}

// TableAlias names a table and, when Columns is not empty, its columns.
type TableAlias struct {
	Span
	Name    Ident
	Columns []Ident
}

// Type is a data type as written, its name canonical: synonyms are resolved (INT8 is BIGINT, STRING
// is VARCHAR, NUMERIC is DECIMAL, TIMESTAMP WITH TIME ZONE and TIMESTAMP_LTZ are TIMESTAMPTZ).
//
// Names: BOOLEAN TINYINT SMALLINT INTEGER BIGINT UTINYINT USMALLINT UINTEGER UBIGINT REAL DOUBLE
// DECIMAL DATE TIME TIMESTAMP TIMESTAMPTZ INTERVAL VARCHAR CHAR VARBINARY UUID JSON ARRAY MAP ROW.
type Type struct {
	Span
	Name    string
	Params  []int       // precision and scale, or length; as many as were written
	Key     *Type       // MAP
	Elem    *Type       // ARRAY: element; MAP: value
	Fields  []TypeField // ROW
	NotNull bool        // only on parts of nested types: ARRAY<INT NOT NULL>
}

// TypeField is a field of a ROW type.
type TypeField struct {
	Span
	Name Ident
	Type *Type
}
