package tui

import (
	"fmt"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/riffle-io/riffle/repl"
)

// bids is a stream that ends by itself: 300 generated events.
const bids = "select auction, count(*) as n, max(price) as best from gen.nexmark_bid(events => 300, stream => true) group by auction"

// streaming runs a query over a stream to its end, and waits until the last table is shown.
func streaming(t *testing.T, w, h int, text string) *driver {
	t.Helper()
	folder(t)
	d := drive(t, w, h, Options{})
	d.a.ses.Parallelism = 1 // rows in one order
	d.runs = true
	d.typed(text).keys("f5")
	if d.a.stream.live == nil {
		t.Fatalf("no stream:\n%s", d.text())
	}
	wait(t, d.a.stream.run)
	d.a.stream.fresh.tick = time.Time{}
	d.a.stream.st = d.a.stream.run.Status()
	d.a.stream.now = d.a.stream.live.Status()
	d.a.touch()
	d.send(nil)
	d.settle()
	d.runs, d.clock = false, noon
	return d
}

// still fixes the numbers of the header, which depend on the speed of the machine.
func (d *driver) still() *driver {
	s := d.a.stream
	s.size = 38_000_000
	now := noon.AddDate(-20, 0, 0) // before every change, whatever the machine's clock says
	at := func(sec int) time.Time { return now.Add(time.Duration(sec-12) * time.Second) }
	s.now.Partitions = []repl.LivePartition{{Name: "kafka:bids/0", Watermark: at(12)}, {Name: "kafka:bids/3", Idle: true, LastRow: at(-228)}, {Name: "kafka:bids/7", Watermark: at(7), LastEvent: at(7), Holds: true}}
	s.now.Now, s.now.Rates, s.now.InRate, s.now.OutRate, s.now.StateBytes = now, []float64{1, 5, 9, 3}, 48213, 61, 400_000
	d.a.touch()
	d.send(nil)
	return d
}

func TestStreamComesToTheFront(t *testing.T) {
	d := streaming(t, 100, 30, bids)
	d.want("[2 Stream]", "UPSERT TABLE", "unbounded input", "Changelog", "Partitions", "recorder 2", "auction")
	rows := d.a.stream.live.Table(-1).Rows()
	d.want(fmt.Sprintf("of %d rows", rows))
}

func TestStreamModesOverOneRecorder(t *testing.T) {
	d := streaming(t, 100, 30, bids)
	live := d.a.stream.live
	d.keys("m").want("CHANGELOG", "op", "+I", "not restarted")
	if n := d.a.stream.grid.Rows(); n != live.Next()-live.First() {
		t.Errorf("the changelog has %d rows of %d changes", n, live.Next()-live.First())
	}
	d.keys("m").want("APPEND", "m mode")
	d.keys("m").want("UPSERT TABLE")
	if d.a.stream.live != live {
		t.Error("the query was restarted")
	}
}

func TestStreamRewinds(t *testing.T) {
	d := streaming(t, 100, 30, bids)
	s := d.a.stream
	last := s.live.Next() - 1
	d.keys("{ {").want("PAUSED", "+2 changes unseen", "0 goes live")
	if s.at != last-2 {
		t.Errorf("at %d, want %d", s.at, last-2)
	}
	want := s.live.Table(s.at)
	if s.grid.Rows() != want.Rows() {
		t.Errorf("%d rows shown, %d in the table as of %d", s.grid.Rows(), want.Rows(), s.at)
	}
	d.keys("}").want("+1 changes unseen")
	d.keys("g s").typed("@5\n").want("change 5 of")
	d.keys("[").want("change 0 of")
	d.keys("{").want("oldest change")
	d.keys("0").not("PAUSED")
	d.keys("space").want("PAUSED").keys("space").not("PAUSED")
	d.keys(":").typed("seek yesterday\n").want("seek yesterday: neither")
}

