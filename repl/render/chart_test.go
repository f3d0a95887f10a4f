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

func TestClean(t *testing.T) {
	for in, want := range map[string]string{"a\nb": "a b", "\x1b[31mred": "\uFFFD[31m…", "héé": "héé", "abcdefghij": "abcde…", "日本語日本": "日本…"} {
		if got := Clean(in, 6); got != want {
			t.Errorf("Clean(%q) = %q, want %q", in, got, want)
		}
	}
}
