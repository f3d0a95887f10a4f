package repl

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/exec"
	"github.com/riffle-io/riffle/dataflow/plan"
)

// finish waits for a run and returns its status.
func finish(t *testing.T, r *Run) RunStatus {
	t.Helper()
	select {
	case <-r.Done():
	case <-time.After(time.Minute):
		t.Fatalf("%s does not end", r.Text())
	}
	return r.Status()
}

// texts is a page as lines of CSV.
func texts(rows [][]Cell) string {
	var b strings.Builder
	for _, r := range rows {
		for i, c := range r {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(c.Text)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func page(t *testing.T, r *Result) string {
	t.Helper()
	rows, err := r.Page(0, 100, nil)
	if err != nil {
		t.Fatal(err)
	}
	return texts(rows)
}

func TestRun(t *testing.T) {
	s, _ := memSession(t)
	r := s.Start(t.Context(), "SELECT 1 AS a, 'x' AS b UNION ALL SELECT 2, NULL ORDER BY a")
	st := finish(t, r)
	if st.State != StateDone || st.Rows != 2 || st.Name != "_1" || st.Stream || st.Fraction != 1 || st.Mode != "append" || st.Plan == "" {
		t.Fatalf("%+v", st)
	}
	if got := page(t, r.Result()); got != "1,x\n2,NULL\n" || !r.Result().Complete() {
		t.Fatalf("result %q", got)
	}
	cols := r.Result().Columns()
	if cols[0].Name != "a" || !cols[0].Numeric || cols[1].Type != "VARCHAR" {
		t.Fatalf("%+v", cols)
	}
	for _, q := range []string{"SELECT a + 1 FROM _1 WHERE b IS NULL", "SELECT * FROM _", "SELECT * FROM _2"} {
		if st := finish(t, s.Start(t.Context(), q)); st.Err != "" || st.Rows != 1 {
			t.Fatalf("%s: %+v", q, st)
		}
	}
	r = s.Start(t.Context(), "SHOW TABLES")
	if st := finish(t, r); st.Name != "" || r.Result() == nil || s.Results()[len(s.Results())-1].Name() != "_4" {
		t.Fatalf("SHOW became a table: %+v", st)
	}
}

func TestRunErrors(t *testing.T) {
	s, _ := memSession(t)
	for _, c := range []struct {
		text, want string
		line, col  int
	}{
		{"SELECT 1;\nSELECT nope FROM (SELECT 1 AS nop) q", "did you mean nop?", 2, 8},
		{"SELECT (1", "expected )", 1, 10},
		{"SELECT * FROM _7", "there is no result _7 yet", 1, 15},
		{"SELECT 1 / 0", "division by zero", 0, 0},
		{"SELECT * FROM 'nofile.csv'", "nofile.csv", 1, 15},
		{"SET nope = 1", "no setting", 0, 0},
	} {
		st := finish(t, s.Start(t.Context(), c.text))
		if st.State != StateFailed || !strings.Contains(st.Err, c.want) || st.Line != c.line || st.Col != c.col {
			t.Errorf("%s: %s, %q at %d:%d", c.text, st.State, st.Err, st.Line, st.Col)
		}
	}
}

func TestRunCancel(t *testing.T) {
	s, _ := memSession(t)
	r := s.Start(t.Context(), "SELECT count(*) FROM gen.tpch_lineitem(sf => 1000) a, gen.tpch_lineitem(sf => 1000) b WHERE a.l_comment = b.l_comment")
	for r.Status().Plan == "" { // it runs
		time.Sleep(time.Millisecond)
	}
	r.Cancel()
	st := finish(t, r)
	if st.State != StateCancelled || !errors.Is(r.Err(), ErrCancelled) {
		t.Fatalf("%+v, %v", st, r.Err())
	}
	if st := finish(t, s.Start(t.Context(), "SELECT 1")); st.State != StateDone {
		t.Fatalf("the session is broken: %+v", st)
	}
}

func TestResultsAreDropped(t *testing.T) {
	s, _ := memSession(t)
	var last RunStatus
	for i := 1; i <= keepResults+2; i++ {
		last = finish(t, s.Start(t.Context(), fmt.Sprintf("SELECT %d AS i", i)))
	}
	if len(last.Notices) != 1 || !strings.Contains(last.Notices[0], "result _2 was dropped") {
		t.Fatalf("notices %q", last.Notices)
	}
	if st := finish(t, s.Start(t.Context(), "SELECT * FROM _2")); !strings.Contains(st.Err, "gone") {
		t.Fatalf("%+v", st)
	}
	if _, err := s.LookupResult("_3"); err != nil {
		t.Fatal(err)
	}
}

// TestRunsAtTheSameTime has statements of all kinds under way together.
func TestRunsAtTheSameTime(t *testing.T) {
	s, _ := memSession(t)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			name := fmt.Sprintf("t%d", i)
			for _, q := range []string{
				"CREATE TABLE " + name + " AS SELECT o_orderkey AS k FROM gen.tpch_orders(sf => 0.001)",
				"CREATE VIEW v" + name + " AS SELECT k % 10 AS d, count(*) AS n FROM " + name + " GROUP BY 1",
				"SET parallelism = 2",
				"SELECT * FROM v" + name,
				"SHOW TABLES", "SHOW ALL",
				"DROP VIEW v" + name,
			} {
				r := s.Start(t.Context(), q)
				for r.Status().State == StateRunning {
					time.Sleep(time.Millisecond)
				}
				if st := finish(t, r); st.Err != "" {
					t.Errorf("%s: %s", q, st.Err)
				}
			}
		}()
	}
	wg.Wait()
}

func TestRunInput(t *testing.T) {
	s, _ := memSession(t)
	dir := t.TempDir()
	finish(t, s.Start(t.Context(), "COPY (SELECT o_orderkey AS k FROM gen.tpch_orders(sf => 0.01)) TO '"+dir+"/a.parquet'"))
	st := finish(t, s.Start(t.Context(), "SELECT count(*) FROM '"+dir+"/*.parquet' WHERE k >= 0"))
	if st.Files != 1 || st.RowGroups < 1 || st.RowGroupsRead != st.RowGroups {
		t.Fatalf("%+v", st)
	}
	full := s.Start(t.Context(), "SELECT max(k) FROM '"+dir+"/*.parquet'")
	finish(t, full)
	for end := time.Now().Add(time.Minute); full.Status().BytesRead <= 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%+v", full.Status())
		}
	}
	if st = finish(t, s.Start(t.Context(), "SELECT count(*) FROM '"+dir+"/*.parquet' WHERE k < 0")); st.RowGroupsRead != 0 {
		t.Fatalf("nothing to read, but %+v", st)
	}
}

