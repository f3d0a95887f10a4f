// Package arrowvec is the bridge between riffle's batches and Arrow record batches.
//
//	vec.Batch ── FromBatch ──► arrow.RecordBatch     shares memory where the layouts agree
//	arrow.RecordBatch ── ToBatch ──► vec.Batch       shares memory too; validity bits are copied
//
// The layouts agree for all types but BOOLEAN, which riffle keeps a byte a value. Each field carries
// its SQL type as metadata ("riffle.type"), since several share an Arrow type: TINYINT, SMALLINT
// and INTEGER are int32, REAL is float64, INTERVAL is 16 bytes (months, days, µs).
//
// What it does not do: it reads no foreign Arrow types; datasets/arrow converts those.
package arrowvec

import (
	"fmt"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/bitutil"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/riffle-io/riffle/dataflow/vec"
)

// typeKey is the metadata key of a field's SQL type.
const typeKey = "riffle.type"

// Schema is s as an Arrow schema.
func Schema(s *vec.Schema) *arrow.Schema {
	fields := make([]arrow.Field, s.Len())
	for i, f := range s.Fields {
		fields[i] = arrow.Field{Name: f.Name, Type: Type(f.Type), Nullable: !f.NotNull,
			Metadata: arrow.NewMetadata([]string{typeKey}, []string{f.Type.String()})}
	}
	return arrow.NewSchema(fields, nil)
}

// Type is the Arrow type whose layout values of t have.
func Type(t vec.Type) arrow.DataType {
	switch t.Kind {
	case vec.Date:
		return arrow.FixedWidthTypes.Date32
	case vec.Time:
		return arrow.FixedWidthTypes.Time64us
	case vec.Timestamp:
		return &arrow.TimestampType{Unit: arrow.Microsecond}
	case vec.TimestampTZ:
		return &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"}
	case vec.Decimal:
		if t.Phys() == vec.PhysI64 {
			return &arrow.Decimal64Type{Precision: int32(t.Prec), Scale: int32(t.Scale)}
		}
		return &arrow.Decimal128Type{Precision: int32(t.Prec), Scale: int32(t.Scale)}
	case vec.String, vec.JSON:
		return arrow.BinaryTypes.String
	}
	switch t.Phys() {
	case vec.PhysBool:
		return arrow.FixedWidthTypes.Boolean
	case vec.PhysI32:
		return arrow.PrimitiveTypes.Int32
	case vec.PhysF64:
		return arrow.PrimitiveTypes.Float64
	case vec.PhysIv:
		return &arrow.FixedSizeBinaryType{ByteWidth: 16}
	case vec.PhysStr:
		return arrow.BinaryTypes.Binary
	}
	return arrow.PrimitiveTypes.Int64
}

// VecSchema reads the schema that Schema wrote.
func VecSchema(s *arrow.Schema) (*vec.Schema, error) {
	out := &vec.Schema{}
	for _, f := range s.Fields() {
		name, ok := f.Metadata.GetValue(typeKey)
		if !ok {
			return nil, fmt.Errorf("arrowvec: column %s has no %s", f.Name, typeKey)
		}
		t, err := vec.ParseType(name)
		if err != nil {
			return nil, fmt.Errorf("arrowvec: column %s: %w", f.Name, err)
		}
		if !arrow.TypeEqual(f.Type, Type(t)) {
			return nil, fmt.Errorf("arrowvec: column %s: %s cannot hold %s", f.Name, f.Type, t)
		}
		out.Fields = append(out.Fields, vec.Field{Name: f.Name, Type: t, NotNull: !f.Nullable})
	}
	return out, nil
}

// FromBatch is the live rows of b as a record batch of the schema that Schema made. It shares b's
// memory where b is flat and has no selection, and is good as long as b is. Changes are not kept.
func FromBatch(b *vec.Batch, schema *arrow.Schema) arrow.RecordBatch {
	flat := b
	for _, c := range b.Cols {
		if b.Sel != nil || c.Form != vec.Flat {
			flat = flatten(b)
			break
		}
	}
	cols := make([]arrow.Array, len(flat.Cols))
	for i, c := range flat.Cols {
		cols[i] = fromVec(c, flat.N, schema.Field(i).Type)
	}
	return array.NewRecordBatch(schema, cols, int64(flat.N))
}

// flatten copies the live rows into flat columns.
func flatten(b *vec.Batch) *vec.Batch {
	out := &vec.Batch{N: b.Live()}
	for _, c := range b.Cols {
		v := vec.New(c.Type, 0)
		f := c.Flatten(nil, b.N, b.Sel)
		v.Append(f, b.N, b.Sel)
		out.Cols = append(out.Cols, v)
	}
	return out
}

