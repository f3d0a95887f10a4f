package expr_test

import (
	"strings"
	"testing"

	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/sql"
	"github.com/riffle-io/riffle/sql/syntax"
)

// noTables is a catalog for expressions alone.
type noTables struct{}

func (noTables) Table([]string, *syntax.Range) (plan.Table, *plan.Watermark, error) {
	return nil, nil, sql.ErrNoTable
}
func (noTables) View([]string) (*sql.View, bool)                { return nil, false }
func (noTables) File(string, *syntax.Range) (plan.Table, error) { return nil, sql.ErrNoTable }
func (noTables) Function([]string, sql.Args) (plan.Table, *plan.Watermark, error) {
	return nil, nil, sql.ErrNoTable
}
func (noTables) Target([]string) (plan.Target, error) { return nil, sql.ErrNoTable }
func (noTables) FileTarget(string, string, map[string]string, *vec.Schema) (plan.Target, error) {
	return nil, sql.ErrNoTable
}
func (noTables) Names() []string { return nil }

// TestExamples evaluates the example of every function in the table, which the SQL reference shows.
func TestExamples(t *testing.T) {
	for _, f := range expr.Funcs() {
		if f.Example == "" {
			if !f.Volatile && f.Args != "a" {
				t.Errorf("%s has no example", f.Name)
			}
			continue
		}
		at := strings.LastIndex(f.Example, " -> ")
		if at < 0 {
			t.Errorf("%s: example %q has no ' -> '", f.Name, f.Example)
			continue
		}
		text, want := f.Example[:at], f.Example[at+len(" -> "):]
		script, err := syntax.Parse("SELECT " + text)
		if err != nil {
			t.Errorf("%s: %v", f.Name, err)
			continue
		}
		bound, err := sql.Bind(script.Stmts[0], noTables{}, sql.Options{Source: "SELECT " + text})
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		p, ok := bound.(*sql.Query).Plan.(*plan.Project)
		if !ok {
			t.Errorf("%s: plan is %T", text, bound.(*sql.Query).Plan)
			continue
		}
		lit, err := expr.Fold(p.Exprs[0])
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := lit.Val.Format(lit.T); got != want {
			t.Errorf("%s gives %s, the table says %s", text, got, want)
		}
	}
}
