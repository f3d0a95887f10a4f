// Package shell is the line REPL: statements and meta commands in, text out.
//
//	Input (terminal, pipe) ─ lines ─► Shell ─┬─ SQL up to ";" ─► repl.Session ─► Out (data)
//	                                         └─ .word \word !cmd ─► commands    ─► Err (words)
//
// Rows go to Out and nothing else does; words for people and prompts go to Err. Ctrl-c cancels the
// statement that runs and never the shell. A stream runs in the foreground until ctrl-c; in plain
// mode it runs beside the prompt, tells each event on a line, and words such as pause and why are
// commands.
//
// What it does not do: it owns no terminal. The caller gives it an Input that edits lines, or one
// that only reads them.
package shell

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/riffle-io/riffle/repl"
	"github.com/riffle-io/riffle/repl/render"
)

// Input gives the lines that a person or a file says.
type Input interface {
	// Line reads a line, without its end. The error is io.EOF at the end, ErrInterrupted when ctrl-c
	// dropped the line, and ErrScreens, with what was typed, when ctrl-t asked for the screens.
	Line(prompt string) (string, error)
	// Remember adds a statement to what the arrow keys go through.
	Remember(text string)
}

// What a person did instead of ending a line.
var (
	ErrInterrupted = errors.New("interrupted")         // ctrl-c
	ErrScreens     = errors.New("the screens, please") // ctrl-t
)

// Options say how a Shell talks.
type Options struct {
	Out, Err    io.Writer
	Interactive bool // somebody reads along: prompts, a line about each result
	Plain       bool // a line an event, streams beside the prompt
	ASCII       bool
	Width       int // of the terminal; 0: not known
	Rows        int // that a table shows; 0: all
	Format      string
	Quiet       bool
	// Writer makes the writer of a result; o.Format is "" unless .mode said one.
	Writer func(o render.Options) (render.Writer, error)
	// Editor runs the user's editor on a file.
	Editor func(ctx context.Context, file string) error
	// Shell runs a command of the system's shell.
	Shell func(ctx context.Context, command string) error
	// Screens shows the screens over the same session, with text in their editor; leave tells that the
	// person left riffle in them. nil: there is no terminal for them.
	Screens func(ctx context.Context, text string) (leave bool, err error)
	// Promote runs riffle promote; nil: it is not there.
	Promote func(ctx context.Context, args []string) error
	History *repl.History
	First   []string // files of statements and commands that run before the first line is read
}

// Shell is one conversation. Run is called once; Interrupt from any goroutine.
type Shell struct {
	s  *repl.Session
	in Input
	o  Options

	format   string // of .mode; "": Options.Format
	vertical bool
	timer    bool
	text     string // of the statement that is being typed
	last     string // the last statement that was run
	quit     bool
	failed   error // the first error, for the exit code of a script

	mu      sync.Mutex
	cancel  context.CancelFunc // of what runs in the foreground; nil: nothing
	stream  *stream            // beside the prompt
	live    *repl.Live         // the last stream
	dropped bool               // ctrl-c asked to drop what was typed
	words   sync.Mutex         // lines of the stream and of the shell do not mix
}

// New makes a shell over a session.
func New(s *repl.Session, in Input, o Options) *Shell {
	return &Shell{s: s, in: in, o: o}
}

// The prompts.
const (
	promptFirst = "riffle> "
	promptMore  = "   ...> "
)

// Run reads and executes until the end of the input or .quit. The error is the first one of a
// script; somebody who reads along has seen theirs.
func (sh *Shell) Run(ctx context.Context) error {
	for _, file := range sh.o.First {
		sh.report(sh.read(ctx, []string{file}))
	}
	for !sh.quit && ctx.Err() == nil {
		prompt := promptFirst
		if sh.text != "" {
			prompt = promptMore
		}
		line, err := sh.in.Line(prompt)
		if sh.takeDropped() {
			sh.text = ""
		}
		if errors.Is(err, ErrInterrupted) {
			sh.text = ""
			continue
		}
		if errors.Is(err, ErrScreens) {
			text := strings.TrimSpace(sh.text + line)
			sh.text = ""
			sh.report(sh.screens(ctx, text))
			continue
		}
		if err != nil {
			if !errors.Is(err, io.EOF) {
				return err
			}
			sh.finish(ctx)
			break
		}
		sh.line(ctx, line)
	}
	sh.stopStream()
	if sh.o.Interactive {
		return nil
	}
	return sh.failed
}

// finish runs what a script left unfinished, and waits for its stream.
func (sh *Shell) finish(ctx context.Context) {
	if strings.TrimSpace(sh.text) != "" && !sh.o.Interactive {
		sh.statement(ctx, sh.text)
	}
	sh.mu.Lock()
	st := sh.stream
	sh.mu.Unlock()
	if st != nil && !sh.o.Interactive {
		<-st.done
	}
}

// line takes one line.
func (sh *Shell) line(ctx context.Context, line string) {
	trimmed := strings.TrimSpace(line)
	if sh.text == "" {
		switch {
		case trimmed == "":
			return
		case isMeta(trimmed), sh.isWord(trimmed):
			sh.in.Remember(trimmed)
			sh.report(sh.meta(ctx, trimmed))
			return
		}
	} else if isMetaSlash(trimmed) { // \g and \e may end a statement
		text := sh.text
		sh.text = ""
		sh.pending(ctx, text, trimmed)
		return
	}
	sh.text += line + "\n"
	if repl.Ends(sh.text) {
		text := strings.TrimSpace(sh.text)
		sh.text = ""
		sh.in.Remember(text)
		sh.statement(ctx, text)
	}
}

