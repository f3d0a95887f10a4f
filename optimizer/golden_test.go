package optimizer

import (
	"strings"
	"testing"

	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/internal/datadriven"
	"github.com/riffle-io/riffle/sql"
	"github.com/riffle-io/riffle/sql/syntax"
)

// TestGolden shows what each rule does to a plan. A case names the rules that are applied, in turn
// and to a fixpoint, to the plan of a query; the output is the plan before, ---, and the plan after.
// "physical" makes the physical choice, "all" is everything.
func TestGolden(t *testing.T) {
	datadriven.Walk(t, "testdata/rules", func(t *testing.T, path string) {
		datadriven.Run(t, path, func(t *testing.T, c *datadriven.Case) string {
			before := bindQuery(t, c.Input)
			after := before
			for _, name := range c.Values("rules") {
				after = apply(t, name, after)
			}
			out := plan.Explain(after, nil)
			if c.Has("before") {
				out = plan.Explain(before, nil) + "--\n" + out
			}
			return out
		})
	})
}

// apply runs one rule, pass or phase by name.
func apply(t *testing.T, name string, n plan.Node) plan.Node {
	var err error
	switch name {
	case "all":
		n, err = Optimize(n, Options{})
	case "logical":
		n, err = Logical(n, Options{})
	case "physical":
		n, err = physical(n)
	case "or_sides":
		return orSides(n)
	case "clustered":
		return clusterGroups(n)
	case "pre_aggregate":
		return preAggregate(n)
	case "runtime_filter":
		return runtimeFilters(n)
	case "join_order":
		return orderJoins(n)
	case "prune":
		return prune(n, false)
	case "scan_filter":
		return pushIntoScans(n)
	default:
		return applyRule(t, name, n)
	}
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func applyRule(t *testing.T, name string, n plan.Node) plan.Node {
	for _, r := range Rules {
		if r.Name() != name {
			continue
		}
		for changed := true; changed; {
			changed = false
			n = plan.Transform(n, func(x plan.Node) plan.Node {
				y, ok := r.Apply(x)
				changed = changed || ok
				if ok {
					if err := check(name, x, y); err != nil {
						t.Fatal(err)
					}
					return y
				}
				return x
			})
		}
		return n
	}
	t.Fatalf("no rule %q", name)
	return nil
}

func bindQuery(t *testing.T, text string) plan.Node {
	t.Helper()
	script, err := syntax.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	st, err := sql.Bind(script.Stmts[0], goldenCatalog{}, sql.Options{Source: text})
	if err != nil {
		t.Fatal(err)
	}
	return st.(*sql.Query).Plan
}

// goldenTable has statistics and no rows.
type goldenTable struct {
	name      string
	schema    *vec.Schema
	rows      float64
	distinct  map[string]float64
	unbounded bool
}

func (t *goldenTable) Name() string        { return t.name }
func (t *goldenTable) Schema() *vec.Schema { return t.schema }
func (t *goldenTable) Unbounded() bool     { return t.unbounded }

// AppliesFilters says that scans drop rows by themselves.
func (t *goldenTable) AppliesFilters() bool { return !t.unbounded }

// Clustered says that big is in the order of k.
func (t *goldenTable) Clustered(col int) bool {
	return t.name == "big" && t.schema.Fields[col].Name == "k"
}

func (t *goldenTable) Stats() plan.Stats {
	st := plan.Stats{Rows: t.rows, Bytes: -1, Cols: make([]plan.ColStats, t.schema.Len())}
	for i, f := range t.schema.Fields {
		st.Cols[i].Distinct = t.distinct[f.Name]
	}
	return st
}

func columns(names ...string) *vec.Schema {
	s := &vec.Schema{}
	for _, n := range names {
		name, typ, ok := strings.Cut(n, " ")
		t := vec.TInt64
		if ok {
			t = map[string]vec.Type{"text": vec.TString, "time": vec.TTimestamp}[typ]
		}
		s.Fields = append(s.Fields, vec.Field{Name: name, Type: t})
	}
	return s
}

// goldenTables: big and mid share keys with the small ones; s is a stream.
var goldenTables = map[string]*goldenTable{
	"big":   {name: "big", schema: columns("k", "m", "v", "s text"), rows: 1e6, distinct: map[string]float64{"k": 1e6, "m": 1e4}},
	"mid":   {name: "mid", schema: columns("m", "t", "w"), rows: 1e4, distinct: map[string]float64{"m": 1e4, "t": 10}},
	"tiny":  {name: "tiny", schema: columns("t", "n text"), rows: 10, distinct: map[string]float64{"t": 10}},
	"s":     {name: "s", schema: columns("k", "ts time", "v"), rows: -1, unbounded: true},
	"other": {name: "other", schema: columns("k", "v"), rows: 500},
}

type goldenCatalog struct{}

func (goldenCatalog) Table(name []string, _ *syntax.Range) (plan.Table, *plan.Watermark, error) {
	t, ok := goldenTables[name[0]]
	if !ok {
		return nil, nil, sql.ErrNoTable
	}
	if t.unbounded {
		f := t.schema.Fields[1]
		return t, &plan.Watermark{Col: 1, Expr: &expr.Col{Idx: 1, Name: f.Name, T: f.Type}}, nil
	}
	return t, nil, nil
}
func (goldenCatalog) View([]string) (*sql.View, bool)                { return nil, false }
func (goldenCatalog) File(string, *syntax.Range) (plan.Table, error) { return nil, sql.ErrNoTable }
func (goldenCatalog) Target([]string) (plan.Target, error)           { return nil, sql.ErrNoTable }
func (goldenCatalog) Names() []string                                { return nil }
func (goldenCatalog) Function([]string, sql.Args) (plan.Table, *plan.Watermark, error) {
	return nil, nil, sql.ErrNoTable
}
func (goldenCatalog) FileTarget(string, string, map[string]string, *vec.Schema) (plan.Target, error) {
	return nil, sql.ErrNoTable
}
