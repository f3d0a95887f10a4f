package op

import (
	"testing"

	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/vec"
)

// The keys of a build side are those of all its tasks, without NULL.
func TestJoinKeys(t *testing.T) {
	types := []vec.Type{vec.TInt32, vec.TInt64}
	key := []expr.Expr{&expr.Col{Idx: 1, T: vec.TInt64}, &expr.Col{Idx: 0, T: vec.TInt32}}
	tab, err := NewJoinTable(JoinSpec{Probe: types, Build: types, ProbeKeys: key, BuildKeys: key, Budget: context1(t, 0).Budget})
	if err != nil {
		t.Fatal(err)
	}
	for task := range 2 {
		b := vec.NewBatch(types)
		b.AppendRow(vec.IntValue(7), vec.IntValue(int64(100+task)))
		b.AppendRow(vec.NullValue(), vec.NullValue())
		build, err := NewJoinBuild(tab)
		if err != nil {
			t.Fatal(err)
		}
		if err := build.Process(0, b, nil); err != nil {
			t.Fatal(err)
		}
		if err := build.EndInput(0, nil); err != nil {
			t.Fatal(err)
		}
	}
	for i, want := range [][]int64{{100, 101}, {7}} {
		set, err := tab.KeyFilter(i).Keys()
		if err != nil {
			t.Fatal(err)
		}
		for x := int64(-10); x < 200; x++ {
			in := false
			for _, w := range want {
				in = in || w == x
			}
			if set.Has(x) != in {
				t.Errorf("key %d: has %d is %v", i, x, !in)
			}
		}
	}
}
