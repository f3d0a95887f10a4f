package repl

import (
	"context"
	"strings"
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
	if n := in.splits.Load(); n > 0 && in.listed.Load() == in.scans && !st.Stream {
		st.Fraction = float64(in.open.Load()+in.done.Load()) / float64(2*n) // what is open counts half
	}
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
	return &countedSource{Source: src, t: t}, nil
}

type countedSource struct {
	dataflow.Source
	t *countedTable
}

func (s *countedSource) Splits(ctx context.Context) ([]dataflow.Split, error) {
	splits, err := s.Source.Splits(ctx)
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
