package exec

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/state"
)

// ErrStopped is the cause of a job that was asked to stop.
var ErrStopped = errors.New("job stopped")

// Options says how a job runs. The zero value runs on all cores without checkpoints and without a
// memory limit.
type Options struct {
	Parallelism int // tasks a stage; default GOMAXPROCS
	// Budget gives each operator instance its share of memory; default: no limit.
	Budget   func(operator string) dataflow.Budget
	Rate     int64  // rows a second that each source task reads at most; 0: no limit
	SpillDir string // for files of spilled state; "" forbids to spill
	// Result takes the rows of a plan that does not end in a Sink, in one goroutine.
	Result dataflow.Output
	// OnWatermark is told how the watermark of the result rises.
	OnWatermark func(dataflow.Time)
	// Sides are the targets of side outputs by name: "late", "bad".
	Sides map[string]SinkTarget

	ID         string        // identity across restarts; default: random
	Store      *state.Store  // checkpoints; nil: none
	Checkpoint time.Duration // interval; 0: only at the end
	OnEvent    func(Event)   // checkpoints and commits as they happen

	// Adapt lets a changed query go on from a checkpoint: sources are found by the names of their
	// tables, operators that are new begin empty, and the state of those that are gone is dropped.
	Adapt bool

	view *state.Checkpoint // see StartView
}

// Event tells of a checkpoint: that it is durable, then that the sinks have committed it, or that
// it failed. Its time is Align, then Write, then Commit; Pause is within Align.
type Event struct {
	Checkpoint dataflow.CheckpointID
	Committed  bool
	Started    time.Time
	Duration   time.Duration // since the first barrier
	Align      time.Duration // until the barrier had passed the slowest task
	Slowest    string        // that task: "Aggregate-1[0]"
	Pause      time.Duration // longest time that one task spent on its snapshot
	Write      time.Duration // of the frozen state, until it was durable
	Commit     time.Duration // of the sinks
	Bytes      int64         // that were written
	State      int64         // bytes of all its files: also those that it shares with the one before
	Rows       int64         // of state
	// Unpublished is why a source could not show others how far this checkpoint is, which does not
	// harm the job.
	Unpublished error
	// Incremental tells that most of the state was taken over from the checkpoint before and only
	// changes were written ("incr"); else all or most of it was written ("full").
	Incremental bool
	Final       bool  // the job ends with it
	Err         error // the checkpoint failed, and the job with it
}

// Job is one run of a plan.
type Job struct {
	root    plan.Node
	opts    Options
	control control
	ctx     context.Context
	cancel  context.CancelCauseFunc
	stages  []*stage
	coord   *coordinator

	stats map[plan.Node][]*opCounters
	scans map[plan.Node]*sourceStage
	sides map[string]*sideRows
	// shared is closed when all tasks have ended.
	shared []io.Closer
}

// Run executes a physical plan and returns when it has ended: at the end of its input, when its
// result was taken in full, or with the first error of a task. Cancelling ctx ends it in under
// 100 ms with ctx's cause.
func Run(ctx context.Context, root plan.Node, opts Options) (*Job, error) {
	j, err := Start(ctx, root, opts)
	if err != nil {
		return nil, err
	}
	return j, j.wait()
}

