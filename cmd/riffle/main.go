// Command riffle runs SQL over files and Kafka topics. See riffle --help.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/pprof"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/riffle-io/riffle/repl"
)

func main() {
	// A reader that has enough is no error: without this, Go ends the process by the signal. Ignoring it
	// would be handed on to the editor and to other programs that riffle starts.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// app is what the commands share: the global flags and the streams.
type app struct {
	in       io.Reader
	out, err io.Writer
	plain    bool
	ascii    bool
	noColor  bool
	quiet    bool
	json     bool
	readOnly bool
	timeout  time.Duration
	profile  string
	server   repl.ServerAddress
	stopProf func()
	atEnd    []func() error
	// onInterrupt, when set, is what ctrl-c does instead of ending the process: in a REPL it cancels
	// the query.
	onInterrupt atomic.Pointer[func()]
}

// startProfile begins a CPU profile when --cpuprofile asks for one.
func (a *app) startProfile() error {
	if a.profile == "" {
		return nil
	}
	f, err := os.Create(a.profile)
	if err != nil {
		return usage("--cpuprofile: %v", err)
	}
	a.stopProf = func() { pprof.StopCPUProfile(); f.Close() }
	return pprof.StartCPUProfile(f)
}

func (a *app) stopProfile() {
	if a.stopProf != nil {
		a.stopProf()
	}
}

// run is main without the process: it returns the exit code.
func run(args []string, in io.Reader, out, errw io.Writer) int {
	a := &app{in: in, out: out, err: errw}
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	stop := a.watchSignals(cancel)
	defer stop()
	root := a.root()
	root.SetArgs(args)
	root.SetOut(out)
	root.SetErr(errw)
	defer func() {
		a.stopProfile()
		for _, end := range a.atEnd {
			if err := end(); err != nil {
				a.notice("%v", err)
			}
		}
	}()
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error {
		if err := a.mayRun(cmd); err != nil {
			return err
		}
		if err := a.startProfile(); err != nil {
			return err
		}
		if a.timeout > 0 {
			t := time.AfterFunc(a.timeout, func() { cancel(errTimeout); a.exitSoon(exitTimeout) })
			context.AfterFunc(ctx, func() { t.Stop() })
		}
		return nil
	}
	err := root.ExecuteContext(ctx)
	if err == nil || errors.Is(err, syscall.EPIPE) && ctx.Err() == nil {
		return exitOK
	}
	code := exitCode(ctx, err)
	a.report(err, code)
	return code
}

// errInterrupted is the cause of a context that ctrl-c ended.
var (
	errInterrupted = errors.New("interrupted")
	errTimeout     = errors.New("--timeout ran out")
)

// watchSignals cancels on the first interrupt and kills on the second.
func (a *app) watchSignals(cancel context.CancelCauseFunc) (stop func()) {
	ch := make(chan os.Signal, 2)
	signal.Notify(ch, os.Interrupt, syscall.SIGTERM)
	done := make(chan struct{})
	go func() {
		for interrupted := false; !interrupted; {
			select {
			case sig := <-ch:
				handle := a.onInterrupt.Load()
				if interrupted = handle == nil || sig != os.Interrupt; !interrupted {
					(*handle)()
				}
			case <-done:
				return
			}
		}
		cancel(errInterrupted)
		a.exitSoon(exitInterrupted)
		select {
		case <-ch:
			os.Exit(exitKilled)
		case <-done:
		}
	}()
	return func() { signal.Stop(ch); close(done) }
}

// exitSoon ends the process when something that cannot be cancelled, such as a read from a
// terminal, holds it.
func (a *app) exitSoon(code int) { time.AfterFunc(2*time.Second, func() { os.Exit(code) }) }

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "riffle [source...]",
		Short: "SQL over Parquet files and Kafka topics, bounded and streaming",
		Long: "riffle is a columnar dataflow engine: it runs bounded queries over files and streaming jobs over\n" +
			"Kafka with the same SQL, exactly once, in one process. Without a command it opens its screens over the\n" +
			"sources that are named: files, directories, globs, kafka://host:port/topic; or on a job by its name.",
		Example:       "  riffle demo\n  riffle sql \"SELECT count(*) FROM 'flights.parquet'\"",
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.ArbitraryArgs,
		RunE:          a.open,
	}
	f := root.PersistentFlags()
	f.BoolVar(&a.plain, "plain", false, "lines of text only: no colour, no bars (for logs and screen readers)")
	f.BoolVar(&a.ascii, "ascii", false, "no box characters")
	f.BoolVar(&a.noColor, "no-color", false, "no colour")
	f.BoolVarP(&a.quiet, "quiet", "q", false, "no notices on stderr")
	f.BoolVar(&a.json, "json", false, "errors and results as JSON, one object a line")
	f.BoolVar(&a.readOnly, "read-only", os.Getenv("RIFFLE_READ_ONLY") != "", "write nothing: no file, no topic, no job (also $RIFFLE_READ_ONLY)")
	f.DurationVar(&a.timeout, "timeout", 0, "give up after this time, with exit code 4")
	f.StringVar(&a.server.Addr, "server", os.Getenv("RIFFLE_SERVER"), "job server: https://host:port with the token in $RIFFLE_TOKEN, or the path of a socket (default: your own, on its socket)")
	a.server.Token = os.Getenv("RIFFLE_TOKEN")
	f.StringVar(&a.profile, "cpuprofile", "", "write a CPU profile, for go tool pprof")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usage("%v", err) })
	root.AddCommand(a.sqlCommand(), a.schemaCommand(), a.headCommand(), a.countCommand(), a.explainCommand(), a.brokerCommand(), a.demoCommand(), a.demoDataCommand())
	root.AddCommand(a.serveCommand(), a.jobsCommand(), a.promoteCommand())
	root.AddCommand(a.replCommand(), a.catCommand(), a.profileCommand(), a.parquetCommand(), a.diffCommand(), a.topicsCommand(), a.groupsCommand(), a.doctorCommand(), a.recordCommand(), a.attachCommand(), a.tourCommand())
	root.AddCommand(a.specCommand(), a.configCommand())
	root.AddCommand(a.controlCommands()...)
	root.SetHelpCommand(a.helpCommand())
	return root
}

// notice prints words for people.
func (a *app) notice(format string, args ...any) {
	if !a.quiet {
		fmt.Fprintf(a.err, "riffle: "+format+"\n", args...)
	}
}
