package tui

import (
	"runtime"
	"sync"
	"time"
)

// boost gives the runtime more processors while keys are pressed. With n of them on n cores, a key that
// is pressed while a query takes all waits behind its tasks in the queue of runnable goroutines, which
// takes them in slices of 10 ms; with more, the kernel shares the time, and is fair to what slept. But
// tasks that pass batches to each other lose a quarter of their rows a second to it, so it ends soon
// after the last key (docs/decisions/010).
type boost struct {
	mu    sync.Mutex
	n     int         // processors without it
	timer *time.Timer // until it ends; nil: it never began
	on    bool
}

// boostFor is how long after a key the next one is expected.
const boostFor = 2 * time.Second

// press begins or prolongs the boost.
func (b *boost) press() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.timer == nil {
		b.timer = time.AfterFunc(boostFor, b.end)
	} else {
		b.timer.Reset(boostFor)
	}
	if !b.on {
		b.on = true
		b.n = runtime.GOMAXPROCS(0)
		runtime.GOMAXPROCS(2*b.n + 2)
	}
}

// end takes the processors away again.
func (b *boost) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.on {
		b.on = false
		runtime.GOMAXPROCS(b.n)
	}
}
