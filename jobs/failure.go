package jobs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"regexp"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/riffle-io/riffle/dataflow/exec"
	"github.com/riffle-io/riffle/dataflow/state"
	"github.com/riffle-io/riffle/datasets/kafka"
	"github.com/riffle-io/riffle/internal/vfs"
)

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
	case errors.Is(cause, errBetween):
		j.state = Stopped
		j.eventLocked("stopped", "ended between two runs; its state is that of the last checkpoint", nil)
	case err == nil && j.state == Stopping:
		j.state = Stopped
		j.eventLocked("stopped", "stopped with a last checkpoint", nil)
	case j.state == Stopping:
		j.state, j.cause = Stopped, err.Error()
		j.eventLocked("stopped", "its last checkpoint failed; its state is that of the one before", err)
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
	// The same record is no progress, however many checkpoints came before it was met again.
	met := errors.Is(err, kafka.ErrRecord) && err.Error() == j.cause
	if progress && !met || !alike(err.Error(), j.cause) {
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

// alike tells whether two failures have the same cause: numbers, such as ports, and the random parts
// of names do not count.
func alike(a, b string) bool {
	return changing.ReplaceAllString(a, "#") == changing.ReplaceAllString(b, "#")
}

var changing = regexp.MustCompile(`[0-9a-f]*[0-9][0-9a-f]*`)

// warn tells of something that went wrong and does no harm to the job.
func (j *job) warn(err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.eventLocked("warning", "the job goes on", err)
}

func (j *job) logError(err error) {
	if err != nil {
		j.say("%v", err)
	}
}

// say writes a line to the server's log and to the job's. It needs no lock.
func (j *job) say(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	j.srv.log("job %s: %s", j.name(), text)
	j.tell(Event{At: time.Now(), Job: j.name(), Kind: "log", Text: text})
}

// passing tells whether a failure may go away by itself, however often it came.
func passing(err error) bool {
	var broker *kafka.UnavailableError
	var network *net.OpError
	return vfs.IsNoSpace(err) || errors.As(err, &broker) || errors.As(err, &network) ||
		errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, context.DeadlineExceeded) || kerr.IsRetriable(err)
}

// hint says what a person can do about a failure of the named job.
func hint(err error, job string) string {
	var outside *kafka.RangeError
	var locked *vfs.LockedError
	switch {
	case vfs.IsNoSpace(err):
		return "the disk is full: free some space; the job goes on by itself from its last checkpoint"
	case passing(err):
		return "the job tries again by itself; check that the broker runs and can be reached"
	case errors.Is(err, ErrQuery):
		return "correct the query and put it in its place: riffle promote FILE.sql --name " + job + " --replace"
	case errors.Is(err, state.ErrDamaged):
		return "a file of the state was changed from outside: put it back, or start another job from a savepoint (riffle savepoint ls " + job + ", riffle promote --from DIR)"
	case errors.Is(err, exec.ErrChanged):
		return "see which state fits: riffle savepoint check " + job
	case errors.As(err, &outside), errors.Is(err, kafka.ErrRecreated):
		return "records that the job has not read are gone, by retention or with the topic that was there before: no start can read them; start the query anew, as another job with an output of its own"
	case errors.Is(err, kafka.ErrUnknownTopic):
		return "the topic is gone: when it is there again with its records, riffle resume " + job + "; one that was made anew has other records, and needs another job"
	case errors.Is(err, kafka.ErrRecord):
		return "keep such records aside: riffle job set " + job + " bad=DIR, then riffle resume " + job
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return "riffle serve may not write there: let it, then riffle resume " + job
	case errors.As(err, &locked):
		return fmt.Sprintf("process %d has the state directory", locked.PID)
	}
	return ""
}
