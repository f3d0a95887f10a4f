package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/riffle-io/riffle/datasets/kafka"
	"github.com/riffle-io/riffle/repl"
)

// served is a rig with a job server that is a child process.
type served struct {
	*rig
	client *repl.Jobs
	child  *child
}

func (r *rig) serve() *served {
	r.t.Helper()
	c, err := repl.ServerAddress{Dir: r.path("home")}.Connect()
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(c.Close)
	s := &served{rig: r, client: c}
	s.startServer()
	return s
}

// startServer starts a server over the rig's directory and waits until it answers.
func (s *served) startServer() {
	s.t.Helper()
	s.child = s.start("serve", "--state", "home", "--memory", "512MB")
	if !s.child.until(func() bool { _, err := s.client.Server(s.t.Context()); return err == nil }) {
		_, stderr := s.child.wait()
		s.t.Fatal(stderr)
	}
}

// submit gives the server a job of statements whose tables are the rig's.
func (s *served) submit(name, sql string, rate int64) {
	s.t.Helper()
	spec := repl.JobSpec{Name: name, SQL: sql, Dir: s.dir, Parallelism: 2, Checkpoint: 20_000_000, Rate: rate, UntilEnd: true}
	if err := s.client.Submit(s.t.Context(), spec); err != nil {
		s.t.Fatal(err)
	}
}

// awaitJob waits until a job looks as it should.
func (s *served) awaitJob(name, what string, ok func(repl.JobDetail) bool) repl.JobDetail {
	s.t.Helper()
	var d repl.JobDetail
	var err error
	for end := time.Now().Add(childTime); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		if d, err = s.client.Show(s.t.Context(), name); err == nil && ok(d) {
			return d
		}
	}
	s.t.Fatalf("%s: %s did not happen: %s %s %v", name, what, d.State, d.Error, err)
	return d
}

// serverJobs are three jobs over the topic flights whose outputs are checked against the file.
func (r *rig) serverJobs() map[string][2]string {
	flights := strings.Replace(flightsColumns, "'30' MINUTE", "'3' DAY", 1) + fmt.Sprintf(kafkaSource, "flights", r.broker)
	sink := func(columns, dir string) string {
		return "CREATE TABLE out (" + columns + ") " + fmt.Sprintf(parquetTable, dir) + "INSERT INTO out "
	}
	rows := "SELECT date, origin, destination, delay FROM flights WHERE delay > 20"
	return map[string][2]string{
		"rows":   {flights + sink("date TIMESTAMP, origin VARCHAR, destination VARCHAR, delay BIGINT", "out-rows") + rows, rows},
		"hourly": {flights + sink("window_start TIMESTAMP, origin VARCHAR, flights BIGINT, avg_delay DOUBLE", "out-hourly") + hourlyQuery, hourlyQuery},
		"totals": {flights + sink("origin VARCHAR, flights BIGINT, delay BIGINT", "out-totals") + totalsQuery, totalsQuery},
	}
}

// checkServerJobs compares what the jobs wrote with the answers over the file.
func (r *rig) checkServerJobs() {
	r.t.Helper()
	for name, j := range r.serverJobs() {
		got := "SELECT * FROM '" + r.path("out-"+name) + "'"
		if name == "totals" { // a changelog
			got = "SELECT origin, flights, delay FROM '" + r.path("out-totals") + "' GROUP BY origin, flights, delay HAVING sum(CASE WHEN op IN ('+I', '+U') THEN 1 ELSE -1 END) > 0"
		}
		want := strings.NewReplacer(" flights WHERE", " '"+r.path("flights.parquet")+"' WHERE", "FROM flights GROUP", "FROM '"+r.path("flights.parquet")+"' GROUP",
			"TABLE flights,", "TABLE '"+r.path("flights.parquet")+"',").Replace(j[1])
		a, b := r.ask(got), r.ask(want)
		slices.SortFunc(a, slices.Compare)
		slices.SortFunc(b, slices.Compare)
		if !slices.EqualFunc(a, b, slices.Equal) || len(b) == 0 {
			r.t.Errorf("%s: %d rows, want %d: %.200v and %.200v", name, len(a), len(b), a, b)
		}
	}
}

