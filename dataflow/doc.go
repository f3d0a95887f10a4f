// Package dataflow is the contract between the engine and everything that runs in it: operators,
// sources, sinks, and the events that travel between tasks.
//
//	split queue ─► reader ─► op ─► op ─┐ exchange ┌─► inbox ─► op ─► op ─► sink
//	              └──── one task ──────┘          └──────── one task ──────────┘
//
// A plan is cut into stages at every exchange. A stage runs as P tasks, a task is one goroutine,
// and in it the operators are fused into a push chain of direct calls. Tasks talk through inboxes
// only; batches, watermarks, barriers and end-of-input travel in-band, in one FIFO a sender and
// receiver.
//
// Invariants:
//   - End of input is watermark MaxTime, then End. No operator asks whether its input is bounded.
//   - A watermark, a barrier or an end never overtakes rows.
//   - An operator is called from one goroutine and never sees a barrier.
//
// What it does not do: it runs nothing. exec does, with the operators of op.
package dataflow

import (
	"errors"
	"fmt"
)

// Errors that callers test for.
var (
	// ErrDone means that nobody downstream wants more rows (LIMIT). It is not a failure: return it
	// unchanged.
	ErrDone = errors.New("dataflow: downstream needs no more rows")
	// ErrNoRows is what a Reader returns when it has nothing now and may have more later.
	ErrNoRows = errors.New("dataflow: no rows yet")
)

// TaskError says where a job failed. It is added once, by the task.
type TaskError struct {
	Stage, Operator string
	Task            int
	Split           string // "" when not a source
	Retry           bool   // restart from the last checkpoint may help
	Err             error
}

func (e *TaskError) Error() string {
	s := fmt.Sprintf("%s[%d]", e.Operator, e.Task)
	if e.Split != "" {
		s += " at " + e.Split
	}
	return s + ": " + e.Err.Error()
}

func (e *TaskError) Unwrap() error { return e.Err }
