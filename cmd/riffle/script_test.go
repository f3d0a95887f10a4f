package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

var rewrite = flag.Bool("rewrite", false, "rewrite the expected output of transcripts")

// bin is the directory with the riffle binary under test.
var bin string

func TestMain(m *testing.M) {
	flag.Parse()
	dir, err := os.MkdirTemp("", "riffle-test")
	if err != nil {
		panic(err)
	}
	bin = dir
	exe := "riffle"
	if runtime.GOOS == "windows" {
		exe = "riffle.exe"
	}
	if out, err := exec.Command("go", "build", "-o", filepath.Join(dir, exe), ".").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build: %v\n%s", err, out)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// A transcript is a text of commands, each on a line that starts with "$ ", and what they print:
// standard output, then standard error behind "! ", then "[exit N]" when N is not 0. Times and
// sizes that vary are written <…>. Lines before the first command are comment.

// transcript runs the commands of a text in dir and returns the text with what they printed now.
func transcript(t *testing.T, text, dir string) string {
	t.Helper()
	var out strings.Builder
	lines := strings.Split(text, "\n")
	started := false
	for i := 0; i < len(lines); i++ {
		l := lines[i]
		cmd, ok := strings.CutPrefix(l, "$ ")
		if !ok {
			if !started || strings.HasPrefix(l, "# ") || l == "" {
				out.WriteString(l + "\n")
			}
			continue
		}
		started = true
		for strings.HasSuffix(cmd, `\`) && i+1 < len(lines) { // a command over several lines
			i++
			cmd += "\n" + lines[i]
		}
		out.WriteString("$ " + cmd + "\n" + runShell(t, cmd, dir))
	}
	return strings.TrimRight(out.String(), "\n") + "\n"
}

// varying are the parts of output that differ from run to run.
var varying = []struct {
	re *regexp.Regexp
	to string
}{
	{regexp.MustCompile(`\b\d+(\.\d+)?(ms|µs|s)\b`), "<time>"},
	{regexp.MustCompile(`time \d+\.\d+ ms`), "time <time>"},
	{regexp.MustCompile(`\d+\.\d ms with`), "<time> with"},
	{regexp.MustCompile(`[a-z]+-[0-9a-f]{12}(, [a-z]+-[0-9a-f]{12})*`), "<operators>"},
	{regexp.MustCompile(`127\.0\.0\.1:\d{4,5}`), "127.0.0.1:<port>"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\dT[\d:.]+Z`), "<now>"},
	{regexp.MustCompile(`\(pid \d+`), "(pid <n>"},
	{regexp.MustCompile(`\(checkpoint \d+\)`), "(checkpoint <n>)"},
	{regexp.MustCompile(`\d+(\.\d+)? [KM]?B, in`), "<size>, in"},
	{regexp.MustCompile(`\d+ keys, \d+(\.\d+)? [KM]?B`), "<n> keys, <size>"},
	{regexp.MustCompile(`\d+ keys and \d+ bytes`), "<n> keys and <n> bytes"},
}

// commandTime bounds a command that hangs; nothing waits for it to pass.
const commandTime = 3 * time.Minute

func runShell(t *testing.T, cmd, dir string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), commandTime)
	defer cancel()
	c := exec.CommandContext(ctx, "sh", "-c", cmd)
	c.Dir, c.WaitDelay = dir, time.Second
	c.Env = append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"), "NO_COLOR=1", "RIFFLE_HOME="+filepath.Join(dir, "home"))
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	err := c.Run()
	out := stdout.String()
	if out != "" && !strings.HasSuffix(out, "\n") {
		out += "\n"
	}
	for l := range strings.Lines(stderr.String()) {
		out += strings.TrimRight("! "+strings.TrimRight(l, "\n"), " ") + "\n"
	}
	if err != nil {
		out += fmt.Sprintf("[exit %d]\n", c.ProcessState.ExitCode())
	}
	out = strings.ReplaceAll(out, dir, "<here>")
	for _, v := range varying {
		out = v.re.ReplaceAllString(out, v.to)
	}
	return out
}

// endServer ends the job server and the broker that a transcript has left running in dir, and waits
// until they are gone.
func endServer(t *testing.T, dir string) {
	t.Helper()
	endProcess(t, filepath.Join(dir, "home", "LOCK"))
	endProcess(t, filepath.Join(dir, "broker.pid"))
}

// endProcess ends the process whose number is in a file, and waits until it is gone.
func endProcess(t *testing.T, file string) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil || len(data) == 0 {
		return // it was never started, or has let go of the directory
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(data)))
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	p, err := os.FindProcess(pid)
	if err != nil {
		return // it has ended
	}
	end := time.Now().Add(commandTime)
	for err = p.Signal(syscall.SIGTERM); err == nil; err = p.Signal(syscall.Signal(0)) {
		if now, err := os.ReadFile(file); err == nil && len(now) == 0 {
			return // it has let go; its parent may not have asked how it ended
		}
		if time.Now().After(end) {
			t.Fatalf("process %d of %s does not end", pid, file)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// home is a fresh directory with the demo's flights, and a link to the shared data when it is
// there.
func home(t *testing.T) string {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "flights.parquet"), demoFlights, 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestTranscripts(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("transcripts need a POSIX shell")
	}
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".txt"), func(t *testing.T) {
			t.Parallel()
			data, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			dir := home(t)
			t.Cleanup(func() { endServer(t, dir) })
			got := transcript(t, string(data), dir)
			if *rewrite {
				if err := os.WriteFile(f, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != strings.TrimRight(string(data), "\n")+"\n" {
				t.Errorf("%s (go test ./cmd/riffle -rewrite):\n%s", f, diffLines(string(data), got))
			}
		})
	}
}

// diffLines shows the first lines that differ.
func diffLines(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	var b strings.Builder
	shown := 0
	for i := 0; i < max(len(w), len(g)) && shown < 12; i++ {
		var x, y string
		if i < len(w) {
			x = w[i]
		}
		if i < len(g) {
			y = g[i]
		}
		if x != y {
			fmt.Fprintf(&b, "line %d\n  want %s\n  got  %s\n", i+1, x, y)
			shown++
		}
	}
	return b.String()
}

// TestTour runs every command of the console blocks of the README and of the guide, and compares what
// it prints.
func TestTour(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the tour needs a POSIX shell")
	}
	guide, err := filepath.Glob("../../docs/guide/*.md")
	if err != nil {
		t.Fatal(err)
	}
	if tour(t, "../../README.md") == 0 {
		t.Error("the README has no console block")
	}
	for _, file := range guide {
		tour(t, file)
	}
}

// tour runs the console blocks of a file, one after the other in one directory, and returns how many
// there are.
func tour(t *testing.T, file string) int {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	t.Cleanup(func() { endServer(t, dir) })
	blocks := regexp.MustCompile("(?s)```console\n(.*?)```").FindAllStringSubmatchIndex(string(data), -1)
	out, at := "", 0
	for _, b := range blocks {
		want := string(data[b[2]:b[3]])
		got := transcript(t, want, dir)
		if got != want && !*rewrite {
			t.Errorf("%s (go test ./cmd/riffle -rewrite):\n%s", file, diffLines(want, got))
		}
		out += string(data[at:b[2]]) + got
		at = b[3]
	}
	if *rewrite {
		if err := os.WriteFile(file, []byte(out+string(data[at:])), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return len(blocks)
}
