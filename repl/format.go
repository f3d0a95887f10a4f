package repl

import (
	"bytes"
	"slices"
	"strings"

	"github.com/riffle-io/riffle/sql/syntax"
)

// formatWidth is how long a line may get before the items of a clause go on lines of their own.
const formatWidth = 80

// Format lays SQL text out: keywords in upper case, a line for each clause, subqueries indented.
// Comments and the order of tokens stay. Text that is no SQL may come back as it is.
func Format(text string) string {
	f := &formatter{src: text, toks: syntax.Scan(text)}
	for f.i = 0; f.toks[f.i].Kind != syntax.TokEOF; f.i++ {
		f.token()
	}
	out := strings.TrimRight(string(f.b), " \n")
	if out != "" && strings.HasSuffix(text, "\n") {
		out += "\n"
	}
	if !sameTokens(f.toks, syntax.Scan(out)) {
		return text
	}
	return out
}

// sameTokens tells whether two texts mean the same. What is no SQL, such as "0 .", may come to mean
// something else when a blank goes.
func sameTokens(a, b []syntax.Token) bool {
	return slices.EqualFunc(a, b, func(x, y syntax.Token) bool {
		return x.Kind == y.Kind && (x.Text == y.Text || x.Kind == syntax.TokComment && strings.TrimSpace(x.Text) == strings.TrimSpace(y.Text))
	})
}

type formatter struct {
	src   string
	toks  []syntax.Token
	i     int
	b     []byte
	prev  syntax.Token // last token that is no comment
	paren []bool       // open parentheses; true: around a query
	fresh bool         // at the start of a line
	line  int          // length of the line
	ends  bool         // a line must end here: behind a line comment
}

// clauses begin a line, at the indent of their query.
var clauses = map[string]bool{"select": true, "from": true, "where": true, "having": true, "limit": true, "offset": true,
	"union": true, "intersect": true, "except": true, "window": true, "qualify": true, "values": true}

// joins begin a line too, when a JOIN follows.
var joins = map[string]bool{"join": true, "left": true, "right": true, "full": true, "inner": true, "cross": true, "natural": true, "semi": true, "anti": true}

func (f *formatter) token() {
	t := f.toks[f.i]
	text := f.src[t.Pos:t.End]
	if t.Kind == syntax.TokComment {
		f.comment(t, text)
		return
	}
	word := ""
	if next := following(f.toks, f.i); t.Kind == syntax.TokIdent && isKeyword(t.Text, f.prev, next) && !maybeColumn(t.Text, f.prev, next) {
		word, text = t.Text, strings.ToUpper(text)
	}
	switch {
	case f.ends:
		f.newline(1)
	case f.startsLine(word):
		f.newline(0)
	case f.prev.Kind == syntax.TokOp && f.prev.Text == "," && f.inQuery() && f.line > formatWidth:
		f.newline(1)
	case !f.glued(t):
		f.put(" ")
	}
	if t.Kind == syntax.TokOp {
		f.parens(t)
	}
	f.put(text)
	f.prev = t
	if t.Kind == syntax.TokOp && t.Text == ";" {
		f.paren = nil
		f.newline(0)
		f.prev = syntax.Token{}
	}
}

// columnWords are words of types and units that are names of columns as well, at every place.
var columnWords = map[string]bool{"date": true, "time": true, "timestamp": true, "timestamptz": true, "year": true, "quarter": true, "month": true,
	"week": true, "day": true, "hour": true, "minute": true, "second": true, "millisecond": true, "microsecond": true, "zone": true, "key": true}

// maybeColumn tells whether a word may be the name of a column, which keeps its spelling: all but
// the DATE of DATE '…' and the DAY of INTERVAL '1' DAY.
func maybeColumn(word string, prev, next syntax.Token) bool {
	literal := next.Kind == syntax.TokString || prev.Kind == syntax.TokString || prev.Kind == syntax.TokInt
	return columnWords[word] && !literal && prev.Text != "primary"
}

