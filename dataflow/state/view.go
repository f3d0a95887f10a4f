package state

import (
	"encoding/binary"
	"math"

	"github.com/riffle-io/riffle/dataflow/vec"
)

// PageWords is the size of a page: 64 KiB, small enough to copy at a write after a snapshot (about
// 5 µs) and large enough that a directory of 10^7 rows is copied in microseconds.
const (
	PageShift = 13
	PageWords = 1 << PageShift
	PageMask  = PageWords - 1
)

// Page holds whole rows of a table.
type Page [PageWords]uint64

// Ref names a row: the page's number times PageWords plus the word in the page.
type Ref uint32

// NoRef is no row.
const NoRef = ^Ref(0)

// The header word of a row: the tag of its hash, NULL bits of the first columns, and whether the
// row lives.
const (
	headTag   = uint64(1)<<32 - 1
	headLive  = uint64(1) << 63
	headNulls = 31 // columns whose NULL bits are in the header word
)

// column is where a column's words and NULL bit stand in a row.
type column struct {
	typ      vec.Type
	phys     vec.Phys
	num      int
	at       int // word in the row
	words    int // 1, or 2 for 128-bit integers, intervals and strings
	nullWord int
	nullBit  uint64
	hasNull  bool // a NULL was stored at some time
}

// View reads the rows of a table, or of what a table was when it was frozen.
type View struct {
	cols    []column // keys, then values
	keys    int
	head    int      // header words
	keyEnd  int      // words before the values
	stride  int      // words a row
	keyMask []uint64 // by header word: NULL bits of the key columns
	pages   []*Page
	arena   [][]byte
	next    Ref // where the next new row goes
	started bool
}

func (v *View) layout(keys, vals []vec.Type) {
	v.keys = len(keys)
	n := len(keys) + len(vals)
	v.head = 1
	if n > headNulls {
		v.head += (n - headNulls + 63) / 64
	}
	v.keyMask = make([]uint64, v.head)
	at := v.head
	for c := 0; c < n; c++ {
		var t vec.Type
		if c < len(keys) {
			t = keys[c]
		} else {
			t = vals[c-len(keys)]
		}
		if c == len(keys) {
			v.keyEnd = at
		}
		col := column{num: c, typ: t, phys: t.Phys(), at: at, words: Words(t), nullBit: 1 << (32 + uint(c)%headNulls)}
		if c >= headNulls {
			col.nullWord, col.nullBit = 1+(c-headNulls)/64, 1<<(uint(c-headNulls)%64)
		}
		if c < len(keys) {
			v.keyMask[col.nullWord] |= col.nullBit
		}
		at += col.words
		v.cols = append(v.cols, col)
	}
	if len(vals) == 0 {
		v.keyEnd = at
	}
	v.stride = at
}

// Words is the number of words that a value of type t takes in a row.
func Words(t vec.Type) int {
	switch t.Phys() {
	case vec.PhysI128, vec.PhysIv, vec.PhysStr:
		return 2
	}
	return 1
}

// Pages is the rows' memory: word w of row r is Pages()[r>>PageShift][int(r&PageMask)+w]. It is
// good until the next insertion, Touch or Clear.
func (v *View) Pages() []*Page { return v.pages }

// ValAt is the first word, within a row, of value column c.
func (v *View) ValAt(c int) int { return v.cols[v.keys+c].at }

// Val is column number of value column c, for Gather.
func (v *View) Val(c int) int { return v.keys + c }

// Scan appends to dst, up to its capacity, the live rows from row from on, and returns where to go
// on; NoRef when there are no more.
func (v *View) Scan(from Ref, dst []Ref) ([]Ref, Ref) {
	if !v.started {
		return dst, NoRef
	}
	r := from
	for r < v.next && len(dst) < cap(dst) {
		if v.pages[r>>PageShift][r&PageMask]&headLive != 0 {
			dst = append(dst, r)
		}
		r = v.after(r)
	}
	if r >= v.next {
		return dst, NoRef
	}
	return dst, r
}

// after is the place of the row that follows r.
func (v *View) after(r Ref) Ref {
	r += Ref(v.stride)
	if int(r&PageMask)+v.stride > PageWords || r&PageMask == 0 {
		r = (r + PageMask) &^ PageMask
	}
	return r
}

// Gather fills dst with column c (keys first, then values) of the rows refs. dst has the column's
// type; strings are copied.
func (v *View) Gather(c int, refs []Ref, dst *vec.Vec) {
	col := &v.cols[c]
	v.GatherAt(col.typ, col.at, refs, dst)
	if !col.hasNull {
		return
	}
	for k, r := range refs {
		if v.pages[r>>PageShift][int(r&PageMask)+col.nullWord]&col.nullBit != 0 {
			dst.SetNull(k)
		}
	}
}

