package op

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/op/optest"
	"github.com/riffle-io/riffle/dataflow/state"
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/datasets/parquet"
	"github.com/riffle-io/riffle/internal/vfs"
	"github.com/riffle-io/riffle/spill"
)

// TestWindowsOnDisk has windows whose panes go to disk at every refusal, with the least of budgets.
func TestWindowsOnDisk(t *testing.T) {
	for i, w := range []WindowSpec{windowSpecs[0], windowSpecs[3]} { // whole windows, and slices
		aggs := allAggs(t, i == 0)
		steps := windowSteps(aggRows(rand.New(rand.NewPCG(6, 9)), 40, 4), 6)
		want, late := windowModel(t, w, aggs, steps, []int{0})
		spec := AggSpec{Keys: boundKeys([]int{0}), Aggs: aggs, In: aggIn, Window: &AggWindow{Start: 0, End: 1, Assign: &w}}
		optest.Run(t, optest.Test{New: func() (dataflow.Operator, error) { return onDisk(spec) }, Steps: steps, Want: want, Late: late})
	}
}

func onDisk(spec AggSpec) (*windowAgg, error) {
	o, err := NewWindowAgg(spec)
	if err != nil {
		return nil, err
	}
	o.(*windowAgg).slack = 0
	return o.(*windowAgg), nil
}

// counting is count(*) and count(DISTINCT v) of k in windows of ten.
func counting(t *testing.T, distinct bool) AggSpec {
	in := []vec.Type{vec.TInt64, vec.TInt64, vec.TTimestamp}
	k, v := &expr.Col{Idx: 0, Name: "k", T: vec.TInt64}, &expr.Col{Idx: 1, Name: "v", T: vec.TInt64}
	bounds := []expr.Expr{&expr.Col{Idx: 3, Name: "window_start", T: vec.TTimestamp}, &expr.Col{Idx: 4, Name: "window_end", T: vec.TTimestamp}}
	return AggSpec{Keys: append(bounds, k), In: in, Aggs: []expr.Agg{newAgg(t, "count", false, nil), newAgg(t, "count", distinct, nil, v)},
		Window: &AggWindow{Start: 0, End: 1, Assign: &WindowSpec{Kind: Tumble, Time: 2, Size: 10}}}
}

// countsOf is what counting gives: rows and distinct values by window and key.
type countsOf map[string][2]int64

func (c countsOf) take(b *vec.Batch) {
	for k := range b.Live() {
		i := b.Row(k)
		c[fmt.Sprint(b.Cols[0].Value(i).I, " ", b.Cols[2].Value(i).I)] = [2]int64{b.Cols[3].Value(i).I, b.Cols[4].Value(i).I}
	}
}

// countingRows are rows of many keys in three windows, and the counts of all of them.
func countingRows(r *rand.Rand, batches, keys int) ([]*vec.Batch, countsOf) {
	var out []*vec.Batch
	counts, seen := countsOf{}, map[string]bool{}
	for range batches {
		b := vec.NewBatch([]vec.Type{vec.TInt64, vec.TInt64, vec.TTimestamp})
		for range vec.MaxRows {
			k, v, ts := int64(r.IntN(keys)), int64(r.IntN(3)), int64(r.IntN(30))
			b.AppendRow(vec.IntValue(k), vec.IntValue(v), vec.IntValue(ts))
			key := fmt.Sprint(ts/10*10, " ", k)
			c := counts[key]
			c[0]++
			if id := fmt.Sprint(key, " ", v); !seen[id] {
				seen[id] = true
				c[1]++
			}
			counts[key] = c
		}
		out = append(out, b)
	}
	return out, counts
}

