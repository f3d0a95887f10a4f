package op

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/op/optest"
	"github.com/riffle-io/riffle/dataflow/vec"
)

// changes makes steps that insert the rows of b and take some of them back later, and returns the
// rows that are left.
func changes(r *rand.Rand, b *vec.Batch, types []vec.Type) (steps []optest.Step, left *vec.Batch) {
	var present []int32
	left = vec.NewBatch(types)
	for at := 0; at < b.N; {
		part := vec.NewBatch(types)
		var ops []vec.Op
		for range 40 {
			if len(present) > 0 && r.IntN(3) == 0 {
				j := r.IntN(len(present))
				part.Append(b, present[j:j+1])
				ops = append(ops, []vec.Op{vec.Delete, vec.UpdateBefore}[r.IntN(2)])
				present[j] = present[len(present)-1]
				present = present[:len(present)-1]
			} else if at < b.N {
				part.Append(b, []int32{int32(at)})
				ops = append(ops, []vec.Op{vec.Insert, vec.UpdateAfter}[r.IntN(2)])
				present = append(present, int32(at))
				at++
			}
		}
		part.Ops = ops
		steps = append(steps, optest.Step{Batch: part})
	}
	left.Append(b, present)
	return steps, left
}

func TestUpdatingAgg(t *testing.T) {
	for _, keys := range [][]int{{0}, {0, 1}, {}} {
		for _, retract := range []bool{false, true} {
			aggs := allAggs(t, true)
			b := aggRows(rand.New(rand.NewPCG(9, 9)), 200, 5)
			steps, left := []optest.Step{{Batch: b}}, b
			if retract {
				steps, left = changes(rand.New(rand.NewPCG(1, 9)), b, aggIn)
			}
			optest.Run(t, optest.Test{
				New: func() (dataflow.Operator, error) {
					return NewUpdatingAgg(AggSpec{Keys: exprsOf(keys), Aggs: aggs, In: aggIn, Changelog: retract})
				},
				Steps: steps, Want: modelGroups(t, aggs, left, keys),
			})
		}
	}
}

func TestUpdatingAggOverNothing(t *testing.T) {
	aggs := allAggs(t, true)
	optest.Run(t, optest.Test{
		New:  func() (dataflow.Operator, error) { return NewUpdatingAgg(AggSpec{Aggs: aggs, In: aggIn}) },
		Want: []string{model(t, aggs, vec.NewBatch(aggIn), nil)[1:]},
	})
}

// sumLog is a sum by key whose changes are written down.
type sumLog struct {
	t   *testing.T
	u   *updatingAgg
	got string
}

func newSumLog(t *testing.T) *sumLog {
	k, x := &expr.Col{Idx: 0, Name: "k", T: vec.TInt64}, &expr.Col{Idx: 1, Name: "x", T: vec.TInt64}
	u, err := NewUpdatingAgg(AggSpec{Keys: []expr.Expr{k}, Aggs: []expr.Agg{newAgg(t, "sum", false, nil, x)}, In: []vec.Type{vec.TInt64, vec.TInt64}})
	if err != nil {
		t.Fatal(err)
	}
	s := &sumLog{t: t, u: u.(*updatingAgg)}
	s.check(u.Open(context1(t, 0)))
	t.Cleanup(func() { s.check(u.Close()) })
	return s
}

func (s *sumLog) check(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *sumLog) Emit(b *vec.Batch) error {
	for i := range b.N {
		s.got += fmt.Sprintf("%s %s\n", vec.OpNames[b.Op(i)], optest.RowText(b, i))
	}
	return nil
}

// feed processes rows of key, value and op.
func (s *sumLog) feed(rows ...[3]int64) {
	s.t.Helper()
	b := vec.NewBatch([]vec.Type{vec.TInt64, vec.TInt64})
	for _, r := range rows {
		b.AppendRow(vec.IntValue(r[0]), vec.IntValue(r[1]))
		b.Ops = append(b.Ops[:b.N-1], vec.Op(r[2]))
	}
	s.check(s.u.Process(0, b, s))
}

