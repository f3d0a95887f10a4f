package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// changing are the commands that change jobs or groups. Statements that write are refused by the session.
var changing = []string{"promote", "demote", "stop", "cancel", "pause", "resume", "restart", "rescale", "fork", "job set", "savepoint create", "savepoint rm",
	"jobs rm", "groups reset", "serve", "demo"}

// mayRun refuses, with --read-only, the commands that change something; those that only look may run,
// and so may what a flag makes one: --dry-run, --check.
func (a *app) mayRun(cmd *cobra.Command) error {
	path := strings.TrimPrefix(cmd.CommandPath(), "riffle ")
	if !a.readOnly || !slices.Contains(changing, path) {
		return nil
	}
	for _, flag := range []string{"dry-run", "check"} {
		if looks, err := cmd.Flags().GetBool(flag); err == nil && looks {
			return nil
		}
	}
	return usage("riffle %s changes something, and this is read-only", path)
}
