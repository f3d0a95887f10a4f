package vec

import (
	"math"
	"math/big"
	"math/bits"
)

// Int128 is a signed 128-bit integer in two's complement, stored as Arrow stores decimal128.
type Int128 struct {
	Lo uint64
	Hi int64
}

// I128 widens v.
func I128(v int64) Int128 { return Int128{Lo: uint64(v), Hi: v >> 63} }

// Int64 narrows a; ok is false when it does not fit.
func (a Int128) Int64() (v int64, ok bool) {
	return int64(a.Lo), a.Hi == int64(a.Lo)>>63
}

// Neg is -a, wrapping at the minimum.
func (a Int128) Neg() Int128 {
	lo, c := bits.Add64(^a.Lo, 1, 0)
	hi, _ := bits.Add64(uint64(^a.Hi), 0, c)
	return Int128{lo, int64(hi)}
}

// Sign is -1, 0 or 1.
func (a Int128) Sign() int {
	if a.Hi < 0 {
		return -1
	}
	if a.Hi == 0 && a.Lo == 0 {
		return 0
	}
	return 1
}

// Cmp is -1, 0 or 1 as a is less than, equal to or greater than b.
func (a Int128) Cmp(b Int128) int {
	switch {
	case a.Hi < b.Hi:
		return -1
	case a.Hi > b.Hi:
		return 1
	case a.Lo < b.Lo:
		return -1
	case a.Lo > b.Lo:
		return 1
	}
	return 0
}

// Add is a + b; ok is false on overflow.
func (a Int128) Add(b Int128) (s Int128, ok bool) {
	lo, c := bits.Add64(a.Lo, b.Lo, 0)
	hi, _ := bits.Add64(uint64(a.Hi), uint64(b.Hi), c)
	s = Int128{lo, int64(hi)}
	return s, (a.Hi^s.Hi)&(b.Hi^s.Hi) >= 0
}

// Sub is a - b; ok is false on overflow.
func (a Int128) Sub(b Int128) (d Int128, ok bool) {
	lo, c := bits.Sub64(a.Lo, b.Lo, 0)
	hi, _ := bits.Sub64(uint64(a.Hi), uint64(b.Hi), c)
	d = Int128{lo, int64(hi)}
	return d, (a.Hi^b.Hi)&(a.Hi^d.Hi) >= 0
}

func (a Int128) abs() (hi, lo uint64) {
	if a.Hi < 0 {
		n := a.Neg()
		return uint64(n.Hi), n.Lo
	}
	return uint64(a.Hi), a.Lo
}

func fromAbs(hi, lo uint64, neg bool) (Int128, bool) {
	if neg {
		if hi > 1<<63 || (hi == 1<<63 && lo > 0) {
			return Int128{}, false
		}
		return Int128{lo, int64(hi)}.Neg(), true
	}
	return Int128{lo, int64(hi)}, hi < 1<<63
}

// Mul is a * b; ok is false on overflow.
func (a Int128) Mul(b Int128) (p Int128, ok bool) {
	ah, al := a.abs()
	bh, bl := b.abs()
	if ah != 0 && bh != 0 {
		return Int128{}, false
	}
	hi, lo := bits.Mul64(al, bl)
	c1, m1 := bits.Mul64(ah, bl)
	c2, m2 := bits.Mul64(al, bh)
	if c1 != 0 || c2 != 0 {
		return Int128{}, false
	}
	hi, o1 := bits.Add64(hi, m1, 0)
	hi, o2 := bits.Add64(hi, m2, 0)
	if o1+o2 != 0 {
		return Int128{}, false
	}
	return fromAbs(hi, lo, (a.Hi < 0) != (b.Hi < 0))
}

// QuoRem is a / b and a % b, truncated toward zero as SQL does. b must not be zero; the minimum
// divided by -1 wraps.
func (a Int128) QuoRem(b Int128) (q, r Int128) {
	ah, al := a.abs()
	bh, bl := b.abs()
	var qh, ql, rh, rl uint64
	if bh == 0 {
		qh, rh = ah/bl, ah%bl
		ql, rl = bits.Div64(rh, al, bl)
		rh = 0
	} else {
		qh, ql, rh, rl = divLong(ah, al, bh, bl)
	}
	q, _ = fromAbs(qh, ql, (a.Hi < 0) != (b.Hi < 0))
	r, _ = fromAbs(rh, rl, a.Hi < 0)
	return q, r
}

// divLong divides by a divisor of more than 64 bits: the quotient then has at most 64.
func divLong(ah, al, bh, bl uint64) (qh, ql, rh, rl uint64) {
	n := uint(bits.LeadingZeros64(bh))
	v := bh<<n | bl>>(64-n)&maskIf(n)
	u1, u0 := ah>>1, ah<<63|al>>1
	q, _ := bits.Div64(u1, u0, v)
	q >>= 63 - n
	if q != 0 {
		q--
	}
	ph, pl := bits.Mul64(q, bl)
	ph += q * bh
	rl, c := bits.Sub64(al, pl, 0)
	rh, _ = bits.Sub64(ah, ph, c)
	if rh > bh || (rh == bh && rl >= bl) {
		q++
		rl, c = bits.Sub64(rl, bl, 0)
		rh, _ = bits.Sub64(rh, bh, c)
	}
	return 0, q, rh, rl
}

func maskIf(n uint) uint64 {
	if n == 0 {
		return 0
	}
	return math.MaxUint64
}

// Float64 is the nearest float.
func (a Int128) Float64() float64 {
	hi, lo := a.abs()
	f := float64(hi)*0x1p64 + float64(lo)
	if a.Hi < 0 {
		return -f
	}
	return f
}

// I128FromFloat rounds f half away from zero; ok is false when it does not fit or is not a number.
func I128FromFloat(f float64) (Int128, bool) {
	if math.IsNaN(f) || math.Abs(f) >= 0x1p127 {
		return Int128{}, false
	}
	f = math.Round(f)
	bi, _ := new(big.Float).SetFloat64(f).Int(nil)
	return I128FromBig(bi)
}

// I128FromBig narrows v; ok is false when it does not fit.
func I128FromBig(v *big.Int) (Int128, bool) {
	if v.BitLen() > 127 {
		return Int128{}, false
	}
	abs := new(big.Int).Abs(v)
	lo := new(big.Int).And(abs, new(big.Int).SetUint64(math.MaxUint64)).Uint64()
	hi := new(big.Int).Rsh(abs, 64).Uint64()
	return fromAbs(hi, lo, v.Sign() < 0)
}

// Big widens a.
func (a Int128) Big() *big.Int {
	hi, lo := a.abs()
	b := new(big.Int).SetUint64(hi)
	b.Lsh(b, 64).Or(b, new(big.Int).SetUint64(lo))
	if a.Hi < 0 {
		b.Neg(b)
	}
	return b
}

// pow10 holds 10^0 … 10^38.
var pow10 = func() (p [MaxPrec + 1]Int128) {
	p[0] = I128(1)
	for i := 1; i < len(p); i++ {
		p[i], _ = p[i-1].Mul(I128(10))
	}
	return
}()

// Pow10 is 10^n, 0 <= n <= 38.
func Pow10(n int) Int128 { return pow10[n] }

// Pow10Int64 is 10^n, 0 <= n <= 18.
func Pow10Int64(n int) int64 { return int64(pow10[n].Lo) }
