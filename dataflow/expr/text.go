package expr

import (
	"encoding/hex"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/riffle-io/riffle/dataflow/vec"
)

func fromText(in *vec.Vec, j int, out *vec.Vec, i int) error {
	s := string(in.Data[in.Off[j]:in.Off[j+1]])
	v, err := parseAs(s, out.Type)
	if err != nil {
		return err
	}
	switch out.Type.Phys() {
	case vec.PhysBool:
		out.B[i] = v.I != 0
	case vec.PhysI32:
		out.I32[i] = int32(v.I)
	case vec.PhysI64:
		out.I64[i] = v.I
	case vec.PhysI128:
		out.I128[i] = v.D
	case vec.PhysF64:
		out.F64[i] = v.F
	case vec.PhysIv:
		out.Iv[i] = v.Iv
	default:
		out.Data = append(out.Data, v.S...)
	}
	return nil
}

// ParseValue reads text as a value of type t, as CAST does; ErrBadText or ErrOverflow otherwise.
func ParseValue(s string, t vec.Type) (vec.Value, error) { return parseAs(s, t) }

func badText(s string, t vec.Type) error {
	if len(s) > 60 {
		s = s[:57] + "..."
	}
	return fmt.Errorf("%w: %s from %q", ErrBadText, t, s)
}

func parseAs(s string, t vec.Type) (vec.Value, error) {
	trimmed := strings.TrimSpace(s)
	switch t.Kind {
	case vec.Bool:
		switch strings.ToLower(trimmed) {
		case "true", "t", "yes", "y", "on", "1":
			return vec.BoolValue(true), nil
		case "false", "f", "no", "n", "off", "0":
			return vec.BoolValue(false), nil
		}
	case vec.Int8, vec.Int16, vec.Int32, vec.Int64:
		n, err := strconv.ParseInt(trimmed, 10, 64)
		lo, hi := intRange(t)
		if err == nil && n >= lo && n <= hi {
			return vec.IntValue(n), nil
		}
		if ne, ok := err.(*strconv.NumError); err == nil || ok && ne.Err == strconv.ErrRange {
			return vec.Value{}, fmt.Errorf("%w: %s does not fit %s", ErrOverflow, trimmed, t)
		}
	case vec.Float32, vec.Float64:
		if f, err := strconv.ParseFloat(trimmed, 64); err == nil {
			if t.Kind == vec.Float32 {
				f = float64(float32(f))
			}
			return vec.FloatValue(f), nil
		}
	case vec.Decimal:
		return parseDecimal(trimmed, t)
	case vec.Date:
		if us, ok := ParseTimestamp(trimmed); ok {
			return vec.IntValue(floorDiv(us, usDay)), nil
		}
	case vec.Timestamp, vec.TimestampTZ:
		if us, ok := ParseTimestamp(trimmed); ok {
			return vec.IntValue(us), nil
		}
	case vec.Time:
		if us, ok := parseClock(trimmed); ok {
			return vec.IntValue(us), nil
		}
	case vec.IntervalK:
		if iv, ok := ParseInterval(trimmed); ok {
			return vec.IvValue(iv), nil
		}
	case vec.Bytes:
		if h, ok := strings.CutPrefix(s, `\x`); ok {
			b, err := hex.DecodeString(h)
			if err != nil {
				return vec.Value{}, badText(s, t)
			}
			return vec.StringValue(string(b)), nil
		}
		return vec.StringValue(s), nil
	case vec.UUID:
		b, err := hex.DecodeString(strings.ReplaceAll(trimmed, "-", ""))
		if err == nil && len(b) == 16 {
			return vec.StringValue(string(b)), nil
		}
	case vec.String, vec.JSON:
		return vec.StringValue(s), nil
	}
	return vec.Value{}, badText(s, t)
}

