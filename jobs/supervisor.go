package jobs

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/riffle-io/riffle/batch"
	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/exec"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/state"
	"github.com/riffle-io/riffle/datasets/kafka"
	"github.com/riffle-io/riffle/internal/vfs"
	"github.com/riffle-io/riffle/streaming"
)

const (
	firstWait  = 500 * time.Millisecond // before the first restart; it doubles
	longestGap = 30 * time.Second       // between restarts
	sameCause  = 3                      // runs that fail alike without a checkpoint make a job failed
	keptEvents = 200
	keptChecks = 500
	keptLines  = 1000
)

// job supervises one job: it runs it, starts it again, and remembers what happened.
type job struct {
	srv *Server
	rec *record // guarded by mu, as everything below

	mu       sync.Mutex
	state    string
	prepared *Prepared
	run      *exec.Job
	started  time.Time
	restarts int
	failures int // in a row, with the same cause and no checkpoint in between
	cause    string
	history  []Checkpoint // newest last
	total    int          // checkpoints of this process
	recorder recorder
	lines    lineLog
	log      metricsLog // of the sampler's goroutine
	past     sync.Once  // the samples of earlier servers were read
	logFails bool       // its last write failed, and that was told

	stop context.CancelCauseFunc // of the supervisor; nil: it does not run
	done chan struct{}           // closed when it has returned
}

// errCancelled ends a run without a last checkpoint.
var errCancelled = errors.New("cancelled")

// errShutdown ends a run because the server ends; the job goes on with the next server.
var errShutdown = errors.New("the job server ends")

func (j *job) name() string { return j.rec.Spec.Name }

// stateDir is where the checkpoints of this version of the query are.
func (j *job) stateDir() string {
	return filepath.Join(j.srv.dir, "jobs", j.name(), fmt.Sprintf("v%d", j.rec.Version))
}

// event remembers and publishes what happened. The lock is held.
func (j *job) eventLocked(kind, text string, err error) {
	e := Event{At: time.Now(), Job: j.name(), Kind: kind, Text: text}
	if err != nil {
		e.Error, e.Hint = err.Error(), hint(err)
	}
	j.rec.Past = append(j.rec.Past, e)
	if n := len(j.rec.Past) - keptEvents; n > 0 {
		j.rec.Past = append([]Event{}, j.rec.Past[n:]...)
	}
	j.tell(e)
}

// tell keeps an event in the job's log and publishes it.
func (j *job) tell(e Event) {
	j.lines.add(e)
	j.srv.events.publish(e)
}

// save makes the record durable. The lock is held.
func (j *job) saveLocked() error { return j.srv.reg.put(j.rec) }

// launch starts the supervisor. The lock is held and no supervisor runs.
func (j *job) launchLocked() {
	ctx, cancel := context.WithCancelCause(j.srv.ctx)
	j.stop, j.done = cancel, make(chan struct{})
	j.state, j.restarts, j.failures, j.cause = Starting, 0, 0, ""
	j.rec.Ended, j.rec.Cause = "", ""
	go j.supervise(ctx, j.done)
}

// supervise runs the job until it ends for good.
func (j *job) supervise(ctx context.Context, done chan struct{}) {
	defer close(done)
	wait := firstWait
	for {
		checks := j.checkpoints()
		err := j.runOnce(ctx)
		again := j.ended(ctx, err, j.checkpoints() > checks)
		if !again {
			return
		}
		if j.checkpoints() > checks {
			wait = firstWait
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			j.ended(ctx, context.Cause(ctx), false)
			return
		}
		wait = min(2*wait, longestGap)
	}
}

func (j *job) checkpoints() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.total
}

