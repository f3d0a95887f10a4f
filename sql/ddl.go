package sql

import (
	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/sql/syntax"
)

// TableDef is the definition of a table.
type TableDef struct {
	Name        []string
	Columns     []ColumnDef // as declared
	PrimaryKey  []int       // positions in Columns; nil without
	Watermark   *WatermarkDef
	PartitionBy []int // positions in Columns
	Comment     string
	Options     map[string]string // of WITH
}

// ColumnDef is one column of a table: stored, taken from the metadata of a record, or computed.
type ColumnDef struct {
	Name     string
	Type     vec.Type
	NotNull  bool
	Comment  string
	Metadata string // key of the metadata; "" for others
	// Computed is over the columns of Stored; nil for the others.
	Computed expr.Expr
	// Virtual columns, which computed ones are too, are not written by INSERT.
	Virtual bool
}

// WatermarkDef is WATERMARK FOR Columns[Col] AS Expr. Expr is over the columns of Stored.
type WatermarkDef struct {
	Col  int
	Expr expr.Expr
}

// Schema is all columns as a query sees them.
func (d *TableDef) Schema() *vec.Schema { return d.pick(func(ColumnDef) bool { return true }) }

// Stored is the columns that a source delivers: all but the computed ones. The expressions of the
// definition are over these.
func (d *TableDef) Stored() *vec.Schema {
	return d.pick(func(c ColumnDef) bool { return c.Computed == nil })
}

// Visible is the columns that queries see, as expressions over Stored.
func (d *TableDef) Visible() (names []string, exprs []expr.Expr) {
	stored := 0
	for _, c := range d.Columns {
		names = append(names, c.Name)
		if c.Computed != nil {
			exprs = append(exprs, c.Computed)
			continue
		}
		exprs = append(exprs, &expr.Col{Idx: stored, Name: c.Name, T: c.Type})
		stored++
	}
	return names, exprs
}

// Written is the columns that INSERT writes.
func (d *TableDef) Written() *vec.Schema { return d.pick(func(c ColumnDef) bool { return !c.Virtual }) }

func (d *TableDef) pick(keep func(ColumnDef) bool) *vec.Schema {
	s := &vec.Schema{}
	for _, c := range d.Columns {
		if keep(c) {
			s.Fields = append(s.Fields, vec.Field{Name: c.Name, Type: c.Type, NotNull: c.NotNull})
		}
	}
	return s
}

// BindTable binds the definition in a CREATE TABLE: the types of its columns, computed columns, key
// and watermark. Of a table AS query without columns, schema gives the columns; it is nil otherwise.
func BindTable(s *syntax.CreateTable, schema *vec.Schema, opts Options) (*TableDef, error) {
	b := &binder{opts: opts}
	return b.tableDef(s, schema)
}

func (b *binder) tableDef(s *syntax.CreateTable, schema *vec.Schema) (*TableDef, error) {
	d := &TableDef{Name: parts(s.Name), Comment: s.Comment, Options: map[string]string{}}
	for _, o := range s.With {
		if _, twice := d.Options[o.Key]; twice {
			return nil, b.fail(o, "option %q is given twice", o.Key)
		}
		d.Options[o.Key] = o.Value
	}
	if schema != nil && len(s.Columns) == 0 {
		for _, f := range schema.Fields {
			d.Columns = append(d.Columns, ColumnDef{Name: f.Name, Type: f.Type, NotNull: f.NotNull})
		}
	}
	if err := b.columns(d, s.Columns); err != nil {
		return nil, err
	}
	if s.PrimaryKey != nil {
		for _, id := range s.PrimaryKey.Columns {
			at, err := b.columnOf(d, id)
			if err != nil {
				return nil, err
			}
			d.PrimaryKey = append(d.PrimaryKey, at)
			d.Columns[at].NotNull = true
		}
	}
	for _, id := range s.PartitionedBy {
		at, err := b.columnOf(d, id)
		if err != nil {
			return nil, err
		}
		d.PartitionBy = append(d.PartitionBy, at)
	}
	return d, b.watermark(d, s.Watermark)
}

