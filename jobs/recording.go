package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"
)

// Recording is what a server knew of a job at a moment: enough to look at it as if it were there.
type Recording struct {
	V          int             `json:"v"`
	Taken      time.Time       `json:"taken"`
	Server     ServerInfo      `json:"server"`
	Job        Detail          `json:"job"`
	Why        Why             `json:"why"`
	Log        []Event         `json:"log"`
	Samples    []Sample        `json:"samples"`
	Savepoints []SavepointInfo `json:"savepoints"`
}

// ErrRecording means that a file is no recording, or one of another version of riffle.
var ErrRecording = errors.New("not a recording of a job")

// Record takes a recording of a job.
func (c *Client) Record(ctx context.Context, name string) (r Recording, err error) {
	r.V, r.Taken = 1, time.Now().UTC()
	for _, get := range []func() error{
		func() (err error) { r.Server, err = c.Server(ctx); return err },
		func() (err error) { r.Job, err = c.Show(ctx, name); return err },
		func() (err error) { r.Why, err = c.Why(ctx, name); return err },
		func() (err error) { r.Log, err = c.Log(ctx, name, time.Time{}); return err },
		func() (err error) { r.Samples, err = c.Metrics(ctx, name, time.Time{}); return err },
		func() (err error) { r.Savepoints, err = c.Savepoints(ctx, name); return err },
	} {
		if err := get(); err != nil {
			return r, err
		}
	}
	return r, nil
}

// ReadRecording reads what json.Marshal made of a recording.
func ReadRecording(in io.Reader) (*Recording, error) {
	r := &Recording{}
	if err := json.NewDecoder(in).Decode(r); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRecording, err)
	}
	if r.V != 1 || r.Job.Name == "" {
		return nil, fmt.Errorf("%w: version %d, job %q", ErrRecording, r.V, r.Job.Name)
	}
	return r, nil
}

// Handler answers like the server that it was taken from, about the one job. What would change a
// job is refused.
func (r *Recording) Handler() http.Handler {
	mux := http.NewServeMux()
	answer := func(path string, get func(since time.Time) any) {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, req *http.Request) {
			since, err := sinceOf(req)
			if err == nil {
				err = writeJSON(w, get(since))
			}
			if err != nil {
				problem(w, status(err), err.Error(), "")
			}
		})
	}
	job := "/v1/jobs/" + r.Job.Name
	answer("/v1/server", func(time.Time) any { return r.Server })
	answer("/v1/jobs", func(time.Time) any { return []Info{r.Job.Info} })
	answer(job, func(time.Time) any { return r.Job })
	answer(job+"/why", func(time.Time) any { return r.Why })
	answer("/v1/savepoints", func(time.Time) any { return nonNil(r.Savepoints) })
	answer(job+"/log", func(t time.Time) any {
		return nonNil(slices.DeleteFunc(slices.Clone(r.Log), func(e Event) bool { return e.At.Before(t) }))
	})
	past := recorder{samples: r.Samples}
	answer(job+"/metrics", func(t time.Time) any { return nonNil(past.since(t)) })
	mux.HandleFunc("/", func(w http.ResponseWriter, req *http.Request) {
		problem(w, http.StatusConflict, fmt.Sprintf("this is a recording of %s from %s: nothing can be done to it", r.Job.Name, r.Taken.Format(time.DateTime)), "")
	})
	return mux
}
