package expr

import (
	"math"

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
		return binaryInterval(c, "+", a, n, sel, out, addInterval)
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
		return binaryInterval(c, "-", a, n, sel, out, subInterval)
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
			iv, ok := negInterval(v.Iv[j])
			bad = bad || !ok
			out.Iv[i] = iv
		default:
			out.I128[i] = v.I128[j].Neg()
		}
	})
	if bad {
		return overflow(c, "-")
	}
	return nil
}
