package jobs_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/riffle-io/riffle/datasets/kafka"
	"github.com/riffle-io/riffle/internal/vfs"
	"github.com/riffle-io/riffle/jobs"
	"github.com/riffle-io/riffle/repl"
	"github.com/riffle-io/riffle/repl/render"
)

// rig is a job server with its client, and a directory for what jobs read and write.
type rig struct {
	t      *testing.T
	state  string
	dir    string
	server *jobs.Server
	client *jobs.Client
	stop   func()
}

func newRig(t *testing.T) *rig {
	t.Helper()
	// A socket's path must be short, and the names of tests are not.
	state, err := os.MkdirTemp("", "rj")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(state) })
	r := &rig{t: t, state: state, dir: t.TempDir()}
	r.start()
	t.Cleanup(func() { r.stop() })
	return r
}

// start opens the server and serves its socket.
func (r *rig) start() {
	r.t.Helper()
	s, err := jobs.Open(jobs.Options{Dir: r.state, Engine: repl.NewEngine(256 << 20), Log: r.t.Logf, Version: "test"})
	if err != nil {
		r.t.Fatal(err)
	}
	l, err := s.Listen()
	if err != nil {
		r.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx, l, "") }()
	r.server = s
	r.stop = func() {
		cancel()
		if err := <-served; err != nil {
			r.t.Error(err)
		}
		if err := s.Close(); err != nil {
			r.t.Error(err)
		}
		r.client.Close()
		r.stop = func() {}
	}
	sock, err := jobs.Socket(r.state)
	if err != nil {
		r.t.Fatal(err)
	}
	if r.client, err = jobs.NewClient(sock, "", nil); err != nil {
		r.t.Fatal(err)
	}
}

// await waits until a job looks as it should.
func (r *rig) await(name, what string, ok func(jobs.Detail) bool) jobs.Detail {
	r.t.Helper()
	var d jobs.Detail
	var err error
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if d, err = r.client.Show(r.t.Context(), name); err == nil && ok(d) {
			return d
		}
	}
	r.t.Fatalf("%s: %s did not happen: state %s, %s, %+v, %v", name, what, d.State, d.Error, d.Events, err)
	return d
}

func inState(state string) func(jobs.Detail) bool {
	return func(d jobs.Detail) bool { return d.State == state }
}

// query runs a query and returns its rows as CSV without a header.
func (r *rig) query(text string) string {
	r.t.Helper()
	var out strings.Builder
	s := repl.NewSession(repl.Output{Notice: func(string, ...any) {}, Result: func(o render.Options) (render.Writer, error) {
		o.Format = "csv"
		return render.New(&out, o)
	}})
	s.Dir = r.dir
	if err := s.Execute(r.t.Context(), text); err != nil {
		r.t.Fatal(err)
	}
	_, rows, _ := strings.Cut(out.String(), "\n")
	return rows
}

// stream is a job over an endless generated stream: one row a millisecond of event time, keys 0 to 6.
func (r *rig) stream(name string) jobs.Spec {
	return jobs.Spec{Name: name, Dir: r.dir, Parallelism: 2, Checkpoint: jobs.Duration(20 * time.Millisecond), SQL: fmt.Sprintf(`
CREATE TABLE bids (auction BIGINT, date_time TIMESTAMP, WATERMARK FOR date_time AS date_time) WITH ('connector'='gen', 'table'='nexmark_bid', 'events'='2000000000', 'stream'='true');
CREATE TABLE out (auction BIGINT, n BIGINT, at TIMESTAMP) WITH ('connector'='filesystem', 'format'='parquet', 'path'='out/%s');
INSERT INTO out SELECT auction %% 7, count(*), window_start FROM TUMBLE(TABLE bids, DESCRIPTOR(date_time), INTERVAL '10' SECOND)
GROUP BY auction %% 7, window_start, window_end`, name)}
}

