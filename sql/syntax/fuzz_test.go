package syntax

import (
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"
)

// FuzzParse checks that any text parses or gives errors inside the text, and that what parsed prints
// as text with the same tree.
func FuzzParse(f *testing.F) {
	for _, file := range []string{"queries", "expressions", "statements", "errors"} {
		data, err := os.ReadFile("testdata/golden/" + file)
		if err != nil {
			f.Fatal(err)
		}
		for c := range strings.SplitSeq(string(data), "\n\n") {
			src, _, _ := strings.Cut(c, "\n----")
			if _, body, ok := strings.Cut(src, "\n"); ok {
				f.Add(body)
				f.Add("SELECT " + body)
			}
		}
	}
	f.Fuzz(func(t *testing.T, src string) {
		s, err := Parse(src)
		for _, stmt := range s.Stmts {
			roundTrip(t, stmt)
		}
		checkSpans(t, src, reflect.ValueOf(s), Span{0, len(src)})
		var list ErrorList
		if err != nil && !errors.As(err, &list) {
			t.Fatalf("error is no ErrorList: %v", err)
		}
		for _, e := range list {
			if e.Pos < 0 || e.End < e.Pos || e.End > len(src) || e.Msg == "" {
				t.Fatalf("error out of range: %+v", e)
			}
			if out := e.Format(src); !strings.Contains(out, "^") {
				t.Fatalf("no caret: %s", out)
			}
		}
	})
}
