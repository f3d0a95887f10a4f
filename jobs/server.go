package jobs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/riffle-io/riffle/dataflow/state"
	"github.com/riffle-io/riffle/datasets/parquet"
	"github.com/riffle-io/riffle/internal/vfs"
)

// Options says where a server keeps what it has. Dir and Engine are needed.
type Options struct {
	Dir     string
	Engine  Engine
	Log     func(format string, args ...any) // default: nowhere
	Version string                           // of riffle, for clients
	Profile string                           // ProfileProd, or ProfileDev for ""
}

// The profiles of a server. Of one in production clients ask twice before they end a job, put
// another in its place or delete something.
const (
	ProfileDev  = "dev"
	ProfileProd = "prod"
)

// Server runs the jobs of a directory.
type Server struct {
	dir     string
	engine  Engine
	format  state.Format
	log     func(format string, args ...any)
	version string
	profile string
	started time.Time
	lock    interface{ Close() error }
	reg     *registry
	events  events
	ctx     context.Context
	end     context.CancelCauseFunc

	submit sync.Mutex // taken before mu
	mu     sync.Mutex // taken before those of jobs
	jobs   map[string]*job
}

// The errors of requests.
var (
	ErrNoJob   = errors.New("there is no such job")
	ErrExists  = errors.New("there is such a job already")
	ErrState   = errors.New("the job is not in a state for that")
	ErrSetting = errors.New("no such setting")
)

// Open takes the directory and starts the jobs that should run. When another process has it the
// error wraps a *vfs.LockedError.
func Open(o Options) (*Server, error) {
	if o.Log == nil {
		o.Log = func(string, ...any) {}
	}
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("state of the job server: %w", err)
	}
	lock, err := vfs.OS{}.Lock(dir)
	if err != nil {
		return nil, fmt.Errorf("job server: %w", err)
	}
	s := &Server{dir: dir, engine: o.Engine, format: parquet.Format{}, log: o.Log, version: o.Version, profile: cmp.Or(o.Profile, ProfileDev), started: time.Now(), lock: lock, jobs: map[string]*job{}}
	if s.reg, err = openRegistry(dir); err != nil {
		lock.Close()
		return nil, err
	}
	s.ctx, s.end = context.WithCancelCause(context.Background())
	records, err := s.reg.list()
	if err != nil {
		s.Close()
		return nil, err
	}
	s.tellOrphans(records)
	for _, rec := range records {
		j := s.newJob(rec, Stopped)
		j.recover()
		s.jobs[rec.Spec.Name] = j
		j.mu.Lock()
		switch {
		case rec.Ended != "":
			j.state, j.cause = rec.Ended, rec.Cause
		case rec.Want != Stopped:
			j.eventLocked("started", "the job server started", nil)
			j.logError(j.saveLocked())
			j.launchLocked()
		}
		j.mu.Unlock()
	}
	return s, nil
}

func (s *Server) newJob(rec *record, state string) *job {
	dir := filepath.Join(s.dir, "jobs", rec.Spec.Name)
	return &job{srv: s, rec: rec, state: state, lines: newLineLog(rec.Past), log: newLineFile[Sample](dir, "metrics", recorded), checks: newLineFile[Checkpoint](dir, "checkpoints", keptChecks)}
}

// tellOrphans names state of jobs that the registry does not know: it was removed or emptied.
func (s *Server) tellOrphans(records []*record) {
	known := map[string]bool{}
	for _, rec := range records {
		known[rec.Spec.Name] = true
	}
	dirs, err := filepath.Glob(filepath.Join(s.dir, "jobs", "*"))
	if err != nil {
		s.log("%v", err)
	}
	for _, d := range dirs {
		if !known[filepath.Base(d)] {
			s.log("%s has the state of a job that the registry does not know; a job that is promoted under this name begins anew and removes it", d)
		}
	}
}

var versionName = regexp.MustCompile(`^v[0-9]+$`)

// recover reads what an earlier server left of a job besides its record, and removes the state of versions
// that a kill kept from being removed.
func (j *job) recover() {
	history, err := j.checks.load()
	j.history = history[max(0, len(history)-keptChecks):]
	old, globErr := filepath.Glob(filepath.Join(j.log.dir, "v*"))
	for _, dir := range old {
		if versionName.MatchString(filepath.Base(dir)) && dir != j.stateDir() {
			err = errors.Join(err, os.RemoveAll(dir))
		}
	}
	j.logError(errors.Join(err, globErr))
}

// Dir is the server's directory.
func (s *Server) Dir() string { return s.dir }

// Close ends the runs of all jobs and lets go of the directory. The jobs run again under the next
// server.
func (s *Server) Close() error {
	s.end(errShutdown)
	for _, j := range s.all() {
		j.await()
	}
	s.events.close()
	return errors.Join(s.reg.close(), s.lock.Close())
}

// all is the jobs in order of names.
func (s *Server) all() []*job {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []*job
	for _, j := range s.jobs {
		out = append(out, j)
	}
	slices.SortFunc(out, func(a, b *job) int {
		switch {
		case a.name() < b.name():
			return -1
		case a.name() > b.name():
			return 1
		}
		return 0
	})
	return out
}

