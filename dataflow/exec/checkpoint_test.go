package exec_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/exec"
	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/state"
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/datasets/parquet"
	"github.com/riffle-io/riffle/internal/vfs"
	"github.com/riffle-io/riffle/optimizer"
)

var errCut = errors.New("cut off")

// logRows is the number of rows of the log that the tests here read.
const logRows = 24

// rowLog is an unbounded table of logRows rows in two splits: a number and a time, five seconds apart.
// A reader stops to give rows, but does not end, when all readers together gave stop of them.
type rowLog struct {
	stop  int // -1: never
	full  func()
	close func() // called when a reader is closed; nil: nothing
	mu    sync.Mutex
	read  int
}

var logSchema = vec.NewSchema(vec.Field{Name: "n", Type: vec.TInt64}, vec.Field{Name: "ts", Type: vec.TTimestamp})

func (l *rowLog) Name() string                               { return "log" }
func (l *rowLog) Schema() *vec.Schema                        { return logSchema }
func (l *rowLog) Stats() plan.Stats                          { return plan.Stats{Rows: -1, Bytes: -1} }
func (l *rowLog) Unbounded() bool                            { return true }
func (l *rowLog) Source(*plan.Scan) (dataflow.Source, error) { return l, nil }
func (l *rowLog) Splits(context.Context) ([]dataflow.Split, error) {
	return []dataflow.Split{{ID: "log#0", Data: 0}, {ID: "log#1", Data: 1}}, nil
}
func (l *rowLog) Open(_ context.Context, sp dataflow.Split, pos []byte, _ func()) (dataflow.Reader, error) {
	r := &logReader{l: l, n: sp.Data.(int), b: vec.NewBatch(logSchema.Types())}
	if pos != nil {
		r.n = int(binary.BigEndian.Uint64(pos))
	}
	return r, nil
}

// give takes one row from what may be read before the stop.
func (l *rowLog) give() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.read == l.stop {
		return false
	}
	if l.read++; l.read == l.stop {
		l.full()
	}
	return true
}

type logReader struct {
	l *rowLog
	n int
	b *vec.Batch
}

func (r *logReader) Next() (*vec.Batch, error) {
	if r.n >= logRows && r.l.stop < 0 {
		return nil, io.EOF
	}
	if r.n >= logRows || !r.l.give() {
		return nil, dataflow.ErrNoRows
	}
	r.b.Reset()
	r.b.AppendRow(vec.IntValue(int64(r.n)), vec.IntValue(int64(r.n)*5_000_000))
	r.n += 2
	return r.b, nil
}
func (r *logReader) Position() []byte { return binary.BigEndian.AppendUint64(nil, uint64(r.n)) }

func (r *logReader) Close() error {
	if r.l.close != nil {
		r.l.close()
	}
	return nil
}

// store is a target whose rows are seen after the commit, and outlive jobs.
type store struct {
	mu       sync.Mutex
	prepared map[string][]string
	rows     map[string]int
}

func newStore() *store { return &store{prepared: map[string][]string{}, rows: map[string]int{}} }

func (s *store) Name() string                   { return "store" }
func (s *store) Schema() *vec.Schema            { return logSchema }
func (s *store) Accepts(plan.Mode, []int) error { return nil }
func (s *store) NewSink(plan.SinkSpec) (dataflow.Operator, error) {
	return &storeSink{s: s}, nil
}

type storeSink struct {
	dataflow.Base
	s    *store
	rows []string
}

func (k *storeSink) Process(_ int, b *vec.Batch, _ dataflow.Output) error {
	for i := range b.Live() {
		k.rows = append(k.rows, fmt.Sprint(b.Cols[0].Value(b.Row(i)).I, " ", b.Cols[1].Value(b.Row(i)).I))
	}
	return nil
}

func (k *storeSink) Prepare(dataflow.CheckpointID) ([]byte, error) {
	if len(k.rows) == 0 {
		return nil, nil
	}
	k.s.mu.Lock()
	defer k.s.mu.Unlock()
	name := fmt.Sprint(len(k.s.prepared))
	k.s.prepared[name], k.rows = k.rows, nil
	return []byte(name), nil
}

func (k *storeSink) Commit(_ dataflow.CheckpointID, name []byte) error {
	k.s.mu.Lock()
	defer k.s.mu.Unlock()
	for _, row := range k.s.prepared[string(name)] {
		k.s.rows[row]++
	}
	k.s.prepared[string(name)] = nil
	return nil
}

