package sql

import (
	"strings"

	"github.com/riffle-io/riffle/sql/syntax"
)

// noName is the name of a result column that nothing names.
const noName = "?column?"

// columnName is PostgreSQL's default name of a result column.
func columnName(e syntax.Expr) string {
	if n := figureName(e); n != "" {
		return n
	}
	return noName
}

func figureName(e syntax.Expr) string {
	switch e := e.(type) {
	case *syntax.ColumnRef:
		return e.Parts[len(e.Parts)-1].Name
	case *syntax.Field:
		return e.Name.Name
	case *syntax.Index:
		return figureName(e.X)
	case *syntax.FuncCall:
		return e.Name[len(e.Name)-1].Name
	case *syntax.Cast:
		if n := figureName(e.X); n != "" {
			return n
		}
		return strings.ToLower(e.Type.Name)
	case *syntax.TypedLiteral:
		return strings.ToLower(e.Type.Name)
	case *syntax.Interval:
		return "interval"
	case *syntax.Literal:
		if e.Kind == syntax.BoolLit {
			return "bool"
		}
	case *syntax.Case:
		if n, ok := e.Else.(*syntax.ColumnRef); ok {
			return figureName(n)
		}
		return "case"
	case *syntax.Extract:
		return "extract"
	case *syntax.AtTimeZone:
		return "timezone"
	case *syntax.Exists:
		return "exists"
	case *syntax.Array:
		return "array"
	case *syntax.Row:
		return "row"
	case *syntax.Subquery:
		if s, ok := e.Query.Body.(*syntax.Select); ok && len(s.Items) == 1 {
			if s.Items[0].Alias != nil {
				return s.Items[0].Alias.Name
			}
			return figureName(s.Items[0].Expr)
		}
	}
	return ""
}
