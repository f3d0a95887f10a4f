package repl

import (
	"encoding/binary"
	"math"
	"slices"
	"sync"

	"github.com/riffle-io/riffle/dataflow/vec"
)

// liveIndex knows what table the changes of a Live make. A slot is a row of it through time: its
// changes are linked from the newest back, and before the oldest change held comes its base, the
// row as it was then. The table as of a change is thus each slot's newest change up to it.
//
// A changelog with a key has a slot a key. One without (a bag: equal rows may occur several times)
// has a slot for every row added; a row taken away ends the newest slot that is equal to it. A
// result that only appends has no slots: its table is the changes.
type liveIndex struct {
	mu       sync.Mutex // taken before Live.mu
	append   bool
	bag      bool
	key      []int
	segments []*segment
	first    int64 // seq of the oldest change held
	done     int64 // seq of the next change to index

	slots []slot
	free  []int32
	byKey map[string]int32 // newest slot of a key
	base  baseRows
	shed  int64 // rows of the base that went for want of memory
	buf   []byte
}

// slot is one row of the table through time.
type slot struct {
	used   bool
	live   bool   // the newest change added the row
	latest int64  // seq of the newest change
	base   rowRef // the row before the oldest change held; zero: it was not there
	older  int32  // bag: the slot of an equal row before; -1: none
}

// rowRef is a row of an immutable batch.
type rowRef struct {
	b   *vec.Batch
	row int32
	seq int64 // of the change that made it
}

// baseRows counts the rows that outlived their changes.
type baseRows struct {
	rows, dead int64
	bytes      int64
}

// catchUp indexes what is new and evicts what is too much; l.index.mu is held.
func (l *Live) catchUp() {
	x := &l.index
	l.mu.Lock()
	l.seal()
	fresh := l.sealed
	l.sealed = nil
	over := l.bytes - l.limit
	l.mu.Unlock()
	for _, s := range fresh {
		if !x.append {
			x.add(s)
		}
		x.done = s.end()
		x.segments = append(x.segments, s)
	}
	var freed int64
	n := 0
	for ; n < len(x.segments)-1 && freed < over; n++ {
		s := x.segments[n]
		freed += s.bytes
		x.first = s.end()
		if !x.append {
			x.evict(s)
		}
	}
	if n == 0 {
		return
	}
	x.segments = slices.Clone(x.segments[n:]) // readers hold the old slice
	l.mu.Lock()
	l.bytes -= freed
	l.mu.Unlock()
	x.tidy(l.limit / 2)
}

// add links the changes of a segment to their slots.
func (x *liveIndex) add(s *segment) {
	s.slots, s.prev = make([]int32, s.b.N), make([]int64, s.b.N)
	for row := 0; row < s.b.N; row++ {
		seq := s.first + int64(row)
		n := x.slotOf(s.b, row)
		sl := &x.slots[n]
		s.slots[row], s.prev[row] = n, sl.latest
		sl.latest, sl.live = seq, vec.IsAdd(s.b.Op(row))
	}
}

// slotOf finds the slot that a change is of, or makes one.
func (x *liveIndex) slotOf(b *vec.Batch, row int) int32 {
	k := x.keyOf(b, row)
	n, known := x.byKey[string(k)]
	switch {
	case !x.bag && known:
		return n
	case !x.bag:
		n = x.newSlot(-1)
		x.byKey[string(k)] = n
		return n
	case vec.IsAdd(b.Op(row)):
		older := int32(-1)
		if known {
			older = n
		}
		n = x.newSlot(older)
		x.byKey[string(k)] = n
		return n
	case known: // a row taken away ends the newest equal one
		if x.slots[n].older >= 0 {
			x.byKey[string(k)] = x.slots[n].older
		} else {
			delete(x.byKey, string(k))
		}
		return n
	}
	return x.newSlot(-1) // of a row that came before the record, or was shed
}

func (x *liveIndex) newSlot(older int32) int32 {
	n := int32(len(x.slots))
	if k := len(x.free); k > 0 {
		n = x.free[k-1]
		x.free = x.free[:k-1]
	} else {
		x.slots = append(x.slots, slot{})
	}
	x.slots[n] = slot{used: true, latest: -1, older: older}
	return n
}