// parseDecimal rounds digits beyond the scale half away from zero.
func parseDecimal(s string, t vec.Type) (vec.Value, error) {
	mant, exp := s, 0
	if k := strings.IndexAny(s, "eE"); k >= 0 {
		e, err := strconv.Atoi(s[k+1:])
		if err != nil || e < -100 || e > 100 {
			return vec.Value{}, badText(s, t)
		}
		mant, exp = s[:k], e
	}
	whole, frac, _ := strings.Cut(mant, ".")
	digits := strings.TrimLeft(whole, "+-") + frac
	if digits == "" || len(digits) > 200 || strings.Trim(digits, "0123456789") != "" || len(whole)-len(strings.TrimLeft(whole, "+-")) > 1 {
		return vec.Value{}, badText(s, t)
	}
	n, _ := new(big.Int).SetString(digits, 10)
	if shift := int(t.Scale) - len(frac) + exp; shift >= 0 {
		n.Mul(n, new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(shift)), nil))
	} else {
		p := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(-shift)), nil)
		n.Add(n, new(big.Int).Rsh(p, 1)).Quo(n, p)
	}
	if strings.HasPrefix(s, "-") {
		n.Neg(n)
	}
	d, ok := vec.I128FromBig(n)
	if !ok || !fitsDecimal(d, t) {
		return vec.Value{}, fmt.Errorf("%w: %s does not fit %s", ErrOverflow, s, t)
	}
	return vec.DecimalValue(t, d), nil
}

// ParseTimestamp reads 2001-01-31, 2001-01-31 10:00[:00[.ffffff]], with T or a blank between, and
// an optional zone (Z, +02, -05:30), as µs since the epoch; without a zone the time is UTC.
func ParseTimestamp(s string) (int64, bool) {
	y, rest, ok := number(s, 4, 6)
	if !ok || len(rest) == 0 || rest[0] != '-' {
		return 0, false
	}
	m, rest, ok := number(rest[1:], 1, 2)
	if !ok || len(rest) == 0 || rest[0] != '-' || m < 1 || m > 12 {
		return 0, false
	}
	d, rest, ok := number(rest[1:], 1, 2)
	if !ok || d < 1 || d > time.Date(y, time.Month(m)+1, 0, 0, 0, 0, 0, time.UTC).Day() {
		return 0, false
	}
	us := time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC).Unix() * usSecond
	if rest == "" {
		return us, true
	}
	if rest[0] != ' ' && rest[0] != 'T' && rest[0] != 't' {
		return 0, false
	}
	clock := rest[1:]
	zone := ""
	if k := strings.IndexAny(clock, "Zz+- "); k >= 0 {
		clock, zone = clock[:k], strings.TrimSpace(clock[k:])
	}
	c, ok := parseClock(clock)
	if !ok {
		return 0, false
	}
	off, ok := parseZone(zone)
	return us + c - off, ok
}

func number(s string, least, most int) (n int, rest string, ok bool) {
	k := 0
	for k < len(s) && k < most && s[k] >= '0' && s[k] <= '9' {
		n = n*10 + int(s[k]-'0')
		k++
	}
	return n, s[k:], k >= least
}

func parseClock(s string) (int64, bool) {
	h, rest, ok := number(s, 1, 2)
	if !ok || len(rest) == 0 || rest[0] != ':' || h > 24 {
		return 0, false
	}
	m, rest, ok := number(rest[1:], 2, 2)
	if !ok || m > 59 {
		return 0, false
	}
	us := int64(h)*usHour + int64(m)*usMinute
	if rest == "" {
		return us, us <= usDay
	}
	if rest[0] != ':' {
		return 0, false
	}
	sec, rest, ok := number(rest[1:], 2, 2)
	if !ok || sec > 60 {
		return 0, false
	}
	us += int64(sec) * usSecond
	if rest != "" {
		if rest[0] != '.' || len(rest) == 1 {
			return 0, false
		}
		unit := usSecond
		for _, c := range []byte(rest[1:]) {
			if c < '0' || c > '9' {
				return 0, false
			}
			unit /= 10
			us += int64(c-'0') * unit
		}
	}
	return us, us <= usDay
}

