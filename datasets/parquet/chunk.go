package parquet

import (
	"hash/crc32"
	"io"

	"github.com/parquet-go/parquet-go/format"
)

// readAhead is how many bytes of a chunk are read at once. Larger reads are no faster; smaller
// ones are wanted when a LIMIT or a filter ends the reading early.
const readAhead = 4 << 20

// maxPageHeader is more than any sane header takes, also with statistics of long strings in it.
const maxPageHeader = 16 << 20

// pages walks the pages of a column chunk. Its buffer holds the chunk's bytes from the first to
// the last read; bodies of uncompressed pages are used in place.
type pages struct {
	file io.ReaderAt
	meta *columnChunk
	dec  *decompressor

	buf   []byte // the chunk, as far as it was read
	at    int64  // in the chunk: after the last page that next gave
	page  int    // number of the last page
	plain []byte // decompressed page
}

// reset starts to walk chunk c of file f.
func (p *pages) reset(f io.ReaderAt, c *columnChunk, dec *decompressor) {
	p.file, p.meta, p.dec = f, c, dec
	p.buf, p.at, p.page = p.buf[:0], 0, -1
}

// need makes the first n bytes of the chunk readable.
func (p *pages) need(n int64) error {
	have := int64(len(p.buf))
	if n <= have {
		return nil
	}
	if n > p.meta.size {
		return corrupt("a page ends %d bytes after its column chunk", n-p.meta.size)
	}
	if int64(cap(p.buf)) < p.meta.size+slack {
		fresh := make([]byte, have, p.meta.size+p.meta.size/4+slack) // the next chunk may be a bit larger
		copy(fresh, p.buf)
		p.buf = fresh
	}
	to := min(max(n, have+readAhead), p.meta.size)
	if err := readFull(p.file, p.buf[have:to], p.meta.start()+have); err != nil {
		return err
	}
	p.buf = p.buf[:to]
	return nil
}

// next gives the header of the next page and its bytes in the file, good until the next reset. It
// returns io.EOF after the last page.
func (p *pages) next() (h pageHeader, body []byte, err error) {
	if p.at >= p.meta.size {
		return h, nil, io.EOF
	}
	p.page++
	guess := int64(256)
	var n int
	for {
		if err := p.need(min(p.at+guess, p.meta.size)); err != nil {
			return h, nil, err
		}
		if h, n, err = readPageHeader(p.buf[p.at:]); err == nil {
			break
		}
		if p.at+guess >= p.meta.size || guess > maxPageHeader || int64(len(p.buf)) == p.meta.size {
			return h, nil, err
		}
		guess = max(2*guess, int64(len(p.buf))-p.at+1)
	}
	p.at += int64(n)
	end := p.at + int64(h.size)
	if err := p.need(end); err != nil {
		return h, nil, err
	}
	if int64(h.plainSize) > p.meta.plainSize+1<<16 {
		return h, nil, corrupt("a page of %d bytes in a column chunk of %d", h.plainSize, p.meta.plainSize)
	}
	body = p.buf[p.at:end]
	p.at = end
	return h, body, nil
}

// load checks a page and decompresses it. For version 2 levels are apart; for version 1 they
// are at the start of data. Both are good until the next load.
func (p *pages) load(h *pageHeader, body []byte) (levels, data []byte, err error) {
	if h.hasCRC && crc32.ChecksumIEEE(body) != h.crc {
		return nil, nil, corrupt("wrong checksum")
	}
	plain := h.plainSize
	if h.typ == format.DataPageV2 {
		n := h.defBytes + h.repBytes
		if h.defBytes < 0 || h.repBytes < 0 || n > len(body) || n > plain {
			return nil, nil, corrupt("levels are longer than the page")
		}
		levels, body, plain = body[h.repBytes:n], body[n:], plain-n
	}
	if p.meta.codec == format.Uncompressed || !h.compressed {
		if len(body) != plain {
			return nil, nil, corrupt("a page of %d bytes has %d", plain, len(body))
		}
		return levels, body, nil
	}
	if plain == 0 {
		return levels, body[:0], nil
	}
	p.plain = grow(p.plain, plain)
	data, err = p.dec.decode(p.meta.codec, p.plain, body, plain)
	return levels, data, err
}
