package repl

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCompactParquet(t *testing.T) {
	s, text := memSession(t)
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	if err := os.Mkdir(data, 0o755); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		ask(t, s, text, fmt.Sprintf("COPY (SELECT o_orderkey + %d AS k FROM gen.tpch_orders(sf => 0.001)) TO '%s/%d.parquet'", i*100_000, data, i))
	}
	out := filepath.Join(dir, "out.parquet")
	req := CompactRequest{Paths: []string{data}, Out: out, DryRun: true}
	c, err := s.CompactParquet(t.Context(), req)
	if err != nil || c.Before.Files != 3 || c.Before.RowGroups != 3 || c.Before.Rows != 4500 || c.After.RowGroups != 1 || c.After.Bytes != -1 {
		t.Fatalf("%+v, %v", c, err)
	}
	if _, err := os.Lstat(out); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("the dry run wrote: %v", err)
	}
	if !strings.Contains(c.Text(), "nothing was written") {
		t.Error(c.Text())
	}
	req.DryRun = false
	s.ReadOnly = true
	if _, err := s.CompactParquet(t.Context(), req); !errors.Is(err, ErrReadOnly) {
		t.Errorf("%v", err)
	}
	s.ReadOnly = false
	if c, err = s.CompactParquet(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(out)
	if err != nil || c.After.Bytes != info.Size() || c.After.Rows != 4500 || !strings.Contains(c.Text(), "wrote "+out) {
		t.Errorf("%+v, %v", c, err)
	}
	both := ask(t, s, text, "SELECT count(*), sum(k), min(k) FROM '"+data+"'")
	if got := ask(t, s, text, "SELECT count(*), sum(k), min(k) FROM '"+out+"'"); got != both {
		t.Errorf("%s, want %s", got, both)
	}
	full, err := s.CompactParquet(t.Context(), CompactRequest{Paths: []string{out}, Out: filepath.Join(dir, "again.parquet"), DryRun: true})
	if err != nil || !strings.Contains(full.Text(), "full already") || strings.Contains(c.Text(), "full already") {
		t.Errorf("%+v, %v", full, err)
	}
	if _, err := s.CompactParquet(t.Context(), req); err == nil || !strings.Contains(err.Error(), "is there already") {
		t.Errorf("%v", err)
	}
}

// TestCompactOutIsNoInput: a copy among its inputs would have every row twice.
func TestCompactOutIsNoInput(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for _, d := range []string{"data/deep", "other"} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile("data/a.parquet", nil, 0o644); err != nil {
		t.Fatal(err)
	}
	link := os.Symlink("data", "link") == nil
	for _, c := range []struct {
		source, out string
		ok          bool
	}{
		{"data", "data/out.parquet", false},
		{"data", filepath.Join(dir, "data", "deep", "out.parquet"), false},
		{".", "other/out.parquet", false},
		{"data/*.parquet", "data/out.parquet", false},
		{"data/**/*.parquet", "data/deep/out.parquet", false},
		{"data/*.parquet", "data/deep/out.parquet", true},
		{"data/**/*.parquet", "other/out.parquet", true},
		{"data", "other/out.parquet", true},
		{"data/a.parquet", "data/out.parquet", true},
		{"data/a.parquet", "data/a.parquet", false},
		{"data/a.parquet", "other/out.csv", false},
		{"data/a.parquet", "none/out.parquet", false},
		{"link", "data/out.parquet", !link},
		{"data", "link/out.parquet", !link},
	} {
		if err := checkCompactOut(CompactRequest{Paths: []string{c.source}, Out: c.out}); (err == nil) != c.ok {
			t.Errorf("%s into %s: %v", c.source, c.out, err)
		}
	}
}
