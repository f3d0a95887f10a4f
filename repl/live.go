package repl

import (
	"sort"
	"sync"
	"time"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/exec"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/repl/render"
)

// liveBytes is the memory of a Live's changes. hardBytes is where the engine's own goroutine clears
// up when no reader has done so.
const (
	liveBytes = 64 << 20
	hardBytes = liveBytes + liveBytes/2
)

// Live records the result of a stream: the changes, in order, as many as fit into 64 MB, and the
// table that they make.
//
//	engine ─ record ─► open segment ─ seal ─► segments, oldest first ─ evict ─► base (the table as of First)
//	                                              └─ index: slot of each change, and its slot's change before
//
// The engine only copies rows: the index is brought up to date by those who look at the table. So
// no reader makes the engine wait longer than it takes to move some pointers; when the changes
// outgrow their memory and nobody has looked, the engine pays for the clearing up.
//
// Invariants: a sealed segment's rows never change; seq numbers are dense; First is the number of
// the oldest change held, and the table as of any change from First on can be made.
type Live struct {
	schema *vec.Schema
	limit  int64 // liveBytes; tests set less
	hard   int64
	late   *sideRing
	bad    *sideRing

	mu       sync.Mutex // guards what record writes
	open     *segment
	sealed   []*segment // not yet indexed
	next     int64
	bytes    int64 // of open, sealed and the index's segments
	wm       dataflow.Time
	ended    time.Time // zero: it goes on
	job      *exec.Job
	note     string // what bounds the state
	sampler  *sampler
	lastRow  time.Time // when the last change came
	finalRow bool      // changes are never taken back

	index liveIndex
}

// Change is one change of the result.
type Change struct {
	Seq       int64  // from 0, dense
	Op        string // +I -U +U -D
	Cells     []Cell
	Watermark time.Time // of the result when it came; zero: none yet
	At        time.Time // of the processing
}

// segment is a run of changes.
type segment struct {
	first int64 // seq of the first change
	b     *vec.Batch
	marks []mark
	bytes int64
	// The index's part, by row: the slot of the change, and the seq of the slot's change before it,
	// -1 for none.
	slots []int32
	prev  []int64
}

// mark says when the changes from row on came.
type mark struct {
	row int
	at  time.Time
	wm  dataflow.Time
}

func (s *segment) end() int64 { return s.first + int64(s.b.N) }

// markOf finds the mark of a row.
func (s *segment) markOf(row int) mark {
	i := sort.Search(len(s.marks), func(i int) bool { return s.marks[i].row > row })
	return s.marks[i-1]
}

func newLive(schema *vec.Schema, mode plan.Mode, key []int) *Live {
	l := &Live{schema: schema, limit: liveBytes, hard: hardBytes, wm: dataflow.MinTime, late: newSideRing("late"), bad: newSideRing("bad"), finalRow: mode == plan.Append}
	l.index = liveIndex{append: mode == plan.Append, key: key, byKey: map[string]int32{}}
	if key == nil {
		l.index.key = upTo(schema.Len())
		l.index.bag = true
	}
	l.sampler = newSampler(l)
	return l
}

// planned has the side outputs of the job kept, and notes what bounds its state.
func (l *Live) planned(phys plan.Node, o *exec.Options) {
	for _, side := range []*sideRing{l.late, l.bad} {
		if _, taken := o.Sides[side.name]; !taken {
			o.Sides[side.name] = side
		}
	}
	var walk func(plan.Node)
	walk = func(n plan.Node) {
		if note := plan.StateNote(n); note != "" && l.note == "" {
			l.note = note
		}
		for _, in := range n.Inputs() {
			walk(in)
		}
	}
	walk(phys)
}

// attach gives the job whose metrics the status is made of.
func (l *Live) attach(job *exec.Job) {
	l.mu.Lock()
	l.job = job
	l.mu.Unlock()
	l.sampler.start()
}

// end says that no change will follow.
func (l *Live) end() {
	l.mu.Lock()
	l.ended = time.Now()
	l.mu.Unlock()
	l.sampler.stop()
}

func (l *Live) onWatermark(wm dataflow.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.wm = max(l.wm, wm)
}

