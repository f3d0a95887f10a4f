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

// memRun is rows and the order to read them in.
type memRun struct {
	rows   *vec.Batch
	perm   []int32
	packed []uint64 // keys in that order; nil when they do not decide
}

// arrive adds the spans of a task's rows and waits for those of the others, so that all runs in
// memory are sorted by keys that compare.
func (s *SortedRuns) arrive(ctx context.Context, runs []*memRun) error {
	var own []keySpan
	for _, r := range runs {
		if sp := spansOf(r.rows, s.keys); own == nil {
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

// sorter is a state machine with two states: gathering rows in memory, and, when the budget
// refuses more, writing what it has as a sorted run to disk and gathering anew.
type sorter struct {
	dataflow.Base
	runs *SortedRuns
	tc   *dataflow.TaskContext
	rows *vec.Batch
	full []*memRun // whole runs, not yet sorted
	held int64
	nrun int
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
	need := s.rows.Bytes() + int64(s.rows.N)*sortOverhead
	for _, r := range s.full {
		need += r.rows.Bytes() + int64(r.rows.N)*sortOverhead
	}
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
	if s.rows.N >= maxRunRows || s.rows.Bytes() >= maxRunBytes {
		s.keep()
	}
	return nil
}

// keep sets the rows aside as a run in memory.
func (s *sorter) keep() {
	if s.rows.N > 0 {
		s.full = append(s.full, &memRun{rows: s.rows})
		s.rows = vec.NewBatch(s.runs.types)
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
	s.full = nil
	s.tc.Budget.Shrink(s.held)
	s.held = 0
	return nil
}

func (s *sorter) write(r *memRun) error {
	r.perm, _ = sortPerm(r.rows, s.runs.keys, spansOf(r.rows, s.runs.keys))
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
	for _, r := range s.full {
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
