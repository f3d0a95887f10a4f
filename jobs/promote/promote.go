package promote

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/riffle-io/riffle/jobs"
	"github.com/riffle-io/riffle/sql/syntax"
)

// work is one promotion under way.
type work struct {
	ctx   context.Context
	s     Session
	r     Request
	d     *draft
	p     *Promotion
	feeds []*feed
	late  *measured     // of the first feed with event time
	top   time.Duration // largest delay that was measured
	now   time.Time     // records up to here are measured and compared
	shape *Shape
}

// Plan works out how a query runs as a job. An error that wraps ErrRefused says what keeps it from
// becoming one; what only needs a decision is in the promotion's Lint.
func Plan(ctx context.Context, s Session, r Request) (*Promotion, error) {
	if err := jobs.CheckName(r.Name); err != nil {
		return nil, err
	}
	if r.Into == "" {
		r.Into = "out/" + r.Name
	}
	w := &work{ctx: ctx, s: s, r: r, now: time.Now().Truncate(time.Millisecond).Add(time.Millisecond), // records of this one count

		p: &Promotion{V: 1, Name: r.Name, Lint: []Lint{}, Changes: []Change{}, File: filepath.Join("jobs", r.Name+".sql")}}
	if ready, err := w.isJob(); ready || err != nil {
		return w.p, err
	}
	var err error
	if w.d, err = parse(r.SQL); err != nil {
		return nil, err
	}
	w.p.Bounded = w.d.text
	for _, step := range []func() error{w.findFeeds, w.times, w.measure, w.rewrite, w.plan, w.compare} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	w.lint()
	w.p.Changes = w.d.changes
	return w.p, nil
}

func (w *work) spec() jobs.Spec {
	return jobs.Spec{Name: w.r.Name, SQL: w.p.SQL, Dir: w.r.Dir, Parallelism: w.r.Parallelism, Checkpoint: jobs.Duration(w.r.Checkpoint), Late: w.r.Late}
}

// isJob takes statements that end in an INSERT as they are: somebody wrote a job.
func (w *work) isJob() (bool, error) {
	script, err := syntax.Parse(w.r.SQL)
	if err != nil {
		return false, err
	}
	for _, s := range script.Stmts {
		if _, ok := s.(*syntax.Insert); !ok {
			continue
		}
		w.p.Bounded, w.p.SQL = strings.TrimSpace(w.r.SQL), strings.TrimSpace(w.r.SQL)+"\n"
		w.p.Spec = w.spec()
		p, err := w.s.Prepare(w.ctx, w.p.Spec)
		if err != nil {
			trimmed := len(w.r.SQL) - len(strings.TrimLeft(w.r.SQL, " \t\r\n"))
			return true, w.refuse(err, w.p.SQL, 0, &draft{text: w.p.SQL, at: trimmed})
		}
		w.p.Mode = p.Mode
		w.p.Lint = append(w.p.Lint, Lint{Level: "ok", Text: "the statements are a job already and run as they are"})
		return true, nil
	}
	return false, nil
}

// rewrite edits the query: windows, sources, what an endless input cannot have.
func (w *work) rewrite() error {
	d := w.d
	win, reason, err := w.window()
	if err != nil {
		return err
	}
	for i, f := range w.feeds {
		old, end := refText(d.text, f.ref)
		if win != nil && i == 0 {
			d.useWindow(win, f.ref, name(f.name), f.time, reason)
		} else if old != name(f.name) {
			d.edits = append(d.edits, edit{f.ref.Pos(), end, name(f.name)})
		}
		switch {
		case f.history != nil:
			d.change(old, name(f.name), "%s up to %s, then topic %s from there on: no gap and no row twice", f.source.Ref, f.until, f.topic.Topic)
		case f.source.Path != "":
			d.change(old, name(f.name), "the file ends; topic %s goes on", f.topic.Topic)
		case old != name(f.name):
			d.change(old, name(f.name), "the topic without an end, from %s on", strings.Replace(f.topic.Start, ":", " ", 1))
		}
		if f.time != "" && w.p.Lateness != nil && (f.source.EventTime != f.time || f.delay != f.source.Delay) {
			d.change("", fmt.Sprintf("WATERMARK FOR %s AS %s - %s", name(f.time), name(f.time), interval(f.delay)),
				"event time; waits %s for rows that come out of order (%s, as measured)", f.delay, w.p.Lateness.Chosen.words())
		}
	}
	d.cutOrder()
	return nil
}

func (c Choice) words() string {
	return fmt.Sprintf("at most %.3f %% of the rows are later", 100*c.Share)
}

