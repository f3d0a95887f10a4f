package exec_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/exec"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/internal/vfs"
	"github.com/riffle-io/riffle/optimizer"
)

// parts is a bounded table of many splits of three rows each, whose readers have no more rows once
// `stop` were read.
type parts struct {
	n, stop int
	full    func()
	mu      sync.Mutex
	read    int
}

const partRows = 3

func (p *parts) Name() string                               { return "parts" }
func (p *parts) Schema() *vec.Schema                        { return logSchema }
func (p *parts) Stats() plan.Stats                          { return plan.Stats{Rows: float64(p.n * partRows), Bytes: -1} }
func (p *parts) Unbounded() bool                            { return false }
func (p *parts) Source(*plan.Scan) (dataflow.Source, error) { return p, nil }

func (p *parts) Splits(context.Context) (out []dataflow.Split, err error) {
	for i := range p.n {
		out = append(out, dataflow.Split{ID: fmt.Sprint("part#", i), Data: i * partRows})
	}
	return out, nil
}

func (p *parts) Open(_ context.Context, sp dataflow.Split, pos []byte, _ func()) (dataflow.Reader, error) {
	r := &partReader{p: p, at: sp.Data.(int), b: vec.NewBatch(logSchema.Types())}
	r.end = r.at + partRows
	if pos != nil {
		r.at = int(binary.BigEndian.Uint64(pos))
	}
	return r, nil
}

type partReader struct {
	p       *parts
	at, end int
	b       *vec.Batch
}

func (r *partReader) Next() (*vec.Batch, error) {
	if r.at == r.end {
		return nil, io.EOF
	}
	p := r.p
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.read == p.stop {
		return nil, dataflow.ErrNoRows
	}
	if p.read++; p.read == p.stop {
		p.full()
	}
	r.b.Reset()
	r.b.AppendRow(vec.IntValue(int64(r.at)), vec.IntValue(0))
	r.at++
	return r.b, nil
}

func (r *partReader) Position() []byte { return binary.BigEndian.AppendUint64(nil, uint64(r.at)) }
func (r *partReader) Close() error     { return nil }

// TestQueueOverManyLives copies a bounded table in many lives, each of which reads some rows, takes a
// checkpoint and is cut off: what one life has read to its end, or has not come to, the later ones
// must know of.
func TestQueueOverManyLives(t *testing.T) {
	for _, rows := range []int{1, 2, 4, 7} {
		disk, to := vfs.NewCrash(), newStore()
		p := &parts{n: 6}
		lives := 0
		for over := false; !over; lives++ {
			if lives > 40 {
				t.Fatalf("%d rows a life: no end", rows)
			}
			over = copyParts(t, disk, p, to, 1+lives%3, rows)
			disk = disk.CrashClone(uint64(lives))
		}
		for i := range p.n * partRows {
			if n := to.rows[fmt.Sprint(i, " 0")]; n != 1 {
				t.Errorf("%d rows a life, %d lives: row %d came %d times", rows, lives, i, n)
			}
		}
	}
}

// copyParts is one life; it returns true when the job has finished.
func copyParts(t *testing.T, disk vfs.FS, p *parts, to *store, tasks, stop int) bool {
	t.Helper()
	st, id := openState(t, disk)
	defer st.Close()
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	var job *exec.Job
	ready := make(chan struct{})
	p.read, p.stop = 0, stop
	p.full = func() { go func() { <-ready; exec.Trigger(job) }() }
	root, err := optimizer.Optimize(&plan.Sink{In: plan.NewScan(p, ""), Target: to}, optimizer.Options{})
	if err != nil {
		t.Fatal(err)
	}
	cut := func(e exec.Event) {
		if !e.Final {
			cancel(errCut)
		}
	}
	if job, err = exec.Start(ctx, root, exec.Options{Parallelism: tasks, Store: st, ID: id, OnEvent: cut}); err != nil {
		t.Fatal(err)
	}
	close(ready)
	err = job.Wait()
	if err != nil && !errors.Is(err, errCut) {
		t.Fatal(err)
	}
	return err == nil
}
