package expr

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/riffle-io/riffle/dataflow/vec"
)

func init() {
	register(
		&Func{Name: "extract", Category: "Date and time", Args: "EXTRACT(field FROM a)", Fallible: true, Doc: "A part of a date, time or interval: year, quarter, month, week, day, dow, doy, hour, minute, second, epoch, …", Example: "EXTRACT(year FROM DATE '2001-02-03') -> 2001",
			Resolve: resolveExtract, Check: checkField, Kernel: kernelExtract},
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
			}, Check: checkUnit, Kernel: kernelTrunc},
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
				if !ok || !slices.Contains(fieldsOf(want[1]), f) {
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
