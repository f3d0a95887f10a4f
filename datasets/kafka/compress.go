package kafka

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// codec is how the records of a batch are compressed.
type codec uint8

const (
	codecNone codec = iota
	codecGzip
	codecSnappy
	codecLZ4
	codecZstd
)

func (c codec) String() string {
	names := [...]string{"none", "gzip", "snappy", "lz4", "zstd"}
	if int(c) < len(names) {
		return names[c]
	}
	return fmt.Sprintf("codec %d", uint8(c))
}

// maxBatchBytes bounds a decompressed batch: brokers take 1 MiB compressed unless told otherwise,
// and places in an arena are 31 bits.
const maxBatchBytes = 256 << 20

var errTooLarge = fmt.Errorf("decompressed batch exceeds %d MiB", maxBatchBytes>>20)

// decompressor keeps the codecs' state between batches. The zero value is ready.
type decompressor struct {
	src  bytes.Reader
	gzip *gzip.Reader
	lz4  *lz4.Reader
	zstd *zstd.Decoder
}

// append appends the decompressed src to dst, which may be moved.
func (d *decompressor) append(dst []byte, c codec, src []byte) ([]byte, error) {
	switch c {
	case codecGzip:
		return d.appendGzip(dst, src)
	case codecSnappy:
		return appendSnappy(dst, src)
	case codecLZ4:
		if d.lz4 == nil {
			d.lz4 = lz4.NewReader(nil)
		}
		d.src.Reset(src)
		d.lz4.Reset(&d.src)
		return appendReader(dst, d.lz4)
	case codecZstd:
		return d.appendZstd(dst, src)
	}
	return dst, errors.New("unknown compression")
}

func (d *decompressor) appendGzip(dst, src []byte) ([]byte, error) {
	d.src.Reset(src)
	if d.gzip == nil {
		r, err := gzip.NewReader(&d.src)
		if err != nil {
			return dst, err
		}
		d.gzip = r
	} else if err := d.gzip.Reset(&d.src); err != nil {
		return dst, err
	}
	return appendReader(dst, d.gzip)
}

func (d *decompressor) appendZstd(dst, src []byte) ([]byte, error) {
	if d.zstd == nil {
		// One goroutine: the tasks of a job already use every core.
		r, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxBatchBytes))
		if err != nil {
			return dst, err
		}
		d.zstd = r
	}
	at := len(dst)
	// DecodeAll's memory bound counts dst, so it gets the part behind what is there.
	out, err := d.zstd.DecodeAll(src, dst[at:at:cap(dst)])
	switch {
	case errors.Is(err, zstd.ErrDecoderSizeExceeded):
		return dst, errTooLarge
	case err != nil:
		return dst, err
	case len(out) <= cap(dst)-at && (len(out) == 0 || &out[0] == &dst[at : at+1][0]):
		return dst[:at+len(out)], nil
	}
	return append(dst, out...), nil
}

// close stops the codecs' goroutines.
func (d *decompressor) close() {
	if d.zstd != nil {
		d.zstd.Close()
	}
}

// appendReader appends all that r gives.
func appendReader(dst []byte, r io.Reader) ([]byte, error) {
	at := len(dst)
	for {
		if len(dst) == cap(dst) {
			dst = slices.Grow(dst, 64<<10)
		}
		n, err := r.Read(dst[len(dst):cap(dst)])
		dst = dst[:len(dst)+n]
		switch {
		case err == io.EOF:
			return dst, nil
		case err != nil:
			return dst, err
		case len(dst)-at > maxBatchBytes:
			return dst, errTooLarge
		}
	}
}

// xerialMagic starts the framing that the Java client puts around snappy blocks: 8 bytes of magic,
// two versions of 4 bytes each, then blocks with a big-endian length before them.
var xerialMagic = []byte{0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0}

const xerialHeader = 16

// appendSnappy takes both framings in use: xerial's, and one bare block.
func appendSnappy(dst, src []byte) ([]byte, error) {
	if !bytes.HasPrefix(src, xerialMagic) {
		return appendSnappyBlock(dst, src, maxBatchBytes)
	}
	if len(src) < xerialHeader {
		return dst, io.ErrUnexpectedEOF
	}
	at := len(dst)
	for src = src[xerialHeader:]; len(src) > 0; {
		if len(src) < 4 {
			return dst, io.ErrUnexpectedEOF
		}
		n := int64(binary.BigEndian.Uint32(src))
		src = src[4:]
		if n > int64(len(src)) {
			return dst, io.ErrUnexpectedEOF
		}
		var err error
		if dst, err = appendSnappyBlock(dst, src[:n], maxBatchBytes-(len(dst)-at)); err != nil {
			return dst, err
		}
		src = src[n:]
	}
	return dst, nil
}

func appendSnappyBlock(dst, src []byte, limit int) ([]byte, error) {
	n, err := s2.DecodedLen(src)
	if err != nil {
		return dst, err
	}
	if n > limit {
		return dst, errTooLarge
	}
	// A copy of at most 64 bytes takes 3, so a claim beyond 22 times is a lie that must not cost
	// its memory.
	if n > 32*len(src) {
		return dst, s2.ErrCorrupt
	}
	at := len(dst)
	dst = slices.Grow(dst, n)
	if _, err := s2.Decode(dst[at:at+n:at+n], src); err != nil {
		return dst, err
	}
	return dst[:at+n], nil
}
