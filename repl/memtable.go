package repl

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/spill"
	"github.com/riffle-io/riffle/sql"
)

// memSplit is how many batches make a split of a table in memory: enough rows that a task seldom
// asks for the next one, few enough that all tasks get some.
const memSplit = 16

// ErrNotNull means that a row has no value for a column that must have one.
var ErrNotNull = errors.New("NULL in a column that is NOT NULL")

// memTable is a table of CREATE TABLE without WITH: its rows live in the session's memory, and
// are gone with it.
//
//	INSERT ─► memSink (one a task, holds rows back) ─ commit ─► batches, immutable ─► memReader
//
// Invariants: a batch in the table never changes, so that scans that began before an INSERT go on
// over the rows they saw; rows of an INSERT that fails never get in; the bytes of the batches are
// reserved in the process's budget until drop.
type memTable struct {
	name   string
	schema *vec.Schema
	pool   func() (*spill.Pool, error)

	mu      sync.Mutex
	batches []*vec.Batch
	rows    int64
	budget  *spill.Reservation // nil before the first rows
}

// newMemTable checks that a definition asks for nothing that memory does not give.
func (s *Session) newMemTable(def *sql.TableDef) (*memTable, error) {
	if def.PrimaryKey != nil {
		return nil, errors.New("a table in memory has no PRIMARY KEY")
	}
	if def.PartitionBy != nil {
		return nil, errors.New("a table in memory has no partitions")
	}
	for _, c := range def.Columns {
		if c.Metadata != "" {
			return nil, fmt.Errorf("a table in memory has no metadata for column %s", c.Name)
		}
	}
	if len(def.Columns) == 0 {
		return nil, errors.New("a table in memory needs columns")
	}
	return &memTable{name: key(def.Name), schema: def.Stored(), pool: func() (*spill.Pool, error) {
		p, _, err := s.reserve()
		return p, err
	}}, nil
}

func (t *memTable) Name() string        { return t.name }
func (t *memTable) Schema() *vec.Schema { return t.schema }
func (t *memTable) Unbounded() bool     { return false }

// OneTask keeps the rows of an INSERT in the order in which its query gives them.
func (t *memTable) OneTask() bool { return true }

func (t *memTable) Stats() plan.Stats {
	t.mu.Lock()
	defer t.mu.Unlock()
	st := plan.Stats{Rows: float64(t.rows)}
	if t.budget != nil {
		st.Bytes = float64(t.budget.Held())
	}
	return st
}

// Accepts refuses changelogs: rows are only added.
func (t *memTable) Accepts(m plan.Mode, _ []int) error {
	if m != plan.Append {
		return fmt.Errorf("table %s is in memory and takes inserts only; the query changes rows that it gave", t.name)
	}
	return nil
}

// publish adds rows, which it owns from here on, and counts them against the budget. A last batch
// that is not full is replaced by a fuller copy.
func (t *memTable) publish(rows []*vec.Batch) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.budget == nil {
		p, err := t.pool()
		if err != nil {
			return err
		}
		t.budget = p.Reserve("table " + t.name)
	}
	for _, b := range rows {
		if n := len(t.batches); n > 0 && t.batches[n-1].N+b.N <= vec.MaxRows {
			last := t.batches[n-1]
			merged := vec.NewBatch(t.schema.Types())
			merged.Append(last, nil)
			merged.Append(b, nil)
			if err := t.budget.Grow(merged.Bytes()); err != nil {
				return fmt.Errorf("table %s does not fit into memory: %w", t.name, err)
			}
			t.budget.Shrink(last.Bytes())
			t.batches = append(t.batches[:n-1:n-1], merged)
		} else {
			if err := t.budget.Grow(b.Bytes()); err != nil {
				return fmt.Errorf("table %s does not fit into memory: %w", t.name, err)
			}
			t.batches = append(t.batches, b)
		}
		t.rows += int64(b.N)
	}
	return nil
}

// drop lets go of the rows. Scans that are under way keep theirs.
func (t *memTable) drop() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.budget != nil {
		t.budget.Shrink(t.budget.Held())
	}
	t.batches, t.rows = nil, 0
}

// Source reads the rows that are in the table now.
func (t *memTable) Source(scan *plan.Scan) (dataflow.Source, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return &memSource{name: t.name, schema: t.schema.Project(scan.Cols), cols: scan.Cols, batches: t.batches}, nil
}

// NewSink makes what an INSERT writes to.
func (t *memTable) NewSink(plan.SinkSpec) (dataflow.Operator, error) { return &memSink{t: t}, nil }

// memSource is a fixed set of batches.
type memSource struct {
	name    string
	schema  *vec.Schema
	cols    []int
	batches []*vec.Batch
}

