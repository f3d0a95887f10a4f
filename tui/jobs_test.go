package tui

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/riffle-io/riffle/repl"
)

// board is a job server with two jobs, for tests of the screen. It keeps what it was asked to do.
type board struct {
	now     time.Time
	down    bool
	did     []string
	hold    chan struct{} // the list comes when it is closed; nil: at once
	profile string
}

func (b *board) Addr() string { return "/run/riffle.sock" }
func (b *board) Server(context.Context) (repl.JobServer, error) {
	if b.down {
		return repl.JobServer{}, errDown
	}
	return repl.JobServer{Profile: b.profile}, nil
}

func ptr[T any](v T) *T { return &v }

func (b *board) infos() []repl.JobInfo {
	ckpt := &repl.JobCheckpoint{ID: 4412, At: b.now.Add(-8 * time.Second), TotalMS: 1100, AlignMS: 40, WriteMS: 900, CommitMS: 160, Kind: "full", Bytes: 400_000, Rows: 88}
	return []repl.JobInfo{
		{Name: "rev_by_country", Kind: "stream", State: "running", Version: 3, Parallelism: 4, Target: "out/rev", Mode: "upsert", UptimeMS: 273_600_000,
			InRate: 48_200, OutRate: 61, Busy: 0.98, Backpressure: 0.41, Watermark: ptr("2026-11-21 10:41:07"), LagMS: ptr(int64(5400)), SourceLag: 6902,
			StateBytes: 400_000, Keys: 88, Checkpoint: ckpt,
			Findings: []repl.JobFinding{{Level: "warning", Text: "Aggregate-1 is busy 98 %: 1 of 4 tasks gets 61 % of the records", Command: "riffle jobs show rev_by_country"}}},
		{Name: "nightly_join", Kind: "batch", State: "failed", Restarts: 2, SourceLag: -1, Keys: -1, Error: "read page 3 of column amount: checksum differs",
			Findings: []repl.JobFinding{{Level: "error", Text: "failed: read page 3 of column amount: checksum differs", Command: "riffle jobs events nightly_join"}}},
	}
}

var errDown = fmt.Errorf("dial unix /run/riffle.sock: connection refused: %w", repl.ErrNoServer)

func (b *board) List(context.Context) ([]repl.JobInfo, error) {
	if b.hold != nil {
		<-b.hold
	}
	if b.down {
		return nil, errDown
	}
	return b.infos(), nil
}

func (b *board) Show(_ context.Context, name string) (repl.JobDetail, error) {
	for _, i := range b.infos() {
		if i.Name == name {
			d := repl.JobDetail{Info: i, SQL: "INSERT INTO 'out/rev' SELECT 1", Spec: repl.JobSpec{Name: name}, Plan: "Sink o\n└─ Aggregate"}
			if name == "rev_by_country" {
				b.graph(&d)
			}
			d.Events = []repl.JobEvent{{At: b.now.Add(-time.Minute), Job: name, Kind: "restarting", Text: "failed, restart 1", Error: "decode amount: \"1,20\"", Hint: "look at kafka.orders/7@88120441"}}
			return d, nil
		}
	}
	return repl.JobDetail{}, errors.New("no such job: " + name)
}

// grow adds an element to a slice whose type has no name here, and returns it.
func grow[T any](s *[]T) *T {
	var zero T
	*s = append(*s, zero)
	return &(*s)[len(*s)-1]
}