// inQuery tells whether the innermost parenthesis, if any, is around a query.
func (f *formatter) inQuery() bool { return len(f.paren) == 0 || f.paren[len(f.paren)-1] }

// startsLine tells whether a keyword begins a clause of the query that it is in.
func (f *formatter) startsLine(word string) bool {
	if word == "" || !f.inQuery() || f.prev.Kind == syntax.TokEOF && f.prev.End == 0 {
		return false
	}
	if f.prev.Kind == syntax.TokOp && f.prev.Text == "(" {
		return false
	}
	next := following(f.toks, f.i)
	switch word {
	case "group", "order":
		return next.Text == "by"
	case "with":
		return false
	case "from":
		return f.prev.Text != "distinct" // IS DISTINCT FROM
	case "values":
		return next.Text == "("
	}
	if joins[word] {
		return f.joinFollows() && !joins[f.prev.Text] && f.prev.Text != "outer"
	}
	return clauses[word]
}

// joinFollows tells whether the words from here on lead to JOIN.
func (f *formatter) joinFollows() bool {
	for i := f.i; i < len(f.toks); i++ {
		switch w := f.toks[i].Text; {
		case w == "join":
			return true
		case !joins[w] && w != "outer":
			return false
		}
	}
	return false
}

// parens keeps track of what is open.
func (f *formatter) parens(t syntax.Token) {
	switch t.Text {
	case "(":
		w := following(f.toks, f.i).Text
		f.paren = append(f.paren, w == "select" || w == "with")
	case ")":
		if n := len(f.paren); n > 0 {
			f.paren = f.paren[:n-1]
		}
	}
}

// indent is two blanks a query around this one.
func (f *formatter) indent() int {
	n := 0
	for _, q := range f.paren {
		if q {
			n++
		}
	}
	return n
}

func (f *formatter) newline(more int) {
	f.ends = false
	if len(f.b) == 0 {
		return
	}
	f.b = bytes.TrimRight(f.b, " ")
	if !bytes.HasSuffix(f.b, []byte("\n")) {
		f.b = append(f.b, '\n')
	}
	pad := strings.Repeat("  ", f.indent()+more)
	f.b = append(f.b, pad...)
	f.line, f.fresh = len(pad), true
}

func (f *formatter) put(s string) {
	if s == " " && (f.fresh || len(f.b) == 0) {
		return
	}
	f.b = append(f.b, s...)
	f.line += len(s)
	f.fresh = false
}

// glued tells whether no blank stands between the token before and t. What had none in the source
// gets one only around operators of two sides and behind commas.
func (f *formatter) glued(t syntax.Token) bool {
	prev := f.prev
	if prev.Kind == syntax.TokEOF && prev.End == 0 {
		return true
	}
	touching := prev.End == t.Pos
	if t.Kind == syntax.TokOp {
		switch t.Text {
		case ".":
			return prev.Kind != syntax.TokInt || touching
		case ",", ";", ")", "::", "[", "]":
			return true
		case "(":
			return touching
		}
	}
	if prev.Kind == syntax.TokOp {
		switch prev.Text {
		case "(", ".", "::", "[":
			return true
		case ",":
			return false
		case "-", "+":
			return touching
		}
	}
	if t.Kind == syntax.TokRange {
		return touching
	}
	return touching && t.Kind != syntax.TokOp && prev.Kind != syntax.TokOp
}

func (f *formatter) comment(t syntax.Token, text string) {
	before := f.src[:t.Pos]
	own := strings.TrimSpace(before[strings.LastIndexByte(before, '\n')+1:]) == ""
	switch {
	case own && len(f.b) > 0 && !f.fresh:
		f.newline(0)
	case !f.fresh:
		f.put(" ")
	}
	f.put(text)
	f.fresh = false
	if strings.HasPrefix(text, "--") || own {
		f.ends = true
		if own && !strings.HasPrefix(text, "--") {
			f.newline(0)
		}
	}
	if f.ends && (f.prev.Kind == syntax.TokEOF && f.prev.End == 0) {
		f.newline(0)
	}
}
