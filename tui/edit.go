package tui

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/riffle-io/riffle/repl"
	"github.com/riffle-io/riffle/repl/render"
	"github.com/riffle-io/riffle/tui/canvas"
	"github.com/riffle-io/riffle/tui/widget"
)

// spanStyles are the styles of the parts of a statement.
var spanStyles = map[string]canvas.Style{
	repl.SpanKeyword: canvas.Keyword, repl.SpanString: canvas.Literal, repl.SpanNumber: canvas.Number,
	repl.SpanComment: canvas.Comment, repl.SpanFunction: canvas.Function, repl.SpanOperator: canvas.Operator,
	repl.SpanIdent: canvas.Ident, repl.SpanError: canvas.Mistake,
}

func highlight(text string) []widget.Span {
	spans := repl.Highlight(text)
	out := make([]widget.Span, len(spans))
	for i, s := range spans {
		out[i] = widget.Span{From: s.From, To: s.To, S: spanStyles[s.Kind]}
	}
	return out
}

// completes reports that tab completes rather than going to the next pane: there is something right
// before the cursor, a word, a dot, a parenthesis, an open quote.
func (e *explore) completes() bool {
	b := e.editor.Buffer()
	return e.editor.Typing() && b.Pos() > 0 && !strings.ContainsRune(" \t\n;", rune(b.Text()[b.Pos()-1]))
}

// complete asks for completions at the cursor.
func (e *explore) complete() tea.Cmd {
	b := e.editor.Buffer()
	text, pos := b.Text(), b.Pos()
	return e.a.background(func(ctx context.Context) func() tea.Cmd {
		from, list := e.a.ses.Complete(ctx, text, pos)
		return func() tea.Cmd {
			if e.editor.Buffer() != b || b.Text() != text || b.Pos() != pos {
				return nil // typed on meanwhile
			}
			if len(list) == 0 {
				e.a.say(canvas.Dim, "no completion")
				return nil
			}
			proposals := make([]widget.Completion, len(list))
			for i, c := range list {
				proposals[i] = widget.Completion{Text: c.Text, Kind: c.Kind, Detail: c.Detail}
			}
			e.editor.Propose(from, proposals)
			return nil
		}
	})
}

// format rewrites the statement under the cursor.
func (e *explore) format() {
	b := e.editor.Buffer()
	from, to := repl.StatementAt(b.Text(), b.Pos())
	old := b.Text()[from:to]
	if neat := repl.Format(old); neat != old {
		b.Replace(from, to, neat)
		b.MoveTo(from)
		e.a.say(canvas.Good, "formatted; u takes it back")
		return
	}
	e.a.say(canvas.Dim, "nothing to format")
}

// remember puts the statement that ended into the history.
func (e *explore) remember() {
	if e.origin.derive != "" || e.hist == nil {
		return
	}
	err := e.hist.Add(repl.Entry{Text: e.origin.text, At: e.a.now(), Took: e.st.Elapsed, Rows: e.st.Rows, Error: firstLine(e.st.Err)})
	if err != nil {
		e.a.say(canvas.Warn, "history: "+err.Error())
	}
}

// history is ctrl-s: earlier statements, searched; enter puts one into the editor.
func (e *explore) history() tea.Cmd {
	if e.hist == nil {
		e.a.say(canvas.Warn, "there is no history: no folder for state")
		return nil
	}
	list := e.hist.Search("")
	p := &picker{name: "History", verb: "into the editor", empty: "nothing was run yet",
		hint: [][2]string{{"ctrl-r", "run"}}}
	for _, h := range list {
		note := h.At.Local().Format("01-02 15:04") + "  " + seconds(h.Took) + "  " + render.Count(h.Rows) + " rows"
		it := widget.Item{Text: oneStatement(h.Text), Note: note}
		if h.Error != "" {
			it.Note, it.S = h.At.Local().Format("01-02 15:04")+"  FAILED", canvas.Dim
		}
		p.items = append(p.items, it)
	}
	p.choose = func(i int) tea.Cmd {
		e.insert(list[i].Text)
		return nil
	}
	p.extra = func(k string, i int) (tea.Cmd, bool) {
		if k != "ctrl+r" {
			return nil, false
		}
		e.a.closeOverlay()
		return e.runText(origin{text: list[i].Text}), true
	}
	return e.a.pick(p)
}

// insert puts a statement into the editor: in place of an empty buffer, or behind what is there.
func (e *explore) insert(text string) {
	b := e.editor.Buffer()
	old := strings.TrimRight(b.Text(), " \t\n")
	if old == "" {
		b.SetText(text)
		b.MoveTo(len(b.Text()))
	} else {
		if !strings.HasSuffix(old, ";") {
			old += ";"
		}
		b.SetText(old + "\n\n" + text)
		b.MoveTo(len(b.Text()))
	}
	e.ps.to("explore/editor")
}

