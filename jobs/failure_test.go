package jobs

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
	"testing"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/exec"
	"github.com/riffle-io/riffle/dataflow/state"
	"github.com/riffle-io/riffle/datasets/kafka"
)

// TestHint has failures as tasks report them, and a piece of what helps.
func TestHint(t *testing.T) {
	for want, err := range map[string]error{
		"riffle job set hourly bad=DIR, then riffle resume hourly": fmt.Errorf("record at t/1@4 %w: no object", kafka.ErrRecord),
		"no start can read them":                                   &kafka.RangeError{Topic: "t", Offset: 8, Start: 9, End: 10},
		"with the topic that was":                                  kafka.ErrRecreated,
		"the topic is gone":                                        fmt.Errorf("topic t: %w", kafka.ErrUnknownTopic),
		"the disk is full":                                         syscall.ENOSPC,
		"check that the broker":                                    &kafka.UnavailableError{Topic: "t", Err: syscall.ECONNREFUSED},
		"savepoint ls hourly":                                      fmt.Errorf("%w: x.parquet", state.ErrDamaged),
		"savepoint check hourly":                                   exec.ErrChanged,
		"may not write there":                                      &fs.PathError{Op: "open", Path: "out", Err: syscall.EROFS},
		"then riffle resume":                                       &fs.PathError{Op: "open", Path: "out", Err: syscall.EACCES},
		"--name hourly":                                            fmt.Errorf("%w: no column x", ErrQuery),
	} {
		te := &dataflow.TaskError{Stage: "Scan", Split: "t/0", Err: err}
		if got := hint(te, "hourly"); !strings.Contains(got, want) {
			t.Errorf("%v: hint %q, want %q", te, got, want)
		}
	}
	if got := hint(&dataflow.TaskError{Stage: "Scan", Split: "t/0", Err: syscall.EIO}, "hourly"); got != "" {
		t.Errorf("of an error that is not known: %q", got)
	}
}

// TestAlike compares failures of two runs.
func TestAlike(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"open out/.part-29862096bdcf2da7-5e0c11aa-1.tmp: permission denied", "open out/.part-29862096bdcf2da7-77b0c9d3-0.tmp: permission denied", true},
		{"checkpoint 12: no such file", "checkpoint 13: no such file", true},
		{"dial tcp 127.0.0.1:51: reset by 127.0.0.1:40122", "dial tcp 127.0.0.1:51: reset by 127.0.0.1:40990", true},
		{"division by zero", "integer overflow", false},
		{"open a: permission denied", "open a: is a directory", false},
	} {
		if alike(c.a, c.b) != c.want {
			t.Errorf("%q and %q alike: %v", c.a, c.b, !c.want)
		}
	}
}

// TestFailsForGood has a job that fails again and again, with checkpoints in between: it is tried on, unless it
// fails at the same record.
func TestFailsForGood(t *testing.T) {
	reg, err := openRegistry(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer reg.close()
	s := &Server{dir: t.TempDir(), reg: reg, log: t.Logf}
	broken := func(n int) error { return fmt.Errorf("record at t/0@%d %w: no object", n, kafka.ErrRecord) }
	for _, c := range []struct {
		name  string
		err   func(n int) error
		final bool
	}{
		{"one record", func(int) error { return broken(4) }, true},
		{"one record after the other", broken, false},
		{"no memory", func(int) error { return errors.New("the state needs more memory") }, false},
	} {
		j := s.newJob(&record{Spec: Spec{Name: "hourly"}}, Running)
		again := true
		for n := 0; n < 5 && again; n++ {
			again = j.failedLocked(c.err(n), true)
		}
		if again == c.final {
			t.Errorf("%s: tried on %v, %d failures, state %s", c.name, again, j.failures, j.state)
		}
	}
}

// TestLostEvents has a listener that does not take events: it is told how many it did not get.
func TestLostEvents(t *testing.T) {
	var e events
	ch, stop := e.listen()
	defer stop()
	for range queued + 10 {
		e.publish(Event{Kind: "changed"})
	}
	for range queued {
		<-ch
	}
	e.publish(Event{Kind: "paused"})
	if lost, next := <-ch, <-ch; lost.Kind != "lost" || !strings.HasPrefix(lost.Text, "10 events") || next.Kind != "paused" {
		t.Errorf("%+v and %+v", lost, next)
	}
}
