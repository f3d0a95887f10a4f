package op

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/spill"
)

// maxRunRows bounds a run in memory: its rows are numbered by int32 and its strings addressed by
// int32, and shorter runs lose little to the merge.
const (
	maxRunRows  = 16 << 20
	maxRunBytes = 1 << 30
)

// SortedRuns is what the tasks of a sort build and one reader merges: runs in memory, and runs on
// disk once the budget was refused.
type SortedRuns struct {
	types []vec.Type
	keys  []vec.Order

	mu      sync.Mutex
	tasks   int // sorters
	arrived int // of them, those whose input has ended
	all     chan struct{}
	spans   []keySpan // of all rows in memory, once all have arrived
	mem     []*memRun
	spilled []*spill.Run
}

// NewSortedRuns makes the shared structure of a sort by keys.
func NewSortedRuns(types []vec.Type, keys []vec.Order) *SortedRuns {
	return &SortedRuns{types: types, keys: keys, all: make(chan struct{})}
}

// memRun is rows and the order to read them in: n rows as they came, in chunks; then together with a
// permutation; or, when the packed keys hold all columns, as these alone.
type memRun struct {
	chunks []*vec.Batch
	n      int
	rows   *vec.Batch
	perm   []int32
	packed []uint64 // keys in that order; nil when they do not decide
}

// chunkRows of a run are kept in vectors that grow; then others are begun, so that rows are not
// moved to larger vectors over and over.
const chunkRows = 32 << 10

// join puts the chunks together, a column at a time.
func (r *memRun) join(types []vec.Type) {
	if r.chunks == nil {
		return
	}
	if r.rows = r.chunks[0]; len(r.chunks) > 1 {
		r.rows = vec.NewBatch(types)
		r.rows.N = r.n
		for c, v := range r.rows.Cols {
			v.Resize(r.n)
			v.Reset()
			for _, b := range r.chunks {
				v.Append(b.Cols[c], b.N, nil)
				b.Cols[c] = nil
			}
		}
	}
	r.chunks = nil
}

// arrive adds the spans of a task's rows and waits for those of the others, so that all runs in
// memory are sorted by keys that compare.
func (s *SortedRuns) arrive(ctx context.Context, runs []*memRun) error {
	var own []keySpan
	for _, r := range runs {
		if sp := spansOf(r.chunks, s.keys); own == nil {
			own = sp
		} else {
			own = joinSpans(own, sp)
		}
	}
	s.mu.Lock()
	switch {
	case s.spans == nil:
		s.spans = own
	case own != nil:
		s.spans = joinSpans(s.spans, own)
	}
	if s.arrived++; s.arrived == s.tasks {
		close(s.all)
	}
	s.mu.Unlock()
	select {
	case <-s.all:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// fields is how the keys are packed, once all sorters have arrived.
func (s *SortedRuns) fields() (fs []keyField, used int, ok bool) {
	if s.spans == nil {
		return nil, 0, false
	}
	return keyFields(s.types, s.keys, s.spans)
}

// onDisk tells, once all sorters have arrived, whether one of them has spilled: runs are then merged
// row by row.
func (s *SortedRuns) onDisk() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.spilled) > 0
}

// sorter is a state machine with two states: gathering rows in memory, and, when the budget
// refuses more, writing what it has as a sorted run to disk and gathering anew.
type sorter struct {
	dataflow.Base
	runs     *SortedRuns
	tc       *dataflow.TaskContext
	rows     *vec.Batch // the chunk being filled
	run      memRun     // the chunks before it
	runBytes int64      // of them
	size     int64      // bytes of these, and of full, with what sorting takes
	full     []*memRun  // whole runs, not yet sorted
	held     int64
	nrun     int
}

// NewSort sorts the rows of one task into runs. It emits nothing: SortedRuns.Merge reads them.
func NewSort(runs *SortedRuns) dataflow.Operator {
	runs.tasks++
	return &sorter{runs: runs, rows: vec.NewBatch(runs.types)}
}

func (s *sorter) Open(tc *dataflow.TaskContext) error { s.tc = tc; return nil }

