package repl

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/riffle-io/riffle/sql/syntax"
)

func TestHighlight(t *testing.T) {
	for text, want := range map[string]string{
		"SELECT date, count(*) FROM t":   "SELECT:keyword date:ident ,:operator count:function (:operator *:operator ):operator FROM:keyword t:ident",
		"select DATE '2024-01-01' -- x":  "select:keyword DATE:keyword '2024-01-01':string -- x:comment",
		"GROUP BY day, t.key HAVING 1.5": "GROUP:keyword BY:keyword day:ident ,:operator t:ident .:operator key:ident HAVING:keyword 1.5:number",
		"SELECT 'open":                   "SELECT:keyword 'open:error",
		`SELECT "Key" FROM kafka.t @-1h`: `SELECT:keyword "Key":ident FROM:keyword kafka:ident .:operator t:ident @-1h:operator`,
		"":                               "",
	} {
		var got []string
		for _, s := range Highlight(text) {
			got = append(got, text[s.From:s.To]+":"+s.Kind)
		}
		if g := strings.Join(got, " "); g != want {
			t.Errorf("%s:\n%s, want\n%s", text, g, want)
		}
	}
}

func TestStatementAt(t *testing.T) {
	const text = "-- first\nSELECT 1;\n\nSELECT ';' -- not here;\n, 2 ; ; -- end\n"
	for _, c := range []struct {
		at   string
		want string
	}{{"-- first", "-- first\nSELECT 1"}, {"1;", "-- first\nSELECT 1"}, {"\n\nSELECT ';", "-- first\nSELECT 1"}, {"';'", "SELECT ';' -- not here;\n, 2"}, {"-- end", "SELECT ';' -- not here;\n, 2"}} {
		from, to := StatementAt(text, strings.Index(text, c.at))
		if got := text[from:to]; got != c.want {
			t.Errorf("at %q: %q, want %q", c.at, got, c.want)
		}
	}
	if from, to := StatementAt(" -- only a comment", 3); from != to {
		t.Errorf("%d %d", from, to)
	}
	for text, want := range map[string]bool{"SELECT 1;": true, "SELECT 1; -- x": true, "SELECT 1": false, "": false, "SELECT ';": false, "SELECT 1; SELECT": false} {
		if Ends(text) != want {
			t.Errorf("%q complete: %v", text, !want)
		}
	}
}

func TestFormat(t *testing.T) {
	for text, want := range map[string]string{
		"select a,b from t where a=1 and b is not null group by 1 order by a desc limit 5;": "SELECT a, b\nFROM t\nWHERE a = 1 AND b IS NOT NULL\nGROUP BY 1\nORDER BY a DESC\nLIMIT 5;",
		"select count( * ) from (select x from u) q left outer join r on q.x=r.x":           "SELECT count(*)\nFROM (SELECT x\n  FROM u) q\nLEFT OUTER JOIN r ON q.x = r.x",
		"select 1 -- one\n, 2":                             "SELECT 1 -- one\n  , 2",
		"-- head\nselect 1":                                "-- head\nSELECT 1",
		"select 1;select -2;\n":                            "SELECT 1;\nSELECT -2;\n",
		"select 'a  b', x::int from 'f.csv' t":             "SELECT 'a  b', x::INT\nFROM 'f.csv' t",
		"create table t (a int, b varchar) with ('a'='b')": "CREATE TABLE t (a int, b varchar) WITH ('a' = 'b')",
		"create table f (date timestamp, WATERMARK for date as date - interval '5' hour)": "CREATE TABLE f (date timestamp, WATERMARK FOR date AS date - INTERVAL '5' HOUR)",
		"select f.date, max(date) as day from f where date > date '2024-01-01'":           "SELECT f.date, max(date) AS day\nFROM f\nWHERE date > DATE '2024-01-01'",
		"": "",
	} {
		got := Format(text)
		if strings.ReplaceAll(got, "INT", "int") != strings.ReplaceAll(want, "INT", "int") {
			t.Errorf("%s:\n%s\nwant\n%s", text, got, want)
		}
		if again := Format(got); again != got {
			t.Errorf("not stable:\n%s\n%s", got, again)
		}
	}
}

// FuzzFormat: formatting changes blanks and the case of keywords, and nothing else.
func FuzzFormat(f *testing.F) {
	f.Add("select a--x\n,'b' from t/* c */where x<>1;;with q as(select 1)select*from q")
	f.Add("select x.*, -1 - -2 from a@-1h..now join b using(c)")
	f.Fuzz(func(t *testing.T, text string) {
		tokens := func(s string) (out []string) {
			for _, k := range syntax.Scan(s) {
				out = append(out, fmt.Sprint(k.Kind, strings.ToLower(strings.TrimSpace(k.Text))))
			}
			return out
		}
		for _, k := range syntax.Scan(text) {
			if k.Kind == syntax.TokInvalid {
				return
			}
		}
		got := Format(text)
		if a, b := tokens(text), tokens(got); strings.Join(a, "|") != strings.Join(b, "|") {
			t.Fatalf("%q became %q", text, got)
		}
	})
}

func TestHistory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "riffle", "history.jsonl")
	a, err := OpenHistory(path)
	if err != nil {
		t.Fatal(err)
	}
	b, err := OpenHistory(path)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i, h := range []*History{a, b} {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for k := range 100 {
				if err := h.Add(Entry{Text: fmt.Sprintf("SELECT %d,\n %d", i, k), At: time.Now(), Rows: int64(k)}); err != nil {
					t.Error(err)
				}
			}
		}()
	}
	wg.Wait()
	if n := len(a.Search("")); n != 200 {
		t.Fatalf("%d entries", n)
	}
	if n := len(b.Search("select 1 99")); n != 1 {
		t.Fatalf("%d entries", n)
	}
	if err := a.Add(Entry{Text: "SELECT 1,\n 7", Error: "bad\nmore"}); err != nil {
		t.Fatal(err)
	}
	if got := b.Search("select 1,")[0]; got.Error != "bad" {
		t.Fatalf("newest first: %+v", got)
	}
	f, _ := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	f.WriteString("rubbish\n{\"text\":\"half")
	f.Close()
	c, err := OpenHistory(path)
	if err != nil || len(c.Search("")) != 200 {
		t.Fatalf("%v, %d entries", err, len(c.Search("")))
	}
	info, _ := os.Stat(path)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("others may read it: %v", info.Mode())
	}
	mem, _ := OpenHistory("")
	mem.Add(Entry{Text: "x"})
	mem.Add(Entry{Text: " x "})
	if len(mem.Search("")) != 1 {
		t.Error("an entry is there twice")
	}
}
