package exec

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/state"
)

// coordinator runs the checkpoints of a job: it starts barriers at the sources, collects what the
// tasks report, makes it durable, and then tells the sinks to commit.
//
//	trigger ─► barrier at sources … ─► snapshot of each task ─► written ─► manifest, pointer ─► commit
//
// One checkpoint is under way at a time. A task that has ended counts as having reported: what its
// sinks prepared at their end goes into the next checkpoint that completes. The end of a job is a
// checkpoint too, with or without a store.
type coordinator struct {
	job   *Job
	tasks []*task

	mu       sync.Mutex
	next     dataflow.CheckpointID
	cur      *checkpoint
	ended    map[*task]*report // not yet part of a checkpoint
	splits   map[*task]*report // of ended tasks: their splits belong to every later checkpoint
	owed     map[*task]int     // reports with prepared rows that are not committed yet
	left     int               // tasks that have not ended
	finished bool              // the checkpoint that was restored is of a job that had ended
	busy     bool              // a complete checkpoint is being stored and committed
	over     bool              // the last one is done
	stopped  bool              // a final checkpoint was asked for
	last     bool              // its barriers are on their way: tasks will take part in no other
	from     *state.Checkpoint // restored from; nil: none
	asked    []request
	ticker   *time.Ticker

	completing sync.WaitGroup // checkpoints that are being stored and committed
	quit       chan struct{}
}

// request is told of the first checkpoint that began after it was made, or of one that failed.
type request struct {
	since dataflow.CheckpointID
	tell  func(Event)
}

// checkpoint is one under way.
type checkpoint struct {
	id      dataflow.CheckpointID
	final   bool
	reports map[*task]*report
	start   time.Time
	event   Event
}

func newCoordinator(j *Job) *coordinator {
	return &coordinator{job: j, next: 1, ended: map[*task]*report{}, splits: map[*task]*report{}, owed: map[*task]int{}, quit: make(chan struct{})}
}

func (c *coordinator) add(t *task) {
	c.tasks = append(c.tasks, t)
	c.left++
}

func (c *coordinator) startTicker() {
	if c.job.opts.Store == nil || c.job.opts.Checkpoint <= 0 {
		return
	}
	c.mu.Lock()
	c.ticker = time.NewTicker(time.Duration(c.job.control.checkpoint.Load()))
	c.mu.Unlock()
	go func() {
		for {
			select {
			case <-c.ticker.C:
				c.trigger(false)
			case <-c.quit:
				return
			}
		}
	}()
}

// resetTicker changes the interval of a job that runs.
func (c *coordinator) resetTicker(every time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ticker != nil && every > 0 {
		c.ticker.Reset(every)
	}
}

// stopTicker starts no more checkpoints; all tasks have ended.
func (c *coordinator) stopTicker() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ticker != nil {
		c.ticker.Stop()
	}
	close(c.quit)
	if c.cur != nil { // the job ended before all tasks had reported
		c.cur.release()
		c.cur = nil
	}
}

// release drops the snapshots of a checkpoint that nobody will write.
func (cp *checkpoint) release() {
	for _, r := range cp.reports {
		r.release()
	}
}

// trigger starts a checkpoint unless one is under way; a final one is started right after it.
func (c *coordinator) trigger(final bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopped = c.stopped || final
	c.triggerLocked()
}

func (c *coordinator) triggerLocked() {
	if c.cur != nil || c.busy || c.last || c.left == 0 || !c.ready() {
		return
	}
	c.last = c.stopped
	cp := &checkpoint{id: c.next, final: c.stopped, reports: map[*task]*report{}, start: time.Now()}
	c.next++
	c.cur = cp
	for t, r := range c.ended {
		cp.reports[t] = r
	}
	clear(c.ended)
	for t, r := range c.splits { // what lasts is in every checkpoint
		if cp.reports[t] == nil && len(r.snaps) > 0 {
			cp.reports[t] = r
		}
	}
	e := dataflow.Event{Kind: dataflow.KindBarrier, Ckpt: cp.id, Final: cp.final}
	for _, t := range c.tasks {
		if t.source != nil && !t.ended.Load() {
			t.in.post(func() error {
				if t.ended.Load() { // it reported at its end
					return nil
				}
				return t.barrier(e)
			})
		}
	}
	c.checkLocked()
}

// ready is false while a shared structure is still being built, since a barrier could not pass the tasks
// that wait for it, and while a task has state that is in no snapshot. Checkpoints start after that.
func (c *coordinator) ready() bool {
	for _, s := range c.job.stages {
		if s.builds == nil && !s.forgets {
			continue
		}
		for _, t := range s.tasks {
			if !t.ended.Load() {
				return false
			}
		}
	}
	return true
}

