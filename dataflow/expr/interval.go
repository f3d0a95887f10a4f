package expr

import (
	"fmt"
	"math"
	"time"

	"github.com/riffle-io/riffle/dataflow/vec"
)

// Microseconds of the units that have a fixed length.
const (
	usSecond = int64(1_000_000)
	usMinute = 60 * usSecond
	usHour   = 60 * usMinute
	usDay    = 24 * usHour
)

// timeOut is the type of a date or time plus an interval: a date becomes a timestamp.
func timeOut(t vec.Type) vec.Type {
	if t.Kind == vec.Date {
		return vec.TTimestamp
	}
	return t
}

func resolveTimeAdd(x, y vec.Type) ([]vec.Type, vec.Type, bool) {
	switch {
	case x.IsTemporal() && y.Kind == vec.IntervalK:
		t := timeOut(x)
		return []vec.Type{t, y}, t, true
	case x.Kind == vec.IntervalK && y.IsTemporal():
		t := timeOut(y)
		return []vec.Type{x, t}, t, true
	case x.Kind == vec.Date && y.IsInteger():
		return []vec.Type{x, vec.TInt64}, x, true
	case x.IsInteger() && y.Kind == vec.Date:
		return []vec.Type{vec.TInt64, y}, y, true
	case x.Kind == vec.Date && y.Kind == vec.Time:
		return []vec.Type{vec.TTimestamp, y}, vec.TTimestamp, true
	}
	return nil, vec.Type{}, false
}

func resolveTimeSub(x, y vec.Type) ([]vec.Type, vec.Type, bool) {
	switch {
	case x.IsTemporal() && y.Kind == vec.IntervalK:
		t := timeOut(x)
		return []vec.Type{t, y}, t, true
	case x.Kind == vec.Date && y.IsInteger():
		return []vec.Type{x, vec.TInt64}, x, true
	case x.Kind == vec.Date && y.Kind == vec.Date:
		return []vec.Type{x, y}, vec.TInt64, true
	case x.IsTemporal() && y.IsTemporal() && (x.Kind == vec.Time) == (y.Kind == vec.Time):
		t, _ := Common(x, y)
		return two(t), vec.TInterval, true
	}
	return nil, vec.Type{}, false
}

// addInterval adds part by part; ok is false when a part leaves its range.
func addInterval(x, y vec.Interval) (iv vec.Interval, ok bool) {
	months, days := int64(x.Months)+int64(y.Months), int64(x.Days)+int64(y.Days)
	us, ok := add64.one(x.Micros, y.Micros)
	return makeInterval(months, days, us, ok)
}

func subInterval(x, y vec.Interval) (iv vec.Interval, ok bool) {
	months, days := int64(x.Months)-int64(y.Months), int64(x.Days)-int64(y.Days)
	us, ok := sub64.one(x.Micros, y.Micros)
	return makeInterval(months, days, us, ok)
}

func negInterval(x vec.Interval) (iv vec.Interval, ok bool) { return subInterval(vec.Interval{}, x) }

// makeInterval joins parts; it fails when one does not fit, or when fits is false already.
func makeInterval(months, days, us int64, fits bool) (vec.Interval, bool) {
	iv := vec.Interval{Months: int32(months), Days: int32(days), Micros: us}
	return iv, fits && int64(iv.Months) == months && int64(iv.Days) == days
}

// binaryInterval applies f to live rows of two intervals.
func binaryInterval(c *Context, op string, a []*vec.Vec, n int, sel []int32, out *vec.Vec,
	f func(x, y vec.Interval) (vec.Interval, bool)) error {
	fits := true
	binary(a[0].Iv, a[1].Iv, out.Iv, a, n, sel, func(x, y vec.Interval) vec.Interval {
		iv, ok := f(x, y)
		fits = fits && ok
		return iv
	})
	if !fits {
		return overflow(c, op)
	}
	return nil
}

// AddInterval moves a timestamp (µs) by an interval: months first, clipped to the end of the
// month, then days, then µs. ok is false when the result, or the time in between, leaves the range
// of time.
func AddInterval(us int64, iv vec.Interval) (int64, bool) {
	if iv.Months != 0 {
		var ok bool
		if us, ok = addMonths(us, int(iv.Months)); !ok {
			return 0, false
		}
	}
	if iv.Days != 0 {
		if mulWraps(int64(iv.Days), usDay) {
			return 0, false
		}
		var ok bool
		if us, ok = add64.one(us, int64(iv.Days)*usDay); !ok {
			return 0, false
		}
	}
	return add64.one(us, iv.Micros)
}

func addMonths(us int64, months int) (int64, bool) {
	day := floorDiv(us, usDay)
	t := time.Unix(day*86400, 0).UTC()
	y, m, d := t.Date()
	k := y*12 + int(m) - 1 + months
	y, m = int(floorDiv(int64(k), 12)), time.Month(k-int(floorDiv(int64(k), 12))*12+1)
	last := time.Date(y, m+1, 0, 0, 0, 0, 0, time.UTC).Day()
	moved := time.Date(y, m, min(d, last), 0, 0, 0, 0, time.UTC)
	days := moved.Unix() / 86400
	if mulWraps(days, usDay) {
		return 0, false
	}
	return add64.one(days*usDay, floorMod(us, usDay))
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q
}

func floorMod(a, b int64) int64 { return a - floorDiv(a, b)*b }

// timeAdd is date or time plus interval or days, in either order.
func timeAdd(c *Context, a []*vec.Vec, n int, sel []int32, out *vec.Vec) error {
	t, d := a[0], a[1]
	if !c.ArgTypes[0].IsTemporal() || c.ArgTypes[1].Kind == vec.Date {
		t, d = d, t
	}
	return shift(c, t, d, 1, n, sel, out)
}

