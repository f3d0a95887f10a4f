package state

import (
	"fmt"
	"math/bits"
	"sync"

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

	follows bool    // changes are noted
	changed changes // since the last Snapshot
	number  int32   // in its History; 0: none yet

	kb    keyBlock
	fresh []int32
	dict  dictCache
}

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

// IndexBits is how many low bits of a key's hash say where in the index it is looked for: keys that
// agree in the upper ones of them are near each other.
func (t *Table) IndexBits() int { return bits.Len(uint(t.mask)) }

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
		t.move(len(t.old)) // growth twice in a row
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
		if t.follows {
			t.mark(r)
		}
		return r
	}
	r := t.next
	if pg := int(r >> PageShift); pg == len(t.pages) {
		t.pages = append(t.pages, newPage())
		t.shared = append(t.shared, false)
		if t.follows {
			t.changed.pages = append(t.changed.pages, nil)
		}
	} else {
		t.own(pg)
	}
	if t.follows {
		t.mark(r)
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
	if t.follows {
		t.mark(r)
	}
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
	t.follows, t.changed, t.number = false, changes{}, 0
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
