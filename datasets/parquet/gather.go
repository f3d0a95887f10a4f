package parquet

import (
	"slices"

	"github.com/riffle-io/riffle/dataflow/vec"
)

// gather puts a vector together from pieces of pages. It starts with codes and turns to flat
// values at the first page that is not dictionary-encoded.
type gather struct {
	c     *cursor
	dst   *vec.Vec
	n, at int
	sel   []int32
	codes bool // dst.Codes[:at] are the values so far
	flat  bool // dst's values are
	off   int  // strings: offsets up to here are set
}

// take reads k rows of the present page.
func (g *gather) take(k int) error {
	c, p := g.c, &g.c.page
	from, wanted := len(g.sel), g.sel == nil
	if g.sel != nil {
		lo, _ := slices.BinarySearch(g.sel, int32(g.at))
		from, wanted = lo, lo < len(g.sel) && int(g.sel[lo]) < g.at+k
	}
	if !wanted {
		if p.loaded {
			if err := c.skipValues(c.present(p.row, p.row+k)); err != nil {
				return err
			}
		}
		g.blank(k)
		p.row += k
		g.at += k
		return nil
	}
	if !p.loaded {
		if err := c.load(); err != nil {
			return err
		}
	}
	if err := g.values(k, from); err != nil {
		return err
	}
	g.nulls(k)
	p.row += k
	g.at += k
	return nil
}

// blank leaves k rows without values.
func (g *gather) blank(k int) {
	if !g.flat {
		g.useCodes()
		clear(g.dst.Codes[g.at : g.at+k])
	}
}

func (g *gather) useCodes() {
	if !g.codes {
		g.codes = true
		if cap(g.dst.Codes) < g.n {
			g.dst.Codes = make([]int32, g.n)
		}
		g.dst.Codes = g.dst.Codes[:g.n]
	}
}

// nulls copies the page's validity, once a page has nulls.
func (g *gather) nulls(k int) {
	p, dst := &g.c.page, g.dst
	if p.valid == nil {
		return
	}
	if dst.Valid == nil {
		words := (g.n + 63) / 64
		if cap(g.c.valid) < words {
			g.c.valid = make(vec.Bitmap, words)
		}
		dst.Valid = g.c.valid[:words]
		for i := range dst.Valid {
			dst.Valid[i] = ^uint64(0)
		}
	}
	copyBits(dst.Valid, g.at, p.valid, p.row, k)
}

// values reads the values of k rows into rows [at, at+k) of dst. Those in g.sel[from:] matter.
func (g *gather) values(k, from int) error {
	c, p := g.c, &g.c.page
	m := c.present(p.row, p.row+k)
	if p.form == formCodes {
		return g.takeCodes(k, m, from)
	}
	if g.codes {
		g.expand()
	}
	g.flat = true
	if g.dst.Type.Phys() == vec.PhysStr {
		return g.strings(k, from)
	}
	src := p.data[p.taken*c.leaf.width:]
	p.taken += m
	if err := c.leaf.conv(g.dst, g.at, src, m); err != nil {
		return err
	}
	if m < k {
		spread(g.dst, p.valid, p.row, g.at, k, m)
	}
	return nil
}

// sparse is how many times fewer wanted rows than rows there must be for taking codes one by one.
const sparse = 8

// within is the wanted rows among the next k.
func (g *gather) within(k, from int) []int32 {
	n, _ := slices.BinarySearch(g.sel[from:], int32(g.at+k))
	return g.sel[from : from+n]
}

// takeCodes reads the m codes of k rows.
func (g *gather) takeCodes(k, m, from int) error {
	c, p := g.c, &g.c.page
	codes := g.dst.Codes
	if !g.flat {
		g.useCodes()
		codes = g.dst.Codes[g.at:]
	} else if cap(codes) < k {
		codes = make([]int32, max(k, vec.MaxRows))
		g.dst.Codes = codes
	}
	codes = codes[:k]
	ok, err := g.readCodes(codes, m, from)
	if err != nil {
		return err
	}
	if !ok {
		return corrupt("a code is outside the dictionary of %d entries", c.size)
	}
	if m < k {
		spreadSlots(codes, p.valid, p.row, m, true)
	}
	if g.flat {
		g.lookUp(codes, g.at)
		g.dst.Codes = g.dst.Codes[:0]
	}
	return nil
}

// readCodes reads m codes, or only those that are wanted; ok tells whether they are in range.
func (g *gather) readCodes(codes []int32, m, from int) (ok bool, err error) {
	h := &g.c.page.codes
	if k := len(codes); g.sel != nil && m == k {
		if few := g.within(k, from); len(few)*sparse < k && h.covers(k) {
			clear(codes)
			return h.readSome(codes, few, g.at, g.c.size), nil
		}
	}
	err = h.read(codes[:m])
	return checkCodes(codes[:m], g.c.size), err
}

// expand turns the codes so far into flat values.
func (g *gather) expand() {
	codes := g.dst.Codes[:g.at]
	g.codes, g.flat = false, true
	if c := g.c; c.dict != nil {
		g.lookUp(codes, 0)
	} else {
		g.offsets(g.at) // only rows without values so far
	}
	g.dst.Codes = g.dst.Codes[:0]
}

// lookUp writes dictionary entries to the rows from at.
func (g *gather) lookUp(codes []int32, at int) {
	d, dst := g.c.dict, g.dst
	switch dst.Type.Phys() {
	case vec.PhysBool:
		pick(dst.B[at:], d.B, codes)
	case vec.PhysI32:
		pick(dst.I32[at:], d.I32, codes)
	case vec.PhysI64:
		pick(dst.I64[at:], d.I64, codes)
	case vec.PhysI128:
		pick(dst.I128[at:], d.I128, codes)
	case vec.PhysF64:
		pick(dst.F64[at:], d.F64, codes)
	case vec.PhysIv:
		pick(dst.Iv[at:], d.Iv, codes)
	case vec.PhysStr:
		g.offsets(at)
		for i, k := range codes {
			dst.Data = append(dst.Data, d.Data[d.Off[k]:d.Off[k+1]]...)
			dst.Off[at+i+1] = int32(len(dst.Data))
		}
		g.off = at + len(codes)
	}
}

func pick[T vec.Slot](dst, dict []T, codes []int32) {
	for i, c := range codes {
		dst[i] = dict[c]
	}
}

// offsets makes the rows up to row empty strings, where nothing was written.
func (g *gather) offsets(row int) {
	if g.dst.Type.Phys() != vec.PhysStr {
		return
	}
	for ; g.off < row; g.off++ {
		g.dst.Off[g.off+1] = int32(len(g.dst.Data))
	}
}

// sealed ends the vector after n rows.
func (g *gather) sealed(n int) {
	if g.codes && g.c.dict == nil { // no page was loaded
		g.codes = false
	}
	if !g.codes {
		g.offsets(n)
	}
}
