package op

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/op/optest"
	"github.com/riffle-io/riffle/dataflow/vec"
)

var windowSpecs = []WindowSpec{
	{Kind: Tumble, Time: 2, Size: 10},
	{Kind: Tumble, Time: 2, Size: 7, Offset: 3},
	{Kind: Hop, Time: 2, Size: 10, Slide: 5},
	{Kind: Hop, Time: 2, Size: 10, Slide: 4, Offset: 1},
	{Kind: Hop, Time: 2, Size: 3, Slide: 10},
	{Kind: Cumulate, Time: 2, Size: 20, Slide: 5},
}

// windowsOf lists the windows of a time the slow way: it tries all.
func windowsOf(w WindowSpec, t int64) (out [][2]int64) {
	for k := int64(-200); k <= 200; k++ {
		switch w.Kind {
		case Tumble:
			if lo := w.Offset + k*w.Size; t >= lo && t < lo+w.Size {
				out = append(out, [2]int64{lo, lo + w.Size})
			}
		case Hop:
			if lo := w.Offset + k*w.Slide; t >= lo && t < lo+w.Size {
				out = append(out, [2]int64{lo, lo + w.Size})
			}
		case Cumulate:
			lo := w.Offset + k*w.Size
			for hi := lo + w.Slide; t >= lo && hi <= lo+w.Size; hi += w.Slide {
				if t < hi {
					out = append(out, [2]int64{lo, hi})
				}
			}
		}
	}
	return out
}

func stamp(us int64) string { return vec.IntValue(us).Format(vec.TTimestamp) }

func TestWindowAssign(t *testing.T) {
	for _, w := range windowSpecs {
		b := aggRows(rand.New(rand.NewPCG(5, 5)), 200, 5)
		b.Cols[2].SetNull(7)
		var want []string
		for i := range b.N {
			if i == 7 {
				continue
			}
			for _, win := range windowsOf(w, b.Cols[2].I64[i]) {
				want = append(want, fmt.Sprintf("%s|%s|%s|%s", optest.RowText(b, i), stamp(win[0]), stamp(win[1]), stamp(win[1]-1)))
			}
		}
		optest.Run(t, optest.Test{New: func() (dataflow.Operator, error) { return NewWindowAssign(w) }, Steps: []optest.Step{{Batch: b}}, Want: want, Late: 1})
	}
	if _, err := NewWindowAssign(WindowSpec{Kind: Session, Size: 1}); !errors.Is(err, ErrSession) {
		t.Error(err)
	}
}

// windowSteps feeds the rows in order of time, with watermarks between them; a row is at most
// behind one watermark by what slack says.
func windowSteps(b *vec.Batch, slack int64) (steps []optest.Step) {
	order := make([]int32, b.N)
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortStableFunc(order, func(x, y int32) int { return int(b.Cols[2].I64[x] - b.Cols[2].I64[y]) })
	for at := 0; at < len(order); at += 37 {
		part := vec.NewBatch(aggIn)
		part.Append(b, order[at:min(len(order), at+37)])
		steps = append(steps, optest.Step{Batch: part})
		if at+37 < len(order) {
			steps = append(steps, optest.Step{Watermark: b.Cols[2].I64[order[at+37]] + slack})
		}
	}
	return steps
}

// windowModel computes windows over the rows that are in time: late says which windows are not.
func windowModel(t *testing.T, w WindowSpec, aggs []expr.Agg, steps []optest.Step, keys []int) (want []string, late int) {
	type group struct {
		key string
		win [2]int64
	}
	all := vec.NewBatch(aggIn)
	rows := map[group][]int{}
	wm := dataflow.MinTime
	for _, s := range steps {
		if s.Batch == nil {
			wm = max(wm, s.Watermark)
			continue
		}
		for i := range s.Batch.N {
			key := ""
			for _, c := range keys {
				key += "|" + s.Batch.Cols[c].Value(i).Format(aggIn[c])
			}
			for _, win := range windowsOf(w, s.Batch.Cols[2].I64[i]) {
				if win[1] <= wm {
					late++
					continue
				}
				rows[group{key, win}] = append(rows[group{key, win}], all.N+i)
			}
		}
		all.Append(s.Batch, nil)
	}
	for g, r := range rows {
		want = append(want, fmt.Sprintf("%s|%s%s%s", stamp(g.win[0]), stamp(g.win[1]), g.key, model(t, aggs, all, r)))
	}
	return want, late
}

// boundKeys are window_start, window_end and the columns keys.
func boundKeys(keys []int) []expr.Expr {
	n := len(aggIn)
	ks := []expr.Expr{&expr.Col{Idx: n, Name: "window_start", T: vec.TTimestamp}, &expr.Col{Idx: n + 1, Name: "window_end", T: vec.TTimestamp}}
	return append(ks, exprsOf(keys)...)
}

func TestWindowAgg(t *testing.T) {
	for _, w := range windowSpecs {
		for _, slack := range []int64{0, 6} {
			for _, distinct := range []bool{false, true} {
				keys := []int{0}
				aggs := allAggs(t, distinct)
				steps := windowSteps(aggRows(rand.New(rand.NewPCG(6, 6)), 150, 4), slack)
				want, late := windowModel(t, w, aggs, steps, keys)
				spec := AggSpec{Keys: boundKeys(keys), Aggs: aggs, In: aggIn, Window: &AggWindow{Start: 0, End: 1, Assign: &w}}
				optest.Run(t, optest.Test{New: func() (dataflow.Operator, error) { return NewWindowAgg(spec) }, Steps: steps, Want: want, Late: late})
				if !distinct {
					optest.Run(t, optest.Test{New: func() (dataflow.Operator, error) { return newTwoPhase(NewWindowAgg, spec) }, Steps: steps, Want: want, Late: late})
				}
			}
		}
	}
}

