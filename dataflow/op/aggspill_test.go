package op

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/spill"
)

func context1(t testing.TB, limit int64) *dataflow.TaskContext {
	return &dataflow.TaskContext{Ctx: context.Background(), P: 1, Budget: spill.NewPool(limit).Reserve("test"), SpillDir: t.TempDir(),
		Side: func(string) dataflow.Output { return dataflow.OutputFunc(func(*vec.Batch) error { return nil }) }}
}

// TestHashAggSpills groups more keys than the minimum of memory holds, several levels deep.
func TestHashAggSpills(t *testing.T) {
	const keys, rows = 150_000, 300_000
	k, x := &expr.Col{Idx: 0, Name: "k", T: vec.TInt64}, &expr.Col{Idx: 1, Name: "x", T: vec.TInt64}
	spec := AggSpec{Keys: []expr.Expr{k}, In: []vec.Type{vec.TInt64, vec.TInt64},
		Aggs: []expr.Agg{newAgg(t, "sum", false, nil, x), newAgg(t, "count", true, nil, x)}}
	h, err := NewHashAgg(spec)
	if err != nil {
		t.Fatal(err)
	}
	tc := context1(t, 1)
	if err := h.Open(tc); err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 1))
	sums, values := map[int64]int64{}, map[[2]int64]bool{}
	for at := 0; at < rows; at += vec.MaxRows {
		b := vec.NewBatch(spec.In)
		for range vec.MaxRows {
			key, val := int64(r.IntN(keys)), int64(r.IntN(3))
			b.Cols[0].I64, b.Cols[1].I64 = append(b.Cols[0].I64, key), append(b.Cols[1].I64, val)
			sums[key] += val
			values[[2]int64{key, val}] = true
		}
		b.N = vec.MaxRows
		if err := h.Process(0, b, nil); err != nil {
			t.Fatal(err)
		}
	}
	distinct := map[int64]int64{}
	for kv := range values {
		distinct[kv[0]]++
	}
	got := 0
	err = h.EndInput(0, dataflow.OutputFunc(func(b *vec.Batch) error {
		for i := range b.N {
			key := b.Cols[0].I64[i]
			if b.Cols[1].I64[i] != sums[key] || b.Cols[2].I64[i] != distinct[key] {
				return fmt.Errorf("key %d: %d, %d, want %d, %d", key, b.Cols[1].I64[i], b.Cols[2].I64[i], sums[key], distinct[key])
			}
			got++
		}
		return nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	if got != len(sums) {
		t.Errorf("%d groups, want %d", got, len(sums))
	}
	if h.(*hashAgg).spills == 0 {
		t.Error("nothing was spilled")
	}
	if err := h.Close(); err != nil || tc.Budget.Held() != 0 {
		t.Errorf("%d bytes held, %v", tc.Budget.Held(), err)
	}
}
