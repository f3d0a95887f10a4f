package repl

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/exec"
	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/datasets/kafka"
	"github.com/riffle-io/riffle/jobs"
	"github.com/riffle-io/riffle/jobs/promote"
	"github.com/riffle-io/riffle/sql"
	"github.com/riffle-io/riffle/sql/syntax"
)

// The types of promotions, as screens and commands see them.
type (
	Promotion      = promote.Promotion
	PromoteRequest = promote.Request
	PromoteChange  = promote.Change
	PromoteLint    = promote.Lint
)

// ErrRefused marks a query that cannot become a job.
var ErrRefused = promote.ErrRefused

// Promote works out how a query runs as a job. Nothing is started and nothing is written.
func (s *Session) Promote(ctx context.Context, r PromoteRequest) (*Promotion, error) {
	if r.Dir == "" {
		dir, err := filepath.Abs(s.Dir)
		if err != nil {
			return nil, err
		}
		r.Dir = dir
	}
	own, err := s.declared(ctx, r.SQL)
	if err != nil {
		return nil, err
	}
	p, err := promote.Plan(ctx, &promoter{s, own}, r)
	var list syntax.ErrorList
	var told *StatementError
	if errors.As(err, &list) && !errors.As(err, &told) {
		return nil, &StatementError{Text: describeErrors(err, r.SQL), Err: fmt.Errorf("%w: %w", ErrSyntax, err)}
	}
	return p, err
}

// Demote makes a bounded query of a job: the explored one that it was promoted from, or its own with
// topics that end. It runs by itself in the job's directory.
func Demote(s JobSpec) (string, error) { return promote.Demote(s) }

// promoter is the session as a promotion sees it. own has the tables that the promoted text declares.
type promoter struct{ s, own *Session }

// derive makes a session with the settings, the budget and the server of this one, and no tables.
func (s *Session) derive() (*Session, error) {
	pool, _, err := s.reserve()
	if err != nil {
		return nil, err
	}
	d := NewSession(Output{Notice: func(string, ...any) {}})
	s.mu.Lock()
	defer s.mu.Unlock()
	d.Settings, d.pool, d.Params, d.Server = s.Settings, pool, s.Params, s.Server
	d.State, d.Late, d.Bad, d.For, d.Limit, d.Mode, d.UntilWatermark = "", "", "", 0, -1, "", 0
	return d, nil
}

// declared is a session with the tables that a text declares. A text that cannot be parsed has none:
// the promotion says what is wrong with it.
func (s *Session) declared(ctx context.Context, text string) (*Session, error) {
	d, err := s.derive()
	if err != nil {
		return nil, err
	}
	script, err := syntax.Parse(text)
	if err != nil {
		return d, nil
	}
	for _, stmt := range script.Stmts {
		if t, ok := stmt.(*syntax.CreateTable); !ok || t.Query != nil {
			continue
		}
		st := d.begin(ctx, d.out, nil)
		bound, err := st.bind(stmt, text)
		if err == nil {
			err = st.execStatement(bound)
		}
		if err != nil {
			return nil, err
		}
	}
	return d, nil
}

// Topics lists the topics of the command line and of declared tables.
func (p *promoter) Topics() (out []string) {
	c := p.s.cat
	c.mu.RLock()
	defer c.mu.RUnlock()
	for _, src := range c.sources {
		if kafka.IsURL(src) {
			out = append(out, syntax.FormatString(src))
		}
	}
	for n, d := range c.tables {
		if d.def != nil && d.def.Options["connector"] == "kafka" {
			out = append(out, n)
		}
	}
	return out
}

// Source looks at a table reference.
func (p *promoter) Source(ctx context.Context, ref string) (*promote.Source, error) {
	script, err := syntax.Parse("SELECT * FROM " + ref)
	if err != nil {
		return nil, err
	}
	st := p.s.begin(ctx, Output{Notice: func(string, ...any) {}}, nil)
	var out *promote.Source
	syntax.Walk(script.Stmts[0], func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.FileTable:
			out, err = st.sourceOfPath(n.Path, n.Range)
		case *syntax.TableName:
			out, err = st.sourceOfName(n, p.own.cat)
		default:
			return true
		}
		return false
	})
	if out != nil {
		out.Ref = ref
	}
	return out, err
}

