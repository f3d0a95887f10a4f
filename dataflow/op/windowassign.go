package op

import (
	"errors"
	"fmt"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/vec"
)

// WindowKind is a way to assign windows.
type WindowKind uint8

// The kinds.
const (
	Tumble WindowKind = iota
	Hop
	Cumulate
	Session
)

// WindowSpec assigns rows to windows of event time.
type WindowSpec struct {
	Kind   WindowKind
	Time   int   // column of the input, a timestamp
	Size   int64 // µs
	Slide  int64 // µs; HOP: from start to start, CUMULATE: the step. It need not divide Size for HOP
	Offset int64 // µs
}

// ErrSession says that session windows cannot be assigned row by row.
var ErrSession = errors.New("SESSION windows are not supported yet")

// slicing cuts event time into slices such that every window is a whole number of them.
type slicing struct {
	WindowSpec
	width int64
}

func newSlicing(w WindowSpec) (slicing, error) {
	s := slicing{w, w.Size}
	switch {
	case w.Kind == Session:
		return s, ErrSession
	case w.Size <= 0:
		return s, fmt.Errorf("window size %d µs: must be positive", w.Size)
	case w.Kind == Tumble:
		s.Slide = w.Size
		return s, nil
	case w.Slide <= 0:
		return s, fmt.Errorf("window slide %d µs: must be positive", w.Slide)
	case w.Kind == Cumulate && w.Size%w.Slide != 0:
		return s, fmt.Errorf("CUMULATE: the step of %d µs does not divide the size of %d µs", w.Slide, w.Size)
	case w.Kind == Cumulate:
		s.width = w.Slide
		return s, nil
	}
	s.width = gcd(w.Size, w.Slide)
	return s, nil
}

