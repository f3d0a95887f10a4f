package state

import (
	"bytes"
	"slices"

	"github.com/riffle-io/riffle/dataflow/vec"
)

// farIndex is the size of an index, 2 MiB, that is not in the L2 cache.
const farIndex = 1 << 18

// minIndex is the smallest index: it has room for a batch of new rows.
const minIndex = 4096

// slowIndex is the size from which an index grows step by step: below, all slots move in a
// millisecond.
const slowIndex = 1 << 16

// moveStep is how many slots each batch moves at least: an old index is empty long before the new
// one is full.
const moveStep = 4 * vec.MaxRows

// resizeIndex makes an index of another size. Slots move to it with the next batches; until then
// they are looked for in both.
func (t *Table) resizeIndex(slots int) {
	t.old, t.moved = t.index, 0
	t.index = make([]uint64, slots)
	t.mask = uint32(slots - 1)
	if len(t.old) < slowIndex {
		t.move(len(t.old))
	}
}

// move moves n more slots of the old index. Those that moved stay in it too, so that its probe
// sequences remain whole.
func (t *Table) move(n int) {
	if t.old == nil {
		return
	}
	to := min(len(t.old), t.moved+n)
	for _, s := range t.old[t.moved:to] {
		if s <= headTag { // empty, or deleted
			continue
		}
		pos := uint32(s>>32) & t.mask
		for t.index[pos] != 0 {
			pos = (pos + 1) & t.mask
		}
		t.index[pos] = s
	}
	if t.moved = to; to < len(t.old) {
		return
	}
	if size := int64(len(t.old)) * 8; t.budget != nil {
		t.budget.Shrink(size)
		t.held -= size
	}
	t.old = nil
}

// tagOf is the part of the hash that the index keeps. Key groups are made of the top bits and
// spilled partitions of the bits below them, so the low ones are left.
func tagOf(h uint64) uint64 { return h&headTag | 1<<31 }

// find probes in passes, so that the cache misses of many rows overlap: all first slots, then all
// rows. The pass over displaced keys gives 1.3x at
// 10^6 keys and costs a third at 10^3, so it is for large tables only.
func (t *Table) find(kb *keyBlock, refs []Ref, insert bool) {
	kb.cand = grow(kb.cand, kb.n)
	index, mask, cand := t.index, t.mask, kb.cand
	for k, h := range kb.hash[:kb.n] {
		cand[k] = index[uint32(h)&mask]
	}
	for k, h := range kb.hash[:kb.n] { // displaced keys: their slots are in the cache by now
		if len(index) < farIndex {
			break
		}
		s, pos := cand[k], uint32(h)
		for s != 0 && s>>32 != tagOf(h) {
			pos++
			s = index[pos&mask]
		}
		cand[k] = s
	}
	if kb.w == 1 {
		t.findWord(kb, refs, insert)
		return
	}
	for k, h := range kb.hash[:kb.n] {
		if s := cand[k]; s>>32 == tagOf(h) && t.equal(kb, k, Ref(s)) {
			refs[k] = Ref(s)
			continue
		}
		refs[k] = t.walk(kb, k, insert)
	}
}

// findWord is find for keys of one word. A NULL needs no look at its bit: its tag differs from
// that of the only key with the same word.
func (t *Table) findWord(kb *keyBlock, refs []Ref, insert bool) {
	cand, at := kb.cand, t.head
	words, pages, found := kb.words[:kb.n], t.pages, grow(kb.found, kb.n)
	kb.found = found
	if len(pages) > 0 {
		for k, s := range cand { // an empty slot reads the first row, which does no harm
			r := Ref(s)
			found[k] = pages[r>>PageShift][int(r&PageMask)+at]
		}
	}
	for k, h := range kb.hash[:kb.n] {
		s := cand[k]
		if s>>32 == tagOf(h) && found[k] == words[k] {
			refs[k] = Ref(s)
			continue
		}
		refs[k] = t.walk(kb, k, insert)
	}
}

