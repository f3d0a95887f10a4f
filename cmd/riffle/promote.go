package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/riffle-io/riffle/datasets/parquet"
	"github.com/riffle-io/riffle/jobs"
	"github.com/riffle-io/riffle/repl"
	"github.com/riffle-io/riffle/repl/render"
)

// promoteFlags are the flags of riffle promote.
type promoteFlags struct {
	req       repl.PromoteRequest
	file      string
	replace   bool
	allowLoss bool
	dryRun    bool
	check     bool
	from      string
	yes       bool
	session   *repl.Session // of a REPL; nil: a new one
	last      func() string // the REPL's last statement
}

func (a *app) promoteCommand() *cobra.Command { return a.promoteIn(nil, nil) }

// promoteIn is the command over a session, whose tables the query may read; last is the statement
// that is meant without one. nil makes a session.
func (a *app) promoteIn(s *repl.Session, last func() string) *cobra.Command {
	f := promoteFlags{session: s, last: last}
	cmd := &cobra.Command{
		Use:   "promote QUERY|FILE.sql --name NAME [source...]",
		Short: "Turn an explored query into a running streaming job",
		Long: "Shows how a query runs as a job, with every change and its reason, what was measured for the watermark, the state\n" +
			"it will need and what to look out for; compares the job, run over the records that are there, with the batch\n" +
			"answer; writes jobs/NAME.sql and starts the job in the job server. Statements that end in an INSERT run as they are.",
		Example: "  riffle promote \"SELECT origin, count(*) AS n FROM 'kafka://127.0.0.1:9092/flights' GROUP BY origin\" --name by_origin --dry-run\n" +
			"  riffle promote query.sql --name hourly --window tumble:1h --into out/hourly flights.parquet kafka://127.0.0.1:9092/flights\n" +
			"  riffle promote jobs/hourly.sql --name hourly --check",
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error { return a.promote(cmd.Context(), &f, args) },
	}
	fl := cmd.Flags()
	fl.StringVarP(&f.file, "file", "f", "", "read the statements from a file; - is standard input")
	fl.StringVar(&f.req.Name, "name", "", "name of the job (default: that of the file)")
	fl.StringVar(&f.req.Topic, "topic", "", "topic that goes on where the explored file ends: kafka://host:port/topic, or a declared table")
	fl.BoolVar(&f.req.History, "history", false, "read the explored file first, then the topic from its last event time on")
	fl.StringVar(&f.req.Handover, "handover", "", "event time up to which the file is read (default: its last)")
	fl.StringVar(&f.req.Time, "time", "", "column of event time (default: the one that the query cuts, or the first TIMESTAMP)")
	fl.StringVar(&f.req.Window, "window", "", "tumble:SIZE, hop:SLIDE:SIZE or none (default: as in the query; date_trunc becomes a window)")
	fl.StringVar(&f.req.Delay, "watermark", "", "how long to wait for rows out of order: a duration, p99, p99.9 or max of what was measured (default p99.9)")
	fl.DurationVar(&f.req.Idle, "idle", 0, "silence after which a partition holds the watermark no longer (default: from what was measured)")
	fl.StringVar(&f.req.Into, "into", "", "directory, or kafka://host:port/topic (default out/NAME)")
	fl.IntVar(&f.req.Parallelism, "parallel", 0, "tasks a stage (default: the number of cores)")
	fl.DurationVar(&f.req.Checkpoint, "checkpoint", 10*time.Second, "interval of checkpoints")
	fl.StringVar(&f.req.Late, "late", "", "directory for rows that come too late (default: they are counted)")
	fl.BoolVar(&f.req.NoShadow, "no-shadow", false, "do not compare with the batch answer")
	fl.BoolVar(&f.replace, "replace", false, "put it in the place of the running job of that name; operators that did not change keep their state")
	fl.StringVar(&f.from, "from", "", "savepoint directory to begin with: its positions and its state")
	fl.BoolVar(&f.allowLoss, "allow-state-loss", false, "with --replace: go on although state is dropped or begins empty")
	fl.BoolVar(&f.dryRun, "dry-run", false, "only show what would be done")
	fl.BoolVar(&f.check, "check", false, "for scripts: exit 0 when the job runs as the query says, 6 when it would change, 5 for lint errors")
	fl.BoolVar(&f.yes, "yes", false, "overwrite a jobs/NAME.sql that says something else, and do not ask for the name of a job in production")
	return cmd
}

func (a *app) promote(ctx context.Context, f *promoteFlags, args []string) error {
	text, sources, err := a.promoteText(f, args)
	if err != nil {
		return err
	}
	f.req.SQL, f.req.File = text, f.file
	if f.req.Name == "" {
		return usage("riffle promote: --name NAME is missing")
	}
	if f.req.Dir, err = workDir(); err != nil {
		return err
	}
	s := f.session
	if s == nil {
		q := &queryFlags{checkpoint: f.req.Checkpoint}
		q.set.Limit = -1
		if s, err = a.session(q); err != nil {
			return err
		}
	}
	for _, src := range sources {
		if err := s.Catalog().AddSource(ctx, src); err != nil {
			return err
		}
	}
	p, err := s.Promote(ctx, f.req)
	if err != nil {
		return err
	}
	if f.from != "" {
		if p.Spec.From, err = a.savepointToStart(f); err != nil {
			return err
		}
	}
	if a.json {
		if err := a.printJSON(p); err != nil {
			return err
		}
	} else {
		a.printPromotion(p)
	}
	if err := lintErrorOf(p.Lint); err != nil {
		return err
	}
	switch {
	case f.check:
		return a.checkPromotion(ctx, p)
	case f.dryRun:
		return nil
	}
	return a.startPromotion(ctx, s, f, p)
}

