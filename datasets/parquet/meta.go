package parquet

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go/format"
)

const magic = "PAR1"

// fileMeta is what the footer says, as far as it is used.
type fileMeta struct {
	schema    []element
	rows      int64
	groups    []rowGroup
	keyValues map[string]string
	createdBy string
}

// element is a node of the schema, in depth-first order.
type element struct {
	name      string
	phys      int32 // format.Type; -1 for a group
	length    int   // FIXED_LEN_BYTE_ARRAY
	repeat    int32 // format.FieldRepetitionType; -1 when absent
	children  int
	converted int32 // deprecated.ConvertedType; -1 when absent
	scale     int
	prec      int
	logical   logical
}

// logical is a LogicalType: the union's field number (see format.LogicalType), and its parameters.
type logical struct {
	kind        int // 0: none
	unit        int // 1 millis, 2 micros, 3 nanos
	utc         bool
	bits        int
	signed      bool
	scale, prec int
}

type rowGroup struct {
	rows   int64
	bytes  int64
	chunks []columnChunk // by leaf
}

// columnChunk is the values of one column of one row group.
type columnChunk struct {
	phys             int32
	codec            format.CompressionCodec
	encodings        []format.Encoding
	values           int64
	size, plainSize  int64
	dataAt, dictAt   int64 // file offsets
	stats            statistics
	pageStats        []pageStat
	bloomAt          int64
	colIndex, offIdx section
}

// section is a range of bytes of the file.
type section struct {
	at  int64
	len int64
}

type pageStat struct {
	page     format.PageType
	encoding format.Encoding
}

// statistics are bounds in the plain encoding; nil when absent.
type statistics struct {
	min, max       []byte
	oldMin, oldMax []byte // the deprecated pair, whose order is only defined for signed values
	nulls          int64  // -1 when absent
	distinct       int64  // -1 when absent
}

// start is where the chunk's first page is. Some writers leave out the dictionary's offset and let
// the data offset point at the dictionary.
func (c *columnChunk) start() int64 {
	if c.dictAt > 0 && c.dictAt < c.dataAt {
		return c.dictAt
	}
	return c.dataAt
}

// onlyDict is true when all data pages surely hold dictionary codes.
func (c *columnChunk) onlyDict() bool {
	if len(c.pageStats) > 0 {
		codes := false
		for _, p := range c.pageStats {
			if p.page == format.DictionaryPage {
				continue
			}
			if !isDict(p.encoding) {
				return false
			}
			codes = true
		}
		return codes
	}
	codes := false
	for _, e := range c.encodings {
		switch {
		case isDict(e):
			codes = true
		case e != format.RLE && e != format.BitPacked:
			return false // PLAIN may be the dictionary page's alone; that cannot be told
		}
	}
	return codes
}

// plainDictionary is the encoding's number in files of format version 1, where it also marked data
// pages.
const plainDictionary format.Encoding = 2

func isDict(e format.Encoding) bool { return e == plainDictionary || e == format.RLEDictionary }

// readMeta reads the footer of a file of size bytes.
func readMeta(r io.ReaderAt, size int64) (*fileMeta, error) {
	var tail [8]byte
	if size < 12 {
		return nil, fmt.Errorf("%w: it has %d bytes", ErrNotParquet, size)
	}
	if err := readFull(r, tail[:], size-8); err != nil {
		return nil, fmt.Errorf("read footer: %w", err)
	}
	switch string(tail[4:]) {
	case magic:
	case "PARE":
		return nil, unsupported("encryption")
	default:
		var head [4]byte
		if err := readFull(r, head[:], 0); err == nil && string(head[:]) == magic {
			return nil, corrupt("the file is cut off: it starts as a Parquet file and has no footer")
		}
		return nil, fmt.Errorf("%w: it does not end with %s", ErrNotParquet, magic)
	}
	n := int64(binary.LittleEndian.Uint32(tail[:4]))
	if n > size-12 {
		return nil, corrupt("a footer of %d bytes in a file of %d", n, size)
	}
	buf := make([]byte, n)
	if err := readFull(r, buf, size-8-n); err != nil {
		return nil, fmt.Errorf("read footer: %w", err)
	}
	m, err := parseMeta(buf)
	if err != nil {
		return nil, err
	}
	return m, m.check(size)
}

func readFull(r io.ReaderAt, buf []byte, at int64) error {
	n, err := r.ReadAt(buf, at)
	if n == len(buf) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		return corrupt("the file ends at byte %d, but %d bytes at %d are wanted", at+int64(n), len(buf), at)
	}
	return err
}

func parseMeta(buf []byte) (*fileMeta, error) {
	m := &fileMeta{keyValues: map[string]string{}}
	encrypted := false
	t := &thriftReader{b: buf}
	t.fields(func(id int, typ byte) bool {
		switch id {
		case 2:
			m.schema = structs(t, readElement)
		case 3:
			m.rows = t.i64()
		case 4:
			m.groups = structs(t, readRowGroup)
		case 5:
			structs(t, m.readKeyValue)
		case 6:
			m.createdBy = t.string()
		case 8:
			encrypted = true
			return false
		default:
			return false
		}
		return true
	})
	if encrypted {
		return nil, unsupported("encryption")
	}
	return m, t.err
}

