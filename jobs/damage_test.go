package jobs_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/riffle-io/riffle/datasets/kafka"
	"github.com/riffle-io/riffle/jobs"
	"github.com/riffle-io/riffle/repl"
)

// TestUncommittedSavepoint makes a savepoint of a job that ended between the durable checkpoint and the
// renames of its sink: the savepoint cannot do them any more, so they have to be done before.
func TestUncommittedSavepoint(t *testing.T) {
	r, _ := rigWithBids(t)
	ctx := t.Context()
	r.await("bids", "output", func(d jobs.Detail) bool { return d.RowsOut > 100 })
	if _, err := r.client.Stop(ctx, "bids", ""); err != nil {
		t.Fatal(err)
	}
	want := r.query("SELECT count(*), sum(n) FROM 'out/bids'")
	if n := undoCommit(t, filepath.Join(r.state, "jobs/bids/v1"), filepath.Join(r.dir, "out/bids")); n == 0 {
		t.Skip("the last checkpoint had no rows")
	}
	if err := r.server.Uncommit("bids"); err != nil {
		t.Fatal(err)
	}
	if _, err := r.client.Savepoint(ctx, "bids", "noon"); err != nil {
		t.Fatal(err)
	}
	if got := r.query("SELECT count(*), sum(n) FROM 'out/bids'"); got != want {
		t.Errorf("output after the savepoint: %s, want %s", got, want)
	}
	if d, err := r.client.Show(ctx, "bids"); err != nil || d.State != jobs.Stopped {
		t.Errorf("it is %s, %v", d.State, err)
	}
}

