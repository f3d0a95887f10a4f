package jobs

import (
	"fmt"
	"time"
)

// Why answers "why is there no output?": the cause, what it is not, and what would help.
type Why struct {
	V     int      `json:"v"`
	Text  string   `json:"text"`
	Cause string   `json:"cause"` // "": output is as regular as input
	Facts []string `json:"facts,omitempty"`
	NotIt []string `json:"not_it,omitempty"`
	Fixes []Fix    `json:"fixes,omitempty"`
}

// Fix is something that would help, as words and as a command line.
type Fix struct {
	Text    string `json:"text"`
	Command string `json:"command,omitempty"`
	Live    bool   `json:"live"` // takes effect without a restart
}

// Why looks at a job.
func (s *Server) Why(name string) (Why, error) {
	j, err := s.job(name)
	if err != nil {
		return Why{}, err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	v := j.recorder.now()
	w := Why{V: 1, Text: fmt.Sprintf("%s has written %d rows in this run", name, v.out)}
	if done := j.whyNotRunning(&w); done {
		return w, nil
	}
	j.whySource(&w, v)
	j.whyWatermark(&w, v)
	j.whyWork(&w, v)
	return w, nil
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

func (j *job) whyNotRunning(w *Why) bool {
	name := j.name()
	switch j.state {
	case Failed:
		w.blame("the job has failed: "+firstLine(j.cause), Fix{"start it again from its last checkpoint", "riffle resume " + name, true})
	case Restarting, Starting:
		w.blame("the job is between two runs: " + firstLine(j.cause))
	case Paused:
		w.blame("the job is paused", Fix{"let it go on", "riffle resume " + name, true})
	case Stopped:
		w.blame("the job is stopped", Fix{"start it from its last checkpoint", "riffle resume " + name, true})
	case Finished:
		w.blame("its input has ended; all output is written")
	default:
		return false
	}
	return true
}

func (j *job) whySource(w *Why, v view) {
	switch {
	case v.rows == 0:
		w.blame("no row has come from the source in this run")
	case v.sample.InRate == 0 && v.sample.SourceLag <= 0:
		w.blame("the source has no new rows: everything in it has been read")
	default:
		w.NotIt = append(w.NotIt, fmt.Sprintf("source gives %.0f rows a second", v.sample.InRate))
	}
}

func (j *job) whyWatermark(w *Why, v view) {
	if len(v.partitions) == 0 {
		return
	}
	if p, ok := holder(v); ok {
		since := "no row in this run"
		if p.Rows > 0 {
			since = fmt.Sprintf("last row %s ago", (time.Duration(p.QuietMS) * time.Millisecond).Round(time.Second))
		}
		w.blame(fmt.Sprintf("windows cannot close: the watermark is the minimum over %d partitions, and %s holds it (%s)", len(v.partitions), p.Name, since),
			Fix{"leave a partition out once it is silent for 60 s; what comes from it later than that may be late",
				fmt.Sprintf("riffle job set %s idle-timeout=60s", j.name()), true})
		return
	}
	if wm := timeText(v.watermark); wm != nil {
		w.NotIt = append(w.NotIt, "watermark moves and stands at "+*wm)
	} else {
		w.Facts = append(w.Facts, "there is no watermark yet")
	}
}

func (j *job) whyWork(w *Why, v view) {
	if text, command := bottleneck(j.name(), v); text != "" {
		w.blame(text, Fix{"use more tasks", command, false})
	} else {
		w.NotIt = append(w.NotIt, fmt.Sprintf("no back-pressure: the busiest task works %.0f %% of its time", 100*v.sample.Busy))
	}
	for _, o := range v.operators {
		for _, l := range o.Chain {
			if l.Name != "Filter" || l.RowsIn < fewRows {
				continue
			}
			if l.RowsOut == 0 {
				w.blame(fmt.Sprintf("the filter %s lets no row through (%d came)", l.Detail, l.RowsIn))
			} else {
				w.NotIt = append(w.NotIt, fmt.Sprintf("filter lets %.0f %% of the rows through", 100*float64(l.RowsOut)/float64(l.RowsIn)))
			}
		}
	}
	if n := len(j.history); n > 0 {
		c := j.history[n-1]
		ago := time.Since(c.At).Round(time.Second)
		if c.Failed || ago > 3*checkpointOf(j.rec.Spec)+time.Second {
			w.blame(fmt.Sprintf("rows become visible with checkpoints, and the last one was %s ago", ago))
		} else {
			w.NotIt = append(w.NotIt, fmt.Sprintf("last checkpoint %s ago", ago))
		}
	} else {
		w.Facts = append(w.Facts, fmt.Sprintf("rows become visible with checkpoints, every %s; there was none yet", checkpointOf(j.rec.Spec)))
	}
}
