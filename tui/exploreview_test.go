package tui

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/riffle-io/riffle/repl"
)

// TestErrorNamesTheLineOfTheBuffer and its key puts in what the hint proposes.
func TestErrorNamesTheLineOfTheBuffer(t *testing.T) {
	folder(t)
	d := drive(t, 100, 30, Options{})
	d.typed("select 1;\n\nselect 2; select id,\n  contry from 'orders.csv' as o").keys("ctrl+r")
	d.want("line 4, column 3", "f7 puts in country")
	d.keys("f7").want("  country from 'orders.csv'", "country put in").keys("ctrl+r").want("DE", "1-5 of 5 rows").not("f7")
	d.keys("esc G d d o").typed("select 3; select idd from 'orders.csv'").keys("ctrl+r").want("line 4, column 18", "f7 puts in id")
	d.typed(" ").keys("f7").want("another one by now")
}

func TestPlotFromTheEditor(t *testing.T) {
	folder(t)
	d := drive(t, 100, 30, Options{})
	d.typed(byCountry).keys("ctrl+r").keys("esc p").want("Plot  bar  total by country")
	d.keys("s").want("SORTED by country") // the focus is on the result
	d = drive(t, 100, 30, Options{})
	d.typed("1;\n" + byCountry).keys("ctrl+r esc g g d d p").not("Plot").want("2 1;") // what was cut
}

func TestCommandLogRepeats(t *testing.T) {
	folder(t)
	d := drive(t, 120, 30, Options{})
	if err := d.a.ses.Catalog().AddSource(t.Context(), "orders.csv"); err != nil {
		t.Fatal(err)
	}
	d.typed("select id, country from t").keys("ctrl+r esc").keys("ctrl+w j s").want("SORTED").keys("f").want("FILTERED")
	want := "riffle sql 'WITH _1 AS (select id, country from t), _2 AS (SELECT * FROM _1 ORDER BY id) SELECT * FROM _2 WHERE id = 1' orders.csv"
	if got := d.a.log[len(d.a.log)-1].line; got != want {
		t.Errorf("logged\n%s\nwant\n%s", got, want)
	}
	d.keys("i").want("Plan", "id = 1").keys("esc")
	d.keys("u i").want("Plan", "Sort").not("id = 1") // of what is shown
	d.keys("esc f2").want("_1   select id, country from t", "5 rows")
}

func TestFirstRowsSayOfHowMany(t *testing.T) {
	folder(t)
	s := repl.NewSession(repl.Output{Notice: func(string, ...any) {}})
	if err := s.Execute(t.Context(), "COPY (SELECT o_orderkey FROM gen.tpch_orders(sf => 0.001)) TO 'a.parquet'; COPY (SELECT o_orderkey FROM gen.tpch_orders(sf => 0.001)) TO 'b.csv'"); err != nil {
		t.Fatal(err)
	}
	for _, src := range []string{"a.parquet", "b.csv"} {
		if err := s.Catalog().AddSource(t.Context(), src); err != nil {
			t.Fatal(err)
		}
	}
	d := drive(t, 120, 30, Options{Session: s})
	d.keys("esc shift+tab")
	d.keys("g g j enter").want("1-15 of the FIRST 1 000 rows of 1 500 exact", "FROM a")
	d.keys("F").want("rows     1 500").keys("F") // of the table, not of what is shown
	d.keys("shift+tab shift+tab").keys("/").typed("b.csv\n").keys("g g j j j enter").want("1-15 of the FIRST 1 000 rows more may follow")
}

func TestExportOfWhatIsShown(t *testing.T) {
	dir := folder(t)
	d := query(t, 100, 30, byCountry)
	d.keys("l - E ctrl+u").typed("x.md\n").want("4 rows written to x.md")
	d.keys("E ctrl+u").typed("x.csv\n")
	text, err := os.ReadFile(filepath.Join(dir, "x.csv"))
	if err != nil || !strings.HasPrefix(string(text), "country,total\nDE,") {
		t.Errorf("wrote %q, %v", text, err)
	}
	text, err = os.ReadFile(filepath.Join(dir, "x.md"))
	if err != nil || !strings.HasPrefix(string(text), "| country | total |\n| --- | ---: |\n| DE | ") {
		t.Errorf("wrote %q, %v", text, err)
	}
	d.keys("E ctrl+u").typed("nowhere/x.txt\n").want("DE", "x.txt").not("Error") // what is shown stays
}

// TestSelection copies a block of cells, and whole rows.
func TestSelection(t *testing.T) {
	folder(t)
	d := query(t, 100, 30, byCountry)
	d.keys("v j l").want("SELECTED 2 x 2", "*DE", ">FR").keys("y").want("copied 2 rows of 2 columns as csv (20 B)").not("SELECTED")
	d.keys("g g V j j").want("SELECTED 3 x 3").keys("esc").not("SELECTED")
	d.keys("V v").want("SELECTED 1 x 1").keys("v").not("SELECTED").keys("y").want("copied the cell")
}

func TestColumnsAndCells(t *testing.T) {
	folder(t)
	d := query(t, 100, 30, byCountry)
	d.keys("c").want("Columns", "total").typed("tot\n")
	if _, col, _ := d.a.explore.grid.Cursor(); col != 2 {
		t.Errorf("the cursor is in column %d", col)
	}
	d.keys("c ctrl+x").want("HIDDEN  VARCHAR").keys("esc").want("1 column HIDDEN").keys("c ctrl+x esc").not("HIDDEN")
	d.keys("c ctrl+x enter").want("DE").not("HIDDEN") // going to a column shows it
	d = query(t, 100, 30, "select * from 'events.json' order by id")
	d.keys("$ z").want("who  ", `  "name": "ann",`, `    "a",`).keys("y").want("copied the cell of who").keys("esc").not("ann\",\n")
}

func TestPanesOfANarrowScreen(t *testing.T) {
	folder(t)
	d := drive(t, 60, 15, Options{})
	d.keys("esc ctrl+w h").want("[data]", "orders.csv").keys("ctrl+w l").want("[query]").keys("ctrl+w l").want("[result]")
}

func TestHelpTurnsToWhatDoesNotFit(t *testing.T) {
	folder(t)
	d := query(t, 80, 24, byCountry)
	d.keys("?").want("more: down shows them", "profile the column").not("never riffle")
	for range 4 {
		d.keys("down")
	}
	d.want("cancel the query,", "never riffle").not("more: down", "profile the column")
	d.keys("up up up up").want("profile the column")
}

// TestInspectorTakesTheLastQuery when what stands under the cursor is none.
func TestInspectorTakesTheLastQuery(t *testing.T) {
	folder(t)
	s := repl.NewSession(repl.Output{Notice: func(string, ...any) {}})
	if err := s.Execute(t.Context(), "COPY (SELECT o_orderkey FROM gen.tpch_orders(sf => 0.001)) TO 'a.parquet'"); err != nil {
		t.Fatal(err)
	}
	d := drive(t, 100, 30, Options{Session: s})
	d.typed("select count(*) from 'a.parquet' where o_orderkey < 0;\n\nselect from").keys("esc g g ctrl+r").want("Result _1").keys("G")
	d.keys("ctrl+w h").keys("/").typed("a.parquet\n").keys("G i").want("a.parquet", "What will the query read?", "skipped by").not("unexpected")
}
