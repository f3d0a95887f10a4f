package expr

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/riffle-io/riffle/dataflow/vec"
)

func init() {
	register(
		&Func{Name: "extract", Category: "Date and time", Args: "EXTRACT(field FROM a)", Fallible: true, Doc: "A part of a date, time or interval: year, quarter, month, week, day, dow, doy, hour, minute, second, epoch, …", Example: "EXTRACT(year FROM DATE '2001-02-03') -> 2001",
			Resolve: resolveExtract, Kernel: kernelExtract},
		&Func{Name: "date_trunc", Category: "Date and time", Args: "unit, a", Fallible: true, Doc: "Cuts a time down to a unit.", Example: "date_trunc('hour', TIMESTAMP '2001-02-03 04:05:06') -> 2001-02-03 04:00:00",
			Resolve: func(a []vec.Type) ([]vec.Type, vec.Type, bool) {
				if len(a) != 2 || !a[0].IsText() || !(a[1].IsTemporal() && a[1].Kind != vec.Time || a[1].Kind == vec.Null) {
					return nil, vec.Type{}, false
				}
				t := timeOut(a[1])
				if t.Kind == vec.Null {
					t = vec.TTimestamp
				}
				return []vec.Type{vec.TString, t}, t, true
			}, Kernel: kernelTrunc},
		&Func{Name: "now", Category: "Date and time", Doc: "The time at which the statement began.", Volatile: true,
			Resolve: resolveShape(vec.TTimestampTZ, 0), Kernel: constTime(func(us int64) int64 { return us })},
		&Func{Name: "localtimestamp", Category: "Date and time", Doc: "The time at which the statement began, without a zone (UTC).", Volatile: true,
			Resolve: resolveShape(vec.TTimestamp, 0), Kernel: constTime(func(us int64) int64 { return us })},
		&Func{Name: "current_date", Category: "Date and time", Doc: "The date at which the statement began (UTC).", Volatile: true,
			Resolve: resolveShape(vec.TDate, 0), Kernel: func(c *Context, _ []*vec.Vec, n int, _ []int32, out *vec.Vec) error {
				for i := range out.I32[:n] {
					out.I32[i] = int32(floorDiv(c.Now, usDay))
				}
				return nil
			}},
		&Func{Name: "to_timestamp", Category: "Date and time", Args: "seconds", Fallible: true, Doc: "The time so many seconds after 1970.", Example: "to_timestamp(0) -> 1970-01-01 00:00:00+00",
			Resolve: resolveShape(vec.TTimestampTZ, 1, vec.TFloat64), Kernel: func(_ *Context, a []*vec.Vec, n int, sel []int32, out *vec.Vec) error {
				bad := false
				each(n, sel, func(i int) {
					us := a[0].F64[a[0].Index(i)] * 1e6
					bad = bad || !(math.Abs(us) < 1<<63)
					out.I64[i] = int64(us)
				})
				if bad {
					return fmt.Errorf("%w: argument of to_timestamp", ErrOverflow)
				}
				return nil
			}},
		epochFunc("epoch_ms", "Milliseconds since 1970.", "epoch_ms(TIMESTAMP '1970-01-01 00:00:01') -> 1000", 1000),
		epochFunc("epoch_us", "Microseconds since 1970.", "epoch_us(TIMESTAMP '1970-01-01 00:00:01') -> 1000000", 1),
		&Func{Name: "make_date", Category: "Date and time", Args: "year, month, day", Fallible: true, Doc: "A date of its parts.", Example: "make_date(2001, 2, 3) -> 2001-02-03",
			Resolve: resolveShape(vec.TDate, 3, vec.TInt64, vec.TInt64, vec.TInt64), Kernel: kernelMakeDate},
	)
	alias("date_part", "extract")
	alias("current_timestamp", "now")
	for _, f := range []string{"year", "quarter", "month", "week", "day", "hour", "minute", "second", "dow", "doy", "epoch"} {
		register(&Func{Name: f, Category: "Date and time", Args: "a", Fallible: true, Doc: "The " + f + " of a date or time; see extract.",
			Resolve: func(a []vec.Type) ([]vec.Type, vec.Type, bool) {
				if len(a) != 1 {
					return nil, vec.Type{}, false
				}
				want, out, ok := resolveExtract([]vec.Type{vec.TString, a[0]})
				if !ok {
					return nil, vec.Type{}, false
				}
				return want[1:], out, true
			},
			Kernel: func(c *Context, a []*vec.Vec, n int, sel []int32, out *vec.Vec) error {
				return extractAll(f, a[0], n, sel, out)
			}})
	}
	alias("dayofweek", "dow")
	alias("dayofyear", "doy")
	alias("dayofmonth", "day")
}

