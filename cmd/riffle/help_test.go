package main

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// TestExamples: the help of every command has an example, which is one of that command or of one below it.
func TestExamples(t *testing.T) {
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		if c.Name() == "help" || c.Name() == "completion" || c.Hidden {
			return
		}
		if c.Example == "" {
			t.Errorf("%s --help has no example", c.CommandPath())
		}
		for line := range strings.Lines(c.Example) {
			if !strings.HasPrefix(line, "  ") || !strings.Contains(line, c.CommandPath()) {
				t.Errorf("%s: example %q", c.CommandPath(), line)
			}
		}
		for _, below := range c.Commands() {
			walk(below)
		}
	}
	walk((&app{}).root())
}

// TestWrongWords: a word that is no command, and the wrong number of arguments, are mistakes in usage
// and the answer says what there is.
func TestWrongWords(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"record nope", "riffle record nope: there are open, save"},
		{"savepoint nope", "riffle savepoint nope: there are check, create, ls, rm, show"},
		{"parquet nope", "riffle parquet nope: there are meta, pages, prune"},
		{"job nope", "riffle job nope: there are set"},
		{"jobs tap hourly", "usage: riffle jobs tap JOB OPERATOR; riffle jobs tap --help says more"},
		{"explain", "usage: riffle explain QUERY|FILE.sql [source...]"},
		{"savepoint ls a b", "usage: riffle savepoint ls [JOB]"},
	} {
		code, _, e := riffle(t, strings.Fields(c.args)...)
		if code != exitUsage || !strings.Contains(e, c.want) {
			t.Errorf("riffle %s: exit %d, %s; want %d and %q", c.args, code, e, exitUsage, c.want)
		}
	}
}
