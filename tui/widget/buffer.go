package widget

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Buffer is one text of an Editor, usually a file. Positions are byte offsets at rune boundaries.
type Buffer struct {
	Name  string // what the title shows
	Path  string // file; "": not saved yet
	text  string
	saved string
	pos   int
	goal  int // column that up and down aim for; -1: the present one
	top   int // first line shown
	left  int // first cell shown

	undo, redo []snapshot
	typing     bool // the last change was typing: one more letter is the same undo step
}

type snapshot struct {
	text string
	pos  int
}

const undoSteps = 500

// NewBuffer makes a buffer whose text counts as saved.
func NewBuffer(name, path, text string) *Buffer {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	return &Buffer{Name: name, Path: path, text: text, saved: text, goal: -1}
}

// Text returns the text.
func (b *Buffer) Text() string { return b.text }

// Pos returns the cursor's offset.
func (b *Buffer) Pos() int { return b.pos }

// Modified reports a text that differs from what was saved.
func (b *Buffer) Modified() bool { return b.text != b.saved }

// Saved says that the present text is in the file.
func (b *Buffer) Saved() { b.saved = b.text }

// SetText replaces the text as one undo step.
func (b *Buffer) SetText(text string) {
	b.Replace(0, len(b.text), strings.ReplaceAll(text, "\r\n", "\n"))
	b.pos = min(b.pos, len(b.text))
}

// MoveTo puts the cursor at an offset.
func (b *Buffer) MoveTo(pos int) {
	b.pos = max(0, min(pos, len(b.text)))
	for b.pos > 0 && b.pos < len(b.text) && !utf8.RuneStart(b.text[b.pos]) {
		b.pos--
	}
	b.goal, b.typing = -1, false
}

// MoveToLine puts the cursor at a line and a column in runes, both counted from 1.
func (b *Buffer) MoveToLine(line, col int) {
	pos := 0
	for ; line > 1; line-- {
		i := strings.IndexByte(b.text[pos:], '\n')
		if i < 0 {
			break
		}
		pos += i + 1
	}
	for ; col > 1 && pos < b.lineEnd(pos); col-- {
		_, n := utf8.DecodeRuneInString(b.text[pos:])
		pos += n
	}
	b.MoveTo(pos)
}

// Place returns the cursor's line and column in runes, counted from 1.
func (b *Buffer) Place() (line, col int) {
	start := b.lineStart(b.pos)
	return strings.Count(b.text[:start], "\n") + 1, utf8.RuneCountInString(b.text[start:b.pos]) + 1
}

// Replace puts s in place of from..to, as one undo step, and the cursor behind it.
func (b *Buffer) Replace(from, to int, s string) {
	b.change(false)
	b.text = b.text[:from] + s + b.text[to:]
	b.pos = from + len(s)
}

// Insert types s at the cursor.
func (b *Buffer) Insert(s string) {
	if s == "" {
		return
	}
	b.change(!strings.ContainsAny(s, "\n"))
	b.text = b.text[:b.pos] + s + b.text[b.pos:]
	b.pos += len(s)
}

// change keeps the present state for undo.
func (b *Buffer) change(typing bool) {
	if !typing || !b.typing {
		b.undo = append(b.undo, snapshot{b.text, b.pos})
		if len(b.undo) > undoSteps {
			b.undo = b.undo[1:]
		}
	}
	b.redo = nil
	b.typing, b.goal = typing, -1
}

// Undo takes the last change back; false: there is none.
func (b *Buffer) Undo() bool { return b.swap(&b.undo, &b.redo) }

// Redo repeats what Undo took back.
func (b *Buffer) Redo() bool { return b.swap(&b.redo, &b.undo) }

func (b *Buffer) swap(from, to *[]snapshot) bool {
	n := len(*from)
	if n == 0 {
		return false
	}
	*to = append(*to, snapshot{b.text, b.pos})
	s := (*from)[n-1]
	*from = (*from)[:n-1]
	b.text, b.pos = s.text, s.pos
	b.typing, b.goal = false, -1
	return true
}

func (b *Buffer) lineStart(pos int) int { return strings.LastIndexByte(b.text[:pos], '\n') + 1 }

func (b *Buffer) lineEnd(pos int) int {
	if i := strings.IndexByte(b.text[pos:], '\n'); i >= 0 {
		return pos + i
	}
	return len(b.text)
}

// next and prev are the places one rune on and one back, within the text.
func (b *Buffer) next(pos int) int {
	_, n := utf8.DecodeRuneInString(b.text[pos:])
	return pos + n
}

func (b *Buffer) prev(pos int) int {
	_, n := utf8.DecodeLastRuneInString(b.text[:pos])
	return pos - n
}

// vertical moves by lines and aims for the column where the movement began.
func (b *Buffer) vertical(lines int) {
	start := b.lineStart(b.pos)
	goal := b.goal
	if goal < 0 {
		goal = utf8.RuneCountInString(b.text[start:b.pos])
	}
	for ; lines < 0 && start > 0; lines++ {
		start = b.lineStart(start - 1)
	}
	for ; lines > 0 && b.lineEnd(start) < len(b.text); lines-- {
		start = b.lineEnd(start) + 1
	}
	pos, end := start, b.lineEnd(start)
	for i := 0; i < goal && pos < end; i++ {
		pos = b.next(pos)
	}
	b.MoveTo(pos)
	b.goal = goal
}

// class groups runes into words: 0 space, 1 word, 2 other.
func class(r rune) int {
	switch {
	case unicode.IsSpace(r):
		return 0
	case unicode.IsLetter(r), unicode.IsDigit(r), r == '_':
		return 1
	}
	return 2
}

func (b *Buffer) runeAt(pos int) rune {
	r, _ := utf8.DecodeRuneInString(b.text[pos:])
	return r
}

// wordOn is the start of the next word.
func (b *Buffer) wordOn(pos int) int {
	if pos < len(b.text) {
		for c := class(b.runeAt(pos)); c != 0 && pos < len(b.text) && class(b.runeAt(pos)) == c; {
			pos = b.next(pos)
		}
	}
	for pos < len(b.text) && class(b.runeAt(pos)) == 0 {
		pos = b.next(pos)
	}
	return pos
}

// wordBack is the start of the word before.
func (b *Buffer) wordBack(pos int) int {
	for pos > 0 && class(b.runeAt(b.prev(pos))) == 0 {
		pos = b.prev(pos)
	}
	if pos == 0 {
		return 0
	}
	for c := class(b.runeAt(b.prev(pos))); pos > 0 && class(b.runeAt(b.prev(pos))) == c; {
		pos = b.prev(pos)
	}
	return pos
}

// wordEnd is the last rune of the word at or after pos.
func (b *Buffer) wordEnd(pos int) int {
	if pos < len(b.text) {
		pos = b.next(pos)
	}
	for pos < len(b.text) && class(b.runeAt(pos)) == 0 {
		pos = b.next(pos)
	}
	if pos >= len(b.text) {
		return len(b.text)
	}
	for c := class(b.runeAt(pos)); b.next(pos) < len(b.text) && class(b.runeAt(b.next(pos))) == c; {
		pos = b.next(pos)
	}
	return pos
}

// Word returns the word that ends at the cursor.
func (b *Buffer) Word() string {
	pos := b.pos
	for pos > 0 && class(b.runeAt(b.prev(pos))) == 1 {
		pos = b.prev(pos)
	}
	return b.text[pos:b.pos]
}
