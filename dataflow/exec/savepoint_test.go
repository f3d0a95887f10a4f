package exec_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/exec"
	"github.com/riffle-io/riffle/dataflow/state"
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/datasets/parquet"
	"github.com/riffle-io/riffle/internal/vfs"
)

// runJob runs windowJob over state directory dir; with at not nil it stops after `stop` rows, calls at
// and cuts the job off.
func runJob(t *testing.T, disk vfs.FS, dir string, from *state.Checkpoint, to *store, stop int, at func(*exec.Job)) error {
	t.Helper()
	st, err := state.OpenStore(disk, dir, parquet.Format{})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	st.ShareLayers(100)
	if from != nil {
		if err := st.Import(from); err != nil {
			t.Fatal(err)
		}
	}
	id, err := st.JobID()
	if err != nil {
		t.Fatal(err)
	}
	full := make(chan struct{})
	l := &rowLog{stop: stop, full: func() { close(full) }}
	j, err := exec.Start(t.Context(), windowJob(t, l, to), exec.Options{Parallelism: 2, Store: st, ID: id})
	if err != nil {
		return err
	}
	if at != nil {
		go func() { <-full; at(j); j.Cancel(errCut) }()
	}
	return j.Wait()
}

// TestSavepoint takes a savepoint after each number of rows and goes on from it in a new state
// directory; the rows that both jobs wrote are those of a job left alone.
func TestSavepoint(t *testing.T) {
	for n := 1; n < logRows; n++ {
		disk, to := vfs.NewCrash(), newStore()
		err := runJob(t, disk, "state", nil, to, n, func(j *exec.Job) {
			if e, err := j.Savepoint(context.Background(), "kept/sp"); err != nil || !e.Committed {
				t.Errorf("after %d rows: %+v, %v", n, e, err)
			}
			if _, err := j.Savepoint(context.Background(), "kept/sp"); !errors.Is(err, fs.ErrExist) {
				t.Errorf("a second savepoint of the same name: %v", err)
			}
		})
		if !errors.Is(err, errCut) {
			t.Fatal(err)
		}
		sp, err := state.OpenSavepoint(disk, "kept/sp", parquet.Format{})
		if err != nil {
			t.Fatal(err)
		}
		if err := sp.Verify(); err != nil {
			t.Fatal(err)
		}
		if err := runJob(t, disk, "other", sp, to, -1, nil); err != nil {
			t.Fatal(err)
		}
		if !maps.Equal(to.rows, want()) {
			t.Fatalf("savepoint after %d rows: got %v, want %v", n, to.rows, want())
		}
	}
}

// TestSavepointDamage flips a byte of each file of a savepoint, and takes its checksum away.
func TestSavepointDamage(t *testing.T) {
	disk := vfs.NewCrash()
	if err := runJob(t, disk, "state", nil, newStore(), 7, func(j *exec.Job) {
		if _, err := j.Savepoint(context.Background(), "sp"); err != nil {
			t.Error(err)
		}
	}); !errors.Is(err, errCut) {
		t.Fatal(err)
	}
	check := func() error {
		c, err := state.OpenSavepoint(disk, "sp", parquet.Format{})
		if err == nil {
			err = c.Verify()
		}
		return err
	}
	names, err := disk.List("sp")
	if err != nil || len(names) < 3 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		file := path.Join("sp", name)
		data, err := vfs.ReadFile(disk, file)
		if err != nil {
			t.Fatal(err)
		}
		bad := append([]byte{}, data...)
		bad[len(bad)/2] ^= 1
		if err := vfs.WriteFileAtomic(disk, file, bad); err != nil {
			t.Fatal(err)
		}
		if err := check(); !errors.Is(err, state.ErrDamaged) {
			t.Errorf("%s with a flipped bit: %v", name, err)
		}
		if err := vfs.WriteFileAtomic(disk, file, data); err != nil {
			t.Fatal(err)
		}
	}
	if err := check(); err != nil {
		t.Fatal(err)
	}
	if err := disk.Remove("sp/manifest.crc32c"); err != nil {
		t.Fatal(err)
	}
	if err := check(); !errors.Is(err, state.ErrNotSavepoint) {
		t.Errorf("half a savepoint: %v", err)
	}
}

