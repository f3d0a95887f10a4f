package exec

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/vec"
)

// sourceStage is what the tasks of a source stage share: the splits.
type sourceStage struct {
	src       dataflow.Source
	unbounded bool
	queue     bool            // tasks take splits from the queue, which is in order of event time
	watermark *plan.Watermark // Expr over the produced columns; nil: no event time
	id        string
	table     string       // its name, for people and for changed queries
	rows      atomic.Int64 // read so far, filtered ones not counted
	idleAfter atomic.Int64 // µs of silence until a split is idle; 0: never

	mu     sync.Mutex
	splits []dataflow.Split
	next   int
	gauges []*splitGauge         // of this run
	saved  map[string]SplitState // from the checkpoint
}

// SplitState is how far a split was read at a barrier.
type SplitState struct {
	ID        string        `json:"id"`
	Position  []byte        `json:"position,omitempty"`
	Rows      int64         `json:"rows"`
	Pending   dataflow.Time `json:"pending"` // largest watermark candidate since the last fixed row
	Watermark dataflow.Time `json:"watermark"`
	Finished  bool          `json:"finished,omitempty"`
}

// list asks the source for its splits, once.
func (s *sourceStage) list(ctx context.Context) error {
	splits, err := s.src.Splits(ctx)
	if err != nil {
		return err
	}
	s.splits = splits
	s.saved = map[string]SplitState{}
	return nil
}

// take hands out the next unread split of a bounded source.
func (s *sourceStage) take() (dataflow.Split, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.next < len(s.splits) {
		sp := s.splits[s.next]
		s.next++
		if !s.saved[sp.ID].Finished {
			return sp, true
		}
	}
	return dataflow.Split{}, false
}

// sourceTask reads splits and drives the chain.
type sourceTask struct {
	t        *task
	s        *sourceStage
	wmEval   *expr.Evaluator
	open     []*openSplit
	finished []SplitState  // of splits that are closed
	wm       dataflow.Time // emitted
	idle     bool          // KindIdle was sent
	woken    atomic.Bool
	bad      *side
	began    time.Time // of a limited rate
	paced    int64     // rows read under it
	pacedAt  int64     // that rate
	due      time.Time // when the next rows may be read under it
	badBatch *vec.Batch
}

type openSplit struct {
	split    dataflow.Split
	r        dataflow.Reader
	st       SplitState
	dry      bool // the last Next had no rows
	gauge    *splitGauge
	lastRow  time.Time // processing time of the last row
	caughtUp bool
	idle     bool
}

func (st *sourceTask) run() (err error) {
	defer func() { // what is left open was read as far as it will be
		open := st.open
		st.finished, st.open = st.states(), nil
		for _, o := range open {
			if cerr := o.r.Close(); err == nil && cerr != nil {
				err = cerr
			}
		}
	}()
	st.wm = dataflow.MinTime
	if w := st.s.watermark; w != nil {
		if st.wmEval, err = expr.Compile(w.Expr); err != nil {
			return err
		}
	}
	if st.s.queue {
		err = st.runQueue()
	} else {
		err = st.runAssigned()
	}
	switch {
	case errors.Is(err, dataflow.ErrDone):
		return st.t.finishEarly()
	case err != nil || st.t.final:
		return err
	}
	if err := st.t.chain.advance(dataflow.MaxTime); err != nil {
		return err
	}
	if st.bad != nil {
		if err := st.bad.chain.endInput(0, true); err != nil {
			return err
		}
	}
	if err := st.t.chain.endInput(0, true); err != nil {
		return err
	}
	return st.t.chain.tail.broadcast(dataflow.Event{Kind: dataflow.KindEnd})
}

// runQueue takes splits until there are none. Watermarks of a bounded input wait for the end: its
// rows may come in any order, and none is late.
func (st *sourceTask) runQueue() error {
	for {
		sp, ok := st.s.take()
		if !ok {
			return nil
		}
		o, err := st.openSplit(sp)
		if err != nil {
			return err
		}
		for {
			if err := st.mail(); err != nil || st.t.final {
				return err
			}
			if err := st.hold(); err != nil || st.t.final {
				return err
			}
			more, err := st.read(o)
			if err != nil {
				return err
			}
			if !more && !o.dry {
				break
			}
		}
		st.open = st.open[:0]
		st.s.forget(o.gauge)
		if err := st.t.chain.endSplit(sp); err != nil {
			return err
		}
	}
}

// mail handles what waits in the mailbox, and notices that the job was cancelled.
func (st *sourceTask) mail() error {
	for {
		_, _, m, ok, err := st.t.in.get(false)
		if err != nil || !ok {
			return err
		}
		if err := m(); err != nil || st.t.final {
			return err
		}
	}
}

