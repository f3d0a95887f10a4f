package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/riffle-io/riffle/repl"
)

// TestTourText: without a terminal everything is printed at once, in lines that fit one.
func TestTourText(t *testing.T) {
	code, out, e := riffle(t, "tour")
	if code != 0 || e != "" {
		t.Fatalf("exit %d: %s", code, e)
	}
	commands := map[string]bool{}
	for i, s := range tourSteps {
		if !strings.Contains(out, s.Title+"\n") {
			t.Errorf("step %d is not there: %s", i+1, s.Title)
		}
		for _, c := range s.Commands {
			commands["    "+c.Line+"\n"] = true
			if !strings.Contains(out, "    "+c.Line+"\n") {
				t.Errorf("not printed: %s", c.Line)
			}
		}
	}
	for line := range strings.Lines(out) {
		if len(line) > 81 && !commands[line] {
			t.Errorf("a line of %d letters: %s", len(line), line)
		}
	}
	var all struct {
		V     int
		Steps []tourStep
	}
	if code, out, e = riffle(t, "tour", "--json"); code != 0 || json.Unmarshal([]byte(out), &all) != nil || all.V != 1 || len(all.Steps) != len(tourSteps) {
		t.Errorf("exit %d, %s%s", code, out, e)
	}
}

// TestTourOnTerminal waits for enter behind each step, and can be left.
func TestTourOnTerminal(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	w := onTerminal(t, dir, "tour")
	w.until("the first step alone", func(s string) bool {
		return strings.Contains(s, "1 of 10  Data") && strings.Contains(s, "enter: the next step") && !strings.Contains(s, "2 of 10")
	})
	w.keys("Enter")
	w.sees("2 of 10  First rows")
	w.enters("q")
	w.sees("ended with 0")
	w = onTerminal(t, dir, "tour")
	w.sees("enter: the next step")
	w.keys("C-c")
	w.sees("ended with 130")
	w = onTerminal(t, dir, "tour")
	for range tourSteps[1:] {
		w.keys("Enter")
	}
	w.sees("10 of 10  The screens", "ended with 0")
}

// TestTourCommands runs what the tour says to try, other than screens, one after the other. The broker
// gets a free port instead of its own.
func TestTourCommands(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the commands are run by a POSIX shell")
	}
	t.Parallel()
	dir := t.TempDir()
	t.Cleanup(func() { endServer(t, dir) })
	broker := tourBroker
	wants := map[string]string{ // a part of what a command prints
		"riffle count": "228738", "riffle profile": "ORD", "explain --cost": "about 228 738 rows", "explain --prune": "row groups", "riffle topics": "228 738",
		"@start..end": "ORD,12498", "riffle-demo/late": ",10133", "riffle promote": "equal to the batch answer", "cat jobs": "INSERT INTO per_hour_out",
		"riffle jobs why": "also: ", "riffle rescale": "runs with parallelism 3", "--json": `"parallelism":3`, "riffle stop": "is stopped", "'out/per_hour'": ",DFW,",
	}
	for _, s := range tourSteps {
		for _, c := range s.Commands {
			line := strings.ReplaceAll(c.Line, tourBroker, broker)
			switch {
			case c.Screen:
				continue
			case c.GoesOn:
				broker = goesOn(t, dir, strings.Replace(c.Line, tourBroker, "127.0.0.1:0", 1))
				continue
			case strings.HasPrefix(line, "riffle jobs why"): // a person is slower
				awaitRows(t, dir, "per_hour", 228_738)
			}
			out := runShell(t, line, dir)
			if strings.Contains(out, "[exit ") {
				t.Fatalf("%s: %s", line, out)
			}
			for part, want := range wants {
				if strings.Contains(line, part) {
					delete(wants, part)
					if !strings.Contains(out, want) {
						t.Errorf("%s: no %q in\n%s", line, want, out)
					}
				}
			}
		}
	}
	if len(wants) > 0 {
		t.Errorf("no commands with %v", wants)
	}
}

// goesOn starts a broker, which endServer ends, and returns its address.
func goesOn(t *testing.T, dir, line string) string {
	t.Helper()
	runShell(t, line+" > broker.log 2>&1 & echo $! > broker.pid", dir)
	for end := time.Now().Add(commandTime); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		log, err := os.ReadFile(filepath.Join(dir, "broker.log"))
		if m := regexp.MustCompile(`broker on ([0-9.:]+),`).FindSubmatch(log); err == nil && m != nil {
			return string(m[1])
		}
	}
	t.Fatalf("%s: no address", line)
	return ""
}

// awaitRows waits until a job has read so many rows.
func awaitRows(t *testing.T, dir, job string, rows int64) {
	t.Helper()
	c, err := repl.ServerAddress{Dir: filepath.Join(dir, "home")}.Connect()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var d repl.JobDetail
	for end := time.Now().Add(commandTime); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if d, err = c.Show(t.Context(), job); err == nil && d.Rows >= rows {
			return
		}
	}
	t.Fatalf("%s has read %d rows: %s %v", job, d.Rows, d.Error, err)
}
