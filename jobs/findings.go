package jobs

import (
	"fmt"
	"strings"
	"time"
)

// The thresholds of findings: chosen so that a job that keeps up shows none.
const (
	busyShare    = 0.9 // of a task's time: a bottleneck when others wait for it
	heldShare    = 0.2 // of a task's time that it is held up
	skewFactor   = 2.0 // times an even share
	quietPart    = 10 * time.Second
	growingLag   = 30   // samples that the source lag has to grow through
	lateShare    = 0.01 // of the rows read
	fewRows      = 1000 // below which shares say nothing
	slowLagRatio = 1.2  // growth of the lag over those samples
)

// findings turns a job's numbers into sentences. The lock of the job is held.
func (j *job) findingsLocked(v view) (out []Finding) {
	name := j.name()
	warn := func(command, format string, args ...any) {
		out = append(out, Finding{Level: "warning", Text: fmt.Sprintf(format, args...), Command: command})
	}
	switch j.state {
	case Failed:
		return append(out, Finding{Level: "error", Text: "failed: " + firstLine(j.cause), Command: "riffle jobs events " + name})
	case Restarting:
		return append(out, Finding{Level: "error", Text: fmt.Sprintf("restart %d after: %s", j.restarts, firstLine(j.cause)), Command: "riffle jobs events " + name})
	case Running:
	default:
		return nil
	}
	if o, text := bottleneck(v); o != nil {
		warn(moreTasks(name, len(o.Tasks)), "%s", text)
	}
	if p, ok := holder(v); ok {
		warn(fmt.Sprintf("riffle job set %s idle-timeout=60s", name), "watermark stands still: %s of %s has had no row for %s and is still counted",
			p.Name, p.Table, p.quiet()/time.Second*time.Second)
	}
	if text := j.lagging(); text != "" {
		warn(moreTasks(name, j.parallelism()), "%s", text)
	}
	if n := len(j.history); n > 0 && j.history[n-1].Cause != "" {
		c := j.history[n-1]
		warn("riffle jobs show "+name, "checkpoint %d: %s", c.ID, c.Cause)
	}
	if v.rows > fewRows && float64(v.sample.Late) > lateShare*float64(v.rows) {
		warn("riffle jobs why "+name, "%.1f %% of the rows came too late (%d)", 100*float64(v.sample.Late)/float64(v.rows), v.sample.Late)
	}
	if v.sample.Bad > 0 {
		warn("riffle jobs show "+name, "%d record%s could not be decoded", v.sample.Bad, plural(int(v.sample.Bad)))
	}
	return out
}

func (j *job) parallelism() int {
	if j.prepared != nil {
		return j.prepared.Options.Parallelism
	}
	return max(1, j.rec.Spec.Parallelism)
}

// moreTasks is the command that gives a job one task more than n.
func moreTasks(job string, n int) string { return fmt.Sprintf("riffle rescale %s %d", job, n+1) }

// bottleneck finds the operator that makes others wait; nil when none does.
func bottleneck(v view) (found *Operator, text string) {
	for i := range v.operators {
		o := &v.operators[i]
		if o.Busy < busyShare {
			continue
		}
		waiting := 0
		for _, e := range v.edges {
			if e.To == i && v.operators[e.From].Backpressure >= heldShare {
				waiting++
			}
		}
		if waiting == 0 {
			continue
		}
		text = fmt.Sprintf("%s is busy %.0f %% and makes %d operator%s wait", o.Title, 100*o.Busy, waiting, plural(waiting))
		if n := len(o.Tasks); n > 1 && o.Skew > skewFactor/float64(n) {
			text += fmt.Sprintf(": 1 of %d tasks gets %.0f %% of the rows", n, 100*o.Skew)
		}
		return o, text
	}
	return nil, ""
}

func plural(n int) string {
	if n == 1 {
		return ""
	}
	return "s"
}

// holder is the partition that alone keeps the watermark back because nothing comes from it.
func holder(v view) (Partition, bool) {
	var held *Partition
	active := false
	for i := range v.partitions {
		p := &v.partitions[i]
		switch {
		case p.Ended:
		case p.Holds && p.quiet() >= quietPart:
			if held != nil && held.QuietMS > p.QuietMS {
				continue
			}
			held = p
		case !p.Idle && p.Rows > 0 && p.quiet() < quietPart:
			active = true
		}
	}
	if held == nil || !active {
		return Partition{}, false
	}
	return *held, true
}

// lagging tells that the source lag grew over the last samples.
func (j *job) lagging() string {
	from := time.Now().Add(-(growingLag + 2) * time.Second)
	s := j.recorder.since(from)
	if j.started.After(from) || len(s) < growingLag { // what was before the run says nothing about it
		return ""
	}
	first, last := s[0], s[len(s)-1]
	if first.SourceLag < fewRows || float64(last.SourceLag) < slowLagRatio*float64(first.SourceLag) {
		return ""
	}
	grows := float64(last.SourceLag-first.SourceLag) / last.At.Sub(first.At).Seconds()
	return fmt.Sprintf("source lag grows by %.0f rows a second and is %d: the job does not catch up", grows, last.SourceLag)
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}
