package jobs

import "time"

// Info is a job at a glance: a row of the list. Rates are over the last seconds.
type Info struct {
	V           int       `json:"v"`
	Name        string    `json:"name"`
	Kind        string    `json:"kind"` // stream, batch
	State       string    `json:"state"`
	Version     int       `json:"version"` // of its query
	Parallelism int       `json:"parallelism"`
	Target      string    `json:"target"`
	Mode        string    `json:"mode"`
	Created     time.Time `json:"created"`
	Started     time.Time `json:"started"` // of the present run
	UptimeMS    int64     `json:"uptime_ms"`
	Restarts    int       `json:"restarts"` // since it was started by a person or the server

	InRate       float64 `json:"in_rate"` // rows a second read
	OutRate      float64 `json:"out_rate"`
	Rows         int64   `json:"rows"`         // read in this run
	RowsOut      int64   `json:"rows_out"`     // written in this run
	Busy         float64 `json:"busy"`         // of the busiest task, 0 to 1
	Backpressure float64 `json:"backpressure"` // of the task that is held up most, 0 to 1
	Watermark    *string `json:"watermark"`    // smallest of the sources; null: none yet
	WatermarkMS  *int64  `json:"watermark_ms"` // the same since the Unix epoch
	LagMS        *int64  `json:"watermark_lag_ms"`
	SourceLag    int64   `json:"source_lag"` // rows between the readers and the ends; -1: not known
	StateBytes   int64   `json:"state_bytes"`
	Keys         int64   `json:"keys"` // -1: no keyed state
	Late         int64   `json:"late"` // rows since the first start
	Bad          int64   `json:"bad"`

	Checkpoint  *Checkpoint `json:"checkpoint"` // the last complete one; null: none yet
	Checkpoints int         `json:"checkpoints"`
	Error       string      `json:"error,omitempty"`
	Hint        string      `json:"hint,omitempty"`
	Findings    []Finding   `json:"findings,omitempty"`
}

// Detail is everything about a job.
type Detail struct {
	Info
	SQL        string       `json:"sql"`
	Spec       Spec         `json:"spec"`
	StateDir   string       `json:"state_dir"`
	Operators  []Operator   `json:"operators"`
	Edges      []Edge       `json:"edges"`
	Partitions []Partition  `json:"partitions"`
	History    []Checkpoint `json:"history"` // of checkpoints, newest first
	Events     []Event      `json:"events"`  // newest first
	Plan       string       `json:"plan"`
}

// Operator is a stage of the running job: a chain of operators that the same tasks run.
type Operator struct {
	Name         string  `json:"name"` // "Aggregate-1"
	Title        string  `json:"title"`
	Source       bool    `json:"source"`
	Busy         float64 `json:"busy"` // of its busiest task
	Backpressure float64 `json:"backpressure"`
	InRate       float64 `json:"in_rate"`
	OutRate      float64 `json:"out_rate"`
	Watermark    *string `json:"watermark"`
	StateBytes   int64   `json:"state_bytes"`
	StateNote    string  `json:"state_note,omitempty"`
	Keys         int64   `json:"keys"`
	Tasks        []Task  `json:"tasks"`
	Skew         float64 `json:"skew"` // share of the rows that its fullest task gets
	Chain        []Link  `json:"chain"`
}

// Link is one operator of a chain.
type Link struct {
	ID      string `json:"id"` // names it in savepoints and taps
	Name    string `json:"name"`
	Detail  string `json:"detail"`
	RowsIn  int64  `json:"rows_in"`
	RowsOut int64  `json:"rows_out"`
}

// Task is one goroutine of an operator.
type Task struct {
	Busy         float64 `json:"busy"`
	Backpressure float64 `json:"backpressure"`
	InRate       float64 `json:"in_rate"`
	Rows         int64   `json:"rows"`
}

// Edge leads rows from one operator to another; From and To are indices of Operators.
type Edge struct {
	From int    `json:"from"`
	To   int    `json:"to"`
	Kind string `json:"kind"`
}

