package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/riffle-io/riffle/datasets/kafka"
	"github.com/riffle-io/riffle/repl"
	"github.com/riffle-io/riffle/repl/render"
)

// rig is what a test of a job has: a directory and a broker. The job under test runs in child
// processes; what it wrote is read by sessions in this one.
type rig struct {
	t      *testing.T
	dir    string
	broker string // host:port
}

// newRig makes a directory with flights.parquet.
func newRig(t *testing.T, broker string) *rig { return &rig{t: t, dir: home(t), broker: broker} }

func (r *rig) path(name string) string { return filepath.Join(r.dir, name) }

// write puts a text into a file of the directory.
func (r *rig) write(name, text string) {
	r.t.Helper()
	if err := os.WriteFile(r.path(name), []byte(text), 0o644); err != nil {
		r.t.Fatal(err)
	}
}

// childTime bounds a child that hangs; nothing waits for it to pass.
const childTime = 2 * time.Minute

// child is one start of riffle.
type child struct {
	t        *testing.T
	cmd      *exec.Cmd
	out, err bytes.Buffer // complete when ended is closed
	ended    chan struct{}
}

// start runs riffle in the rig's directory. What is left of it when the test ends is killed.
func (r *rig) start(args ...string) *child {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), childTime)
	c := &child{t: r.t, cmd: exec.CommandContext(ctx, filepath.Join(bin, "riffle"), args...), ended: make(chan struct{})}
	c.cmd.Dir, c.cmd.Stdout, c.cmd.Stderr = r.dir, &c.out, &c.err
	if err := c.cmd.Start(); err != nil {
		cancel()
		r.t.Fatal(err)
	}
	go func() {
		_ = c.cmd.Wait() // ProcessState tells how it ended
		cancel()
		close(c.ended)
	}()
	r.t.Cleanup(func() { cancel(); <-c.ended })
	return c
}

// wait returns the exit code, -1 after a signal, and what was printed on standard error.
func (c *child) wait() (code int, stderr string) {
	<-c.ended
	return c.cmd.ProcessState.ExitCode(), c.err.String()
}

// running is false once the child has ended; it takes a millisecond to find out.
func (c *child) running() bool {
	select {
	case <-c.ended:
		return false
	case <-time.After(time.Millisecond):
		return true
	}
}

// until waits for cond, or for the end of the child, which it reports as false.
func (c *child) until(cond func() bool) bool {
	for c.running() {
		if cond() {
			return true
		}
	}
	return false
}

// run starts riffle and waits for it; want is the exit code it must have.
func (r *rig) run(want int, args ...string) (stderr string) {
	r.t.Helper()
	code, stderr := r.start(args...).wait()
	if code != want {
		r.t.Fatalf("riffle %q: exit %d, want %d: %s", args, code, want, stderr)
	}
	return stderr
}

// ask runs statements in this process and returns the rows of their results as text.
func (r *rig) ask(text string) [][]string {
	r.t.Helper()
	var out bytes.Buffer
	s := repl.NewSession(repl.Output{
		Result: func(o render.Options) (render.Writer, error) { o.Format = "csv"; return render.New(&out, o) },
		Notice: func(string, ...any) {},
	})
	ctx, cancel := context.WithTimeout(context.Background(), childTime)
	defer cancel()
	if err := s.Execute(ctx, text); err != nil {
		r.t.Fatalf("%v\n%s", err, text)
	}
	rows, err := csv.NewReader(&out).ReadAll()
	if err != nil {
		r.t.Fatal(err)
	}
	return rows[min(1, len(rows)):]
}

// number is the result of statements that have one row with one number; NULL is 0.
func (r *rig) number(text string) int64 {
	r.t.Helper()
	rows := r.ask(text)
	if len(rows) != 1 || len(rows[0]) != 1 {
		r.t.Fatalf("%d rows, want one: %s", len(rows), text)
	}
	if rows[0][0] == "" {
		return 0
	}
	n, err := strconv.ParseInt(rows[0][0], 10, 64)
	if err != nil {
		r.t.Fatal(err)
	}
	return n
}

