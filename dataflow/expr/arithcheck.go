package expr

import (
	"fmt"
	"math"
	"math/bits"

	"github.com/riffle-io/riffle/dataflow/vec"
)

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
