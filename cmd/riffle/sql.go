package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/datasets/kafka"
	"github.com/riffle-io/riffle/repl"
	"github.com/riffle-io/riffle/repl/render"
)

// queryFlags are the flags of everything that runs statements.
type queryFlags struct {
	format      string
	rows        int
	memory      string
	checkpoint  time.Duration
	until       string
	showTime    bool
	files       []string
	params      []string
	stdinFormat string
	set         repl.Settings
}

func (q *queryFlags) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVarP(&q.format, "output", "o", "", "format: table, vertical, csv, tsv, json, ndjson, md, parquet, arrow, none (default: table on a terminal; else ndjson for streams, csv)")
	f.IntVar(&q.rows, "rows", 100, "rows that a table shows; 0: all")
	f.StringVar(&q.memory, "memory", "", "memory limit of the process, such as 64MB (default: 60 % of the machine)")
	f.IntVar(&q.set.Parallelism, "parallelism", 0, "tasks a stage (default: the number of cores)")
	f.StringVar(&q.set.SpillDir, "spill-dir", "", "where state beyond the memory limit goes (default: the temporary folder)")
}

func (q *queryFlags) addStream(cmd *cobra.Command) {
	f := cmd.Flags()
	f.Int64Var(&q.set.Limit, "limit", -1, "stop after this many rows of a result")
	f.DurationVar(&q.set.For, "for", 0, "stop streams after this time")
	f.BoolVar(&q.set.UntilEnd, "until-end", false, "streams end where their topics end now; open windows fire")
	f.Int64Var(&q.set.Rate, "rate", 0, "read at most this many rows a second in each source task (default: no limit)")
	f.StringVar(&q.until, "until-watermark", "", "stop when the watermark reaches this time")
	f.StringVar(&q.set.Mode, "mode", "", "append, upsert or changelog: how a result that changes is written")
	f.StringVar(&q.set.State, "state", "", "directory of checkpoints: an INSERT becomes an exactly-once job that resumes from there")
	f.DurationVar(&q.checkpoint, "checkpoint", 10*time.Second, "interval of checkpoints")
	f.StringVar(&q.set.Late, "late", "", "directory for rows that came too late (default: they are counted)")
	f.StringVar(&q.set.Bad, "bad", "", "directory for records that cannot be decoded (default: they are an error)")
	f.BoolVar(&q.showTime, "time", false, "print how long each statement took")
	f.StringVar(&q.stdinFormat, "stdin-format", "", "format of standard input: csv or json (default: found out)")
	f.StringArrayVarP(&q.params, "param", "p", nil, "value of a parameter ${name}, as name=value")
}

// session makes a session from the flags.
func (a *app) session(q *queryFlags) (*repl.Session, error) {
	s := repl.NewSession(repl.Output{Result: func(o render.Options) (render.Writer, error) { return a.writer(q, o) }, Notice: a.notice})
	a.atEnd = append(a.atEnd, s.Close)
	if q.showTime {
		setTime(s, a.err)
	}
	def := s.Settings
	s.Settings = q.set
	s.Server, s.ReadOnly = a.server, a.readOnly
	if q.set.Parallelism < 0 {
		return nil, usage("--parallelism %d: must be at least 1", q.set.Parallelism)
	}
	if q.set.Parallelism == 0 {
		s.Parallelism = def.Parallelism
	}
	s.Optimizer, s.Checkpoint = true, q.checkpoint
	s.StdinFormat = q.stdinFormat
	if q.memory != "" {
		n, err := repl.ParseBytes(q.memory)
		if err != nil {
			return nil, usage("--memory: %v", err)
		}
		s.Memory = n
	}
	tuneCollector(s.Memory)
	if q.until != "" {
		t, ok := expr.ParseTimestamp(q.until)
		if !ok {
			return nil, usage("--until-watermark %q: must be a time such as '2001-01-31 10:00'", q.until)
		}
		s.UntilWatermark = t
	}
	switch s.Mode {
	case "", "append", "upsert", "changelog":
	default:
		return nil, usage("--mode %q: there are append, upsert, changelog", s.Mode)
	}
	for _, p := range q.params {
		k, v, ok := strings.Cut(p, "=")
		if !ok {
			return nil, usage("-p %q: must be name=value", p)
		}
		s.Params[k] = v
	}
	return s, nil
}

// smallMemory is a limit under which the collector keeps its usual pace. Above it, collecting less
// often buys up to 15 % on scans, whose buffers and dictionaries are short-lived. At 400 % instead of
// 200 % large joins lose as much again to page faults, and take two or three times the memory.
const smallMemory = 1 << 30

// ballast lets a small heap grow to about 100 MB between collections. It is never touched, so it
// takes addresses and no memory.
var ballast []byte

func tuneCollector(limit int64) {
	if os.Getenv("GOGC") == "" && (limit == 0 || limit >= smallMemory) {
		debug.SetGCPercent(200)
		ballast = make([]byte, 32<<20)
		runtime.KeepAlive(ballast) // as long as the variable is
	}
	if limit == 0 {
		limit = repl.DefaultMemory()
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(limit) // the collector works harder near it, however seldom it runs else
	}
}

func setTime(s *repl.Session, w io.Writer) {
	s.OnTime(func(d time.Duration) { fmt.Fprintf(w, "time %.3f ms\n", float64(d.Nanoseconds())/1e6) })
}

func isTerminal(w io.Writer) (width int, ok bool) {
	f, isFile := w.(*os.File)
	if !isFile || !term.IsTerminal(int(f.Fd())) {
		return 0, false
	}
	width, _, err := term.GetSize(int(f.Fd()))
	return width, err == nil
}

