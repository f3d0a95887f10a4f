package jobs

import (
	"math"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/exec"
)

// recorded is how many samples the recorder keeps: an hour of seconds.
const recorded = 3600

// recorder keeps the last hour of a job's metrics, one sample a second, and the metrics that the
// rates of the next one are against.
type recorder struct {
	mu      sync.Mutex
	samples []Sample // a ring once it is full
	next    int
	unsaved []Sample     // that are not in the job's file yet
	before  exec.Metrics // what the rates of the newest sample are against
	last    exec.Metrics
	view    view
}

// view is what the newest two metrics say.
type view struct {
	operators  []Operator
	edges      []Edge
	partitions []Partition
	sample     Sample
	rows, out  int64
	keys       int64
	watermark  dataflow.Time
}

// take adds the metrics of now.
func (r *recorder) take(m exec.Metrics) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.last.Stages) != len(m.Stages) || r.last.At.IsZero() { // a new run
		r.last = exec.Metrics{}
	}
	r.view = compare(r.last, m)
	r.before, r.last = r.last, m
	r.unsaved = append(r.unsaved, r.view.sample)
	if n := len(r.unsaved) - recorded; n > 0 { // nobody saves them: the disk is full
		r.unsaved = append([]Sample{}, r.unsaved[n:]...)
	}
	if len(r.samples) < recorded {
		r.samples = append(r.samples, r.view.sample)
		return
	}
	r.samples[r.next] = r.view.sample
	r.next = (r.next + 1) % recorded
}

// restore puts the samples of earlier servers before those that are there; past may have these too.
func (r *recorder) restore(past []Sample) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.samples) > 0 && r.next == 0 {
		n := sort.Search(len(past), func(i int) bool { return !past[i].At.Before(r.samples[0].At) })
		past = past[:n]
	}
	room := recorded - len(r.samples)
	if room <= 0 || len(past) == 0 {
		return
	}
	past = past[max(0, len(past)-room):]
	r.samples = append(append(make([]Sample, 0, recorded), past...), r.samples...)
}

// save passes the samples that were not saved to fn, and keeps them when it fails.
func (r *recorder) save(fn func([]Sample) error) error {
	r.mu.Lock()
	list := r.unsaved
	r.unsaved = nil
	r.mu.Unlock()
	err := fn(list)
	if err != nil {
		r.mu.Lock()
		r.unsaved = append(list, r.unsaved...)
		r.mu.Unlock()
	}
	return err
}

// reset forgets what rates are against, at the start of a run.
func (r *recorder) reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.before, r.last, r.view = exec.Metrics{}, exec.Metrics{}, view{}
}

func (r *recorder) now() view {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.view
}

// since copies the samples that are newer than t, oldest first. Milliseconds count, as in requests:
// who asks for what follows a sample must not get it again.
func (r *recorder) since(t time.Time) (out []Sample) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.samples {
		if s := r.samples[(r.next+i)%len(r.samples)]; s.At.UnixMilli() > t.UnixMilli() {
			out = append(out, s)
		}
	}
	return out
}