// check holds the numbers of the footer against each other and against the file's size.
func (m *fileMeta) check(size int64) error {
	leaves := 0
	for i, e := range m.schema {
		if i > 0 && e.children == 0 {
			leaves++
		}
	}
	var rows int64
	for i := range m.groups {
		g := &m.groups[i]
		if g.rows < 0 || len(g.chunks) != leaves {
			return corrupt("row group %d has %d rows and %d columns, the schema %d", i, g.rows, len(g.chunks), leaves)
		}
		rows += g.rows
		for c := range g.chunks {
			k := &g.chunks[c]
			// Some writers place the columns of a row group without rows nowhere.
			at := k.start()
			outside := at < 4 || at > size || k.size > size-at
			if outside && g.rows > 0 || k.size < 0 || k.values < 0 || k.plainSize < 0 {
				return corrupt("row group %d: column %d lies outside the file", i, c)
			}
		}
	}
	if rows != m.rows {
		return corrupt("%d rows in row groups, %d in the file", rows, m.rows)
	}
	return nil
}

func (m *fileMeta) readKeyValue(t *thriftReader) (none struct{}) {
	var k, v string
	t.fields(func(id int, _ byte) bool {
		switch id {
		case 1:
			k = t.string()
		case 2:
			v = t.string()
		default:
			return false
		}
		return true
	})
	m.keyValues[k] = v
	return none
}

func readElement(t *thriftReader) element {
	e := element{phys: -1, repeat: -1, converted: -1}
	t.fields(func(id int, typ byte) bool {
		switch id {
		case 1:
			e.phys = t.i32()
		case 2:
			e.length = int(t.i32())
		case 3:
			e.repeat = t.i32()
		case 4:
			e.name = t.string()
		case 5:
			e.children = int(t.i32())
		case 6:
			e.converted = t.i32()
		case 7:
			e.scale = int(t.i32())
		case 8:
			e.prec = int(t.i32())
		case 10:
			e.logical = readLogical(t)
		default:
			return false
		}
		return true
	})
	return e
}

func readLogical(t *thriftReader) (l logical) {
	t.fields(func(kind int, typ byte) bool {
		if typ != thriftStruct {
			return false
		}
		l.kind = kind
		t.fields(func(id int, typ byte) bool {
			switch {
			case kind == 5 && id == 1:
				l.scale = int(t.i32())
			case kind == 5 && id == 2:
				l.prec = int(t.i32())
			case (kind == 7 || kind == 8) && id == 1:
				l.utc = typ == thriftTrue
			case (kind == 7 || kind == 8) && id == 2:
				t.fields(func(unit int, _ byte) bool { l.unit = unit; return false })
			case kind == 10 && id == 1:
				l.bits = int(t.byte())
			case kind == 10 && id == 2:
				l.signed = typ == thriftTrue
			default:
				return false
			}
			return true
		})
		return true
	})
	return l
}

func readRowGroup(t *thriftReader) (g rowGroup) {
	t.fields(func(id int, _ byte) bool {
		switch id {
		case 1:
			g.chunks = structs(t, readChunk)
		case 2:
			g.bytes = t.i64()
		case 3:
			g.rows = t.i64()
		default:
			return false
		}
		return true
	})
	return g
}

func readChunk(t *thriftReader) columnChunk {
	c := columnChunk{phys: -1, stats: statistics{nulls: -1, distinct: -1}}
	t.fields(func(id int, _ byte) bool {
		switch id {
		case 3:
			c.readMeta(t)
		case 4:
			c.offIdx.at = t.i64()
		case 5:
			c.offIdx.len = t.i64()
		case 6:
			c.colIndex.at = t.i64()
		case 7:
			c.colIndex.len = t.i64()
		default:
			return false
		}
		return true
	})
	return c
}

func (c *columnChunk) readMeta(t *thriftReader) {
	t.fields(func(id int, _ byte) bool {
		switch id {
		case 1:
			c.phys = t.i32()
		case 2:
			for n, _ := t.list(); n > 0 && t.err == nil; n-- {
				c.encodings = append(c.encodings, format.Encoding(t.i32()))
			}
		case 4:
			c.codec = format.CompressionCodec(t.i32())
		case 5:
			c.values = t.i64()
		case 6:
			c.plainSize = t.i64()
		case 7:
			c.size = t.i64()
		case 9:
			c.dataAt = t.i64()
		case 11:
			c.dictAt = t.i64()
		case 12:
			c.stats = readStatistics(t)
		case 13:
			c.pageStats = structs(t, readPageStat)
		case 14:
			c.bloomAt = t.i64()
		default:
			return false
		}
		return true
	})
}

func readPageStat(t *thriftReader) (p pageStat) {
	t.fields(func(id int, _ byte) bool {
		switch id {
		case 1:
			p.page = format.PageType(t.i32())
		case 2:
			p.encoding = format.Encoding(t.i32())
		default:
			return false
		}
		return true
	})
	return p
}

func readStatistics(t *thriftReader) statistics {
	s := statistics{nulls: -1, distinct: -1}
	t.fields(func(id int, _ byte) bool {
		switch id {
		case 1:
			s.oldMax = t.bytes()
		case 2:
			s.oldMin = t.bytes()
		case 3:
			s.nulls = t.i64()
		case 4:
			s.distinct = t.i64()
		case 5:
			s.max = t.bytes()
		case 6:
			s.min = t.bytes()
		default:
			return false
		}
		return true
	})
	return s
}
