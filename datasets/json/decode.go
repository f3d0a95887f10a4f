// Package json reads and writes rows as JSON objects.
//
//	record bytes ─► Decoder (columns known) ─► one row of a batch
//	sample of records ─► Infer ─► columns
//
// The decoder is a scanner for the columns it was given: it predicts the order of keys from the
// record before, parses numbers and times in place, and leaves everything else to slower paths
// (escapes, unusual numbers, nested values). Fields that no column asks for are skipped without
// being parsed; a missing field is NULL. Measured against general parsers it is 2 to 10 times as
// fast (docs/guide/sources.md).
//
// What it does not do: it builds no tree. Nested values come as text, into JSON or VARCHAR columns.
// Source of the format: RFC 8259. Times are read and written as Flink's SQL timestamp format does.
package json

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/vec"
)

// ErrSyntax means that a record is not a JSON object, or that a value does not fit its column.
var ErrSyntax = errors.New("bad JSON record")

// Decoder appends records to the columns of a batch. It is used from one goroutine.
type Decoder struct {
	fields []vec.Field
	cols   []*vec.Vec
	index  map[string]int
	keys   [][]byte // `"name"` as it stands in a record
	next   int      // the field that is expected next
	seen   []int    // row number at which a column was last set
	row    int
	buf    []byte
	rec    []byte // the record, for errors
}

// NewDecoder decodes the fields of schema; other fields of a record are skipped.
func NewDecoder(schema *vec.Schema) *Decoder {
	d := &Decoder{fields: schema.Fields, index: map[string]int{}}
	for i, f := range schema.Fields {
		d.index[f.Name] = i
		d.keys = append(d.keys, strconv.AppendQuote(nil, f.Name))
		d.seen = append(d.seen, -1)
	}
	return d
}

// Reset makes cols, flat and with the same number of rows each, the columns to append to.
func (d *Decoder) Reset(cols []*vec.Vec, rows int) {
	d.cols, d.row = cols, rows
	for i := range d.seen {
		d.seen[i] = -1
	}
}

// Decode appends one record. After an error the columns are as before the call.
func (d *Decoder) Decode(rec []byte) error {
	d.rec = rec
	d.next = 0
	i, err := d.object(rec)
	if err == nil {
		if i = skipSpace(rec, i); i < len(rec) {
			err = d.bad(i, "text after the object")
		}
	}
	if err != nil {
		d.rollback()
		return err
	}
	for c, s := range d.seen {
		if s != d.row {
			d.cols[c].AppendNull()
		}
	}
	d.row++
	return nil
}

// rollback takes away what a bad record has appended.
func (d *Decoder) rollback() {
	for c, v := range d.cols {
		if v.Len() > d.row {
			truncate(v, d.row)
		}
		d.seen[c] = -1
	}
}

func truncate(v *vec.Vec, n int) {
	switch v.Type.Phys() {
	case vec.PhysBool:
		v.B = v.B[:n]
	case vec.PhysI32:
		v.I32 = v.I32[:n]
	case vec.PhysI64:
		v.I64 = v.I64[:n]
	case vec.PhysI128:
		v.I128 = v.I128[:n]
	case vec.PhysF64:
		v.F64 = v.F64[:n]
	case vec.PhysIv:
		v.Iv = v.Iv[:n]
	default:
		v.Data = v.Data[:v.Off[n]]
		v.Off = v.Off[:n+1]
	}
}

func (d *Decoder) bad(at int, why string) error {
	text := d.rec
	if len(text) > 120 {
		text = append(append([]byte{}, text[:117]...), "..."...)
	}
	return fmt.Errorf("%w: %s at byte %d of %q", ErrSyntax, why, at, text)
}

// object reads the members of the outer object.
func (d *Decoder) object(b []byte) (int, error) {
	i := skipSpace(b, 0)
	if i == len(b) || b[i] != '{' {
		return i, d.bad(i, "no object")
	}
	i = skipSpace(b, i+1)
	if i < len(b) && b[i] == '}' {
		return i + 1, nil
	}
	for {
		c, n, err := d.key(b, i)
		if err != nil {
			return i, err
		}
		i = skipSpace(b, n)
		if i == len(b) || b[i] != ':' {
			return i, d.bad(i, "no ':' after a key")
		}
		i = skipSpace(b, i+1)
		if c < 0 {
			i, err = d.skip(b, i, 0)
		} else {
			i, err = d.value(b, i, c)
		}
		if err != nil {
			return i, err
		}
		i = skipSpace(b, i)
		switch {
		case i == len(b):
			return i, d.bad(i, "object ends early")
		case b[i] == '}':
			return i + 1, nil
		case b[i] != ',':
			return i, d.bad(i, "no ',' between members")
		}
		i = skipSpace(b, i+1)
	}
}

