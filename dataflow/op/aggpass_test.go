package op

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/vec"
)

// sums groups rows (key, value) by key in two phases and checks every group against key, whose
// NULLs are one group.
func sums(t *testing.T, limit int64, keys []vec.Value, dict bool) *twoPhase {
	t.Helper()
	k, x := &expr.Col{Idx: 0, Name: "k", T: vec.TInt64}, &expr.Col{Idx: 1, Name: "x", T: vec.TInt64}
	aggs := []expr.Agg{newAgg(t, "sum", false, nil, x), newAgg(t, "count", false, nil), newAgg(t, "min", false, nil, x)}
	o, err := newTwoPhase(NewHashAgg, AggSpec{Keys: []expr.Expr{k}, In: []vec.Type{vec.TInt64, vec.TInt64}, Aggs: aggs})
	if err != nil {
		t.Fatal(err)
	}
	if err := o.Open(context1(t, limit)); err != nil {
		t.Fatal(err)
	}
	type group struct{ sum, n, low int64 }
	want, got := map[string]group{}, map[string]group{}
	out := dataflow.OutputFunc(func(b *vec.Batch) error {
		for r := range b.Live() {
			i := b.Row(r)
			key := b.Cols[0].Value(i).Format(vec.TInt64)
			if _, ok := got[key]; ok {
				return fmt.Errorf("key %s came twice", key)
			}
			got[key] = group{b.Cols[1].Value(i).I, b.Cols[2].Value(i).I, b.Cols[3].Value(i).I}
		}
		return nil
	})
	for at := 0; at < len(keys); at += vec.MaxRows {
		b := vec.NewBatch([]vec.Type{vec.TInt64, vec.TInt64})
		for i, key := range keys[at:min(len(keys), at+vec.MaxRows)] {
			v := int64(at + i)
			b.AppendRow(key, vec.IntValue(v))
			g, ok := want[key.Format(vec.TInt64)]
			if !ok {
				g.low = v
			}
			want[key.Format(vec.TInt64)] = group{g.sum + v, g.n + 1, min(g.low, v)}
		}
		if dict {
			codes := make([]int32, b.N)
			for i := range codes {
				codes[i] = int32(i)
				if i > 0 && vec.EqualRows(b.Cols[0], i, b.Cols[0], i-1) {
					codes[i] = codes[i-1]
				}
			}
			b.Cols[0] = vec.NewDict(b.Cols[0], codes, b.Cols[0].Valid)
		}
		if err := o.Process(0, b, out); err != nil {
			t.Fatal(err)
		}
	}
	if err := o.EndInput(0, out); err != nil {
		t.Fatal(err)
	}
	if len(got) != len(want) {
		t.Fatalf("%d groups, want %d", len(got), len(want))
	}
	for key, w := range want {
		if got[key] != w {
			t.Fatalf("key %s: %v, want %v", key, got[key], w)
		}
	}
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	return o.(*twoPhase)
}

func intKeys(n int, key func(i int) int64) []vec.Value {
	out := make([]vec.Value, n)
	for i := range out {
		out[i] = vec.IntValue(key(i))
	}
	return out
}

// Rows of equal keys that stand together need no table, and rows that do not, later, get one again.
func TestPartialPassesRuns(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for name, dict := range map[string]bool{"flat": false, "dictionary": true} {
		t.Run(name, func(t *testing.T) {
			keys := intKeys(100_000, func(i int) int64 { return int64(i / 5) })
			for i := range 40 { // a run of NULLs
				keys[1000+i] = vec.NullValue()
			}
			if p := sums(t, 0, keys, dict).partial.(*hashAgg); !p.runs.on {
				t.Error("runs were not seen")
			}
		})
	}
	mixed := intKeys(runCheck*5/4, func(i int) int64 {
		if i < probeRows*2 {
			return int64(i / 8)
		}
		return r.Int64N(1000)
	})
	if p := sums(t, 0, mixed, false).partial.(*hashAgg); p.runs.on || p.passing != nil {
		t.Error("runs that have ended were not noticed")
	}
}

// More groups than the caches hold are added part by part: nothing is lost, with and without memory.
func TestManyGroups(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	keys := intKeys(300_000, func(int) int64 { return r.Int64N(150_000) })
	for i := range keys {
		if i%1000 == 0 {
			keys[i] = vec.NullValue()
		}
	}
	for _, limit := range []int64{0, 8 << 20} {
		t.Run(fmt.Sprint(limit), func(t *testing.T) {
			f := sums(t, limit, keys, false).final.(*hashAgg)
			if limit == 0 && !f.noScatter {
				t.Error("rows were not held back")
			}
		})
	}
}

func TestRunStarts(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	text, num := vec.New(vec.TString, 0), vec.New(vec.TInt32, 0)
	for range 500 {
		text.AppendBytes([]byte{byte('a' + r.IntN(2))})
		v := vec.IntValue(int64(r.IntN(3)))
		if v.I == 2 {
			v = vec.NullValue()
		}
		num.AppendValue(v)
	}
	odd := []int32{}
	for i := int32(1); i < 500; i += 2 {
		odd = append(odd, i)
	}
	for _, keys := range [][]*vec.Vec{{num}, {text}, {text, num}} {
		for _, sel := range [][]int32{nil, odd, {}} {
			b := &vec.Batch{Cols: keys, N: 500, Sel: sel}
			var want []int32
			for k := range b.Live() {
				i := b.Row(k)
				same := k > 0
				for _, v := range keys {
					same = same && vec.EqualRows(v, i, v, b.Row(max(k, 1)-1))
				}
				if !same {
					want = append(want, int32(i))
				}
			}
			if got := runStarts(keys, b, nil); !slices.Equal(got, want) {
				t.Errorf("%d keys, %d rows: %v, want %v", len(keys), b.Live(), got, want)
			}
		}
	}
}
