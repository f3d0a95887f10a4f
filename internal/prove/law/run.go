package law

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/exec"
	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/optimizer"
	"github.com/riffle-io/riffle/spill"
	"github.com/riffle-io/riffle/sql"
	"github.com/riffle-io/riffle/sql/syntax"
)

// catalog is tables by name. The watermark of streams is delay behind the largest event time.
type catalog struct {
	tables map[string]*table
	delay  int64 // µs
}

func (c *catalog) Table(name []string, _ *syntax.Range) (plan.Table, *plan.Watermark, error) {
	t, ok := c.tables[name[0]]
	if !ok {
		return nil, nil, sql.ErrNoTable
	}
	ts := &expr.Col{Idx: timeColumn, Name: "ts", T: vec.TTimestamp}
	late, err := expr.NewCall("-", ts, &expr.Lit{Val: vec.Value{Iv: vec.Interval{Micros: c.delay}}, T: vec.TInterval})
	if err != nil {
		return nil, nil, err
	}
	return t, &plan.Watermark{Col: timeColumn, Expr: late}, nil
}

func (c *catalog) View([]string) (*sql.View, bool)                { return nil, false }
func (c *catalog) File(string, *syntax.Range) (plan.Table, error) { return nil, sql.ErrNoTable }
func (c *catalog) Target([]string) (plan.Target, error)           { return nil, sql.ErrNoTable }
func (c *catalog) Names() []string                                { return slices.Collect(maps.Keys(c.tables)) }
func (c *catalog) Function([]string, sql.Args) (plan.Table, *plan.Watermark, error) {
	return nil, nil, sql.ErrNoTable
}
func (c *catalog) FileTarget(string, string, map[string]string, *vec.Schema) (plan.Target, error) {
	return nil, sql.ErrNoTable
}

// bind makes the logical plan of a query.
func (c *catalog) bind(text string) (plan.Node, error) {
	script, err := syntax.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("parse: %w", err)
	}
	st, err := sql.Bind(script.Stmts[0], c, sql.Options{Source: text})
	if err != nil {
		return nil, fmt.Errorf("bind: %w", err)
	}
	return st.(*sql.Query).Plan, nil
}

// way is one way to run a query.
type way struct {
	tasks     int
	plain     bool // without the optimizer
	tiny      bool // with a budget that grants next to nothing
	spillDir  string
	sides     map[string]exec.SinkTarget
	keepInput bool // late rows in full
}

// physical plans a query the way's way.
func (w way) physical(n plan.Node) (plan.Node, error) {
	return optimizer.Optimize(n, optimizer.Options{Off: w.plain, KeepColumns: w.keepInput})
}

// groupBytes is what an aggregation gets at least: the first pages of a few tables.
const groupBytes = 600 << 10

// options are those of the engine for this way.
func (w way) options() exec.Options {
	o := exec.Options{Parallelism: w.tasks, SpillDir: w.spillDir, Sides: w.sides}
	if w.tiny {
		o.Budget = func(operator string) dataflow.Budget {
			switch {
			case strings.HasPrefix(operator, "join "): // a build side does not spill yet
				return &miser{limit: 1 << 40}
			case strings.HasPrefix(operator, "hashaggregate"): // a group and its distinct values have to fit
				return &miser{limit: groupBytes}
			}
			return &miser{limit: 1}
		}
	}
	return o
}

// miser is a budget that grants what is asked while nothing is held, and after that only what stays
// below the limit.
type miser struct{ held, limit int64 }

func (m *miser) Grow(n int64) error {
	if m.held > 0 && m.held+n > m.limit {
		return fmt.Errorf("%w: %d bytes held, %d more asked", spill.ErrOverBudget, m.held, n)
	}
	m.held += n
	return nil
}
func (m *miser) Shrink(n int64) { m.held -= n }
func (m *miser) Held() int64    { return m.held }

// sheet is a result as a multiset of rows in text. A change that takes away lowers the count.
type sheet struct {
	types []vec.Type
	count map[string]int
}

func newSheet(types []vec.Type) *sheet { return &sheet{types, map[string]int{}} }

// Emit counts rows.
func (s *sheet) Emit(b *vec.Batch) error {
	for k := range b.Live() {
		i := b.Row(k)
		s.add(s.text(b, i), b.Op(i))
	}
	return nil
}

// total is the number of rows.
func (s *sheet) total() (n int) {
	for _, k := range s.count {
		n += k
	}
	return n
}

func (s *sheet) add(row string, op vec.Op) {
	if vec.IsAdd(op) {
		s.count[row]++
	} else {
		s.count[row]--
	}
	if s.count[row] == 0 {
		delete(s.count, row)
	}
}

func (s *sheet) text(b *vec.Batch, i int) string {
	var out strings.Builder
	for c, v := range b.Cols {
		if c > 0 {
			out.WriteByte('|')
		}
		out.WriteString(v.Value(i).Format(s.types[c]))
	}
	return out.String()
}

// diff is "" when two results are equal, else some rows that are in one only.
func (s *sheet) diff(o *sheet) string {
	var out []string
	for row, n := range s.count {
		if o.count[row] != n {
			out = append(out, fmt.Sprintf("%s: %d times and %d times", row, n, o.count[row]))
		}
	}
	for row, n := range o.count {
		if s.count[row] == 0 {
			out = append(out, fmt.Sprintf("%s: 0 times and %d times", row, n))
		}
	}
	slices.Sort(out)
	return strings.Join(out[:min(len(out), 6)], "\n")
}

// run executes a query to its end. The job is returned for its counters; text is the plan.
func (w way) run(ctx context.Context, n plan.Node) (s *sheet, job *exec.Job, text string, err error) {
	phys, err := w.physical(n)
	if err != nil {
		return nil, nil, "", fmt.Errorf("plan: %w", err)
	}
	s = newSheet(n.Schema().Types())
	o := w.options()
	o.Result = s
	job, err = exec.Run(ctx, phys, o)
	return s, job, plan.Explain(phys, nil), err
}
