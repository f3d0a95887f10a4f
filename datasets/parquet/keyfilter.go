package parquet

import (
	"fmt"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/vec"
)

const (
	// trialRows is how many rows a key filter sees before it is judged.
	trialRows = 32 << 10
	// useless is the share of rows, in percent, that a filter lets through when it is not asked again
	// in that row group: a look-up costs about as much as the decoding that it saves.
	useless = 90
)

// keyFilter is a runtime filter of the source: the keys of a join's build side.
type keyFilter struct {
	col  int // of the scan
	from dataflow.KeyFilter
}

// FilterKeys makes readers leave out rows whose value in a column is not among the keys.
func (s *source) FilterKeys(cols []int, filters []dataflow.KeyFilter) {
	for i, c := range cols {
		s.keys = append(s.keys, keyFilter{c, filters[i]})
	}
}

// keyState is a key filter in use by one reader.
type keyState struct {
	col          int
	set          *dataflow.KeySet
	dict         *vec.Vec // pass is for this one; nil: none
	pass         []bool   // by entry
	seen, passed int      // rows of the row group
	off          bool     // it lets nearly everything through
	sel          []int32
}

// startKeys looks at a row group before anything of it is read: it keeps the rows of those pages
// whose bounds hold a key of each filter.
func (r *reader) startKeys(g *rowGroup) error {
	r.keys = r.keys[:0]
	for i, k := range r.src.keys {
		c := r.cols[k.col]
		if c == nil { // all NULL: no key equals it
			r.ranges = nil
			return nil
		}
		set, err := k.from.Keys()
		if err != nil {
			return fmt.Errorf("runtime filter of column %s: %w", c.leaf.name, err)
		}
		if set == nil {
			continue
		}
		if b := c.leaf.chunkBounds(g); b.allNull || b.hasRange && !set.Overlaps(b.lo.I, b.hi.I) {
			r.ranges = nil
			return nil
		}
		if len(r.keyStates) == i {
			r.keyStates = append(r.keyStates, &keyState{sel: make([]int32, 0, vec.MaxRows)})
		}
		st := r.keyStates[i]
		st.col, st.set, st.dict, st.seen, st.passed, st.off = k.col, set, nil, 0, 0, false
		r.keys = append(r.keys, st)
		chunk := &g.chunks[c.leaf.index]
		x, err := readPageIndex(r.r, chunk, g.rows)
		if err != nil {
			return fmt.Errorf("page index: %w", err)
		}
		if x != nil && len(x.pages) > 1 {
			r.ranges = intersect(r.ranges, x.where(c.leaf, g.rows, func(b bounds) bool {
				return !b.allNull && (!b.hasRange || set.Overlaps(b.lo.I, b.hi.I))
			}))
		}
	}
	return nil
}

// selectKeys applies the key filters to n rows; false when no row is left.
func (r *reader) selectKeys(n int) (some bool, err error) {
	b := &r.batch
	for _, k := range r.keys {
		if k.off {
			continue
		}
		if err := r.decode(k.col, n); err != nil {
			return false, err
		}
		before := b.Live()
		b.Sel = k.rows(b.Cols[k.col], b, int(r.f.meta.groups[r.g].rows))
		k.seen, k.passed = k.seen+before, k.passed+len(b.Sel)
		if k.seen >= trialRows && k.passed*100 > k.seen*useless {
			k.off = true
		}
		if len(b.Sel) == 0 {
			return false, nil
		}
	}
	if len(b.Sel) == b.N {
		b.Sel = nil
	}
	return true, nil
}

// rows is the live rows of b whose key is in the set. Codes are looked up entry by entry when a
// dictionary has fewer entries than the row group has rows, so that each is asked once.
func (k *keyState) rows(v *vec.Vec, b *vec.Batch, rows int) []int32 {
	if v.Form != vec.Dict || v.Valid != nil || v.Dict.Len() > rows/4*3 {
		k.sel = k.set.Select(v, b.N, b.Sel, k.sel[:0])
		return k.sel
	}
	if k.dict != v.Dict {
		k.dict, k.pass = v.Dict, grown(k.pass, v.Dict.Len())
		clear(k.pass)
		k.sel = k.set.Select(v.Dict, v.Dict.Len(), nil, k.sel[:0])
		for _, i := range k.sel {
			k.pass[i] = true
		}
	}
	n, at := b.Live(), 0
	if cap(k.sel) < n {
		k.sel = make([]int32, max(n, vec.MaxRows))
	}
	out, pass := k.sel[:n], k.pass
	if b.Sel == nil {
		for i, c := range v.Codes[:n] {
			out[at] = int32(i)
			at += b2i(pass[c])
		}
	} else {
		for _, i := range b.Sel {
			out[at] = i
			at += b2i(pass[v.Codes[i]])
		}
	}
	k.sel = out[:at]
	return k.sel
}