func TestStreamSortsAndCopies(t *testing.T) {
	d := streaming(t, 100, 30, bids)
	d.keys("l S").want("sort n desc")
	page, err := d.a.stream.grid.Source().Page(0, 2, []int{1})
	if err != nil || len(page) < 2 || len(page[0][0].Text) < len(page[1][0].Text) {
		t.Errorf("not sorted: %v %v", page, err)
	}
	d.keys("enter").want("Record 1 of", "best").keys("esc Y").want("row as json").keys("esc")
	d.keys("g l").want("none: Late rows")
	d.keys("w").want("Why is there no output?", "CAUSE").keys("esc")
	d.keys("e").want("[1 Explore]", "gen.nexmark_bid")
}

func TestStreamShowsWhatChanged(t *testing.T) {
	d := streaming(t, 100, 30, bids)
	d.want("d(5 s)", "of best", "+93 500 336")
	d.keys("l s").want("of n", "sort n").not("of best") // the number that the table is sorted by
	d.keys("$ s").want("sorted by a column of the query")
	d.keys("m").not("d(5 s)")
	d = streaming(t, 100, 30, "select auction, price from gen.nexmark_bid(events => 50, stream => true)")
	d.keys("m").want("UPSERT TABLE").not("d(5 s)") // rows that are only added do not change
}

func TestStreamPlots(t *testing.T) {
	d := streaming(t, 100, 30, bids)
	d.keys("p").want("Plot  bar  best by auction", "4 of 25 rows SHOWN")
	if of := d.a.stream.plot.of; of != chartRows(d.a.stream.shown.table) {
		t.Error("the chart is not of the table that is shown")
	}
	d.runs = true
	d.keys("{ {").want("4 of 23 rows SHOWN") // it follows the table
	d.keys("m").want("CHANGELOG").not("Plot").keys("p").want("m shows it")
	d.keys("m m").want("Plot").keys("p p p").not("Plot")
	d = streaming(t, 70, 24, "select auction % 3 = 1 as odd, count(*) as n from gen.nexmark_bid(events => 300, stream => true) group by 1")
	d.keys("p tab tab tab").want("[plot]", "Plot  bar  n by odd", "true")
}

func TestTheFilesTwin(t *testing.T) {
	folder(t)
	d := drive(t, 100, 30, Options{})
	d.typed("select country from 'orders.csv'").keys("ctrl+r").keys("esc tab").want("1-5 of 5 rows").keys("2").want("[2 Stream]", "not as a stream: no topic of this session has the columns of the query's files: orders.csv")
	d.keys("1 2").not("not as a stream") // it is not tried again and again
	d.keys("1 :").typed("twin\n").want("not as a stream")
	d.keys("1 esc esc")
	d.a.explore.editor.Buffer().SetText("")
	d.runs = true
	d.a.explore.ps.to("explore/editor")
	d.keys("i").typed("create table live (id bigint, country varchar, amount double, ts varchar) with ('connector'='kafka', 'topic'='orders', 'properties.bootstrap.servers'='127.0.0.1:1', 'format'='json');\n" +
		"select country from 'orders.csv' limit 2").keys("f5").keys("esc tab 2")
	d.want("[2 Stream]", "Live  select country from live", "unbounded input: live in place of orders.csv; without limit 2", "unable to dial")
	if d.a.explore.failed != "" {
		t.Errorf("the result went: %s", d.a.explore.failed)
	}
}

// A stream that the user started is not ended by going to its screen.
func TestTheTwinLeavesARunningStreamAlone(t *testing.T) {
	folder(t)
	d := drive(t, 100, 30, Options{})
	d.typed("select country from 'orders.csv'").keys("ctrl+r").keys("esc tab")
	run := d.a.ses.Start(d.a.ctx, "select price from gen.nexmark_bid(events => 100000000000, stream => true)")
	for run.Live() == nil {
		time.Sleep(time.Millisecond)
	}
	run.Live().SetRate(100)
	d.a.toStream(run, origin{text: "select price"})
	d.a.show("explore")
	d.send(keyPress("2"))
	d.want("[2 Stream]", "this stream runs on; :twin")
	if d.a.stream.run != run || run.Status().State != repl.StateRunning {
		t.Error("the stream was ended")
	}
	run.Cancel()
	<-run.Done()
}

