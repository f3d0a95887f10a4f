package sql

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/internal/datadriven"
	"github.com/riffle-io/riffle/sql/syntax"
)

func TestGolden(t *testing.T) {
	datadriven.Walk(t, "testdata/golden", func(t *testing.T, path string) {
		datadriven.Run(t, path, func(t *testing.T, c *datadriven.Case) string {
			script, err := syntax.Parse(c.Input)
			if err != nil {
				t.Fatal(err)
			}
			cat := testCatalog(t)
			var sb strings.Builder
			for _, stmt := range script.Stmts {
				s, err := Bind(stmt, cat, Options{Source: c.Input, Params: map[string]string{"n": "5"}})
				var placed *syntax.Error
				switch {
				case errors.As(err, &placed):
					sb.WriteString(placed.Format(c.Input) + "\n")
				case err != nil:
					t.Fatalf("error without a place: %v", err)
				case c.Cmd == "names":
					sb.WriteString(strings.Join(s.(*Query).Names, " ") + "\n")
				case c.Cmd == "rows":
					n := s.(*Query).Plan
					check(t, n)
					rows, err := sample().run(n)
					if err != nil {
						sb.WriteString(err.Error() + "\n")
						continue
					}
					sb.WriteString(showRows(rows, n.Schema()))
				case c.Cmd == "types":
					sb.WriteString(s.(*Query).Plan.Schema().String() + "\n")
				default:
					check(t, planOf(s))
					sb.WriteString(show(s))
				}
			}
			return sb.String()
		})
	})
}

// show prints a bound statement.
func show(s Statement) string {
	switch s := s.(type) {
	case *Query:
		return plan.Explain(s.Plan, note)
	case *Insert:
		return plan.Explain(s.Plan, note)
	case *Copy:
		return plan.Explain(s.Plan, note)
	case *Explain:
		return fmt.Sprintf("explain analyze=%v %v\n", s.Analyze, s.Options) + show(s.Inner)
	case *Describe:
		return fmt.Sprintf("%s hidden=%v\n", s.Schema, s.Hidden)
	case *CreateView:
		return fmt.Sprintf("view %v %s\n", s.Name, s.Schema)
	case *CreateTable:
		out := fmt.Sprintf("table %v key=%v partition=%v %v\n", s.Name, s.PrimaryKey, s.PartitionBy, s.Options)
		for _, c := range s.Columns {
			out += fmt.Sprintf("  %s %s notnull=%v virtual=%v metadata=%q", c.Name, c.Type, c.NotNull, c.Virtual, c.Metadata)
			if c.Computed != nil {
				out += " as " + c.Computed.String()
			}
			out += "\n"
		}
		if s.Watermark != nil {
			out += fmt.Sprintf("  watermark %s as %s\n", s.Columns[s.Watermark.Col].Name, s.Watermark.Expr)
		}
		if s.Query != nil {
			out += plan.Explain(s.Query.Plan, note)
		}
		return out
	}
	return fmt.Sprintf("%T %+v\n", s, s)
}

// note shows what Describe leaves out.
func note(n plan.Node) string {
	switch n := n.(type) {
	case *plan.Aggregate:
		if n.Window != nil {
			return fmt.Sprintf("window start=%d end=%d", n.Window.Start, n.Window.End)
		}
		if n.Updating {
			return "updating"
		}
	case *plan.Join:
		if n.NullAware {
			return "null aware"
		}
	}
	return ""
}

// check fails when a plan refers to columns that its inputs do not have, or still has marks.
func check(t testing.TB, n plan.Node) {
	t.Helper()
	if n == nil {
		return
	}
	for _, in := range n.Inputs() {
		check(t, in)
	}
	verify := func(e expr.Expr, in *vecTypes) {
		if _, err := expr.Compile(e); err != nil {
			t.Fatalf("%s: compile %s: %v", n.Describe(), e, err)
		}
		expr.Walk(e, func(e expr.Expr) bool {
			if c, ok := e.(*expr.Col); ok {
				if c.Idx < 0 || c.Idx >= len(in.types) {
					t.Fatalf("%s: column %s is number %d of %d", n.Describe(), c.Name, c.Idx, len(in.types))
				}
				if in.types[c.Idx] != c.T.String() {
					t.Fatalf("%s: column %s is %s in the input, %s here", n.Describe(), c.Name, in.types[c.Idx], c.T)
				}
			}
			return true
		})
	}
	switch n := n.(type) {
	case *plan.Scan, *plan.Values:
	case *plan.Join:
		l, r := typesOf(n.L), typesOf(n.R)
		for _, k := range n.Keys {
			verify(k.L, l)
			verify(k.R, r)
			if k.L.Type() != k.R.Type() {
				t.Fatalf("%s: types of keys differ", n.Describe())
			}
		}
		if n.Residual != nil {
			verify(n.Residual, &vecTypes{append(append([]string{}, l.types...), r.types...)})
		}
	case *plan.Union:
		for _, in := range n.Ins[1:] {
			if a, b := typesOf(n.Ins[0]).types, typesOf(in).types; strings.Join(a, ",") != strings.Join(b, ",") {
				t.Fatalf("union of %v and %v", a, b)
			}
		}
	default:
		for _, e := range plan.Exprs(n) {
			verify(e, typesOf(n.Inputs()[0]))
		}
	}
}

// vecTypes is the types of a node's columns as text.
type vecTypes struct{ types []string }

func typesOf(n plan.Node) *vecTypes {
	out := &vecTypes{}
	for _, f := range n.Schema().Fields {
		out.types = append(out.types, f.Type.String())
	}
	return out
}

func planOf(s Statement) plan.Node {
	switch s := s.(type) {
	case *Query:
		return s.Plan
	case *Insert:
		return s.Plan
	case *Copy:
		return s.Plan
	case *Explain:
		return planOf(s.Inner)
	case *CreateTable:
		if s.Query != nil {
			return s.Query.Plan
		}
	}
	return nil
}
