package parquet

import (
	"encoding/binary"
	"math"

	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"github.com/riffle-io/riffle/dataflow/vec"
)

// schemaElement says how a column is stored.
func schemaElement(f vec.Field) format.SchemaElement {
	e := format.SchemaElement{Name: f.Name, RepetitionType: thrift.New(format.Optional)}
	set := func(t format.Type, l format.LogicalTypeValue, converted ...deprecated.ConvertedType) {
		e.Type, e.LogicalType.Value = thrift.New(t), l
		if len(converted) > 0 {
			e.ConvertedType = thrift.New(converted[0])
		}
	}
	micros := format.TimeUnit{Value: &format.MicroSeconds{}}
	switch f.Type.Kind {
	case vec.Null:
		set(format.Int32, &format.NullType{})
	case vec.Bool:
		set(format.Boolean, nil)
	case vec.Int8:
		set(format.Int32, &format.IntType{BitWidth: 8, IsSigned: true}, deprecated.Int8)
	case vec.Int16:
		set(format.Int32, &format.IntType{BitWidth: 16, IsSigned: true}, deprecated.Int16)
	case vec.Int32:
		set(format.Int32, nil)
	case vec.Int64:
		set(format.Int64, nil)
	case vec.Float32:
		set(format.Float, nil)
	case vec.Float64:
		set(format.Double, nil)
	case vec.Decimal:
		set(format.Int64, &format.DecimalType{Scale: int32(f.Type.Scale), Precision: int32(f.Type.Prec)}, deprecated.Decimal)
		e.Scale, e.Precision = thrift.New(int32(f.Type.Scale)), thrift.New(int32(f.Type.Prec))
		if f.Type.Phys() == vec.PhysI128 {
			e.Type, e.TypeLength = thrift.New(format.FixedLenByteArray), thrift.New(int32(16))
		}
	case vec.Date:
		set(format.Int32, &format.DateType{}, deprecated.Date)
	case vec.Time:
		set(format.Int64, &format.TimeType{Unit: micros})
	case vec.Timestamp:
		set(format.Int64, &format.TimestampType{Unit: micros})
	case vec.TimestampTZ:
		set(format.Int64, &format.TimestampType{IsAdjustedToUTC: true, Unit: micros}, deprecated.TimestampMicros)
	case vec.IntervalK:
		set(format.FixedLenByteArray, nil)
		e.TypeLength = thrift.New(int32(16))
	case vec.String:
		set(format.ByteArray, &format.StringType{}, deprecated.UTF8)
	case vec.JSON:
		set(format.ByteArray, &format.JsonType{}, deprecated.Json)
	case vec.UUID:
		set(format.FixedLenByteArray, &format.UUIDType{})
		e.TypeLength = thrift.New(int32(16))
	default:
		set(format.ByteArray, nil)
	}
	return e
}

// appendPlain appends rows [from, to) of v that are not null in the PLAIN encoding.
func appendPlain(dst []byte, v *vec.Vec, from, to int) []byte {
	if v.Form == vec.Flat && v.Valid == nil {
		switch {
		case v.Type.Phys() == vec.PhysI32:
			return append(dst, raw(v.I32[from:to])...)
		case v.Type.Phys() == vec.PhysI64:
			return append(dst, raw(v.I64[from:to])...)
		case v.Type.Kind == vec.Float64:
			return append(dst, raw(v.F64[from:to])...)
		}
	}
	if v.Type.Phys() == vec.PhysBool {
		return appendBools(dst, v, from, to)
	}
	for i := from; i < to; i++ {
		if v.IsNull(i) {
			continue
		}
		if v.Type.Phys() == vec.PhysStr && v.Type.Kind != vec.UUID {
			dst = binary.LittleEndian.AppendUint32(dst, uint32(len(v.Str(i))))
		}
		dst = appendValue(dst, v, i)
	}
	return dst
}

