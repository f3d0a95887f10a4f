package repl

import (
	"errors"
	"strings"
	"testing"

	"github.com/riffle-io/riffle/repl/render"
	"github.com/riffle-io/riffle/spill"
)

// memSession is a session whose results go to the returned text, as CSV.
func memSession(t *testing.T) (*Session, *strings.Builder) {
	var text strings.Builder
	s := NewSession(Output{
		Result: func(o render.Options) (render.Writer, error) {
			o.Format = "csv"
			return render.New(&text, o)
		},
		Notice: func(string, ...any) {},
	})
	s.SpillDir = t.TempDir()
	return s, &text
}

func ask(t *testing.T, s *Session, text *strings.Builder, query string) string {
	t.Helper()
	text.Reset()
	if err := s.Execute(t.Context(), query); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return text.String()
}

func TestMemTable(t *testing.T) {
	s, text := memSession(t)
	for _, step := range []struct{ run, want string }{
		{"CREATE TABLE t (a INT NOT NULL, b VARCHAR)", ""},
		{"SELECT * FROM t", "a,b\n"},
		{"SELECT count(*) AS n FROM t", "n\n0\n"},
		{"INSERT INTO t VALUES (1, 'x'), (2, NULL)", ""},
		{"INSERT INTO t (b, a) SELECT b, a + 10 FROM t", ""},
		{"SELECT b, a FROM t ORDER BY a", "b,a\nx,1\n,2\nx,11\n,12\n"},
		{"CREATE TABLE u AS SELECT a % 2 AS odd, count(*) AS n FROM t GROUP BY 1", ""},
		{"SELECT * FROM u ORDER BY odd", "odd,n\n0,2\n1,2\n"},
		{"CREATE OR REPLACE TABLE u (z INT)", ""},
		{"SELECT count(*) AS n FROM u", "n\n0\n"},
		{"DROP TABLE t; CREATE TABLE t (c DATE); SELECT * FROM t", "c\n"},
	} {
		if got := ask(t, s, text, step.run); got != step.want {
			t.Fatalf("%s:\n%s, want\n%s", step.run, got, step.want)
		}
	}
}

// TestMemTableMany inserts more rows than a split has, in one statement and in many.
func TestMemTableMany(t *testing.T) {
	s, text := memSession(t)
	ask(t, s, text, "CREATE TABLE t (k BIGINT)")
	ask(t, s, text, "INSERT INTO t SELECT o_orderkey FROM gen.tpch_orders(sf => 0.1)")
	for range 300 {
		ask(t, s, text, "INSERT INTO t VALUES (1), (2), (3)")
	}
	if n := len(s.cat.tables["t"].mem.batches); n > 160 {
		t.Errorf("%d batches for 150,900 rows", n)
	}
	want := ask(t, s, text, "SELECT count(*) + 900 AS n, sum(o_orderkey) + 1800 AS s FROM gen.tpch_orders(sf => 0.1)")
	if got := ask(t, s, text, "SELECT count(*) AS n, sum(k) AS s FROM t"); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestMemTableRefuses(t *testing.T) {
	s, text := memSession(t)
	ask(t, s, text, "CREATE TABLE t (a INT NOT NULL)")
	for _, c := range []struct{ run, want string }{
		{"CREATE TABLE t (b INT)", "already exists"},
		{"CREATE TABLE k (a INT, PRIMARY KEY (a) NOT ENFORCED)", "no PRIMARY KEY"},
		{"CREATE TABLE k (a INT) WITH ('format' = 'json')", "'connector' is missing"},
		{"INSERT INTO t VALUES (1), (NULL)", "NOT NULL"},
		{"INSERT INTO t SELECT 1 / (o_orderkey - 7) FROM gen.tpch_orders(sf => 0.01)", "division by zero"},
	} {
		if err := s.Execute(t.Context(), c.run); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want an error with %q", c.run, err, c.want)
		}
	}
	if got := ask(t, s, text, "SELECT count(*) AS n FROM t"); got != "n\n0\n" {
		t.Errorf("failed statements left rows: %s", got)
	}
	s.State = t.TempDir()
	if err := s.Execute(t.Context(), "INSERT INTO t VALUES (1)"); err == nil || !strings.Contains(err.Error(), "in memory") {
		t.Errorf("with --state: %v", err)
	}
}

func TestMemTableBudget(t *testing.T) {
	s, text := memSession(t)
	s.Memory = 2 << 20
	ask(t, s, text, "CREATE TABLE t (k BIGINT, c VARCHAR)")
	err := s.Execute(t.Context(), "INSERT INTO t SELECT o_orderkey, o_comment FROM gen.tpch_orders(sf => 0.1)")
	if !errors.Is(err, spill.ErrOverBudget) {
		t.Fatalf("error %v, want one that says that the budget is used up", err)
	}
	if now, _ := s.pool.Used(); now != 0 {
		t.Errorf("%d bytes are held after the failure", now)
	}
	ask(t, s, text, "INSERT INTO t SELECT o_orderkey, o_comment FROM gen.tpch_orders(sf => 0.001)")
	if now, _ := s.pool.Used(); now == 0 {
		t.Error("the table's rows are not counted")
	}
	ask(t, s, text, "DROP TABLE t")
	if now, _ := s.pool.Used(); now != 0 {
		t.Errorf("%d bytes are held after DROP", now)
	}
}
