package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/state"
	"github.com/riffle-io/riffle/internal/vfs"
)

// route is one operation of the API. The OpenAPI page is made of the same list.
type route struct {
	method, path string
	doc          string
	in           any    // type of the request's body; nil: none
	out          any    // type of the answer's body; nil: none
	media        string // of the answer when it is not JSON
	query        []param
	serve        func(s *Server, w http.ResponseWriter, r *http.Request) error
}

// param is a parameter of the query string.
type param struct{ name, doc string }

// Requests of the API.
type (
	// StopRequest says how a job is to stop.
	StopRequest struct {
		Savepoint string `json:"savepoint,omitempty"` // label; "": the last checkpoint only
	}
	// StopAnswer says where the savepoint is.
	StopAnswer struct {
		V   int    `json:"v"`
		Dir string `json:"dir,omitempty"`
	}
	// RescaleRequest is the number of tasks a stage.
	RescaleRequest struct {
		Parallelism int `json:"parallelism"`
	}
	// SetRequest is a setting.
	SetRequest struct {
		Key   string `json:"key"`
		Value string `json:"value"`
		Dry   bool   `json:"dry_run,omitempty"` // only check it, and tell when it would take effect
	}
	// SetAnswer tells when it takes effect.
	SetAnswer struct {
		V       int  `json:"v"`
		Restart bool `json:"restart"` // with the next start
	}
	// SavepointRequest names a savepoint.
	SavepointRequest struct {
		Label string `json:"label"`
	}
	// ServerInfo is about the server itself.
	ServerInfo struct {
		V       int       `json:"v"`
		PID     int       `json:"pid"`
		Version string    `json:"version"`
		Dir     string    `json:"dir"`
		Started time.Time `json:"started"`
		Jobs    int       `json:"jobs"`
		Profile string    `json:"profile"` // dev, prod: ask twice before what cannot be undone
	}
	// Done is the answer of what has nothing to tell.
	Done struct {
		V int `json:"v"`
	}
)

// Headers of a view.
const (
	watermarkHeader  = "Riffle-Watermark"
	checkpointHeader = "Riffle-Checkpoint"
)

