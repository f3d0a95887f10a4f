package tui

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/riffle-io/riffle/repl"
	"github.com/riffle-io/riffle/tui/canvas"
	"github.com/riffle-io/riffle/tui/widget"
)

// fork is a second job that goes on from the state of one, on its way to be asked about.
type fork struct {
	of          string
	spec        repl.JobSpec
	old, target string // where the rows of the two go
	file        string // the statements of the new job, for git
	fits        []repl.JobFit
}

// fork asks for the name of a job that begins with this one's state.
func (j *jobs) fork() tea.Cmd {
	if j.detail == nil {
		j.a.say(canvas.Dim, "reading "+j.sel+" ...")
		return nil
	}
	old := j.detail.Spec
	old.Name, old.SQL = j.sel, j.detail.SQL
	return j.a.ask(prompt{kind: "fork", help: "look at what it would do", enter: func(name string) tea.Cmd {
		return j.lookFork(old, strings.TrimSpace(name))
	}}, "fork "+j.sel+" as a job named: ", "")
}

// lookFork works out what a fork would do. Nothing is written and nothing starts.
func (j *jobs) lookFork(old repl.JobSpec, name string) tea.Cmd {
	f := fork{of: old.Name}
	var err error
	if f.spec, f.old, f.target, err = repl.ForkSpec(old, name); err != nil {
		j.a.say(canvas.Bad, firstLine(err.Error()))
		return nil
	}
	f.file = filepath.Join(old.Dir, "jobs", name+".sql")
	j.a.say(canvas.Dim, "looking at the state of "+f.of+" ...")
	return j.a.background(func(ctx context.Context) func() tea.Cmd {
		fits, err := j.client.Fit(ctx, f.of, f.spec)
		return func() tea.Cmd {
			if err != nil {
				j.a.say(canvas.Bad, firstLine(err.Error()))
				return nil
			}
			f.fits = fits
			return j.confirmFork(f)
		}
	})
}

// command is the command line that does the same, once the file is there.
func (f *fork) command() string {
	file := f.file
	if dir, err := os.Getwd(); err == nil {
		if rel, err := filepath.Rel(dir, file); err == nil && filepath.IsLocal(rel) {
			file = rel
		}
	}
	return "riffle fork " + quote(f.of) + " " + quote(f.spec.Name) + " -f " + quote(file)
}

// confirmFork shows what would happen.
func (j *jobs) confirmFork(f fork) tea.Cmd {
	line := f.command()
	lines := []widget.Line{
		{{Text: f.of + " goes on. " + f.spec.Name + " starts from a savepoint of it, beside it."}},
		{{Text: "rows     "}, {Text: f.target, S: canvas.Accent}, {Text: "   (" + f.of + ": " + f.old + ")", S: canvas.Dim}},
		{{Text: "writes   " + f.file}},
		nil,
	}
	lines = append(append(lines, fitLines(f.fits)...), nil, widget.Line{{Text: "= " + line, S: canvas.Dim}})
	return j.a.choose("Fork "+f.of+" as "+f.spec.Name, lines, choice{key: "n", text: "no"}, choice{key: "y", text: "fork", do: func() tea.Cmd {
		return j.act(line, "fork", func(ctx context.Context, _ string) (string, error) {
			if err := f.write(); err != nil {
				return "", err
			}
			return f.spec.Name + " runs from the state of " + f.of + "; wrote " + f.file, j.client.Fork(ctx, f.of, f.spec)
		})
	}})
}

// errForkFile means that the file of the new job is there and says something else.
var errForkFile = errors.New("says something else; another name, or remove it")

// write keeps the statements of the new job.
func (f *fork) write() error {
	old, err := os.ReadFile(f.file)
	switch {
	case err == nil && repl.SameStatements(string(old), f.spec.SQL):
		return nil
	case err == nil:
		return &os.PathError{Op: "fork", Path: f.file, Err: errForkFile}
	case !errors.Is(err, os.ErrNotExist):
		return err
	}
	if err := os.MkdirAll(filepath.Dir(f.file), 0o755); err != nil {
		return err
	}
	return writeFile(f.file, f.spec.SQL)
}
