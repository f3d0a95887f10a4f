package state

import (
	"bytes"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/riffle-io/riffle/dataflow/vec"
)

// Budget is the part of dataflow.Budget that a table needs.
type Budget interface {
	Grow(n int64) error
	Shrink(n int64)
}

// Table maps keys to rows of values. It belongs to one goroutine; the snapshots that Freeze
// returns may be read from another.
type Table struct {
	View
	index  []uint64 // tag<<32 | ref; 0: empty. The tag's top bit is set
	mask   uint32
	old    []uint64 // the index before it grew, until all its slots have moved
	moved  int      // slots of old that have moved
	rows   int      // live rows
	free   []Ref
	budget Budget
	held   int64
	bytes  int64 // of the arena
	dead   int64 // bytes of the arena that no row needs

	shared  []bool // by page: a snapshot reads it
	nshared int
	frozen  []*Frozen

	kb    keyBlock
	fresh []int32
	dict  dictCache
}

// farIndex is the size of an index, 2 MiB, that is not in the L2 cache.
const farIndex = 1 << 18

// minIndex is the smallest index: it has room for a batch of new rows.
const minIndex = 4096

// New makes an empty table. budget may be nil. With no key columns there is at most one row.
func New(keys, vals []vec.Type, budget Budget) *Table {
	t := &Table{budget: budget}
	t.layout(keys, vals)
	if t.stride > PageWords {
		panic(fmt.Sprintf("state: row of %d words", t.stride))
	}
	return t
}

// Rows is the number of live rows.
func (t *Table) Rows() int { return t.rows }

// Bytes is the memory of the table.
func (t *Table) Bytes() int64 {
	return int64(len(t.pages))*PageWords*8 + int64(len(t.index)+len(t.old))*8 + t.bytes
}

// Reserve makes room for n more rows, which then cannot fail. It returns the budget's error, and
// changes nothing, when that memory is refused.
func (t *Table) Reserve(n int) error {
	slots := max(len(t.index), minIndex)
	for (t.rows+n)*8 > slots*5 { // at most 5/8 full: probes stay near 1.5 slots
		slots *= 2
	}
	perPage := PageWords / t.stride
	newRows := max(0, n-len(t.free))
	if int(t.next>>PageShift) < len(t.pages) {
		newRows = max(0, newRows-(PageWords-int(t.next&PageMask))/t.stride)
	}
	pages := len(t.pages) + (newRows+perPage-1)/perPage
	if int64(pages)<<PageShift > int64(NoRef) {
		return fmt.Errorf("state: a table of %d rows is too large", t.rows)
	}
	index := slots + len(t.old)
	if slots != len(t.index) {
		index = slots + len(t.index)
	}
	if need := int64(pages)*PageWords*8 + int64(index)*8 + t.bytes; need > t.held && t.budget != nil {
		if err := t.budget.Grow(need - t.held); err != nil {
			return err
		}
		t.held = need
	}
	if slots != len(t.index) {
		t.resizeIndex(slots)
	}
	return nil
}

// slowIndex is the size from which an index grows step by step: below, all slots move in a
// millisecond.
const slowIndex = 1 << 16

// moveStep is how many slots each batch moves at least: an old index is empty long before the new
// one is full.
const moveStep = 4 * vec.MaxRows

