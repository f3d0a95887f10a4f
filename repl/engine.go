package repl

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime/debug"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/exec"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/jobs"
	"github.com/riffle-io/riffle/sql"
	"github.com/riffle-io/riffle/sql/syntax"
)

// path is a file's name as the statement means it.
func (st *statement) path(name string) string {
	if st.set.Dir == "" || filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(st.set.Dir, name)
}

// Engine prepares the jobs of a job server. All of them share the budget of one session.
type Engine struct{ base *Session }

var _ jobs.Engine = (*Engine)(nil)

// NewEngine makes an engine. memory is the limit of the process in bytes; 0 is 60 % of the machine.
func NewEngine(memory int64) *Engine {
	s := NewSession(Output{Notice: func(string, ...any) {}})
	s.Memory = memory
	return &Engine{base: s}
}

// Prepare binds the statements of a job in a session of its own.
func (e *Engine) Prepare(ctx context.Context, spec jobs.Spec) (p *jobs.Prepared, err error) {
	defer func() { // a bug of ours must not take the other jobs down
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: internal error: %v\n%s", jobs.ErrQuery, r, debug.Stack())
		}
	}()
	pool, dir, err := e.base.reserve()
	if err != nil {
		return nil, err
	}
	s := NewSession(e.base.out)
	s.pool = pool
	s.Dir, s.Late, s.Bad, s.UntilEnd, s.Rate = spec.Dir, spec.Late, spec.Bad, spec.UntilEnd, spec.Rate
	if spec.Parallelism > 0 {
		s.Parallelism = spec.Parallelism
	}
	s.State = spec.Name // the server keeps it: targets have to be exactly-once
	st, sink, err := s.jobSink(ctx, spec.SQL)
	if err != nil {
		return nil, queryError(err)
	}
	phys, err := st.optimize(sink)
	if err != nil {
		return nil, queryError(err)
	}
	root := phys.(*plan.Sink)
	mode, key := plan.ModeOf(root.In)
	if err := root.Target.Accepts(mode, key); err != nil {
		return nil, queryError(err)
	}
	o := exec.Options{Parallelism: s.Parallelism, SpillDir: dir, Rate: spec.Rate, Sides: map[string]exec.SinkTarget{},
		Budget: func(name string) dataflow.Budget { return pool.Reserve(name) }}
	for name, path := range map[string]string{"late": spec.Late, "bad": spec.Bad} {
		if path != "" {
			o.Sides[name] = sideTarget(st.path(path))
		}
	}
	return &jobs.Prepared{Root: root, Options: o, Target: root.Target.Name(), Mode: mode.String(), Stream: plan.Unbounded(root)}, nil
}

// queryError marks an error of the statements themselves. One of a file or a broker may pass.
func queryError(err error) error {
	var se *StatementError
	if errors.As(err, &se) && !errors.Is(err, ErrSyntax) {
		return err
	}
	return fmt.Errorf("%w: %w", jobs.ErrQuery, err)
}

// jobSink runs the declarations of a text and binds its one INSERT.
func (s *Session) jobSink(ctx context.Context, text string) (*statement, *plan.Sink, error) {
	script, err := syntax.Parse(text)
	if err != nil {
		return nil, nil, &StatementError{Text: describeErrors(err, text), Err: fmt.Errorf("%w: %w", ErrSyntax, err)}
	}
	var st *statement
	var sink *plan.Sink
	for _, stmt := range script.Stmts {
		st = s.begin(ctx, s.out, nil)
		bound, err := st.bind(stmt, text)
		if err != nil {
			return nil, nil, err
		}
		switch b := bound.(type) {
		case *sql.Insert:
			if sink != nil {
				return nil, nil, misuse("a job has one INSERT; make a job of each")
			}
			sink = b.Plan
		case *sql.CreateTable:
			if b.Query != nil {
				return nil, nil, misuse("CREATE TABLE AS in a job would be written at each start; make it a view")
			}
			err = st.execStatement(bound)
		case *sql.CreateView, *sql.Set:
			err = st.execStatement(bound)
		default:
			err = misuse("a job has CREATE TABLE, CREATE VIEW, SET and one INSERT, not others")
		}
		if err != nil {
			return nil, nil, err
		}
	}
	if sink == nil {
		return nil, nil, misuse("a job needs an INSERT INTO … SELECT …")
	}
	return st, sink, nil
}