// TestCountedJoin runs a join whose scan takes the keys of the other side as a filter: counting the
// input must not hide that from the engine.
func TestCountedJoin(t *testing.T) {
	s, _ := memSession(t)
	dir := t.TempDir()
	for _, q := range []string{
		"COPY (SELECT o_orderkey AS k, o_totalprice AS p FROM gen.tpch_orders(sf => 0.1)) TO '" + dir + "/o.parquet'",
		"COPY (SELECT o_orderkey AS k FROM gen.tpch_orders(sf => 0.1) WHERE o_orderkey < 50) TO '" + dir + "/few.parquet'",
	} {
		if st := finish(t, s.Start(t.Context(), q)); st.Err != "" {
			t.Fatal(st.Err)
		}
	}
	table, err := s.begin(t.Context(), s.out, nil).File(dir+"/o.parquet", nil)
	if err != nil {
		t.Fatal(err)
	}
	in := &input{}
	scan := in.count(plan.NewScan(table, "")).(*plan.Scan)
	src, err := scan.Table.(exec.SourceTable).Source(scan)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := src.(dataflow.KeyFiltered); !ok {
		t.Error("a counted Parquet source takes no keys")
	}
	r := s.Start(t.Context(), "SELECT count(*) FROM '"+dir+"/o.parquet' o JOIN '"+dir+"/few.parquet' f ON o.k = f.k")
	if st := finish(t, r); st.Err != "" || page(t, r.Result()) != "15\n" {
		t.Errorf("%+v %s", st, page(t, r.Result()))
	}
}
