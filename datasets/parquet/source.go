package parquet

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/vec"
)

// source reads a table's row groups. Its readers apply the scan's filter in full.
type source struct {
	t       *Table
	scan    *plan.Scan
	schema  *vec.Schema
	filters []expr.Expr // over the scan's columns
	single  []bool
	keys    []keyFilter // runtime filters

	readers sync.Pool // *reader, closed: their memory and compiled filters
}

// splitData is the source's part of a Split.
type splitData struct {
	f *file
	g int
}

// position is how far a split was read.
type position struct {
	Row int64 `json:"row"` // of the row group, the next one
}

// Source reads the columns scan.Cols of the rows that pass scan.Filter.
func (t *Table) Source(scan *plan.Scan) (dataflow.Source, error) {
	s := &source{t: t, scan: scan, schema: t.schema.Project(scan.Cols)}
	s.filters, s.single = newFilters(scan.Filter)
	if _, err := compileFilters(s.filters, s.single); err != nil {
		return nil, fmt.Errorf("filter of %s: %w", t.name, err)
	}
	return s, nil
}

func (s *source) Schema() *vec.Schema { return s.schema }
func (s *source) Unbounded() bool     { return false }

// Splits lists the row groups that the statistics in the footers do not rule out.
func (s *source) Splits(context.Context) ([]dataflow.Split, error) {
	var out []dataflow.Split
	left := s.scan.Limit
	for _, f := range s.t.files {
		for g := range f.meta.groups {
			rows := f.meta.groups[g].rows
			if rows == 0 || !s.mayMatch(f, g) {
				continue
			}
			if s.scan.Limit >= 0 && len(s.filters)+len(s.keys) == 0 {
				if left <= 0 {
					return out, nil
				}
				left -= rows
			}
			out = append(out, s.split(f, g))
		}
	}
	s.share(out)
	return out, nil
}

func (s *source) split(f *file, g int) dataflow.Split {
	return dataflow.Split{ID: fmt.Sprintf("%s#%d", f.path, g), MinTime: s.minTime(f, g), Rows: f.meta.groups[g].rows, Data: splitData{f, g}}
}

// leaf is the leaf of column c of the scan; nil when the file has none.
func (s *source) leaf(f *file, c int) *leaf {
	if i := f.column[s.scan.Cols[c]]; i >= 0 {
		return &f.leaves[i]
	}
	return nil
}

func (s *source) mayMatch(f *file, g int) bool {
	for _, e := range s.filters {
		if !mayMatch(e, func(c int) bounds { return s.bounds(f, g, c) }) {
			return false
		}
	}
	return true
}

func (s *source) bounds(f *file, g, c int) bounds {
	l := s.leaf(f, c)
	if l == nil {
		return bounds{allNull: true}
	}
	return l.chunkBounds(&f.meta.groups[g])
}

// minTime is the smallest event time of a row group.
func (s *source) minTime(f *file, g int) dataflow.Time {
	w := s.scan.Watermark
	if w == nil {
		return dataflow.MinTime
	}
	i := f.column[w.Col]
	if i < 0 {
		return dataflow.MinTime
	}
	b := f.leaves[i].chunkBounds(&f.meta.groups[g])
	if !b.hasRange || b.t.Phys() != vec.PhysI64 {
		return dataflow.MinTime
	}
	return b.lo.I
}

// Open starts to read a row group.
func (s *source) Open(ctx context.Context, sp dataflow.Split, pos []byte, _ func()) (dataflow.Reader, error) {
	d, ok := sp.Data.(splitData)
	if !ok {
		return nil, fmt.Errorf("split %s is not of %s", sp.ID, s.t.name)
	}
	var p position
	if len(pos) > 0 {
		if err := json.Unmarshal(pos, &p); err != nil {
			return nil, fmt.Errorf("position in %s: %w", sp.ID, err)
		}
	}
	if rows := d.f.meta.groups[d.g].rows; p.Row < 0 || p.Row > rows {
		return nil, fmt.Errorf("position in %s: row %d of %d", sp.ID, p.Row, rows)
	}
	if len(s.scan.Cols) == 0 && len(s.filters) == 0 {
		return &countReader{row: p.Row, rows: d.f.meta.groups[d.g].rows}, nil
	}
	r, ok := s.readers.Get().(*reader)
	if !ok {
		filters, err := compileFilters(s.filters, s.single)
		if err != nil {
			return nil, err
		}
		r = newReader(s, filters)
	}
	if err := r.open(ctx, d, p.Row); err != nil {
		r.Close()
		return nil, err
	}
	return &splitReader{r}, nil
}

// splitReader is a reader as long as it reads one split.
type splitReader struct{ *reader }

// Close gives the memory to the next split. Batches are not good any more.
func (s *splitReader) Close() error {
	if s.reader == nil {
		return nil
	}
	r := s.reader
	s.reader = nil
	return r.Close()
}
