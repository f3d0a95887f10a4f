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

func addInterval(x, y vec.Interval) vec.Interval {
	return vec.Interval{Months: x.Months + y.Months, Days: x.Days + y.Days, Micros: x.Micros + y.Micros}
}

func negInterval(x vec.Interval) vec.Interval {
	return vec.Interval{Months: -x.Months, Days: -x.Days, Micros: -x.Micros}
}

// AddInterval moves a timestamp (µs) by an interval: months first, clipped to the end of the
// month, then days, then µs. ok is false when the result leaves the range of time.
func AddInterval(us int64, iv vec.Interval) (int64, bool) {
	if iv.Months != 0 {
		us = addMonths(us, int(iv.Months))
	}
	d := int64(iv.Days) * usDay
	s := us + d
	r := s + iv.Micros
	return r, (us^s)&(d^s) >= 0 && (s^r)&(iv.Micros^r) >= 0
}

func addMonths(us int64, months int) int64 {
	day := floorDiv(us, usDay)
	t := time.Unix(day*86400, 0).UTC()
	y, m, d := t.Date()
	k := y*12 + int(m) - 1 + months
	y, m = int(floorDiv(int64(k), 12)), time.Month(k-int(floorDiv(int64(k), 12))*12+1)
	last := time.Date(y, m+1, 0, 0, 0, 0, 0, time.UTC).Day()
	moved := time.Date(y, m, min(d, last), 0, 0, 0, 0, time.UTC)
	return moved.Unix()/86400*usDay + us - day*usDay
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
		each(n, sel, func(i int) {
			us := a[0].I64[a[0].Index(i)] - a[1].I64[a[1].Index(i)]
			out.Iv[i] = vec.Interval{Days: int32(us / usDay), Micros: us % usDay}
		})
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
		each(n, sel, func(i int) { out.I64[i] = t.I64[t.Index(i)] + d.I64[d.Index(i)] })
	case d.Form == vec.Const && d.Iv[0].Months == 0 && c.Out.Kind != vec.Time:
		us := sign * (int64(d.Iv[0].Days)*usDay + d.Iv[0].Micros)
		each(n, sel, func(i int) {
			x := t.I64[t.Index(i)]
			r := x + us
			ok = ok && (x^r)&(us^r) >= 0
			out.I64[i] = r
		})
	default:
		each(n, sel, func(i int) {
			iv := d.Iv[d.Index(i)]
			if sign < 0 {
				iv = negInterval(iv)
			}
			if c.Out.Kind == vec.Time {
				out.I64[i] = floorMod(t.I64[t.Index(i)]+iv.Micros, usDay)
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
			m, d := int64(x.Months)*f, int64(x.Days)*f
			bad = bad || m != int64(int32(m)) || d != int64(int32(d)) || mulWraps(x.Micros, f)
			out.Iv[i] = vec.Interval{Months: int32(m), Days: int32(d), Micros: x.Micros * f}
			return
		}
		out.Iv[i] = scaleInterval(x, k.F64[k.Index(i)])
	})
	if bad {
		return overflow(c, "*")
	}
	return nil
}

func divInterval(c *Context, a []*vec.Vec, n int, sel []int32, out *vec.Vec) error {
	zero := false
	each(n, sel, func(i int) {
		f := a[1].F64[a[1].Index(i)]
		zero = zero || f == 0
		out.Iv[i] = scaleInterval(a[0].Iv[a[0].Index(i)], 1/f)
	})
	if zero {
		return ErrDivideByZero
	}
	return nil
}

func scaleInterval(x vec.Interval, f float64) vec.Interval {
	m, mf := math.Modf(float64(x.Months) * f)
	d, df := math.Modf(float64(x.Days)*f + mf*30)
	return vec.Interval{Months: int32(m), Days: int32(d), Micros: int64(math.Round(float64(x.Micros)*f + df*float64(usDay)))}
}
