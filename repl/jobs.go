package repl

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/jobs"
	"github.com/riffle-io/riffle/repl/render"
)

// The types of the job server, as screens and commands see them.
type (
	Jobs          = jobs.Client
	JobInfo       = jobs.Info
	JobDetail     = jobs.Detail
	JobOperator   = jobs.Operator
	JobPartition  = jobs.Partition
	JobCheckpoint = jobs.Checkpoint
	JobEvent      = jobs.Event
	JobFinding    = jobs.Finding
	JobSample     = jobs.Sample
	JobSpec       = jobs.Spec
	JobWhy        = jobs.Why
	JobFix        = jobs.Fix
	JobFit        = jobs.Fit
	JobSetting    = jobs.SetRequest
	Tapped        = jobs.Tapped
	Savepoint     = jobs.SavepointInfo
	JobServer     = jobs.ServerInfo
)

// ProfileProd is the profile of a JobServer in production: what ends a job, takes its place or
// deletes something is to be confirmed by typing the job's name.
const ProfileProd = jobs.ProfileProd

// ErrNoServer means that no job server answers.
var ErrNoServer = jobs.ErrNoServer

// ServerAddress says where the job server is. The zero value is the user's own, on a unix socket.
type ServerAddress struct {
	Addr  string // https://host:port, or the path of a socket; "": the socket of Dir
	Token string // of a server on TCP
	Dir   string // state of a local server; "": jobs.DefaultDir
}

// dir is the local server's directory.
func (a ServerAddress) dir() (string, error) {
	if a.Dir != "" {
		return filepath.Abs(a.Dir)
	}
	return jobs.DefaultDir()
}

// Connect makes a client of the job server. Whether it runs shows with the first request, whose
// error wraps ErrNoServer.
func (a ServerAddress) Connect() (*Jobs, error) {
	if a.Addr != "" {
		return jobs.NewClient(a.Addr, a.Token, nil)
	}
	dir, err := a.dir()
	if err != nil {
		return nil, err
	}
	sock, err := jobs.Socket(dir)
	if err != nil {
		return nil, err
	}
	return jobs.NewClient(sock, "", nil)
}

// NoServer adds to an error that wraps ErrNoServer how to get a server, and which jobs wait for one.
func (a ServerAddress) NoServer(err error) error {
	switch {
	case !errors.Is(err, ErrNoServer):
		return err
	case a.Addr != "":
		return fmt.Errorf("%w; run riffle serve there", err)
	}
	help := "riffle promote starts one, or run riffle serve"
	switch names := a.Waiting(); len(names) {
	case 0:
	case 1:
		help = fmt.Sprintf("job %s waits for one: riffle serve starts it, and the job from its last checkpoint", names[0])
	default:
		help = fmt.Sprintf("jobs %s wait for one: riffle serve starts it, and them from their last checkpoints", strings.Join(names, ", "))
	}
	return fmt.Errorf("%w; %s", err, help)
}

// Waiting lists the jobs that would run if the local server did, which does not.
func (a ServerAddress) Waiting() []string {
	dir, err := a.dir()
	if err != nil {
		return nil
	}
	names, err := jobs.Registered(dir)
	if err != nil { // there never was a server, or one has it just now
		return nil
	}
	return names
}

// startTime is how long a server that was started may take until it answers.
const startTime = 10 * time.Second

// Ensure makes a client of the job server and starts a local one when none answers: program is the
// riffle binary, which goes on by itself when its parent ends. started tells that it did.
func (a ServerAddress) Ensure(ctx context.Context, program string) (c *Jobs, started bool, err error) {
	if c, err = a.Connect(); err != nil {
		return nil, false, err
	}
	if _, err = c.Server(ctx); err == nil || a.Addr != "" || !errors.Is(err, ErrNoServer) {
		return c, false, err
	}
	dir, err := a.dir()
	if err != nil {
		return nil, false, err
	}
	if err := launchServer(program, dir); err != nil {
		return nil, false, fmt.Errorf("start of the job server: %w", err)
	}
	for end := time.Now().Add(startTime); ; time.Sleep(10 * time.Millisecond) {
		if _, err = c.Server(ctx); err == nil {
			return c, true, nil
		}
		if time.Now().After(end) || ctx.Err() != nil {
			return nil, false, fmt.Errorf("the job server was started but does not answer; see %s: %w", filepath.Join(dir, "server.log"), err)
		}
	}
}

// launchServer starts riffle serve as a process of its own, with its words in DIR/server.log.
func launchServer(program, dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	log, err := os.OpenFile(filepath.Join(dir, "server.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(program, "serve", "--state", dir)
	cmd.Dir = dir // and not a directory that somebody wants to remove
	cmd.Stdout, cmd.Stderr = log, log
	Detach(cmd)
	if err := cmd.Start(); err != nil {
		return err
	}
	return cmd.Process.Release()
}

// RescalePreview says what a change of parallelism would do.
type RescalePreview struct {
	V     int    `json:"v"`
	Job   string `json:"job"`
	From  int    `json:"from"`
	To    int    `json:"to"`
	Moved int    `json:"moved"` // key groups that change their task, of Groups
	Of    int    `json:"of"`
	Bytes int64  `json:"bytes"` // state that is written and read again
	Text  string `json:"text"`
}

// PreviewRescale works out what a rescale of a job to p tasks would do.
func PreviewRescale(d JobDetail, p int) RescalePreview {
	r := RescalePreview{V: 1, Job: d.Name, From: d.Parallelism, To: p, Of: dataflow.KeyGroups}
	for g := range dataflow.KeyGroups {
		if dataflow.GroupTask(g, r.From) != dataflow.GroupTask(g, r.To) {
			r.Moved++
		}
	}
	if d.Checkpoint != nil {
		r.Bytes = d.Checkpoint.State // all of it is read again, also what the last checkpoint took over
	}
	last := "no checkpoint yet"
	if d.Checkpoint != nil {
		last = fmt.Sprintf("the last checkpoint took %.0f ms", d.Checkpoint.TotalMS)
	}
	r.Text = fmt.Sprintf("%s: parallelism %d -> %d; %d of %d key groups move; the job stops with a checkpoint of about %s and starts from it (%s)",
		d.Name, r.From, p, r.Moved, r.Of, render.Bytes(r.Bytes), last)
	return r
}
