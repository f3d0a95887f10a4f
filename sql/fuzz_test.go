package sql

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/riffle-io/riffle/sql/syntax"
)

// FuzzBind checks that any statement binds to a sound plan or gives an error inside the text.
func FuzzBind(f *testing.F) {
	for _, dir := range []string{"testdata/golden/", "syntax/testdata/golden/"} {
		files, err := os.ReadDir(dir)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range files {
			data, err := os.ReadFile(dir + file.Name())
			if err != nil {
				f.Fatal(err)
			}
			for c := range strings.SplitSeq(string(data), "\n\n") {
				src, _, _ := strings.Cut(c, "\n----")
				if _, body, ok := strings.Cut(src, "\n"); ok {
					f.Add(body)
					f.Add("SELECT " + body + " FROM t")
				}
			}
		}
	}
	f.Fuzz(func(t *testing.T, src string) {
		script, _ := syntax.Parse(src)
		cat := testCatalog(t)
		for _, stmt := range script.Stmts {
			s, err := Bind(stmt, cat, Options{Source: src, Params: map[string]string{"n": "5"}})
			var placed *syntax.Error
			switch {
			case err == nil:
				check(t, planOf(s))
			case !errors.As(err, &placed):
				t.Fatalf("error without a place: %v", err)
			case placed.Pos < 0 || placed.End < placed.Pos || placed.End > len(src) || placed.Msg == "":
				t.Fatalf("error out of range: %+v", placed)
			}
		}
	})
}
