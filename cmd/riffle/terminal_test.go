package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// terminal is riffle on a real terminal: a window of a tmux server of its own. Keys go in as a person
// types them, and the screen is what tmux would show. Nothing sleeps for a fixed time: a test waits for
// what must appear.
type terminal struct {
	t      *testing.T
	socket string
}

// screenTime bounds the wait for a screen that does not come; nothing waits for it to pass.
const screenTime = 30 * time.Second

// onTerminal starts riffle with arguments in dir, on 100 by 30 cells. After its end the window shows
// "ended with" and the exit code.
func onTerminal(t *testing.T, dir string, args ...string) *terminal {
	t.Helper()
	return onTerminalWith(t, "", dir, args...)
}

// onTerminalWith is onTerminal with more variables of the environment, as a shell writes them.
func onTerminalWith(t *testing.T, env, dir string, args ...string) *terminal {
	t.Helper()
	if _, err := exec.LookPath("tmux"); err != nil {
		t.Skip("no tmux here: tests on a real terminal are left out")
	}
	state, err := os.MkdirTemp("", "rt") // the path of a socket must be short
	if err != nil {
		t.Fatal(err)
	}
	w := &terminal{t: t, socket: filepath.Join(state, "tmux")}
	t.Cleanup(func() {
		_ = exec.Command("tmux", "-S", w.socket, "kill-server").Run() // it may have ended by itself
		os.RemoveAll(state)
	})
	command := "trap : INT; XDG_STATE_HOME=" + state + " RIFFLE_HOME=" + state + " NO_COLOR= " + env + " " + filepath.Join(bin, "riffle")
	for _, a := range args {
		command += " " + shellQuote(a)
	}
	// The trap keeps the shell when ctrl-c goes to both.
	w.tmux("-f", "/dev/null", "new-session", "-d", "-x", "100", "-y", "30", "-c", dir, "sh", "-c", command+"; echo ended with $?; read line")
	return w
}

func (w *terminal) tmux(args ...string) string {
	w.t.Helper()
	out, err := exec.Command("tmux", append([]string{"-u", "-S", w.socket}, args...)...).CombinedOutput()
	if err != nil {
		w.t.Fatalf("tmux %q: %v\n%s", args, err, out)
	}
	return string(out)
}

// keys presses keys by their names in tmux: Enter, C-r, Escape.
func (w *terminal) keys(names ...string) {
	w.t.Helper()
	w.tmux(append([]string{"send-keys"}, names...)...)
}

// types types a text.
func (w *terminal) types(text string) {
	w.t.Helper()
	if s, ok := strings.CutSuffix(text, ";"); ok {
		text = s + `\;` // a semicolon at the end would end the command of tmux
	}
	w.tmux("send-keys", "-l", text)
}

// enters types lines, with enter behind each.
func (w *terminal) enters(lines ...string) {
	w.t.Helper()
	for _, l := range lines {
		w.types(l)
		w.keys("Enter")
	}
}

func (w *terminal) screen() string {
	w.t.Helper()
	return w.tmux("capture-pane", "-p")
}

// until waits until the screen is as ok wants it; what names that.
func (w *terminal) until(what string, ok func(screen string) bool) string {
	w.t.Helper()
	s := ""
	for end := time.Now().Add(screenTime); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if s = w.screen(); ok(s) {
			return s
		}
	}
	w.t.Fatalf("the terminal does not show %s:\n%s", what, s)
	return ""
}

// sees waits until all of the texts are on the screen together, and returns the screen.
func (w *terminal) sees(texts ...string) string {
	w.t.Helper()
	return w.until(fmt.Sprintf("%q", texts), func(s string) bool {
		for _, text := range texts {
			if !strings.Contains(s, text) {
				return false
			}
		}
		return true
	})
}

// matches waits until the screen matches a regular expression.
func (w *terminal) matches(re string) string {
	w.t.Helper()
	return w.until("a match of "+re, regexp.MustCompile(re).MatchString)
}

// escape leaves the text of the editor. tmux is given the next key only then: behind an escape that
// has just come, it would be read as alt and that key.
func (w *terminal) escape() {
	w.t.Helper()
	w.keys("Escape")
	w.sees("vim NORMAL")
}

// interrupt presses ctrl-c, again when the first came before the statement ran, until a text appears.
func (w *terminal) interrupt(text string) {
	w.t.Helper()
	polls := 0
	w.until(text, func(s string) bool {
		if polls%50 == 0 && !strings.Contains(s, text) {
			w.keys("C-c")
		}
		polls++
		return strings.Contains(s, text)
	})
}