// pending runs a backslash command behind a statement that has no semicolon.
func (sh *Shell) pending(ctx context.Context, text, command string) {
	sh.last = strings.TrimSpace(text)
	switch name, _, _ := strings.Cut(command[1:], " "); name {
	case "r", "c":
		sh.say("dropped")
	default:
		sh.report(sh.meta(ctx, command))
	}
}

// statement runs SQL and shows what comes of it.
func (sh *Shell) statement(ctx context.Context, text string) {
	sh.last = text
	sh.report(sh.execute(ctx, text))
}

// screens turns the lines into the screens, until the person comes back or leaves.
func (sh *Shell) screens(ctx context.Context, text string) error {
	if sh.o.Screens == nil {
		return errors.New("there is no terminal for the screens")
	}
	leave, err := sh.o.Screens(ctx, text)
	sh.quit = sh.quit || leave
	return err
}

// Last is the statement that ran last.
func (sh *Shell) Last() string { return sh.last }

// Interrupt is what ctrl-c does: it cancels what runs in the foreground, else drops what was typed.
func (sh *Shell) Interrupt() {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if sh.cancel != nil {
		sh.cancel()
		return
	}
	sh.dropped = true
}

func (sh *Shell) takeDropped() bool {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	d := sh.dropped
	sh.dropped = false
	return d
}

// foreground gives what runs now a context that Interrupt cancels.
func (sh *Shell) foreground(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancel(ctx)
	sh.mu.Lock()
	sh.cancel = cancel
	sh.dropped = false
	sh.mu.Unlock()
	return ctx, func() {
		sh.mu.Lock()
		sh.cancel = nil
		sh.mu.Unlock()
		cancel()
	}
}

// execute runs statements and waits for them; a stream in plain mode goes on beside the prompt.
func (sh *Shell) execute(ctx context.Context, text string) error {
	fctx, done := sh.foreground(ctx)
	defer done()
	out := repl.Output{Notice: sh.say, Result: sh.writer}
	var plain *streamStart
	if sh.o.Plain {
		plain = &streamStart{began: make(chan struct{})}
		out.Result = plain.writer(sh.writer)
	}
	runCtx, cancelRun := context.WithCancelCause(ctx)
	run := sh.s.StartTo(runCtx, text, out)
	stop := context.AfterFunc(fctx, func() { cancelRun(repl.ErrCancelled) })
	defer stop()
	if plain != nil {
		select {
		case <-run.Done():
		case <-plain.began:
			stop() // from here on, stop and not ctrl-c ends it
			sh.background(run)
			return nil
		}
	}
	<-run.Done()
	cancelRun(nil)
	return sh.ended(run)
}

// ended shows how a run ended, and remembers it.
func (sh *Shell) ended(run *repl.Run) error {
	st := run.Status()
	if l := run.Live(); l != nil {
		sh.mu.Lock()
		sh.live = l
		sh.mu.Unlock()
	}
	if sh.o.History != nil && sh.o.Interactive {
		e := repl.Entry{Text: run.Text(), At: time.Now().Add(-st.Elapsed), Took: st.Elapsed, Rows: st.Rows, Error: st.Err}
		if err := sh.o.History.Add(e); err != nil {
			sh.say("%v", err)
		}
	}
	switch st.State {
	case repl.StateCancelled:
		line := "cancelled after " + elapsed(st.Elapsed)
		if st.Rows > 0 && st.Name != "" {
			line += fmt.Sprintf(", %s rows; %s is what they made", render.Count(st.Rows), st.Name)
		}
		sh.say("%s", line)
		return nil
	case repl.StateFailed:
		return run.Err()
	}
	if sh.o.Interactive && st.Name != "" {
		sh.say("%s", resultLine(st))
	} else if sh.timer {
		sh.say("time %.3f ms", float64(st.Elapsed.Nanoseconds())/1e6)
	}
	return nil
}

// resultLine is a result in one line: _1, its rows, what it took and read.
func resultLine(st repl.RunStatus) string {
	rows := "rows"
	if st.Rows == 1 {
		rows = "row"
	}
	line := fmt.Sprintf("%s  %s %s  %s", st.Name, render.Count(st.Rows), rows, elapsed(st.Elapsed))
	if st.RowGroups > 0 {
		line += fmt.Sprintf("  %d/%d row groups", st.RowGroupsRead, st.RowGroups)
	}
	return line
}

func elapsed(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return fmt.Sprintf("%.2f s", d.Seconds())
}

// writer makes the writer of a result under .mode and \x.
func (sh *Shell) writer(o render.Options) (render.Writer, error) {
	switch {
	case sh.vertical:
		o.Format = "vertical"
	case sh.format != "":
		o.Format = sh.format
	default:
		o.Format = sh.o.Format
	}
	return sh.o.Writer(o)
}

// say writes words for people.
func (sh *Shell) say(format string, args ...any) {
	if sh.o.Quiet {
		return
	}
	sh.words.Lock()
	defer sh.words.Unlock()
	fmt.Fprintf(sh.o.Err, format+"\n", args...)
}

// print writes lines of data.
func (sh *Shell) print(text string) {
	sh.words.Lock()
	defer sh.words.Unlock()
	io.WriteString(sh.o.Out, text)
}

// report shows an error.
func (sh *Shell) report(err error) {
	if err == nil {
		return
	}
	if sh.failed == nil {
		sh.failed = err
	}
	sh.words.Lock()
	defer sh.words.Unlock()
	fmt.Fprintln(sh.o.Err, "riffle: "+strings.TrimRight(err.Error(), "\n"))
}
