package render

import (
	"math"
	"testing"
)

func TestNumbers(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 12: "12", 999: "999", 9999: "10 k", 48213: "48.2 k", 1902334110: "1.9 G", -0.5: "-0.5", 346e6: "346 M",
		0.0123: "0.01", 0.5: "0.5", 1000: "1 k", 12431: "12.4 k", 214e6: "214 M", -1.9e9: "-1.9 G", 0.0001: "0.0001", 999.9: "1 k", 3.14159: "3.14", math.NaN(): "-", math.Inf(1): "+Inf"} {
		if got := Short(v); got != want {
			t.Errorf("Short(%v) = %q, want %q", v, got, want)
		}
	}
	for v, want := range map[int64]string{0: "0", 12: "12", 999: "999", 1000: "1 000", 12431: "12 431", -1234567: "-1 234 567"} {
		if got := Count(v); got != want {
			t.Errorf("Count(%d) = %q, want %q", v, got, want)
		}
	}
	for v, want := range map[int64]string{0: "0 B", 999: "999 B", 1023: "1023 B", 1024: "1 KB", 1536: "1.5 KB", 61 << 20: "61 MB", 1 << 20: "1 MB", 130_000: "127 KB", 212_000_000: "202 MB", 1_910_000_000: "1.78 GB"} {
		if got := Bytes(v); got != want {
			t.Errorf("Bytes(%d) = %q, want %q", v, got, want)
		}
	}
}
