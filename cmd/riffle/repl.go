package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/peterh/liner"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/riffle-io/riffle/repl"
	"github.com/riffle-io/riffle/repl/render"
	"github.com/riffle-io/riffle/repl/shell"
	"github.com/riffle-io/riffle/tui"
)

// completeTime bounds what the tab key waits for: opening what FROM names may ask a broker.
const completeTime = 2 * time.Second

func (a *app) replCommand() *cobra.Command {
	q := &queryFlags{}
	cmd := &cobra.Command{
		Use:   "repl [source...]",
		Short: "Type statements line by line",
		Long: "Reads statements, each up to its semicolon, and commands such as .tables and \\d; .help lists them. Sources become\n" +
			"tables as in riffle sql. Rows go to standard output, words to standard error. With --plain, streams run beside the\n" +
			"prompt and tell an event a line.",
		Example: "  riffle repl flights.parquet\n  riffle repl -o csv < script.sql > rows.csv\n  riffle repl --plain -f live.sql",
		RunE:    func(cmd *cobra.Command, args []string) error { return a.repl(cmd.Context(), q, args) },
	}
	q.add(cmd)
	q.addStream(cmd)
	cmd.Flags().StringArrayVarP(&q.files, "file", "f", nil, "run the statements and commands of a file first")
	return cmd
}

// repl runs the line REPL on the app's streams.
func (a *app) repl(ctx context.Context, q *queryFlags, sources []string) error {
	s, err := a.session(q)
	if err != nil {
		return err
	}
	for _, src := range sources {
		if err := s.Catalog().AddSource(ctx, src); err != nil {
			return err
		}
	}
	return a.linesOver(ctx, s, q, nil)
}

// linesOver runs the line REPL over a session. sc are its screens when there are some already.
func (a *app) linesOver(ctx context.Context, s *repl.Session, q *queryFlags, sc *tui.Screens) error {
	o := a.shellOptions(q)
	var sh *shell.Shell
	o.Promote = func(ctx context.Context, args []string) error {
		cmd := a.promoteIn(s, func() string { return sh.Last() })
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		cmd.SetArgs(args)
		cmd.SetOut(a.out)
		cmd.SetErr(a.err)
		return cmd.ExecuteContext(ctx)
	}
	if o.Interactive && !o.Plain {
		b := &both{a: a, s: s, sc: sc}
		defer b.close()
		o.Screens = b.show
	}
	in, closeInput := a.lines(o, func(line string, pos int) (string, []string, string) {
		cctx, cancel := context.WithTimeout(ctx, completeTime)
		defer cancel()
		return sh.Complete(cctx, line, pos)
	})
	defer closeInput()
	sh = shell.New(s, in, o)
	interrupt := func() {
		sh.Interrupt()
		if p, ok := in.(*plainLines); ok {
			p.dropped()
		}
	}
	a.onInterrupt.Store(&interrupt)
	defer a.onInterrupt.Store(nil)
	if o.Interactive {
		a.notice("statements end with a semicolon; .help lists commands; ctrl-c cancels, ctrl-d leaves")
	}
	if err := sh.Run(ctx); err != nil {
		return &saidError{err}
	}
	return nil
}

// shellOptions are how the REPL talks on the app's streams.
func (a *app) shellOptions(q *queryFlags) shell.Options {
	width, _ := isTerminal(a.out)
	f, isFile := a.in.(*os.File)
	interactive := isFile && term.IsTerminal(int(f.Fd()))
	plain := a.plain || interactive && os.Getenv("TERM") == "dumb"
	o := shell.Options{Out: a.out, Err: a.err, Interactive: interactive, Plain: plain, ASCII: a.ascii, Width: width, Rows: q.rows, Quiet: a.quiet, First: q.files}
	o.Writer = func(ro render.Options) (render.Writer, error) {
		as := *q
		if ro.Format != "" {
			as.format = ro.Format
		}
		return a.writer(&as, ro)
	}
	o.Shell = func(ctx context.Context, command string) error { return a.system(ctx, command) }
	if !interactive {
		return o
	}
	o.Editor = func(ctx context.Context, file string) error { return a.system(ctx, editor()+" "+shellQuote(file)) }
	path, err := repl.HistoryPath()
	if err == nil {
		o.History, err = repl.OpenHistory(path)
	}
	if err != nil {
		a.notice("%v; statements of this session only are kept", err)
		o.History, _ = repl.OpenHistory("") // in memory: cannot fail
	}
	return o
}

