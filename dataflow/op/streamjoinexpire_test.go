package op

import (
	"context"
	"testing"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/spill"
)

// TestStreamJoinExpires joins two windowed sides with and without dropping rows: the pairs are the
// same, and what is kept is the open windows.
func TestStreamJoinExpires(t *testing.T) {
	types := []vec.Type{vec.TInt64, vec.TTimestamp}
	keys := []expr.Expr{&expr.Col{Idx: 0, Name: "k", T: vec.TInt64}, &expr.Col{Idx: 1, Name: "e", T: vec.TTimestamp}}
	run := func(expire *[2]int) (pairs int, kept int) {
		o, err := NewStreamJoin(StreamJoinSpec{Left: types, Right: types, Keys: [2][]expr.Expr{keys, keys}, Expire: expire})
		if err != nil {
			t.Fatal(err)
		}
		pool := spill.NewPool(1 << 40)
		if err := o.Open(&dataflow.TaskContext{Ctx: context.Background(), P: 1, Budget: pool.Reserve("join")}); err != nil {
			t.Fatal(err)
		}
		out := dataflow.OutputFunc(func(b *vec.Batch) error { pairs += b.Live(); return nil })
		for window := int64(1); window <= 40; window++ {
			for in := range 2 {
				b := vec.NewBatch(types)
				for k := range int64(2000) {
					b.AppendRow(vec.IntValue(k*int64(in+1)), vec.IntValue(window))
				}
				if err := o.Process(in, b, out); err != nil {
					t.Fatal(err)
				}
			}
			if wm, err := o.Advance(window, out); err != nil || wm != window {
				t.Fatalf("Advance(%d) = %d, %v", window, wm, err)
			}
		}
		j := o.(*streamJoin)
		kept = j.sides[0].rows.Rows() + j.sides[1].rows.Rows()
		if err := o.Close(); err != nil {
			t.Fatal(err)
		}
		return pairs, kept
	}
	pairs, all := run(nil)
	got, kept := run(&[2]int{1, 1})
	if pairs != 40*1000 || got != pairs {
		t.Errorf("%d pairs, %d with rows dropped; want %d", pairs, got, 40*1000)
	}
	if all != 40*4000 || kept >= 2*minSweep {
		t.Errorf("%d rows kept, %d with rows dropped", all, kept)
	}
}