// sourceOfName looks at a named table: one of own, which the text declares, or of the session.
func (st *statement) sourceOfName(n *syntax.TableName, own *Catalog) (*promote.Source, error) {
	var name []string
	for _, part := range n.Name {
		name = append(name, part.Name)
	}
	d, ok := own.lookup(key(name))
	if !ok {
		d, ok = st.s.cat.lookup(key(name))
	}
	if ok && d.from != "" {
		path, rng, err := splitRange(d.from)
		if err != nil {
			return nil, err
		}
		return st.sourceOfPath(path, rng)
	}
	if !ok || d.def == nil {
		if _, isView := st.View(name); isView {
			return nil, fmt.Errorf("%w: %s is a view of this session; put its CREATE VIEW before the query", ErrRefused, key(name))
		}
		if _, isResult, _ := st.s.resultTable(key(name)); isResult {
			return nil, fmt.Errorf("%w: %s is a result of this session and ends; promote the query that made it", ErrRefused, key(name))
		}
		return nil, fmt.Errorf("%w: %s", sql.ErrNoTable, key(name))
	}
	out := &promote.Source{}
	for _, c := range d.def.Columns {
		if c.Metadata == "" && c.Computed == nil {
			out.Columns = append(out.Columns, promote.Column{Name: c.Name, Type: c.Type.String()})
		}
	}
	o := d.def.Options
	switch o["connector"] {
	case "kafka":
		out.Brokers, out.Topic, out.Format, out.Stream = o["properties.bootstrap.servers"], o["topic"], formatOf(d.def), true
		out.Start = "earliest-offset"
		if m := o["scan.startup.mode"]; m != "" {
			out.Start = m
		}
		if ms := o["scan.startup.timestamp-millis"]; ms != "" {
			out.Start += ":" + ms
		}
	case "filesystem":
		out.Path, out.Format = st.path(o["path"]), o["format"]
	}
	if w := d.def.Watermark; w != nil {
		out.EventTime = d.def.Columns[w.Col].Name
		out.Delay = delayOf(w.Expr)
	}
	return out, nil
}

// delayOf is the d of a watermark ts - d; 0 for any other expression.
func delayOf(e expr.Expr) time.Duration {
	text := e.String()
	_, iv, ok := strings.Cut(text, "INTERVAL '")
	if !ok {
		return 0
	}
	iv, _, _ = strings.Cut(iv, "'")
	v, ok := expr.ParseInterval(iv)
	if !ok || v.Months != 0 {
		return 0
	}
	return time.Duration(v.Micros)*time.Microsecond + time.Duration(v.Days)*24*time.Hour
}

func (st *statement) sourceOfPath(path string, rng *syntax.Range) (*promote.Source, error) {
	out := &promote.Source{Stream: kafka.IsURL(path) && (rng == nil || rng.To == nil)}
	t, err := st.File(path, rng)
	if kafka.IsURL(path) {
		u, perr := kafka.ParseURL(path)
		if perr != nil {
			return nil, perr
		}
		out.Brokers, out.Topic, out.Format = strings.Join(u.Brokers, ","), u.Topic, "json"
		if out.Start, perr = startOf(rng); perr != nil {
			return nil, perr
		}
		if errors.Is(err, kafka.ErrNoSample) || errors.Is(err, kafka.ErrUnknownTopic) {
			return out, nil // nothing in it yet
		}
	}
	if err != nil {
		return nil, err
	}
	if out.Topic == "" {
		out.Path = st.path(path)
		if out.Format, err = formatOfPath(out.Path); err != nil {
			return nil, err
		}
	}
	hidden, _ := t.(interface{ Hidden(int) bool })
	for i, f := range t.Schema().Fields {
		if hidden == nil || !hidden.Hidden(i) {
			out.Columns = append(out.Columns, promote.Column{Name: f.Name, Type: f.Type.String()})
		}
	}
	return out, nil
}

// startOf is where a job begins to read a topic that was explored from a point on.
func startOf(rng *syntax.Range) (string, error) {
	if rng == nil {
		return "earliest-offset", nil
	}
	switch p := rng.From; p.Kind {
	case syntax.PointStart:
		return "earliest-offset", nil
	case syntax.PointEnd, syntax.PointNow:
		return "latest-offset", nil
	case syntax.PointTime:
		return fmt.Sprintf("timestamp:%d", p.Time/1000), nil
	case syntax.PointAgo:
		return fmt.Sprintf("timestamp:%d", time.Now().Add(-p.Ago).UnixMilli()), nil
	}
	return "", fmt.Errorf("%w: a job begins at a time, at the start or at the end of a topic, not at the offset %s of each partition", ErrRefused, rng.From.Text)
}

