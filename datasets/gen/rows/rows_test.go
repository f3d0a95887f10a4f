package rows

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/riffle-io/riffle/dataflow/vec"
)

type row struct {
	k, v int64
	s    string
	d    float64
}

func table(tb testing.TB, rows, groups, seed int64) *Table {
	tb.Helper()
	t, err := New(rows, groups, seed)
	if err != nil {
		tb.Fatal(err)
	}
	return t
}

func read(t *Table, from, to int64) (out []row) {
	fill := t.Fill([]int{0, 1, 2, 3})
	for from < to {
		var b *vec.Batch
		b, from = fill(from, to)
		for i := range b.N {
			out = append(out, row{b.Cols[0].I64[i], b.Cols[1].I64[i], string(b.Cols[2].Str(i)), b.Cols[3].F64[i]})
		}
	}
	return out
}

func TestValues(t *testing.T) {
	all := read(table(t, 100_000, 1000, 1), 0, 100_000)
	groups := map[int64]int{}
	texts := map[string]bool{}
	sum := 0.0
	for _, r := range all {
		if r.k < 0 || r.k >= 1000 || r.v < 0 || r.v >= maxValue || len(r.s) != width || r.d < 0 || r.d >= 1 {
			t.Fatalf("%+v", r)
		}
		groups[r.k]++
		texts[r.s] = true
		sum += r.d
	}
	if len(groups) != 1000 || len(texts) != len(all) || sum < 49_000 || sum > 51_000 {
		t.Errorf("%d groups, %d texts, sum %v", len(groups), len(texts), sum)
	}
	// These rows must not change: benchmarks compare answers between versions.
	if got, want := fmt.Sprint(all[0], all[99_999]), "{862 368189515 op4zw6e5mldd 0.04525699773739167} {528 802878667 3hwj52exm7ox 0.5902301378674428}"; got != want {
		t.Errorf("first and last row %s, want %s", got, want)
	}
}

func TestRangesAreIndependent(t *testing.T) {
	tb := table(t, 9001, 50, 7)
	var parts []row
	for _, r := range [][2]int64{{0, 1}, {1, 4000}, {4000, 4000}, {4000, 9001}} {
		parts = append(parts, read(tb, r[0], r[1])...)
	}
	if !slices.Equal(parts, read(tb, 0, 9001)) {
		t.Error("rows differ when the table is cut")
	}
}

func TestSeeds(t *testing.T) {
	if slices.Equal(read(table(t, 100, 50, 1), 0, 100), read(table(t, 100, 50, 2), 0, 100)) {
		t.Error("seeds 1 and 2 give the same rows")
	}
}

func TestBadArguments(t *testing.T) {
	for _, a := range [][2]int64{{-1, 1}, {1, 0}} {
		if _, err := New(a[0], a[1], 1); !errors.Is(err, ErrSize) {
			t.Errorf("%v: %v", a, err)
		}
	}
}

func BenchmarkRows(b *testing.B) {
	t := table(b, 1_000_000_000, 1_000_000, 1)
	fill := t.Fill([]int{0, 1, 2, 3})
	at, rows := int64(0), 0
	for b.Loop() {
		var batch *vec.Batch
		batch, at = fill(at, t.Rows())
		rows += batch.N
	}
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds()/1e6, "Mrows/s")
}
