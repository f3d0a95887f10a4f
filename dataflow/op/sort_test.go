package op

import (
	"context"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/vec"
)

// sortAll sorts the batches of each task and returns the rows as they come.
func sortAll(t *testing.T, types []vec.Type, keys []vec.Order, limit int64, tasks [][]*vec.Batch) *vec.Batch {
	t.Helper()
	runs := NewSortedRuns(types, keys)
	var ops []dataflow.Operator
	for range tasks {
		ops = append(ops, NewSort(runs))
	}
	var wg sync.WaitGroup
	for i, o := range ops {
		if err := o.Open(context1(t, limit)); err != nil {
			t.Fatal(err)
		}
		wg.Add(1)
		go func() {
			defer wg.Done()
			for _, b := range tasks[i] {
				if err := o.Process(0, b, nil); err != nil {
					t.Error(err)
				}
			}
			if err := o.EndInput(0, nil); err != nil {
				t.Error(err)
			}
		}()
	}
	wg.Wait()
	r, err := runs.Merge(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	out := vec.NewBatch(types)
	for {
		b, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		out.Append(b, b.Sel)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	for _, o := range ops {
		if err := o.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func rowTexts(types []vec.Type, bs ...*vec.Batch) (out []string) {
	for _, b := range bs {
		for k := range b.Live() {
			i := b.Row(k)
			var s strings.Builder
			for c, ty := range types {
				s.WriteString(b.Cols[c].Value(i).Format(ty) + "|")
			}
			out = append(out, s.String())
		}
	}
	return out
}

// sortInput draws n rows; wide makes integers take all 64 bits.
func sortInput(r *rand.Rand, types []vec.Type, n int, nulls float64, wide bool) *vec.Batch {
	b := vec.NewBatch(types)
	row := make([]vec.Value, len(types))
	for range n {
		for c, ty := range types {
			x := r.Int64N(2000) - 1000
			switch {
			case r.Float64() < nulls:
				row[c] = vec.NullValue()
			case ty.Kind == vec.String:
				row[c] = vec.StringValue(fmt.Sprintf("text %d", x/100))
			case ty.Kind == vec.Float64:
				row[c] = vec.FloatValue(float64(x) / 4)
			case ty.Kind == vec.Int32:
				row[c] = vec.IntValue(x / 50)
			case wide:
				row[c] = vec.IntValue([]int64{math.MinInt64, -1, 0, math.MaxInt64, x}[r.IntN(5)])
			default:
				row[c] = vec.IntValue(x)
			}
		}
		b.AppendRow(row...)
	}
	return b
}

// TestSort compares orders of every kind of key, in memory and spilled, with row by row comparison.
func TestSort(t *testing.T) {
	i64, i32, f64, str := vec.TInt64, vec.TInt32, vec.TFloat64, vec.TString
	asc, desc := func(c int) vec.Order { return vec.Order{Col: c, NullsLast: true} }, func(c int) vec.Order { return vec.Order{Col: c, Desc: true} }
	for _, c := range []struct {
		name  string
		types []vec.Type
		keys  []vec.Order
	}{
		{"all columns", []vec.Type{i64, i32}, []vec.Order{asc(0), desc(1)}},
		{"all columns, one twice", []vec.Type{i32, i64}, []vec.Order{desc(1), asc(0), asc(1)}},
		{"one of two", []vec.Type{str, i64}, []vec.Order{desc(1)}},
		{"two of four", []vec.Type{i64, str, i32, f64}, []vec.Order{asc(2), desc(0)}},
		{"text", []vec.Type{str, i64}, []vec.Order{asc(0), asc(1)}},
		{"float", []vec.Type{f64, i64}, []vec.Order{desc(0), asc(1)}},
	} {
		for _, nulls := range []float64{0, 0.1} {
			for _, wide := range []bool{false, true} {
				for _, limit := range []int64{0, 1 << 20} {
					t.Run(fmt.Sprintf("%s nulls=%v wide=%v limit=%d", c.name, nulls, wide, limit), func(t *testing.T) {
						checkSort(t, c.types, c.keys, limit, nulls, wide)
					})
				}
			}
		}
	}
}

func checkSort(t *testing.T, types []vec.Type, keys []vec.Order, limit int64, nulls float64, wide bool) {
	r := rand.New(rand.NewPCG(13, 14))
	var tasks [][]*vec.Batch
	var all []*vec.Batch
	for _, n := range []int{chunkRows + 500, 300, 0} {
		var in []*vec.Batch
		for ; n > 0; n -= vec.MaxRows {
			b := sortInput(r, types, min(n, vec.MaxRows), nulls, wide)
			in = append(in, b)
		}
		tasks, all = append(tasks, in), append(all, in...)
	}
	got := sortAll(t, types, keys, limit, tasks)
	for i := 1; i < got.N; i++ {
		if vec.Compare(keys, got, i-1, got, i) > 0 {
			t.Fatalf("row %d is before row %d", i, i-1)
		}
	}
	a, b := rowTexts(types, got), rowTexts(types, all...)
	slices.Sort(a)
	slices.Sort(b)
	if !slices.Equal(a, b) {
		t.Fatalf("%d rows came out of %d, or others", len(a), len(b))
	}
}

func TestRadix(t *testing.T) {
	r := rand.New(rand.NewPCG(15, 16))
	for _, n := range []int{0, 1, 100, 5000, 70_000} {
		for _, used := range []int{0, 5, 8, 23, 40, 64} {
			xs, es := make([]uint64, n), make([]entry, n)
			for i := range xs {
				xs[i] = r.Uint64() & (1<<used - 1)
				if n == 5000 { // nearly all in one part
					xs[i] &= 3
				}
				es[i] = entry{xs[i], int32(i)}
			}
			want := slices.Clone(es)
			sortFew(want)
			radix(es, used)
			radixKeys(xs, used)
			for i := range want {
				if es[i] != want[i] || xs[i] != want[i].key {
					t.Fatalf("%d keys of %d bits: row %d is %v and %d, want %v", n, used, i, es[i], xs[i], want[i])
				}
			}
		}
	}
}