// sortOverhead is what sorting takes beside the rows: two arrays of 16-byte entries and the
// permutation.
const sortOverhead = 36

func (s *sorter) Process(_ int, b *vec.Batch, _ dataflow.Output) error {
	if b.Ops != nil {
		return errors.New("sort: a changelog has no order; put a window under it")
	}
	s.rows.Append(b, nil)
	bytes := s.rows.Bytes()
	need := s.size + bytes + int64(s.rows.N)*sortOverhead
	if need > s.held {
		step := max(need-s.held, min(need/4, 16<<20))
		err := s.tc.Budget.Grow(step)
		switch {
		case err == nil:
			s.held += step
		case errors.Is(err, spill.ErrOverBudget):
			return s.spill()
		default:
			return err
		}
	}
	if s.rows.N >= chunkRows {
		s.chunk()
	}
	if s.run.n+s.rows.N >= maxRunRows || s.runBytes+bytes >= maxRunBytes {
		s.keep()
	}
	return nil
}

// chunk sets the rows aside as a part of the run.
func (s *sorter) chunk() {
	if s.rows.N > 0 {
		s.run.chunks, s.run.n = append(s.run.chunks, s.rows), s.run.n+s.rows.N
		s.runBytes += s.rows.Bytes()
		s.size += s.rows.Bytes() + int64(s.rows.N)*sortOverhead
		s.rows = vec.NewBatch(s.runs.types)
	}
}

// keep sets the rows aside as a run in memory.
func (s *sorter) keep() {
	s.chunk()
	if s.run.n > 0 {
		r := s.run
		s.full = append(s.full, &r)
		s.run, s.runBytes = memRun{}, 0
	}
}

// spill writes everything in memory as runs on disk and gives the memory back.
func (s *sorter) spill() error {
	s.keep()
	for _, r := range s.full {
		if err := s.write(r); err != nil {
			return err
		}
	}
	s.full, s.size = nil, 0
	s.tc.Budget.Shrink(s.held)
	s.held = 0
	return nil
}

func (s *sorter) write(r *memRun) error {
	spans := spansOf(r.chunks, s.runs.keys)
	r.join(s.runs.types)
	r.perm, _ = sortPerm(r.rows, s.runs.keys, spans)
	w, err := spill.NewRunWriter(s.tc.SpillDir, s.runs.types)
	if err != nil {
		return fmt.Errorf("spill sorted run %d: %w", s.nrun, err)
	}
	c := &memCursor{run: r, types: s.runs.types}
	for {
		b, err := c.next()
		if err != nil {
			w.Abort()
			return err
		}
		if b == nil {
			break
		}
		if err := w.Write(b); err != nil {
			w.Abort()
			return fmt.Errorf("spill sorted run %d: %w", s.nrun, err)
		}
	}
	run, err := w.Finish()
	if err != nil {
		return fmt.Errorf("spill sorted run %d: %w", s.nrun, err)
	}
	s.runs.mu.Lock()
	s.runs.spilled = append(s.runs.spilled, run)
	s.runs.mu.Unlock()
	s.nrun++
	return nil
}

func (s *sorter) EndInput(int, dataflow.Output) error {
	s.keep()
	if err := s.runs.arrive(s.tc.Ctx, s.full); err != nil {
		return err
	}
	fields, used, ok := s.runs.fields()
	whole := ok && wholeRow(fields, len(s.runs.types)) && !s.runs.onDisk()
	for _, r := range s.full {
		if whole {
			r.sortRows(fields, used)
			continue
		}
		r.join(s.runs.types)
		r.perm, r.packed = sortPerm(r.rows, s.runs.keys, s.runs.spans)
	}
	s.runs.mu.Lock()
	s.runs.mem = append(s.runs.mem, s.full...)
	s.runs.mu.Unlock()
	return nil
}

// Explain tells how often the sort spilled.
func (s *sorter) Explain() string {
	if s.nrun == 0 {
		return ""
	}
	return fmt.Sprintf("spilled %d runs", s.nrun)
}

func (s *sorter) Close() error {
	if s.tc != nil {
		s.tc.Budget.Shrink(s.held)
	}
	return nil
}
