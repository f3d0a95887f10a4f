package syntax

import (
	"slices"
	"testing"
)

// TestWalk finds every table of a statement, wherever it stands.
func TestWalk(t *testing.T) {
	script, err := Parse("WITH c AS (SELECT * FROM a) SELECT (SELECT max(x) FROM b), y FROM c JOIN 'd.csv' USING (k), TUMBLE(TABLE e, DESCRIPTOR(ts), INTERVAL '1' HOUR) WHERE EXISTS (SELECT 1 FROM f) GROUP BY y HAVING y IN (SELECT y FROM g)")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	Walk(script.Stmts[0], func(n Node) bool {
		switch n := n.(type) {
		case *TableName:
			got = append(got, FormatName(n.Name))
		case *FileTable:
			got = append(got, n.Path)
		}
		return true
	})
	slices.Sort(got)
	if want := []string{"a", "b", "c", "d.csv", "e", "f", "g"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
