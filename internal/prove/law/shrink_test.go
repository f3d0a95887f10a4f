package law

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

// trial is one query over tables, for which the law holds or not.
type trial struct {
	query string
	parts []string // queries inside it that stand on their own
	data  map[string]rows
}

// law checks a trial and says what is wrong, "" for nothing. It gives the same answer for the same trial,
// as far as the order in which tasks run lets it.
type law func(trial) string

// holds reports a trial for which the law does not hold, made as small as it can be found.
func holds(t *testing.T, seed uint64, tr trial, check law) bool {
	t.Helper()
	bad := check(tr)
	if bad == "" {
		return true
	}
	small := tr.shrink(check, time.Now().Add(20*time.Second))
	t.Errorf("seed %d: %s", seed, bad)
	if now := check(small); now != "" {
		t.Errorf("seed %d, smaller: %s\n%s", seed, now, small)
	}
	return false
}

// shrink looks for a smaller trial that fails too: a query inside the query, then fewer and fewer rows.
func (tr trial) shrink(check law, end time.Time) trial {
	parts := slices.Clone(tr.parts)
	slices.SortFunc(parts, func(a, b string) int { return len(a) - len(b) })
	for _, q := range parts {
		if small := (trial{query: q, data: tr.data}); len(q) < len(tr.query) && time.Now().Before(end) && check(small) != "" {
			tr = small
			break
		}
	}
	for _, name := range slices.Sorted(maps.Keys(tr.data)) {
		for step := (len(tr.data[name]) + 1) / 2; step > 0; step /= 2 {
			for at := 0; at < len(tr.data[name]) && time.Now().Before(end); {
				all := tr.data[name]
				small := trial{query: tr.query, data: maps.Clone(tr.data)}
				small.data[name] = slices.Concat(all[:at], all[min(len(all), at+step):])
				if check(small) != "" {
					tr = small
				} else {
					at += step
				}
			}
		}
	}
	return tr
}

// String lists the rows of a small trial.
func (tr trial) String() string {
	var out strings.Builder
	for _, name := range slices.Sorted(maps.Keys(tr.data)) {
		fmt.Fprintf(&out, "%s has %d rows\n", name, len(tr.data[name]))
		for _, row := range tr.data[name][:min(len(tr.data[name]), 10)] {
			for c, v := range row {
				fmt.Fprintf(&out, "  %s=%s", columns.Fields[c].Name, v.Format(columns.Fields[c].Type))
			}
			out.WriteByte('\n')
		}
	}
	return out.String()
}

// TestShrink: what fails for one row and one word of a query is shrunk to them.
func TestShrink(t *testing.T) {
	g := &generator{r: newRand(1, 9)}
	tr := trial{query: "SELECT * FROM (SELECT * FROM (SELECT 1) WHERE x) LIMIT 3", parts: []string{"SELECT 1", "SELECT * FROM (SELECT 1) WHERE x"},
		data: map[string]rows{"a": randomRows(g.r, 300, 5), "b": randomRows(g.r, 7, 5)}}
	culprit := &tr.data["a"][123][0]
	small := tr.shrink(func(x trial) string {
		for _, row := range x.data["a"] {
			if &row[0] == culprit && strings.Contains(x.query, "WHERE") {
				return "bad"
			}
		}
		return ""
	}, time.Now().Add(time.Minute))
	if small.query != tr.parts[1] || len(small.data["a"]) != 1 || len(small.data["b"]) != 0 {
		t.Errorf("%s\n%s", small.query, small)
	}
}
