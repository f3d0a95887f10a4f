package expr

import (
	"errors"
	"testing"

	"github.com/riffle-io/riffle/dataflow/vec"
)

// A function that may fail is computed over the entries of a dictionary, unless one of them fails: then
// only what rows have counts.
func TestFallibleOverDictionary(t *testing.T) {
	x := &Col{Idx: 0, Name: "x", T: vec.TInt64}
	div, err := NewCall("/", &Lit{Val: vec.IntValue(12), T: vec.TInt64}, x)
	if err != nil {
		t.Fatal(err)
	}
	ev, err := Compile(div)
	if err != nil {
		t.Fatal(err)
	}
	entries := func(values ...int64) *vec.Vec {
		d := vec.New(vec.TInt64, 0)
		for _, v := range values {
			d.AppendValue(vec.IntValue(v))
		}
		return d
	}
	codes := make([]int32, 40)
	for i := range codes {
		codes[i] = int32(1 + i%2)
	}
	for _, c := range []struct {
		name string
		dict *vec.Vec
		form vec.Form
		want [2]int64
	}{
		{"no entry fails", entries(1, 2, 3), vec.Dict, [2]int64{6, 4}},
		{"an entry without a row fails", entries(0, 3, 4), vec.Flat, [2]int64{4, 3}},
		{"another dictionary", entries(5, 6, 12), vec.Dict, [2]int64{2, 1}},
	} {
		b := &vec.Batch{Cols: []*vec.Vec{vec.NewDict(c.dict, codes, nil)}, N: len(codes)}
		for range 2 { // the second time it is known
			got, err := ev.Eval(b)
			if err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			if got.Form != c.form || got.Value(0).I != c.want[0] || got.Value(1).I != c.want[1] {
				t.Fatalf("%s: form %v, %v and %v, want %v %v", c.name, got.Form, got.Value(0), got.Value(1), c.form, c.want)
			}
		}
	}
	codes[7] = 0
	b := &vec.Batch{Cols: []*vec.Vec{vec.NewDict(entries(0, 3, 4), codes, nil)}, N: len(codes)}
	if _, err := ev.Eval(b); !errors.Is(err, ErrDivideByZero) {
		t.Fatalf("a row that fails: %v", err)
	}
	b.Sel = []int32{1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13}
	if got, err := ev.Eval(b); err != nil || got.Value(8).I != 4 {
		t.Fatalf("a dead row that fails: %v", err)
	}
}
