package repl

import (
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/exec"
)

// sampleEvery is how often rates are taken, sampleKeep how many of them are kept: ten minutes.
const (
	sampleEvery = time.Second
	sampleKeep  = 600
)

// LiveStatus is how a stream is doing.
type LiveStatus struct {
	InRate, OutRate float64       // rows and changes a second, over the last sample
	Lag             int64         // records between the readers and the ends of their splits; -1: not known
	LagTime         time.Duration // that the lag takes to read at the present rate; -1: not known
	Late, Bad       int64         // rows that came too late, records that could not be decoded
	Watermark       time.Time     // of the result; zero: none yet
	Now             time.Time     // of the end, once it has ended
	Partitions      []LivePartition
	StateBytes      int64
	Keys            int64     // that the state holds; -1: not keyed
	StateNote       string    // what bounds the state, or that it grows
	Rates           []float64 // rows a second, one sample a second, oldest first
	LastChange      time.Time // when the result changed last; zero: never
	Shed            int64     // rows of the table that went for want of memory
	Paused          bool
	Ended           bool
}

// LivePartition is a split of the stream that is being read.
type LivePartition struct {
	Name      string
	Source    string
	Watermark time.Time // zero: none yet
	LastEvent time.Time // largest event time, less the watermark's delay; zero: none
	LastRow   time.Time // processing time of its last row; zero: none
	Rows      int64
	Lag       int64 // -1: not known
	Idle      bool  // does not hold the watermark back
	Holds     bool  // the watermark waits for this one
	Ended     bool
}

// sampler takes rates while the stream runs.
type sampler struct {
	l        *Live
	done     chan struct{}
	begin    sync.Once
	finish   sync.Once
	mu       sync.Mutex
	in       []float64 // a ring, oldest first
	out      float64
	rowsIn   int64
	changes  int64
	lastTime time.Time
}

func newSampler(l *Live) *sampler { return &sampler{l: l, done: make(chan struct{})} }

func (s *sampler) start() {
	s.begin.Do(func() {
		s.mu.Lock()
		s.lastTime = time.Now()
		s.mu.Unlock()
		go func() {
			t := time.NewTicker(sampleEvery)
			defer t.Stop()
			for {
				select {
				case <-s.done:
					return
				case now := <-t.C:
					s.sample(now)
				}
			}
		}()
	})
}

func (s *sampler) stop() { s.finish.Do(func() { close(s.done) }) }

// sample takes one rate.
func (s *sampler) sample(now time.Time) {
	in, changes := rowsIn(s.l.metrics()), s.l.Next()
	s.mu.Lock()
	defer s.mu.Unlock()
	d := now.Sub(s.lastTime).Seconds()
	if d <= 0 {
		return
	}
	s.in = append(s.in, float64(in-s.rowsIn)/d)
	if len(s.in) > sampleKeep {
		s.in = append(s.in[:0], s.in[1:]...)
	}
	s.out = float64(changes-s.changes) / d
	s.rowsIn, s.changes, s.lastTime = in, changes, now
}

// metrics are those of the job; none before it started.
func (l *Live) metrics() exec.Metrics {
	l.mu.Lock()
	job := l.job
	l.mu.Unlock()
	if job == nil {
		return exec.Metrics{}
	}
	return job.Metrics()
}

// rowsIn is what the sources have read.
func rowsIn(m exec.Metrics) (n int64) {
	for _, s := range m.Stages {
		if s.Source {
			for _, t := range s.Tasks {
				n += t.RowsIn
			}
		}
	}
	return n
}

// Status says how the stream is doing.
func (l *Live) Status() LiveStatus {
	m := l.metrics()
	st := LiveStatus{Now: time.Now(), Lag: -1, LagTime: -1, Late: m.Late, Bad: m.Bad, Keys: -1, StateNote: l.note}
	l.index.mu.Lock()
	st.Shed = l.index.shed
	l.index.mu.Unlock()
	l.mu.Lock()
	wm := l.wm
	st.LastChange, st.Ended = l.lastRow, !l.ended.IsZero()
	if st.Ended { // as it was then
		st.Now = l.ended
	}
	st.Paused = l.job != nil && l.job.Paused()
	l.mu.Unlock()
	st.Watermark = timeOf(wm)
	l.sampler.mu.Lock()
	st.Rates, st.OutRate = append([]float64{}, l.sampler.in...), l.sampler.out
	l.sampler.mu.Unlock()
	if n := len(st.Rates); n > 0 {
		st.InRate = st.Rates[n-1]
	}
	for _, s := range m.Stages {
		for _, o := range s.Ops {
			st.StateBytes += o.StateBytes
			if o.Keys >= 0 {
				st.Keys = max(st.Keys, 0) + o.Keys
			}
		}
	}
	st.Partitions = partitions(m.Splits)
	for _, p := range st.Partitions {
		if p.Lag >= 0 {
			st.Lag = max(st.Lag, 0) + p.Lag
		}
	}
	if st.Lag >= 0 && st.InRate > 0 {
		st.LagTime = time.Duration(float64(st.Lag) / st.InRate * float64(time.Second))
	}
	return st
}

// partitions lists the splits by name, and marks the one that holds the watermark back.
func partitions(splits []exec.SplitMetrics) []LivePartition {
	low, holder := dataflow.MaxTime, -1 // a watermark is below MaxTime while its split lives
	any := false                        // of an input without event time none ever has one
	sort.Slice(splits, func(i, j int) bool { return naturalLess(splits[i].ID, splits[j].ID) })
	out := make([]LivePartition, len(splits))
	for i, s := range splits {
		out[i] = LivePartition{Name: s.ID, Source: s.Source, Watermark: timeOf(s.Watermark), LastEvent: timeOf(s.LastTime), LastRow: s.LastRow,
			Rows: s.Rows, Lag: s.Lag, Idle: s.Idle, Ended: s.Ended}
		any = any || s.Watermark > dataflow.MinTime
		if s.Idle || s.Ended {
			continue
		}
		// Of two that are as far behind, the one that has been silent longer is to blame.
		if s.Watermark < low || holder >= 0 && s.Watermark == low && s.LastRow.Before(out[holder].LastRow) {
			low, holder = s.Watermark, i
		}
	}
	if holder >= 0 && any && len(out) > 1 {
		out[holder].Holds = true
	}
	return out
}

// naturalLess orders names with numbers in them: orders/2 before orders/10.
func naturalLess(a, b string) bool {
	pa, na := splitNumber(a)
	pb, nb := splitNumber(b)
	if pa != pb || len(na) == len(nb) {
		return a < b
	}
	return len(na) < len(nb)
}

// splitNumber cuts the digits off the end of a name.
func splitNumber(s string) (prefix, digits string) {
	prefix = strings.TrimRight(s, "0123456789")
	return prefix, s[len(prefix):]
}

// Pause keeps the query itself from reading until Resume. To stop only the view, keep a LiveTable.
func (l *Live) Pause() {
	if job := l.running(); job != nil {
		job.Pause()
	}
}

// Resume ends a pause.
func (l *Live) Resume() {
	if job := l.running(); job != nil {
		job.Resume()
	}
}

// SetRate changes how many rows a second each source task reads at most; 0 is no limit.
func (l *Live) SetRate(rows int64) {
	if job := l.running(); job != nil {
		job.SetRate(rows)
	}
}

func (l *Live) running() *exec.Job {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.job
}