// await waits until the job's supervisor, if it runs, has returned.
func (j *job) await() {
	j.mu.Lock()
	done := j.done
	j.mu.Unlock()
	if done != nil {
		<-done
	}
}

func (s *Server) job(name string) (*job, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	j, ok := s.jobs[name]
	if !ok {
		return nil, fmt.Errorf("%w: %s", ErrNoJob, name)
	}
	return j, nil
}

// locked runs fn with a job that is locked.
func (s *Server) locked(name string, fn func(*job) error) error {
	j, err := s.job(name)
	if err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	return fn(j)
}

// Submit adds a job and starts it.
func (s *Server) Submit(ctx context.Context, spec Spec) error {
	if err := spec.check(); err != nil {
		return err
	}
	if _, err := s.job(spec.Name); err == nil {
		return fmt.Errorf("%w: %s", ErrExists, spec.Name)
	}
	target, err := s.checkTarget(ctx, spec)
	if err != nil {
		return err
	}
	if spec.From != "" {
		if !filepath.IsAbs(spec.From) {
			spec.From = filepath.Join(spec.Dir, spec.From)
		}
		if _, err := state.OpenSavepoint(vfs.OS{}, spec.From, s.format); err != nil {
			return fmt.Errorf("%w: %w", ErrSpec, err)
		}
	}
	s.submit.Lock() // one after the other, so that no two get one directory
	defer s.submit.Unlock()
	if err := s.freeTarget(ctx, spec.Name, target); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, have := s.jobs[spec.Name]; have {
		return fmt.Errorf("%w: %s", ErrExists, spec.Name)
	}
	// A job of the same name that was removed must not leave its state to this one.
	if err := os.RemoveAll(filepath.Join(s.dir, "jobs", spec.Name)); err != nil {
		return err
	}
	j := s.newJob(&record{Spec: spec, Version: 1, Want: Running, Created: time.Now(), Target: target}, Starting)
	j.mu.Lock()
	defer j.mu.Unlock()
	j.eventLocked("started", "submitted", nil)
	if err := j.saveLocked(); err != nil {
		return err
	}
	s.jobs[spec.Name] = j
	j.launchLocked()
	return nil
}

// checkTarget refuses a job that cannot be prepared, or that would write into the directory of another
// one: nobody could tell their rows apart. It returns where the job's rows go.
func (s *Server) checkTarget(ctx context.Context, spec Spec) (target string, err error) {
	p, err := s.engine.Prepare(ctx, spec)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrSpec, err)
	}
	if err := spec.checkSides(p.Target); err != nil {
		return "", err
	}
	return p.Target, s.freeTarget(ctx, spec.Name, p.Target)
}

// checkSides refuses side outputs that go where the output goes.
func (spec *Spec) checkSides(target string) error {
	for side, dir := range map[string]string{"late rows": spec.Late, "undecodable records": spec.Bad} {
		if dir == "" {
			continue
		}
		if !filepath.IsAbs(dir) {
			dir = filepath.Join(spec.Dir, dir)
		}
		if filepath.Clean(dir) == target {
			return fmt.Errorf("%w: %s of %s would go into %s, where its output goes; name another directory", ErrRequest, side, spec.Name, target)
		}
	}
	return nil
}

// freeTarget refuses a directory that another job than name writes into.
func (s *Server) freeTarget(ctx context.Context, name, target string) error {
	if !filepath.IsAbs(target) { // a topic can take the rows of many
		return nil
	}
	for _, j := range s.all() {
		if other := j.name(); other != name && j.target(ctx) == target {
			return fmt.Errorf("%w: %s writes into %s; %s needs a directory of its own", ErrSpec, other, target, name)
		}
	}
	return nil
}

// target is where a job's rows go; of one that has not run since targets are kept it is found out. "" when
// that is not possible.
func (j *job) target(ctx context.Context) string {
	j.mu.Lock()
	target, spec := j.rec.Target, j.rec.Spec
	j.mu.Unlock()
	if target != "" {
		return target
	}
	p, err := j.srv.engine.Prepare(ctx, spec)
	if err != nil {
		return "" // it cannot run either
	}
	return p.Target
}

// Remove forgets a job that does not run, with its state. Savepoints and output stay.
func (s *Server) Remove(name string) error {
	j, err := s.job(name)
	if err != nil {
		return err
	}
	j.mu.Lock()
	if j.runsLocked() {
		defer j.mu.Unlock()
		return fmt.Errorf("%w: %s is %s; stop or cancel it first", ErrState, name, j.state)
	}
	err = j.claimLocked("removed") // for good: who has found it before is refused
	j.mu.Unlock()
	if err != nil {
		return err
	}
	if err := s.reg.remove(name); err != nil {
		j.release()
		return err
	}
	err = os.RemoveAll(filepath.Join(s.dir, "jobs", name)) // before another job can have the name
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.jobs, name)
	return err
}

// runsLocked tells whether the supervisor is at work.
func (j *job) runsLocked() bool {
	switch j.state {
	case Starting, Running, Paused, Restarting, Stopping:
		return true
	}
	return false
}
