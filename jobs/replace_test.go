package jobs_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/riffle-io/riffle/jobs"
)

// rigWithBids is a rig in which the stream bids runs and has a checkpoint.
func rigWithBids(t *testing.T) (*rig, jobs.Spec) {
	t.Helper()
	r := newRig(t)
	spec := r.stream("bids")
	if err := r.client.Submit(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	r.await("bids", "a checkpoint", func(d jobs.Detail) bool { return d.Checkpoints > 0 })
	return r, spec
}

// TestReplace puts changed queries in the place of a running one: a projection keeps the state of the
// windows, another window size does not.
func TestReplace(t *testing.T) {
	r, spec := rigWithBids(t)
	ctx := t.Context()
	same, other := spec, spec
	same.SQL = strings.Replace(spec.SQL, "count(*), window_start FROM", "count(*) + 1000000, window_start FROM", 1)
	other.SQL = strings.Replace(spec.SQL, "'10' SECOND", "'20' SECOND", 1)
	for _, c := range []struct {
		spec jobs.Spec
		want string
	}{{same, "keep keep"}, {other, "new new drop drop"}} {
		list, err := r.client.Fit(ctx, "bids", c.spec)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range list {
			got = append(got, f.Fit)
		}
		if strings.Join(got, " ") != c.want || jobs.Lossless(list) != (c.want == "keep keep") {
			t.Errorf("fit %+v, want %s", list, c.want)
		}
	}
	if _, err := r.client.Savepoint(ctx, "bids", "before-v2"); err != nil { // the name that replacing would take
		t.Fatal(err)
	}
	if err := r.client.Replace(ctx, same); err != nil {
		t.Fatal(err)
	}
	wrote := r.await("bids", "output of version 2", func(d jobs.Detail) bool { return d.Version == 2 && d.State == jobs.Running && d.RowsOut > 0 })
	r.await("bids", "its commit", func(d jobs.Detail) bool { return d.Checkpoints > wrote.Checkpoints+2 })
	if err := r.client.Cancel(ctx, "bids"); err != nil {
		t.Fatal(err)
	}
	// Windows of both versions are there once, and none is missing between them.
	got := r.query("SELECT min(n) < 1000000, max(n) > 1000000, count(*) > 0 FROM 'out/bids'")
	if got != "true,true,true\n" {
		t.Errorf("got %s", got)
	}
	if got := r.query("SELECT count(*), count(*) FILTER (WHERE c = 7) FROM (SELECT at, count(*) AS c FROM 'out/bids' GROUP BY at)"); !twins(got) {
		t.Errorf("windows, and those with a row of each key: %s", got)
	}
}

// TestFork: a fork writes to a place of its own, and may be started again under a name that was used.
func TestFork(t *testing.T) {
	r, spec := rigWithBids(t)
	ctx := t.Context()
	fork := spec
	fork.Name = "copy"
	if err := r.client.Fork(ctx, "bids", fork); err == nil || !strings.Contains(err.Error(), "copy needs a directory of its own") {
		t.Errorf("into the same directory: %v", err)
	}
	if err := r.client.Submit(ctx, fork); err == nil || !strings.Contains(err.Error(), "bids writes into") {
		t.Errorf("a new job into the same directory: %v", err)
	}
	fork.SQL = strings.ReplaceAll(spec.SQL, "out/bids", "out/copy")
	for range 2 {
		if err := r.client.Fork(ctx, "bids", fork); err != nil {
			t.Fatal(err)
		}
		r.await("copy", "rows of its own", func(d jobs.Detail) bool { return d.State == jobs.Running && d.RowsOut > 0 })
		if err := r.client.Cancel(ctx, "copy"); err != nil {
			t.Fatal(err)
		}
		if err := r.client.Remove(ctx, "copy"); err != nil {
			t.Fatal(err)
		}
	}
}

// twins tells whether both values of a row are the same.
func twins(row string) bool {
	a, b, _ := strings.Cut(strings.TrimSpace(row), ",")
	return a == b && a != ""
}

// TestRebuilt checks what a replacement says of a join with a file: its table is in no checkpoint and
// is read again, also when another one takes its place.
func TestRebuilt(t *testing.T) {
	r := newRig(t)
	for file, rows := range map[string]string{"names.csv": "auction,name\n1,one\n2,two\n", "others.csv": "auction,name\n1,uno\n"} {
		if err := os.WriteFile(filepath.Join(r.dir, file), []byte(rows), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	spec := r.stream("bids")
	spec.SQL = strings.Replace(spec.SQL, "INSERT INTO out SELECT auction % 7, count(*), window_start FROM TUMBLE(TABLE bids,",
		"CREATE VIEW named AS SELECT b.auction, b.date_time FROM bids b JOIN 'names.csv' n ON b.auction % 7 = n.auction;\nINSERT INTO out SELECT auction % 7, count(*), window_start FROM TUMBLE(TABLE bids,", 1)
	spec.SQL = strings.Replace(spec.SQL, "INSERT INTO out SELECT auction % 7, count(*), window_start", "INSERT INTO out SELECT w.auction, w.n, w.at FROM (SELECT auction % 7 AS auction, count(*) AS n, window_start AS at", 1) +
		") w JOIN 'names.csv' n ON w.auction = n.auction"
	if err := r.client.Submit(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	r.await("bids", "a checkpoint", func(d jobs.Detail) bool { return d.Checkpoints > 0 })
	other := spec
	other.SQL = strings.ReplaceAll(spec.SQL, "names.csv", "others.csv")
	list, err := r.client.Fit(t.Context(), "bids", other)
	if err != nil {
		t.Fatal(err)
	}
	fits := map[string]int{}
	for _, f := range list {
		fits[f.Fit]++
	}
	if fits[jobs.FitKeep] != 2 || fits[jobs.FitRebuild] != 1 || len(fits) != 2 || !jobs.Lossless(list) {
		t.Errorf("fit %+v", list)
	}
}
