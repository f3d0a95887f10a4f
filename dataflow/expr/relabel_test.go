package expr

import (
	"testing"

	"github.com/riffle-io/riffle/dataflow/vec"
)

// A cast that only widens a decimal's precision shares the values of its input, flat or coded.
func TestCastRelabels(t *testing.T) {
	from, to := vec.TDecimal(15, 2), vec.TDecimal(16, 2)
	flat := vec.New(from, 3)
	flat.Resize(3)
	copy(flat.I64, []int64{100, -250, 7})
	flat.SetNull(2)
	coded := &vec.Vec{Type: from, Form: vec.Dict, Dict: flat, Codes: []int32{1, 0, 2}}
	ev, err := Compile(&Cast{Arg: &Col{Idx: 0, Name: "d", T: from}, To: to})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		col  *vec.Vec
		want []string
	}{{flat, []string{"1.00", "-2.50", "NULL"}}, {coded, []string{"-2.50", "1.00", "NULL"}}} {
		v, err := ev.Eval(&vec.Batch{Cols: []*vec.Vec{c.col}, N: 3})
		if err != nil {
			t.Fatal(err)
		}
		if v.Type != to || v.Base().Type != to || &v.Base().I64[0] != &flat.I64[0] {
			t.Errorf("cast of a %v vector is %s and does not share its values", c.col.Form, v.Type)
		}
		for i, want := range c.want {
			if got := v.Value(i).Format(to); got != want {
				t.Errorf("row %d is %s, want %s", i, got, want)
			}
		}
		if c.col.Type != from || flat.Type != from {
			t.Error("the input changed its type")
		}
	}
	if relabels(to, from) || relabels(from, vec.TDecimal(16, 3)) || relabels(from, vec.TDecimal(20, 2)) || relabels(vec.TInt32, vec.TInt64) {
		t.Error("a cast that changes values or may fail counts as relabelling")
	}
}
