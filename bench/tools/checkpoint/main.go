// Checkpoint measures what checkpoints cost.
//
//	checkpoint [-events N] [-every D] DIR
//	checkpoint -churn KEYS [-for D] [-window] [-every D] DIR
//
// The first form counts the bids of each bidder on each auction in windows of a day, which hold all
// of them until the end. The second has KEYS groups, of which another hundredth changes each second.
//
// A line is printed for each checkpoint: seconds since the start (of the churn), bytes written, bytes
// of the whole, the longest pause of a task and the time from the first barrier until it is durable,
// in ms, and full or incr. The last line has the keys and seconds, or the rows, seconds and seconds of
// processor time while groups changed.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/riffle-io/riffle/dataflow/exec"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/state"
	"github.com/riffle-io/riffle/datasets/parquet"
	"github.com/riffle-io/riffle/internal/vfs"
	"github.com/riffle-io/riffle/jobs"
	"github.com/riffle-io/riffle/repl"
)

const job = `CREATE VIEW bids AS SELECT auction, bidder, date_time FROM gen.nexmark_bid(events => %d, stream => true);
CREATE TABLE sink (auction BIGINT, bidder BIGINT, n BIGINT) WITH ('connector' = 'blackhole')`

const insert = `INSERT INTO sink SELECT auction, bidder, count(*) AS n
FROM TUMBLE(TABLE bids, DESCRIPTOR(date_time), INTERVAL '1' DAY) GROUP BY auction, bidder, window_start, window_end`

func main() {
	events := flag.Int64("events", 40_000_000, "Nexmark events, of which 46 in 50 are bids")
	every := flag.Duration("every", time.Second, "interval of checkpoints")
	churns := flag.Int64("churn", 0, "number of groups of which a hundredth changes each second")
	lasts := flag.Duration("for", 20*time.Second, "how long they change")
	window := flag.Bool("window", false, "keep the groups in a window of a day")
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	var err error
	if *churns > 0 {
		err = measureChurn(*churns, *lasts, *every, *window, flag.Arg(0))
	} else {
		err = measure(*events, *every, flag.Arg(0))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "checkpoint:", err)
		os.Exit(1)
	}
}

func measure(events int64, every time.Duration, dir string) error {
	root, err := bind(context.Background(), events)
	if err != nil {
		return err
	}
	start := time.Now()
	var j *exec.Job
	if err := run(root, every, dir, func(started *exec.Job) { j = started }, func(e exec.Event) { printEvent(start, e) }); err != nil {
		return err
	}
	st, _ := j.Stats(root)
	fmt.Printf("keys %d %.1f\n", st.RowsIn, time.Since(start).Seconds())
	return nil
}

// errOver is the cause of a job that was stopped because enough was seen.
var errOver = errors.New("enough was seen")

// run runs a job with checkpoints in dir; told learns of those that are durable.
func run(root plan.Node, every time.Duration, dir string, started func(*exec.Job), told func(exec.Event)) error {
	store, err := state.OpenStore(vfs.OS{}, dir, parquet.Format{})
	if err != nil {
		return err
	}
	defer store.Close()
	id, err := store.JobID()
	if err != nil {
		return err
	}
	j, err := exec.Start(context.Background(), root, exec.Options{ID: id, Store: store, Checkpoint: every, OnEvent: func(e exec.Event) {
		if !e.Committed && e.Err == nil {
			told(e)
		}
	}})
	if err != nil {
		return err
	}
	started(j)
	if err := j.Wait(); !errors.Is(err, errOver) {
		return err
	}
	return nil
}

func printEvent(start time.Time, e exec.Event) {
	kind := "full"
	if e.Incremental {
		kind = "incr"
	}
	fmt.Printf("checkpoint %.1f %d %d %.3f %.1f %s\n", time.Since(start).Seconds(), e.Bytes, e.State, ms(e.Pause), ms(e.Duration), kind)
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// bind makes the physical plan of the job, as the job server does.
func bind(ctx context.Context, events int64) (plan.Node, error) {
	p, err := repl.NewEngine(0).Prepare(ctx, jobs.Spec{Name: "checkpoint", SQL: fmt.Sprintf(job, events) + ";\n" + insert})
	if err != nil {
		return nil, err
	}
	return p.Root, nil
}
