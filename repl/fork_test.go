package repl

import (
	"errors"
	"strings"
	"testing"
)

func TestForkHasAPlaceOfItsOwn(t *testing.T) {
	for _, c := range []struct{ sql, old, target, want string }{
		{"CREATE TABLE s (a BIGINT) WITH ('connector'='kafka', 'topic'='orders');\n-- out\nCREATE TABLE rev_out (a BIGINT) WITH ('connector'='filesystem', 'path'='out/rev', 'format'='parquet');\nINSERT INTO rev_out SELECT a FROM s;",
			"out/rev", "out/rev_v2", "'path'='out/rev_v2', 'format'='parquet'"},
		{"CREATE TABLE s (a BIGINT) WITH ('connector'='kafka', 'topic'='orders'); CREATE TABLE o (a BIGINT) WITH ('connector'='kafka', 'topic'='a/rev'); INSERT INTO o SELECT a FROM s",
			"a/rev", "a/rev_v2", "'topic'='a/rev_v2'"},
		{"INSERT INTO 'it''s/rev.csv' SELECT 1", "it's/rev.csv", "it's/rev_v2.csv", "INSERT INTO 'it''s/rev_v2.csv' SELECT"},
		{"-- Job rev, promoted from a query by riffle. Start it\n-- more\nINSERT INTO 'rev/' SELECT 1", "rev/", "rev_v2/", "-- Job rev_v2, forked from the state of rev.\n-- more\nINSERT INTO 'rev_v2/' SELECT"},
		{"INSERT INTO 'rev/' SELECT 1", "rev/", "rev_v2/", "INSERT INTO 'rev_v2/' SELECT"},
		{"INSERT INTO 'kafka://b:9092/rev' SELECT 1", "kafka://b:9092/rev", "kafka://b:9092/rev_v2", "'kafka://b:9092/rev_v2'"},
	} {
		f, old, target, err := ForkSpec(JobSpec{Name: "rev", SQL: c.sql, Dir: "d", Late: "late/rev"}, "rev_v2")
		if err != nil {
			t.Errorf("%s: %v", c.sql, err)
			continue
		}
		if old != c.old || target != c.target || !strings.Contains(f.SQL, c.want) {
			t.Errorf("%s\nold %s, target %s:\n%s\nwant %s", c.sql, old, target, f.SQL, c.want)
		}
		if strings.Count(f.SQL, "orders") != strings.Count(c.sql, "orders") || strings.Count(f.SQL, "--") != strings.Count(c.sql, "--") {
			t.Errorf("more than the place changed:\n%s", f.SQL)
		}
		if f.Name != "rev_v2" || f.Dir != "d" || f.Late != "late/rev_v2-rev" {
			t.Errorf("%+v", f)
		}
	}
}

func TestForkWithoutAPlaceIsRefused(t *testing.T) {
	for _, sql := range []string{"CREATE TABLE o (a BIGINT) WITH ('connector'='print'); INSERT INTO o SELECT 1", "SELECT 1"} {
		if _, _, _, err := ForkSpec(JobSpec{Name: "rev", SQL: sql}, "b"); !errors.Is(err, ErrNoOwnTarget) {
			t.Errorf("%s: %v", sql, err)
		}
	}
	if _, _, _, err := ForkSpec(JobSpec{Name: "rev", SQL: "INSERT INTO 'o.csv' SELECT 1"}, "../B"); err == nil {
		t.Error("a name that is no name was taken")
	}
	if _, _, _, err := ForkSpec(JobSpec{Name: "rev", SQL: "INSERT INTO"}, "b"); err == nil {
		t.Error("a text that cannot be parsed was forked")
	}
}