// GatherAt is Gather for words of type t that begin at word at of a row; none is NULL.
func (v *View) GatherAt(t vec.Type, at int, refs []Ref, dst *vec.Vec) {
	dst.Resize(len(refs))
	pages := v.pages
	switch t.Phys() {
	case vec.PhysBool:
		for k, r := range refs {
			dst.B[k] = pages[r>>PageShift][int(r&PageMask)+at] != 0
		}
	case vec.PhysI32:
		for k, r := range refs {
			dst.I32[k] = int32(pages[r>>PageShift][int(r&PageMask)+at])
		}
	case vec.PhysI64:
		for k, r := range refs {
			dst.I64[k] = int64(pages[r>>PageShift][int(r&PageMask)+at])
		}
	case vec.PhysF64:
		for k, r := range refs {
			dst.F64[k] = math.Float64frombits(pages[r>>PageShift][int(r&PageMask)+at])
		}
	case vec.PhysI128:
		for k, r := range refs {
			p, o := pages[r>>PageShift], int(r&PageMask)+at
			dst.I128[k] = vec.Int128{Lo: p[o], Hi: int64(p[o+1])}
		}
	case vec.PhysIv:
		for k, r := range refs {
			p, o := pages[r>>PageShift], int(r&PageMask)+at
			dst.Iv[k] = UnpackInterval(p[o], p[o+1])
		}
	case vec.PhysStr:
		for k, r := range refs {
			p, o := pages[r>>PageShift], int(r&PageMask)+at
			dst.Data = v.AppendStr(dst.Data, p[o], p[o+1])
			dst.Off[k+1] = int32(len(dst.Data))
		}
	}
}

// PackInterval is the two words of an interval.
func PackInterval(iv vec.Interval) (uint64, uint64) {
	return uint64(uint32(iv.Months))<<32 | uint64(uint32(iv.Days)), uint64(iv.Micros)
}

// UnpackInterval reads what PackInterval wrote.
func UnpackInterval(a, b uint64) vec.Interval {
	return vec.Interval{Months: int32(a >> 32), Days: int32(a), Micros: int64(b)}
}

// Strings take two words: the length and the first 4 bytes, then the next 8 bytes when the string
// has at most 12, else its place in the arena (page and byte). Most keys are short, and compare
// without a look at the arena. (The layout is that of T. Neumann and M. Freitag, "Umbra: A
// Disk-Based System with In-Memory Performance", CIDR 2020.)
const shortStr = 12

// packShort is the two words of a string of at most 12 bytes.
func packShort(s []byte) (uint64, uint64) {
	n := uint64(len(s))
	switch {
	case len(s) >= 8:
		a := binary.LittleEndian.Uint64(s)
		var b uint64
		if len(s) == shortStr {
			b = uint64(binary.LittleEndian.Uint32(s[8:]))
		} else {
			for i := len(s) - 1; i >= 8; i-- {
				b = b<<8 | uint64(s[i])
			}
		}
		return n | a<<32, a>>32 | b<<32
	case len(s) >= 4:
		a := uint64(binary.LittleEndian.Uint32(s))
		var b uint64
		for i := len(s) - 1; i >= 4; i-- {
			b = b<<8 | uint64(s[i])
		}
		return n | a<<32, b
	}
	var a uint64
	for i := len(s) - 1; i >= 0; i-- {
		a = a<<8 | uint64(s[i])
	}
	return n | a<<32, 0
}

// longHead is the first word of a string of more than 12 bytes.
func longHead(s []byte) uint64 {
	return uint64(len(s)) | uint64(binary.LittleEndian.Uint32(s))<<32
}

// AppendStr appends the string of two words to dst.
func (v *View) AppendStr(dst []byte, a, b uint64) []byte {
	n := int(uint32(a))
	if n > shortStr {
		return append(dst, v.long(a, b)...)
	}
	var buf [shortStr]byte
	binary.LittleEndian.PutUint32(buf[:], uint32(a>>32))
	binary.LittleEndian.PutUint64(buf[4:], b)
	return append(dst, buf[:n]...)
}

// Str is the string of two words. buf holds it when it is short.
func (v *View) Str(a, b uint64, buf *[16]byte) []byte {
	n := int(uint32(a))
	if n > shortStr {
		return v.long(a, b)
	}
	binary.LittleEndian.PutUint32(buf[:], uint32(a>>32))
	binary.LittleEndian.PutUint64(buf[4:], b)
	return buf[:n]
}

func (v *View) long(a, b uint64) []byte {
	p, o := v.arena[b>>32], uint32(b)
	return p[o : o+uint32(a)]
}
