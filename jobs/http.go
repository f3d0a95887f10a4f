package jobs

import (
	"cmp"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"
)

// Problem is the body of an answer that is an error.
type Problem struct {
	V     int `json:"v"`
	Error struct {
		Message string `json:"message"`
		Hint    string `json:"hint,omitempty"`
	} `json:"error"`
}

// Handler serves the API. With token not empty every request must carry it as a bearer token.
func (s *Server) Handler(token string) http.Handler {
	mux := http.NewServeMux()
	for _, rt := range routes() {
		mux.HandleFunc(rt.method+" "+rt.path, func(w http.ResponseWriter, r *http.Request) {
			if err := rt.serve(s, w, r); err != nil {
				problem(w, status(err), err.Error(), requestHint(err, cmp.Or(r.PathValue("name"), "NAME")))
			}
		})
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		problem(w, http.StatusNotFound, fmt.Sprintf("there is no %s %s", r.Method, r.URL.Path), "GET /openapi.json lists what there is")
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if token != "" && subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), []byte("Bearer "+token)) != 1 {
			w.Header().Set("WWW-Authenticate", "Bearer")
			problem(w, http.StatusUnauthorized, "the token is missing or wrong", "send the header Authorization: Bearer TOKEN")
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// requestHint says what helps against an error of a request. What is wrong with the statements of one says so
// itself, and one that a job's state does not allow is not tried again.
func requestHint(err error, job string) string {
	if errors.Is(err, ErrSpec) && errors.Is(err, ErrQuery) || errors.Is(err, ErrState) {
		return ""
	}
	return hint(err, job)
}

func problem(w http.ResponseWriter, code int, msg, hint string) {
	p := Problem{V: 1}
	p.Error.Message, p.Error.Hint = msg, hint
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(p) // the client is gone when this fails
}

func serveInfo(s *Server, w http.ResponseWriter, _ *http.Request) error {
	return writeJSON(w, ServerInfo{1, os.Getpid(), s.version, s.dir, s.started, len(s.all()), s.profile})
}

// sse sends v as a server-sent event.
func sse(w http.ResponseWriter, kind string, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(w, "event: %s\ndata: %s\n\n", kind, data); err != nil {
		return err
	}
	return http.NewResponseController(w).Flush()
}

// beat is how often an idle stream of events shows that it lives.
const beat = 15 * time.Second

func serveEvents(s *Server, w http.ResponseWriter, r *http.Request) error {
	ch, stop := s.events.listen()
	defer stop()
	w.Header().Set("Content-Type", "text/event-stream")
	w.WriteHeader(http.StatusOK)
	if err := http.NewResponseController(w).Flush(); err != nil {
		return nil
	}
	tick := time.NewTicker(beat)
	defer tick.Stop()
	for {
		var err error
		select {
		case e, ok := <-ch:
			if !ok {
				return nil
			}
			err = sse(w, e.Kind, e)
		case <-tick.C:
			if _, err = fmt.Fprint(w, ": \n\n"); err == nil {
				err = http.NewResponseController(w).Flush()
			}
		case <-r.Context().Done():
			return nil
		}
		if err != nil { // the client went away
			return nil
		}
	}
}

func serveTap(s *Server, w http.ResponseWriter, r *http.Request) error {
	began := false
	err := s.Tap(r.Context(), r.PathValue("name"), r.URL.Query().Get("operator"), func(t Tapped) error {
		if !began {
			w.Header().Set("Content-Type", "text/event-stream")
			began = true
		}
		return sse(w, "rows", t)
	})
	if began {
		return nil // the client went away
	}
	return err
}

func serveOpenAPI(_ *Server, w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", "application/json")
	_, err := w.Write(OpenAPI())
	return err
}

// gauges are the numbers of a job that Prometheus gets.
var gauges = []struct {
	name, kind, help string
	value            func(Info) (float64, bool)
}{
	{"up", "gauge", "1 while the job runs", func(i Info) (float64, bool) {
		if i.State == Running {
			return 1, true
		}
		return 0, true
	}},
	{"rows_read_total", "counter", "rows read in this run", func(i Info) (float64, bool) { return float64(i.Rows), true }},
	{"rows_written_total", "counter", "rows written in this run", func(i Info) (float64, bool) { return float64(i.RowsOut), true }},
	{"late_rows_total", "counter", "rows that came too late", func(i Info) (float64, bool) { return float64(i.Late), true }},
	{"bad_records_total", "counter", "records that could not be decoded", func(i Info) (float64, bool) { return float64(i.Bad), true }},
	{"restarts_total", "counter", "restarts after failures", func(i Info) (float64, bool) { return float64(i.Restarts), true }},
	{"busy_ratio", "gauge", "share of its time that the busiest task works", func(i Info) (float64, bool) { return i.Busy, true }},
	{"backpressure_ratio", "gauge", "share of its time that a task is held up by its receivers", func(i Info) (float64, bool) { return i.Backpressure, true }},
	{"source_lag_rows", "gauge", "rows between the readers and the ends of the sources", func(i Info) (float64, bool) { return float64(i.SourceLag), i.SourceLag >= 0 }},
	{"watermark_seconds", "gauge", "event time that is complete, since the Unix epoch", func(i Info) (float64, bool) {
		if i.WatermarkMS == nil {
			return 0, false
		}
		return float64(*i.WatermarkMS) / 1000, true
	}},
	{"state_bytes", "gauge", "memory of keyed state", func(i Info) (float64, bool) { return float64(i.StateBytes), true }},
	{"checkpoints_total", "counter", "complete checkpoints of this process", func(i Info) (float64, bool) { return float64(i.Checkpoints), true }},
	{"checkpoint_seconds", "gauge", "duration of the last checkpoint", func(i Info) (float64, bool) {
		if i.Checkpoint == nil {
			return 0, false
		}
		return i.Checkpoint.TotalMS / 1000, true
	}},
	{"checkpoint_bytes", "gauge", "size of the last checkpoint", func(i Info) (float64, bool) {
		if i.Checkpoint == nil {
			return 0, false
		}
		return float64(i.Checkpoint.Bytes), true
	}},
}

// servePrometheus writes the text exposition format, version 0.0.4.
func servePrometheus(s *Server, w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4")
	list := s.List()
	var b strings.Builder
	for _, g := range gauges {
		name := "riffle_job_" + g.name
		fmt.Fprintf(&b, "# HELP %s %s\n# TYPE %s %s\n", name, g.help, name, g.kind)
		for _, i := range list {
			if v, ok := g.value(i); ok {
				fmt.Fprintf(&b, "%s{job=%q} %v\n", name, i.Name, v)
			}
		}
	}
	_, err := w.Write([]byte(b.String()))
	return err
}
