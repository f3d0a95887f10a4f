package tui

import (
	"context"
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/riffle-io/riffle/repl"
	"github.com/riffle-io/riffle/repl/render"
	"github.com/riffle-io/riffle/tui/canvas"
	"github.com/riffle-io/riffle/tui/keymap"
	"github.com/riffle-io/riffle/tui/widget"
)

// jobLooks are the keys of jobs that change nothing.
var jobLooks = map[string]bool{"w": true, "e": true, "i": true}

func (j *jobs) addKeys() {
	twin := func(verb string) func() string {
		return func() string { return "riffle " + verb + " " + quote(j.sel) }
	}
	cmd := func(key, title, short, verb string, run func() tea.Cmd) *keymap.Command {
		if !jobLooks[key] {
			run = j.a.writing(run)
		}
		c := &keymap.Command{Keys: []string{key}, Scope: "jobs", Group: "JOB", Title: title, Short: short, When: j.hasJob, Run: do(run)}
		if verb != "" {
			c.CLI, c.Word = twin(verb), strings.ReplaceAll(verb, " ", "-")
		}
		return c
	}
	k := j.a.keys
	j.addListKeys()
	j.addDetailKeys()
	k.Add(
		cmd("s", "stop with a savepoint (asks)", "stop", "stop", j.stop),
		cmd("S", "savepoint", "savepoint", "savepoint create", j.savepoint),
		cmd("z", "pause, resume", "pause", "", j.pause),
		cmd("r", "restart (asks)", "", "restart", j.restart),
		cmd("+", "rescale up (asks)", "rescale", "", func() tea.Cmd { return j.rescale(1) }),
		cmd("-", "rescale down (asks)", "", "", func() tea.Cmd { return j.rescale(-1) }),
		cmd("w", "why is it quiet?", "why", "jobs why", j.why),
		cmd("e", "edit the query", "edit", "", j.edit),
		cmd("f", "fork: another job from its state (asks)", "", "fork", j.fork),
		cmd("x", "cancel at once (asks)", "", "cancel", j.cancelJob),
		cmd("ctrl+d", "forget a job that ended (asks)", "", "", j.remove),
		cmd("i", "plan of the job", "", "", j.plan),
		&keymap.Command{Scope: "jobs", Group: "JOB", Title: "change a setting (:set key=value)", Word: "set", When: j.hasJob, Run: do(j.a.writing(j.askSet)),
			Line: func(args string) tea.Cmd { return j.a.writing(func() tea.Cmd { return j.set(args) })() }},
		&keymap.Command{Keys: []string{"[", "]"}, Scope: "jobs", Group: groupView, Title: "ten seconds back, forward", Short: "scrub", When: j.hasJob,
			Run: func(key string) tea.Cmd {
				j.scrub(map[string]time.Duration{"[": 1, "]": -1}[key] * 10 * time.Second)
				return nil
			}},
		&keymap.Command{Keys: []string{"{", "}"}, Scope: "jobs", Group: groupView, Title: "a second back, forward", When: j.hasJob,
			Run: func(key string) tea.Cmd {
				j.scrub(map[string]time.Duration{"{": 1, "}": -1}[key] * time.Second)
				return nil
			}},
		&keymap.Command{Keys: []string{"0"}, Scope: "jobs", Group: groupView, Title: "back to now", When: j.hasJob, Run: just(func() { j.back = 0 })},
	)
	k.Add(j.a.paneKeys("jobs", j.panes)...)
}

