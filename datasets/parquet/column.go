package parquet

import (
	"hash/crc32"
	"math"
	"math/bits"

	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"github.com/riffle-io/riffle/dataflow/vec"
)

// maxStat is how many bytes of a string go into statistics.
const maxStat = 64

// columnWriter gathers a column of the present row group and writes it as a chunk.
type columnWriter struct {
	w    *Writer
	name string
	phys format.Type
	buf  *vec.Vec

	dict    dictBuilder
	plain   []byte
	squeeze []byte
	seen    []bool // by dictionary entry
}

// flush writes the column's rows into chunk.
func (c *columnWriter) flush(chunk *format.ColumnChunk, rows int) (chunkIndex, error) {
	x := chunkIndex{chunk: chunk, columns: &format.ColumnIndex{BoundaryOrder: format.Unordered}, offsets: &format.OffsetIndex{}}
	m := &chunk.MetaData
	m.Type, m.PathInSchema, m.NumValues = c.phys, []string{c.name}, int64(rows)
	m.Codec = [...]format.CompressionCodec{Snappy: format.Snappy, Zstd: format.Zstd, None: format.Uncompressed}[c.w.opts.Codec]
	start := c.w.at
	codes := c.phys != format.Boolean && c.dict.build(c.buf, rows)
	m.Encoding = []format.Encoding{format.Plain, format.RLE}
	encoding := format.Plain
	if codes {
		m.DictionaryPageOffset, encoding = start, format.RLEDictionary
		m.Encoding = []format.Encoding{format.Plain, format.RLE, format.RLEDictionary}
		m.EncodingStats = []format.PageEncodingStats{{PageType: format.DictionaryPage, Encoding: format.Plain, Count: 1}}
		if err := c.writeDict(m); err != nil {
			return x, err
		}
	}
	m.DataPageOffset = c.w.at
	var all span
	step := c.pageRows(rows)
	for from := 0; from < rows; from += step {
		if err := c.writePage(&x, &all, from, min(from+step, rows), codes); err != nil {
			return x, err
		}
	}
	m.EncodingStats = append(m.EncodingStats, format.PageEncodingStats{PageType: format.DataPage, Encoding: encoding, Count: int32(len(x.offsets.PageLocations))})
	m.TotalCompressedSize = c.w.at - start
	m.Statistics = all.statistics(c.buf)
	if codes {
		m.Statistics.DistinctCount = int64(len(c.dict.first))
	}
	if x.columns != nil && len(x.columns.NullPages) == 0 {
		x.columns = nil
	}
	chunk.FileOffset = start
	c.buf.Reset()
	return x, nil
}

// pageRows is the number of rows a page.
func (c *columnWriter) pageRows(rows int) int {
	size := c.buf.Bytes() + 1
	if c.buf.Form == vec.Dict {
		size += c.buf.Dict.Bytes()
	}
	return int(max(64, min(pageRows, int64(rows)*pageBytes/size)))
}

func (c *columnWriter) writeDict(m *format.ColumnMetaData) error {
	c.plain = c.plain[:0]
	for _, i := range c.dict.first {
		c.plain = appendPlain(c.plain, c.buf, int(i), int(i)+1)
	}
	_, err := c.page(m, format.PageHeader{Type: format.DictionaryPage, DictionaryPageHeader: thrift.New(format.DictionaryPageHeader{
		NumValues: int32(len(c.dict.first)), Encoding: format.Plain})})
	return err
}

// writePage writes rows [from, to) as a data page.
func (c *columnWriter) writePage(x *chunkIndex, all *span, from, to int, codes bool) error {
	h := format.DataPageHeader{NumValues: int32(to - from), Encoding: format.Plain, DefinitionLevelEncoding: format.RLE, RepetitionLevelEncoding: format.RLE}
	var nulls int
	c.plain, nulls = appendLevels(c.plain[:0], c.buf, from, to)
	if codes {
		h.Encoding = format.RLEDictionary
		k := c.dict.start[from]
		c.plain = appendCodes(c.plain, c.dict.codes[k:c.dict.end(to)], uint(bits.Len(uint(max(1, len(c.dict.first)-1)))))
	} else {
		c.plain = appendPlain(c.plain, c.buf, from, to)
	}
	s := c.span(from, to)
	s.nulls = int64(nulls)
	all.add(c.buf, s)
	at := c.w.at
	size, err := c.page(&x.chunk.MetaData, format.PageHeader{Type: format.DataPage, DataPageHeader: thrift.New(h)})
	if err != nil {
		return err
	}
	x.offsets.PageLocations = append(x.offsets.PageLocations, format.PageLocation{Offset: at, CompressedPageSize: int32(size), FirstRowIndex: int64(from)})
	if x.columns == nil {
		return nil
	}
	if !s.ok && nulls < to-from { // values without an order: there is no index of the chunk
		x.columns = nil
		return nil
	}
	st := s.statistics(c.buf)
	x.columns.NullPages = append(x.columns.NullPages, nulls == to-from)
	x.columns.MinValues = append(x.columns.MinValues, orEmpty(st.MinValue))
	x.columns.MaxValues = append(x.columns.MaxValues, orEmpty(st.MaxValue))
	x.columns.NullCounts = append(x.columns.NullCounts, int64(nulls))
	return nil
}

