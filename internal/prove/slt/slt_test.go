package slt

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/repl"
	"github.com/riffle-io/riffle/repl/render"
	"github.com/riffle-io/riffle/sql/syntax"
)

// dir is where the files are, which are not part of the project.
const dir = "../../../../shared/data/sqllogictest"

func TestFiles(t *testing.T) {
	for _, c := range []struct {
		file      string
		tasks     int
		optimizer bool
	}{
		{"select1.test", 1, true}, {"select2.test", 3, true}, {"select3.test", 1, true}, {"select1.test", 2, false},
	} {
		t.Run(fmt.Sprintf("%s/P=%d/optimizer=%t", c.file, c.tasks, c.optimizer), func(t *testing.T) {
			runFile(t, filepath.Join(dir, c.file), c.tasks, c.optimizer)
		})
	}
}

// tally counts what became of the queries of a file.
type tally struct{ passed, failed, unsupported int }

func runFile(t *testing.T, path string, tasks int, optimizer bool) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("%s is not there", path)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	records, err := Read(f, "riffle")
	if err != nil {
		t.Fatal(err)
	}
	var got sheet
	s := repl.NewSession(repl.Output{Result: got.begin, Notice: func(string, ...any) {}})
	s.Parallelism, s.Optimizer = tasks, optimizer
	s.SpillDir = t.TempDir()
	var n tally
	labels := map[string]string{}
	for i := range records {
		runRecord(t, s, &records[i], &got, &n, labels)
	}
	t.Logf("%s: %d queries passed, %d failed, %d outside the dialect", filepath.Base(path), n.passed, n.failed, n.unsupported)
	if n.passed == 0 {
		t.Error("no query passed")
	}
}

func runRecord(t *testing.T, s *repl.Session, r *Record, got *sheet, n *tally, labels map[string]string) {
	if r.Types == "" {
		if err := s.Execute(t.Context(), r.SQL); (err != nil) != r.Fails {
			t.Fatalf("line %d: %s: %v", r.Line, r.SQL, err)
		}
		return
	}
	text, err := nullsFirst(r.SQL)
	if err == nil {
		got.letters = r.Types
		err = s.Execute(context.Background(), text)
	}
	if err != nil {
		if strings.Contains(err.Error(), "not supported") {
			n.unsupported++
			t.Logf("line %d: %v", r.Line, err)
			return
		}
		n.failed++
		t.Errorf("line %d: %s\n%v", r.Line, r.SQL, err)
		return
	}
	values := r.Arrange(got.rows)
	if bad := r.Judge(values); bad != "" {
		n.failed++
		t.Errorf("line %d: %s\n%s", r.Line, text, bad)
		return
	}
	if r.Label != "" {
		h := Hash(values)
		if labels[r.Label] == "" {
			labels[r.Label] = h
		} else if labels[r.Label] != h {
			n.failed++
			t.Errorf("line %d: another answer than that of the first query labelled %s", r.Line, r.Label)
			return
		}
	}
	n.passed++
}

// nullsFirst says what the files mean by ORDER BY: NULL is the smallest value there.
func nullsFirst(sql string) (string, error) {
	script, err := syntax.Parse(sql)
	if err != nil {
		return "", err
	}
	q, ok := script.Stmts[0].(*syntax.SelectStmt)
	if !ok || len(q.Query.OrderBy) == 0 {
		return sql, nil
	}
	for i := range q.Query.OrderBy {
		o := &q.Query.OrderBy[i]
		if o.Nulls == syntax.NullsDefault {
			if o.Nulls = syntax.NullsFirst; o.Desc {
				o.Nulls = syntax.NullsLast
			}
		}
	}
	return syntax.Format(script), nil
}

// sheet keeps the last result as text, the way the files show it.
type sheet struct {
	letters string
	types   []vec.Type
	rows    [][]string
}

func (s *sheet) begin(o render.Options) (render.Writer, error) {
	s.types, s.rows = o.Types, nil
	if s.letters != "" && len(s.letters) != len(o.Types) {
		return nil, fmt.Errorf("%d columns, the file has %d", len(o.Types), len(s.letters))
	}
	return s, nil
}

func (s *sheet) Write(b *vec.Batch) error {
	for k := range b.Live() {
		row := make([]string, len(b.Cols))
		for c, v := range b.Cols {
			row[c] = show(v.Value(b.Row(k)), s.types[c], s.letters[c])
		}
		s.rows = append(s.rows, row)
	}
	return nil
}

func (*sheet) Flush() error { return nil }
func (*sheet) Close() error { return nil }

// show formats a value for a column of the given letter.
func show(v vec.Value, t vec.Type, letter byte) string {
	if v.Null {
		return "NULL"
	}
	text := v.Format(t)
	switch letter {
	case 'I':
		whole, _, _ := strings.Cut(text, ".")
		return whole
	case 'R':
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return text
		}
		return strconv.FormatFloat(f, 'f', 3, 64)
	}
	if text == "" {
		return "(empty)"
	}
	return text
}

// sample has every form that a record takes.
const sample = `# a comment
hash-threshold 8

statement ok
CREATE TABLE t(a)

statement error
nonsense

skipif riffle
query I nosort
SELECT 0
----
0

onlyif riffle
query IT rowsort lab
SELECT a,
 b
----
1
x
2
y

query I
SELECT 3
----
4 values hashing to 1

halt

query I
never
----
`

func TestRead(t *testing.T) {
	recs, err := Read(strings.NewReader(sample), "riffle")
	if err != nil {
		t.Fatal(err)
	}
	if len(recs) != 4 || recs[0].SQL != "CREATE TABLE t(a)" || !recs[1].Fails {
		t.Fatalf("%+v", recs)
	}
	q := recs[2]
	if q.SQL != "SELECT a,\n b" || q.Types != "IT" || q.Sort != RowSort || q.Label != "lab" || q.Line != 16 {
		t.Errorf("%+v", q)
	}
	if bad := q.Judge(q.Arrange([][]string{{"2", "y"}, {"1", "x"}})); bad != "" {
		t.Error(bad)
	}
	for _, wrong := range [][][]string{{{"1", "x"}}, {{"1", "x"}, {"2", "z"}}} {
		if q.Judge(q.Arrange(wrong)) == "" {
			t.Errorf("%q passed", wrong)
		}
	}
	if recs[3].Judge([]string{"1"}) == "" || recs[3].Judge([]string{"1", "2", "3", "4"}) == "" {
		t.Error("a wrong hash passed")
	}
}