// checkLocked completes the current checkpoint when every task has reported, starts the last one when
// every task has ended, and ends the job when nothing is left for another.
func (c *coordinator) checkLocked() {
	if cp := c.cur; cp != nil {
		for _, t := range c.tasks {
			if cp.reports[t] == nil && c.splits[t] == nil {
				return
			}
		}
		c.cur = nil
		c.busy = true
		c.completing.Go(func() { c.complete(cp) })
		return
	}
	if c.left > 0 || c.busy || c.over {
		return
	}
	if len(c.ended) == 0 { // a checkpoint that is complete has everything, however late the tasks were to end
		c.over = true
		for _, t := range c.tasks {
			t.in.post(func() error { t.exit = true; return nil })
		}
		return
	}
	cp := &checkpoint{id: c.next, final: true, reports: c.ended, start: time.Now()}
	c.next++
	c.ended = map[*task]*report{}
	c.busy = true
	c.completing.Go(func() { c.complete(cp) })
}

// complete makes a checkpoint durable, has it committed and starts what was waiting for it.
func (c *coordinator) complete(cp *checkpoint) {
	err := c.finish(cp)
	c.tell(cp, err)
	if err != nil {
		c.job.cancel(err)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.busy = false
	if c.checkLocked(); c.over {
		return
	}
	c.wantedLocked()
}

// wantedLocked starts a checkpoint that was asked for when none could start: another one was under way, or
// a table was being built.
func (c *coordinator) wantedLocked() {
	if c.stopped || len(c.asked) > 0 {
		c.triggerLocked()
	}
}

// finish stores a checkpoint and has it committed.
func (c *coordinator) finish(cp *checkpoint) error {
	stored := time.Now()
	if err := c.store(cp); err != nil {
		return fmt.Errorf("checkpoint %d: %w", cp.id, err)
	}
	stored, cp.event.Write = time.Now(), time.Since(stored)
	c.tell(cp, nil)
	if err := c.commit(cp); err != nil {
		return err
	}
	cp.event.Commit, cp.event.Committed = time.Since(stored), true
	cp.event.Unpublished = c.publish(cp)
	return nil
}

// ask has fn told of a checkpoint that holds all that was read until now, once it is committed, or of one
// that fails before that. It starts one, or waits for the one under way and starts another; the last one
// of a job that stops has to do, since no other follows.
func (c *coordinator) ask(fn func(Event)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	since := c.next
	if c.last {
		since--
	}
	c.asked = append(c.asked, request{since, fn})
	c.triggerLocked()
}

// tell reports a checkpoint to the job's owner and, once it is over, to those who asked for one.
func (c *coordinator) tell(cp *checkpoint, err error) {
	e := &cp.event
	e.Checkpoint, e.Started, e.Duration, e.Final, e.Err = cp.id, cp.start, time.Since(cp.start), cp.final, err
	for t, r := range cp.reports {
		e.Pause = max(e.Pause, r.pause)
		if d := r.passed.Sub(cp.start); !r.passed.IsZero() && d >= e.Align {
			e.Align, e.Slowest = d, fmt.Sprintf("%s[%d]", t.stage.name, t.num)
		}
	}
	if fn := c.job.opts.OnEvent; fn != nil && c.job.opts.Store != nil {
		fn(*e)
	}
	if !e.Committed && err == nil {
		return
	}
	for _, r := range c.answered(cp.id, err) {
		r.tell(*e)
	}
}

// answered takes the requests that a checkpoint is the answer to.
func (c *coordinator) answered(id dataflow.CheckpointID, err error) (out []request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var wait []request
	for _, r := range c.asked {
		if err != nil || r.since <= id {
			out = append(out, r)
		} else {
			wait = append(wait, r)
		}
	}
	c.asked = wait
	return out
}

// commit asks the tasks to commit what they prepared. The sinks that decide which checkpoint won
// come first: a side output that became visible before them could not be taken back when a crash
// in between undoes the checkpoint.
func (c *coordinator) commit(cp *checkpoint) error {
	for _, decides := range []bool{true, false} {
		if err := c.commitThose(cp, decides); err != nil {
			return err
		}
	}
	for t, r := range cp.reports {
		if len(r.prepared) > 0 {
			// In the task's goroutine, which looks at its debts only after mail.
			t.in.post(func() error { c.paid(t); return nil })
		}
	}
	return nil
}

// commitThose has the sinks that decide, or the others, commit, and waits for them.
func (c *coordinator) commitThose(cp *checkpoint, decides bool) error {
	var wg sync.WaitGroup
	for t, r := range cp.reports {
		var mine []prepared
		for _, p := range r.prepared {
			if p.link.decides == decides {
				mine = append(mine, p)
			}
		}
		if len(mine) == 0 {
			continue
		}
		wg.Add(1)
		t.in.post(func() error {
			for _, p := range mine {
				if err := p.link.op.(dataflow.Committer).Commit(cp.id, p.data); err != nil {
					return p.link.blame(fmt.Errorf("commit of checkpoint %d: %w", cp.id, err))
				}
			}
			wg.Done()
			return nil
		})
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	select {
	case <-done:
		return nil
	case <-c.job.ctx.Done():
		return context.Cause(c.job.ctx)
	}
}
