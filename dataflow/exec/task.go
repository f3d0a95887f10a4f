package exec

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/riffle-io/riffle/dataflow"
)

// task is one goroutine: a chain of operators fed by an inbox or by the splits of a source.
type task struct {
	job    *Job
	stage  *stage
	num    int
	in     *inbox // mail always, events unless the task reads a source
	align  *aligner
	chain  *chain
	ctx    context.Context
	source *sourceTask // nil: the task is fed by its inbox
	ended  atomic.Bool
	final  bool // a final barrier passed: the job stops without ending its input
	exit   bool // the job is complete
	clock  clock
	rowsIn atomic.Int64 // into the chain
	sent   atomic.Int64 // the watermark that left the chain
	alarm  bool         // a timer will have the chain flushed
	built  bool         // its share of the stage's shared structure is complete
}

// context is what an operator gets to see.
func (t *task) context(l *link) *dataflow.TaskContext {
	return &dataflow.TaskContext{
		Ctx: t.ctx, Job: t.job.opts.ID, Stage: t.stage.name, Task: t.num, P: t.stage.p,
		Budget:   meter{t.job.opts.Budget(fmt.Sprintf("%s/%d", l.id, t.num)), &l.stats.held},
		SpillDir: t.job.opts.SpillDir,
		Side: func(name string) dataflow.Output {
			for _, s := range l.sides {
				if s.name == name {
					return s
				}
			}
			return &side{name: name, chain: &chain{tail: &resultTail{out: nowhere}}}
		},
	}
}

// run is the task's goroutine, from open to close.
func (t *task) run() (err error) {
	t.clock.start()
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("internal error: %v\n%s", p, debug.Stack())
			if l := t.chain.at; l != nil {
				err = l.blame(err)
			}
			err = t.wrap(err)
		}
		if cerr := t.closeSafely(); err == nil && cerr != nil {
			err = t.wrap(cerr)
		}
	}()
	if err := t.start(); err != nil {
		return t.wrap(err)
	}
	stop := t.startTimers()
	defer stop()
	if t.source != nil {
		err = t.source.run()
	} else {
		err = t.receive()
	}
	if err != nil {
		return t.wrap(err)
	}
	t.ended.Store(true)
	t.in.doneReceiving()
	if t.stage.builds != nil {
		t.built = true
		t.stage.builds.left.Done()
	}
	// A sink prepares its last rows only when those before them are committed.
	if err := t.mailWhile(func() bool { return !t.final && t.job.coord.owes(t) }); err != nil {
		return t.wrap(err)
	}
	if err := t.job.coord.taskEnded(t, t.final); err != nil {
		return t.wrap(err)
	}
	return t.wrap(t.mailWhile(func() bool { return !t.exit }))
}

// startTimers posts mail for the operators that want to be called on processing time, until the
// result is called. A timer whose last call has not been handled yet is skipped.
func (t *task) startTimers() (stop func()) {
	done := make(chan struct{})
	for _, l := range t.chain.links {
		h, ok := l.op.(dataflow.TimerHandler)
		if !ok || h.Interval() <= 0 {
			continue
		}
		go func() {
			tick := time.NewTicker(time.Duration(h.Interval()) * time.Microsecond)
			defer tick.Stop()
			var waiting atomic.Bool
			for {
				select {
				case <-done:
					return
				case now := <-tick.C:
					if waiting.Swap(true) {
						continue
					}
					t.in.post(func() error {
						waiting.Store(false)
						if t.ended.Load() {
							return nil
						}
						return l.blame(h.OnTimer(now.UnixMicro(), l.out))
					})
				}
			}
		}()
	}
	return func() { close(done) }
}

func (t *task) closeSafely() (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("internal error: %v\n%s", p, debug.Stack())
		}
	}()
	err = t.chain.close()
	if t.source != nil && t.source.bad != nil {
		if e := t.source.bad.chain.close(); err == nil {
			err = e
		}
	}
	return err
}

// start opens the operators, restores their state and waits for tables built by other stages.
func (t *task) start() error {
	for _, w := range t.stage.waitFor {
		select {
		case <-w.built:
		case <-t.ctx.Done():
			return context.Cause(t.ctx)
		}
	}
	if err := t.chain.open(); err != nil {
		return err
	}
	if t.source != nil && t.source.bad != nil {
		if err := t.source.bad.chain.open(); err != nil {
			return err
		}
	}
	if err := t.job.coord.restore(t); err != nil {
		return err
	}
	return t.job.coord.dump(t)
}

// sideRows counts the rows that the task's operators sent to side outputs.
func (t *task) sideRows() map[string]int64 {
	out := map[string]int64{}
	if t.source != nil && t.source.bad != nil {
		out["bad"] += t.source.bad.count.Load()
	}
	for _, l := range t.chain.links {
		for _, s := range l.sides {
			out[s.name] += s.count.Load()
		}
	}
	return out
}

// eachLink visits the links of the chain and of its side outputs.
func (t *task) eachLink(fn func(*link) error) error {
	if t.source != nil && t.source.bad != nil {
		if err := t.source.bad.chain.each(fn); err != nil {
			return err
		}
	}
	return t.chain.each(fn)
}

