package jobs

import (
	"sync"
	"time"

	"github.com/riffle-io/riffle/dataflow/vec"
)

// tapper samples batches in the tasks that emit them. What its reader does not take in time is
// counted and dropped.
type tapper struct {
	out     chan Tapped
	mu      sync.Mutex
	last    time.Time
	skipped int64
}

func newTapper() *tapper { return &tapper{out: make(chan Tapped, 4)} }

// look copies a few rows of b as text, ten times a second at most.
func (t *tapper) look(b *vec.Batch) {
	n := b.Live()
	if n == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	if now.Sub(t.last) < tapEvery {
		t.skipped += int64(n)
		return
	}
	t.last = now
	m := Tapped{Skipped: t.skipped + int64(n)}
	for k := range min(n, tapRows) {
		i := b.Row(k)
		row := make([]*string, len(b.Cols))
		for c, v := range b.Cols {
			if !v.IsNull(i) {
				text := v.Value(i).Format(v.Type)
				row[c] = &text
			}
		}
		m.Rows = append(m.Rows, row)
		m.Ops = append(m.Ops, vec.OpNames[b.Op(i)])
		m.Skipped--
	}
	select {
	case t.out <- m:
		t.skipped = 0
	default:
		t.skipped += int64(n)
	}
}
