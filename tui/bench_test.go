package tui

import (
	"context"
	"fmt"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/riffle-io/riffle/repl"
)

// big is a program of 200 by 60 cells with a result of a million rows on it.
func big(b *testing.B) *app {
	b.Helper()
	b.Setenv("XDG_STATE_HOME", b.TempDir())
	b.Chdir(b.TempDir())
	s := repl.NewSession(repl.Output{Notice: func(string, ...any) {}})
	clock := time.Unix(0, 0)
	a := newApp(context.Background(), Options{Session: s}, func() time.Time { return clock })
	b.Cleanup(a.close)
	a.Update(tea.WindowSizeMsg{Width: 200, Height: 60})
	a.explore.editor.Buffer().SetText("SELECT * FROM gen.nexmark_bid(events => 1000000);\nSELECT 1;\n")
	a.explore.runText(origin{text: "SELECT * FROM gen.nexmark_bid(events => 1000000)"})
	<-a.explore.run.Done()
	a.explore.poll(clock)
	a.explore.ps.to("explore/grid")
	if a.explore.grid.Rows() < 900_000 {
		b.Fatalf("%d rows: %s", a.explore.grid.Rows(), a.explore.st.Err)
	}
	return a
}

func BenchmarkFrameMove(b *testing.B) {
	a := big(b)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		a.explore.grid.Key([]string{"j", "k"}[i%2])
		a.compose()
	}
}

func BenchmarkFramePage(b *testing.B) {
	a := big(b)
	b.ReportAllocs()
	for b.Loop() {
		a.explore.grid.Key("ctrl+f")
		a.compose()
	}
}

func BenchmarkFrameHelp(b *testing.B) {
	a := big(b)
	a.help()
	b.ReportAllocs()
	for b.Loop() {
		a.compose()
	}
}

// BenchmarkFrameJob draws a job of eight operators.
func BenchmarkFrameJob(b *testing.B) {
	a := big(b)
	srv := &board{now: time.Unix(0, 0)}
	a.jobs.client, a.jobs.sel = srv, "rev_by_country"
	a.jobs.take("rev_by_country", ask(context.Background(), srv, "rev_by_country", time.Time{}))
	for i := range 5 {
		o := a.jobs.detail.Operators[1]
		o.Title = fmt.Sprint("Operator-", i)
		a.jobs.detail.Operators = append(a.jobs.detail.Operators, o)
		e := grow(&a.jobs.detail.Edges)
		e.From, e.To = i+2, i+3
	}
	a.jobs.open = true
	a.cur = 2
	b.ReportAllocs()
	for b.Loop() {
		a.compose()
	}
}

// A frame is far below its budget of 5 ms; what it allocates is bounded by what it shows.
func TestFrameAllocations(t *testing.T) {
	folder(t)
	d := query(t, 200, 60, byCountry)
	if n := testing.AllocsPerRun(20, d.a.compose); n > 400 {
		t.Errorf("%v allocations a frame", n)
	}
}