// TestUpdatingAggChanges looks at the changes themselves.
func TestUpdatingAggChanges(t *testing.T) {
	s := newSumLog(t)
	for _, batch := range [][][3]int64{
		{{1, 5, 0}, {2, 7, 0}, {1, 1, 0}},
		{{1, 0, 0}},                       // no change of the sum
		{{2, 7, 3}, {1, 4, 0}, {3, 1, 0}}, // 2 loses its only row
		{{4, 1, 0}, {4, 1, 3}},            // comes and goes
		{{2, 9, 0}},
	} {
		s.feed(batch...)
		s.check(s.u.Flush(s))
	}
	const want = "+I 1|6\n+I 2|7\n-D 2|7\n-U 1|6\n+U 1|10\n+I 3|1\n+I 2|9\n"
	if s.got != want {
		t.Errorf("got\n%swant\n%s", s.got, want)
	}
}

// TestUpdatingAggMerges checks that changes of several batches go out as one, that the watermark
// waits with them, and that they wait no longer than they may.
func TestUpdatingAggMerges(t *testing.T) {
	s := newSumLog(t)
	s.u.now = func() time.Time { return time.UnixMilli(0) }
	s.feed([3]int64{1, 5, 0}, [3]int64{2, 1, 0})
	s.feed([3]int64{1, 6, 0}, [3]int64{2, 1, 3})
	if wm, err := s.u.Advance(100, s); wm != dataflow.MinTime || err != nil {
		t.Errorf("with changes that wait: watermark %d, %v", wm, err)
	}
	if due := s.u.Due(); s.got != "" || !due.Equal(time.UnixMilli(10)) {
		t.Errorf("due %v, got %q", due, s.got)
	}
	s.u.now = func() time.Time { return time.UnixMilli(10) }
	if wm, err := s.u.Advance(100, s); wm != 100 || err != nil {
		t.Errorf("when they are due: watermark %d, %v", wm, err)
	}
	s.feed([3]int64{1, 1, 0})
	s.u.now = func() time.Time { return time.UnixMilli(20) }
	s.feed([3]int64{1, 2, 0})
	if want := "+I 1|11\n-U 1|11\n+U 1|14\n"; s.got != want || !s.u.Due().IsZero() {
		t.Errorf("got\n%swant\n%s", s.got, want)
	}
}

// TestUpdatingAggLetsWatermarksGo: the rows after a watermark that waits can have the changes before it
// go. When nothing follows, it goes too.
func TestUpdatingAggLetsWatermarksGo(t *testing.T) {
	s := newSumLog(t)
	s.u.now = func() time.Time { return time.UnixMilli(0) }
	s.feed([3]int64{1, 5, 0})
	if wm, err := s.u.Advance(100, s); wm != dataflow.MinTime || err != nil {
		t.Errorf("watermark %d, %v", wm, err)
	}
	s.u.now = func() time.Time { return time.UnixMilli(10) }
	s.feed([3]int64{2, 5, 0})
	if s.got == "" || s.u.Due().IsZero() {
		t.Errorf("got %q, and nothing is due", s.got)
	}
	if wm, err := s.u.Advance(100, s); wm != 100 || err != nil || !s.u.Due().IsZero() {
		t.Errorf("watermark %d, %v", wm, err)
	}
}

func TestExtremesNeedAnAnnouncedChangelog(t *testing.T) {
	b := aggRows(rand.New(rand.NewPCG(9, 9)), 50, 1)
	b.SetOps(vec.Delete)
	u, err := NewUpdatingAgg(AggSpec{Aggs: []expr.Agg{newAgg(t, "min", false, nil, aggCols[3])}, In: aggIn})
	if err != nil {
		t.Fatal(err)
	}
	if err := u.Open(context1(t, 0)); err != nil {
		t.Fatal(err)
	}
	if err := u.Process(0, b, nil); !errors.Is(err, errNoInverse) {
		t.Error(err)
	}
	if err := u.Close(); err != nil {
		t.Error(err)
	}
}

