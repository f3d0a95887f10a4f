package repl

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/spill"
)

// keepResults is how many results stay tables. Older ones are dropped, with a notice.
const keepResults = 16

// results are the last results of a session: the tables _1, _2, …; _ is the last one.
type results struct {
	mu   sync.Mutex
	last int // number of the newest
	kept []*Result
}

// add makes room for a new result and gives it a name. dropped is the name of the one that had to
// go, "" when none.
func (rs *results) add(schema *vec.Schema, pool *spill.Pool, dir string) (r *Result, dropped string) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	return rs.addLocked(schema, pool, dir)
}

func (rs *results) addLocked(schema *vec.Schema, pool *spill.Pool, dir string) (r *Result, dropped string) {
	rs.last++
	r = newResult("_"+strconv.Itoa(rs.last), schema, pool, dir)
	rs.kept = append(rs.kept, r)
	if len(rs.kept) > keepResults {
		dropped = rs.kept[0].name
		rs.kept[0].drop()
		rs.kept = append([]*Result{}, rs.kept[1:]...)
	}
	return r, dropped
}

// drop lets go of all results, and of their files.
func (rs *results) drop() {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	for _, r := range rs.kept {
		r.drop()
	}
	rs.kept = nil
}

// find looks a result up by its name; number is false when the name is not of a result.
func (rs *results) find(name string) (r *Result, number bool, err error) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if name == "_" {
		if len(rs.kept) == 0 {
			return nil, true, errors.New("there is no result yet: _ is the rows of the last query")
		}
		return rs.kept[len(rs.kept)-1], true, nil
	}
	n, err := strconv.Atoi(strings.TrimPrefix(name, "_"))
	if !strings.HasPrefix(name, "_") || err != nil || n < 1 {
		return nil, false, nil
	}
	for _, r := range rs.kept {
		if r.name == name {
			return r, true, nil
		}
	}
	if n <= rs.last {
		return nil, true, fmt.Errorf("%s: %w", name, ErrGone)
	}
	if rs.last == 0 {
		return nil, true, fmt.Errorf("there is no result %s: no query has run yet", name)
	}
	return nil, true, fmt.Errorf("there is no result %s yet; the last one is _%d", name, rs.last)
}

// Results lists the results that are tables, oldest first.
func (s *Session) Results() []*Result {
	s.results.mu.Lock()
	defer s.results.mu.Unlock()
	return append([]*Result{}, s.results.kept...)
}

// LookupResult finds a result by name: "_", "_1".
func (s *Session) LookupResult(name string) (*Result, error) {
	r, ok, err := s.results.find(name)
	if !ok {
		return nil, fmt.Errorf("%q is no result: there are _ and _1, _2, …", name)
	}
	return r, err
}

// resultTable is a result as a table: the rows that it has when the query is bound.
func (s *Session) resultTable(name string) (plan.Table, bool, error) {
	r, ok, err := s.results.find(name)
	if !ok || err != nil {
		return nil, ok, err
	}
	return &resultTable{r: r, rows: r.Rows()}, true, nil
}

type resultTable struct {
	r    *Result
	rows int64
}

func (t *resultTable) Name() string        { return t.r.name }
func (t *resultTable) Schema() *vec.Schema { return t.r.schema }
func (t *resultTable) Unbounded() bool     { return false }
func (t *resultTable) Stats() plan.Stats   { return plan.Stats{Rows: float64(t.rows), Bytes: -1} }

// Source reads the rows. A split is chunkRows rows, wherever they are.
func (t *resultTable) Source(scan *plan.Scan) (dataflow.Source, error) {
	return &resultSource{t: t, schema: t.r.schema.Project(scan.Cols), cols: scan.Cols}, nil
}

type resultSource struct {
	t      *resultTable
	schema *vec.Schema
	cols   []int
}

func (s *resultSource) Schema() *vec.Schema { return s.schema }
func (s *resultSource) Unbounded() bool     { return false }

// Splits lists ranges of rows. Data is the number of the first one.
func (s *resultSource) Splits(context.Context) ([]dataflow.Split, error) {
	var out []dataflow.Split
	for from := int64(0); from < s.t.rows; from += chunkRows {
		out = append(out, dataflow.Split{ID: fmt.Sprintf("%s#%d", s.t.r.name, len(out)), MinTime: dataflow.MinTime, Rows: min(chunkRows, s.t.rows-from), Data: from})
	}
	return out, nil
}

// Open reads a split from pos on: the number of the next row, in decimal.
func (s *resultSource) Open(_ context.Context, sp dataflow.Split, pos []byte, _ func()) (dataflow.Reader, error) {
	if err := s.t.r.acquire(); err != nil {
		return nil, err
	}
	r := &resultReader{s: s, next: sp.Data.(int64), end: sp.Data.(int64) + sp.Rows}
	if pos != nil {
		at, err := strconv.ParseInt(string(pos), 10, 64)
		if err != nil || at < r.next || at > r.end {
			s.t.r.release()
			return nil, fmt.Errorf("result %s: no position %q in split %s", s.t.r.name, pos, sp.ID)
		}
		r.next = at
	}
	return r, nil
}

type resultReader struct {
	s         *resultSource
	next, end int64
	batches   []*vec.Batch // behind next
	first     int64        // number of the first row of batches
	sel       []int32
}

func (r *resultReader) Next() (*vec.Batch, error) {
	for {
		for len(r.batches) > 0 && r.first+int64(r.batches[0].N) <= r.next {
			r.first += int64(r.batches[0].N)
			r.batches = r.batches[1:]
		}
		if r.next >= r.end {
			return nil, io.EOF
		}
		if len(r.batches) > 0 {
			return r.cut(r.batches[0]), nil
		}
		var err error
		if r.batches, r.first, err = r.s.t.r.at(r.next, int(r.end-r.next)); err != nil {
			return nil, err
		}
		if r.batches == nil {
			return nil, io.EOF
		}
	}
}

// cut is the rows of b that are in the split.
func (r *resultReader) cut(b *vec.Batch) *vec.Batch {
	lo, hi := int(r.next-r.first), int(min(int64(b.N), r.end-r.first))
	r.next = r.first + int64(hi)
	out := b.Project(r.s.cols)
	if lo > 0 || hi < b.N {
		r.sel = r.sel[:0]
		for i := lo; i < hi; i++ {
			r.sel = append(r.sel, int32(i))
		}
		out.Sel = r.sel
	}
	return out
}

func (r *resultReader) Position() []byte { return strconv.AppendInt(nil, r.next, 10) }

func (r *resultReader) Close() error {
	r.s.t.r.release()
	return nil
}