// window is what the request or the query's date_trunc asks for; nil for none.
func (w *work) window() (*window, string, error) {
	d, f := w.d, w.feeds[0]
	if w.r.Window == "none" {
		return nil, "", nil
	}
	if w.r.Window == "" {
		if d.windowed() || f.time == "" {
			return nil, "", nil
		}
		if win := d.truncated(f.time); win != nil {
			return win, "windows close and let go of their state; date_trunc would keep every hour for ever", nil
		}
		return nil, "", nil
	}
	win, err := parseWindow(w.r.Window)
	switch {
	case err != nil:
		return nil, "", err
	case d.windowed():
		return nil, "", fmt.Errorf("%w: --window %s: the query has windows already", ErrRefused, w.r.Window)
	case d.sel == nil || d.sel.GroupBy == nil:
		return nil, "", fmt.Errorf("%w: --window %s: the query does not group", ErrRefused, w.r.Window)
	case f.time == "":
		return nil, "", fmt.Errorf("%w: --window %s: %s has no TIMESTAMP column for event time", ErrRefused, w.r.Window, f.source.Ref)
	}
	return win, "state is bounded by the open windows; without one it grows with the keys", nil
}

// script is the declarations and the query, with a delay for all watermarks (below zero: each its own)
// and, unless it is zero, a time at which the topics end.
func (w *work) script(delay time.Duration, until time.Time) string {
	var b strings.Builder
	for _, f := range w.feeds {
		own := f.delay
		if delay >= 0 {
			own = delay
		}
		b.WriteString(f.declare(own, until))
	}
	b.WriteString(w.others())
	return b.String()
}

// others is the declarations that came with the query, without those of the feeds.
func (w *work) others() string {
	if w.d.before == "" {
		return ""
	}
	script, err := syntax.Parse(w.d.before)
	if err != nil { // it was parsed before
		return w.d.before
	}
	var b strings.Builder
	for _, s := range script.Stmts {
		if t, ok := s.(*syntax.CreateTable); ok && w.isFeed(syntax.FormatName(t.Name)) {
			continue
		}
		b.WriteString(strings.TrimRight(w.d.before[s.Pos():s.End()], "; \n") + ";\n")
	}
	return b.String()
}

func (w *work) isFeed(table string) bool {
	for _, f := range w.feeds {
		if name(f.name) == table {
			return true
		}
	}
	return false
}

// plan binds the job and writes its text.
func (w *work) plan() error {
	query := apply(w.d.text, w.d.edits)
	declared := w.script(-1, time.Time{})
	shape, err := w.s.Check(w.ctx, declared+query)
	if err != nil {
		return w.refuse(err, declared+query, len(declared), w.d)
	}
	w.shape = shape
	seen := map[string]bool{}
	for _, c := range shape.Columns {
		if seen[c.Name] {
			return fmt.Errorf("%w: two columns are named %s; name them apart with AS", ErrRefused, c.Name)
		}
		seen[c.Name] = true
	}
	ddl, out, err := target(w.r.Name, w.r.Into, shape)
	if err != nil {
		return err
	}
	p := w.p
	p.Mode, p.Plan, p.Columns = shape.Mode.String(), shape.Plan, shape.Columns
	before := w.header() + declared + ddl + "INSERT INTO " + out + "\n"
	p.SQL = before + query + ";\n"
	p.Spec = w.spec()
	p.Spec.Explored = &jobs.Explored{SQL: w.explored(), Job: p.SQL}
	p.Read = w.readBack()
	w.d.change("", "INSERT INTO "+out, "rows go to %s, exactly once", w.r.Into)
	if _, err := w.s.Prepare(w.ctx, p.Spec); err != nil {
		return w.refuse(err, p.SQL, len(before), w.d)
	}
	return nil
}

// header tells a reader of the file where it comes from.
func (w *work) header() string {
	var b strings.Builder
	fmt.Fprintf(&b, "-- Job %s, promoted from a query by riffle. Start or replace it: riffle promote %s --name %s\n", w.r.Name, filepath.ToSlash(w.p.File), w.r.Name)
	if w.p.Lateness != nil {
		fmt.Fprintf(&b, "-- Watermark of %s: %s than it waits; measured on %s.\n", w.p.Lateness.Column, w.p.Lateness.Chosen.words(), w.p.Lateness.Basis)
	}
	if w.d.read != "" {
		fmt.Fprintf(&b, "-- Applies when the output is read: %s\n", strings.Join(strings.Fields(w.d.read), " "))
	}
	return b.String()
}

// readBack is a query over the job's output that gives what the explored query gave.
func (w *work) readBack() string {
	from := syntax.FormatString(w.r.Into)
	if strings.HasPrefix(w.r.Into, "kafka://") {
		from = syntax.FormatString(w.r.Into + "@start..end")
	}
	var cols []string
	for _, c := range w.shape.Columns {
		cols = append(cols, name(c.Name))
	}
	list := strings.Join(cols, ", ")
	text := "SELECT " + list + " FROM " + from
	if w.shape.Mode.String() != "append" && !strings.HasPrefix(w.r.Into, "kafka://") {
		text += " GROUP BY " + list + " HAVING sum(CASE WHEN op IN ('+I', '+U') THEN 1 ELSE -1 END) > 0"
	}
	if w.d.read != "" {
		text += " " + w.d.read
	}
	return text
}