// TestWindowAggOverAssignedRows has the Window node as an operator of its own, and the bounds as
// columns.
func TestWindowAggOverAssignedRows(t *testing.T) {
	for _, w := range windowSpecs {
		for _, endOnly := range []bool{false, true} {
			aggs := allAggs(t, true)
			steps := windowSteps(aggRows(rand.New(rand.NewPCG(7, 6)), 100, 4), 6)
			want, late := windowModel(t, w, aggs, steps, []int{0})
			spec := AggSpec{Keys: boundKeys([]int{0}), Aggs: aggs, In: append(slices.Clone(aggIn), vec.TTimestamp, vec.TTimestamp, vec.TTimestamp), Window: &AggWindow{Start: 0, End: 1}}
			if endOnly {
				spec.Keys, spec.Window = spec.Keys[1:], &AggWindow{Start: -1, End: 0}
				for i, row := range want {
					_, want[i], _ = strings.Cut(row, "|")
				}
			}
			optest.Run(t, optest.Test{
				New: func() (dataflow.Operator, error) {
					assign, err := NewWindowAssign(w)
					if err != nil {
						return nil, err
					}
					agg, err := NewWindowAgg(spec)
					return &twoPhase{partial: assign, final: agg}, err
				},
				Steps: steps, Want: want, Late: late,
			})
		}
	}
}

// TestWindowAggRescales restores the state of one task in three.
func TestWindowAggRescales(t *testing.T) {
	w := WindowSpec{Kind: Hop, Time: 2, Size: 10, Slide: 5}
	aggs := allAggs(t, true)
	b := aggRows(rand.New(rand.NewPCG(8, 6)), 400, 30)
	spec := AggSpec{Keys: boundKeys([]int{0, 1}), Aggs: aggs, In: aggIn, Window: &AggWindow{Start: 0, End: 1, Assign: &w}}
	want, _ := windowModel(t, w, aggs, []optest.Step{{Batch: b}}, []int{0, 1})
	open := func(task, p int) dataflow.Operator {
		o, err := NewWindowAgg(spec)
		if err != nil {
			t.Fatal(err)
		}
		tc := context1(t, 0)
		tc.Task, tc.P = task, p
		if err := o.Open(tc); err != nil {
			t.Fatal(err)
		}
		return o
	}
	first := open(0, 1)
	if err := first.Process(0, b, nil); err != nil {
		t.Fatal(err)
	}
	snap, err := first.(dataflow.Snapshotter).Snapshot(1)
	if err != nil {
		t.Fatal(err)
	}
	tables := optest.Tables{}
	if err := snap.Write(tables); err != nil {
		t.Fatal(err)
	}
	var got []string
	for task := range 3 {
		o := open(task, 3)
		if err := o.(dataflow.Snapshotter).Restore(tables); err != nil {
			t.Fatal(err)
		}
		_, err := o.Advance(dataflow.MaxTime, dataflow.OutputFunc(func(b *vec.Batch) error {
			for i := range b.N {
				got = append(got, optest.RowText(b, i))
			}
			return nil
		}))
		if err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%d groups, want %d", len(got), len(want))
	}
}

func BenchmarkWindowAgg(b *testing.B) {
	types := []vec.Type{vec.TInt64, vec.TTimestamp}
	for _, c := range []struct {
		name string
		spec WindowSpec
		keys int
	}{
		{"ysb", WindowSpec{Kind: Tumble, Time: 1, Size: 10_000_000}, 100},
		{"q5", WindowSpec{Kind: Hop, Time: 1, Size: 10_000_000, Slide: 2_000_000}, 1000},
	} {
		r := rand.New(rand.NewPCG(1, 1))
		var in []*vec.Batch
		last := []int64{}
		at := int64(0)
		for range 2000 {
			v := &vec.Batch{Cols: []*vec.Vec{vec.New(types[0], vec.MaxRows), vec.New(types[1], vec.MaxRows)}, N: vec.MaxRows}
			for i := range vec.MaxRows {
				at += 10
				v.Cols[0].I64[i], v.Cols[1].I64[i] = int64(r.IntN(c.keys)), at-int64(r.IntN(20_000))
			}
			in, last = append(in, v), append(last, at-20_000)
		}
		keys := []expr.Expr{&expr.Col{Idx: 0, Name: "k", T: vec.TInt64}, &expr.Col{Idx: 2, Name: "s", T: vec.TTimestamp}, &expr.Col{Idx: 3, Name: "e", T: vec.TTimestamp}}
		spec := AggSpec{Keys: keys, In: types, Window: &AggWindow{Start: 1, End: 2, Assign: &c.spec}, Aggs: []expr.Agg{newAgg(b, "count", false, nil)}}
		for mode, name := range []string{"single", "partial"} {
			spec.Mode = AggMode(mode)
			b.Run(c.name+"/"+name, func(b *testing.B) {
				benchAgg(b, func() (dataflow.Operator, error) { return NewWindowAgg(spec) }, in, func(i int) dataflow.Time { return last[i] })
			})
		}
	}
}
