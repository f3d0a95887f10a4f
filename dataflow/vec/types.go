package vec

import (
	"fmt"
	"strings"
)

// Kind is a SQL type without its parameters.
type Kind uint8

// The kinds. Unsigned integers of files are widened to the next signed kind when they are read
// (UINT64 becomes DECIMAL(20,0)).
const (
	Null Kind = iota // type of a bare NULL; fits every other
	Bool
	Int8
	Int16
	Int32
	Int64
	Float32
	Float64
	Decimal
	Date        // days since 1970-01-01
	Time        // µs since midnight
	Timestamp   // µs since 1970-01-01 00:00:00, no zone
	TimestampTZ // µs since 1970-01-01 00:00:00 UTC
	IntervalK
	String
	Bytes
	UUID // 16 bytes, big endian
	JSON // text
)

// Phys is how values of a type are stored.
type Phys uint8

// The physical kinds and the field of Vec that holds them.
const (
	PhysBool Phys = iota // Vec.B
	PhysI32              // Vec.I32: TINYINT, SMALLINT, INTEGER, DATE
	PhysI64              // Vec.I64: BIGINT, TIME, TIMESTAMP, TIMESTAMPTZ, DECIMAL up to 18 digits
	PhysI128             // Vec.I128: DECIMAL above 18 digits
	PhysF64              // Vec.F64: REAL (rounded to float32) and DOUBLE
	PhysIv               // Vec.Iv: INTERVAL
	PhysStr              // Vec.Off, Vec.Data: VARCHAR, VARBINARY, UUID, JSON
)

// MaxDec64 is the largest precision that is stored in an int64.
const MaxDec64 = 18

// MaxPrec is the largest precision of a DECIMAL.
const MaxPrec = 38

// Type is a SQL type. The zero value is the type of NULL. Types compare with ==.
type Type struct {
	Kind  Kind
	Prec  uint8 // DECIMAL: digits in all, 1..38
	Scale uint8 // DECIMAL: digits after the point, <= Prec
}

// The types without parameters, for use as values.
var (
	TNull        = Type{Kind: Null}
	TBool        = Type{Kind: Bool}
	TInt8        = Type{Kind: Int8}
	TInt16       = Type{Kind: Int16}
	TInt32       = Type{Kind: Int32}
	TInt64       = Type{Kind: Int64}
	TFloat32     = Type{Kind: Float32}
	TFloat64     = Type{Kind: Float64}
	TDate        = Type{Kind: Date}
	TTime        = Type{Kind: Time}
	TTimestamp   = Type{Kind: Timestamp}
	TTimestampTZ = Type{Kind: TimestampTZ}
	TInterval    = Type{Kind: IntervalK}
	TString      = Type{Kind: String}
	TBytes       = Type{Kind: Bytes}
	TUUID        = Type{Kind: UUID}
	TJSON        = Type{Kind: JSON}
)

// TDecimal is DECIMAL(prec, scale).
func TDecimal(prec, scale int) Type {
	return Type{Kind: Decimal, Prec: uint8(prec), Scale: uint8(scale)}
}

// Phys tells how values of t are stored.
func (t Type) Phys() Phys {
	switch t.Kind {
	case Bool, Null:
		return PhysBool
	case Int8, Int16, Int32, Date:
		return PhysI32
	case Float32, Float64:
		return PhysF64
	case Decimal:
		if t.Prec > MaxDec64 {
			return PhysI128
		}
		return PhysI64
	case IntervalK:
		return PhysIv
	case String, Bytes, UUID, JSON:
		return PhysStr
	}
	return PhysI64
}

// IsInteger is true for TINYINT, SMALLINT, INTEGER and BIGINT.
func (t Type) IsInteger() bool { return t.Kind >= Int8 && t.Kind <= Int64 }

// IsFloat is true for REAL and DOUBLE.
func (t Type) IsFloat() bool { return t.Kind == Float32 || t.Kind == Float64 }

// IsNumeric is true for integers, floats and decimals.
func (t Type) IsNumeric() bool { return t.Kind >= Int8 && t.Kind <= Decimal }

// IsTemporal is true for DATE, TIME, TIMESTAMP and TIMESTAMPTZ.
func (t Type) IsTemporal() bool { return t.Kind >= Date && t.Kind <= TimestampTZ }

// IsText is true for VARCHAR and JSON.
func (t Type) IsText() bool { return t.Kind == String || t.Kind == JSON }

var kindNames = [...]string{
	Null: "NULL", Bool: "BOOLEAN", Int8: "TINYINT", Int16: "SMALLINT", Int32: "INTEGER",
	Int64: "BIGINT", Float32: "REAL", Float64: "DOUBLE", Decimal: "DECIMAL", Date: "DATE",
	Time: "TIME", Timestamp: "TIMESTAMP", TimestampTZ: "TIMESTAMPTZ", IntervalK: "INTERVAL",
	String: "VARCHAR", Bytes: "VARBINARY", UUID: "UUID", JSON: "JSON",
}

// String is the type as SQL writes it.
func (t Type) String() string {
	if t.Kind == Decimal {
		return fmt.Sprintf("DECIMAL(%d,%d)", t.Prec, t.Scale)
	}
	return kindNames[t.Kind]
}

// ParseType reads what Type.String writes.
func ParseType(s string) (Type, error) {
	u := strings.ToUpper(strings.TrimSpace(s))
	if strings.HasPrefix(u, "DECIMAL(") {
		var p, sc int
		if _, err := fmt.Sscanf(u, "DECIMAL(%d,%d)", &p, &sc); err == nil && p >= 1 && p <= MaxPrec && sc >= 0 && sc <= p {
			return TDecimal(p, sc), nil
		}
	}
	for k, n := range kindNames {
		if n == u && Kind(k) != Decimal {
			return Type{Kind: Kind(k)}, nil
		}
	}
	return Type{}, fmt.Errorf("vec: unknown type %q", s)
}

// Field is a named column.
type Field struct {
	Name    string
	Type    Type
	NotNull bool
}

// Schema is the columns of a table or of an operator's output, in order.
type Schema struct{ Fields []Field }

// NewSchema makes a schema of fields.
func NewSchema(fields ...Field) *Schema { return &Schema{Fields: fields} }

// Len is the number of columns.
func (s *Schema) Len() int { return len(s.Fields) }

// Index is the position of the first column called name, -1 when there is none.
func (s *Schema) Index(name string) int {
	for i := range s.Fields {
		if s.Fields[i].Name == name {
			return i
		}
	}
	return -1
}

// Types lists the column types.
func (s *Schema) Types() []Type {
	ts := make([]Type, len(s.Fields))
	for i := range s.Fields {
		ts[i] = s.Fields[i].Type
	}
	return ts
}

// Project is the schema of the columns cols, in that order.
func (s *Schema) Project(cols []int) *Schema {
	out := &Schema{Fields: make([]Field, len(cols))}
	for i, c := range cols {
		out.Fields[i] = s.Fields[c]
	}
	return out
}

// Equal compares names and types.
func (s *Schema) Equal(o *Schema) bool {
	if len(s.Fields) != len(o.Fields) {
		return false
	}
	for i := range s.Fields {
		if s.Fields[i].Name != o.Fields[i].Name || s.Fields[i].Type != o.Fields[i].Type {
			return false
		}
	}
	return true
}

// String is "(a BIGINT, b VARCHAR)".
func (s *Schema) String() string {
	var b strings.Builder
	b.WriteByte('(')
	for i, f := range s.Fields {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(f.Name + " " + f.Type.String())
	}
	b.WriteByte(')')
	return b.String()
}
