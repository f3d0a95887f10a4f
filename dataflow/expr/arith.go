package expr

import (
	"fmt"
	"math"
	"math/bits"

	"github.com/riffle-io/riffle/dataflow/vec"
)

func init() {
	register(
		&Func{Name: "+", Category: "Arithmetic", Args: "a + b", Infix: true, Fallible: true, Resolve: resolveAdd, Kernel: kernelAdd,
			Doc: "Adds numbers; adds an interval to a date or a time, or days to a date.", Example: "1 + 2 -> 3"},
		&Func{Name: "-", Category: "Arithmetic", Args: "a - b", Infix: true, Fallible: true, Resolve: resolveSub, Kernel: kernelSub,
			Doc: "Subtracts; two timestamps give an interval, two dates the days between.", Example: "5 - 2 -> 3"},
		&Func{Name: "*", Category: "Arithmetic", Args: "a * b", Infix: true, Fallible: true, Resolve: resolveMul, Kernel: kernelMul,
			Doc: "Multiplies numbers, or an interval by a number.", Example: "4 * 2 -> 8"},
		&Func{Name: "/", Category: "Arithmetic", Args: "a / b", Infix: true, Fallible: true, Resolve: resolveDiv, Kernel: kernelDiv,
			Doc: "Divides; integers truncate toward zero, decimals give DOUBLE.", Example: "7 / 2 -> 3"},
		&Func{Name: "%", Category: "Arithmetic", Args: "a % b", Infix: true, Fallible: true, Resolve: resolveMod, Kernel: kernelMod,
			Doc: "Remainder, with the sign of a.", Example: "7 % 3 -> 1"},
		&Func{Name: "negate", Category: "Arithmetic", Args: "- a", Fallible: true, Resolve: resolveNeg, Kernel: kernelNeg,
			Doc: "Changes the sign.", Example: "- 5 -> -5"},
	)
	alias("mod", "%")
}

func two(t vec.Type) []vec.Type { return []vec.Type{t, t} }

// resolveAdd follows DuckDB for decimals: a sum of two that fit 18 digits stays in 18 digits, and
// overflow is checked, so that hot sums stay in 64 bits.
func resolveAdd(a []vec.Type) ([]vec.Type, vec.Type, bool) {
	if len(a) != 2 {
		return nil, vec.Type{}, false
	}
	x, y := a[0], a[1]
	if w, out, ok := resolveTimeAdd(x, y); ok {
		return w, out, true
	}
	return resolveSum(x, y)
}

func resolveSum(x, y vec.Type) ([]vec.Type, vec.Type, bool) {
	if x.Kind == vec.IntervalK && y.Kind == vec.IntervalK {
		return two(x), x, true
	}
	t, ok := numeric(x, y)
	if !ok {
		return nil, vec.Type{}, false
	}
	if t.Kind == vec.Decimal {
		p := min(int(t.Prec)+1, vec.MaxPrec)
		if t.Prec <= vec.MaxDec64 {
			p = min(p, vec.MaxDec64)
		}
		t = vec.TDecimal(p, int(t.Scale))
	}
	return two(t), t, true
}

// numeric is the common type of two numbers; NULL counts as the other's type.
func numeric(x, y vec.Type) (vec.Type, bool) {
	if x.Kind == vec.Null && y.Kind == vec.Null {
		return vec.TInt64, true
	}
	t, ok := Common(x, y)
	return t, ok && t.IsNumeric()
}

func resolveSub(a []vec.Type) ([]vec.Type, vec.Type, bool) {
	if len(a) != 2 {
		return nil, vec.Type{}, false
	}
	if w, out, ok := resolveTimeSub(a[0], a[1]); ok {
		return w, out, true
	}
	return resolveSum(a[0], a[1])
}

