package syntax

import (
	"fmt"
	"slices"
	"strings"
)

// Limits that keep recursion over a tree, here and in later passes, within a few MB of stack.
const (
	maxDepth = 500    // nested parentheses, subqueries, prefix operators
	maxChain = 10_000 // operators, joins or set operations in a row: a left-deep tree
)

// Parse parses statements separated by semicolons. The Script holds those that parsed, also when
// there were errors; the error, if any, is an ErrorList.
func Parse(src string) (*Script, error) {
	p := newParser(src)
	s := &Script{Span: Span{0, len(src)}}
	var errs ErrorList
	for {
		for p.acceptOp(";") {
		}
		if p.at().Kind == TokEOF {
			break
		}
		stmt := p.statement()
		if p.err == nil && !p.isOp(";") && p.at().Kind != TokEOF {
			p.unexpected()
		}
		if p.err == nil {
			s.Stmts = append(s.Stmts, stmt)
			continue
		}
		errs = append(errs, p.err)
		p.recover()
	}
	if len(errs) > 0 {
		return s, errs
	}
	return s, nil
}

// ParseExpr parses src as one expression. The error, if any, is an ErrorList.
func ParseExpr(src string) (Expr, error) {
	p := newParser(src)
	e := p.expr()
	if err := p.finish(); err != nil {
		return nil, err
	}
	return e, nil
}

// ParseType parses src as a data type. The error, if any, is an ErrorList.
func ParseType(src string) (*Type, error) {
	p := newParser(src)
	t := p.typ()
	if err := p.finish(); err != nil {
		return nil, err
	}
	return t, nil
}

// parser holds the tokens of one source. See the package comment for how errors work.
type parser struct {
	src  string
	toks []Token // without comments, TokEOF last
	pos  int     // index of the current token
	// encloses[i] tells that token i is a parenthesis around a query.
	encloses []bool

	err   *Error // first error of the statement; while set, the current token reads as TokEOF
	errAt int    // index of the token where err was found
	depth int

	tested   []string // words that were tested at the current token, upper case
	testedAt int      // the token they belong to
	aliasAt  int      // index of the last alias without AS, -1 for none
}

func newParser(src string) *parser {
	toks := slices.DeleteFunc(Scan(src), func(t Token) bool { return t.Kind == TokComment })
	return &parser{src: src, toks: toks, encloses: matchParens(toks), aliasAt: -1}
}

// finish reports what is left behind a complete parse.
func (p *parser) finish() error {
	if p.err == nil && p.at().Kind != TokEOF {
		p.unexpected()
	}
	if p.err != nil {
		return ErrorList{p.err}
	}
	return nil
}

// recover clears the error and moves behind the statement it was in.
func (p *parser) recover() {
	p.err, p.depth, p.aliasAt = nil, 0, -1
	p.pos = p.errAt
	for !p.isOp(";") && p.at().Kind != TokEOF {
		p.pos++
	}
}

// at returns the current token, TokEOF after an error.
func (p *parser) at() Token { return p.ahead(0) }

// ahead returns the token n behind the current one.
func (p *parser) ahead(n int) Token {
	if p.err != nil || p.pos+n >= len(p.toks) {
		return p.toks[len(p.toks)-1]
	}
	return p.toks[p.pos+n]
}

// take returns the current token and moves behind it.
func (p *parser) take() Token {
	t := p.at()
	if t.Kind != TokEOF {
		p.pos++
	}
	return t
}

// start is the offset where a node that begins at the current token starts.
func (p *parser) start() int { return p.at().Pos }

// span is the range from start to the end of the last token taken.
func (p *parser) span(start int) Span {
	if p.pos == 0 {
		return Span{start, start}
	}
	return Span{start, max(start, p.toks[p.pos-1].End)}
}

func (p *parser) isOp(op string) bool { return p.at().isOp(op) }

func (p *parser) acceptOp(op string) bool {
	if p.isOp(op) {
		p.pos++
		return true
	}
	return false
}

// expectOp takes op or fails; context says what it is for: "to close the argument list".
func (p *parser) expectOp(op, context string) {
	if !p.acceptOp(op) {
		p.expected(op, context)
	}
}

// is tells whether the current token is the unquoted word w, in lower case, and remembers the test
// for error messages.
func (p *parser) is(w string) bool {
	t := p.at()
	if t.isWord(w) {
		return true
	}
	if p.err == nil {
		if p.testedAt != p.pos {
			p.tested, p.testedAt = p.tested[:0], p.pos
		}
		p.tested = append(p.tested, w)
	}
	return false
}

// isAny returns the first of the words that is the current token, or "".
func (p *parser) isAny(ws ...string) string {
	for _, w := range ws {
		if p.is(w) {
			return w
		}
	}
	return ""
}

