package repl

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/exec"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/datasets/parquet"
)

// input counts what a bounded query has read. The tables of its scans are wrapped once the plan is
// final, so that the optimizer sees them as they are.
type input struct {
	splits, open, done atomic.Int64 // of all scans: in all, begun, read to their end
	groups             atomic.Int64 // row groups begun
	listed             atomic.Int64 // scans whose splits are known
	scans              int64
	rowGroups, files   int // of Parquet files

	mu      sync.Mutex
	parquet []*countedSource // whose bytes are counted
}

// count is the plan with counting scans of what ends.
func (in *input) count(phys plan.Node) plan.Node {
	return plan.Transform(phys, func(n plan.Node) plan.Node {
		s, ok := n.(*plan.Scan)
		if !ok {
			return n
		}
		t, ok := s.Table.(exec.SourceTable)
		if !ok || t.Unbounded() {
			return n
		}
		ct := &countedTable{SourceTable: t, in: in}
		in.scans++
		if p, ok := t.(*parquet.Table); ok {
			info := p.Info()
			in.files += info.Files
			in.rowGroups += info.RowGroups
			ct.parquet = true
		}
		c := *s
		c.Table = ct
		return &c
	})
}

// status adds what was read to a status.
func (in *input) status(st *RunStatus) {
	st.Files, st.RowGroups, st.RowGroupsRead = in.files, in.rowGroups, int(in.groups.Load())
	st.BytesRead = in.bytesRead()
	if n := in.splits.Load(); n > 0 && in.listed.Load() == in.scans && !st.Stream {
		st.Fraction = float64(in.open.Load()+in.done.Load()) / float64(2*n) // what is open counts half
	}
}

// bytesRead is what the row groups that were begun take in their files, of the columns that are
// read; -1 while that is not known.
func (in *input) bytesRead() int64 {
	in.mu.Lock()
	defer in.mu.Unlock()
	if len(in.parquet) == 0 {
		return -1
	}
	var n int64
	for _, s := range in.parquet {
		select {
		case <-s.sized:
		default:
			return -1
		}
		s.mu.Lock()
		for _, id := range s.begun {
			path, group := splitGroup(id)
			if sizes := s.sizes[path]; group < len(sizes) {
				n += sizes[group]
			}
		}
		s.mu.Unlock()
	}
	return n
}

// countedTable counts the splits that are read of a table.
type countedTable struct {
	exec.SourceTable
	in      *input
	parquet bool
}

func (t *countedTable) Source(scan *plan.Scan) (dataflow.Source, error) {
	c := *scan
	c.Table = t.SourceTable
	src, err := t.SourceTable.Source(&c)
	if err != nil {
		return nil, err
	}
	s := &countedSource{Source: src, t: t, sized: make(chan struct{})}
	if t.parquet {
		t.in.mu.Lock()
		t.in.parquet = append(t.in.parquet, s)
		t.in.mu.Unlock()
	}
	if f, ok := src.(dataflow.KeyFiltered); ok {
		return &countedFiltered{s, f}, nil
	}
	return s, nil
}

// countedFiltered is a countedSource that takes the keys of joins as filters.
type countedFiltered struct {
	*countedSource
	dataflow.KeyFiltered
}

type countedSource struct {
	dataflow.Source
	t     *countedTable
	sized chan struct{}      // closed once sizes is complete
	sizes map[string][]int64 // of the columns that are read, by file and row group

	mu    sync.Mutex
	begun []string // row groups
}

// measure reads the sizes of column chunks from the footers, beside the query. A file that cannot
// be read adds nothing: the query says why.
func (s *countedSource) measure(splits []dataflow.Split) {
	defer close(s.sized)
	var names []string
	for _, f := range s.Schema().Fields {
		names = append(names, f.Name)
	}
	s.sizes = map[string][]int64{}
	for _, sp := range splits {
		path, _ := splitGroup(sp.ID)
		if _, known := s.sizes[path]; !known {
			_, s.sizes[path], _ = columnBytes(path, names)
		}
	}
}

func (s *countedSource) Splits(ctx context.Context) ([]dataflow.Split, error) {
	splits, err := s.Source.Splits(ctx)
	if s.t.parquet {
		go s.measure(splits)
	}
	s.t.in.splits.Add(int64(len(splits)))
	s.t.in.listed.Add(1)
	return splits, err
}

func (s *countedSource) Open(ctx context.Context, sp dataflow.Split, pos []byte, wake func()) (dataflow.Reader, error) {
	r, err := s.Source.Open(ctx, sp, pos, wake)
	if err != nil {
		return nil, err
	}
	s.t.in.open.Add(1)
	if s.t.parquet && strings.Contains(sp.ID, "#") {
		s.t.in.groups.Add(1)
		s.mu.Lock()
		s.begun = append(s.begun, sp.ID)
		s.mu.Unlock()
	}
	cr := &countedReader{Reader: r, in: s.t.in}
	if b, ok := r.(dataflow.BadRowReader); ok {
		return &countedBadReader{cr, b}, nil
	}
	return cr, nil
}

type countedReader struct {
	dataflow.Reader
	in *input
}

func (r *countedReader) Close() error {
	r.in.done.Add(1)
	return r.Reader.Close()
}

// countedBadReader is a countedReader of records that may be bad.
type countedBadReader struct {
	*countedReader
	dataflow.BadRowReader
}