func resolveMul(a []vec.Type) ([]vec.Type, vec.Type, bool) {
	if len(a) != 2 {
		return nil, vec.Type{}, false
	}
	x, y := a[0], a[1]
	switch {
	case x.Kind == vec.IntervalK && y.IsNumeric():
		return []vec.Type{x, mulFactor(y)}, x, true
	case y.Kind == vec.IntervalK && x.IsNumeric():
		return []vec.Type{mulFactor(x), y}, y, true
	}
	t, ok := numeric(x, y)
	if !ok || t.Kind != vec.Decimal {
		return two(t), t, ok
	}
	dx, dy := asDecimal(x), asDecimal(y)
	if x.Kind == vec.Null {
		dx = dy
	} else if y.Kind == vec.Null {
		dy = dx
	}
	prec, scale := int(dx.Prec)+int(dy.Prec), int(dx.Scale)+int(dy.Scale)
	if scale > vec.MaxPrec {
		return nil, vec.Type{}, false
	}
	if prec > vec.MaxDec64 && max(dx.Prec, dy.Prec) <= vec.MaxDec64 && scale <= vec.MaxDec64 {
		prec = vec.MaxDec64
	}
	return []vec.Type{dx, dy}, vec.TDecimal(min(prec, vec.MaxPrec), scale), true
}

func mulFactor(t vec.Type) vec.Type {
	if t.IsInteger() {
		return vec.TInt64
	}
	return vec.TFloat64
}

func resolveDiv(a []vec.Type) ([]vec.Type, vec.Type, bool) {
	if len(a) != 2 {
		return nil, vec.Type{}, false
	}
	if a[0].Kind == vec.IntervalK && a[1].IsNumeric() {
		return []vec.Type{a[0], vec.TFloat64}, a[0], true
	}
	t, ok := numeric(a[0], a[1])
	if t.Kind == vec.Decimal {
		t = vec.TFloat64
	}
	return two(t), t, ok
}

func resolveMod(a []vec.Type) ([]vec.Type, vec.Type, bool) {
	if len(a) != 2 {
		return nil, vec.Type{}, false
	}
	t, ok := numeric(a[0], a[1])
	return two(t), t, ok
}

func resolveNeg(a []vec.Type) ([]vec.Type, vec.Type, bool) {
	if len(a) != 1 {
		return nil, vec.Type{}, false
	}
	t := a[0]
	if t.Kind == vec.Null {
		t = vec.TInt64
	}
	return []vec.Type{t}, t, t.IsNumeric() || t.Kind == vec.IntervalK
}

// intRange is the closed range of an integer or 64-bit decimal type.
func intRange(t vec.Type) (lo, hi int64) {
	switch t.Kind {
	case vec.Int8:
		return math.MinInt8, math.MaxInt8
	case vec.Int16:
		return math.MinInt16, math.MaxInt16
	case vec.Int32, vec.Date:
		return math.MinInt32, math.MaxInt32
	case vec.Decimal:
		m := vec.Pow10Int64(int(t.Prec))
		return -m + 1, m - 1
	}
	return math.MinInt64, math.MaxInt64
}

func overflow(c *Context, op string) error {
	return fmt.Errorf("%w: result of %s does not fit %s", ErrOverflow, op, c.Out)
}

func kernelAdd(c *Context, a []*vec.Vec, n int, sel []int32, out *vec.Vec) error {
	switch {
	case c.ArgTypes[0] != c.ArgTypes[1]:
		return timeAdd(c, a, n, sel, out)
	case c.Out.Phys() == vec.PhysF64:
		binary(a[0].F64, a[1].F64, out.F64, a, n, sel, func(x, y float64) float64 { return x + y })
		return round32(c, out, n, sel)
	case c.Out.Phys() == vec.PhysI64:
		return add64.run(c, "+", a, n, sel, out)
	case c.Out.Phys() == vec.PhysI32:
		return checked32(c, "+", a, n, sel, out, func(x, y int64) int64 { return x + y })
	case c.Out.Phys() == vec.PhysIv:
		binary(a[0].Iv, a[1].Iv, out.Iv, a, n, sel, addInterval)
		return nil
	}
	return checked128(c, "+", a, n, sel, out, vec.Int128.Add)
}

func kernelSub(c *Context, a []*vec.Vec, n int, sel []int32, out *vec.Vec) error {
	switch {
	case c.ArgTypes[0].IsTemporal():
		return timeSub(c, a, n, sel, out)
	case c.Out.Phys() == vec.PhysF64:
		binary(a[0].F64, a[1].F64, out.F64, a, n, sel, func(x, y float64) float64 { return x - y })
		return round32(c, out, n, sel)
	case c.Out.Phys() == vec.PhysI64:
		return sub64.run(c, "-", a, n, sel, out)
	case c.Out.Phys() == vec.PhysI32:
		return checked32(c, "-", a, n, sel, out, func(x, y int64) int64 { return x - y })
	case c.Out.Phys() == vec.PhysIv:
		binary(a[0].Iv, a[1].Iv, out.Iv, a, n, sel, func(x, y vec.Interval) vec.Interval { return addInterval(x, negInterval(y)) })
		return nil
	}
	return checked128(c, "-", a, n, sel, out, vec.Int128.Sub)
}