// Start builds a job without waiting for it; wait with Wait.
func Start(ctx context.Context, root plan.Node, opts Options) (*Job, error) {
	if opts.Parallelism <= 0 {
		opts.Parallelism = runtime.GOMAXPROCS(0)
	}
	if opts.Budget == nil {
		opts.Budget = func(string) dataflow.Budget { return &noLimit{} }
	}
	if opts.ID == "" {
		opts.ID = state.NewJobID()
	}
	j := &Job{root: root, opts: opts, stats: map[plan.Node][]*opCounters{}, scans: map[plan.Node]*sourceStage{}, sides: map[string]*sideRows{"late": {}, "bad": {}}}
	j.ctx, j.cancel = context.WithCancelCause(ctx)
	j.control.rate.Store(opts.Rate)
	j.control.checkpoint.Store(int64(opts.Checkpoint))
	j.coord = newCoordinator(j)
	b := &builder{job: j, ids: map[string]int{}}
	last, err := b.stageFor(root)
	if err != nil {
		j.cancel(err)
		return nil, err
	}
	if _, last.sink = root.(*plan.Sink); !last.sink {
		if last.p > 1 {
			s := b.add("Result", 1)
			e := &edge{from: last, to: s, kind: plan.Gather, types: root.Schema().Types()}
			last.out, s.edges = e, []*edge{e}
			last = s
		}
		last.result = true
	}
	j.stages = b.stages
	j.markFeeds()
	if err := j.buildTasks(); err != nil {
		j.cancel(err)
		return nil, err
	}
	if err := j.coord.load(j.ctx); err != nil {
		j.cancel(err)
		return nil, err
	}
	return j, nil
}

// Wait runs the job to its end.
func (j *Job) Wait() error { return j.wait() }

// buildTasks makes inboxes first and then the chains that send to them.
func (j *Job) buildTasks() error {
	for _, s := range j.stages {
		channels := 0
		for _, e := range s.edges {
			e.first = channels
			pool := newBatchPool(e.types)
			for k := 0; k < e.from.p; k++ {
				s.pools = append(s.pools, pool)
			}
			channels += e.from.p
		}
		inputs := make([]int, 0, channels)
		for _, e := range s.edges {
			for k := 0; k < e.from.p; k++ {
				inputs = append(inputs, e.input)
			}
		}
		for num := 0; num < s.p; num++ {
			t := &task{job: j, stage: s, num: num, in: newInbox(channels), ctx: j.ctx}
			t.sent.Store(dataflow.MinTime)
			t.align = newAligner(t.in, inputs, s.inputs)
			s.tasks = append(s.tasks, t)
		}
	}
	for _, s := range j.stages {
		for _, t := range s.tasks {
			if err := j.buildChain(s, t); err != nil {
				return err
			}
			j.coord.add(t)
		}
	}
	return nil
}

func (j *Job) buildChain(s *stage, t *task) error {
	var links []*link
	for _, spec := range s.ops {
		o, err := spec.make(t.num)
		if err != nil {
			return fmt.Errorf("%s: %w", spec.name, err)
		}
		l := &link{op: o, id: spec.id, name: spec.name, stats: newCounters(), forgets: spec.forgets}
		_, l.lasts = spec.node.(*plan.Limit)
		if spec.node != nil {
			j.stats[spec.node] = append(j.stats[spec.node], l.stats)
		}
		if sink, ok := spec.node.(*plan.Sink); ok {
			_, l.decides = sink.Target.(Decider)
		}
		for _, name := range spec.sides {
			sd, err := j.side(t, name, spec)
			if err != nil {
				return err
			}
			l.sides = append(l.sides, sd)
		}
		links = append(links, l)
	}
	t.chain = newChain(t, links, j.tailOf(s, t))
	if s.source != nil {
		t.source = &sourceTask{t: t, s: s.source}
		if _, ok := j.opts.Sides["bad"]; ok {
			sd, err := j.side(t, "bad", opSpec{id: s.source.id})
			if err != nil {
				return err
			}
			t.source.bad = sd
		}
	}
	return nil
}

func (j *Job) tailOf(s *stage, t *task) tail {
	switch {
	case s.out != nil:
		to := make([]receiver, s.out.to.p)
		for i, r := range s.out.to.tasks {
			to[i] = receiver{in: r.in, ch: s.out.first + t.num}
		}
		return newExchange(s.out.kind, s.out.keys, to, s.out.to.pools[s.out.first], t)
	case s.sink:
		return &resultTail{out: nowhere} // the number of rows, which the job's counters have too
	case s.result && j.opts.Result != nil:
		return &resultTail{out: j.opts.Result, wm: j.opts.OnWatermark}
	case s.result:
		return &resultTail{out: nowhere}
	}
	return noTail{s.name}
}

