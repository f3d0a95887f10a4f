package syntax

// SelectStmt is a query as a statement.
type SelectStmt struct {
	Span
	Query *Query
}

// CreateTable is CREATE TABLE with columns, options, a query, or several of them.
type CreateTable struct {
	Span
	OrReplace     bool
	Temporary     bool
	IfNotExists   bool
	Name          []Ident
	Columns       []ColumnDef
	PrimaryKey    *PrimaryKey // nil without; a key on a column ends up here too
	Watermark     *Watermark  // nil without
	Comment       string
	PartitionedBy []Ident
	With          []Option
	Query         *Query // AS query; nil without
}

// ColumnDef is one column of CREATE TABLE: physical (Type), metadata (Type, Metadata), or computed
// (Computed, no Type).
type ColumnDef struct {
	Span
	Name        Ident
	Type        *Type
	NotNull     bool
	Computed    Expr
	Metadata    bool
	MetadataKey string // FROM 'key'; "" means the column's name
	Virtual     bool
	Comment     string
}

// PrimaryKey is PRIMARY KEY (Columns) [NOT ENFORCED].
type PrimaryKey struct {
	Span
	Columns     []Ident
	NotEnforced bool
}

// Watermark is WATERMARK FOR Column AS Expr.
type Watermark struct {
	Span
	Column []Ident
	Expr   Expr
}

// CreateView is CREATE [MATERIALIZED] VIEW name [(columns)] AS query.
type CreateView struct {
	Span
	OrReplace    bool
	Temporary    bool
	Materialized bool
	IfNotExists  bool
	Name         []Ident
	Columns      []Ident
	Query        *Query
}

// ObjectKind is what DROP removes.
type ObjectKind string

// The kinds of objects.
const (
	TableObject            ObjectKind = "TABLE"
	ViewObject             ObjectKind = "VIEW"
	MaterializedViewObject ObjectKind = "MATERIALIZED VIEW"
)

// Drop is DROP kind [IF EXISTS] names.
type Drop struct {
	Span
	Kind     ObjectKind
	IfExists bool
	Names    [][]Ident
}

// Insert is INSERT INTO target [(columns)] query.
type Insert struct {
	Span
	Target  TableRef // *TableName or *FileTable, without alias
	Columns []Ident
	Query   *Query
}

// Copy is COPY (query) TO 'path' or COPY table TO 'path'.
type Copy struct {
	Span
	Query   *Query   // nil for a table
	Table   TableRef // nil for a query
	Path    string
	Options []Option
}

// Explain is EXPLAIN [ANALYZE] [(options)] statement.
type Explain struct {
	Span
	Analyze bool
	Options []Option
	Stmt    Stmt
}

// Describe is DESCRIBE of a table, file or query: one of the two is set.
type Describe struct {
	Span
	Table TableRef
	Query *Query
}

// Show is SHOW name: tables, views, functions, all, or a setting, in lower case.
type Show struct {
	Span
	Name string
}

// Set is SET name = value. Value is the text of a string, number or word.
type Set struct {
	Span
	Name  string
	Value string
}

// Reset is RESET name; Name is all for RESET ALL.
type Reset struct {
	Span
	Name string
}

func (*SelectStmt) stmt()  {}
func (*CreateTable) stmt() {}
func (*CreateView) stmt()  {}
func (*Drop) stmt()        {}
func (*Insert) stmt()      {}
func (*Copy) stmt()        {}
func (*Explain) stmt()     {}
func (*Describe) stmt()    {}
func (*Show) stmt()        {}
func (*Set) stmt()         {}
func (*Reset) stmt()       {}