// TestServerKill kills the job server with SIGKILL at random moments under three jobs.
func TestServerKill(t *testing.T) {
	t.Parallel()
	rounds := 3
	if os.Getenv("RIFFLE_SLOW") != "" {
		rounds = 20
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	r, _ := startBroker(t, kafka.BrokerOptions{}, firstDays)
	s := r.serve()
	for name, j := range r.serverJobs() {
		s.submit(name, j[0], 3000) // slow enough to be met at work
	}
	for range rounds {
		time.Sleep(time.Duration(rng.IntN(250)) * time.Millisecond) // the moment of the kill
		if err := s.child.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		s.child.wait()
		s.startServer()
	}
	for name := range r.serverJobs() {
		if _, err := s.client.Set(t.Context(), name, "rate", "0"); err != nil {
			t.Fatal(err)
		}
		if d := s.awaitJob(name, "the end", func(d repl.JobDetail) bool { return d.State == "finished" }); d.Restarts > 0 || d.Late > 0 {
			t.Errorf("%s: %d restarts, %d late rows: %+v", name, d.Restarts, d.Late, d.Events)
		}
	}
	r.checkServerJobs()
}

// TestServerBrokerGone takes the broker away under a job, and brings it back.
func TestServerBrokerGone(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	r, b := startBroker(t, kafka.BrokerOptions{DataDir: data}, firstDays)
	s := r.serve()
	for name, j := range r.serverJobs() {
		s.submit(name, j[0], 200) // what readers hold must outlast the broker
	}
	s.awaitJob("rows", "a checkpoint", func(d repl.JobDetail) bool { return d.Checkpoints > 1 })
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if os.Getenv("RIFFLE_SLOW") != "" {
		time.Sleep(35 * time.Second) // longer than a reader tries on its own
	}
	// A job that is started now finds no broker, and says so.
	if err := s.client.Cancel(t.Context(), "totals"); err != nil {
		t.Fatal(err)
	}
	if err := s.client.Resume(t.Context(), "totals"); err != nil {
		t.Fatal(err)
	}
	d := s.awaitJob("totals", "a restart", func(d repl.JobDetail) bool { return d.State == "restarting" })
	if !strings.Contains(d.Error, r.broker) || !strings.Contains(d.Hint, "broker") || len(d.Findings) == 0 {
		t.Errorf("error %q, hint %q, findings %v", d.Error, d.Hint, d.Findings)
	}
	b, err := kafka.StartBroker(kafka.BrokerOptions{Listen: r.broker, DataDir: data})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	for name := range r.serverJobs() {
		if _, err := s.client.Set(t.Context(), name, "rate", "0"); err != nil {
			t.Fatal(err)
		}
		s.awaitJob(name, "the end", func(d repl.JobDetail) bool { return d.State == "finished" })
	}
	r.checkServerJobs()
}

// TestServerFullDisk fills the disk under the server; the jobs go on by themselves when there is room.
func TestServerFullDisk(t *testing.T) {
	r, _ := startBroker(t, kafka.BrokerOptions{}, firstDays)
	disk := r.path("home")
	smallDisk(t, disk, "6m")
	s := r.serve()
	t.Cleanup(func() { _ = s.child.cmd.Process.Kill(); s.child.wait() }) // before the umount
	for name, j := range r.serverJobs() {
		s.submit(name, j[0], 4000)
	}
	s.awaitJob("hourly", "a checkpoint", func(d repl.JobDetail) bool { return d.Checkpoints > 1 })
	ballast := filepath.Join(disk, "ballast")
	fill(t, ballast, 0)
	d := s.awaitJob("hourly", "a restart", func(d repl.JobDetail) bool { return d.State == "restarting" })
	if !strings.Contains(d.Error, "no space left") || !strings.Contains(d.Hint, "disk is full") {
		t.Errorf("error %q, hint %q", d.Error, d.Hint)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	for name := range r.serverJobs() {
		s.awaitJob(name, "the end", func(d repl.JobDetail) bool { return d.State == "finished" })
	}
	r.checkServerJobs()
}

// TestServerMetrics kills the server and looks at the metrics of before: they are there, and the
// time in which no server ran is a gap.
func TestServerMetrics(t *testing.T) {
	t.Parallel()
	r, _ := startBroker(t, kafka.BrokerOptions{}, firstDays)
	s := r.serve()
	s.submit("rows", r.serverJobs()["rows"][0], 50)
	log := r.path("home/jobs/rows/metrics.log")
	if !s.child.until(func() bool { info, err := os.Stat(log); return err == nil && info.Size() > 0 }) {
		t.Fatal("no metrics were written")
	}
	before, err := s.client.Metrics(t.Context(), "rows", time.Time{})
	if err != nil || len(before) < 5 {
		t.Fatalf("%d samples, %v", len(before), err)
	}
	if err := s.child.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	s.child.wait()
	f, err := os.OpenFile(log, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`0badc0de {"at":"2026-`); err != nil { // as if it had been at work
		t.Fatal(err)
	}
	f.Close()
	down := time.Now()
	s.startServer()
	up := s.awaitJob("rows", "the next run", func(d repl.JobDetail) bool { return d.State == "running" && d.InRate > 0 }).Started
	var list []repl.JobSample
	s.child.until(func() bool {
		list, err = s.client.Metrics(t.Context(), "rows", time.Time{})
		return err == nil && len(list) > 0 && list[len(list)-1].At.After(up)
	})
	past := 0
	for i, m := range list {
		if m.At.Before(down) {
			past++
		}
		if m.At.After(down) && m.At.Before(up.Add(-time.Millisecond)) {
			t.Errorf("sample %d is of %v: no job ran from %v to %v", i, m.At, down, up)
		}
	}
	if past < 5 || list[0].At != before[0].At || list[1].InRate != before[1].InRate || past == len(list) {
		t.Errorf("%d samples of before, of %d: %+v", past, len(list), list)
	}
}

// TestServerWaiting asks for jobs that are registered while no server runs.
func TestServerWaiting(t *testing.T) {
	r, _ := startBroker(t, kafka.BrokerOptions{}, firstDays)
	s := r.serve()
	for name, j := range r.serverJobs() {
		s.submit(name, j[0], 100)
	}
	if err := s.client.Cancel(t.Context(), "totals"); err != nil { // it does not wait
		t.Fatal(err)
	}
	t.Setenv("RIFFLE_HOME", r.path("home"))
	if out := r.run(0, "jobs", "ls"); out != "" {
		t.Errorf("with a server: %s", out)
	}
	if err := s.child.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	s.child.wait()
	for _, args := range [][]string{{"jobs"}, {"stop", "rows"}, {"savepoint", "ls"}, {"job", "set", "rows", "rate=1"}} {
		contains(t, r.run(exitUnreachable, args...), "no job server answers", "jobs hourly, rows wait for one: riffle serve starts it")
	}
	c := r.start("doctor")
	if code, _ := c.wait(); code != 0 || !strings.Contains(c.out.String(), "jobs wait for one: hourly, rows") {
		t.Errorf("doctor: exit %d\n%s", code, c.out.String())
	}
	s.startServer()
	s.awaitJob("rows", "its next run", func(d repl.JobDetail) bool { return d.State == "running" })
}

// TestServerProd does risky things to a job in production: they ask for its name.
func TestServerProd(t *testing.T) {
	r, _ := startBroker(t, kafka.BrokerOptions{}, firstDays)
	t.Setenv("RIFFLE_PROD", "1")
	s := r.serve()
	if info, err := s.client.Server(t.Context()); err != nil || info.Profile != repl.ProfileProd {
		t.Fatalf("%+v %v", info, err)
	}
	s.submit("rows", r.serverJobs()["rows"][0], 100)
	s.awaitJob("rows", "a checkpoint", func(d repl.JobDetail) bool { return d.Checkpoints > 0 })
	t.Setenv("RIFFLE_HOME", r.path("home"))
	r.write("rows.sql", r.serverJobs()["rows"][0])
	r.run(0, "savepoint", "create", "rows", "kept")
	for _, args := range [][]string{{"cancel", "rows"}, {"stop", "rows"}, {"jobs", "rm", "rows"}, {"savepoint", "rm", "rows", "kept"}, {"promote", "rows.sql", "--replace"}, {"demote", "rows", "--stop"}, {"restart", "rows"}, {"rescale", "rows", "2"}} {
		contains(t, r.run(exitUsage, args...), "in production", "--yes")
	}
	r.run(0, "pause", "rows") // can be undone
	r.run(0, "resume", "rows")
	r.run(0, "rescale", "rows", "2", "--dry-run")
	r.run(0, "restart", "rows", "--yes")
	r.run(0, "rescale", "rows", "2", "--yes")
	r.run(0, "savepoint", "rm", "rows", "kept", "--yes")
	w := onTerminal(t, r.dir, "rows", "--server", r.path("home/riffle.sock")) // a job by its name
	w.sees("[4 Jobs]", "Operators of rows", "prod  rw")
	w.leave()
	shown := r.start("rows")
	if code, e := shown.wait(); code != 0 || !strings.Contains(shown.out.String(), "running") {
		t.Errorf("riffle rows: exit %d, %s%s", code, shown.out.String(), e)
	}
	w = onTerminal(t, r.dir, "stop", "rows", "--server", r.path("home/riffle.sock"))
	w.sees("Type the name of the job:")
	w.enters("row")
	w.sees("is not rows: nothing was changed", "ended with 2")
	s.awaitJob("rows", "that it goes on", func(d repl.JobDetail) bool { return d.State == "running" })
	w = onTerminal(t, r.dir, "stop", "rows", "--server", r.path("home/riffle.sock"))
	w.sees("Type the name of the job:")
	w.enters("rows")
	w.sees("rows is stopped", "ended with 0")
	r.run(0, "jobs", "rm", "rows", "--yes")
}