// windowJob sums n by windows of 20 s.
func windowJob(t *testing.T, l *rowLog, to *store) plan.Node {
	t.Helper()
	scan := plan.NewScan(l, "")
	scan.Watermark = &plan.Watermark{Col: 1, Expr: &expr.Col{Idx: 1, Name: "ts", T: vec.TTimestamp}}
	win := &plan.Window{In: scan, Kind: plan.Tumble, Time: 1, Size: 20_000_000}
	col := func(i int, name string) expr.Expr {
		return &expr.Col{Idx: i, Name: name, T: win.Schema().Fields[i].Type}
	}
	sum, err := expr.NewAgg("sum", []expr.Expr{col(0, "n")}, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	agg := &plan.Aggregate{In: win, Keys: []expr.Expr{col(2, "window_start"), col(3, "window_end")}, Names: []string{"window_start", "window_end"},
		Aggs: []plan.Agg{sum}, Window: &plan.WindowKeys{Start: 0, End: 1}}
	out := &plan.Project{In: agg, Names: []string{"n", "ts"}, Exprs: []expr.Expr{
		&expr.Cast{Arg: &expr.Col{Idx: 2, Name: "sum", T: sum.T}, To: vec.TInt64}, &expr.Col{Idx: 0, Name: "window_start", T: vec.TTimestamp}}}
	root, err := optimizer.Optimize(&plan.Sink{In: out, Target: to}, optimizer.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// want is what windowJob gives for the whole log.
func want() map[string]int {
	sums := map[int]int{}
	for n := range logRows {
		sums[n/4] += n
	}
	out := map[string]int{}
	for w, sum := range sums {
		out[fmt.Sprint(sum, " ", w*20_000_000)]++
	}
	return out
}

// openState opens the state directory of the tests' job.
func openState(t *testing.T, disk vfs.FS) (*state.Store, string) {
	t.Helper()
	st, err := state.OpenStore(disk, "state", parquet.Format{})
	if err != nil {
		t.Fatal(err)
	}
	id, err := st.JobID()
	if err != nil {
		t.Fatal(err)
	}
	return st, id
}

// live runs the job over the disk. With stop >= 0 it takes a checkpoint after that many rows and is
// cut off when that is done.
func live(t *testing.T, disk vfs.FS, to *store, tasks, stop int) error {
	t.Helper()
	st, err := state.OpenStore(disk, "state", parquet.Format{})
	if err != nil {
		return err
	}
	defer st.Close()
	st.ShareLayers(100)
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	l := &rowLog{stop: stop}
	var job *exec.Job
	ready := make(chan struct{})
	l.full = func() { go func() { <-ready; exec.Trigger(job) }() }
	id, err := st.JobID()
	if err != nil {
		return err
	}
	o := exec.Options{Parallelism: tasks, Store: st, ID: id, OnEvent: func(exec.Event) {
		if stop >= 0 {
			cancel(errCut)
		}
	}}
	if job, err = exec.Start(ctx, windowJob(t, l, to), o); err != nil {
		return err
	}
	close(ready)
	return job.Wait()
}

// TestCheckpointAtEveryRow takes a checkpoint after each number of rows, restores it with other
// numbers of tasks, and compares the answer with that of a job left alone.
func TestCheckpointAtEveryRow(t *testing.T) {
	for n := 1; n < logRows; n++ {
		for _, p := range [][2]int{{1, 2}, {2, 7}, {7, 1}} {
			disk, to := vfs.NewCrash(), newStore()
			if err := live(t, disk, to, p[0], n); !errors.Is(err, errCut) {
				t.Fatalf("row %d, %d tasks: %v", n, p[0], err)
			}
			disk = disk.CrashClone(uint64(n))
			if err := live(t, disk, to, p[1], -1); err != nil {
				t.Fatalf("row %d, restored with %d tasks: %v", n, p[1], err)
			}
			if !maps.Equal(to.rows, want()) {
				t.Fatalf("row %d, tasks %v: %v, want %v", n, p, to.rows, want())
			}
		}
	}
}

// TestFinishedJob: a job that is started again after its end does nothing.
func TestFinishedJob(t *testing.T) {
	disk, to := vfs.NewCrash(), newStore()
	for range 3 {
		if err := live(t, disk, to, 2, -1); err != nil {
			t.Fatal(err)
		}
		if !maps.Equal(to.rows, want()) {
			t.Fatalf("%v, want %v", to.rows, want())
		}
	}
}

// TestFailingDisk makes each I/O operation of a run fail, one at a time. The run may end with the
// fault, or succeed where the operation did not matter; what is left of the disk after a power cut must
// be good to go on from, and the answer right.
func TestFailingDisk(t *testing.T) {
	broken := errors.New("disk is broken")
	for n := 0; ; n++ {
		disk, to := vfs.NewCrash(), newStore()
		if err := live(t, disk, to, 2, 9); !errors.Is(err, errCut) {
			t.Fatal(err)
		}
		fault := vfs.NewFault(disk)
		fault.FailAt(n, broken)
		stop := -1
		if n%2 == 0 {
			stop = 7
		}
		err := live(t, fault, to, 3, stop)
		if err != nil && !errors.Is(err, broken) && !errors.Is(err, errCut) && !errors.Is(err, state.ErrDamaged) {
			t.Fatalf("operation %d: %v", n, err)
		}
		after := disk.CrashClone(rand.Uint64())
		if err := live(t, after, to, 2, -1); err != nil {
			t.Fatalf("after operation %d failed: %v", n, err)
		}
		if !maps.Equal(to.rows, want()) {
			t.Fatalf("after operation %d failed: %v, want %v", n, to.rows, want())
		}
		if n > fault.Count()+1 {
			if n < 20 {
				t.Errorf("only %d operations were seen", n)
			}
			return
		}
	}
}
