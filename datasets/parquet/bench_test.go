package parquet_test

import (
	"context"
	"io"
	"sync"
	"testing"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/datasets/parquet"
)

// lineitem is made by bench/run tpch --sf 1.
const lineitem = "../../bench/data/tpch-sf1/lineitem.parquet"

// scanAll reads a scan with p tasks; fn sees every batch.
func scanAll(b *testing.B, scan *plan.Scan, p int, fn func(task int, b *vec.Batch)) {
	b.Helper()
	src := must(scan.Table.(*parquet.Table).Source(scan))(b)
	splits := must(src.Splits(context.Background()))(b)
	queue := make(chan dataflow.Split, len(splits))
	for _, s := range splits {
		queue <- s
	}
	close(queue)
	var wg sync.WaitGroup
	for task := range p {
		wg.Go(func() {
			for s := range queue {
				r, err := src.Open(context.Background(), s, nil, nil)
				for err == nil {
					var batch *vec.Batch
					if batch, err = r.Next(); err == nil {
						fn(task, batch)
					}
				}
				if err != io.EOF {
					b.Error(err)
				}
				r.Close()
			}
		})
	}
	wg.Wait()
}

func project(tab *parquet.Table, names ...string) *plan.Scan {
	s := &plan.Scan{Table: tab, Limit: -1}
	for _, n := range names {
		s.Cols = append(s.Cols, tab.Schema().Index(n))
	}
	return s
}

// sumI64 adds a BIGINT or DECIMAL column.
func sumI64(v *vec.Vec, b *vec.Batch) (sum int64) {
	switch {
	case v.Form == vec.Dict && b.Sel == nil && v.Valid == nil:
		d := v.Dict.I64
		for _, c := range v.Codes[:b.N] {
			sum += d[c]
		}
	case v.Form == vec.Flat && b.Sel == nil && v.Valid == nil:
		for _, x := range v.I64[:b.N] {
			sum += x
		}
	default:
		for k := 0; k < b.Live(); k++ {
			if i := b.Row(k); !v.IsNull(i) {
				sum += v.Base().I64[v.Index(i)]
			}
		}
	}
	return sum
}

func benchColumn(b *testing.B, path, col string, fn func(v *vec.Vec, batch *vec.Batch)) {
	tab := openOS(b, path)
	b.ReportAllocs()
	for b.Loop() {
		scanAll(b, project(tab, col), 1, func(_ int, batch *vec.Batch) { fn(batch.Cols[0], batch) })
	}
	b.ReportMetric(float64(tab.Rows())*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mrows/s")
}

func BenchmarkScan(b *testing.B) {
	for _, c := range []string{"l_orderkey", "l_quantity", "l_extendedprice"} {
		b.Run(c, func(b *testing.B) {
			benchColumn(b, lineitem, c, func(v *vec.Vec, batch *vec.Batch) { sumI64(v, batch) })
		})
	}
	for _, c := range []string{"l_shipmode", "l_comment"} {
		b.Run(c, func(b *testing.B) {
			n := 0
			benchColumn(b, lineitem, c, func(v *vec.Vec, batch *vec.Batch) {
				if v.Form == vec.Dict {
					n += int(v.Codes[batch.N-1])
				} else {
					n += int(v.Off[batch.N])
				}
			})
		})
	}
	b.Run("flights", func(b *testing.B) {
		benchColumn(b, flights, "delay", func(v *vec.Vec, batch *vec.Batch) { sumI64(v, batch) })
	})
}

func q6(tb testing.TB, tab *parquet.Table) *plan.Scan {
	scan := project(tab, "l_shipdate", "l_discount", "l_quantity", "l_extendedprice")
	col := func(i int) *expr.Col {
		f := tab.Schema().Fields[scan.Cols[i]]
		return &expr.Col{Idx: i, Name: f.Name, T: f.Type}
	}
	cmp := func(op string, c int, x int64) expr.Expr {
		return must(expr.NewCall(op, col(c), &expr.Lit{Val: vec.IntValue(x), T: col(c).T}))(tb)
	}
	scan.Filter = []expr.Expr{cmp(">=", 0, 8766), cmp("<", 0, 9131), cmp(">=", 1, 5), cmp("<=", 1, 7), cmp("<", 2, 2400)}
	return scan
}

func q6Sum(b *vec.Batch) (sum int64) {
	d, p := b.Cols[1], b.Cols[3]
	for k := 0; k < b.Live(); k++ {
		i := b.Row(k)
		sum += d.Base().I64[d.Index(i)] * p.Base().I64[p.Index(i)]
	}
	return sum
}

func BenchmarkQ6(b *testing.B) {
	for _, p := range []int{1, 2} {
		b.Run(map[int]string{1: "one", 2: "two"}[p], func(b *testing.B) {
			tab := openOS(b, lineitem)
			scan := q6(b, tab)
			b.ReportAllocs()
			for b.Loop() {
				sums := make([][8]int64, p)
				scanAll(b, scan, p, func(task int, batch *vec.Batch) { sums[task][0] += q6Sum(batch) })
				total := int64(0)
				for _, s := range sums {
					total += s[0]
				}
				if total != 1231410782283 {
					b.Fatalf("revenue %d", total)
				}
			}
		})
	}
}

func BenchmarkOpen(b *testing.B) {
	openOS(b, lineitem)
	for b.Loop() {
		must(parquet.Open(nil, lineitem))(b)
	}
}

func BenchmarkWrite(b *testing.B) {
	tab := openOS(b, flights)
	var batches []*vec.Batch
	err := tab.Each(context.Background(), func(x *vec.Batch) error {
		if len(batches) < 200 {
			batches = append(batches, x.Compact())
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	rows := 0
	for b.Loop() {
		w := must(parquet.NewWriter(io.Discard, tab.Schema(), parquet.WriterOptions{}))(b)
		for _, x := range batches {
			rows += x.N
			if err := w.Write(x); err != nil {
				b.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds()/1e6, "Mrows/s")
}
