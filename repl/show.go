package repl

import (
	"context"
	"fmt"
	"io"
	"sort"
	"strings"

	"github.com/riffle-io/riffle/dataflow/exec"
	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/optimizer"
	"github.com/riffle-io/riffle/repl/render"
	"github.com/riffle-io/riffle/sql"
)

// rows shows a small result made here: text columns only.
func (st *statement) rows(names []string, rows [][]string) error {
	w, err := st.out.Result(render.TextOptions(names))
	if err != nil {
		return err
	}
	if err := render.TextRows(w, len(names), rows); err != nil {
		return err
	}
	return w.Close()
}

func (st *statement) describe(d *sql.Describe) error {
	var rows [][]string
	for i, f := range d.Schema.Fields {
		null, note := "yes", ""
		if f.NotNull {
			null = "no"
		}
		if d.Hidden[i] {
			note = "metadata, not part of *"
		}
		if d.Watermark != nil && i == d.Watermark.Col {
			note = "event time, watermark " + d.Watermark.Expr.String()
		}
		rows = append(rows, []string{f.Name, f.Type.String(), null, note})
	}
	return st.rows([]string{"column", "type", "null", "note"}, rows)
}

func (st *statement) show(sh *sql.Show) error {
	switch name := strings.ToLower(sh.Name); name {
	case "tables", "views":
		var rows [][]string
		for _, n := range st.s.cat.list(name == "views") {
			rows = append(rows, []string{n})
		}
		return st.rows([]string{"name"}, rows)
	case "functions":
		return st.rows([]string{"name", "arguments", "meaning"}, functionRows())
	case "all":
		var rows [][]string
		for _, set := range settings {
			rows = append(rows, []string{set.name, set.get(&st.set), set.doc})
		}
		return st.rows([]string{"setting", "value", "meaning"}, rows)
	default:
		for _, set := range settings {
			if set.name == name {
				return st.rows([]string{name}, [][]string{{set.get(&st.set)}})
			}
		}
	}
	return misuse("SHOW %s: there are TABLES, VIEWS, FUNCTIONS, ALL and the names of settings", sh.Name)
}

func functionRows() [][]string {
	var rows [][]string
	for _, f := range expr.Funcs() {
		rows = append(rows, []string{f.Name, f.Args, f.Doc})
	}
	for _, f := range expr.AggFuncs() {
		rows = append(rows, []string{f.Name, f.Args, "Aggregate. " + f.Doc})
	}
	sort.Slice(rows, func(i, j int) bool { return rows[i][0] < rows[j][0] })
	return rows
}

// explain shows the physical plan; COST adds what the optimizer expects of each operator, ANALYZE runs
// it and adds what each did.
func (st *statement) explain(e *sql.Explain) error {
	var root plan.Node
	switch in := e.Inner.(type) {
	case *sql.Query:
		root = in.Plan
	case *sql.Insert:
		root = in.Plan
	case *sql.Copy:
		root = in.Plan
	default:
		return misuse("EXPLAIN takes a query, INSERT or COPY")
	}
	phys, err := st.optimize(root)
	if err != nil {
		return err
	}
	if on(e, "cost") {
		return st.explainCost(e, phys)
	}
	note := func(n plan.Node) string {
		if _, ok := n.(*plan.Scan); ok {
			return fmt.Sprintf("(about %.0f rows)", optimizer.Estimate(n).Rows)
		}
		return plan.StateNote(n)
	}
	if e.Analyze {
		job, err := st.execute(phys, &resultOutput{w: discard{}})
		if err != nil {
			return err
		}
		note = func(n plan.Node) string { return analyzed(job, n) }
	}
	return st.planLines(plan.Explain(phys, note) + modeLine(phys))
}

// planMode is how a plan's result changes, and its key when it has one.
func planMode(phys plan.Node) (mode string, key []string) {
	m, cols := plan.ModeOf(phys)
	for _, c := range cols {
		key = append(key, phys.Schema().Fields[c].Name)
	}
	return m.String(), key
}

// modeLine is planMode for people.
func modeLine(phys plan.Node) string {
	mode, key := planMode(phys)
	if key != nil {
		mode += ", key: " + strings.Join(key, ", ")
	}
	return "mode: " + mode
}

// planLines shows a text as rows.
func (st *statement) planLines(text string) error {
	var rows [][]string
	for line := range strings.Lines(text) {
		rows = append(rows, []string{strings.TrimRight(line, "\n")})
	}
	return st.rows([]string{"plan"}, rows)
}

func analyzed(job *exec.Job, n plan.Node) string {
	if s, ok := n.(*plan.Scan); ok {
		return fmt.Sprintf("(%d rows)", job.ScanRows(s))
	}
	st, ok := job.Stats(n)
	if !ok {
		return ""
	}
	note := fmt.Sprintf("(%d -> %d rows, %.1f ms with what follows)", st.RowsIn, st.RowsOut, float64(st.Nanos)/1e6)
	if st.Note != "" {
		note += " " + st.Note
	}
	return note
}

// discard is a writer for results that nobody reads.
type discard struct{}

func (discard) Write(*vec.Batch) error { return nil }
func (discard) Flush() error           { return nil }
func (discard) Close() error           { return nil }

// ExecutePlain runs a statement whose result is one column of text, and writes the text alone.
func (s *Session) ExecutePlain(ctx context.Context, text string, w io.Writer) error {
	out := s.out
	out.Result = func(render.Options) (render.Writer, error) { return &plainLines{w}, nil }
	return s.executeTo(ctx, text, out, nil)
}

type plainLines struct{ w io.Writer }

func (p *plainLines) Write(b *vec.Batch) error {
	for k, n := 0, b.Live(); k < n; k++ {
		if _, err := fmt.Fprintf(p.w, "%s\n", b.Cols[0].Str(b.Row(k))); err != nil {
			return err
		}
	}
	return nil
}

func (p *plainLines) Flush() error { return nil }
func (p *plainLines) Close() error { return nil }
