package tui

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/riffle-io/riffle/repl"
	"github.com/riffle-io/riffle/tui/keymap"
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
		"events.json": `{"id":1,"who":"{\"name\":\"ann\",\"tags\":[\"a\",\"b\"]}"}` + "\n" + `{"id":2,"who":null}` + "\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	return dir
}

// query runs a statement and goes to its rows.
func query(t *testing.T, w, h int, text string) *driver {
	t.Helper()
	d := drive(t, w, h, Options{})
	d.typed(text).keys("ctrl+r").keys("esc")
	d.a.explore.ps.to("explore/grid")
	return d.keys("g g")
}

const byCountry = "select country, count(*) as n, sum(amount) as total from 'orders.csv' group by country order by country"

func TestRunsTheStatementUnderTheCursor(t *testing.T) {
	folder(t)
	d := drive(t, 100, 30, Options{})
	d.want("[1 Explore]", "shop/", "orders.csv", "ctrl-r run")
	d.typed("select 1 as one;\nselect country, sum(amount) as total from 'orders.csv' group by country order by total desc")
	d.keys("ctrl+r").want("Result _1", "DE", "120", "1-4 of 4 rows exact").not("one  ")
	d.keys("esc g g ctrl+r").want("Result _2", "1-1 of 1 rows exact")
	d.keys("f5").want("Result _4", "DE")
}

func TestErrorShowsItsPlace(t *testing.T) {
	folder(t)
	d := drive(t, 100, 30, Options{})
	d.typed("select 1;\n\nselect contry from 'orders.csv'").keys("ctrl+r")
	d.want("Error", "contry", "failed", "\"contry\" does not exist; did you mean country?")
	if line := d.a.explore.st.Line; line == 0 {
		t.Error("the error has no place")
	}
	d.keys("esc").typed("0wcwcountry").keys("esc ctrl+r").want("Result", "DE").not("failed")
}

func TestSortFilterUndo(t *testing.T) {
	folder(t)
	d := query(t, 100, 30, byCountry)
	d.keys("l s").want("SORTED by n", "= SELECT * FROM _1 ORDER BY n")
	d.keys("S").want("SORTED by n desc", "ORDER BY n DESC")
	d.keys("g g h f").want("FILTERED country = 'DE'", "1-1 of 1 rows exact").not("US  ")
	d.keys("u").want("SORTED by n desc", "FR")
	d.keys("u u").want("Result _1").not("SORTED")
	d.keys("u").want("nothing to undo")
	d.keys("U").want("SORTED by n")
	d.keys("-").want("1 column HIDDEN")
	d.keys("u").not("HIDDEN")
}

func TestFind(t *testing.T) {
	folder(t)
	d := query(t, 100, 30, "select * from 'orders.csv' order by id")
	d.keys("/").typed("de\n").want("found in row 1")
	d.keys("n").want("found in row 3")
	d.keys("n").want("found in row 1", "began again")
	d.keys("N").want("found in row 3", "began again")
	d.keys("/").typed("nowhere\n").want("not found")
}

func TestProfileAndPlot(t *testing.T) {
	folder(t)
	d := query(t, 120, 40, byCountry)
	d.keys("l l F").want("profile: total", "null", "distinct", "rows     4")
	d.keys("F").not("profile: total")
	d.keys("p").want("Plot  bar  total by country", "all 4 rows")
	d.keys("p").want("Plot  line")
	d.keys("p").want("Plot  histogram")
	d.keys("p").not("Plot  ")
}

func TestRecordShowsNestedValues(t *testing.T) {
	folder(t)
	d := query(t, 100, 30, "select * from 'events.json' order by id")
	d.keys("enter").want("Record 1 of 2", "who", "name  ann", "tags", "2 items")
	d.keys("n").want("Record 2 of 2", "NULL")
	d.keys("esc").not("Record")
}

func TestCopy(t *testing.T) {
	folder(t)
	d := query(t, 100, 30, byCountry)
	d.keys("y").want("copied the cell of country (2 B)")
	d.keys("Y").want("row as csv", "row as json", "row as md", "command line")
	d.keys("j").want("copied the row")
	row, err := d.a.explore.grid.Record()
	if err != nil {
		t.Fatal(err)
	}
	cols := d.a.explore.grid.Columns()
	if got := jsonRow(cols, row); got != `{"country":"DE","n":2,"total":120.0}` {
		t.Errorf("json: %s", got)
	}
	if got := csvRow(cols, row); got != "country,n,total\nDE,2,120.0\n" {
		t.Errorf("csv: %s", got)
	}
	if got := markdownRow(cols, row); got != "| country | n | total |\n|---|---:|---:|\n| DE | 2 | 120.0 |\n" {
		t.Errorf("md: %s", got)
	}
	if got := sqlRow(cols, row); got != "country = 'DE' AND n = 2 AND total = 120.0" {
		t.Errorf("sql: %s", got)
	}
}