// graph gives a job three operators in a row.
func (b *board) graph(d *repl.JobDetail) {
	wm := ptr("2026-11-21 10:41:07")
	op := func(name string, busy, backp, in, out float64, rows ...int64) repl.JobOperator {
		o := repl.JobOperator{Name: name, Title: name, Busy: busy, Backpressure: backp, InRate: in, OutRate: out, Watermark: wm, Keys: -1}
		link := grow(&o.Chain)
		link.ID, link.Name, link.Detail, link.RowsIn, link.RowsOut = name+"-1", name, "of orders", 10, 5
		total := int64(0)
		for _, r := range rows {
			total += r
			task := grow(&o.Tasks)
			task.Busy, task.Backpressure, task.InRate, task.Rows = busy, backp, in, r
		}
		o.Skew = float64(rows[len(rows)/2]) / float64(total)
		return o
	}
	d.Operators = []repl.JobOperator{op("Scan orders", 0.22, 0.41, 0, 48_200, 9, 9, 8, 9), op("Aggregate", 0.98, 0, 44_000, 61, 2, 3, 19, 2), op("Sink rev", 0.02, 0, 61, 61, 1)}
	d.Operators[0].Source = true
	d.Operators[1].Keys, d.Operators[1].StateBytes, d.Operators[1].StateNote = 88, 400_000, "bounded by the open windows"
	for i := range 2 {
		e := grow(&d.Edges)
		e.From, e.To = i, i+1
	}
	d.Partitions = []repl.JobPartition{{Table: "orders", Name: "kafka:orders/0", Rows: 100, Lag: 3, Watermark: ptr("2026-11-21 10:41:12")},
		{Table: "orders", Name: "kafka:orders/7", Rows: 90, Lag: 6902, Watermark: ptr("2026-11-21 10:41:07"), Holds: true, QuietMS: 14_000}}
	d.History = []repl.JobCheckpoint{*d.Checkpoint, {ID: 4411, At: b.now.Add(-18 * time.Second), TotalMS: 7900, AlignMS: 7100, WriteMS: 700, Kind: "incr", Bytes: 100_000, Cause: "the barrier waited 7.1 s at Aggregate[2]"}}
}

func (b *board) Metrics(_ context.Context, _ string, since time.Time) (out []repl.JobSample, err error) {
	for i := range 120 {
		at := b.now.Add(time.Duration(i-119) * time.Second)
		if at.After(since) {
			out = append(out, repl.JobSample{At: at, InRate: float64(40_000 + 100*i), OutRate: 61, Busy: 0.5 + float64(i)/250, LagMS: ptr(int64(50 * i)), SourceLag: int64(60 * i),
				StateBytes: 400_000, Operators: [][2]float32{{0.1, 0.2}, {0.5, 0}, {0.01, 0}}})
		}
	}
	return out, nil
}

func (b *board) Savepoints(_ context.Context, name string) ([]repl.Savepoint, error) {
	return []repl.Savepoint{{Job: name, Label: "before-v2", Created: b.now.Add(-18 * time.Hour), Bytes: 400_000}}, nil
}

func (b *board) Why(context.Context, string) (repl.JobWhy, error) {
	return repl.JobWhy{Text: "watermark stands", Cause: "The watermark stands: partition 7 is silent.", Facts: []string{"last row 14 s ago"}, NotIt: []string{"the sink takes rows"},
		Fixes: []repl.JobFix{{Text: "let it not count after 60 s", Command: "riffle job set rev_by_country idle-timeout=60s", Live: true, Set: &repl.JobSetting{Key: "idle-timeout", Value: "60s"}}}}, nil
}

func (b *board) log(format string, args ...any) error {
	b.did = append(b.did, fmt.Sprintf(format, args...))
	return nil
}

