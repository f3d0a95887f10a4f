package main

import (
	"context"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/riffle-io/riffle/datasets/kafka"
	"github.com/riffle-io/riffle/repl"
	"github.com/riffle-io/riffle/sql/syntax"
	"github.com/riffle-io/riffle/tui"
)

// open is riffle without a command: the screens, over the sources that the arguments name.
func (a *app) open(cmd *cobra.Command, args []string) error {
	if len(args) == 1 && !isSource(args[0]) && a.isJob(cmd.Context(), args[0]) {
		return a.openJob(cmd, args[0])
	}
	for _, arg := range args {
		if !isSource(arg) {
			return unknownCommand(cmd, arg)
		}
	}
	if a.onTerminal() && (a.plain || os.Getenv("TERM") == "dumb") {
		return a.repl(cmd.Context(), &queryFlags{rows: 100, set: repl.Settings{Limit: -1}}, args)
	}
	if !a.onTerminal() {
		_ = cmd.Help() // it is words: nobody asked for data
		return usage("riffle without a command opens the screens and needs a terminal; riffle sql runs statements")
	}
	return a.screens(cmd.Context(), tui.Options{Sources: args}, func(s *repl.Session) error {
		for _, src := range args {
			if err := s.Catalog().AddSource(cmd.Context(), src); err != nil {
				return err
			}
		}
		return nil
	})
}

// isJob tells whether the job server has a job of that name; it is not waited for long.
func (a *app) isJob(ctx context.Context, name string) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	c, err := a.server.Connect()
	if err != nil {
		return false
	}
	defer c.Close()
	list, err := c.List(ctx)
	return err == nil && slices.ContainsFunc(list, func(j repl.JobInfo) bool { return j.Name == name })
}

// openJob shows a job in the screens; without a terminal it is riffle jobs show.
func (a *app) openJob(cmd *cobra.Command, name string) error {
	if !a.onTerminal() || a.plain {
		return a.withJobs(func(c *repl.Jobs) error {
			d, err := c.Show(cmd.Context(), name)
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(d)
			}
			return a.printDetail(d)
		})
	}
	return a.screens(cmd.Context(), tui.Options{Screen: "jobs", Job: name}, func(*repl.Session) error { return nil })
}

// isSource tells whether an argument can be a table and not a misspelt command.
func isSource(arg string) bool {
	if kafka.IsURL(arg) || arg == "-" || strings.ContainsAny(arg, "*?[/\\.") {
		return true
	}
	_, err := os.Stat(arg)
	return err == nil
}

func unknownCommand(cmd *cobra.Command, arg string) error {
	var names []string
	for _, c := range cmd.Root().Commands() {
		names = append(names, c.Name())
	}
	if near := syntax.Suggest(arg, names); near != "" {
		return usage("there is no command and no file %q; did you mean riffle %s?", arg, near)
	}
	return usage("there is no command and no file %q; riffle --help lists the commands", arg)
}

// onTerminal tells whether a person sits in front of input and output.
func (a *app) onTerminal() bool {
	in, isFile := a.in.(*os.File)
	_, out := isTerminal(a.out)
	return isFile && out && term.IsTerminal(int(in.Fd()))
}

// screens shows the screens until the person leaves. prepare declares what the session begins with.
// Jobs go on. ctrl-t turns them into the line REPL, with the same session.
func (a *app) screens(ctx context.Context, o tui.Options, prepare func(*repl.Session) error) error {
	q := &queryFlags{rows: 100, checkpoint: 10 * time.Second, set: repl.Settings{Limit: -1}}
	s, err := a.session(q)
	if err != nil {
		return err
	}
	if err := prepare(s); err != nil {
		return err
	}
	o.Session = s
	sc, err := tui.New(ctx, a.screenOptions(o))
	if err != nil {
		return usage("RIFFLE_KEYS: %v", err)
	}
	defer sc.Close()
	lines, err := sc.Run(ctx)
	if err != nil || !lines {
		return err
	}
	return a.linesOver(ctx, s, q, sc)
}

// screenOptions are how the screens look and what their keys are.
func (a *app) screenOptions(o tui.Options) tui.Options {
	o.Keys, o.Lines = os.Getenv("RIFFLE_KEYS"), true
	o.ASCII, o.NoColor = a.ascii, a.noColor || os.Getenv("NO_COLOR") != "" || os.Getenv("CLICOLOR") == "0"
	return o
}
