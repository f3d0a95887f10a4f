package repl

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestInspectParquet(t *testing.T) {
	s, text := memSession(t)
	path := filepath.Join(t.TempDir(), "f.parquet")
	ask(t, s, text, "COPY (SELECT o_orderkey AS k, o_orderstatus AS st, o_totalprice AS p, CAST(o_orderdate AS TIMESTAMP) AS ts, nullif(o_orderkey % 3, 0) AS n FROM gen.tpch_orders(sf => 0.1)) TO '"+path+"'")
	f, err := s.InspectParquet(path)
	if err != nil {
		t.Fatal(err)
	}
	info, _ := os.Stat(path)
	if f.Rows != 150_000 || f.Size != info.Size() || len(f.RowGroups) == 0 || !strings.Contains(f.CreatedBy, "riffle") {
		t.Fatalf("%+v", f)
	}
	var rows int64
	for _, g := range f.RowGroups {
		rows += g.Rows
		if len(g.Chunks) != 5 || g.Compressed == 0 || g.Uncompressed < g.Compressed/2 {
			t.Fatalf("%+v", g)
		}
		for _, c := range g.Chunks {
			var in int64
			for _, p := range c.Pages {
				in += p.Rows
			}
			if c.Pages != nil && in != g.Rows {
				t.Errorf("%s: pages have %d rows of %d", c.Column, in, g.Rows)
			}
		}
	}
	if rows != f.Rows {
		t.Errorf("row groups have %d rows", rows)
	}
	first := map[string]ParquetChunk{}
	for _, c := range f.RowGroups[0].Chunks {
		first[c.Column] = c
	}
	if c := first["k"]; c.Min != "1" || c.SQLType != "BIGINT" || c.Nulls != 0 || !c.Stats {
		t.Errorf("k: %+v", c)
	}
	if c := first["st"]; c.Min != "F" || c.Max != "P" || !c.Dictionary {
		t.Errorf("st: %+v", c)
	}
	if c := first["ts"]; !strings.HasPrefix(c.Min, "1992-01-01 00:00:00") {
		t.Errorf("ts: %s", c.Min)
	}
	if c := first["p"]; !strings.Contains(c.Min, ".") || !strings.HasPrefix(c.SQLType, "DECIMAL") {
		t.Errorf("p: %+v", c)
	}
	if c := first["n"]; c.Nulls == 0 {
		t.Errorf("n: %+v", c)
	}
	if err := os.WriteFile(path, []byte("PAR1 not really PAR1"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := s.InspectParquet(path); err == nil {
		t.Error("a damaged file was read")
	}
}