func orEmpty(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// page compresses c.plain and writes it behind its header. It gives the size of both.
func (c *columnWriter) page(m *format.ColumnMetaData, h format.PageHeader) (int, error) {
	body := c.plain
	switch c.w.opts.Codec {
	case Snappy:
		c.squeeze = s2.EncodeSnappy(c.squeeze[:cap(c.squeeze)], c.plain)
		body = c.squeeze
	case Zstd:
		if c.w.zstd == nil {
			z, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedDefault))
			if err != nil {
				return 0, err
			}
			c.w.zstd = z
		}
		c.squeeze = c.w.zstd.EncodeAll(c.plain, c.squeeze[:0])
		body = c.squeeze
	}
	h.UncompressedPageSize, h.CompressedPageSize = int32(len(c.plain)), int32(len(body))
	h.CRC = int32(crc32.ChecksumIEEE(body))
	head, err := thrift.Marshal(&thrift.CompactProtocol{}, &h)
	if err != nil {
		return 0, err
	}
	m.TotalUncompressedSize += int64(len(head) + len(c.plain))
	if err := c.w.write(head); err != nil {
		return 0, err
	}
	return len(head) + len(body), c.w.write(body)
}

// span is the rows of the smallest and the largest value among some rows.
type span struct {
	lo, hi int
	ok     bool // there are such rows
	nulls  int64
}

// span looks at rows [from, to) of the column. NaN is left out, as the format wants.
func (c *columnWriter) span(from, to int) (s span) {
	v := c.buf
	switch {
	case v.Type.Kind == vec.IntervalK || v.Type.Kind == vec.Null:
		return s
	case v.Form == vec.Flat && v.Valid == nil && v.Type.Phys() == vec.PhysI32:
		return spanOf(v.I32, from, to)
	case v.Form == vec.Flat && v.Valid == nil && v.Type.Phys() == vec.PhysI64:
		return spanOf(v.I64, from, to)
	case v.Form == vec.Dict: // each entry is looked at once
		if n := v.Dict.Len(); len(c.seen) < n {
			c.seen = make([]bool, n)
		}
		clear(c.seen)
	}
	float := v.Type.IsFloat()
	for i := from; i < to; i++ {
		if v.Form == vec.Dict {
			if c.seen[v.Codes[i]] {
				continue
			}
			c.seen[v.Codes[i]] = v.Valid.Get(i)
		}
		if v.IsNull(i) || float && math.IsNaN(v.Base().F64[v.Index(i)]) {
			continue
		}
		if !s.ok {
			s.lo, s.hi, s.ok = i, i, true
			continue
		}
		if vec.CompareRows(v, i, v, s.lo) < 0 {
			s.lo = i
		} else if vec.CompareRows(v, i, v, s.hi) > 0 {
			s.hi = i
		}
	}
	return s
}

func spanOf[T int32 | int64](v []T, from, to int) span {
	lo, hi := from, from
	for i := from + 1; i < to; i++ {
		if v[i] < v[lo] {
			lo = i
		}
		if v[i] > v[hi] {
			hi = i
		}
	}
	return span{lo: lo, hi: hi, ok: from < to}
}

func (s *span) add(v *vec.Vec, o span) {
	s.nulls += o.nulls
	if !o.ok {
		return
	}
	if !s.ok || vec.CompareRows(v, o.lo, v, s.lo) < 0 {
		s.lo = o.lo
	}
	if !s.ok || vec.CompareRows(v, o.hi, v, s.hi) > 0 {
		s.hi = o.hi
	}
	s.ok = true
}

func (s *span) statistics(v *vec.Vec) format.Statistics {
	st := format.Statistics{NullCount: s.nulls}
	if !s.ok {
		return st
	}
	st.MinValue, st.MaxValue = appendValue(nil, v, s.lo), appendValue(nil, v, s.hi)
	if v.Type.IsFloat() { // -0 and +0 are equal: the bounds must hold both
		if k := v.Base().F64[v.Index(s.lo)]; k == 0 {
			st.MinValue[len(st.MinValue)-1] |= 0x80
		}
		if k := v.Base().F64[v.Index(s.hi)]; k == 0 {
			st.MaxValue[len(st.MaxValue)-1] &^= 0x80
		}
	}
	if v.Type.Phys() == vec.PhysStr && v.Type.Kind != vec.UUID {
		st.MinValue, st.MaxValue = below(st.MinValue), above(st.MaxValue)
	}
	return st
}

// below shortens a lower bound, at the start of a character.
func below(s []byte) []byte {
	if len(s) <= maxStat {
		return s
	}
	n := maxStat
	for n > 0 && s[n]&0xc0 == 0x80 {
		n--
	}
	return s[:n]
}

// above shortens an upper bound: an ASCII character near the cut is made the next one.
func above(s []byte) []byte {
	for n := maxStat; n > 0 && len(s) > maxStat; n-- {
		if c := s[n-1]; c < 0x7e {
			out := append([]byte{}, s[:n]...)
			out[n-1]++
			return out
		}
	}
	return s
}
