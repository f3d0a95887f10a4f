package repl

import (
	"context"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/exec"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/sql"
	"github.com/riffle-io/riffle/sql/syntax"
)

// statement is one statement while it is bound and run: the session's settings as they were when it
// began, its context, and where its output goes. It implements sql.Catalog, so that opening a file
// or asking a broker holds no lock of the session, and several statements may be on their way.
type statement struct {
	s   *Session
	ctx context.Context
	set Settings
	out Output
	run *Run     // that shows how far it is; nil for Execute
	tmp []string // files that go with the statement
}

var _ sql.Catalog = (*statement)(nil)

// begin makes a statement with the session's settings of now.
func (s *Session) begin(ctx context.Context, out Output, run *Run) *statement {
	s.mu.Lock()
	defer s.mu.Unlock()
	return &statement{s: s, ctx: ctx, set: s.Settings, out: out, run: run}
}

// bind binds one statement of text.
func (st *statement) bind(stmt syntax.Stmt, text string) (sql.Statement, error) {
	bound, err := sql.Bind(stmt, st, sql.Options{Source: text, Params: st.s.Params})
	if err != nil {
		return nil, bindError(err, text)
	}
	return bound, nil
}

// watch has the job of a statement tell its Run, if there is one, how far it is.
func (st *statement) watch(phys plan.Node, o *exec.Options) {
	if st.run == nil {
		return
	}
	next := o.OnWatermark
	o.OnWatermark = func(wm dataflow.Time) {
		if next != nil {
			next(wm)
		}
		st.run.onWatermark(wm)
	}
	st.run.planned(phys, o)
}

// Table finds a declared table, a result, or stdin.
func (st *statement) Table(name []string, rng *syntax.Range) (plan.Table, *plan.Watermark, error) {
	c := st.s.cat
	d, ok := c.lookup(key(name))
	if !ok && len(name) == 1 {
		if r, isResult, err := st.s.resultTable(name[0]); isResult {
			return r, nil, err
		}
		if name[0] == "stdin" {
			t, err := c.standardInput(st.set.StdinFormat)
			return t, nil, err
		}
	}
	if !ok && len(name) == 2 && name[0] == "job" {
		t, err := st.jobTable(name[1])
		return t, nil, err
	}
	if !ok {
		return nil, nil, sql.ErrNoTable
	}
	if d.def == nil {
		return d.table, nil, nil
	}
	if d.mem != nil {
		return d.mem, watermarkOf(d.def), nil
	}
	t, err := st.open(d.def, rng)
	if err != nil {
		return nil, nil, err
	}
	return t, watermarkOf(d.def), nil
}

// View finds a view.
func (st *statement) View(name []string) (*sql.View, bool) {
	c := st.s.cat
	c.mu.RLock()
	defer c.mu.RUnlock()
	v, ok := c.views[key(name)]
	return v, ok
}

// Names lists what could be meant by a misspelt name.
func (st *statement) Names() []string { return st.s.cat.Names() }