func constTime(f func(int64) int64) Kernel {
	return func(c *Context, _ []*vec.Vec, n int, _ []int32, out *vec.Vec) error {
		for i := range out.I64[:n] {
			out.I64[i] = f(c.Now)
		}
		return nil
	}
}

func epochFunc(name, doc, example string, per int64) *Func {
	return &Func{Name: name, Category: "Date and time", Args: "a", Doc: doc, Example: example,
		Resolve: func(a []vec.Type) ([]vec.Type, vec.Type, bool) {
			if len(a) != 1 || !a[0].IsTemporal() || a[0].Kind == vec.Time {
				return nil, vec.Type{}, false
			}
			return []vec.Type{timeOut(a[0])}, vec.TInt64, true
		},
		Kernel: func(_ *Context, a []*vec.Vec, n int, sel []int32, out *vec.Vec) error {
			each(n, sel, func(i int) { out.I64[i] = floorDiv(a[0].I64[a[0].Index(i)], per) })
			return nil
		}}
}

func resolveExtract(a []vec.Type) ([]vec.Type, vec.Type, bool) {
	if len(a) != 2 || !a[0].IsText() {
		return nil, vec.Type{}, false
	}
	t := a[1]
	switch {
	case t.Kind == vec.Null:
		t = vec.TTimestamp
	case t.Kind == vec.Date:
		t = vec.TTimestamp
	case !t.IsTemporal() && t.Kind != vec.IntervalK:
		return nil, vec.Type{}, false
	}
	return []vec.Type{vec.TString, t}, vec.TInt64, true
}

func kernelExtract(_ *Context, a []*vec.Vec, n int, sel []int32, out *vec.Vec) error {
	if a[0].Form == vec.Const {
		return extractAll(strings.ToLower(string(a[0].Str(0))), a[1], n, sel, out)
	}
	var err error
	each(n, sel, func(i int) {
		if err == nil {
			err = extractAll(strings.ToLower(string(a[0].Str(i))), a[1], n, []int32{int32(i)}, out)
		}
	})
	return err
}

func extractAll(field string, v *vec.Vec, n int, sel []int32, out *vec.Vec) error {
	var bad bool
	each(n, sel, func(i int) {
		var ok bool
		if v.Type.Kind == vec.IntervalK {
			out.I64[i], ok = intervalPart(field, v.Iv[v.Index(i)])
		} else {
			out.I64[i], ok = timePart(field, v.I64[v.Index(i)], v.Type.Kind == vec.Time)
		}
		bad = bad || !ok
	})
	if bad {
		return fmt.Errorf("%w: %s has no field %q", ErrArguments, v.Type, field)
	}
	return nil
}

