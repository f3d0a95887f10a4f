package jobs

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/riffle-io/riffle/dataflow/exec"
	"github.com/riffle-io/riffle/dataflow/state"
	"github.com/riffle-io/riffle/internal/vfs"
)

// Cancel ends a job at once, without a last checkpoint. It can go on from the one before.
func (s *Server) Cancel(name string) error {
	j, err := s.job(name)
	if err != nil {
		return err
	}
	return j.halt(errCancelled)
}

// halt ends the supervisor with a cause and waits for it.
func (j *job) halt(cause error) error {
	j.mu.Lock()
	if !j.runsLocked() {
		defer j.mu.Unlock()
		return fmt.Errorf("%w: %s is %s", ErrState, j.name(), j.state)
	}
	j.rec.Want = Stopped
	err := j.saveLocked()
	stop := j.stop
	j.mu.Unlock()
	if err != nil {
		return err
	}
	stop(cause)
	j.await()
	return nil
}

// Stop ends a job with a last checkpoint: open windows stay in it and do not fire. With label not
// empty the checkpoint is also kept as a savepoint of that name, whose directory is returned. A job
// that is between two runs has only its last checkpoint, which is used then.
func (s *Server) Stop(ctx context.Context, name, label string) (dir string, err error) {
	j, err := s.job(name)
	if err != nil {
		return "", err
	}
	if dir, err = s.savepointDir(name, label); err != nil {
		return "", err
	}
	j.mu.Lock()
	run := j.run
	switch {
	case !j.runsLocked():
		defer j.mu.Unlock()
		return "", fmt.Errorf("%w: %s is %s", ErrState, name, j.state)
	case run == nil || j.state == Restarting:
		j.mu.Unlock()
		if err := j.halt(errCancelled); err != nil {
			return "", err
		}
	default:
		j.rec.Want, j.state = Stopped, Stopping
		err := j.saveLocked()
		j.mu.Unlock()
		if err != nil {
			return "", err
		}
		run.Resume() // a paused source has to pass the barrier on
		run.Stop()
		if err := j.awaitStop(ctx); err != nil {
			return "", err
		}
	}
	if label == "" {
		return "", nil
	}
	return dir, s.exportLast(j, dir)
}

