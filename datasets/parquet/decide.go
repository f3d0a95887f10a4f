package parquet

import (
	"context"
	"errors"
	"io"

	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/plan"
)

// Skip is what rules a row group out of a scan.
type Skip string

// What rules a row group out, in the order in which a scan asks.
const (
	SkipNone       Skip = "" // it is read
	SkipStatistics Skip = "statistics"
	SkipLimit      Skip = "limit" // the row groups before it have rows enough
	SkipBloom      Skip = "bloom filter"
	SkipPages      Skip = "page index" // no page is left
)

// FileDecisions is what a scan takes of one file.
type FileDecisions struct {
	Path   string
	Size   int64      // bytes
	Groups []Decision // with rows; others are not read
}

// Decision is what a scan takes of a row group, as far as it can be told before a page is read.
type Decision struct {
	Group int // number in the file
	Rows  int64
	Skip  Skip
	By    expr.Expr // the condition, over the scan's columns, that rules it out; nil: not one alone
	// Looked tells that bloom filters and page index were asked. Without it Skip knows statistics
	// and limit only, and the pages are not counted.
	Looked    bool
	RowsLeft  int64 // in pages that are left
	Pages     int   // of the scan's columns that have a page index
	PagesLeft int   // that hold a row that may pass
	Bytes     int64 // of the scan's columns that are fetched, at most; without bloom filters and indexes
}

// Decide tells what a scan will take of the table's files, from the code that Source's readers run
// when they open a row group. The bloom filters and page indexes of the first look row groups that
// statistics leave are read for it; no page is. Runtime filters and dictionaries, which are not
// known before the scan runs, may rule out more. Errors are those that reading would give.
func (t *Table) Decide(ctx context.Context, scan *plan.Scan, look int) ([]FileDecisions, error) {
	src, err := t.Source(scan)
	if err != nil {
		return nil, err
	}
	s := src.(*source)
	splits, err := s.Splits(ctx)
	if err != nil {
		return nil, err
	}
	read := map[splitData]bool{}
	for _, sp := range splits {
		read[sp.Data.(splitData)] = true
	}
	out := make([]FileDecisions, len(t.files))
	for i, f := range t.files {
		out[i] = FileDecisions{Path: f.path, Size: f.size}
		for g := range f.meta.groups {
			if f.meta.groups[g].rows == 0 {
				continue
			}
			if err := ctx.Err(); err != nil {
				return nil, context.Cause(ctx)
			}
			d := s.decideGroup(f, g, read[splitData{f, g}])
			if d.Skip == SkipNone && len(s.filters) > 0 && look > 0 {
				look--
				if err := s.lookInto(ctx, f, &d); err != nil {
					return nil, err
				}
			}
			out[i].Groups = append(out[i].Groups, d)
		}
	}
	return out, nil
}

// decideGroup is what the footer says; read tells that the row group is a split.
func (s *source) decideGroup(f *file, g int, read bool) Decision {
	m := &f.meta.groups[g]
	d := Decision{Group: g, Rows: m.rows}
	switch {
	case read:
		d.RowsLeft = m.rows
		for c := range s.scan.Cols {
			if l := s.leaf(f, c); l != nil {
				d.Bytes += m.chunks[l.index].size
			}
		}
	case s.mayMatch(f, g):
		d.Skip = SkipLimit
	default:
		d.Skip = SkipStatistics
		for _, e := range s.scan.Filter {
			if !mayMatch(e, func(c int) bounds { return s.bounds(f, g, c) }) {
				d.By = e
				break
			}
		}
	}
	return d
}

// lookInto opens the row group as a read does, and notes what the reader has left then.
func (s *source) lookInto(ctx context.Context, f *file, d *Decision) (err error) {
	opened, err := s.Open(ctx, s.split(f, d.Group), nil, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, opened.Close()) }()
	r := opened.(*splitReader).reader // a scan with filters has no countReader
	d.Looked, d.Skip, d.By = true, r.skip, r.skipBy
	d.RowsLeft, d.Bytes = 0, 0
	for _, x := range r.ranges {
		d.RowsLeft += x.to - x.from
	}
	for _, c := range r.cols {
		if c == nil {
			continue
		}
		chunk := &f.meta.groups[d.Group].chunks[c.leaf.index]
		pages, err := readPageOffsets(r.r, chunk, d.Rows)
		if err != nil {
			return &Error{File: f.path, RowGroup: d.Group, Column: c.leaf.name, Page: -1, Err: err}
		}
		left, end := pagesIn(pages, r.ranges, d.Rows)
		d.Pages, d.PagesLeft = d.Pages+len(pages), d.PagesLeft+left
		switch {
		case len(r.ranges) == 0:
		case len(pages) == 0:
			d.Bytes += chunk.size
		default: // a chunk is fetched from its start, in pieces
			d.Bytes += min(chunk.size, max(0, end-chunk.start())+readAhead)
		}
	}
	return nil
}

// readPageOffsets reads where a chunk's pages are; none without an index of them.
func readPageOffsets(r io.ReaderAt, c *columnChunk, rows int64) ([]pageOffset, error) {
	if c.offIdx.len <= 0 || c.offIdx.len > maxIndex {
		return nil, nil
	}
	pages, err := readOffsets(r, c)
	if err == nil {
		err = checkOffsets(pages, rows)
	}
	return pages, err
}

// pagesIn counts the pages that hold a row of the ranges, and gives the place in the file after the
// last of them.
func pagesIn(pages []pageOffset, ranges []rowRange, rows int64) (n int, end int64) {
	for i, p := range pages {
		to := rows
		if i+1 < len(pages) {
			to = pages[i+1].row
		}
		for len(ranges) > 0 && ranges[0].to <= p.row {
			ranges = ranges[1:]
		}
		if len(ranges) > 0 && ranges[0].from < to {
			n, end = n+1, max(end, p.at+p.size)
		}
	}
	return n, end
}
