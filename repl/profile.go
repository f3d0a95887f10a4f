package repl

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/repl/render"
	"github.com/riffle-io/riffle/sql"
	"github.com/riffle-io/riffle/sql/syntax"
)

// Profile describes the values of a column.
type Profile struct {
	Table, Column, Type string
	Rows                int64 // -1: not known
	Nulls               int64 // -1: not known
	Distinct            int64 // values that are not NULL; -1: not known
	DistinctEstimated   bool
	Min, Max            string // "" when there is no value
	Mean                float64
	Stddev              float64    // NaN for what is no number
	Quantiles           []Quantile // of numbers and times; nil for others
	QuantilesEstimated  bool
	Top                 []TopValue // the most frequent values, NULL left out
	Histogram           []Bin      // of numbers and times
	Basis               string     // "scan of 12 000 000 rows", "footer of 3 files"
}

// Quantile is the value that a share P of the values does not exceed.
type Quantile struct {
	P     float64
	Text  string
	Value float64
}

// TopValue is a value and how many rows have it.
type TopValue struct {
	Text string
	Rows int64
}

// Bin counts the values from Lo up to but not with Hi; the last bin has Hi too. Times are seconds
// since the Unix epoch.
type Bin struct {
	Lo, Hi         float64
	LoText, HiText string
	Rows           int64
}

// Sizes of a profile.
const (
	profileTop    = 10
	profileBins   = 20
	fineBins      = 2000      // that quantiles are estimated from when there are too many rows to sort
	sortedRows    = 2_000_000 // up to which quantiles are exact
	distinctLimit = 2_000_000 // groups that are counted exactly
)

var profileQuantiles = []float64{0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99}

// Query runs one query that ends and returns its rows, which become no table.
func (s *Session) Query(ctx context.Context, text string) (*Result, error) {
	r := s.StartTo(ctx, text, Output{unnamed: true})
	if err := r.Wait(); err != nil {
		return nil, err
	}
	res := r.Result()
	if res == nil {
		return nil, fmt.Errorf("%w: the input does not end", ErrUnbounded)
	}
	return res, nil
}

// column finds a column of a table that SQL text names.
func (s *Session) column(ctx context.Context, table, column string) (plan.Table, vec.Field, error) {
	text := "DESCRIBE " + table
	script, err := syntax.Parse(text)
	if err != nil { // a function, or a query in parentheses
		text = "DESCRIBE SELECT * FROM " + table
		script, err = syntax.Parse(text)
	}
	if err != nil || len(script.Stmts) != 1 {
		return nil, vec.Field{}, notTable(table, text, err)
	}
	bound, err := s.begin(ctx, s.out, nil).bind(script.Stmts[0], text)
	if err != nil {
		return nil, vec.Field{}, err
	}
	d := bound.(*sql.Describe)
	var names []string
	for _, f := range d.Schema.Fields {
		if strings.EqualFold(f.Name, column) {
			return d.Table, f, nil
		}
		names = append(names, f.Name)
	}
	hint := ""
	if near := syntax.Suggest(column, names); near != "" {
		hint = "; did you mean " + near + "?"
	}
	return nil, vec.Field{}, misuse("%s has no column %s%s", table, column, hint)
}

// Profile reads a column of a table, as SQL text names it: orders, 'flights.parquet', _1. A topic
// needs a range that ends.
func (s *Session) Profile(ctx context.Context, table, column string) (*Profile, error) {
	_, f, err := s.column(ctx, table, column)
	if err != nil {
		return nil, err
	}
	if unbounded, err := s.Unbounded(ctx, table); err != nil {
		return nil, err
	} else if unbounded {
		return nil, fmt.Errorf("%w: %s; profile a part of it, such as @-1h..now", ErrUnbounded, table)
	}
	p := &profiler{s: s, ctx: ctx, from: table, col: quoteName(f.Name), f: f}
	p.out = Profile{Table: table, Column: f.Name, Type: f.Type.String(), Distinct: -1, Mean: math.NaN(), Stddev: math.NaN()}
	for _, step := range []func() error{p.basics, p.top, p.numbers} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	p.out.Basis = fmt.Sprintf("scan of %s rows", render.Count(p.out.Rows))
	return &p.out, nil
}