func TestLifecycle(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	if err := r.client.Submit(ctx, r.stream("bids")); err != nil {
		t.Fatal(err)
	}
	d := r.await("bids", "a checkpoint", func(d jobs.Detail) bool { return d.State == jobs.Running && d.Checkpoints > 2 && d.RowsOut > 0 })
	if d.Kind != "stream" || d.Mode != "append" || len(d.Operators) < 2 || len(d.Edges) == 0 || d.Watermark == nil {
		t.Errorf("detail: %+v", d)
	}
	if err := r.client.Submit(ctx, r.stream("bids")); !isStatus(err, 409) {
		t.Errorf("a second job of the same name: %v", err)
	}
	if err := r.client.Pause(ctx, "bids"); err != nil {
		t.Fatal(err)
	}
	if w, err := r.client.Why(ctx, "bids"); err != nil || !strings.Contains(w.Cause, "paused") {
		t.Errorf("why of a paused job: %+v %v", w, err)
	}
	if err := r.client.Resume(ctx, "bids"); err != nil {
		t.Fatal(err)
	}
	dir, err := r.client.Stop(ctx, "bids", "end")
	if err != nil {
		t.Fatal(err)
	}
	r.await("bids", "the stop", inState(jobs.Stopped))
	list, err := r.client.Savepoints(ctx, "bids")
	if err != nil || len(list) != 1 || list[0].Dir != dir || list[0].Rows == 0 || list[0].Watermark == nil {
		t.Errorf("savepoints: %+v %v", list, err)
	}
	before := r.query("SELECT sum(n) FROM 'out/bids'")
	if err := r.client.Rescale(ctx, "bids", 1); err != nil {
		t.Fatal(err)
	}
	r.await("bids", "output after the rescale", func(d jobs.Detail) bool {
		return d.Parallelism == 1 && d.RowsOut > 0 && d.Checkpoints > 0
	})
	if err := r.client.Cancel(ctx, "bids"); err != nil {
		t.Fatal(err)
	}
	after := r.query("SELECT sum(n) FROM 'out/bids'")
	if len(after) < len(before) || after == before {
		t.Errorf("rows before the stop %s, after %s", before, after)
	}
	// Exactly once: each window and key has one row, and windows before the last are full.
	if got := r.query("SELECT count(*) FROM (SELECT at, auction, count(*) AS c FROM 'out/bids' GROUP BY at, auction) WHERE c <> 1"); got != "0\n" {
		t.Errorf("windows with several rows: %s", got)
	}
	if err := r.client.RemoveSavepoint(ctx, "bids", "end"); err != nil {
		t.Error(err)
	}
	if err := r.client.Remove(ctx, "bids"); err != nil {
		t.Error(err)
	}
	if _, err := r.client.Show(ctx, "bids"); !isStatus(err, 404) {
		t.Errorf("a removed job: %v", err)
	}
}

func isStatus(err error, code int) bool {
	var e *jobs.APIError
	return errors.As(err, &e) && e.Status == code
}

// TestServerComesBack ends the server under a job and starts another over its directory.
func TestServerComesBack(t *testing.T) {
	r := newRig(t)
	if err := r.client.Submit(t.Context(), r.stream("bids")); err != nil {
		t.Fatal(err)
	}
	r.await("bids", "a checkpoint", func(d jobs.Detail) bool { return d.Checkpoints > 0 })
	if _, err := jobs.Open(jobs.Options{Dir: r.state, Engine: repl.NewEngine(0)}); !errors.As(err, new(*vfs.LockedError)) {
		t.Errorf("a second server: %v", err)
	}
	r.stop()
	if _, err := r.client.List(t.Context()); !errors.Is(err, jobs.ErrNoServer) {
		t.Errorf("without a server: %v", err)
	}
	r.start()
	r.await("bids", "a checkpoint under the second server", func(d jobs.Detail) bool { return d.State == jobs.Running && d.Checkpoints > 0 })
}

