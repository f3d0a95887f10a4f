package promote

import (
	"context"
	"errors"
	"time"

	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/jobs"
)

// Session is what a promotion needs of the session in which the query was explored.
type Session interface {
	// Source looks at a table reference: a name, or a path or URL in quotes.
	Source(ctx context.Context, ref string) (*Source, error)
	// Topics lists the topics that the session knows, as references.
	Topics() []string
	// Check binds a script whose last statement is a query, and plans it as a job would.
	Check(ctx context.Context, script string) (*Shape, error)
	// Run runs a script whose last statement is a query and passes the batches of its rows to fn,
	// lent for the time of the call. As a replay, ranges of topics that end are read as streams.
	Run(ctx context.Context, script string, o RunOptions, fn func(*vec.Batch) error) (*Ran, error)
	// Prepare is what the job server does with the promoted job before it starts it.
	Prepare(ctx context.Context, s jobs.Spec) (*jobs.Prepared, error)
}

// RunOptions say how a script runs.
type RunOptions struct {
	Replay  bool
	InOrder bool // one task: rows of a file come in its order
}

// Ran is what a run was like.
type Ran struct {
	Late       int64
	Keys       int64 // most that the operators held at a time; 0: none
	StateBytes int64 // most at a time
}

// Source is a table that a query reads.
type Source struct {
	Ref     string // as written: a name, or a path or URL in quotes
	Columns []Column
	Stream  bool   // it has no end
	Path    string // of a file; "" for others
	Brokers string
	Topic   string
	Start   string // scan.startup.mode of the topic, and its time in ms after a colon
	Format  string // of the topic's values, or of the file
	// EventTime, Delay and Idle are those of a declared table's WATERMARK.
	EventTime string
	Delay     time.Duration
}

// Column is a column of a source or of a result.
type Column struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// Shape is what a query gives.
type Shape struct {
	Columns []Column
	Mode    plan.Mode
	Key     []string // of an upsert result; nil: none
	Plan    string
	State   []string // what keeps the state of each operator small, or lets it grow
}

// Request is what to promote, and how. The zero values leave the choice to the promotion.
type Request struct {
	SQL    string // statements; the last one is the explored query
	File   string // that SQL was read from, for messages; "" for none
	Name   string
	Topic  string        // the topic that goes on where the explored file ends: a kafka:// URL or a table
	Time   string        // column of event time
	Window string        // tumble:1h, hop:5m:1h, none; "": as in the query
	Delay  string        // of the watermark: a duration, p99, p99.9, max; "": p99.9
	Idle   time.Duration // 0: proposed
	Into   string        // directory, or kafka:// URL; "": out/NAME
	// History reads the explored file first and then the topic from Handover on; "" is the file's
	// last event time.
	History  bool
	Handover string

	Parallelism int
	Checkpoint  time.Duration
	Late        string
	Dir         string // that paths start from
	NoShadow    bool

	// LintOnly reads no rows: nothing is measured and nothing is compared, and the watermark waits for
	// Delay, or as declared. Unbounded takes files for topics with the same columns.
	LintOnly  bool
	Unbounded bool
}

// Promotion is a query as a job, with every change and its reason.
type Promotion struct {
	V        int       `json:"v"`
	Name     string    `json:"name"`
	Bounded  string    `json:"bounded"` // the query as it was
	SQL      string    `json:"sql"`     // the job
	Changes  []Change  `json:"changes"`
	Lateness *Lateness `json:"lateness,omitempty"`
	IdleText string    `json:"idle_timeout,omitempty"`
	State    *Estimate `json:"state,omitempty"`
	Lint     []Lint    `json:"lint"`
	Shadow   *Shadow   `json:"shadow,omitempty"`
	Mode     string    `json:"mode"`
	Plan     string    `json:"plan"`
	Columns  []Column  `json:"columns"`
	Read     string    `json:"read"` // query that reads the job's output as the explored one would
	File     string    `json:"file"` // where the job's text goes, below Dir
	Spec     jobs.Spec `json:"spec"`
}

// Change is one difference between the query and the job.
type Change struct {
	N      int    `json:"n"`
	Old    string `json:"old,omitempty"`
	New    string `json:"new,omitempty"`
	Reason string `json:"reason"`
}

// Lateness is the disorder that was measured: a row is late by how far it is behind the largest event
// time before it in its partition.
type Lateness struct {
	Column  string   `json:"column"`
	Basis   string   `json:"basis"` // what was measured
	Rows    int64    `json:"rows"`
	Choices []Choice `json:"choices"`
	Chosen  Choice   `json:"chosen"`
	// Replayed is how many rows a run over the same records found late with the chosen delay: fewer than
	// Chosen says, since the watermark is the smallest of all partitions. -1: there was no such run.
	Replayed int64 `json:"replayed"`
}

// Choice is a delay of the watermark and what it would cost.
type Choice struct {
	Name  string        `json:"name"` // p99, p99.9, max, or "" for one that was given
	Delay jobs.Duration `json:"delay"`
	Late  int64         `json:"late"`  // rows that would be late at most
	Share float64       `json:"share"` // of all rows
}

// Estimate is the state that the job will need.
type Estimate struct {
	Keys  int64  `json:"keys"`
	Bytes int64  `json:"bytes"`
	Basis string `json:"basis"`
	Grows bool   `json:"grows"` // with what comes later
}

// Lint is something that a person should know before the job starts. An error keeps it from starting.
type Lint struct {
	Level string `json:"level"` // ok, warning, error
	Text  string `json:"text"`
	Hint  string `json:"hint,omitempty"`
}

// Shadow is the comparison of the job, run as a stream over the records that are there, with the
// same query run over them as a batch.
type Shadow struct {
	Rows  int64  `json:"rows"` // of the result
	Equal bool   `json:"equal"`
	Text  string `json:"text"`
}

// ErrRefused marks a query that cannot become a job; its text has the reason and what would help.
var ErrRefused = errors.New("the query cannot be promoted")

// Errors tells whether the lint keeps the job from starting.
func (p *Promotion) Errors() bool {
	for _, l := range p.Lint {
		if l.Level == "error" {
			return true
		}
	}
	return false
}
