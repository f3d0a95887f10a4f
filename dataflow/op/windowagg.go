package op

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/state"
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/spill"
)

// windowAgg aggregates by keys and windows of event time. Groups are kept in panes, one table a
// pane, so that a window is dropped by dropping its table:
//
//	sliced: a pane is a slice, of which every window has a whole number (hopping and cumulating
//	        windows); a row is added once, and slices are merged when a window fires
//	direct: a pane is a window (tumbling windows; DISTINCT, whose states do not merge; input whose
//	        rows have been assigned already)
//
// A window fires when the watermark reaches its end; windows fire in order of their ends. A row of
// a window that has fired goes to the side output "late", once for every such window.
type windowAgg struct {
	dataflow.Base
	spec   AggSpec
	p      *aggPlan
	win    *slicing // nil: the input is assigned
	sliced bool
	inner  []int // by key of the plan: position in spec.Keys
	bound  *expr.Evaluator
	cols   []int // AggFinal: columns of the input that the plan sees

	tc    *dataflow.TaskContext
	over  *overdraft // AggSingle and AggFinal
	mem   state.Budget
	emit  *emitter
	late  *lateRows
	wm    dataflow.Time
	panes []pane // in order
	last  int    // pane of the last batch
	cut   paneCut
	seen  int

	slack   int64 // see paneSlack
	spills  int   // panes written to disk
	spilled int64 // bytes of them
}

// pane is the groups of one window, or of one slice: at is the window's end or the slice's start.
type pane struct {
	at   int64
	g    *groups
	runs []*paneRun // older states of the groups
}

// NewWindowAgg is an aggregation of which two keys are the bounds of a window.
func NewWindowAgg(spec AggSpec) (dataflow.Operator, error) {
	if spec.Window == nil {
		return nil, errors.New("op: a window aggregation without a window")
	}
	w := &windowAgg{spec: spec, wm: dataflow.MinTime, slack: paneSlack}
	inner := spec
	inner.Keys = nil
	for i, k := range spec.Keys {
		if i == spec.Window.End || i == spec.Window.Start && spec.Window.Assign != nil {
			continue
		}
		inner.Keys = append(inner.Keys, k)
		w.inner = append(w.inner, i)
	}
	var err error
	if w.p, err = compileAgg(inner, false); err != nil {
		return nil, err
	}
	switch {
	case spec.Window.Assign != nil:
		s, err := newSlicing(*spec.Window.Assign)
		if err != nil {
			return nil, err
		}
		w.win = &s
		w.sliced = s.Kind != Tumble && len(w.p.aux) == 0
	case spec.Mode == AggFinal:
		w.cols = slices.Clone(w.inner)
		for _, a := range spec.Aggs {
			for range a.StateTypes() {
				w.cols = append(w.cols, len(spec.Keys)+len(w.cols)-len(w.inner))
			}
		}
	default:
		if w.bound, err = expr.Compile(spec.Keys[spec.Window.End]); err != nil {
			return nil, err
		}
	}
	return w, nil
}

func (w *windowAgg) Open(tc *dataflow.TaskContext) error {
	w.tc, w.mem = tc, tc.Budget
	if w.spec.Mode != AggPartial {
		w.over = &overdraft{b: tc.Budget, slack: w.slack}
		w.mem = w.over
	}
	w.late = newLateRows(tc)
	types := make([]vec.Type, len(w.spec.Keys))
	for i, k := range w.spec.Keys {
		types[i] = k.Type()
	}
	w.emit = newEmitter(w.p, types)
	return nil
}

func (w *windowAgg) Process(_ int, b *vec.Batch, out dataflow.Output) error {
	times, err := w.times(b)
	if err != nil {
		return err
	}
	in := b
	if w.spec.Mode == AggFinal {
		in = b.Project(w.cols)
	}
	if err := w.p.eval(in); err != nil {
		return err
	}
	w.cut.cut(b, times, w.win)
	for _, i := range w.cut.nulls {
		w.late.add(int(i), 0, 0, noTime)
	}
	for i := range w.cut.parts {
		part := &w.cut.parts[i]
		if err := w.add(in, part, out); err != nil {
			return err
		}
	}
	if err := w.late.emit(b, w.wm); err != nil {
		return err
	}
	if w.spec.Mode == AggPartial {
		return w.limit(b.Live(), out)
	}
	return nil
}

// times is the column that rows are assigned to panes by: event times, or ends of windows.
func (w *windowAgg) times(b *vec.Batch) (*vec.Vec, error) {
	switch {
	case w.win != nil:
		return b.Cols[w.win.Time], nil
	case w.bound != nil:
		return w.bound.Eval(b)
	}
	return b.Cols[w.spec.Window.End], nil
}

