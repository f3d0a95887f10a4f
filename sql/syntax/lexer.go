package syntax

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Scan splits src into tokens, comments included. The last token is TokEOF. Text that is no token
// becomes TokInvalid with the reason in Text, and scanning goes on behind it.
func Scan(src string) []Token {
	l := lexer{src: src}
	toks := make([]Token, 0, len(src)/4+2)
	for {
		t := l.next()
		toks = append(toks, t)
		if t.Kind == TokEOF {
			return toks
		}
	}
}

type lexer struct {
	src string
	pos int
}

// byteAt returns the byte at offset i from the position, 0 behind the end.
func (l *lexer) byteAt(i int) byte {
	if l.pos+i < len(l.src) {
		return l.src[l.pos+i]
	}
	return 0
}

// token returns the token that started at start and ends at the position.
func (l *lexer) token(kind TokenKind, start int, text string) Token {
	return Token{Kind: kind, Text: text, Pos: start, End: l.pos}
}

func (l *lexer) next() Token {
	for l.pos < len(l.src) && isSpace(l.src[l.pos]) {
		l.pos++
	}
	start := l.pos
	if start == len(l.src) {
		return l.token(TokEOF, start, "")
	}
	c, c1 := l.src[l.pos], l.byteAt(1)
	switch {
	case c == '-' && c1 == '-':
		return l.lineComment()
	case c == '/' && c1 == '*':
		return l.blockComment()
	case c == '\'':
		return l.str(start, false)
	case (c == 'e' || c == 'E') && c1 == '\'':
		l.pos++
		return l.str(start, true)
	case (c == 'x' || c == 'X') && c1 == '\'':
		l.pos++
		return l.hex(start)
	case c == '"' || c == '`':
		return l.quoted(c)
	case isDigit(c) || c == '.' && isDigit(c1):
		return l.number()
	case c == '$':
		return l.param()
	case c == '@':
		return l.topicRange()
	}
	if r, _ := utf8.DecodeRuneInString(l.src[l.pos:]); isIdentStart(r) {
		return l.ident()
	}
	return l.operator()
}

func (l *lexer) lineComment() Token {
	start := l.pos
	if i := strings.IndexByte(l.src[l.pos:], '\n'); i >= 0 {
		l.pos += i
	} else {
		l.pos = len(l.src)
	}
	return l.token(TokComment, start, l.src[start:l.pos])
}

// blockComment reads a /* comment */, which may contain others.
func (l *lexer) blockComment() Token {
	start := l.pos
	l.pos += 2
	for depth := 1; depth > 0; {
		switch {
		case l.pos >= len(l.src):
			return l.token(TokInvalid, start, "comment /* is not closed by */")
		case l.src[l.pos] == '/' && l.byteAt(1) == '*':
			depth++
			l.pos += 2
		case l.src[l.pos] == '*' && l.byteAt(1) == '/':
			depth--
			l.pos += 2
		default:
			l.pos++
		}
	}
	return l.token(TokComment, start, l.src[start:l.pos])
}

// str reads a string literal from its opening quote; start is where the token began. With escapes
// a backslash starts an escape sequence, as in E'\n'.
func (l *lexer) str(start int, escapes bool) Token {
	var sb strings.Builder
	bad := ""
	l.pos++
	for {
		switch c := l.byteAt(0); {
		case l.pos >= len(l.src):
			return l.token(TokInvalid, start, "string is not closed by '")
		case c == '\'' && l.byteAt(1) == '\'':
			sb.WriteByte('\'')
			l.pos += 2
		case c == '\'':
			l.pos++
			if !utf8.ValidString(sb.String()) {
				bad = "string is not valid UTF-8"
			}
			if bad != "" {
				return l.token(TokInvalid, start, bad)
			}
			return l.token(TokString, start, sb.String())
		case c == '\\' && escapes && l.pos+1 < len(l.src):
			if !l.escape(&sb) {
				bad = "invalid escape sequence in string"
			}
		default:
			sb.WriteByte(c)
			l.pos++
		}
	}
}

// escape reads a backslash sequence of an E” string and appends its meaning to sb. It returns
// false when the sequence is malformed.
func (l *lexer) escape(sb *strings.Builder) bool {
	c := l.src[l.pos+1]
	l.pos += 2
	if i := strings.IndexByte("bfnrt", c); i >= 0 {
		sb.WriteByte("\b\f\n\r\t"[i])
		return true
	}
	switch {
	case c == 'x':
		v, n := l.digits(16, 2)
		sb.WriteByte(byte(v))
		return n > 0
	case c == 'u' || c == 'U':
		want := 4
		if c == 'U' {
			want = 8
		}
		v, n := l.digits(16, want)
		sb.WriteRune(rune(v))
		return n == want && utf8.ValidRune(rune(v))
	case c >= '0' && c <= '7':
		l.pos--
		v, _ := l.digits(8, 3)
		sb.WriteByte(byte(v))
		return v <= 0xff
	}
	sb.WriteByte(c)
	return true
}

// digits reads up to max digits of the given base and returns their value and count.
func (l *lexer) digits(base, max int) (v, n int) {
	for n < max {
		d := hexValue(l.byteAt(0))
		if d < 0 || d >= base {
			break
		}
		v, n = v*base+d, n+1
		l.pos++
	}
	return v, n
}

func (l *lexer) hex(start int) Token {
	l.pos++
	i := strings.IndexByte(l.src[l.pos:], '\'')
	if i < 0 {
		l.pos = len(l.src)
		return l.token(TokInvalid, start, "string is not closed by '")
	}
	text := strings.ToLower(l.src[l.pos : l.pos+i])
	l.pos += i + 1
	for j := range len(text) {
		if hexValue(text[j]) < 0 {
			return l.token(TokInvalid, start, "X'' takes hexadecimal digits only")
		}
	}
	if len(text)%2 != 0 {
		return l.token(TokInvalid, start, "X'' takes an even number of digits")
	}
	return l.token(TokHex, start, text)
}

