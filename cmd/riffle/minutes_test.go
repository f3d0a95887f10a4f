//go:build !windows

package main

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/riffle-io/riffle/repl"
)

// TestFirstMinutes is what a newcomer does in the first five minutes: the demo on a real terminal,
// from the file over the live topic to a job that goes on when the screens are left. With -rewrite it
// draws the pictures of the guide on its way.
func TestFirstMinutes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	w := onTerminal(t, dir, "demo")
	w.sees("[1 Explore]", "FROM flights", "> live", "kafka: 127.0.0.1")

	// The file.
	w.keys("C-r")
	w.sees("of 20 rows", "ORD")
	w.keys("Tab")
	w.keys("p")
	w.sees("Plot", "bar", "6 of 20 rows SHOWN")
	w.picture("explore", dir)

	// The same query over the topic of the file.
	w.keys("2")
	w.sees("[2 Stream]", "unbounded input: live in place of flights; without ORDER BY flights DESC LIMIT 20", "sort flights desc", "d(5 s)")
	w.matches(`ORD +\d+ +\d+\.\d+ +\+\d+`) // which goes on growing
	w.keys("p")
	w.sees("Plot  bar  avg_delay by origin")
	w.keys("1")
	w.sees("[1 Explore]", "6 of 20 rows SHOWN")

	// The same flights as a stream; one partition is silent and holds the watermark.
	w.keys("C-w", "k")
	w.matches(`┏━ query\.sql`)
	w.keys("G")
	w.sees("vim NORMAL  ln 10 ")
	w.keys("C-r")
	w.sees("[2 Stream]", "Partitions", "HOLD")
	for tries := 0; ; tries++ { // the partition has to be silent for a while
		w.keys("w")
		if strings.Contains(w.sees("1. CAUSE", "esc close"), "set an idle time-out") {
			break
		}
		if tries == 300 {
			t.Fatalf("no fix:\n%s", w.screen())
		}
		w.keys("Escape")
		w.until("the closed overlay", func(s string) bool { return !strings.Contains(s, "1. CAUSE") })
	}
	w.keys("Enter")
	w.matches(`IDLE`)
	w.matches(`rows so far ━`)
	w.keys("Space")
	w.sees("PAUSED")
	w.keys("{", "{")
	w.sees("you are here", "0 goes live")
	w.picture("stream", dir)
	w.keys("0")
	w.sees("view LIVE")

	// The query becomes a job.
	w.keys("P")
	w.sees("promote to a job named:")
	w.keys("C-u")
	w.enters("per_hour")
	w.sees("Promote to a running job", "equal to the batch answer")
	w.keys("Enter")
	screen := w.sees("[4 Jobs]", "per_hour")
	home := regexp.MustCompile(`(/\S+)/riffle\.sock`).FindStringSubmatch(screen)
	if home == nil {
		t.Fatalf("no socket on the screen:\n%s", screen)
	}
	client, err := repl.ServerAddress{Dir: home[1]}.Connect()
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	t.Cleanup(func() { // the server and the broker go on by themselves
		if info, err := client.Server(context.Background()); err == nil { // the test's context has ended
			_ = syscall.Kill(info.PID, syscall.SIGKILL)
		}
	})
	w.matches(`>R\S* +per_hour`)
	w.keys("Enter")
	w.sees("Operators of per_hour", "WindowAggregate", "Watermark by source partition", "#1 ")
	w.picture("jobs", dir)
	w.keys("+")
	w.sees("2 -> 3")
	w.keys("y")
	w.sees("par 3")

	// Leaving: the job goes on, and is there for commands.
	w.keys(":")
	w.enters("q")
	screen = w.sees("ended with 0", "per_hour: runs on in riffle serve")
	broker := regexp.MustCompile(`broker goes on as\s+pid (\d+)`).FindStringSubmatch(screen)
	if broker == nil {
		t.Fatalf("no broker on the screen:\n%s", screen)
	}
	pid, err := strconv.Atoi(broker[1])
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = syscall.Kill(pid, syscall.SIGKILL) }()
	for end := time.Now().Add(childTime); ; { // it has just been started again
		list := commandJSON[[]repl.JobInfo](t, home[1], "jobs", "--json")
		if len(list) == 1 && list[0].Name == "per_hour" && list[0].LagMS != nil {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("riffle jobs: %+v", list)
		}
	}
	text, err := os.ReadFile(filepath.Join(dir, "riffle-demo", "jobs", "per_hour.sql"))
	if err != nil || !strings.Contains(string(text), "INSERT INTO per_hour_out") {
		t.Errorf("the job's file: %v\n%s", err, text)
	}
	stop := exec.Command(filepath.Join(bin, "riffle"), "stop", "per_hour")
	stop.Env = append(os.Environ(), "RIFFLE_HOME="+home[1])
	if out, err := stop.CombinedOutput(); err != nil || !strings.Contains(string(out), "is stopped") {
		t.Errorf("riffle stop: %v: %s", err, out)
	}
}

// commandJSON runs riffle with a job server's directory and decodes what it prints.
func commandJSON[T any](t *testing.T, home string, args ...string) (v T) {
	t.Helper()
	c := exec.Command(filepath.Join(bin, "riffle"), args...)
	c.Env = append(os.Environ(), "RIFFLE_HOME="+home)
	out, err := c.Output()
	if err == nil {
		err = json.Unmarshal(out, &v)
	}
	if err != nil {
		t.Fatalf("riffle %q: %v: %s", args, err, out)
	}
	return v
}
