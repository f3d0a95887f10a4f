package widget

import (
	"strings"

	"github.com/riffle-io/riffle/tui/canvas"
)

// Mode is what keys mean in an editor.
type Mode int

// The modes. Plain is an editor without modes.
const (
	Plain Mode = iota
	Insert
	Normal
)

func (m Mode) String() string { return [...]string{"plain", "vim INSERT", "vim NORMAL"}[m] }

// Span is a part of a text with its style, in byte offsets.
type Span struct {
	From, To int
	S        canvas.Style
}

// Completion is one proposal.
type Completion struct{ Text, Kind, Detail string }

// Editor edits several buffers.
type Editor struct {
	Buffers []*Buffer
	cur     int
	mode    Mode
	// Highlight gives the spans of a text; nil shows it plain. It is called when the text changed.
	Highlight func(text string) []Span

	pending  string // first key of a command of two
	register string // what was deleted or yanked
	linewise bool

	spans   []Span
	spansOf string

	proposals []Completion
	propFrom  int // they replace the text from here to the cursor
	propSel   int
	propMoved bool // the user chose the selected one

	mistake int // offset of an error, -1: none
	x, y    int // where the last Draw put the cursor, on the whole screen
}

// NewEditor makes an editor with one empty buffer.
func NewEditor(vim bool, name string) *Editor {
	e := &Editor{Buffers: []*Buffer{NewBuffer(name, "", "")}, mistake: -1}
	if vim {
		e.mode = Insert // an empty buffer waits for text
	}
	return e
}

// Buffer returns the buffer that is edited.
func (e *Editor) Buffer() *Buffer { return e.Buffers[e.cur] }

// Open edits another buffer, added if it is new.
func (e *Editor) Open(b *Buffer) {
	e.Dismiss()
	e.mistake = -1
	for i, have := range e.Buffers {
		if have == b {
			e.cur = i
			return
		}
	}
	e.Buffers = append(e.Buffers, b)
	e.cur = len(e.Buffers) - 1
}

// Next goes n buffers on.
func (e *Editor) Next(n int) {
	e.Dismiss()
	e.mistake = -1
	e.cur = ((e.cur+n)%len(e.Buffers) + len(e.Buffers)) % len(e.Buffers)
}

// Mode returns what keys mean now.
func (e *Editor) Mode() Mode { return e.mode }

// SetVim turns the modes of vi on or off.
func (e *Editor) SetVim(on bool) {
	e.mode = Plain
	if on {
		e.mode = Normal
	}
}

// HasCut reports that there is cut or copied text for p to put in.
func (e *Editor) HasCut() bool { return e.register != "" }

// Typing reports that letters are text.
func (e *Editor) Typing() bool { return e.mode != Normal }

// MarkMistake shows an error at an offset; -1 shows none. The next change of the text ends it.
func (e *Editor) MarkMistake(pos int) { e.mistake = pos }

// Propose opens the list of completions for the text from an offset to the cursor, best first; a
// single one is put in at once. Letters that are typed narrow the list; enter puts the selected one
// in, and so does what ends a word, such as a blank.
func (e *Editor) Propose(from int, list []Completion) {
	b := e.Buffer()
	if from < 0 || from > b.pos || len(list) == 0 {
		e.Dismiss()
		return
	}
	e.proposals, e.propFrom, e.propSel, e.propMoved = list, from, 0, false
	if len(list) == 1 {
		e.accept()
	}
}

// Proposing reports that a list of completions is open.
func (e *Editor) Proposing() bool { return len(e.proposals) > 0 }

// Dismiss closes the list of completions.
func (e *Editor) Dismiss() { e.proposals = nil }

func (e *Editor) accept() {
	b := e.Buffer()
	b.Replace(e.propFrom, b.pos, e.proposals[e.propSel].Text)
	e.Dismiss()
}

// Paste puts text in as one undo step.
func (e *Editor) Paste(s string) {
	e.Dismiss()
	b := e.Buffer()
	b.Replace(b.pos, b.pos, strings.ReplaceAll(s, "\r\n", "\n"))
}

// Key edits. text is what a printable key writes, "" for others.
func (e *Editor) Key(k, text string) bool {
	before := e.Buffer().text
	done := e.proposalKey(k)
	if !done && e.mode == Normal {
		done = e.normalKey(k)
	} else if !done {
		done = e.insertKey(k, text)
	}
	if e.Buffer().text != before {
		e.mistake = -1
	}
	return done
}