// savepointToStart checks the savepoint that a new job is to begin with.
func (a *app) savepointToStart(f *promoteFlags) (string, error) {
	if f.replace {
		return "", usage("--from and --replace exclude each other: a replaced job goes on from its own state")
	}
	info, err := jobs.DescribeSavepoint(f.from, parquet.Format{}, true)
	if err != nil {
		return "", fmt.Errorf("--from %s: %w", f.from, err)
	}
	a.notice("begins with savepoint %s of %s: %d rows of state, %d positions", info.Label, info.Job, info.Rows, info.Positions)
	return filepath.Abs(f.from)
}

// promoteText is the statements: -f FILE, a file as the first argument, or the argument itself.
func (a *app) promoteText(f *promoteFlags, args []string) (text string, sources []string, err error) {
	if f.file == "" {
		if f.last != nil && (len(args) == 0 || args[0] == "_") {
			args = append([]string{f.last()}, args[min(1, len(args)):]...)
		}
		if len(args) == 0 || args[0] == "" {
			return "", nil, usage("riffle promote: give a query, or a file that ends in .sql")
		}
		if !strings.HasSuffix(args[0], ".sql") {
			return args[0], args[1:], nil
		}
		f.file, args = args[0], args[1:]
	}
	if f.req.Name == "" && f.file != "-" {
		f.req.Name = fileName(f.file)
	}
	text, err = a.readStatements(f.file)
	return text, args, err
}

// fileName is a file of statements without its directory and its end.
func fileName(path string) string { return strings.TrimSuffix(filepath.Base(path), ".sql") }

// printPromotion shows the job's statements, the numbered changes, and what was found.
func (a *app) printPromotion(p *repl.Promotion) {
	fmt.Fprintln(a.out, p.SQL)
	for _, c := range p.Changes {
		fmt.Fprintf(a.out, "%d. %s\n", c.N, c.Reason)
		if c.Old != "" {
			fmt.Fprintf(a.out, "   - %s\n", strings.Join(strings.Fields(c.Old), " "))
		}
		if c.New != "" {
			fmt.Fprintf(a.out, "   + %s\n", c.New)
		}
	}
	if l := p.Lateness; l != nil {
		fmt.Fprintf(a.out, "lateness of %s, measured on %s:\n", l.Column, l.Basis)
		for _, c := range l.Choices {
			mark := " "
			if c == l.Chosen {
				mark = "*"
			}
			fmt.Fprintf(a.out, " %s %-6s %-10s %d rows late (%.3f %%)\n", mark, c.Name, time.Duration(c.Delay), c.Late, 100*c.Share)
		}
	}
	if e := p.State; e != nil {
		grows := "bounded"
		if e.Grows {
			grows = "grows"
		}
		fmt.Fprintf(a.out, "state: %d keys, %s, %s (%s)\n", e.Keys, render.Bytes(e.Bytes), grows, e.Basis)
	}
	a.printLint(p.Lint)
	if p.Read != "" { // of statements that are a job already it is not known
		fmt.Fprintf(a.out, "read it with: %s\n", p.Read)
	}
}

// checkPromotion compares with the job that runs.
func (a *app) checkPromotion(ctx context.Context, p *repl.Promotion) error {
	c, err := a.jobs()
	if err != nil {
		return err
	}
	defer c.Close()
	d, err := c.Show(ctx, p.Name)
	var api *jobs.APIError
	if errors.Is(err, repl.ErrNoServer) || errors.As(err, &api) && api.Status == 404 {
		return &differs{fmt.Sprintf("job %s does not run: it would be started", p.Name)}
	}
	if err != nil {
		return err
	}
	if repl.SameStatements(d.SQL, p.SQL) {
		return a.done(nil, "job %s runs as the query says", p.Name)
	}
	return &differs{fmt.Sprintf("job %s runs another query (version %d): it would be replaced", p.Name, d.Version)}
}

// startPromotion writes the job's file and hands it to the server.
func (a *app) startPromotion(ctx context.Context, s *repl.Session, f *promoteFlags, p *repl.Promotion) error {
	if f.replace && !f.yes {
		if err := a.withJobs(func(c *repl.Jobs) error { return a.confirmRisk(ctx, c, p.Name, "riffle promote --replace") }); err != nil {
			return err
		}
	}
	started, err := s.StartPromotion(ctx, p, repl.StartOptions{Overwrite: f.yes, Replace: f.replace, AllowLoss: f.allowLoss})
	if started.File != "" {
		a.notice("wrote %s", started.File)
	}
	if started.Server != nil {
		a.notice("started the job server (pid %d, state in %s)", started.Server.PID, started.Server.Dir)
	}
	if len(started.Fit) > 0 && !a.json {
		if err := a.printFit(started.Fit); err != nil {
			return err
		}
	}
	switch {
	case errors.Is(err, repl.ErrStateLoss):
		return &differs{err.Error()}
	case err != nil:
		return err
	}
	said := fmt.Sprintf("job %s runs; riffle jobs show %s looks at it, riffle stop %s stops it", p.Name, p.Name, p.Name)
	if f.replace {
		said = fmt.Sprintf("job %s runs the new query; riffle savepoint ls %s lists the state before it", p.Name, p.Name)
	}
	return a.withJobs(func(c *repl.Jobs) error {
		return a.did(ctx, c, p.Name, jobAnswer{Action: "promote", File: started.File, Fit: started.Fit}, "%s", said)
	})
}
