package jobs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/riffle-io/riffle/dataflow/exec"
	"github.com/riffle-io/riffle/dataflow/state"
	"github.com/riffle-io/riffle/internal/vfs"
)

// Operations of several steps: a job is ended, something is done to its state, and it is started again.
// They claim the job, so that no other one meets it between two steps; only Cancel may, since it has
// to end what hangs. What the registry wants stays what it was until the last step: after a kill the
// job runs as it did before.

// claim reserves the job; what says it in words: "restarted".
func (j *job) claim(what string) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.claimLocked(what)
}

func (j *job) claimLocked(what string) error {
	if err := j.freeLocked(); err != nil {
		return err
	}
	j.claimed = what
	return nil
}

// freeLocked refuses while another operation has the job.
func (j *job) freeLocked() error {
	if j.claimed != "" {
		return fmt.Errorf("%w: %s is being %s; try again when that is done", ErrState, j.name(), j.claimed)
	}
	return nil
}

// unwantLocked has the registry no longer want the job to run.
func (j *job) unwantLocked() error {
	before := j.rec.Want
	j.rec.Want = Stopped
	err := j.saveLocked()
	if err != nil {
		j.rec.Want = before
	}
	return err
}

func (j *job) release() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.claimed = ""
}

// Cancel ends a job at once, without a last checkpoint. It can go on from the one before.
func (s *Server) Cancel(name string) error {
	j, err := s.job(name)
	if err != nil {
		return err
	}
	j.mu.Lock()
	if !j.runsLocked() {
		defer j.mu.Unlock()
		if err := j.freeLocked(); err != nil {
			return err
		}
		return j.stateError()
	}
	if err := j.unwantLocked(); err != nil {
		j.mu.Unlock()
		return err
	}
	stop := j.stop
	j.mu.Unlock()
	stop(errCancelled)
	j.await()
	return nil
}

// errLast tells that a job was stopped and its last checkpoint failed.
var errLast = errors.New("its last checkpoint failed")

// Stop ends a job with a last checkpoint: open windows stay in it and do not fire. With label not
// empty the checkpoint is also kept as a savepoint of that name, whose directory is returned. A job
// that is between two runs has only its last checkpoint, which is used then.
func (s *Server) Stop(ctx context.Context, name, label string) (dir string, err error) {
	j, err := s.job(name)
	if err != nil {
		return "", err
	}
	if dir, err = s.newSavepointDir(name, label); err != nil {
		return "", err
	}
	if err := j.claim("stopped"); err != nil {
		return "", err
	}
	defer j.release()
	if err := j.end(ctx, true); err != nil || label == "" {
		return "", err
	}
	if err := s.exportLast(ctx, j, dir, true); err != nil {
		return "", fmt.Errorf("%s is stopped, without savepoint %s: %w", name, label, err)
	}
	return dir, nil
}

// end ends the runs of a job that was claimed: with a last checkpoint, or, when it is between two runs,
// at once. With forGood the registry no longer wants it. An error that wraps errLast means that it has
// ended with the checkpoint before.
func (j *job) end(ctx context.Context, forGood bool) error {
	j.mu.Lock()
	run, stop, done := j.run, j.stop, j.done
	between := run == nil || j.state == Restarting
	if !j.runsLocked() {
		defer j.mu.Unlock()
		return j.stateError()
	}
	if forGood {
		if err := j.unwantLocked(); err != nil {
			j.mu.Unlock()
			return err
		}
	}
	if !between {
		j.state = Stopping
	}
	j.mu.Unlock()
	if between {
		stop(errBetween)
	} else {
		run.Resume() // a paused source has to pass the barrier on
		run.Stop()
	}
	select {
	case <-done:
	case <-ctx.Done():
		return fmt.Errorf("%s is still stopping: %w", j.name(), ctx.Err())
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	switch {
	case j.state == Stopped && j.cause != "" && !between:
		return fmt.Errorf("%w: %s is stopped, but %w: %s; what came after the checkpoint before is read again when it is resumed", ErrState, j.name(), errLast, j.cause)
	case j.state == Stopped, j.state == Finished:
		return nil
	}
	return fmt.Errorf("%w: %s", j.stateError(), j.cause)
}

// exportLast makes a savepoint of the last checkpoint of a job that does not run. With settled it is
// one whose rows were committed: a savepoint has nothing that a later start could commit.
func (s *Server) exportLast(ctx context.Context, j *job, dir string, settled bool) error {
	if settled {
		if err := s.settle(ctx, j); err != nil {
			return fmt.Errorf("%w: the rows of the last checkpoint of %s may not be committed yet, and cannot be now: %w", ErrState, j.name(), err)
		}
	}
	store, err := state.OpenStore(vfs.OS{}, j.dirNow(), s.format)
	if err != nil {
		return err
	}
	defer store.Close()
	ids, err := store.Checkpoints()
	if err != nil {
		return err
	}
	if len(ids) == 0 {
		return fmt.Errorf("%w: %s has no checkpoint yet", ErrState, j.name())
	}
	return store.Export(ids[0], dir)
}

// dirNow is stateDir of a job that is not locked.
func (j *job) dirNow() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.stateDir()
}

