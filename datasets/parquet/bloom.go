package parquet

import (
	"encoding/binary"
	"io"

	"github.com/parquet-go/parquet-go/bloom"
	"github.com/parquet-go/parquet-go/format"

	"github.com/riffle-io/riffle/dataflow/vec"
)

// bloomFilter is a split block filter in the file.
type bloomFilter struct {
	r io.ReaderAt
	n int64 // bytes
}

// readBloom finds the filter of a chunk; nil when there is none that is understood.
func readBloom(r io.ReaderAt, size int64, c *columnChunk) *bloomFilter {
	if c.bloomAt <= 0 || c.bloomAt >= size {
		return nil
	}
	head := make([]byte, min(64, size-c.bloomAt))
	if readFull(r, head, c.bloomAt) != nil {
		return nil
	}
	var bytes int64
	known := 0 // algorithm, hash and compression: the first and only ones of the format
	t := &thriftReader{b: head}
	t.fields(func(id int, typ byte) bool {
		switch id {
		case 1:
			bytes = t.i64()
			return true
		case 2, 3, 4:
			if typ == thriftStruct {
				t.fields(func(member int, _ byte) bool {
					if member == 1 {
						known++
					}
					return false
				})
				return true
			}
		}
		return false
	})
	at := c.bloomAt + int64(t.at)
	if t.err != nil || known != 3 || bytes < bloom.BlockSize || bytes%bloom.BlockSize != 0 || at+bytes > size {
		return nil
	}
	return &bloomFilter{r: io.NewSectionReader(r, at, bytes), n: bytes}
}

// absent is true when v is surely not in the chunk.
func (b *bloomFilter) absent(l *leaf, v vec.Value) bool {
	h := bloom.XXH64{}
	var sum uint64
	switch l.phys {
	case format.Int32:
		var p [4]byte
		binary.LittleEndian.PutUint32(p[:], uint32(v.I))
		sum = h.Sum64(p[:])
	case format.Int64:
		var p [8]byte
		binary.LittleEndian.PutUint64(p[:], uint64(v.I))
		sum = h.Sum64(p[:])
	default:
		sum = h.Sum64([]byte(v.S))
	}
	ok, err := bloom.CheckSplitBlock(b.r, b.n, sum)
	return err == nil && !ok
}
