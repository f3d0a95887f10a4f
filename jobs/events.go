package jobs

import "sync"

// events passes what happens on to those who listen. A listener that does not keep up loses events
// and is told how many.
type events struct {
	mu        sync.Mutex
	listeners map[*listener]bool
	closed    bool
}

// listener receives events; lost counts those that found its queue full.
type listener struct {
	ch   chan Event
	lost int
}

// queued is how many events wait for a listener.
const queued = 256

func (e *events) publish(ev Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for l := range e.listeners {
		select {
		case l.ch <- ev:
		default:
			l.lost++
		}
	}
}

// listen returns a channel that is closed by stop or with the server.
func (e *events) listen() (ch <-chan Event, stop func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	l := &listener{ch: make(chan Event, queued)}
	if e.closed {
		close(l.ch)
		return l.ch, func() {}
	}
	if e.listeners == nil {
		e.listeners = map[*listener]bool{}
	}
	e.listeners[l] = true
	return l.ch, func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		if e.listeners[l] {
			delete(e.listeners, l)
			close(l.ch)
		}
	}
}

func (e *events) close() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
	for l := range e.listeners {
		close(l.ch)
	}
	e.listeners = nil
}
