package repl

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"sort"

	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/repl/render"
)

// Page reads n rows from row from on, fewer at the end; cols picks columns, nil is all. Cells are
// by row, then by column.
func (r *Result) Page(from int64, n int, cols []int) ([][]Cell, error) {
	if cols == nil {
		cols = upTo(r.schema.Len())
	}
	var out [][]Cell
	err := r.each(from, n, func(b *vec.Batch, lo, hi int) error {
		for i := lo; i < hi; i++ {
			out = append(out, cellsOf(b, i, cols))
		}
		return nil
	})
	return out, err
}

func upTo(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

func cellsOf(b *vec.Batch, row int, cols []int) []Cell {
	out := make([]Cell, len(cols))
	for k, c := range cols {
		out[k] = cellOf(b.Cols[c], row)
	}
	return out
}

func cellOf(v *vec.Vec, row int) Cell {
	if v.IsNull(row) {
		return Cell{Text: "NULL", Null: true}
	}
	return Cell{Text: render.Text(v, row)}
}

// Float reads a column as numbers, for charts: NaN for NULL and for what is no number. Dates and
// timestamps are seconds since the Unix epoch, times of day seconds since midnight.
func (r *Result) Float(from int64, n, col int) ([]float64, error) {
	var out []float64
	err := r.each(from, n, func(b *vec.Batch, lo, hi int) error {
		for i := lo; i < hi; i++ {
			out = append(out, floatOf(b.Cols[col], i))
		}
		return nil
	})
	return out, err
}

func floatOf(v *vec.Vec, row int) float64 {
	if v.IsNull(row) {
		return math.NaN()
	}
	val := v.Value(row)
	switch t := v.Type; t.Kind {
	case vec.Bool:
		return float64(val.I)
	case vec.Date:
		return float64(val.I) * 86400
	case vec.Time, vec.Timestamp, vec.TimestampTZ:
		return float64(val.I) / 1e6
	case vec.Decimal:
		return val.Decimal128(t).Float64() / math.Pow10(int(t.Scale))
	case vec.IntervalK:
		return float64(val.Iv.Months)*30*86400 + float64(val.Iv.Days)*86400 + float64(val.Iv.Micros)/1e6
	default:
		switch {
		case t.IsFloat():
			return val.F
		case t.IsInteger():
			return float64(val.I)
		}
	}
	return math.NaN()
}

// each calls fn with the batches that hold rows [from, from+n), and the range of rows in each.
func (r *Result) each(from int64, n int, fn func(b *vec.Batch, lo, hi int) error) error {
	if err := r.acquire(); err != nil {
		return err
	}
	defer r.release()
	from = max(from, 0)
	for n > 0 {
		batches, first, err := r.at(from, n)
		if err != nil || batches == nil {
			return err
		}
		for _, b := range batches {
			if n <= 0 {
				return nil
			}
			if lo := int(from - first); lo < b.N {
				hi := min(b.N, lo+n)
				if err := fn(b, lo, hi); err != nil {
					return err
				}
				from, n = from+int64(hi-lo), n-(hi-lo)
			}
			first += int64(b.N)
		}
	}
	return nil
}

// CopyTo writes the rows to w, at most limit of them (-1: all), and closes it.
func (r *Result) CopyTo(w render.Writer, limit int64) error {
	if limit < 0 {
		limit = math.MaxInt64
	}
	var sel []int32
	for from := int64(0); from < limit; {
		n := int(min(limit-from, chunkRows))
		got := 0
		err := r.each(from, n, func(b *vec.Batch, lo, hi int) error {
			sel = sel[:0]
			for i := lo; i < hi; i++ {
				sel = append(sel, int32(i))
			}
			got += hi - lo
			return w.Write(b.WithSel(sel))
		})
		if err != nil {
			return err
		}
		if got == 0 {
			break
		}
		from += int64(got)
	}
	return w.Close()
}

// Render is how the result's columns are written.
func (r *Result) Render() render.Options {
	o := render.Options{Types: r.schema.Types()}
	for _, f := range r.schema.Fields {
		o.Names = append(o.Names, f.Name)
	}
	return o
}

// at finds the chunk that holds a row: its batches, which must not be changed, and the number of
// the first row. There are none behind the last row.
func (r *Result) at(row int64, n int) (batches []*vec.Batch, first int64, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if row >= r.rows {
		return nil, 0, nil
	}
	if r.open != nil && row >= r.open.first {
		return r.open.frozen(row, n), r.open.first, nil
	}
	i := sort.Search(len(r.chunks), func(i int) bool { return r.chunks[i].first > row }) - 1
	c := r.chunks[i]
	if c.batches != nil {
		return c.batches, c.first, nil
	}
	for k, e := range r.cache {
		if e.c == c {
			r.cache = append(append(r.cache[:k:k], r.cache[k+1:]...), e)
			return e.batches, c.first, nil
		}
	}
	r.mu.Unlock() // a read from disk keeps nobody waiting
	batches, err = c.load()
	r.mu.Lock()
	if err != nil {
		return nil, 0, fmt.Errorf("result %s: %w", r.name, err)
	}
	r.cache = append(r.cache, &cachedChunk{c, batches})
	if len(r.cache) > cacheChunks {
		r.cache = r.cache[1:]
	}
	return batches, c.first, nil
}

// frozen is the open chunk's batches for rows [row, row+n). The last batch, which still grows, is
// copied up to the last row asked for.
func (c *chunk) frozen(row int64, n int) []*vec.Batch {
	last := len(c.batches) - 1
	out := append([]*vec.Batch{}, c.batches[:last]...)
	b := c.batches[last]
	have := int64(c.rows - b.N) // rows before it
	if row+int64(n) <= c.first+have {
		return out
	}
	return append(out, b.Compact())
}

// load reads a spilled chunk.
func (c *chunk) load() (out []*vec.Batch, err error) {
	rd, err := c.run.Open()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rd.Close()) }()
	for {
		b, err := rd.Next()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		out = append(out, b.Compact())
	}
}

// WriteMarkdown writes all rows to a file, as a table of Markdown with the columns of the numbers
// cols in their order; nil is all of them.
func (r *Result) WriteMarkdown(path string, cols []int) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	o := r.Render()
	o.Format = "md"
	if cols != nil {
		all := o
		o.Names, o.Types = make([]string, len(cols)), make([]vec.Type, len(cols))
		for i, c := range cols {
			o.Names[i], o.Types[i] = all.Names[c], all.Types[c]
		}
	}
	w, err := render.New(f, o)
	if err == nil && cols != nil {
		w = &projected{w, cols}
	}
	if err == nil {
		err = r.CopyTo(w, -1)
	}
	return errors.Join(err, f.Close())
}

// projected is a writer that gets some columns of what is written.
type projected struct {
	render.Writer
	cols []int
}

func (p *projected) Write(b *vec.Batch) error { return p.Writer.Write(b.Project(p.cols)) }
