package repl

import (
	"os"
	"testing"
)

// TestStandalone runs what a session made in another one, which has nothing but the sources.
func TestStandalone(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("o.csv", []byte("id,c\n1,DE\n2,US\n3,DE\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	s, text := memSession(t)
	ask(t, s, text, "CREATE TABLE orders (id BIGINT, c VARCHAR) WITH ('connector'='filesystem', 'format'='csv', 'path'='o.csv'); CREATE VIEW de AS SELECT * FROM orders WHERE c = 'DE'")
	ask(t, s, text, "CREATE TABLE kept (id BIGINT)")
	for _, q := range []string{"SELECT id, c FROM de;", "SELECT * FROM _1 ORDER BY id DESC", "\n\n WITH w AS (SELECT max(id) AS id FROM _2) SELECT id FROM w"} {
		if st := finish(t, s.Start(t.Context(), q)); st.Err != "" {
			t.Fatal(st.Err)
		}
	}
	const declared = "CREATE TABLE orders (id BIGINT, c VARCHAR) WITH ('connector'='filesystem', 'format'='csv', 'path'='o.csv'); CREATE VIEW de AS SELECT * FROM orders WHERE c = 'DE'; "
	const one = "_1 AS (SELECT id, c FROM de)"
	const two = one + ", _2 AS (SELECT * FROM _1 ORDER BY id DESC)"
	for _, c := range []struct{ text, want string }{
		{"SELECT 1", "SELECT 1"},
		{"SELECT '_1' AS one FROM 'o.csv' ;", "SELECT '_1' AS one FROM 'o.csv'"},
		{"SELECT * FROM kept", "SELECT * FROM kept"}, // its rows are here only
		{"SELECT * FROM de", declared + "SELECT * FROM de"},
		{"SELECT id FROM _1", declared + "WITH " + one + " SELECT id FROM _1"},
		{"SELECT id FROM _2 -- so", declared + "WITH " + two + " SELECT id FROM _2 -- so"},
		{"/* the last */ SELECT * FROM _", declared + "/* the last */ WITH " + two + ", _ AS (WITH w AS (SELECT max(id) AS id FROM _2) SELECT id FROM w) SELECT * FROM _"},
		{"WITH x AS (SELECT 1 AS a) SELECT * FROM x, _1", declared + "WITH " + one + ", x AS (SELECT 1 AS a) SELECT * FROM x, _1"},
		{"COPY (SELECT * FROM _1) TO 'out.csv'", declared + "COPY (WITH " + one + " SELECT * FROM _1) TO 'out.csv'"},
	} {
		got := s.Standalone(c.text)
		if got != c.want {
			t.Errorf("%s: got\n%s\nwant\n%s", c.text, got, c.want)
		}
		other, _ := memSession(t)
		if st := finish(t, other.Start(t.Context(), got)); st.Err != "" && c.want != c.text {
			t.Errorf("%s\nin another session: %s", got, st.Err)
		}
	}
}
