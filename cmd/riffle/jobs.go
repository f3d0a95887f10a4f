package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/riffle-io/riffle/repl"
	"github.com/riffle-io/riffle/repl/render"
)

// jobs makes a client of the job server that --server names, or of the user's own.
func (a *app) jobs() (*repl.Jobs, error) { return a.server.Connect() }

// withJobs runs fn with a client, and says how to get a server when there is none.
func (a *app) withJobs(fn func(c *repl.Jobs) error) error {
	c, err := a.jobs()
	if err != nil {
		return err
	}
	defer c.Close()
	return a.server.NoServer(fn(c))
}

// printJSON writes one object on one line.
func (a *app) printJSON(v any) error { return json.NewEncoder(a.out).Encode(v) }

func (a *app) jobsCommand() *cobra.Command {
	list := a.jobsList()
	cmd := &cobra.Command{Use: "jobs", Short: "List jobs and look into them",
		Long:    "Looks at the jobs of the job server. Without a word after it, jobs lists them.",
		Example: "  riffle jobs\n  riffle jobs show hourly --json\n  riffle jobs why hourly",
		Args:    cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage("riffle jobs %s: there are ls, top, show, logs, events, checkpoints, metrics, tap, why, rm; riffle jobs show %s shows a job", args[0], args[0])
			}
			return list.RunE(list, nil)
		}}
	cmd.PersistentFlags().AddFlagSet(list.Flags())
	cmd.AddCommand(list, a.jobsTop(), a.jobsShow(), a.jobsLogs(), a.jobsEvents(), a.jobsCheckpoints(), a.jobsMetrics(), a.jobsTap(), a.jobsWhy(), a.jobsRemove())
	return cmd
}

func (a *app) jobsList() *cobra.Command {
	watch := time.Duration(0)
	cmd := &cobra.Command{Use: "ls", Short: "List jobs", Example: "  riffle jobs ls --watch 2s", Args: exactly(0)}
	cmd.Flags().DurationVar(&watch, "watch", 0, "list again after this time, until ctrl-c")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		ctx := cmd.Root().Context()
		return a.withJobs(func(c *repl.Jobs) error {
			for {
				list, err := c.List(ctx)
				if err != nil {
					return err
				}
				if err := a.printJobs(list); err != nil || watch <= 0 {
					return err
				}
				if err := pause(ctx, watch); err != nil {
					return err
				}
			}
		})
	}
	return cmd
}

func (a *app) printJobs(list []repl.JobInfo) error {
	if a.json {
		return a.printJSON(list)
	}
	var rows [][]string
	for _, j := range list {
		rows = append(rows, []string{j.Name, j.Kind, j.State, rate(j.InRate), rate(j.OutRate), percent(j.Busy), percent(j.Backpressure), orDash(j.Watermark),
			count(j.SourceLag), render.Bytes(j.StateBytes), checkpointAge(j), strconv.Itoa(j.Restarts), uptime(j)})
	}
	if err := a.table("NAME KIND STATE IN/s OUT/s BUSY BACKP WATERMARK LAG STATE CHECKPOINT RESTARTS UPTIME", rows); err != nil {
		return err
	}
	for _, j := range list {
		for _, f := range j.Findings {
			fmt.Fprintf(a.out, "%s %s: %s\n", strings.ToUpper(f.Level[:1]), j.Name, f.Text)
			if f.Command != "" {
				fmt.Fprintf(a.out, "  %s\n", f.Command)
			}
		}
	}
	return nil
}

func rate(x float64) string    { return strconv.FormatFloat(x, 'f', 0, 64) }
func percent(x float64) string { return fmt.Sprintf("%.0f%%", 100*x) }

func orDash(s *string) string {
	if s == nil {
		return "-"
	}
	return *s
}

func count(n int64) string {
	if n < 0 {
		return "-"
	}
	return strconv.FormatInt(n, 10)
}

func checkpointAge(j repl.JobInfo) string {
	if j.Checkpoint == nil {
		return "-"
	}
	return fmt.Sprintf("%s ago", time.Since(j.Checkpoint.At).Round(time.Second))
}

func uptime(j repl.JobInfo) string {
	if j.UptimeMS == 0 {
		return "-"
	}
	return (time.Duration(j.UptimeMS) * time.Millisecond).Round(time.Second).String()
}

// jobCommand makes a command that takes a job's name and more arguments.
func (a *app) jobCommand(use, short, example string, n int, fn func(ctx context.Context, c *repl.Jobs, args []string) error) *cobra.Command {
	return &cobra.Command{Use: use, Short: short, Example: "  " + example, Args: exactly(n),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withJobs(func(c *repl.Jobs) error { return fn(cmd.Context(), c, args) })
		}}
}