// TestLargeWindowsOnDisk counts more keys than a small pool holds, also in one window.
func TestLargeWindowsOnDisk(t *testing.T) {
	batches, want := countingRows(rand.New(rand.NewPCG(4, 4)), 100, 60_000)
	o, err := onDisk(counting(t, true))
	if err != nil {
		t.Fatal(err)
	}
	const limit = 4 << 20
	pool := spill.NewPool(limit)
	tc := context1(t, 0)
	tc.Budget = pool.Reserve("window")
	if err := o.Open(tc); err != nil {
		t.Fatal(err)
	}
	for _, b := range batches {
		if err := o.Process(0, b, nil); err != nil {
			t.Fatal(err)
		}
	}
	got := countsOf{}
	out := dataflow.OutputFunc(func(b *vec.Batch) error { got.take(b); return nil })
	for wm := int64(5); wm < 40; wm += 5 {
		if _, err := o.Advance(wm, out); err != nil {
			t.Fatal(err)
		}
	}
	if !maps.Equal(got, want) {
		t.Errorf("%d groups, want %d", len(got), len(want))
	}
	if _, peak := pool.Used(); peak > limit || o.over.peak > 1<<20 {
		t.Errorf("%d bytes were granted, and %d were taken beyond that", peak, o.over.peak)
	}
	if !strings.Contains(o.Explain(), "to disk") {
		t.Errorf("explained as %q", o.Explain())
	}
	if err := o.Close(); err != nil || tc.Budget.Held() != 0 {
		t.Errorf("%d bytes held, %v", tc.Budget.Held(), err)
	}
}

// TestWindowsOnDiskInCheckpoints takes checkpoints in layers while panes go to disk and fire, and
// goes on from each of them.
func TestWindowsOnDiskInCheckpoints(t *testing.T) {
	spec := counting(t, true)
	batches, want := countingRows(rand.New(rand.NewPCG(5, 4)), 24, 3000)
	st, err := state.OpenStore(vfs.NewMem(), "state", parquet.Format{})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	st.ShareLayers(1000)
	o, err := onDisk(spec)
	if err != nil {
		t.Fatal(err)
	}
	tc := context1(t, 1)
	if err := o.Open(tc); err != nil {
		t.Fatal(err)
	}
	defer func() {
		snap, err := o.Snapshot(100)
		if err != nil {
			t.Fatal(err)
		}
		if err := o.Close(); err != nil {
			t.Error(err)
		}
		snap.Release() // it holds the files that the operator let go of
		if left, err := os.ReadDir(tc.SpillDir); err != nil || len(left) > 0 {
			t.Errorf("left on disk: %v %v", left, err)
		}
	}()
	layers := 0
	for id := 1; id <= len(batches); id++ {
		if err := o.Process(0, batches[id-1], nil); err != nil {
			t.Fatal(err)
		}
		w, err := st.Begin(dataflow.CheckpointID(id))
		if err != nil {
			t.Fatal(err)
		}
		snap, err := o.Snapshot(dataflow.CheckpointID(id))
		if err != nil {
			t.Fatal(err)
		}
		if err := snap.Write(w.Operator("window", 0)); err != nil {
			t.Fatal(err)
		}
		if err := w.Commit(state.Manifest{}); err != nil {
			t.Fatal(err)
		}
		if w.Size().Incremental() {
			layers++
		}
		if id%8 == 3 {
			goOn(t, st, spec, batches[id:], want)
		}
	}
	if layers < 15 || o.spills < 5 {
		t.Errorf("%d checkpoints in layers, %d panes went to disk", layers, o.spills)
	}
}

