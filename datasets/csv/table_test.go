package csv

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/plan"
)

func file(text string) File {
	return File{Name: "x.csv", Size: int64(len(text)), Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }}
}

// readAll renders a table of one file.
func readAll(text string, o Options) (schema, rows string, err error) {
	return readFiles([]File{file(text)}, o)
}

// readFiles renders a table as lines of "a|b".
func readFiles(files []File, o Options) (schema, rows string, err error) {
	t, err := Open("x.csv", files, o)
	if err != nil {
		return "", "", err
	}
	src, err := t.Source(plan.NewScan(t, ""))
	if err != nil {
		return "", "", err
	}
	var sb strings.Builder
	splits, _ := src.Splits(context.Background())
	for _, sp := range splits {
		r, err := src.Open(context.Background(), sp, nil, nil)
		if err != nil {
			return "", "", err
		}
		defer r.Close()
		if err := render(&sb, r); err != nil {
			return "", "", err
		}
	}
	return t.Schema().String(), sb.String(), nil
}

func render(sb *strings.Builder, r dataflow.Reader) error {
	for {
		b, err := r.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		for i := 0; i < b.N; i++ {
			for c, v := range b.Cols {
				if c > 0 {
					sb.WriteByte('|')
				}
				sb.WriteString(v.Value(i).Format(v.Type))
			}
			sb.WriteByte('\n')
		}
	}
}

func TestRead(t *testing.T) {
	for _, c := range []struct{ text, schema, rows string }{
		{"a,b,c\n1,x,2.5\n2,,3\n", "(a BIGINT, b VARCHAR, c DOUBLE)", "1|x|2.5\n2|NULL|3.0\n"},
		{"1;2\r\n3;4", "(column0 BIGINT, column1 BIGINT)", "1|2\n3|4\n"},
		{"\ufeffn\td\nq\t2001-01-31\n\t\n", "(n VARCHAR, d DATE)", "q|2001-01-31\nNULL|NULL\n"},
		{"s,t\n\"a,\"\"b\"\"\nc\",2001-01-01 10:00\n\"\",2001-01-01\n", "(s VARCHAR, t TIMESTAMP)", "a,\"b\"\nc|2001-01-01 10:00:00\n|2001-01-01 00:00:00\n"},
		{"zip,ok\n00501,true\n99999,false\n", "(zip VARCHAR, ok BOOLEAN)", "00501|true\n99999|false\n"},
		{"a,a,a_2,b\n1,2,3,4\n", "(a BIGINT, a_2 BIGINT, a_2_2 BIGINT, b BIGINT)", "1|2|3|4\n"},
		{",x,y\n0,1,p\n1,2,q\n", "(column0 BIGINT, x BIGINT, y VARCHAR)", "0|1|p\n1|2|q\n"},
		{",p\n1,q\n", "(column0 BIGINT, column1 VARCHAR)", "NULL|p\n1|q\n"},
		{"p,p\nx,y\n", "(column0 VARCHAR, column1 VARCHAR)", "p|p\nx|y\n"},
		{"name,city\nx,y\n", "(name VARCHAR, city VARCHAR)", "x|y\n"},
	} {
		schema, rows, err := readAll(c.text, Options{})
		if err != nil || schema != c.schema || rows != c.rows {
			t.Errorf("%q:\n got %s\n%s%v\nwant %s\n%s", c.text, schema, rows, err, c.schema, c.rows)
		}
	}
}

func TestBad(t *testing.T) {
	late := "a,b\n" + strings.Repeat("1,2\n", sampleRows+5)
	for text, want := range map[string]string{
		"":                       "empty",
		"a,b\n1,2\n3\n":          "line 3 has 1 fields, not 2",
		late + "x,2\n":           "line 10007, column a",
		"a,b\n1,\"x\n":           "quoted field does not end",
		"a,b\n1,\"x\"y\n":        "text after a closing quote",
		"a,b\n1,\xe9t\xe9\n":     "line 2, column b is not UTF-8",
		"a,b\n\x00\x01\x02,5\n2": "not text",
	} {
		_, _, err := readAll(text, Options{Sep: ','})
		if !errors.Is(err, ErrSyntax) || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: got %v, want %q", text, err, want)
		}
	}
}

// Files of one table have their columns by name.
func TestHeaders(t *testing.T) {
	for _, c := range []struct{ second, rows, fails string }{
		{second: "a,b\n3,4\n", rows: "1|2\n3|4\n"},
		{second: "b,a\n4,3\n", rows: "1|2\n3|4\n"},
		{second: "b\n4\n", rows: "1|2\nNULL|4\n"},
		{second: "", rows: "1|2\n"},
		{second: "3,4\n5,6\n", fails: `the first line is "3,4", where the header of x.csv is "a,b"`},
		{second: "a,b,c\n3,4,5\n", fails: `the first line is "a,b,c"`},
		{second: "b,b\n3,4\n", fails: `the first line is "b,b"`},
		{second: "b,a\n4\n", fails: "line 2 has 1 fields, not 2"},
	} {
		_, rows, err := readFiles([]File{file("a,b\n1,2\n"), file(c.second)}, Options{})
		if c.fails == "" && (err != nil || rows != c.rows) {
			t.Errorf("%q: got %q, %v", c.second, rows, err)
		}
		if c.fails != "" && (!errors.Is(err, ErrSyntax) || !strings.Contains(err.Error(), c.fails)) {
			t.Errorf("%q: got %v, want %q", c.second, err, c.fails)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add("a,b\n1,\"x\"\"y\n\"\n")
	f.Add("\ufeff;\r\n\"\"")
	f.Fuzz(func(t *testing.T, text string) { readAll(text, Options{}) })
}