func (j *jobs) addListKeys() {
	move := func(by int) func(string) tea.Cmd {
		return do(func() tea.Cmd { j.selectAt(j.index() + by); return j.look() })
	}
	cmd := func(title string, run func(string) tea.Cmd, keys ...string) *keymap.Command {
		return &keymap.Command{Keys: keys, Scope: "jobs/lists", Group: groupMove, Title: title, Run: run}
	}
	open := cmd("open the job", do(func() tea.Cmd { j.openDetail(); return j.look() }), "enter")
	open.Short, open.When, open.Group = "open", func() bool { return j.hasJob() || j.waiting() }, groupView
	j.a.keys.Add(open,
		cmd("down", move(1), "j", "down"), cmd("up", move(-1), "k", "up"),
		cmd("first", move(-1<<20), "g g", "home"), cmd("last", move(1<<20), "G", "end"),
		&keymap.Command{Keys: []string{"/"}, Scope: "jobs/lists", Group: groupView, Title: "filter by name", Run: do(j.askFilter)},
		&keymap.Command{Keys: []string{"o"}, Scope: "jobs/lists", Group: groupView, Title: "sort by the next column",
			Run: just(func() { j.by = (j.by + 1) % len(jobColumns); j.arrange() })},
		&keymap.Command{Keys: []string{"O"}, Scope: "jobs/lists", Group: groupView, Title: "sort the other way round",
			Run: just(func() { j.down = !j.down; j.arrange() })})
}

func (j *jobs) addDetailKeys() {
	j.a.keys.Add(
		&keymap.Command{Keys: []string{"esc", "q"}, Scope: "jobs/detail", Group: groupView, Title: "back to the list", Short: "back", Run: just(func() { j.open = false })},
		&keymap.Command{Keys: []string{"h", "l", "left", "right", "j", "k", "up", "down"}, Scope: "jobs/graph", Group: groupMove, Title: "operator before, next",
			Run: func(key string) tea.Cmd {
				step := 1
				if key == "h" || key == "left" || key == "k" || key == "up" {
					step = -1
				}
				if j.detail != nil {
					j.op = clamp(j.op+step, 0, len(j.detail.Operators)-1)
				}
				return nil
			}},
		&keymap.Command{Keys: []string{"v"}, Scope: "jobs/detail", Group: groupView, Title: "operators as a tree, as boxes", Short: "view", Run: just(func() { j.asTree = !j.asTree })},
		&keymap.Command{Keys: []string{"T"}, Scope: "jobs/graph", Group: groupView, Title: "tap the operator's rows", Short: "tap", When: j.hasOperator, Run: do(j.tap)},
		&keymap.Command{Keys: []string{"enter"}, Scope: "jobs/graph", Group: groupView, Title: "the operator's parts", Short: "parts", When: j.hasOperator, Run: do(j.openOperator)},
		&keymap.Command{Keys: []string{"enter"}, Scope: "jobs/events", Group: groupView, Title: "the event", Short: "open", Run: do(j.openEvent)},
	)
	j.a.keys.Add(moveKeys("jobs/events", func(k string) { j.events.Key(k) }, false)...)
}

func (j *jobs) hasOperator() bool { return j.detail != nil && j.op < len(j.detail.Operators) }

// scrub moves the look at the numbers back by a time.
func (j *jobs) scrub(by time.Duration) {
	longest := time.Duration(len(j.samples)) * time.Second
	j.back = max(0, min(j.back+by, longest))
}

// act does something to the job in the background, then looks again. line is the command that does
// the same.
func (j *jobs) act(line, doing string, f func(ctx context.Context, name string) (string, error)) tea.Cmd {
	name := j.sel
	j.a.say(canvas.Dim, doing+" "+name+" ...")
	return j.a.background(func(ctx context.Context) func() tea.Cmd {
		text, err := f(ctx, name)
		return func() tea.Cmd {
			if err != nil {
				j.a.say(canvas.Bad, firstLine(err.Error()))
				return j.look()
			}
			j.a.record(line, doing)
			j.a.say(canvas.Good, text)
			return j.look()
		}
	})
}

// confirm asks before something that costs or cannot be taken back.
func (j *jobs) confirm(name string, lines []string, line, verb string, do func() tea.Cmd) tea.Cmd {
	var text []widget.Line
	for _, l := range lines {
		for _, w := range wrap(l, 76) {
			text = append(text, widget.Line{{Text: w}})
		}
	}
	text = append(text, widget.Line{{Text: "= " + line, S: canvas.Dim}})
	return j.a.choose(name, text, choice{key: "n", text: "no"}, choice{key: "y", text: verb, do: j.a.typedName(j.sel, do)})
}

