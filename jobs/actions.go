package jobs

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/riffle-io/riffle/dataflow/exec"
	"github.com/riffle-io/riffle/dataflow/plan"
)

// Resume starts a job that was stopped or has failed, or ends its pause.
func (s *Server) Resume(name string) error {
	return s.locked(name, func(j *job) error {
		if err := j.freeLocked(); err != nil {
			return err
		}
		waits := (j.state == Starting || j.state == Restarting) && j.rec.Want == Paused
		switch {
		case j.state == Paused, waits:
			if err := j.wantLocked(Running, "resumed", "the pause ended"); err != nil || waits {
				return err
			}
			j.state = Running
			if j.run != nil {
				j.run.Resume()
			}
			return nil
		case j.state == Stopped, j.state == Failed:
			return j.relaunchLocked(Running, "resumed from its last checkpoint")
		}
		return j.stateError()
	})
}

// wantLocked makes what a person asked for durable, with the event that tells of it.
func (j *job) wantLocked(want, kind, text string) error {
	before := j.rec.Want
	j.rec.Want = want
	j.eventLocked(kind, text, nil)
	err := j.saveLocked()
	if err != nil {
		j.rec.Want = before
	}
	return err
}

// relaunchLocked starts a job that does not run.
func (j *job) relaunchLocked(want, why string) error {
	ended, cause := j.rec.Ended, j.rec.Cause
	j.rec.Ended, j.rec.Cause = "", ""
	if err := j.wantLocked(want, "started", why); err != nil {
		j.rec.Ended, j.rec.Cause = ended, cause
		return err
	}
	j.launchLocked()
	return nil
}

// stateError refuses what a job's state does not allow.
func (j *job) stateError() error { return fmt.Errorf("%w: %s is %s", ErrState, j.name(), j.state) }

// Pause holds a job still, with its state in memory. One that is being started is paused before it reads.
func (s *Server) Pause(name string) error {
	return s.locked(name, func(j *job) error {
		if err := j.freeLocked(); err != nil {
			return err
		}
		waits := (j.state == Starting || j.state == Restarting) && j.rec.Want == Running
		if j.state != Running && !waits {
			return j.stateError()
		}
		if err := j.wantLocked(Paused, "paused", "sources do not read; windows and state stay"); err != nil || waits {
			return err
		}
		j.state = Paused
		if j.run != nil {
			j.run.Pause()
		}
		return nil
	})
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

// Set changes a setting of a job, or with dry only checks it. restart tells that it takes effect with
// the next start only.
func (s *Server) Set(name, key, value string, dry bool) (restart bool, err error) {
	err = s.locked(name, func(j *job) error {
		spec := j.rec.Spec
		spec.Idle = maps.Clone(spec.Idle)
		if key, err = j.settingOf(key); err != nil {
			return err
		}
		apply, later, err := setting(&spec, key, value)
		if err == nil {
			err = spec.checkSides(j.rec.Target)
		}
		if restart = later && j.run != nil; err != nil || dry {
			return err
		}
		before := j.rec.Spec
		j.rec.Spec = spec
		j.eventLocked("changed", key+" = "+value, nil)
		if err := j.saveLocked(); err != nil {
			j.rec.Spec = before
			return err
		}
		if j.run != nil && apply != nil {
			apply(j.run)
		}
		return nil
	})
	return restart, err
}

// settingOf completes the key of a table's time-out, where a topic may be named without "kafka:", and refuses
// one of a table that the job does not read with event time, as far as it is known what it reads.
func (j *job) settingOf(key string) (string, error) {
	table, ok := strings.CutSuffix(key, ".idle-timeout")
	if !ok || j.prepared == nil {
		return key, nil
	}
	var have []string
	plan.Transform(j.prepared.Root, func(n plan.Node) plan.Node {
		if s, ok := n.(*plan.Scan); ok && s.Watermark != nil && !slices.Contains(have, s.Table.Name()) {
			have = append(have, s.Table.Name())
		}
		return n
	})
	for _, name := range have {
		if name == table || strings.HasSuffix(name, ":"+table) {
			return name + ".idle-timeout", nil
		}
	}
	return "", fmt.Errorf("%w: %s reads no table %q with a watermark; there are: %s", ErrRequest, j.name(), table, cmp.Or(strings.Join(have, ", "), "none"))
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
	bad := func(what string) error { return fmt.Errorf("%w: %s = %q must be %s", ErrRequest, key, value, what) }
	switch {
	case key == "checkpoint":
		d, err := time.ParseDuration(value)
		if err != nil || d < shortestCheckpoint {
			return nil, false, bad(fmt.Sprintf("a duration such as 5s, from %s on", shortestCheckpoint))
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
