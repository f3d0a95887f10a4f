package op

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/state"
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/spill"
)

// Windows beyond the budget. When memory is refused, the groups of the largest pane go to disk as a
// paneRun and its table begins anew, so that rows which come later need not read what is there. The
// states of a group in all runs of its pane and in its table are merged when a window of it fires: at
// once where they fit in memory, else in parts by the hash of the keys.

// paneRun is groups of a pane on disk. It never changes, and is shared by the pane and by snapshots
// that are being written.
type paneRun struct {
	tables []*spill.Run  // by number
	fixed  []state.Fixed // by number: their places in snapshots
	refs   atomic.Int32
}

// maxPaneRuns is how many runs a pane may have; with more they become one, so that panes which go to
// disk over and over do not leave thousands of files.
const maxPaneRuns = 32

// toDisk writes the groups of p's table to disk, and empties it.
func (p *pane) toDisk(dir string) (*paneRun, error) {
	each, old := p.g.view().each, p.runs
	if len(old) < maxPaneRuns {
		old = nil
	} else {
		each = p.each
	}
	r := &paneRun{fixed: make([]state.Fixed, 1+len(p.g.aux))}
	r.refs.Store(1)
	for number := range r.fixed {
		run, err := writeRun(dir, p.g.p.tableTypes(number), func(put func(*vec.Batch) error) error { return each(number, put) })
		if err != nil {
			return nil, errors.Join(fmt.Errorf("spill window: %w", err), r.release())
		}
		r.tables = append(r.tables, run)
	}
	p.g.clear()
	p.runs = append(p.runs[len(old):], r)
	var err error
	for _, o := range old {
		err = errors.Join(err, o.release())
	}
	return r, err
}

// writeRun writes what fn puts.
func writeRun(dir string, types []vec.Type, fn func(put func(*vec.Batch) error) error) (*spill.Run, error) {
	w, err := spill.NewRunWriter(dir, types)
	if err != nil {
		return nil, err
	}
	if err := fn(w.Write); err != nil {
		return nil, errors.Join(err, w.Abort())
	}
	return w.Finish()
}

// release drops one use; the last one deletes the files.
func (r *paneRun) release() (err error) {
	if r.refs.Add(-1) > 0 {
		return nil
	}
	for _, t := range r.tables {
		err = errors.Join(err, t.Close())
	}
	return err
}

// each calls fn with the rows of table number.
func (p *pane) each(number int, fn func(b *vec.Batch) error) error {
	for _, r := range p.runs {
		if err := readRun(r.tables[number], fn); err != nil {
			return err
		}
	}
	return p.g.view().each(number, fn)
}

// evict writes the largest pane to disk; of equal ones that which fires last. ok is false when none
// has groups.
func (w *windowAgg) evict() (ok bool, err error) {
	best, size := -1, int64(0)
	for i := range w.panes {
		if g := w.panes[i].g; g.t.Rows() > 0 && g.bytes() >= size {
			best, size = i, g.bytes()
		}
	}
	if best < 0 {
		return false, nil
	}
	r, err := w.panes[best].toDisk(w.tc.SpillDir)
	if err != nil {
		return false, err
	}
	w.spills++
	for _, t := range r.tables {
		w.spilled += t.Bytes()
	}
	return true, nil
}

// paneSlack is what open windows may take beyond the budget before any goes to disk: tables of a few
// keys each, which files would not make smaller.
const paneSlack = 4 << 20

// fit runs fn, which changes nothing when memory is refused, until that is granted: panes go to disk
// one by one, and when none is left fn gets what it needs.
func (w *windowAgg) fit(fn func() error) error {
	if w.over == nil { // partial: it has other ways
		return fn()
	}
	for {
		w.over.strict = true
		err := fn()
		w.over.strict = false
		if !errors.Is(err, spill.ErrOverBudget) {
			return err
		}
		if ok, err := w.evict(); err != nil {
			return fmt.Errorf("open windows need more memory than the budget gives (--memory): %w", err)
		} else if !ok {
			return fn()
		}
	}
}

// find is groups.find, for which panes go to disk when memory is refused.
func (w *windowAgg) find(g *groups, n int, sel []int32) ([]state.Ref, error) {
	w.over.strict = true
	refs, _, err := g.find(n, sel)
	w.over.strict = false
	if !errors.Is(err, spill.ErrOverBudget) {
		return refs, err
	}
	err = w.fit(func() (err error) { _, _, err = g.find(n, sel); return err })
	return g.p.s.refs, err
}

// hashPart is the keys whose hashes have the bits prefix, spillBits for each level; level 0 is all.
type hashPart struct {
	level  int
	prefix uint64
}

// maxPanePart is the level of parts that get the memory they need.
const maxPanePart = 2

// sel selects the rows of a part.
func (h hashPart) sel(b *vec.Batch, keys []int) []int32 {
	if h.level == 0 {
		return b.Sel
	}
	hash := make([]uint64, b.N)
	b.Hash(hash, keys)
	sel := make([]int32, 0, b.N)
	for k := range b.Live() {
		// The top 7 bits are key groups, equal for all rows of few tasks.
		if i := b.Row(k); hash[i]<<7>>(64-spillBits*h.level) == h.prefix {
			sel = append(sel, int32(i))
		}
	}
	return sel
}

// emitPanes emits the window that ends at end, whose rows are in panes.
func (w *windowAgg) emitPanes(panes []pane, end int64, out dataflow.Output) error {
	if len(panes) == 1 && len(panes[0].runs) == 0 {
		return w.emitWindow(panes[0].g, end, out)
	}
	if err := w.emitPart(panes, hashPart{}, end, out); err != nil {
		return fmt.Errorf("merge a window: %w", err)
	}
	return nil
}

// emitPart emits the keys of a part: itself, or divided when it does not fit in memory.
func (w *windowAgg) emitPart(panes []pane, part hashPart, end int64, out dataflow.Output) error {
	mem := &overdraft{b: w.tc.Budget, strict: w.over != nil} // a partial aggregation must fire now
	sum := w.p.newGroups(mem)
	defer sum.clear()
	for {
		err := w.merge(sum, panes, part)
		if err == nil {
			return w.emitWindow(sum, end, out)
		}
		if !errors.Is(err, spill.ErrOverBudget) {
			return err
		}
		sum.clear()
		if ok, err := w.evict(); err != nil {
			return err
		} else if ok {
			continue
		}
		if part.level < maxPanePart && len(w.p.keyTypes) > 0 {
			break
		}
		mem.strict = false
	}
	for i := range uint64(spillFan) {
		if err := w.emitPart(panes, hashPart{part.level + 1, part.prefix<<spillBits | i}, end, out); err != nil {
			return err
		}
	}
	return nil
}

// merge adds the states of the keys of a part to sum, which was empty.
func (w *windowAgg) merge(sum *groups, panes []pane, part hashPart) error {
	keys := upTo(len(w.p.keyTypes))
	for number := 0; number <= len(w.p.aux); number++ {
		for i := range panes {
			err := panes[i].each(number, func(b *vec.Batch) error {
				if w.tc.Ctx.Err() != nil {
					return context.Cause(w.tc.Ctx)
				}
				sel := part.sel(b, keys)
				if sel != nil && len(sel) == 0 {
					return nil
				}
				return sum.restore(number, b, sel, 0)
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}