func (j *jobs) stop() tea.Cmd {
	line := "riffle stop " + quote(j.sel)
	return j.confirm("Stop "+j.sel, []string{"The job ends with a savepoint; open windows stay in it and do not fire. riffle resume starts it again."}, line, "stop with savepoint",
		func() tea.Cmd {
			return j.act(line, "stop", func(ctx context.Context, name string) (string, error) {
				dir, err := j.client.Stop(ctx, name, "")
				return name + " stopped; savepoint " + dir, err
			})
		})
}

func (j *jobs) cancelJob() tea.Cmd {
	line := "riffle cancel " + quote(j.sel)
	return j.confirm("Cancel "+j.sel, []string{"The job ends at once, without a last checkpoint: what came after the last one is read again when it is resumed."}, line, "cancel",
		func() tea.Cmd {
			return j.act(line, "cancel", func(ctx context.Context, name string) (string, error) {
				return name + " cancelled", j.client.Cancel(ctx, name)
			})
		})
}

func (j *jobs) remove() tea.Cmd {
	if i, ok := j.info(); ok && (i.State == "running" || i.State == "paused") {
		j.a.say(canvas.Warn, j.sel+" runs: s stops it first")
		return nil
	}
	line := "riffle jobs rm " + quote(j.sel)
	return j.confirm("Forget "+j.sel, []string{"The job and its checkpoints go. Savepoints and output stay."}, line, "forget it", func() tea.Cmd {
		return j.act(line, "forget", func(ctx context.Context, name string) (string, error) {
			return name + " is gone", j.client.Remove(ctx, name)
		})
	})
}

func (j *jobs) restart() tea.Cmd {
	line := "riffle restart " + quote(j.sel)
	return j.confirm("Restart "+j.sel, []string{"The job stops with a last checkpoint and starts from it."}, line, "restart", func() tea.Cmd {
		return j.act(line, "restart", func(ctx context.Context, name string) (string, error) {
			return name + " restarted", j.client.Restart(ctx, name)
		})
	})
}

// pause holds a running job still, or lets one go on.
func (j *jobs) pause() tea.Cmd {
	i, _ := j.info()
	if i.State == "running" {
		return j.act("riffle pause "+quote(j.sel), "pause", func(ctx context.Context, name string) (string, error) {
			return name + " is paused: z lets it go on", j.client.Pause(ctx, name)
		})
	}
	return j.act("riffle resume "+quote(j.sel), "resume", func(ctx context.Context, name string) (string, error) {
		return name + " goes on", j.client.Resume(ctx, name)
	})
}

func (j *jobs) savepoint() tea.Cmd {
	return j.a.ask(prompt{kind: "savepoint", help: "take it", enter: func(label string) tea.Cmd {
		label = strings.TrimSpace(label)
		return j.act("riffle savepoint create "+quote(j.sel)+" "+quote(label), "savepoint", func(ctx context.Context, name string) (string, error) {
			s, err := j.client.Savepoint(ctx, name, label)
			return "savepoint " + s.Label + ", " + render.Bytes(s.Bytes) + " in " + s.Dir, err
		})
	}}, "savepoint of "+j.sel+", name: ", "")
}

// rescale previews a change of the number of tasks.
func (j *jobs) rescale(by int) tea.Cmd {
	if j.detail == nil {
		return nil
	}
	to := j.detail.Parallelism + by
	if to < 1 {
		j.a.say(canvas.Warn, "one task is the least")
		return nil
	}
	p := repl.PreviewRescale(*j.detail, to)
	line := fmt.Sprintf("riffle rescale %s %d", quote(j.sel), to)
	return j.confirm(fmt.Sprintf("Rescale %s: %d -> %d", j.sel, p.From, p.To), []string{p.Text}, line, "rescale", func() tea.Cmd {
		return j.act(line, "rescale", func(ctx context.Context, name string) (string, error) {
			return fmt.Sprintf("%s has %d tasks a stage", name, to), j.client.Rescale(ctx, name, to)
		})
	})
}

func (j *jobs) askSet() tea.Cmd {
	return j.a.ask(prompt{kind: "set", help: "set", enter: j.set}, "key=value: ", "")
}

