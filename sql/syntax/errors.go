package syntax

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Error is a mistake in SQL text. The binder reports its errors with it too.
type Error struct {
	Pos, End  int    // byte range of the token at fault, End exclusive
	Line, Col int    // of Pos, counted from 1; Col in runes
	Msg       string // what is wrong, without position
	Hint      string // what to do about it, "" when there is nothing to say
	AtEnd     bool   // the text ended too early: more input could make it right
	Err       error  // what the world said: a missing file, a dead broker; nil when the text is wrong
}

// Unwrap is what the world said.
func (e *Error) Unwrap() error { return e.Err }

// NewError makes an Error for the range [pos, end) of src.
func NewError(src string, pos, end int, msg, hint string) *Error {
	line, col := LineCol(src, pos)
	return &Error{Pos: pos, End: end, Line: line, Col: col, Msg: msg, Hint: hint}
}

// Error returns position, message and hint in one line.
func (e *Error) Error() string {
	s := fmt.Sprintf("line %d, column %d: %s", e.Line, e.Col, e.Msg)
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

// Format shows the error with the line of src it is in, carets under the token, and the hint. It
// ends without a newline. Long lines are cut around the token.
func (e *Error) Format(src string) string {
	pos := min(max(e.Pos, 0), len(src))
	from := strings.LastIndexByte(src[:pos], '\n') + 1
	to := len(src)
	if i := strings.IndexByte(src[pos:], '\n'); i >= 0 {
		to = pos + i
	}
	end := min(max(e.End, pos), to)
	before, token, after := clip(src[from:pos], src[pos:end], strings.TrimSuffix(src[end:to], "\r"))

	gutter := fmt.Sprintf("%d | ", e.Line)
	var sb strings.Builder
	fmt.Fprintf(&sb, "line %d, column %d: %s\n", e.Line, e.Col, e.Msg)
	sb.WriteString(gutter + visible(before) + visible(token) + visible(after) + "\n")
	sb.WriteString(strings.Repeat(" ", len(gutter)-2) + "| " + blank(before))
	sb.WriteString(strings.Repeat("^", max(1, displayWidth(token))))
	if e.Hint != "" {
		sb.WriteString("\nhint: " + e.Hint)
	}
	return sb.String()
}

// ErrorList is all errors of one Parse, in source order; never empty when returned as error.
type ErrorList []*Error

// Error returns all errors, one a line.
func (l ErrorList) Error() string {
	lines := make([]string, len(l))
	for i, e := range l {
		lines[i] = e.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap lets errors.As find the first *Error.
func (l ErrorList) Unwrap() []error {
	errs := make([]error, len(l))
	for i, e := range l {
		errs[i] = e
	}
	return errs
}

// Format shows all errors as Error.Format does, with an empty line between them.
func (l ErrorList) Format(src string) string {
	parts := make([]string, len(l))
	for i, e := range l {
		parts[i] = e.Format(src)
	}
	return strings.Join(parts, "\n\n")
}

// LineCol returns the line and the column in runes, both from 1, of byte offset pos in src.
func LineCol(src string, pos int) (line, col int) {
	pos = min(max(pos, 0), len(src))
	start := strings.LastIndexByte(src[:pos], '\n') + 1
	return strings.Count(src[:start], "\n") + 1, utf8.RuneCountInString(src[start:pos]) + 1
}

// Sizes of what is shown around a token, in bytes: with the token itself, a line of a terminal.
const (
	maxBefore = 60
	maxToken  = 60
	maxAfter  = 40
)

// clip cuts the three parts of a long line at rune boundaries and marks the cuts with "…".
func clip(before, token, after string) (string, string, string) {
	if len(before) > maxBefore {
		cut := len(before) - maxBefore
		for cut < len(before) && !utf8.RuneStart(before[cut]) {
			cut++
		}
		before = "…" + before[cut:]
	}
	return before, clipEnd(token, maxToken), clipEnd(after, maxAfter)
}

func clipEnd(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}

// visible replaces control characters other than tabs, so that a terminal cannot be driven by SQL
// text.
func visible(s string) string {
	return strings.Map(func(r rune) rune {
		if r != '\t' && unicode.IsControl(r) || r == utf8.RuneError {
			return '?'
		}
		return r
	}, s)
}

// blank returns white space as wide as s on a terminal: tabs stay tabs.
func blank(s string) string {
	var sb strings.Builder
	for _, r := range visible(s) {
		if r == '\t' {
			sb.WriteByte('\t')
			continue
		}
		sb.WriteString(strings.Repeat(" ", runeWidth(r)))
	}
	return sb.String()
}

func displayWidth(s string) int {
	n := 0
	for _, r := range visible(s) {
		n += runeWidth(r)
	}
	return n
}

// wide are the ranges shown in two terminal cells (Unicode Standard Annex 11, classes W and F,
// joined over unassigned gaps).
var wide = [][2]rune{{0x1100, 0x115f}, {0x2e80, 0x303e}, {0x3041, 0xa4cf}, {0xa960, 0xa97f},
	{0xac00, 0xd7a3}, {0xf900, 0xfaff}, {0xfe30, 0xfe6f}, {0xff01, 0xff60}, {0xffe0, 0xffe6},
	{0x1f300, 0x1f64f}, {0x1f680, 0x1f6ff}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd}}

// runeWidth is the number of terminal cells of r: 0, 1 or 2.
func runeWidth(r rune) int {
	if unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf) {
		return 0
	}
	for _, w := range wide {
		if r >= w[0] && r <= w[1] {
			return 2
		}
	}
	return 1
}