func bytesOf[T any](s []T) []byte {
	if len(s) == 0 {
		return nil
	}
	var zero T
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), len(s)*int(unsafe.Sizeof(zero)))
}

func sliceOf[T any](b []byte, off, n int) []T {
	if n == 0 {
		return nil
	}
	var zero T
	size := int(unsafe.Sizeof(zero))
	b = b[off*size : (off+n)*size]
	if uintptr(unsafe.Pointer(unsafe.SliceData(b)))%unsafe.Alignof(zero) != 0 {
		out := make([]T, n)
		copy(bytesOf(out), b)
		return out
	}
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(b))), n)
}

func fromVec(v *vec.Vec, n int, t arrow.DataType) arrow.Array {
	var valid *memory.Buffer
	nulls := 0
	if v.Valid != nil {
		if nulls = v.Valid.CountNulls(n); nulls > 0 {
			valid = memory.NewBufferBytes(bytesOf(v.Valid))
		}
	}
	bufs := []*memory.Buffer{valid, nil}
	switch v.Type.Phys() {
	case vec.PhysBool:
		packed := make([]byte, (n+7)/8)
		for i, x := range v.B[:n] {
			if x {
				bitutil.SetBit(packed, i)
			}
		}
		bufs[1] = memory.NewBufferBytes(packed)
	case vec.PhysI32:
		bufs[1] = memory.NewBufferBytes(bytesOf(v.I32[:n]))
	case vec.PhysI64:
		bufs[1] = memory.NewBufferBytes(bytesOf(v.I64[:n]))
	case vec.PhysI128:
		bufs[1] = memory.NewBufferBytes(bytesOf(v.I128[:n]))
	case vec.PhysF64:
		bufs[1] = memory.NewBufferBytes(bytesOf(v.F64[:n]))
	case vec.PhysIv:
		bufs[1] = memory.NewBufferBytes(bytesOf(v.Iv[:n]))
	case vec.PhysStr:
		off, data := []int32{0}, []byte(nil)
		if n > 0 {
			off, data = v.Off[:n+1], v.Data
		}
		bufs = []*memory.Buffer{valid, memory.NewBufferBytes(bytesOf(off)), memory.NewBufferBytes(data)}
	}
	d := array.NewData(t, n, bufs, nil, nulls, 0)
	defer d.Release()
	return array.MakeFromData(d)
}

// ToBatch is rec, whose schema Schema made for s, as a batch. It shares rec's memory and is good
// until rec is released. A record batch that does not fit s is an error.
func ToBatch(rec arrow.RecordBatch, s *vec.Schema) (*vec.Batch, error) {
	if int(rec.NumCols()) != s.Len() {
		return nil, fmt.Errorf("arrowvec: %d columns, want %d", rec.NumCols(), s.Len())
	}
	b := &vec.Batch{N: int(rec.NumRows())}
	for i, f := range s.Fields {
		if c := rec.Column(i); !arrow.TypeEqual(c.DataType(), Type(f.Type)) || c.Len() != b.N {
			return nil, fmt.Errorf("arrowvec: column %s is %s with %d rows, want %s with %d", f.Name, c.DataType(), c.Len(), Type(f.Type), b.N)
		}
		b.Cols = append(b.Cols, toVec(rec.Column(i).Data(), f.Type))
	}
	return b, nil
}

func toVec(d arrow.ArrayData, t vec.Type) *vec.Vec {
	v := &vec.Vec{Type: t}
	n, off, bufs := d.Len(), d.Offset(), d.Buffers()
	if d.NullN() != 0 && bufs[0] != nil {
		v.Valid = vec.NewBitmap(n)
		bits := bufs[0].Bytes()
		for i := range n {
			if !bitutil.BitIsSet(bits, off+i) {
				v.Valid.Clear(i)
			}
		}
	}
	var data []byte
	if bufs[1] != nil {
		data = bufs[1].Bytes()
	}
	switch t.Phys() {
	case vec.PhysBool:
		v.B = make([]bool, n)
		for i := range v.B {
			v.B[i] = bitutil.BitIsSet(data, off+i)
		}
	case vec.PhysI32:
		v.I32 = sliceOf[int32](data, off, n)
	case vec.PhysI64:
		v.I64 = sliceOf[int64](data, off, n)
	case vec.PhysI128:
		v.I128 = sliceOf[vec.Int128](data, off, n)
	case vec.PhysF64:
		v.F64 = sliceOf[float64](data, off, n)
	case vec.PhysIv:
		v.Iv = sliceOf[vec.Interval](data, off, n)
	case vec.PhysStr:
		v.Off = []int32{0}
		if n > 0 {
			v.Off = sliceOf[int32](data, off, n+1)
		}
		if bufs[2] != nil {
			v.Data = bufs[2].Bytes()
		}
	}
	return v
}