// binary applies f to live rows of two flat or constant arguments.
func binary[T, R any](x, y []T, out []R, a []*vec.Vec, n int, sel []int32, f func(x, y T) R) {
	xc, yc := a[0].Form == vec.Const, a[1].Form == vec.Const
	switch {
	case xc && yc:
		r := f(x[0], y[0])
		for i := range out[:n] {
			out[i] = r
		}
	case xc:
		each(n, sel, func(i int) { out[i] = f(x[0], y[i]) })
	case yc:
		each(n, sel, func(i int) { out[i] = f(x[i], y[0]) })
	case sel == nil:
		for i := range out[:n] {
			out[i] = f(x[i], y[i])
		}
	default:
		for _, i := range sel {
			out[i] = f(x[i], y[i])
		}
	}
}

func round32(c *Context, out *vec.Vec, n int, sel []int32) error {
	if c.Out.Kind == vec.Float32 {
		each(n, sel, func(i int) { out.F64[i] = float64(float32(out.F64[i])) })
	}
	return nil
}

// Arithmetic of 64-bit columns computes first and proves afterwards that nothing overflowed: the
// loops also gather the magnitudes of both operands (the OR of their bits, sign removed), and when
// those are small enough no result can be too large. Only otherwise is each row checked.

func magnitude(x int64) uint64 { return uint64(x ^ x>>63) }

// loops64 is one operation on flat and constant operands.
type loops64 struct {
	vv func(o, x, y []int64) (mx, my uint64)
	vc func(o, x []int64, c int64) (mx uint64)
	cv func(o []int64, c int64, y []int64) (my uint64)
	// one computes a single row and tells whether it fits int64.
	one func(x, y int64) (int64, bool)
	// bits bounds the bits of a result, given those of the operands.
	bits func(x, y int) int
}

var add64 = loops64{
	vv: func(o, x, y []int64) (mx, my uint64) {
		x, y = x[:len(o)], y[:len(o)]
		for i := range o {
			p, q := x[i], y[i]
			mx, my = mx|magnitude(p), my|magnitude(q)
			o[i] = p + q
		}
		return mx, my
	},
	vc: func(o, x []int64, c int64) (mx uint64) {
		x = x[:len(o)]
		for i := range o {
			mx |= magnitude(x[i])
			o[i] = x[i] + c
		}
		return mx
	},
	cv: func(o []int64, c int64, y []int64) (my uint64) {
		y = y[:len(o)]
		for i := range o {
			my |= magnitude(y[i])
			o[i] = c + y[i]
		}
		return my
	},
	one:  func(x, y int64) (int64, bool) { s := x + y; return s, (x^s)&(y^s) >= 0 },
	bits: func(x, y int) int { return max(x, y) + 1 },
}

var sub64 = loops64{
	vv: func(o, x, y []int64) (mx, my uint64) {
		x, y = x[:len(o)], y[:len(o)]
		for i := range o {
			p, q := x[i], y[i]
			mx, my = mx|magnitude(p), my|magnitude(q)
			o[i] = p - q
		}
		return mx, my
	},
	vc: func(o, x []int64, c int64) (mx uint64) {
		x = x[:len(o)]
		for i := range o {
			mx |= magnitude(x[i])
			o[i] = x[i] - c
		}
		return mx
	},
	cv: func(o []int64, c int64, y []int64) (my uint64) {
		y = y[:len(o)]
		for i := range o {
			my |= magnitude(y[i])
			o[i] = c - y[i]
		}
		return my
	},
	one:  func(x, y int64) (int64, bool) { s := x - y; return s, (x^y)&(x^s) >= 0 },
	bits: func(x, y int) int { return max(x, y) + 1 },
}

