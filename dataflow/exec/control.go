package exec

import (
	"sync/atomic"
	"time"

	"github.com/riffle-io/riffle/dataflow/plan"
)

// control is what can be changed while a job runs.
type control struct {
	paused     atomic.Bool
	rate       atomic.Int64
	checkpoint atomic.Int64 // nanoseconds
}

// Pause keeps the sources from reading until Resume. What was read is processed, checkpoints go on,
// and watermarks stand still. The tables that joins are built from are read nevertheless: checkpoints
// wait for them.
func (j *Job) Pause() { j.control.paused.Store(true) }

// Resume ends a pause.
func (j *Job) Resume() {
	j.control.paused.Store(false)
	j.wakeSources()
}

// wakeSources has tasks that read look at what changed.
func (j *Job) wakeSources() {
	for _, s := range j.stages {
		for _, t := range s.tasks {
			if t.source != nil {
				t.in.post(func() error { return nil })
			}
		}
	}
}

// Paused tells whether the job is paused.
func (j *Job) Paused() bool { return j.control.paused.Load() }

// markFeeds finds the stages whose rows end in a shared structure.
func (j *Job) markFeeds() {
	var mark func(*stage)
	mark = func(s *stage) {
		s.feeds = true
		for _, e := range s.edges {
			mark(e.from)
		}
	}
	for _, s := range j.stages {
		if s.builds != nil {
			mark(s)
		}
	}
}

// SetRate changes how many rows a second each source task reads at most; 0 is no limit.
func (j *Job) SetRate(rows int64) {
	j.control.rate.Store(rows)
	j.wakeSources()
}

// SetCheckpoint changes the interval of checkpoints. It has no effect on a job without a store.
func (j *Job) SetCheckpoint(every time.Duration) {
	j.control.checkpoint.Store(int64(every))
	j.coord.resetTicker(every)
}

// SetIdle changes after how much silence a split of the named table no longer holds the watermark
// back; 0 is never. It returns how many tables changed.
func (j *Job) SetIdle(table string, after time.Duration) (changed int) {
	for n, s := range j.scans {
		if s.watermark == nil || table != "" && n.(*plan.Scan).Table.Name() != table {
			continue
		}
		s.idleAfter.Store(after.Microseconds())
		changed++
		for _, st := range j.stages {
			if st.source == s {
				for _, t := range st.tasks {
					t.source.wake()
				}
			}
		}
	}
	return changed
}

// hold sleeps while the job is paused, or until its rate allows more rows; mail is handled.
func (st *sourceTask) hold() error {
	for !st.t.final {
		wait := time.Duration(0)
		if st.t.job.control.rate.Load() == st.pacedAt {
			wait = time.Until(st.due)
		}
		if wait <= 0 && (st.t.stage.feeds || !st.t.job.Paused()) {
			return nil
		}
		if err := st.t.settle(); err != nil {
			return err
		}
		if err := st.sleep(wait); err != nil {
			return err
		}
	}
	return nil
}

// sleep handles one mail, or none after a time; 0 is for as long as it takes.
func (st *sourceTask) sleep(limit time.Duration) error {
	if limit > 0 {
		timer := time.AfterFunc(limit, func() { st.t.in.post(func() error { return nil }) })
		defer timer.Stop()
	}
	st.t.clock.enter(waiting)
	_, _, m, _, err := st.t.in.get(true)
	st.t.clock.enter(busy)
	if err != nil || m == nil {
		return err
	}
	return m()
}
