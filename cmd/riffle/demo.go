package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/riffle-io/riffle/datasets/kafka"
	"github.com/riffle-io/riffle/repl"
	"github.com/riffle-io/riffle/repl/render"
)

//go:embed demo/flights.parquet
var demoFlights []byte

// errCheck means that a check of the demo failed.
var errCheck = errors.New("a check of the demo failed")

func (a *app) demoCommand() *cobra.Command {
	dir := "riffle-demo"
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Show what riffle does, on data and a broker of its own, and check it",
		Long: "On a terminal, opens the screens on two weeks of US flights: as a Parquet file, and as a live topic of a broker in\n" +
			"this process. With --plain, or without a terminal, it checks itself: asks the file for flights and mean delay per\n" +
			"origin and hour; plays the flights into a topic in the order in which they left and asks the topic the same; runs\n" +
			"the query as an exactly-once job and kills it twice; and checks every answer. Writes ./riffle-demo. Needs no network.",
		Example: "  riffle demo\n  riffle demo --plain --dir /tmp/riffle-demo",
		Args:    exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			screens := a.onTerminal() && !a.plain && os.Getenv("TERM") != "dumb"
			if screens { // which change to it, so that jobs and output go there
				abs, err := filepath.Abs(dir)
				if err != nil {
					return err
				}
				dir = abs
			}
			d, err := a.newDemo(cmd.Context(), dir)
			if err != nil {
				return err
			}
			defer d.broker.Close()
			if screens {
				return d.screens()
			}
			return d.run()
		},
	}
	cmd.Flags().StringVar(&dir, "dir", dir, "where to write; what an earlier demo left there is replaced")
	return cmd
}

// demo is one run of the demo.
type demo struct {
	a      *app
	ctx    context.Context
	dir    string
	broker *kafka.Broker
	bar    *progress
}

// demoMark is a file that tells a directory of ours from somebody's data.
const demoMark = ".riffle-demo"

func (a *app) newDemo(ctx context.Context, dir string) (*demo, error) {
	if _, err := os.Stat(dir); err == nil {
		if _, err := os.Stat(filepath.Join(dir, demoMark)); err != nil {
			return nil, usage("%s is there and was not made by riffle demo; move it away, or choose another with --dir", dir)
		}
		if err := os.RemoveAll(dir); err != nil {
			return nil, err
		}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	for name, data := range map[string][]byte{demoMark: nil, "flights.parquet": demoFlights} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			return nil, err
		}
	}
	b, err := kafka.StartBroker(kafka.BrokerOptions{Listen: "127.0.0.1:0", DataDir: filepath.Join(dir, "kafka"), Partitions: 1})
	if err != nil {
		return nil, err
	}
	return &demo{a: a, ctx: ctx, dir: dir, broker: b, bar: newProgress(a)}, nil
}

// path is a name in the demo's directory.
func (d *demo) path(name string) string { return filepath.Join(d.dir, name) }

// The statements of the demo. The query is the same for the file and for the topic.
const (
	demoTable = `CREATE TABLE flights (date TIMESTAMP, delay BIGINT, distance BIGINT, origin VARCHAR, destination VARCHAR,
  WATERMARK FOR date AS date - INTERVAL '30' MINUTE)
WITH (%s);
`
	demoQuery = `SELECT window_start, origin, count(*) AS flights, avg(delay) AS avg_delay
FROM TUMBLE(TABLE flights, DESCRIPTOR(date), INTERVAL '1' HOUR)
GROUP BY window_start, window_end, origin`
	demoSink = `CREATE TABLE hourly (window_start TIMESTAMP, origin VARCHAR, flights BIGINT, avg_delay DOUBLE)
WITH ('connector'='filesystem', 'format'='parquet', 'path'='%s');
INSERT INTO hourly
`
)

func (d *demo) fileTable() string {
	return fmt.Sprintf(demoTable, "'connector'='filesystem', 'format'='parquet', 'path'='"+d.path("flights.parquet")+"'")
}

func (d *demo) topicTable() string {
	return fmt.Sprintf(demoTable, "'connector'='kafka', 'topic'='flights', 'properties.bootstrap.servers'='"+d.broker.Addr()+"',\n      'format'='json', 'scan.startup.mode'='earliest-offset'")
}

// job is the text of a file that writes the topic's answer to a directory.
func (d *demo) job(out string) string {
	return d.topicTable() + fmt.Sprintf(demoSink, d.path(out)) + demoQuery + ";\n"
}

