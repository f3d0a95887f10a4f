package exec

import (
	"slices"
	"sync/atomic"
	"time"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/vec"
)

// Metrics is what a job did up to now. Counters only rise, so that rates come from two of them.
// It may be taken from any goroutine and costs the tasks nothing but the counters they keep anyway.
type Metrics struct {
	At     time.Time
	Stages []StageMetrics // producers first
	Edges  []EdgeMetrics
	Splits []SplitMetrics
	Late   int64 // rows of the side outputs since the job's first start
	Bad    int64
}

// StageMetrics is one stage: the chain of operators that its tasks run.
type StageMetrics struct {
	Name   string
	Source bool
	Ops    []OpMetrics // first to last; a source itself has none
	Tasks  []TaskMetrics
}

// EdgeMetrics is an exchange, or a table that one stage builds and another reads. From and To are
// indices of Stages.
type EdgeMetrics struct {
	From, To int
	Kind     string // hash, gather, merge, rebalance, broadcast, build
}

// TaskMetrics is one goroutine. Its life is split into Busy, Blocked (a receiver has no room:
// back-pressure) and Waiting (nothing to do).
type TaskMetrics struct {
	Busy, Blocked, Waiting time.Duration
	RowsIn, RowsOut        int64 // of the chain; a source's rows in are those it read
	Watermark              dataflow.Time
	Ended                  bool
}

// OpMetrics sums one operator over its tasks.
type OpMetrics struct {
	ID              string // names its state in checkpoints
	Name            string
	Detail          string // the plan's words for it
	Note            string // what keeps its state small, or lets it grow; "" without state
	RowsIn, RowsOut int64
	Time            time.Duration // with what follows it in the chain
	Watermark       dataflow.Time // smallest over the tasks; MinTime: none yet
	StateBytes      int64
	Keys            int64 // of keyed state, as of the last watermark or barrier; -1: not keyed
}

// SplitMetrics is a split of an unbounded input, such as a partition of a topic. Where tasks take
// splits from a queue, those that have ended are left out.
type SplitMetrics struct {
	ID        string
	Source    string // the table's name
	Task      int
	Rows      int64 // in this run
	Watermark dataflow.Time
	LastTime  dataflow.Time // largest event time that it held, less the watermark's delay
	Opened    time.Time
	LastRow   time.Time // processing time of its last row; zero: none yet
	Lag       int64     // rows between its reader and its end; -1: not known
	Idle      bool      // it does not hold the watermark back
	Ended     bool
	Ordered   bool // splits are in order of event time: one without rows yet does not hold the watermark back
}

// Lagger is a Reader that knows how far it is behind the end of its split.
type Lagger interface{ Lag() int64 }

// Keyed is an Operator that knows how many keys it holds.
type Keyed interface{ Keys() int64 }

// opCounters is what a task writes and anybody reads.
type opCounters struct {
	in, out, nanos atomic.Int64
	wm             atomic.Int64
	held           atomic.Int64
	keys           atomic.Int64
	note           string // set once the task has ended
	tap            atomic.Pointer[tap]
}

func newCounters() *opCounters {
	c := &opCounters{}
	c.wm.Store(dataflow.MinTime)
	c.keys.Store(-1)
	return c
}

// meter is a budget whose bytes can be read from outside the task.
type meter struct {
	dataflow.Budget
	held *atomic.Int64
}

func (m meter) Grow(n int64) error {
	err := m.Budget.Grow(n)
	if err == nil {
		m.held.Add(n)
	}
	return err
}

func (m meter) Shrink(n int64) {
	m.Budget.Shrink(n)
	m.held.Add(-n)
}

// clock splits a task's life into what it does. One goroutine moves it, others read it.
type clock struct {
	nanos [3]atomic.Int64
	state atomic.Int32
	since atomic.Int64 // nanoseconds after epoch
}

// The states of a clock.
const (
	busy = iota
	blocked
	waiting
)

var epoch = time.Now()

func (c *clock) start() { c.since.Store(int64(time.Since(epoch))) }

// enter begins state s and returns the one before.
func (c *clock) enter(s int32) (before int32) {
	now := int64(time.Since(epoch))
	before = c.state.Load()
	c.nanos[before].Add(now - c.since.Load())
	c.since.Store(now)
	c.state.Store(s)
	return before
}

// read returns the three sums; the one that is under way counts.
func (c *clock) read(ended bool) (out [3]time.Duration) {
	for i := range out {
		out[i] = time.Duration(c.nanos[i].Load())
	}
	if since := c.since.Load(); since > 0 && !ended {
		out[c.state.Load()] += max(0, time.Since(epoch)-time.Duration(since))
	}
	return out
}

// splitGauge is what a source task tells of a split that it reads.
type splitGauge struct {
	id         string
	task       int
	rows       atomic.Int64
	wm, last   atomic.Int64
	lastRow    atomic.Int64 // Unix nanoseconds; 0: none yet
	opened     time.Time
	lag        atomic.Int64
	idle, ends atomic.Bool
}

// gauge registers a split of this run.
func (s *sourceStage) gauge(o *openSplit, task int) *splitGauge {
	g := &splitGauge{id: o.split.ID, task: task, opened: time.Now()}
	g.wm.Store(o.st.Watermark)
	g.last.Store(o.st.Pending)
	g.lag.Store(-1)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gauges = append(s.gauges, g)
	return g
}

