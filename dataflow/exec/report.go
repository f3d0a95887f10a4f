package exec

import (
	"fmt"
	"time"

	"github.com/riffle-io/riffle/dataflow"
)

// report is what one task adds to a checkpoint.
type report struct {
	snaps    []opSnapshot
	prepared []prepared
	source   string // id of the scan, when the task reads one
	splits   []SplitState
	sides    map[string]int64 // rows of side outputs in this run, up to the barrier
	pause    time.Duration
	passed   time.Time // the barrier had passed the task
	ended    bool      // it is of the end of the task's input, not of a barrier
}

type opSnapshot struct {
	id   string
	snap dataflow.Snapshot
}

// prepared is the output of one sink instance that waits for its commit.
type prepared struct {
	link *link
	id   string
	data []byte
}

func (r *report) release() {
	for _, s := range r.snaps {
		s.snap.Release()
	}
}

// snapshot takes a task's part of a checkpoint, in the task's goroutine.
func (c *coordinator) snapshot(t *task, id dataflow.CheckpointID) error {
	start := time.Now()
	r, err := c.report(t, id, true)
	if err != nil {
		return err
	}
	r.passed = time.Now()
	r.pause = r.passed.Sub(start)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cur == nil || c.cur.id != id {
		r.release()
		return fmt.Errorf("exec: barrier %d is not the current one", id)
	}
	c.cur.reports[t] = r
	if len(r.prepared) > 0 {
		c.owed[t]++
	}
	c.checkLocked()
	return nil
}

// owes tells whether a task's sinks wait for the commit of a checkpoint that they are part of.
func (c *coordinator) owes(t *task) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.owed[t] > 0
}

func (c *coordinator) paid(t *task) {
	c.mu.Lock()
	c.owed[t]--
	c.mu.Unlock()
}

func (c *coordinator) report(t *task, id dataflow.CheckpointID, state bool) (*report, error) {
	r := &report{sides: t.sideRows()}
	if t.source != nil {
		r.source, r.splits = t.stage.source.id, t.source.states()
	}
	visit := func(l *link) error {
		if s, ok := l.op.(dataflow.Snapshotter); ok && (state || l.lasts) && c.job.opts.Store != nil {
			snap, err := s.Snapshot(id)
			if err != nil {
				return l.blame(err)
			}
			if snap != nil {
				r.snaps = append(r.snaps, opSnapshot{l.id, snap})
			}
		}
		if s, ok := l.op.(dataflow.Committer); ok {
			data, err := s.Prepare(id)
			if err != nil {
				return l.blame(err)
			}
			if data != nil {
				r.prepared = append(r.prepared, prepared{l, l.id, data})
			}
		}
		return nil
	}
	if err := t.eachLink(visit); err != nil {
		r.release()
		return nil, err
	}
	return r, nil
}

// taskEnded takes what a task leaves behind at the end of its input. A task that stopped at a final
// barrier has reported already.
func (c *coordinator) taskEnded(t *task, final bool) error {
	c.mu.Lock()
	id := c.next
	if c.cur != nil && c.cur.reports[t] == nil {
		id = c.cur.id
	}
	c.mu.Unlock()
	var r *report
	if !final {
		var err error
		if r, err = c.report(t, id, false); err != nil {
			return err
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.left--
	if r != nil {
		if len(r.prepared) > 0 {
			c.owed[t]++
		}
		r.ended = true
		c.splits[t] = &report{source: r.source, splits: r.splits, sides: r.sides, snaps: r.snaps, ended: true}
		if c.cur != nil && c.cur.reports[t] == nil {
			c.cur.reports[t] = r
		} else {
			c.ended[t] = r
		}
	}
	c.checkLocked()
	c.wantedLocked() // the task may have been the last that built a table
	return nil
}
