package tui

import (
	"strings"
	"testing"
	"time"

	"github.com/riffle-io/riffle/repl"
)

// promotion is one as the session gives it, for tests of the dialog's drawing.
func promotion(t *testing.T, d *driver) *promote {
	t.Helper()
	plan := &repl.Promotion{Name: "by_country", Mode: "upsert", Plan: "Sink by_country\n└─ Aggregate",
		Bounded: "SELECT country, count(*) AS n FROM 'orders.csv' GROUP BY country ORDER BY n DESC",
		SQL:     "CREATE TABLE orders (country VARCHAR) WITH ('connector'='kafka');\nINSERT INTO by_country SELECT country, count(*) AS n FROM orders GROUP BY country;\n",
		Changes: []repl.PromoteChange{{N: 1, Old: "FROM 'orders.csv'", New: "FROM orders", Reason: "the file ends; topic orders goes on"},
			{N: 2, Old: "ORDER BY n DESC", Reason: "ORDER BY of an endless input would never end"}},
		Lint: []repl.PromoteLint{{Level: "ok", Text: "watermark set"}, {Level: "warning", Text: "state grows with the keys", Hint: "--window tumble:1h bounds it"}},
		File: "jobs/by_country.sql"}
	plan.Spec.Dir = t.TempDir()
	p := &promote{a: d.a, plan: plan, stop: func() {}, req: repl.PromoteRequest{SQL: plan.Bounded, Name: "by_country", Checkpoint: 10 * time.Second, Window: "tumble:1h"}}
	d.a.open(p)
	d.a.touch()
	d.send(nil)
	return p
}

func TestPromoteShowsBothTexts(t *testing.T) {
	folder(t)
	for _, size := range sizes {
		d := drive(t, size[0], size[1], Options{})
		promotion(t, d)
		d.want("by_country", "unbounded (will run)", "FROM orders", "[1]", "the file ends; topic orders goes on", "warning", "state grows", "tumble:1h")
	}
}

func TestPromoteCommandRepeatsTheDialog(t *testing.T) {
	folder(t)
	d := drive(t, 100, 30, Options{})
	p := promotion(t, d)
	want := `riffle promote 'SELECT country, count(*) AS n FROM '\''orders.csv'\'' GROUP BY country ORDER BY n DESC' --name by_country --window tumble:1h`
	if got := p.command(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	d.keys("y").want("copied the command")
	d.keys("i").want("--window tumble:1h bounds it").keys("esc")
	d.keys("v").want("Aggregate").keys("esc").want("bounded (explored)")
	d.keys("w").want("nothing was started")
}

func TestPromoteWithErrorsDoesNotStart(t *testing.T) {
	folder(t)
	d := drive(t, 100, 30, Options{})
	p := promotion(t, d)
	p.plan.Lint = append(p.plan.Lint, repl.PromoteLint{Level: "error", Text: "no watermark"})
	d.keys("enter").want("the lint has errors", "no watermark")
	if strings.Contains(d.text(), "file only") {
		t.Error("a job with errors can be written")
	}
}

func TestPromoteIsRefusedWithTheReason(t *testing.T) {
	folder(t)
	d := query(t, 100, 30, "select 1 as one")
	d.keys("P").want("promote to a job named").typed("9lives\n").want("a job's name is")
	d.keys("P").typed("one\n").want("It cannot be promoted as it is", "promote")
	d.keys("esc").not("It cannot be promoted")
}
