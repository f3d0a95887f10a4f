package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/riffle-io/riffle/jobs"
	"github.com/riffle-io/riffle/repl"
)

// lintError keeps a query from becoming a job.
type lintError struct{ first string }

func (e *lintError) Error() string { return e.first }

// lintErrorOf is the first error of a lint, nil when there is none.
func lintErrorOf(list []repl.PromoteLint) error {
	for _, l := range list {
		if l.Level == "error" {
			return &lintError{l.Text}
		}
	}
	return nil
}

func (a *app) printLint(list []repl.PromoteLint) {
	for _, l := range list {
		fmt.Fprintf(a.out, "%-7s %s\n", l.Level, l.Text)
		if l.Hint != "" {
			fmt.Fprintf(a.out, "        %s\n", l.Hint)
		}
	}
}

// lintAnswer is what explain --lint prints with --json.
type lintAnswer struct {
	V       int                  `json:"v"`
	OK      bool                 `json:"ok"` // it can become a job
	Lint    []repl.PromoteLint   `json:"lint"`
	Changes []repl.PromoteChange `json:"changes,omitempty"`
	Mode    string               `json:"mode,omitempty"`
	SQL     string               `json:"sql,omitempty"` // of the job
}

// lint says what a job of a query would need, without reading rows or starting anything. A query that
// cannot become one is an error of the lint.
func (a *app) lint(ctx context.Context, s *repl.Session, arg, text string, unbounded bool) error {
	r := repl.PromoteRequest{SQL: text, Name: "query", LintOnly: true, Unbounded: unbounded}
	if filepath.Ext(arg) == ".sql" {
		r.File = arg
		if name := fileName(arg); jobs.CheckName(name) == nil {
			r.Name = name
		}
	}
	var err error
	if r.Dir, err = workDir(); err != nil {
		return err
	}
	ans := lintAnswer{V: 1}
	p, err := s.Promote(ctx, r)
	switch {
	case errors.Is(err, repl.ErrRefused):
		ans.Lint = []repl.PromoteLint{{Level: "error", Text: err.Error()}}
	case err != nil:
		return err
	default:
		ans.Lint, ans.Changes, ans.Mode, ans.SQL = p.Lint, p.Changes, p.Mode, p.SQL
	}
	err = lintErrorOf(ans.Lint)
	ans.OK = err == nil
	if a.json {
		if err := a.printJSON(ans); err != nil {
			return err
		}
	} else {
		a.printLint(ans.Lint)
	}
	if err != nil {
		return &saidError{err}
	}
	return nil
}
