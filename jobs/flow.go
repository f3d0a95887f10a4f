package jobs

import (
	"fmt"
	"strings"
	"time"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/exec"
)

// Flow is a query over streams as it stands, a job or one that is being explored: what Why is asked
// about.
type Flow struct {
	Job     string       // its name, for commands; "" for a query that is no job
	Before  exec.Metrics // that shares of time are against; the zero value is the query's start
	Metrics exec.Metrics
	InRate  float64 // rows a second read, of late
	OutRate float64
	// LastChange is when output changed last; zero: never.
	LastChange time.Time
	Now        time.Time
	Idle       time.Duration // that is proposed as idle time-out
	// Resumed tells that it goes on from a checkpoint: rows were read before Metrics count.
	Resumed bool
}

// quietFor is how long output may be silent before that asks for a reason, silentFor how long a
// partition may be before it is the reason, and measurable over how much time shares say something.
const (
	quietFor   = 3 * time.Second
	silentFor  = 5 * time.Second
	measurable = 500 * time.Millisecond
)

// Why finds out why a query that runs gives no output, the most upstream cause first. Without a
// cause its output is regular, and Text says so.
func (f Flow) Why() (w Why) {
	w.V = 1
	v := compare(f.Before, f.Metrics)
	defer f.late(&w)
	quiet := f.Now.Sub(f.LastChange)
	switch {
	case !f.LastChange.IsZero() && quiet < quietFor:
		w.Text = fmt.Sprintf("Output is regular: the last change was %s ago.", Span(quiet))
		w.Facts = append(w.Facts, fmt.Sprintf("%.0f rows a second in, %.0f out", f.InRate, f.OutRate))
		f.work(&w, v, func(text string) { w.Facts = append(w.Facts, text) })
		return w
	case v.rows == 0:
		f.nothingRead(&w, v)
		return w
	}
	w.NotIt = append(w.NotIt, fmt.Sprintf("the source delivers: %d rows so far, %.0f a second", v.rows, f.InRate))
	f.filters(&w, v)
	f.work(&w, v, func(text string) { w.blame(text) })
	if windowed(v) {
		f.watermark(&w, v)
	}
	if w.Cause == "" {
		w.Cause = "No new row has arrived that changes the result."
		if silence(v) >= silentFor {
			w.Cause = "The source has no new rows: what is in it has been read."
		}
	}
	if f.LastChange.IsZero() {
		w.Facts = append(w.Facts, "nothing has come out since it began")
	} else {
		w.Facts = append(w.Facts, fmt.Sprintf("the last change was %s ago", Span(quiet)))
	}
	return w
}

// late tells of rows that were not counted, whatever else there is to say.
func (f Flow) late(w *Why) {
	n := f.Metrics.Late
	if n == 0 {
		return
	}
	w.Facts = append(w.Facts, fmt.Sprintf("%d row%s came after the watermark had closed their windows, and are not in the output", n, plural(int(n))))
	w.Fixes = append(w.Fixes, Fix{Text: "wait longer for rows out of order: a larger interval in WATERMARK FOR, which makes the output later"})
}

// nothingRead explains a source that gave no row yet.
func (f Flow) nothingRead(w *Why, v view) {
	if n := f.Metrics.Bad; n > 0 {
		w.blame(fmt.Sprintf("None of the records can be decoded: %d so far.", n), Fix{Text: "look at the bad records"})
		return
	}
	if f.Resumed {
		f.nothingNew(w, v)
		return
	}
	w.blame("The source has delivered no row yet.", Fix{Text: "read what is in the topic already: FROM topic @start"},
		Fix{Text: "check that something writes", Command: "riffle topics"})
	for _, p := range v.partitions {
		w.Facts = append(w.Facts, p.Name+": "+p.words())
	}
	if len(v.partitions) == 0 {
		w.Facts = append(w.Facts, "no partition is being read yet")
	}
}

// nothingNew explains a run that goes on from a checkpoint and has read nothing more.
func (f Flow) nothingNew(w *Why, v view) {
	bad := f.Metrics.Bad
	switch n := v.sample.SourceLag; {
	case n > 0:
		w.blame(fmt.Sprintf("No row has been read since this run began; %d wait to be read.", n))
	case bad > 0:
		w.blame("The source has no new rows since this run began that can be decoded.", Fix{Text: "look at the bad records"}, Fix{Text: "check that something writes", Command: "riffle topics"})
		w.Facts = append(w.Facts, fmt.Sprintf("%d record%s could not be decoded since the job's first start", bad, plural(int(bad))))
	default:
		w.blame("The source has no new rows since this run began; what was there had been read before.", Fix{Text: "check that something writes", Command: "riffle topics"})
	}
	if wm := timeText(v.watermark); wm != nil && windowed(v) {
		w.Facts = append(w.Facts, "open windows wait for the watermark, which stands at "+*wm)
	}
	for _, p := range v.partitions {
		text := "no row in this run"
		if p.Lag >= 0 {
			text += fmt.Sprintf(", %d rows behind its end", p.Lag)
		}
		w.Facts = append(w.Facts, p.Name+": "+text)
	}
}

