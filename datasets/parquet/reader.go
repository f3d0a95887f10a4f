package parquet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/vec"
)

// maxDry is how many batches without a row that passes are read before the reader returns an empty
// one, so that the task can look after barriers and cancellation.
const maxDry = 64

// countRows is the size of batches that have no columns.
const countRows = 1 << 20

// reader reads one row group. It is used again for others: its buffers stay.
type reader struct {
	src     *source
	filters []*filter
	dec     decompressor
	leaves  []*cursor // by column of the scan, kept while the leaf is the same; nil: none yet
	batch   vec.Batch

	keyStates []*keyState // by runtime filter, used again

	ctx    context.Context
	f      *file
	g      int
	r      io.ReaderAt
	cols   []*cursor // by column of the scan; nil: NULL in this file
	active []*filter // filters that the row group does not pass as a whole
	keys   []*keyState
	ranges []rowRange
	skip   Skip      // why ranges is empty from the start, as far as prune made it so
	skipBy expr.Expr // the filter that did; nil: several together
	row    int64     // next
	left   int64     // rows that are still wanted; -1: all
	done   []bool
	col    int // being decoded, for errors; -1: none
}

func newReader(s *source, filters []*filter) *reader {
	n := len(s.scan.Cols)
	return &reader{src: s, filters: filters, leaves: make([]*cursor, n), cols: make([]*cursor, n),
		done: make([]bool, n), batch: vec.Batch{Cols: make([]*vec.Vec, n)}}
}

// open starts with row row of a row group.
func (r *reader) open(ctx context.Context, d splitData, row int64) (err error) {
	r.ctx, r.f, r.g, r.row, r.col = ctx, d.f, d.g, row, -1
	r.left, r.skip, r.skipBy = r.src.scan.Limit, SkipNone, nil
	g := &d.f.meta.groups[d.g]
	r.ranges = append(r.ranges[:0], rowRange{row, g.rows})
	if r.r, err = d.f.acquire(); err != nil {
		r.f = nil
		return err
	}
	defer r.guard(&err)
	for c := range r.cols {
		l := r.src.leaf(d.f, c)
		if r.cols[c] = nil; l == nil {
			r.batch.Cols[c] = nullVec(r.src.schema.Fields[c].Type)
			continue
		}
		if r.leaves[c] == nil || r.leaves[c].leaf != l {
			r.leaves[c] = &cursor{leaf: l}
		}
		r.cols[c] = r.leaves[c]
		r.cols[c].reset(r.r, &g.chunks[l.index], g.rows, &r.dec)
	}
	r.active = append(r.active[:0], r.filters...)
	if err := r.startKeys(g); err != nil || len(r.ranges) == 0 {
		return err
	}
	return r.prune(g)
}

func nullVec(t vec.Type) *vec.Vec { return vec.ConstVec(t, vec.NullValue()) }

// prune looks at bloom filters and the page index before it reads any page.
func (r *reader) prune(g *rowGroup) error {
	for _, f := range r.filters {
		if len(f.cols) != 1 || r.cols[f.cols[0]] == nil {
			continue
		}
		r.col = f.cols[0]
		l := r.cols[r.col].leaf
		chunk := &g.chunks[l.index]
		if l.plain && wantsEqual(f.e) {
			if bf := readBloom(r.r, r.f.size, chunk); bf != nil {
				b := l.chunkBounds(g)
				b.absent = func(v vec.Value) bool { return bf.absent(l, v) }
				if !mayMatch(f.e, func(int) bounds { return b }) {
					r.ranges, r.skip, r.skipBy = nil, SkipBloom, f.e
					return nil
				}
			}
		}
		x, err := readPageIndex(r.r, chunk, g.rows)
		if err != nil {
			return fmt.Errorf("page index: %w", err)
		}
		if x == nil || len(x.pages) <= 1 {
			continue
		}
		own := x.ranges(l, f.e, g.rows)
		if r.ranges = intersect(r.ranges, own); len(r.ranges) == 0 {
			r.skip = SkipPages
			if len(own) == 0 {
				r.skipBy = f.e
			}
			return nil
		}
	}
	r.col = -1
	return nil
}

// wantsEqual tells whether e compares for equality, which bloom filters can answer.
func wantsEqual(e expr.Expr) bool {
	found := false
	expr.Walk(e, func(x expr.Expr) bool {
		switch x := x.(type) {
		case *expr.In:
			found = true
		case *expr.Call:
			found = found || x.Fn.Name == "="
		}
		return !found
	})
	return found
}

