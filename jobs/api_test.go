package jobs_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/riffle-io/riffle/jobs"
)

// spec is the OpenAPI description as far as the test reads it.
type spec struct {
	Paths map[string]map[string]struct {
		Responses map[string]struct {
			Content map[string]struct {
				Schema map[string]any `json:"schema"`
			} `json:"content"`
		} `json:"responses"`
	} `json:"paths"`
	Components struct {
		Schemas map[string]map[string]any `json:"schemas"`
	} `json:"components"`
}

// fits checks a decoded JSON value against a schema; where names the place in errors.
func (s *spec) fits(v any, schema map[string]any, where string) error {
	if ref, ok := schema["$ref"].(string); ok {
		return s.fits(v, s.Components.Schemas[ref[strings.LastIndexByte(ref, '/')+1:]], where)
	}
	if one, ok := schema["oneOf"].([]any); ok {
		if v == nil {
			return nil
		}
		return s.fits(v, one[0].(map[string]any), where)
	}
	types, ok := schema["type"].([]any)
	if !ok {
		types = []any{schema["type"]}
	}
	switch x := v.(type) {
	case nil:
		if !slices.Contains(types, any("null")) {
			return fmt.Errorf("%s is null", where)
		}
	case map[string]any:
		return s.fitsObject(x, schema, where)
	case []any:
		for i, e := range x {
			if err := s.fits(e, schema["items"].(map[string]any), fmt.Sprintf("%s[%d]", where, i)); err != nil {
				return err
			}
		}
	default:
		want := map[string]bool{"string": false, "boolean": false, "number": false, "integer": false}
		switch x := v.(type) {
		case string:
			want["string"] = true
		case bool:
			want["boolean"] = true
		case float64:
			want["number"], want["integer"] = true, x == float64(int64(x))
		}
		if !want[fmt.Sprint(types[0])] {
			return fmt.Errorf("%s is %v, not %v", where, v, types[0])
		}
	}
	return nil
}

func (s *spec) fitsObject(x, schema map[string]any, where string) error {
	props, _ := schema["properties"].(map[string]any)
	more, open := schema["additionalProperties"].(map[string]any)
	for k, e := range x {
		p, ok := props[k].(map[string]any)
		if !ok && open {
			p, ok = more, true
		}
		if !ok {
			return fmt.Errorf("%s has %q, which is not described", where, k)
		}
		if err := s.fits(e, p, where+"."+k); err != nil {
			return err
		}
	}
	required, _ := schema["required"].([]any)
	for _, k := range required {
		if _, ok := x[k.(string)]; !ok {
			return fmt.Errorf("%s lacks %q", where, k)
		}
	}
	return nil
}

// calls are requests for every operation, in an order in which each succeeds. {job} runs, {other} is
// what fork makes.
func (r *rig) calls() []struct{ op, path, body string } {
	text := func(s jobs.Spec) string {
		data, err := json.Marshal(s)
		if err != nil {
			r.t.Fatal(err)
		}
		return string(data)
	}
	a, b := r.stream("a"), r.stream("b")
	return []struct{ op, path, body string }{
		{"get /v1/server", "/v1/server", ""},
		{"post /v1/jobs", "/v1/jobs", text(a)},
		{"get /v1/jobs", "/v1/jobs", ""},
		{"get /v1/jobs/{name}", "/v1/jobs/a", ""},
		{"get /v1/jobs/{name}/why", "/v1/jobs/a/why", ""},
		{"get /v1/jobs/{name}/log", "/v1/jobs/a/log?since=1000", ""},
		{"get /v1/jobs/{name}/metrics", "/v1/jobs/a/metrics?since=0", ""},
		{"post /v1/jobs/{name}/settings", "/v1/jobs/a/settings", `{"key": "checkpoint", "value": "30ms"}`},
		{"post /v1/jobs/{name}/fit", "/v1/jobs/a/fit", text(a)},
		{"get /v1/jobs/{name}/view", "/v1/jobs/a/view", ""},
		{"get /v1/jobs/{name}/tap", "/v1/jobs/a/tap?operator=TAP", ""},
		{"get /v1/events", "/v1/events", ""},
		{"post /v1/jobs/{name}/savepoints", "/v1/jobs/a/savepoints", `{"label": "one"}`},
		{"get /v1/savepoints", "/v1/savepoints?job=a", ""},
		{"post /v1/jobs/{name}/fork", "/v1/jobs/a/fork", text(b)},
		{"delete /v1/jobs/{name}/savepoints/{label}", "/v1/jobs/a/savepoints/one", ""},
		{"post /v1/jobs/{name}/pause", "/v1/jobs/a/pause", ""},
		{"post /v1/jobs/{name}/resume", "/v1/jobs/a/resume", ""},
		{"post /v1/jobs/{name}/rescale", "/v1/jobs/a/rescale", `{"parallelism": 1}`},
		{"put /v1/jobs/{name}", "/v1/jobs/a", text(a)},
		{"post /v1/jobs/{name}/restart", "/v1/jobs/a/restart", ""},
		{"post /v1/jobs/{name}/stop", "/v1/jobs/a/stop", `{"savepoint": "last"}`},
		{"post /v1/jobs/{name}/cancel", "/v1/jobs/b/cancel", ""},
		{"delete /v1/jobs/{name}", "/v1/jobs/b", ""},
		{"get /metrics", "/metrics", ""},
		{"get /openapi.json", "/openapi.json", ""},
	}
}

