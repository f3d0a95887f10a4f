package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/riffle-io/riffle/repl"
)

// ask puts a question on the terminal and returns the answer; without a terminal it names the flag.
func (a *app) ask(question, hint string) (string, error) {
	f, ok := a.in.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return "", usage("%s There is no terminal to ask on: add --yes", question)
	}
	fmt.Fprintf(a.err, "%s %s ", question, hint)
	line, err := bufio.NewReader(f).ReadString('\n')
	if err != nil {
		return "", usage("nothing was changed")
	}
	return strings.TrimSpace(line), nil
}

// confirm asks for yes.
func (a *app) confirm(question string) error {
	answer, err := a.ask(question, "[y/N]")
	if err == nil && !strings.EqualFold(answer, "y") && !strings.EqualFold(answer, "yes") {
		err = usage("nothing was changed")
	}
	return err
}

// confirmRisk has the name of a job typed before something is done to it that cannot be undone, when
// its server is in production.
func (a *app) confirmRisk(ctx context.Context, c *repl.Jobs, name, what string) error {
	info, err := c.Server(ctx)
	if err != nil || info.Profile != repl.ProfileProd {
		return err
	}
	answer, err := a.ask(fmt.Sprintf("%s: the server of %s is in production.", what, name), "Type the name of the job:")
	if err == nil && answer != name {
		err = usage("%q is not %s: nothing was changed", answer, name)
	}
	return err
}

// riskyCommand is a jobCommand that confirmRisk stands before.
func (a *app) riskyCommand(use, short, example string, n int, fn func(ctx context.Context, c *repl.Jobs, args []string) error) *cobra.Command {
	yes := false
	cmd := a.jobCommand(use, short, example, n, fn)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		dry, _ := cmd.Flags().GetBool("dry-run") // false where there is no such flag
		return a.withJobs(func(c *repl.Jobs) error {
			if !yes && !dry {
				if err := a.confirmRisk(cmd.Context(), c, args[0], cmd.CommandPath()); err != nil {
					return err
				}
			}
			return fn(cmd.Context(), c, args)
		})
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask for the name of a job of a server in production")
	return cmd
}
