package widget

import (
	"math"
	"strconv"
)

func itoa(n int) string { return strconv.Itoa(n) }

// Count writes a number with blanks between groups of three digits: 12 431.
func Count(n int64) string {
	s := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + " " + s[i:]
	}
	return sign + s
}

// Short writes a number in at most five characters and a unit: 1.90 G, 48.2 k, 12.
func Short(v float64) string {
	switch {
	case math.IsNaN(v):
		return "-"
	case math.IsInf(v, 0):
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	abs := math.Abs(v)
	for _, u := range []struct {
		over float64
		unit string
	}{{1e12, " T"}, {1e9, " G"}, {1e6, " M"}, {1e4, " k"}} {
		if abs >= u.over {
			by := u.over
			if u.unit == " k" {
				by = 1e3
			}
			return digits(v/by) + u.unit
		}
	}
	if v == math.Trunc(v) {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return digits(v)
}

// digits writes three significant digits.
func digits(v float64) string {
	switch abs := math.Abs(v); {
	case abs >= 100:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case abs >= 10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	case abs >= 0.01 || abs == 0:
		return strconv.FormatFloat(v, 'f', 2, 64)
	}
	return strconv.FormatFloat(v, 'g', 2, 64)
}

// Bytes writes a size: 212 MB.
func Bytes(n int64) string {
	v, units := float64(n), []string{"B", "KB", "MB", "GB", "TB"}
	i := 0
	for ; v >= 1000 && i < len(units)-1; i++ {
		v /= 1000
	}
	if i == 0 {
		return strconv.FormatInt(n, 10) + " B"
	}
	return digits(v) + " " + units[i]
}
