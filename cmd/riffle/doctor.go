package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/riffle-io/riffle/datasets/kafka"
	"github.com/riffle-io/riffle/jobs"
	"github.com/riffle-io/riffle/repl"
	"github.com/riffle-io/riffle/repl/render"
)

// The outcomes of a check.
const (
	checkOK   = "ok"
	checkWarn = "warn"
	checkFail = "fail"
)

// check is one thing that doctor looked at.
type check struct {
	Check  string `json:"check"`
	Status string `json:"status"` // ok, warn, fail
	Text   string `json:"text"`
	Hint   string `json:"hint,omitempty"` // what to do
}

// doctorAnswer is what doctor prints with --json.
type doctorAnswer struct {
	V      int     `json:"v"`
	OK     bool    `json:"ok"` // nothing fails
	Checks []check `json:"checks"`
}

func (a *app) doctorCommand() *cobra.Command {
	return &cobra.Command{Use: "doctor [broker|kafka://host:port/topic...]", Short: "Check the terminal, the disk, the job server and brokers",
		Long:    "Looks at what riffle needs and says what to do where it is not there. It changes nothing. Exit code 1 when something fails.",
		Example: "  riffle doctor\n  riffle doctor 127.0.0.1:9092 kafka://127.0.0.1:9092/flights --json",
		RunE: func(cmd *cobra.Command, args []string) error {
			checks := a.checkTerminal(os.Getenv)
			checks = append(checks, a.checkState()...)
			checks = append(checks, a.checkServer(cmd.Context()))
			for _, arg := range args {
				checks = append(checks, checkBroker(cmd.Context(), arg))
			}
			return a.printChecks(checks)
		}}
}

// printChecks prints what was found; a check that fails is an error that has been told.
func (a *app) printChecks(checks []check) error {
	failed := ""
	for _, c := range checks {
		if c.Status == checkFail && failed == "" {
			failed = c.Text
		}
	}
	if a.json {
		if err := a.printJSON(doctorAnswer{1, failed == "", checks}); err != nil {
			return err
		}
	} else {
		for _, c := range checks {
			fmt.Fprintf(a.out, "%-5s %-10s %s\n", c.Status, c.Check, c.Text)
			if c.Hint != "" {
				fmt.Fprintf(a.out, "%-16s %s\n", "", c.Hint)
			}
		}
	}
	if failed != "" {
		return &saidError{errors.New(failed)}
	}
	return nil
}

// The sizes that the screens want and need.
const (
	wantCols, wantRows = 80, 24
	needCols, needRows = 60, 15
)

// checkTerminal looks at what the screens need.
func (a *app) checkTerminal(env func(string) string) []check {
	c := check{Check: "terminal", Status: checkOK}
	cols, rows, ok := terminalSize(a.out)
	switch {
	case !ok:
		c.Text, c.Hint = "standard output is no terminal: there are no screens", "run riffle in a terminal; riffle repl and riffle sql need none"
		c.Status = checkWarn
	case env("TERM") == "dumb":
		c.Status, c.Text, c.Hint = checkWarn, "TERM is dumb: riffle opens the prompt instead of screens", "set TERM to what the terminal is, such as xterm-256color"
	case cols < needCols || rows < needRows:
		c.Status, c.Text = checkWarn, fmt.Sprintf("%d columns and %d rows are too few for the screens", cols, rows)
		c.Hint = fmt.Sprintf("make the window %dx%d or larger, or use riffle repl", needCols, needRows)
	case cols < wantCols || rows < wantRows:
		c.Text, c.Hint = fmt.Sprintf("%d columns and %d rows: side panes fold into tabs", cols, rows), fmt.Sprintf("%dx%d shows them side by side", wantCols, wantRows)
	default:
		c.Text = fmt.Sprintf("%d columns and %d rows", cols, rows)
	}
	return []check{c, checkColours(env), checkUTF8(env)}
}

func terminalSize(w io.Writer) (cols, rows int, ok bool) {
	f, isFile := w.(*os.File)
	if !isFile || !term.IsTerminal(int(f.Fd())) {
		return 0, 0, false
	}
	cols, rows, err := term.GetSize(int(f.Fd()))
	return cols, rows, err == nil
}

func checkColours(env func(string) string) check {
	c := check{Check: "colours", Status: checkOK, Text: "the 16 of the terminal are used"}
	switch t := env("TERM"); {
	case env("NO_COLOR") != "":
		c.Text = "none, as NO_COLOR asks: words and marks say the same"
	case t == "" && runtime.GOOS != "windows", t == "dumb", strings.HasSuffix(t, "-mono"), t == "vt100":
		c.Status, c.Text, c.Hint = checkWarn, fmt.Sprintf("TERM is %q, which has none", t), "set TERM to what the terminal is, such as xterm-256color"
	}
	return c
}

func checkUTF8(env func(string) string) check {
	c := check{Check: "characters", Status: checkOK, Text: "UTF-8"}
	if runtime.GOOS == "windows" {
		return c
	}
	locale := env("LC_ALL")
	for _, name := range []string{"LC_CTYPE", "LANG"} {
		if locale == "" {
			locale = env(name)
		}
	}
	upper := strings.ToUpper(strings.ReplaceAll(locale, "-", ""))
	if runtime.GOOS == "darwin" && locale == "" || strings.Contains(upper, "UTF8") {
		return c
	}
	return check{c.Check, checkWarn, fmt.Sprintf("the locale %q is not UTF-8: boxes and bars may not show", locale), "export LANG=C.UTF-8, or use --ascii"}
}