// openFile edits a file; one that is not there begins empty.
func (e *explore) openFile(path string) {
	full, err := filepath.Abs(path)
	if err != nil {
		full = path
	}
	for _, b := range e.editor.Buffers {
		if b.Path == full {
			e.editor.Open(b)
			return
		}
	}
	text, err := os.ReadFile(full)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		e.a.say(canvas.Bad, err.Error())
		return
	}
	b := widget.NewBuffer(filepath.Base(full), full, string(text))
	if first := e.editor.Buffers[0]; len(e.editor.Buffers) == 1 && first.Path == "" && first.Text() == "" {
		e.editor.Buffers = nil
	}
	e.editor.Open(b)
	if err != nil {
		e.a.say(canvas.Dim, "new file "+b.Name)
	}
}

// save writes the buffer to a file; "" is the one it has.
func (e *explore) save(path string) bool {
	b := e.editor.Buffer()
	if path == "" {
		path = b.Path
	}
	if path == "" {
		path = b.Name
	}
	full, err := filepath.Abs(path)
	if err == nil {
		err = writeFile(full, b.Text())
	}
	if err != nil {
		e.a.say(canvas.Bad, "save "+path+": "+err.Error())
		return false
	}
	b.Path, b.Name = full, filepath.Base(full)
	b.Saved()
	e.a.say(canvas.Good, "saved "+full)
	return true
}

// writeFile replaces a file in one step, so that a crash leaves the old or the new text.
func writeFile(path, text string) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".riffle-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	mode := os.FileMode(0o644)
	if info, err := os.Stat(path); err == nil {
		mode = info.Mode().Perm()
	}
	_, err = f.WriteString(text)
	err = errors.Join(err, f.Chmod(mode), f.Close())
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// saveAll saves every changed buffer that has a file.
func (e *explore) saveAll() bool {
	for _, b := range e.editor.Buffers {
		if b.Path != "" && b.Modified() {
			e.editor.Open(b)
			if !e.save("") {
				return false
			}
		}
	}
	return true
}

// pickBuffer lists the buffers.
func (e *explore) pickBuffer() tea.Cmd {
	p := &picker{name: "Buffers", verb: "edit"}
	list := e.editor.Buffers
	for _, b := range list {
		note := b.Path
		if note == "" {
			note = "not a file yet; :w NAME saves"
		}
		if b.Modified() {
			note = "changed  " + note
		}
		p.items = append(p.items, widget.Item{Text: b.Name, Note: note})
	}
	p.choose = func(i int) tea.Cmd { e.editor.Open(list[i]); e.ps.to("explore/editor"); return nil }
	return e.a.pick(p)
}

// newBuffer edits an empty buffer with a name that no other has.
func (e *explore) newBuffer() {
	for n := 2; ; n++ {
		name := fmt.Sprintf("query%d.sql", n)
		taken := false
		for _, b := range e.editor.Buffers {
			taken = taken || b.Name == name
		}
		if _, err := os.Stat(name); !taken && err != nil {
			e.editor.Open(widget.NewBuffer(name, "", ""))
			e.ps.to("explore/editor")
			return
		}
	}
}

// externalEditor opens the buffer in $EDITOR and takes back what it wrote.
func (e *explore) externalEditor() tea.Cmd {
	b := e.editor.Buffer()
	f, err := os.CreateTemp("", "riffle-*.sql")
	if err == nil {
		_, err = f.WriteString(b.Text())
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		e.a.say(canvas.Bad, "edit: "+err.Error())
		return nil
	}
	words := strings.Fields(editorCommand())
	cmd := exec.Command(words[0], append(words[1:], f.Name())...)
	e.a.giveAway()
	if e.a.term != nil {
		cmd.Stdout = e.a.term.out // and not what paints on it
	}
	return tea.ExecProcess(cmd, func(err error) tea.Msg {
		text, rerr := os.ReadFile(f.Name())
		err = errors.Join(err, rerr, os.Remove(f.Name()))
		return doneMsg(func() tea.Cmd {
			e.a.comeBack()
			if err != nil {
				e.a.say(canvas.Bad, words[0]+": "+err.Error())
				return nil
			}
			if s := string(text); s != b.Text() {
				b.SetText(s)
			}
			return nil
		})
	})
}

// editorCommand is the user's editor.
func editorCommand() string {
	for _, name := range []string{"VISUAL", "EDITOR"} {
		if v := strings.TrimSpace(os.Getenv(name)); v != "" {
			return v
		}
	}
	return "vi"
}
