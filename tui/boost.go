package tui

import (
	"bytes"
	"os"
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

// keyboard is the terminal's input. It begins the boost as soon as something was typed: from there to the
// screen's goroutine there are others, which would each wait behind the query.
type keyboard struct {
	*os.File
	boost *boost
}

func (k keyboard) Read(p []byte) (int, error) {
	n, err := k.File.Read(p)
	if n > 0 && !isReport(p[:n]) {
		k.boost.press()
	}
	return n, err
}

// isReport tells what a terminal answers or says by itself from a key: its focus (CSI I, CSI O), its modes
// and place (CSI … y, R, c, n, t), and strings (OSC, DCS).
func isReport(b []byte) bool {
	if len(b) < 3 || b[0] != 0x1b {
		return false
	}
	switch b[1] {
	case ']', 'P':
		return true
	case '[':
		return bytes.IndexByte([]byte("IOyRcnt"), b[len(b)-1]) >= 0
	}
	return false
}
