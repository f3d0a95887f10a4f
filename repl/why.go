package repl

import (
	"fmt"
	"strings"
	"time"

	"github.com/riffle-io/riffle/dataflow/exec"
	"github.com/riffle-io/riffle/jobs"
)

// Why answers "why is there no output?".
type Why struct {
	Cause  string   // one sentence; when all is well, that
	Detail []string // the numbers behind it
	NotIt  []string // what was ruled out
	Fixes  []Fix
}

// Fix is something that would help.
type Fix struct {
	Text    string
	Command string       // that does the same; "" when there is none
	Apply   func() error // nil when it cannot be done from here
}

// idleFix is the idle time-out that is proposed for a stream that somebody looks at.
const idleFix = 10 * time.Second

// Why finds out why there is no output, or that there is.
func (l *Live) Why() Why {
	st := l.Status()
	w := explainQuiet(l.metrics(), st, l.running())
	if st.Ended { // this is how it stood at its end
		w.Detail = append(w.Detail, "the query has ended")
		for i := range w.Fixes {
			w.Fixes[i].Apply = nil
		}
	}
	return w
}

// explainQuiet asks what holds the query, then the engine that answers for jobs as well.
func explainQuiet(m exec.Metrics, st LiveStatus, job *exec.Job) Why {
	switch {
	case job == nil:
		return Why{Cause: "The query is being planned."}
	case st.Paused:
		return Why{Cause: "The query is paused.", Fixes: []Fix{{Text: "resume", Apply: func() error { job.Resume(); return nil }}}}
	}
	f := jobs.Flow{Metrics: m, InRate: st.InRate, OutRate: st.OutRate, LastChange: st.LastChange, Now: st.Now, Idle: idleFix}
	return WhyOf(f.Why(), func(key, value string) error { return setIdle(job, key, value) })
}

// WhyOf makes an answer that can be acted on of one that tells: set changes a live setting.
func WhyOf(a JobWhy, set func(key, value string) error) Why {
	w := Why{Cause: a.Cause, Detail: a.Facts, NotIt: a.NotIt}
	if w.Cause == "" {
		w.Cause = a.Text
	}
	for _, f := range a.Fixes {
		fix := Fix{Text: f.Text, Command: f.Command}
		if f.Set != nil && f.Live {
			fix.Apply = func() error { return set(f.Set.Key, f.Set.Value) }
		}
		w.Fixes = append(w.Fixes, fix)
	}
	return w
}

// setIdle changes the idle time-out of a table of a query that runs.
func setIdle(job *exec.Job, key, value string) error {
	table, ok := strings.CutSuffix(key, ".idle-timeout")
	d, err := time.ParseDuration(value)
	if !ok || err != nil {
		return fmt.Errorf("%s = %s is no idle time-out", key, value)
	}
	if job.SetIdle(table, d) == 0 {
		return fmt.Errorf("%s has no event time", table)
	}
	return nil
}
