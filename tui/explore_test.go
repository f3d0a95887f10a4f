package tui

import (
	"os"
	"path/filepath"
	"testing"
)

// folder makes a working directory with two small files.
func folder(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "shop")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"orders.csv":  "id,country,amount,ts\n1,DE,19.90,2026-11-20\n2,US,5.00,2026-11-20\n3,DE,100.10,2026-11-21\n4,FR,7.25,2026-11-21\n5,IS,,2026-11-22\n",
		"events.json": `{"id":1,"who":{"name":"ann","tags":["a","b"]}}` + "\n" + `{"id":2,"who":null}` + "\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	return dir
}

func TestExploreRunsTheStatementUnderTheCursor(t *testing.T) {
	folder(t)
	d := drive(t, 100, 30, Options{})
	d.want("[1 Explore]", "shop/", "orders.csv", "ctrl-r run")
	d.typed("select 1 as one;\nselect country, sum(amount) as total from 'orders.csv' group by country order by total desc")
	d.keys("ctrl+r").want("Result _1", "DE", "120", "1-4 of 4 rows exact").not("one  ")
	d.keys("esc g g ctrl+r").want("Result _2", "1-1 of 1 rows exact")
	d.keys("f5").want("Result _4", "DE")
}
