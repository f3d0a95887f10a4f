package repl

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/riffle-io/riffle/dataflow/vec"
)

// TestFold sends random changes, and compares with a count of rows by their text.
func TestFold(t *testing.T) {
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 1))
		types := []vec.Type{vec.TInt64, vec.TString}
		keep := &textRows{}
		f := newFold(keep, types)
		want := map[string]int{}
		for range 20 {
			b := vec.NewBatch(types)
			for range rng.IntN(300) {
				v := []vec.Value{vec.IntValue(int64(rng.IntN(9))), vec.StringValue(strings.Repeat("x", rng.IntN(3)))}
				if rng.IntN(10) == 0 {
					v[1] = vec.NullValue()
				}
				op := []vec.Op{vec.Insert, vec.UpdateAfter, vec.UpdateBefore, vec.Delete}[rng.IntN(4)]
				for c := range v {
					b.Cols[c].AppendValue(v[c])
				}
				b.Ops, b.N = append(b.Ops, op), b.N+1
				n := -1
				if vec.IsAdd(op) {
					n = 1
				}
				want[fmt.Sprint(v[0].I, v[1].Null, v[1].S)] += n
			}
			if err := f.Write(b); err != nil {
				t.Fatal(err)
			}
			if rng.IntN(3) == 0 {
				f.sweep()
			}
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		var rows []string
		for row, n := range want {
			for ; n > 0; n-- {
				rows = append(rows, row)
			}
		}
		slices.Sort(rows)
		slices.Sort(keep.rows)
		if !slices.Equal(rows, keep.rows) {
			t.Fatalf("seed %d: %d rows %q, want %d %q", seed, len(keep.rows), keep.rows, len(rows), rows)
		}
	}
}

// textRows keeps rows as text.
type textRows struct {
	discard
	rows []string
}

func (w *textRows) Write(b *vec.Batch) error {
	for k := range b.Live() {
		n, s := b.Cols[0].Value(b.Row(k)), b.Cols[1].Value(b.Row(k))
		w.rows = append(w.rows, fmt.Sprint(n.I, s.Null, s.S))
	}
	return nil
}