// FooterProfile is what is known of a column without reading rows; ok is false when that is nothing.
func (s *Session) FooterProfile(ctx context.Context, table, column string) (p *Profile, ok bool, err error) {
	t, f, err := s.column(ctx, table, column)
	if err != nil || t == nil {
		return nil, false, err
	}
	st, at := t.Stats(), t.Schema().Index(f.Name)
	if st.Rows < 0 || at < 0 || at >= len(st.Cols) {
		return nil, false, nil
	}
	c := st.Cols[at]
	p = &Profile{Table: table, Column: f.Name, Type: f.Type.String(), Rows: int64(st.Rows), Nulls: -1, Distinct: -1, Mean: math.NaN(), Stddev: math.NaN(), Basis: "footers and statistics"}
	if c.HasRange {
		p.Min, p.Max = c.Min.Format(f.Type), c.Max.Format(f.Type)
		p.Nulls = int64(math.Round(c.Nulls * st.Rows))
	}
	if c.Distinct > 0 {
		p.Distinct, p.DistinctEstimated = int64(c.Distinct), true
	}
	return p, true, nil
}

// profiler makes a profile from queries.
type profiler struct {
	s         *Session
	ctx       context.Context
	from, col string // as SQL
	f         vec.Field
	out       Profile
}

// ask runs a query and returns its rows.
func (p *profiler) ask(format string, args ...any) (*Result, [][]Cell, error) {
	r, err := p.s.Query(p.ctx, fmt.Sprintf(format, args...))
	if err != nil {
		return nil, nil, fmt.Errorf("profile of %s: %w", p.out.Column, err)
	}
	rows, err := r.Page(0, fineBins+1, nil)
	return r, rows, err
}

// basics counts rows and finds the range.
func (p *profiler) basics() error {
	more := ""
	if p.f.Type.IsNumeric() {
		more = fmt.Sprintf(", avg(%[1]s), stddev_samp(CAST(%[1]s AS DOUBLE))", p.col)
	}
	r, rows, err := p.ask("SELECT count(*), count(%[1]s), min(%[1]s), max(%[1]s)%[2]s FROM %[3]s", p.col, more, p.from)
	if err != nil {
		return err
	}
	defer r.drop()
	row := rows[0]
	p.out.Rows, _ = strconv.ParseInt(row[0].Text, 10, 64)
	values, _ := strconv.ParseInt(row[1].Text, 10, 64)
	p.out.Nulls = p.out.Rows - values
	if !row[2].Null {
		p.out.Min, p.out.Max = row[2].Text, row[3].Text
	}
	if more != "" { // ten digits: the last ones depend on the order of the rows
		for i, to := range []*float64{&p.out.Mean, &p.out.Stddev} {
			if !row[4+i].Null {
				f, _ := strconv.ParseFloat(row[4+i].Text, 64)
				*to, _ = strconv.ParseFloat(strconv.FormatFloat(f, 'g', 10, 64), 64)
			}
		}
	}
	return nil
}

// top counts the values: those that come most often, and how many there are.
func (p *profiler) top() error {
	r, rows, err := p.ask("SELECT %[1]s, count(*) FROM %[2]s WHERE %[1]s IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT %[3]d", p.col, p.from, profileTop)
	if err != nil {
		return err
	}
	defer r.drop()
	for _, row := range rows {
		n, _ := strconv.ParseInt(row[1].Text, 10, 64)
		p.out.Top = append(p.out.Top, TopValue{row[0].Text, n})
	}
	// hash() maps values to 64 bits: counting the hashes below a bound and scaling up estimates the
	// number of values with an error of about 1/sqrt(counted).
	if p.out.Rows <= distinctLimit {
		return p.count("SELECT count(*) FROM (SELECT %[1]s FROM %[2]s WHERE %[1]s IS NOT NULL GROUP BY 1) q", 1)
	}
	p.out.DistinctEstimated = true
	return p.count("SELECT count(*) FROM (SELECT hash(%[1]s) FROM %[2]s WHERE %[1]s IS NOT NULL AND hash(%[1]s) %% 64 = 0 GROUP BY 1) q", 64)
}

func (p *profiler) count(query string, scale int64) error {
	r, rows, err := p.ask(query, p.col, p.from)
	if err != nil {
		return err
	}
	defer r.drop()
	n, err := strconv.ParseInt(rows[0][0].Text, 10, 64)
	p.out.Distinct = n * scale
	return err
}

// number is the column as a DOUBLE that orders as it does; "" when it has none.
func (p *profiler) number() string {
	switch {
	case p.f.Type.IsNumeric():
		return "CAST(" + p.col + " AS DOUBLE)"
	case p.f.Type.Kind == vec.Date, isTime(p.f.Type):
		return "CAST(epoch(" + p.col + ") AS DOUBLE)"
	}
	return ""
}

// text is a number as a value of the column.
func (p *profiler) text(v float64) string {
	switch {
	case p.f.Type.Kind == vec.Date:
		return vec.IntValue(int64(math.Floor(v / 86400))).Format(vec.TDate)
	case isTime(p.f.Type):
		return vec.IntValue(int64(v * 1e6)).Format(p.f.Type)
	case p.f.Type.IsInteger():
		return strconv.FormatInt(int64(math.Round(v)), 10)
	}
	return strconv.FormatFloat(v, 'g', 6, 64)
}

