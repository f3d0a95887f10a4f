package exec

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/vec"
)

// chain is the fused operators of one task, first to last, and what follows the last one.
type chain struct {
	links []*link
	tail  tail
	task  *task
	wm    dataflow.Time // the watermark that came last
	at    *link         // whose operator is being called; left as it is by a panic
}

// tail is where the rows of the last operator go: an exchange, the job's result, or nowhere.
type tail interface {
	dataflow.Output
	flush() error
	broadcast(dataflow.Event) error
}

// link is one operator and the output it emits to, which is the next link.
type link struct {
	op    dataflow.Operator
	chain *chain
	id    string // stable name of the operator: snapshots are stored under it
	name  string // for people
	out   dataflow.Output
	open  bool
	sides []*side
	stats *opCounters // its wm is the promise it passed on last

	forgets bool // its state is in no snapshot
	lasts   bool // its state counts when it has ended, and may be written to many checkpoints
	decides bool // a sink whose own system says which checkpoint was committed last
}

// OpStats counts the work of one operator in one task. Time is with everything below it.
type OpStats struct {
	RowsIn, RowsOut int64
	Nanos           int64
	Note            string // what the operator says of itself at its end: "spilled 3 runs"
}

// newChain links operators so that each emits into the next.
func newChain(t *task, links []*link, tl tail) *chain {
	c := &chain{links: links, tail: tl, task: t, wm: dataflow.MinTime}
	var out dataflow.Output = tl
	for i := len(links) - 1; i >= 0; i-- {
		l := links[i]
		l.chain = c
		l.out = &emitter{next: out, stats: l.stats}
		out = &entry{l: l}
	}
	return c
}

// entry hands rows to a link's operator.
type entry struct{ l *link }

func (e *entry) Emit(b *vec.Batch) error { return e.l.process(0, b) }

// emitter counts what an operator emits.
type emitter struct {
	next  dataflow.Output
	stats *opCounters
}

func (e *emitter) Emit(b *vec.Batch) error {
	n := b.Live()
	if n == 0 {
		return nil
	}
	e.stats.out.Add(int64(n))
	if t := e.stats.tap.Load(); t != nil {
		t.fn(b)
	}
	return e.next.Emit(b)
}

func (l *link) process(in int, b *vec.Batch) error {
	l.stats.in.Add(int64(b.Live()))
	start := time.Now()
	outer := l.chain.at
	l.chain.at = l
	err := l.op.Process(in, b, l.out)
	l.chain.at = outer
	l.stats.nanos.Add(int64(time.Since(start)))
	if err != nil {
		return l.blame(err)
	}
	return nil
}

// count publishes how many keys the operator holds.
func (l *link) count() {
	if k, ok := l.op.(Keyed); ok {
		l.stats.keys.Store(k.Keys())
	}
}

// blame adds the operator's name to an error that has none.
func (l *link) blame(err error) error {
	var te *dataflow.TaskError
	if err == nil || errors.Is(err, dataflow.ErrDone) || errors.As(err, &te) {
		return err
	}
	return &dataflow.TaskError{Operator: l.name, Err: err}
}

// open opens the operators, last first, so that each may rely on the next.
func (c *chain) open() error {
	for i := len(c.links) - 1; i >= 0; i-- {
		l := c.links[i]
		l.open = true
		for _, s := range l.sides {
			if err := s.chain.open(); err != nil {
				return err
			}
		}
		c.at = l
		if err := l.op.Open(c.task.context(l)); err != nil {
			return l.blame(err)
		}
	}
	c.at = nil
	return nil
}

// close closes every operator that was opened and returns the first error.
func (c *chain) close() error {
	var first error
	for _, l := range c.links {
		if l.open {
			l.open = false
			if e, ok := l.op.(dataflow.Explainer); ok {
				l.stats.note = e.Explain()
			}
			if err := l.op.Close(); err != nil && first == nil {
				first = l.blame(err)
			}
		}
		for _, s := range l.sides {
			if err := s.chain.close(); err != nil && first == nil {
				first = err
			}
		}
	}
	return first
}

// process hands rows to the first operator, or on to the tail when there is none.
func (c *chain) process(in int, b *vec.Batch) error {
	if b.Live() == 0 {
		return nil
	}
	if len(c.links) == 0 {
		return c.tail.Emit(b)
	}
	return c.links[0].process(in, b)
}

// advance passes a watermark down the chain; each operator may hold it back.
func (c *chain) advance(wm dataflow.Time) error {
	c.wm = wm
	return c.advanceFrom(0, wm)
}

