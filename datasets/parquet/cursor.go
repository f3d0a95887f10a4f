package parquet

import (
	"encoding/binary"
	"errors"
	"io"
	"math"
	"math/bits"
	"unsafe"

	"github.com/parquet-go/parquet-go/format"

	"github.com/riffle-io/riffle/dataflow/vec"
)

// cursor reads one column chunk from the front, any run of rows at a time.
type cursor struct {
	leaf  *leaf
	pages pages
	rows  int64 // of the row group
	first int64 // row number of the present page's first row
	next  int64 // row number after the present page
	page  page
	dict  *vec.Vec // made new for each chunk: batches may keep it
	size  int      // entries of dict

	own   *vec.Vec // values that are not in a page
	view  vec.Vec  // what read returns
	valid vec.Bitmap
}

// reset starts to read chunk k of a row group.
func (c *cursor) reset(f io.ReaderAt, k *columnChunk, rows int64, dec *decompressor) {
	c.pages.reset(f, k, dec)
	c.rows, c.first, c.next, c.dict, c.size = rows, 0, 0, nil, 0
	c.page.start(pageHeader{}, nil)
	if c.own == nil {
		c.own = vec.New(c.leaf.t, 0)
	}
}

// advance moves to the next data page. It reads a dictionary on the way.
func (c *cursor) advance() error {
	for {
		h, body, err := c.pages.next()
		if errors.Is(err, io.EOF) {
			return corrupt("the column chunk ends at row %d of %d", c.next, c.rows)
		}
		if err != nil {
			return err
		}
		switch h.typ {
		case format.DictionaryPage:
			if err := c.loadDict(&h, body); err != nil {
				return err
			}
		case format.DataPage, format.DataPageV2:
			if int64(h.values) > c.rows-c.next {
				return corrupt("more values than the %d rows of the row group", c.rows)
			}
			c.first, c.next = c.next, c.next+int64(h.values)
			c.page.start(h, body)
			return nil
		}
	}
}

func (c *cursor) loadDict(h *pageHeader, body []byte) error {
	if c.dict != nil || h.encoding != format.Plain && h.encoding != plainDictionary || c.leaf.phys == format.Boolean {
		return corrupt("unexpected dictionary page")
	}
	n := h.values
	width := c.leaf.width
	if c.leaf.copies && n > 0 && h.plainSize == n*width {
		return c.loadDictInPlace(h, body)
	}
	_, data, err := c.pages.load(h, body)
	if err != nil {
		return err
	}
	if c.leaf.phys == format.ByteArray {
		width = 4
	}
	if n > len(data)/width {
		return corrupt("a dictionary of %d entries in %d bytes", n, len(data))
	}
	// The codes of null rows need a value to point at, also when there is none.
	d := vec.New(c.leaf.t, max(n, 1))
	switch {
	case c.leaf.phys != format.ByteArray:
		err = c.leaf.conv(d, 0, data, n)
	case c.leaf.decimals:
		if data, err = widenAll(make([]byte, 16*n), data, n); err == nil {
			err = c.leaf.conv(d, 0, data, n)
		}
	default:
		d.Data = make([]byte, 0, len(data)-4*n)
		_, err = appendStrings(d, 0, data, n)
	}
	c.dict, c.size = d, n
	return err
}

// loadDictInPlace decompresses a dictionary to where its values stay.
func (c *cursor) loadDictInPlace(h *pageHeader, body []byte) error {
	n, d := h.values, &vec.Vec{Type: c.leaf.t}
	var mem []byte
	switch d.Type.Phys() {
	case vec.PhysI32:
		d.I32 = make([]int32, n, n+slack/4)
		mem = raw(d.I32[:cap(d.I32)])
	case vec.PhysI64:
		d.I64 = make([]int64, n, n+slack/8)
		mem = raw(d.I64[:cap(d.I64)])
	case vec.PhysF64:
		d.F64 = make([]float64, n, n+slack/8)
		mem = raw(d.F64[:cap(d.F64)])
	}
	own := c.pages.plain
	c.pages.plain = mem
	_, data, err := c.pages.load(h, body)
	c.pages.plain = own
	if err != nil {
		return err
	}
	copy(mem, data) // moves nothing, unless the page is not compressed
	c.dict, c.size = d, n
	return nil
}

