package parquet

import (
	"encoding/binary"

	"github.com/parquet-go/parquet-go/format"

	"github.com/riffle-io/riffle/dataflow/vec"
)

// pageForm is how the values of a loaded page are held.
type pageForm uint8

const (
	formCodes   pageForm = iota // hybrid: codes into the dictionary
	formFixed                   // data: values of leaf.width bytes
	formStrings                 // data: lengths and bytes in turn
	formTexts                   // texts
)

// page is a data page. It is loaded (decompressed, levels read) only when a row of it is wanted.
type page struct {
	head   pageHeader
	body   []byte // as in the file
	rows   int
	row    int // the next row to read
	loaded bool

	valid vec.Bitmap // by row; nil: no nulls
	nulls int
	form  pageForm
	codes hybrid
	data  []byte
	taken int // values of data or texts that were read, or bytes for formStrings
	texts texts

	bitmap vec.Bitmap // memory of valid
	wide   []byte     // memory of data that is not as in the file
	ints   []int64
}

// start takes over a page that nothing was read of.
func (p *page) start(h pageHeader, body []byte) {
	p.head, p.body, p.rows, p.row, p.loaded = h, body, h.values, 0, false
}

// load decompresses the page and moves to p.row.
func (c *cursor) load() error {
	p := &c.page
	levels, data, err := c.pages.load(&p.head, p.body)
	if err != nil {
		return err
	}
	p.valid, p.nulls, p.taken, p.loaded = nil, 0, 0, true
	if c.leaf.optional {
		if p.head.typ == format.DataPage {
			if p.head.defLevels != format.RLE {
				return unsupported("definition levels in %s", p.head.defLevels)
			}
			if levels, data, err = prefixed(data); err != nil {
				return err
			}
		}
		if p.valid, p.nulls, err = readLevels(levels, p.rows, p.bitmap); err != nil {
			return err
		}
		if p.valid != nil {
			p.bitmap = p.valid
		}
	}
	if err := c.decode(data, p.rows-p.nulls); err != nil {
		return err
	}
	return c.skipValues(c.present(0, p.row))
}

// prefixed cuts off a part that its length in 4 bytes stands before.
func prefixed(b []byte) (part, rest []byte, err error) {
	if len(b) < 4 || uint64(binary.LittleEndian.Uint32(b)) > uint64(len(b)-4) {
		return nil, nil, corrupt("levels are longer than the page")
	}
	n := int(binary.LittleEndian.Uint32(b))
	return b[4 : 4+n], b[4+n:], nil
}

// decode prepares the n values of a page.
func (c *cursor) decode(data []byte, n int) (err error) {
	p, width := &c.page, c.leaf.width
	p.form, p.data = formFixed, data
	switch e := p.head.encoding; {
	case isDict(e):
		return c.decodeCodes(data, n)
	case c.leaf.phys == format.Boolean:
		return c.decodeBools(data, n)
	case e == format.Plain && c.leaf.phys != format.ByteArray:
	case e == format.Plain:
		if p.form = formStrings; c.leaf.decimals {
			return c.widenDecimals(n)
		}
		return nil
	case e == format.DeltaBinaryPacked && (width == 4 || width == 8):
		if p.ints, _, err = deltaInts(p.ints, data, n); err != nil {
			return err
		}
		p.data = c.narrow(p.ints, width)
	case e == format.DeltaLengthByteArray && c.leaf.phys == format.ByteArray:
		if err := p.texts.lengths(data, n); err != nil {
			return err
		}
		return c.useTexts(n)
	case e == format.DeltaByteArray:
		if err := p.texts.prefixes(data, n); err != nil {
			return err
		}
		return c.useTexts(n)
	case e == format.ByteStreamSplit && c.leaf.phys != format.ByteArray:
		if len(data) < n*width {
			return corrupt("%d values take %d bytes, there are %d", n, n*width, len(data))
		}
		p.wide = grow(p.wide, n*width)
		joinStreams(p.wide, data, n, width)
		p.data = p.wide
	default:
		return unsupported("encoding %s of %s", e, c.leaf.phys)
	}
	if len(p.data) < n*width {
		return corrupt("%d values take %d bytes, there are %d", n, n*width, len(p.data))
	}
	return nil
}