// same fails the test unless two queries have the same rows, as multisets.
func (r *rig) same(what, got, want string) {
	r.t.Helper()
	for _, q := range []string{
		"SELECT * FROM (%s) g EXCEPT SELECT * FROM (%s) w", // found there, but wrong
		"SELECT * FROM (%[2]s) w EXCEPT SELECT * FROM (%[1]s) g",
	} {
		if rows := r.ask(fmt.Sprintf(q, got, want)); len(rows) > 0 {
			r.t.Fatalf("%s: %d rows differ, the first: %q (%s)", what, len(rows), rows[0], q)
		}
	}
	if g, w := r.number("SELECT count(*) FROM ("+got+") g"), r.number("SELECT count(*) FROM ("+want+") w"); g != w {
		r.t.Fatalf("%s: %d rows, want %d: some are doubled", what, g, w)
	}
}

// files lists what a directory holds, by name; nothing when it is missing.
func (r *rig) files(dir string) (visible, hidden []string) {
	r.t.Helper()
	err := filepath.WalkDir(r.path(dir), func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil || d.IsDir():
			return err
		case strings.HasPrefix(d.Name(), "."):
			hidden = append(hidden, d.Name())
		default:
			visible = append(visible, d.Name())
		}
		return nil
	})
	if err != nil && !os.IsNotExist(err) {
		r.t.Fatal(err)
	}
	return visible, hidden
}

// table is a directory as a source of rows; empty says what stands for one without files.
func (r *rig) table(dir, empty string) string {
	if visible, _ := r.files(dir); len(visible) == 0 {
		return "(" + empty + ")"
	}
	return "'" + r.path(dir) + "'"
}

// checkpoints is the number of the newest checkpoint whose directory, or whose manifest, is there.
func (r *rig) checkpoints(manifest bool) int {
	names, _ := filepath.Glob(r.path("state/checkpoint-*"))
	newest := 0
	for _, n := range names {
		if _, err := os.Stat(filepath.Join(n, "manifest.json")); manifest && err != nil {
			continue
		}
		if k, err := strconv.Atoi(strings.TrimPrefix(filepath.Base(n), "checkpoint-")); err == nil {
			newest = max(newest, k)
		}
	}
	return newest
}

var sideRows = regexp.MustCompile(`riffle: (\d+) (late|bad) rows`)

// printed is the number of late or bad rows that a job printed at its end.
func printed(stderr, side string) int64 {
	for _, m := range sideRows.FindAllStringSubmatch(stderr, -1) {
		if m[2] == side {
			n, _ := strconv.ParseInt(m[1], 10, 64) // digits
			return n
		}
	}
	return 0
}

// The statements of the jobs under test.
const (
	flightsColumns = `CREATE TABLE flights (date TIMESTAMP, delay BIGINT, distance BIGINT, origin VARCHAR, destination VARCHAR,
  WATERMARK FOR date AS date - INTERVAL '30' MINUTE)
`
	kafkaSource = `WITH ('connector'='kafka', 'topic'='%s', 'properties.bootstrap.servers'='%s',
  'format'='json', 'scan.startup.mode'='earliest-offset');
`
	parquetTable = `WITH ('connector'='filesystem', 'format'='parquet', 'path'='%s');
`
	hourlyColumns = "CREATE TABLE hourly (window_start TIMESTAMP, origin VARCHAR, flights BIGINT, avg_delay DOUBLE)\n"
	hourlyQuery   = `SELECT window_start, origin, count(*) AS flights, avg(delay) AS avg_delay
FROM TUMBLE(TABLE flights, DESCRIPTOR(date), INTERVAL '1' HOUR)
GROUP BY window_start, window_end, origin`
	inOrder = "ORDER BY date + delay * INTERVAL '1' MINUTE, date, origin, destination, distance"
)

// hourly is the text of the job that counts a topic's flights by hour and origin.
func (r *rig) hourly(topic string) string {
	return flightsColumns + fmt.Sprintf(kafkaSource, topic, r.broker) +
		hourlyColumns + fmt.Sprintf(parquetTable, "out") + "INSERT INTO hourly\n" + hourlyQuery + ";\n"
}

// flightsFile declares the flights of the file, as the jobs declare those of the topic.
func (r *rig) flightsFile() string {
	return flightsColumns + fmt.Sprintf(parquetTable, r.path("flights.parquet"))
}