// TestFailedJob looks at a job whose query cannot run, and one whose record cannot be decoded.
func TestFailedJob(t *testing.T) {
	r := newRig(t)
	bad := r.stream("bad")
	bad.SQL = strings.Replace(bad.SQL, "count(*)", "count(nothing)", 1)
	if err := r.client.Submit(t.Context(), bad); !isStatus(err, 400) || !strings.Contains(err.Error(), "nothing") {
		t.Errorf("a query with an unknown column: %v", err)
	}
	addr := broker(t)
	produce(t, addr, "events", `{"k": 1, "v": 2}`, `{"k": 1, "v": "two"`)
	spec := jobs.Spec{Name: "poisoned", Dir: r.dir, Parallelism: 1, Checkpoint: jobs.Duration(20 * time.Millisecond), SQL: fmt.Sprintf(`
CREATE TABLE events (k BIGINT, v BIGINT) WITH ('connector'='kafka', 'topic'='events', 'properties.bootstrap.servers'='%s', 'format'='json', 'scan.startup.mode'='earliest-offset');
CREATE TABLE out (k BIGINT, v BIGINT) WITH ('connector'='filesystem', 'format'='parquet', 'path'='out/poisoned');
INSERT INTO out SELECT k, v FROM events`, addr)}
	if err := r.client.Submit(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	d := r.await("poisoned", "the failure", inState(jobs.Failed))
	if !strings.Contains(d.Error, "events/0@1") || !strings.Contains(d.Hint, "bad=") || len(d.Findings) != 1 {
		t.Errorf("error %q, hint %q, findings %v", d.Error, d.Hint, d.Findings)
	}
	if w, err := r.client.Why(t.Context(), "poisoned"); err != nil || len(w.Fixes) != 2 || w.Fixes[0].Text != d.Hint {
		t.Errorf("why: %+v %v", w, err)
	}
	if restart, err := r.client.Set(t.Context(), "poisoned", "bad", "bad"); err != nil || restart {
		t.Errorf("set: %v %v", restart, err)
	}
	if err := r.client.Resume(t.Context(), "poisoned"); err != nil {
		t.Fatal(err)
	}
	r.await("poisoned", "the bad record", func(d jobs.Detail) bool { return d.Bad == 1 && d.RowsOut == 1 && d.Checkpoints > 0 })
	produce(t, addr, "events", `{"k": 2, "v": 3}`)
	r.await("poisoned", "the row after it", func(d jobs.Detail) bool { return d.RowsOut == 2 })
	if _, err := r.client.Stop(t.Context(), "poisoned", ""); err != nil {
		t.Fatal(err)
	}
	if got := r.query("SELECT k, v FROM 'out/poisoned' ORDER BY k"); got != "1,2\n2,3\n" {
		t.Errorf("output %q", got)
	}
	if got := r.query("SELECT \"offset\" FROM 'bad'"); got != "1\n" {
		t.Errorf("bad records %q", got)
	}
}

// broker starts an embedded broker whose topics have one partition.
func broker(t *testing.T) string {
	t.Helper()
	b, err := kafka.StartBroker(kafka.BrokerOptions{Listen: "127.0.0.1:0", Partitions: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b.Addr()
}

func produce(t *testing.T, addr, topic string, values ...string) {
	t.Helper()
	p, err := kafka.OpenProducer(kafka.Config{Brokers: []string{addr}})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	for _, v := range values {
		if err := p.Produce(t.Context(), kafka.Message{Topic: topic, Value: []byte(v)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// TestExactWhileRecordsFlow rescales a job 1 -> 2 -> 1, replaces its query, and starts another from a
// savepoint, while records come; every window and key is written once, with all of its rows.
func TestExactWhileRecordsFlow(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	topic := r.flights()
	addr := strings.TrimSuffix(strings.TrimPrefix(topic, "kafka://"), "/flights")
	spec := jobs.Spec{Name: "hourly", Dir: r.dir, Parallelism: 1, Checkpoint: jobs.Duration(20 * time.Millisecond), Rate: 4000, SQL: fmt.Sprintf(`
CREATE TABLE flights (date TIMESTAMP, delay BIGINT, origin VARCHAR, WATERMARK FOR date AS date - INTERVAL '2' DAY)
WITH ('connector'='kafka', 'topic'='flights', 'properties.bootstrap.servers'='%s', 'format'='json', 'scan.startup.mode'='earliest-offset');
CREATE TABLE out (start TIMESTAMP, origin VARCHAR, n BIGINT, version BIGINT) WITH ('connector'='filesystem', 'format'='parquet', 'path'='out/hourly');
INSERT INTO out SELECT window_start, origin, count(*), 1 FROM TUMBLE(TABLE flights, DESCRIPTOR(date), INTERVAL '1' HOUR) GROUP BY window_start, window_end, origin`, addr)}
	if err := r.client.Submit(ctx, spec); err != nil {
		t.Fatal(err)
	}
	flowing := func(d jobs.Detail) bool { return d.State == jobs.Running && d.Rows > 0 && d.Checkpoint != nil }
	r.await("hourly", "rows", flowing)
	for _, p := range []int{2, 1} {
		if err := r.client.Rescale(ctx, "hourly", p); err != nil {
			t.Fatal(err)
		}
		r.await("hourly", "rows after the rescale", func(d jobs.Detail) bool { return d.Parallelism == p && flowing(d) })
	}
	spec.SQL = strings.Replace(spec.SQL, "count(*), 1 FROM", "count(*), 2 FROM", 1)
	if err := r.client.Replace(ctx, spec); err != nil {
		t.Fatal(err)
	}
	r.await("hourly", "rows of version 2", func(d jobs.Detail) bool { return d.Version == 2 && flowing(d) })
	dir, err := r.client.Stop(ctx, "hourly", "moved")
	if err != nil {
		t.Fatal(err)
	}
	if err := r.client.Remove(ctx, "hourly"); err != nil {
		t.Fatal(err)
	}
	spec.Name, spec.From, spec.Rate, spec.UntilEnd, spec.Parallelism = "moved", dir, 0, true, 2
	if err := r.client.Submit(ctx, spec); err != nil {
		t.Fatal(err)
	}
	r.await("moved", "the end", inState(jobs.Finished))
	got := lines(r.query("SELECT start, origin, n FROM 'out/hourly'"))
	want := lines(r.query("SELECT window_start, origin, count(*) FROM TUMBLE(TABLE '" + topic + "@start..end', DESCRIPTOR(date), INTERVAL '1' HOUR) GROUP BY window_start, window_end, origin"))
	if got != want {
		t.Errorf("got %d bytes, want %d: %.300s", len(got), len(want), got)
	}
}

// TestStateAsTable reads a running job's result and the state of a savepoint with SQL, and leaves no
// file behind.
func TestStateAsTable(t *testing.T) {
	r := newRig(t)
	if err := r.client.Submit(t.Context(), r.stream("bids")); err != nil {
		t.Fatal(err)
	}
	r.await("bids", "open windows", func(d jobs.Detail) bool { return d.RowsOut > 0 && d.Checkpoints > 0 })
	sp, err := r.client.Savepoint(t.Context(), "bids", "now")
	if err != nil {
		t.Fatal(err)
	}
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	var out strings.Builder
	var notices []string
	s := repl.NewSession(repl.Output{Notice: func(f string, args ...any) { notices = append(notices, fmt.Sprintf(f, args...)) },
		Result: func(o render.Options) (render.Writer, error) { o.Format = "csv"; return render.New(&out, o) }})
	s.Server = repl.ServerAddress{Dir: r.state}
	final := ""
	for _, o := range sp.Operators {
		if o.Rows > 0 {
			final = o.ID
		}
	}
	if err := s.Execute(t.Context(), "SELECT count(*) > 0 AS open FROM job.bids; SELECT count(*) > 0 AS kept FROM savepoint('"+sp.Dir+"', '"+final+"', 'groups')"); err != nil {
		t.Fatal(err)
	}
	if out.String() != "open\ntrue\nkept\ntrue\n" || len(notices) != 1 || !strings.Contains(notices[0], "as of watermark") {
		t.Errorf("got %q, notices %q", out.String(), notices)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if left, err := filepath.Glob(filepath.Join(tmp, "riffle-session-*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}