// editor is the user's editor.
func editor() string {
	for _, v := range []string{"VISUAL", "EDITOR"} {
		if e := os.Getenv(v); e != "" {
			return e
		}
	}
	if runtime.GOOS == "windows" {
		return "notepad"
	}
	return "vi"
}

func shellQuote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// system runs a command of the system's shell on the app's streams.
func (a *app) system(ctx context.Context, command string) error {
	name, flag := "sh", "-c"
	if runtime.GOOS == "windows" {
		name, flag = "cmd", "/c"
	}
	c := exec.CommandContext(ctx, name, flag, command)
	c.Stdout, c.Stderr = a.out, a.err
	if f, ok := a.in.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		c.Stdin = f
	}
	return c.Run()
}

// lines makes the input: an editor on a terminal that can, else plain lines.
func (a *app) lines(o shell.Options, complete func(string, int) (string, []string, string)) (in shell.Input, closeInput func()) {
	if !o.Interactive || o.Plain {
		return &plainLines{in: bufio.NewReader(a.in), prompt: o.Interactive, err: a.err}, func() {}
	}
	l, keys, err := openLiner()
	if err != nil {
		a.notice("%v; ctrl-t does not open the screens, .tui does", err)
	}
	l.SetCtrlCAborts(true)
	l.SetMultiLineMode(true)
	l.SetTabCompletionStyle(liner.TabPrints)
	l.SetWordCompleter(func(line string, pos int) (string, []string, string) {
		return complete(line, byteOffset(line, pos))
	})
	e := &edited{l: l, keys: keys}
	if o.History != nil {
		found := o.History.Search("")
		for i := min(len(found), keptLines) - 1; i >= 0; i-- {
			e.Remember(found[i].Text)
		}
	}
	return e, e.close
}

// keptLines is how many statements the arrow keys go through.
const keptLines = 500

// byteOffset is the place of the pos-th rune.
func byteOffset(line string, pos int) int {
	at := 0
	for ; pos > 0 && at < len(line); pos-- {
		_, n := utf8.DecodeRuneInString(line[at:])
		at += n
	}
	return at
}

// edited is lines from a terminal, with editing, history and completion.
type edited struct {
	l    *liner.State
	keys *watchedKeys // nil: nothing is watched for
}

func (e *edited) Line(prompt string) (string, error) {
	if e.keys != nil {
		stop, err := e.keys.pass()
		if err != nil {
			return "", fmt.Errorf("read from the terminal: %w", err)
		}
		defer stop()
	}
	line, err := e.l.Prompt(prompt)
	if text, asked := strings.CutPrefix(line, screensMark); asked && err == nil {
		return text, shell.ErrScreens
	}
	switch {
	case errors.Is(err, liner.ErrPromptAborted):
		return "", shell.ErrInterrupted
	case err != nil && !errors.Is(err, io.EOF):
		return "", fmt.Errorf("read from the terminal: %w", err)
	}
	return line, err
}

func (e *edited) close() {
	e.l.Close()
	if e.keys != nil {
		e.keys.close()
	}
}

// Remember takes a statement as one line; one with a comment up to the end of a line would change
// its meaning.
func (e *edited) Remember(text string) {
	if strings.Contains(text, "\n") && strings.Contains(text, "--") {
		return
	}
	e.l.AppendHistory(strings.ReplaceAll(text, "\n", " "))
}

// plainLines is lines from a pipe, or from a terminal that cannot edit.
type plainLines struct {
	in     *bufio.Reader
	prompt bool
	err    io.Writer
}

func (p *plainLines) Line(prompt string) (string, error) {
	if p.prompt {
		io.WriteString(p.err, prompt)
	}
	line, err := p.in.ReadString('\n')
	if err != nil && line != "" && errors.Is(err, io.EOF) {
		err = nil
	}
	return strings.TrimRight(line, "\r\n"), err
}

func (p *plainLines) Remember(string) {}

// dropped shows that ctrl-c was heard.
func (p *plainLines) dropped() {
	if p.prompt {
		io.WriteString(p.err, "\n")
	}
}