// proposalKey handles keys of the open list.
func (e *Editor) proposalKey(k string) bool {
	if !e.Proposing() {
		return false
	}
	n := len(e.proposals)
	switch k {
	case "tab", "down", "ctrl+n":
		e.propSel, e.propMoved = (e.propSel+1)%n, true
	case "shift+tab", "up", "ctrl+p":
		e.propSel, e.propMoved = (e.propSel+n-1)%n, true
	case "enter":
		e.accept()
	case "esc":
		e.Dismiss()
	default:
		return false
	}
	return true
}

// insertKey handles keys where letters are text.
func (e *Editor) insertKey(k, text string) bool {
	b := e.Buffer()
	switch {
	case text != "":
		if e.Proposing() && strings.ContainsAny(text, " ,;()") && e.fits() {
			e.accept()
			if strings.HasSuffix(b.text[:b.pos], "(") && text == "(" {
				return true // it is there
			}
		}
		b.Insert(text)
		e.narrow()
		return true
	case k == "esc" && e.mode == Insert:
		e.setNormal()
		return true
	case k == "enter":
		e.Dismiss()
		start := b.lineStart(b.pos)
		line := b.text[start:b.pos]
		b.Insert("\n" + line[:len(line)-len(strings.TrimLeft(line, " \t"))])
		return true
	case k == "backspace" || k == "shift+backspace" || k == "ctrl+h":
		if b.pos > 0 {
			b.Replace(b.prev(b.pos), b.pos, "")
		}
		e.narrow()
		return true
	case k == "delete":
		if b.pos < len(b.text) {
			b.Replace(b.pos, b.next(b.pos), "")
		}
		return true
	case k == "ctrl+w" || k == "alt+backspace":
		b.Replace(b.wordBack(b.pos), b.pos, "")
		e.narrow()
		return true
	case k == "ctrl+u":
		b.Replace(b.lineStart(b.pos), b.pos, "")
		return true
	case k == "ctrl+k":
		b.Replace(b.pos, b.lineEnd(b.pos), "")
		return true
	case k == "ctrl+_" || k == "ctrl+/":
		b.Undo()
		return true
	case k == "alt+_" || k == "alt+/":
		b.Redo()
		return true
	}
	return e.move(k)
}

// fits reports that the selected proposal is what the user means: it was chosen, or begins with what
// was typed.
func (e *Editor) fits() bool {
	typed := e.Buffer().text[e.propFrom:e.Buffer().pos]
	return e.propMoved || typed != "" && strings.HasPrefix(strings.ToLower(e.proposals[e.propSel].Text), strings.ToLower(typed))
}

// narrow keeps the proposals that still fit what was typed.
func (e *Editor) narrow() {
	if !e.Proposing() {
		return
	}
	b := e.Buffer()
	if b.pos < e.propFrom {
		e.Dismiss()
		return
	}
	typed := strings.ToLower(b.text[e.propFrom:b.pos])
	var left []Completion
	for _, p := range e.proposals {
		if strings.HasPrefix(strings.ToLower(p.Text), typed) {
			left = append(left, p)
		}
	}
	e.proposals, e.propSel, e.propMoved = left, 0, false
}

// move handles the keys that move the cursor in every mode.
func (e *Editor) move(k string) bool {
	b := e.Buffer()
	switch k {
	case "left":
		b.MoveTo(b.prev(b.pos))
	case "right":
		b.MoveTo(b.next(b.pos))
	case "up":
		b.vertical(-1)
	case "down":
		b.vertical(1)
	case "pgup":
		b.vertical(-10)
	case "pgdown":
		b.vertical(10)
	case "home", "ctrl+a":
		b.MoveTo(b.lineStart(b.pos))
	case "end", "ctrl+e":
		b.MoveTo(b.lineEnd(b.pos))
	case "ctrl+left", "alt+b":
		b.MoveTo(b.wordBack(b.pos))
	case "ctrl+right", "alt+f":
		b.MoveTo(b.wordOn(b.pos))
	case "ctrl+home":
		b.MoveTo(0)
	case "ctrl+end":
		b.MoveTo(len(b.text))
	default:
		return false
	}
	e.Dismiss()
	return true
}
