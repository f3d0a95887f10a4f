package jobs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/exec"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/state"
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/internal/vfs"
)

// List is every job at a glance.
func (s *Server) List() []Info {
	out := []Info{}
	for _, j := range s.all() {
		j.mu.Lock()
		out = append(out, j.infoLocked(j.recorder.now()))
		j.mu.Unlock()
	}
	return out
}

// Show is everything about a job.
func (s *Server) Show(name string) (d Detail, err error) {
	err = s.locked(name, func(j *job) error {
		v := j.recorder.now()
		d = Detail{Info: j.infoLocked(v), SQL: j.rec.Spec.SQL, Spec: j.rec.Spec, StateDir: j.stateDir(),
			Operators: nonNil(v.operators), Edges: nonNil(v.edges), Partitions: nonNil(v.partitions),
			History: reversed(j.history), Events: reversed(j.rec.Past)}
		if j.prepared != nil {
			d.Plan = plan.Explain(j.prepared.Root, plan.StateNote)
		}
		return nil
	})
	return d, err
}

// nonNil makes JSON show an empty list and not null.
func nonNil[T any](list []T) []T { return append([]T{}, list...) }

func reversed[T any](list []T) []T {
	out := nonNil(list)
	slices.Reverse(out)
	return out
}

func (j *job) infoLocked(v view) Info {
	r := j.rec
	i := Info{V: 1, Name: r.Spec.Name, Kind: "stream", State: j.state, Version: r.Version, Parallelism: j.parallelism(), Created: r.Created,
		Started: j.started, Restarts: j.restarts, SourceLag: -1, Keys: -1, Checkpoints: j.total, Findings: j.findingsLocked(v)}
	if j.prepared != nil {
		i.Target, i.Mode = j.prepared.Target, j.prepared.Mode
		if !j.prepared.Stream {
			i.Kind = "batch"
		}
	}
	if j.run != nil {
		i.UptimeMS = time.Since(j.started).Milliseconds()
		s := v.sample
		i.InRate, i.OutRate, i.Busy, i.Backpressure = s.InRate, s.OutRate, s.Busy, s.Backpressure
		i.LagMS, i.SourceLag, i.StateBytes = s.LagMS, s.SourceLag, s.StateBytes
		i.Keys = v.keys
		if i.Watermark = timeText(v.watermark); i.Watermark != nil {
			ms := v.watermark / 1000
			i.WatermarkMS = &ms
		}
	}
	i.Rows, i.RowsOut, i.Late, i.Bad = v.rows, v.out, v.sample.Late, v.sample.Bad
	for k := len(j.history) - 1; k >= 0 && i.Checkpoint == nil; k-- {
		if c := j.history[k]; !c.Failed {
			i.Checkpoint = &c
		}
	}
	if j.state == Failed || j.state == Restarting {
		i.Error = j.cause
		if n := len(r.Past); n > 0 {
			i.Hint = r.Past[n-1].Hint
		}
	}
	return i
}

// Metrics returns the samples of a job that are newer than t, oldest first; an hour is kept. Those of
// earlier servers are read when somebody asks for the first time.
func (s *Server) Metrics(name string, t time.Time) ([]Sample, error) {
	j, err := s.job(name)
	if err != nil {
		return nil, err
	}
	j.past.Do(func() {
		past, err := j.log.load()
		if err != nil {
			j.say("%v", err)
		}
		j.recorder.restore(lastHour(past, time.Now()))
	})
	return nonNil(j.recorder.since(t)), nil
}

// Log returns what is known of a job from t on, oldest first: its events, its checkpoints and what
// the server said about it.
func (s *Server) Log(name string, t time.Time) ([]Event, error) {
	j, err := s.job(name)
	if err != nil {
		return nil, err
	}
	return nonNil(j.lines.since(t)), nil
}

