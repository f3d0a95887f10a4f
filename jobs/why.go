package jobs

import (
	"fmt"
	"slices"
	"time"
)

// Why answers "why is there no output?": the cause, what it is not, and what would help.
type Why struct {
	V     int      `json:"v"`
	Text  string   `json:"text"`
	Cause string   `json:"cause"` // "": output is regular
	Facts []string `json:"facts,omitempty"`
	NotIt []string `json:"not_it,omitempty"`
	Fixes []Fix    `json:"fixes,omitempty"`
}

// Fix is something that would help, as words and as a command line.
type Fix struct {
	Text    string      `json:"text"`
	Command string      `json:"command,omitempty"`
	Live    bool        `json:"live"`          // takes effect without a restart
	Set     *SetRequest `json:"set,omitempty"` // the setting that the command changes
}

// jobIdle is the idle time-out that is proposed for jobs.
const jobIdle = time.Minute

// Why looks at a job.
func (s *Server) Why(name string) (w Why, err error) {
	err = s.locked(name, func(j *job) error {
		w.V = 1
		if j.notRunning(&w); w.Cause != "" {
			w.Text = name + " is " + j.state
			return nil
		}
		f := j.recorder.flow(j.started)
		f.Job, f.Now, f.Idle, f.Resumed = name, time.Now(), jobIdle, j.resumedLocked()
		if w = f.Why(); w.Text == "" {
			w.Text = fmt.Sprintf("%s has written %d rows in this run", name, j.recorder.now().out)
		}
		j.whyCheckpoint(&w)
		return nil
	})
	return w, err
}

// resumedLocked tells whether the present run goes on from a checkpoint.
func (j *job) resumedLocked() bool {
	return j.rec.Spec.From != "" || slices.ContainsFunc(j.history, func(c Checkpoint) bool { return !c.Failed && c.At.Before(j.started) })
}

// blame makes a cause of the first thing that is wrong, and facts of the others.
func (w *Why) blame(cause string, fixes ...Fix) {
	if w.Cause == "" {
		w.Cause = cause
	} else {
		w.Facts = append(w.Facts, cause)
	}
	w.Fixes = append(w.Fixes, fixes...)
}

// hints adds what the last event advises.
func (w *Why) hints(past []Event) {
	if n := len(past); n > 0 && past[n-1].Hint != "" {
		w.Fixes = append(w.Fixes, Fix{Text: past[n-1].Hint})
	}
}

// notRunning explains a job that cannot write because it does not run.
func (j *job) notRunning(w *Why) {
	name := j.name()
	switch j.state {
	case Failed:
		w.blame("The job has failed: " + firstLine(j.cause))
		w.hints(j.rec.Past)
		w.Fixes = append(w.Fixes, Fix{Text: "start it again from its last checkpoint", Command: "riffle resume " + name, Live: true})
	case Starting:
		w.blame("The job is being started.")
	case Restarting:
		w.blame("The job is between two runs: " + firstLine(j.cause))
		w.hints(j.rec.Past)
	case Paused:
		w.blame("The job is paused.", Fix{Text: "let it go on", Command: "riffle resume " + name, Live: true})
	case Stopped:
		w.blame("The job is stopped.", Fix{Text: "start it from its last checkpoint", Command: "riffle resume " + name, Live: true})
	case Finished:
		w.blame("Its input has ended; all output is written.")
	}
}

// whyCheckpoint tells whether rows that were written wait for a checkpoint to be seen.
func (j *job) whyCheckpoint(w *Why) {
	every := checkpointOf(j.rec.Spec)
	n := len(j.history)
	if n == 0 {
		w.Facts = append(w.Facts, fmt.Sprintf("rows become visible with checkpoints, every %s; there was none yet", every))
		return
	}
	c := j.history[n-1]
	ago := time.Since(c.At)
	if !c.At.After(j.started) { // it is of another run: this one has had no time yet
		w.Facts = append(w.Facts, fmt.Sprintf("rows become visible with checkpoints, every %s; there was none in this run yet", every))
		if ago = time.Since(j.started); ago <= 3*every+time.Second {
			return
		}
	}
	if c.Failed || ago > 3*every+time.Second {
		w.blame(fmt.Sprintf("Rows become visible with checkpoints, and the last one was %s ago.", Span(ago)))
		return
	}
	w.NotIt = append(w.NotIt, fmt.Sprintf("last checkpoint %s ago", Span(ago)))
}