func TestExport(t *testing.T) {
	dir := folder(t)
	d := query(t, 100, 30, byCountry)
	d.keys("E").want("export to _1.csv").keys("enter")
	text, err := os.ReadFile(filepath.Join(dir, "_1.csv"))
	if err != nil || !strings.Contains(string(text), "DE,2,120") {
		t.Errorf("wrote %q, %v", text, err)
	}
}

func TestTree(t *testing.T) {
	folder(t)
	d := drive(t, 100, 30, Options{})
	d.keys("esc shift+tab").want("orders.csv")
	d.keys("/").typed("orders\n").want("FILTER orders").not("events.json")
	d.keys("G l").want("country")
	d.keys("enter").want("Result _1", "1-5 of 5 rows exact", "SELECT * FROM 'orders.csv' LIMIT 1000")
}

func TestCompletion(t *testing.T) {
	folder(t)
	d := drive(t, 100, 30, Options{})
	d.typed("select cou from 'orders.csv'").keys("left " + strings.Repeat("left ", len(" from 'orders.csv'")-1) + "tab")
	d.want("country", "column")
	d.keys("enter").want("select country from 'orders.csv'")
}

// TestCompletionByBlanks types a query as one types: tab behind the beginning of a word, and on.
func TestCompletionByBlanks(t *testing.T) {
	folder(t)
	d := drive(t, 100, 30, Options{})
	d.typed("sel").keys("tab").typed(" country, sum(").keys("tab").want("any_value(") // and not the next pane
	d.keys("esc").typed("amount) fr").keys("tab").typed(" 'orders.csv' gr").keys("tab").typed(" 1;")
	d.want("SELECT country, sum(amount) FROM 'orders.csv' GROUP BY 1;")
}

func TestHistoryAndBuffers(t *testing.T) {
	dir := folder(t)
	d := drive(t, 100, 30, Options{})
	d.typed("select 42 as answer").keys("ctrl+r").keys("ctrl+s").want("History", "select 42 as answer", "1 rows")
	d.typed("answ").keys("enter").want("select 42 as answer;")
	d.keys("esc :").typed("w q.sql\n").want("saved")
	if text, err := os.ReadFile(filepath.Join(dir, "q.sql")); err != nil || !strings.Contains(string(text), "answer") {
		t.Errorf("saved %q, %v", text, err)
	}
	d.keys("f3").want("query2.sql", "+1")
	d.keys("f4").want("Buffers", "q.sql").keys("esc")
	d.keys(":").typed("e q.sql\n").want("q.sql")
}

func TestLeavingAsksForUnsavedFiles(t *testing.T) {
	folder(t)
	d := drive(t, 100, 30, Options{File: "new.sql"})
	d.typed("select 1").keys("ctrl+d").want("not saved: new.sql")
	d.keys("c").not("not saved")
	d.keys("ctrl+d w")
	if !d.end {
		t.Error("the program did not end")
	}
	if _, err := os.Stat("new.sql"); err != nil {
		t.Error(err)
	}
}

func TestCtrlCCancelsAndNeverLeaves(t *testing.T) {
	folder(t)
	d := drive(t, 100, 30, Options{})
	d.typed("SELECT count(*) FROM gen.tpch_lineitem(sf => 1000) a, gen.tpch_lineitem(sf => 1000) b WHERE a.l_comment = b.l_comment")
	d.send(keyPress("ctrl+r"))
	if !strings.Contains(d.text(), "RUNNING") {
		t.Errorf("it does not say that a query runs:\n%s", d.text())
	}
	d.send(keyPress("ctrl+c"))
	d.settle()
	d.want("cancelled")
	d.keys("ctrl+c ctrl+c").want("nothing runs here")
	if d.end {
		t.Error("ctrl-c ended the program")
	}
}