// flow is the newest two metrics, and when the last of the samples since a time had output.
func (r *recorder) flow(since time.Time) Flow {
	f := Flow{}
	for _, s := range r.since(since) {
		if s.OutRate > 0 {
			f.LastChange = s.At
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	f.Before, f.Metrics, f.InRate, f.OutRate = r.before, r.last, r.view.sample.InRate, r.view.sample.OutRate
	return f
}

// compare makes rates of two metrics; old may be empty.
func compare(old, m exec.Metrics) view {
	v := view{keys: -1, watermark: dataflow.MaxTime}
	secs := m.At.Sub(old.At).Seconds()
	rate := func(now, before int64) float64 {
		if old.At.IsZero() || secs <= 0 || now < before {
			return 0
		}
		return float64(now-before) / secs
	}
	v.sample = Sample{At: m.At, SourceLag: -1, Late: m.Late, Bad: m.Bad}
	for i, s := range m.Stages {
		var before exec.StageMetrics
		if i < len(old.Stages) {
			before = old.Stages[i]
		}
		o := operatorOf(s, before, rate)
		v.operators = append(v.operators, o)
		v.sample.Busy = max(v.sample.Busy, o.Busy)
		v.sample.Backpressure = max(v.sample.Backpressure, o.Backpressure)
		v.sample.StateBytes += o.StateBytes
		v.sample.Operators = append(v.sample.Operators, [2]float32{float32(o.Busy), float32(o.Backpressure)})
		if s.Source {
			v.sample.InRate += o.InRate
			v.rows += rowsIn(s)
		}
		if o.Keys >= 0 {
			v.keys = max(v.keys, 0) + o.Keys
		}
	}
	if n := len(m.Stages); n > 0 { // the last stage ends in the sink
		var before exec.StageMetrics
		if n <= len(old.Stages) {
			before = old.Stages[n-1]
		}
		v.out = written(m.Stages[n-1])
		v.sample.OutRate = rate(v.out, written(before))
	}
	for _, e := range m.Edges {
		v.edges = append(v.edges, Edge{e.From, e.To, e.Kind})
	}
	v.partitionsOf(m)
	return v
}

func rowsIn(s exec.StageMetrics) (n int64) {
	for _, t := range s.Tasks {
		n += t.RowsIn
	}
	return n
}

// written is how many rows reached the sink, the last operator of the last stage.
func written(s exec.StageMetrics) int64 {
	if len(s.Ops) == 0 {
		return rowsIn(s)
	}
	return s.Ops[len(s.Ops)-1].RowsIn
}

func operatorOf(s, before exec.StageMetrics, rate func(now, before int64) float64) Operator {
	o := Operator{Name: s.Name, Source: s.Source, Keys: -1}
	wm := dataflow.MaxTime
	var top, sum int64
	for i, t := range s.Tasks {
		var b exec.TaskMetrics
		if i < len(before.Tasks) {
			b = before.Tasks[i]
		}
		busy, blocked, all := t.Busy-b.Busy, t.Blocked-b.Blocked, t.Busy+t.Blocked+t.Waiting-b.Busy-b.Blocked-b.Waiting
		tk := Task{InRate: rate(t.RowsIn, b.RowsIn), Rows: t.RowsIn}
		if all > 0 && !t.Ended {
			tk.Busy, tk.Backpressure = clamp(float64(busy)/float64(all)), clamp(float64(blocked)/float64(all))
		}
		o.Tasks = append(o.Tasks, tk)
		o.Busy, o.Backpressure = max(o.Busy, tk.Busy), max(o.Backpressure, tk.Backpressure)
		o.InRate += tk.InRate
		o.OutRate += rate(t.RowsOut, b.RowsOut)
		wm = min(wm, t.Watermark)
		top, sum = max(top, t.RowsIn), sum+t.RowsIn
	}
	if sum > 0 {
		o.Skew = float64(top) / float64(sum)
	}
	o.Watermark = timeText(wm)
	var words []string
	if s.Source {
		word, _, _ := strings.Cut(s.Name, "-")
		words = append(words, word)
	}
	for _, l := range s.Ops {
		words = append(words, l.Name)
		o.Chain = append(o.Chain, Link{ID: l.ID, Name: l.Name, Detail: l.Detail, RowsIn: l.RowsIn, RowsOut: l.RowsOut})
		o.StateBytes += l.StateBytes
		if l.Keys >= 0 {
			o.Keys = max(o.Keys, 0) + l.Keys
		}
		if l.Note != "" {
			o.StateNote = strings.TrimPrefix(l.Note, "state: ")
		}
	}
	o.Title = strings.Join(words, " > ")
	return o
}

func clamp(x float64) float64 { return math.Max(0, math.Min(1, x)) }

// partitionsOf adds the sources' partitions, and what they mean for the whole job.
func (v *view) partitionsOf(m exec.Metrics) {
	hold := dataflow.MaxTime
	holds := func(s exec.SplitMetrics) bool { return !s.Idle && !s.Ended && !(s.Ordered && s.Rows == 0) }
	for _, s := range m.Splits {
		if holds(s) {
			hold = min(hold, s.Watermark)
		}
	}
	for _, s := range m.Splits {
		since := s.Opened
		if !s.LastRow.IsZero() {
			since = s.LastRow
		}
		p := Partition{Table: s.Source, Name: s.ID, Rows: s.Rows, Lag: s.Lag, Watermark: timeText(s.Watermark), LastEvent: timeText(s.LastTime), QuietMS: m.At.Sub(since).Milliseconds(), Idle: s.Idle, Ended: s.Ended}
		p.Holds = holds(s) && s.Watermark == hold
		if s.Lag >= 0 {
			v.sample.SourceLag = max(v.sample.SourceLag, 0) + s.Lag
		}
		v.partitions = append(v.partitions, p)
	}
	v.watermark = hold
	if hold > dataflow.MinTime && hold < dataflow.MaxTime {
		lag := m.At.UnixMilli() - hold/1000
		v.sample.LagMS = &lag
	}
}