// resizeIndex makes an index of another size. Slots move to it with the next batches; until then
// they are looked for in both.
func (t *Table) resizeIndex(slots int) {
	t.move(len(t.old)) // growth twice in a row
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

// FindOrInsert gives the row of each live key: those of sel, or the first n when sel is nil. refs
// has room for them; refs[k] is the row of the k-th live key. New rows have zero values, none of
// them NULL; fresh, good until the next call, lists the k that made one. The error is the budget's
// refusal, and then nothing has changed.
func (t *Table) FindOrInsert(keys []*vec.Vec, n int, sel []int32, refs []Ref) (fresh []int32, err error) {
	live := n
	if sel != nil {
		live = len(sel)
	}
	if err := t.Reserve(live); err != nil {
		return nil, err
	}
	t.fresh = t.fresh[:0]
	if live == 0 {
		return t.fresh, nil
	}
	if t.keys == 0 {
		t.onlyRow(refs[:live])
		return t.fresh, nil
	}
	t.move(max(moveStep, 4*live))
	if t.dict.usable(keys) {
		t.findCoded(keys, live, sel, refs)
		return t.fresh, nil
	}
	t.find(t.encode(keys, n, sel), refs, true)
	return t.fresh, nil
}

// Find is FindOrInsert without the inserting: refs[k] is NoRef for an unknown key.
func (t *Table) Find(keys []*vec.Vec, n int, sel []int32, refs []Ref) {
	if t.rows == 0 {
		if sel != nil {
			n = len(sel)
		}
		for k := range refs[:n] {
			refs[k] = NoRef
		}
		return
	}
	t.find(t.encode(keys, n, sel), refs, false)
}

// onlyRow is FindOrInsert for no key columns.
func (t *Table) onlyRow(refs []Ref) {
	if t.rows == 0 {
		t.alloc(headLive)
		t.fresh = append(t.fresh, 0)
	}
	for k := range refs {
		refs[k] = 0
	}
}

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

// insert writes the header and the key of a new row.
func (t *Table) insert(kb *keyBlock, k int, tag uint64) Ref {
	head := headLive | tag
	if kb.anyNull {
		head |= kb.nulls[k]
	}
	r := t.alloc(head)
	p, o := t.pages[r>>PageShift], int(r&PageMask)
	if kb.anyNull {
		copy(p[o+1:o+t.head], kb.more[k*(t.head-1):])
	}
	copy(p[o+t.head:o+t.keyEnd], kb.words[k*kb.w:(k+1)*kb.w])
	if kb.hasStr {
		for c := range t.cols[:t.keys] {
			col := &t.cols[c]
			if a := p[o+col.at]; col.phys == vec.PhysStr && uint32(a) > shortStr {
				p[o+col.at+1] = t.store(kb.cols[c].Str(kb.row(k)))
			}
		}
	}
	return r
}

// alloc takes a row of zero words and sets its header.
func (t *Table) alloc(head uint64) Ref {
	t.rows++
	if n := len(t.free); n > 0 {
		r := t.free[n-1]
		t.free = t.free[:n-1]
		t.own(int(r >> PageShift))
		t.pages[r>>PageShift][r&PageMask] = head
		return r
	}
	r := t.next
	if pg := int(r >> PageShift); pg == len(t.pages) {
		t.pages = append(t.pages, newPage())
		t.shared = append(t.shared, false)
	} else {
		t.own(pg)
	}
	t.started = true
	t.pages[r>>PageShift][r&PageMask] = head
	t.next = t.after(r)
	return r
}

// store copies a long string to the arena and returns its place.
func (t *Table) store(s []byte) uint64 {
	last := len(t.arena) - 1
	if last < 0 || len(t.arena[last])+len(s) > cap(t.arena[last]) {
		size := max(arenaPage, len(s))
		if last < 0 {
			size = max(arenaFirst, len(s))
		}
		t.arena = append(t.arena, make([]byte, 0, size))
		t.bytes += int64(size)
		last++
	}
	o := len(t.arena[last])
	t.arena[last] = append(t.arena[last], s...)
	return uint64(last)<<32 | uint64(o)
}

// Sizes of arena pages: a table of few strings should stay small.
const (
	arenaFirst = 4 << 10
	arenaPage  = 64 << 10
)

// PutStr stores s as the string value at word at of row r, in the place of another.
func (t *Table) PutStr(r Ref, at int, s []byte) {
	p, o := t.pages[r>>PageShift], int(r&PageMask)+at
	if n := uint32(p[o]); n > shortStr {
		if t.dead += int64(n); t.dead > arenaPage && t.dead > t.bytes/2 {
			p[o], p[o+1] = 0, 0
			t.compact()
			p = t.pages[r>>PageShift]
		}
	}
	if len(s) <= shortStr {
		p[o], p[o+1] = packShort(s)
		return
	}
	p[o], p[o+1] = longHead(s), t.store(s)
}

// compact rewrites the arena with the strings of live rows only.
func (t *Table) compact() {
	old := t.View
	t.arena, t.bytes, t.dead = nil, 0, 0
	for r := Ref(0); t.started && r < t.next; r = t.after(r) {
		pg := int(r >> PageShift)
		if t.pages[pg][r&PageMask]&headLive == 0 {
			continue
		}
		for c := range t.cols {
			o := int(r&PageMask) + t.cols[c].at
			if a := t.pages[pg][o]; t.cols[c].phys == vec.PhysStr && uint32(a) > shortStr {
				t.own(pg)
				t.pages[pg][o+1] = t.store(old.long(a, t.pages[pg][o+1]))
			}
		}
	}
}

// Delete removes row r, which must live. Its Ref may name another row later.
func (t *Table) Delete(r Ref) {
	t.own(int(r >> PageShift))
	p, o := t.pages[r>>PageShift], int(r&PageMask)
	if t.keys > 0 {
		t.unindex(p[o]&headTag, r)
		t.free = append(t.free, r)
	} else {
		t.started, t.next = false, 0
	}
	for c := range t.cols {
		if n := uint32(p[o+t.cols[c].at]); t.cols[c].phys == vec.PhysStr && n > shortStr {
			t.dead += int64(n)
		}
	}
	clear(p[o : o+t.stride])
	t.rows--
	t.dict.reset()
	if t.dead > arenaPage && t.dead > t.bytes/2 {
		t.compact()
	}
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

// Clear removes all rows and gives the memory back.
func (t *Table) Clear() {
	t.prune()
	for i, p := range t.pages {
		if !t.shared[i] {
			freePage(p)
		}
	}
	t.pages, t.arena, t.free, t.index, t.shared = nil, nil, nil, nil, nil
	t.old, t.moved = nil, 0
	t.started, t.next, t.rows, t.bytes, t.dead, t.nshared = false, 0, 0, 0, 0, 0
	t.frozen = nil
	t.dict.reset()
	if t.budget != nil && t.held > 0 {
		t.budget.Shrink(t.held)
	}
	t.held = 0
}

// Close is Clear; the table may be used again.
func (t *Table) Close() { t.Clear() }

// pagePool keeps pages of dropped tables, which windows make and drop all the time.
var pagePool sync.Pool

func newPage() *Page {
	if p, ok := pagePool.Get().(*Page); ok {
		clear(p[:])
		return p
	}
	return new(Page)
}

func freePage(p *Page) { pagePool.Put(p) }

// Frozen is a table as it was when it was frozen. It is read from one goroutine at a time; Release
// lets go of it.
type Frozen struct {
	View
	rows int
	done atomic.Bool
}

// Freeze returns the rows as they are now. It copies the directory of pages only: the pages are
// shared until one of them is written.
func (t *Table) Freeze() *Frozen {
	t.prune()
	f := &Frozen{View: t.View, rows: t.rows}
	f.pages = slices.Clone(t.pages)
	f.arena = slices.Clone(t.arena)
	f.cols = slices.Clone(t.cols)
	for i := range t.shared {
		t.shared[i] = true
	}
	t.nshared = len(t.shared)
	t.frozen = append(t.frozen, f)
	return f
}

// Rows is the number of live rows.
func (f *Frozen) Rows() int { return f.rows }

// Release ends the reading.
func (f *Frozen) Release() {
	f.pages, f.arena = nil, nil
	f.done.Store(true)
}

// prune forgets snapshots that were released; when none is left, pages are written in place again.
func (t *Table) prune() {
	t.frozen = slices.DeleteFunc(t.frozen, func(f *Frozen) bool { return f.done.Load() })
	if len(t.frozen) == 0 && t.nshared > 0 {
		clear(t.shared)
		t.nshared = 0
	}
}

// own makes page pg writable.
func (t *Table) own(pg int) {
	if t.nshared > 0 && t.shared[pg] {
		p := newPage()
		*p = *t.pages[pg]
		t.pages[pg] = p
		t.shared[pg] = false
		t.nshared--
	}
}

// Touch must be called before the values of rows are written through Pages. It copies pages that a
// snapshot still reads.
func (t *Table) Touch(refs []Ref) {
	if t.nshared == 0 {
		return
	}
	if t.prune(); t.nshared == 0 {
		return
	}
	for _, r := range refs {
		if t.shared[r>>PageShift] {
			t.own(int(r >> PageShift))
		}
	}
}

// Alloc makes len(refs) rows that no key finds, for a table used as scratch memory. The budget is
// not asked.
func (t *Table) Alloc(refs []Ref) {
	for k := range refs {
		refs[k] = t.alloc(headLive)
	}
}

// Truncate removes all rows made by Alloc and keeps the memory.
func (t *Table) Truncate() {
	for i, p := range t.pages {
		if Ref(i)<<PageShift < t.next {
			clear(p[:])
		}
	}
	t.arena, t.bytes, t.dead = nil, 0, 0
	t.started, t.next, t.rows = false, 0, 0
}