// awaitStop waits for the end of a job that was asked to stop.
func (j *job) awaitStop(ctx context.Context) error {
	j.mu.Lock()
	done := j.done
	j.mu.Unlock()
	select {
	case <-done:
	case <-ctx.Done():
		return fmt.Errorf("%s is still stopping: %w", j.name(), ctx.Err())
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.state != Stopped && j.state != Finished {
		return fmt.Errorf("%w: %s is %s: %s", ErrState, j.name(), j.state, j.cause)
	}
	return nil
}

// exportLast makes a savepoint of the last checkpoint of a job that does not run.
func (s *Server) exportLast(j *job, dir string) error {
	store, err := state.OpenStore(vfs.OS{}, j.stateDir(), s.format)
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

// Resume starts a job that was stopped or has failed, or ends its pause.
func (s *Server) Resume(name string) error {
	return s.locked(name, func(j *job) error {
		switch j.state {
		case Paused:
			j.rec.Want, j.state = Running, Running
			if err := j.saveLocked(); err != nil {
				return err
			}
			if j.run != nil {
				j.run.Resume()
			}
			j.eventLocked("resumed", "the pause ended", nil)
			return nil
		case Stopped, Failed:
			return j.relaunchLocked("resumed from its last checkpoint")
		}
		return fmt.Errorf("%w: %s is %s", ErrState, name, j.state)
	})
}

func (j *job) relaunchLocked(why string) error {
	j.rec.Want = Running
	j.rec.Ended, j.rec.Cause = "", ""
	if err := j.saveLocked(); err != nil {
		return err
	}
	j.eventLocked("started", why, nil)
	j.launchLocked()
	return nil
}

// Pause holds a job still, with its state in memory.
func (s *Server) Pause(name string) error {
	return s.locked(name, func(j *job) error {
		if j.state != Running {
			return fmt.Errorf("%w: %s is %s", ErrState, name, j.state)
		}
		j.rec.Want, j.state = Paused, Paused
		if err := j.saveLocked(); err != nil {
			return err
		}
		if j.run != nil {
			j.run.Pause()
		}
		j.eventLocked("paused", "sources do not read; windows and state stay", nil)
		return nil
	})
}

// Restart stops a job with a last checkpoint and starts it again; a job that does not run is started.
func (s *Server) Restart(ctx context.Context, name string) error {
	return s.change(ctx, name, "restarted", func(*record) error { return nil })
}

// Rescale changes the parallelism of a job. Key groups move to other tasks with the restart.
func (s *Server) Rescale(ctx context.Context, name string, p int) error {
	if p < 1 || p > 1024 {
		return fmt.Errorf("%w: parallelism %d is not from 1 to 1024", ErrSpec, p)
	}
	return s.change(ctx, name, fmt.Sprintf("rescaled to %d", p), func(r *record) error { r.Spec.Parallelism = p; return nil })
}

// change stops a job with a last checkpoint, changes its record and starts it again.
func (s *Server) change(ctx context.Context, name, what string, fn func(*record) error) error {
	j, err := s.job(name)
	if err != nil {
		return err
	}
	j.mu.Lock()
	runs := j.runsLocked()
	ended := j.state == Finished
	j.mu.Unlock()
	if ended {
		return fmt.Errorf("%w: %s has finished", ErrState, name)
	}
	if runs {
		if _, err := s.Stop(ctx, name, ""); err != nil {
			return err
		}
	}
	if err := j.relaunchWith(what, fn); err != nil {
		return err
	}
	j.awaitStart(ctx)
	return nil
}

// relaunchWith changes the record of a job that was stopped and starts it again.
func (j *job) relaunchWith(what string, fn func(*record) error) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.state == Finished { // its input ended while it was stopping
		return nil
	}
	if err := fn(j.rec); err != nil {
		return errors.Join(err, j.relaunchLocked("goes on as before"))
	}
	return j.relaunchLocked(what)
}

// awaitStart waits until a job that was launched runs, or has met its first failure.
func (j *job) awaitStart(ctx context.Context) {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		j.mu.Lock()
		starting := j.state == Starting
		j.mu.Unlock()
		if !starting {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// Replace puts another query in the place of a job's. The new version begins with a savepoint of the
// old one: operators whose meaning did not change keep their state, sources go on where the old
// ones stopped.
func (s *Server) Replace(ctx context.Context, spec Spec) error {
	if err := spec.check(); err != nil {
		return err
	}
	if _, err := s.engine.Prepare(ctx, spec); err != nil {
		return fmt.Errorf("%w: %w", ErrSpec, err)
	}
	j, err := s.job(spec.Name)
	if err != nil {
		return err
	}
	j.mu.Lock()
	label := fmt.Sprintf("before-v%d", j.rec.Version+1)
	j.mu.Unlock()
	from, err := s.savepointDir(spec.Name, s.freeLabel(spec.Name, label))
	if err != nil {
		return err
	}
	return s.change(ctx, spec.Name, "replaced by a new version of its query", func(r *record) error {
		if err := s.exportLast(j, from); err != nil {
			return err
		}
		old := j.stateDir()
		if e := r.Spec.Explored; spec.Explored == nil && e != nil && e.Job == spec.SQL {
			spec.Explored = e // the same job, from its file
		}
		spec.From, spec.Adapt = from, true
		r.Spec, r.Version = spec, r.Version+1
		return errors.Join(os.RemoveAll(old), os.RemoveAll(j.stateDir()))
	})
}

// Fork starts a second job of the same query, or of another, from the present state of a job. It must
// write to another place.
func (s *Server) Fork(ctx context.Context, name string, spec Spec) error {
	if err := spec.check(); err != nil {
		return err
	}
	if err := s.checkNew(ctx, spec); err != nil {
		return err
	}
	info, err := s.Savepoint(ctx, name, s.freeLabel(name, "fork-"+spec.Name))
	if err != nil {
		return err
	}
	spec.From, spec.Adapt = info.Dir, true
	return s.Submit(ctx, spec)
}

// Set changes a setting of a job, or with dry only checks it. restart tells that it takes effect with
// the next start only.
func (s *Server) Set(name, key, value string, dry bool) (restart bool, err error) {
	err = s.locked(name, func(j *job) error {
		spec := j.rec.Spec
		spec.Idle = maps.Clone(spec.Idle)
		apply, later, err := setting(&spec, key, value)
		if restart = later && j.run != nil; err != nil || dry {
			return err
		}
		j.rec.Spec = spec
		if err := j.saveLocked(); err != nil {
			return err
		}
		if j.run != nil && apply != nil {
			apply(j.run)
		}
		j.eventLocked("changed", key+" = "+value, nil)
		return nil
	})
	return restart, err
}

// Settings lists what Set knows, and what it means.
func Settings() [][2]string {
	return [][2]string{
		{"checkpoint", "interval of checkpoints, such as 5s; at once"},
		{"rate", "rows a second that a source task reads at most, 0 for no limit; at once"},
		{"idle-timeout", "silence after which a partition holds the watermark no longer, such as 60s; TABLE.idle-timeout for one table; at once"},
		{"late", "another directory for late rows, of a job that keeps them; with the next start"},
		{"bad", "directory for records that cannot be decoded; with the next start"},
	}
}

func setting(s *Spec, key, value string) (apply func(*exec.Job), restart bool, err error) {
	bad := func(what string) error { return fmt.Errorf("%w: %s = %q must be %s", ErrSpec, key, value, what) }
	switch {
	case key == "checkpoint":
		d, err := time.ParseDuration(value)
		if err != nil || d <= 0 {
			return nil, false, bad("a duration such as 5s")
		}
		s.Checkpoint = Duration(d)
		return func(r *exec.Job) { r.SetCheckpoint(d) }, false, nil
	case key == "rate":
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil || n < 0 {
			return nil, false, bad("a number of rows a second")
		}
		s.Rate = n
		return func(r *exec.Job) { r.SetRate(n) }, false, nil
	case key == "idle-timeout" || strings.HasSuffix(key, ".idle-timeout"):
		d, err := time.ParseDuration(value)
		if err != nil || d < 0 {
			return nil, false, bad("a duration such as 60s")
		}
		table := strings.TrimSuffix(strings.TrimSuffix(key, "idle-timeout"), ".")
		if s.Idle == nil {
			s.Idle = map[string]Duration{}
		}
		s.Idle[table] = Duration(d)
		return func(r *exec.Job) { r.SetIdle(table, d) }, false, nil
	case key == "late" && (s.Late == "") != (value == ""):
		return nil, false, bad("set from the start on: whether late rows are kept decides which columns are read, and the state with them; promote the query anew with --late")
	case key == "late":
		s.Late = value
		return nil, true, nil
	case key == "bad":
		s.Bad = value
		return nil, true, nil
	}
	var names []string
	for _, k := range Settings() {
		names = append(names, k[0])
	}
	return nil, false, fmt.Errorf("%w %q: there are %s", ErrSetting, key, strings.Join(names, ", "))
}

// savepointDir is where a savepoint is; "" for no label.
func (s *Server) savepointDir(name, label string) (string, error) {
	if label == "" {
		return "", nil
	}
	if err := CheckName(label); err != nil {
		return "", err
	}
	return filepath.Join(s.dir, "savepoints", name, label), nil
}