// add takes the rows of one slice, or of one window when the input is assigned.
func (w *windowAgg) add(b *vec.Batch, part *paneRows, out dataflow.Output) error {
	switch {
	case w.win == nil:
		if part.at <= w.wm && w.spec.Mode != AggFinal {
			w.markLate(b, part, part.at, part.at)
			return nil
		}
		return w.update(part.at, b, part.rows(b), out)
	case w.win.lastEnd(part.at) <= part.at:
		return nil // in a gap between windows
	case w.win.lastEnd(part.at) > w.wm && w.sliced:
		if w.win.firstEnd(part.at) <= w.wm {
			w.win.windows(part.at, func(start, end int64) {
				if end <= w.wm {
					w.markLate(b, part, start, end)
				}
			})
		}
		return w.update(part.at, b, part.rows(b), out)
	}
	var err error
	w.win.windows(part.at, func(start, end int64) {
		if end <= w.wm {
			w.markLate(b, part, start, end)
		} else if err == nil {
			err = w.update(end, b, part.rows(b), out)
		}
	})
	return err
}

// markLate notes rows of a window that has fired; start is end where only that is known.
func (w *windowAgg) markLate(b *vec.Batch, part *paneRows, start, end int64) {
	sel := part.rows(b)
	if sel == nil {
		for i := range b.N {
			w.late.add(i, start, end, isLate)
		}
		return
	}
	for _, i := range sel {
		w.late.add(int(i), start, end, isLate)
	}
}

// update adds rows to a pane. A refused budget makes a partial aggregation emit what it holds, and
// others write panes to disk.
func (w *windowAgg) update(at int64, b *vec.Batch, sel []int32, out dataflow.Output) error {
	if w.spec.Mode != AggPartial {
		g := w.pane(at)
		refs, err := w.find(g, b.N, sel)
		if err != nil {
			return err
		}
		return g.accumulate(b, sel, refs)
	}
	_, _, err := w.pane(at).update(b, sel)
	if !errors.Is(err, spill.ErrOverBudget) {
		return err
	}
	if err := w.Flush(out); err != nil {
		return err
	}
	_, _, err = w.pane(at).update(b, sel)
	return err
}

// pane finds or makes a pane.
func (w *windowAgg) pane(at int64) *groups {
	if w.last < len(w.panes) && w.panes[w.last].at == at {
		return w.panes[w.last].g
	}
	i, ok := slices.BinarySearchFunc(w.panes, at, func(p pane, at int64) int { return cmp.Compare(p.at, at) })
	if !ok {
		w.panes = slices.Insert(w.panes, i, pane{at: at, g: w.p.newGroups(w.mem)})
	}
	w.last = i
	return w.panes[i].g
}

// limit emits the groups of a partial aggregation when they outgrow the caches.
func (w *windowAgg) limit(rows int, out dataflow.Output) error {
	if w.seen += rows; w.seen < probeRows {
		return nil
	}
	w.seen = 0
	n := int64(0)
	for _, p := range w.panes {
		n += p.g.bytes()
	}
	if n < partialBytes {
		return nil
	}
	return w.Flush(out)
}

// Flush emits what a partial aggregation holds, for every window that has not fired.
func (w *windowAgg) Flush(out dataflow.Output) error {
	if w.spec.Mode != AggPartial {
		return nil
	}
	for _, p := range w.panes {
		if !w.sliced {
			if err := w.emitWindow(p.g, p.at, out); err != nil {
				return err
			}
			continue
		}
		var err error
		w.win.windows(p.at, func(_, end int64) {
			if end > w.wm && err == nil {
				err = w.emitWindow(p.g, end, out)
			}
		})
		if err != nil {
			return err
		}
	}
	return w.drop(len(w.panes))
}

// drop forgets the first n panes.
func (w *windowAgg) drop(n int) (err error) {
	for _, p := range w.panes[:n] {
		p.g.clear()
		for _, r := range p.runs {
			err = errors.Join(err, r.release())
		}
	}
	w.panes = slices.Delete(w.panes, 0, n)
	w.last = 0
	return err
}

// Explain tells when the open windows exceed the budget.
func (w *windowAgg) Explain() string {
	switch {
	case w.over == nil:
		return ""
	case w.spills > 0:
		return fmt.Sprintf("wrote open windows to disk %d times, %d bytes", w.spills, w.spilled)
	}
	return w.over.explain()
}

func (w *windowAgg) Close() error { return w.drop(len(w.panes)) }