func TestStreamOfWindowsSaysWhatIsFinal(t *testing.T) {
	d := streaming(t, 120, 30, "create view b as select * from gen.nexmark_bid(events => 300, stream => true);\n"+
		"select window_start, window_end, count(*) as n from tumble(table b, descriptor(date_time), interval '1' second) group by window_start, window_end")
	if d.a.stream.st.State == repl.StateFailed {
		t.Fatal(d.a.stream.st.Err)
	}
	d.want("Rows", "exact")
}

// TestStreamModesKeepTheirOrder goes through all modes and back to a table that was sorted.
func TestStreamModesKeepTheirOrder(t *testing.T) {
	d := streaming(t, 100, 30, bids)
	d.keys("l S").want("sort n desc").keys("m").not("sort n").keys("m").not("sort n").keys("m").want("UPSERT TABLE", "sort n desc")
}

// TestWatermarkLineFits leaves out what matters least, and never who holds the watermark.
func TestWatermarkLineFits(t *testing.T) {
	d := streaming(t, 100, 30, bids).still()
	s := d.a.stream
	s.now.Watermark = time.Date(2000, 12, 31, 23, 54, 0, 0, time.UTC)
	s.now.Partitions[2].LastEvent = s.now.Watermark.Add(113 * time.Hour)
	for _, c := range []struct {
		w    int
		want string
	}{
		{140, "watermark 2000-12-31 23:54:00   now 10:41:12   4 d 17 h behind the newest event   held by bids/7 (last event 2001-01-05 16:54:00)"},
		{96, "watermark 2000-12-31 23:54:00   now 10:41:12   4 d 17 h behind the newest event   held by bids/7"},
		{76, "watermark 2000-12-31 23:54:00   held by bids/7"},
		{56, "watermark 2000-12-31 23:54:00   held by bids/7"},
		{30, "watermark 2000-12-31 23:54:00"},
	} {
		if got := s.watermarkLine(c.w); got != c.want {
			t.Errorf("in %d cells: %s", c.w, got)
		}
	}
}

// TestStreamSaysWhereRowsAre does not call a view quiet that stands before the first row.
func TestStreamSaysWhereRowsAre(t *testing.T) {
	d := streaming(t, 100, 30, "select auction, count(*) as n from gen.nexmark_bid(events => 300, stream => true) group by auction having count(*) > 1")
	d.a.stream.standAt(0)
	d.a.stream.mode = appendMode
	d.runs = true
	for d.a.stream.stale() || d.a.stream.fresh.busy {
		d.send(frameMsg{})
		d.settle()
	}
	d.want("0 goes live").not("no rows yet")
}

func TestTopicsByName(t *testing.T) {
	d := streaming(t, 100, 30, bids)
	d.keys(":").typed("topic orders\n").want("no topic: name one as a source")
}

// TestStreamProfiles a column while the table changes: beside the rows, and again when they are others.
func TestStreamProfiles(t *testing.T) {
	d := streaming(t, 120, 40, bids)
	d.keys("l F").want("Profile  n", "rows     25", "distinct", "p50", "histogram", "all rows of the table")
	d.a.stream.standAt(2)
	d.runs = true
	rest := func() {
		for d.a.stream.stale() || d.a.stream.fresh.busy || d.a.stream.staleProfile() || d.a.stream.prof.busy {
			d.send(frameMsg{})
			d.settle()
		}
	}
	rest()
	d.want("rows     3")
	d.send(tea.WindowSizeMsg{Width: 100, Height: 24})
	d.want("all rows of the table") // in a small pane too
	d.keys("h F").want("Profile  auction").keys("F").not("Profile").want("Changelog")
	d.keys("$ F").want("of a column of the query")
	d.keys("m")
	rest()
	d.keys("F").want("m shows it")
}

func TestWhyNamesItsHelp(t *testing.T) {
	for want, w := range map[string]repl.Why{
		"idle":      {Cause: "No window can close: the watermark stands", Fixes: []repl.Fix{{Text: "set an idle time-out of 10 s"}}},
		"watermark": {Cause: "No window can close: the watermark stands"},
		"":          {Cause: "Output is regular"},
	} {
		if got := learnMore(w); got != want {
			t.Errorf("%s: %q, want %q", w.Cause, got, want)
		}
	}
}
