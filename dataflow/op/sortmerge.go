package op

import (
	"context"
	"io"
	"math"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/spill"
)

// cursor reads a run batch by batch; nil is its end. A batch is good until the next call.
type cursor interface {
	next() (*vec.Batch, error)
	close() error
}

// memCursor gathers the rows of a run in memory in sorted order.
type memCursor struct {
	run   *memRun
	types []vec.Type
	at    int
	out   *vec.Batch
}

func (c *memCursor) next() (*vec.Batch, error) {
	if c.at == len(c.run.perm) {
		return nil, nil
	}
	if c.out == nil {
		c.out = vec.NewBatch(c.types)
	}
	idx := c.run.perm[c.at:min(len(c.run.perm), c.at+vec.MaxRows)]
	for i, v := range c.out.Cols {
		v.Gather(c.run.rows.Cols[i], idx, true)
	}
	c.out.N = len(idx)
	c.at += len(idx)
	return c.out, nil
}

func (c *memCursor) close() error { c.run.rows, c.run.perm = nil, nil; return nil }

// runCursor reads a run on disk.
type runCursor struct {
	r   *spill.RunReader
	run *spill.Run
}

func (c *runCursor) next() (*vec.Batch, error) {
	b, err := c.r.Next()
	if err == io.EOF {
		return nil, nil
	}
	return b, err
}

func (c *runCursor) close() error {
	err := c.r.Close()
	if e := c.run.Close(); err == nil {
		err = e
	}
	return err
}

// Merge reads all rows in order. The runs are freed when the reader is closed.
func (s *SortedRuns) Merge(ctx context.Context) (dataflow.Reader, error) {
	if len(s.spilled) == 0 && allPacked(s.mem) {
		fields, _, _ := s.fields()
		if len(s.mem) > 0 && s.mem[0].perm == nil {
			m := &rowMerger{ctx: ctx, fields: fields, out: vec.NewBatch(s.types), xs: make([]uint64, 0, vec.MaxRows)}
			for _, r := range s.mem {
				m.runs = append(m.runs, r.packed)
			}
			s.mem = nil
			return m, nil
		}
		m := &packedMerger{ctx: ctx, runs: s.mem, at: make([]int, len(s.mem)), out: vec.NewBatch(s.types), fields: fields}
		for _, r := range s.mem {
			m.src = append(m.src, r.rows)
		}
		s.mem = nil
		return m, nil
	}
	m := &merger{ctx: ctx, keys: s.keys, out: vec.NewBatch(s.types)}
	for _, r := range s.mem {
		m.in = append(m.in, &mergeInput{c: &memCursor{run: r, types: s.types}})
	}
	for _, r := range s.spilled {
		rd, err := r.Open()
		if err != nil {
			m.Close()
			return nil, err
		}
		m.in = append(m.in, &mergeInput{c: &runCursor{r: rd, run: r}})
	}
	s.mem, s.spilled = nil, nil
	for i, in := range m.in {
		in.num = int32(i)
		if err := in.load(m.keys); err != nil {
			m.Close()
			return nil, err
		}
	}
	m.open = append(m.open, m.in...)
	m.heapify()
	return m, nil
}

// mergeInput is the head of one run: its current batch, and the first key of its rows as integers.
type mergeInput struct {
	c    cursor
	b    *vec.Batch
	at   int
	norm []uint64
	num  int32 // place in merger.in
}

func (in *mergeInput) load(keys []vec.Order) error {
	b, err := in.c.next()
	in.b, in.at = b, 0
	if err != nil || b == nil {
		return err
	}
	in.norm = in.norm[:0]
	k := keys[0]
	v := b.Cols[k.Col]
	for i := 0; i < b.N; i++ {
		x := uint64(math.MaxUint64)
		switch {
		case v.IsNull(i):
			if !k.NullsLast {
				x = 0
			}
		default:
			if x = norm(v, v.Index(i)); k.Desc {
				x = ^x
			}
		}
		in.norm = append(in.norm, x)
	}
	return nil
}

// merger merges runs. It picks rows one by one and gathers them column by column.
type merger struct {
	ctx  context.Context
	keys []vec.Order
	in   []*mergeInput
	open []*mergeInput // not at their end; a binary heap, the one with the next row first
	out  *vec.Batch
	from []int32 // by output row: index into in
	row  []int32
	src  []*vec.Batch // scratch: current batches, nil for runs that have ended
}

// heapify drops the runs that have ended and orders the others.
func (m *merger) heapify() {
	k := 0
	for _, in := range m.open {
		if in.b != nil {
			m.open[k] = in
			k++
		}
	}
	m.open = m.open[:k]
	for i := k/2 - 1; i >= 0; i-- {
		m.sift(i)
	}
}

// sift moves the run at place i down to where it belongs.
func (m *merger) sift(i int) {
	for {
		c := 2*i + 1
		if c >= len(m.open) {
			return
		}
		if c+1 < len(m.open) && m.less(m.open[c+1], m.open[c]) {
			c++
		}
		if !m.less(m.open[c], m.open[i]) {
			return
		}
		m.open[i], m.open[c] = m.open[c], m.open[i]
		i = c
	}
}

func (m *merger) less(a, b *mergeInput) bool {
	x, y := a.norm[a.at], b.norm[b.at]
	if x != y {
		return x < y
	}
	return vec.Compare(m.keys, a.b, a.at, b.b, b.at) < 0
}

// Next returns rows until a run needs its next batch, since gathered rows must stay readable.
func (m *merger) Next() (*vec.Batch, error) {
	if err := m.ctx.Err(); err != nil {
		return nil, context.Cause(m.ctx)
	}
	switch len(m.open) {
	case 0:
		return nil, io.EOF
	case 1:
		return m.rest(m.open[0])
	}
	m.from, m.row = m.from[:0], m.row[:0]
	var dry *mergeInput
	for dry == nil && len(m.row) < vec.MaxRows {
		in := m.open[0]
		m.from, m.row = append(m.from, in.num), append(m.row, int32(in.at))
		if in.at++; in.at == in.b.N {
			dry = in
			break
		}
		m.sift(0)
	}
	m.gather()
	if dry != nil {
		if err := dry.load(m.keys); err != nil {
			return nil, err
		}
		m.heapify()
	}
	return m.out, nil
}

// rest passes the batches of the last run on.
func (m *merger) rest(in *mergeInput) (*vec.Batch, error) {
	if in.at < in.b.N {
		sel := make([]int32, 0, in.b.N-in.at)
		for i := in.at; i < in.b.N; i++ {
			sel = append(sel, int32(i))
		}
		b := in.b
		if in.at > 0 {
			b = b.WithSel(sel)
		}
		in.at = in.b.N
		return b, nil
	}
	b, err := in.c.next()
	if in.b = b; b == nil {
		m.open = nil
		if err == nil {
			err = io.EOF
		}
		return nil, err
	}
	in.at = b.N
	return b, nil
}

// gather copies the picked rows into the output batch.
func (m *merger) gather() {
	m.src = m.src[:0]
	for _, in := range m.in {
		m.src = append(m.src, in.b)
	}
	gatherPicked(m.out, m.src, m.from, m.row, nil)
}

// Position is unused: a merge is not resumed, its job starts over.
func (m *merger) Position() []byte { return nil }

// Close frees the runs.
func (m *merger) Close() error {
	var first error
	for _, in := range m.in {
		if err := in.c.close(); first == nil {
			first = err
		}
	}
	m.in, m.open = nil, nil
	return first
}