// record copies the live rows of b.
func (l *Live) record(b *vec.Batch, now time.Time) {
	n := b.Live()
	if n == 0 {
		return
	}
	l.mu.Lock()
	if l.open != nil && l.open.b.N+n > vec.MaxRows {
		l.seal()
	}
	if l.open == nil {
		l.open = &segment{first: l.next, b: vec.NewBatch(l.schema.Types())}
	}
	s := l.open
	if k := len(s.marks); k == 0 || now.Sub(s.marks[k-1].at) > 10*time.Millisecond || s.marks[k-1].wm != l.wm {
		s.marks = append(s.marks, mark{s.b.N, now, l.wm})
	}
	s.b.Append(b, nil)
	grown := s.size() - s.bytes
	s.bytes += grown
	l.bytes += grown
	l.next += int64(n)
	l.lastRow = now
	full := l.bytes > l.hard
	l.mu.Unlock()
	if full {
		l.index.mu.Lock()
		l.catchUp()
		l.index.mu.Unlock()
	}
}

// segmentBytes is the memory of a segment without its rows, markBytes that of a mark, indexBytes
// that of the index's part of a change.
const (
	segmentBytes = 1 << 10
	markBytes    = 40
	indexBytes   = 12
)

func (s *segment) size() int64 {
	n := segmentBytes + s.b.Bytes() + int64(len(s.marks))*markBytes + int64(s.b.N)*indexBytes
	for _, v := range s.b.Cols {
		if v.Form == vec.Dict {
			n += v.Dict.Bytes()
		}
	}
	return n
}

// seal ends the open segment; l.mu is held.
func (l *Live) seal() {
	if l.open != nil {
		l.sealed = append(l.sealed, l.open)
		l.open = nil
	}
}

// Columns lists the columns of the result.
func (l *Live) Columns() []Column { return columnsOf(l.schema) }

// Appends tells whether rows are only added, so that each is final.
func (l *Live) Appends() bool { return l.finalRow }

// First is the seq of the oldest change that is still held.
func (l *Live) First() int64 {
	l.index.mu.Lock()
	defer l.index.mu.Unlock()
	l.catchUp()
	return l.index.first
}

// Next is the seq that the next change will get: the number of changes so far.
func (l *Live) Next() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.next
}

// Dropped is the number of changes that went for want of memory.
func (l *Live) Dropped() int64 { return l.First() }

// Bytes is the memory of the changes held, and of the table as of the first of them.
func (l *Live) Bytes() int64 {
	l.index.mu.Lock()
	defer l.index.mu.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.bytes + l.index.base.bytes
}

// Changes reads n changes from seq from on; fewer at the end, and none before First.
func (l *Live) Changes(from int64, n int) []Change {
	l.index.mu.Lock()
	l.catchUp()
	segs := l.index.segments
	l.index.mu.Unlock()
	cols := upTo(l.schema.Len())
	var out []Change
	for i := segmentOf(segs, from); i >= 0 && i < len(segs) && len(out) < n; i++ {
		s := segs[i]
		for row := int(max(0, from-s.first)); row < s.b.N && len(out) < n; row++ {
			m := s.markOf(row)
			out = append(out, Change{Seq: s.first + int64(row), Op: vec.OpNames[s.b.Op(row)], Cells: cellsOf(s.b, row, cols), Watermark: timeOf(m.wm), At: m.at})
		}
	}
	return out
}

// segmentOf finds the segment of a seq: the first for seqs before it, len(segs) for those behind.
func segmentOf(segs []*segment, seq int64) int {
	return sort.Search(len(segs), func(i int) bool { return segs[i].end() > seq })
}

// timeOf is an event time; the ends of time are the zero time.
func timeOf(t dataflow.Time) time.Time {
	if t == dataflow.MinTime || t == dataflow.MaxTime {
		return time.Time{}
	}
	return time.UnixMicro(t).UTC()
}

// windowEnd is the column that holds the end of a window; -1 without.
func (l *Live) windowEnd() int {
	for i, f := range l.schema.Fields {
		if f.Name == "window_end" && (f.Type.Kind == vec.Timestamp || f.Type.Kind == vec.TimestampTZ) {
			return i
		}
	}
	return -1
}

// liveWriter records rows and passes them on.
type liveWriter struct {
	render.Writer // that the rows go on to
	live          *Live
}

func (w *liveWriter) Write(b *vec.Batch) error {
	w.live.record(b, time.Now())
	return w.Writer.Write(b)
}
