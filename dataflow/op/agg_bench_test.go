package op

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/vec"
)

// benchAgg feeds batches to an operator, a watermark after each when there is one to give.
func benchAgg(b *testing.B, mk func() (dataflow.Operator, error), batches []*vec.Batch, wm func(i int) dataflow.Time) {
	b.Helper()
	out := dataflow.OutputFunc(func(*vec.Batch) error { return nil })
	rows := 0
	for range b.N {
		o, err := mk()
		if err != nil {
			b.Fatal(err)
		}
		if err := o.Open(context1(b, 0)); err != nil {
			b.Fatal(err)
		}
		for i, in := range batches {
			if err := o.Process(0, in, out); err != nil {
				b.Fatal(err)
			}
			rows += in.Live()
			if wm != nil {
				if _, err := o.Advance(wm(i), out); err != nil {
					b.Fatal(err)
				}
			}
		}
		if _, err := o.Advance(dataflow.MaxTime, out); err != nil {
			b.Fatal(err)
		}
		if err := o.EndInput(0, out); err != nil {
			b.Fatal(err)
		}
		if err := o.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds()/1e6, "Mrows/s")
}

func BenchmarkHashAggInt(b *testing.B) {
	types := []vec.Type{vec.TInt64, vec.TInt64}
	k, x := &expr.Col{Idx: 0, Name: "k", T: vec.TInt64}, &expr.Col{Idx: 1, Name: "x", T: vec.TInt64}
	for _, groups := range []int{1000, 1_000_000} {
		r := rand.New(rand.NewPCG(1, 1))
		var in []*vec.Batch
		for n := 0; n < 10_000_000; n += vec.MaxRows {
			c := &vec.Batch{Cols: []*vec.Vec{vec.New(vec.TInt64, vec.MaxRows), vec.New(vec.TInt64, vec.MaxRows)}, N: vec.MaxRows}
			for i := range vec.MaxRows {
				c.Cols[0].I64[i], c.Cols[1].I64[i] = int64(r.IntN(groups)), int64(i)
			}
			in = append(in, c)
		}
		for mode, name := range []string{"single", "partial"} {
			spec := AggSpec{Keys: []expr.Expr{k}, In: types, Mode: AggMode(mode), Aggs: []expr.Agg{newAgg(b, "sum", false, nil, x), newAgg(b, "count", false, nil)}}
			b.Run(fmt.Sprintf("%s/groups=%d", name, groups), func(b *testing.B) {
				benchAgg(b, func() (dataflow.Operator, error) { return NewHashAgg(spec) }, in, nil)
			})
		}
	}
}

// BenchmarkHashAggQ1 has the shape of TPC-H query 1: two dictionary keys, 4 groups, 8 aggregates.
func BenchmarkHashAggQ1(b *testing.B) {
	dec, dec4 := vec.TDecimal(12, 2), vec.TDecimal(18, 4)
	types := []vec.Type{vec.TString, vec.TString, dec, dec, dec4, dec4, dec}
	col := func(i int) expr.Expr { return &expr.Col{Idx: i, Name: fmt.Sprint("c", i), T: types[i]} }
	spec := AggSpec{Keys: []expr.Expr{col(0), col(1)}, In: types, Aggs: []expr.Agg{
		newAgg(b, "sum", false, nil, col(2)), newAgg(b, "sum", false, nil, col(3)), newAgg(b, "sum", false, nil, col(4)),
		newAgg(b, "sum", false, nil, col(5)), newAgg(b, "avg", false, nil, col(2)), newAgg(b, "avg", false, nil, col(3)),
		newAgg(b, "avg", false, nil, col(6)), newAgg(b, "count", false, nil)}}
	flag, status := vec.New(vec.TString, 0), vec.New(vec.TString, 0)
	for _, s := range []string{"A", "N", "R"} {
		flag.AppendBytes([]byte(s))
	}
	for _, s := range []string{"F", "O"} {
		status.AppendBytes([]byte(s))
	}
	r := rand.New(rand.NewPCG(1, 1))
	var in []*vec.Batch
	for range 500 {
		c := &vec.Batch{N: vec.MaxRows}
		codes := [2][]int32{make([]int32, c.N), make([]int32, c.N)}
		for i := range c.N {
			codes[0][i] = int32(r.IntN(3))
			if codes[0][i] == 1 {
				codes[1][i] = int32(r.IntN(2))
			}
		}
		c.Cols = append(c.Cols, vec.NewDict(flag, codes[0], nil), vec.NewDict(status, codes[1], nil))
		for _, t := range types[2:] {
			v := vec.New(t, c.N)
			for i := range v.I64 {
				v.I64[i] = int64(r.IntN(100000))
			}
			c.Cols = append(c.Cols, v)
		}
		in = append(in, c)
	}
	benchAgg(b, func() (dataflow.Operator, error) { return NewHashAgg(spec) }, in, nil)
}

func BenchmarkHashAggGlobal(b *testing.B) {
	types := []vec.Type{vec.TInt64}
	x := &expr.Col{Idx: 0, Name: "x", T: vec.TInt64}
	spec := AggSpec{In: types, Aggs: []expr.Agg{newAgg(b, "sum", false, nil, x), newAgg(b, "count", false, nil)}}
	c := &vec.Batch{Cols: []*vec.Vec{vec.New(vec.TInt64, vec.MaxRows)}, N: vec.MaxRows}
	var in []*vec.Batch
	for range 1000 {
		in = append(in, c)
	}
	benchAgg(b, func() (dataflow.Operator, error) { return NewHashAgg(spec) }, in, nil)
}