// accept takes the words ws when all of them come next.
func (p *parser) accept(ws ...string) bool {
	if !p.is(ws[0]) {
		return false
	}
	for i, w := range ws[1:] {
		if !p.ahead(i + 1).isWord(w) {
			return false
		}
	}
	p.pos += len(ws)
	return true
}

// expect takes the words ws or fails at the first that is missing.
func (p *parser) expect(ws ...string) {
	for _, w := range ws {
		if !p.is(w) {
			p.expected(strings.ToUpper(w), "")
			return
		}
		p.pos++
	}
}

// enter counts one level of nesting; leave must be called when it returns true.
func (p *parser) enter() bool {
	if p.depth >= maxDepth {
		p.tooDeep()
		return false
	}
	p.depth++
	return true
}

func (p *parser) tooDeep() {
	p.fail(p.at(), fmt.Sprintf("nested deeper than %d levels", maxDepth), "")
}

func (p *parser) leave() { p.depth-- }

// chain fails when n operators in a row are too many.
func (p *parser) chain(n int) {
	if n > maxChain {
		p.fail(p.at(), fmt.Sprintf("more than %d operators in a row", maxChain), "")
	}
}

// list parses one or more items with commas between them.
func list[T any](p *parser, item func() T) []T {
	out := []T{item()}
	for p.acceptOp(",") {
		out = append(out, item())
	}
	return out
}

// parenList parses ( item, … ).
func parenList[T any](p *parser, context string, item func() T) []T {
	p.expectOp("(", "before "+context)
	out := list(p, item)
	p.expectOp(")", "behind "+context)
	return out
}

// ident parses a name; what says of what.
func (p *parser) ident(what string) Ident {
	t := p.at()
	if !t.isName() {
		p.expectedName(what)
		return Ident{}
	}
	return p.takeIdent()
}

// label parses a name where every word is legal.
func (p *parser) label(what string) Ident {
	if !p.at().isLabel() {
		p.expectedName(what)
		return Ident{}
	}
	return p.takeIdent()
}

func (p *parser) takeIdent() Ident {
	t := p.take()
	return Ident{Span{t.Pos, t.End}, t.Text, t.Kind == TokQuoted}
}

// name parses a dotted name.
func (p *parser) name(what string) []Ident {
	parts := []Ident{p.ident(what)}
	for p.acceptOp(".") {
		parts = append(parts, p.label(what))
	}
	return parts
}

// str parses a string literal; what says of what.
func (p *parser) str(what string) string {
	if t := p.at(); t.Kind != TokString {
		hint := ""
		if t.Kind == TokQuoted {
			hint = "strings take single quotes"
		}
		p.expectedHint(what+" in single quotes", "", hint)
		return ""
	}
	return p.take().Text
}

// matchParens finds the parentheses that enclose a query rather than an expression, a join or a
// list: those in front of SELECT, WITH, VALUES or TABLE, and those around one such that either
// closes or goes on as a query does. One pass from the right, so it costs O(tokens) at any depth.
func matchParens(toks []Token) []bool {
	isQuery := make([]bool, len(toks))
	match := make([]int, len(toks)) // of "(": index of its ")"; last token when there is none
	var open []int                  // indices of ")" seen and not yet matched
	for i := len(toks) - 2; i >= 0; i-- {
		switch {
		case toks[i].isOp(")"):
			open = append(open, i)
		case toks[i].isOp(";"):
			open = open[:0]
		case toks[i].isOp("("):
			match[i] = len(toks) - 1
			if n := len(open); n > 0 {
				match[i], open = open[n-1], open[:n-1]
			}
			next := toks[i+1]
			switch {
			case next.isWord("select"), next.isWord("with"):
				isQuery[i] = true
			case next.isWord("table"), next.isWord("values") && toks[min(i+2, len(toks)-1)].isOp("("):
				isQuery[i] = true
			case next.isOp("("):
				isQuery[i] = isQuery[i+1] && queryGoesOn(toks, match[i+1]+1)
			}
		}
	}
	return isQuery
}

// queryGoesOn tells whether the token at i, behind a query in parentheses, makes the whole a query.
func queryGoesOn(toks []Token, i int) bool {
	if i >= len(toks) {
		return true
	}
	switch t := toks[i]; {
	case t.isOp(")"), t.Kind == TokEOF:
		return true
	case t.Kind == TokIdent:
		switch t.Text {
		case "union", "intersect", "except", "order", "limit", "offset", "fetch":
			return true
		}
	}
	return false
}

// atQuery tells whether the current token is a parenthesis that encloses a query.
func (p *parser) atQuery() bool {
	return p.err == nil && p.encloses[p.pos]
}