func (c *cursor) decodeCodes(data []byte, n int) (err error) {
	p := &c.page
	p.form = formCodes
	if c.dict == nil {
		return corrupt("codes without a dictionary")
	}
	if len(data) == 0 {
		if n > 0 {
			return corrupt("codes end too early")
		}
		p.codes = hybrid{}
		return nil
	}
	p.codes, err = newHybrid(data[1:], uint(data[0]))
	return err
}

// decodeBools spreads bits to a byte a value.
func (c *cursor) decodeBools(data []byte, n int) error {
	p := &c.page
	p.wide = grow(p.wide, n)
	p.data = p.wide
	switch p.head.encoding {
	case format.Plain:
		if len(data)*8 < n {
			return corrupt("%d values take %d bytes, there are %d", n, (n+7)/8, len(data))
		}
		for i := range p.data {
			p.data[i] = data[i>>3] >> (i & 7) & 1
		}
		return nil
	case format.RLE:
		part, _, err := prefixed(data)
		if err != nil {
			return err
		}
		h, _ := newHybrid(part, 1)
		var some [256]int32
		for at := 0; at < n; {
			k := min(n-at, len(some))
			if err := h.read(some[:k]); err != nil {
				return err
			}
			for i, v := range some[:k] {
				p.data[at+i] = byte(v)
			}
			at += k
		}
		return nil
	}
	return unsupported("encoding %s of %s", p.head.encoding, c.leaf.phys)
}

// narrow writes integers as PLAIN does.
func (c *cursor) narrow(v []int64, width int) []byte {
	p := &c.page
	p.wide = grow(p.wide, len(v)*width)
	if width == 8 {
		copy(p.wide, raw(v))
		return p.wide
	}
	for i, x := range v {
		binary.LittleEndian.PutUint32(p.wide[4*i:], uint32(x))
	}
	return p.wide
}

// useTexts makes the n strings in p.texts the page's values.
func (c *cursor) useTexts(n int) error {
	p := &c.page
	p.form = formTexts
	if c.leaf.phys == format.ByteArray && !c.leaf.decimals {
		return nil
	}
	if c.leaf.decimals {
		p.form, p.wide = formFixed, grow(p.wide, 16*n)
		for i := 0; i < n; i++ {
			if err := widen(p.wide[16*i:16*i+16], p.texts.data[p.texts.off[i]:p.texts.off[i+1]]); err != nil {
				return err
			}
		}
		p.data = p.wide
		return nil
	}
	for i := 0; i < n; i++ { // FIXED_LEN_BYTE_ARRAY
		if int(p.texts.off[i+1]-p.texts.off[i]) != c.leaf.width {
			return corrupt("a value of %d bytes in a column of %d", p.texts.off[i+1]-p.texts.off[i], c.leaf.width)
		}
	}
	p.form, p.data = formFixed, p.texts.data
	return nil
}

// widenDecimals turns decimals of any length into decimals of 16 bytes.
func (c *cursor) widenDecimals(n int) (err error) {
	p := &c.page
	out, err := widenAll(grow(p.wide, 16*n), p.data, n)
	p.form, p.wide, p.data = formFixed, out, out
	return err
}

func widenAll(dst, src []byte, n int) ([]byte, error) {
	for i := 0; i < n; i++ {
		s, rest, err := prefixed(src)
		if err != nil {
			return nil, corrupt("text is longer than its page")
		}
		if err := widen(dst[16*i:16*i+16], s); err != nil {
			return nil, err
		}
		src = rest
	}
	return dst, nil
}

// widen sign-extends a big-endian integer to 16 bytes.
func widen(dst, s []byte) error {
	d, ok := bigEndian(s)
	if !ok {
		return corrupt("decimal of %d bytes", len(s))
	}
	binary.BigEndian.PutUint64(dst, uint64(d.Hi))
	binary.BigEndian.PutUint64(dst[8:], d.Lo)
	return nil
}