// undoCommit gives the files of a job's last checkpoint their hidden names again, and returns how many there
// are.
func undoCommit(t *testing.T, state, out string) (n int) {
	t.Helper()
	dirs, err := filepath.Glob(filepath.Join(state, "checkpoint-*"))
	if err != nil {
		t.Fatal(err)
	}
	newest := 0
	for _, d := range dirs {
		id := 0
		if _, err := fmt.Sscanf(filepath.Base(d), "checkpoint-%d", &id); err == nil {
			newest = max(newest, id)
		}
	}
	data, err := os.ReadFile(filepath.Join(state, fmt.Sprintf("checkpoint-%d", newest), "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	var m struct{ Sinks []struct{ Prepared []byte } }
	if err := json.Unmarshal(data, &m); err != nil {
		t.Fatal(err)
	}
	for _, s := range m.Sinks {
		var p struct{ Tmp, Final string }
		if err := json.Unmarshal(s.Prepared, &p); err != nil {
			t.Fatal(err)
		}
		if p.Tmp == "" {
			continue
		}
		if err := os.Rename(filepath.Join(out, p.Final), filepath.Join(out, p.Tmp)); err != nil {
			t.Fatal(err)
		}
		n++
	}
	return n
}

// TestDamagedPointer overwrites the file that names the checkpoints of one job: that job fails, the server
// and the others go on.
func TestDamagedPointer(t *testing.T) {
	r, _ := rigWithBids(t)
	ctx := t.Context()
	if err := errors.Join(r.client.Submit(ctx, r.stream("other")), r.client.Cancel(ctx, "bids")); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(r.state, "jobs/bids/v1/pointer.db")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(7, 7))
	for i := range 12 {
		data := append([]byte{}, whole...)
		switch i % 4 {
		case 0:
			data = data[:rng.IntN(len(data))]
		case 1:
			clear(data[rng.IntN(len(data)):])
		default:
			for range 1 + rng.IntN(200) {
				data[rng.IntN(len(data))] ^= 1 << rng.IntN(8)
			}
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := r.client.Resume(ctx, "bids"); err != nil {
			t.Fatal(err)
		}
		r.await("bids", "an end of its start", func(d jobs.Detail) bool { return d.State != jobs.Starting })
		if err := r.client.Cancel(ctx, "bids"); err != nil && !isStatus(err, 409) {
			t.Fatal(err)
		}
	}
	r.await("other", "that it goes on", inState(jobs.Running))
}

// TestStateIsGone takes the state of a stopped job away, or puts an older copy in its place: it does not begin
// anew over the output that is there.
func TestStateIsGone(t *testing.T) {
	r, _ := rigWithBids(t)
	ctx := t.Context()
	dir := filepath.Join(r.state, "jobs/bids/v1")
	fails := func(what, want string) {
		t.Helper()
		if err := r.client.Resume(ctx, "bids"); err != nil {
			t.Fatal(err)
		}
		if d := r.await("bids", "failure", inState(jobs.Failed)); !strings.Contains(d.Error, want) || !strings.Contains(d.Hint, "savepoint ls bids") {
			t.Errorf("%s: %s, hint %s", what, d.Error, d.Hint)
		}
	}
	if err := r.client.Cancel(ctx, "bids"); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(dir+".older", os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	if err := r.client.Resume(ctx, "bids"); err != nil {
		t.Fatal(err)
	}
	r.await("bids", "more checkpoints", func(d jobs.Detail) bool { return d.State == jobs.Running && d.Checkpoints > 8 })
	if err := r.client.Cancel(ctx, "bids"); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(dir, dir+".right"); err != nil {
		t.Fatal(err)
	}
	r.stop()
	r.start()
	fails("no state", "are in the output, but of the checkpoints in "+dir+" none")
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(dir+".older", dir); err != nil {
		t.Fatal(err)
	}
	fails("an older copy", "is its newest")
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(dir+".right", dir); err != nil {
		t.Fatal(err)
	}
	if err := r.client.Resume(ctx, "bids"); err != nil {
		t.Fatal(err)
	}
	r.await("bids", "its next run", func(d jobs.Detail) bool { return d.State == jobs.Running && d.Checkpoints > 0 })
}

// TestRegistryIsGone damages and empties the registry: the one is refused, and of the other the server tells whose
// state is there.
func TestRegistryIsGone(t *testing.T) {
	r, _ := rigWithBids(t)
	r.stop()
	path := filepath.Join(r.state, "registry.db")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	open := func(data []byte) error {
		t.Helper()
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := jobs.Open(jobs.Options{Dir: r.state, Engine: repl.NewEngine(1 << 20), Log: func(f string, args ...any) { told = append(told, fmt.Sprintf(f, args...)) }})
		if err == nil {
			err = s.Close()
		}
		return err
	}
	if err := open([]byte(strings.ReplaceAll(string(whole), `"spec":`, `"spec"?`))); !errors.Is(err, jobs.ErrRegistry) || !strings.Contains(err.Error(), "entry of job bids") {
		t.Errorf("a damaged registry: %v", err)
	}
	if err := open(nil); err != nil || len(told) != 1 || !strings.Contains(told[0], "jobs/bids has the state of a job that the registry does not know") {
		t.Errorf("an empty registry: %v, told %q", err, told)
	}
	if err := os.WriteFile(path, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	r.start()
	r.await("bids", "its next run", inState(jobs.Running))
}

// TestStopWithoutBroker stops a job whose sink's broker went away before the last checkpoint was committed: the job
// stops, and is told to have no savepoint.
func TestStopWithoutBroker(t *testing.T) {
	r := newRig(t)
	b, err := kafka.StartBroker(kafka.BrokerOptions{Partitions: 1})
	if err != nil {
		t.Fatal(err)
	}
	produce(t, b.Addr(), "events", `{"k": 1}`)
	with := ") WITH ('connector'='kafka', 'topic'='%s', 'properties.bootstrap.servers'='" + b.Addr() + "', 'format'='json', 'scan.startup.mode'='earliest-offset');\n"
	spec := jobs.Spec{Name: "bids", Dir: r.dir, Parallelism: 1, Checkpoint: jobs.Duration(20 * time.Millisecond),
		SQL: "CREATE TABLE events (k BIGINT" + fmt.Sprintf(with, "events") + "CREATE TABLE out (k BIGINT" + fmt.Sprintf(with, "out") + "INSERT INTO out SELECT k FROM events"}
	ctx := t.Context()
	if err := r.client.Submit(ctx, spec); err != nil {
		t.Fatal(err)
	}
	r.await("bids", "checkpoints", func(d jobs.Detail) bool { return d.Checkpoints > 2 })
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	r.await("bids", "that it misses the broker", inState(jobs.Restarting))
	api := new(jobs.APIError)
	if _, err := r.client.Stop(ctx, "bids", "noon"); !errors.As(err, &api) || api.Status != 409 || api.Hint != "" || !strings.Contains(err.Error(), "bids is stopped, without savepoint noon: ") {
		t.Errorf("%+v", err)
	}
	if d, err := r.client.Show(ctx, "bids"); err != nil || d.State != jobs.Stopped {
		t.Errorf("it is %s, %v", d.State, err)
	}
}