// TestView reads the state of a job as of a savepoint: what the job had written and the view make
// up the sums of the rows that it had read.
func TestView(t *testing.T) {
	for n := 1; n < logRows; n++ {
		disk, to := vfs.NewCrash(), newStore()
		if err := runJob(t, disk, "state", nil, to, n, func(j *exec.Job) {
			if _, err := j.Savepoint(context.Background(), "sp"); err != nil {
				t.Error(err)
			}
		}); !errors.Is(err, errCut) {
			t.Fatal(err)
		}
		sp, err := state.OpenSavepoint(disk, "sp", parquet.Format{})
		if err != nil {
			t.Fatal(err)
		}
		got := maps.Clone(to.rows)
		root := windowJob(t, &rowLog{stop: -1}, to)
		ids, _ := exec.Operators(root)
		for _, f := range sp.Tables {
			if !slices.Contains(ids, f.Operator) {
				t.Fatalf("operators with state: %v, table of %s", ids, f.Operator)
			}
		}
		view, err := exec.StartView(t.Context(), root, sp, exec.Options{Parallelism: 2, Result: dataflow.OutputFunc(func(b *vec.Batch) error {
			for i := range b.Live() {
				got[fmt.Sprint(b.Cols[0].Value(b.Row(i)).I, " ", b.Cols[1].Value(b.Row(i)).I)]++
			}
			return nil
		})})
		if err != nil {
			t.Fatal(err)
		}
		if err := view.Wait(); err != nil {
			t.Fatal(err)
		}
		if want := sumsOf(t, sp); !maps.Equal(got, want) {
			t.Fatalf("after %d rows: got %v, want %v", n, got, want)
		}
	}
}

// sumsOf is what windowJob gives for the rows that a checkpoint's positions are behind.
func sumsOf(t *testing.T, c *state.Checkpoint) map[string]int {
	t.Helper()
	sums := map[int]int{}
	for _, src := range c.Sources {
		var splits []exec.SplitState
		if err := json.Unmarshal(src.Splits, &splits); err != nil {
			t.Fatal(err)
		}
		for _, s := range splits {
			first := int(s.ID[len(s.ID)-1] - '0')
			for k := range int(s.Rows) {
				sums[(first+2*k)/4] += first + 2*k
			}
		}
	}
	out := map[string]int{}
	for w, sum := range sums {
		out[fmt.Sprint(sum, " ", w*20_000_000)]++
	}
	return out
}

// TestSavepointDuringCheckpoint asks for a savepoint while a checkpoint is being stored that began before: it
// gets one that began after.
func TestSavepointDuringCheckpoint(t *testing.T) {
	st, id := openState(t, vfs.NewMem())
	defer st.Close()
	var job *exec.Job
	ready, full := make(chan struct{}), make(chan struct{})
	got := make(chan exec.Event, 1)
	var once sync.Once
	storing := func(exec.Event) {
		once.Do(func() { // the first checkpoint is durable, and waits here
			<-ready
			go func() {
				e, err := job.Savepoint(t.Context(), "sp")
				if err != nil {
					t.Error(err)
				}
				got <- e
				job.Cancel(errCut)
			}()
			for exec.Asked(job) == 0 {
				runtime.Gosched()
			}
		})
	}
	l := &rowLog{stop: 5, full: func() { close(full) }}
	job, err := exec.Start(t.Context(), windowJob(t, l, newStore()), exec.Options{Parallelism: 2, Store: st, ID: id, OnEvent: storing})
	if err != nil {
		t.Fatal(err)
	}
	close(ready)
	go func() { <-full; exec.Trigger(job) }()
	if err := job.Wait(); !errors.Is(err, errCut) {
		t.Fatal(err)
	}
	if e := <-got; e.Checkpoint != 2 || !e.Committed {
		t.Errorf("savepoint of checkpoint %d, committed %v; the one under way was 1", e.Checkpoint, e.Committed)
	}
}
