package sql

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/sql/syntax"
)

// memTable is a table without rows.
type memTable struct {
	name      string
	schema    *vec.Schema
	unbounded bool
}

func (t *memTable) Name() string        { return t.name }
func (t *memTable) Schema() *vec.Schema { return t.schema }
func (t *memTable) Stats() plan.Stats   { return plan.Stats{Rows: -1, Bytes: -1} }
func (t *memTable) Unbounded() bool     { return t.unbounded }
func (t *memTable) Hidden(c int) bool   { return strings.HasPrefix(t.schema.Fields[c].Name, "_") }

// computedTable is a table with computed columns.
type computedTable struct {
	memTable
	def *TableDef
}

func (t *computedTable) Computed() ([]string, []expr.Expr) { return t.def.Visible() }

// memTarget takes rows; changelogs only with a key.
type memTarget struct {
	name   string
	schema *vec.Schema
	keyed  bool
}

func (t *memTarget) Name() string        { return t.name }
func (t *memTarget) Schema() *vec.Schema { return t.schema }
func (t *memTarget) Accepts(m plan.Mode, _ []int) error {
	if m == plan.Retract && !t.keyed {
		return fmt.Errorf("%s takes no changelog", t.name)
	}
	return nil
}

// memCatalog is tables by name, as the columns that CREATE TABLE would list.
type memCatalog struct {
	tables map[string]string
	views  map[string]*View
}

var tpch = map[string]string{
	"must":     "a INTEGER NOT NULL, b VARCHAR NOT NULL, c DATE",
	"part":     "p_partkey BIGINT, p_name VARCHAR, p_mfgr VARCHAR, p_brand VARCHAR, p_type VARCHAR, p_size INTEGER, p_container VARCHAR, p_retailprice DECIMAL(15,2), p_comment VARCHAR",
	"supplier": "s_suppkey BIGINT, s_name VARCHAR, s_address VARCHAR, s_nationkey BIGINT, s_phone VARCHAR, s_acctbal DECIMAL(15,2), s_comment VARCHAR",
	"partsupp": "ps_partkey BIGINT, ps_suppkey BIGINT, ps_availqty INTEGER, ps_supplycost DECIMAL(15,2), ps_comment VARCHAR",
	"customer": "c_custkey BIGINT, c_name VARCHAR, c_address VARCHAR, c_nationkey BIGINT, c_phone VARCHAR, c_acctbal DECIMAL(15,2), c_mktsegment VARCHAR, c_comment VARCHAR",
	"orders":   "o_orderkey BIGINT, o_custkey BIGINT, o_orderstatus VARCHAR, o_totalprice DECIMAL(15,2), o_orderdate DATE, o_orderpriority VARCHAR, o_clerk VARCHAR, o_shippriority INTEGER, o_comment VARCHAR",
	"lineitem": "l_orderkey BIGINT, l_partkey BIGINT, l_suppkey BIGINT, l_linenumber BIGINT, l_quantity DECIMAL(15,2), l_extendedprice DECIMAL(15,2), l_discount DECIMAL(15,2), l_tax DECIMAL(15,2), l_returnflag VARCHAR, l_linestatus VARCHAR, l_shipdate DATE, l_commitdate DATE, l_receiptdate DATE, l_shipinstruct VARCHAR, l_shipmode VARCHAR, l_comment VARCHAR",
	"nation":   "n_nationkey BIGINT, n_name VARCHAR, n_regionkey BIGINT, n_comment VARCHAR",
	"region":   "r_regionkey BIGINT, r_name VARCHAR, r_comment VARCHAR",
}

func testCatalog(t testing.TB) *memCatalog {
	c := &memCatalog{tables: map[string]string{
		"t":       "a INTEGER, b BIGINT, c VARCHAR, d DECIMAL(10,2), e DATE, f DOUBLE, g TIMESTAMP, h BOOLEAN, s SMALLINT",
		"u":       "a INTEGER, x BIGINT, c VARCHAR",
		"v":       "a INTEGER, y BIGINT",
		"t1":      "a INTEGER, b INTEGER, c INTEGER, d INTEGER, e INTEGER",
		"flights": "date TIMESTAMP, delay BIGINT, distance BIGINT, origin VARCHAR, destination VARCHAR",
		"topic":   "ts TIMESTAMP, k VARCHAR, n BIGINT, _key VARBINARY, _offset BIGINT",
		"nowm":    "ts TIMESTAMP, k VARCHAR",
	}, views: map[string]*View{}}
	for k, v := range tpch {
		c.tables[k] = v
	}
	c.addView(t, "big", "SELECT a, b AS bee FROM t WHERE b > 10", "id")
	c.addView(t, "broken", "SELECT nothing FROM t")
	c.addView(t, "loop", "SELECT * FROM loop")
	return c
}

