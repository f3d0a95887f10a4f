package parquet

import (
	"fmt"
	"strings"

	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/format"

	"github.com/riffle-io/riffle/dataflow/vec"
)

// typesKey is the key of the file's metadata under which the writer keeps the types that Parquet
// has no name for, as "column TYPE" lines.
const typesKey = "riffle.types"

// leaf is a flat column of a file: how its values are stored and what they become.
type leaf struct {
	name     string
	index    int // among all leaves: its place in a row group
	t        vec.Type
	phys     format.Type
	width    int // bytes a value in the PLAIN encoding; 1 for booleans, 0 for BYTE_ARRAY
	optional bool
	conv     convert // fixed width values; nil for BYTE_ARRAY unless bigEndian
	copies   bool    // conv is a plain copy: vectors may point into a page
	ordered  bool    // min and max statistics are in the order of t
	signed   bool    // the deprecated min and max are in that order too
	plain    bool    // literals of t have the file's representation, as bloom filters need it
	decimals bool    // BYTE_ARRAY that holds decimals
	lossy    string  // what of the file's values t does not hold; "" for nothing
}

const nanoseconds = "nanoseconds become microseconds"

// omitted is a column that cannot be read as a flat column, and why.
type omitted struct{ name, why string }

// leaves lists the columns of a file.
func leaves(m *fileMeta) (cols []leaf, rest []omitted, err error) {
	if len(m.schema) == 0 {
		return nil, nil, corrupt("the schema is empty")
	}
	extra := extraTypes(m.keyValues[typesKey])
	at, index := 1, 0
	for c := 0; c < m.schema[0].children; c++ {
		if at >= len(m.schema) {
			return nil, nil, corrupt("the schema has too few elements")
		}
		e := &m.schema[at]
		if e.children != 0 {
			n, next, err := subtree(m.schema, at, 0)
			if err != nil {
				return nil, nil, err
			}
			rest = append(rest, omitted{e.name, "nested columns are not read"})
			at, index = next, index+n
			continue
		}
		at++
		index++
		if e.repeat == int32(format.Repeated) {
			rest = append(rest, omitted{e.name, "nested columns are not read"})
			continue
		}
		l, why := newLeaf(e, extra[e.name])
		if why != "" {
			rest = append(rest, omitted{e.name, why})
			continue
		}
		l.index = index - 1
		for _, g := range m.groups {
			if p := g.chunks[l.index].phys; p != e.phys {
				return nil, nil, corrupt("column %s is %s in the schema and %s in a row group", e.name, format.Type(e.phys), format.Type(p))
			}
		}
		cols = append(cols, *l)
	}
	if at != len(m.schema) {
		return nil, nil, corrupt("the schema has %d elements too many", len(m.schema)-at)
	}
	return cols, rest, nil
}

// subtree gives the number of leaves below element at, and the element after them.
func subtree(schema []element, at, depth int) (n, next int, err error) {
	if at >= len(schema) || depth > maxThriftDepth || schema[at].children < 0 {
		return 0, 0, corrupt("the schema is not a tree")
	}
	children := schema[at].children
	if children == 0 {
		return 1, at + 1, nil
	}
	next = at + 1
	for ; children > 0; children-- {
		k := 0
		if k, next, err = subtree(schema, next, depth+1); err != nil {
			return 0, 0, err
		}
		n += k
	}
	return n, next, nil
}

func extraTypes(text string) map[string]vec.Type {
	out := map[string]vec.Type{}
	for _, line := range strings.Split(text, "\n") {
		if i := strings.LastIndexByte(line, ' '); i >= 0 {
			if t, err := vec.ParseType(line[i+1:]); err == nil {
				out[line[:i]] = t
			}
		}
	}
	return out
}

// newLeaf decides how a column is read; why is not empty when it cannot be.
func newLeaf(e *element, extra vec.Type) (l *leaf, why string) {
	l = &leaf{name: e.name, phys: format.Type(e.phys), optional: e.repeat != int32(format.Required), ordered: true}
	switch l.phys {
	case format.Boolean:
		l.t, l.width, l.conv, l.signed = vec.TBool, 1, convBool, true
	case format.Int32:
		l.width = 4
		l.int32(e)
	case format.Int64:
		l.width = 8
		l.int64(e)
	case format.Int96:
		l.t, l.width, l.conv, l.ordered, l.lossy = vec.TTimestamp, 12, convInt96, false, nanoseconds
	case format.Float:
		l.t, l.width, l.conv, l.signed = vec.TFloat32, 4, convFloat32, true
	case format.Double:
		l.t, l.width, l.conv, l.signed, l.copies = vec.TFloat64, 8, convFloat64, true, true
	case format.ByteArray:
		l.byteArray(e)
	case format.FixedLenByteArray:
		if l.width = e.length; l.width <= 0 || l.width > 1<<20 {
			return nil, fmt.Sprintf("values of %d bytes", l.width)
		}
		l.fixed(e)
	default:
		return nil, "unknown physical type"
	}
	if extra.Kind == vec.IntervalK && l.phys == format.FixedLenByteArray && l.width == 16 {
		l.t, l.conv, l.ordered = vec.TInterval, convInterval16, false
	}
	if l.t.Kind == vec.Decimal && (l.t.Prec < 1 || l.t.Prec > vec.MaxPrec || l.t.Scale > l.t.Prec) {
		return nil, "DECIMAL of " + fmt.Sprint(e.prec) + " digits"
	}
	return l, ""
}

// is tells whether e has the converted type, or the logical type of that number.
func (e *element) is(logical int, converted ...deprecated.ConvertedType) bool {
	if e.logical.kind != 0 {
		return e.logical.kind == logical
	}
	for _, c := range converted {
		if e.converted == int32(c) {
			return true
		}
	}
	return false
}