func (s *memSource) Schema() *vec.Schema { return s.schema }
func (s *memSource) Unbounded() bool     { return false }

// Splits lists runs of memSplit batches. Data is the run.
func (s *memSource) Splits(context.Context) ([]dataflow.Split, error) {
	var out []dataflow.Split
	for from := 0; from < len(s.batches); from += memSplit {
		run := s.batches[from:min(from+memSplit, len(s.batches))]
		var rows int64
		for _, b := range run {
			rows += int64(b.N)
		}
		out = append(out, dataflow.Split{ID: fmt.Sprintf("%s#%d", s.name, from/memSplit), MinTime: dataflow.MinTime, Rows: rows, Data: run})
	}
	return out, nil
}

// Open reads a split from pos on: eight bytes with the number of batches that were read.
func (s *memSource) Open(_ context.Context, sp dataflow.Split, pos []byte, _ func()) (dataflow.Reader, error) {
	r := &memReader{cols: s.cols, batches: sp.Data.([]*vec.Batch)}
	if pos != nil {
		if len(pos) != 8 || binary.BigEndian.Uint64(pos) > uint64(len(r.batches)) {
			return nil, fmt.Errorf("table %s: no position %x in split %s", s.name, pos, sp.ID)
		}
		r.at = int(binary.BigEndian.Uint64(pos))
	}
	return r, nil
}

type memReader struct {
	cols    []int
	batches []*vec.Batch
	at      int
}

func (r *memReader) Next() (*vec.Batch, error) {
	if r.at == len(r.batches) {
		return nil, io.EOF
	}
	r.at++
	return r.batches[r.at-1].Project(r.cols), nil
}

func (r *memReader) Position() []byte { return binary.BigEndian.AppendUint64(nil, uint64(r.at)) }
func (r *memReader) Close() error     { return nil }

// memSink collects the rows of an INSERT and publishes them when it commits.
type memSink struct {
	dataflow.Base
	t      *memTable
	budget dataflow.Budget
	open   *vec.Batch   // being filled; nil: none
	full   []*vec.Batch // in order, before open
	sealed map[dataflow.CheckpointID][]*vec.Batch
}

func (s *memSink) Open(tc *dataflow.TaskContext) error {
	s.budget, s.sealed = tc.Budget, map[dataflow.CheckpointID][]*vec.Batch{}
	return nil
}

// Process copies b.
func (s *memSink) Process(_ int, b *vec.Batch, _ dataflow.Output) error {
	for i, f := range s.t.schema.Fields {
		if f.NotNull && hasNull(b, b.Cols[i]) {
			return fmt.Errorf("%w: column %s of table %s", ErrNotNull, f.Name, s.t.name)
		}
	}
	if s.open != nil && s.open.N+b.Live() > vec.MaxRows {
		s.full, s.open = append(s.full, s.open), nil
	}
	if s.open == nil {
		s.open = vec.NewBatch(s.t.schema.Types())
	}
	before := s.open.Bytes()
	s.open.Append(b, nil)
	if err := s.budget.Grow(s.open.Bytes() - before); err != nil {
		return fmt.Errorf("table %s does not fit into memory: %w", s.t.name, err)
	}
	return nil
}

func hasNull(b *vec.Batch, v *vec.Vec) bool {
	if !v.MayHaveNulls() {
		return false
	}
	for k, n := 0, b.Live(); k < n; k++ {
		if v.IsNull(b.Row(k)) {
			return true
		}
	}
	return false
}

// Prepare sets aside the rows since the last checkpoint. Memory is as durable as the table gets.
func (s *memSink) Prepare(ckpt dataflow.CheckpointID) ([]byte, error) {
	if s.open != nil {
		s.full, s.open = append(s.full, s.open), nil
	}
	if len(s.full) == 0 {
		return nil, nil
	}
	s.sealed[ckpt], s.full = s.full, nil
	return []byte(s.t.name), nil
}

// Commit publishes what Prepare set aside.
func (s *memSink) Commit(ckpt dataflow.CheckpointID, _ []byte) error {
	rows := s.sealed[ckpt]
	delete(s.sealed, ckpt)
	s.budget.Shrink(min(bytesOf(rows), s.budget.Held()))
	return s.t.publish(rows)
}

func bytesOf(rows []*vec.Batch) (n int64) {
	for _, b := range rows {
		n += b.Bytes()
	}
	return n
}

// Close gives back the memory of rows that were not committed.
func (s *memSink) Close() error {
	s.budget.Shrink(s.budget.Held())
	s.open, s.full, s.sealed = nil, nil, nil
	return nil
}
