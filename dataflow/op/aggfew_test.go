package op

import (
	"math/rand/v2"
	"testing"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/vec"
)

// Sums of few groups are the same whether the values are small, too large for a batch's total, coded
// or partly NULL.
func TestFewGroups(t *testing.T) {
	dec := vec.TDecimal(18, 2)
	types := []vec.Type{vec.TInt64, dec, dec}
	cols := make([]expr.Expr, len(types))
	for i, ty := range types {
		cols[i] = &expr.Col{Idx: i, Name: "c", T: ty}
	}
	aggs := []expr.Agg{newAgg(t, "sum", false, nil, cols[1]), newAgg(t, "count", false, nil), newAgg(t, "sum", false, nil, cols[2])}
	r := rand.New(rand.NewPCG(17, 18))
	for name, limit := range map[string]int64{"small": 1 << fewBits, "large": 1 << 59, "mixed": 0} {
		t.Run(name, func(t *testing.T) {
			o, err := NewHashAgg(AggSpec{Keys: cols[:1], In: types, Aggs: aggs})
			if err != nil {
				t.Fatal(err)
			}
			if err := o.Open(context1(t, 0)); err != nil {
				t.Fatal(err)
			}
			var sum, part [5]vec.Int128
			var rows [5]int64
			for batch := range 20 {
				b := vec.NewBatch(types)
				top := limit
				if limit == 0 {
					top = 1 << (20 + 2*batch)
				}
				for range 100 + 95*batch {
					k, x, y := r.Int64N(5), r.Int64N(2*top)-top, vec.IntValue(r.Int64N(100))
					sum[k], _ = sum[k].Add(vec.I128(x))
					rows[k]++
					if part[k], _ = part[k].Add(vec.I128(y.I)); r.IntN(3) == 0 && batch > 10 {
						part[k], _ = part[k].Sub(vec.I128(y.I))
						y = vec.NullValue()
					}
					b.AppendRow(vec.IntValue(k), vec.IntValue(x), y)
				}
				if batch%2 == 0 {
					codes := make([]int32, b.N)
					for i := range codes {
						codes[i] = int32(i)
					}
					b.Cols[1] = vec.NewDict(b.Cols[1], codes, nil)
				}
				if err := o.Process(0, b, nil); err != nil {
					t.Fatal(err)
				}
			}
			out := dataflow.OutputFunc(func(b *vec.Batch) error {
				for i := range b.N {
					k := b.Cols[0].I64[i]
					if b.Cols[1].I128[i] != sum[k] || b.Cols[2].I64[i] != rows[k] || b.Cols[3].I128[i] != part[k] {
						t.Errorf("group %d: %v, %d, %v; want %v, %d, %v", k, b.Cols[1].I128[i], b.Cols[2].I64[i], b.Cols[3].I128[i], sum[k], rows[k], part[k])
					}
				}
				return nil
			})
			if err := o.EndInput(0, out); err != nil {
				t.Fatal(err)
			}
			if err := o.Close(); err != nil {
				t.Fatal(err)
			}
		})
	}
}