// quoted reads a name in double quotes or backticks (Flink's style); a doubled quote stands for one.
func (l *lexer) quoted(quote byte) Token {
	start := l.pos
	var sb strings.Builder
	for l.pos++; l.pos < len(l.src); l.pos++ {
		if l.src[l.pos] != quote {
			sb.WriteByte(l.src[l.pos])
			continue
		}
		if l.byteAt(1) == quote {
			sb.WriteByte(quote)
			l.pos++
			continue
		}
		l.pos++
		switch name := sb.String(); {
		case name == "":
			return l.token(TokInvalid, start, "quoted name is empty")
		case !utf8.ValidString(name):
			return l.token(TokInvalid, start, "quoted name is not valid UTF-8")
		default:
			return l.token(TokQuoted, start, name)
		}
	}
	return l.token(TokInvalid, start, fmt.Sprintf("quoted name is not closed by %c", quote))
}

func (l *lexer) number() Token {
	start, kind := l.pos, TokInt
	l.skipDigits()
	if l.byteAt(0) == '.' && l.byteAt(1) != '.' {
		kind = TokDecimal
		l.pos++
		l.skipDigits()
	}
	if c := l.byteAt(0); c == 'e' || c == 'E' {
		skip := 1
		if s := l.byteAt(1); s == '+' || s == '-' {
			skip = 2
		}
		if isDigit(l.byteAt(skip)) {
			kind = TokFloat
			l.pos += skip
			l.skipDigits()
		}
	}
	return l.token(kind, start, strings.ToLower(l.src[start:l.pos]))
}

func (l *lexer) skipDigits() {
	for isDigit(l.byteAt(0)) {
		l.pos++
	}
}

// param reads $name, $1 or ${name}.
func (l *lexer) param() Token {
	start := l.pos
	l.pos++
	brace := l.byteAt(0) == '{'
	if brace {
		l.pos++
	}
	from := l.pos
	for isParamByte(l.byteAt(0)) {
		l.pos++
	}
	name := l.src[from:l.pos]
	if name == "" {
		return l.token(TokInvalid, start, "parameter has no name: write ${name}")
	}
	if brace {
		if l.byteAt(0) != '}' {
			return l.token(TokInvalid, start, "parameter is not closed by }")
		}
		l.pos++
	}
	return l.token(TokParam, start, name)
}

// topicRange reads @from..to; a comment may follow without a space.
func (l *lexer) topicRange() Token {
	start := l.pos
	for l.pos++; isRangeByte(l.byteAt(0)); l.pos++ {
		if l.byteAt(0) == '-' && l.byteAt(1) == '-' {
			break
		}
	}
	if l.pos == start+1 {
		return l.token(TokInvalid, start, "@ must be followed by a range such as @start..end or @-1h..now")
	}
	return l.token(TokRange, start, l.src[start+1:l.pos])
}

// ident reads an unquoted name or keyword. Folding is ASCII only, as in PostgreSQL; names match
// without case anyway.
func (l *lexer) ident() Token {
	start := l.pos
	for l.pos < len(l.src) {
		r, n := utf8.DecodeRuneInString(l.src[l.pos:])
		if !isIdentStart(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) {
			break
		}
		l.pos += n
	}
	return l.token(TokIdent, start, foldASCII(l.src[start:l.pos]))
}

// operators are tried in this order: longer ones first.
var operators = []string{"->>", "::", "<>", "!=", "<=", ">=", "||", "->", "=>",
	"+", "-", "*", "/", "%", "^", "=", "<", ">", "(", ")", "[", "]", ",", ".", ";"}

func (l *lexer) operator() Token {
	start := l.pos
	for _, op := range operators {
		if strings.HasPrefix(l.src[l.pos:], op) {
			l.pos += len(op)
			if op == "!=" {
				op = "<>"
			}
			return l.token(TokOp, start, op)
		}
	}
	r, n := utf8.DecodeRuneInString(l.src[l.pos:])
	l.pos += n
	switch {
	case r == utf8.RuneError && n <= 1:
		return l.token(TokInvalid, start, "text is not valid UTF-8")
	case strings.ContainsRune("‘’“”„«»", r):
		return l.token(TokInvalid, start, fmt.Sprintf("unexpected character %q: write ' around strings and \" around names", r))
	}
	return l.token(TokInvalid, start, fmt.Sprintf("unexpected character %q", r))
}

func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }
func isDigit(c byte) bool { return c >= '0' && c <= '9' }
func isLetter(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
}
func isParamByte(c byte) bool { return isLetter(c) || isDigit(c) }
func isRangeByte(c byte) bool {
	return isLetter(c) || isDigit(c) || c == ':' || c == '.' || c == '+' || c == '-'
}
func isIdentStart(r rune) bool {
	return r == '_' || r < utf8.RuneSelf && isLetter(byte(r)) || r >= utf8.RuneSelf && unicode.IsLetter(r)
}

func hexValue(c byte) int {
	switch {
	case isDigit(c):
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// foldASCII returns s with A-Z lowered.
func foldASCII(s string) string {
	for i := range len(s) {
		if c := s[i]; c >= 'A' && c <= 'Z' {
			return strings.Map(func(r rune) rune {
				if r >= 'A' && r <= 'Z' {
					return r + 'a' - 'A'
				}
				return r
			}, s)
		}
	}
	return s
}
