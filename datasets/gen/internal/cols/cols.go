// Package cols is how the generators write vectors without allocating per batch.
//
// Every function takes a vector that the caller owns and reuses, gives it n rows, and returns the
// slice to write them to. A vector is always used with the same function, so that its memory,
// once grown, is kept.
package cols

import "github.com/riffle-io/riffle/dataflow/vec"

// Grow is s with length n; what it holds is undefined.
func Grow[T any](s []T, n int) []T {
	if cap(s) >= n {
		return s[:n]
	}
	return make([]T, n)
}

// I32 makes v flat with n rows of INTEGER or DATE.
func I32(v *vec.Vec, n int) []int32 {
	v.Form, v.Valid = vec.Flat, nil
	v.I32 = Grow(v.I32, n)
	return v.I32
}

// I64 makes v flat with n rows of BIGINT, DECIMAL or TIMESTAMP.
func I64(v *vec.Vec, n int) []int64 {
	v.Form, v.Valid = vec.Flat, nil
	v.I64 = Grow(v.I64, n)
	return v.I64
}

// F64 makes v flat with n rows of DOUBLE.
func F64(v *vec.Vec, n int) []float64 {
	v.Form, v.Valid = vec.Flat, nil
	v.F64 = Grow(v.F64, n)
	return v.F64
}

// Dictionary is a shared, immutable VARCHAR vector of values.
func Dictionary(values ...string) *vec.Vec {
	v := vec.New(vec.TString, 0)
	for _, s := range values {
		v.AppendBytes([]byte(s))
	}
	return v
}

// Codes makes v a dictionary vector over dict with n rows.
func Codes(v, dict *vec.Vec, n int) []int32 {
	v.Form, v.Valid, v.Dict = vec.Dict, nil, dict
	v.Codes = Grow(v.Codes, n)
	return v.Codes
}

// Strs makes v flat with n rows of VARCHAR, none of which has bytes yet: the caller appends those
// of row i to the returned data, stores its length in off[i+1], and calls SetData at the end.
func Strs(v *vec.Vec, n int) (off []int32, data []byte) {
	v.Form, v.Valid = vec.Flat, nil
	v.Off = Grow(v.Off, n+1)
	v.Off[0] = 0
	return v.Off, v.Data[:0]
}

// SetData ends what Strs began.
func SetData(v *vec.Vec, data []byte) { v.Data = data }

// Widths makes v flat with n rows of VARCHAR that are width bytes each, and returns all bytes.
func Widths(v *vec.Vec, n, width int) []byte {
	off, _ := Strs(v, n)
	for i := range off {
		off[i] = int32(i * width)
	}
	v.Data = Grow(v.Data, n*width)
	return v.Data
}

// Digits writes x into all of dst in decimal, zero padded; higher digits are cut off.
func Digits(dst []byte, x uint64) {
	for i := len(dst) - 1; i >= 0; i-- {
		dst[i] = byte('0' + x%10)
		x /= 10
	}
}
