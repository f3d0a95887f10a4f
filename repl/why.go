package repl

import (
	"fmt"
	"strings"
	"time"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/exec"
	"github.com/riffle-io/riffle/repl/render"
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

// quietFor is how long a result may be silent before that asks for a reason, and silentFor how long
// a partition may be.
const (
	quietFor  = 3 * time.Second
	silentFor = 5 * time.Second
	idleFix   = 10 * time.Second // that the fix proposes as idle time-out
)

// Why finds out why there is no output, or that there is.
func (l *Live) Why() Why {
	st := l.Status()
	w := explainQuiet(l.metrics(), st, l.windowed(), l.running())
	if st.Ended { // this is how it stood at its end
		w.Detail = append(w.Detail, "the query has ended")
		for i := range w.Fixes {
			w.Fixes[i].Apply = nil
		}
	}
	return w
}

// windowed tells whether rows wait for the watermark.
func (l *Live) windowed() bool { return strings.Contains(l.note, "open windows") }

// explainQuiet goes through the causes, the most upstream one first.
func explainQuiet(m exec.Metrics, st LiveStatus, windowed bool, job *exec.Job) Why {
	w := Why{}
	read := rowsIn(m)
	switch quiet := st.Now.Sub(st.LastChange); {
	case job == nil:
		w.Cause = "The query is being planned."
		return w
	case st.Paused:
		w.Cause = "The query is paused."
		w.Fixes = []Fix{{Text: "resume", Apply: func() error { job.Resume(); return nil }}}
		return w
	case !st.LastChange.IsZero() && quiet < quietFor:
		w.Cause = fmt.Sprintf("Output is regular: the last change was %s ago.", span(quiet))
		w.Detail = []string{fmt.Sprintf("%.0f rows a second in, %.0f changes a second out", st.InRate, st.OutRate)}
		return w
	case read == 0 && st.Bad > 0:
		w.Cause = fmt.Sprintf("None of the records can be decoded: %d so far.", st.Bad)
		w.Fixes = []Fix{{Text: "look at the bad records"}}
		return w
	case read == 0:
		return nothingRead(w, st)
	}
	w.NotIt = append(w.NotIt, fmt.Sprintf("the source delivers: %s rows so far, %.0f a second", render.Count(read), st.InRate))
	if cut := droppingFilter(m); cut != "" {
		w.Cause = "No row passes the filter."
		w.Detail = []string{cut}
		w.Fixes = []Fix{{Text: "look at what the condition compares: SELECT the columns without it"}}
		return w
	}
	if windowed {
		return windowWaits(w, m, st, job)
	}
	w.Cause = "No new row has arrived that changes the result."
	w.Detail = []string{"nothing has come out since the query began"}
	if !st.LastChange.IsZero() {
		w.Detail = []string{fmt.Sprintf("the last change was %s ago", span(st.Now.Sub(st.LastChange)))}
	}
	return w
}

// nothingRead explains a source that gave no row yet.
func nothingRead(w Why, st LiveStatus) Why {
	w.Cause = "The source has delivered no row yet."
	for _, p := range st.Partitions {
		w.Detail = append(w.Detail, fmt.Sprintf("%s: %s", p.Name, partitionState(st.Now, p)))
	}
	if len(st.Partitions) == 0 {
		w.Detail = []string{"no partition is being read yet"}
	}
	w.Fixes = []Fix{{Text: "read what is in the topic already: FROM topic @start"}, {Text: "check that something writes: riffle topics"}}
	return w
}

// droppingFilter finds a filter that lets nothing pass.
func droppingFilter(m exec.Metrics) string {
	for _, s := range m.Stages {
		for _, o := range s.Ops {
			if o.Name == "Filter" && o.RowsIn > 0 && o.RowsOut == 0 {
				return fmt.Sprintf("%s: 0 of %s rows passed", o.Detail, render.Count(o.RowsIn))
			}
		}
	}
	return ""
}

// windowWaits explains a window that does not close.
func windowWaits(w Why, m exec.Metrics, st LiveStatus, job *exec.Job) Why {
	w.NotIt = append(w.NotIt, filterShare(m)...)
	at := "there is no watermark yet"
	if low := lowest(m); low != dataflow.MinTime && low != dataflow.MaxTime {
		at = "the watermark stands at " + watermarkText(low)
	}
	holder, others := holderOf(st.Partitions)
	if holder == nil {
		w.Cause = "No window can close: " + at + "."
		w.Detail = []string{"it rises with the event times of the rows: no later row has come"}
		return w
	}
	w.Cause = fmt.Sprintf("No window can close: %s. It is the minimum over %d partitions.", at, others+1)
	w.Detail = []string{fmt.Sprintf("%s   %s, still counted", holder.Name, partitionState(st.Now, *holder)), fmt.Sprintf("%d others   ok or idle", others)}
	silent := holder.LastRow.IsZero() || st.Now.Sub(holder.LastRow) > silentFor
	if !silent {
		w.Cause = fmt.Sprintf("The next window closes when %s is past its end: %s.", holder.Name, at)
		return w
	}
	source := holder.Source
	w.Fixes = []Fix{
		{Text: fmt.Sprintf("set an idle time-out of %s on %s: takes effect now (rows that come later than that count as late)", span(idleFix), source),
			Command: fmt.Sprintf("'scan.watermark.idle-timeout' = '%s' in the WITH of %s", span(idleFix), source),
			Apply: func() error {
				if job.SetIdle(source, idleFix) == 0 {
					return fmt.Errorf("%s has no event time", source)
				}
				return nil
			}},
		{Text: "look at the last rows of " + holder.Name},
	}
	return w
}

// filterShare says what filters let pass, as something that is not the cause.
func filterShare(m exec.Metrics) (out []string) {
	for _, s := range m.Stages {
		for _, o := range s.Ops {
			if o.Name == "Filter" && o.RowsIn > 0 {
				out = append(out, fmt.Sprintf("the filter passes %.0f %% of the rows", 100*float64(o.RowsOut)/float64(o.RowsIn)))
			}
		}
		for _, t := range s.Tasks {
			if all := t.Busy + t.Blocked + t.Waiting; all > 0 && t.Blocked > all/2 {
				out = append(out, fmt.Sprintf("%s waits for what follows it %.0f %% of the time", s.Name, 100*float64(t.Blocked)/float64(all)))
			}
		}
	}
	return out
}

// lowest is the smallest watermark that a source emits.
func lowest(m exec.Metrics) dataflow.Time {
	low := dataflow.MaxTime
	for _, s := range m.Stages {
		if !s.Source {
			continue
		}
		for _, t := range s.Tasks {
			if !t.Ended {
				low = min(low, t.Watermark)
			}
		}
	}
	return low
}

// holderOf finds the partition that holds the watermark back, and counts the others.
func holderOf(list []LivePartition) (*LivePartition, int) {
	for i := range list {
		if list[i].Holds {
			return &list[i], len(list) - 1
		}
	}
	return nil, len(list)
}

// partitionState is a partition in words.
func partitionState(now time.Time, p LivePartition) string {
	switch {
	case p.Ended:
		return "ended"
	case p.LastRow.IsZero():
		return "no row yet"
	}
	event := ""
	if !p.LastEvent.IsZero() {
		event = "event time " + p.LastEvent.Format("15:04:05") + ", "
	}
	return event + "last row " + span(now.Sub(p.LastRow)) + " ago"
}

// span is a duration for people: 1.2 s, 14 min 2 s, 3 h 5 min.
func span(d time.Duration) string {
	switch {
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < 10*time.Second:
		return strings.TrimSuffix(fmt.Sprintf("%.1f", d.Seconds()), ".0") + " s"
	case d < time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d < time.Hour:
		return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
}
