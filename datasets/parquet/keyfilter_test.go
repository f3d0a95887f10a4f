package parquet_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/datasets/parquet"
)

// fixedKeys is a key filter of known keys.
type fixedKeys struct{ set *dataflow.KeySet }

func (f fixedKeys) Keys() (*dataflow.KeySet, error) { return f.set, nil }

// someKeys is a set of some values of a column, and of one that no row has.
func someKeys(r *rand.Rand, b *vec.Batch, c int, share float64) *dataflow.KeySet {
	keys := []int64{-12345}
	v := b.Cols[c]
	for i := range b.N {
		if !v.IsNull(i) && r.Float64() < share {
			keys = append(keys, v.Value(i).I)
		}
	}
	lo, hi := keys[0], keys[0]
	for _, k := range keys {
		lo, hi = min(lo, k), max(hi, k)
	}
	s := dataflow.NewKeySet(len(keys), lo, hi)
	for _, k := range keys {
		s.Add(k)
	}
	return s
}

// Readers give exactly the rows whose keys are in the sets, whatever the encoding.
func TestKeyFilters(t *testing.T) {
	s := vec.NewSchema(vec.Field{Name: "name", Type: vec.TString}, vec.Field{Name: "a", Type: vec.TInt64},
		vec.Field{Name: "b", Type: vec.TInt32}, vec.Field{Name: "d", Type: vec.TDate}, vec.Field{Name: "x", Type: vec.TFloat64})
	r := rand.New(rand.NewPCG(5, 6))
	for _, few := range []bool{false, true} {
		for _, nulls := range []float64{0, 0.2} {
			for _, share := range []float64{0, 0.0005, 0.1, 1} {
				b := randomRows(r, s, 20_000, nulls, few)
				tab := openBytes(t, encode(t, s, parquet.WriterOptions{RowGroupRows: 7000}, b))
				cols := []int{1 + r.IntN(3), 1 + r.IntN(3)}
				sets := []*dataflow.KeySet{someKeys(r, b, cols[0], share), someKeys(r, b, cols[1], 1)}
				t.Run(fmt.Sprintf("few=%v nulls=%v share=%v cols=%v", few, nulls, share, cols), func(t *testing.T) {
					want := vec.NewBatch(s.Types())
					for i := range b.N {
						keep := true
						for k, c := range cols {
							keep = keep && !b.Cols[c].IsNull(i) && sets[k].Has(b.Cols[c].Value(i).I)
						}
						if keep {
							want.Append(b, []int32{int32(i)})
						}
					}
					equalRows(t, readKeys(t, tab, cols, sets, true), appendRows(nil, s, want))
				})
			}
		}
	}
}

// readKeys reads a table through key filters. A filter that nearly all rows pass may be given up;
// exact puts such rows out.
func readKeys(t *testing.T, tab *parquet.Table, cols []int, sets []*dataflow.KeySet, exact bool) (out []string) {
	src := must(tab.Source(plan.NewScan(tab, "")))(t)
	var filters []dataflow.KeyFilter
	for _, s := range sets {
		filters = append(filters, fixedKeys{s})
	}
	src.(dataflow.KeyFiltered).FilterKeys(cols, filters)
	for _, sp := range must(src.Splits(context.Background()))(t) {
		rd := must(src.Open(context.Background(), sp, nil, nil))(t)
		for {
			b, err := rd.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			sel := make([]int32, 0, b.N)
			for k := range b.Live() {
				i := b.Row(k)
				keep := true
				for j, c := range cols {
					keep = keep && (!exact || !b.Cols[c].IsNull(i) && sets[j].Has(b.Cols[c].Value(i).I))
				}
				if keep {
					sel = append(sel, int32(i))
				}
			}
			out = appendRows(out, src.Schema(), b.WithSel(sel))
		}
		if err := rd.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// A row group and a page without a key are not read: rows of others come.
func TestKeyFiltersSkip(t *testing.T) {
	tab := openBytes(t, ordered(t))
	set := dataflow.NewKeySet(1, 2500, 2500)
	set.Add(2500)
	got := readKeys(t, tab, []int{0}, []*dataflow.KeySet{set}, false)
	if len(got) != 1 {
		t.Fatalf("%d rows, want 1", len(got))
	}
	none := dataflow.NewKeySet(0, 0, 0)
	if got := readKeys(t, tab, []int{0}, []*dataflow.KeySet{none}, false); len(got) != 0 {
		t.Fatalf("%d rows for no key", len(got))
	}
}
