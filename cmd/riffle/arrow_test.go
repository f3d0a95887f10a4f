package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/ipc"
)

// TestArrow reads back what -o arrow wrote: of a query, and of one that changes.
func TestArrow(t *testing.T) {
	for _, c := range []struct{ query, want string }{
		{"SELECT 1 AS a, 'x' AS b, CAST(NULL AS DOUBLE) AS c UNION ALL SELECT 2, 'y', 1.5 ORDER BY a", "a b c [1 2] [\"x\" \"y\"] [(null) 1.5]"},
		{"SELECT 1 AS a LIMIT 0", "a"},
		{"SELECT count(*) AS n FROM gen.nexmark_bid(events => 50, stream => true)", "op n [\"+I\"] [46]"},
	} {
		code, out, e := riffle(t, "sql", c.query, "-o", "arrow", "-q")
		if code != 0 {
			t.Errorf("%s: exit %d: %s", c.query, code, e)
			continue
		}
		r, err := ipc.NewReader(strings.NewReader(out))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range r.Schema().Fields() {
			got = append(got, f.Name)
		}
		for r.Next() {
			for _, col := range r.RecordBatch().Columns() {
				got = append(got, fmt.Sprint(col))
			}
		}
		if err := r.Err(); err != nil || strings.Join(got, " ") != c.want {
			t.Errorf("%s: %s %v, want %s", c.query, strings.Join(got, " "), err, c.want)
		}
		r.Release()
	}
}