// goOn restores the newest checkpoint in two tasks, gives them the rest of the rows and compares.
func goOn(t *testing.T, st *state.Store, spec AggSpec, rest []*vec.Batch, want countsOf) {
	t.Helper()
	ids, err := st.Checkpoints()
	if err != nil {
		t.Fatal(err)
	}
	cp, err := st.Open(ids[0])
	if err != nil {
		t.Fatal(err)
	}
	got := countsOf{}
	for task := range 2 {
		o, err := onDisk(spec)
		if err != nil {
			t.Fatal(err)
		}
		tc := context1(t, 1)
		tc.Task, tc.P = task, 2
		if err := o.Open(tc); err != nil {
			t.Fatal(err)
		}
		if err := o.Restore(cp.Operator("window")); err != nil {
			t.Fatal(err)
		}
		for _, b := range rest {
			if err := o.Process(0, b.WithSel(owned(tc, b, []int{0})), nil); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := o.Advance(dataflow.MaxTime, dataflow.OutputFunc(func(b *vec.Batch) error { got.take(b); return nil })); err != nil {
			t.Fatal(err)
		}
		if err := o.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if !maps.Equal(got, want) {
		t.Fatalf("after checkpoint %d: %d groups, want %d", ids[0], len(got), len(want))
	}
}

// TestWindowsWithoutDisk: where nothing may be spilled, the error says what to do.
func TestWindowsWithoutDisk(t *testing.T) {
	batches, _ := countingRows(rand.New(rand.NewPCG(4, 4)), 60, 60_000)
	o, err := onDisk(counting(t, false))
	if err != nil {
		t.Fatal(err)
	}
	tc := context1(t, 1)
	tc.SpillDir = ""
	if err := o.Open(tc); err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	for _, b := range batches {
		if err = o.Process(0, b, nil); err != nil {
			break
		}
	}
	if !errors.Is(err, spill.ErrNoDir) || !strings.Contains(err.Error(), "--memory") {
		t.Errorf("error %v", err)
	}
}

// TestMergeIsCancelled: a job that ends does not wait for a large window.
func TestMergeIsCancelled(t *testing.T) {
	o, err := onDisk(counting(t, false))
	if err != nil {
		t.Fatal(err)
	}
	tc := context1(t, 0)
	ctx, cancel := context.WithCancelCause(tc.Ctx)
	tc.Ctx = ctx
	if err := o.Open(tc); err != nil {
		t.Fatal(err)
	}
	batches, _ := countingRows(rand.New(rand.NewPCG(4, 8)), 1, 100)
	if err := o.Process(0, batches[0], nil); err != nil {
		t.Fatal(err)
	}
	for range o.panes {
		if _, err := o.evict(); err != nil {
			t.Fatal(err)
		}
	}
	reason := errors.New("the job ends")
	cancel(reason)
	if _, err := o.Advance(dataflow.MaxTime, nil); !errors.Is(err, reason) {
		t.Error(err)
	}
	if err := o.Close(); err != nil || tc.Budget.Held() != 0 {
		t.Errorf("%d bytes held, %v", tc.Budget.Held(), err)
	}
}

// TestManyRunsBecomeOne has one window go to disk after every batch.
func TestManyRunsBecomeOne(t *testing.T) {
	o, err := onDisk(counting(t, true))
	if err != nil {
		t.Fatal(err)
	}
	tc := context1(t, 0)
	if err := o.Open(tc); err != nil {
		t.Fatal(err)
	}
	batches, want := countingRows(rand.New(rand.NewPCG(4, 8)), 1, 100)
	most := 0
	for at := range int32(2 * maxPaneRuns) { // 32 rows at a time
		var sel []int32
		for i := range int32(32) {
			sel = append(sel, at*32+i)
		}
		if err := o.Process(0, batches[0].WithSel(sel), nil); err != nil {
			t.Fatal(err)
		}
		for range len(o.panes) {
			if _, err := o.evict(); err != nil {
				t.Fatal(err)
			}
		}
		most = max(most, len(o.panes[0].runs))
	}
	files := 0
	err = filepath.WalkDir(tc.SpillDir, func(_ string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && d.Name() != vfs.LockName {
			files++
		}
		return err
	})
	if err != nil || most != maxPaneRuns || o.spills != 3*2*maxPaneRuns || files > 3*2*maxPaneRuns {
		t.Errorf("up to %d runs of %d, now in %d files; %v", most, o.spills, files, err)
	}
	got := countsOf{}
	if _, err := o.Advance(dataflow.MaxTime, dataflow.OutputFunc(func(b *vec.Batch) error { got.take(b); return nil })); err != nil {
		t.Fatal(err)
	}
	if err := o.Close(); err != nil || !maps.Equal(got, want) {
		t.Errorf("%d groups, want %d; %v", len(got), len(want), err)
	}
}
