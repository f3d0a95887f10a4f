package parquet

import (
	"encoding/binary"
	"math"
	"unsafe"

	"github.com/riffle-io/riffle/dataflow/vec"
)

// convert turns n fixed width values of the PLAIN encoding into the rows [at, at+n) of dst, which
// is flat and has room for them; strings are appended instead. src has n values.
type convert func(dst *vec.Vec, at int, src []byte, n int) error

// raw is the memory of s.
func raw[T any](s []T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), len(s)*int(unsafe.Sizeof(*new(T))))
}

func convBool(dst *vec.Vec, at int, src []byte, n int) error {
	for i, b := range src[:n] {
		dst.B[at+i] = b != 0
	}
	return nil
}

func convNothing(dst *vec.Vec, at int, _ []byte, n int) error {
	clear(dst.B[at : at+n])
	return nil
}

func convInt32(dst *vec.Vec, at int, src []byte, n int) error {
	copy(raw(dst.I32[at:at+n]), src[:4*n])
	return nil
}

func convInt64(dst *vec.Vec, at int, src []byte, n int) error {
	copy(raw(dst.I64[at:at+n]), src[:8*n])
	return nil
}

func convFloat64(dst *vec.Vec, at int, src []byte, n int) error {
	copy(raw(dst.F64[at:at+n]), src[:8*n])
	return nil
}

func convInt32To64(dst *vec.Vec, at int, src []byte, n int) error {
	for i := range dst.I64[at : at+n] {
		dst.I64[at+i] = int64(int32(binary.LittleEndian.Uint32(src[4*i:])))
	}
	return nil
}

func convInt32To128(dst *vec.Vec, at int, src []byte, n int) error {
	for i := range dst.I128[at : at+n] {
		dst.I128[at+i] = vec.I128(int64(int32(binary.LittleEndian.Uint32(src[4*i:]))))
	}
	return nil
}

func convInt64To128(dst *vec.Vec, at int, src []byte, n int) error {
	for i := range dst.I128[at : at+n] {
		dst.I128[at+i] = vec.I128(int64(binary.LittleEndian.Uint64(src[8*i:])))
	}
	return nil
}

func convUint32(dst *vec.Vec, at int, src []byte, n int) error {
	for i := range dst.I64[at : at+n] {
		dst.I64[at+i] = int64(binary.LittleEndian.Uint32(src[4*i:]))
	}
	return nil
}

func convUint64(dst *vec.Vec, at int, src []byte, n int) error {
	for i := range dst.I128[at : at+n] {
		dst.I128[at+i] = vec.Int128{Lo: binary.LittleEndian.Uint64(src[8*i:])}
	}
	return nil
}

func convInt32Millis(dst *vec.Vec, at int, src []byte, n int) error {
	for i := range dst.I64[at : at+n] {
		dst.I64[at+i] = 1000 * int64(int32(binary.LittleEndian.Uint32(src[4*i:])))
	}
	return nil
}

func convMillis(dst *vec.Vec, at int, src []byte, n int) error {
	for i := range dst.I64[at : at+n] {
		ms := int64(binary.LittleEndian.Uint64(src[8*i:]))
		if ms > math.MaxInt64/1000 || ms < math.MinInt64/1000 {
			return corrupt("time of %d ms is out of range", ms)
		}
		dst.I64[at+i] = ms * 1000
	}
	return nil
}

// convNanos rounds down, as the other readers do.
func convNanos(dst *vec.Vec, at int, src []byte, n int) error {
	for i := range dst.I64[at : at+n] {
		ns := int64(binary.LittleEndian.Uint64(src[8*i:]))
		us := ns / 1000
		if ns%1000 < 0 {
			us--
		}
		dst.I64[at+i] = us
	}
	return nil
}

// julianEpoch is the Julian day number of 1970-01-01.
const julianEpoch = 2_440_588

// convInt96 reads nanoseconds of the day and the Julian day, as Impala and Spark write timestamps.
func convInt96(dst *vec.Vec, at int, src []byte, n int) error {
	for i := range dst.I64[at : at+n] {
		ns := int64(binary.LittleEndian.Uint64(src[12*i:]))
		day := int64(binary.LittleEndian.Uint32(src[12*i+8:])) - julianEpoch
		if day > 106_000_000 || day < -106_000_000 || ns < 0 || ns >= 86_400_000_000_000 {
			return corrupt("INT96 timestamp is out of range")
		}
		dst.I64[at+i] = day*86_400_000_000 + ns/1000
	}
	return nil
}