var mul64 = loops64{
	vv: func(o, x, y []int64) (mx, my uint64) {
		x, y = x[:len(o)], y[:len(o)]
		for i := range o {
			p, q := x[i], y[i]
			mx, my = mx|magnitude(p), my|magnitude(q)
			o[i] = p * q
		}
		return mx, my
	},
	vc: func(o, x []int64, c int64) (mx uint64) {
		x = x[:len(o)]
		for i := range o {
			mx |= magnitude(x[i])
			o[i] = x[i] * c
		}
		return mx
	},
	cv: func(o []int64, c int64, y []int64) (my uint64) {
		y = y[:len(o)]
		for i := range o {
			my |= magnitude(y[i])
			o[i] = c * y[i]
		}
		return my
	},
	one:  func(x, y int64) (int64, bool) { return x * y, !mulWraps(x, y) },
	bits: func(x, y int) int { return x + y },
}

// run computes live rows. All rows are computed when most are live; the dead ones can then make
// the magnitudes too large, but no error: the check looks at live rows only.
func (l *loops64) run(c *Context, op string, a []*vec.Vec, n int, sel []int32, out *vec.Vec) error {
	o := out.I64[:n]
	xc, yc := a[0].Form == vec.Const, a[1].Form == vec.Const
	if sel == nil || len(sel)*2 > n {
		var mx, my uint64
		switch {
		case xc && yc:
			r, ok := l.one(a[0].I64[0], a[1].I64[0])
			for i := range o {
				o[i] = r
			}
			return checkI64(c, op, !ok, n, nil, o)
		case yc:
			mx, my = l.vc(o, a[0].I64, a[1].I64[0]), magnitude(a[1].I64[0])
		case xc:
			mx, my = magnitude(a[0].I64[0]), l.cv(o, a[0].I64[0], a[1].I64)
		default:
			mx, my = l.vv(o, a[0].I64, a[1].I64)
		}
		if l.bits(bits.Len64(mx), bits.Len64(my)) <= safeBits(c.Out) {
			return nil
		}
	}
	x, y := a[0].I64, a[1].I64
	xs, ys := 1-b2i(xc), 1-b2i(yc)
	wrapped := false
	each(n, sel, func(i int) {
		r, ok := l.one(x[i*xs], y[i*ys])
		o[i] = r
		wrapped = wrapped || !ok
	})
	return checkI64(c, op, wrapped, n, sel, o)
}

// safeBits is how many bits every value of a type may have.
func safeBits(t vec.Type) int {
	if t.Kind == vec.Decimal {
		return bits.Len64(uint64(vec.Pow10Int64(int(t.Prec)))) - 1
	}
	return 63
}

// mulWraps tells whether p*q leaves int64.
func mulWraps(p, q int64) bool {
	if int64(int32(p)) == p && int64(int32(q)) == q {
		return false
	}
	hi, lo := bits.Mul64(uint64(p), uint64(q))
	h := int64(hi) - p>>63&q - q>>63&p
	return h != int64(lo)>>63
}

// checkI64 reports overflow of int64 itself, and of a DECIMAL's digits.
func checkI64(c *Context, op string, wrapped bool, n int, sel []int32, o []int64) error {
	if !wrapped && c.Out.Kind == vec.Decimal {
		lo, hi := intRange(c.Out)
		each(n, sel, func(i int) { wrapped = wrapped || o[i] < lo || o[i] > hi })
	}
	if wrapped {
		return overflow(c, op)
	}
	return nil
}

func checked32(c *Context, op string, a []*vec.Vec, n int, sel []int32, out *vec.Vec, f func(x, y int64) int64) error {
	lo, hi := intRange(c.Out)
	bad := false
	binary(a[0].I32, a[1].I32, out.I32, a, n, sel, func(x, y int32) int32 {
		r := f(int64(x), int64(y))
		bad = bad || r < lo || r > hi
		return int32(r)
	})
	if bad {
		return overflow(c, op)
	}
	return nil
}

func checked128(c *Context, op string, a []*vec.Vec, n int, sel []int32, out *vec.Vec, f func(x, y vec.Int128) (vec.Int128, bool)) error {
	bad := false
	limit := vec.Pow10(int(c.Out.Prec))
	x, y := wide(a[0]), wide(a[1])
	each(n, sel, func(i int) {
		r, ok := f(x(i), y(i))
		bad = bad || !ok || r.Cmp(limit) >= 0 || r.Neg().Cmp(limit) >= 0
		out.I128[i] = r
	})
	if bad {
		return overflow(c, op)
	}
	return nil
}

