package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/riffle-io/riffle/repl"
)

// followEvery is how often jobs logs --follow looks for new lines.
const followEvery = 500 * time.Millisecond

func (a *app) jobsLogs() *cobra.Command {
	follow := false
	cmd := a.jobCommand("logs JOB", "Show what the server knows of a job: events, checkpoints, its own lines", "riffle jobs logs hourly --follow", 1, func(ctx context.Context, c *repl.Jobs, args []string) error {
		last := time.Time{}
		for {
			list, err := c.Log(ctx, args[0], last)
			if err != nil {
				return err
			}
			for _, e := range list {
				if !e.At.After(last) {
					continue // it was shown before
				}
				if err := a.printEvent(e); err != nil {
					return err
				}
				last = e.At
			}
			if !follow {
				return nil
			}
			if err := pause(ctx, followEvery); err != nil {
				return err
			}
		}
	})
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "go on with what happens, until ctrl-c")
	return cmd
}

// pause waits, or returns why ctx ended.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (a *app) jobsTop() *cobra.Command {
	every, times := 2*time.Second, 0
	cmd := &cobra.Command{Use: "top", Short: "List jobs again and again", Example: "  riffle jobs top --every 5s", Args: exactly(0)}
	cmd.Flags().DurationVar(&every, "every", every, "time between two lists")
	cmd.Flags().IntVarP(&times, "times", "n", 0, "end after this many lists (default: at ctrl-c)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if every <= 0 {
			return usage("--every %s must be above zero", every)
		}
		return a.withJobs(func(c *repl.Jobs) error { return a.top(cmd.Context(), c, every, times) })
	}
	return cmd
}

// top lists jobs until ctx ends: on a terminal each list takes the place of the one before.
func (a *app) top(ctx context.Context, c *repl.Jobs, every time.Duration, times int) error {
	_, tty := isTerminal(a.out)
	for n := 1; ; n++ {
		list, err := c.List(ctx)
		if err != nil {
			return err
		}
		if !a.json {
			if tty && !a.plain {
				fmt.Fprint(a.out, "\x1b[H\x1b[2J")
			}
			fmt.Fprintf(a.out, "%s  jobs: %d\n", time.Now().Format(time.TimeOnly), len(list))
		}
		if err := a.printJobs(list); err != nil || n == times {
			return err
		}
		if err := pause(ctx, every); err != nil {
			return err
		}
	}
}

func (a *app) demoteCommand() *cobra.Command {
	file, stop, yes := "", false, false
	cmd := a.jobCommand("demote JOB", "Write a job's query back as one that ends", "riffle demote hourly -o hourly.sql --stop", 1, func(ctx context.Context, c *repl.Jobs, args []string) error {
		if stop && !yes {
			if err := a.confirmRisk(ctx, c, args[0], "riffle demote --stop"); err != nil {
				return err
			}
		}
		d, err := c.Show(ctx, args[0])
		if err != nil {
			return err
		}
		text, err := repl.Demote(d.Spec)
		if err != nil {
			return err
		}
		if err := a.writeQuery(file, text, yes); err != nil {
			return err
		}
		if here, err := workDir(); err == nil && here != d.Spec.Dir {
			a.notice("paths in the query start from %s", d.Spec.Dir)
		}
		ans := jobAnswer{Action: "demote", Query: text, File: file}
		if stop {
			dir, err := c.Stop(ctx, args[0], stopLabel())
			if err != nil {
				return err
			}
			if ans.Savepoint, err = savepointAt(ctx, c, args[0], dir); err != nil {
				return err
			}
			return a.did(ctx, c, args[0], ans, "%s is stopped; savepoint in %s", args[0], dir)
		}
		return a.did(ctx, c, args[0], ans, "%s goes on; --stop stops it", args[0])
	})
	cmd.Long = "Writes the query that a job was promoted from, or, when that is not known, the job's own query without its INSERT. Topics are\n" +
		"read from their start to now, so that it ends and can be explored again."
	cmd.Flags().StringVarP(&file, "output", "o", "", "file to write (default: standard output)")
	cmd.Flags().BoolVar(&stop, "stop", false, "stop the job too, with a savepoint")
	cmd.Flags().BoolVar(&yes, "yes", false, "overwrite a file that is there, and do not ask for the name of a job in production")
	return cmd
}

// writeQuery writes statements to a file, or without one to standard output, where --json has them
// in its object.
func (a *app) writeQuery(file, text string, over bool) error {
	if file == "" {
		if a.json {
			return nil
		}
		_, err := fmt.Fprint(a.out, text)
		return err
	}
	if err := a.writeFile(file, text, over); err != nil {
		return err
	}
	return a.done(nil, "wrote %s", file)
}

// writeFile writes a file; one that is there is kept unless over is set.
func (a *app) writeFile(file, text string, over bool) error {
	if _, err := os.Stat(file); err == nil && !over {
		return usage("%s is there already; --yes overwrites it", file)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, []byte(text), 0o644)
}

// stopLabel names the savepoint of a stop.
func stopLabel() string { return "stop-" + time.Now().UTC().Format("20060102-150405") }