// forget drops the gauge of a split that has ended and made room for the next one of the queue.
func (s *sourceStage) forget(g *splitGauge) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gauges = slices.DeleteFunc(s.gauges, func(x *splitGauge) bool { return x == g })
}

// note publishes how far a split is. Splits of bounded inputs have no gauge.
func (o *openSplit) note(rows int) {
	g := o.gauge
	if g == nil {
		return
	}
	g.rows.Add(int64(rows))
	g.wm.Store(o.st.Watermark)
	g.last.Store(o.st.Pending)
	if rows > 0 {
		g.lastRow.Store(time.Now().UnixNano())
	}
	g.idle.Store(o.idle)
	g.ends.Store(o.st.Finished)
	if l, ok := o.r.(Lagger); ok {
		g.lag.Store(l.Lag())
	}
}

// Metrics reads the counters of all tasks.
func (j *Job) Metrics() Metrics {
	m := Metrics{At: time.Now(), Late: j.SideRows("late"), Bad: j.SideRows("bad")}
	index := map[*stage]int{}
	for i, s := range j.stages {
		index[s] = i
	}
	for i, s := range j.stages {
		m.Stages = append(m.Stages, s.metrics())
		if s.out != nil {
			m.Edges = append(m.Edges, EdgeMetrics{i, index[s.out.to], kindName(s.out.kind)})
		}
		if s.builds == nil {
			continue
		}
		for k, to := range j.stages {
			for _, w := range to.waitFor {
				if w == s.builds {
					m.Edges = append(m.Edges, EdgeMetrics{i, k, "build"})
				}
			}
		}
	}
	for n, s := range j.scans {
		m.Splits = append(m.Splits, s.metrics(n.(*plan.Scan).Table.Name())...)
	}
	return m
}

func kindName(k plan.ExchangeKind) string {
	switch k {
	case plan.HashBy:
		return "hash"
	case plan.Broadcast:
		return "broadcast"
	case plan.Gather:
		return "gather"
	case plan.Merge:
		return "merge"
	}
	return "rebalance"
}

func (s *stage) metrics() StageMetrics {
	out := StageMetrics{Name: s.name, Source: s.source != nil}
	for i, spec := range s.ops {
		o := OpMetrics{ID: spec.id, Name: spec.name, Watermark: dataflow.MaxTime, Keys: -1}
		if spec.node != nil {
			o.Detail, o.Note = spec.node.Describe(), plan.StateNote(spec.node)
		}
		for _, t := range s.tasks {
			c := t.chain.links[i].stats
			o.RowsIn += c.in.Load()
			o.RowsOut += c.out.Load()
			o.Time += time.Duration(c.nanos.Load())
			o.Watermark = min(o.Watermark, c.wm.Load())
			o.StateBytes += c.held.Load()
			if k := c.keys.Load(); k >= 0 {
				o.Keys = max(o.Keys, 0) + k
			}
		}
		out.Ops = append(out.Ops, o)
	}
	for _, t := range s.tasks {
		out.Tasks = append(out.Tasks, t.metrics())
	}
	return out
}

func (t *task) metrics() TaskMetrics {
	ended := t.ended.Load()
	c := t.clock.read(ended)
	out := TaskMetrics{Busy: c[busy], Blocked: c[blocked], Waiting: c[waiting], Ended: ended,
		RowsIn: t.rowsIn.Load(), Watermark: t.sent.Load()}
	out.RowsOut = out.RowsIn
	if n := len(t.chain.links); n > 0 {
		out.RowsOut = t.chain.links[n-1].stats.out.Load()
		if _, ok := t.stage.ops[n-1].node.(*plan.Sink); ok { // it emits nothing: what it writes goes out
			out.RowsOut = t.chain.links[n-1].stats.in.Load()
		}
	}
	return out
}

func (s *sourceStage) metrics(name string) (out []SplitMetrics) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range s.gauges {
		m := SplitMetrics{ID: g.id, Source: name, Task: g.task, Rows: g.rows.Load(), Watermark: g.wm.Load(), LastTime: g.last.Load(),
			Lag: g.lag.Load(), Idle: g.idle.Load(), Ended: g.ends.Load(), Ordered: s.queue, Opened: g.opened}
		if n := g.lastRow.Load(); n > 0 {
			m.LastRow = time.Unix(0, n)
		}
		out = append(out, m)
	}
	return out
}

// tap is a function that looks at what an operator emits.
type tap struct{ fn func(*vec.Batch) }

// Tap has fn look at every batch that the operator with this id emits, in all of its tasks, until
// stop is called. fn is called from the tasks: it must copy what it keeps and return at once. ok is
// false when there is no such operator.
func (j *Job) Tap(id string, fn func(*vec.Batch)) (schema *vec.Schema, stop func(), ok bool) {
	t := &tap{fn}
	var tapped []*opCounters
	for _, s := range j.stages {
		for i, spec := range s.ops {
			if spec.id != id || spec.node == nil {
				continue
			}
			schema = spec.node.Schema()
			for _, tk := range s.tasks {
				c := tk.chain.links[i].stats
				c.tap.Store(t)
				tapped = append(tapped, c)
			}
		}
	}
	return schema, func() {
		for _, c := range tapped {
			c.tap.CompareAndSwap(t, nil)
		}
	}, len(tapped) > 0
}