// writer picks the format: what -o says, else by where the output goes.
func (a *app) writer(q *queryFlags, o render.Options) (render.Writer, error) {
	width, tty := isTerminal(a.out)
	o.Format, o.Width, o.Rows, o.ASCII = q.format, width, q.rows, a.ascii || a.plain
	if o.Format == "" {
		switch {
		case a.json:
			o.Format = "ndjson"
		case tty:
			o.Format = "table"
		case o.Stream:
			o.Format = "ndjson"
		default:
			o.Format = "csv"
		}
	}
	if o.Format == "parquet" || o.Format == "arrow" {
		if tty {
			return nil, usage("-o %s writes bytes that a terminal cannot show; redirect it to a file", o.Format)
		}
		if o.Format == "arrow" {
			return arrowWriter(a.out, o), nil
		}
		return repl.ParquetWriter(a.out, o)
	}
	return render.New(a.out, o)
}

func (a *app) sqlCommand() *cobra.Command {
	q := &queryFlags{}
	cmd := &cobra.Command{
		Use:   "sql [statements] [source...]",
		Short: "Run SQL statements",
		Long: "Runs statements, separated by ';'. Sources (files, globs, directories, kafka://host:port/topic[@from..to], - for\n" +
			"standard input) become tables t, t2, … and by their file names.",
		Example: "  riffle sql \"SELECT origin, count(*) AS n FROM 'flights.parquet' GROUP BY origin ORDER BY n DESC LIMIT 5\"\n" +
			"  cat events.ndjson | riffle sql \"SELECT type, count(*) FROM stdin GROUP BY 1\" -\n" +
			"  riffle sql -f hourly.sql --state ./state --checkpoint 1s",
		RunE: func(cmd *cobra.Command, args []string) error {
			text, sources, err := a.statements(q, args)
			if err != nil {
				return err
			}
			s, err := a.session(q)
			if err != nil {
				return err
			}
			for _, src := range sources {
				if err := s.Catalog().AddSource(cmd.Context(), src); err != nil {
					return err
				}
			}
			return s.Execute(cmd.Context(), text)
		},
	}
	q.add(cmd)
	q.addStream(cmd)
	cmd.Flags().StringArrayVarP(&q.files, "file", "f", nil, "read statements from a file; - is standard input")
	return cmd
}

// statements reads the text to run: -f files, or the first argument.
func (a *app) statements(q *queryFlags, args []string) (text string, sources []string, err error) {
	if len(q.files) == 0 {
		if len(args) == 0 {
			return "", nil, usage("no statement: give one as an argument, or a file with -f")
		}
		return args[0], args[1:], nil
	}
	var parts []string
	for _, f := range q.files {
		part, err := a.readStatements(f)
		if err != nil {
			return "", nil, err
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, ";\n"), args, nil
}

// readStatements reads a file of statements; - is standard input.
func (a *app) readStatements(file string) (string, error) {
	var data []byte
	var err error
	if file == "-" {
		data, err = io.ReadAll(a.in)
	} else {
		data, err = os.ReadFile(file)
	}
	if err != nil {
		return "", usage("%v", err)
	}
	return string(data), nil
}

// quoteSource makes a source from the command line part of a statement.
func quoteSource(src string) string { return "'" + strings.ReplaceAll(src, "'", "''") + "'" }

// oneShot makes a command that runs one statement over a source.
func (a *app) oneShot(use, short, example string, stmt func(src string) string, more func(*cobra.Command)) *cobra.Command {
	q := &queryFlags{}
	q.set.Limit = -1
	cmd := &cobra.Command{Use: use, Short: short, Example: example, Args: exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := a.session(q)
			if err != nil {
				return err
			}
			return s.Execute(cmd.Context(), stmt(args[0]))
		}}
	q.add(cmd)
	if more != nil {
		more(cmd)
	}
	return cmd
}

// exactly is for commands that take n arguments.
func exactly(n int) cobra.PositionalArgs { return between(n, n) }

// between is for commands that take low to high arguments; high below 0 is no limit.
func between(low, high int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < low || high >= 0 && len(args) > high {
			return usage("usage: %s; %s --help says more", strings.TrimSuffix(cmd.UseLine(), " [flags]"), cmd.CommandPath())
		}
		return nil
	}
}

func (a *app) schemaCommand() *cobra.Command {
	return a.oneShot("schema SOURCE", "Show the columns of a file or topic", "  riffle schema flights.parquet",
		func(src string) string { return "DESCRIBE " + quoteSource(src) }, nil)
}

func (a *app) headCommand() *cobra.Command {
	n := 10
	return a.oneShot("head SOURCE", "Show the first rows of a file or topic", "  riffle head flights.parquet -n 20",
		func(src string) string { return fmt.Sprintf("SELECT * FROM %s LIMIT %d", quoteSource(src), n) },
		func(cmd *cobra.Command) { cmd.Flags().IntVarP(&n, "lines", "n", 10, "rows") })
}

func (a *app) countCommand() *cobra.Command {
	cmd := a.oneShot("count SOURCE", "Count the rows of a file or of a range of a topic", "  riffle count flights.parquet\n  riffle count kafka://localhost:9092/orders@-1h..now",
		func(src string) string { return "SELECT count(*) AS rows FROM " + quoteSource(src) }, nil)
	count := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if !kafka.IsURL(args[0]) {
			return count(cmd, args)
		}
		s, err := a.session(&queryFlags{})
		if err != nil {
			return err
		}
		if err := needEnd(cmd.Context(), s, args[0], ""); err != nil {
			return err
		}
		return count(cmd, args)
	}
	return cmd
}

// wait keeps a server up until the context ends.
func wait(ctx context.Context) error {
	<-ctx.Done()
	return nil
}