// advanceFrom passes a watermark to the i-th operator and those behind it.
func (c *chain) advanceFrom(i int, wm dataflow.Time) error {
	for _, l := range c.links[i:] {
		start := time.Now()
		c.at = l
		next, err := l.op.Advance(wm, l.out)
		c.at = nil
		l.stats.nanos.Add(int64(time.Since(start)))
		if err != nil && !errors.Is(err, dataflow.ErrDone) {
			return l.blame(err)
		}
		l.count()
		if next <= l.stats.wm.Load() {
			return nil
		}
		l.stats.wm.Store(next)
		wm = next
	}
	c.task.sent.Store(wm)
	return c.tail.broadcast(dataflow.Event{Kind: dataflow.KindWatermark, Time: wm})
}

// due is when the first operator that holds results back must let them go; zero: none does.
func (c *chain) due() (first time.Time) {
	for _, l := range c.links {
		if d, ok := l.op.(dataflow.Delayer); ok {
			if at := d.Due(); !at.IsZero() && (first.IsZero() || at.Before(first)) {
				first = at
			}
		}
	}
	return first
}

// flush has the operators emit what they hold back, and the watermark with it.
func (c *chain) flush() error {
	wm := c.wm
	for i, l := range c.links {
		if f, ok := l.op.(dataflow.Flusher); ok {
			c.at = l
			err := f.Flush(l.out)
			c.at = nil
			if err != nil {
				return l.blame(err)
			}
			if wm > l.stats.wm.Load() {
				if err := c.advanceFrom(i, wm); err != nil {
					return err
				}
			}
		}
		wm = l.stats.wm.Load()
		l.count()
	}
	return nil
}

// endSplit tells the operators that all rows of a split have come.
func (c *chain) endSplit(s dataflow.Split) error {
	for _, l := range c.links {
		e, ok := l.op.(dataflow.SplitEnder)
		if !ok {
			continue
		}
		start := time.Now()
		c.at = l
		err := e.EndSplit(s, l.out)
		c.at = nil
		l.stats.nanos.Add(int64(time.Since(start)))
		if err != nil {
			return l.blame(err)
		}
	}
	return nil
}

// idle tells receivers that nothing comes for a while. What operators hold back goes before: a
// watermark after it would mean that more is to come.
func (c *chain) idle() error {
	if err := c.flush(); err != nil {
		return err
	}
	return c.tail.broadcast(dataflow.Event{Kind: dataflow.KindIdle})
}

// repeat sends the last watermark again, which tells receivers that this task is idle no longer.
func (c *chain) repeat() error {
	wm := c.wm
	if n := len(c.links); n > 0 {
		wm = c.links[n-1].stats.wm.Load()
	}
	return c.tail.broadcast(dataflow.Event{Kind: dataflow.KindWatermark, Time: wm})
}

// endInput ends input in of the first operator and, when it was the last, the inputs of all
// others.
func (c *chain) endInput(in int, last bool) error {
	for i, l := range c.links {
		if i > 0 {
			in = 0
		}
		c.at = l
		err := l.op.EndInput(in, l.out)
		c.at = nil
		if err != nil && !errors.Is(err, dataflow.ErrDone) {
			return l.blame(err)
		}
		if !last {
			return nil
		}
		for _, s := range l.sides {
			if err := s.chain.endInput(0, true); err != nil {
				return err
			}
		}
	}
	return nil
}

// each calls fn for every link, those of side outputs included.
func (c *chain) each(fn func(*link) error) error {
	for _, l := range c.links {
		if err := fn(l); err != nil {
			return err
		}
		for _, s := range l.sides {
			if err := s.chain.each(fn); err != nil {
				return err
			}
		}
	}
	return nil
}

// side is a named side output of an operator: a small chain of its own in the same task.
type side struct {
	name  string
	chain *chain
	count atomic.Int64 // rows in this run of the job
}

// Emit counts rows and passes them on.
func (s *side) Emit(b *vec.Batch) error {
	s.count.Add(int64(b.Live()))
	return s.chain.process(0, b)
}

// resultTail hands rows to the job's caller.
type resultTail struct {
	out dataflow.Output
	wm  func(dataflow.Time)
}

func (r *resultTail) Emit(b *vec.Batch) error { return r.out.Emit(b) }
func (r *resultTail) flush() error {
	if f, ok := r.out.(interface{ Flush() error }); ok {
		return f.Flush()
	}
	return nil
}
func (r *resultTail) broadcast(e dataflow.Event) error {
	if e.Kind == dataflow.KindWatermark && r.wm != nil {
		r.wm(e.Time)
	}
	return r.flush()
}

// noTail refuses rows: the last operator of the chain emits none.
type noTail struct{ name string }

func (n noTail) Emit(*vec.Batch) error {
	return fmt.Errorf("exec: rows came out of %s, which has no output", n.name)
}
func (noTail) flush() error                   { return nil }
func (noTail) broadcast(dataflow.Event) error { return nil }
