package exec

import (
	"errors"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/vec"
)

// maxBatchBytes closes a batch of an exchange early when its rows are wide.
const maxBatchBytes = 1 << 20

// exchange is the sending end of a stage boundary in one task. It is used from that task only.
// Rows are copied into batches that are given away to the receivers.
type exchange struct {
	kind  plan.ExchangeKind
	keys  []int
	to    []receiver
	pool  *batchPool
	open  []*vec.Batch // being filled, by receiver; nil: none
	done  int          // receivers that want no more rows
	clock *clock
	turn  int // rebalance: next receiver
	hash  []uint64
	parts [][]int32
}

// receiver is one channel of one inbox.
type receiver struct {
	in   *inbox
	ch   int
	done bool
}

func newExchange(kind plan.ExchangeKind, keys []int, to []receiver, pool *batchPool, t *task) *exchange {
	return &exchange{kind: kind, keys: keys, to: to, pool: pool, open: make([]*vec.Batch, len(to)), clock: &t.clock, turn: t.num % max(1, len(to)), parts: make([][]int32, len(to))}
}

// Emit routes the live rows of b.
func (x *exchange) Emit(b *vec.Batch) error {
	if b.Live() == 0 {
		return nil
	}
	if len(x.to) == 1 {
		return x.add(0, b, nil)
	}
	switch x.kind {
	case plan.HashBy:
		return x.emitHash(b)
	case plan.Broadcast:
		for r := range x.to {
			if err := x.add(r, b, nil); err != nil {
				return err
			}
		}
		return nil
	}
	x.turn = (x.turn + 1) % len(x.to)
	return x.add(x.turn, b, nil)
}

func (x *exchange) emitHash(b *vec.Batch) error {
	if cap(x.hash) < b.N {
		x.hash = make([]uint64, max(b.N, vec.MaxRows))
	}
	hash := x.hash[:b.N]
	b.Hash(hash, x.keys)
	for r := range x.parts {
		x.parts[r] = x.parts[r][:0]
	}
	p := len(x.to)
	n := b.Live()
	for k := 0; k < n; k++ {
		i := b.Row(k)
		r := dataflow.GroupTask(dataflow.KeyGroup(hash[i]), p)
		x.parts[r] = append(x.parts[r], int32(i))
	}
	for r, sel := range x.parts {
		if len(sel) > 0 {
			if err := x.add(r, b, sel); err != nil {
				return err
			}
		}
	}
	return nil
}

// add copies rows to receiver r's open batch and sends it when it is full.
func (x *exchange) add(r int, b *vec.Batch, sel []int32) error {
	if x.to[r].done {
		return x.allDone()
	}
	o := x.open[r]
	if o != nil && !sameDicts(o, b) { // keep dictionary codes: one dictionary a batch
		if err := x.send(r); err != nil {
			return err
		}
		o = nil
	}
	if o == nil {
		o = x.pool.get()
		x.open[r] = o
	}
	o.Append(b, sel)
	if o.N >= vec.MaxRows || o.Bytes() >= maxBatchBytes {
		return x.send(r)
	}
	return nil
}

// sameDicts is false when appending b to o would flatten a dictionary column of enough rows to be
// worth a batch of its own.
func sameDicts(o, b *vec.Batch) bool {
	if o.N < vec.MaxRows/4 {
		return true
	}
	for c, v := range o.Cols {
		if v.Form == vec.Dict && v.Dict != b.Cols[c].Dict {
			return false
		}
	}
	return true
}

func (x *exchange) send(r int) error {
	b := x.open[r]
	if b == nil {
		return nil
	}
	x.open[r] = nil
	return x.put(r, dataflow.Event{Kind: dataflow.KindBatch, Batch: b})
}

func (x *exchange) put(r int, e dataflow.Event) error {
	if x.to[r].done {
		return x.allDone()
	}
	err := x.to[r].in.put(x.to[r].ch, e, x.clock)
	if errors.Is(err, dataflow.ErrDone) {
		x.to[r].done = true
		x.done++
		return x.allDone()
	}
	return err
}

// ask notes which receivers want no more rows, and returns what allDone does.
func (x *exchange) ask() error {
	for r := range x.to {
		if to := &x.to[r]; !to.done && to.in.refuses() {
			to.done = true
			x.done++
		}
	}
	return x.allDone()
}

// allDone is ErrDone once no receiver wants rows.
func (x *exchange) allDone() error {
	if x.done == len(x.to) {
		return dataflow.ErrDone
	}
	return nil
}

// flush sends what is open. Control events call it, and a task that has nothing to do.
func (x *exchange) flush() error {
	for r := range x.open {
		if err := x.send(r); err != nil && !errors.Is(err, dataflow.ErrDone) {
			return err
		}
	}
	return nil
}

// broadcast flushes and passes a control event to every receiver.
func (x *exchange) broadcast(e dataflow.Event) error {
	if err := x.flush(); err != nil {
		return err
	}
	for r := range x.to {
		if err := x.put(r, e); err != nil && !errors.Is(err, dataflow.ErrDone) {
			return err
		}
	}
	return nil
}
