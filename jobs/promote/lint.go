package promote

import (
	"fmt"
	"strings"
	"time"

	"github.com/riffle-io/riffle/sql/syntax"
)

// unsteady are functions whose value differs between two runs over the same rows.
var unsteady = map[string]bool{"now": true, "random": true, "uuid": true, "gen_random_uuid": true,
	"current_timestamp": true, "current_date": true, "current_time": true, "localtimestamp": true}

// lint lists what a person should know, worst first as it comes.
func (w *work) lint() {
	add := func(level, hint, format string, args ...any) {
		w.p.Lint = append(w.p.Lint, Lint{Level: level, Text: fmt.Sprintf(format, args...), Hint: hint})
	}
	switch s := w.p.Shadow; {
	case s != nil:
		level, hint := "ok", ""
		if !s.Equal {
			level, hint = "error", "the job would not mean what the query meant; look at the difference, or leave the comparison out with --no-shadow"
		}
		add(level, hint, "%s", s.Text)
	case !w.r.LintOnly:
		add("warning", "leave --no-shadow out", "the job was not compared with the batch answer")
	}
	w.lintState(add)
	w.lintLateness(add)
	if w.shape.Mode.String() != "append" {
		hint := "read the last state with: " + w.p.Read
		if strings.HasPrefix(w.r.Into, "kafka://") && len(w.shape.Key) == 0 {
			hint = "write to a directory, or group by a key"
			add("error", hint, "the result changes rows that it gave and has no key, so that a topic cannot hold it")
		} else {
			add("warning", hint, "the result changes rows that it gave: the output is a changelog")
		}
	}
	if w.d.read != "" {
		add("warning", "read the output with: "+w.p.Read, "%s does not order what is written: it applies when the output is read", strings.Join(strings.Fields(w.d.read), " "))
	}
	for _, f := range w.feeds {
		if f.time == "" {
			add("warning", "--time COLUMN names it", "%s has no event time: nothing can be cut into windows", f.source.Ref)
		}
	}
	for _, fn := range w.unsteadyCalls() {
		add("warning", "use the time of the rows instead", "%s() differs at each run, so that rows that are read again after a crash may differ", fn)
	}
}

func (w *work) lintState(add func(level, hint, format string, args ...any)) {
	grows := ""
	for _, n := range w.shape.State {
		if strings.Contains(n, "grows") {
			grows = n
		}
	}
	size := ""
	if e := w.p.State; e != nil {
		size = fmt.Sprintf("; %d keys and %d bytes on the explored data", e.Keys, e.Bytes)
	}
	if grows != "" {
		hint := "--window tumble:1h bounds it"
		if strings.Contains(grows, "rows of both sides") {
			hint = "join within windows, or bound the time between both sides in ON"
		}
		add("warning", hint, "state %s%s", strings.TrimPrefix(grows, "state: "), size)
		return
	}
	if len(w.shape.State) == 0 {
		add("ok", "", "rows are passed on: no operator keeps state")
		return
	}
	add("ok", "", "state is %s%s", strings.TrimPrefix(w.shape.State[len(w.shape.State)-1], "state: "), size)
}

func (w *work) unsteadyCalls() (out []string) {
	syntax.Walk(w.d.query, func(n syntax.Node) bool {
		if f, ok := n.(*syntax.FuncCall); ok && len(f.Name) == 1 && unsteady[f.Name[0].Name] {
			out = append(out, f.Name[0].Name)
		}
		return true
	})
	return out
}

func (w *work) lintLateness(add func(level, hint, format string, args ...any)) {
	l := w.p.Lateness
	if l == nil {
		return
	}
	level, hint, share := "ok", "", l.Chosen.Share
	text := l.Chosen.words()
	if l.Replayed >= 0 && l.Rows > 0 {
		share = float64(l.Replayed) / float64(l.Rows)
		text = fmt.Sprintf("%d rows were late in a run over the same records (%.3f %%)", l.Replayed, 100*share)
	}
	if share > 0.001 {
		level, hint = "warning", "a longer delay: --watermark p99.9 or --watermark max; --late DIR keeps what comes later"
	}
	add(level, hint, "watermark %s behind: %s; idle time-out %s", time.Duration(l.Chosen.Delay), text, w.p.IdleText)
}
