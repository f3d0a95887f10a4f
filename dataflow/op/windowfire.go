package op

import (
	"cmp"
	"errors"
	"slices"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/state"
	"github.com/riffle-io/riffle/dataflow/vec"
)

// Advance fires the windows that end at wm or before.
func (w *windowAgg) Advance(wm dataflow.Time, out dataflow.Output) (dataflow.Time, error) {
	if wm <= w.wm {
		return wm, nil
	}
	var err error
	if w.sliced {
		err = w.fireSlices(wm, out)
	} else {
		n := 0
		for ; n < len(w.panes) && w.panes[n].at <= wm && err == nil; n++ {
			err = w.emitPanes(w.panes[n:n+1], w.panes[n].at, out)
		}
		err = errors.Join(err, w.drop(n))
	}
	w.wm = wm
	return wm, err
}

// fireSlices fires windows by merging their slices, and drops slices that no later window has.
func (w *windowAgg) fireSlices(wm dataflow.Time, out dataflow.Output) error {
	for fired := w.wm; ; {
		end, ok := w.nextWindow(fired)
		if !ok || end > wm {
			break
		}
		if err := w.fire(end, out); err != nil {
			return err
		}
		fired = end
	}
	n := 0
	for n < len(w.panes) && w.win.lastEnd(w.panes[n].at) <= wm {
		n++
	}
	return w.drop(n)
}

// nextWindow is the end of the first window after fired that has rows.
func (w *windowAgg) nextWindow(fired int64) (int64, bool) {
	best, ok := int64(0), false
	for _, p := range w.panes {
		end := w.win.firstEnd(p.at)
		if end <= fired {
			end += ((fired-end)/w.win.Slide + 1) * w.win.Slide
		}
		if end <= w.win.lastEnd(p.at) && (!ok || end < best) {
			best, ok = end, true
		}
		if ok && p.at >= best {
			break // later slices have later windows only
		}
	}
	return best, ok
}

// fire emits the window that ends at end.
func (w *windowAgg) fire(end int64, out dataflow.Output) error {
	start := w.win.startOf(end)
	lo, _ := slices.BinarySearchFunc(w.panes, start, func(p pane, at int64) int { return cmp.Compare(p.at, at) })
	hi, _ := slices.BinarySearchFunc(w.panes, end, func(p pane, at int64) int { return cmp.Compare(p.at, at) })
	return w.emitPanes(w.panes[lo:hi], end, out)
}

// emitWindow emits the groups of the window that ends at end.
func (w *windowAgg) emitWindow(g *groups, end int64, out dataflow.Output) error {
	start := int64(0)
	if w.win != nil {
		start = w.win.startOf(end)
	}
	for at := state.Ref(0); at != state.NoRef; {
		w.emit.refs, at = g.t.Scan(at, w.emit.refs[:0])
		refs := w.emit.refs
		if len(refs) == 0 {
			continue
		}
		err := w.emit.rows(g, refs, func(c int, dst *vec.Vec) {
			switch {
			case c == w.spec.Window.End:
				fill(dst, end, len(refs))
			case c == w.spec.Window.Start && w.win != nil:
				fill(dst, start, len(refs))
			default:
				g.t.Gather(slices.Index(w.inner, c), refs, dst)
			}
		}, out)
		if err != nil {
			return err
		}
	}
	return nil
}

func fill(dst *vec.Vec, x int64, n int) {
	dst.Resize(n)
	for i := range dst.I64 {
		dst.I64[i] = x
	}
}