// walk finds key k by linear probing from its home slot, and inserts it at the first empty one.
func (t *Table) walk(kb *keyBlock, k int, insert bool) Ref {
	tag := tagOf(kb.hash[k])
	pos := uint32(tag) & t.mask
	for {
		s := t.index[pos]
		if s == 0 {
			break
		}
		if s>>32 == tag && t.equal(kb, k, Ref(s)) {
			return Ref(s)
		}
		pos = (pos + 1) & t.mask
	}
	if t.old != nil {
		if r := t.walkOld(kb, k, tag); r != NoRef {
			return r
		}
	}
	if !insert {
		return NoRef
	}
	r := t.insert(kb, k, tag)
	t.index[pos] = tag<<32 | uint64(r)
	t.fresh = append(t.fresh, int32(k))
	return r
}

// walkOld looks in the index before it grew.
func (t *Table) walkOld(kb *keyBlock, k int, tag uint64) Ref {
	mask := uint32(len(t.old) - 1)
	for pos := uint32(tag) & mask; t.old[pos] != 0; pos = (pos + 1) & mask {
		if s := t.old[pos]; s>>32 == tag && t.equal(kb, k, Ref(s)) {
			return Ref(s)
		}
	}
	return NoRef
}

func (t *Table) equal(kb *keyBlock, k int, r Ref) bool {
	p, o := t.pages[r>>PageShift], int(r&PageMask)
	row := p[o : o+t.keyEnd]
	var nulls uint64
	if kb.anyNull {
		nulls = kb.nulls[k]
		for w := 1; w < t.head; w++ {
			if row[w]&t.keyMask[w] != kb.more[k*(t.head-1)+w-1] {
				return false
			}
		}
	} else if t.head > 1 && !t.noMoreNulls(row) {
		return false
	}
	if row[0]&t.keyMask[0] != nulls {
		return false
	}
	key := kb.words[k*kb.w : (k+1)*kb.w]
	row = row[t.head:]
	if !kb.hasStr {
		return slices.Equal(row, key)
	}
	return t.equalStrs(kb, k, row, key)
}

func (t *Table) noMoreNulls(row []uint64) bool {
	for w := 1; w < t.head; w++ {
		if row[w]&t.keyMask[w] != 0 {
			return false
		}
	}
	return true
}

func (t *Table) equalStrs(kb *keyBlock, k int, row, key []uint64) bool {
	for c := range t.cols[:t.keys] {
		col := &t.cols[c]
		o := col.at - t.head
		if row[o] != key[o] {
			return false
		}
		if col.words == 1 {
			continue
		}
		if col.phys == vec.PhysStr && uint32(key[o]) > shortStr {
			if !bytes.Equal(t.long(row[o], row[o+1]), kb.cols[c].Str(kb.row(k))) {
				return false
			}
		} else if row[o+1] != key[o+1] {
			return false
		}
	}
	return true
}

// deleted marks a slot of an old index; no tag equals its upper half.
const deleted = 1

// unindex removes a slot and shifts those behind it back, so that no tombstone is left.
func (t *Table) unindex(tag uint64, r Ref) {
	tag |= 1 << 31
	slot := tag<<32 | uint64(r)
	if t.old != nil {
		mask := uint32(len(t.old) - 1)
		for pos := uint32(tag) & mask; t.old[pos] != 0; pos = (pos + 1) & mask {
			if t.old[pos] == slot {
				t.old[pos] = deleted
				break
			}
		}
	}
	pos := uint32(tag) & t.mask
	for t.index[pos] != slot {
		if t.index[pos] == 0 {
			return // it had not moved
		}
		pos = (pos + 1) & t.mask
	}
	for hole := pos; ; {
		pos = (pos + 1) & t.mask
		s := t.index[pos]
		if s == 0 {
			t.index[hole] = 0
			return
		}
		home := uint32(s>>32) & t.mask
		if (pos-home)&t.mask >= (pos-hole)&t.mask {
			t.index[hole] = s
			hole = pos
		}
	}
}