// wrap names the task in an error, once.
func (t *task) wrap(err error) error {
	if err == nil {
		return nil
	}
	var te *dataflow.TaskError
	if errors.As(err, &te) {
		if te.Stage == "" {
			te.Stage, te.Task = t.stage.name, t.num
		}
		return err
	}
	if cause := context.Cause(t.ctx); cause != nil && errors.Is(err, cause) {
		return err
	}
	return &dataflow.TaskError{Stage: t.stage.name, Operator: t.stage.name, Task: t.num, Err: err}
}

// receive is the loop of a task that is fed by its inbox.
func (t *task) receive() error {
	for t.align.live > 0 && !t.final {
		ch, e, m, ok, err := t.in.get(false)
		if err == nil && !ok {
			if err = t.settle(); err != nil && !errors.Is(err, dataflow.ErrDone) {
				return err
			}
			t.clock.enter(waiting)
			ch, e, m, _, err = t.in.get(true)
			t.clock.enter(busy)
		}
		if err != nil {
			return err
		}
		if m != nil {
			err = m()
		} else {
			err = t.handle(ch, e)
		}
		if errors.Is(err, dataflow.ErrDone) {
			return t.finishEarly()
		}
		if err != nil {
			return err
		}
	}
	if t.final {
		return nil
	}
	return t.chain.tail.broadcast(dataflow.Event{Kind: dataflow.KindEnd})
}

// settle prepares for sleep: rows in open batches go, and what operators hold back goes in time.
func (t *task) settle() error {
	if due := t.chain.due(); !due.IsZero() && !t.alarm {
		t.alarm = true
		time.AfterFunc(time.Until(due), func() {
			t.in.post(func() error {
				t.alarm = false
				if t.ended.Load() {
					return nil
				}
				return t.chain.flush()
			})
		})
	}
	return t.chain.tail.flush()
}

func (t *task) handle(ch int, e dataflow.Event) error {
	switch e.Kind {
	case dataflow.KindBatch:
		t.rowsIn.Add(int64(e.Batch.Live()))
		err := t.chain.process(t.align.inputs[ch], e.Batch)
		t.stage.pools[ch].put(e.Batch)
		return err
	case dataflow.KindWatermark:
		resumes := t.align.allIdle()
		wm, ok := t.align.watermark(ch, e.Time)
		if ok {
			if err := t.chain.advance(wm); err != nil {
				return err
			}
		}
		if resumes {
			return t.chain.repeat()
		}
	case dataflow.KindIdle:
		if wm, ok := t.align.setIdle(ch); ok {
			return t.chain.advance(wm)
		}
		if t.align.allIdle() {
			return t.chain.idle()
		}
	case dataflow.KindBarrier:
		if t.align.take(ch, e) {
			return t.barrier(t.align.barrier)
		}
	case dataflow.KindEnd:
		return t.endChannel(ch)
	}
	return nil
}

func (t *task) endChannel(ch int) error {
	in, inputDone, complete := t.align.end(ch)
	if complete {
		if err := t.barrier(t.align.barrier); err != nil {
			return err
		}
	}
	last := t.align.live == 0
	if wm, ok := t.align.merge(); ok || last {
		if last {
			wm = dataflow.MaxTime
		}
		if err := t.chain.advance(wm); err != nil {
			return err
		}
	} else if t.align.allIdle() {
		if err := t.chain.idle(); err != nil {
			return err
		}
	}
	if !inputDone {
		return nil
	}
	return t.chain.endInput(in, last)
}

// finishEarly ends a task that wants no more rows: senders are told, and what the operators hold
// goes out as at the end of input.
func (t *task) finishEarly() error {
	t.in.doneReceiving()
	t.tellSenders()
	if err := t.chain.advance(dataflow.MaxTime); err != nil {
		return err
	}
	n := 1
	if t.align != nil {
		n = len(t.align.openIn)
	}
	for i := 0; i < n; i++ {
		if err := t.chain.endInput(i, i == n-1); err != nil {
			return err
		}
	}
	return t.chain.tail.broadcast(dataflow.Event{Kind: dataflow.KindEnd})
}

// tellSenders has the tasks that send to this one see that it wants no more rows. Without it those of a
// stream that is silent would learn it with their next row only.
func (t *task) tellSenders() {
	for _, e := range t.stage.edges {
		for _, from := range e.from.tasks {
			from.in.post(func() error {
				if x, ok := from.chain.tail.(*exchange); ok && !from.ended.Load() {
					return x.ask()
				}
				return nil
			})
		}
	}
}

// barrier takes the snapshot of this task and passes the barrier on.
func (t *task) barrier(e dataflow.Event) error {
	if err := t.chain.flush(); err != nil {
		return err
	}
	if err := t.chain.tail.broadcast(e); err != nil {
		return err
	}
	if err := t.job.coord.snapshot(t, e.Ckpt); err != nil {
		return err
	}
	t.final = t.final || e.Final
	return nil
}

// mailWhile handles mail, such as commits that come after a task's input has ended, while cond
// holds.
func (t *task) mailWhile(cond func() bool) error {
	for cond() {
		t.clock.enter(waiting)
		_, _, m, _, err := t.in.get(true)
		t.clock.enter(busy)
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
