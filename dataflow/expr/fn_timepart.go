package expr

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/riffle-io/riffle/dataflow/vec"
)

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

// Names of fields and units: what a clock has, a date besides, and what an interval has.
var (
	clockFields    = []string{"hour", "minute", "second", "millisecond", "microsecond", "epoch"}
	dateFields     = []string{"year", "quarter", "month", "week", "day", "dow", "isodow", "doy", "isoyear", "decade", "century", "millennium"}
	intervalFields = append([]string{"year", "month", "day"}, clockFields...)
	truncUnits     = []string{"microsecond", "millisecond", "second", "minute", "hour", "day", "week", "month", "quarter", "year", "decade", "century", "millennium"}
)

func fieldsOf(t vec.Type) []string {
	switch t.Kind {
	case vec.IntervalK:
		return intervalFields
	case vec.Time:
		return clockFields
	}
	return append(slices.Clone(dateFields), clockFields...)
}

// unitName is a field or unit as written, in lower case and singular.
func unitName(text string) string {
	text = strings.ToLower(text)
	switch text {
	case "centuries":
		return "century"
	case "millennia":
		return "millennium"
	}
	return strings.TrimSuffix(text, "s")
}

func noField(t vec.Type, field string) error {
	return fmt.Errorf("%w: %s has no field %q", ErrArguments, t, field)
}

func checkField(args []Expr) error {
	field, ok := textArg(args, 0)
	t := args[1].Type()
	if !ok || slices.Contains(fieldsOf(t), unitName(field)) {
		return nil
	}
	return &BadArgument{Why: fmt.Sprintf("%s has no field %q", t, field), Word: field, Known: fieldsOf(t)}
}

func checkUnit(args []Expr) error {
	unit, ok := textArg(args, 0)
	if !ok || slices.Contains(truncUnits, unitName(unit)) {
		return nil
	}
	return &BadArgument{Why: fmt.Sprintf("date_trunc knows no unit %q", unit), Word: unit, Known: truncUnits}
}

// byUnit calls f with each field or unit of names and the rows that it is for: once when it is constant.
func byUnit(names *vec.Vec, n int, sel []int32, f func(unit string, sel []int32) error) error {
	if names.Form == vec.Const {
		return f(unitName(string(names.Str(0))), sel)
	}
	var err error
	each(n, sel, func(i int) {
		if err == nil {
			err = f(unitName(string(names.Str(i))), []int32{int32(i)})
		}
	})
	return err
}

func kernelExtract(_ *Context, a []*vec.Vec, n int, sel []int32, out *vec.Vec) error {
	return byUnit(a[0], n, sel, func(field string, sel []int32) error { return extractAll(field, a[1], n, sel, out) })
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
		return noField(v.Type, field)
	}
	return nil
}

// timePart is one field of a time in µs. Fields of the clock need no calendar.
func timePart(field string, us int64, clockOnly bool) (int64, bool) {
	rest := floorMod(us, usDay)
	switch field {
	case "hour":
		return rest / usHour, true
	case "minute":
		return rest / usMinute % 60, true
	case "second":
		return rest / usSecond % 60, true
	case "millisecond":
		return rest % usMinute / 1000, true
	case "microsecond":
		return rest % usMinute, true
	case "epoch":
		return floorDiv(us, usSecond), true
	}
	if clockOnly {
		return 0, false
	}
	t := time.UnixMicro(us).UTC()
	switch field {
	case "year":
		return int64(t.Year()), true
	case "quarter":
		return int64(t.Month()-1)/3 + 1, true
	case "month":
		return int64(t.Month()), true
	case "day":
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
	case "millennium":
		return floorDiv(int64(t.Year())-1, 1000) + 1, true
	}
	return 0, false
}

func intervalPart(field string, iv vec.Interval) (int64, bool) {
	switch field {
	case "year":
		return int64(iv.Months / 12), true
	case "month":
		return int64(iv.Months % 12), true
	case "day":
		return int64(iv.Days), true
	case "hour":
		return iv.Micros / usHour, true
	case "minute":
		return iv.Micros / usMinute % 60, true
	case "second":
		return iv.Micros / usSecond % 60, true
	case "millisecond":
		return iv.Micros % usMinute / 1000, true
	case "microsecond":
		return iv.Micros % usMinute, true
	case "epoch":
		// A year counts 365.25 days, a month beside years 30 (PostgreSQL).
		years, months := int64(iv.Months/12), int64(iv.Months%12)
		return years*31_557_600 + (months*30+int64(iv.Days))*86400 + iv.Micros/usSecond, true
	}
	return 0, false
}

func kernelTrunc(_ *Context, a []*vec.Vec, n int, sel []int32, out *vec.Vec) error {
	return byUnit(a[0], n, sel, func(unit string, sel []int32) error {
		known := true
		each(n, sel, func(i int) {
			var ok bool
			out.I64[i], ok = truncTime(unit, a[1].I64[a[1].Index(i)])
			known = known && ok
		})
		if !known {
			return fmt.Errorf("%w: date_trunc knows no unit %q", ErrArguments, unit)
		}
		return nil
	})
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
	case "millennium":
		y, m = int(floorDiv(int64(y)-1, 1000)*1000)+1, 1
	default:
		return 0, false
	}
	return time.Date(y, m, 1, 0, 0, 0, 0, time.UTC).Unix() * usSecond, true
}
