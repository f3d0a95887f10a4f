package exec

import (
	"sync"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/vec"
)

// ringSize bounds the events that wait in one channel. With batches of up to 2,048 rows it keeps
// sender and receiver busy without hiding back-pressure; 16 measured no faster than 8.
const ringSize = 8

// inbox is where a task receives. It has one bounded FIFO a channel (one sender task and input)
// and an unbounded queue of mail. Senders block when their FIFO is full; the receiver can hold a
// channel back while others are drained, which is how barriers are aligned.
type inbox struct {
	mu       sync.Mutex
	ready    sync.Cond // the receiver waits for an event, mail or the end
	channels []channel
	mail     []mail
	next     int // channel to look at first, for fairness
	waiting  bool
	deaf     bool  // the receiver wants no more events, but mail
	done     error // not nil: the job has ended
}

type channel struct {
	room sync.Cond // its sender waits for room
	ring [ringSize]dataflow.Event
	head int
	n    int
	held bool
}

// mail is a message to the task itself, handled between events.
type mail func() error

func newInbox(channels int) *inbox {
	in := &inbox{channels: make([]channel, channels)}
	in.ready.L = &in.mu
	for i := range in.channels {
		in.channels[i].room.L = &in.mu
	}
	return in
}

// put adds an event to a channel and blocks while it is full. It returns ErrDone, or why the job
// ended, when the receiver takes no more. The sender's clock shows the time it was blocked.
func (in *inbox) put(ch int, e dataflow.Event, c *clock) error {
	in.mu.Lock()
	defer in.mu.Unlock()
	to := &in.channels[ch]
	if to.n == ringSize && in.done == nil && !in.deaf {
		was := c.enter(blocked)
		for to.n == ringSize && in.done == nil && !in.deaf {
			to.room.Wait()
		}
		c.enter(was)
	}
	if in.done != nil {
		return in.done
	}
	if in.deaf {
		return dataflow.ErrDone
	}
	to.ring[(to.head+to.n)%ringSize] = e
	to.n++
	if in.waiting {
		in.ready.Signal()
	}
	return nil
}

// post adds mail.
func (in *inbox) post(m mail) {
	in.mu.Lock()
	in.mail = append(in.mail, m)
	in.ready.Signal()
	in.mu.Unlock()
}

// get takes out the next mail or event. With wait unset it returns ok = false when there is none;
// with wait set it blocks. err is why the job ended.
func (in *inbox) get(wait bool) (ch int, e dataflow.Event, m mail, ok bool, err error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	for {
		if in.done != nil {
			return 0, e, nil, false, in.done
		}
		if len(in.mail) > 0 {
			m, in.mail = in.mail[0], in.mail[1:]
			return 0, e, m, true, nil
		}
		if ch, ok := in.pick(); ok {
			c := &in.channels[ch]
			e = c.ring[c.head]
			c.ring[c.head] = dataflow.Event{}
			c.head = (c.head + 1) % ringSize
			if c.n--; c.n == ringSize-1 {
				c.room.Signal()
			}
			return ch, e, nil, true, nil
		}
		if !wait {
			return 0, e, nil, false, nil
		}
		in.waiting = true
		in.ready.Wait()
		in.waiting = false
	}
}

// pick finds a channel with an event that is not held, round robin.
func (in *inbox) pick() (int, bool) {
	n := len(in.channels)
	for k := 0; k < n; k++ {
		ch := (in.next + k) % n
		if c := &in.channels[ch]; c.n > 0 && !c.held {
			in.next = (ch + 1) % n
			return ch, true
		}
	}
	return 0, false
}

// hold keeps the events of a channel back until release.
func (in *inbox) hold(ch int) {
	in.mu.Lock()
	in.channels[ch].held = true
	in.mu.Unlock()
}

// release lets all channels go.
func (in *inbox) release() {
	in.mu.Lock()
	for i := range in.channels {
		in.channels[i].held = false
	}
	in.mu.Unlock()
}

// finish ends the inbox: senders and the receiver get err from now on.
func (in *inbox) finish(err error) {
	in.mu.Lock()
	if in.done == nil {
		in.done = err
	}
	in.ready.Broadcast()
	for i := range in.channels {
		in.channels[i].room.Broadcast()
	}
	in.mu.Unlock()
}

// batchPool recycles the batches of one exchange.
type batchPool struct {
	types []vec.Type
	pool  sync.Pool
}

func newBatchPool(types []vec.Type) *batchPool {
	p := &batchPool{types: types}
	p.pool.New = func() any { return vec.NewBatch(types) }
	return p
}

func (p *batchPool) get() *vec.Batch { return p.pool.Get().(*vec.Batch) }

func (p *batchPool) put(b *vec.Batch) {
	mangle(b)
	b.Reset()
	p.pool.Put(b)
}

// doneReceiving tells senders that no more rows are wanted; mail still arrives.
func (in *inbox) doneReceiving() {
	in.mu.Lock()
	in.deaf = true
	for i := range in.channels {
		c := &in.channels[i]
		c.ring, c.n, c.head = [ringSize]dataflow.Event{}, 0, 0
		c.room.Broadcast()
	}
	in.mu.Unlock()
}

// refuses tells whether the receiver takes no more events.
func (in *inbox) refuses() bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.deaf
}