// runOnce prepares, restores and runs the job once.
func (j *job) runOnce(ctx context.Context) error {
	j.mu.Lock()
	spec := j.rec.Spec
	j.rec.Runs++
	dir := j.stateDir()
	j.mu.Unlock()
	p, err := j.srv.engine.Prepare(ctx, spec)
	if err != nil {
		return err
	}
	store, err := state.OpenStore(vfs.OS{}, dir, j.srv.format)
	if err != nil {
		return err
	}
	defer store.Close()
	if err := importSavepoint(store, spec, j.srv.format); err != nil {
		return err
	}
	o := p.Options
	if o.ID, err = store.JobID(); err != nil {
		return err
	}
	o.Store, o.Checkpoint, o.OnEvent, o.Adapt = store, checkpointOf(spec), j.onCheckpoint, spec.Adapt
	run, err := start(ctx, p, o)
	if err != nil {
		return err
	}
	return j.watch(run, p, spec)
}

func checkpointOf(s Spec) time.Duration {
	if s.Checkpoint > 0 {
		return time.Duration(s.Checkpoint)
	}
	return 10 * time.Second
}

// importSavepoint gives a job its first state, when it is to begin with a savepoint.
func importSavepoint(store *state.Store, s Spec, f state.Format) error {
	if s.From == "" {
		return nil
	}
	ids, err := store.Checkpoints()
	if err != nil || len(ids) > 0 {
		return err
	}
	sp, err := state.OpenSavepoint(vfs.OS{}, s.From, f)
	if err != nil {
		return err
	}
	return store.Import(sp)
}

// start runs a plan under the policy that fits its input.
func start(ctx context.Context, p *Prepared, o exec.Options) (*exec.Job, error) {
	if plan.Unbounded(p.Root) {
		return streaming.Start(ctx, p.Root, o, streaming.Until{})
	}
	return batch.Start(ctx, p.Root, o)
}

// watch waits for a run and takes its metrics every second.
func (j *job) watch(run *exec.Job, p *Prepared, spec Spec) error {
	for table, d := range spec.Idle {
		run.SetIdle(table, time.Duration(d))
	}
	j.mu.Lock()
	j.run, j.prepared, j.started = run, p, time.Now()
	j.state = Running
	if j.rec.Want == Paused {
		run.Pause()
		j.state = Paused
	}
	if j.rec.Want == Stopped { // asked while it was being prepared
		run.Cancel(errCancelled)
	}
	j.recorder.reset()
	j.eventLocked("running", fmt.Sprintf("runs with parallelism %d", p.Options.Parallelism), nil)
	j.mu.Unlock()
	err := j.sampled(run)
	j.mu.Lock()
	defer j.mu.Unlock()
	j.run = nil
	if err == nil && run.Finished() {
		j.eventLocked("finished", "its input had ended in an earlier run", nil)
	}
	return err
}

