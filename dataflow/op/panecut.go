package op

import (
	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/vec"
)

// paneCut divides the rows of a batch by slice.
type paneCut struct {
	parts []paneRows
	nulls []int32
	index map[int64]int
}

// paneRows is the rows of one slice [at, hi). all is set when they are all rows of the batch.
type paneRows struct {
	at, hi int64
	all    bool
	sel    []int32
}

// rows is the selection of the part.
func (p *paneRows) rows(b *vec.Batch) []int32 {
	if p.all {
		return b.Sel
	}
	return p.sel
}

// cut divides the live rows of b by the slice of their time; win nil makes each time a slice of its
// own. Most batches lie in one slice, which two comparisons a row tell.
func (c *paneCut) cut(b *vec.Batch, times *vec.Vec, win *slicing) {
	c.nulls = c.nulls[:0]
	c.parts = c.parts[:0]
	n := b.Live()
	if n == 0 {
		return
	}
	if !times.MayHaveNulls() {
		lo, hi := timeRange(b, times)
		if at := sliceOf(win, lo); at == sliceOf(win, hi) {
			c.part(at, hi+1).all = true
			return
		}
	}
	clear(c.index)
	base := times.Base().I64
	var cur *paneRows
	for k := range n {
		i := b.Row(k)
		if times.IsNull(i) {
			c.nulls = append(c.nulls, int32(i))
			continue
		}
		t := base[times.Index(i)]
		if cur == nil || t < cur.at || t >= cur.hi {
			cur = c.find(t, win)
		}
		cur.sel = append(cur.sel, int32(i))
	}
}

func timeRange(b *vec.Batch, times *vec.Vec) (lo, hi int64) {
	if times.Form == vec.Flat && b.Sel == nil {
		lo, hi = times.I64[0], times.I64[0]
		for _, t := range times.I64[:b.N] {
			lo, hi = min(lo, t), max(hi, t)
		}
		return lo, hi
	}
	base := times.Base().I64
	lo, hi = dataflow.MaxTime, dataflow.MinTime
	for k := range b.Live() {
		t := base[times.Index(b.Row(k))]
		lo, hi = min(lo, t), max(hi, t)
	}
	return lo, hi
}

func sliceOf(win *slicing, t int64) int64 {
	if win == nil {
		return t
	}
	return win.slice(t)
}

// find is the part of time t.
func (c *paneCut) find(t int64, win *slicing) *paneRows {
	for i := len(c.parts) - 1; i >= 0 && i >= len(c.parts)-4; i-- {
		if p := &c.parts[i]; t >= p.at && t < p.hi {
			return p
		}
	}
	at := sliceOf(win, t)
	if i, ok := c.index[at]; ok {
		return &c.parts[i]
	}
	if c.index == nil {
		c.index = map[int64]int{}
	}
	c.index[at] = len(c.parts)
	hi := at + 1
	if win != nil {
		hi = at + win.width
	}
	return c.part(at, hi)
}

// part appends a part and reuses the selection of an earlier batch.
func (c *paneCut) part(at, hi int64) *paneRows {
	if len(c.parts) < cap(c.parts) {
		c.parts = c.parts[:len(c.parts)+1]
	} else {
		c.parts = append(c.parts, paneRows{})
	}
	p := &c.parts[len(c.parts)-1]
	*p = paneRows{at: at, hi: hi, sel: p.sel[:0]}
	return p
}