// key reads a key and finds its column, -1 when there is none.
func (d *Decoder) key(b []byte, i int) (col, next int, err error) {
	if d.next < len(d.keys) {
		if k := d.keys[d.next]; bytes.HasPrefix(b[i:], k) {
			d.next++
			return d.next - 1, i + len(k), nil
		}
	}
	s, n, err := d.str(b, i)
	if err != nil {
		return 0, i, err
	}
	c, ok := d.index[string(s)]
	if !ok {
		return -1, n, nil
	}
	d.next = c + 1
	return c, n, nil
}

// value appends a value to column c.
func (d *Decoder) value(b []byte, i, c int) (int, error) {
	v := d.cols[c]
	if d.seen[c] == d.row { // a key twice: the last one counts
		truncate(v, d.row)
	}
	if i == len(b) {
		return i, d.bad(i, "value missing")
	}
	d.seen[c] = d.row
	if b[i] == 'n' {
		n := scalarEnd(b, i)
		if string(b[i:n]) != "null" {
			return i, d.bad(i, "not a value")
		}
		v.AppendNull()
		return n, nil
	}
	n, err := d.typed(b, i, v)
	if err != nil {
		return i, err
	}
	if v.Valid != nil {
		d.setValid(v)
	}
	return n, nil
}

// setValid notes a value behind a column that has nulls.
func (d *Decoder) setValid(v *vec.Vec) {
	for len(v.Valid)*64 <= d.row {
		v.Valid = append(v.Valid, ^uint64(0))
	}
	v.Valid.Set(d.row)
}

func (d *Decoder) typed(b []byte, i int, v *vec.Vec) (int, error) {
	switch v.Type.Kind {
	case vec.Int64:
		if x, n, ok := integer(b, i); ok {
			v.I64 = append(v.I64, x)
			return n, nil
		}
	case vec.String:
		if b[i] == '"' {
			s, n, err := d.str(b, i)
			if err != nil {
				return i, err
			}
			if len(v.Off) == 0 {
				v.Off = append(v.Off, 0)
			}
			v.Data = append(v.Data, s...)
			v.Off = append(v.Off, int32(len(v.Data)))
			return n, nil
		}
	case vec.Timestamp, vec.TimestampTZ:
		if us, n, ok := timestamp(b, i); ok {
			v.I64 = append(v.I64, us)
			return n, nil
		}
	}
	return d.slow(b, i, v)
}

// slow converts a value of any shape through its text.
func (d *Decoder) slow(b []byte, i int, v *vec.Vec) (int, error) {
	from := i
	n, err := d.skip(b, i, 0)
	if err != nil {
		return i, err
	}
	raw := b[i:n]
	if v.Type.Kind == vec.JSON {
		v.AppendBytes(raw)
		return n, nil
	}
	text := raw
	if raw[0] == '"' {
		if text, _, err = d.str(b, i); err != nil {
			return i, err
		}
	} else if raw[0] == '{' || raw[0] == '[' {
		if v.Type.Kind != vec.String {
			return i, d.bad(from, "nested value for a column of type "+v.Type.String())
		}
	}
	if v.Type.Kind == vec.Bytes {
		dec, err := base64.StdEncoding.DecodeString(string(text))
		if err != nil {
			return i, d.bad(from, "bytes are not base64")
		}
		v.AppendBytes(dec)
		return n, nil
	}
	val, err := expr.ParseValue(string(text), v.Type)
	if err != nil && v.Type.IsInteger() {
		val, err = wholeNumber(text, v.Type, err)
	}
	if err != nil {
		return i, d.bad(from, err.Error())
	}
	v.AppendValue(val)
	return n, nil
}

// wholeNumber reads 12.0 and 1e3 for an integer column, as other JSON readers do.
func wholeNumber(text []byte, t vec.Type, err error) (vec.Value, error) {
	f, ferr := strconv.ParseFloat(string(text), 64)
	if ferr != nil || f != math.Trunc(f) || math.Abs(f) >= 1<<53 {
		return vec.Value{}, err
	}
	return expr.ParseValue(strconv.FormatInt(int64(f), 10), t)
}