// Tapped is rows that an operator emitted, as text.
type Tapped struct {
	Columns []string    `json:"columns"`
	Rows    [][]*string `json:"rows"`           // null is NULL
	Ops     []string    `json:"ops"`            // +I -U +U -D, by row
	Skipped int64       `json:"skipped"`        // rows since the last message that were not sampled
	Ended   bool        `json:"ended,omitzero"` // the run ended
}

const (
	tapRows  = 20                     // of a batch that are looked at
	tapEvery = 100 * time.Millisecond // between two batches that are
)

// Tap passes a sample of the rows that an operator emits to fn until ctx ends, fn fails, or the run
// of the job ends. The tasks never wait for fn.
func (s *Server) Tap(ctx context.Context, name, operator string, fn func(Tapped) error) error {
	j, err := s.job(name)
	if err != nil {
		return err
	}
	j.mu.Lock()
	run := j.run
	j.mu.Unlock()
	if run == nil {
		return fmt.Errorf("%w: %s does not run", ErrState, name)
	}
	t := newTapper()
	schema, stop, ok := run.Tap(operator, t.look)
	if !ok {
		return fmt.Errorf("%w: %s has no operator %q that can be tapped; riffle jobs show %s lists them", ErrRequest, name, operator, name)
	}
	defer stop()
	var columns []string
	for _, f := range schema.Fields {
		columns = append(columns, f.Name)
	}
	ended := make(chan struct{})
	go func() { j.awaitRun(ctx, run); close(ended) }()
	for {
		select {
		case m := <-t.out:
			m.Columns = columns
			if err := fn(m); err != nil {
				return err
			}
		case <-ended:
			return fn(Tapped{Columns: columns, Ended: true})
		case <-ctx.Done():
			return nil
		}
	}
}

// awaitRun returns when the run is over, or ctx.
func (j *job) awaitRun(ctx context.Context, run *exec.Job) {
	tick := time.NewTicker(tapEvery)
	defer tick.Stop()
	for {
		j.mu.Lock()
		over := j.run != run
		j.mu.Unlock()
		if over {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// View reads a running job's result as of now: windows that are open with what is in them, groups
// with their present values. It takes a savepoint, reads it beside the job, and removes it. fn gets
// the batches, lent for the time of the call; the schema and the watermark come first.
func (s *Server) View(ctx context.Context, name string, head func(schema *vec.Schema, wm dataflow.Time, checkpoint int64) error, fn func(*vec.Batch) error) error {
	j, err := s.job(name)
	if err != nil {
		return err
	}
	tmp, err := os.MkdirTemp(s.dir, "view-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	dir := filepath.Join(tmp, "state")
	if err := s.export(ctx, j, dir, false); err != nil {
		return err
	}
	j.mu.Lock()
	spec := j.rec.Spec
	j.mu.Unlock()
	c, err := state.OpenSavepoint(vfs.OS{}, dir, s.format)
	if err != nil {
		return err
	}
	wm, _, err := positions(c)
	if err != nil {
		return err
	}
	p, err := s.engine.Prepare(ctx, spec)
	if err != nil {
		return err
	}
	sink, ok := p.Root.(*plan.Sink)
	if !ok {
		return errors.New("jobs: the plan of a job does not end in a sink")
	}
	if err := head(sink.In.Schema(), wm, int64(c.ID)); err != nil {
		return err
	}
	o := p.Options
	o.Sides = nil
	o.Result = dataflow.OutputFunc(fn)
	read, err := exec.StartView(ctx, p.Root, c, o)
	if err != nil {
		return err
	}
	return read.Wait()
}

// writeView writes a view as a Parquet file.
func (s *Server) writeView(ctx context.Context, name string, w io.Writer, head func(wm dataflow.Time, checkpoint int64)) error {
	var rows dataflow.TableWriter
	err := s.View(ctx, name, func(schema *vec.Schema, wm dataflow.Time, checkpoint int64) (err error) {
		head(wm, checkpoint)
		rows, err = s.format.NewWriter(w, schema)
		return err
	}, func(b *vec.Batch) error { return rows.Write(b) })
	if err != nil {
		return err
	}
	return rows.Close()
}
