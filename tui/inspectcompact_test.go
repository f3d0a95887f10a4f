package tui

import (
	"errors"
	"io/fs"
	"os"
	"testing"

	"github.com/riffle-io/riffle/repl"
)

// TestCompactAsks: C shows what a copy would be and writes nothing; only y does.
func TestCompactAsks(t *testing.T) {
	folder(t)
	s := repl.NewSession(repl.Output{Notice: func(string, ...any) {}})
	if err := s.Execute(t.Context(), "COPY (SELECT o_orderkey FROM gen.tpch_orders(sf => 0.001)) TO 'a.parquet'"); err != nil {
		t.Fatal(err)
	}
	absent := func(name string) {
		t.Helper()
		if _, err := os.Lstat(name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is there: %v", name, err)
		}
	}
	d := drive(t, 110, 32, Options{Session: s})
	d.keys("esc :").typed("inspect a.parquet\n").want("C  write a compacted copy")
	d.keys("C").want("Compact a.parquet", "nothing was written", "1 500", "whole directory", "= riffle parquet compact a.parquet -o a-compact.parquet")
	d.keys("n").want("row group 0").not("nothing was written")
	absent("a-compact.parquet")
	d.keys("C").keys("y").want("wrote a-compact.parquet: 1 row groups instead of 1")
	if _, err := os.Lstat("a-compact.parquet"); err != nil {
		t.Fatal(err)
	}
	d.keys("C").want("a-compact-2.parquet").keys("o ctrl+u").typed("a.parquet\n").want("a.parquet is there already")
	d.keys("C").keys("o ctrl+u").typed("b.parquet\n").want("write b.parquet")
	s.ReadOnly = true
	d.keys("y").want("READ-ONLY")
	absent("b.parquet")
}

// TestCompactNeedsAFile: what shows a query's map alone has nothing to compact.
func TestCompactNeedsAFile(t *testing.T) {
	folder(t)
	s := repl.NewSession(repl.Output{Notice: func(string, ...any) {}})
	if err := s.Execute(t.Context(), "COPY (SELECT 1 AS a) TO 'a.parquet'"); err != nil {
		t.Fatal(err)
	}
	d := drive(t, 110, 32, Options{Session: s})
	d.typed("select * from 'a.parquet'").keys("f6").want("What will the query read?").keys("C").not("Compact a.parquet")
}
