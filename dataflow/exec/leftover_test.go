package exec

import (
	"context"
	"errors"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/state"
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/datasets/parquet"
	"github.com/riffle-io/riffle/internal/vfs"
	"github.com/riffle-io/riffle/spill"
)

// noMemory is a budget that gives nothing.
type noMemory struct{}

func (noMemory) Grow(int64) error { return spill.ErrOverBudget }
func (noMemory) Shrink(int64)     {}
func (noMemory) Held() int64      { return 0 }

// TestCancelLeavesNoFiles cancels a job whose windows are on disk while checkpoints are written.
func TestCancelLeavesNoFiles(t *testing.T) {
	reason := errors.New("enough")
	noLeaks(t)
	for _, after := range []int32{0, 2} {
		ctx, cancel := context.WithCancelCause(t.Context())
		var events atomic.Int32
		dir := t.TempDir()
		f := &fakeTable{stream: true, rows: 1 << 30, splits: 2, next: func(n int) error {
			if n%100 != 0 || events.Load() < after {
				return nil
			}
			if files, err := os.ReadDir(dir); err != nil || len(files) > 0 {
				cancel(reason)
			}
			return nil
		}}
		st, err := state.OpenStore(vfs.NewMem(), "state", parquet.Format{})
		if err != nil {
			t.Fatal(err)
		}
		job, err := Start(ctx, distinctWindows(t, f), Options{Parallelism: 2, Store: st, ID: "job", Checkpoint: time.Millisecond, SpillDir: dir,
			Budget: func(string) dataflow.Budget { return noMemory{} }, OnEvent: func(Event) { events.Add(1) }})
		if err != nil {
			t.Fatal(err)
		}
		if err := job.Wait(); !errors.Is(err, reason) {
			t.Error(err)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("left on disk: %v; %v", left, err)
		}
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	}
}

// distinctWindows counts the numbers of a table in windows of a minute.
func distinctWindows(t *testing.T, f *fakeTable) plan.Node {
	win := &plan.Window{In: f.scan(), Kind: plan.Tumble, Time: 1, Size: 60_000_000}
	col := func(i int, name string) expr.Expr {
		return &expr.Col{Idx: i, Name: name, T: win.Schema().Fields[i].Type}
	}
	count, err := expr.NewAgg("count", []expr.Expr{col(0, "n")}, true, nil)
	if err != nil {
		t.Fatal(err)
	}
	agg := &plan.Aggregate{In: win, Keys: []expr.Expr{col(2, "window_start"), col(3, "window_end")}, Names: []string{"window_start", "window_end"},
		Aggs: []plan.Agg{count}, Window: &plan.WindowKeys{Start: 0, End: 1}}
	out := &plan.Project{In: agg, Names: []string{"n", "ts"}, Exprs: []expr.Expr{
		&expr.Col{Idx: 2, Name: "count", T: count.T}, &expr.Col{Idx: 0, Name: "window_start", T: vec.TTimestamp}}}
	return physical(t, &plan.Sink{In: out, Target: &fakeTarget{fn: func(*vec.Batch) error { return nil }}})
}