// jobView makes a command that prints something about a job: as JSON, or with print.
func jobView[T any](a *app, use, short, example string, get func(*repl.Jobs, context.Context, string) (T, error), print func(T) error) *cobra.Command {
	return a.jobCommand(use, short, example, 1, func(ctx context.Context, c *repl.Jobs, args []string) error {
		v, err := get(c, ctx, args[0])
		if err != nil {
			return err
		}
		if a.json {
			return a.printJSON(v)
		}
		return print(v)
	})
}

func (a *app) jobsShow() *cobra.Command {
	return jobView(a, "show JOB", "Show everything about a job", "riffle jobs show hourly --json", (*repl.Jobs).Show, a.printDetail)
}

func (a *app) printDetail(d repl.JobDetail) error {
	fmt.Fprintf(a.out, "%s: %s, version %d, parallelism %d, %s into %s\n", d.Name, d.State, d.Version, d.Parallelism, d.Mode, d.Target)
	if d.Error != "" {
		fmt.Fprintf(a.out, "error: %s\n", d.Error)
	}
	if d.Hint != "" {
		fmt.Fprintf(a.out, "hint: %s\n", d.Hint)
	}
	fmt.Fprintf(a.out, "read %d rows, wrote %d, late %d, bad %d; watermark %s; state in %s\n\n", d.Rows, d.RowsOut, d.Late, d.Bad, orDash(d.Watermark), d.StateDir)
	var rows [][]string
	for _, o := range d.Operators {
		var ids []string
		for _, l := range o.Chain {
			ids = append(ids, l.ID)
		}
		rows = append(rows, []string{o.Title, strconv.Itoa(len(o.Tasks)), percent(o.Busy), percent(o.Backpressure), rate(o.InRate), rate(o.OutRate),
			orDash(o.Watermark), render.Bytes(o.StateBytes), count(o.Keys), strings.Join(ids, " ")})
	}
	if err := a.table("OPERATOR TASKS BUSY BACKP IN/s OUT/s WATERMARK STATE KEYS IDS", rows); err != nil {
		return err
	}
	rows = nil
	for _, p := range d.Partitions {
		state := ""
		switch {
		case p.Ended:
			state = "ended"
		case p.Idle:
			state = "idle, not counted"
		case p.Holds:
			state = "holds the watermark"
		}
		rows = append(rows, []string{p.Name, strconv.FormatInt(p.Rows, 10), count(p.Lag), orDash(p.Watermark), state})
	}
	if len(rows) == 0 {
		return nil
	}
	fmt.Fprintln(a.out)
	return a.table("PARTITION ROWS LAG WATERMARK NOTE", rows)
}

func (a *app) jobsEvents() *cobra.Command {
	follow := false
	cmd := a.jobCommand("events JOB", "Show what happened to a job", "riffle jobs events hourly", 1, func(ctx context.Context, c *repl.Jobs, args []string) error {
		d, err := c.Show(ctx, args[0])
		if err != nil {
			return err
		}
		for i := len(d.Events) - 1; i >= 0; i-- {
			if err := a.printEvent(d.Events[i]); err != nil {
				return err
			}
		}
		if !follow {
			return nil
		}
		return c.Events(ctx, func(e repl.JobEvent) error {
			if e.Job != args[0] {
				return nil
			}
			return a.printEvent(e)
		})
	})
	cmd.Flags().BoolVar(&follow, "watch", false, "go on with events as they happen, until ctrl-c")
	return cmd
}

func (a *app) printEvent(e repl.JobEvent) error {
	if a.json {
		return a.printJSON(e)
	}
	line := fmt.Sprintf("%s %s: %s", e.At.Format(time.DateTime), e.Kind, e.Text)
	if e.Error != "" {
		line += "\n  " + strings.ReplaceAll(e.Error, "\n", "\n  ")
	}
	if e.Hint != "" {
		line += "\n  hint: " + e.Hint
	}
	_, err := fmt.Fprintln(a.out, line)
	return err
}

func (a *app) jobsCheckpoints() *cobra.Command {
	history := func(c *repl.Jobs, ctx context.Context, name string) ([]repl.JobCheckpoint, error) {
		d, err := c.Show(ctx, name)
		return d.History, err
	}
	return jobView(a, "checkpoints JOB", "Show the checkpoints of a job, and where their time went", "riffle jobs checkpoints hourly", history, func(list []repl.JobCheckpoint) error {
		var rows [][]string
		ms := func(x float64) string { return strconv.FormatFloat(x, 'f', 1, 64) }
		for _, k := range list {
			rows = append(rows, []string{strconv.FormatInt(k.ID, 10), k.At.Format(time.DateTime), ms(k.TotalMS), ms(k.AlignMS), ms(k.PauseMS), ms(k.WriteMS), ms(k.CommitMS),
				k.Kind, render.Bytes(k.Bytes), render.Bytes(k.State), strconv.FormatInt(k.Rows, 10), k.Cause})
		}
		return a.table("ID AT TOTAL_ms ALIGN_ms PAUSE_ms WRITE_ms COMMIT_ms KIND WRITTEN STATE ROWS CAUSE", rows)
	})
}

