// Package exec runs physical plans.
//
//	plan ── cut at exchanges ─► stages ── P each ─► tasks: one goroutine, one inbox, one fused chain
//
//	source.go   splits, watermarks by fixed row numbers, side output "bad"
//	inbox.go    one bounded FIFO a sender; mail; a channel can be held back
//	align.go    watermarks by minimum, barriers by waiting, ends by counting
//	chain.go    operators fused by direct calls
//	exchange.go rows to other tasks; control events flush first
//	coordinator.go restore.go  checkpoints, commits, restarts
//
// Invariants:
//   - Only the task's goroutine calls its operators: rows, timers and commits come one at a time.
//   - A checkpoint is committed after it is durable, and the next one begins after that.
//   - The first error of a task ends the job; every goroutine has ended when Run returns.
//
// What it does not do: it plans nothing and knows no file format. Sources and sinks come as
// interfaces (SourceTable, SinkTarget).
package exec