// onCheckpoint adds a checkpoint to the history.
func (j *job) onCheckpoint(e exec.Event) {
	if !e.Committed && e.Err == nil {
		return
	}
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	c := Checkpoint{ID: int64(e.Checkpoint), At: time.Now(), TotalMS: ms(e.Duration), AlignMS: ms(e.Align), PauseMS: ms(e.Pause),
		WriteMS: ms(e.Write), CommitMS: ms(e.Commit), Slowest: e.Slowest, Kind: "full", Bytes: e.Bytes, State: e.State, Rows: e.Rows}
	if e.Incremental {
		c.Kind = "incr"
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	c.Cause = slowCause(c, checkpointOf(j.rec.Spec))
	if e.Unpublished != nil {
		c.Note = "others cannot see how far it is: " + e.Unpublished.Error()
	}
	if e.Err != nil {
		c.Failed, c.Cause = true, e.Err.Error()
	} else {
		j.total++
		j.failures = 0
	}
	j.history = append(j.history, c)
	if n := len(j.history) - keptChecks; n > 0 {
		j.history = append([]Checkpoint{}, j.history[n:]...)
	}
	j.tell(Event{At: c.At, Job: j.name(), Kind: "checkpoint", Text: fmt.Sprintf("checkpoint %d, %.0f ms", c.ID, c.TotalMS), Error: errText(e.Err)})
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// slowCause says in words where the time of a slow checkpoint went; "" when it was not slow: less
// than a second and, from a tenth of a second on, less than the interval.
func slowCause(c Checkpoint, every time.Duration) string {
	if c.TotalMS < 100 || c.TotalMS < 1000 && c.TotalMS < float64(every.Milliseconds()) {
		return ""
	}
	switch max(c.AlignMS, c.WriteMS, c.CommitMS) {
	case c.AlignMS:
		return fmt.Sprintf("barrier waited %.1f s for %s (back-pressure)", c.AlignMS/1000, c.Slowest)
	case c.WriteMS:
		return fmt.Sprintf("writing %d bytes of state took %.1f s (disk)", c.Bytes, c.WriteMS/1000)
	}
	return fmt.Sprintf("the sink's commit took %.1f s", c.CommitMS/1000)
}

// ended decides what follows a run. It returns true when the job is to be started again.
func (j *job) ended(ctx context.Context, err error, progress bool) (again bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	cause := context.Cause(ctx)
	switch {
	case errors.Is(cause, errShutdown):
		return false // the registry still wants it
	case errors.Is(cause, errCancelled), errors.Is(err, errCancelled):
		j.state = Stopped
		j.eventLocked("stopped", "cancelled; its state is that of the last checkpoint", nil)
	case err == nil && j.state == Stopping:
		j.state = Stopped
		j.eventLocked("stopped", "stopped with a last checkpoint", nil)
	case err == nil:
		j.state, j.rec.Ended = Finished, Finished
		j.eventLocked("finished", "its input ended", nil)
	default:
		return j.failedLocked(err, progress)
	}
	j.logError(j.saveLocked())
	return false
}

// failedLocked tells whether a failed job is worth another run.
func (j *job) failedLocked(err error, progress bool) (again bool) {
	if progress || err.Error() != j.cause {
		j.failures = 0
	}
	j.failures++
	j.cause = err.Error()
	final := errors.Is(err, ErrQuery) || errors.Is(err, exec.ErrChanged) || errors.Is(err, state.ErrDamaged) || errors.Is(err, state.ErrNotSavepoint)
	if final || j.failures >= sameCause && !passing(err) {
		j.state, j.rec.Ended, j.rec.Cause = Failed, Failed, j.cause
		j.eventLocked("failed", "failed and is not started again by itself", err)
	} else {
		again = true
		j.state = Restarting
		j.restarts++
		j.eventLocked("restarting", fmt.Sprintf("failed, restart %d", j.restarts), err)
	}
	j.logError(j.saveLocked())
	return again
}

func (j *job) logError(err error) {
	if err != nil {
		j.say("%v", err)
	}
}

// say writes a line to the server's log and to the job's. It needs no lock.
func (j *job) say(format string, args ...any) {
	name, text := filepath.Base(j.log.dir), fmt.Sprintf(format, args...)
	j.srv.log("job %s: %s", name, text)
	j.tell(Event{At: time.Now(), Job: name, Kind: "log", Text: text})
}

// passing tells whether a failure may go away by itself, however often it came.
func passing(err error) bool {
	var broker *kafka.UnavailableError
	var network *net.OpError
	return vfs.IsNoSpace(err) || errors.As(err, &broker) || errors.As(err, &network) ||
		errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, context.DeadlineExceeded) || kerr.IsRetriable(err)
}

// hint says what a person can do about a failure.
func hint(err error) string {
	var te *dataflow.TaskError
	var locked *vfs.LockedError
	switch {
	case vfs.IsNoSpace(err):
		return "the disk is full: free some space; the job goes on by itself from its last checkpoint"
	case passing(err):
		return "the job tries again by itself; check that the broker runs and can be reached"
	case errors.Is(err, ErrQuery):
		return "correct the query and put it in its place: riffle promote --replace"
	case errors.Is(err, state.ErrDamaged):
		return "a file of the state was changed from outside: start the job from a savepoint"
	case errors.Is(err, exec.ErrChanged):
		return "see which state fits: riffle savepoint check"
	case errors.As(err, &locked):
		return fmt.Sprintf("process %d has the state directory", locked.PID)
	case errors.As(err, &te) && te.Split != "":
		return "if the record cannot be decoded, keep such records aside: riffle job set NAME bad=DIR"
	}
	return ""
}
