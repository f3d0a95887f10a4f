package jobs_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/riffle-io/riffle/jobs"
)

// TestManyClients has clients do things to one job at the same time: each succeeds or is told that the job
// is not in a state for it, no two runs of the job meet, and it runs in the end.
func TestManyClients(t *testing.T) {
	r, spec := rigWithBids(t)
	ctx := t.Context()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	acts := []func(i int) error{
		func(int) error { return r.client.Restart(ctx, "bids") },
		func(i int) error { return r.client.Rescale(ctx, "bids", 1+i%3) },
		func(int) error { return r.client.Replace(ctx, spec) },
		func(int) error { return r.client.Cancel(ctx, "bids") },
		func(int) error { return r.client.Resume(ctx, "bids") },
		func(int) error { return r.client.Pause(ctx, "bids") },
		func(int) error { _, err := r.client.Stop(ctx, "bids", ""); return err },
		func(i int) error { _, err := r.client.Savepoint(ctx, "bids", fmt.Sprintf("s%d", i)); return err },
	}
	var wg sync.WaitGroup
	for c := range 4 {
		rng := rand.New(rand.NewPCG(seed, uint64(c)))
		wg.Go(func() {
			for i := range 12 {
				if err := acts[rng.IntN(len(acts))](100*c + i); err != nil && !isStatus(err, 409) {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if err := r.client.Resume(ctx, "bids"); err != nil && !isStatus(err, 409) {
		t.Fatal(err)
	}
	d := r.await("bids", "another run", inState(jobs.Running))
	for _, e := range d.Events {
		if e.Kind == "restarting" || e.Kind == "failed" {
			t.Errorf("%s: %s", e.Text, e.Error)
		}
	}
}

// TestChangeIsDurable looks at a job that is being restarted: a server that is killed now starts it again,
// nobody else can start it, and a cancel that comes in time is not undone.
func TestChangeIsDurable(t *testing.T) {
	r, _ := rigWithBids(t)
	ctx := t.Context()
	err := r.server.Between(ctx, "bids", func(wanted string) error {
		if wanted != jobs.Running {
			t.Errorf("the registry wants it %s", wanted)
		}
		for what, err := range map[string]error{
			"resume": r.client.Resume(ctx, "bids"), "rm": r.client.Remove(ctx, "bids"), "restart": r.client.Restart(ctx, "bids"), "cancel": r.client.Cancel(ctx, "bids"),
		} {
			if !isStatus(err, 409) || !strings.Contains(err.Error(), "bids is being restarted; try again") {
				t.Errorf("%s of a job that is being restarted: %v", what, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	r.await("bids", "another run", inState(jobs.Running))

	broken := errors.New("what comes between went wrong")
	if err := r.server.Between(ctx, "bids", func(string) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("a failure between the two: %v", err)
	}
	r.await("bids", "that it goes on", inState(jobs.Running))
	if err := r.client.Cancel(ctx, "bids"); err != nil {
		t.Fatal(err)
	}
	if err := r.server.Between(ctx, "bids", func(string) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("a failure while it did not run: %v", err)
	}
	if d := r.await("bids", "an answer", func(jobs.Detail) bool { return true }); d.State != jobs.Stopped {
		t.Errorf("a job that was stopped is %s after a failed restart", d.State)
	}

	// What is done to a paused job leaves it paused.
	if err := errors.Join(r.client.Resume(ctx, "bids"), r.client.Pause(ctx, "bids"), r.client.Rescale(ctx, "bids", 3)); err != nil {
		t.Fatal(err)
	}
	r.await("bids", "a pause with 3 tasks", func(d jobs.Detail) bool { return d.State == jobs.Paused && d.Parallelism == 3 })
}

// TestEventsAreDurable kills, as it were, the server after each command: the event of the command is in the
// registry.
func TestEventsAreDurable(t *testing.T) {
	r, _ := rigWithBids(t)
	ctx := t.Context()
	for kind, do := range map[string]func() error{
		"paused":    func() error { return r.client.Pause(ctx, "bids") },
		"changed":   func() error { _, err := r.client.Set(ctx, "bids", "checkpoint", "30ms"); return err },
		"savepoint": func() error { _, err := r.client.Savepoint(ctx, "bids", "noon"); return err },
	} {
		if err := do(); err != nil {
			t.Fatal(err)
		}
		list, err := r.server.Recorded("bids")
		if err != nil || len(list) == 0 || list[len(list)-1].Kind != kind {
			t.Errorf("after %s: %+v, %v", kind, list, err)
		}
	}
}

// TestHistoryStays ends the server: the next one has the checkpoints of before.
func TestHistoryStays(t *testing.T) {
	r, _ := rigWithBids(t)
	before := r.await("bids", "checkpoints", func(d jobs.Detail) bool { return len(d.History) > 3 })
	r.stop()
	r.start()
	after := r.await("bids", "another checkpoint", func(d jobs.Detail) bool { return d.Checkpoints > 0 })
	first, oldest := before.History[len(before.History)-1], after.History[len(after.History)-1]
	if oldest.ID != first.ID || !oldest.At.Equal(first.At) || oldest.TotalMS != first.TotalMS || oldest.Kind != first.Kind {
		t.Errorf("the oldest was %+v and is %+v", first, oldest)
	}
	for i := range len(after.History) - 1 {
		if a, b := after.History[i+1], after.History[i]; a.ID >= b.ID || a.At.After(b.At) {
			t.Errorf("%d of %v after %d of %v", b.ID, b.At, a.ID, a.At)
		}
	}
}

// TestReplaceWithoutCheckpoint replaces a job that never got as far as a checkpoint.
func TestReplaceWithoutCheckpoint(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	good, bad := r.stream("bids"), r.stream("bids")
	bad.SQL = strings.Replace(bad.SQL, "GROUP BY", "WHERE CAST('x' || auction AS BIGINT) > 0 GROUP BY", 1)
	if err := r.client.Submit(ctx, bad); err != nil {
		t.Fatal(err)
	}
	r.await("bids", "failure", inState(jobs.Failed))
	if err := r.client.Replace(ctx, good); err != nil {
		t.Fatal(err)
	}
	r.await("bids", "a checkpoint of version 2", func(d jobs.Detail) bool { return d.Version == 2 && d.Checkpoints > 0 && d.RowsOut > 0 })
	if dirs, _ := filepath.Glob(filepath.Join(r.state, "jobs", "bids", "v*")); len(dirs) != 1 || filepath.Base(dirs[0]) != "v2" {
		t.Errorf("state: %q", dirs)
	}
}

// TestTargets refuses jobs that would write where another one does, also one that has not run since the
// server started.
func TestTargets(t *testing.T) {
	r, spec := rigWithBids(t)
	ctx := t.Context()
	if err := r.client.Cancel(ctx, "bids"); err != nil {
		t.Fatal(err)
	}
	r.stop()
	r.start()
	other := r.stream("other")
	other.SQL = strings.Replace(other.SQL, "out/other", "./out/x/../bids", 1)
	refused := func(what string, err error) {
		t.Helper()
		if !isStatus(err, 400) || !strings.Contains(err.Error(), "bids writes into "+filepath.Join(r.dir, "out/bids")) {
			t.Errorf("%s into the directory of a stopped job: %v", what, err)
		}
	}
	refused("a job", r.client.Submit(ctx, other))
	if err := r.client.Submit(ctx, r.stream("other")); err != nil {
		t.Fatal(err)
	}
	refused("a replacement", r.client.Replace(ctx, other))
	if err := r.client.Cancel(ctx, "other"); err != nil {
		t.Fatal(err)
	}
	spec.Name, spec.Late = "third", "out/third"
	spec.SQL = r.stream("third").SQL
	if err := r.client.Submit(ctx, spec); !isStatus(err, 400) || !strings.Contains(err.Error(), "late rows of third would go into") {
		t.Errorf("late rows into the target: %v", err)
	}
	var wg sync.WaitGroup
	taken := 0
	var mu sync.Mutex
	for i := range 4 {
		wg.Go(func() {
			s := r.stream(fmt.Sprintf("same%d", i))
			s.SQL = r.stream("same").SQL
			if err := r.client.Submit(ctx, s); err == nil {
				mu.Lock()
				defer mu.Unlock()
				taken++
			}
		})
	}
	wg.Wait()
	if taken != 1 {
		t.Errorf("%d jobs got one directory", taken)
	}
}

// TestSavepointNames has names that lead elsewhere, or are taken.
func TestSavepointNames(t *testing.T) {
	r, _ := rigWithBids(t)
	ctx := t.Context()
	kept := filepath.Join(r.state, "kept")
	if err := os.MkdirAll(kept, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := r.client.RemoveSavepoint(ctx, "..", "kept"); err == nil {
		t.Error("a savepoint of the job .. was removed")
	}
	if _, err := os.Stat(kept); err != nil {
		t.Error(err)
	}
	if _, err := r.client.Savepoint(ctx, "bids", "noon"); err != nil {
		t.Fatal(err)
	}
	if _, err := r.client.Stop(ctx, "bids", "noon"); !isStatus(err, 409) {
		t.Errorf("stop with the name of a savepoint that is there: %v", err)
	}
	if d, err := r.client.Show(ctx, "bids"); err != nil || d.State != jobs.Running {
		t.Errorf("after a stop that was refused it is %s, %v", d.State, err)
	}
	if err := os.WriteFile(filepath.Join(r.state, "savepoints/bids/noon/manifest.json"), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := r.client.Savepoint(ctx, "bids", "later"); err != nil {
		t.Fatal(err)
	}
	list, err := r.client.Savepoints(ctx, "bids")
	if err != nil || len(list) != 2 || list[0].Label != "later" || !strings.Contains(list[1].Error, "damaged") {
		t.Errorf("a damaged savepoint beside another: %+v, %v", list, err)
	}
}

// TestRequests has wrong requests: each says what is wrong with it, in words of the API.
func TestRequests(t *testing.T) {
	r, spec := rigWithBids(t)
	ctx := t.Context()
	post := func(path, body string) error {
		return r.client.Raw(ctx, "POST", "/v1/jobs/bids/"+path, body)
	}
	set := func(key, value string) error { _, err := r.client.Set(ctx, "bids", key, value); return err }
	fresh := func(edit func(*jobs.Spec)) error {
		s := r.stream("fresh")
		edit(&s)
		return r.client.Submit(ctx, s)
	}
	for _, c := range []struct {
		err  error
		want string
	}{
		{post("rescale", ""), "parallelism 0 is not from 1 to 1024"},
		{post("rescale", `{"parallelism":2}{}`), "more than one JSON object"},
		{post("rescale", `{"parallelism":"2"}`), "wrong request: parallelism cannot be a string"},
		{post("rescale", `[]`), "the body is a JSON array and must be an object"},
		{post("rescale", `{"paralelism":2}`), `unknown field "paralelism"`},
		{set("checkpoint", "1ns"), "a duration such as 5s, from 10ms on"},
		{set("bid.idle-timeout", "5s"), `bids reads no table "bid" with a watermark; there are: gen.nexmark_bid`},
		{set("bad", "out/bids"), "where its output goes"},
		{fresh(func(s *jobs.Spec) { s.Checkpoint = 1 }), "below 10ms"},
		{fresh(func(s *jobs.Spec) { s.Dir = "" }), "must be an absolute path"},
		{fresh(func(s *jobs.Spec) { s.From = "nowhere" }), filepath.Join(r.dir, "nowhere")},
	} {
		if !isStatus(c.err, 400) || !strings.Contains(c.err.Error(), c.want) {
			t.Errorf("%v, want %s", c.err, c.want)
		}
	}
	if err := post("stop", ""); err != nil {
		t.Error(err)
	}
	if err := set("gen.nexmark_bid.idle-timeout", "5s"); err != nil {
		t.Error(err)
	}
	spec.Dir = "" // that of the job
	if err := r.client.Replace(ctx, spec); err != nil {
		t.Error(err)
	}
	spec.SQL = "selec 1"
	api := new(jobs.APIError)
	if err := r.client.Replace(ctx, spec); !errors.As(err, &api) || api.Hint != "" {
		t.Errorf("a wrong query is told to be replaced: %+v", err)
	}
}

// TestClientGoesAway has clients that do not wait for the end of what they asked for: the job is not left
// standing.
func TestClientGoesAway(t *testing.T) {
	r, spec := rigWithBids(t)
	for i := range 12 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i)*2*time.Millisecond)
		var err error
		switch i % 3 {
		case 0:
			err = r.client.Restart(ctx, "bids")
		case 1:
			err = r.client.Rescale(ctx, "bids", 1+i%2)
		default:
			err = r.client.Replace(ctx, spec)
		}
		cancel()
		if err != nil && !errors.Is(err, context.DeadlineExceeded) && !isStatus(err, 409) {
			t.Error(err)
		}
	}
	for { // what is under way is done
		err := r.client.Pause(t.Context(), "bids")
		if err == nil {
			break
		}
		if !strings.Contains(err.Error(), "is being") && !strings.Contains(err.Error(), "is stopping") {
			t.Fatal(err)
		}
	}
}

// TestReplaceTogether has clients that replace a job at the same time: each that succeeds makes a version of its
// own, with a savepoint of the one before.
func TestReplaceTogether(t *testing.T) {
	r, spec := rigWithBids(t)
	var wg sync.WaitGroup
	var made atomic.Int64
	for range 4 {
		wg.Go(func() {
			for range 3 {
				err := r.client.Replace(t.Context(), spec)
				if err != nil && !isStatus(err, 409) {
					t.Error(err)
				}
				if err == nil {
					made.Add(1)
				}
			}
		})
	}
	wg.Wait()
	d := r.await("bids", "a checkpoint", func(d jobs.Detail) bool { return d.State == jobs.Running && d.Checkpoints > 0 })
	list, err := r.client.Savepoints(t.Context(), "bids")
	if err != nil || int64(d.Version) != 1+made.Load() || int64(len(list)) != made.Load() {
		t.Errorf("version %d after %d replacements, %d savepoints, %v", d.Version, made.Load(), len(list), err)
	}
}