// Partition is a part of a source.
type Partition struct {
	Table     string  `json:"table"`
	Name      string  `json:"name"`
	Rows      int64   `json:"rows"`
	Lag       int64   `json:"lag"` // -1: not known
	Watermark *string `json:"watermark"`
	LastEvent *string `json:"last_event"` // largest event time that it held, less the watermark's delay
	QuietMS   int64   `json:"quiet_ms"`   // since its last row, or since it was opened
	Idle      bool    `json:"idle"`       // not counted for the watermark
	Holds     bool    `json:"holds"`      // it holds the watermark back
	Ended     bool    `json:"ended"`
}

// Checkpoint is one of a job's checkpoints. Its time is alignment, then writing, then the commit of
// the sinks.
type Checkpoint struct {
	ID       int64     `json:"id"`
	At       time.Time `json:"at"`
	TotalMS  float64   `json:"total_ms"`
	AlignMS  float64   `json:"align_ms"`
	PauseMS  float64   `json:"pause_ms"` // longest stop of a task, within the alignment
	WriteMS  float64   `json:"write_ms"`
	CommitMS float64   `json:"commit_ms"`
	Slowest  string    `json:"slowest"` // task that the barrier reached last
	Kind     string    `json:"kind"`    // full, or incr: changes only
	Bytes    int64     `json:"bytes"`   // that were written
	State    int64     `json:"state"`   // bytes of all its files
	Rows     int64     `json:"rows"`
	Cause    string    `json:"cause,omitempty"` // why it was slow, or failed
	Note     string    `json:"note,omitempty"`  // what does no harm: others cannot see how far it is
	Failed   bool      `json:"failed,omitempty"`
}

// Event is something that happened to a job.
type Event struct {
	At    time.Time `json:"at"`
	Job   string    `json:"job"`
	Kind  string    `json:"kind"` // started, running, restarting, failed, finished, stopped, paused, resumed, savepoint, changed, warning; in a log also checkpoint, log; in a stream of events also lost
	Text  string    `json:"text"`
	Error string    `json:"error,omitempty"`
	Hint  string    `json:"hint,omitempty"`
}

// Finding says in one sentence what a person should look at.
type Finding struct {
	Level   string `json:"level"` // error, warning
	Text    string `json:"text"`
	Command string `json:"command,omitempty"` // what helps, as a command line
}

// Sample is a second of a job's life.
type Sample struct {
	At           time.Time `json:"at"`
	InRate       float64   `json:"in_rate"`
	OutRate      float64   `json:"out_rate"`
	Busy         float64   `json:"busy"`
	Backpressure float64   `json:"backpressure"`
	LagMS        *int64    `json:"watermark_lag_ms"`
	SourceLag    int64     `json:"source_lag"`
	StateBytes   int64     `json:"state_bytes"`
	Late         int64     `json:"late"`
	Bad          int64     `json:"bad"`
	// Operators is the busy and the back-pressure of each operator, in the order of Detail.
	Operators [][2]float32 `json:"operators"`
}

// SavepointInfo describes a savepoint.
type SavepointInfo struct {
	V           int            `json:"v"`
	Job         string         `json:"job"`
	Label       string         `json:"label"`
	Dir         string         `json:"dir"`
	Created     time.Time      `json:"created"`
	Checkpoint  int64          `json:"checkpoint"`
	Parallelism int            `json:"parallelism"`
	Bytes       int64          `json:"bytes"`
	Rows        int64          `json:"rows"`
	Operators   []OperatorSize `json:"operators"`
	Positions   int            `json:"positions"` // splits with a position
	Watermark   *string        `json:"watermark"`
	Error       string         `json:"error,omitempty"` // why it cannot be used: it is damaged
}

// OperatorSize is what a savepoint holds of one operator.
type OperatorSize struct {
	ID    string `json:"id"`
	Rows  int64  `json:"rows"`
	Bytes int64  `json:"bytes"`
}

// What becomes of an operator's state under another query.
const (
	FitKeep    = "keep"    // it goes on from what is there
	FitRebuild = "rebuild" // it is in no checkpoint: its table is read again, from its first row
	FitNew     = "new"     // it begins empty, although rows were read before
	FitDrop    = "drop"    // nothing takes it over
)

// Fit says what becomes of the state of one operator under another query.
type Fit struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Fit   string `json:"fit"` // FitKeep …
	Rows  int64  `json:"rows"`
	Bytes int64  `json:"bytes"`
}
