package repl

import (
	"fmt"
	"slices"
	"strings"

	"github.com/riffle-io/riffle/datasets/parquet"
	"github.com/riffle-io/riffle/repl/render"
)

// PruneReason is why some row groups of a map are not read.
type PruneReason struct {
	Letter string // in the map: a, b, … for statistics, B bloom filter, P page index, L limit
	Text   string // "by the statistics for (a < 7)"
	Groups int
}

// PruneLegend is what the letters of a map stand for.
type PruneLegend struct {
	Reasons []PruneReason // those by statistics first, and of each kind what skips most
	letters map[pruneKey]string
}

type pruneKey struct {
	skip parquet.Skip
	by   string
}

// skipNames are the letter and the words for what rules row groups out, in the order of the legend.
var skipNames = []struct {
	skip         parquet.Skip
	letter, text string
}{
	{parquet.SkipStatistics, "", "by the statistics for "},
	{parquet.SkipBloom, "B", "by the bloom filter for "},
	{parquet.SkipPages, "P", "by the page index for "},
	{parquet.SkipLimit, "L", "by "},
}

// Legend gives each reason of the map a letter.
func (m *PruneMap) Legend() PruneLegend {
	counts := map[pruneKey]int{}
	var keys []pruneKey // in the order of the map
	for _, t := range m.Tables {
		for _, f := range t.Files {
			for _, g := range f.Groups {
				k := pruneKey{g.Skip, g.By}
				if g.Read {
					continue
				}
				if counts[k]++; counts[k] == 1 {
					keys = append(keys, k)
				}
			}
		}
	}
	slices.SortStableFunc(keys, func(a, b pruneKey) int { return counts[b] - counts[a] })
	l := PruneLegend{letters: map[pruneKey]string{}}
	for _, n := range skipNames {
		for _, k := range keys {
			if k.skip != n.skip {
				continue
			}
			letter, why := n.letter, k.by
			if letter == "" {
				letter = string(rune('a' + min(len(l.Reasons), 25)))
			}
			if why == "" {
				why = "all conditions together"
			}
			l.letters[k] = letter
			l.Reasons = append(l.Reasons, PruneReason{letter, n.text + why, counts[k]})
		}
	}
	return l
}

// Letter stands for a row group in the map: R is one that is read.
func (l *PruneLegend) Letter(g *PrunedGroup) string {
	if g.Read {
		return "R"
	}
	return l.letters[pruneKey{g.Skip, g.By}]
}

// Totals are the last lines of the map: a name and what is counted.
func (m *PruneMap) Totals() [][2]string {
	out := [][2]string{{"row groups", fmt.Sprintf("%d of %d", m.GroupsRead, m.Groups)}}
	if m.Pages > 0 {
		out = append(out, [2]string{"pages", fmt.Sprintf("%s of %s by page index", render.Count(int64(m.PagesRead)), render.Count(int64(m.Pages)))})
	}
	share := 0.0
	if m.BytesTotal > 0 {
		share = 100 * float64(m.BytesRead) / float64(m.BytesTotal)
	}
	out = append(out, [2]string{"bytes", fmt.Sprintf("%s of %s at most (%.1f %%)", render.Bytes(m.BytesRead), render.Bytes(m.BytesTotal), share)})
	if m.NotLooked > 0 {
		out = append(out, [2]string{"not asked", fmt.Sprintf("bloom filters and page index of %d row groups: only those of the first %d are", m.NotLooked, maxLook)})
	}
	return out
}

// Text is the map for people: a letter for each row group, what the letters stand for, and totals.
func (m *PruneMap) Text() string {
	var b strings.Builder
	legend := m.Legend()
	for _, t := range m.Tables {
		fmt.Fprintf(&b, "%s\n  columns  %s\n", t.Name, strings.Join(t.Columns, ", "))
		for _, f := range t.Files {
			var row strings.Builder
			for i := range f.Groups {
				row.WriteString(legend.Letter(&f.Groups[i]))
			}
			fmt.Fprintf(&b, "  %s  %s\n", row.String(), f.Path)
		}
	}
	fmt.Fprintf(&b, "  R  read: %d\n", m.GroupsRead)
	for _, r := range legend.Reasons {
		fmt.Fprintf(&b, "  %s  skipped: %d, %s\n", r.Letter, r.Groups, r.Text)
	}
	for _, t := range m.Totals() {
		fmt.Fprintf(&b, "%-12s%s\n", t[0], t[1])
	}
	return b.String()
}