func (c *memCatalog) addView(t testing.TB, name, text string, columns ...string) {
	s, err := syntax.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	c.views[name] = &View{Query: s.Stmts[0].(*syntax.SelectStmt).Query, Columns: columns, Text: text}
}

func (c *memCatalog) table(name string) (*memTable, error) {
	cols, ok := c.tables[name]
	if !ok {
		return nil, fmt.Errorf("table %s: %w", name, ErrNoTable)
	}
	s, err := syntax.Parse("CREATE TABLE x (" + cols + ")")
	if err != nil {
		return nil, err
	}
	d, err := BindTable(s.Stmts[0].(*syntax.CreateTable), nil, Options{})
	if err != nil {
		return nil, err
	}
	return &memTable{name: name, schema: d.Schema()}, nil
}

// declared is a table with a computed event time.
func declared() (plan.Table, *plan.Watermark, error) {
	const ddl = `CREATE TABLE clicks (raw BIGINT, ts AS timestamp '1970-01-01 00:00:00' + raw * INTERVAL '1' SECOND, _offset BIGINT METADATA,
		WATERMARK FOR ts AS ts - INTERVAL '5' SECOND) WITH ('connector'='kafka')`
	s, err := syntax.Parse(ddl)
	if err != nil {
		return nil, nil, err
	}
	d, err := BindTable(s.Stmts[0].(*syntax.CreateTable), nil, Options{Source: ddl})
	if err != nil {
		return nil, nil, err
	}
	t := &computedTable{memTable{"clicks", d.Stored(), true}, d}
	return t, &plan.Watermark{Col: -1, Expr: d.Watermark.Expr}, nil
}

func (c *memCatalog) Table(name []string, rng *syntax.Range) (plan.Table, *plan.Watermark, error) {
	if name[len(name)-1] == "clicks" {
		return declared()
	}
	t, err := c.table(name[len(name)-1])
	if err != nil {
		return nil, nil, err
	}
	if t.name != "topic" && t.name != "nowm" {
		return t, nil, nil
	}
	t.unbounded = rng == nil || rng.To == nil
	if t.name == "nowm" {
		return t, nil, nil
	}
	ts := &expr.Col{Idx: 0, Name: "ts", T: vec.TTimestamp}
	late := &expr.Lit{Val: vec.IvValue(vec.Interval{Micros: 5_000_000}), T: vec.TInterval}
	e, err := expr.NewCall("-", ts, late)
	return t, &plan.Watermark{Col: 0, Expr: e}, err
}

func (c *memCatalog) View(name []string) (*View, bool) {
	v, ok := c.views[name[len(name)-1]]
	return v, ok
}

func (c *memCatalog) File(path string, _ *syntax.Range) (plan.Table, error) {
	if strings.HasPrefix(path, "missing") {
		return nil, errors.New("open " + path + ": no such file")
	}
	t, err := c.table("flights")
	if err == nil {
		t.name = path
	}
	return t, err
}

func (c *memCatalog) Function(name []string, args Args) (plan.Table, *plan.Watermark, error) {
	if !slices.Equal(name, []string{"gen", "bids"}) {
		return nil, nil, ErrNoTable
	}
	n := args.Named["events"]
	if n == nil || !n.T.IsInteger() {
		return nil, nil, errors.New("gen.bids needs events => a number")
	}
	return &memTable{name: "gen.bids(" + n.String() + ")", schema: vec.NewSchema(vec.Field{Name: "price", Type: vec.TInt64})}, nil, nil
}

func (c *memCatalog) Target(name []string) (plan.Target, error) {
	t, err := c.table(name[len(name)-1])
	if err != nil {
		return nil, err
	}
	return &memTarget{name: t.name, schema: t.schema, keyed: t.name == "u"}, nil
}

func (c *memCatalog) FileTarget(path, format string, options map[string]string, schema *vec.Schema) (plan.Target, error) {
	if format == "" && !strings.Contains(path, ".") && !strings.Contains(path, "://") {
		return nil, fmt.Errorf("no format follows from the name %s", path)
	}
	name := path
	if format != "" {
		name += " as " + format
	}
	return &memTarget{name: fmt.Sprintf("%s %v", name, options), schema: schema}, nil
}

func (c *memCatalog) Names() []string {
	var out []string
	for n := range c.tables {
		out = append(out, n)
	}
	for n := range c.views {
		out = append(out, n)
	}
	slices.Sort(out)
	return out
}
