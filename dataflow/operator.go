package dataflow

import (
	"context"
	"math"
	"time"

	"github.com/riffle-io/riffle/dataflow/vec"
)

// Time is an event time in µs since the Unix epoch, UTC.
type Time = int64

// The ends of time. A watermark of MaxTime means that no row will follow.
const (
	MinTime Time = math.MinInt64
	MaxTime Time = math.MaxInt64
)

// CheckpointID numbers the checkpoints of a job: > 0, increasing.
type CheckpointID int64

// KeyGroups is the number of key groups of a job: fixed slices of the key hash, the units of
// rescaling. Task t of P owns the groups g with g*P/KeyGroups == t.
const KeyGroups = 128

// KeyGroup is the key group of a key hash.
func KeyGroup(hash uint64) int { return int(hash >> 57) }

// GroupTask is the task, of p, that owns key group g.
func GroupTask(g, p int) int { return g * p / KeyGroups }

// Operator turns input batches into output batches. The engine calls it from one goroutine, so it
// needs no locks. Order of calls: Open, then any of Process, Advance, EndInput, then Close. After
// a method returns an error, only Close is called. Control events are forwarded by the engine; an
// operator never sees a barrier.
type Operator interface {
	// Open is called once, before Restore if there is a snapshot.
	Open(tc *TaskContext) error
	// Process handles rows of input in. b is borrowed: it may be reused when Process returns.
	Process(in int, b *vec.Batch, out Output) error
	// Advance tells that every later row, on any input, has event time >= wm. It returns the
	// promise to pass on: wm, something lower to hold it back, or MinTime for "nothing yet".
	Advance(wm Time, out Output) (Time, error)
	// EndInput tells that input in is complete. Advance(MaxTime) came before the last one.
	EndInput(in int, out Output) error
	// Close frees memory, files and budget. It is called exactly once, also after an error.
	Close() error
}

// Output takes rows to the next operator or to the exchange. Emit blocks under back-pressure. It
// returns ErrDone when nobody downstream wants more rows (LIMIT): return it unchanged. The batch
// is lent for the time of the call.
type Output interface{ Emit(b *vec.Batch) error }

// OutputFunc is an Output of one function.
type OutputFunc func(b *vec.Batch) error

// Emit calls f.
func (f OutputFunc) Emit(b *vec.Batch) error { return f(b) }

// Base has the methods of an Operator that needs nothing but Process.
type Base struct{}

func (Base) Open(*TaskContext) error                 { return nil }
func (Base) Advance(wm Time, _ Output) (Time, error) { return wm, nil }
func (Base) EndInput(int, Output) error              { return nil }
func (Base) Close() error                            { return nil }

// Kind says what an Event is.
type Kind uint8

// The kinds of events.
const (
	KindBatch Kind = iota
	KindWatermark
	KindBarrier
	KindEnd
	KindIdle // the sender holds the watermark back no longer, until its next watermark
)

// Event is what an inbox carries. Kind says which field counts.
type Event struct {
	Kind  Kind
	Final bool         // KindBarrier: the job stops after this checkpoint
	Batch *vec.Batch   // owned by the receiver from here on
	Time  Time         // event time, µs since the Unix epoch, UTC
	Ckpt  CheckpointID // > 0, increasing
}

// TaskContext is what a task lends its operators.
type TaskContext struct {
	Ctx     context.Context // done when the job is cancelled
	Job     string          // identity of the job, kept across restarts
	Stage   string          // name of the stage, for errors and files
	Task, P int             // this task and the number of tasks of its stage
	Budget  Budget          // memory of this operator
	// Side opens a side output by name ("late"). It is never nil; where nothing was asked to take
	// the rows they are counted.
	Side     func(name string) Output
	SpillDir string // where spilled files of the job go
}

// Budget counts the memory of one operator instance against the process's limit. Methods may be
// called from one goroutine only.
type Budget interface {
	// Grow asks for n more bytes before they are allocated. It returns spill.ErrOverBudget when
	// they are not to be had: release memory (spill) and ask again.
	Grow(n int64) error
	// Shrink gives n bytes back.
	Shrink(n int64)
	// Held is what was granted and not given back.
	Held() int64
}

// Snapshotter is an Operator with state.
type Snapshotter interface {
	// Snapshot freezes the state at a barrier and returns quickly: the task waits for it. What it
	// returns is drained by another goroutine while the operator goes on; later changes must not
	// show in it.
	Snapshot(ckpt CheckpointID) (Snapshot, error)
	// Restore is called once, after Open, with the state of every task of the snapshot that may hold
	// key groups of this one.
	Restore(r SnapshotReader) error
}

// Snapshot is the frozen state of one operator instance: a set of named tables.
type Snapshot interface {
	// Write passes the tables to w and then lets go of the frozen memory. It is called from a
	// goroutine that is not the task's, exactly once unless Release is called instead; that of a limit
	// that has ended is called for every checkpoint.
	Write(w SnapshotWriter) error
	// Release drops the snapshot unwritten.
	Release()
}

// SnapshotWriter stores the tables of one snapshot.
type SnapshotWriter interface {
	// Table starts a table. Schemas of the same table must agree between tasks and checkpoints.
	Table(name string, schema *vec.Schema) (TableWriter, error)
}

// TableWriter takes the rows of one table. Batches are lent for the time of the call.
type TableWriter interface {
	Write(b *vec.Batch) error
	Close() error
}

// SnapshotReader reads what an operator's instances wrote, of all tasks.
type SnapshotReader interface {
	// Each calls fn with the batches of table name, lent for the time of the call. A table that was
	// never written has none.
	Each(name string, fn func(b *vec.Batch) error) error
}

// Committer is a sink whose output becomes visible with checkpoints.
type Committer interface {
	// Prepare makes all rows received before the barrier durable but invisible, and returns what
	// Commit needs to know; it goes into the checkpoint.
	Prepare(ckpt CheckpointID) ([]byte, error)
	// Commit makes visible what Prepare returned for ckpt, once the checkpoint is complete. It is
	// called from the task's goroutine, or before Process at a restart, by any instance of the
	// sink, and does no harm when it was done before.
	Commit(ckpt CheckpointID, prepared []byte) error
}

// Publisher is a Source whose own system shows others how far a job has got, such as the offsets of a
// consumer group. The job itself goes on from its checkpoint. One that is an io.Closer is closed at the
// end of the job.
type Publisher interface {
	// Publish tells the positions of splits, by id, as of a checkpoint that is complete.
	Publish(ctx context.Context, positions map[string][]byte) error
}

// Flusher is an Operator that holds rows back only to save work, such as a partial aggregation.
type Flusher interface {
	// Flush emits what it holds. It is called before a barrier passes, so that such rows need no
	// place in the snapshot.
	Flush(out Output) error
}

// SplitEnder is an Operator that wants to know when all rows of a split have come: it stands in a
// chain behind a source whose splits end, with nothing before it that keeps rows.
type SplitEnder interface {
	EndSplit(s Split, out Output) error
}

// Delayer is an Operator that holds results back for a moment to merge them, and the watermark with
// them. It lets them go by itself while rows come; when none do, the engine calls Flush and, for the
// watermark, Advance.
type Delayer interface {
	Flusher
	// Due is when the results must go; zero: it holds none.
	Due() time.Time
}

// TimerHandler is an Operator that wants to be called on processing time.
type TimerHandler interface {
	// Interval is how often OnTimer is called.
	Interval() int64 // µs
	OnTimer(now Time, out Output) error
}

// Explainer is an Operator that adds facts to EXPLAIN ANALYZE, such as "spilled 3 runs".
type Explainer interface{ Explain() string }