// Check binds a script whose last statement is a query, in a session of its own.
func (p *promoter) Check(ctx context.Context, script string) (*promote.Shape, error) {
	st, q, err := p.open(ctx, script, false)
	if err != nil {
		return nil, err
	}
	phys, err := st.optimize(q.Plan)
	if err != nil {
		return nil, err
	}
	out := &promote.Shape{Plan: plan.Explain(phys, plan.StateNote)}
	var keyed []int
	out.Mode, keyed = plan.ModeOf(phys)
	for _, k := range keyed {
		out.Key = append(out.Key, q.Names[k])
	}
	for i, f := range q.Plan.Schema().Fields {
		out.Columns = append(out.Columns, promote.Column{Name: q.Names[i], Type: f.Type.String()})
	}
	plan.Transform(phys, func(n plan.Node) plan.Node {
		if a, ok := n.(*plan.Aggregate); ok && a.Mode == plan.AggPartial {
			return n
		}
		if note := plan.StateNote(n); note != "" {
			out.State = append(out.State, note)
		}
		return n
	})
	return out, nil
}

// open runs the declarations of a script in a session of its own, with this one's settings and
// budget, and binds the query at its end.
func (p *promoter) open(ctx context.Context, script string, replay bool) (*statement, *sql.Query, error) {
	s, err := p.s.derive()
	if err != nil {
		return nil, nil, err
	}
	s.Replay = replay
	parsed, err := syntax.Parse(script)
	if err != nil {
		return nil, nil, &StatementError{Text: describeErrors(err, script), Err: fmt.Errorf("%w: %w", ErrSyntax, err)}
	}
	for i, stmt := range parsed.Stmts {
		st := s.begin(ctx, s.out, nil)
		bound, err := st.bind(stmt, script)
		if err != nil {
			return nil, nil, err
		}
		q, isQuery := bound.(*sql.Query)
		if last := i == len(parsed.Stmts)-1; last && isQuery {
			return st, q, nil
		}
		if err := st.execStatement(bound); err != nil {
			return nil, nil, err
		}
	}
	return nil, nil, misuse("the script has no query at its end")
}

// peakEvery is how often the state of a run is looked at.
const peakEvery = 20 * time.Millisecond

// Run runs a script and passes the rows of its query on.
func (p *promoter) Run(ctx context.Context, script string, o promote.RunOptions, fn func(*vec.Batch) error) (*promote.Ran, error) {
	st, q, err := p.open(ctx, script, o.Replay)
	if err != nil {
		return nil, err
	}
	s := st.s
	phys, err := st.optimize(q.Plan)
	if err != nil {
		return nil, err
	}
	pool, dir, err := s.reserve()
	if err != nil {
		return nil, err
	}
	opts := exec.Options{Parallelism: s.Parallelism, SpillDir: dir, Result: dataflow.OutputFunc(fn), Sides: map[string]exec.SinkTarget{},
		Budget: func(name string) dataflow.Budget { return pool.Reserve(name) }}
	if o.InOrder {
		opts.Parallelism = 1
	}
	job, err := st.start(phys, opts)
	if err != nil {
		return nil, err
	}
	ran := &promote.Ran{}
	done := make(chan error, 1)
	go func() { done <- job.Wait() }()
	tick := time.NewTicker(peakEvery)
	defer tick.Stop()
	for {
		select {
		case err := <-done:
			peak(ran, job)
			ran.Late = job.SideRows("late")
			return ran, err
		case <-tick.C:
			peak(ran, job)
		}
	}
}

// peak notes the largest state so far. Only operators over streams count: what a batch holds is gone
// with it.
func peak(ran *promote.Ran, job *exec.Job) {
	var keys, bytes int64
	for _, stage := range job.Metrics().Stages {
		for _, o := range stage.Ops {
			if o.Keys >= 0 {
				keys += o.Keys
				bytes += o.StateBytes
			}
		}
	}
	ran.Keys, ran.StateBytes = max(ran.Keys, keys), max(ran.StateBytes, bytes)
}

// Prepare is what the job server does before it starts a job.
func (p *promoter) Prepare(ctx context.Context, spec jobs.Spec) (*jobs.Prepared, error) {
	return (&Engine{base: p.s}).Prepare(ctx, spec)
}