func (b *board) Fit(context.Context, string, repl.JobSpec) ([]repl.JobFit, error) {
	return []repl.JobFit{{ID: "a", Name: "Aggregate", Fit: "keep", Rows: 88, Bytes: 400_000}, {ID: "b", Name: "Join", Fit: "drop", Rows: 10, Bytes: 100}}, nil
}
func (b *board) Stop(_ context.Context, n, _ string) (string, error) {
	return "sp/" + n, b.log("stop %s", n)
}
func (b *board) Cancel(_ context.Context, n string) error  { return b.log("cancel %s", n) }
func (b *board) Pause(_ context.Context, n string) error   { return b.log("pause %s", n) }
func (b *board) Resume(_ context.Context, n string) error  { return b.log("resume %s", n) }
func (b *board) Restart(_ context.Context, n string) error { return b.log("restart %s", n) }
func (b *board) Rescale(_ context.Context, n string, p int) error {
	return b.log("rescale %s %d", n, p)
}
func (b *board) Remove(_ context.Context, n string) error { return b.log("remove %s", n) }
func (b *board) Replace(_ context.Context, s repl.JobSpec) error {
	return b.log("replace %s %s", s.Name, s.SQL)
}
func (b *board) Fork(_ context.Context, n string, s repl.JobSpec) error {
	return b.log("fork %s %s: %s", n, s.Name, s.SQL)
}
func (b *board) Savepoint(_ context.Context, n, l string) (repl.Savepoint, error) {
	return repl.Savepoint{Label: l, Dir: "sp/" + l}, b.log("savepoint %s %s", n, l)
}
func (b *board) Set(_ context.Context, n, k, v string) (bool, error) {
	return true, b.log("set %s %s %s", n, k, v)
}

func (b *board) Tap(ctx context.Context, _, op string, fn func(repl.Tapped) error) error {
	if err := fn(repl.Tapped{Columns: []string{"country", "n"}, Rows: [][]*string{{ptr("DE"), ptr("7")}, {nil, ptr("1")}}, Ops: []string{"+I", "-U"}, Skipped: 240}); err != nil {
		return err
	}
	return b.log("tap %s", op)
}

// onJobs starts a program on the Jobs screen of a board.
func onJobs(t *testing.T, w, h int, o Options) (*driver, *board) {
	t.Helper()
	folder(t)
	b := &board{now: time.Date(2026, 11, 21, 10, 41, 12, 0, time.UTC)}
	o.jobs, o.Screen = b, "jobs"
	d := drive(t, w, h, o)
	d.keys("1 esc 4")
	d.run(d.a.jobs.look())
	d.settle()
	return d, b
}

func TestJobsList(t *testing.T) {
	d, _ := onJobs(t, 100, 30, Options{})
	d.want("Jobs[2]", "rev_by_country", "48.2 k", "98 %", "5.4 s", "6 902", "8.0 s ok", "Findings", "1 of 4 tasks", "= riffle jobs")
	d.keys("g g").want("failed  read page 3")
	d.keys("/").typed("rev\n").want("FILTER rev", "Jobs[1]").not("F  nightly")
}

func TestJobDetail(t *testing.T) {
	d, _ := onJobs(t, 100, 30, Options{})
	d.keys("g g j k")
	d.a.jobs.selectAt(indexOf(d, "rev_by_country"))
	d.run(d.a.jobs.look())
	d.settle()
	d.keys("enter").want("Scan orders", "Aggregate", "Sink rev", "═══>", "busy   98 %", "keys  88", "HOLD", "#4412", "SLOW", "before-v2", "restarting")
	d.keys("v").want("  Scan orders", "backp 41 %", "in 61/s").keys("v l")
	d.keys("enter").want("task 2", "10 rows in, 5 out").keys("esc")
	d.keys("[").want("SCRUBBED 10 s back").keys("0").not("SCRUBBED")
	d.keys("T").want("Tap rev_by_country Aggregate", "SAMPLED: 240 not shown", "DE", "-U").keys("esc")
	d.keys("w").want("partition 7 is silent", "As a command:  riffle job set").keys("enter").want("done: let it not count")
	d.keys("i").want("Plan of rev_by_country").keys("esc esc").want("Jobs[2]")
}

func indexOf(d *driver, name string) int {
	for i, j := range d.a.jobs.list {
		if j.Name == name {
			return i
		}
	}
	return -1
}