// play makes a topic and writes the flights that the condition picks in the order in which they left.
func (r *rig) play(topic string, partitions int, where string) {
	r.t.Helper()
	r.topic(topic, partitions)
	r.replay(topic, where)
}

// replay writes flights to a topic that is there.
func (r *rig) replay(topic, where string) {
	r.t.Helper()
	r.ask(fmt.Sprintf("INSERT INTO 'kafka://%s/%s' SELECT * FROM '%s' WHERE %s %s", r.broker, topic, r.path("flights.parquet"), where, inOrder))
}

// topic makes a topic, which goes with the test.
func (r *rig) topic(name string, partitions int) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), childTime)
	defer cancel()
	admin, err := kafka.OpenAdmin(kafka.Config{Brokers: []string{r.broker}})
	if err != nil {
		r.t.Fatal(err)
	}
	defer admin.Close()
	if err := admin.CreateTopic(ctx, name, partitions, 0, nil); err != nil {
		r.t.Fatal(err)
	}
}

// produce writes records to partition 0 of a topic.
func (r *rig) produce(topic string, values ...string) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), childTime)
	defer cancel()
	p, err := kafka.OpenProducer(kafka.Config{Brokers: []string{r.broker}})
	if err != nil {
		r.t.Fatal(err)
	}
	defer p.Close()
	for _, v := range values {
		if err := p.Produce(ctx, kafka.Message{Topic: topic, Value: []byte(v)}); err != nil {
			r.t.Fatal(err)
		}
	}
	if err := p.Flush(ctx); err != nil {
		r.t.Fatal(err)
	}
}

// law fails the test unless, in every window and for every key, the rows of the file are those of
// the stream and the late ones: their number, and the sum of their delays. streamed has the columns
// of the query; late is the directory of late rows, which the job counted as lateRows; size is that of
// the windows, whose start is not known of rows that a join stands behind.
func (r *rig) law(query, key, size, streamed string, lateRows int64) {
	r.t.Helper()
	r.ask(r.flightsFile() + "COPY (" + query + ") TO '" + r.path("bounded.parquet") + "'")
	late := r.table("late", "SELECT window_start AS late_window_end, "+key+", 0 AS delay FROM '"+r.path("bounded.parquet")+"' WHERE false")
	with := fmt.Sprintf(`WITH b AS (SELECT window_start, %[1]s AS k, flights, avg_delay FROM '%[2]s'),
  s AS (SELECT window_start, %[1]s AS k, flights, avg_delay FROM %[3]s),
  l AS (SELECT late_window_end - INTERVAL '%[5]s' AS window_start, %[1]s AS k, count(*) AS late, sum(delay) AS delay FROM %[4]s GROUP BY 1, 2) `,
		key, r.path("bounded.parquet"), streamed, late, size)
	if rows := r.ask(with + "SELECT window_start, k, count(*) FROM s GROUP BY 1, 2 HAVING count(*) > 1"); len(rows) > 0 {
		r.t.Errorf("%d windows came twice, the first: %q", len(rows), rows[0])
	}
	if rows := r.ask(with + `SELECT b.window_start, b.k, b.flights AS bounded, s.flights AS streamed, l.late
FROM b LEFT JOIN s ON b.window_start = s.window_start AND b.k = s.k LEFT JOIN l ON b.window_start = l.window_start AND b.k = l.k
WHERE b.flights <> coalesce(s.flights, 0) + coalesce(l.late, 0)
   OR abs(b.avg_delay * b.flights - coalesce(s.avg_delay * s.flights, 0) - coalesce(l.delay, 0)) > 0.01`); len(rows) > 0 {
		r.t.Errorf("bounded <> streamed + late in %d windows, the first: %q", len(rows), rows[0])
	}
	sum := func(q string) int64 { return r.number(with + q) }
	b, s, l := sum("SELECT sum(flights) FROM b"), sum("SELECT sum(flights) FROM s"), sum("SELECT sum(late) FROM l")
	if b != s+l {
		r.t.Errorf("bounded %d rows, streamed %d, late %d", b, s, l)
	}
	if l != lateRows {
		r.t.Errorf("%d late rows in files, %d were printed", l, lateRows)
	}
}
