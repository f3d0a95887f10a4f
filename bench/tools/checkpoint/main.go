// Checkpoint measures how long a task stops for a checkpoint of much window state: it counts the
// bids of each bidder on each auction in windows of a day, which hold all of them until the end.
//
//	checkpoint [-events N] [-every D] DIR
//
// A line is printed for each checkpoint: seconds since the start, bytes, the longest pause of a
// task and the time from the first barrier until it is durable, in ms. The last line counts keys.
package main

import (
	"context"
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
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	if err := measure(*events, *every, flag.Arg(0)); err != nil {
		fmt.Fprintln(os.Stderr, "checkpoint:", err)
		os.Exit(1)
	}
}

func measure(events int64, every time.Duration, dir string) error {
	ctx := context.Background()
	root, err := bind(ctx, events)
	if err != nil {
		return err
	}
	store, err := state.OpenStore(vfs.OS{}, dir, parquet.Format{})
	if err != nil {
		return err
	}
	defer store.Close()
	id, err := store.JobID()
	if err != nil {
		return err
	}
	start := time.Now()
	j, err := exec.Start(ctx, root, exec.Options{ID: id, Store: store, Checkpoint: every, OnEvent: func(e exec.Event) {
		if e.Committed {
			return
		}
		fmt.Printf("checkpoint %.1f %d %.3f %.1f\n", time.Since(start).Seconds(), e.Bytes, ms(e.Pause), ms(e.Duration))
	}})
	if err != nil {
		return err
	}
	if err := j.Wait(); err != nil {
		return err
	}
	st, _ := j.Stats(root)
	fmt.Printf("keys %d %.1f\n", st.RowsIn, time.Since(start).Seconds())
	return nil
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