func TestJobActionsAskFirst(t *testing.T) {
	d, b := onJobs(t, 100, 30, Options{})
	d.a.jobs.selectAt(indexOf(d, "rev_by_country"))
	d.run(d.a.jobs.look())
	d.settle()
	d.keys("s").want("Stop rev_by_country", "= riffle stop rev_by_country").keys("enter") // no is the default
	d.keys("s y").want("savepoint sp/rev_by_country")
	d.keys("+").want("4 -> 5", "key groups move", "= riffle rescale rev_by_country 5").keys("y")
	d.keys("x").keys("n")
	d.keys("z").want("is paused")
	d.keys("S").typed("v3\n").want("savepoint v3")
	d.keys(":").typed("set checkpoint=5s\n").want("next start")
	d.keys("ctrl+d").want("s stops it first")
	want := "stop rev_by_country; rescale rev_by_country 5; pause rev_by_country; savepoint rev_by_country v3; set rev_by_country checkpoint 5s"
	if got := strings.Join(b.did, "; "); got != want {
		t.Errorf("did %s\nwant %s", got, want)
	}
	d.keys("@").want("riffle job set rev_by_country checkpoint=5s", "riffle pause rev_by_country")
}

// In prod the name is typed before something is taken away.
func TestProdAsksForTheName(t *testing.T) {
	d, b := onJobs(t, 100, 30, Options{})
	b.profile = repl.ProfileProd
	d.a.jobs.selectAt(indexOf(d, "rev_by_country"))
	d.run(d.a.jobs.look())
	d.settle()
	d.want("2 jobs  prod")
	d.keys("s y").want("this is prod: type rev_by_country to go on:").typed("rev\n").want("nothing was done")
	d.keys("x y").typed("yes\n").keys("x y up").typed("\n").want("nothing was done")
	d.keys("+ y esc").keys("r n")
	if len(b.did) != 0 {
		t.Errorf("did %q", b.did)
	}
	d.keys("s y").typed("rev_by_country\n").want("savepoint sp/rev_by_country")
	d.keys("e").keys("esc :").typed("replace\n").keys("y").want("this is prod").typed("rev_by_country\n").want("[4 Jobs]")
	d.keys("z").want("is paused") // which takes nothing away
	if got := strings.Join(b.did, "; "); !strings.HasPrefix(got, "stop rev_by_country; replace rev_by_country") {
		t.Errorf("did %s", got)
	}
}

func TestReplaceShowsTheFit(t *testing.T) {
	d, b := onJobs(t, 100, 30, Options{})
	d.a.jobs.selectAt(indexOf(d, "rev_by_country"))
	d.run(d.a.jobs.look())
	d.settle()
	d.keys("e").want("rev_by_country.sql", "INSERT INTO 'out/rev'")
	d.keys("esc A").typed(" + 1").keys("esc :").typed("replace\n").want("kept", "Aggregate", "DROPPED", "Join")
	d.keys("y").want("[4 Jobs]")
	if len(b.did) != 1 || b.did[0] != "replace rev_by_country INSERT INTO 'out/rev' SELECT 1 + 1" {
		t.Errorf("did %q", b.did)
	}
}

func TestForkShowsWhatItDoes(t *testing.T) {
	d, b := onJobs(t, 100, 30, Options{})
	d.a.jobs.selectAt(indexOf(d, "rev_by_country"))
	d.run(d.a.jobs.look())
	d.settle()
	d.keys("f").want("fork rev_by_country as a job named:").typed("Rev\n").want("must be lower-case")
	d.keys("f").typed("rev_v2\n").want("Fork rev_by_country as rev_v2", "rows     out/rev_v2", "(rev_by_country: out/rev)", "kept", "DROPPED", "= riffle fork rev_by_country rev_v2 -f jobs/rev_v2.sql")
	d.keys("n")
	if len(b.did) != 0 {
		t.Errorf("did %q before it was told to", b.did)
	}
	d.keys("enter f").typed("rev_v2\n").keys("y").want("rev_v2 runs from the state of rev_by_country")
	want := "INSERT INTO 'out/rev_v2' SELECT 1"
	if len(b.did) != 1 || b.did[0] != "fork rev_by_country rev_v2: "+want {
		t.Errorf("did %q", b.did)
	}
	if text, err := os.ReadFile("jobs/rev_v2.sql"); err != nil || string(text) != want {
		t.Errorf("the file of the fork: %q, %v", text, err)
	}
	d.keys("@").want("riffle fork rev_by_country rev_v2 -f jobs/rev_v2.sql").keys("esc")
	if err := os.WriteFile("jobs/rev_v3.sql", []byte("SELECT 3"), 0o644); err != nil {
		t.Fatal(err)
	}
	d.keys("f").typed("rev_v3\n").keys("y").want("says something else")
	if len(b.did) != 1 {
		t.Errorf("did %q", b.did)
	}
}

