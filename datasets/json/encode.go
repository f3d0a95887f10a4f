package json

import (
	"encoding/base64"
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/riffle-io/riffle/dataflow/vec"
)

// Encoder writes rows as JSON objects, without line ends.
type Encoder struct{ keys [][]byte }

// NewEncoder writes the columns of schema, in order.
func NewEncoder(schema *vec.Schema) *Encoder {
	e := &Encoder{}
	for i, f := range schema.Fields {
		k := []byte{'{'}
		if i > 0 {
			k[0] = ','
		}
		e.keys = append(e.keys, append(AppendString(k, []byte(f.Name)), ':'))
	}
	return e
}

// Append appends row i of b. A column that holds NULL is written as null.
func (e *Encoder) Append(dst []byte, b *vec.Batch, i int) []byte {
	for c, v := range b.Cols {
		dst = AppendValue(append(dst, e.keys[c]...), v, i)
	}
	if len(b.Cols) == 0 {
		dst = append(dst, '{')
	}
	return append(dst, '}')
}

// AppendValue appends row i of v as a JSON value. Numbers that JSON cannot hold (NaN, infinities)
// become strings, as do dates and times; bytes are base64; a JSON column is inlined.
func AppendValue(dst []byte, v *vec.Vec, i int) []byte {
	if v.IsNull(i) {
		return append(dst, "null"...)
	}
	switch v.Type.Kind {
	case vec.Int64:
		return strconv.AppendInt(dst, v.Base().I64[v.Index(i)], 10)
	case vec.Bool, vec.Int8, vec.Int16, vec.Int32, vec.Decimal:
		return v.AppendText(dst, i)
	case vec.Float32, vec.Float64:
		if f := v.Base().F64[v.Index(i)]; !math.IsNaN(f) && !math.IsInf(f, 0) {
			return v.AppendText(dst, i)
		}
	case vec.JSON:
		if s := v.Str(i); len(s) > 0 {
			return append(dst, s...)
		}
		return append(dst, "null"...)
	case vec.String:
		return AppendString(dst, v.Str(i))
	case vec.Bytes:
		return append(base64.StdEncoding.AppendEncode(append(dst, '"'), v.Str(i)), '"')
	}
	return append(v.AppendText(append(dst, '"'), i), '"')
}

const hex = "0123456789abcdef"

// plain marks the bytes that a JSON string holds as they are.
var plain = func() (t [256]bool) {
	for c := 0x20; c < 0x80; c++ {
		t[c] = c != '"' && c != '\\'
	}
	return
}()

// AppendString quotes s. Bytes that are not UTF-8 become U+FFFD.
func AppendString(dst, s []byte) []byte {
	dst = append(dst, '"')
	for k := 0; k < len(s); {
		from := k
		for k < len(s) && plain[s[k]] {
			k++
		}
		if dst = append(dst, s[from:k]...); k == len(s) {
			break
		}
		switch c := s[k]; {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c == '\n':
			dst = append(dst, '\\', 'n')
		case c == '\t':
			dst = append(dst, '\\', 't')
		case c == '\r':
			dst = append(dst, '\\', 'r')
		case c < 0x20 || c == 0x7f:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			r, n := utf8.DecodeRune(s[k:])
			dst = utf8.AppendRune(dst, r)
			k += n
			continue
		}
		k++
	}
	return append(dst, '"')
}