// appendValue appends row i, not null and no BOOLEAN, as statistics have it: strings without
// their length.
func appendValue(dst []byte, v *vec.Vec, i int) []byte {
	b, k := v.Base(), v.Index(i)
	switch v.Type.Phys() {
	case vec.PhysBool:
		return append(dst, byte(b2i(b.B[k])))
	case vec.PhysI32:
		return binary.LittleEndian.AppendUint32(dst, uint32(b.I32[k]))
	case vec.PhysI64:
		return binary.LittleEndian.AppendUint64(dst, uint64(b.I64[k]))
	case vec.PhysI128:
		dst = binary.BigEndian.AppendUint64(dst, uint64(b.I128[k].Hi))
		return binary.BigEndian.AppendUint64(dst, b.I128[k].Lo)
	case vec.PhysF64:
		if v.Type.Kind == vec.Float32 {
			return binary.LittleEndian.AppendUint32(dst, math.Float32bits(float32(b.F64[k])))
		}
		return binary.LittleEndian.AppendUint64(dst, math.Float64bits(b.F64[k]))
	case vec.PhysIv:
		iv := b.Iv[k]
		dst = binary.LittleEndian.AppendUint32(dst, uint32(iv.Months))
		dst = binary.LittleEndian.AppendUint32(dst, uint32(iv.Days))
		return binary.LittleEndian.AppendUint64(dst, uint64(iv.Micros))
	}
	s := v.Str(i)
	if v.Type.Kind == vec.UUID && len(s) != 16 { // the width is fixed
		var id [16]byte
		copy(id[:], s)
		s = id[:]
	}
	return append(dst, s...)
}

func appendBools(dst []byte, v *vec.Vec, from, to int) []byte {
	n := 0
	for i := from; i < to; i++ {
		if v.IsNull(i) {
			continue
		}
		if n&7 == 0 {
			dst = append(dst, 0)
		}
		dst[len(dst)-1] |= byte(b2i(v.Base().B[v.Index(i)])) << (n & 7)
		n++
	}
	return dst
}

// appendLevels appends the definition levels of rows [from, to) and their length, and counts nulls.
func appendLevels(dst []byte, v *vec.Vec, from, to int) (out []byte, nulls int) {
	head := len(dst)
	dst = append(dst, 0, 0, 0, 0)
	if v.MayHaveNulls() {
		for i := from; i < to; i++ {
			nulls += b2i(v.IsNull(i))
		}
	}
	switch n := to - from; nulls {
	case 0, n:
		dst = append(binary.AppendUvarint(dst, uint64(n)<<1), byte(b2i(nulls == 0)))
	default:
		groups := (n + 7) / 8
		dst = binary.AppendUvarint(dst, uint64(groups)<<1|1)
		at := len(dst)
		dst = append(dst, make([]byte, groups)...)
		for i := from; i < to; i++ {
			dst[at+(i-from)>>3] |= byte(b2i(!v.IsNull(i))) << ((i - from) & 7)
		}
	}
	binary.LittleEndian.PutUint32(dst[head:], uint32(len(dst)-head-4))
	return dst, nulls
}

// appendCodes appends dictionary codes of width bits: one run, or bits.
func appendCodes(dst []byte, codes []int32, width uint) []byte {
	dst = append(dst, byte(width))
	if len(codes) == 0 {
		return dst
	}
	same := true
	for _, c := range codes[1:] {
		if same = c == codes[0]; !same {
			break
		}
	}
	if same {
		dst = binary.AppendUvarint(dst, uint64(len(codes))<<1)
		for k := uint(0); k < width; k += 8 {
			dst = append(dst, byte(codes[0]>>k))
		}
		return dst
	}
	groups := (len(codes) + 7) / 8
	dst = binary.AppendUvarint(dst, uint64(groups)<<1|1)
	end := len(dst) + groups*int(width)
	var bits uint64
	var have uint
	for _, c := range codes {
		bits |= uint64(c) << have
		for have += width; have >= 8; have -= 8 {
			dst = append(dst, byte(bits))
			bits >>= 8
		}
	}
	if have > 0 {
		dst = append(dst, byte(bits))
	}
	for len(dst) < end {
		dst = append(dst, 0)
	}
	return dst
}