func (j *jobs) set(args string) tea.Cmd {
	key, value, ok := strings.Cut(strings.TrimSpace(args), "=")
	if key == "keys" { // of the screens, not of the job
		return j.a.set(args)
	}
	if !ok {
		j.a.say(canvas.Bad, "a setting is key=value, such as checkpoint=5s")
		return nil
	}
	return j.act("riffle job set "+quote(j.sel)+" "+quote(key+"="+value), "set", func(ctx context.Context, name string) (string, error) {
		restart, err := j.client.Set(ctx, name, key, value)
		text := key + " is " + value + " now"
		if restart {
			text += "; it takes effect at the next start: r restarts"
		}
		return text, err
	})
}

func (j *jobs) askFilter() tea.Cmd {
	old := j.filter
	return j.a.ask(prompt{kind: "filter", help: "keep", change: func(text string) { j.filter = text },
		enter:  func(text string) tea.Cmd { j.filter = text; return j.look() },
		cancel: func() { j.filter = old }}, "filter: ", old)
}

// why asks the server why a job has no output.
func (j *jobs) why() tea.Cmd {
	name := j.sel
	return j.a.background(func(ctx context.Context) func() tea.Cmd {
		w, err := j.client.Why(ctx, name)
		set := func(key, value string) error {
			if j.a.ses.ReadOnly {
				return repl.ErrReadOnly
			}
			_, err := j.client.Set(j.a.ctx, name, key, value)
			return err
		}
		return func() tea.Cmd {
			if err != nil {
				j.a.say(canvas.Bad, firstLine(err.Error()))
				return nil
			}
			j.a.open(&whyBox{a: j.a, name: "Why is there no output? " + name, why: repl.WhyOf(w, set)})
			return nil
		}
	})
}

// plan shows how the job is computed.
func (j *jobs) plan() tea.Cmd {
	if j.detail == nil || j.detail.Plan == "" {
		return nil
	}
	return j.a.read(&reader{name: "Plan of " + j.sel, width: 110, prose: widget.Prose{Lines: widget.Paragraph(j.detail.Plan)}})
}

// openOperator shows the operators that a stage is made of.
func (j *jobs) openOperator() tea.Cmd {
	o := j.detail.Operators[j.op]
	var lines []widget.Line
	if o.StateNote != "" {
		lines = append(lines, widget.Line{{Text: "state: " + o.StateNote}}, nil)
	}
	for _, l := range o.Chain {
		lines = append(lines, widget.Line{{Text: l.Name, S: canvas.Title}, {Text: fmt.Sprintf("  %s rows in, %s out", render.Count(l.RowsIn), render.Count(l.RowsOut))}},
			widget.Line{{Text: "  " + l.Detail, S: canvas.Dim}})
	}
	lines = append(lines, nil)
	for i, t := range o.Tasks {
		lines = append(lines, widget.Line{{Text: fmt.Sprintf("task %d  busy %5s  backp %5s  in %s/s  %s rows", i, percent(t.Busy), percent(t.Backpressure), render.Short(t.InRate), render.Count(t.Rows))}})
	}
	return j.a.read(&reader{name: o.Title, width: 100, prose: widget.Prose{Lines: lines}})
}

// openEvent shows an event whole, with the error and what would help.
func (j *jobs) openEvent() tea.Cmd {
	if j.detail == nil || j.events.Sel >= len(j.detail.Events) {
		return nil
	}
	e := j.detail.Events[j.events.Sel]
	text := e.At.UTC().Format("2006-01-02 15:04:05") + "  " + e.Kind + "\n" + e.Text
	if e.Error != "" {
		text += "\n\n" + e.Error
	}
	if e.Hint != "" {
		text += "\n\nhint: " + e.Hint
	}
	var lines []widget.Line
	for _, l := range strings.Split(text, "\n") {
		for _, w := range append(wrap(l, 96), "")[:max(1, len(wrap(l, 96)))] {
			lines = append(lines, widget.Line{{Text: w}})
		}
	}
	return j.a.read(&reader{name: "Event", width: 100, prose: widget.Prose{Lines: lines}})
}
