package repl

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/riffle-io/riffle/jobs"
)

// StartOptions say how a promotion becomes a job.
type StartOptions struct {
	Overwrite bool // a file of the job that says something else
	Replace   bool // the job of that name that runs
	AllowLoss bool // with Replace: although state is dropped or begins empty
}

// Started tells what StartPromotion did, as far as it came.
type Started struct {
	File   string           // that was written; "" when it was there
	Server *jobs.ServerInfo // that was started; nil when one ran
	Fit    []JobFit         // with Replace: what became of the state
}

// The errors of StartPromotion that a person can decide about.
var (
	ErrFileDiffers = errors.New("the job's file says something else")
	ErrStateLoss   = errors.New("state would be dropped or begin empty; --allow-state-loss goes on all the same")
)

// StartPromotion writes the job's file for git and hands the job to the job server, which it starts
// when there is none.
func (s *Session) StartPromotion(ctx context.Context, p *Promotion, o StartOptions) (st Started, err error) {
	if err := s.mayWrite("the job server"); err != nil {
		return st, err
	}
	if !o.Replace { // what is replaced keeps its file until it is known to fit
		if st.File, err = writeJob(p, o.Overwrite); err != nil {
			return st, err
		}
	}
	program, err := os.Executable()
	if err != nil {
		return st, err
	}
	c, fresh, err := s.Server.Ensure(ctx, program)
	if err != nil {
		return st, err
	}
	defer c.Close()
	if fresh {
		info, err := c.Server(ctx)
		if err != nil {
			return st, err
		}
		st.Server = &info
	}
	if !o.Replace {
		return st, c.Submit(ctx, p.Spec)
	}
	if st.Fit, err = c.Fit(ctx, p.Name, p.Spec); err != nil {
		return st, err
	}
	if !jobs.Lossless(st.Fit) && !o.AllowLoss {
		return st, ErrStateLoss
	}
	if st.File, err = writeJob(p, true); err != nil {
		return st, err
	}
	return st, c.Replace(ctx, p.Spec)
}

// writeJob writes the text of a job and returns its name; "" when it is there already. One that says
// something else is kept unless over is set.
func writeJob(p *Promotion, over bool) (string, error) {
	path := filepath.Join(p.Spec.Dir, p.File)
	old, err := os.ReadFile(path)
	switch {
	case err == nil && SameStatements(string(old), p.SQL):
		return "", nil
	case err == nil && !over:
		return "", fmt.Errorf("%w: %s; --yes overwrites it, --replace puts the job in its place too", ErrFileDiffers, p.File)
	case err != nil && !errors.Is(err, os.ErrNotExist):
		return "", err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return "", err
	}
	return p.File, os.WriteFile(path, []byte(p.SQL), 0o644)
}

// SameStatements compares two texts without their comments.
func SameStatements(x, y string) bool { return withoutComments(x) == withoutComments(y) }

func withoutComments(text string) string {
	var out []string
	for line := range strings.Lines(text) {
		if t := strings.TrimSpace(line); t != "" && !strings.HasPrefix(t, "--") {
			out = append(out, t)
		}
	}
	return strings.Join(out, "\n")
}
