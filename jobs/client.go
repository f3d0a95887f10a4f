package jobs

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/riffle-io/riffle/dataflow"
)

// Client talks to a job server. It may be used from many goroutines.
type Client struct {
	http  *http.Client
	base  string
	addr  string
	token string
}

// ErrNoServer means that no job server answers.
var ErrNoServer = errors.New("no job server answers")

// APIError is an error that the server answered with.
type APIError struct {
	Status  int
	Message string
	Hint    string
}

func (e *APIError) Error() string { return e.Message }

// NewClient makes a client of a server at addr: the path of a unix socket, or https://host:port with
// its token. roots has the certificates to trust; nil is the system's. Nothing is sent yet.
func NewClient(addr, token string, roots *tls.Config) (*Client, error) {
	c := &Client{addr: addr, token: token}
	tr := &http.Transport{TLSClientConfig: roots, MaxIdleConnsPerHost: 4, IdleConnTimeout: time.Minute}
	c.http = &http.Client{Transport: tr}
	if strings.Contains(addr, "://") {
		u, err := url.Parse(addr)
		if err != nil {
			return nil, err
		}
		if u.Scheme != "https" {
			return nil, fmt.Errorf("%w: server %s: a server on TCP speaks https; a local one is named by its socket", ErrSpec, addr)
		}
		c.base = strings.TrimSuffix(addr, "/")
		return c, nil
	}
	tr.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", addr)
	}
	c.base = "http://riffle"
	return c, nil
}

// Addr is the server's address as it was given.
func (c *Client) Addr() string { return c.addr }

// Close lets go of idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

func (c *Client) request(ctx context.Context, method, path string, in any) (*http.Response, error) {
	var body io.Reader
	if in != nil {
		data, err := json.Marshal(in)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(data)
	}
	return c.send(ctx, method, path, body)
}

// send sends a request with a body, nil for none, and makes an error of an answer that is one.
func (c *Client) send(ctx context.Context, method, path string, body io.Reader) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	if err != nil {
		return nil, err
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		var op *net.OpError
		if errors.As(err, &op) && op.Op == "dial" {
			return nil, fmt.Errorf("%w at %s: %w", ErrNoServer, c.addr, op.Err)
		}
		return nil, err
	}
	if resp.StatusCode < 300 {
		return resp, nil
	}
	defer resp.Body.Close()
	var p Problem
	if err := json.NewDecoder(resp.Body).Decode(&p); err != nil || p.Error.Message == "" {
		return nil, &APIError{Status: resp.StatusCode, Message: "the server answered " + resp.Status}
	}
	return nil, &APIError{resp.StatusCode, p.Error.Message, p.Error.Hint}
}

// call sends in and reads the answer into out; either may be nil.
func (c *Client) call(ctx context.Context, method, path string, in, out any) error {
	resp, err := c.request(ctx, method, path, in)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if out == nil {
		_, err = io.Copy(io.Discard, resp.Body)
		return err
	}
	return json.NewDecoder(resp.Body).Decode(out)
}

func jobPath(name string, more ...string) string {
	p := "/v1/jobs/" + url.PathEscape(name)
	for _, m := range more {
		p += "/" + url.PathEscape(m)
	}
	return p
}

// Server is about the server itself.
func (c *Client) Server(ctx context.Context) (out ServerInfo, err error) {
	return out, c.call(ctx, "GET", "/v1/server", nil, &out)
}

// List is every job at a glance.
func (c *Client) List(ctx context.Context) (out []Info, err error) {
	return out, c.call(ctx, "GET", "/v1/jobs", nil, &out)
}

// Show is everything about a job.
func (c *Client) Show(ctx context.Context, name string) (out Detail, err error) {
	return out, c.call(ctx, "GET", jobPath(name), nil, &out)
}

// Submit adds a job and starts it.
func (c *Client) Submit(ctx context.Context, s Spec) error {
	return c.call(ctx, "POST", "/v1/jobs", s, nil)
}

// Replace puts another query in the place of a job's.
func (c *Client) Replace(ctx context.Context, s Spec) error {
	return c.call(ctx, "PUT", jobPath(s.Name), s, nil)
}

// Remove forgets a job that does not run.
func (c *Client) Remove(ctx context.Context, name string) error {
	return c.call(ctx, "DELETE", jobPath(name), nil, nil)
}

// Stop ends a job with a last checkpoint; with a label it is kept as a savepoint, whose directory is
// returned.
func (c *Client) Stop(ctx context.Context, name, label string) (dir string, err error) {
	var out StopAnswer
	err = c.call(ctx, "POST", jobPath(name, "stop"), StopRequest{label}, &out)
	return out.Dir, err
}

// Cancel, Pause, Resume and Restart do what their names say to a job.
func (c *Client) Cancel(ctx context.Context, name string) error  { return c.act(ctx, name, "cancel") }
func (c *Client) Pause(ctx context.Context, name string) error   { return c.act(ctx, name, "pause") }
func (c *Client) Resume(ctx context.Context, name string) error  { return c.act(ctx, name, "resume") }
func (c *Client) Restart(ctx context.Context, name string) error { return c.act(ctx, name, "restart") }

