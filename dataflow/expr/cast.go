package expr

import (
	"fmt"
	"math"

	"github.com/riffle-io/riffle/dataflow/vec"
)

// CanCast tells whether a cast from one type to another exists.
func CanCast(from, to vec.Type) bool {
	switch {
	case from == to, from.Kind == vec.Null, to.Kind == vec.String, to.Kind == vec.JSON && from.Kind == vec.String:
		return true
	case from.IsText():
		return to.Kind != vec.Null
	case from.Kind == vec.Bool:
		return to.IsInteger()
	case from.IsNumeric():
		return to.IsNumeric() || to.Kind == vec.Bool && from.IsInteger()
	case from.Kind == vec.Date:
		return to.Kind == vec.Timestamp || to.Kind == vec.TimestampTZ
	case from.Kind == vec.Timestamp, from.Kind == vec.TimestampTZ:
		return to.IsTemporal()
	case from.Kind == vec.Time:
		return to.Kind == vec.IntervalK
	case from.Kind == vec.IntervalK:
		return to.Kind == vec.Time
	case from.Kind == vec.UUID:
		return to.Kind == vec.Bytes
	case from.Kind == vec.Bytes:
		return to.Kind == vec.UUID
	}
	return false
}

// converter converts the value at place j of in (flat or dictionary base, not null) to place i of
// out.
type converter func(in *vec.Vec, j int, out *vec.Vec, i int) error

// castNode converts row by row, or entry by entry for a dictionary.
type castNode struct {
	arg      node
	from, to vec.Type
	try      bool
	conv     converter
	out      *vec.Vec
	dict     *vec.Vec
	dictOut  *vec.Vec
	dictVec  vec.Vec
}

func compileCast(e *Cast, base *Context) (node, error) {
	arg, err := compile(e.Arg, base)
	if err != nil {
		return nil, err
	}
	from := e.Arg.Type()
	if from.Kind == vec.Null {
		return &litNode{vec.ConstVec(e.To, vec.NullValue())}, nil
	}
	if relabels(from, e.To) {
		return &relabelNode{arg: arg, to: e.To}, nil
	}
	conv := converterFor(from, e.To)
	if conv == nil {
		return nil, fmt.Errorf("%w: cannot cast %s to %s", ErrArguments, from, e.To)
	}
	return &castNode{arg: arg, from: from, to: e.To, try: e.Try, conv: conv, out: vec.New(e.To, 0)}, nil
}

func (c *castNode) eval(b *vec.Batch, sel []int32) (*vec.Vec, error) {
	v, err := c.arg.eval(b, sel)
	if err != nil {
		return nil, err
	}
	switch {
	case v.Form == vec.Const:
		if err := c.fill(v, c.out, 1, nil); err != nil {
			return nil, err
		}
		c.out.Form = vec.Const
		return c.out, nil
	case v.Form == vec.Dict && (v.Dict == c.dict || v.Dict.Len() <= live(b, sel)) && c.overDict(v):
		c.dictVec = vec.Vec{Type: c.to, Form: vec.Dict, Dict: c.dictOut, Codes: v.Codes, Valid: v.Valid}
		return &c.dictVec, nil
	}
	if err := c.fill(v, c.out, b.N, sel); err != nil {
		return nil, err
	}
	return c.out, nil
}

// overDict converts the dictionary of v; false when an entry, perhaps of no live row, fails.
func (c *castNode) overDict(v *vec.Vec) bool {
	if v.Dict != c.dict {
		out := vec.New(c.to, 0)
		if c.fill(v.Dict, out, v.Dict.Len(), nil) != nil {
			return false
		}
		c.dict, c.dictOut = v.Dict, out
	}
	return true
}

func (c *castNode) fill(v, out *vec.Vec, n int, sel []int32) error {
	out.Type = c.to
	out.Resize(n)
	if c.plain(v, out, n, sel) {
		return nil
	}
	base, isStr, at := v.Base(), c.to.Phys() == vec.PhysStr, 0
	nulls := v.MayHaveNulls()
	var err error
	each(n, sel, func(i int) {
		if isStr {
			for ; at <= i; at++ {
				out.Off[at] = int32(len(out.Data))
			}
		}
		if nulls && v.IsNull(i) {
			out.SetNull(i)
			return
		}
		if e := c.conv(base, v.Index(i), out, i); e != nil {
			if c.try {
				out.SetNull(i)
			} else if err == nil {
				err = e
			}
		}
	})
	if isStr {
		for ; at <= n; at++ {
			out.Off[at] = int32(len(out.Data))
		}
	}
	return err
}

