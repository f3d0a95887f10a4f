package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/riffle-io/riffle/jobs"
	"github.com/riffle-io/riffle/repl"
	"github.com/riffle-io/riffle/tui"
)

// configCommand shows what riffle goes by: settings come from the environment and from flags.
func (a *app) configCommand() *cobra.Command {
	parent := &cobra.Command{Use: "config", Short: "Show the settings in use, and the keys of the screens", Example: "  riffle config show\n  riffle config keys --map emacs", Args: oneOfIts,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	parent.AddCommand(a.configShow(), a.configKeys())
	return parent
}

func (a *app) configShow() *cobra.Command {
	return &cobra.Command{Use: "show", Short: "Show the settings in use, and where they come from", Example: "  riffle config show --json", Args: exactly(0),
		RunE: func(*cobra.Command, []string) error {
			var rows [][]string
			add := func(name, value, from string) { rows = append(rows, []string{name, dash(value), from}) }
			env := func(name, key, without string) {
				if v := os.Getenv(key); v != "" {
					add(name, v, "$"+key)
				} else {
					add(name, without, "default; $"+key)
				}
			}
			home, err := jobs.DefaultDir()
			if err != nil {
				return err
			}
			env("home", "RIFFLE_HOME", home)
			if a.server.Addr != "" {
				add("server", a.server.Addr, "--server or $RIFFLE_SERVER")
			} else {
				add("server", "socket in home", "default; $RIFFLE_SERVER")
			}
			if history, err := repl.HistoryPath(); err == nil {
				add("history", history, "$XDG_STATE_HOME")
			}
			env("keys", "RIFFLE_KEYS", "vim")
			env("brokers", "RIFFLE_BROKERS", "")
			env("temporary folder", "TMPDIR", os.TempDir())
			env("editor", "EDITOR", "vi")
			env("colour", "NO_COLOR", "as the terminal has")
			if a.json {
				for _, r := range rows {
					if err := a.printJSON(map[string]any{"v": 1, "name": r[0], "value": r[1], "from": r[2]}); err != nil {
						return err
					}
				}
				return nil
			}
			return a.table("NAME VALUE FROM", rows)
		}}
}

func (a *app) configKeys() *cobra.Command {
	layout := os.Getenv("RIFFLE_KEYS")
	cmd := &cobra.Command{Use: "keys", Short: "List all keys of the screens", Example: "  riffle config keys --map vscode", Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			list, err := tui.Keys(cmd.Context(), layout)
			if err != nil {
				return usage("--map: %v", err)
			}
			var rows [][]string
			for _, k := range list {
				if a.json {
					if err := a.printJSON(map[string]any{"v": 1, "where": k.Where, "keys": k.Keys, "does": k.Does, "command": k.Word}); err != nil {
						return err
					}
					continue
				}
				word := ""
				if k.Word != "" {
					word = ":" + k.Word
				}
				rows = append(rows, []string{k.Where, dash(k.Keys), k.Does, word})
			}
			if a.json {
				return nil
			}
			return a.table("WHERE KEYS DOES COMMAND", rows)
		}}
	cmd.Flags().StringVar(&layout, "map", layout, fmt.Sprintf("keys of this layout: %s (default: vim, or $RIFFLE_KEYS)", tui.KeyMaps()))
	return cmd
}

// dash stands for what is empty.
func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
