package tui

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/riffle-io/riffle/repl"
	"github.com/riffle-io/riffle/tui/keymap"
)

// Options say what Run shows and where.
type Options struct {
	// Session runs the statements. Its declared tables and sources are in the tree; its Server is
	// where jobs run.
	Session *repl.Session
	// Sources are the arguments of the command line, for the CLI lines that the screens show. They
	// must be in the session's catalog already.
	Sources []string
	// Screen is the first one: "explore" (default), "stream" or "jobs".
	Screen string
	// Job is opened at the start.
	Job string
	// Query is put into the editor at the start, and run when RunQuery is set.
	Query    string
	RunQuery bool
	// File is a .sql file to edit at the start.
	File string
	// ASCII draws with 7-bit characters; NoColor leaves out colours.
	ASCII, NoColor bool
	// Keys is the layout of keys: "vim" (default), "emacs" or "vscode". New refuses others.
	Keys string
	// Lines says that there is a line REPL to go to: ctrl-t asks for it.
	Lines bool
	// In and Out replace the terminal in tests; Env replaces its environment. nil is the process's.
	In  io.Reader
	Out io.Writer
	Env []string

	jobs jobServer // instead of the session's, in tests
}

// Screens are the screens over one session. They keep what they show from one Run to the next.
type Screens struct{ a *app }

// New makes the screens; nothing is shown before Run. Work in the background ends with ctx or Close.
// It returns an error when the options name what is not there.
func New(ctx context.Context, o Options) (*Screens, error) {
	if o.Keys != "" && keymap.Named(o.Keys) == nil {
		return nil, fmt.Errorf("keys %q: there are %s", o.Keys, keymap.Names())
	}
	return &Screens{newApp(ctx, o, time.Now)}, nil
}

// Close ends what the screens started. Jobs go on.
func (s *Screens) Close() { s.a.close() }

// Insert puts a statement into the editor.
func (s *Screens) Insert(text string) { s.a.explore.insert(text) }

// Run shows the screens until the user leaves or ctx ends. lines tells that the user asked for the line
// REPL. It returns an error when the terminal cannot be used.
func (s *Screens) Run(ctx context.Context) (lines bool, err error) {
	a, o := s.a, s.a.opts
	defer a.boost.end()
	opts := []tea.ProgramOption{tea.WithContext(ctx), tea.WithFPS(screenFPS)}
	if o.In != nil {
		opts = append(opts, tea.WithInput(o.In))
	} else {
		opts = append(opts, tea.WithInput(keyboard{os.Stdin, &a.boost}))
	}
	a.term = &terminal{out: os.Stdout}
	if o.Out != nil {
		a.term.out = o.Out
	}
	var out io.Writer = a.term
	if f, ok := a.term.out.(*os.File); ok {
		out = terminalFile{a.term, f}
	}
	opts = append(opts, tea.WithOutput(out))
	if o.Env != nil {
		opts = append(opts, tea.WithEnvironment(o.Env))
	}
	p := tea.NewProgram(a, opts...)
	a.term.lost = func() { go p.Send(lostMsg{}) }
	a.begin(p.Send)
	defer a.begin(nil)
	defer a.term.leave()
	if _, err := p.Run(); err != nil && !errors.Is(err, tea.ErrProgramKilled) && ctx.Err() == nil {
		return false, fmt.Errorf("terminal: %w", err)
	}
	return a.lines, nil
}
