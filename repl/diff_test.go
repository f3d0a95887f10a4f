package repl

import (
	"errors"
	"strings"
	"testing"
)

func TestDiff(t *testing.T) {
	s, text := memSession(t)
	ask(t, s, text, "CREATE TABLE a AS SELECT * FROM (VALUES (1, 'x'), (1, 'x'), (2, 'y'), (3, NULL)) AS v(n, w)")
	ask(t, s, text, "CREATE TABLE b AS SELECT * FROM (VALUES (3, NULL), (1, 'x'), (2, 'z')) AS v(n, w)")
	d, err := s.Diff(t.Context(), "a", "b")
	if err != nil {
		t.Fatal(err)
	}
	if d.Same() || d.OnlyA != 2 || d.OnlyB != 1 || page(t, d.Rows) != "-,1,1,x\n-,1,2,y\n+,1,2,z\n" {
		t.Fatalf("%+v\n%s", d, page(t, d.Rows))
	}
	for _, same := range [][2]string{{"a", "a"}, {"a", "SELECT n, w FROM a ORDER BY n DESC;"}, {"WITH q AS (SELECT 1 AS x) SELECT * FROM q", "SELECT 1 AS x"}} {
		if d, err := s.Diff(t.Context(), same[0], same[1]); err != nil || !d.Same() {
			t.Errorf("%s: %+v, %v", same, d, err)
		}
	}
	d, err = s.Diff(t.Context(), "a", "SELECT n, 1 AS w, 2 AS more FROM a")
	if err != nil || d.Same() || strings.Join(d.Columns, "; ") != "column w is VARCHAR and INTEGER; + column more INTEGER" {
		t.Errorf("%+v, %v", d, err)
	}
	if _, err = s.Diff(t.Context(), "a", "SELECT * FROM gen.nexmark_bid(events => 10, stream => true)"); !errors.Is(err, ErrUnbounded) {
		t.Errorf("%v", err)
	}
	if _, err = s.Diff(t.Context(), "a", "aa"); err == nil || !strings.Contains(err.Error(), "aa") {
		t.Errorf("%v", err)
	}
}
