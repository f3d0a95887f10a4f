package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/riffle-io/riffle/datasets/parquet"
	"github.com/riffle-io/riffle/jobs"
	"github.com/riffle-io/riffle/repl"
	"github.com/riffle-io/riffle/repl/render"
)

// controlCommands are the commands that change jobs.
func (a *app) controlCommands() []*cobra.Command {
	type maker func(use, short, example string, n int, fn func(context.Context, *repl.Jobs, []string) error) *cobra.Command
	act := func(make maker, use, short string, fn func(*repl.Jobs, context.Context, string) error, said string) *cobra.Command {
		return make(use+" JOB", short, "riffle "+use+" hourly", 1, func(ctx context.Context, c *repl.Jobs, args []string) error {
			if err := fn(c, ctx, args[0]); err != nil {
				return err
			}
			return a.did(ctx, c, args[0], jobAnswer{Action: use}, "%s %s", args[0], said)
		})
	}
	return []*cobra.Command{
		a.stopCommand(),
		act(a.riskyCommand, "cancel", "End a job at once, without a last checkpoint", (*repl.Jobs).Cancel, "is cancelled; riffle resume goes on from its last checkpoint"),
		act(a.jobCommand, "pause", "Hold a job still, with its state in memory", (*repl.Jobs).Pause, "is paused"),
		act(a.jobCommand, "resume", "End a pause, or start a job that was stopped or has failed", (*repl.Jobs).Resume, "runs"),
		act(a.riskyCommand, "restart", "Stop a job with a last checkpoint and start it again", (*repl.Jobs).Restart, "was restarted"),
		a.rescaleCommand(), a.forkCommand(), a.jobSetCommand(), a.savepointCommand(), a.demoteCommand(),
	}
}

func (a *app) stopCommand() *cobra.Command {
	label, none := "", false
	cmd := a.riskyCommand("stop JOB", "Stop a job with a savepoint; open windows stay in it and do not fire", "riffle stop hourly", 1, func(ctx context.Context, c *repl.Jobs, args []string) error {
		if label == "" && !none {
			label = stopLabel()
		}
		dir, err := c.Stop(ctx, args[0], label)
		if err != nil {
			return err
		}
		ans := jobAnswer{Action: "stop"}
		if ans.Savepoint, err = savepointAt(ctx, c, args[0], dir); err != nil {
			return err
		}
		if dir == "" {
			return a.did(ctx, c, args[0], ans, "%s is stopped; riffle resume %s goes on from its last checkpoint", args[0], args[0])
		}
		return a.did(ctx, c, args[0], ans, "%s is stopped; savepoint %s in %s", args[0], label, dir)
	})
	cmd.Flags().StringVar(&label, "savepoint", "", "name of the savepoint (default: stop- and the time)")
	cmd.PreRunE = func(*cobra.Command, []string) error {
		if none && label != "" {
			return usage("--savepoint and --no-savepoint exclude each other")
		}
		return nil
	}
	cmd.Flags().BoolVar(&none, "no-savepoint", false, "keep the last checkpoint only")
	return cmd
}

func (a *app) rescaleCommand() *cobra.Command {
	dry := false
	cmd := a.riskyCommand("rescale JOB PARALLELISM", "Change the number of tasks of a job", "riffle rescale hourly 4", 2, func(ctx context.Context, c *repl.Jobs, args []string) error {
		p, err := parallelismOf(args[1])
		if err != nil {
			return err
		}
		d, err := c.Show(ctx, args[0])
		if err != nil {
			return err
		}
		r := repl.PreviewRescale(d, p)
		if dry {
			if a.json {
				return a.printJSON(r)
			}
			fmt.Fprintln(a.out, r.Text)
			return nil
		}
		if !a.json {
			a.notice("%s", r.Text)
		}
		begun := time.Now()
		if err := c.Rescale(ctx, args[0], p); err != nil {
			return err
		}
		took := time.Since(begun).Round(time.Millisecond)
		return a.did(ctx, c, args[0], jobAnswer{Action: "rescale", Rescale: &rescaleAnswer{r, took.Milliseconds()}}, "%s runs with parallelism %d, after %s", args[0], p, took)
	})
	cmd.Flags().BoolVar(&dry, "dry-run", false, "only say what would happen")
	cmd.PreRunE = func(_ *cobra.Command, args []string) error { // before a name is asked for
		_, err := parallelismOf(args[1])
		return err
	}
	return cmd
}

// parallelismOf reads the number of tasks that rescale is given.
func parallelismOf(arg string) (int, error) {
	p, err := strconv.Atoi(arg)
	if err != nil || p < 1 {
		return 0, usage("riffle rescale: parallelism %q must be a number from 1 on", arg)
	}
	return p, nil
}

