package vec

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Value is one value outside a vector: a literal, a statistic, a cell of a test. The field that
// counts follows from the type: I for PhysBool (0 or 1), PhysI32 and PhysI64, D for PhysI128, F,
// Iv, S. Values are for plans and edges, not for data paths.
type Value struct {
	Null bool
	I    int64
	F    float64
	D    Int128
	Iv   Interval
	S    string
}

// Constructors, for plans and tests.
func IntValue(i int64) Value      { return Value{I: i} }
func FloatValue(f float64) Value  { return Value{F: f} }
func StringValue(s string) Value  { return Value{S: s} }
func Dec128Value(d Int128) Value  { return Value{D: d} }
func NullValue() Value            { return Value{Null: true} }
func IvValue(iv Interval) Value   { return Value{Iv: iv} }
func TimeValue(t time.Time) Value { return Value{I: t.UnixMicro()} }

// BoolValue is true or false.
func BoolValue(b bool) Value {
	if b {
		return Value{I: 1}
	}
	return Value{}
}

// Value is row i of v.
func (v *Vec) Value(i int) Value {
	if v.IsNull(i) {
		return Value{Null: true}
	}
	b, i := v.Base(), v.Index(i)
	switch v.Type.Phys() {
	case PhysBool:
		return BoolValue(b.B[i])
	case PhysI32:
		return Value{I: int64(b.I32[i])}
	case PhysI64:
		return Value{I: b.I64[i]}
	case PhysI128:
		return Value{D: b.I128[i]}
	case PhysF64:
		return Value{F: b.F64[i]}
	case PhysIv:
		return Value{Iv: b.Iv[i]}
	}
	return Value{S: string(b.Data[b.Off[i]:b.Off[i+1]])}
}

// CompareValues orders two values of type t that are not null.
func CompareValues(t Type, a, b Value) int {
	switch t.Phys() {
	case PhysBool, PhysI32, PhysI64:
		switch {
		case a.I < b.I:
			return -1
		case a.I > b.I:
			return 1
		}
		return 0
	case PhysI128:
		return a.D.Cmp(b.D)
	case PhysF64:
		return CompareFloats(a.F, b.F)
	case PhysIv:
		return CompareValues(TInt64, Value{I: a.Iv.normal()}, Value{I: b.Iv.normal()})
	}
	return strings.Compare(a.S, b.S)
}

// Decimal128 is the unscaled value of a DECIMAL of either width.
func (v Value) Decimal128(t Type) Int128 {
	if t.Phys() == PhysI128 {
		return v.D
	}
	return I128(v.I)
}

// DecimalValue is the Value of the unscaled d for a DECIMAL type t.
func DecimalValue(t Type, d Int128) Value {
	if t.Phys() == PhysI128 {
		return Value{D: d}
	}
	return Value{I: int64(d.Lo)}
}

// Format is v as SQL shows it, without quotes; NULL gives "NULL".
func (v Value) Format(t Type) string {
	if v.Null {
		return "NULL"
	}
	return string(v.AppendText(nil, t))
}

// AppendText appends v, not null, as text that CAST reads back.
func (v Value) AppendText(dst []byte, t Type) []byte {
	switch t.Kind {
	case Bool, Null:
		return strconv.AppendBool(dst, v.I != 0)
	case Float32:
		return AppendFloat(dst, v.F, 32)
	case Float64:
		return AppendFloat(dst, v.F, 64)
	case Decimal:
		return AppendDecimal(dst, v.Decimal128(t), int(t.Scale))
	case Date:
		return AppendDate(dst, v.I)
	case Time:
		return AppendTime(dst, v.I)
	case Timestamp:
		return AppendTimestamp(dst, v.I)
	case TimestampTZ:
		return append(AppendTimestamp(dst, v.I), "+00"...)
	case IntervalK:
		return append(dst, v.Iv.String()...)
	case Bytes:
		return fmt.Appendf(dst, "\\x%x", v.S)
	case UUID:
		if len(v.S) == 16 {
			return fmt.Appendf(dst, "%x-%x-%x-%x-%x", v.S[:4], v.S[4:6], v.S[6:8], v.S[8:10], v.S[10:])
		}
		return append(dst, v.S...)
	case String, JSON:
		return append(dst, v.S...)
	}
	return strconv.AppendInt(dst, v.I, 10)
}

