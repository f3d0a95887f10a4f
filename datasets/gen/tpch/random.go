package tpch

// The Lehmer generator: x' = x·16807 mod 2^31-1.
const (
	modulus    = 1<<31 - 1
	multiplier = 16807
)

// exactSpan is the largest span for which pick equals dbgen's double arithmetic: the exact
// quotient is at least 1/modulus = 4.6e-10 away from an integer, and a double of up to 2e6 is off
// by less than 4.5e-10.
const exactSpan = 2_000_000

// stream is a column's random stream.
type stream struct {
	seed   uint64 // state before the first draw of position 0
	perRow int64  // draws that a position takes, used or not
}

func mulmod(a, b uint64) uint64 {
	x := a * b
	x = x&modulus + x>>31
	if x >= modulus {
		x -= modulus
	}
	return x
}

// power is multiplier^n: what n draws multiply a state by.
func power(n int64) uint64 {
	r, m := uint64(1), uint64(multiplier)
	for ; n > 0; n >>= 1 {
		if n&1 != 0 {
			r = mulmod(r, m)
		}
		m = mulmod(m, m)
	}
	return r
}

// at is the state before the first draw of a position.
func (s stream) at(pos int64) uint64 { return mulmod(s.seed, power(pos*s.perRow)) }

// next is the state after one draw; the state is the draw.
func next(x uint64) uint64 { return mulmod(x, multiplier) }

// pick maps a draw to [0, span) for span <= exactSpan: floor(x·span / modulus).
func pick(x, span uint64) uint64 {
	y := x * span
	return (y + y>>31 + 1) >> 31
}

// pickWide maps a draw to [0, span) for any span, rounding as dbgen does.
func pickWide(x, span uint64) uint64 {
	return uint64(float64(x) / modulus * float64(span))
}

// number is the type of a vector's values.
type number interface{ int32 | int64 }

// uniform is a column's first draw of each position: (lo + [0, span)) · unit.
type uniform struct {
	stream
	lo, span, unit int64
}

// perRow writes one value per position of [from, from+len(out)).
func perRow[T number](u uniform, from int64, out []T) {
	x, step := u.at(from), power(u.stream.perRow)
	span, lo, unit := uint64(u.span), u.lo, u.unit
	if u.span > exactSpan {
		for i := range out {
			out[i] = T((int64(pickWide(next(x), span)) + lo) * unit)
			x = mulmod(x, step)
		}
		return
	}
	for i := range out {
		out[i] = T((int64(pick(next(x), span)) + lo) * unit)
		x = mulmod(x, step)
	}
}

// maxLines is the most lines of an order, and what its streams take per order.
const maxLines = 7

// powers[k] is multiplier^k.
var powers = func() (p [2*maxLines + 1]uint64) {
	for i := range p {
		p[i] = power(int64(i))
	}
	return p
}()

// perLine writes one value per line of the orders from order from on, which have counts[i] lines.
//
// out has room for all lines and maxLines more: every order writes all maxLines values, and the
// next one overwrites those of lines that do not exist. This costs 1.75 times the draws, but they
// are independent and there is no branch to mispredict.
func perLine[T number](u uniform, from int64, counts []uint8, out []T) {
	x := u.at(from)
	span, lo, unit := uint64(u.span), u.lo, u.unit
	pos := 0
	if u.span > exactSpan {
		for _, c := range counts {
			o := (*[maxLines]T)(out[pos:])
			for k := range o {
				o[k] = T((int64(pickWide(mulmod(x, powers[k+1]), span)) + lo) * unit)
			}
			pos += int(c)
			x = mulmod(x, powers[maxLines])
		}
		return
	}
	for _, c := range counts {
		o := (*[maxLines]T)(out[pos:])
		for k := range o {
			o[k] = T((int64(pick(mulmod(x, powers[k+1]), span)) + lo) * unit)
		}
		pos += int(c)
		x = mulmod(x, powers[maxLines])
	}
}