// filters blames one that lets nothing pass, and rules the others out.
func (f Flow) filters(w *Why, v view) {
	for _, o := range v.operators {
		for _, l := range o.Chain {
			switch {
			case l.Name != "Filter" || l.RowsIn == 0:
			case l.RowsOut == 0:
				w.blame("No row passes the filter.", Fix{Text: "look at what the condition compares: SELECT the columns without it"})
				w.Facts = append(w.Facts, fmt.Sprintf("%s: 0 of %d rows passed", l.Detail, l.RowsIn))
			default:
				w.NotIt = append(w.NotIt, fmt.Sprintf("the filter passes %.0f %% of the rows", 100*float64(l.RowsOut)/float64(l.RowsIn)))
			}
		}
	}
}

// work tells who makes others wait, once enough time has been measured to know.
func (f Flow) work(w *Why, v view, tell func(string)) {
	if f.measured() < measurable {
		return
	}
	if o, text := bottleneck(v); o != nil {
		tell(text)
		if f.Job != "" {
			w.Fixes = append(w.Fixes, Fix{Text: "use more tasks", Command: moreTasks(f.Job, len(o.Tasks))})
		}
		return
	}
	w.NotIt = append(w.NotIt, fmt.Sprintf("no operator makes others wait (%.0f %% of their time at most)", 100*v.sample.Backpressure))
}

// measured is the longest time of a task that the metrics are over.
func (f Flow) measured() (d time.Duration) {
	for i, s := range f.Metrics.Stages {
		for k, t := range s.Tasks {
			all := t.Busy + t.Blocked + t.Waiting
			if i < len(f.Before.Stages) && k < len(f.Before.Stages[i].Tasks) {
				b := f.Before.Stages[i].Tasks[k]
				all -= b.Busy + b.Blocked + b.Waiting
			}
			d = max(d, all)
		}
	}
	return d
}

// windowed tells whether rows wait for the watermark.
func windowed(v view) bool {
	for _, o := range v.operators {
		if strings.Contains(o.StateNote, "open windows") {
			return true
		}
	}
	return false
}

// silence is how long no partition that has not ended had a row.
func silence(v view) time.Duration {
	least := time.Duration(-1)
	for _, p := range v.partitions {
		if d := p.quiet(); !p.Ended && (least < 0 || d < least) {
			least = d
		}
	}
	return least
}

// watermark explains a window that does not close.
func (f Flow) watermark(w *Why, v view) {
	at := "there is no watermark yet"
	if wm := timeText(v.watermark); wm != nil {
		at = "the watermark stands at " + *wm
	}
	p, others := holds(v)
	switch {
	case p == nil, silence(v) >= silentFor && p.Rows > 0:
		w.blame(fmt.Sprintf("No window can close: %s.", at))
		w.Facts = append(w.Facts, "it rises with the event times of the rows: no later row has come")
		return
	case p.quiet() < silentFor && p.Rows > 0:
		w.blame(fmt.Sprintf("The next window closes when %s is past its end: %s.", p.Name, at))
	default:
		w.blame(fmt.Sprintf("No window can close: %s. It is the minimum over %d partitions.", at, others+1), f.idleFix(*p), Fix{Text: "look at the last rows of " + p.Name})
	}
	w.Facts = append(w.Facts, fmt.Sprintf("%s   %s, still counted", p.Name, p.words()), fmt.Sprintf("%d others   ok or idle", others))
}

// idleFix leaves a silent partition out.
func (f Flow) idleFix(p Partition) Fix {
	fix := Fix{Text: fmt.Sprintf("set an idle time-out of %s on %s: takes effect now (rows that come later than that count as late)", Span(f.Idle), p.Table),
		Live: true, Set: &SetRequest{Key: p.Table + ".idle-timeout", Value: f.Idle.String()}}
	if f.Job != "" {
		fix.Command = fmt.Sprintf("riffle job set %s %s=%s", f.Job, fix.Set.Key, fix.Set.Value)
	} else {
		fix.Command = fmt.Sprintf("'scan.watermark.idle-timeout' = '%s' in the WITH of %s", Span(f.Idle), p.Table)
	}
	return fix
}

// holds finds the partition that holds the watermark back, the longest silent one of several, and
// counts the others; nil when there is only one, or none does.
func holds(v view) (p *Partition, others int) {
	for i := range v.partitions {
		q := &v.partitions[i]
		if q.Holds && (p == nil || q.quiet() > p.quiet()) {
			p = q
		}
	}
	if others = len(v.partitions) - 1; others < 1 {
		return nil, max(0, others)
	}
	return p, others
}

func (p *Partition) quiet() time.Duration { return time.Duration(p.QuietMS) * time.Millisecond }

// words is how a partition is doing.
func (p *Partition) words() string {
	switch {
	case p.Ended:
		return "ended"
	case p.Rows == 0:
		return "no row yet"
	}
	event := ""
	if p.LastEvent != nil {
		event = "event time " + *p.LastEvent + ", "
	}
	return event + "last row " + Span(p.quiet()) + " ago"
}

// Span is a duration for people: 50 ms, 1.2 s, 14 min 2 s, 3 h 5 min.
func Span(d time.Duration) string {
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

// timeText shows an event time; nil when there is none.
func timeText(t dataflow.Time) *string {
	if t == dataflow.MinTime || t == dataflow.MaxTime {
		return nil
	}
	text := time.UnixMicro(t).UTC().Format("2006-01-02 15:04:05.999999")
	return &text
}
