package state

import (
	"slices"
	"sync/atomic"
)

// Frozen is a table as it was when it was frozen. It is read from one goroutine at a time; Release
// lets go of it.
type Frozen struct {
	View
	rows    int
	done    atomic.Bool
	number  int32   // in its History
	changed changes // since the table's snapshot before
	all     bool    // there was none: all rows are new
}

// Freeze returns the rows as they are now. It copies the directory of pages only: the pages are
// shared until one of them is written.
func (t *Table) Freeze() *Frozen {
	t.prune()
	f := &Frozen{View: t.View, rows: t.rows}
	f.pages = slices.Clone(t.pages)
	f.arena = slices.Clone(t.arena)
	f.cols = slices.Clone(t.cols)
	for i := range t.shared {
		t.shared[i] = true
	}
	t.nshared = len(t.shared)
	t.frozen = append(t.frozen, f)
	return f
}

// Rows is the number of live rows.
func (f *Frozen) Rows() int { return f.rows }

// Release ends the reading.
func (f *Frozen) Release() {
	f.pages, f.arena, f.changed.pages = nil, nil, nil
	f.done.Store(true)
}

// prune forgets snapshots that were released; when none is left, pages are written in place again.
func (t *Table) prune() {
	t.frozen = slices.DeleteFunc(t.frozen, func(f *Frozen) bool { return f.done.Load() })
	if len(t.frozen) == 0 && t.nshared > 0 {
		clear(t.shared)
		t.nshared = 0
	}
}

// own makes page pg writable.
func (t *Table) own(pg int) {
	if t.nshared > 0 && t.shared[pg] {
		p := newPage()
		*p = *t.pages[pg]
		t.pages[pg] = p
		t.shared[pg] = false
		t.nshared--
	}
}

// Touch must be called before the values of rows are written through Pages. It copies pages that a
// snapshot still reads, and notes the rows for the next one.
func (t *Table) Touch(refs []Ref) {
	if t.follows {
		t.markAll(refs)
	}
	if t.nshared == 0 {
		return
	}
	if t.prune(); t.nshared == 0 {
		return
	}
	for _, r := range refs {
		if t.shared[r>>PageShift] {
			t.own(int(r >> PageShift))
		}
	}
}
