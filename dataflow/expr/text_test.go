package expr_test

import (
	"errors"
	"testing"

	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/vec"
)

// TestLongColumn makes texts that are together longer than a batch may hold: an error, no panic.
func TestLongColumn(t *testing.T) {
	defer expr.LowerMaxColumn(1 << 19)()
	rows := &vec.Batch{N: 40, Cols: []*vec.Vec{vec.New(vec.TString, 0)}}
	for range rows.N {
		rows.Cols[0].AppendBytes(make([]byte, 1<<14))
	}
	s := &expr.Col{Name: "s", T: vec.TString}
	repeat := func(n int64) expr.Expr {
		e, err := expr.NewCall("repeat", s, expr.Int(n))
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	either, err := expr.NewCall("greatest", s, s)
	if err != nil {
		t.Fatal(err)
	}
	for e, want := range map[expr.Expr]error{repeat(0): nil, repeat(1): expr.ErrOverflow, either: expr.ErrOverflow} {
		ev, err := expr.Compile(e)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ev.Eval(rows); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", e, err, want)
		}
	}
}