// appendStrings reads n strings of the PLAIN encoding into the rows from at, and gives the number
// of bytes that they took.
func appendStrings(dst *vec.Vec, at int, src []byte, n int) (int, error) {
	p := 0
	for i := 0; i < n; i++ {
		if len(src)-p < 4 {
			return 0, corrupt("text is longer than its page")
		}
		l := int(binary.LittleEndian.Uint32(src[p:]))
		p += 4
		if l > len(src)-p {
			return 0, corrupt("text is longer than its page")
		}
		dst.Data = append(dst.Data, src[p:p+l]...)
		dst.Off[at+i+1] = int32(len(dst.Data))
		p += l
	}
	if len(dst.Data) > math.MaxInt32 {
		return 0, errTooLong
	}
	return p, nil
}

// present counts the values among rows [from, to) of the page.
func (c *cursor) present(from, to int) int {
	v := c.page.valid
	if v == nil {
		return to - from
	}
	n := 0
	for from < to {
		off := from & 63
		k := min(64-off, to-from)
		n += bits.OnesCount64(v[from>>6] >> off & (^uint64(0) >> (64 - k)))
		from += k
	}
	return n
}

// skipValues moves over n values of the loaded page.
func (c *cursor) skipValues(n int) error {
	p := &c.page
	switch p.form {
	case formCodes:
		return p.codes.skip(n)
	case formStrings:
		for ; n > 0; n-- {
			s, _, err := prefixed(p.data[p.taken:])
			if err != nil {
				return corrupt("text is longer than its page")
			}
			p.taken += 4 + len(s)
		}
	default:
		p.taken += n
	}
	return nil
}

// seek moves to a row at or after the present one. Pages between are not loaded.
func (c *cursor) seek(row int64) error {
	for row >= c.next {
		if err := c.advance(); err != nil {
			return err
		}
	}
	to := int(row - c.first)
	if c.page.loaded && to > c.page.row {
		if err := c.skipValues(c.present(c.page.row, to)); err != nil {
			return err
		}
	}
	c.page.row = to
	return nil
}

// read gives the rows [row, row+n), of which those in sel (relative to row; nil: all) are wanted;
// the others have some value. The vector is good until the next call. Rows must be read in order.
func (c *cursor) read(row int64, n int, sel []int32) (*vec.Vec, error) {
	if err := c.seek(row); err != nil {
		return nil, err
	}
	if v, err := c.inPlace(n, sel); v != nil || err != nil {
		return v, err
	}
	own := c.own
	own.Type = c.leaf.t
	own.Resize(n)
	g := gather{c: c, dst: own, n: n, sel: sel}
	for g.at < n {
		if c.page.row == c.page.rows {
			if err := c.advance(); err != nil {
				return nil, err
			}
			continue
		}
		k := min(n-g.at, c.page.rows-c.page.row)
		if err := g.take(k); err != nil {
			return nil, err
		}
	}
	if g.sealed(n); g.codes {
		c.view = vec.Vec{Type: own.Type, Form: vec.Dict, Dict: c.dict, Codes: own.Codes, Valid: own.Valid}
		return &c.view, nil
	}
	return own, nil
}

// inPlace gives n rows as a part of the page when they are all in one page, without nulls and
// stored as vectors are; else nil.
func (c *cursor) inPlace(n int, sel []int32) (*vec.Vec, error) {
	p := &c.page
	if !c.leaf.copies || p.rows-p.row < n || sel != nil && len(sel) == 0 || isDict(p.head.encoding) {
		return nil, nil
	}
	if !p.loaded {
		if err := c.load(); err != nil {
			return nil, err
		}
	}
	if p.form != formFixed || p.valid != nil {
		return nil, nil
	}
	b := p.data[p.taken*c.leaf.width : (p.taken+n)*c.leaf.width]
	at := unsafe.Pointer(unsafe.SliceData(b))
	if n == 0 || uintptr(at)%8 != 0 {
		return nil, nil
	}
	c.view = vec.Vec{Type: c.leaf.t}
	switch c.leaf.t.Phys() {
	case vec.PhysI32:
		c.view.I32 = unsafe.Slice((*int32)(at), n)
	case vec.PhysI64:
		c.view.I64 = unsafe.Slice((*int64)(at), n)
	case vec.PhysF64:
		c.view.F64 = unsafe.Slice((*float64)(at), n)
	}
	p.row, p.taken = p.row+n, p.taken+n
	return &c.view, nil
}