// What is pressed before the server has answered is not lost.
func TestEnterBeforeTheList(t *testing.T) {
	folder(t)
	b := &board{now: noon, hold: make(chan struct{})}
	d := drive(t, 100, 30, Options{jobs: b})
	d.send(keyPress("esc"))
	d.send(keyPress("4"))
	d.send(keyPress("enter"))
	if d.a.jobs.open {
		t.Fatal("open before there is a job")
	}
	close(b.hold)
	d.settle()
	d.want("Operators of nightly_join", "no operators").not("reading ...")
	d.keys("esc 1 esc 4").want("Jobs[2]")
}

func TestNoServer(t *testing.T) {
	folder(t)
	d := drive(t, 100, 30, Options{Screen: "jobs", jobs: &board{down: true}})
	d.want("No job server answers", "no server")
	d.keys("s S + - e w T enter ctrl+d")
}

func TestServerThatGoesAway(t *testing.T) {
	d, b := onJobs(t, 100, 30, Options{})
	b.down = true
	d.run(d.a.jobs.look())
	d.settle()
	d.want("No job server answers")
}

// A second in which the job did not run is a gap in its numbers.
func TestSecondly(t *testing.T) {
	at := func(s int) time.Time { return time.Unix(int64(s), int64(s)*7_000_000) }
	samples := []repl.JobSample{{At: at(1), InRate: 1}, {At: at(2), InRate: 2}, {At: at(5), InRate: 5}}
	got := fmt.Sprint(secondly(samples, 4, func(s repl.JobSample) float64 { return s.InRate }))
	if want := "[2 NaN NaN 5]"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestReadOnly shows jobs and rows, and changes neither them nor files.
func TestReadOnly(t *testing.T) {
	d, server := onJobs(t, 100, 30, Options{})
	d.a.ses.ReadOnly = true
	server.profile = "prod"
	d.a.jobs.profile = "prod"
	d.send(tea.WindowSizeMsg{Width: 60, Height: 15})
	d.want("prod  ro").not("/run/riffle.sock") // what one may do is left out last
	d.send(tea.WindowSizeMsg{Width: 100, Height: 30})
	d.keys("g g").want(" ro")
	d.a.jobs.selectAt(indexOf(d, "rev_by_country"))
	for _, k := range []string{"s", "S", "z", "r", "+", "-", "x", "f", "ctrl+d"} {
		d.keys(k).want("READ-ONLY")
	}
	d.keys(":").typed("set checkpoint=5s\n").want("READ-ONLY")
	d.keys("w").want("partition 7 is silent").keys("enter").want("this is read-only").keys("esc")
	if len(server.did) > 0 {
		t.Errorf("did %q", server.did)
	}
	dir := folder(t)
	d = query(t, 100, 30, byCountry)
	d.want("rw")
	d.a.ses.ReadOnly = true
	d.keys("E ctrl+u").typed("x.csv\n").want("this is read-only", "DE")
	d.keys("E ctrl+u").typed("x.md\n").want("READ-ONLY", "DE")
	if list, err := os.ReadDir(dir); err != nil || len(list) != 2 {
		t.Errorf("files: %v %v", list, err)
	}
}