// numbers makes the histogram and the quantiles.
func (p *profiler) numbers() error {
	num := p.number()
	if num == "" || p.out.Min == "" {
		return nil
	}
	r, _, err := p.ask("SELECT min(x), max(x) FROM (SELECT %s AS x FROM %s) q WHERE x > -1e300 AND x < 1e300", num, p.from)
	if err != nil {
		return err
	}
	defer r.drop()
	lo, err1 := r.Float(0, 1, 0)
	hi, err2 := r.Float(0, 1, 1)
	if err1 != nil || err2 != nil || math.IsNaN(lo[0]) {
		return err1
	}
	fine, err := p.bins(num, lo[0], hi[0])
	if err != nil {
		return err
	}
	p.histogram(lo[0], hi[0], fine)
	if p.out.Rows <= sortedRows {
		return p.exactQuantiles(num)
	}
	p.estimatedQuantiles(lo[0], hi[0], fine)
	return nil
}

// bins counts the values in fineBins bins of equal width.
func (p *profiler) bins(num string, lo, hi float64) ([]int64, error) {
	out := make([]int64, fineBins)
	width := (hi - lo) / fineBins
	if width <= 0 {
		out[0] = p.out.Rows - p.out.Nulls
		return out, nil
	}
	lit := func(f float64) string { return "CAST(" + strconv.FormatFloat(f, 'g', -1, 64) + " AS DOUBLE)" }
	_, rows, err := p.ask("SELECT CAST(least(floor((x - %s) / %s), %d.0) AS INT) AS b, count(*) FROM (SELECT %s AS x FROM %s) q WHERE x > -1e300 AND x < 1e300 GROUP BY 1",
		lit(lo), lit(width), fineBins-1, num, p.from)
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		b, err1 := strconv.Atoi(row[0].Text)
		n, err2 := strconv.ParseInt(row[1].Text, 10, 64)
		if err1 == nil && err2 == nil && b >= 0 && b < fineBins {
			out[b] += n
		}
	}
	return out, nil
}

// histogram joins fine bins; whole numbers of a small range get a bin each.
func (p *profiler) histogram(lo, hi float64, fine []int64) {
	n := profileBins
	if p.f.Type.IsInteger() && hi-lo < profileBins {
		n = int(hi-lo) + 1
		hi = lo + float64(n)
	}
	width := (hi - lo) / float64(n)
	for i := range n {
		a, b := lo+float64(i)*width, lo+float64(i+1)*width
		p.out.Histogram = append(p.out.Histogram, Bin{Lo: a, Hi: b, LoText: p.text(a), HiText: p.text(b)})
	}
	full := (hi - lo) / float64(len(fine))
	if n < profileBins { // the fine bins span one less: the largest value is in the last one
		full = (hi - 1 - lo) / float64(len(fine))
	}
	for i, rows := range fine {
		at := n - 1
		if width > 0 {
			// A fine bin begins at a whole number, or just after: half a bin is never the next one.
			at = min(n-1, int((float64(i)+0.5)*full/width))
			if n < profileBins {
				at = min(n-1, int(math.Round((float64(i)+0.5)*full)))
			}
		}
		p.out.Histogram[at].Rows += rows
	}
}

// exactQuantiles sorts the values.
func (p *profiler) exactQuantiles(num string) error {
	r, _, err := p.ask("SELECT %s AS x FROM %s WHERE %s IS NOT NULL ORDER BY 1", num, p.from, p.col)
	if err != nil {
		return err
	}
	defer r.drop()
	for _, q := range profileQuantiles {
		at := int64(math.Ceil(q*float64(r.Rows()))) - 1
		v, err := r.Float(max(at, 0), 1, 0)
		if err != nil {
			return err
		}
		if len(v) == 1 {
			p.out.Quantiles = append(p.out.Quantiles, Quantile{q, p.text(v[0]), v[0]})
		}
	}
	return nil
}

// estimatedQuantiles reads them off the fine bins.
func (p *profiler) estimatedQuantiles(lo, hi float64, fine []int64) {
	p.out.QuantilesEstimated = true
	var all int64
	for _, n := range fine {
		all += n
	}
	width := (hi - lo) / float64(len(fine))
	for _, q := range profileQuantiles {
		want, sum := q*float64(all), int64(0)
		for i, n := range fine {
			if float64(sum+n) >= want && n > 0 {
				v := lo + (float64(i)+(want-float64(sum))/float64(n))*width
				p.out.Quantiles = append(p.out.Quantiles, Quantile{q, p.text(v), v})
				break
			}
			sum += n
		}
	}
}