func TestInspector(t *testing.T) {
	folder(t)
	d := drive(t, 110, 32, Options{})
	s := d.a.ses
	if st := wait(t, s.Start(context.Background(), "COPY (SELECT o_orderkey AS k, o_clerk AS c FROM gen.tpch_orders(sf => 0.01)) TO 'o.parquet'")); st.Err != "" {
		t.Fatal(st.Err)
	}
	d.typed("select * from 'o.parquet' where k < 0").keys("esc :").typed("inspect o.parquet\n")
	d.want("row group 0", "15 000 rows", "What will the query read?", "skipped by", "0 of 1 row groups")
	d.keys("l j l j j").want("snappy", "min ").keys("i").want("query.sql")
	d.keys("f6").want("What will the query read?").keys("esc").want("query.sql")
}

func wait(t *testing.T, r *repl.Run) repl.RunStatus {
	t.Helper()
	select {
	case <-r.Done():
	case <-time.After(20 * time.Second):
		t.Fatal("the statement does not end")
	}
	return r.Status()
}

func TestHelpPaletteAndLog(t *testing.T) {
	folder(t)
	d := query(t, 120, 40, byCountry)
	d.keys("?").want("Help: Explore", "sort up", "MOVE", "SAFE")
	d.typed("sort down").want("sort down").keys("enter").want("SORTED by country desc")
	d.keys("ctrl+p").typed("hide").want("hide the column").keys("enter").want("HIDDEN")
	d.keys("@").want("riffle sql", "SORTED by country desc")
	d.keys("esc :").typed("nonsense\n").want("no command :nonsense")
	d.keys(":").typed("results\n").want("Last results", "_2")
}

func TestEveryKeyIsSafeEverywhere(t *testing.T) {
	folder(t)
	d := drive(t, 80, 24, Options{})
	list := "j k l h G H L ^ $ ! - s S f p P F i y Y E u U n N / ? esc @ esc tab space enter w m 0 { } [ ] T z v x o O + _ f11 1 2 4 f2 esc f4 esc shift+tab"
	for _, scope := range []string{"explore/tree", "explore/editor", "explore/grid"} {
		d.keys("esc 1")
		d.a.explore.ps.to(scope)
		for _, k := range strings.Fields(list) {
			d.send(keyPress(k))
			d.send(keyPress("esc"))
			d.settle()
		}
	}
	for _, k := range []string{"ctrl+w", "g", "g", "z", "ctrl+u"} {
		d.keys(k)
	}
}

// The layouts of keys change what is pressed, and help shows it.
func TestLayoutsOfKeys(t *testing.T) {
	folder(t)
	d := drive(t, 120, 40, Options{Keys: "emacs"})
	d.want("plain  ln 1").typed("select 1 as one;\n" + byCountry)
	d.keys("ctrl+p").want("ln 1 col").keys("ctrl+e ctrl+n").want("ln 2 col")
	d.keys("ctrl+x ctrl+e").want("1-4 of 4 rows").keys("ctrl+g ctrl+n").want(">FR")
	d.keys("?").want("emacs keys", "ctrl-n ctrl-p down, up", "ctrl-s /").keys("ctrl+g").not("emacs keys")
	d.keys("ctrl+s").typed("IS\n").want(">IS")
	d.keys(":").typed("set keys=vi\n").want("there is keys=vim|emacs|vscode")
	d.keys(":").typed("set keys=vscode\n").want("the keys are those of vscode")
	d.keys("ctrl+home").want(">DE").keys("f1").want("Commands").keys("esc s").want("SORTED by country").keys("ctrl+z").not("SORTED")
	d.a.explore.ps.to("explore/editor")
	d.typed("xy").want("xy").keys("ctrl+z").not("xy")
	d.keys("esc 4 :").typed("set keys=vim\n").keys("1").want("vim NORMAL")
	for _, l := range keymap.Layouts { // no key line and no help that cannot be drawn
		d.a.keys.Use(l)
		for _, s := range d.a.screens {
			d.a.show(s.id())
			d.keys("?").want(l.Name + " keys").keys("esc")
		}
	}
}

func TestSmallAndNarrow(t *testing.T) {
	folder(t)
	d := query(t, 60, 15, byCountry)
	d.want("[result]", "DE", "data", "query")
	d.keys("shift+tab shift+tab").want("[data]", "orders.csv").not("DE  ")
	d.send(tea.WindowSizeMsg{Width: 59, Height: 15})
	d.want("riffle needs 60x15 cells")
	d.send(tea.WindowSizeMsg{Width: 100, Height: 30})
	d.want("orders.csv", "DE")
}