func (a *app) forkCommand() *cobra.Command {
	file, loss := "", false
	cmd := a.jobCommand("fork JOB NAME", "Start another job from the present state of one", "riffle fork hourly hourly_v2 -f hourly_v2.sql", 2, func(ctx context.Context, c *repl.Jobs, args []string) error {
		if file == "" {
			return usage("riffle fork needs the statements of the new job, with a target of its own: -f FILE")
		}
		spec, list, err := a.fitOf(ctx, c, args[0], file)
		if err != nil {
			return err
		}
		refused := !jobs.Lossless(list) && !loss
		if refused || !a.json {
			if err := a.printFit(list); err != nil {
				return err
			}
		}
		if refused {
			return &differs{repl.ErrStateLoss.Error()}
		}
		spec.Name = args[1]
		if err := c.Fork(ctx, args[0], spec); err != nil {
			return err
		}
		return a.did(ctx, c, args[1], jobAnswer{Action: "fork", Fit: list}, "%s runs from the state of %s", args[1], args[0])
	})
	cmd.Long = "Takes a savepoint of a job and starts another one from it, with the statements of a file. They are a whole job, as in jobs/NAME.sql, and\n" +
		"must write into a directory or topic of their own. It shows what becomes of the state of each operator; the first job goes on."
	cmd.Flags().StringVarP(&file, "file", "f", "", "statements of the new job")
	cmd.Flags().BoolVar(&loss, "allow-state-loss", false, "go on although state is dropped or begins empty")
	return cmd
}

// specOf is a job's spec with the statements of a file.
func (a *app) specOf(ctx context.Context, c *repl.Jobs, name, file string) (repl.JobSpec, error) {
	d, err := c.Show(ctx, name)
	if err != nil {
		return repl.JobSpec{}, err
	}
	text, err := a.readStatements(file)
	if err != nil {
		return repl.JobSpec{}, err
	}
	spec := d.Spec
	spec.SQL, spec.From, spec.Adapt, spec.Explored = text, "", false, nil
	spec.Dir, err = workDir()
	return spec, err
}

// fitOf is that spec, and what would become of the job's state under it.
func (a *app) fitOf(ctx context.Context, c *repl.Jobs, name, file string) (spec repl.JobSpec, list []repl.JobFit, err error) {
	if spec, err = a.specOf(ctx, c, name, file); err == nil {
		list, err = c.Fit(ctx, name, spec)
	}
	return spec, list, err
}

func (a *app) jobSetCommand() *cobra.Command {
	var known []string
	for _, s := range jobs.Settings() {
		known = append(known, fmt.Sprintf("  %-14s %s", s[0], s[1]))
	}
	parent := &cobra.Command{Use: "job", Short: "Change the settings of a job", Example: "  riffle job set hourly checkpoint=5s", Args: oneOfIts,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	dry := false
	set := a.jobCommand("set JOB KEY=VALUE", "Change a setting of a job", "riffle job set hourly idle-timeout=60s", 2, func(ctx context.Context, c *repl.Jobs, args []string) error {
		k, v, ok := strings.Cut(args[1], "=")
		if !ok {
			return usage("riffle job set: %q must be key=value", args[1])
		}
		change := c.Set
		if dry {
			change = c.CheckSetting
		}
		restart, err := change(ctx, args[0], k, v)
		if err != nil {
			return err
		}
		ans := jobAnswer{Action: "job set", Setting: &settingAnswer{k, v, restart, dry}}
		if dry {
			when := map[bool]string{true: "with the next start", false: "at once"}[restart]
			return a.did(ctx, c, args[0], ans, "%s = %s would take effect %s; nothing was changed", k, v, when)
		}
		if restart {
			return a.did(ctx, c, args[0], ans, "%s = %s takes effect with the next start: riffle restart %s", k, v, args[0])
		}
		return a.did(ctx, c, args[0], ans, "%s = %s", k, v)
	})
	set.Flags().BoolVar(&dry, "dry-run", false, "only check it, and say when it would take effect")
	set.Long = "Changes a setting of a job. There are:\n\n" + strings.Join(known, "\n")
	parent.AddCommand(set)
	return parent
}

func (a *app) savepointCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "savepoint", Short: "Take, list, look into, compare and remove savepoints", Example: "  riffle savepoint create hourly before-v2\n  riffle savepoint check hourly --against hourly_v2.sql",
		Args: oneOfIts, RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	cmd.AddCommand(
		a.jobCommand("create JOB NAME", "Take a savepoint of a job while it runs", "riffle savepoint create hourly before-v2", 2, func(ctx context.Context, c *repl.Jobs, args []string) error {
			sp, err := c.Savepoint(ctx, args[0], args[1])
			if err != nil {
				return err
			}
			return a.did(ctx, c, "", jobAnswer{Action: "savepoint create", Savepoint: &sp}, "savepoint %s: %d rows, %s, in %s", sp.Label, sp.Rows, render.Bytes(sp.Bytes), sp.Dir)
		}),
		a.savepointList(), a.savepointShow(), a.savepointCheck(),
		a.riskyCommand("rm JOB NAME", "Remove a savepoint", "riffle savepoint rm hourly before-v2", 2, func(ctx context.Context, c *repl.Jobs, args []string) error {
			return a.removeSavepoint(ctx, c, args[0], args[1])
		}))
	return cmd
}