func timeSub(c *Context, a []*vec.Vec, n int, sel []int32, out *vec.Vec) error {
	switch {
	case c.Out.Kind == vec.IntervalK:
		fits := true
		each(n, sel, func(i int) {
			us, ok := sub64.one(a[0].I64[a[0].Index(i)], a[1].I64[a[1].Index(i)])
			fits = fits && ok
			out.Iv[i] = vec.Interval{Days: int32(us / usDay), Micros: us % usDay}
		})
		if !fits {
			return overflow(c, "-")
		}
		return nil
	case c.Out.Kind == vec.Int64:
		each(n, sel, func(i int) {
			out.I64[i] = int64(a[0].I32[a[0].Index(i)]) - int64(a[1].I32[a[1].Index(i)])
		})
		return nil
	}
	return shift(c, a[0], a[1], -1, n, sel, out)
}

// shift adds sign*d to t, whose type is that of out.
func shift(c *Context, t, d *vec.Vec, sign int64, n int, sel []int32, out *vec.Vec) error {
	ok := true
	switch {
	case c.Out.Kind == vec.Date:
		lo, hi := intRange(c.Out)
		each(n, sel, func(i int) {
			k := d.I64[d.Index(i)]
			r := int64(t.I32[t.Index(i)]) + sign*k
			ok = ok && r >= lo && r <= hi && k > -1<<33 && k < 1<<33
			out.I32[i] = int32(r)
		})
	case d.Type.Kind == vec.Time:
		each(n, sel, func(i int) {
			r, good := add64.one(t.I64[t.Index(i)], d.I64[d.Index(i)])
			ok = ok && good
			out.I64[i] = r
		})
	case d.Form == vec.Const && isShort(d.Iv[0]) && c.Out.Kind != vec.Time:
		us := sign * (int64(d.Iv[0].Days)*usDay + d.Iv[0].Micros)
		each(n, sel, func(i int) {
			x := t.I64[t.Index(i)]
			r := x + us
			ok = ok && (x^r)&(us^r) >= 0
			out.I64[i] = r
		})
	default:
		each(n, sel, func(i int) {
			iv, good := d.Iv[d.Index(i)], true
			if sign < 0 {
				iv, good = negInterval(iv)
			}
			ok = ok && good
			if c.Out.Kind == vec.Time {
				out.I64[i] = floorMod(t.I64[t.Index(i)]+iv.Micros%usDay, usDay)
				return
			}
			r, good := AddInterval(t.I64[t.Index(i)], iv)
			ok = ok && good
			out.I64[i] = r
		})
	}
	if !ok {
		return fmt.Errorf("%w: time moved out of the range of %s", ErrOverflow, c.Out)
	}
	return nil
}

// isShort tells that an interval is of fixed length and below about 146,000 years, so that its µs
// and their negative fit 64 bits.
func isShort(iv vec.Interval) bool {
	const days = math.MaxInt64 / 2 / usDay
	return iv.Months == 0 && int64(iv.Days) >= -days && int64(iv.Days) <= days &&
		iv.Micros >= -days*usDay && iv.Micros <= days*usDay
}

// mulInterval multiplies by an integer exactly, by a float with fractions carried to the unit
// below (PostgreSQL).
func mulInterval(c *Context, a []*vec.Vec, n int, sel []int32, out *vec.Vec) error {
	iv, k := a[0], a[1]
	if c.ArgTypes[1].Kind == vec.IntervalK {
		iv, k = k, iv
	}
	bad := false
	each(n, sel, func(i int) {
		x := iv.Iv[iv.Index(i)]
		if k.Type.Phys() == vec.PhysI64 {
			f := k.I64[k.Index(i)]
			fits := !mulWraps(int64(x.Months), f) && !mulWraps(int64(x.Days), f) && !mulWraps(x.Micros, f)
			r, ok := makeInterval(int64(x.Months)*f, int64(x.Days)*f, x.Micros*f, fits)
			bad = bad || !ok
			out.Iv[i] = r
			return
		}
		r, ok := scaleInterval(x, k.F64[k.Index(i)])
		bad = bad || !ok
		out.Iv[i] = r
	})
	if bad {
		return overflow(c, "*")
	}
	return nil
}

func divInterval(c *Context, a []*vec.Vec, n int, sel []int32, out *vec.Vec) error {
	zero, fits := false, true
	each(n, sel, func(i int) {
		f := a[1].F64[a[1].Index(i)]
		zero = zero || f == 0
		r, ok := scaleInterval(a[0].Iv[a[0].Index(i)], 1/f)
		fits = fits && ok
		out.Iv[i] = r
	})
	if zero {
		return ErrDivideByZero
	}
	if !fits {
		return overflow(c, "/")
	}
	return nil
}

// scaleInterval multiplies by a float; ok is false when a part leaves its range, or f is NaN.
func scaleInterval(x vec.Interval, f float64) (iv vec.Interval, ok bool) {
	m, mf := math.Modf(float64(x.Months) * f)
	d, df := math.Modf(float64(x.Days)*f + mf*30)
	us := math.Round(float64(x.Micros)*f + df*float64(usDay))
	if !(math.Abs(m) <= math.MaxInt32 && math.Abs(d) <= math.MaxInt32 && math.Abs(us) < 1<<63) {
		return vec.Interval{}, false
	}
	return vec.Interval{Months: int32(m), Days: int32(d), Micros: int64(us)}, true
}
