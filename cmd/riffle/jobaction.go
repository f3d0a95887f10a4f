package main

import (
	"context"

	"github.com/riffle-io/riffle/repl"
)

// jobAnswer is what a command that changes a job prints with --json.
type jobAnswer struct {
	V         int             `json:"v"`
	Action    string          `json:"action"`              // the command's words: "pause", "savepoint rm"
	Job       *repl.JobInfo   `json:"job,omitempty"`       // as it is afterwards, like a row of riffle jobs; a removed one as it was
	Savepoint *repl.Savepoint `json:"savepoint,omitempty"` // that was taken or removed
	Setting   *settingAnswer  `json:"setting,omitempty"`   // that was changed
	Rescale   *rescaleAnswer  `json:"rescale,omitempty"`   // what it meant
	Query     string          `json:"query,omitempty"`     // of demote
	File      string          `json:"file,omitempty"`      // that was written: the query, or the job's text
	Fit       []repl.JobFit   `json:"fit,omitempty"`       // what became of the state, of promote --replace and fork
}

// settingAnswer is a setting that was changed.
type settingAnswer struct {
	Key     string `json:"key"`
	Value   string `json:"value"`
	Restart bool   `json:"restart"`           // it takes effect with the next start
	Dry     bool   `json:"dry_run,omitempty"` // it was not changed
}

// rescaleAnswer is a rescale's preview, and how long the job stood still for it.
type rescaleAnswer struct {
	repl.RescalePreview
	TookMS int64 `json:"took_ms"`
}

// did tells what was done to a job: words on stderr, or with --json an object that has the job as it
// is now.
func (a *app) did(ctx context.Context, c *repl.Jobs, name string, ans jobAnswer, format string, args ...any) error {
	if !a.json {
		a.notice(format, args...)
		return nil
	}
	ans.V = 1
	if ans.Job == nil && name != "" {
		d, err := c.Show(ctx, name)
		if err != nil {
			return err
		}
		ans.Job = &d.Info
	}
	return a.printJSON(ans)
}

// savepointAt finds a savepoint by its directory; nil for "".
func savepointAt(ctx context.Context, c *repl.Jobs, job, dir string) (*repl.Savepoint, error) {
	if dir == "" {
		return nil, nil
	}
	list, err := c.Savepoints(ctx, job)
	if err != nil {
		return nil, err
	}
	for _, s := range list {
		if s.Dir == dir {
			return &s, nil
		}
	}
	return nil, nil
}