func (a *app) removeSavepoint(ctx context.Context, c *repl.Jobs, job, label string) error {
	ans := jobAnswer{Action: "savepoint rm"}
	if a.json { // what it was
		list, err := c.Savepoints(ctx, job)
		if err != nil {
			return err
		}
		if i := slices.IndexFunc(list, func(s repl.Savepoint) bool { return s.Label == label }); i >= 0 {
			ans.Savepoint = &list[i]
		}
	}
	if err := c.RemoveSavepoint(ctx, job, label); err != nil {
		return err
	}
	return a.did(ctx, c, "", ans, "savepoint %s of %s is removed", label, job)
}

func (a *app) savepointList() *cobra.Command {
	return &cobra.Command{Use: "ls [JOB]", Short: "List savepoints", Example: "  riffle savepoint ls hourly", Args: between(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withJobs(func(c *repl.Jobs) error {
				list, err := c.Savepoints(cmd.Context(), strings.Join(args, ""))
				if err != nil {
					return err
				}
				if a.json {
					return a.printJSON(list)
				}
				var rows [][]string
				for _, s := range list {
					rows = append(rows, []string{s.Job, s.Label, s.Created.Format(time.DateTime), strconv.FormatInt(s.Rows, 10), render.Bytes(s.Bytes), orDash(s.Watermark), s.Dir})
				}
				return a.table("JOB NAME CREATED ROWS BYTES WATERMARK DIRECTORY", rows)
			})
		}}
}

func (a *app) savepointShow() *cobra.Command {
	return &cobra.Command{Use: "show DIR", Short: "Check a savepoint's files and show what they hold", Example: "  riffle savepoint show ~/.local/state/riffle/savepoints/hourly/before-v2", Args: exactly(1),
		RunE: func(_ *cobra.Command, args []string) error {
			s, err := jobs.DescribeSavepoint(args[0], parquet.Format{}, true)
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(s)
			}
			fmt.Fprintf(a.out, "checkpoint %d of %s, parallelism %d, %d positions, watermark %s; all checksums are right\n", s.Checkpoint, s.Created.Format(time.DateTime), s.Parallelism, s.Positions, orDash(s.Watermark))
			var rows [][]string
			for _, o := range s.Operators {
				rows = append(rows, []string{o.ID, strconv.FormatInt(o.Rows, 10), render.Bytes(o.Bytes)})
			}
			return a.table("OPERATOR ROWS BYTES", rows)
		}}
}

func (a *app) savepointCheck() *cobra.Command {
	against := ""
	cmd := a.jobCommand("check JOB", "Say what becomes of a job's state under another query", "riffle savepoint check hourly --against hourly_v2.sql", 1, func(ctx context.Context, c *repl.Jobs, args []string) error {
		if against == "" {
			return usage("riffle savepoint check needs --against FILE, the statements to compare with")
		}
		_, list, err := a.fitOf(ctx, c, args[0], against)
		if err != nil {
			return err
		}
		if err := a.printFit(list); err != nil {
			return err
		}
		if !jobs.Lossless(list) {
			return &differs{"state would be lost or begin empty"}
		}
		return nil
	})
	cmd.Flags().StringVar(&against, "against", "", "file of the statements to compare with")
	return cmd
}

// fitWords are the fits as people read them; scripts get the words of the API.
var fitWords = map[string]string{jobs.FitKeep: "kept", jobs.FitRebuild: "rebuilt", jobs.FitNew: "empty", jobs.FitDrop: "dropped"}

func (a *app) printFit(list []repl.JobFit) error {
	if a.json {
		return a.printJSON(map[string]any{"v": 1, "operators": list})
	}
	var rows [][]string
	for _, f := range list {
		rows = append(rows, []string{fitWords[f.Fit], f.ID, strconv.FormatInt(f.Rows, 10), render.Bytes(f.Bytes), f.Name})
	}
	return a.table("FIT OPERATOR ROWS BYTES MEANING", rows)
}