// The field numbers of LogicalType.
const (
	logicalString  = 1
	logicalEnum    = 4
	logicalDecimal = 5
	logicalDate    = 6
	logicalTime    = 7
	logicalStamp   = 8
	logicalInt     = 10
	logicalUnknown = 11
	logicalJSON    = 12
	logicalUUID    = 14
	logicalFloat16 = 15
)

func (e *element) decimal() (vec.Type, bool) {
	switch {
	case e.logical.kind == logicalDecimal:
		return decimalOf(e.logical.prec, e.logical.scale), true
	case e.logical.kind == 0 && e.converted == int32(deprecated.Decimal):
		return decimalOf(e.prec, e.scale), true
	}
	return vec.Type{}, false
}

// decimalOf keeps what does not fit the type's fields recognisable as wrong.
func decimalOf(prec, scale int) vec.Type {
	if prec < 1 || prec > vec.MaxPrec || scale < 0 || scale > prec {
		return vec.Type{Kind: vec.Decimal}
	}
	return vec.TDecimal(prec, scale)
}

// bits gives the width of an annotated integer; 0 when there is no annotation.
func (e *element) bits() (bits int, unsigned bool) {
	if e.logical.kind == logicalInt {
		return e.logical.bits, !e.logical.signed
	}
	if e.logical.kind != 0 {
		return 0, false
	}
	switch deprecated.ConvertedType(e.converted) {
	case deprecated.Uint8:
		return 8, true
	case deprecated.Uint16:
		return 16, true
	case deprecated.Uint32:
		return 32, true
	case deprecated.Uint64:
		return 64, true
	case deprecated.Int8:
		return 8, false
	case deprecated.Int16:
		return 16, false
	}
	return 0, false
}

func (l *leaf) int32(e *element) {
	l.t, l.conv, l.signed, l.copies, l.plain = vec.TInt32, convInt32, true, true, true
	bits, unsigned := e.bits()
	if t, ok := e.decimal(); ok {
		l.t, l.conv, l.copies, l.plain = t, convInt32To64, false, false
		if t.Phys() == vec.PhysI128 {
			l.conv = convInt32To128
		}
		return
	}
	switch {
	case e.is(logicalDate, deprecated.Date):
		l.t = vec.TDate
	case e.is(logicalTime, deprecated.TimeMillis):
		l.t, l.conv, l.copies, l.plain = vec.TTime, convInt32Millis, false, false
	case e.logical.kind == logicalUnknown:
		l.t, l.conv, l.ordered, l.copies, l.plain = vec.TNull, convNothing, false, false, false
	case unsigned && bits == 32:
		l.t, l.conv, l.signed, l.copies, l.plain = vec.TInt64, convUint32, false, false, false
	case bits == 8 && !unsigned:
		l.t = vec.TInt8
	case bits == 8, bits == 16 && !unsigned:
		l.t = vec.TInt16
	}
}

func (l *leaf) int64(e *element) {
	l.t, l.conv, l.signed, l.copies, l.plain = vec.TInt64, convInt64, true, true, true
	if t, ok := e.decimal(); ok {
		if l.t = t; t.Phys() == vec.PhysI128 {
			l.conv, l.copies, l.plain = convInt64To128, false, false
		}
		return
	}
	unit := e.logical.unit
	switch {
	case e.is(logicalTime, deprecated.TimeMicros):
		l.t = vec.TTime
	case e.is(logicalStamp, deprecated.TimestampMicros, deprecated.TimestampMillis):
		l.t = vec.TTimestamp
		// The converted types are UTC by definition, but most files that have nothing else were
		// written from local times; like the other readers we show them without a zone.
		if e.logical.utc {
			l.t = vec.TTimestampTZ
		}
		if e.logical.kind == 0 && e.converted == int32(deprecated.TimestampMillis) {
			unit = 1
		}
	default:
		if bits, unsigned := e.bits(); unsigned && bits == 64 {
			l.t, l.conv, l.signed, l.copies, l.plain = vec.TDecimal(20, 0), convUint64, false, false, false
		}
		return
	}
	switch unit {
	case 1:
		l.conv, l.copies, l.plain = convMillis, false, false
	case 3:
		l.conv, l.copies, l.plain, l.lossy = convNanos, false, false, nanoseconds
	}
}

func (l *leaf) byteArray(e *element) {
	l.t, l.plain = vec.TBytes, true
	switch {
	case e.is(logicalString, deprecated.UTF8), e.is(logicalEnum, deprecated.Enum):
		l.t = vec.TString
	case e.is(logicalJSON, deprecated.Json):
		l.t = vec.TJSON
	default:
		if t, ok := e.decimal(); ok {
			// Values are widened to 16 bytes when a page is loaded.
			l.t, l.width, l.conv, l.decimals, l.plain = t, 16, convDecimal(t, 16), true, false
		}
	}
}

func (l *leaf) fixed(e *element) {
	l.t, l.plain = vec.TBytes, true
	switch {
	case e.is(logicalUUID) && l.width == 16:
		l.t = vec.TUUID
	case e.is(logicalFloat16) && l.width == 2:
		l.t, l.conv, l.plain = vec.TFloat32, convFloat16, false
		return
	case e.logical.kind == 0 && e.converted == int32(deprecated.Interval) && l.width == 12:
		l.t, l.conv, l.ordered, l.plain = vec.TInterval, convInterval12, false, false
		return
	}
	if t, ok := e.decimal(); ok {
		l.t, l.conv, l.plain = t, convDecimal(t, l.width), false
		return
	}
	l.conv = convFixed(l.width)
}
