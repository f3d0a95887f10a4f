package jobs

import (
	"fmt"
	"sync"
	"time"
)

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
		l.pass(ev)
	}
}

// pass queues an event, before it how many were lost when there is room again.
func (l *listener) pass(ev Event) {
	if l.lost > 0 && len(l.ch)+2 <= cap(l.ch) {
		l.ch <- Event{At: ev.At, Kind: "lost", Text: fmt.Sprintf("%d events came faster than they were taken, and are not here", l.lost)}
		l.lost = 0
	}
	if l.lost > 0 {
		l.lost++
		return
	}
	select {
	case l.ch <- ev:
	default:
		l.lost = 1
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

// lineLog is what the server knows of a job, in order: its events, also those of earlier servers,
// and of this one its checkpoints and the server's lines about it.
type lineLog struct {
	mu   sync.Mutex
	list []Event
}

func newLineLog(past []Event) lineLog { return lineLog{list: append([]Event{}, past...)} }

func (l *lineLog) add(e Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = append(l.list, e)
	if n := len(l.list) - keptLines; n > 0 {
		l.list = append([]Event{}, l.list[n:]...)
	}
}

// since copies what is not before t.
func (l *lineLog) since(t time.Time) (out []Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.list {
		if !e.At.Before(t) {
			out = append(out, e)
		}
	}
	return out
}
