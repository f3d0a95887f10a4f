package spill

import (
	"errors"
	"fmt"
	"sync"
)

// ErrOverBudget says that a reservation was refused. It is not a failure: spill, and ask again.
var ErrOverBudget = errors.New("spill: memory reservation refused")

// MinReservation is what a reservation gets whatever the limit is (one that holds nothing gets even
// more at once), so that every operator can do
// its work by spilling.
const MinReservation = 1 << 20

// Pool divides the memory of a process among its operators.
type Pool struct {
	mu    sync.Mutex
	limit int64
	used  int64
	peak  int64
}

// NewPool makes a pool of limit bytes; 0 is no limit.
func NewPool(limit int64) *Pool { return &Pool{limit: limit} }

// Used is the number of bytes granted now, and the largest number so far.
func (p *Pool) Used() (now, peak int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.used, p.peak
}

// Limit is the number of bytes to divide; 0 is no limit.
func (p *Pool) Limit() int64 { return p.limit }

// Reserve opens the reservation of one operator, called name in errors. It holds nothing yet.
func (p *Pool) Reserve(name string) *Reservation { return &Reservation{pool: p, name: name} }

// Reservation is one operator's share of a pool. It implements dataflow.Budget and belongs to one
// goroutine.
type Reservation struct {
	pool *Pool
	name string
	held int64
}

// Grow asks for n more bytes. It returns an error that wraps ErrOverBudget when they are not to be
// had. Up to MinReservation bytes are granted always.
func (r *Reservation) Grow(n int64) error {
	p := r.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.limit > 0 && p.used+n > p.limit && r.held+n > MinReservation && r.held > 0 {
		return fmt.Errorf("%s: %w: %d bytes held, %d more asked, %d of %d in use", r.name, ErrOverBudget, r.held, n, p.used, p.limit)
	}
	r.held += n
	p.used += n
	p.peak = max(p.peak, p.used)
	return nil
}

// Shrink gives n bytes back.
func (r *Reservation) Shrink(n int64) {
	if n > r.held {
		panic(fmt.Sprintf("spill: %s gives back %d bytes of %d", r.name, n, r.held))
	}
	r.pool.mu.Lock()
	r.pool.used -= n
	r.pool.mu.Unlock()
	r.held -= n
}

// Held is the number of bytes granted and not given back.
func (r *Reservation) Held() int64 { return r.held }
