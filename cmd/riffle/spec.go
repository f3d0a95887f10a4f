package main

import (
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/riffle-io/riffle/repl/render"
)

// spec is what riffle spec prints: every command with its flags, for programs that write command lines.
type spec struct {
	V         int            `json:"v"`
	Name      string         `json:"name"`
	Global    []specFlag     `json:"global_flags"`
	Commands  []specCommand  `json:"commands"`
	Formats   []string       `json:"formats"` // of -o
	ExitCodes map[int]string `json:"exit_codes"`
}

type specCommand struct {
	Path    string     `json:"path"` // "riffle savepoint create"
	Usage   string     `json:"usage"`
	Short   string     `json:"short"`
	Long    string     `json:"long,omitempty"`
	Example string     `json:"example,omitempty"`
	Runs    bool       `json:"runs"` // false: it only has commands below it
	Flags   []specFlag `json:"flags,omitempty"`
}

type specFlag struct {
	Name    string `json:"name"`
	Short   string `json:"short,omitempty"`
	Type    string `json:"type"`
	Default string `json:"default,omitempty"`
	Text    string `json:"text"`
}

// exitTexts say what the exit codes mean.
var exitTexts = map[int]string{
	exitOK:          "done",
	exitFailed:      "the query, the job or a check failed",
	exitUsage:       "a mistake in the command or in the SQL; something is not there",
	exitUnreachable: "a broker or the job server does not answer; it may pass",
	exitTimeout:     "--timeout ran out; what came before it was written",
	exitLint:        "the query cannot become a job",
	exitDifferent:   "there is a difference, or state would be lost",
	exitInterrupted: "ctrl-c or SIGTERM",
	exitKilled:      "ctrl-c twice",
}

func (a *app) specCommand() *cobra.Command {
	return &cobra.Command{Use: "spec", Short: "Print all commands, flags and exit codes as JSON", Example: "  riffle spec | jq -r '.commands[].path'", Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			root := cmd.Root()
			out := spec{V: 1, Name: root.Name(), Global: flagsOf(root.PersistentFlags()), Formats: append(slices.Clone(render.Formats), "parquet", "arrow"), ExitCodes: exitTexts}
			var walk func(c *cobra.Command)
			walk = func(c *cobra.Command) {
				if c.Hidden || c.Name() == "help" {
					return
				}
				out.Commands = append(out.Commands, specCommand{Path: c.CommandPath(), Usage: c.UseLine(), Short: c.Short, Long: c.Long, Example: c.Example, Runs: c.Runnable(), Flags: flagsOf(c.LocalNonPersistentFlags())})
				for _, below := range c.Commands() {
					walk(below)
				}
			}
			walk(root)
			return a.printJSON(out)
		}}
}

func flagsOf(set *pflag.FlagSet) (out []specFlag) {
	set.VisitAll(func(f *pflag.Flag) {
		if !f.Hidden && f.Name != "help" {
			out = append(out, specFlag{Name: f.Name, Short: f.Shorthand, Type: f.Value.Type(), Default: f.DefValue, Text: f.Usage})
		}
	})
	return out
}