// TestAPI makes a request for every operation of the description and holds the answers against it.
func TestAPI(t *testing.T) {
	r := newRig(t)
	var s spec
	if err := json.Unmarshal(jobs.OpenAPI(), &s); err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(r.server.Handler(""))
	defer web.Close()
	left := map[string]bool{}
	for path, ops := range s.Paths {
		for method := range ops {
			left[method+" "+path] = true
		}
	}
	for _, c := range r.calls() {
		if !left[c.op] {
			t.Errorf("%s is not described", c.op)
		}
		delete(left, c.op)
		method, path, _ := strings.Cut(c.op, " ")
		if strings.HasPrefix(c.op, "get ") && strings.Contains(c.op, "{name}") || strings.Contains(c.path, "/a/") {
			r.await("a", "a run", func(d jobs.Detail) bool {
				return d.State == jobs.Running && d.Checkpoints > 0 && len(d.Operators) > 0 || d.State == jobs.Paused
			})
		}
		if strings.Contains(c.path, "TAP") {
			d := r.await("a", "operators", func(d jobs.Detail) bool { return len(d.Operators) > 0 })
			c.path = strings.Replace(c.path, "TAP", d.Operators[0].Chain[0].ID, 1)
		}
		for media, content := range s.Paths[path][method].Responses["200"].Content {
			body := r.request(web, method, c.path, c.body, media)
			if content.Schema == nil {
				continue
			}
			var v any
			if err := json.Unmarshal(body, &v); err != nil {
				t.Errorf("%s: %v: %.200s", c.op, err, body)
			} else if err := s.fits(v, content.Schema, "answer"); err != nil {
				t.Errorf("%s: %v", c.op, err)
			}
		}
	}
	for op := range left {
		t.Errorf("%s is described and not tried", op)
	}
	var p any
	if err := json.Unmarshal(r.request(web, "get", "/v1/jobs/none", "", ""), &p); err != nil {
		t.Fatal(err)
	}
	if err := s.fits(p, map[string]any{"$ref": "#/components/schemas/Problem"}, "answer"); err != nil {
		t.Error(err)
	}
}

// request returns the body of an answer, or the data of the first event of a stream. With media empty
// the answer must be an error.
func (r *rig) request(web *httptest.Server, method, path, body, media string) []byte {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), 20*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, strings.ToUpper(method), web.URL+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	resp, err := web.Client().Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	if (resp.StatusCode == 200) != (media != "") || media != "" && resp.Header.Get("Content-Type") != media {
		data, _ := io.ReadAll(resp.Body)
		r.t.Fatalf("%s %s: %s %s %.300s", method, path, resp.Status, resp.Header.Get("Content-Type"), data)
	}
	if media != "text/event-stream" {
		data, err := io.ReadAll(resp.Body)
		if err != nil {
			r.t.Fatal(err)
		}
		return data
	}
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
			return []byte(data)
		}
	}
	r.t.Fatalf("%s: no event: %v", path, lines.Err())
	return nil
}

// TestTLS reaches a server on TCP with its certificate and token, and not without.
func TestTLS(t *testing.T) {
	r := newRig(t)
	cert, key, roots := certificate(t)
	l, err := jobs.ListenTLS("127.0.0.1:0", cert, key)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- r.server.Serve(ctx, l, "a long enough token") }()
	defer func() {
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
	}()
	for token, ok := range map[string]bool{"a long enough token": true, "another token here": false, "": false} {
		c, err := jobs.NewClient("https://"+l.Addr().String(), token, roots)
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.List(t.Context())
		if ok && err != nil || !ok && !isStatus(err, 401) {
			t.Errorf("token %q: %v", token, err)
		}
		c.Close()
	}
	c, err := jobs.NewClient("https://"+l.Addr().String(), "a long enough token", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.List(t.Context()); err == nil {
		t.Error("a certificate that nobody vouches for was accepted")
	}
	if _, err := jobs.NewClient("http://127.0.0.1:1", "", nil); err == nil {
		t.Error("TCP without TLS was accepted")
	}
}

// certificate makes files of a certificate for 127.0.0.1 and its key, and what trusts it.
func certificate(t *testing.T) (cert, key string, roots *tls.Config) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	c := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &k.PublicKey, k)
	if err != nil {
		t.Fatal(err)
	}
	kder, err := x509.MarshalECPrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	pemCert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	for name, data := range map[string][]byte{cert: pemCert, key: pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: kder})} {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pemCert)
	return cert, key, &tls.Config{RootCAs: pool}
}