// wide reads a 64- or 128-bit column as 128 bits.
func wide(v *vec.Vec) func(i int) vec.Int128 {
	stride := 1
	if v.Form == vec.Const {
		stride = 0
	}
	if v.Type.Phys() == vec.PhysI64 {
		return func(i int) vec.Int128 { return vec.I128(v.I64[i*stride]) }
	}
	return func(i int) vec.Int128 { return v.I128[i*stride] }
}

func kernelMul(c *Context, a []*vec.Vec, n int, sel []int32, out *vec.Vec) error {
	switch c.Out.Phys() {
	case vec.PhysIv:
		return mulInterval(c, a, n, sel, out)
	case vec.PhysF64:
		binary(a[0].F64, a[1].F64, out.F64, a, n, sel, func(x, y float64) float64 { return x * y })
		return round32(c, out, n, sel)
	case vec.PhysI64:
		return mul64.run(c, "*", a, n, sel, out)
	case vec.PhysI32:
		return checked32(c, "*", a, n, sel, out, func(x, y int64) int64 { return x * y })
	}
	return checked128(c, "*", a, n, sel, out, vec.Int128.Mul)
}

func kernelDiv(c *Context, a []*vec.Vec, n int, sel []int32, out *vec.Vec) error {
	if c.Out.Phys() == vec.PhysIv {
		return divInterval(c, a, n, sel, out)
	}
	return divide(c, "/", a, n, sel, out, func(x, y int64) int64 { return x / y }, func(x, y float64) float64 { return x / y },
		func(x, y vec.Int128) vec.Int128 { q, _ := x.QuoRem(y); return q })
}

func kernelMod(c *Context, a []*vec.Vec, n int, sel []int32, out *vec.Vec) error {
	return divide(c, "%", a, n, sel, out, func(x, y int64) int64 { return x % y }, math.Mod,
		func(x, y vec.Int128) vec.Int128 { _, r := x.QuoRem(y); return r })
}

func divide(c *Context, op string, a []*vec.Vec, n int, sel []int32, out *vec.Vec,
	fi func(x, y int64) int64, ff func(x, y float64) float64, fw func(x, y vec.Int128) vec.Int128) error {
	var err error
	fail := func(e error) {
		if err == nil {
			err = e
		}
	}
	ints := func(x, y int64) int64 {
		switch {
		case y == 0:
			fail(ErrDivideByZero)
			return 0
		case y == -1:
			lo, _ := intRange(c.Out)
			if x == lo && op == "/" {
				fail(overflow(c, op))
			}
			if op == "%" {
				return 0
			}
			return -x
		}
		return fi(x, y)
	}
	switch c.Out.Phys() {
	case vec.PhysI32:
		binary(a[0].I32, a[1].I32, out.I32, a, n, sel, func(x, y int32) int32 { return int32(ints(int64(x), int64(y))) })
	case vec.PhysI64:
		binary(a[0].I64, a[1].I64, out.I64, a, n, sel, ints)
	case vec.PhysF64:
		binary(a[0].F64, a[1].F64, out.F64, a, n, sel, func(x, y float64) float64 {
			if y == 0 {
				fail(ErrDivideByZero)
			}
			return ff(x, y)
		})
		if err == nil {
			err = round32(c, out, n, sel)
		}
	default:
		x, y := wide(a[0]), wide(a[1])
		each(n, sel, func(i int) {
			if d := y(i); d.Sign() == 0 {
				fail(ErrDivideByZero)
			} else {
				out.I128[i] = fw(x(i), d)
			}
		})
	}
	return err
}

func kernelNeg(c *Context, a []*vec.Vec, n int, sel []int32, out *vec.Vec) error {
	lo, _ := intRange(c.Out)
	bad := false
	v := a[0]
	each(n, sel, func(i int) {
		j := v.Index(i)
		switch c.Out.Phys() {
		case vec.PhysI32:
			bad = bad || int64(v.I32[j]) == lo && c.Out.Kind != vec.Decimal
			out.I32[i] = -v.I32[j]
		case vec.PhysI64:
			bad = bad || v.I64[j] == math.MinInt64
			out.I64[i] = -v.I64[j]
		case vec.PhysF64:
			out.F64[i] = -v.F64[j]
		case vec.PhysIv:
			out.Iv[i] = negInterval(v.Iv[j])
		default:
			out.I128[i] = v.I128[j].Neg()
		}
	})
	if bad {
		return overflow(c, "-")
	}
	return nil
}
