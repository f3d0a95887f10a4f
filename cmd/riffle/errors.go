package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"

	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/riffle-io/riffle/datasets/kafka"
	"github.com/riffle-io/riffle/jobs"
	"github.com/riffle-io/riffle/jobs/promote"
	"github.com/riffle-io/riffle/optimizer"
	"github.com/riffle-io/riffle/repl"
	"github.com/riffle-io/riffle/repl/render"
)

// The exit codes.
const (
	exitOK          = 0
	exitFailed      = 1   // query, job or check failed
	exitUsage       = 2   // usage, configuration or syntax
	exitUnreachable = 3   // a broker or connection; may pass
	exitTimeout     = 4   // --timeout ran out
	exitLint        = 5   // the query cannot become a job
	exitDifferent   = 6   // different, would change, or state would be lost
	exitInterrupted = 130 // ctrl-c
	exitKilled      = 137 // ctrl-c twice
)

// usageError is a mistake on the command line.
type usageError struct{ msg string }

func (e *usageError) Error() string { return e.msg }

func usage(format string, args ...any) error { return &usageError{fmt.Sprintf(format, args...)} }

// differs is the answer of a comparison, as an error.
type differs struct{ what string }

func (d *differs) Error() string { return d.what }

// exitCode says what kind of failure an error is.
func exitCode(ctx context.Context, err error) int {
	var u *usageError
	var api *jobs.APIError
	var diff *differs
	var lint *lintError
	switch cause := context.Cause(ctx); {
	case errors.Is(cause, errInterrupted):
		return exitInterrupted
	case errors.Is(cause, errTimeout):
		return exitTimeout
	case errors.Is(err, jobs.ErrNoServer): // whether its socket is missing or nobody listens on it
		return exitUnreachable
	case errors.As(err, &u), errors.Is(err, repl.ErrSyntax), repl.IsMissing(err), errors.Is(err, repl.ErrFormat), errors.Is(err, optimizer.ErrPlan), errors.Is(err, render.ErrFormat), errors.Is(err, repl.ErrUnbounded), errors.Is(err, repl.ErrReadOnly):
		return exitUsage
	case errors.As(err, &lint), errors.Is(err, repl.ErrRefused):
		return exitLint
	case errors.As(err, &diff):
		return exitDifferent
	case errors.As(err, &api) && api.Status < 500, errors.Is(err, jobs.ErrSpec), errors.Is(err, repl.ErrFileDiffers):
		return exitUsage
	case unreachable(err):
		return exitUnreachable
	}
	return exitFailed
}

// unreachable tells whether a broker or connection failed in a way that may pass.
func unreachable(err error) bool {
	var un *kafka.UnavailableError
	var op *net.OpError
	return errors.As(err, &un) || errors.As(err, &op) || errors.Is(err, syscall.ECONNREFUSED) ||
		errors.Is(err, context.DeadlineExceeded) || kerr.IsRetriable(err)
}

// codes are the stable names of errors in --json.
var codes = map[int]string{exitFailed: "RF1000", exitUsage: "RF2000", exitUnreachable: "RF3000", exitTimeout: "RF4000", exitLint: "RF5100", exitDifferent: "RF6000", exitInterrupted: "RF5000"}

// saidError is an error that its command has told already: it counts for the exit code only.
type saidError struct{ error }

func (e *saidError) Unwrap() error { return e.error }

// report prints an error for people, or as one JSON object.
func (a *app) report(err error, code int) {
	var said *saidError
	if code == exitInterrupted || errors.As(err, &said) {
		return
	}
	msg := err.Error()
	if code == exitTimeout {
		msg = fmt.Sprintf("--timeout %v ran out; what came before it was written", a.timeout)
	}
	hint := ""
	if api := new(jobs.APIError); errors.As(err, &api) {
		hint = api.Hint
	}
	if !a.json {
		fmt.Fprintln(a.err, "riffle: "+strings.TrimRight(msg, "\n"))
		if hint != "" {
			fmt.Fprintln(a.err, "hint: "+hint)
		}
		return
	}
	body := map[string]any{"code": codes[code], "message": msg}
	stmt, line, col := new(repl.StatementError), 0, 0
	switch place := new(promote.LocatedError); {
	case code == exitTimeout:
	case errors.As(err, &place): // before the statement that was made of it
		body["message"], hint, line, col = place.Msg, place.Hint, place.Line, place.Col
	case errors.As(err, &stmt):
		body["message"], hint = stmt.Parts()
		line, col = stmt.Line, stmt.Col
	}
	if line > 0 {
		body["pos"] = map[string]int{"line": line, "col": col}
	}
	if hint != "" {
		body["hint"] = hint
	}
	object, _ := json.Marshal(map[string]any{"v": 1, "error": body}) // cannot fail: text only
	fmt.Fprintln(a.err, string(object))
}