// Next returns rows that pass the filters. The batch may have no live row; there may be more.
func (r *reader) Next() (b *vec.Batch, err error) {
	defer r.guard(&err)
	if err := r.ctx.Err(); err != nil {
		return nil, context.Cause(r.ctx)
	}
	for dry := 0; ; dry++ {
		for len(r.ranges) > 0 && r.row >= r.ranges[0].to {
			r.ranges = r.ranges[1:]
		}
		if len(r.ranges) == 0 || r.left == 0 {
			return nil, io.EOF
		}
		r.row = max(r.row, r.ranges[0].from)
		n := int(min(vec.MaxRows, r.ranges[0].to-r.row))
		more, err := r.fill(n)
		if err != nil {
			return nil, err
		}
		if !more {
			return nil, io.EOF
		}
		r.row += int64(n)
		if live := r.batch.Live(); live > 0 || dry == maxDry {
			if r.left >= 0 {
				r.left = max(0, r.left-int64(live))
			}
			return &r.batch, nil
		}
	}
}

// fill reads n rows. more is false when a dictionary shows that no row of the row group passes.
func (r *reader) fill(n int) (more bool, err error) {
	b := &r.batch
	b.N, b.Sel = n, nil
	clear(r.done)
	for i := 0; i < len(r.active); i++ {
		f := r.active[i]
		for _, c := range f.cols {
			if err := r.decode(c, n); err != nil {
				return false, err
			}
		}
		if f.one != nil {
			passed, none, err := r.judge(f)
			if none || err != nil {
				return false, err
			}
			if passed {
				r.active = append(r.active[:i], r.active[i+1:]...)
				i--
				continue
			}
		}
		if b.Sel, err = f.sel(b); err != nil {
			return false, err
		}
		if b.Sel != nil && len(b.Sel) == 0 {
			return true, nil
		}
	}
	if len(r.keys) > 0 {
		if some, err := r.selectKeys(n); !some || err != nil {
			return true, err
		}
	}
	for c := range r.cols {
		if err := r.decode(c, n); err != nil {
			return false, err
		}
	}
	return true, nil
}

// decode reads column c of the batch, once.
func (r *reader) decode(c, n int) (err error) {
	if r.done[c] || r.cols[c] == nil {
		return nil
	}
	r.col = c
	if r.batch.Cols[c], err = r.cols[c].read(r.row, n, r.batch.Sel); err != nil {
		return err
	}
	r.done[c], r.col = true, -1
	return nil
}

// judge computes a filter for a new dictionary. passed tells that every row of the row group
// passes, none that no row does.
func (r *reader) judge(f *filter) (passed, none bool, err error) {
	c := r.cols[f.cols[0]]
	if c == nil || c.dict == nil || c.dict == f.one.dict {
		return false, false, nil
	}
	g := &r.f.meta.groups[r.g]
	if err := f.judge(c.dict, c.size, int(g.rows), len(r.cols)); err != nil {
		return false, false, err
	}
	if chunk := &g.chunks[c.leaf.index]; f.one.tooLarge || !chunk.onlyDict() {
		return false, false, nil
	}
	return f.one.all && (f.one.nullPass || !c.leaf.optional), !f.one.some && !f.one.nullPass, nil
}

// guard turns an error or a panic into an *Error that says where.
func (r *reader) guard(err *error) {
	if p := recover(); p != nil {
		re, ok := p.(runtime.Error)
		if !ok {
			panic(p)
		}
		*err = fmt.Errorf("%w: %v\n%s", ErrCorrupt, re, debug.Stack())
	}
	if *err == nil || *err == io.EOF || r.col < 0 {
		return
	}
	var known *Error
	if errors.As(*err, &known) {
		return
	}
	e := &Error{File: r.f.path, RowGroup: r.g, Page: -1, Err: *err}
	if c := r.cols[r.col]; c != nil {
		e.Column, e.Page = c.leaf.name, c.pages.page
	}
	*err = e
}

// Position is the next row.
func (r *reader) Position() []byte { return encodePosition(r.row) }

func encodePosition(row int64) []byte {
	data, err := json.Marshal(position{row})
	if err != nil {
		panic(err) // a struct of an integer
	}
	return data
}

// Close gives the reader back for other row groups.
func (r *reader) Close() error {
	var err error
	if r.f != nil {
		err = r.f.release()
	}
	r.f, r.r, r.ctx = nil, nil, nil
	r.src.readers.Put(r)
	return err
}

// countReader gives the rows of a row group without columns.
type countReader struct{ row, rows int64 }

func (r *countReader) Next() (*vec.Batch, error) {
	if r.row >= r.rows {
		return nil, io.EOF
	}
	n := min(countRows, r.rows-r.row)
	r.row += n
	return &vec.Batch{N: int(n)}, nil
}

func (r *countReader) Position() []byte { return encodePosition(r.row) }
func (r *countReader) Close() error     { return nil }