// settle has the last checkpoint of a job that does not run committed, or dropped when its transaction
// was not. A job that was killed or cancelled between the two has to be restored for that; it reads
// nothing.
func (s *Server) settle(ctx context.Context, j *job) error {
	owes, err := s.owes(j)
	if err != nil || !owes {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer context.AfterFunc(s.ctx, func() { cancel(errShutdown) })()
	defer cancel(nil)
	return j.withRun(ctx, func(run *exec.Job, _ *Prepared, _ Spec) error {
		run.Pause()
		run.Stop()
		return run.Wait()
	})
}

// owes tells whether the last checkpoint prepared rows that are not known to be committed.
func (s *Server) owes(j *job) (bool, error) {
	store, err := state.OpenStore(vfs.OS{}, j.dirNow(), s.format)
	if err != nil {
		return false, err
	}
	defer store.Close()
	ids, err := store.Checkpoints()
	j.mu.Lock()
	committed := j.rec.Committed
	j.mu.Unlock()
	if err != nil || len(ids) == 0 || int64(ids[0]) <= committed {
		return false, err
	}
	c, err := store.Open(ids[0])
	return err == nil && len(c.Sinks) > 0, err
}

// Restart stops a job with a last checkpoint and starts it again; a job that does not run is started.
func (s *Server) Restart(ctx context.Context, name string) error {
	return s.change(ctx, name, "restarted", "restarted", func() error { return nil }, func(*record) {})
}

// Rescale changes the parallelism of a job. Key groups move to other tasks with the restart.
func (s *Server) Rescale(ctx context.Context, name string, p int) error {
	if p < 1 || p > 1024 {
		return fmt.Errorf("%w: parallelism %d is not from 1 to 1024", ErrRequest, p)
	}
	return s.change(ctx, name, "rescaled", fmt.Sprintf("rescaled to %d", p), func() error { return nil }, func(r *record) { r.Spec.Parallelism = p })
}

// change stops a job with a last checkpoint, has ready look at what it left, changes its record and
// starts it again. A client that goes away does not leave it half done. A paused job stays paused.
func (s *Server) change(ctx context.Context, name, what, told string, ready func() error, edit func(*record)) error {
	j, err := s.job(name)
	if err != nil {
		return err
	}
	j.mu.Lock()
	if err = j.claimLocked(what); err == nil && j.state == Finished {
		j.claimed, err = "", fmt.Errorf("%w: %s has finished", ErrState, name)
	}
	ran, want := j.runsLocked(), j.rec.Want
	j.mu.Unlock()
	if err != nil {
		return err
	}
	err = s.changeClaimed(context.WithoutCancel(ctx), j, ran, want, told, ready, edit)
	j.release()
	if err == nil {
		j.awaitStart(ctx)
	}
	return err
}

// changeClaimed is change of a job that was claimed, which ran or did not, as the registry wanted it.
func (s *Server) changeClaimed(ctx context.Context, j *job, ran bool, want, told string, ready func() error, edit func(*record)) error {
	if ran {
		if err := j.end(ctx, false); err != nil && !errors.Is(err, errLast) {
			return err
		}
	} else {
		want = Running
	}
	err := ready()
	j.mu.Lock()
	defer j.mu.Unlock()
	switch {
	case s.ctx.Err() != nil:
		return context.Cause(s.ctx)
	case j.state == Finished: // its input ended while it was stopping
		return nil
	case ran && j.rec.Want != want:
		return fmt.Errorf("%w: %s was cancelled before it was %s", ErrState, j.name(), told)
	case err == nil:
		before := *j.rec
		edit(j.rec)
		if err = j.relaunchLocked(want, told); err == nil {
			return nil
		}
		past := j.rec.Past
		*j.rec = before
		j.rec.Past = past
	}
	if !ran {
		return err
	}
	return errors.Join(err, j.relaunchLocked(want, "goes on as before"))
}

// Replace puts another query in the place of a job's. The new version begins with a savepoint of the
// old one: operators whose meaning did not change keep their state, sources go on where the old
// ones stopped. A job that has no checkpoint yet begins anew.
func (s *Server) Replace(ctx context.Context, spec Spec) error {
	j, err := s.job(spec.Name)
	if err != nil {
		return err
	}
	if err := j.complete(&spec); err != nil {
		return err
	}
	target, err := s.checkTarget(ctx, spec)
	if err != nil {
		return err
	}
	old, from, version := "", "", 0
	err = s.change(ctx, spec.Name, "replaced", "replaced by a new version of its query", func() (err error) {
		j.mu.Lock()
		old, version = j.stateDir(), j.rec.Version+1
		j.mu.Unlock()
		if from, err = s.saveBefore(ctx, j, old, version); err != nil {
			return err
		}
		return os.RemoveAll(j.versionDir(version))
	}, func(r *record) {
		if e := r.Spec.Explored; spec.Explored == nil && e != nil && e.Job == spec.SQL {
			spec.Explored = e // the same job, from its file
		}
		if spec.From = from; from == "" {
			spec.From = r.Spec.From
		}
		spec.Adapt = true
		r.Spec, r.Version, r.Target, r.Committed = spec, version, target, 0
	})
	if err == nil && old != "" && old != j.dirNow() {
		j.logError(os.RemoveAll(old)) // what stays is removed when the server starts
	}
	return err
}

// saveBefore makes the savepoint that a version of a job begins with, of the last checkpoint in the directory
// of the one before; "" when there is none.
func (s *Server) saveBefore(ctx context.Context, j *job, old string, version int) (dir string, err error) {
	ids, err := s.checkpointsOf(old)
	if err != nil || len(ids) == 0 {
		return "", err
	}
	if dir, err = s.savepointDir(j.name(), s.freeLabel(j.name(), fmt.Sprintf("before-v%d", version))); err != nil {
		return "", err
	}
	return dir, s.exportLast(ctx, j, dir, true)
}

// complete gives a spec for the job's state the job's directory, unless it has one of its own, and checks it.
func (j *job) complete(spec *Spec) error {
	if spec.Dir == "" {
		j.mu.Lock()
		spec.Dir = j.rec.Spec.Dir
		j.mu.Unlock()
	}
	return spec.check()
}

// checkpointsOf lists the checkpoints in a state directory, newest first; none when it is not there.
func (s *Server) checkpointsOf(dir string) (ids []int64, err error) {
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	store, err := state.OpenStore(vfs.OS{}, dir, s.format)
	if err != nil {
		return nil, err
	}
	list, err := store.Checkpoints()
	for _, id := range list {
		ids = append(ids, int64(id))
	}
	return ids, errors.Join(err, store.Close())
}

// Fork starts a second job of the same query, or of another, from the present state of a job. It must
// write to another place.
func (s *Server) Fork(ctx context.Context, name string, spec Spec) error {
	j, err := s.job(name)
	if err != nil {
		return err
	}
	if err := j.complete(&spec); err != nil {
		return err
	}
	if _, err := s.job(spec.Name); err == nil {
		return fmt.Errorf("%w: %s", ErrExists, spec.Name)
	}
	if _, err := s.checkTarget(ctx, spec); err != nil {
		return err
	}
	info, err := s.Savepoint(ctx, name, s.freeLabel(name, "fork-"+spec.Name))
	if err != nil {
		return err
	}
	spec.From, spec.Adapt = info.Dir, true
	err = s.Submit(ctx, spec)
	if err != nil {
		err = errors.Join(err, os.RemoveAll(info.Dir))
	}
	return err
}
