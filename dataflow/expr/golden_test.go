package expr_test

import (
	"strings"
	"testing"

	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/internal/datadriven"
	"github.com/riffle-io/riffle/sql"
	"github.com/riffle-io/riffle/sql/syntax"
)

// TestGolden evaluates the expressions of testdata/golden, one a line, to a value or an error.
func TestGolden(t *testing.T) {
	datadriven.Walk(t, "testdata/golden", func(t *testing.T, path string) {
		datadriven.Run(t, path, func(t *testing.T, c *datadriven.Case) string {
			var sb strings.Builder
			for _, line := range strings.Split(strings.TrimSpace(c.Input), "\n") {
				sb.WriteString(evalText(t, line) + "\n")
			}
			return sb.String()
		})
	})
}

func evalText(t *testing.T, text string) string {
	t.Helper()
	script, err := syntax.Parse("SELECT " + text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	bound, err := sql.Bind(script.Stmts[0], noTables{}, sql.Options{Source: "SELECT " + text})
	if err != nil {
		return err.Error()
	}
	p, ok := bound.(*sql.Query).Plan.(*plan.Project)
	if !ok {
		t.Fatalf("%s: plan is %T", text, bound.(*sql.Query).Plan)
	}
	lit, err := expr.Fold(p.Exprs[0])
	if err != nil {
		return err.Error()
	}
	return lit.Val.Format(lit.T)
}