// plain is the loop for the widenings that cannot fail.
func (c *castNode) plain(v, out *vec.Vec, n int, sel []int32) bool {
	if v.Form != vec.Flat || v.Valid != nil || sel != nil {
		return false
	}
	from, to := c.from.Phys(), c.to.Phys()
	switch {
	case from == vec.PhysI32 && c.to.Kind == vec.Int64 && c.from.IsInteger():
		for i, x := range v.I32[:n] {
			out.I64[i] = int64(x)
		}
	case from == vec.PhysI64 && to == vec.PhysF64 && c.from.IsInteger():
		for i, x := range v.I64[:n] {
			out.F64[i] = float64(x)
		}
	case from == vec.PhysI64 && c.from.Kind == vec.Decimal && c.to.Kind == vec.Float64:
		d := float64(vec.Pow10Int64(int(c.from.Scale)))
		for i, x := range v.I64[:n] {
			out.F64[i] = float64(x) / d
		}
	case c.from.Kind == vec.Date && c.to.Kind == vec.Timestamp:
		for i, x := range v.I32[:n] {
			out.I64[i] = int64(x) * usDay
		}
	default:
		return false
	}
	return true
}

func setInt(out *vec.Vec, i int, x int64) error {
	if out.Type.Phys() == vec.PhysI32 {
		lo, hi := intRange(out.Type)
		if x < lo || x > hi {
			return fmt.Errorf("%w: %d does not fit %s", ErrOverflow, x, out.Type)
		}
		out.I32[i] = int32(x)
		return nil
	}
	out.I64[i] = x
	return nil
}

func getInt(in *vec.Vec, j int) int64 {
	switch in.Type.Phys() {
	case vec.PhysI32:
		return int64(in.I32[j])
	case vec.PhysBool:
		return int64(b2i(in.B[j]))
	}
	return in.I64[j]
}

func getWide(in *vec.Vec, j int) vec.Int128 {
	if in.Type.Phys() == vec.PhysI128 {
		return in.I128[j]
	}
	return vec.I128(getInt(in, j))
}

// converterFor picks the conversion between two types; nil when there is none.
func converterFor(from, to vec.Type) converter {
	switch {
	case to.Kind == vec.String:
		return toText
	case from.IsText() && to.Kind != vec.JSON:
		return fromText
	case from.Phys() == vec.PhysStr && to.Phys() == vec.PhysStr:
		return copyText
	case to.Kind == vec.Bool:
		return func(in *vec.Vec, j int, out *vec.Vec, i int) error { out.B[i] = getInt(in, j) != 0; return nil }
	case to.Kind == vec.Decimal:
		return toDecimal
	case from.Kind == vec.Decimal:
		return fromDecimal
	case from.IsNumeric() || from.Kind == vec.Bool:
		return numericConverter(from, to)
	}
	return timeConverter(from, to)
}

func toText(in *vec.Vec, j int, out *vec.Vec, _ int) error {
	if in.Type.Phys() == vec.PhysStr && in.Type.IsText() {
		out.Data = append(out.Data, in.Data[in.Off[j]:in.Off[j+1]]...)
		return nil
	}
	flat := vec.Vec{Type: in.Type, B: in.B, I32: in.I32, I64: in.I64, I128: in.I128, F64: in.F64, Iv: in.Iv, Off: in.Off, Data: in.Data}
	out.Data = flat.Value(j).AppendText(out.Data, in.Type)
	return nil
}

func copyText(in *vec.Vec, j int, out *vec.Vec, _ int) error {
	s := in.Data[in.Off[j]:in.Off[j+1]]
	if out.Type.Kind == vec.UUID && len(s) != 16 {
		return fmt.Errorf("%w: UUID needs 16 bytes, not %d", ErrBadText, len(s))
	}
	out.Data = append(out.Data, s...)
	return nil
}

func numericConverter(from, to vec.Type) converter {
	switch {
	case to.IsFloat() && from.IsFloat():
		return func(in *vec.Vec, j int, out *vec.Vec, i int) error { return setFloat(out, i, in.F64[j]) }
	case to.IsFloat():
		return func(in *vec.Vec, j int, out *vec.Vec, i int) error { return setFloat(out, i, float64(getInt(in, j))) }
	case from.IsFloat():
		return func(in *vec.Vec, j int, out *vec.Vec, i int) error {
			f := math.RoundToEven(in.F64[j])
			if !(f >= -0x1p63 && f < 0x1p63) {
				return fmt.Errorf("%w: %v does not fit %s", ErrOverflow, in.F64[j], out.Type)
			}
			return setInt(out, i, int64(f))
		}
	}
	return func(in *vec.Vec, j int, out *vec.Vec, i int) error { return setInt(out, i, getInt(in, j)) }
}

