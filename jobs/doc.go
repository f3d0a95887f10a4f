// Package jobs keeps streaming jobs alive: a registry of what should run, a server that runs it, and
// the API by which everything else looks at jobs and steers them.
//
//	client ── HTTP/JSON on a unix socket ──► Server ── one supervisor a job ──► exec.Job
//	                                           │             ▲ restart from the last checkpoint
//	                                           └─ registry.db: specs and what was asked for
//
//	DIR/registry.db              what should run (bbolt)
//	DIR/jobs/NAME/vN/            state directory of version N of its query (package dataflow/state)
//	DIR/savepoints/NAME/LABEL/   savepoints: kept until somebody removes them
//
// Invariants:
//   - One process holds DIR at a time; a second gets a *vfs.LockedError that names the first.
//   - What was asked for is durable before it is answered: after a kill the same jobs run again.
//   - A job that fails is started again from its last checkpoint, later each time, unless the same
//     failure comes back without progress; then it is failed, with its first cause.
//   - Looking at a job never makes it wait: readers get copies of counters and rings.
//
// What it does not do: it knows no SQL. An Engine, which the session package has, turns the text of a
// job into a plan.
package jobs