// timePart is one field of a time in µs. Fields of the clock need no calendar.
func timePart(field string, us int64, clockOnly bool) (int64, bool) {
	rest := floorMod(us, usDay)
	switch field {
	case "hour", "hours":
		return rest / usHour, true
	case "minute", "minutes":
		return rest / usMinute % 60, true
	case "second", "seconds":
		return rest / usSecond % 60, true
	case "millisecond", "milliseconds":
		return rest % usMinute / 1000, true
	case "microsecond", "microseconds":
		return rest % usMinute, true
	case "epoch":
		return floorDiv(us, usSecond), true
	}
	if clockOnly {
		return 0, false
	}
	t := time.UnixMicro(us).UTC()
	switch field {
	case "year", "years":
		return int64(t.Year()), true
	case "quarter":
		return int64(t.Month()-1)/3 + 1, true
	case "month", "months":
		return int64(t.Month()), true
	case "day", "days":
		return int64(t.Day()), true
	case "dow":
		return int64(t.Weekday()), true
	case "isodow":
		return (int64(t.Weekday())+6)%7 + 1, true
	case "doy":
		return int64(t.YearDay()), true
	case "week":
		_, w := t.ISOWeek()
		return int64(w), true
	case "isoyear":
		y, _ := t.ISOWeek()
		return int64(y), true
	case "decade":
		return floorDiv(int64(t.Year()), 10), true
	case "century":
		return floorDiv(int64(t.Year())-1, 100) + 1, true
	}
	return 0, false
}

func intervalPart(field string, iv vec.Interval) (int64, bool) {
	switch field {
	case "year", "years":
		return int64(iv.Months / 12), true
	case "month", "months":
		return int64(iv.Months % 12), true
	case "day", "days":
		return int64(iv.Days), true
	case "hour", "hours":
		return iv.Micros / usHour, true
	case "minute", "minutes":
		return iv.Micros / usMinute % 60, true
	case "second", "seconds":
		return iv.Micros / usSecond % 60, true
	case "epoch":
		// A year counts 365.25 days, a month beside years 30 (PostgreSQL).
		years, months := int64(iv.Months/12), int64(iv.Months%12)
		return years*31_557_600 + (months*30+int64(iv.Days))*86400 + iv.Micros/usSecond, true
	}
	return 0, false
}

func kernelTrunc(_ *Context, a []*vec.Vec, n int, sel []int32, out *vec.Vec) error {
	var err error
	each(n, sel, func(i int) {
		if err != nil {
			return
		}
		unit := strings.ToLower(string(a[0].Str(i)))
		us, ok := truncTime(strings.TrimSuffix(unit, "s"), a[1].I64[a[1].Index(i)])
		if !ok {
			err = fmt.Errorf("%w: date_trunc knows no unit %q", ErrArguments, unit)
		}
		out.I64[i] = us
	})
	return err
}

func truncTime(unit string, us int64) (int64, bool) {
	switch unit {
	case "microsecond":
		return us, true
	case "millisecond":
		return us - floorMod(us, 1000), true
	case "second":
		return us - floorMod(us, usSecond), true
	case "minute":
		return us - floorMod(us, usMinute), true
	case "hour":
		return us - floorMod(us, usHour), true
	case "day":
		return us - floorMod(us, usDay), true
	case "week": // from Monday; day 0 was a Thursday
		d := floorDiv(us, usDay)
		return (d - floorMod(d+3, 7)) * usDay, true
	}
	t := time.UnixMicro(us).UTC()
	y, m := t.Year(), t.Month()
	switch unit {
	case "month":
	case "quarter":
		m = (m-1)/3*3 + 1
	case "year":
		m = 1
	case "decade":
		y, m = int(floorDiv(int64(y), 10)*10), 1
	case "century":
		y, m = int(floorDiv(int64(y)-1, 100)*100)+1, 1
	default:
		return 0, false
	}
	return time.Date(y, m, 1, 0, 0, 0, 0, time.UTC).Unix() * usSecond, true
}

func kernelMakeDate(_ *Context, a []*vec.Vec, n int, sel []int32, out *vec.Vec) error {
	bad := false
	each(n, sel, func(i int) {
		y, m, d := a[0].I64[a[0].Index(i)], a[1].I64[a[1].Index(i)], a[2].I64[a[2].Index(i)]
		t := time.Date(int(y), time.Month(m), int(d), 0, 0, 0, 0, time.UTC)
		bad = bad || int64(t.Year()) != y || int64(t.Month()) != m || int64(t.Day()) != d
		out.I32[i] = int32(floorDiv(t.Unix(), 86400))
	})
	if bad {
		return fmt.Errorf("%w: there is no such date", ErrArguments)
	}
	return nil
}