func (c *Client) act(ctx context.Context, name, what string) error {
	return c.call(ctx, "POST", jobPath(name, what), nil, nil)
}

// Rescale changes the parallelism of a job.
func (c *Client) Rescale(ctx context.Context, name string, p int) error {
	return c.call(ctx, "POST", jobPath(name, "rescale"), RescaleRequest{p}, nil)
}

// Fork starts another job from the present state of one.
func (c *Client) Fork(ctx context.Context, name string, s Spec) error {
	return c.call(ctx, "POST", jobPath(name, "fork"), s, nil)
}

// Set changes a setting; restart tells that it takes effect with the next start.
func (c *Client) Set(ctx context.Context, name, key, value string) (restart bool, err error) {
	return c.set(ctx, name, SetRequest{Key: key, Value: value})
}

// CheckSetting tells what Set would, and changes nothing.
func (c *Client) CheckSetting(ctx context.Context, name, key, value string) (restart bool, err error) {
	return c.set(ctx, name, SetRequest{Key: key, Value: value, Dry: true})
}

func (c *Client) set(ctx context.Context, name string, r SetRequest) (restart bool, err error) {
	var out SetAnswer
	err = c.call(ctx, "POST", jobPath(name, "settings"), r, &out)
	return out.Restart, err
}

// Fit tells what becomes of a job's state under another query.
func (c *Client) Fit(ctx context.Context, name string, s Spec) (out []Fit, err error) {
	return out, c.call(ctx, "POST", jobPath(name, "fit"), s, &out)
}

// Why tells why a job gives no output.
func (c *Client) Why(ctx context.Context, name string) (out Why, err error) {
	return out, c.call(ctx, "GET", jobPath(name, "why"), nil, &out)
}

// Metrics returns the samples of the last hour that are newer than since.
func (c *Client) Metrics(ctx context.Context, name string, since time.Time) (out []Sample, err error) {
	return out, c.call(ctx, "GET", jobPath(name, "metrics")+sinceQuery(since), nil, &out)
}

// Log returns what is known of a job from since on, oldest first.
func (c *Client) Log(ctx context.Context, name string, since time.Time) (out []Event, err error) {
	return out, c.call(ctx, "GET", jobPath(name, "log")+sinceQuery(since), nil, &out)
}

func sinceQuery(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return "?since=" + strconv.FormatInt(t.UnixMilli(), 10)
}

// Savepoint takes a savepoint.
func (c *Client) Savepoint(ctx context.Context, name, label string) (out SavepointInfo, err error) {
	return out, c.call(ctx, "POST", jobPath(name, "savepoints"), SavepointRequest{label}, &out)
}

// Savepoints lists savepoints, of all jobs for "".
func (c *Client) Savepoints(ctx context.Context, name string) (out []SavepointInfo, err error) {
	return out, c.call(ctx, "GET", "/v1/savepoints?job="+url.QueryEscape(name), nil, &out)
}

// RemoveSavepoint deletes a savepoint.
func (c *Client) RemoveSavepoint(ctx context.Context, name, label string) error {
	return c.call(ctx, "DELETE", jobPath(name, "savepoints", label), nil, nil)
}

// Events calls fn with what happens, until ctx ends, fn fails or the server ends.
func (c *Client) Events(ctx context.Context, fn func(Event) error) error {
	return stream(c, ctx, "/v1/events", fn)
}

// Tap calls fn with samples of what an operator emits, until ctx ends, fn fails or the run ends.
func (c *Client) Tap(ctx context.Context, name, operator string, fn func(Tapped) error) error {
	return stream(c, ctx, jobPath(name, "tap")+"?operator="+url.QueryEscape(operator), fn)
}

// stream reads server-sent events whose data is a T.
func stream[T any](c *Client, ctx context.Context, path string, fn func(T) error) error {
	resp, err := c.request(ctx, "GET", path, nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok {
			continue
		}
		var v T
		if err := json.Unmarshal([]byte(data), &v); err != nil {
			return fmt.Errorf("event of the job server: %w", err)
		}
		if err := fn(v); err != nil {
			return err
		}
	}
	if ctx.Err() != nil {
		return nil
	}
	return lines.Err()
}

// View writes the present result of a job to w, as a Parquet file, and returns the watermark and the
// checkpoint that it is as of.
func (c *Client) View(ctx context.Context, name string, w io.Writer) (wm dataflow.Time, checkpoint int64, err error) {
	resp, err := c.request(ctx, "GET", jobPath(name, "view"), nil)
	if err != nil {
		return 0, 0, err
	}
	defer resp.Body.Close()
	if wm, err = strconv.ParseInt(resp.Header.Get(watermarkHeader), 10, 64); err != nil {
		return 0, 0, fmt.Errorf("view of %s: header %s: %w", name, watermarkHeader, err)
	}
	if checkpoint, err = strconv.ParseInt(resp.Header.Get(checkpointHeader), 10, 64); err != nil {
		return 0, 0, fmt.Errorf("view of %s: header %s: %w", name, checkpointHeader, err)
	}
	if _, err = io.Copy(w, resp.Body); err != nil {
		err = fmt.Errorf("view of %s was cut off: %w", name, err)
	}
	return wm, checkpoint, err
}
