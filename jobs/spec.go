package jobs

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"time"

	"github.com/riffle-io/riffle/dataflow/exec"
	"github.com/riffle-io/riffle/dataflow/plan"
)

// Spec is what a job is: everything that is needed to start it again.
type Spec struct {
	Name string `json:"name"`
	// SQL is the statements of the job. Tables, views and settings come first; there is one INSERT.
	SQL string `json:"sql"`
	// Dir is the directory that relative paths in SQL start from.
	Dir         string   `json:"dir"`
	Parallelism int      `json:"parallelism,omitempty"` // tasks a stage; 0: one a core
	Checkpoint  Duration `json:"checkpoint,omitempty"`  // interval; 0: 10 s
	Late        string   `json:"late,omitempty"`        // directory of late rows; "": they are counted
	Bad         string   `json:"bad,omitempty"`         // directory of undecodable records; "": an error
	Rate        int64    `json:"rate,omitempty"`        // rows a second that a source task reads at most
	UntilEnd    bool     `json:"until_end,omitempty"`   // streams end where they end at the start
	// Idle overrides after how much silence a table's partition holds the watermark no longer.
	Idle map[string]Duration `json:"idle,omitempty"`
	// From is a savepoint to begin with, "" for none. Adapt lets the query differ from the one that
	// made it: operators that are new begin empty.
	From  string `json:"from,omitempty"`
	Adapt bool   `json:"adapt,omitempty"`
	// Explored is the query that the job was promoted from, for demote; nil: not known.
	Explored *Explored `json:"explored,omitempty"`
}

// Explored is a bounded query and the job that it became.
type Explored struct {
	SQL string `json:"sql"` // statements that run by themselves, in the job's Dir
	Job string `json:"job"` // the SQL of the job; another text is no longer this query
}

// Duration is a time.Duration that JSON shows as "10s".
type Duration time.Duration

// MarshalText writes a duration as Go does.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads a duration as Go writes it.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	*d = Duration(v)
	return err
}

var nameRule = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,62}$`)

// What is wrong with a request, in contrast to what goes wrong with a job: with a job that is to be made,
// or with something else that was asked for.
var (
	ErrSpec    = errors.New("job cannot be made")
	ErrRequest = errors.New("wrong request")
)

// shortestCheckpoint is the smallest interval of checkpoints: below it a job does little else.
const shortestCheckpoint = 10 * time.Millisecond

// CheckName refuses names that are no good as directories and as SQL names.
func CheckName(name string) error {
	if !nameRule.MatchString(name) {
		return fmt.Errorf("%w: name %q must be lower-case letters, digits, _ and -, begin with a letter, and have at most 63", ErrSpec, name)
	}
	return nil
}

func (s *Spec) check() error {
	switch {
	case s.SQL == "":
		return fmt.Errorf("%w: it has no statements", ErrSpec)
	case s.Parallelism < 0 || s.Parallelism > 1024:
		return fmt.Errorf("%w: parallelism %d is not from 1 to 1024", ErrSpec, s.Parallelism)
	case s.Checkpoint != 0 && time.Duration(s.Checkpoint) < shortestCheckpoint:
		return fmt.Errorf("%w: the checkpoint interval %s is below %s", ErrSpec, time.Duration(s.Checkpoint), shortestCheckpoint)
	case s.Rate < 0:
		return fmt.Errorf("%w: the rate %d is negative", ErrSpec, s.Rate)
	case !filepath.IsAbs(s.Dir):
		return fmt.Errorf("%w: dir %q must be an absolute path: relative ones in the statements start there", ErrSpec, s.Dir)
	}
	return CheckName(s.Name)
}

// Engine turns the text of a job into a plan. The session package has one.
type Engine interface {
	// Prepare binds and optimizes the statements of a job. Nothing runs and nothing is written. An
	// error that a retry cannot help wraps ErrQuery.
	Prepare(ctx context.Context, s Spec) (*Prepared, error)
}

// ErrQuery marks an error of the statements themselves.
var ErrQuery = errors.New("the query cannot run")

// Prepared is a job that is ready to start.
type Prepared struct {
	Root plan.Node // a *plan.Sink over the optimized query
	// Options has the memory, the side outputs and the parallelism; state is added by the server.
	Options exec.Options
	Target  string // where rows go
	Mode    string // append, upsert, changelog
	Stream  bool   // the input does not end by itself
}

// The states of a job.
const (
	Starting   = "starting"   // between two runs, or before the first
	Running    = "running"    // reading
	Paused     = "paused"     // held still, with all its state in memory
	Restarting = "restarting" // failed, and waits for its next run
	Stopping   = "stopping"   // takes its last checkpoint
	Stopped    = "stopped"    // ended by a person, can go on from its state
	Finished   = "finished"   // its input ended
	Failed     = "failed"     // fails each time; a person has to look
)
