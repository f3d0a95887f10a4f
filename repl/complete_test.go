package repl

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// completions asks at the bar in text.
func completions(t *testing.T, s *Session, text string) (from int, list []Completion) {
	t.Helper()
	pos := strings.IndexByte(text, '|')
	return s.Complete(t.Context(), text[:pos]+text[pos+1:], pos)
}

func TestComplete(t *testing.T) {
	t.Chdir(t.TempDir())
	for name, data := range map[string]string{"flights.csv": "id,origin,delay\n1,JFK,3\n", "sub/deep.csv": "x\n1\n", "notes.md": ""} {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s, text := memSession(t)
	ask(t, s, text, "CREATE TABLE orders (order_id BIGINT, country VARCHAR, amount DECIMAL(10,2), ts TIMESTAMP)")
	ask(t, s, text, "CREATE TABLE customers (id BIGINT, country VARCHAR, \"Full Name\" VARCHAR)")
	ask(t, s, text, "CREATE VIEW totals AS SELECT country AS land, sum(amount) AS total FROM orders GROUP BY 1")
	if st := finish(t, s.Start(t.Context(), "SELECT 1 AS one")); st.Err != "" {
		t.Fatal(st.Err)
	}
	for _, c := range []struct {
		text  string
		first string   // the best one
		has   []string // others that must be there
		not   []string // what must not
	}{
		{"|", "COPY", []string{"SELECT", "WITH", "SET"}, []string{"orders", "order_id"}},
		{"sel|", "SELECT", nil, []string{"orders"}},
		{"SELECT | FROM orders", "amount", []string{"country", "order_id", "ts", "count(", "orders"}, []string{"total", "'flights.csv'"}},
		{"SELECT amo|", "amount", nil, nil}, // of a table that FROM may name later
		{"SELECT cou| FROM orders", "country", []string{"count("}, []string{"amount"}},
		{"SELECT a.| FROM orders a JOIN customers c ON a.country = c.country", "amount", []string{"order_id", "*"}, []string{"id"}},
		{"SELECT coun| FROM orders a JOIN customers c ON true", "a.country", []string{"c.country"}, nil},
		{"SELECT full| FROM customers", `"Full Name"`, nil, nil},
		{"SELECT * FROM o|", "orders", nil, []string{"order_id", "notes.md"}},
		{"SELECT * FROM |", "customers", []string{"orders", "totals", "'flights.csv'", "_1", "gen.tpch_orders"}, []string{"amount"}},
		{"SELECT * FROM gen.tpch_o|", "tpch_orders", nil, []string{"orders"}},
		{"SELECT * FROM orders |", "AS", []string{"WHERE", "GROUP BY", "JOIN"}, []string{"amount"}},
		{"SELECT * FROM orders WHERE am|", "amount", nil, nil},
		{"SELECT * FROM orders WHERE amount > 3 a|", "amount", []string{"AND"}, nil},
		{"SELECT lan| FROM totals", "land", nil, []string{"country"}},
		{"SELECT de| FROM 'flights.csv'", "delay", nil, nil},
		{"SELECT * FROM 'fl|", "flights.csv", nil, []string{"notes.md"}},
		{"SELECT * FROM '|'", "flights.csv", []string{"sub/"}, nil},
		{"SELECT * FROM 'sub/|'", "sub/deep.csv", nil, []string{"sub/flights.csv"}},
		{"SELECT x| FROM (SELECT 1 AS xyz) q", "xyz", nil, nil},
		{"WITH w AS (SELECT 1 AS inner_col) SELECT inn| FROM w", "inner_col", nil, nil},
		{"WITH w AS (SELECT 1 AS a) SELECT * FROM w|", "w", nil, nil},
		{"SELECT country, sum(amount) AS revenue FROM orders GROUP BY 1 ORDER BY rev|", "revenue", nil, nil},
		{"SELECT count(*) FROM orders GROUP BY TUMBLE(|, '1 minute')", "ts", []string{"amount"}, nil},
		{"SELECT o1.amount FROM orders o1 WHERE o1.amount > (SELECT max(id) FROM customers WHERE i|)", "id", nil, []string{"amount"}},
		{"SELECT nope FROM orders, | WHERE x = 1", "customers", nil, nil},
		{"SELECT 1; SELECT am| FROM orders; SELECT 2", "amount", nil, nil},
		{"SET par|", "parallelism", nil, []string{"orders"}},
		{"SHOW t|", "TABLES", nil, nil},
		{"INSERT INTO cus|", "customers", nil, nil},
		{"SELECT c_t| FROM gen.tpch_customer(sf => 0.01)", "", nil, nil},
		{"SELECT phone| FROM gen.tpch_customer(sf => 0.01)", "c_phone", nil, nil},
	} {
		from, list := completions(t, s, c.text)
		var got []string
		for _, x := range list {
			got = append(got, x.Text)
		}
		if c.first != "" && (len(got) == 0 || got[0] != c.first) {
			t.Errorf("%s: first of %.5q, want %s (from %d)", c.text, got, c.first, from)
		}
		all := " " + strings.Join(got, " ") + " "
		for _, h := range c.has {
			if !strings.Contains(all, " "+h+" ") {
				t.Errorf("%s: no %s in %q", c.text, h, got)
			}
		}
		for _, n := range c.not {
			if strings.Contains(all, " "+n+" ") {
				t.Errorf("%s: %s is offered", c.text, n)
			}
		}
	}
	for _, none := range []string{"SELECT 1 -- com|", "SELECT 12|", "SELECT /* x| */ 1"} {
		if _, list := completions(t, s, none); len(list) > 0 {
			t.Errorf("%s: %v", none, list)
		}
	}
	if from, _ := completions(t, s, "SELECT cou| FROM orders"); from != 7 {
		t.Errorf("from %d", from)
	}
}

// TestCompleteSeesNewTables declares a table after completion has looked.
func TestCompleteSeesNewTables(t *testing.T) {
	s, text := memSession(t)
	if _, list := completions(t, s, "SELECT aaa| FROM t"); len(list) > 0 {
		t.Fatalf("%v", list)
	}
	ask(t, s, text, "CREATE TABLE t (aaab INT)")
	if _, list := completions(t, s, "SELECT aaa| FROM t"); len(list) != 1 {
		t.Fatalf("%v", list)
	}
}

func FuzzComplete(f *testing.F) {
	s := NewSession(Output{})
	f.Add("SELECT a. FROM t a JOIN (SELECT 1 x) b ON ", 9)
	f.Add("WITH w AS (SELECT '", 19)
	f.Fuzz(func(t *testing.T, text string, pos int) {
		if strings.ContainsAny(text, "/:") { // no other directories, no brokers
			return
		}
		from, list := s.Complete(t.Context(), text, pos)
		if from < 0 || from > len(text) || from > max(pos, 0) || len(list) > maxCompletions {
			t.Fatalf("from %d, %d completions", from, len(list))
		}
	})
}
