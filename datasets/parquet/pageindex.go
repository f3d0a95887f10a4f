package parquet

import (
	"io"

	"github.com/riffle-io/riffle/dataflow/expr"
)

// maxIndex bounds what is read for an index: larger ones cost more than they save.
const maxIndex = 16 << 20

// rowRange is the rows [from, to) of a row group.
type rowRange struct{ from, to int64 }

// pageIndex is the statistics of a chunk's pages and where they start.
type pageIndex struct {
	nullPages []bool
	min, max  [][]byte
	nulls     []int64
	pages     []pageOffset
}

// pageOffset is where a page is.
type pageOffset struct {
	at, size int64 // in the file, header included
	row      int64 // number of its first row
}

func readPageIndex(r io.ReaderAt, c *columnChunk, rows int64) (*pageIndex, error) {
	if c.colIndex.len <= 0 || c.offIdx.len <= 0 || c.colIndex.len > maxIndex || c.offIdx.len > maxIndex {
		return nil, nil
	}
	x := &pageIndex{}
	buf := make([]byte, c.colIndex.len)
	if err := readFull(r, buf, c.colIndex.at); err != nil {
		return nil, err
	}
	t := &thriftReader{b: buf}
	t.fields(x.columnField(t))
	if t.err != nil {
		return nil, t.err
	}
	var err error
	if x.pages, err = readOffsets(r, c); err != nil {
		return nil, err
	}
	return x, x.check(rows)
}

// readOffsets reads the offset index of a chunk, which has one.
func readOffsets(r io.ReaderAt, c *columnChunk) (out []pageOffset, err error) {
	buf := make([]byte, c.offIdx.len)
	if err := readFull(r, buf, c.offIdx.at); err != nil {
		return nil, err
	}
	t := &thriftReader{b: buf}
	t.fields(func(id int, _ byte) bool {
		if id != 1 {
			return false
		}
		out = structs(t, readPageOffset)
		return true
	})
	return out, t.err
}

func (x *pageIndex) columnField(t *thriftReader) func(id int, typ byte) bool {
	texts := func() (out [][]byte) {
		for n, _ := t.list(); n > 0 && t.err == nil; n-- {
			out = append(out, t.bytes())
		}
		return out
	}
	return func(id int, _ byte) bool {
		switch id {
		case 1:
			for n, _ := t.list(); n > 0 && t.err == nil; n-- {
				x.nullPages = append(x.nullPages, t.byte() == thriftTrue)
			}
		case 2:
			x.min = texts()
		case 3:
			x.max = texts()
		case 5:
			for n, _ := t.list(); n > 0 && t.err == nil; n-- {
				x.nulls = append(x.nulls, t.i64())
			}
		default:
			return false
		}
		return true
	}
}

func readPageOffset(t *thriftReader) (p pageOffset) {
	t.fields(func(id int, _ byte) bool {
		switch id {
		case 1:
			p.at = t.i64()
		case 2:
			p.size = int64(t.i32())
		case 3:
			p.row = t.i64()
		default:
			return false
		}
		return true
	})
	return p
}

func (x *pageIndex) check(rows int64) error {
	n := len(x.pages)
	if len(x.nullPages) != n || len(x.min) != n || len(x.max) != n || x.nulls != nil && len(x.nulls) != n {
		return corrupt("the page index has lists of different lengths")
	}
	return checkOffsets(x.pages, rows)
}

func checkOffsets(pages []pageOffset, rows int64) error {
	for i, p := range pages {
		if i == 0 && p.row != 0 || i > 0 && p.row < pages[i-1].row || p.row > rows {
			return corrupt("the page index has rows out of order")
		}
	}
	return nil
}

// ranges gives the rows of the pages that may hold a row for which e, over one column, is true.
func (x *pageIndex) ranges(l *leaf, e expr.Expr, rows int64) []rowRange {
	return x.where(l, rows, func(b bounds) bool { return mayMatch(e, func(int) bounds { return b }) })
}

// where gives the rows of the pages whose bounds may accepts.
func (x *pageIndex) where(l *leaf, rows int64, may func(bounds) bool) []rowRange {
	var out []rowRange
	for i := range x.pages {
		from, to := x.pages[i].row, rows
		if i+1 < len(x.pages) {
			to = x.pages[i+1].row
		}
		nulls := int64(-1)
		if x.nulls != nil {
			nulls = x.nulls[i]
		}
		b := l.bounds(x.min[i], x.max[i], nulls, to-from)
		if x.nullPages[i] {
			b = bounds{t: l.t, allNull: true}
		}
		if may(b) {
			out = addRange(out, rowRange{from, to})
		}
	}
	return out
}

// addRange appends r, joined to the last range when it follows it.
func addRange(out []rowRange, r rowRange) []rowRange {
	if r.from >= r.to {
		return out
	}
	if k := len(out) - 1; k >= 0 && out[k].to >= r.from {
		out[k].to = max(out[k].to, r.to)
		return out
	}
	return append(out, r)
}

// intersect gives the rows in both lists.
func intersect(a, b []rowRange) []rowRange {
	var out []rowRange
	for len(a) > 0 && len(b) > 0 {
		out = addRange(out, rowRange{max(a[0].from, b[0].from), min(a[0].to, b[0].to)})
		if a[0].to < b[0].to {
			a = a[1:]
		} else {
			b = b[1:]
		}
	}
	return out
}
