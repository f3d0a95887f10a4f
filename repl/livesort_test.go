package repl

import (
	"math"
	"math/rand/v2"
	"sort"
	"testing"
	"time"

	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/vec"
)

// TestSortedIsStable compares the order of a table with that of a stable sort by whole values.
func TestSortedIsStable(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	words := []string{"", "a", "ab", "abcdefgh", "abcdefghi", "abcdefghij", "\xc3\xa9", "zz"}
	floats := []float64{math.Copysign(0, -1), 0, 1.5, -1.5, math.Inf(1), math.Inf(-1), -1e300, 3}
	schema := vec.NewSchema(vec.Field{Name: "id", Type: vec.TInt64}, vec.Field{Name: "i", Type: vec.TInt64}, vec.Field{Name: "f", Type: vec.TFloat64},
		vec.Field{Name: "s", Type: vec.TString}, vec.Field{Name: "b", Type: vec.TBool}, vec.Field{Name: "d", Type: vec.Type{Kind: vec.Decimal, Prec: 30, Scale: 2}})
	l := newLive(schema, plan.Retract, []int{0})
	for id := range 500 {
		b := vec.NewBatch(schema.Types())
		row := []vec.Value{vec.IntValue(int64(id)), vec.IntValue(int64(rng.IntN(9)) - 4), vec.FloatValue(floats[rng.IntN(len(floats))]), vec.StringValue(words[rng.IntN(len(words))]),
			vec.IntValue(int64(rng.IntN(2))), {Null: true}}
		if c := 1 + rng.IntN(8); c < len(row) {
			row[c] = vec.Value{Null: true}
		}
		b.AppendRow(row...)
		b.Ops = []vec.Op{vec.Insert}
		l.record(b, time.Now())
	}
	tab := l.Table(-1)
	for col := range schema.Len() {
		for _, desc := range []bool{false, true} {
			want := make([]int64, tab.Rows())
			for i := range want {
				want[i] = int64(i)
			}
			val := func(row int64) vec.Value { r := tab.ref(row); return r.b.Cols[col].Value(int(r.row)) }
			sort.SliceStable(want, func(i, j int) bool {
				a, b := val(want[i]), val(want[j])
				if a.Null || b.Null {
					return !a.Null && b.Null
				}
				if desc {
					a, b = b, a
				}
				return vec.CompareValues(schema.Fields[col].Type, a, b) < 0
			})
			got := tab.Sorted(col, desc)
			for i, w := range want {
				if g := got.ref(int64(i)); g.seq != tab.ref(w).seq {
					t.Fatalf("column %s desc %v: row %d is change %d, want %d", schema.Fields[col].Name, desc, i, g.seq, tab.ref(w).seq)
				}
			}
		}
	}
}
