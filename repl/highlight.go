package repl

import (
	"slices"
	"strings"
	"sync"

	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/sql/syntax"
)

// The kinds of spans.
const (
	SpanKeyword  = "keyword"
	SpanString   = "string"
	SpanNumber   = "number"
	SpanComment  = "comment"
	SpanFunction = "function"
	SpanOperator = "operator"
	SpanIdent    = "ident"
	SpanError    = "error"
)

// Span is a stretch of text of one kind: bytes From up to but not with To.
type Span struct {
	From, To int
	Kind     string
}

// Highlight cuts SQL text into spans, in order and without the blanks between them. It needs no
// statement to be complete or right.
func Highlight(text string) []Span {
	toks := syntax.Scan(text)
	var out []Span
	prev := syntax.Token{}
	for i, t := range toks {
		if t.Kind == syntax.TokEOF {
			break
		}
		out = append(out, Span{t.Pos, t.End, spanKind(toks, i, prev)})
		if t.Kind != syntax.TokComment {
			prev = t
		}
	}
	return out
}

func spanKind(toks []syntax.Token, i int, prev syntax.Token) string {
	switch t := toks[i]; t.Kind {
	case syntax.TokInvalid:
		return SpanError
	case syntax.TokComment:
		return SpanComment
	case syntax.TokString, syntax.TokHex:
		return SpanString
	case syntax.TokInt, syntax.TokDecimal, syntax.TokFloat:
		return SpanNumber
	case syntax.TokOp, syntax.TokRange:
		return SpanOperator
	case syntax.TokIdent:
		if isKeyword(t.Text, prev, following(toks, i)) {
			return SpanKeyword
		}
		if next := following(toks, i); next.Kind == syntax.TokOp && next.Text == "(" && isFunction(t.Text) {
			return SpanFunction
		}
	}
	return SpanIdent
}

// following is the token behind token i that is no comment.
func following(toks []syntax.Token, i int) syntax.Token {
	for i++; toks[i].Kind == syntax.TokComment; i++ {
	}
	return toks[i]
}

var keywordSet = sync.OnceValue(func() map[string]bool {
	m := map[string]bool{"by": true} // which is a word of the grammar, but never alone
	for _, k := range syntax.Keywords() {
		m[strings.ToLower(k)] = true
	}
	return m
})

var functionSet = sync.OnceValue(func() map[string]bool {
	m := map[string]bool{"tumble": true, "hop": true, "cumulate": true}
	for _, f := range expr.Funcs() {
		m[f.Name] = !f.Infix
	}
	for _, f := range expr.AggFuncs() {
		m[f.Name] = true
	}
	return m
})

func isFunction(word string) bool { return functionSet()[word] }

// operands are the words behind which a value is expected, where a word that is not reserved is
// more likely a name than a keyword.
var operands = []string{"select", "by", "where", "and", "or", "not", "on", "having", "distinct", "when", "then", "else", "between", "in", "as"}

// isKeyword tells whether a word is a keyword where it stands. Words that are not reserved are
// names in the place of a value: SELECT date, day FROM t, but DATE '2024-01-01'.
func isKeyword(word string, prev, next syntax.Token) bool {
	if !keywordSet()[word] || prev.Kind == syntax.TokOp && prev.Text == "." {
		return false
	}
	if syntax.IsReserved(word) || word == "by" && (prev.Text == "group" || prev.Text == "order" || prev.Text == "partition" || prev.Text == "partitioned") {
		return true
	}
	value := prev.Kind == syntax.TokOp && prev.Text != ")" && prev.Text != ";" || prev.Kind == syntax.TokIdent && slices.Contains(operands, prev.Text)
	if !value {
		return true
	}
	switch next.Kind {
	case syntax.TokString:
		return true // DATE '…'
	case syntax.TokIdent, syntax.TokQuoted:
		return !syntax.IsReserved(next.Text) || next.Text == "select"
	case syntax.TokOp:
		return next.Text == "(" && !isFunction(word)
	}
	return false
}

// StatementAt finds the statement that a place in the text belongs to: from its first token to its
// last, without the semicolon. Between two statements, the one before counts. from == to when the
// text has none.
func StatementAt(text string, pos int) (from, to int) {
	for _, s := range statements(text) {
		if s.From > pos && to > 0 {
			break
		}
		from, to = s.From, s.To
	}
	return from, to
}

// statements lists the statements of a text. Comments before a statement are part of it.
func statements(text string) (out []Span) {
	at := -1
	code := false
	end := 0
	for _, t := range syntax.Scan(text) {
		if t.Kind == syntax.TokEOF || t.Kind == syntax.TokOp && t.Text == ";" {
			if code {
				out = append(out, Span{From: at, To: end})
			}
			at, code = -1, false
			continue
		}
		if at < 0 {
			at = t.Pos
		}
		if t.Kind != syntax.TokComment {
			code, end = true, t.End
		}
	}
	return out
}

// Ends tells whether a text ends its last statement, so that a line editor can run it: a
// semicolon is its last token, comments aside.
func Ends(text string) bool {
	done := false
	for _, t := range syntax.Scan(text) {
		switch t.Kind {
		case syntax.TokComment, syntax.TokEOF:
		default:
			done = t.Kind == syntax.TokOp && t.Text == ";"
		}
	}
	return done
}