func (d *demo) run() error {
	for _, step := range []func() error{d.askFile, d.playTopic, d.askTopic, d.killJob, d.next} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// session runs statements and discards their rows; set changes its settings.
func (d *demo) session(set func(*repl.Session)) *repl.Session {
	s := repl.NewSession(repl.Output{
		Result: func(o render.Options) (render.Writer, error) { o.Format = "none"; return render.New(io.Discard, o) },
		Notice: func(string, ...any) {},
	})
	if set != nil {
		set(s)
	}
	return s
}

// show prints the rows of a query on standard output.
func (d *demo) show(text string) error {
	s := repl.NewSession(repl.Output{
		Result: func(o render.Options) (render.Writer, error) {
			o.Format, o.ASCII = "table", d.a.plain || d.a.ascii
			return render.New(d.a.out, o)
		},
		Notice: func(string, ...any) {},
	})
	return s.Execute(d.ctx, text)
}

// number runs a query with one number as its result.
func (d *demo) number(text string) (int64, error) {
	var out strings.Builder
	s := repl.NewSession(repl.Output{
		Result: func(o render.Options) (render.Writer, error) { o.Format = "csv"; return render.New(&out, o) },
		Notice: func(string, ...any) {},
	})
	if err := s.Execute(d.ctx, text); err != nil {
		return 0, err
	}
	_, val, _ := strings.Cut(out.String(), "\n")
	var n int64
	if val = strings.TrimSpace(val); val == "" {
		return 0, nil
	}
	_, err := fmt.Sscan(val, &n)
	return n, err
}

func (d *demo) askFile() error {
	d.bar.say("1. The file: %s, two weeks of US flights (%s).", d.path("flights.parquet"), demoSource)
	start := time.Now()
	if err := d.session(nil).Execute(d.ctx, d.fileTable()+"COPY ("+demoQuery+") TO '"+d.path("bounded.parquet")+"'"); err != nil {
		return err
	}
	rows, err := d.number("SELECT count(*) FROM '" + d.path("flights.parquet") + "'")
	if err != nil {
		return err
	}
	d.bar.say("   Flights and mean delay per origin and hour, over %d flights: %v.", rows, time.Since(start).Round(time.Millisecond))
	return nil
}

func (d *demo) playTopic() error {
	d.bar.say("2. The topic: an embedded Kafka broker for development on %s; the flights go into topic \"flights\"\n   as JSON, in the order in which they really left (date + delay).", d.broker.Addr())
	done := d.bar.busy("playing flights")
	err := d.session(nil).Execute(d.ctx, fmt.Sprintf("INSERT INTO 'kafka://%s/flights' SELECT * FROM '%s' ORDER BY date + delay * INTERVAL '1' MINUTE, date, origin, destination, distance",
		d.broker.Addr(), d.path("flights.parquet")))
	done()
	return err
}

// askTopic runs the query over the topic, shows both answers, and checks the law.
func (d *demo) askTopic() error {
	done := d.bar.busy("asking the topic")
	err := d.session(func(s *repl.Session) {
		s.UntilEnd, s.Late, s.State = true, d.path("late"), d.path("state-steady")
	}).Execute(d.ctx, d.job("streamed"))
	done()
	if err != nil {
		return err
	}
	d.bar.say("3. The same query, over the topic: rows of event time that were more than 30 minutes late are set aside,\n   not lost. Both answers, and the late rows, for the busiest hours:")
	if err := d.show(d.both() + ` SELECT b.window_start, b.origin, b.flights AS file, coalesce(s.flights, 0) AS topic, coalesce(l.late, 0) AS late, round(b.avg_delay, 2) AS mean_delay_file, round(s.avg_delay, 2) AS mean_delay_topic
		FROM b LEFT JOIN s ON b.window_start = s.window_start AND b.origin = s.origin LEFT JOIN l ON b.window_start = l.window_start AND b.origin = l.origin
		ORDER BY b.flights DESC, b.window_start, b.origin LIMIT 8`); err != nil {
		return err
	}
	wrong, err := d.number(d.both() + ` SELECT count(*) FROM b LEFT JOIN s ON b.window_start = s.window_start AND b.origin = s.origin LEFT JOIN l ON b.window_start = l.window_start AND b.origin = l.origin
		WHERE b.flights <> coalesce(s.flights, 0) + coalesce(l.late, 0)`)
	if err != nil {
		return err
	}
	var sums [3]int64
	for i, q := range []string{"SELECT sum(flights) FROM b", "SELECT sum(flights) FROM s", "SELECT sum(late) FROM l"} {
		if sums[i], err = d.number(d.both() + q); err != nil {
			return err
		}
	}
	return d.check(wrong == 0 && sums[0] == sums[1]+sums[2] && sums[2] > 0, "bounded = streamed + late: %d = %d + %d, in every hour and origin", sums[0], sums[1], sums[2])
}

// both is the two answers and the late rows as common tables.
func (d *demo) both() string {
	return fmt.Sprintf("WITH b AS (SELECT * FROM '%s'), s AS (SELECT * FROM '%s'), l AS (SELECT late_window_start AS window_start, origin, count(*) AS late FROM '%s' GROUP BY 1, 2)",
		d.path("bounded.parquet"), d.path("streamed"), d.path("late"))
}

// check reports one check, and fails the demo when it does not hold.
func (d *demo) check(ok bool, format string, args ...any) error {
	text := fmt.Sprintf(format, args...)
	if !ok {
		d.bar.say("   FAILED  %s", text)
		return fmt.Errorf("%w: %s", errCheck, text)
	}
	d.bar.say("   ok  %s", text)
	return nil
}

// killJob runs the query as a job in a child process and kills that twice in mid-stream.
func (d *demo) killJob() error {
	if err := os.WriteFile(d.path("hourly.sql"), []byte(d.job("hourly")), 0o644); err != nil {
		return err
	}
	d.bar.say("4. The same query as an exactly-once job: %s, in a process of its own, killed twice (SIGKILL).", d.path("hourly.sql"))
	self, err := os.Executable()
	if err != nil {
		return err
	}
	for round := 1; round <= 3; round++ {
		done := d.bar.busy(fmt.Sprintf("job, start %d of 3", round))
		killed, err := d.child(self, round < 3)
		done()
		if err != nil {
			return err
		}
		if killed {
			d.bar.say("   killed in mid-stream (start %d)", round)
		}
	}
	lost, err := d.number(fmt.Sprintf("SELECT count(*) FROM ((SELECT * FROM '%s' EXCEPT SELECT * FROM '%s') UNION ALL (SELECT * FROM '%s' EXCEPT SELECT * FROM '%s')) x",
		d.path("streamed"), d.path("hourly"), d.path("hourly"), d.path("streamed")))
	if err != nil {
		return err
	}
	var rows [2]int64
	for i, name := range []string{"streamed", "hourly"} {
		if rows[i], err = d.number("SELECT count(*) FROM '" + d.path(name) + "'"); err != nil {
			return err
		}
	}
	return d.check(lost == 0 && rows[0] == rows[1], "after two kills the output equals the uninterrupted one: %d rows, none lost, none doubled", rows[1])
}

// childTimeout bounds one start of the job.
const childTimeout = 60 * time.Second

// child starts the job; with kill it is killed once it has completed two more checkpoints.
func (d *demo) child(self string, kill bool) (killed bool, err error) {
	ctx, cancel := context.WithTimeout(d.ctx, childTimeout)
	defer cancel()
	args := []string{"sql", "-q", "-f", d.path("hourly.sql"), "--state", d.path("state"), "--checkpoint", "100ms", "--until-end"}
	if kill {
		args = append(args, "--rate", "150000") // slow enough to be met in mid-stream
	}
	before := d.checkpoints()
	var errText strings.Builder
	c := exec.CommandContext(ctx, self, args...)
	c.Stderr = &errText
	if err := c.Start(); err != nil {
		return false, fmt.Errorf("start the job: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	for {
		select {
		case err := <-ended:
			if err != nil {
				return false, fmt.Errorf("the job failed: %w: %s", err, errText.String())
			}
			if kill {
				return false, fmt.Errorf("%w: the job ended before it could be killed", errCheck)
			}
			return false, nil
		case <-time.After(5 * time.Millisecond):
			if kill && d.checkpoints() >= before+2 {
				if err := c.Process.Kill(); err != nil {
					return false, err
				}
				<-ended
				return true, nil
			}
		}
	}
}

// checkpoints is the number of the newest checkpoint directory of the job.
func (d *demo) checkpoints() int {
	names, _ := filepath.Glob(d.path("state/checkpoint-*"))
	newest := 0
	for _, n := range names {
		var k int
		if _, err := fmt.Sscanf(filepath.Base(n), "checkpoint-%d", &k); err == nil {
			newest = max(newest, k)
		}
	}
	return newest
}

// next prints what to try, each line a command that works.
func (d *demo) next() error {
	cmd := "riffle"
	if self, err := os.Executable(); err == nil && strings.Contains(self, "go-build") {
		cmd = "go run ./cmd/riffle"
	}
	d.bar.say("\nAll checks hold. What to try next:\n")
	for _, line := range []string{
		cmd + " head " + d.path("flights.parquet"),
		cmd + ` sql "SELECT origin, count(*) AS flights, avg(delay) AS avg_delay FROM '` + d.path("flights.parquet") + `' GROUP BY origin ORDER BY flights DESC LIMIT 5"`,
		cmd + ` explain --analyze "SELECT count(*) FROM '` + d.path("flights.parquet") + `' WHERE delay > 60"`,
		cmd + ` sql "SELECT reason, count(*) FROM '` + d.path("late") + `' GROUP BY 1"`,
		cmd + " broker --listen 127.0.0.1:9092 --data " + d.path("kafka") + "   # the topic again; then, in another terminal:",
		cmd + ` sql "SELECT origin, count(*) FROM 'kafka://127.0.0.1:9092/flights@start..end' GROUP BY 1 ORDER BY 2 DESC LIMIT 5"`,
	} {
		fmt.Fprintln(d.a.out, "  "+line)
	}
	return nil
}
