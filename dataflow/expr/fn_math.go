package expr

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/riffle-io/riffle/dataflow/vec"
)

func init() {
	register(
		&Func{Name: "abs", Category: "Numbers", Args: "a", Fallible: true, Doc: "Absolute value.", Example: "abs(-3) -> 3",
			Resolve: resolveNumber, Kernel: kernelAbs},
		&Func{Name: "sign", Category: "Numbers", Args: "a", Doc: "-1, 0 or 1.", Example: "sign(-2.5) -> -1.0",
			Resolve: resolveShape(vec.TFloat64, 1, vec.TFloat64), Kernel: floats(func(x float64) float64 {
				switch {
				case x > 0:
					return 1
				case x < 0:
					return -1
				}
				return x
			})},
		rounding("round", "Rounds half away from zero, to digits after the point.", "round(2.567, 1) -> 2.600"),
		rounding("trunc", "Cuts off digits after the point.", "trunc(2.567, 1) -> 2.500"),
		rounding("floor", "The largest whole number that is not above.", "floor(-2.5) -> -3"),
		rounding("ceil", "The smallest whole number that is not below.", "ceil(2.1) -> 3"),
		float1("sqrt", "Square root.", "sqrt(9) -> 3.0", math.Sqrt), float1("exp", "e to the power of a.", "exp(0) -> 1.0", math.Exp),
		float1("ln", "Natural logarithm.", "ln(1) -> 0.0", math.Log), float1("log10", "Logarithm to base 10.", "log10(1000) -> 3.0", math.Log10),
		float1("log2", "Logarithm to base 2.", "log2(8) -> 3.0", math.Log2), float1("sin", "Sine.", "sin(0) -> 0.0", math.Sin),
		float1("cos", "Cosine.", "cos(0) -> 1.0", math.Cos), float1("tan", "Tangent.", "tan(0) -> 0.0", math.Tan),
		float1("asin", "Inverse sine.", "asin(0) -> 0.0", math.Asin), float1("acos", "Inverse cosine.", "acos(1) -> 0.0", math.Acos),
		float1("atan", "Inverse tangent.", "atan(0) -> 0.0", math.Atan), float1("cbrt", "Cube root.", "cbrt(27) -> 3.0", math.Cbrt),
		float1("degrees", "Degrees of radians.", "degrees(0) -> 0.0", func(x float64) float64 { return x * 180 / math.Pi }),
		float1("radians", "Radians of degrees.", "radians(0) -> 0.0", func(x float64) float64 { return x * math.Pi / 180 }),
		&Func{Name: "power", Category: "Numbers", Args: "a, b", Doc: "a to the power of b.", Example: "power(2, 10) -> 1024.0",
			Resolve: resolveShape(vec.TFloat64, 2, vec.TFloat64, vec.TFloat64), Kernel: func(_ *Context, a []*vec.Vec, n int, sel []int32, out *vec.Vec) error {
				binary(a[0].F64, a[1].F64, out.F64, a, n, sel, math.Pow)
				return nil
			}},
		&Func{Name: "atan2", Category: "Numbers", Args: "y, x", Doc: "Angle of a point.", Example: "atan2(0, 1) -> 0.0",
			Resolve: resolveShape(vec.TFloat64, 2, vec.TFloat64, vec.TFloat64), Kernel: func(_ *Context, a []*vec.Vec, n int, sel []int32, out *vec.Vec) error {
				binary(a[0].F64, a[1].F64, out.F64, a, n, sel, math.Atan2)
				return nil
			}},
		&Func{Name: "pi", Category: "Numbers", Doc: "The number π.", Example: "pi() -> 3.141592653589793",
			Resolve: resolveShape(vec.TFloat64, 0), Kernel: func(_ *Context, _ []*vec.Vec, n int, _ []int32, out *vec.Vec) error {
				for i := range out.F64[:n] {
					out.F64[i] = math.Pi
				}
				return nil
			}},
		&Func{Name: "random", Category: "Numbers", Doc: "A random number from 0 up to 1.", Volatile: true,
			Resolve: resolveShape(vec.TFloat64, 0), Kernel: func(_ *Context, _ []*vec.Vec, n int, _ []int32, out *vec.Vec) error {
				for i := range out.F64[:n] {
					out.F64[i] = rand.Float64()
				}
				return nil
			}},
		&Func{Name: "hash", Category: "Numbers", Args: "a", NotStrict: true, Doc: "A 64-bit hash of any value, the same in every run.",
			Resolve: func(a []vec.Type) ([]vec.Type, vec.Type, bool) { return a, vec.TInt64, len(a) == 1 },
			Kernel: func(_ *Context, a []*vec.Vec, n int, sel []int32, out *vec.Vec) error {
				h := make([]uint64, max(n, 1))
				a[0].Hash(h, n, sel, false)
				for i := range out.I64[:n] {
					out.I64[i] = int64(h[i])
				}
				return nil
			}},
	)
	alias("ceiling", "ceil")
	alias("pow", "power")
	alias("log", "log10")
}

func resolveNumber(a []vec.Type) ([]vec.Type, vec.Type, bool) {
	if len(a) != 1 || !a[0].IsNumeric() && a[0].Kind != vec.Null {
		return nil, vec.Type{}, false
	}
	t := a[0]
	if t.Kind == vec.Null {
		t = vec.TInt64
	}
	return []vec.Type{t}, t, true
}