func (a *app) jobsMetrics() *cobra.Command {
	since := time.Hour
	cmd := a.jobCommand("metrics JOB", "Print the metrics of a job, one JSON object a second; seconds without one are those in which it did not run", "riffle jobs metrics hourly --since 10m", 1, func(ctx context.Context, c *repl.Jobs, args []string) error {
		list, err := c.Metrics(ctx, args[0], time.Now().Add(-since))
		if err != nil {
			return err
		}
		for _, s := range list {
			if err := a.printJSON(s); err != nil {
				return err
			}
		}
		return nil
	})
	cmd.Flags().DurationVar(&since, "since", time.Hour, "how far back; an hour is kept, also over the end of the server")
	return cmd
}

func (a *app) jobsTap() *cobra.Command {
	limit := 0
	cmd := a.jobCommand("tap JOB OPERATOR", "Show a sample of the rows that an operator emits", "riffle jobs tap hourly $(riffle jobs show hourly --json | grep -o 'windowaggregate-[0-9a-f]*' | head -n 1) --limit 10", 2, func(ctx context.Context, c *repl.Jobs, args []string) error {
		rows := 0
		return c.Tap(ctx, args[0], args[1], func(t repl.Tapped) error {
			for i, r := range t.Rows {
				if err := a.printTapped(t, i, r); err != nil {
					return err
				}
				if rows++; rows == limit {
					return io.EOF
				}
			}
			return nil
		})
	})
	cmd.Long = "Shows a sample of the rows that an operator emits, as they come, until ctrl-c. OPERATOR is an id such as windowaggregate-b78f1ac3b516;\n" +
		"riffle jobs show JOB lists them. The job is not slowed: what is not looked at in time is left out."
	inner := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := inner(cmd, args); !errors.Is(err, io.EOF) {
			return err
		}
		return nil
	}
	cmd.Flags().IntVar(&limit, "limit", 0, "stop after this many rows")
	return cmd
}

// printTapped writes a row as a JSON object in the order of its columns.
func (a *app) printTapped(t repl.Tapped, i int, row []*string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "{\"_op\":%q", t.Ops[i])
	for c, v := range row {
		value := "null"
		if v != nil {
			data, err := json.Marshal(*v)
			if err != nil {
				return err
			}
			value = string(data)
		}
		fmt.Fprintf(&b, ",%q:%s", t.Columns[c], value)
	}
	_, err := fmt.Fprintln(a.out, b.String()+"}")
	return err
}

func (a *app) jobsWhy() *cobra.Command {
	return jobView(a, "why JOB", "Say why a job gives no output, and what would help", "riffle jobs why hourly", (*repl.Jobs).Why, func(w repl.JobWhy) error {
		fmt.Fprintln(a.out, w.Text)
		if w.Cause != "" {
			fmt.Fprintln(a.out, "cause: "+w.Cause)
		}
		for _, f := range w.Facts {
			fmt.Fprintln(a.out, "also: "+f)
		}
		for _, f := range w.NotIt {
			fmt.Fprintln(a.out, "not it: "+f)
		}
		for _, f := range w.Fixes {
			fmt.Fprintln(a.out, "fix: "+f.Text)
			if f.Command != "" {
				fmt.Fprintln(a.out, "  "+f.Command)
			}
		}
		return nil
	})
}

func (a *app) jobsRemove() *cobra.Command {
	return a.riskyCommand("rm JOB", "Forget a job that does not run, with its state; savepoints and output stay", "riffle jobs rm hourly", 1, func(ctx context.Context, c *repl.Jobs, args []string) error {
		d, err := c.Show(ctx, args[0])
		if err != nil {
			return err
		}
		if err := c.Remove(ctx, args[0]); err != nil {
			return err
		}
		return a.did(ctx, c, args[0], jobAnswer{Action: "jobs rm", Job: &d.Info}, "%s is removed; its savepoints and its output stay", args[0])
	})
}

// done tells that something was done, unless it was not.
func (a *app) done(err error, format string, args ...any) error {
	if err == nil {
		a.notice(format, args...)
	}
	return err
}

// workDir is the directory that a job's relative paths start from.
func workDir() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	return filepath.Abs(dir)
}