// AppendFloat writes f so that it reads back as the same bits: plain digits where short, an
// exponent elsewhere.
func AppendFloat(dst []byte, f float64, bits int) []byte {
	switch {
	case math.IsInf(f, 1):
		return append(dst, "Infinity"...)
	case math.IsInf(f, -1):
		return append(dst, "-Infinity"...)
	case f != f:
		return append(dst, "NaN"...)
	}
	if a := math.Abs(f); a != 0 && (a < 1e-5 || a >= 1e17) {
		return strconv.AppendFloat(dst, f, 'e', -1, bits)
	}
	n := len(dst)
	dst = strconv.AppendFloat(dst, f, 'f', -1, bits)
	for _, c := range dst[n:] {
		if c == '.' {
			return dst
		}
	}
	return append(dst, ".0"...)
}

// AppendDecimal writes the unscaled d with scale digits after the point.
func AppendDecimal(dst []byte, d Int128, scale int) []byte {
	var digits string
	if n, ok := d.Int64(); ok {
		digits = strconv.FormatInt(n, 10)
	} else {
		digits = d.Big().String()
	}
	if d.Sign() < 0 {
		dst, digits = append(dst, '-'), digits[1:]
	}
	if scale == 0 {
		return append(dst, digits...)
	}
	for len(digits) <= scale {
		digits = "0" + digits
	}
	dst = append(dst, digits[:len(digits)-scale]...)
	dst = append(dst, '.')
	return append(dst, digits[len(digits)-scale:]...)
}

// AppendDate writes days since the epoch as 2001-01-31.
func AppendDate(dst []byte, days int64) []byte {
	return time.Unix(days*86400, 0).UTC().AppendFormat(dst, "2006-01-02")
}

// AppendTime writes µs since midnight as 10:00:00[.ffffff].
func AppendTime(dst []byte, us int64) []byte { return appendClock(dst, uint64(us)) }

// appendClock writes hours, as many as there are, minutes and seconds.
func appendClock(dst []byte, us uint64) []byte {
	s := us / 1e6
	if s < 360_000 {
		dst = append2(dst, s/3600)
	} else {
		dst = strconv.AppendUint(dst, s/3600, 10)
	}
	dst = append2(append(dst, ':'), s/60%60)
	dst = append2(append(dst, ':'), s%60)
	if f := us % 1e6; f != 0 {
		dst = append(dst, '.')
		for d := uint64(1e5); d > 0; d /= 10 {
			dst = append(dst, byte('0'+f/d%10))
		}
		for dst[len(dst)-1] == '0' {
			dst = dst[:len(dst)-1]
		}
	}
	return dst
}

func append2(dst []byte, n uint64) []byte { return append(dst, byte('0'+n/10), byte('0'+n%10)) }

// AppendTimestamp writes µs since the epoch as 2001-01-31 10:00:00[.ffffff].
func AppendTimestamp(dst []byte, us int64) []byte {
	days, rest := us/86_400_000_000, us%86_400_000_000
	if rest < 0 {
		days, rest = days-1, rest+86_400_000_000
	}
	dst = AppendDate(dst, days)
	return AppendTime(append(dst, ' '), rest)
}

// String is PostgreSQL's text of an interval: "1 year 2 mons 3 days 04:05:06".
func (iv Interval) String() string {
	var parts []string
	part := func(n int64, one, many string) {
		if n != 0 {
			unit := many
			if n == 1 {
				unit = one
			}
			parts = append(parts, fmt.Sprintf("%d %s", n, unit))
		}
	}
	part(int64(iv.Months/12), "year", "years")
	part(int64(iv.Months%12), "mon", "mons")
	part(int64(iv.Days), "day", "days")
	if iv.Micros != 0 || len(parts) == 0 {
		sign, us := "", uint64(iv.Micros)
		if iv.Micros < 0 {
			sign, us = "-", -us
		}
		parts = append(parts, sign+string(appendClock(nil, us)))
	}
	return strings.Join(parts, " ")
}

// AppendText appends the text of row i, not null, as Value.AppendText does, without an allocation
// for the common types.
func (v *Vec) AppendText(dst []byte, i int) []byte {
	switch v.Type.Kind {
	case String, JSON:
		return append(dst, v.Str(i)...)
	case Int8, Int16, Int32:
		return strconv.AppendInt(dst, int64(v.Base().I32[v.Index(i)]), 10)
	case Int64:
		return strconv.AppendInt(dst, v.Base().I64[v.Index(i)], 10)
	}
	return v.Value(i).AppendText(dst, v.Type)
}
