package tui

import (
	"fmt"
	"testing"
	"time"

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
	s.now.Now, s.now.Rates, s.now.InRate, s.now.OutRate, s.now.StateBytes = d.a.now(), []float64{1, 5, 9, 3}, 48213, 61, 400_000
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

func TestStreamOfWindowsSaysWhatIsFinal(t *testing.T) {
	d := streaming(t, 120, 30, "create view b as select * from gen.nexmark_bid(events => 300, stream => true);\n"+
		"select window_start, window_end, count(*) as n from tumble(table b, descriptor(date_time), interval '1' second) group by window_start, window_end")
	if d.a.stream.st.State == repl.StateFailed {
		t.Fatal(d.a.stream.st.Err)
	}
	d.want("Rows", "exact")
}

func TestGoldenStream(t *testing.T) {
	for _, size := range sizes {
		d := streaming(t, size[0], size[1], bids)
		d.keys("space { {").still()
		d.golden(fmt.Sprintf("stream_%dx%d", size[0], size[1]), false)
	}
}