func float1(name, doc, example string, f func(float64) float64) *Func {
	return &Func{Name: name, Category: "Numbers", Args: "a", Fallible: true, Doc: doc, Example: example, Resolve: resolveShape(vec.TFloat64, 1, vec.TFloat64),
		Kernel: func(_ *Context, a []*vec.Vec, n int, sel []int32, out *vec.Vec) error {
			bad := false
			each(n, sel, func(i int) {
				x := a[0].F64[a[0].Index(i)]
				r := f(x)
				bad = bad || r != r && x == x || math.IsInf(r, 0) && !math.IsInf(x, 0)
				out.F64[i] = r
			})
			if bad {
				return fmt.Errorf("%w: argument of %s", ErrOverflow, name)
			}
			return nil
		}}
}

func floats(f func(float64) float64) Kernel {
	return func(_ *Context, a []*vec.Vec, n int, sel []int32, out *vec.Vec) error {
		each(n, sel, func(i int) { out.F64[i] = f(a[0].F64[a[0].Index(i)]) })
		return nil
	}
}

func kernelAbs(c *Context, a []*vec.Vec, n int, sel []int32, out *vec.Vec) error {
	v := a[0]
	bad := false
	lo, _ := intRange(c.Out)
	each(n, sel, func(i int) {
		j := v.Index(i)
		switch c.Out.Phys() {
		case vec.PhysI32:
			bad = bad || int64(v.I32[j]) == lo
			out.I32[i] = max(v.I32[j], -v.I32[j])
		case vec.PhysI64:
			bad = bad || v.I64[j] == math.MinInt64
			out.I64[i] = max(v.I64[j], -v.I64[j])
		case vec.PhysF64:
			out.F64[i] = math.Abs(v.F64[j])
		default:
			if out.I128[i] = v.I128[j]; v.I128[j].Sign() < 0 {
				out.I128[i] = v.I128[j].Neg()
			}
		}
	})
	if bad {
		return overflow(c, "abs")
	}
	return nil
}

// rounding is round, trunc, floor or ceil. Integers stay as they are; decimals keep their exact
// arithmetic and change their scale; floats stay floats.
func rounding(name, doc, example string) *Func {
	whole := name == "floor" || name == "ceil"
	args := "a [, digits]"
	if whole {
		args = "a"
	}
	return &Func{Name: name, Category: "Numbers", Args: args, Fallible: true, Doc: doc, Example: example,
		Resolve: func(a []vec.Type) ([]vec.Type, vec.Type, bool) {
			if len(a) == 0 || len(a) > 2 || !a[0].IsNumeric() && a[0].Kind != vec.Null || len(a) == 2 && (whole || !a[1].IsInteger()) {
				return nil, vec.Type{}, false
			}
			t := a[0]
			if t.Kind == vec.Null {
				t = vec.TFloat64
			}
			out := t
			if t.Kind == vec.Decimal && len(a) == 1 {
				out = vec.TDecimal(min(int(t.Prec)-int(t.Scale)+1, vec.MaxPrec), 0)
			}
			if len(a) == 1 {
				return []vec.Type{t}, out, true
			}
			return []vec.Type{t, vec.TInt64}, out, true
		},
		Kernel: func(c *Context, a []*vec.Vec, n int, sel []int32, out *vec.Vec) error {
			return round(c, name, a, n, sel, out)
		}}
}

func round(c *Context, name string, a []*vec.Vec, n int, sel []int32, out *vec.Vec) error {
	v := a[0]
	digits := func(int) int64 { return 0 }
	if len(a) == 2 {
		digits = func(i int) int64 { return a[1].I64[a[1].Index(i)] }
	}
	bad := false
	each(n, sel, func(i int) {
		j := v.Index(i)
		d := min(max(digits(i), -40), 40)
		switch {
		case v.Type.IsFloat():
			out.F64[i] = roundFloat(name, v.F64[j], int(d))
		case v.Type.Kind == vec.Decimal:
			x, ok := roundDecimal(name, getWide(v, j), int(v.Type.Scale), int(c.Out.Scale), int(d))
			bad = bad || !ok || !fitsDecimal(x, c.Out)
			if c.Out.Phys() == vec.PhysI128 {
				out.I128[i] = x
			} else {
				out.I64[i] = int64(x.Lo)
			}
		default:
			x := vec.I128(getInt(v, j))
			if d < 0 {
				x, _ = roundDecimal(name, x, 0, 0, int(d))
			}
			y, ok := x.Int64()
			bad = bad || !ok || setInt(out, i, y) != nil
		}
	})
	if bad {
		return overflow(c, name)
	}
	return nil
}

func roundFloat(name string, x float64, digits int) float64 {
	p := math.Pow10(digits)
	y := x * p
	if math.IsInf(y, 0) || p == 0 {
		return x
	}
	switch name {
	case "round":
		y = math.Round(y)
	case "trunc":
		y = math.Trunc(y)
	case "floor":
		y = math.Floor(y)
	default:
		y = math.Ceil(y)
	}
	return y / p
}

// roundDecimal rounds d, which has scale digits after the point, to digits of them, and gives the
// result with out digits.
func roundDecimal(name string, d vec.Int128, scale, out, digits int) (vec.Int128, bool) {
	if scale-digits > vec.MaxPrec { // beyond all digits; floor and ceil take none
		return vec.Int128{}, true
	}
	if digits < scale {
		p := vec.Pow10(scale - digits)
		q, r := d.QuoRem(p)
		step := vec.I128(0)
		switch {
		case r.Sign() == 0:
		case name == "floor" && r.Sign() < 0:
			step = vec.I128(-1)
		case name == "ceil" && r.Sign() > 0:
			step = vec.I128(1)
		case name == "round":
			twice := r
			if r.Sign() < 0 {
				twice = r.Neg()
			}
			if t, ok := twice.Add(twice); !ok || t.Cmp(p) >= 0 {
				step = vec.I128(int64(d.Sign()))
			}
		}
		q, _ = q.Add(step)
		var ok bool
		if d, ok = q.Mul(p); !ok {
			return d, false
		}
	}
	return Rescale(d, scale, out)
}
