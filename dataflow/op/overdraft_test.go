package op

import (
	"errors"
	"strings"
	"testing"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/spill"
)

// TestStateBeyondBudget: operators that have to keep their state in memory fail with what to do, not
// far above their budget.
func TestStateBeyondBudget(t *testing.T) {
	k := &expr.Col{Idx: 0, Name: "k", T: vec.TInt64}
	types := []vec.Type{vec.TInt64}
	agg, err := NewUpdatingAgg(AggSpec{Keys: []expr.Expr{k}, In: types, Aggs: []expr.Agg{newAgg(t, "count", false, nil)}})
	if err != nil {
		t.Fatal(err)
	}
	join, err := NewStreamJoin(StreamJoinSpec{Left: types, Right: types, Keys: [2][]expr.Expr{{k}, {k}}})
	if err != nil {
		t.Fatal(err)
	}
	for hint, o := range map[string]dataflow.Operator{"group by windows": agg, "join within windows": join} {
		const limit = 8 << 20
		tc := context1(t, limit)
		if err := o.Open(tc); err != nil {
			t.Fatal(err)
		}
		b := vec.NewBatch(types)
		b.Cols[0].Resize(vec.MaxRows)
		b.N = vec.MaxRows
		rows := int64(0)
		for err = nil; err == nil && rows < 10_000_000; {
			for i := range b.Cols[0].I64 {
				b.Cols[0].I64[i] = rows
				rows++
			}
			err = o.Process(0, b, dataflow.OutputFunc(func(*vec.Batch) error { return nil }))
		}
		if !errors.Is(err, ErrState) || !errors.Is(err, spill.ErrOverBudget) || !strings.Contains(err.Error(), hint) || !strings.Contains(err.Error(), "--memory") {
			t.Errorf("after %d rows: %v", rows, err)
		}
		if err := o.Close(); err != nil || tc.Budget.Held() != 0 {
			t.Errorf("%d bytes held, %v", tc.Budget.Held(), err)
		}
	}
}

// noMemory is a budget that gives nothing.
type noMemory struct{}

func (noMemory) Grow(int64) error { return spill.ErrOverBudget }
func (noMemory) Shrink(int64)     {}
func (noMemory) Held() int64      { return 0 }

// TestSlackIsBounded: a strict budget is overdrawn by its slack at most, however much is asked for.
func TestSlackIsBounded(t *testing.T) {
	o := &overdraft{b: noMemory{}, strict: true, slack: 100}
	held := int64(0)
	for _, c := range []struct {
		grow int64
		ok   bool
	}{{1 << 20, false}, {60, true}, {60, false}, {40, true}, {1, false}} {
		err := o.Grow(c.grow)
		if (err == nil) != c.ok || err != nil && !errors.Is(err, spill.ErrOverBudget) {
			t.Errorf("%d bytes: %v", c.grow, err)
		}
		if err == nil {
			held += c.grow
		}
	}
	if o.Shrink(held); o.peak != 100 || o.over != 0 {
		t.Errorf("overdrawn by %d, now by %d", o.peak, o.over)
	}
}