// The free space below which there is a warning, and below which jobs are about to stop.
const (
	spaceWarn = 1 << 30
	spaceFail = 100 << 20
)

// checkState looks at the directories that riffle writes to.
func (a *app) checkState() []check {
	dir := a.server.Dir
	var err error
	if dir == "" {
		dir, err = jobs.DefaultDir()
	}
	if err != nil {
		return []check{{"state", checkFail, err.Error(), "set RIFFLE_HOME to a directory for jobs and their state"}}
	}
	return []check{checkDir("state", dir, "set RIFFLE_HOME to a directory that you may write to"),
		checkDir("spill", os.TempDir(), "set TMPDIR to a directory that you may write to: queries larger than memory need it")}
}

// checkDir looks whether a directory, or the one that it would be made in, can be written to, and
// how much room it has.
func checkDir(what, dir, hint string) check {
	at := dir
	for {
		if _, err := os.Stat(at); err == nil || filepath.Dir(at) == at {
			break
		}
		at = filepath.Dir(at)
	}
	f, err := os.CreateTemp(at, ".riffle-doctor-*")
	if err != nil {
		return check{what, checkFail, fmt.Sprintf("%s cannot be written to: %v", dir, err), hint}
	}
	f.Close()
	if err := os.Remove(f.Name()); err != nil {
		return check{what, checkFail, err.Error(), hint}
	}
	c := check{Check: what, Status: checkOK, Text: dir + " can be written to"}
	free := freeSpace(at)
	if free < 0 {
		return c
	}
	c.Text += fmt.Sprintf(", %s free", render.Bytes(free))
	switch {
	case free < spaceFail:
		c.Status, c.Hint = checkFail, "free some space: jobs stop when they cannot write their checkpoints"
	case free < spaceWarn:
		c.Status, c.Hint = checkWarn, "free some space before jobs with much state run"
	}
	return c
}

// reachTime is how long a server or a broker may take to answer.
const reachTime = 5 * time.Second

func (a *app) checkServer(ctx context.Context) check {
	ctx, cancel := context.WithTimeout(ctx, reachTime)
	defer cancel()
	c := check{Check: "job server", Status: checkOK}
	client, err := a.jobs()
	if err != nil {
		return check{c.Check, checkFail, err.Error(), "see --server"}
	}
	defer client.Close()
	info, err := client.Server(ctx)
	switch {
	case errors.Is(err, repl.ErrNoServer) && a.server.Addr == "":
		waiting := a.server.Waiting()
		if len(waiting) == 0 {
			c.Text = "none runs; the first riffle promote starts one"
			return c
		}
		return check{c.Check, checkWarn, fmt.Sprintf("none runs, and jobs wait for one: %s", strings.Join(waiting, ", ")), "riffle serve starts it, and them"}
	case err != nil:
		return check{c.Check, checkFail, fmt.Sprintf("%s: %v", client.Addr(), err), "is the address right, and does the server run? a token goes into RIFFLE_TOKEN"}
	}
	c.Text = fmt.Sprintf("pid %d, version %s, profile %s, jobs: %d, state in %s", info.PID, info.Version, info.Profile, info.Jobs, info.Dir)
	if info.Version != version() {
		c.Status, c.Hint = checkWarn, fmt.Sprintf("this riffle is version %s: end the server and start it again; its jobs go on", version())
	}
	return c
}

// checkBroker asks a broker for its topics; a URL with a topic wants that one.
func checkBroker(ctx context.Context, arg string) check {
	ctx, cancel := context.WithTimeout(ctx, reachTime)
	defer cancel()
	c := check{Check: "broker", Status: checkFail, Hint: "is the address right, and does the broker run? riffle broker starts one for development"}
	brokers, topic := strings.TrimPrefix(arg, "kafka://"), ""
	if b, _, has := strings.Cut(brokers, "/"); has {
		u, err := kafka.ParseURL(arg)
		if err != nil {
			c.Text, c.Hint = err.Error(), ""
			return c
		}
		brokers, topic = b, u.Topic
	}
	k, err := kafka.OpenAdmin(kafka.Config{Brokers: strings.Split(brokers, ",")})
	if err != nil {
		c.Text = fmt.Sprintf("%s: %v", arg, err)
		return c
	}
	defer k.Close()
	topics, err := k.Topics(ctx)
	if err != nil {
		c.Text = fmt.Sprintf("%s: %v", brokers, err)
		return c
	}
	for _, t := range topics {
		if t.Name == topic {
			return check{c.Check, checkOK, fmt.Sprintf("%s answers; partitions of topic %s: %d", brokers, topic, t.Partitions), ""}
		}
	}
	if topic != "" {
		c.Text, c.Hint = fmt.Sprintf("%s answers, but has no topic %s", brokers, topic), "riffle topics -b "+brokers+" lists what there is"
		return c
	}
	return check{c.Check, checkOK, fmt.Sprintf("%s answers; topics: %d", brokers, len(topics)), ""}
}
