package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/riffle-io/riffle/datasets/kafka"
)

// firstDays are about 16,000 flights, for tests that need not run long.
const firstDays = "date < '2001-01-02'"

// startBroker starts an embedded broker for the test, with flights in topic "flights".
func startBroker(t *testing.T, o kafka.BrokerOptions, where string) (*rig, *kafka.Broker) {
	t.Helper()
	b, err := kafka.StartBroker(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	r := newRig(t, b.Addr())
	r.ask("COPY (SELECT * FROM '" + r.path("flights.parquet") + "' WHERE " + where + ") TO '" + r.path("some.parquet") + "'")
	if err := os.Rename(r.path("some.parquet"), r.path("flights.parquet")); err != nil {
		t.Fatal(err)
	}
	r.play("flights", 1, "true")
	r.write("hourly.sql", r.hourly("flights"))
	return r, b
}

// hourlyArgs start the job over the rig's state.
func hourlyArgs(more ...string) []string {
	return append([]string{"sql", "-f", "hourly.sql", "--state", "state", "--checkpoint", "20ms", "--late", "late"}, more...)
}

// complete ends the job and checks its answer.
func (r *rig) complete(more ...string) {
	r.t.Helper()
	stderr := r.run(0, hourlyArgs(append(more, "--until-end")...)...)
	r.checkHourly(stderr)
}

func (r *rig) checkHourly(stderr string) {
	r.t.Helper()
	r.law(hourlyQuery, "origin", "1 hour", "'"+r.path("out")+"'", printed(stderr, "late"))
	for _, dir := range []string{"out", "late"} {
		if _, hidden := r.files(dir); len(hidden) > 0 {
			r.t.Errorf("left in %s: %q", dir, hidden)
		}
	}
}

// contains fails the test unless an error says all of what.
func contains(t *testing.T, stderr string, what ...string) {
	t.Helper()
	for _, w := range what {
		if !strings.Contains(stderr, w) {
			t.Errorf("the error does not say %q: %s", w, stderr)
		}
	}
}

// TestBadRecords sets records that cannot be decoded aside, or stops at the first.
func TestBadRecords(t *testing.T) {
	t.Parallel()
	r, _ := startBroker(t, kafka.BrokerOptions{}, firstDays)
	rows := r.number("SELECT count(*) FROM '" + r.path("flights.parquet") + "'")
	poison := []string{`{"date":"2001-01-01 10:00:00","delay":`, `not JSON`, `{"date":"no time","delay":1}`}
	r.produce("flights", poison...)
	r.replay("flights", "date < '2001-01-01 06:00'") // good records behind the bad ones
	first := fmt.Sprintf("flights/0@%d", rows)
	contains(t, r.run(1, hourlyArgs("--until-end")...), first, "--bad")
	contains(t, r.run(1, hourlyArgs("--until-end")...), first) // it does not get past it

	stderr := r.run(0, hourlyArgs("--until-end", "--bad", "bad")...)
	if n := printed(stderr, "bad"); n != int64(len(poison)) {
		t.Errorf("%d bad rows were printed, want %d: %s", n, len(poison), stderr)
	}
	got := r.ask("SELECT topic, partition, \"offset\", raw FROM '" + r.path("bad") + "' ORDER BY 3")
	if len(got) != len(poison) {
		t.Fatalf("bad rows: %q", got)
	}
	for i, p := range poison {
		if want := []string{"flights", "0", strconv.FormatInt(rows+int64(i), 10), fmt.Sprintf(`\x%x`, p)}; strings.Join(got[i], "|") != strings.Join(want, "|") {
			t.Errorf("bad row %d: %q, want %q", i, got[i], want)
		}
	}
	all := rows + r.number("SELECT count(*) FROM '"+r.path("flights.parquet")+"' WHERE date < '2001-01-01 06:00'")
	if n := r.number("SELECT sum(flights) FROM '"+r.path("out")+"'") + printed(stderr, "late"); n != all {
		t.Errorf("%d rows streamed and late, want %d", n, all)
	}
}

// TestStateHeld starts two processes over one state directory.
func TestStateHeld(t *testing.T) {
	t.Parallel()
	r, _ := startBroker(t, kafka.BrokerOptions{}, firstDays)
	first := r.start(hourlyArgs()...)
	if !first.until(func() bool { return r.checkpoints(true) > 0 }) {
		_, stderr := first.wait()
		t.Fatal(stderr)
	}
	contains(t, r.run(1, hourlyArgs("--until-end")...), "state", strconv.Itoa(first.cmd.Process.Pid))
	_ = first.cmd.Process.Kill()
	first.wait()
	r.complete()
}

// TestDamagedCheckpoint flips a byte of each kind of file of a checkpoint.
func TestDamagedCheckpoint(t *testing.T) {
	t.Parallel()
	r, _ := startBroker(t, kafka.BrokerOptions{}, firstDays)
	r.run(0, hourlyArgs("--for", "300ms")...)
	last := fmt.Sprintf("state/checkpoint-%d", r.checkpoints(true))
	tables, _ := filepath.Glob(r.path(last + "/*-groups.parquet"))
	if len(tables) == 0 {
		t.Fatalf("no tables in %s", last)
	}
	for _, name := range []string{r.path(last + "/manifest.json"), tables[0]} {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		data[len(data)/2] ^= 1
		if err := os.WriteFile(name, data, 0o644); err != nil {
			t.Fatal(err)
		}
		contains(t, r.run(1, hourlyArgs("--until-end")...), "damaged", last+"/"+filepath.Base(name))
		data[len(data)/2] ^= 1
		if err := os.WriteFile(name, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	r.complete()
}

// TestInterrupt stops a job with ctrl-c and goes on.
func TestInterrupt(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there is no SIGINT to send")
	}
	t.Parallel()
	r, _ := startBroker(t, kafka.BrokerOptions{}, firstDays)
	c := r.start(hourlyArgs("--rate", "40000")...)
	if !c.until(func() bool { return r.checkpoints(true) > 1 }) {
		_, stderr := c.wait()
		t.Fatal(stderr)
	}
	if err := c.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if code, stderr := c.wait(); code != exitInterrupted {
		t.Errorf("exit %d, want %d: %s", code, exitInterrupted, stderr)
	}
	r.complete()
}

// TestFor stops an unbounded job with a final checkpoint, which keeps its open windows.
func TestFor(t *testing.T) {
	t.Parallel()
	r, _ := startBroker(t, kafka.BrokerOptions{}, firstDays)
	r.run(0, hourlyArgs("--for", "1s")...)
	end := r.number("SELECT max(window_start) FROM (SELECT extract(epoch FROM window_start)::BIGINT AS window_start FROM '" + r.path("out") + "') x")
	if last := r.number("SELECT extract(epoch FROM max(date))::BIGINT FROM '" + r.path("flights.parquet") + "'"); end+3600 > last-1800 {
		t.Errorf("window that starts at %d was open when the job stopped: the last row is at %d", end, last)
	}
	r.complete("--parallelism", "3")
}

// TestBrokerComesBack stops the broker under a job and starts it again.
func TestBrokerComesBack(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "kafka")
	r, b := startBroker(t, kafka.BrokerOptions{DataDir: data}, firstDays)
	c := r.start(hourlyArgs("--until-end", "--rate", "20000")...)
	if !c.until(func() bool { return r.checkpoints(true) > 1 }) {
		_, stderr := c.wait()
		t.Fatal(stderr)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	at := r.checkpoints(true)
	if !c.until(func() bool { return r.checkpoints(true) > at }) { // checkpoints go on without a broker
		_, stderr := c.wait()
		t.Fatal(stderr)
	}
	b, err := kafka.StartBroker(kafka.BrokerOptions{Listen: r.broker, DataDir: data})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	code, stderr := c.wait()
	if code != 0 {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	r.checkHourly(stderr)
}

// TestNoBroker starts a job whose broker does not answer.
func TestNoBroker(t *testing.T) {
	t.Parallel()
	b, err := kafka.StartBroker(kafka.BrokerOptions{})
	if err != nil {
		t.Fatal(err)
	}
	r := newRig(t, b.Addr())
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	r.write("hourly.sql", r.hourly("flights"))
	contains(t, r.run(exitUnreachable, hourlyArgs()...), r.broker)
}

// smallDisk mounts a file system of a size on a new directory, for the time of the test.
func smallDisk(t *testing.T, dir, size string) {
	t.Helper()
	if runtime.GOOS != "linux" || os.Getuid() != 0 {
		t.Skip("mounting a small file system needs root on Linux")
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size="+size, "riffle-test", dir).CombinedOutput(); err != nil {
		t.Skipf("a small file system cannot be mounted here: %s", out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", dir).CombinedOutput(); err != nil {
			t.Errorf("umount %s: %s", dir, out)
		}
	})
}

// TestFullDisk runs a job on a file system that has no room, and goes on when there is.
func TestFullDisk(t *testing.T) {
	r, _ := startBroker(t, kafka.BrokerOptions{}, "true")
	disk := r.path("disk")
	smallDisk(t, disk, "3m")
	ballast := filepath.Join(disk, "ballast")
	for _, tt := range []struct {
		full string // what does not fit
		room int    // bytes that are left
	}{{"out", 60 << 10}, {"state", 64 << 10}, {"state", 0}} {
		t.Run(fmt.Sprint(tt.full, tt.room), func(t *testing.T) {
			full := tt.full
			r := &rig{t: t, dir: t.TempDir(), broker: r.broker}
			if err := os.Symlink(filepath.Join(filepath.Dir(disk), "flights.parquet"), r.path("flights.parquet")); err != nil {
				t.Fatal(err)
			}
			if err := os.MkdirAll(filepath.Join(disk, full), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(filepath.Join(disk, full), r.path(full)); err != nil {
				t.Fatal(err)
			}
			r.write("hourly.sql", r.hourly("flights"))
			fill(t, ballast, tt.room)
			stderr := r.run(exitFailed, hourlyArgs("--until-end")...)
			contains(t, stderr, "no space left", full)
			if err := os.Remove(ballast); err != nil {
				t.Fatal(err)
			}
			r.complete()
			if err := os.RemoveAll(filepath.Join(disk, full)); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// fill writes a file that leaves room bytes of its file system.
func fill(t *testing.T, name string, room int) {
	t.Helper()
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	size, page := 0, make([]byte, 4096)
	for {
		n, err := f.Write(page)
		size += n
		if err != nil {
			break
		}
	}
	if err := f.Truncate(int64(size - room)); err != nil {
		t.Fatal(err)
	}
}
