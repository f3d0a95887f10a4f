package op

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/vec"
)

// lastRow runs an operator over batches and returns the values of the last row it emits.
func lastRow(t *testing.T, mk func() (dataflow.Operator, error), batches ...*vec.Batch) (row []vec.Value, err error) {
	t.Helper()
	o, err := mk()
	if err != nil {
		t.Fatal(err)
	}
	if err := o.Open(context1(t, 0)); err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	out := dataflow.OutputFunc(func(b *vec.Batch) error {
		row = row[:0]
		for _, v := range b.Cols {
			row = append(row, v.Value(b.N-1))
		}
		return nil
	})
	for _, b := range batches {
		if err := o.Process(0, b, out); err != nil {
			return nil, err
		}
	}
	if _, err := o.Advance(dataflow.MaxTime, out); err != nil {
		return nil, err
	}
	err = o.EndInput(0, out)
	return row, err
}

func TestVariances(t *testing.T) {
	in := []vec.Type{vec.TFloat64}
	x := &expr.Col{Idx: 0, Name: "x", T: vec.TFloat64}
	var aggs []expr.Agg
	for _, fn := range []string{"var_samp", "var_pop", "stddev_samp", "stddev_pop"} {
		aggs = append(aggs, newAgg(t, fn, false, nil, x))
	}
	r := rand.New(rand.NewPCG(2, 2))
	all, extra := vec.NewBatch(in), vec.NewBatch(in)
	for range 1000 {
		all.AppendRow(vec.FloatValue(1e6 + r.NormFloat64()))
		extra.AppendRow(vec.FloatValue(1e6 + 3*r.NormFloat64()))
	}
	mean, m2 := 0.0, 0.0
	for _, f := range all.Cols[0].F64 {
		mean += f / 1000
	}
	for _, f := range all.Cols[0].F64 {
		m2 += (f - mean) * (f - mean)
	}
	want := []float64{m2 / 999, m2 / 1000, math.Sqrt(m2 / 999), math.Sqrt(m2 / 1000)}
	taken := extra.Compact()
	taken.SetOps(vec.Delete)
	spec := AggSpec{Aggs: aggs, In: in}
	for name, c := range map[string]struct {
		mk func() (dataflow.Operator, error)
		in []*vec.Batch
	}{
		"single":     {func() (dataflow.Operator, error) { return NewHashAgg(spec) }, []*vec.Batch{all}},
		"two phases": {func() (dataflow.Operator, error) { return newFlushing(spec) }, []*vec.Batch{all.WithSel(upTo32(0, 400)), all.WithSel(upTo32(400, 1000))}},
		"retraction": {func() (dataflow.Operator, error) { return NewUpdatingAgg(spec) }, []*vec.Batch{extra, all, taken}},
	} {
		got, err := lastRow(t, c.mk, c.in...)
		if err != nil {
			t.Fatal(err)
		}
		for i, w := range want {
			if math.Abs(got[i].F-w) > 1e-6*w {
				t.Errorf("%s: %s is %v, want %v", name, aggs[i].Fn, got[i].F, w)
			}
		}
	}
}

// newFlushing is two phases of which the first emits after each batch.
func newFlushing(spec AggSpec) (dataflow.Operator, error) {
	o, err := newTwoPhase(NewHashAgg, spec)
	return flushing{o.(*twoPhase)}, err
}

type flushing struct{ *twoPhase }

func (f flushing) Process(in int, b *vec.Batch, out dataflow.Output) error {
	if err := f.twoPhase.Process(in, b, out); err != nil {
		return err
	}
	return f.Flush(out)
}

func upTo32(from, to int32) (sel []int32) {
	for i := from; i < to; i++ {
		sel = append(sel, i)
	}
	return
}

func TestSumsOverflow(t *testing.T) {
	wide := vec.Pow10(37)
	for _, c := range []struct {
		t    vec.Type
		big  vec.Value
		rows int
		ok   bool
	}{
		{vec.TInt64, vec.IntValue(math.MaxInt64), 1, true},
		{vec.TInt64, vec.IntValue(math.MaxInt64), 2, false},
		{vec.TInt64, vec.IntValue(math.MinInt64), 2, false},
		{vec.TDecimal(18, 0), vec.IntValue(math.MaxInt64 / 10), 1000, true},
		{vec.TDecimal(38, 0), vec.Dec128Value(wide), 9, true},
		{vec.TDecimal(38, 0), vec.Dec128Value(wide), 10, false}, // 39 digits, in 128 bits
		{vec.TDecimal(38, 0), vec.Dec128Value(wide), 20, false},
		{vec.TInterval, vec.IvValue(vec.Interval{Days: math.MaxInt32}), 2, false},
	} {
		for _, keyed := range []bool{false, true} {
			x := &expr.Col{Idx: 0, Name: "x", T: c.t}
			spec := AggSpec{In: []vec.Type{c.t}, Aggs: []expr.Agg{newAgg(t, "sum", false, nil, x)}}
			if keyed {
				spec.Keys = []expr.Expr{x}
			}
			b := vec.NewBatch(spec.In)
			for range c.rows {
				b.AppendRow(c.big)
			}
			_, err := lastRow(t, func() (dataflow.Operator, error) { return NewHashAgg(spec) }, b)
			if c.ok != (err == nil) || err != nil && !errors.Is(err, expr.ErrOverflow) {
				t.Errorf("%d times %s %s, keyed %v: %v", c.rows, c.t, c.big.Format(c.t), keyed, err)
			}
		}
	}
}

// TestPartialPassesRowsThrough groups by a unique key: grouping is given up, and the answer stays.
func TestPartialPassesRowsThrough(t *testing.T) {
	in := []vec.Type{vec.TInt64}
	k := &expr.Col{Idx: 0, Name: "k", T: vec.TInt64}
	o, err := newTwoPhase(NewHashAgg, AggSpec{Keys: []expr.Expr{k}, In: in, Aggs: []expr.Agg{newAgg(t, "sum", false, nil, k), newAgg(t, "max", false, nil, k)}})
	if err != nil {
		t.Fatal(err)
	}
	if err := o.Open(context1(t, 0)); err != nil {
		t.Fatal(err)
	}
	const rows = 100 * vec.MaxRows
	got := 0
	out := dataflow.OutputFunc(func(b *vec.Batch) error {
		for i := range b.N {
			if x := b.Cols[0].I64[i]; b.Cols[1].I64[i] != x || b.Cols[2].I64[i] != x {
				return fmt.Errorf("key %d has sum %d and maximum %d", x, b.Cols[1].I64[i], b.Cols[2].I64[i])
			}
		}
		got += b.N
		return nil
	})
	b := &vec.Batch{Cols: []*vec.Vec{vec.New(vec.TInt64, vec.MaxRows)}, N: vec.MaxRows}
	for at := 0; at < rows; at += vec.MaxRows {
		for i := range b.N {
			b.Cols[0].I64[i] = int64(at + i)
		}
		if err := o.Process(0, b, out); err != nil {
			t.Fatal(err)
		}
	}
	if err := o.EndInput(0, out); err != nil {
		t.Fatal(err)
	}
	if got != rows {
		t.Errorf("%d groups, want %d", got, rows)
	}
	if o.(*twoPhase).partial.(*hashAgg).passing == nil {
		t.Error("grouping was not given up")
	}
	if err := o.Close(); err != nil {
		t.Error(err)
	}
}