// runAssigned reads its share of splits that may not end. It reads them in turn, and sleeps when none has rows.
func (st *sourceTask) runAssigned() error {
	for i, sp := range st.s.splits {
		if i%st.t.stage.p != st.t.num {
			continue
		}
		if saved, ok := st.s.saved[sp.ID]; ok && saved.Finished {
			st.finished = append(st.finished, saved)
			continue
		}
		if _, err := st.openSplit(sp); err != nil {
			return err
		}
	}
	if err := st.advance(); err != nil {
		return err
	}
	for len(st.open) > 0 {
		if err := st.mail(); err != nil || st.t.final {
			return err
		}
		if err := st.hold(); err != nil || st.t.final {
			return err
		}
		st.woken.Store(false)
		any := false
		for i := 0; i < len(st.open); i++ {
			o := st.open[i]
			more, err := st.read(o)
			if err != nil {
				return err
			}
			any = any || more
			if !more && !o.dry { // the split has ended
				st.open = append(st.open[:i], st.open[i+1:]...)
				i--
				if err := st.advance(); err != nil {
					return err
				}
			}
		}
		if !any && len(st.open) > 0 {
			if err := st.rest(); err != nil || st.t.final {
				return err
			}
		}
	}
	return nil
}

// rest flushes, moves idle splits out of the way and sleeps until rows or mail come.
func (st *sourceTask) rest() error {
	if err := st.t.settle(); err != nil {
		return err
	}
	wait, err := st.silence(time.Now())
	if err != nil {
		return err
	}
	if st.woken.Load() {
		return nil
	}
	return st.sleep(wait)
}

// wake makes a sleeping task look at its readers. It may be called from any goroutine.
func (st *sourceTask) wake() {
	if !st.woken.Swap(true) {
		st.t.in.post(func() error { return nil })
	}
}

func (st *sourceTask) openSplit(sp dataflow.Split) (*openSplit, error) {
	o := &openSplit{split: sp, st: SplitState{ID: sp.ID, Watermark: dataflow.MinTime, Pending: dataflow.MinTime}, lastRow: time.Now()}
	if saved, ok := st.s.saved[sp.ID]; ok {
		o.st = saved
	}
	r, err := st.s.src.Open(st.t.ctx, sp, o.st.Position, st.wake)
	if err != nil {
		return nil, splitError(sp, err)
	}
	if br, ok := r.(dataflow.BadRowReader); ok && st.bad != nil {
		br.OnBad(st.badRow)
	}
	o.r = r
	if st.s.unbounded {
		o.gauge = st.s.gauge(o, st.t.num)
	}
	st.open = append(st.open, o)
	return o, nil
}

func splitError(sp dataflow.Split, err error) error {
	return &dataflow.TaskError{Operator: "Scan", Split: sp.ID, Err: err}
}

// badRow writes a record that could not be decoded to the side output.
func (st *sourceTask) badRow(r dataflow.BadRow) error {
	if st.badBatch == nil {
		st.badBatch = vec.NewBatch(dataflow.SideSchema().Types())
	}
	st.badBatch.Reset()
	st.badBatch.AppendRow(vec.StringValue(r.Topic), vec.IntValue(int64(r.Partition)), vec.IntValue(r.Offset),
		vec.StringValue(r.Reason), vec.StringValue(string(r.Raw)))
	return st.bad.Emit(st.badBatch)
}

// read passes one batch of a split on. more is false when there was none; o.dry then tells a split
// that may have rows later from one that has ended.
func (st *sourceTask) read(o *openSplit) (more bool, err error) {
	b, err := o.r.Next()
	o.dry = false
	switch {
	case errors.Is(err, dataflow.ErrNoRows):
		o.dry = true
		o.note(0)
		return false, nil
	case errors.Is(err, io.EOF):
		o.st.Position, o.st.Finished = o.r.Position(), true
		o.note(0)
		st.finished = append(st.finished, o.st)
		if err := o.r.Close(); err != nil {
			return false, splitError(o.split, err)
		}
		o.r = closedReader{}
		return false, nil
	case err != nil:
		return false, splitError(o.split, err)
	}
	if b.Live() == 0 {
		return true, nil
	}
	st.s.rows.Add(int64(b.Live()))
	st.t.rowsIn.Add(int64(b.Live()))
	st.pace(b.Live())
	if st.s.watermark == nil || !st.s.unbounded {
		o.st.Rows += int64(b.N)
		o.note(b.Live())
		return true, st.t.chain.process(0, b)
	}
	n := b.Live()
	err = st.feed(o, b)
	o.note(n)
	return true, err
}

// pace works out when the next rows may be read so that they are no more a second than they may be.
func (st *sourceTask) pace(rows int) {
	rate := st.t.job.control.rate.Load()
	if rate <= 0 {
		return
	}
	if st.began.IsZero() || st.pacedAt != rate {
		st.began, st.paced, st.pacedAt = time.Now(), 0, rate
	}
	st.paced += int64(rows)
	st.due = st.began.Add(time.Duration(float64(st.paced) / float64(rate) * float64(time.Second)))
}

// states reports how far every split of this task was read.
func (st *sourceTask) states() []SplitState {
	out := append([]SplitState{}, st.finished...)
	for _, o := range st.open {
		if !o.st.Finished {
			s := o.st
			s.Position = o.r.Position()
			out = append(out, s)
		}
	}
	return out
}

// closedReader stands in for the reader of a split that has ended.
type closedReader struct{}

func (closedReader) Next() (*vec.Batch, error) { return nil, io.EOF }
func (closedReader) Position() []byte          { return nil }
func (closedReader) Close() error              { return nil }
