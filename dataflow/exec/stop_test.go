package exec_test

import (
	"maps"
	"runtime"
	"sync"
	"testing"

	"github.com/riffle-io/riffle/dataflow/exec"
	"github.com/riffle-io/riffle/internal/vfs"
)

// TestStopWithSlowReaders stops a job whose readers take longer to close than the last checkpoint takes to
// be complete. It must stay the last one: nothing is left for another, and no task would take part.
func TestStopWithSlowReaders(t *testing.T) {
	disk, to := vfs.NewMem(), newStore()
	for n := 0; n < logRows; n += 2 {
		stopAfter(t, disk, to, 2)
	}
	stopAfter(t, disk, to, -1)
	if !maps.Equal(to.rows, want()) {
		t.Fatalf("got %v, want %v", to.rows, want())
	}
}

// stopAfter goes on with the job and stops it after so many rows; -1 lets it come to its end.
func stopAfter(t *testing.T, disk vfs.FS, to *store, rows int) {
	t.Helper()
	st, id := openState(t, disk)
	defer st.Close()
	var job *exec.Job
	ready, committed := make(chan struct{}), make(chan struct{})
	var once sync.Once
	l := &rowLog{stop: rows, full: func() { go func() { <-ready; job.Stop() }() }}
	if rows >= 0 {
		l.close = func() {
			<-committed
			for range 1000 { // a tick, or a savepoint that is asked for
				exec.Trigger(job)
				runtime.Gosched()
			}
		}
	}
	o := exec.Options{Parallelism: 2, Store: st, ID: id, OnEvent: func(e exec.Event) {
		if e.Committed || e.Err != nil {
			once.Do(func() { close(committed) })
		}
	}}
	job, err := exec.Start(t.Context(), windowJob(t, l, to), o)
	if err != nil {
		t.Fatal(err)
	}
	close(ready)
	if err := job.Wait(); err != nil {
		t.Fatal(err)
	}
}