// routes is the API.
func routes() []route {
	return []route{
		{"GET", "/v1/server", "The server itself.", nil, ServerInfo{}, "", nil, serveInfo},
		{"GET", "/v1/jobs", "All jobs, in order of names.", nil, []Info{}, "", nil, answer(func(s *Server, r *http.Request) (any, error) { return s.List(), nil })},
		{"POST", "/v1/jobs", "Adds a job and starts it.", Spec{}, Done{}, "", nil, body(func(s *Server, r *http.Request, in *Spec) (any, error) {
			return Done{1}, s.Submit(r.Context(), *in)
		})},
		{"GET", "/v1/jobs/{name}", "Everything about a job.", nil, Detail{}, "", nil, answer(func(s *Server, r *http.Request) (any, error) { return s.Show(r.PathValue("name")) })},
		{"PUT", "/v1/jobs/{name}", "Puts another query in the place of a job's; operators that did not change keep their state.", Spec{}, Done{}, "", nil, body(func(s *Server, r *http.Request, in *Spec) (any, error) {
			in.Name = r.PathValue("name")
			return Done{1}, s.Replace(r.Context(), *in)
		})},
		{"DELETE", "/v1/jobs/{name}", "Forgets a job that does not run, with its state. Savepoints and output stay.", nil, Done{}, "", nil, answer(func(s *Server, r *http.Request) (any, error) {
			return Done{1}, s.Remove(r.PathValue("name"))
		})},
		{"POST", "/v1/jobs/{name}/stop", "Stops a job with a last checkpoint, which can be kept as a savepoint.", StopRequest{}, StopAnswer{}, "", nil, body(func(s *Server, r *http.Request, in *StopRequest) (any, error) {
			dir, err := s.Stop(r.Context(), r.PathValue("name"), in.Savepoint)
			return StopAnswer{1, dir}, err
		})},
		{"POST", "/v1/jobs/{name}/cancel", "Ends a job at once; it can go on from the checkpoint before.", nil, Done{}, "", nil, act((*Server).Cancel)},
		{"POST", "/v1/jobs/{name}/pause", "Holds a job still, with its state in memory.", nil, Done{}, "", nil, act((*Server).Pause)},
		{"POST", "/v1/jobs/{name}/resume", "Ends a pause, or starts a job that was stopped or has failed.", nil, Done{}, "", nil, act((*Server).Resume)},
		{"POST", "/v1/jobs/{name}/restart", "Stops a job with a last checkpoint and starts it again.", nil, Done{}, "", nil, answer(func(s *Server, r *http.Request) (any, error) {
			return Done{1}, s.Restart(r.Context(), r.PathValue("name"))
		})},
		{"POST", "/v1/jobs/{name}/rescale", "Changes the parallelism of a job.", RescaleRequest{}, Done{}, "", nil, body(func(s *Server, r *http.Request, in *RescaleRequest) (any, error) {
			return Done{1}, s.Rescale(r.Context(), r.PathValue("name"), in.Parallelism)
		})},
		{"POST", "/v1/jobs/{name}/fork", "Starts another job from the present state of this one.", Spec{}, Done{}, "", nil, body(func(s *Server, r *http.Request, in *Spec) (any, error) {
			return Done{1}, s.Fork(r.Context(), r.PathValue("name"), *in)
		})},
		{"POST", "/v1/jobs/{name}/settings", "Changes a setting.", SetRequest{}, SetAnswer{}, "", nil, body(func(s *Server, r *http.Request, in *SetRequest) (any, error) {
			restart, err := s.Set(r.PathValue("name"), in.Key, in.Value, in.Dry)
			return SetAnswer{1, restart}, err
		})},
		{"POST", "/v1/jobs/{name}/fit", "Tells what becomes of a job's state under another query.", Spec{}, []Fit{}, "", nil, body(func(s *Server, r *http.Request, in *Spec) (any, error) {
			return s.Fit(r.Context(), r.PathValue("name"), *in)
		})},
		{"GET", "/v1/jobs/{name}/why", "Why a job gives no output, and what would help.", nil, Why{}, "", nil, answer(func(s *Server, r *http.Request) (any, error) { return s.Why(r.PathValue("name")) })},
		{"GET", "/v1/jobs/{name}/metrics", "The last hour of a job, a sample a second, oldest first.", nil, []Sample{}, "", []param{{"since", "Unix time in milliseconds; only newer samples"}}, answer(func(s *Server, r *http.Request) (any, error) {
			since, err := sinceOf(r)
			if err != nil {
				return nil, err
			}
			return s.Metrics(r.PathValue("name"), since)
		})},
		{"GET", "/v1/jobs/{name}/log", "What is known of a job, oldest first: its events, its checkpoints (kind checkpoint) and what the server said about it (kind log).", nil, []Event{}, "", []param{{"since", "Unix time in milliseconds; nothing older"}}, answer(func(s *Server, r *http.Request) (any, error) {
			since, err := sinceOf(r)
			if err != nil {
				return nil, err
			}
			return s.Log(r.PathValue("name"), since)
		})},
		{"GET", "/v1/jobs/{name}/tap", "A sample of the rows that an operator emits, as server-sent events.", nil, Tapped{}, "text/event-stream", []param{{"operator", "id of the operator"}}, serveTap},
		{"GET", "/v1/jobs/{name}/view", "The job's result as of now, as a Parquet file: open windows with what is in them, groups with their present values. The headers " + watermarkHeader + " (µs since the Unix epoch) and " + checkpointHeader + " name the moment.", nil, nil, "application/vnd.apache.parquet", nil, serveView},
		{"POST", "/v1/jobs/{name}/savepoints", "Takes a savepoint.", SavepointRequest{}, SavepointInfo{}, "", nil, body(func(s *Server, r *http.Request, in *SavepointRequest) (any, error) {
			return s.Savepoint(r.Context(), r.PathValue("name"), in.Label)
		})},
		{"DELETE", "/v1/jobs/{name}/savepoints/{label}", "Deletes a savepoint.", nil, Done{}, "", nil, answer(func(s *Server, r *http.Request) (any, error) {
			return Done{1}, s.RemoveSavepoint(r.PathValue("name"), r.PathValue("label"))
		})},
		{"GET", "/v1/savepoints", "Savepoints, newest first.", nil, []SavepointInfo{}, "", []param{{"job", "name of a job; default all"}}, answer(func(s *Server, r *http.Request) (any, error) {
			return s.Savepoints(r.URL.Query().Get("job"))
		})},
		{"GET", "/v1/events", "What happens to jobs, as server-sent events, as it happens.", nil, Event{}, "text/event-stream", nil, serveEvents},
		{"GET", "/metrics", "Numbers of all jobs in the text format of Prometheus.", nil, nil, "text/plain; version=0.0.4", nil, servePrometheus},
		{"GET", "/openapi.json", "This description.", nil, nil, "application/json", nil, serveOpenAPI},
	}
}

