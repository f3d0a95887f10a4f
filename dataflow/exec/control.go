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
// and watermarks stand still.
func (j *Job) Pause() { j.control.paused.Store(true) }

// Resume ends a pause.
func (j *Job) Resume() {
	j.control.paused.Store(false)
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

// SetRate changes how many rows a second each source task reads at most; 0 is no limit.
func (j *Job) SetRate(rows int64) { j.control.rate.Store(rows) }

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

// awaitResume sleeps while the job is paused; mail is handled.
func (st *sourceTask) awaitResume() error {
	for st.t.job.Paused() && !st.t.final {
		was := st.t.clock.enter(waiting)
		_, _, m, _, err := st.t.in.get(true)
		st.t.clock.enter(was)
		if err != nil {
			return err
		}
		if m != nil {
			if err := m(); err != nil {
				return err
			}
		}
	}
	return nil
}
