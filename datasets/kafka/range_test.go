package kafka

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
)

func TestParseRange(t *testing.T) {
	for in, want := range map[string]string{
		"@start":                 "@start",
		"@start..end":            "@start..end",
		"@-1h..now":              "@-1h0m0s..now",
		"@-1h..":                 "@-1h0m0s",
		"@-1d12h30m..-90s":       "@-36h30m0s..-1m30s",
		"@12..20":                "@12..20",
		"@3:12345":               "@3:12345",
		"@0:start..end":          "@0:start..end",
		"@2026-11-20":            "@2026-11-20T00:00:00Z",
		"@2026-11-20 10:41..now": "@2026-11-20T10:41:00Z..now",
		"@2026-11-20T10:41:07.5+02:00..2026-11-21": "@2026-11-20T08:41:07.5Z..2026-11-21T00:00:00Z",
	} {
		r, err := ParseRange(in)
		if err != nil || r.String() != want {
			t.Errorf("%s: %s, %v; want %s", in, r, err, want)
		}
	}
	for in, want := range map[string]string{
		"":                      "does not start with @",
		"@":                     "first point is missing",
		"@..end":                "first point is missing",
		"@yesterday":            `cannot read point "yesterday"`,
		"@-":                    "cannot read duration",
		"@-5":                   "units are",
		"@-1x":                  "units are",
		"@-999999999d":          "longer than 100 years",
		"@20..12":               "ends before it starts",
		"@-1h..-2h":             "ends before it starts",
		"@99999999999999999999": "too large",
		"@99999999999:1":        "too large",
	} {
		if _, err := ParseRange(in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %s", in, err, want)
		}
	}
}

func FuzzParseRange(f *testing.F) {
	for _, s := range []string{"@start..end", "@-1h30m..now", "@0:12..2026-11-20T10:00Z"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := ParseRange(s)
		if err != nil {
			return
		}
		if again, err := ParseRange(r.String()); err != nil || again.From != r.From || again.Bounded != r.Bounded {
			t.Errorf("%q: %s reads as %v, %v", s, r, again, err)
		}
	})
}

func TestParseURL(t *testing.T) {
	u, err := ParseURL("kafka://a:1,b,[::1]:3/flights.v2@0:5..end")
	check(t, err)
	if got := fmt.Sprintf("%v %s %s %v", u.Brokers, u.Topic, u.Range, u.HasRange); got != "[a:1 b:9092 [::1]:3] flights.v2 @0:5..end true" {
		t.Error(got)
	}
	u, err = ParseURL("kafka://localhost/t")
	check(t, err)
	if u.HasRange || u.Range.Bounded || u.Range.From.Kind != PointStart || u.Range.Partition != AllPartitions {
		t.Errorf("without a range: %+v", u)
	}
	for in, want := range map[string]string{
		"http://a/t":       "not a kafka URL",
		"kafka://a:1":      "no topic",
		"kafka://a:1/":     `"" is no topic name`,
		"kafka://a:1/x/y":  `"x/y" is no topic name`,
		"kafka:///t":       "no broker address",
		"kafka://a:1,/t":   "no broker address",
		"kafka://a:0/t":    "bad port",
		"kafka://a:x/t":    "no broker address",
		"kafka://u@a/t":    "no broker address",
		"kafka://a/t@oops": "cannot read point",
	} {
		if _, err := ParseURL(in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %s", in, err, want)
		}
	}
}

func TestResolve(t *testing.T) {
	c, a := newTopic(t, 2)
	ctx := testContext(t)
	p, err := OpenProducer(c)
	check(t, err)
	defer p.Close()
	recent := time.Now().Add(-30 * time.Minute).UnixMilli()
	// Partition 0: ten records of 1970, ten of half an hour ago. Partition 1: five of 1970.
	for i := range 25 {
		m := message(i)
		if m.Partition = 0; i >= 20 {
			m.Partition = 1
		} else if i >= 10 {
			m.Timestamp = recent + int64(i)
		}
		check(t, p.Produce(ctx, m))
	}
	check(t, p.Flush(ctx))
	txn := openTxn(t, c)
	check(t, txn.Begin())
	m := message(99)
	m.Partition, m.Timestamp = 1, recent
	check(t, txn.Produce(ctx, m))
	check(t, txn.s.flush(ctx))

	resolve := func(s string, committed bool) ([]Extent, error) {
		r, err := ParseRange(s)
		check(t, err)
		return a.Resolve(ctx, "t", r, committed)
	}
	for _, q := range []struct {
		in        string
		committed bool
		want      []Extent
	}{
		{"@start", false, []Extent{{0, 0, NoEnd}, {1, 0, NoEnd}}},
		{"@start..end", false, []Extent{{0, 0, 20}, {1, 0, 6}}},
		{"@start..end", true, []Extent{{0, 0, 20}, {1, 0, 5}}},
		{"@-1h..now", false, []Extent{{0, 10, 20}, {1, 5, 6}}},
		{"@-1h..", true, []Extent{{0, 10, NoEnd}, {1, 5, NoEnd}}},
		{"@now", false, []Extent{{0, 20, NoEnd}, {1, 6, NoEnd}}},
		{"@1970-01-01T00:00:01.041..-1h", false, []Extent{{0, 5, 10}, {1, 0, 5}}},
		{"@3..12", false, []Extent{{0, 3, 12}, {1, 3, 6}}},
		{"@12..15", false, []Extent{{0, 12, 15}, {1, 6, 6}}},
		{"@0:12", false, []Extent{{0, 12, NoEnd}}},
		{"@1:2..100", true, []Extent{{1, 2, 5}}},
		{"@end..start", false, []Extent{{0, 20, 20}, {1, 6, 6}}},
	} {
		got, err := resolve(q.in, q.committed)
		if err != nil || !slices.Equal(got, q.want) {
			t.Errorf("%s committed %v: %v, %v; want %v", q.in, q.committed, got, err, q.want)
		}
	}
	var outside *RangeError
	if _, err := resolve("@1:7", false); !errors.As(err, &outside) || outside.End != 6 {
		t.Errorf("beyond the end: %v", err)
	}
	if _, err := resolve("@2:0", false); err == nil || !strings.Contains(err.Error(), "partitions 0 to 1, not 2") {
		t.Errorf("no such partition: %v", err)
	}
	if _, err := a.Resolve(ctx, "missing", Range{Partition: AllPartitions}, false); !errors.Is(err, ErrUnknownTopic) {
		t.Errorf("no such topic: %v", err)
	}
	_, err = a.admin.DeleteRecords(ctx, kadm.Offsets{"t": {0: {Topic: "t", Partition: 0, At: 4}}})
	check(t, err)
	if _, err := resolve("@3", false); !errors.As(err, &outside) || outside.Start != 4 || outside.Partition != 0 {
		t.Errorf("removed: %v", err)
	}
}
