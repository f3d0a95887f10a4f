package ysb

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/riffle-io/riffle/dataflow/vec"
)

func lines(t *Table, from, to int64) (out []string) {
	cols := []int{0, 1, 2, 3, 4, 5, 6}[:len(t.columns)]
	fill := t.Fill(cols)
	for from < to {
		var b *vec.Batch
		b, from = fill(from, to)
		for i := range b.N {
			var l []byte
			for _, v := range b.Cols {
				if v.Type == vec.TTimestamp {
					l = fmt.Appendf(l, "%d|", v.I64[i])
				} else {
					l = append(append(l, v.Str(i)...), '|')
				}
			}
			out = append(out, string(l))
		}
	}
	return out
}

// TestReference compares with rows of the generator that the Flink benchmark uses.
func TestReference(t *testing.T) {
	tb, err := Events(2_000_000_000)
	if err != nil {
		t.Fatal(err)
	}
	for n, want := range map[int64]string{
		0:          "a132cbbd-6a2c-3981-965a-239e22fba6c7|c06ee9e6-a650-3014-acdc-04ad9aa3fe72|1e59a8f3-b1dd-3c01-b6ee-81a368e49d2f|mobile|view|1767225600000000|1.2.3.4|",
		1:          "e6f39564-6455-3eb0-b7e3-10ccfaebe1d1|979ac6da-5ad8-3811-98b2-880120c7050d|efac454c-07a2-3e5b-931d-ee852f22846b|mail|view|1767225600000000|1.2.3.4|",
		2:          "41a2abe1-09f2-33e1-ae72-133cf46ea5db|e0711ea7-226b-3495-bcd2-c4e4d19d1a4e|9310e690-afe2-37ab-bdfe-321b70e49166|modal|click|1767225600000000|1.2.3.4|",
		12345:      "d781eaae-8248-3b6c-a1a7-b82e58e60435|bfd1c2e0-3af9-334d-bf7a-f373aecedcad|a260b5ae-3420-380a-92a0-a6bdb3ec3a9c|mail|view|1767225601234000|1.2.3.4|",
		1999999999: "ff0aa5fe-bff0-3840-b87a-57bf41db361d|4600419b-4d0b-3543-b22f-51d5cc4cd5c5|0929f105-febd-3ac8-a99f-d8393bfd3e88|mobile|purchase|1767425599999000|1.2.3.4|",
	} {
		if got := lines(tb, n, n+1)[0]; got != want {
			t.Errorf("event %d:\n got %s\nwant %s", n, got, want)
		}
	}
}

func TestCampaigns(t *testing.T) {
	campaigns := lines(CampaignsOfAds(), 0, 1000)
	if len(campaigns) != 1000 {
		t.Fatalf("%d ads", len(campaigns))
	}
	for n, want := range map[int]string{
		0:   "b5b4094c-7081-3825-9459-4e6a5a227e49|34ac198a-92c2-3c43-8e30-5956da47adb5|",
		9:   "5b3e255b-c85d-32ae-becb-01acd8e807b8|34ac198a-92c2-3c43-8e30-5956da47adb5|",
		10:  "1b5546ad-a9a9-3ff9-9333-86b9557976f0|b404b049-56d4-3527-84e8-86ab8b1cd125|",
		999: "ee0ff521-a2f7-397f-892f-277238e6e39e|46b1df93-ec39-3ee2-8c86-b084762750ea|",
	} {
		if campaigns[n] != want {
			t.Errorf("ad %d: %s, want %s", n, campaigns[n], want)
		}
	}
}

func TestRangesAreIndependent(t *testing.T) {
	tb, _ := Events(9001)
	var parts []string
	for _, r := range [][2]int64{{0, 1}, {1, 4000}, {4000, 4000}, {4000, 9001}} {
		parts = append(parts, lines(tb, r[0], r[1])...)
	}
	if !slices.Equal(parts, lines(tb, 0, 9001)) {
		t.Error("rows differ when the table is cut")
	}
}

func TestEventTimes(t *testing.T) {
	tb, _ := Events(100)
	if at, ok := tb.MinEventTime(25, 100); at != Base+2000 || !ok {
		t.Errorf("MinEventTime(25, 100) = %d, %v", at, ok)
	}
	if _, ok := CampaignsOfAds().MinEventTime(0, 10); ok {
		t.Error("campaigns have an event time")
	}
	if _, err := Events(-1); !errors.Is(err, ErrEvents) {
		t.Errorf("-1 events: %v", err)
	}
}

func BenchmarkEvents(b *testing.B) {
	tb, _ := Events(1_000_000_000)
	for _, c := range []struct {
		name string
		cols []int
	}{{"ad,type,time", []int{2, 4, 5}}, {"all", []int{0, 1, 2, 3, 4, 5, 6}}} {
		b.Run(c.name, func(b *testing.B) {
			fill := tb.Fill(c.cols)
			at, rows := int64(0), 0
			for b.Loop() {
				var batch *vec.Batch
				batch, at = fill(at, tb.Rows())
				rows += batch.N
			}
			b.ReportMetric(float64(rows)/b.Elapsed().Seconds()/1e6, "Mrows/s")
		})
	}
}