func setFloat(out *vec.Vec, i int, f float64) error {
	if out.Type.Kind == vec.Float32 {
		if g := float64(float32(f)); !math.IsInf(g, 0) || math.IsInf(f, 0) {
			out.F64[i] = g
			return nil
		}
		return fmt.Errorf("%w: %v does not fit REAL", ErrOverflow, f)
	}
	out.F64[i] = f
	return nil
}

func toDecimal(in *vec.Vec, j int, out *vec.Vec, i int) error {
	t := out.Type
	var d vec.Int128
	ok := true
	if in.Type.IsFloat() {
		d, ok = vec.I128FromFloat(in.F64[j] * vec.Pow10(int(t.Scale)).Float64())
	} else {
		d, ok = Rescale(getWide(in, j), int(in.Type.Scale), int(t.Scale))
	}
	if !ok || !fitsDecimal(d, t) {
		return fmt.Errorf("%w: value does not fit %s", ErrOverflow, t)
	}
	if t.Phys() == vec.PhysI128 {
		out.I128[i] = d
	} else {
		out.I64[i] = int64(d.Lo)
	}
	return nil
}

func fitsDecimal(d vec.Int128, t vec.Type) bool {
	limit := vec.Pow10(int(t.Prec))
	return d.Cmp(limit) < 0 && d.Neg().Cmp(limit) < 0
}

// Rescale changes the number of digits after the point, rounding half away from zero.
func Rescale(d vec.Int128, from, to int) (vec.Int128, bool) {
	if to >= from {
		return d.Mul(vec.Pow10(to - from))
	}
	p := vec.Pow10(from - to)
	q, r := d.QuoRem(p)
	if r.Sign() < 0 {
		r = r.Neg()
	}
	if rest, _ := p.Sub(r); r.Cmp(rest) >= 0 { // 2r may not fit
		return q.Add(vec.I128(int64(d.Sign())))
	}
	return q, true
}

func fromDecimal(in *vec.Vec, j int, out *vec.Vec, i int) error {
	d := getWide(in, j)
	if out.Type.IsFloat() {
		return setFloat(out, i, d.Float64()/vec.Pow10(int(in.Type.Scale)).Float64())
	}
	d, _ = Rescale(d, int(in.Type.Scale), 0)
	x, ok := d.Int64()
	if !ok {
		return fmt.Errorf("%w: value does not fit %s", ErrOverflow, out.Type)
	}
	return setInt(out, i, x)
}

func timeConverter(from, to vec.Type) converter {
	switch {
	case from.Kind == vec.Date && to.Phys() == vec.PhysI64:
		return func(in *vec.Vec, j int, out *vec.Vec, i int) error {
			if mulWraps(int64(in.I32[j]), usDay) {
				return fmt.Errorf("%w: date does not fit %s", ErrOverflow, out.Type)
			}
			out.I64[i] = int64(in.I32[j]) * usDay
			return nil
		}
	case from.Phys() == vec.PhysI64 && to.Kind == vec.Date:
		return func(in *vec.Vec, j int, out *vec.Vec, i int) error { return setInt(out, i, floorDiv(in.I64[j], usDay)) }
	case from.Kind == vec.IntervalK && to.Kind == vec.Time:
		return func(in *vec.Vec, j int, out *vec.Vec, i int) error {
			out.I64[i] = floorMod(in.Iv[j].Micros, usDay)
			return nil
		}
	case from.Kind == vec.Time && to.Kind == vec.IntervalK:
		return func(in *vec.Vec, j int, out *vec.Vec, i int) error {
			out.Iv[i] = vec.Interval{Micros: in.I64[j]}
			return nil
		}
	case to.Kind == vec.Time:
		return func(in *vec.Vec, j int, out *vec.Vec, i int) error {
			out.I64[i] = floorMod(in.I64[j], usDay)
			return nil
		}
	case from.Phys() == vec.PhysI64 && to.Phys() == vec.PhysI64:
		return func(in *vec.Vec, j int, out *vec.Vec, i int) error { out.I64[i] = in.I64[j]; return nil }
	}
	return nil
}