func parseZone(z string) (int64, bool) {
	if z == "" || z == "Z" || z == "z" {
		return 0, true
	}
	sign := int64(1)
	switch z[0] {
	case '-':
		sign = -1
	case '+':
	default:
		return 0, false
	}
	h, rest, ok := number(z[1:], 1, 2)
	if !ok || h > 15 {
		return 0, false
	}
	m := 0
	if rest != "" {
		if m, rest, ok = number(strings.TrimPrefix(rest, ":"), 2, 2); !ok || rest != "" || m > 59 {
			return 0, false
		}
	}
	return sign * (int64(h)*usHour + int64(m)*usMinute), true
}

// intervalUnits maps the names of units to months, days and µs.
var intervalUnits = map[string]vec.Interval{
	"microsecond": {Micros: 1}, "us": {Micros: 1}, "millisecond": {Micros: 1000}, "ms": {Micros: 1000},
	"second": {Micros: usSecond}, "sec": {Micros: usSecond}, "s": {Micros: usSecond},
	"minute": {Micros: usMinute}, "min": {Micros: usMinute}, "m": {Micros: usMinute},
	"hour": {Micros: usHour}, "hr": {Micros: usHour}, "h": {Micros: usHour},
	"day": {Days: 1}, "d": {Days: 1}, "week": {Days: 7}, "w": {Days: 7},
	"month": {Months: 1}, "mon": {Months: 1}, "quarter": {Months: 3},
	"year": {Months: 12}, "yr": {Months: 12}, "y": {Months: 12}, "decade": {Months: 120}, "century": {Months: 1200},
}

// IntervalUnit is one of a unit named in SQL, singular or plural.
func IntervalUnit(name string) (vec.Interval, bool) {
	name = strings.ToLower(name)
	if iv, ok := intervalUnits[name]; ok {
		return iv, true
	}
	iv, ok := intervalUnits[strings.TrimSuffix(name, "s")]
	return iv, ok
}

// ParseInterval reads "1 day 02:03:04.5", "90 minutes", "1 year -2 mons", "5s".
func ParseInterval(s string) (vec.Interval, bool) {
	var out vec.Interval
	rest := strings.TrimSpace(s)
	if rest == "" {
		return out, false
	}
	for rest != "" {
		neg := false
		if rest[0] == '-' || rest[0] == '+' {
			neg, rest = rest[0] == '-', rest[1:]
		}
		k := strings.IndexFunc(rest, func(r rune) bool { return !(r >= '0' && r <= '9' || r == '.' || r == ':') })
		if k < 0 {
			k = len(rest)
		}
		num := rest[:k]
		rest = strings.TrimLeft(rest[k:], " ")
		var part vec.Interval
		if strings.Contains(num, ":") {
			us, ok := parseHours(num)
			if !ok {
				return out, false
			}
			part.Micros = us
		} else {
			f, err := strconv.ParseFloat(num, 64)
			u := strings.IndexFunc(rest, func(r rune) bool { return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z') })
			if u < 0 {
				u = len(rest)
			}
			unit, ok := IntervalUnit(rest[:u])
			if err != nil || !ok || f > 1e12 {
				return out, false
			}
			if part, ok = scaleInterval(unit, f); !ok {
				return out, false
			}
			rest = strings.TrimLeft(rest[u:], " ,")
		}
		join := addInterval
		if neg {
			join = subInterval
		}
		var ok bool
		if out, ok = join(out, part); !ok {
			return out, false
		}
	}
	return out, true
}

// parseHours reads h…:mm[:ss[.f]] with any number of hours.
func parseHours(s string) (int64, bool) {
	h, tail, _ := strings.Cut(s, ":")
	n, err := strconv.ParseInt(h, 10, 32)
	if err != nil {
		return 0, false
	}
	us, ok := parseClock("00:" + tail)
	return n*usHour + us, ok
}
