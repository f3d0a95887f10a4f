package optimizer

import (
	"math"
	"testing"

	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/vec"
)

func TestNeverFails(t *testing.T) {
	cols := []plan.ColStats{
		{HasRange: true, Min: vec.IntValue(90_100), Max: vec.IntValue(10_494_950)},
		{HasRange: true, Min: vec.IntValue(0), Max: vec.IntValue(10)},
		{HasRange: true, Min: vec.IntValue(math.MinInt64 / 4), Max: vec.IntValue(5)},
		{},
	}
	s := plan.Stats{Rows: 1e6, Cols: cols}
	price := &expr.Col{Idx: 0, Name: "price", T: vec.TDecimal(15, 2)}
	share := &expr.Col{Idx: 1, Name: "share", T: vec.TDecimal(15, 2)}
	big := &expr.Col{Idx: 2, Name: "big", T: vec.TInt64}
	any := &expr.Col{Idx: 3, Name: "any", T: vec.TInt64}
	text := &expr.Col{Idx: 4, Name: "text", T: vec.TString}
	one := &expr.Lit{Val: vec.IntValue(1), T: vec.TInt64}
	call := func(name string, args ...expr.Expr) expr.Expr {
		e, err := expr.NewCall(name, args...)
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	cast := func(e expr.Expr, to vec.Type) expr.Expr {
		c, err := expr.NewCast(e, to)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	for _, c := range []struct {
		e    expr.Expr
		want bool
	}{
		{price, true}, {text, true}, {call("upper", text), true},
		{call("*", price, call("-", one, share)), true},
		{call("*", price, price), true},                    // 1.1e10, and 14 digits for it
		{call("*", call("*", price, price), price), false}, // 1.2e15 in 12
		{call("+", big, one), true}, {call("*", big, cast(one, vec.TInt64)), true},
		{call("*", big, &expr.Lit{Val: vec.IntValue(5), T: vec.TInt64}), false},
		{call("+", any, one), false}, {call("/", one, price), false},
		{call("-", big, call("*", big, &expr.Lit{Val: vec.IntValue(-2), T: vec.TInt64})), true},
		{cast(price, vec.TDecimal(9, 2)), true}, {cast(price, vec.TDecimal(7, 2)), false}, {cast(text, vec.TInt64), false},
	} {
		if got := neverFails(c.e, s); got != c.want {
			t.Errorf("%s (%s): %v, want %v", c.e, c.e.Type(), got, c.want)
		}
	}
	for _, c := range []struct {
		e    expr.Expr
		rows float64
		want bool
	}{{big, 3, true}, {big, 5, false}, {any, 1, false}, {share, 1e9, true}} {
		if got := sumFits(c.e, s, c.rows, vec.TInt64); got != c.want {
			t.Errorf("%.0f times %s: %v", c.rows, c.e, got)
		}
	}
}
