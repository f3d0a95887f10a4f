package main

import (
	"context"
	"os"

	"github.com/spf13/cobra"

	"github.com/riffle-io/riffle/repl"
	"github.com/riffle-io/riffle/tui"
)

func (a *app) attachCommand() *cobra.Command {
	return &cobra.Command{Use: "attach", Short: "Open the Jobs screen on the job server that runs",
		Long: "Opens the screens at the jobs of the job server: your own, or the one that --server or $RIFFLE_SERVER names.\n" +
			"It starts none: without one the exit code is 3. Leaving ends no job.",
		Example: "  riffle attach\n  riffle attach --server ./elsewhere/riffle.sock",
		Args:    exactly(0),
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.attach(cmd.Context()) }}
}

// attach shows the jobs of a server that answers.
func (a *app) attach(ctx context.Context) error {
	if !a.onTerminal() || a.plain || os.Getenv("TERM") == "dumb" {
		return usage("riffle attach opens the Jobs screen and needs a terminal; riffle jobs lists the jobs, riffle jobs top goes on with it")
	}
	err := a.withJobs(func(c *repl.Jobs) error {
		ctx, cancel := context.WithTimeout(ctx, reachTime)
		defer cancel()
		_, err := c.Server(ctx)
		return err
	})
	if err != nil {
		return err
	}
	return a.screens(ctx, tui.Options{Screen: "jobs"}, func(*repl.Session) error { return nil })
}
