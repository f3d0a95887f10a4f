package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/riffle-io/riffle/datasets/kafka"
	"github.com/riffle-io/riffle/repl"
	"github.com/riffle-io/riffle/repl/render"
	"github.com/riffle-io/riffle/tui"
)

const (
	// livePartitions is how many partitions the live topic has; the last is silent after a few
	// records, so that there is something to explain.
	livePartitions = 4
	// liveHistory is how many flights are in the topic before the screens open: about three days.
	liveHistory = 45_000
	// liveRate is how many flights leave a second after that.
	liveRate = 300
)

// liveFiles are what the screens begin with.
var liveFiles = map[string]string{
	"query.sql": `-- ctrl-r runs the statement under the cursor, p plots its result, P makes a job of it
SELECT origin, count(*) AS flights, avg(delay) AS avg_delay
FROM flights
GROUP BY origin ORDER BY flights DESC LIMIT 20;

-- the same flights as a stream, in the order in which they left
SELECT window_start, origin, count(*) AS flights, avg(delay) AS avg_delay
FROM TUMBLE(TABLE live, DESCRIPTOR(date), INTERVAL '1' HOUR)
GROUP BY window_start, window_end, origin;
`,
}

// liveTable declares the topic as the table live.
func (d *demo) liveTable() string {
	return strings.Replace(d.topicTable(), "TABLE flights", "TABLE live", 1)
}

// screens opens the screens on the demo's file and on a topic into which flights go while they are
// open.
func (d *demo) screens() error {
	for name, text := range liveFiles {
		if err := os.WriteFile(d.path(name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	if err := os.Chdir(d.dir); err != nil {
		return err
	}
	if err := d.createTopic(); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(d.ctx)
	full, fed := make(chan struct{}), make(chan error, 1)
	go func() { fed <- d.feed(ctx, full) }()
	select {
	case <-full:
	case err := <-fed:
		stop()
		return err
	}
	d.bar.say("Two weeks of US flights in %s, and a Kafka broker for development in this process, on %s.", d.dir, d.broker.Addr())
	err := d.a.screens(d.ctx, tui.Options{File: "query.sql"}, func(s *repl.Session) error {
		if err := s.Catalog().AddSource(d.ctx, "flights.parquet"); err != nil {
			return err
		}
		return s.Execute(d.ctx, d.liveTable())
	})
	stop()
	if ferr := <-fed; err == nil && ferr != nil && !errors.Is(ferr, context.Canceled) {
		err = fmt.Errorf("playing the flights: %w", ferr)
	}
	return errors.Join(err, d.goOn())
}

func (d *demo) createTopic() error {
	admin, err := kafka.OpenAdmin(kafka.Config{Brokers: []string{d.broker.Addr()}})
	if err != nil {
		return err
	}
	defer admin.Close()
	return admin.CreateTopic(d.ctx, "flights", livePartitions, 1, nil)
}

// feed writes the flights to the topic in the order in which they left: some at once, after which full
// is closed, the others as time passes.
func (d *demo) feed(ctx context.Context, full chan<- struct{}) error {
	r, w := io.Pipe()
	defer r.Close()
	s := repl.NewSession(repl.Output{Notice: func(string, ...any) {},
		Result: func(o render.Options) (render.Writer, error) { o.Format = "ndjson"; return render.New(w, o) }})
	go func() {
		w.CloseWithError(s.Execute(ctx, fmt.Sprintf("SELECT * FROM '%s' ORDER BY date + delay * INTERVAL '1' MINUTE, date, origin, destination, distance", d.path("flights.parquet"))))
	}()
	p, err := kafka.OpenProducer(kafka.Config{Brokers: []string{d.broker.Addr()}})
	if err != nil {
		return err
	}
	defer p.Close()
	lines := bufio.NewScanner(r)
	n := 0
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for lines.Scan() {
		m := kafka.Message{Topic: "flights", Partition: partitionOf(lines.Bytes(), n), Value: append([]byte{}, lines.Bytes()...)}
		if err := p.Produce(ctx, m); err != nil {
			return err
		}
		if n++; n < liveHistory || n%(liveRate/10) != 0 {
			continue
		}
		if err := p.Flush(ctx); err != nil {
			return err
		}
		if n == liveHistory {
			close(full)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if err := lines.Err(); err != nil && ctx.Err() == nil {
		return err
	}
	return p.Flush(ctx)
}

// partitionOf spreads flights by their destination, and the first few to the partition that is silent
// afterwards.
func partitionOf(line []byte, n int) int32 {
	if n < 10 {
		return livePartitions - 1
	}
	h := fnv.New32a()
	h.Write(line[max(0, len(line)-8):]) // the destination is last
	return int32(h.Sum32() % (livePartitions - 1))
}

// goOn keeps the broker for jobs that were promoted, in a process of its own.
func (d *demo) goOn() error {
	c, err := d.a.server.Connect()
	if err != nil {
		return err
	}
	defer c.Close()
	list, err := c.List(d.ctx)
	if err != nil {
		return nil // no server: nothing was promoted
	}
	var names []string
	for _, j := range list {
		detail, err := c.Show(d.ctx, j.Name)
		if err == nil && detail.Spec.Dir == d.dir && (j.State == "running" || j.State == "restarting" || j.State == "paused") {
			names = append(names, j.Name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	info, err := c.Server(d.ctx)
	if err != nil {
		return err
	}
	addr := d.broker.Addr()
	if err := d.broker.Close(); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	b := exec.Command(self, "broker", "--quiet", "--listen", addr, "--data", d.path("kafka"))
	repl.Detach(b)
	if err := b.Start(); err != nil {
		return fmt.Errorf("broker for the jobs: %w", err)
	}
	pid := b.Process.Pid
	d.bar.say("%s: runs on in riffle serve (pid %d); the broker goes on as pid %d on %s.\nriffle jobs lists jobs, riffle stop %s stops it; kill %d ends the broker.", strings.Join(names, ", "), info.PID, pid, addr, names[0], pid)
	return b.Process.Release()
}