// answer makes a handler of a function whose result is the answer.
func answer(fn func(*Server, *http.Request) (any, error)) func(*Server, http.ResponseWriter, *http.Request) error {
	return func(s *Server, w http.ResponseWriter, r *http.Request) error {
		out, err := fn(s, r)
		if err != nil {
			return err
		}
		return writeJSON(w, out)
	}
}

// act makes a handler of something that is done to a job.
func act(fn func(*Server, string) error) func(*Server, http.ResponseWriter, *http.Request) error {
	return answer(func(s *Server, r *http.Request) (any, error) { return Done{1}, fn(s, r.PathValue("name")) })
}

// body makes a handler that takes a JSON body of type T.
func body[T any](fn func(*Server, *http.Request, *T) (any, error)) func(*Server, http.ResponseWriter, *http.Request) error {
	return answer(func(s *Server, r *http.Request) (any, error) {
		in := new(T)
		d := json.NewDecoder(http.MaxBytesReader(nil, r.Body, 4<<20))
		d.DisallowUnknownFields()
		if err := d.Decode(in); err != nil && err != io.EOF { // nothing is as good as {}
			return nil, fmt.Errorf("%w: %w", ErrRequest, bodyError(err))
		}
		if _, err := d.Token(); err != io.EOF {
			return nil, fmt.Errorf("%w: the body has more than one JSON object", ErrRequest)
		}
		return fn(s, r, in)
	})
}

// bodyError says what is wrong with a body without the words of Go.
func bodyError(err error) error {
	if t := new(json.UnmarshalTypeError); errors.As(err, &t) {
		if t.Field == "" {
			return fmt.Errorf("the body is a JSON %s and must be an object", t.Value)
		}
		return fmt.Errorf("%s cannot be a %s", t.Field, t.Value)
	}
	return fmt.Errorf("the body: %s", strings.TrimPrefix(err.Error(), "json: "))
}

func writeJSON(w http.ResponseWriter, v any) error {
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(v)
}

// sinceOf reads the time of a request; the zero time when there is none.
func sinceOf(r *http.Request) (time.Time, error) {
	v := r.URL.Query().Get("since")
	if v == "" {
		return time.Time{}, nil
	}
	ms, err := strconv.ParseInt(v, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("%w: since=%q must be a Unix time in milliseconds", ErrRequest, v)
	}
	return time.UnixMilli(ms), nil
}

// serveView sends a view; an error after the first byte cuts the answer off.
func serveView(s *Server, w http.ResponseWriter, r *http.Request) error {
	began := false
	err := s.writeView(r.Context(), r.PathValue("name"), w, func(wm dataflow.Time, checkpoint int64) {
		began = true
		w.Header().Set("Content-Type", "application/vnd.apache.parquet")
		w.Header().Set(watermarkHeader, strconv.FormatInt(wm, 10))
		w.Header().Set(checkpointHeader, strconv.FormatInt(checkpoint, 10))
	})
	if err != nil && began && r.Context().Err() == nil {
		s.log("view of %s: %v", r.PathValue("name"), err)
		panic(http.ErrAbortHandler) // the only way to tell a client that the body is not whole
	}
	return err
}

// Fit compares a job's state as of now with another query.
func (s *Server) Fit(ctx context.Context, name string, spec Spec) ([]Fit, error) {
	j, err := s.job(name)
	if err != nil {
		return nil, err
	}
	spec.Name = name
	if err := j.complete(&spec); err != nil {
		return nil, err
	}
	p, err := s.engine.Prepare(ctx, spec)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSpec, err)
	}
	dir, err := os.MkdirTemp(s.dir, "fit-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if err := s.export(ctx, j, filepath.Join(dir, "state"), false); err != nil {
		return nil, err
	}
	c, err := state.OpenSavepoint(vfs.OS{}, filepath.Join(dir, "state"), s.format)
	if err != nil {
		return nil, err
	}
	return fit(c, p.Root), nil
}

// status is the HTTP status that fits an error.
func status(err error) int {
	switch {
	case errors.Is(err, ErrSpec), errors.Is(err, ErrRequest), errors.Is(err, ErrSetting), errors.Is(err, ErrQuery):
		return http.StatusBadRequest
	case errors.Is(err, ErrNoJob), errors.Is(err, fs.ErrNotExist):
		return http.StatusNotFound
	case errors.Is(err, ErrExists), errors.Is(err, ErrState), errors.Is(err, fs.ErrExist):
		return http.StatusConflict
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return http.StatusGatewayTimeout
	}
	return http.StatusInternalServerError
}
