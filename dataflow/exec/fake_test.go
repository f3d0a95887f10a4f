package exec

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"runtime"
	"sync"
	"testing"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/optimizer"
)

// fakeTable is numbers from 0 on: columns n and ts, n seconds after the epoch. Split i of k has the
// rows with n % k == i.
type fakeTable struct {
	rows, splits int
	stream       bool
	// next is called before row n of a split is read; an error is returned to the engine.
	next func(n int) error
	mu   sync.Mutex
	read int
}

var fakeSchema = vec.NewSchema(vec.Field{Name: "n", Type: vec.TInt64}, vec.Field{Name: "ts", Type: vec.TTimestamp})

func (f *fakeTable) Name() string                               { return "fake" }
func (f *fakeTable) Schema() *vec.Schema                        { return fakeSchema }
func (f *fakeTable) Stats() plan.Stats                          { return plan.Stats{Rows: float64(f.rows), Bytes: -1} }
func (f *fakeTable) Unbounded() bool                            { return f.stream }
func (f *fakeTable) Source(*plan.Scan) (dataflow.Source, error) { return fakeSource{f}, nil }

// count is how many rows were read.
func (f *fakeTable) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.read
}

type fakeSource struct{ *fakeTable }

func (s fakeSource) Splits(context.Context) (out []dataflow.Split, err error) {
	for i := range s.splits {
		out = append(out, dataflow.Split{ID: fmt.Sprintf("fake#%d", i), MinTime: dataflow.MinTime, Rows: -1, Data: i})
	}
	return out, nil
}

func (s fakeSource) Open(_ context.Context, sp dataflow.Split, pos []byte, wake func()) (dataflow.Reader, error) {
	r := &fakeReader{f: s.fakeTable, n: sp.Data.(int), b: vec.NewBatch(fakeSchema.Types())}
	if pos != nil {
		r.n = int(binary.BigEndian.Uint64(pos))
	}
	return r, nil
}

type fakeReader struct {
	f *fakeTable
	n int
	b *vec.Batch
}

// Next gives one row at a time.
func (r *fakeReader) Next() (*vec.Batch, error) {
	if r.n >= r.f.rows {
		return nil, io.EOF
	}
	if r.f.next != nil {
		if err := r.f.next(r.n); err != nil {
			return nil, err
		}
	}
	r.b.Reset()
	r.b.AppendRow(vec.IntValue(int64(r.n)), vec.IntValue(int64(r.n)*1_000_000))
	r.n += r.f.splits
	r.f.mu.Lock()
	r.f.read++
	r.f.mu.Unlock()
	return r.b, nil
}

func (r *fakeReader) Position() []byte { return binary.BigEndian.AppendUint64(nil, uint64(r.n)) }
func (r *fakeReader) Close() error     { return nil }

// scan reads a fake table, with event time.
func (f *fakeTable) scan() *plan.Scan {
	s := plan.NewScan(f, "")
	s.Watermark = &plan.Watermark{Col: 1, Expr: &expr.Col{Idx: 1, Name: "ts", T: vec.TTimestamp}}
	return s
}

// fakeTarget calls a function for each batch that its sinks get.
type fakeTarget struct {
	fn func(*vec.Batch) error
}

func (f *fakeTarget) Name() string                   { return "target" }
func (f *fakeTarget) Schema() *vec.Schema            { return fakeSchema }
func (f *fakeTarget) Accepts(plan.Mode, []int) error { return nil }
func (f *fakeTarget) NewSink(plan.SinkSpec) (dataflow.Operator, error) {
	return &fakeSink{fn: f.fn}, nil
}

type fakeSink struct {
	dataflow.Base
	fn func(*vec.Batch) error
}

func (f *fakeSink) Process(_ int, b *vec.Batch, _ dataflow.Output) error { return f.fn(b) }

func physical(t *testing.T, n plan.Node) plan.Node {
	t.Helper()
	p, err := optimizer.Optimize(n, optimizer.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// noLeaks fails the test when goroutines that it started outlive it. They may need a moment to see
// that they are done.
func noLeaks(t *testing.T) {
	before := runtime.NumGoroutine()
	t.Cleanup(func() {
		for range 10_000_000 {
			if runtime.NumGoroutine() <= before {
				return
			}
			runtime.Gosched()
		}
		buf := make([]byte, 1<<16)
		t.Errorf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, buf[:runtime.Stack(buf, true)])
	})
}
