package tui

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/riffle-io/riffle/repl"
	"github.com/riffle-io/riffle/tui/canvas"
	"github.com/riffle-io/riffle/tui/widget"
)

// promote is the dialog that turns a query into a job: the query beside the job, every change with
// its reason, what was measured, and what to look out for. Nothing happens before it is started.
type promote struct {
	a      *app
	req    repl.PromoteRequest
	plan   *repl.Promotion // nil: not worked out yet
	failed string          // why not
	busy   bool
	stop   context.CancelFunc
	asked  time.Time
	field  int
	prose  widget.Prose // the query as a plan, when shown
	asPlan bool
}

// promoteName is what a job may be called, since it names files.
var promoteName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,63}$`)

// askPromote is P: it asks for the job's name and opens the dialog.
func (a *app) askPromote(query, name string) tea.Cmd {
	query = strings.TrimSpace(query)
	if query == "" {
		a.say(canvas.Warn, "no query to promote: put the cursor on a statement")
		return nil
	}
	return a.ask(prompt{kind: "promote", help: "work it out", enter: func(text string) tea.Cmd {
		text = strings.TrimSpace(text)
		if !promoteName.MatchString(text) {
			a.say(canvas.Bad, "a job's name is a letter, then letters, digits, _ and -")
			return nil
		}
		p := &promote{a: a, req: repl.PromoteRequest{SQL: query, Name: text, Checkpoint: 10 * time.Second}}
		a.open(p)
		return p.work()
	}}, "promote to a job named: ", name)
}

// jobName proposes a name: the buffer's, when it is a file's.
func jobName(b *widget.Buffer) string {
	if b == nil || b.Path == "" {
		return ""
	}
	name := strings.TrimSuffix(filepath.Base(b.Path), ".sql")
	if !promoteName.MatchString(name) || name == "query" { // which says nothing
		return ""
	}
	return name
}

// promote is P on the screen: the statement under the cursor, or the one whose result is shown.
func (e *explore) promote() tea.Cmd {
	b := e.editor.Buffer()
	if e.ps.focus.scope != "explore/editor" && e.base.text != "" {
		return e.a.askPromote(e.base.text, jobName(e.base.buf))
	}
	return e.a.askPromote(e.cursorQuery(), jobName(b))
}

// work asks the session for the promotion, in the background: it measures the explored data and runs
// the job over it as a stream.
func (p *promote) work() tea.Cmd {
	if p.stop != nil {
		p.stop()
	}
	ctx, stop := context.WithCancel(p.a.ctx)
	p.stop, p.busy, p.failed, p.asked = stop, true, "", p.a.now()
	req := p.req
	return p.a.background(func(context.Context) func() tea.Cmd {
		plan, err := p.a.ses.Promote(ctx, req)
		return func() tea.Cmd {
			if ctx.Err() != nil {
				return nil
			}
			stop()
			p.busy = false
			if err != nil {
				p.failed = err.Error()
				return nil
			}
			p.plan = plan
			return nil
		}
	})
}

// closed ends what is being worked out.
func (p *promote) closed() { p.stop() }

// poll keeps the seconds moving while the promotion is worked out.
func (p *promote) poll(time.Time) (changed, active bool) { return p.busy, p.busy }

func (p *promote) title() (string, string) {
	note := p.req.Name
	if p.plan != nil {
		note += "  " + p.plan.Mode
	}
	return "Promote to a running job", note
}

func (p *promote) size(w, h int) (int, int) { return w + 4, h }
func (p *promote) cursor() (int, int, bool) { return 0, 0, false }

func (p *promote) hints() [][2]string {
	out := [][2]string{{"j k", "field"}, {"< >", "change"}, {"e", "type"}, {"i", "all findings"}, {"v", "plan"}, {"s", "shadow run"}}
	if p.ready() {
		out = append(out, [2]string{"enter", "start"}, [2]string{"w", "file only"})
	}
	return append(out, [2]string{"y", "copy"}, [2]string{"esc", "cancel"})
}

// ready reports that the job could be started.
func (p *promote) ready() bool { return p.plan != nil && !p.busy && p.failed == "" && !p.plan.Errors() }

// command is the command line that does the same.
func (p *promote) command() string {
	line := "riffle promote " + quote(oneStatement(p.req.SQL)) + " --name " + quote(p.req.Name)
	for _, f := range []struct{ flag, value string }{{"--window", p.req.Window}, {"--watermark", p.req.Delay}, {"--into", p.req.Into}, {"--topic", p.req.Topic}} {
		if f.value != "" {
			line += " " + f.flag + " " + quote(f.value)
		}
	}
	if p.req.History {
		line += " --history"
	}
	if p.req.Parallelism > 0 {
		line += " --parallel " + itoa(p.req.Parallelism)
	}
	if p.req.Checkpoint != 10*time.Second {
		line += " --checkpoint " + p.req.Checkpoint.String()
	}
	return line + p.a.sourceArgs()
}

// field is something of the request that can be changed.
type field struct {
	name, value, note string
	choices           []string // for < and >; nil: typed
	set               func(text string) error
}

func orWord(s, word string) string {
	if s == "" {
		return word
	}
	return s
}

// fields are the changeable parts of the request.
func (p *promote) fields() []field {
	r := &p.req
	text := func(to *string) func(string) error {
		return func(s string) error { *to = strings.TrimSpace(s); return nil }
	}
	delay := field{name: "watermark", value: orWord(r.Delay, "p99.9"), choices: []string{"p99", "p99.9", "max"}, set: text(&r.Delay),
		note: "of what was measured, or a duration"}
	history := field{name: "history", value: "topic only", choices: []string{"no", "yes"}, note: "the explored file first, then its topic",
		set: func(s string) error { r.History = s == "yes"; return nil }}
	if r.History {
		history.value = "file, then topic"
	}
	parallel := field{name: "parallel", value: "one task a core", set: func(s string) error {
		_, err := fmt.Sscanf(s, "%d", &r.Parallelism)
		return err
	}}
	if r.Parallelism > 0 {
		parallel.value = itoa(r.Parallelism)
	}
	return []field{
		{name: "window", value: orWord(r.Window, "as in the query"), choices: []string{"", "tumble:1m", "tumble:1h", "tumble:24h", "none"}, set: text(&r.Window),
			note: "tumble:SIZE, hop:SLIDE:SIZE, none"},
		delay,
		{name: "topic", value: orWord(r.Topic, "found by itself"), set: text(&r.Topic), note: "kafka://host:port/topic, or a table"},
		history,
		{name: "into", value: orWord(r.Into, "out/"+r.Name), set: text(&r.Into), note: "a directory, or kafka://host:port/topic"},
		parallel,
		{name: "checkpoint", value: r.Checkpoint.String(), choices: []string{"1s", "10s", "1m0s"}, set: func(s string) error {
			d, err := time.ParseDuration(s)
			if err == nil {
				r.Checkpoint = d
			}
			return err
		}},
	}
}

func (p *promote) key(k, _ string) tea.Cmd {
	fields := p.fields()
	switch k {
	case "esc":
		if p.asPlan {
			p.asPlan = false
			return nil
		}
		p.a.closeOverlay()
	case "j", "down", "tab":
		p.field = (p.field + 1) % len(fields)
	case "k", "up", "shift+tab":
		p.field = (p.field + len(fields) - 1) % len(fields)
	case "<", ">", "left", "right", "h", "l":
		return p.change(fields[p.field], k == ">" || k == "right" || k == "l")
	case "e":
		return p.typeField(fields[p.field])
	case "v":
		p.asPlan = !p.asPlan && p.plan != nil
	case "i":
		return p.openFindings()
	case "s":
		return p.work()
	case "y":
		return p.a.copyText(p.command(), "the command")
	case "w":
		return p.writeOnly()
	case "enter":
		return p.start(repl.StartOptions{})
	case "ctrl+d", "ctrl+u", "ctrl+f", "ctrl+b", "pgdown", "pgup":
		p.prose.Key(k)
	}
	return nil
}

// change takes the next choice of a field; one without choices is typed.
func (p *promote) change(f field, forward bool) tea.Cmd {
	if f.choices == nil {
		return p.typeField(f)
	}
	at := -1
	for i, c := range f.choices {
		if c == f.value || (f.name == "history" && (c == "yes") == p.req.History) || (c == "p99.9" && f.name == "watermark" && p.req.Delay == "") {
			at = i
		}
	}
	step := 1
	if !forward {
		step = -1
	}
	if at < 0 && !forward {
		at = 0
	}
	return p.set(f, f.choices[(at+step+len(f.choices))%len(f.choices)])
}

func (p *promote) typeField(f field) tea.Cmd {
	return p.a.ask(prompt{kind: "promote " + f.name, help: "set", enter: func(text string) tea.Cmd { return p.set(f, text) }}, f.name+": ", "")
}

func (p *promote) set(f field, value string) tea.Cmd {
	if err := f.set(value); err != nil {
		p.a.say(canvas.Bad, f.name+": "+err.Error())
		return nil
	}
	return p.work()
}

// writeOnly writes the job's file and starts nothing.
func (p *promote) writeOnly() tea.Cmd {
	if !p.ready() {
		return nil
	}
	path := filepath.Join(p.plan.Spec.Dir, p.plan.File)
	write := func() tea.Cmd {
		err := os.MkdirAll(filepath.Dir(path), 0o755)
		if err == nil {
			err = writeFile(path, p.plan.SQL)
		}
		if err != nil {
			p.a.say(canvas.Bad, err.Error())
			return nil
		}
		p.a.closeOverlay()
		p.a.say(canvas.Good, "wrote "+path+"; nothing was started")
		return nil
	}
	old, err := os.ReadFile(path)
	if err == nil && !repl.SameStatements(string(old), p.plan.SQL) {
		return p.a.choose("Overwrite "+p.plan.File+"?", widget.Paragraph("the file says something else"),
			choice{key: "n", text: "no"}, choice{key: "y", text: "overwrite", do: write})
	}
	return write()
}

// start writes the file and hands the job to the server, which is started when none runs. What would
// be lost is asked about first.
func (p *promote) start(o repl.StartOptions) tea.Cmd {
	switch {
	case p.plan != nil && p.plan.Errors():
		p.a.say(canvas.Bad, "the lint has errors: the job would not do what the query does")
		return nil
	case !p.ready():
		return nil
	}
	p.busy, p.asked = true, p.a.now()
	plan, line, client := p.plan, p.command(), p.a.jobs.client
	return p.a.background(func(ctx context.Context) func() tea.Cmd {
		if client != nil && !o.Replace {
			if d, err := client.Show(ctx, plan.Name); err == nil {
				return func() tea.Cmd {
					p.busy, o.Replace = false, true
					return p.again("Replace the job "+plan.Name+"?", fmt.Errorf("%s is there already: version %d, %s; what keeps its meaning keeps its state", plan.Name, d.Version, d.State), o)
				}
			}
		}
		st, err := p.a.ses.StartPromotion(ctx, plan, o)
		return func() tea.Cmd {
			p.busy = false
			switch {
			case errors.Is(err, repl.ErrFileDiffers):
				o.Overwrite = true
				return p.again("Overwrite "+plan.File+"?", err, o)
			case errors.Is(err, repl.ErrStateLoss):
				o.AllowLoss = true
				return p.again("State would be lost", err, o)
			case err != nil:
				p.failed = err.Error()
				return nil
			}
			return p.done(st, line, plan.Name)
		}
	})
}

// again asks whether to go on all the same.
func (p *promote) again(name string, err error, o repl.StartOptions) tea.Cmd {
	var lines []widget.Line
	for _, l := range wrap(firstLine(err.Error()), 70) {
		lines = append(lines, widget.Line{{Text: l}})
	}
	do := func() tea.Cmd { return p.start(o) }
	if o.Replace && !o.AllowLoss { // which is asked on the way
		do = p.a.typedName(p.plan.Name, do)
	}
	return p.a.choose(name, lines, choice{key: "n", text: "no"}, choice{key: "y", text: "go on", do: do})
}

// done goes to the job.
func (p *promote) done(st repl.Started, line, name string) tea.Cmd {
	p.a.closeOverlay()
	p.a.record(line, "promoted")
	text := "job " + name + " runs"
	if st.File != "" {
		text += "; wrote " + st.File
	}
	if st.Server != nil {
		text += fmt.Sprintf("; started the job server (pid %d)", st.Server.PID)
	}
	j := p.a.jobs
	j.sel, j.detail, j.samples = name, nil, nil
	cmd := p.a.show("jobs")
	p.a.say(canvas.Good, text)
	return cmd
}