// joinChanges is n rows on each side of a join of column 0 with column 1, of which some are taken back,
// and the pairs of those that are left. different wants their texts to differ.
func joinChanges(t *testing.T, r *rand.Rand, n, keys int, different bool) (spec StreamJoinSpec, steps []optest.Step, want []string) {
	left, right := []vec.Type{vec.TInt64, vec.TString, vec.TFloat64}, []vec.Type{vec.TString, vec.TInt64}
	lk, rk := &expr.Col{Idx: 0, Name: "a", T: vec.TInt64}, &expr.Col{Idx: 1, Name: "b", T: vec.TInt64}
	spec = StreamJoinSpec{Left: left, Right: right, Keys: [2][]expr.Expr{{lk}, {rk}}}
	if different {
		cond, err := expr.NewCall("<>", &expr.Col{Idx: 1, Name: "s", T: vec.TString}, &expr.Col{Idx: 3, Name: "t", T: vec.TString})
		if err != nil {
			t.Fatal(err)
		}
		spec.Residual = cond
	}
	rows := func(types []vec.Type) *vec.Batch {
		b := vec.NewBatch(types)
		for range n {
			row := make([]vec.Value, len(types))
			for c, ty := range types {
				row[c] = vec.Value{I: int64(r.IntN(keys)), F: 1.5, S: fmt.Sprint("text of the row ", r.IntN(4)), Null: r.IntN(9) == 0}
				if ty != vec.TInt64 {
					row[c].I = 0
				}
			}
			b.AppendRow(row...)
		}
		return b
	}
	ls, lleft := changes(r, rows(left), left)
	rs, rleft := changes(r, rows(right), right)
	for i := range max(len(ls), len(rs)) {
		if i < len(ls) {
			steps = append(steps, ls[i])
		}
		if i < len(rs) {
			rs[i].In = 1
			steps = append(steps, rs[i])
		}
	}
	for i := range lleft.N {
		for k := range rleft.N {
			a, b := lleft.Cols[0].Value(i), rleft.Cols[1].Value(k)
			s, u := lleft.Cols[1].Value(i), rleft.Cols[0].Value(k)
			if a.Null || b.Null || a.I != b.I || different && (s.Null || u.Null || s.S == u.S) {
				continue
			}
			want = append(want, optest.RowText(lleft, i)+"|"+optest.RowText(rleft, k))
		}
	}
	return spec, steps, want
}

func TestStreamJoin(t *testing.T) {
	for _, different := range []bool{false, true} {
		spec, steps, want := joinChanges(t, rand.New(rand.NewPCG(3, 4)), 120, 12, different)
		optest.Run(t, optest.Test{New: func() (dataflow.Operator, error) { return NewStreamJoin(spec) }, Steps: steps, Inputs: 2, Want: want})
	}
}

func BenchmarkUpdatingAgg(b *testing.B) {
	types := []vec.Type{vec.TInt64, vec.TInt64}
	k, x := &expr.Col{Idx: 0, Name: "k", T: vec.TInt64}, &expr.Col{Idx: 1, Name: "x", T: vec.TInt64}
	r := rand.New(rand.NewPCG(1, 1))
	var in []*vec.Batch
	for range 500 {
		c := &vec.Batch{Cols: []*vec.Vec{vec.New(vec.TInt64, vec.MaxRows), vec.New(vec.TInt64, vec.MaxRows)}, N: vec.MaxRows}
		for i := range vec.MaxRows {
			c.Cols[0].I64[i], c.Cols[1].I64[i] = int64(r.IntN(10000)), 1
		}
		in = append(in, c)
	}
	spec := AggSpec{Keys: []expr.Expr{k}, In: types, Aggs: []expr.Agg{newAgg(b, "sum", false, nil, x), newAgg(b, "count", false, nil)}}
	benchAgg(b, func() (dataflow.Operator, error) { return NewUpdatingAgg(spec) }, in, nil)
}

func BenchmarkStreamJoin(b *testing.B) {
	types := []vec.Type{vec.TInt64, vec.TInt64}
	k := &expr.Col{Idx: 0, Name: "k", T: vec.TInt64}
	var in []*vec.Batch
	for n := range 200 {
		c := &vec.Batch{Cols: []*vec.Vec{vec.New(vec.TInt64, vec.MaxRows), vec.New(vec.TInt64, vec.MaxRows)}, N: vec.MaxRows}
		for i := range vec.MaxRows {
			c.Cols[0].I64[i], c.Cols[1].I64[i] = int64(n/2*vec.MaxRows+i), int64(i)
		}
		in = append(in, c)
	}
	out := dataflow.OutputFunc(func(*vec.Batch) error { return nil })
	for range b.N {
		j, err := NewStreamJoin(StreamJoinSpec{Left: types, Right: types, Keys: [2][]expr.Expr{{k}, {k}}})
		if err != nil {
			b.Fatal(err)
		}
		if err := j.Open(context1(b, 0)); err != nil {
			b.Fatal(err)
		}
		for i, c := range in {
			if err := j.Process(i%2, c, out); err != nil {
				b.Fatal(err)
			}
		}
		if err := j.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*200*vec.MaxRows/b.Elapsed().Seconds()/1e6, "Mrows/s")
}