// query puts a statement in the place of the editor's text and runs it.
func (w *terminal) query(text string) {
	w.t.Helper()
	w.keys("C-w", "k")
	w.matches(`┏━ query\.sql`)
	w.keys("d", "d", "i")
	w.sees("vim INSERT  ln 1 col 1 ")
	w.types(text)
	w.sees(fmt.Sprintf("ln 1 col %d ", len(text)+1))
	w.keys("C-r")
}

// leave ends riffle from the keys of a screen.
func (w *terminal) leave() {
	w.t.Helper()
	w.enters(":q")
	w.sees("ended with 0")
}

// TestTerminalExplore opens a table from the tree, profiles a column, and leaves.
func TestTerminalExplore(t *testing.T) {
	t.Parallel()
	w := onTerminal(t, home(t), "flights.parquet")
	w.sees("[1 Explore]", "> flights", "vim INSERT", "ctrl-r runs the statement under the cursor")
	w.escape()
	w.keys("C-w", "h")
	w.sees("┏━ Data")
	w.keys("j", "l")
	w.sees("v flights", "destination varch", "delay       bigint")
	w.keys("Enter")
	w.sees("SELECT * FROM flights LIMIT 1000", "1-15 of the FIRST 1 000 rows of 228 738 exact", ">2001-01-01 00:01:00     33     2176 LAS     PHL")
	w.keys("l", "F")
	w.sees("profile: delay", "null     0  0.00 %", "rows     228 738", "histogram")
	w.keys("G")
	w.sees("986-1 000 of the FIRST 1 000 rows of 228 738 exact")
	w.leave()
}

// TestTerminalQuery types a query with completion, runs it, plots and sorts its rows, and makes the
// terminal small and large again.
func TestTerminalQuery(t *testing.T) {
	t.Parallel()
	w := onTerminal(t, home(t), "flights.parquet")
	w.sees("> flights", "vim INSERT")
	w.types("select ori")
	w.keys("Tab")
	w.sees(">origin", "column VARCHAR of flights")
	w.keys("Enter")
	w.matches(`1 select origin +┃`)
	w.types(", count(*) as n from fli")
	w.keys("Tab")
	w.sees(">flights", "table flights.parquet")
	w.keys("Enter")
	w.matches(`from flights +┃`)
	w.types(" group by origin order by n desc limit 10")
	w.keys("C-r")
	s := w.sees("1-10 of 10 rows exact", "7/7 row groups", "bounded query")
	if !regexp.MustCompile(`(?s)origin +n .*VARCHAR +BIGINT.*ORD +\d+.*DFW +\d+`).MatchString(s) {
		t.Errorf("the rows are not there:\n%s", s)
	}
	w.escape()
	w.keys("Tab")
	w.sees("┏━ Result _1")
	w.keys("p")
	w.sees("─ Plot", "bar", "n by origin")
	w.keys("s") // by the cursor's column
	w.matches(`>\s?ATL `)
	w.tmux("resize-window", "-x", "70", "-y", "20")
	w.sees("data   query  [result]", ">ATL")
	w.tmux("resize-window", "-x", "50", "-y", "12")
	w.sees("riffle needs 60x15 cells")
	w.tmux("resize-window", "-x", "100", "-y", "30")
	w.sees("┌─ Data", "> flights", ">ATL")
	w.leave()
}

// TestTerminalCancel cancels a query that would run for long; the session goes on.
func TestTerminalCancel(t *testing.T) {
	t.Parallel()
	w := onTerminal(t, home(t), "flights.parquet")
	w.sees("> flights", "vim INSERT")
	w.escape()
	w.query("select auction % 7 as k, count(*) as n from gen.nexmark_bid(events => 100000000000) group by 1")
	w.sees("RUNNING", "ctrl-c cancels")
	w.keys("C-c")
	w.until("the cancelled query", func(s string) bool { return strings.Contains(s, "cancelled") && !strings.Contains(s, "RUNNING") })
	w.keys("C-c")
	w.sees("nothing runs here. ctrl-d or :q leaves")
	w.escape()
	w.query("select 6 * 7 as answer")
	w.sees("1-1 of 1 rows exact", "answer", "42")
	w.escape()
	w.query("select * from nowhere")
	w.sees("line 1, column 15", "^^^^^^^")
	w.escape()
	w.leave()
}

// TestTerminalStream runs a stream, which comes up on its own screen, and stops looking at it.
func TestTerminalStream(t *testing.T) {
	t.Parallel()
	w := onTerminal(t, home(t))
	w.sees("vim INSERT")
	w.types("select auction, price from gen.nexmark_bid(events => 1000, stream => true)")
	w.keys("C-r")
	w.sees("[2 Stream]", "DONE", "of 920 rows exact", "┌─ Time")
	w.types("1")
	w.sees("[1 Explore]")
	w.escape()
	w.types("?")
	w.sees("Help: Explore")
	w.keys("Escape")
	w.until("the closed help", func(s string) bool { return !strings.Contains(s, "Help: Explore") })
	w.leave()
}

