package main

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

// progress tells on stderr what goes on: lines, and, on a terminal, a moving bar for what takes
// long.
type progress struct {
	a   *app
	bar bool
	mu  sync.Mutex
}

func newProgress(a *app) *progress {
	_, tty := isTerminal(a.err)
	return &progress{a: a, bar: tty && !a.plain && !a.quiet}
}

func (p *progress) say(format string, args ...any) {
	if p.a.quiet {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprintf(p.a.err, format+"\n", args...)
}

// barWidth is the width of the bar; barStep is how often it moves.
const (
	barWidth = 24
	barStep  = 80 * time.Millisecond
)

// busy shows that something of unknown length is going on until the result is called.
func (p *progress) busy(what string) (done func()) {
	start := time.Now()
	if !p.bar {
		return func() { p.say("   %s: %v", what, time.Since(start).Round(time.Millisecond)) }
	}
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Add(1)
	go func() {
		defer wg.Done()
		t := time.NewTicker(barStep)
		defer t.Stop()
		for k := 0; ; k++ {
			select {
			case <-stop:
				return
			case <-t.C:
				at := k % barWidth
				bar := strings.Repeat(" ", at) + "=" + strings.Repeat(" ", barWidth-1-at)
				fmt.Fprintf(p.a.err, "\r   [%s] %s, %.1f s", bar, what, time.Since(start).Seconds())
			}
		}
	}()
	return func() {
		close(stop)
		wg.Wait()
		fmt.Fprintf(p.a.err, "\r\033[K   %s: %v\n", what, time.Since(start).Round(time.Millisecond))
	}
}
