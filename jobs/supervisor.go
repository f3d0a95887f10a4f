package jobs

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime/debug"
	"sync"
	"time"

	"github.com/riffle-io/riffle/batch"
	"github.com/riffle-io/riffle/dataflow/exec"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/state"
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
	claimed  string       // what an operation of several steps does to it; "": none does
	history  []Checkpoint // newest last; also those of earlier servers
	total    int          // checkpoints of this process
	recorder recorder
	lines    lineLog
	log      lineFile[Sample]     // of the sampler's goroutine
	checks   lineFile[Checkpoint] // of onCheckpoint
	past     sync.Once            // the samples of earlier servers were read
	logFails bool                 // its last write failed, and that was told

	checkFails bool // the same of checks

	stop context.CancelCauseFunc // of the supervisor; nil: it does not run
	done chan struct{}           // closed when it has returned
}

// errCancelled ends a run without a last checkpoint.
var errCancelled = errors.New("cancelled")

// errBetween ends a supervisor that waits for its next run, for an operation that starts another one.
var errBetween = errors.New("ended between two runs")

// errShutdown ends a run because the server ends; the job goes on with the next server.
var errShutdown = errors.New("the job server ends")

// name needs no lock, since it never changes.
func (j *job) name() string { return filepath.Base(j.log.dir) }

// stateDir is where the checkpoints of this version of the query are.
func (j *job) stateDir() string { return j.versionDir(j.rec.Version) }

func (j *job) versionDir(version int) string {
	return filepath.Join(j.log.dir, fmt.Sprintf("v%d", version))
}

// event remembers and publishes what happened. The lock is held.
func (j *job) eventLocked(kind, text string, err error) {
	e := Event{At: time.Now(), Job: j.name(), Kind: kind, Text: text}
	if err != nil {
		e.Error, e.Hint = err.Error(), hint(err, j.name())
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
	done := make(chan struct{})
	j.stop, j.done = cancel, done
	j.state, j.restarts, j.failures, j.cause = Starting, 0, 0, ""
	go func() {
		j.supervise(ctx, done)
		cancel(nil)
	}()
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
	j.rec.Runs++
	j.mu.Unlock()
	return j.withRun(ctx, j.watch)
}

// withRun prepares and restores the job, and passes the run, which has not read yet, to fn. A panic, such
// as of a state directory whose pointer was overwritten, must not take the other jobs down: it is
// an error.
func (j *job) withRun(ctx context.Context, fn func(*exec.Job, *Prepared, Spec) error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true)) // a file in memory may have been cut
	defer func() {
		if r := recover(); r != nil {
			j.say("%v\n%s", r, debug.Stack())
			err = fmt.Errorf("internal error: %v", r)
		}
	}()
	j.mu.Lock()
	spec, dir, committed := j.rec.Spec, j.stateDir(), j.rec.Committed
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
	store.Warn = func(err error) { j.warn(err) }
	if err := notOlder(store, committed); err != nil {
		return err
	}
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
	return fn(run, p, spec)
}

// notOlder refuses a state directory that lacks the checkpoint whose rows were committed: it was emptied, or
// is an older copy, and what came after that would be written again.
func notOlder(store *state.Store, committed int64) error {
	ids, err := store.Checkpoints()
	if err != nil || len(ids) > 0 && int64(ids[0]) >= committed || committed == 0 {
		return err
	}
	have := "none"
	if len(ids) > 0 {
		have = fmt.Sprintf("%d is its newest", ids[0])
	}
	return fmt.Errorf("%w: the rows of checkpoint %d are in the output, but of the checkpoints in %s %s", state.ErrDamaged, committed, store.Dir(), have)
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
	j.run, j.prepared, j.started, j.rec.Target = run, p, time.Now(), p.Target
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
	j.logError(j.saveLocked())
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
	if e.Err == nil {
		j.rec.Committed = max(j.rec.Committed, c.ID)
	}
	c.Cause = slowCause(c, checkpointOf(j.rec.Spec))
	if e.Unpublished != nil {
		c.Note = "others cannot see how far it is: " + e.Unpublished.Error()
	}
	if e.Err != nil {
		c.Failed, c.Cause = true, e.Err.Error()
	} else {
		j.total++
	}
	j.history = append(j.history, c)
	if n := len(j.history) - keptChecks; n > 0 {
		j.history = append([]Checkpoint{}, j.history[n:]...)
	}
	if err := j.checks.append([]Checkpoint{c}); err != nil && !j.checkFails {
		j.say("the history of checkpoints is not kept: %v", err)
		j.checkFails = true
	} else if err == nil {
		j.checkFails = false
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
