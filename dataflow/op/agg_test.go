package op

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/op/optest"
	"github.com/riffle-io/riffle/dataflow/vec"
)

// The columns of the tests' input: a key of each kind, a time, and values of each kind.
var (
	aggIn   = []vec.Type{vec.TString, vec.TInt32, vec.TTimestamp, vec.TInt64, vec.TDecimal(12, 2), vec.TFloat64, vec.TString, vec.TBool}
	aggCols = func() (cols []expr.Expr) {
		for i, t := range aggIn {
			cols = append(cols, &expr.Col{Idx: i, Name: fmt.Sprint("c", i), T: t})
		}
		return
	}()
)

func newAgg(t testing.TB, fn string, distinct bool, filter expr.Expr, args ...expr.Expr) expr.Agg {
	t.Helper()
	a, err := expr.NewAgg(fn, args, distinct, filter)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// allAggs has every function, shared accumulators, a filter and DISTINCT.
func allAggs(t testing.TB, distinct bool) []expr.Agg {
	i, d, f, s, b := aggCols[3], aggCols[4], aggCols[5], aggCols[6], aggCols[7]
	list := []expr.Agg{
		newAgg(t, "count", false, nil), newAgg(t, "count", false, nil, i), newAgg(t, "sum", false, nil, i),
		newAgg(t, "sum", false, nil, d), newAgg(t, "avg", false, nil, d), newAgg(t, "avg", false, nil, i),
		newAgg(t, "sum", false, nil, f), newAgg(t, "min", false, nil, i), newAgg(t, "max", false, nil, s),
		newAgg(t, "min", false, nil, s), newAgg(t, "max", false, nil, f), newAgg(t, "bool_and", false, nil, b), newAgg(t, "bool_or", false, nil, b),
		newAgg(t, "sum", false, b, i), newAgg(t, "count", false, b), newAgg(t, "max", false, b, d),
	}
	if distinct {
		list = append(list, newAgg(t, "count", true, nil, s), newAgg(t, "sum", true, nil, i), newAgg(t, "count", true, b, i))
	}
	return list
}

// aggRows makes rows whose floats are sums of quarters, which add up exactly in any order.
func aggRows(r *rand.Rand, n, keys int) *vec.Batch {
	b := vec.NewBatch(aggIn)
	for range n {
		row := []vec.Value{
			vec.StringValue(fmt.Sprintf("key %d%s", r.IntN(keys), []string{"", " with a long name"}[r.IntN(2)])),
			vec.IntValue(int64(r.IntN(3))), vec.IntValue(int64(r.IntN(100)) - 50), vec.IntValue(int64(r.IntN(40)) - 20),
			vec.IntValue(int64(r.IntN(9999))), vec.FloatValue(float64(r.IntN(64)) / 4), vec.StringValue(fmt.Sprint("some value ", r.IntN(30))), vec.BoolValue(r.IntN(2) == 0),
		}
		for c := range row {
			if c != 2 && r.IntN(6) == 0 {
				row[c] = vec.NullValue()
			}
		}
		b.AppendRow(row...)
	}
	return b
}

// model computes aggregates the slow way, over rows given by number.
func model(t testing.TB, aggs []expr.Agg, b *vec.Batch, rows []int) string {
	out := ""
	for _, a := range aggs {
		var vals []vec.Value
		var ty vec.Type
		n := 0
		for _, i := range rows {
			if a.Filter != nil {
				f := b.Cols[7].Value(i)
				if f.Null || f.I == 0 {
					continue
				}
			}
			n++
			if len(a.Args) > 0 {
				col, ok := a.Args[0].(*expr.Col)
				if !ok {
					t.Fatalf("model: argument %s", a.Args[0])
				}
				ty = aggIn[col.Idx]
				if v := b.Cols[col.Idx].Value(i); !v.Null && (!a.Distinct || !slices.Contains(vals, v)) {
					vals = append(vals, v)
				}
			}
		}
		out += "|" + modelOne(a, vals, ty, n)
	}
	return out
}

func modelOne(a expr.Agg, vals []vec.Value, ty vec.Type, n int) string {
	if a.Fn == "count" {
		if len(a.Args) > 0 {
			n = len(vals)
		}
		return fmt.Sprint(n)
	}
	if len(vals) == 0 {
		return "NULL"
	}
	best, sum, fsum := vals[0], int64(0), 0.0
	for _, v := range vals {
		sum, fsum = sum+v.I, fsum+v.F
		c := vec.CompareValues(ty, v, best)
		if (a.Fn == "min" || a.Fn == "bool_and") && c < 0 || (a.Fn == "max" || a.Fn == "bool_or") && c > 0 {
			best = v
		}
	}
	switch {
	case a.Fn == "sum" && ty.IsFloat():
		return vec.FloatValue(fsum).Format(a.T)
	case a.Fn == "sum" && ty.Kind == vec.Decimal:
		return vec.Dec128Value(vec.I128(sum)).Format(a.T)
	case a.Fn == "sum":
		return vec.IntValue(sum).Format(a.T)
	case a.Fn == "avg":
		return vec.FloatValue(float64(sum) / (float64(len(vals)) * float64(vec.Pow10Int64(int(ty.Scale))))).Format(a.T)
	}
	return best.Format(ty)
}

// grouped is the rows of b by the text of the columns keys.
func grouped(b *vec.Batch, keys []int) map[string][]int {
	out := map[string][]int{}
	for i := range b.N {
		k := ""
		for _, c := range keys {
			k += "|" + b.Cols[c].Value(i).Format(aggIn[c])
		}
		out[k[min(1, len(k)):]] = append(out[k[min(1, len(k)):]], i)
	}
	return out
}

func modelGroups(t testing.TB, aggs []expr.Agg, b *vec.Batch, keys []int) []string {
	var want []string
	for k, rows := range grouped(b, keys) {
		text := k + model(t, aggs, b, rows)
		if len(keys) == 0 {
			text = text[1:]
		}
		want = append(want, text)
	}
	return want
}

func exprsOf(cols []int) (es []expr.Expr) {
	for _, c := range cols {
		es = append(es, aggCols[c])
	}
	return
}

func TestHashAgg(t *testing.T) {
	for _, keys := range [][]int{{0}, {1}, {0, 1}, {3}, {}, {5, 7}} {
		for _, distinct := range []bool{false, true} {
			aggs := allAggs(t, distinct)
			b := aggRows(rand.New(rand.NewPCG(1, 2)), 500, 40)
			optest.Run(t, optest.Test{
				New: func() (dataflow.Operator, error) {
					return NewHashAgg(AggSpec{Keys: exprsOf(keys), Aggs: aggs, In: aggIn})
				},
				Steps: []optest.Step{{Batch: b}},
				Want:  modelGroups(t, aggs, b, keys),
			})
		}
	}
}

// twoPhase is a partial aggregation that feeds a final one, as one operator.
type twoPhase struct {
	dataflow.Base
	partial, final dataflow.Operator
}

func newTwoPhase(mk func(AggSpec) (dataflow.Operator, error), spec AggSpec) (dataflow.Operator, error) {
	spec.Mode = AggPartial
	p, err := mk(spec)
	if err != nil {
		return nil, err
	}
	spec.Mode = AggFinal
	if spec.Window != nil {
		spec.Window = &AggWindow{Start: spec.Window.Start, End: spec.Window.End}
	}
	f, err := mk(spec)
	return &twoPhase{partial: p, final: f}, err
}

func (w *twoPhase) into(out dataflow.Output) dataflow.Output {
	return dataflow.OutputFunc(func(b *vec.Batch) error { return w.final.Process(0, b, out) })
}

func (w *twoPhase) Open(tc *dataflow.TaskContext) error {
	if err := w.partial.Open(tc); err != nil {
		return err
	}
	return w.final.Open(tc)
}
func (w *twoPhase) Process(in int, b *vec.Batch, out dataflow.Output) error {
	return w.partial.Process(in, b, w.into(out))
}
func (w *twoPhase) Flush(out dataflow.Output) error {
	if f, ok := w.partial.(dataflow.Flusher); ok {
		return f.Flush(w.into(out))
	}
	return nil
}
func (w *twoPhase) Advance(wm dataflow.Time, out dataflow.Output) (dataflow.Time, error) {
	wm, err := w.partial.Advance(wm, w.into(out))
	if err != nil {
		return wm, err
	}
	return w.final.Advance(wm, out)
}
func (w *twoPhase) EndInput(in int, out dataflow.Output) error {
	if err := w.partial.EndInput(in, w.into(out)); err != nil {
		return err
	}
	return w.final.EndInput(in, out)
}
func (w *twoPhase) Close() error {
	if err := w.partial.Close(); err != nil {
		return err
	}
	return w.final.Close()
}

func TestHashAggTwoPhases(t *testing.T) {
	aggs := allAggs(t, false)
	for _, keys := range [][]int{{0, 1}, {}} {
		b := aggRows(rand.New(rand.NewPCG(4, 2)), 500, 40)
		optest.Run(t, optest.Test{
			New: func() (dataflow.Operator, error) {
				return newTwoPhase(NewHashAgg, AggSpec{Keys: exprsOf(keys), Aggs: aggs, In: aggIn})
			},
			Steps: []optest.Step{{Batch: b}},
			Want:  modelGroups(t, aggs, b, keys),
		})
	}
}

func TestHashAggOverNothing(t *testing.T) {
	aggs := allAggs(t, true)
	want := model(t, aggs, vec.NewBatch(aggIn), nil)[1:]
	optest.Run(t, optest.Test{
		New:  func() (dataflow.Operator, error) { return NewHashAgg(AggSpec{Aggs: aggs, In: aggIn}) },
		Want: []string{want},
	})
	optest.Run(t, optest.Test{
		New: func() (dataflow.Operator, error) {
			return NewHashAgg(AggSpec{Keys: exprsOf([]int{0}), Aggs: aggs, In: aggIn})
		},
	})
}
