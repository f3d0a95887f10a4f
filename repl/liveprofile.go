package repl

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/riffle-io/riffle/repl/render"
)

// liveProfileRows is how many rows of a stream's table a profile reads at most: it is made again and
// again, while the table changes.
const liveProfileRows = 100_000

// Profile describes the values of a column of the table. Of a large table it reads the first rows and
// says so.
func (t *LiveTable) Profile(col int) (*Profile, error) {
	c := t.cols[col]
	n := min(t.rows, liveProfileRows)
	p := &Profile{Column: c.Name, Type: c.Type, Rows: n, Mean: math.NaN(), Stddev: math.NaN(), Basis: "all rows of the table"}
	if n < t.rows {
		p.Basis = fmt.Sprintf("the first %s of %s rows", render.Count(n), render.Count(t.rows))
	}
	counts := map[string]int64{}
	const page = 4096
	for from := int64(0); from < n; from += page {
		rows, err := t.Page(from, int(min(page, n-from)), []int{col})
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			if row[0].Null {
				p.Nulls++
			} else {
				counts[row[0].Text]++
			}
		}
	}
	p.Distinct = int64(len(counts))
	for text, rows := range counts {
		p.Top = append(p.Top, TopValue{text, rows})
	}
	slices.SortFunc(p.Top, func(a, b TopValue) int {
		return cmp.Or(cmp.Compare(b.Rows, a.Rows), cmp.Compare(a.Text, b.Text))
	})
	if !c.Numeric {
		if len(p.Top) > 0 {
			byText := func(a, b TopValue) int { return cmp.Compare(a.Text, b.Text) }
			p.Min, p.Max = slices.MinFunc(p.Top, byText).Text, slices.MaxFunc(p.Top, byText).Text
		}
		p.Top = p.Top[:min(len(p.Top), profileTop)]
		return p, nil
	}
	p.Top = p.Top[:min(len(p.Top), profileTop)]
	values, err := t.Float(0, int(n), col)
	if err != nil {
		return nil, err
	}
	p.numbers(slices.DeleteFunc(values, math.IsNaN))
	return p, nil
}

// numbers fills in what only numbers have, from the values, which it sorts.
func (p *Profile) numbers(values []float64) {
	n := len(values)
	if n == 0 {
		return
	}
	slices.Sort(values)
	text := func(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
	lo, hi := values[0], values[n-1]
	p.Min, p.Max = text(lo), text(hi)
	sum, squares := 0.0, 0.0
	for _, v := range values {
		sum += v
	}
	p.Mean = sum / float64(n)
	for _, v := range values {
		squares += (v - p.Mean) * (v - p.Mean)
	}
	p.Stddev = math.Sqrt(squares / float64(max(1, n-1)))
	for _, share := range profileQuantiles {
		v := values[min(n-1, int(share*float64(n)))]
		p.Quantiles = append(p.Quantiles, Quantile{share, text(v), v})
	}
	if !(hi > lo) || math.IsInf(hi-lo, 0) {
		return
	}
	p.Histogram = make([]Bin, profileBins)
	width := (hi - lo) / profileBins
	for i := range p.Histogram {
		from := lo + float64(i)*width
		p.Histogram[i] = Bin{Lo: from, Hi: from + width, LoText: render.Short(from), HiText: render.Short(from + width)}
	}
	for _, v := range values {
		p.Histogram[min(profileBins-1, int((v-lo)/width))].Rows++
	}
}
