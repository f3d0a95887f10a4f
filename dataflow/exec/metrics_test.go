package exec

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/vec"
)

// await waits for a condition that other goroutines make true.
func await(t *testing.T, what string, cond func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !cond(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s did not happen", what)
		}
	}
}

// endless starts a projection of a fake stream that does not end.
func endless(t *testing.T, opts Options) (*Job, *fakeTable, chan error) {
	t.Helper()
	table := &fakeTable{rows: 1 << 40, splits: 2, stream: true}
	scan := plan.NewScan(table, "")
	scan.Watermark = &plan.Watermark{Col: 1, Expr: &expr.Col{Idx: 1, Name: "ts", T: vec.TTimestamp}}
	p := &plan.Project{In: scan, Exprs: []expr.Expr{&expr.Col{Idx: 0, Name: "n", T: vec.TInt64}}, Names: []string{"n"}}
	opts.Parallelism = 2
	j, err := Start(context.Background(), p, opts)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- j.Wait() }()
	t.Cleanup(func() { j.Cancel(ErrStopped) })
	return j, table, ended
}

// TestMetrics reads the counters of a job that runs.
func TestMetrics(t *testing.T) {
	j, table, ended := endless(t, Options{Result: dataflow.OutputFunc(func(*vec.Batch) error { return nil })})
	await(t, "a watermark", func() bool {
		m := j.Metrics()
		return len(m.Splits) == 2 && m.Splits[0].Watermark > 0 && m.Splits[1].Watermark > 0
	})
	j.Cancel(ErrStopped)
	if err := <-ended; !errors.Is(err, ErrStopped) {
		t.Fatal(err)
	}
	m := j.Metrics()
	if len(m.Stages) != 2 || !m.Stages[0].Source || len(m.Edges) != 1 || m.Edges[0] != (EdgeMetrics{0, 1, "gather"}) {
		t.Fatalf("stages %+v edges %+v", m.Stages, m.Edges)
	}
	op := m.Stages[0].Ops[0]
	var in, splits int64
	for _, tk := range m.Stages[0].Tasks {
		in += tk.RowsIn
		if tk.Busy <= 0 {
			t.Errorf("task was never busy: %+v", tk)
		}
	}
	for _, s := range m.Splits {
		splits += s.Rows
	}
	if op.RowsOut == 0 || op.RowsIn != op.RowsOut || in < op.RowsIn || splits < op.RowsIn || int64(table.count()) < splits {
		t.Errorf("read %d, splits %d, tasks %d, operator %+v", table.count(), splits, in, op)
	}
	if op.Name != "Project" || op.Watermark == dataflow.MinTime || op.Keys != -1 {
		t.Errorf("operator %+v", op)
	}
}

// TestPause holds a stream still and lets it go on.
func TestPause(t *testing.T) {
	j, table, _ := endless(t, Options{})
	await(t, "the first row", func() bool { return table.count() > 0 })
	j.Pause()
	before := -1
	await(t, "standstill", func() bool { // every task is waiting
		n := before
		before = table.count()
		return n == before && j.Metrics().Stages[0].Tasks[0].Waiting > 0 && j.Metrics().Stages[0].Tasks[1].Waiting > 0
	})
	j.Resume()
	await(t, "a row after the pause", func() bool { return table.count() > before })
}

// TestTap looks at the rows of an operator while the job runs, and then no longer.
func TestTap(t *testing.T) {
	j, _, _ := endless(t, Options{})
	rows := make(chan int, 1)
	schema, stop, ok := j.Tap(j.Metrics().Stages[0].Ops[0].ID, func(b *vec.Batch) {
		select {
		case rows <- b.Live():
		default:
		}
	})
	if !ok || schema.Fields[0].Name != "n" {
		t.Fatalf("tap of %v: %v", schema, ok)
	}
	if n := <-rows; n == 0 {
		t.Error("tapped a batch without rows")
	}
	stop()
	if _, _, ok := j.Tap("no such", nil); ok {
		t.Error("tapped an operator that is not there")
	}
}