func gcd(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// floor is the largest multiple of step, plus the offset, that is not above t.
func (s *slicing) floor(t, step int64) int64 {
	r := (t - s.Offset) % step
	if r < 0 {
		r += step
	}
	return t - r
}

// slice is the start of the slice that t is in.
func (s *slicing) slice(t int64) int64 { return s.floor(t, s.width) }

// windows calls fn with the bounds of the windows that contain the slice that starts at lo, in
// order of their ends.
func (s *slicing) windows(lo int64, fn func(start, end int64)) {
	for end := s.firstEnd(lo); ; {
		start := s.startOf(end)
		if start > lo {
			return
		}
		fn(start, end)
		next := s.nextEnd(end)
		if next <= end {
			return
		}
		end = next
	}
}

// firstEnd is the end of the first window that contains the slice that starts at lo. A slide larger
// than the size leaves gaps: the window then may start after lo.
func (s *slicing) firstEnd(lo int64) int64 {
	switch s.Kind {
	case Cumulate, Tumble:
		return lo + s.width
	}
	end := s.floor(lo-s.Size, s.Slide) + s.Size
	for end <= lo {
		end += s.Slide
	}
	return end
}

// nextEnd is the end of the window after the one that ends at end.
func (s *slicing) nextEnd(end int64) int64 { return end + s.Slide }

// startOf is the start of the window that ends at end.
func (s *slicing) startOf(end int64) int64 {
	if s.Kind == Cumulate {
		return s.floor(end-1, s.Size)
	}
	return end - s.Size
}

// lastEnd is the end of the last window that contains the slice that starts at lo.
func (s *slicing) lastEnd(lo int64) int64 {
	switch s.Kind {
	case Tumble:
		return lo + s.Size
	case Cumulate:
		return s.floor(lo, s.Size) + s.Size
	}
	return s.floor(lo, s.Slide) + s.Size
}

// windowAssign appends window_start, window_end and window_time to each row, once for every window
// that the row is in, in order of the ends. Rows without an event time are in no window: they go to
// the side output "late".
type windowAssign struct {
	dataflow.Base
	s    slicing
	late *lateRows
	idx  []int32
	ends []int64
	out  *vec.Batch
}

// NewWindowAssign is the operator of a Window node.
func NewWindowAssign(w WindowSpec) (dataflow.Operator, error) {
	s, err := newSlicing(w)
	if err != nil {
		return nil, err
	}
	return &windowAssign{s: s}, nil
}

func (w *windowAssign) Open(tc *dataflow.TaskContext) error {
	w.late = newLateRows(tc)
	return nil
}

func (w *windowAssign) Process(_ int, b *vec.Batch, out dataflow.Output) error {
	times := b.Cols[w.s.Time]
	w.idx, w.ends = w.idx[:0], w.ends[:0]
	n := b.Live()
	for k := 0; k < n; k++ {
		i := b.Row(k)
		if times.IsNull(i) {
			w.late.add(i, 0, 0, noTime)
			continue
		}
		t := times.Base().I64[times.Index(i)]
		w.s.windows(w.s.slice(t), func(_, end int64) {
			w.idx, w.ends = append(w.idx, int32(i)), append(w.ends, end)
		})
		if len(w.idx) >= vec.MaxRows {
			if err := w.flush(b, out); err != nil {
				return err
			}
		}
	}
	if err := w.late.emit(b, dataflow.MinTime); err != nil {
		return err
	}
	return w.flush(b, out)
}

// flush emits the rows gathered so far.
func (w *windowAssign) flush(b *vec.Batch, out dataflow.Output) error {
	n := len(w.idx)
	if n == 0 {
		return nil
	}
	t := b.Cols[w.s.Time].Type
	if w.out == nil {
		w.out = &vec.Batch{}
		for range len(b.Cols) + 3 {
			w.out.Cols = append(w.out.Cols, &vec.Vec{})
		}
	}
	o := w.out
	o.N, o.Ops = n, nil
	for c, v := range b.Cols {
		o.Cols[c].Gather(v, w.idx, false)
	}
	bounds := o.Cols[len(b.Cols):]
	for _, v := range bounds {
		v.Type = t
		v.Resize(n)
	}
	for k, end := range w.ends {
		bounds[0].I64[k], bounds[1].I64[k], bounds[2].I64[k] = w.s.startOf(end), end, end-1
	}
	if b.Ops != nil {
		for _, i := range w.idx {
			o.Ops = append(o.Ops, b.Ops[i])
		}
	}
	w.idx, w.ends = w.idx[:0], w.ends[:0]
	return out.Emit(o)
}

// Reasons of rows in the side output "late".
const (
	noTime = "event time is null"
	isLate = "the window had closed"
)

// lateRows gathers rows for the side output "late": the row, the bounds of the window that had
// closed, the watermark that closed it, and the reason.
type lateRows struct {
	out    dataflow.Output
	idx    []int32
	bounds [][2]int64
	reason []string
}

func newLateRows(tc *dataflow.TaskContext) *lateRows {
	l := &lateRows{}
	if tc.Side != nil {
		l.out = tc.Side("late")
	}
	return l
}

// add notes row i of the batch at hand.
func (l *lateRows) add(i int, start, end int64, reason string) {
	l.idx = append(l.idx, int32(i))
	l.bounds = append(l.bounds, [2]int64{start, end})
	l.reason = append(l.reason, reason)
}

// emit passes the noted rows of b on. Bounds and watermark are NULL where there is no event time,
// and so is a start that is not known.
func (l *lateRows) emit(b *vec.Batch, wm dataflow.Time) error {
	if len(l.idx) == 0 {
		return nil
	}
	defer func() { l.idx, l.bounds, l.reason = l.idx[:0], l.bounds[:0], l.reason[:0] }()
	if l.out == nil {
		return nil
	}
	o := &vec.Batch{N: len(l.idx)}
	for _, v := range b.Cols {
		g := &vec.Vec{}
		g.Gather(v, l.idx, false)
		o.Cols = append(o.Cols, g)
	}
	start, end, mark, reason := vec.New(vec.TTimestamp, 0), vec.New(vec.TTimestamp, 0), vec.New(vec.TTimestamp, 0), vec.New(vec.TString, 0)
	for k, w := range l.bounds {
		null := l.reason[k] == noTime
		start.AppendValue(vec.Value{I: w[0], Null: null || w[0] == w[1]})
		end.AppendValue(vec.Value{I: w[1], Null: null})
		mark.AppendValue(vec.Value{I: wm, Null: wm == dataflow.MinTime})
		reason.AppendBytes([]byte(l.reason[k]))
	}
	o.Cols = append(o.Cols, start, end, mark, reason)
	return l.out.Emit(o)
}
