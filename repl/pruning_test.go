package repl

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	pq "github.com/parquet-go/parquet-go"
)

func TestPrune(t *testing.T) {
	s, text := memSession(t)
	dir := t.TempDir()
	for _, part := range []string{"o_orderkey < 200000", "o_orderkey >= 200000"} {
		ask(t, s, text, "COPY (SELECT o_orderkey AS k, o_comment AS c, o_totalprice AS p FROM gen.tpch_orders(sf => 0.1) WHERE "+part+") TO '"+filepath.Join(dir, part[11:13]+".parquet'"))
	}
	m, err := s.Prune(t.Context(), "SELECT sum(p) FROM '"+dir+"/*.parquet' WHERE k < 1000")
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Tables) != 1 || len(m.Tables[0].Files) != 2 || m.GroupsRead != 1 || m.Groups < 2 || m.BytesRead == 0 || m.BytesRead*2 > m.BytesTotal {
		t.Fatalf("%+v", m)
	}
	tab := m.Tables[0]
	if strings.Join(tab.Columns, " ") != "k p" && strings.Join(tab.Columns, " ") != "p k" || len(tab.Filters) != 1 {
		t.Errorf("%+v", tab)
	}
	for _, f := range tab.Files {
		for _, g := range f.Groups {
			if g.Read == (g.By != "") {
				t.Errorf("%+v", g)
			}
		}
	}
	if m, err = s.Prune(t.Context(), "SELECT count(*) FROM '"+dir+"/*.parquet' a JOIN '"+dir+"/*.parquet' b ON a.k = b.k WHERE a.k < 0 AND b.p > 0"); err != nil || len(m.Tables) != 2 || m.GroupsRead == m.Groups {
		t.Errorf("%+v, %v", m, err)
	}
	for _, bad := range []string{"SELECT 1", "SHOW TABLES", "SELECT", "SELECT * FROM 'none.parquet'"} {
		if _, err := s.Prune(t.Context(), bad); err == nil {
			t.Errorf("%s: no error", bad)
		}
	}
}

type bloomRow struct {
	K int64  `parquet:"k"`
	C string `parquet:"c"`
}

// bloomed writes a file of 3 row groups of 4,000 rows in many pages, with a bloom filter on c.
func bloomed(t *testing.T, path string) {
	t.Helper()
	var rows []bloomRow
	for i := range 12_000 {
		rows = append(rows, bloomRow{int64(i), strings.Repeat("x", i%7) + string(rune('a'+i/4000)) + string(rune('a'+i%26))})
	}
	h, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	if err := pq.Write(h, rows, pq.BloomFilters(pq.SplitBlockFilter(10, "c")), pq.MaxRowsPerRowGroup(4000), pq.PageBufferSize(2000)); err != nil {
		t.Fatal(err)
	}
}

func TestPruneByBloomPagesAndLimit(t *testing.T) {
	s, _ := memSession(t)
	path := filepath.Join(t.TempDir(), "b.parquet")
	bloomed(t, path)
	for _, c := range []struct{ where, letters, text string }{
		{"WHERE c = 'ba'", "BRa", "by the bloom filter for (c = 'ba')"},
		{"WHERE c = 'cz' AND k < 5000", "BBa", "a  skipped: 1, by the statistics for (k < 5000)"},
		{"WHERE c <> '' AND k < 100", "Raa", " by page index"},
		{"LIMIT 4001", "RRL", "L  skipped: 1, by LIMIT 4001"},
		{"WHERE k < 0", "aaa", "read: 0"},
	} {
		m, err := s.Prune(t.Context(), "SELECT * FROM '"+path+"' "+c.where)
		if err != nil {
			t.Fatal(err)
		}
		if text := m.Text(); !strings.Contains(text, "  "+c.letters+"  ") || !strings.Contains(text, c.text) {
			t.Errorf("%s: %s", c.where, text)
		}
		if m.NotLooked != 0 || (m.BytesRead == 0) != (m.GroupsRead == 0) {
			t.Errorf("%s: %+v", c.where, m)
		}
		data, err := json.Marshal(m)
		if err != nil || strings.Contains(c.letters, "B") != strings.Contains(string(data), `"skip":"bloom filter"`) {
			t.Errorf("%s: %s, %v", c.where, data, err)
		}
	}
	m, err := s.Prune(t.Context(), "SELECT k FROM '"+path+"' WHERE k < 100")
	if err != nil {
		t.Fatal(err)
	}
	g := m.Tables[0].Files[0].Groups[0]
	if g.Pages < 4 || g.PagesRead != 1 || g.RowsLeft < 100 || g.RowsLeft >= 4000 || m.Pages != g.Pages || m.PagesRead != 1 {
		t.Errorf("%+v", g)
	}
}

// TestPruneIsBounded: a map asks the bloom filters and page indexes of so many row groups only, and
// says so.
func TestPruneIsBounded(t *testing.T) {
	s, _ := memSession(t)
	path := filepath.Join(t.TempDir(), "b.parquet")
	bloomed(t, path)
	list := slices.Repeat([]string{"SELECT k FROM '" + path + "' WHERE k >= 0 AND c <> 'q'"}, 1+maxLook/3)
	m, err := s.Prune(t.Context(), strings.Join(list, " UNION ALL "))
	if err != nil {
		t.Fatal(err)
	}
	if m.Groups <= maxLook || m.NotLooked != m.GroupsRead-maxLook || !strings.Contains(m.Text(), "only those of the first") {
		t.Errorf("%d of %d read, %d not looked into\n%s", m.GroupsRead, m.Groups, m.NotLooked, m.Text())
	}
}
