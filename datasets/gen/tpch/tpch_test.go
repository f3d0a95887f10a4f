package tpch

import (
	"bufio"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/riffle-io/riffle/dataflow/vec"
)

// TestReference compares every column with checksums of the reference generator's output: whole
// tables at scale 0.01, and ranges far into those of scale 3,000, whose draws are wide.
func TestReference(t *testing.T) {
	f, err := os.Open("testdata/reference.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	checked := 0
	for s := bufio.NewScanner(f); s.Scan(); {
		if s.Text()[0] == '#' {
			continue
		}
		var sf float64
		var name, col, want string
		var from, to int64
		if _, err := fmt.Sscan(s.Text(), &sf, &name, &from, &to, &col, &want); err != nil {
			t.Fatalf("%s: %v", s.Text(), err)
		}
		tb := open(t, name, sf)
		if got := checksum(tb, tb.Schema().Index(col), from, to); got != want {
			t.Errorf("scale %v %s.%s [%d, %d): checksum %s, want %s", sf, name, col, from, to, got, want)
		}
		checked++
	}
	if checked != 115 {
		t.Errorf("checked %d columns, want 115", checked)
	}
}

// checksum reads one column alone, so it also shows that columns do not need each other.
func checksum(tb *Table, col int, from, to int64) string {
	h := fnv.New64a()
	var buf []byte
	scan(tb, []int{col}, from, to, func(b *vec.Batch) {
		buf = buf[:0]
		for i := range b.N {
			buf = append(appendCell(buf, b.Cols[0], i, tb.columns[col].Name == "l_quantity"), '\n')
		}
		h.Write(buf)
	})
	return fmt.Sprintf("%016x", h.Sum64())
}

// rows renders positions [from, to), cut at the places cuts.
func rows(tb *Table, from, to int64, cuts ...int64) (out []string) {
	for _, end := range append(cuts, to) {
		scan(tb, all(tb), from, end, func(b *vec.Batch) {
			for i := range b.N {
				var line []byte
				for _, v := range b.Cols {
					line = append(appendCell(line, v, i, false), '|')
				}
				out = append(out, string(line))
			}
		})
		from = end
	}
	return out
}

func TestRangesAreIndependent(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, name := range Names() {
		tb := open(t, name, 0.01)
		to := min(tb.Positions(), 3000)
		var cuts []int64
		for range 6 {
			cuts = append(cuts, rnd.Int64N(to))
		}
		slices.Sort(cuts)
		whole, parts := rows(tb, 0, to), rows(tb, 0, to, cuts...)
		if !slices.Equal(whole, parts) {
			t.Errorf("%s: rows differ when cut at %v", name, cuts)
		}
		if name != "lineitem" && int64(len(whole)) != to {
			t.Errorf("%s: %d rows of %d positions", name, len(whole), to)
		}
	}
}

func TestColumnSubsetsAgree(t *testing.T) {
	tb := open(t, "lineitem", 0.01)
	wide, narrow := tb.Fill(all(tb)), tb.Fill([]int{8, 10, 5})
	for from := int64(0); from < 2000; {
		a, next := wide(from, 2000)
		b, next2 := narrow(from, 2000)
		if next != next2 || a.N != b.N || a.N > vec.MaxRows {
			t.Fatalf("at %d: next %d and %d, rows %d and %d", from, next, next2, a.N, b.N)
		}
		for i := range a.N {
			if string(a.Cols[8].Str(i)) != string(b.Cols[0].Str(i)) || a.Cols[10].I32[i] != b.Cols[1].I32[i] || a.Cols[5].I64[i] != b.Cols[2].I64[i] {
				t.Fatalf("order %d line %d differs", from, i)
			}
		}
		from = next
	}
}

func TestPickEqualsDoubles(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	for _, span := range []uint64{1, 2, 3, 7, 50, 121, 2406, 9999, 1_099_999, exactSpan} {
		for i := range uint64(100_000) {
			x := 1 + rnd.Uint64N(modulus-1)
			if i < 1000 { // the draws around the borders between results
				x = min(max(i/3*modulus/span+i%3, 1), modulus-1)
			}
			if a, b := pick(x, span), pickWide(x, span); a != b {
				t.Fatalf("pick(%d, %d) = %d, with doubles %d", x, span, a, b)
			}
		}
	}
}

func TestBadArguments(t *testing.T) {
	for _, sf := range []float64{0, -1, 0.0001, 20_000} {
		if _, err := New("orders", sf); !errors.Is(err, ErrScale) {
			t.Errorf("scale %v: %v", sf, err)
		}
	}
	if _, err := New("order", 1); err == nil || errors.Is(err, ErrScale) {
		t.Errorf("unknown table: %v", err)
	}
}

func TestNoAllocationPerBatch(t *testing.T) {
	for _, name := range Names() {
		tb := open(t, name, 1)
		fill := tb.Fill(all(tb))
		for range 3 { // let buffers reach their size
			fill(0, tb.Positions())
		}
		if n := testing.AllocsPerRun(10, func() { fill(0, tb.Positions()) }); n > 0 {
			t.Errorf("%s: %v allocations a batch", name, n)
		}
	}
}

func BenchmarkLineitem(b *testing.B) {
	tb := open(b, "lineitem", 10)
	for _, c := range []struct {
		name string
		cols []int
	}{
		{"all", all(tb)}, {"nocomment", all(tb)[:15]}, {"q1", []int{4, 5, 6, 7, 8, 9, 10}}, {"q6", []int{4, 5, 6, 10}},
		{"orderkey", []int{0}}, {"comment", []int{15}},
	} {
		b.Run(c.name, func(b *testing.B) { benchmark(b, tb, c.cols) })
	}
}

func BenchmarkOrders(b *testing.B) { tb := open(b, "orders", 10); benchmark(b, tb, all(tb)[:8]) }

func benchmark(b *testing.B, tb *Table, cols []int) {
	pool()
	fill := tb.Fill(cols)
	from, rows := int64(0), 0
	for b.Loop() {
		batch, next := fill(from, tb.Positions())
		rows += batch.N
		from = next % (tb.Positions() - 5000)
	}
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds()/1e6, "Mrows/s")
}

func BenchmarkPool(b *testing.B) {
	for b.Loop() {
		buildPool(poolSize)
	}
}