// keyOf encodes the key of a row. The result is good until the next call.
func (x *liveIndex) keyOf(b *vec.Batch, row int) []byte {
	buf := x.buf[:0]
	for _, c := range x.key {
		v := b.Cols[c]
		if v.IsNull(row) {
			buf = append(buf, 0)
			continue
		}
		buf = append(buf, 1)
		base, i := v.Base(), v.Index(row)
		switch v.Type.Phys() {
		case vec.PhysBool:
			buf = append(buf, map[bool]byte{true: 1}[base.B[i]])
		case vec.PhysI32:
			buf = binary.LittleEndian.AppendUint32(buf, uint32(base.I32[i]))
		case vec.PhysI64:
			buf = binary.LittleEndian.AppendUint64(buf, uint64(base.I64[i]))
		case vec.PhysF64:
			buf = binary.LittleEndian.AppendUint64(buf, math.Float64bits(base.F64[i]))
		case vec.PhysStr:
			s := v.Str(row)
			buf = append(binary.AppendUvarint(buf, uint64(len(s))), s...)
		default:
			at := len(buf)
			buf = v.AppendText(append(buf, 0), row)
			buf[at] = byte(len(buf) - at - 1) // numbers and intervals are short
		}
	}
	x.buf = buf
	return buf
}

// evict forgets the changes of the oldest segment: the last one of each slot becomes its base.
func (x *liveIndex) evict(s *segment) {
	var keep []int32 // rows that become bases, newest first
	seen := map[int32]bool{}
	for row := s.b.N - 1; row >= 0; row-- {
		n := s.slots[row]
		if seen[n] {
			continue
		}
		seen[n] = true
		sl := &x.slots[n]
		if sl.base.b != nil {
			x.base.dead++
			sl.base = rowRef{}
		}
		if vec.IsAdd(s.b.Op(row)) {
			keep = append(keep, int32(row))
		} else if sl.latest == s.first+int64(row) {
			x.drop(n, s.b, row)
		}
	}
	if len(keep) == 0 {
		return
	}
	slices.Reverse(keep)
	b := s.b.WithSel(keep).Compact()
	b.Ops = nil
	for i, row := range keep {
		x.slots[s.slots[row]].base = rowRef{b, int32(i), s.first + int64(row)}
	}
	x.base.rows += int64(b.N)
	x.base.bytes += b.Bytes()
}

// drop frees a slot whose row is gone. b and row have its key.
func (x *liveIndex) drop(n int32, b *vec.Batch, row int) {
	if !x.bag {
		delete(x.byKey, string(x.keyOf(b, row)))
	}
	x.slots[n] = slot{latest: -1, older: -1}
	x.free = append(x.free, n)
}

// tidy keeps the base within limit bytes: dead rows go first, then the rows that have not changed
// for the longest time.
func (x *liveIndex) tidy(limit int64) {
	if x.base.dead*2 > x.base.rows {
		x.compactBase()
	}
	if x.base.bytes <= limit {
		return
	}
	type old struct {
		n   int32
		seq int64
	}
	var list []old
	for n := range x.slots {
		if sl := &x.slots[n]; sl.used && sl.base.b != nil && sl.latest < x.first {
			list = append(list, old{int32(n), sl.latest})
		}
	}
	slices.SortFunc(list, func(a, b old) int { return int(a.seq - b.seq) })
	for _, o := range list[:(len(list)+1)/2] {
		ref := x.slots[o.n].base
		x.unlink(o.n, ref)
		x.shed++
	}
	x.compactBase()
}

// unlink frees the slot of a row that is shed.
func (x *liveIndex) unlink(n int32, ref rowRef) {
	if x.bag {
		k := string(x.keyOf(ref.b, int(ref.row)))
		head, ok := x.byKey[k]
		switch {
		case ok && head == n && x.slots[n].older < 0:
			delete(x.byKey, k)
		case ok && head == n:
			x.byKey[k] = x.slots[n].older
		case ok:
			for at := head; x.slots[at].older >= 0; at = x.slots[at].older {
				if x.slots[at].older == n {
					x.slots[at].older = x.slots[n].older
					break
				}
			}
		}
	}
	x.drop(n, ref.b, int(ref.row))
}

// compactBase copies the bases into full batches.
func (x *liveIndex) compactBase() {
	x.base = baseRows{}
	var b *vec.Batch
	for n := range x.slots {
		sl := &x.slots[n]
		if sl.base.b == nil {
			continue
		}
		if b == nil || b.N >= vec.MaxRows {
			if b != nil {
				x.base.bytes += b.Bytes()
			}
			types := make([]vec.Type, len(sl.base.b.Cols))
			for c, v := range sl.base.b.Cols {
				types[c] = v.Type
			}
			b = vec.NewBatch(types)
		}
		b.Append(sl.base.b, []int32{sl.base.row})
		sl.base = rowRef{b, int32(b.N - 1), sl.base.seq}
		x.base.rows++
	}
	if b != nil {
		x.base.bytes += b.Bytes()
	}
}
