package render

import (
	"math"
	"strings"
	"testing"
)

func TestBars(t *testing.T) {
	o := ChartOptions{Width: 40, ASCII: true}
	got := Bars([]string{"DE", "US", "none", "minus"}, []float64{20, 10, math.NaN(), -5}, o)
	want := "" +
		"DE    |    ================= 20\n" +
		"US    |    ======== 10\n" +
		"none  |    NULL\n" +
		"minus |==== -5\n"
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if got := Bars([]string{"a"}, []float64{1}, ChartOptions{Width: 30}); !strings.Contains(got, "█") {
		t.Errorf("%s", got)
	}
	if got := Bars(nil, nil, o); got != "" {
		t.Errorf("%q", got)
	}
	if got := Bars([]string{"zero", "inf"}, []float64{0, math.Inf(1)}, o); !strings.Contains(got, "zero | 0") {
		t.Errorf("%q", got)
	}
}

func TestLine(t *testing.T) {
	got := Line([]float64{0, 1, 2, 3}, []float64{0, 10, 5, math.NaN()}, Short, Short, ChartOptions{Width: 20, Height: 3, ASCII: true})
	want := "" +
		"10 |     *\n" +
		"   |         *\n" +
		" 0 |*\n" +
		"   +---------------\n" +
		"    0             3\n"
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if got := Line(nil, nil, Short, Short, ChartOptions{}); got != "no points\n" {
		t.Errorf("%q", got)
	}
	Line([]float64{1}, []float64{math.Inf(1)}, Short, Short, ChartOptions{}) // must not panic
}

func TestHistogram(t *testing.T) {
	got := Histogram([]float64{1, 1, 1, 2, 9, math.NaN(), 10}, 3, Short, ChartOptions{Width: 40, ASCII: true})
	var counts []string
	for l := range strings.Lines(got) {
		f := strings.Fields(l)
		counts = append(counts, f[len(f)-1])
	}
	if strings.Join(counts, " ") != "4 0 2" {
		t.Errorf("%s", got)
	}
	if got := Histogram([]float64{5, 5}, 3, Short, ChartOptions{ASCII: true}); strings.Count(got, "\n") != 1 {
		t.Errorf("%s", got)
	}
}

func TestNumbers(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 12: "12", 999: "999", 1000: "1 000", -1234567: "-1 234 567"} {
		if got := Count(n); got != want {
			t.Errorf("Count(%d) = %s", n, got)
		}
	}
	for f, want := range map[float64]string{0: "0", 0.5: "0.5", 999: "999", 1000: "1 k", 12431: "12.4 k", 214e6: "214 M", -1.9e9: "-1.9 G", 0.0001: "0.0001", 999.9: "1 k", 3.14159: "3.14"} {
		if got := Short(f); got != want {
			t.Errorf("Short(%v) = %s, want %s", f, got, want)
		}
	}
	for n, want := range map[int64]string{0: "0 B", 1023: "1023 B", 1024: "1 KB", 61 << 20: "61 MB", 1536: "1.5 KB"} {
		if got := Bytes(n); got != want {
			t.Errorf("Bytes(%d) = %s, want %s", n, got, want)
		}
	}
}

func TestClean(t *testing.T) {
	for in, want := range map[string]string{"a\nb": "a b", "\x1b[31mred": "\uFFFD[31m…", "héé": "héé", "abcdefghij": "abcde…", "日本語日本": "日本…"} {
		if got := Clean(in, 6); got != want {
			t.Errorf("Clean(%q) = %q, want %q", in, got, want)
		}
	}
}
