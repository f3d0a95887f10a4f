package main

import (
	"context"
	"fmt"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/exec"
	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/optimizer"
)

// churn is a stream without end of keys and values: first each key once, then, from one second to
// the next, another hundredth of them again and again. It ends `lasts` after all keys have come.
type churn struct {
	keys   int64
	lasts  time.Duration
	loaded atomic.Int32  // splits that gave each key
	since  atomic.Int64  // when the last of them had, in ns
	rows   atomic.Int64  // since then
	cpu    time.Duration // that the process had used then
}

// splits is how many readers share the keys: as many as the machine of the benches has cores.
const splits = 2

var churnSchema = vec.NewSchema(vec.Field{Name: "k", Type: vec.TInt64}, vec.Field{Name: "v", Type: vec.TInt64}, vec.Field{Name: "ts", Type: vec.TTimestamp})

func (c *churn) Name() string                               { return "churn" }
func (c *churn) Schema() *vec.Schema                        { return churnSchema }
func (c *churn) Stats() plan.Stats                          { return plan.Stats{Rows: -1, Bytes: -1} }
func (c *churn) Unbounded() bool                            { return true }
func (c *churn) Source(*plan.Scan) (dataflow.Source, error) { return c, nil }

func (c *churn) Splits(context.Context) (out []dataflow.Split, err error) {
	for i := range splits {
		out = append(out, dataflow.Split{ID: fmt.Sprint("churn#", i), Data: int64(i)})
	}
	return out, nil
}

func (c *churn) Open(_ context.Context, sp dataflow.Split, _ []byte, _ func()) (dataflow.Reader, error) {
	return &churnReader{c: c, split: sp.Data.(int64), b: vec.NewBatch(churnSchema.Types())}, nil
}

type churnReader struct {
	c        *churn
	split, n int64
	b        *vec.Batch
	over     bool
}

func (r *churnReader) Next() (*vec.Batch, error) {
	c, b := r.c, r.b
	for _, v := range b.Cols {
		v.Resize(vec.MaxRows)
	}
	b.N = vec.MaxRows
	mine, first, step := c.keys/splits, int64(0), int64(1)
	if since := c.since.Load(); since > 0 {
		ran := time.Duration(time.Now().UnixNano() - since)
		if ran > c.lasts {
			return nil, dataflow.ErrNoRows
		}
		first, step = int64(ran/time.Second)%100, 100 // spread over the whole table
		mine /= 100
		c.rows.Add(vec.MaxRows)
	} else if r.n >= mine && !r.over {
		r.over = true
		if c.loaded.Add(1) == splits {
			c.cpu = cpuTime()
			c.since.Store(time.Now().UnixNano())
		}
	}
	for i := range b.Cols[0].I64 {
		b.Cols[0].I64[i] = (first+r.n%mine*step)*splits + r.split
		b.Cols[1].I64[i], b.Cols[2].I64[i] = r.n, 1
		r.n++
	}
	return b, nil
}

func (r *churnReader) Position() []byte { return []byte{0} }
func (r *churnReader) Close() error     { return nil }

// nowhere is a table that forgets its rows.
type nowhere struct{ schema *vec.Schema }

func (nowhere) Name() string                                     { return "nowhere" }
func (n nowhere) Schema() *vec.Schema                            { return n.schema }
func (nowhere) Accepts(plan.Mode, []int) error                   { return nil }
func (nowhere) NewSink(plan.SinkSpec) (dataflow.Operator, error) { return forget{}, nil }

type forget struct{ dataflow.Base }

func (forget) Process(int, *vec.Batch, dataflow.Output) error { return nil }

// churnJob counts the rows of each key and sums their values, in windows of a day when window is set.
func churnJob(c *churn, window bool) (plan.Node, error) {
	scan := plan.NewScan(c, "")
	scan.Watermark = &plan.Watermark{Col: 2, Expr: &expr.Col{Idx: 2, Name: "ts", T: vec.TTimestamp}}
	agg := &plan.Aggregate{In: scan, Keys: []expr.Expr{&expr.Col{Idx: 0, Name: "k", T: vec.TInt64}}, Names: []string{"k"}}
	if window {
		win := &plan.Window{In: scan, Kind: plan.Tumble, Time: 2, Size: 24 * time.Hour.Microseconds()}
		agg.In = win
		for i, name := range []string{"window_start", "window_end"} {
			agg.Keys = append(agg.Keys, &expr.Col{Idx: 3 + i, Name: name, T: vec.TTimestamp})
			agg.Names = append(agg.Names, name)
		}
		agg.Window = &plan.WindowKeys{Start: 1, End: 2}
	}
	for _, fn := range []string{"count", "sum"} {
		a, err := expr.NewAgg(fn, []expr.Expr{&expr.Col{Idx: 1, Name: "v", T: vec.TInt64}}, false, nil)
		if err != nil {
			return nil, err
		}
		agg.Aggs = append(agg.Aggs, a)
	}
	return optimizer.Optimize(&plan.Sink{In: agg, Target: nowhere{agg.Schema()}}, optimizer.Options{})
}

// measureChurn prints a line for each checkpoint of the time after all keys have come, and then how
// many rows were read in it, its seconds, and the seconds of processor time.
func measureChurn(keys int64, lasts, every time.Duration, window bool, dir string) error {
	c := &churn{keys: keys, lasts: lasts}
	root, err := churnJob(c, window)
	if err != nil {
		return err
	}
	var j *exec.Job
	ready := make(chan struct{})
	err = run(root, every, dir, func(started *exec.Job) { j = started; close(ready) }, func(e exec.Event) {
		since := c.since.Load()
		if since == 0 || e.Started.UnixNano() < since {
			return
		}
		printEvent(time.Unix(0, since), e)
		if time.Since(time.Unix(0, since)) > lasts {
			<-ready
			j.Cancel(errOver)
		}
	})
	if err != nil {
		return err
	}
	fmt.Printf("rows %d %.1f %.1f\n", c.rows.Load(), lasts.Seconds(), (cpuTime() - c.cpu).Seconds())
	return nil
}

// cpuTime is what the process has used of the processors.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
