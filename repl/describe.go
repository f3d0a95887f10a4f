package repl

import (
	"fmt"
	"math"
	"sort"
	"strings"
	"text/tabwriter"

	"github.com/riffle-io/riffle/repl/render"
)

// columnsText aligns lines of cells that tabs divide.
func columnsText(lines []string) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, l := range lines {
		fmt.Fprintln(w, l)
	}
	w.Flush() // a builder takes everything
	var out strings.Builder
	for l := range strings.Lines(b.String()) {
		out.WriteString(strings.TrimRight(l, " \n") + "\n")
	}
	return out.String()
}

// Text is the profile for people.
func (p *Profile) Text(o render.ChartOptions) string {
	lines := []string{fmt.Sprintf("column\t%s %s of %s", p.Column, strings.ToLower(p.Type), p.Table)}
	add := func(name, format string, args ...any) {
		lines = append(lines, name+"\t"+fmt.Sprintf(format, args...))
	}
	add("rows", "%s", render.Count(p.Rows))
	if p.Nulls >= 0 {
		share := ""
		if p.Rows > 0 && p.Nulls > 0 {
			share = fmt.Sprintf("  (%.1f %%)", 100*float64(p.Nulls)/float64(p.Rows))
		}
		add("nulls", "%s%s", render.Count(p.Nulls), share)
	}
	if p.Distinct >= 0 {
		about := ""
		if p.DistinctEstimated {
			about = "about "
		}
		add("distinct", "%s%s", about, render.Count(p.Distinct))
	}
	if p.Min != "" {
		add("min", "%s", render.Clean(p.Min, 60))
		add("max", "%s", render.Clean(p.Max, 60))
	}
	if !math.IsNaN(p.Mean) {
		add("mean", "%.6g", p.Mean)
	}
	if !math.IsNaN(p.Stddev) {
		add("stddev", "%.6g", p.Stddev)
	}
	for _, q := range p.Quantiles {
		about := ""
		if p.QuantilesEstimated {
			about = "about "
		}
		add(fmt.Sprintf("p%g", q.P*100), "%s%s", about, q.Text)
	}
	add("basis", "%s", p.Basis)
	return columnsText(lines) + p.charts(o)
}

func (p *Profile) charts(o render.ChartOptions) string {
	var b strings.Builder
	if len(p.Top) > 0 && (p.Histogram == nil || p.Distinct <= int64(len(p.Top))) {
		b.WriteString("\nmost frequent values\n")
		var labels []string
		var counts []float64
		for _, t := range p.Top {
			labels, counts = append(labels, t.Text), append(counts, float64(t.Rows))
		}
		b.WriteString(render.Bars(labels, counts, o))
	} else if len(p.Histogram) > 0 {
		b.WriteString("\nvalues from\n")
		var labels []string
		var counts []float64
		for _, h := range p.Histogram {
			labels, counts = append(labels, h.LoText), append(counts, float64(h.Rows))
		}
		b.WriteString(render.Bars(labels, counts, o))
	}
	return b.String()
}

// Text is the file for people: the file, its row groups, the columns of all of them, and with pages
// the pages of each chunk.
func (f *ParquetFile) Text(pages bool) string {
	lines := []string{"file\t" + f.Path, "size\t" + render.Bytes(f.Size), "rows\t" + render.Count(f.Rows),
		fmt.Sprintf("row groups\t%d", len(f.RowGroups)), "created by\t" + f.CreatedBy,
		fmt.Sprintf("page index\t%s", map[bool]string{true: "yes", false: "no"}[f.PageIndex]), fmt.Sprintf("bloom filters\t%d", f.Blooms)}
	var keys []string
	for k := range f.Metadata {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	for _, k := range keys {
		lines = append(lines, "metadata\t"+k+" = "+render.Clean(f.Metadata[k], 60))
	}
	for _, o := range f.Omitted {
		lines = append(lines, "not read\t"+o)
	}
	out := columnsText(lines) + "\n" + f.groupsText(pages)
	if len(f.Advice) > 0 {
		out += "\nadvice\n"
		for _, a := range f.Advice {
			out += "- " + a + "\n"
		}
	}
	return out
}

func (f *ParquetFile) groupsText(pages bool) string {
	lines := []string{"row group\tcolumn\ttype\tencodings\tcodec\tsize\tof\tnulls\tmin\tmax\tpages"}
	for i, g := range f.RowGroups {
		sorted := ""
		if len(g.SortedBy) > 0 {
			sorted = "sorted by " + strings.Join(g.SortedBy, ", ")
		}
		lines = append(lines, fmt.Sprintf("%d\t%s rows\t\t%s\t\t%s\t%s\t\t\t\t", i, render.Count(g.Rows), sorted, render.Bytes(g.Compressed), render.Bytes(g.Uncompressed)))
		for _, c := range g.Chunks {
			nulls := "?"
			if c.Nulls >= 0 {
				nulls = render.Count(c.Nulls)
			}
			name := c.SQLType
			if name == "" {
				name = c.Type
			}
			lines = append(lines, fmt.Sprintf("\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%d", c.Column, strings.ToLower(name), strings.Join(c.Encodings, " "), c.Codec,
				render.Bytes(c.Compressed), render.Bytes(c.Uncompressed), nulls, render.Clean(c.Min, 20), render.Clean(c.Max, 20), len(c.Pages)))
			if pages {
				lines = append(lines, pageLines(c.Pages)...)
			}
		}
	}
	return columnsText(lines)
}

func pageLines(pages []ParquetPage) (out []string) {
	for i, p := range pages {
		nulls := "?"
		if p.Nulls >= 0 {
			nulls = render.Count(p.Nulls)
		}
		out = append(out, fmt.Sprintf("\t  page %d\t%s rows from %s\t\t\t%s\t\t%s\t%s\t%s\t", i, render.Count(p.Rows), render.Count(p.FirstRow), render.Bytes(p.Bytes), nulls, render.Clean(p.Min, 20), render.Clean(p.Max, 20)))
	}
	return out
}

// Text is the answer for people.
func (w *Why) Text() string {
	var b strings.Builder
	b.WriteString("cause   " + w.Cause + "\n")
	for _, d := range w.Detail {
		b.WriteString("        " + d + "\n")
	}
	for i, n := range w.NotIt {
		b.WriteString(map[bool]string{true: "not it  ", false: "        "}[i == 0] + n + "\n")
	}
	for i, f := range w.Fixes {
		b.WriteString(map[bool]string{true: "fix     ", false: "        "}[i == 0] + f.Text + "\n")
		if f.Command != "" {
			b.WriteString("        = " + f.Command + "\n")
		}
	}
	return b.String()
}