func convFloat32(dst *vec.Vec, at int, src []byte, n int) error {
	for i := range dst.F64[at : at+n] {
		dst.F64[at+i] = float64(math.Float32frombits(binary.LittleEndian.Uint32(src[4*i:])))
	}
	return nil
}

func convFloat16(dst *vec.Vec, at int, src []byte, n int) error {
	for i := range dst.F64[at : at+n] {
		dst.F64[at+i] = float16(binary.LittleEndian.Uint16(src[2*i:]))
	}
	return nil
}

// float16 widens an IEEE 754 half.
func float16(h uint16) float64 {
	exp, frac := int(h>>10&31), float64(h&1023)
	var f float64
	switch exp {
	case 0:
		f = math.Ldexp(frac, -24)
	case 31:
		f = math.Inf(1)
		if frac != 0 {
			f = math.NaN()
		}
	default:
		f = math.Ldexp(1024+frac, exp-25)
	}
	if h>>15 != 0 {
		return -f
	}
	return f
}

// convInterval12 reads Parquet's INTERVAL: months, days and milliseconds, unsigned.
func convInterval12(dst *vec.Vec, at int, src []byte, n int) error {
	for i := range dst.Iv[at : at+n] {
		s := src[12*i:]
		dst.Iv[at+i] = vec.Interval{
			Months: int32(binary.LittleEndian.Uint32(s)), Days: int32(binary.LittleEndian.Uint32(s[4:])),
			Micros: 1000 * int64(binary.LittleEndian.Uint32(s[8:])),
		}
	}
	return nil
}

// convInterval16 reads what the writer makes of an INTERVAL: Parquet's own has no sign and no µs.
func convInterval16(dst *vec.Vec, at int, src []byte, n int) error {
	for i := range dst.Iv[at : at+n] {
		s := src[16*i:]
		dst.Iv[at+i] = vec.Interval{
			Months: int32(binary.LittleEndian.Uint32(s)), Days: int32(binary.LittleEndian.Uint32(s[4:])),
			Micros: int64(binary.LittleEndian.Uint64(s[8:])),
		}
	}
	return nil
}

// convDecimal reads big-endian two's complement of width bytes.
func convDecimal(t vec.Type, width int) convert {
	wide := t.Phys() == vec.PhysI128
	return func(dst *vec.Vec, at int, src []byte, n int) error {
		for i := 0; i < n; i++ {
			d, ok := bigEndian(src[i*width : (i+1)*width])
			if wide && ok {
				dst.I128[at+i] = d
				continue
			}
			v, fits := d.Int64()
			if !ok || !fits {
				return corrupt("decimal has more digits than %s", t)
			}
			dst.I64[at+i] = v
		}
		return nil
	}
}

// bigEndian reads a signed integer; ok is false when it has more than 128 bits.
func bigEndian(b []byte) (d vec.Int128, ok bool) {
	if len(b) == 0 {
		return d, true
	}
	sign := byte(int8(b[0]) >> 7)
	for len(b) > 16 {
		if b[0] != sign {
			return d, false
		}
		b = b[1:]
	}
	d = vec.I128(int64(int8(sign)))
	for _, x := range b {
		d.Hi = d.Hi<<8 | int64(d.Lo>>56)
		d.Lo = d.Lo<<8 | uint64(x)
	}
	return d, byte(d.Hi>>63) == sign
}

// convFixed appends strings of width bytes.
func convFixed(width int) convert {
	return func(dst *vec.Vec, at int, src []byte, n int) error {
		if len(dst.Data)+n*width > math.MaxInt32 {
			return errTooLong
		}
		dst.Data = append(dst.Data, src[:n*width]...)
		end := len(dst.Data) - n*width
		dst.Off[at] = int32(end)
		for i := 1; i <= n; i++ {
			end += width
			dst.Off[at+i] = int32(end)
		}
		return nil
	}
}

var errTooLong = corrupt("the text of one batch exceeds 2 GiB")
