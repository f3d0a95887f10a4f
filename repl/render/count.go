package render

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Count is a number in groups of three digits, as in 12 431.
func Count(n int64) string {
	s := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, s = "-", s[1:]
	}
	for at := len(s) - 3; at > 0; at -= 3 {
		s = s[:at] + " " + s[at:]
	}
	return sign + s
}

// Short is a number with three digits or so and a unit of thousands: 12.4 k, 1.9 M, 214 M.
func Short(f float64) string {
	switch {
	case math.IsNaN(f):
		return "-"
	case math.IsInf(f, 0):
		return fmt.Sprint(f)
	}
	units := []string{"", " k", " M", " G", " T", " P"}
	i := 0
	for i < len(units)-1 && math.Abs(f) >= 999.5 {
		f /= 1000
		i++
	}
	return digits(f) + units[i]
}

// Bytes is a size with a unit of 1024.
func Bytes(n int64) string {
	f := float64(n)
	units := []string{" B", " KB", " MB", " GB", " TB"}
	i := 0
	for i < len(units)-1 && math.Abs(f) >= 1023.5 {
		f /= 1024
		i++
	}
	return digits(f) + units[i]
}

// digits is f with as many decimals as three digits leave room for.
func digits(f float64) string {
	a := math.Abs(f)
	switch {
	case f == math.Trunc(f) && a < 1e6:
		return strconv.FormatFloat(f, 'f', 0, 64)
	case a >= 99.95:
		return strconv.FormatFloat(f, 'f', 0, 64)
	case a >= 9.995:
		return strings.TrimSuffix(strconv.FormatFloat(f, 'f', 1, 64), ".0")
	case a >= 0.01:
		return strings.TrimSuffix(strings.TrimRight(strconv.FormatFloat(f, 'f', 2, 64), "0"), ".")
	}
	return strconv.FormatFloat(f, 'g', 3, 64)
}
