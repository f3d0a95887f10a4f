package repl

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/riffle-io/riffle/sql/syntax"
)

// Diff is how the rows of two tables differ, as multisets.
type Diff struct {
	Columns []string // differences of the columns, in words; rows are then not compared
	OnlyA   int64    // rows of A that B has not, or has fewer times
	OnlyB   int64
	Rows    *Result // column "diff" ("-" only in A, "+" only in B), "times", then the columns; nil without row differences
}

// Same tells whether there is no difference.
func (d *Diff) Same() bool { return len(d.Columns) == 0 && d.OnlyA == 0 && d.OnlyB == 0 }

// Source is what a person names: a query as it is in parentheses, a table or result by its name,
// else a file, directory or topic in quotes.
func (s *Session) Source(text string) string {
	t := strings.TrimRight(strings.TrimSpace(text), "; \n")
	toks := syntax.Scan(t)
	first := strings.ToLower(toks[0].Text)
	if len(toks) > 2 && toks[0].Kind == syntax.TokIdent && slices.Contains([]string{"select", "with", "values", "table"}, first) {
		return "(" + t + ") AS q"
	}
	if strings.HasPrefix(t, "'") || strings.HasPrefix(t, "gen.") || strings.HasPrefix(t, "job.") || strings.HasPrefix(t, "savepoint(") || strings.HasPrefix(t, `"`) {
		return t
	}
	if _, ok, _ := s.results.find(t); ok {
		return t
	}
	if slices.Contains(s.cat.list(false), t) || slices.Contains(s.cat.list(true), t) {
		return quoteDotted(t)
	}
	if _, err := os.Stat(t); err != nil && isName(toks) { // the binder says what it could have been
		return t
	}
	return quote(t)
}

// isName tells whether tokens are a dotted name and nothing else, and not one of a file.
func isName(toks []syntax.Token) bool {
	for i, t := range toks[:len(toks)-1] {
		if i%2 == 0 && t.Kind != syntax.TokIdent && t.Kind != syntax.TokQuoted || i%2 == 1 && t.Text != "." {
			return false
		}
	}
	return len(toks) > 1 && formats["."+toks[len(toks)-2].Text] == ""
}

// Diff compares the rows of two queries, tables, results or files, whatever their order.
func (s *Session) Diff(ctx context.Context, a, b string) (*Diff, error) {
	a, b = s.Source(a), s.Source(b)
	st := s.begin(ctx, s.out, nil)
	var sides [2][]scopeColumn
	for i, from := range []string{a, b} {
		if un, err := s.Unbounded(ctx, from); err != nil {
			return nil, err
		} else if un {
			return nil, fmt.Errorf("%w: %s; compare a part of it, such as @-1h..now", ErrUnbounded, from)
		}
		sides[i] = st.columnsOf("SELECT * FROM " + from)
	}
	out := &Diff{Columns: columnDiff(sides[0], sides[1])}
	if len(out.Columns) > 0 {
		return out, nil
	}
	var names, cols []string
	for i, c := range sides[0] {
		cols = append(cols, fmt.Sprintf("c%d", i))
		names = append(names, fmt.Sprintf("c%d AS %s", i, quoteName(c.name)))
	}
	list := strings.Join(cols, ", ")
	side := func(from string, sign int) string {
		return fmt.Sprintf("SELECT %s, %d AS s FROM (SELECT * FROM %s) AS x(%s)", list, sign, from, list)
	}
	query := fmt.Sprintf("SELECT CASE WHEN s > 0 THEN '-' ELSE '+' END AS diff, abs(s) AS times, %s FROM (SELECT %s, sum(s) AS s FROM (%s UNION ALL %s) AS u GROUP BY %s) AS d WHERE s <> 0 ORDER BY %s, diff",
		strings.Join(names, ", "), list, side(a, 1), side(b, -1), list, list)
	r, err := s.Query(ctx, query)
	if err != nil {
		return nil, err
	}
	return out, out.count(r)
}

// count sums the rows of each side.
func (d *Diff) count(r *Result) error {
	for from := int64(0); from < r.Rows(); from += 1024 {
		rows, err := r.Page(from, 1024, []int{0})
		if err != nil {
			return err
		}
		times, err := r.Float(from, len(rows), 1)
		if err != nil {
			return err
		}
		for i, row := range rows {
			if row[0].Text == "-" {
				d.OnlyA += int64(times[i])
			} else {
				d.OnlyB += int64(times[i])
			}
		}
	}
	if r.Rows() > 0 {
		d.Rows = r
	}
	return nil
}

// columnDiff says how the columns of two tables differ.
func columnDiff(a, b []scopeColumn) (out []string) {
	for i := range max(len(a), len(b)) {
		switch {
		case i >= len(a):
			out = append(out, fmt.Sprintf("+ column %s %s", b[i].name, b[i].typ))
		case i >= len(b):
			out = append(out, fmt.Sprintf("- column %s %s", a[i].name, a[i].typ))
		case a[i].name != b[i].name:
			out = append(out, fmt.Sprintf("column %d is %s %s and %s %s", i+1, a[i].name, a[i].typ, b[i].name, b[i].typ))
		case a[i].typ != b[i].typ:
			out = append(out, fmt.Sprintf("column %s is %s and %s", a[i].name, a[i].typ, b[i].typ))
		}
	}
	return out
}