// columns binds the column list: the stored columns first, since computed ones may use them all.
func (b *binder) columns(d *TableDef, defs []syntax.ColumnDef) error {
	seen := map[string]bool{}
	for _, c := range defs {
		if seen[c.Name.Name] {
			return b.fail(c.Name, "column %q specified more than once", c.Name.Name)
		}
		seen[c.Name.Name] = true
		def := ColumnDef{Name: c.Name.Name, NotNull: c.NotNull, Comment: c.Comment, Virtual: c.Virtual || c.Computed != nil}
		if c.Metadata {
			if def.Metadata = c.MetadataKey; def.Metadata == "" {
				def.Metadata = c.Name.Name
			}
		}
		if c.Computed == nil {
			t, err := b.typ(c.Type)
			if err != nil {
				return err
			}
			def.Type = t
		} else {
			def.Computed = expr.NullOf(vec.TNull) // marks it as not stored until it is bound
		}
		d.Columns = append(d.Columns, def)
	}
	x := b.overStored(d, "computed columns")
	for i, c := range defs {
		if c.Computed == nil {
			continue
		}
		e, err := x.bind(c.Computed)
		if err != nil {
			return err
		}
		d.Columns[i].Computed, d.Columns[i].Type = e, e.Type()
	}
	return nil
}

// overStored binds expressions over the stored columns of a definition.
func (b *binder) overStored(d *TableDef, clause string) *exprs {
	rel := &relation{}
	for i, f := range d.Stored().Fields {
		rel.cols = append(rel.cols, column{qual: d.Name, name: f.Name, idx: i, typ: f.Type})
	}
	x := b.newExprs(nil, rel, clause)
	x.noQuery = true
	return x
}

func (b *binder) columnOf(d *TableDef, id syntax.Ident) (int, error) {
	found := -1
	var names []string
	for i, c := range d.Columns {
		names = append(names, c.Name)
		if c.Name == id.Name || found < 0 && matches(id, c.Name) {
			found = i
		}
	}
	if found < 0 {
		return 0, b.failHint(id, didYouMean(id.Name, names), "column %q named in the table does not exist", id.Name)
	}
	return found, nil
}

// watermark binds WATERMARK FOR c AS e. Computed columns in e are replaced by their expressions.
func (b *binder) watermark(d *TableDef, w *syntax.Watermark) error {
	if w == nil {
		return nil
	}
	if len(w.Column) != 1 {
		return b.unsupported(span(w.Column[0], w.Column[len(w.Column)-1]), "a watermark over a field of a ROW")
	}
	at, err := b.columnOf(d, w.Column[0])
	if err != nil {
		return err
	}
	if t := d.Columns[at].Type; t.Kind != vec.Timestamp && t.Kind != vec.TimestampTZ {
		return b.failHint(w.Column[0], "make it from another with a computed column: ts AS to_timestamp(x)",
			"a watermark is for a TIMESTAMP, column %q is %s", d.Columns[at].Name, t)
	}
	x := b.overStored(d, "WATERMARK")
	stored := len(x.rel.cols)
	for i, c := range d.Columns {
		if c.Computed != nil {
			x.rel.cols = append(x.rel.cols, column{qual: d.Name, name: c.Name, idx: stored + i, typ: c.Type})
		}
	}
	e, err := x.bind(w.Expr)
	if err != nil {
		return err
	}
	if e.Type() != d.Columns[at].Type {
		return b.fail(w.Expr, "the watermark of column %q is %s, not %s", d.Columns[at].Name, e.Type(), d.Columns[at].Type)
	}
	e = expr.MapColumns(e, func(c *expr.Col) expr.Expr {
		if c.Idx >= stored {
			return d.Columns[c.Idx-stored].Computed
		}
		return c
	})
	d.Watermark = &WatermarkDef{Col: at, Expr: e}
	return nil
}

func (b *binder) createTable(s *syntax.CreateTable) (Statement, error) {
	c := &CreateTable{OrReplace: s.OrReplace, IfNotExists: s.IfNotExists, Temporary: s.Temporary}
	var schema *vec.Schema
	if s.Query != nil {
		q, err := b.selectStmt(s.Query)
		if err != nil {
			return nil, err
		}
		c.Query, schema = q, q.Plan.Schema()
	}
	d, err := b.tableDef(s, schema)
	if err != nil {
		return nil, err
	}
	c.TableDef = *d
	return c, nil
}

func (b *binder) createView(s *syntax.CreateView) (Statement, error) {
	v := &CreateView{Name: parts(s.Name), OrReplace: s.OrReplace, IfNotExists: s.IfNotExists,
		Temporary: s.Temporary, Materialized: s.Materialized}
	rel, err := b.query(s.Query, nil)
	if err != nil {
		return nil, err
	}
	alias := &syntax.TableAlias{Name: s.Name[len(s.Name)-1], Columns: s.Columns}
	if err := b.rename(rel, alias); err != nil {
		return nil, err
	}
	v.View = View{Query: s.Query, Text: b.opts.Source}
	for _, id := range s.Columns {
		v.View.Columns = append(v.View.Columns, id.Name)
	}
	v.Schema = b.project(rel, rel.cols).node.Schema()
	return v, nil
}
