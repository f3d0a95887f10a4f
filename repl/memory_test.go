package repl

import (
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/spill"
)

// Whatever a statement does, and however it ends, the memory of the process is free again after it.
func TestMemoryIsGivenBack(t *testing.T) {
	s, text := memSession(t)
	s.Memory = 24 << 20
	dir := t.TempDir()
	for i := range 5 {
		ask(t, s, text, fmt.Sprintf("COPY (SELECT o_orderkey AS k, o_custkey AS c, o_totalprice AS p, o_comment AS x FROM gen.tpch_orders(sf => 0.05) WHERE o_orderkey BETWEEN %d AND %d) TO '%s'",
			i*60000, (i+1)*60000-1, filepath.Join(dir, fmt.Sprintf("%d.parquet", i))))
	}
	from := "'" + dir + "'"
	fits := func(err error) bool { return err == nil }
	for _, c := range []struct {
		query string
		ends  func(error) bool
	}{
		{"SELECT count(*) FROM " + from + " a JOIN " + from + " b ON a.k = b.k", fits},
		{"SELECT a.c, count(*) FROM " + from + " a JOIN (SELECT DISTINCT c FROM " + from + ") b ON a.c = b.c GROUP BY 1 ORDER BY 2 LIMIT 3", fits},
		{"SELECT k, sum(p), max(x) FROM " + from + " GROUP BY k", fits},
		{"SELECT k, x, sum(p) FROM " + from + " GROUP BY 1, 2 LIMIT 1", fits},
		{"SELECT c, x, count(DISTINCT k) FROM " + from + " GROUP BY 1, 2", fits},
		{"SELECT * FROM " + from + " ORDER BY x", fits},
		{"SELECT * FROM " + from + " ORDER BY x LIMIT 10", fits},
		{"SELECT k, 1 / (k - 1) FROM (SELECT k, count(*) FROM " + from + " GROUP BY k)", func(err error) bool { return errors.Is(err, expr.ErrDivideByZero) }},
		{"SELECT count(*) FROM " + from + " a JOIN (SELECT *, x || x || x || x || x || x AS y FROM " + from + ") b ON a.k + 1 = b.k AND a.x < b.y", func(err error) bool { return errors.Is(err, spill.ErrOverBudget) }},
	} {
		text.Reset()
		if err := s.Execute(t.Context(), c.query); !c.ends(err) {
			t.Errorf("%s: %v", c.query, err)
		}
		if now, _ := s.pool.Used(); now != 0 {
			t.Fatalf("%d bytes are held after %s", now, c.query)
		}
	}
}
