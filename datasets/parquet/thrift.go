package parquet

import "encoding/binary"

// The wire types of Thrift's compact protocol.
const (
	thriftTrue   = 1
	thriftFalse  = 2
	thriftByte   = 3
	thriftI16    = 4
	thriftI32    = 5
	thriftI64    = 6
	thriftDouble = 7
	thriftBinary = 8
	thriftList   = 9
	thriftSet    = 10
	thriftMap    = 11
	thriftStruct = 12
)

// maxThriftDepth is more than any nesting of the format, so that a corrupt file cannot make the
// reader recurse without end.
const maxThriftDepth = 32

// thriftReader reads Thrift's compact protocol. The first mistake is kept in err, and from then on
// every read gives zero values, so that callers test once. No read allocates more than a small
// multiple of the bytes that are there.
//
// A library's decoder was used first: it allocates lists by the length that the file claims, which
// a flipped bit makes gigabytes.
type thriftReader struct {
	b     []byte
	at    int
	depth int
	err   error
}

func (t *thriftReader) fail(what string) {
	if t.err == nil {
		t.err = corrupt("metadata: %s at byte %d", what, t.at)
		t.at = len(t.b)
	}
}

func (t *thriftReader) byte() byte {
	if t.at >= len(t.b) {
		t.fail("unexpected end")
		return 0
	}
	t.at++
	return t.b[t.at-1]
}

func (t *thriftReader) uvarint() uint64 {
	v, n := binary.Uvarint(t.b[t.at:])
	if n <= 0 {
		t.fail("bad number")
		return 0
	}
	t.at += n
	return v
}

// i64 reads an I16, I32 or I64.
func (t *thriftReader) i64() int64 {
	u := t.uvarint()
	return int64(u>>1) ^ -int64(u&1)
}

func (t *thriftReader) i32() int32 {
	v := t.i64()
	if v != int64(int32(v)) {
		t.fail("number is too large")
		return 0
	}
	return int32(v)
}

// bytes gives a slice of the input, never nil.
func (t *thriftReader) bytes() []byte {
	n := t.uvarint()
	if n > uint64(len(t.b)-t.at) {
		t.fail("text is too long")
		return []byte{}
	}
	t.at += int(n)
	return t.b[t.at-int(n) : t.at : t.at]
}

func (t *thriftReader) string() string { return string(t.bytes()) }

// fields reads a struct. fn reads the value of field id, or returns false to have it skipped.
func (t *thriftReader) fields(fn func(id int, typ byte) bool) {
	if t.depth++; t.depth > maxThriftDepth {
		t.fail("too deep")
	}
	defer func() { t.depth-- }()
	id := 0
	for t.err == nil {
		h := t.byte()
		typ := h & 15
		if typ == 0 {
			return
		}
		if d := int(h >> 4); d != 0 {
			id += d
		} else {
			id = int(t.i64())
		}
		if t.err == nil && !fn(id, typ) {
			t.skip(typ)
		}
	}
}

// list reads a list header: each of the n elements takes at least a byte.
func (t *thriftReader) list() (n int, typ byte) {
	h := t.byte()
	size := uint64(h >> 4)
	if size == 15 {
		size = t.uvarint()
	}
	if size > uint64(len(t.b)-t.at) {
		t.fail("list is too long")
		return 0, 0
	}
	return int(size), h & 15
}

// structs reads a list of structs: fn is called for each.
func structs[T any](t *thriftReader, fn func(*thriftReader) T) []T {
	n, typ := t.list()
	if typ != thriftStruct && n > 0 {
		t.fail("list of something else")
		return nil
	}
	var out []T
	for i := 0; i < n && t.err == nil; i++ {
		out = append(out, fn(t))
	}
	return out
}

func (t *thriftReader) skip(typ byte) {
	if t.depth++; t.depth > maxThriftDepth {
		t.fail("too deep")
	}
	defer func() { t.depth-- }()
	switch typ {
	case thriftTrue, thriftFalse:
	case thriftByte:
		t.byte()
	case thriftI16, thriftI32, thriftI64:
		t.uvarint()
	case thriftDouble:
		if t.at+8 > len(t.b) {
			t.fail("unexpected end")
			return
		}
		t.at += 8
	case thriftBinary:
		t.bytes()
	case thriftList, thriftSet:
		n, el := t.list()
		for i := 0; i < n && t.err == nil; i++ {
			t.skipElement(el)
		}
	case thriftMap:
		n := t.uvarint()
		if n == 0 {
			return
		}
		kv := t.byte()
		for i := uint64(0); i < n && t.err == nil; i++ {
			t.skipElement(kv >> 4)
			t.skipElement(kv & 15)
		}
	case thriftStruct:
		t.fields(func(int, byte) bool { return false })
	default:
		t.fail("unknown type")
	}
}

// skipElement skips a value of a container, where booleans take a byte.
func (t *thriftReader) skipElement(typ byte) {
	if typ == thriftTrue || typ == thriftFalse {
		typ = thriftByte
	}
	t.skip(typ)
}