// TestTerminalLines uses the line REPL: a statement over lines, an error, a command, ctrl-c, ctrl-d.
func TestTerminalLines(t *testing.T) {
	t.Parallel()
	w := onTerminal(t, home(t), "repl", "flights.parquet")
	w.sees("riffle>")
	w.enters("select origin, count(*) as n")
	w.sees("...>")
	w.enters("from flights group by origin order by n desc limit 2;")
	w.sees("│ origin │", "2 rows", "_1  2 rows")
	w.enters("select orgin from flights;")
	w.sees("riffle: line 1, column 8: column \"orgin\" does not exist", "  |        ^^^^^", "hint: did you mean origin?")
	w.enters(".tables")
	w.sees("│ flights │ table ", "│ _1      │ result │ 2 rows")
	w.types("select half of")
	w.sees("select half of")
	w.keys("C-c") // drops the line
	w.types("select auction % 7 as k, count(*) from gen.nexmark_bid(events => 100000000000) group by 1;")
	w.sees("by 1;")
	w.keys("Enter")
	w.interrupt("cancelled after")
	w.enters("select 6 * 7 as answer;")
	w.sees("│ answer │", "│     42 │")
	w.keys("C-d")
	w.sees("ended with 0")
}

// TestTerminalPlain reads statements as plain lines.
func TestTerminalPlain(t *testing.T) {
	t.Parallel()
	w := onTerminal(t, home(t), "--plain", "flights.parquet")
	w.sees("riffle>")
	w.enters("select count(*) as n from flights;")
	w.sees("228738")
	w.keys("C-c")
	w.enters("select 6 * 7 as answer;")
	w.sees("42")
	w.keys("C-d")
	w.sees("ended with 0")
}

// TestTerminalSwitch turns lines into screens and back, with one session.
func TestTerminalSwitch(t *testing.T) {
	t.Parallel()
	w := onTerminal(t, home(t), "repl", "flights.parquet")
	w.sees("riffle>")
	w.enters("select 6 * 7 as answer;")
	w.sees("│     42 │")
	w.enters("select origin, count(*) as n from flights")
	w.sees("...>")
	w.types("group by origin")
	w.sees("group by origin")
	w.keys("C-t")
	w.sees("[1 Explore]", "2 group by origin", "> flights")
	w.keys("C-r")
	w.sees("Result _2", "of 223 rows exact")
	w.keys("C-t")
	w.until("the lines again", func(s string) bool { return strings.Contains(s, "riffle>") && !strings.Contains(s, "[1 Explore]") })
	w.enters("select count(*) as groups, (select answer from _1) as a from _;")
	w.sees("│    223 │ 42 │")
	w.enters(".tui")
	w.sees("[1 Explore]", "2 group by origin", "Result _2", "vim NORMAL") // as it was left
	w.leave()
}

// TestTerminalSwitchFromScreens goes to the lines from the screens, and leaves from there.
func TestTerminalSwitchFromScreens(t *testing.T) {
	t.Parallel()
	w := onTerminal(t, home(t), "flights.parquet")
	w.sees("vim INSERT", "> flights")
	w.types("select 6 * 7 as answer")
	w.keys("C-r")
	w.sees("42")
	w.keys("C-t")
	w.sees("riffle>")
	w.enters("select answer + 1 as more from _;")
	w.sees("│   43 │")
	w.keys("C-t")
	w.sees("[1 Explore]", "Result _1", "select 6 * 7")
	w.keys("C-t")
	w.sees("riffle>")
	w.keys("C-d")
	w.sees("ended with 0")
}

// TestTerminalKeys uses the keys of emacs and sees them in the help.
func TestTerminalKeys(t *testing.T) {
	t.Parallel()
	w := onTerminalWith(t, "RIFFLE_KEYS=emacs", home(t), "flights.parquet")
	w.sees("plain  ln 1", "> flights")
	w.types("select origin from flights group by origin order by origin")
	w.keys("C-x", "C-e")
	w.sees("of 223 rows exact", ">ABE")
	w.keys("C-g")
	w.sees("┏━ Result _1")
	w.keys("C-n", "C-n")
	w.sees(">ABQ")
	w.keys("M-x")
	w.sees("Commands")
	w.keys("C-g")
	w.until("the closed palette", func(s string) bool { return !strings.Contains(s, "Commands") })
	w.types("?")
	w.sees("emacs keys", "ctrl-n ctrl-p")
	w.types("find a c")
	w.sees("find a command", " alt-x ")
	w.keys("C-g")
	w.until("the closed help", func(s string) bool { return !strings.Contains(s, "emacs keys") })
	w.keys("C-x", "C-c")
	w.sees("ended with 0")
}
