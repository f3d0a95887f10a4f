package tui

import (
	"context"
	"fmt"
	"io"
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
	a.term = &terminal{out: io.Discard, lost: func() {}} // frames are painted
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

// flowing is a program of 200 by 60 cells on a stream whose table has n keys, and goes on changing.
func flowing(b *testing.B, n int64) *app {
	b.Helper()
	a := big(b)
	a.ses.Parallelism = 1
	text := fmt.Sprintf("select price %% %d as k, count(*) as n, sum(price) as total from gen.nexmark_bid(events => 100000000000, stream => true) group by 1", n)
	run := a.ses.Start(a.ctx, text)
	b.Cleanup(func() { a.close(); <-run.Done() })
	for run.Live() == nil {
		if run.Status().State != repl.StateRunning {
			b.Fatal(run.Status().Err)
		}
		time.Sleep(time.Millisecond)
	}
	a.toStream(run, origin{text: text})
	for run.Live().Table(-1).Rows() < n*9/10 {
		time.Sleep(10 * time.Millisecond)
	}
	run.Live().SetRate(10_000) // of rows, each of which is two changes
	a.stream.st = run.Status()
	return a
}

// follow shows the table as it is now, as the screen does in the background.
func (s *stream) follow(now time.Time) {
	sh, src := snapshotLive(s.live, s.key(), now)
	s.take(sh, src)
}

// BenchmarkFrameStream draws the last rows of a table of 10^5 keys that has just changed.
func BenchmarkFrameStream(b *testing.B) {
	a := flowing(b, 100_000)
	a.stream.follow(time.Now())
	a.stream.grid.Key("G")
	b.ReportAllocs()
	for b.Loop() {
		a.stream.grid.Update(a.stream.grid.Source(), 0) // which reads the page anew
		a.compose()
	}
}

// BenchmarkStreamTable makes the table of a stream, which is done in the background and as often as
// it takes a tenth of a core.
func BenchmarkStreamTable(b *testing.B) {
	for _, n := range []int64{100_000, 1_000_000} {
		for _, sorted := range []bool{false, true} {
			b.Run(fmt.Sprintf("keys=%d/sorted=%v", n, sorted), func(b *testing.B) {
				a := flowing(b, n)
				if sorted {
					a.stream.sort.col, a.stream.sort.desc = 2, true
				}
				b.ReportAllocs()
				for b.Loop() {
					a.stream.follow(time.Now())
				}
			})
		}
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