// wait starts the tasks and collects how they end.
func (j *Job) wait() error {
	defer j.cancel(nil)
	stop := context.AfterFunc(j.ctx, func() { j.abort(context.Cause(j.ctx)) })
	defer stop()
	j.coord.startTicker()
	var wg sync.WaitGroup
	var once sync.Once
	var first error
	for _, s := range j.stages {
		if s.builds != nil {
			s.builds.left.Add(len(s.tasks))
			go func() { s.builds.left.Wait(); close(s.builds.built) }()
		}
		for _, t := range s.tasks {
			wg.Add(1)
			go func() {
				defer wg.Done()
				if err := t.run(); err != nil {
					once.Do(func() { first = err; j.cancel(err) })
				}
				if s.builds != nil && !t.built {
					s.builds.left.Done()
				}
			}()
		}
	}
	wg.Wait()
	j.coord.stopTicker()
	j.coord.completing.Wait() // nobody writes to the store once the job has ended
	j.closeSources()
	for _, s := range j.shared {
		if err := s.Close(); first == nil {
			first = err
		}
	}
	return first
}

// closeSources ends what sources keep for all of their readers, such as the connection of a Publisher.
func (j *Job) closeSources() {
	for _, s := range j.stages {
		if s.source == nil {
			continue
		}
		if c, ok := s.source.src.(io.Closer); ok {
			_ = c.Close() // all was read, and nothing is written by it
		}
	}
}

// abort wakes every task so that it sees the job's end.
func (j *Job) abort(err error) {
	for _, s := range j.stages {
		for _, t := range s.tasks {
			t.in.finish(err)
		}
	}
}

// ErrNoStore tells that a job without a state directory was asked for a checkpoint.
var ErrNoStore = errors.New("the job has no state directory")

// Savepoint takes a checkpoint now and copies it to dir, where it stays until somebody removes it.
func (j *Job) Savepoint(ctx context.Context, dir string) (Event, error) {
	if j.opts.Store == nil {
		return Event{}, ErrNoStore
	}
	done := make(chan Event, 1)
	j.coord.ask(func(e Event) { // the next checkpoint waits for it, so that this one stays
		if e.Err == nil {
			e.Err = j.opts.Store.Export(e.Checkpoint, dir)
		}
		done <- e
	})
	select {
	case e := <-done:
		return e, e.Err
	case <-ctx.Done():
		return Event{}, ctx.Err()
	case <-j.ctx.Done():
		select {
		case e := <-done:
			return e, e.Err
		default:
			return Event{}, fmt.Errorf("savepoint: the job has ended: %w", ErrStopped)
		}
	}
}

// Stop asks a job to take a last checkpoint and end without ending its input: open windows stay
// in the checkpoint and do not fire.
func (j *Job) Stop() { j.coord.trigger(true) }

// Cancel ends the job at once with cause.
func (j *Job) Cancel(cause error) { j.cancel(cause) }

// Stats sums the counters of a node's operator over its tasks; ok is false when it has none.
func (j *Job) Stats(n plan.Node) (OpStats, bool) {
	var sum OpStats
	list, ok := j.stats[n]
	for _, s := range list {
		sum.RowsIn += s.in.Load()
		sum.RowsOut += s.out.Load()
		sum.Nanos += s.nanos.Load()
		if s.note != "" && !strings.Contains(sum.Note, s.note) {
			sum.Note = strings.TrimPrefix(sum.Note+"; "+s.note, "; ")
		}
	}
	return sum, ok
}

// ScanRows counts the rows that a scan has read.
func (j *Job) ScanRows(n plan.Node) int64 {
	if s, ok := j.scans[n]; ok {
		return s.rows.Load()
	}
	return 0
}

// noLimit is the budget of a process without a memory limit.
type noLimit struct{ held int64 }

func (n *noLimit) Grow(b int64) error { n.held += b; return nil }
func (n *noLimit) Shrink(b int64)     { n.held -= b }
func (n *noLimit) Held() int64        { return n.held }
