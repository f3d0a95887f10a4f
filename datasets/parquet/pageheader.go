package parquet

import "github.com/parquet-go/parquet-go/format"

// pageHeader is the header of a page, as far as it is used.
type pageHeader struct {
	typ        format.PageType
	plainSize  int // bytes when decompressed, levels included
	size       int // bytes in the file, after the header
	crc        uint32
	hasCRC     bool
	values     int // rows, nulls included; entries of a dictionary
	encoding   format.Encoding
	defLevels  format.Encoding
	nulls      int // version 2 only
	defBytes   int // version 2 only: length of the definition levels
	repBytes   int // version 2 only: length of the repetition levels
	compressed bool
}

// readPageHeader reads the header at the start of b and gives its length.
func readPageHeader(b []byte) (h pageHeader, n int, err error) {
	t := &thriftReader{b: b}
	h.compressed = true
	t.fields(func(id int, typ byte) bool {
		switch id {
		case 1:
			h.typ = format.PageType(t.i32())
		case 2:
			h.plainSize = int(t.i32())
		case 3:
			h.size = int(t.i32())
		case 4:
			h.crc, h.hasCRC = uint32(t.i32()), true
		case 5, 7:
			h.readBody(t)
		case 8:
			h.readBodyV2(t)
		default:
			return false
		}
		return true
	})
	if t.err == nil && (h.plainSize < 0 || h.size < 0 || h.values < 0) {
		t.fail("negative size in a page header")
	}
	return h, t.at, t.err
}

// readBody reads the header of a data page of version 1, or of a dictionary page.
func (h *pageHeader) readBody(t *thriftReader) {
	t.fields(func(id int, typ byte) bool {
		switch {
		case id == 1:
			h.values = int(t.i32())
		case id == 2:
			h.encoding = format.Encoding(t.i32())
		case id == 3 && typ == thriftI32:
			h.defLevels = format.Encoding(t.i32())
		default:
			return false
		}
		return true
	})
}

func (h *pageHeader) readBodyV2(t *thriftReader) {
	h.defLevels = format.RLE
	t.fields(func(id int, typ byte) bool {
		switch id {
		case 1:
			h.values = int(t.i32())
		case 2:
			h.nulls = int(t.i32())
		case 4:
			h.encoding = format.Encoding(t.i32())
		case 5:
			h.defBytes = int(t.i32())
		case 6:
			h.repBytes = int(t.i32())
		case 7:
			h.compressed = typ == thriftTrue
		default:
			return false
		}
		return true
	})
}
