package state

import "math/bits"

// changes are the rows of a table that were written since its last snapshot: by page, a bitmap of
// the rows in it; nil for a page without any. Bit i stands for the row that begins in the words
// [i<<shift, (i+1)<<shift) of the page.
type changes struct {
	pages [][]uint64
	shift uint
}

// markedBits is the number of bits of a page.
func (c *changes) markedBits() int { return PageWords >> c.shift }

// follow makes t note its changes from here on, and returns those since the call before; ok is
// false for the first.
func (t *Table) follow() (since changes, ok bool) {
	since, ok = t.changed, t.follows
	t.follows = true
	t.changed = changes{pages: make([][]uint64, len(t.pages)), shift: uint(bits.Len(uint(t.stride)) - 1)}
	return since, ok
}

// mark notes that row r changes.
func (t *Table) mark(r Ref) {
	p := t.changed.pages[r>>PageShift]
	if p == nil {
		p = t.markPage(r)
	}
	i := (r & PageMask) >> t.changed.shift
	p[i>>6] |= 1 << (i & 63)
}

func (t *Table) markPage(r Ref) []uint64 {
	p := make([]uint64, (t.changed.markedBits()+63)/64)
	t.changed.pages[r>>PageShift] = p
	return p
}

// markAll is mark for the rows of a batch.
func (t *Table) markAll(refs []Ref) {
	pages, shift := t.changed.pages, t.changed.shift
	for _, r := range refs {
		p := pages[r>>PageShift]
		if p == nil {
			p = t.markPage(r)
		}
		i := (r & PageMask) >> shift
		if bit := uint64(1) << (i & 63); p[i>>6]&bit == 0 { // a store each would wait for the one before
			p[i>>6] |= bit
		}
	}
}

// count is the number of changed rows.
func (c *changes) count() (n int64) {
	for _, p := range c.pages {
		for _, w := range p {
			n += int64(bits.OnesCount64(w))
		}
	}
	return n
}

// scan calls fn with the changed rows of one page after the other, in order; refs is lent.
func (c *changes) scan(stride int, fn func(refs []Ref) error) error {
	var refs []Ref
	for pg, p := range c.pages {
		refs = refs[:0]
		for w, word := range p {
			for ; word != 0; word &= word - 1 {
				from := (w<<6 + bits.TrailingZeros64(word)) << c.shift
				row := (from + stride - 1) / stride * stride // the row that begins there
				refs = append(refs, Ref(pg<<PageShift+row))
			}
		}
		if len(refs) == 0 {
			continue
		}
		if err := fn(refs); err != nil {
			return err
		}
	}
	return nil
}

// alive tells whether row r of the view has data.
func (v *View) alive(r Ref) bool {
	return v.started && r < v.next && v.pages[r>>PageShift][r&PageMask]&headLive != 0
}

// place numbers the rows of a table from 0 on.
func (v *View) place(r Ref) int64 {
	return int64(r>>PageShift)*int64(PageWords/v.stride) + int64(int(r&PageMask)/v.stride)
}
