package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
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
		{"parquet nope", "riffle parquet nope: there are compact, meta, pages, prune"},
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

// TestSpec: what riffle spec prints has every command and flag of the program.
func TestSpec(t *testing.T) {
	code, out, e := riffle(t, "spec")
	var got spec
	if err := json.Unmarshal([]byte(out), &got); code != 0 || err != nil {
		t.Fatalf("exit %d: %v %s", code, err, e)
	}
	have := map[string]bool{}
	for _, c := range got.Commands {
		have[c.Path] = true
		for _, f := range c.Flags {
			have[c.Path+" --"+f.Name] = true
		}
	}
	for _, want := range []string{"riffle", "riffle savepoint create", "riffle sql --until-end", "riffle explain --lint", "riffle jobs why", "riffle spec"} {
		if !have[want] {
			t.Errorf("no %s", want)
		}
	}
	if len(got.Global) < 5 || got.ExitCodes[exitLint] == "" || len(got.Formats) < 8 {
		t.Errorf("%+v", got)
	}
}

// TestHelpOfWords: words of the screens have a help; others are mistakes.
func TestHelpOfWords(t *testing.T) {
	for _, c := range []struct {
		args, want string
		code       int
	}{
		{"help watermark", "no row with an earlier event time", 0},
		{"help idle", "idle-timeout", 0},
		{"help exit-codes", "  6  there is a difference", 0},
		{"help sql", "Runs statements", 0},
		{"help savepoint create", "riffle savepoint create hourly before-v2", 0},
		{"help", "Available Commands", 0},
		{"help watermrk", "did you mean riffle help watermark?", exitUsage},
		{"help sql nope", "no topic", exitUsage},
		{"config show", "RIFFLE_HOME", 0},
		{"config show --json", `"name":"history"`, 0},
		{"config keys", "pause or resume the view", 0},
		{"config keys --map emacs --json", `"keys":"alt-w y"`, 0},
		{"config keys --map nano", "there are vim, emacs, vscode", exitUsage},
		{"config nope", "there are keys, show", exitUsage},
	} {
		code, out, e := riffle(t, strings.Fields(c.args)...)
		if code != c.code || !strings.Contains(out+e, c.want) {
			t.Errorf("riffle %s: exit %d, want %d and %q: %s", c.args, code, c.code, c.want, fmt.Sprint(out, e))
		}
	}
	for name, text := range helpTopics {
		for line := range strings.Lines(text) {
			if len([]rune(line)) > 112 {
				t.Errorf("help %s: a line of %d letters", name, len([]rune(line)))
			}
		}
	}
}

// TestReadOnly: nothing is written, and what only looks runs.
func TestReadOnly(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("RIFFLE_HOME", t.TempDir())
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"sql", "SELECT 1 AS a"}, 0, "a\n1"},
		{[]string{"sql", "CREATE TABLE t (a BIGINT); INSERT INTO t VALUES (7); SELECT a FROM t"}, 0, "a\n7"}, // in memory
		{[]string{"sql", "COPY (SELECT 1 AS a) TO 'x.csv'"}, exitUsage, "this is read-only: nothing is written to x.csv"},
		{[]string{"sql", "CREATE TABLE t (a BIGINT) WITH ('connector'='filesystem', 'format'='csv', 'path'='dir'); INSERT INTO t VALUES (7)"}, exitUsage, "read-only"},
		{[]string{"stop", "hourly"}, exitUsage, "riffle stop changes something"},
		{[]string{"savepoint", "rm", "hourly", "noon", "--yes"}, exitUsage, "riffle savepoint rm changes something"},
		{[]string{"rescale", "hourly", "2", "--dry-run"}, exitUnreachable, "no job server"}, // looks
		{[]string{"jobs"}, exitUnreachable, "no job server"},
		{[]string{"parquet", "compact", "none.parquet", "-o", "x.parquet"}, exitUsage, "this is read-only: nothing is written to x.parquet"},
		{[]string{"parquet", "compact", "none.parquet", "-o", "x.parquet", "--dry-run"}, exitUsage, "no such file"}, // looks
	} {
		code, out, e := riffle(t, append(c.args, "--read-only")...)
		if code != c.code || !strings.Contains(out+e, c.want) {
			t.Errorf("riffle %q: exit %d, want %d and %q: %s%s", c.args, code, c.code, c.want, out, e)
		}
	}
	if list, err := os.ReadDir("."); err != nil || len(list) > 0 {
		t.Errorf("something was written: %v %v", list, err)
	}
}

// TestReaderHasEnough: a reader that closes the pipe ends riffle, without an error and without a word.
func TestReaderHasEnough(t *testing.T) {
	for _, args := range [][]string{
		{"sql", "SELECT * FROM gen.tpch_orders(sf => 1)"},
		{"sql", "SELECT * FROM gen.nexmark_bid(events => 100000000, stream => true)"},
		{"sql", "SELECT * FROM gen.tpch_orders(sf => 1)", "-o", "arrow"},
		{"cat", "gen.csv"},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "gen.csv"), []byte("a\n"+strings.Repeat("1234567\n", 1<<18)), 0o644); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), childTime)
		c := exec.CommandContext(ctx, filepath.Join(bin, "riffle"), args...)
		var words strings.Builder
		c.Dir, c.Stderr = dir, &words
		out, err := c.StdoutPipe()
		if err == nil {
			err = c.Start()
		}
		if err == nil {
			_, err = io.ReadFull(out, make([]byte, 100))
		}
		if err != nil {
			t.Fatal(err)
		}
		out.Close()
		if err := c.Wait(); err != nil || words.Len() > 0 {
			t.Errorf("riffle %q: %v %s", args, err, words.String())
		}
		cancel()
	}
}
