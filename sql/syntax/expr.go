package syntax

import "strings"

// Binding powers, weakest first. An operator takes a left operand that binds at least as strongly as
// itself; comparisons and bpLike do not associate.
const (
	bpNone = iota
	bpOr
	bpAnd
	bpNot
	bpIs
	bpCompare
	bpLike  // BETWEEN IN LIKE ILIKE
	bpOther // || -> ->>
	bpAdd
	bpMul
	bpPow
	bpAt // AT TIME ZONE
	bpUnary
	bpIndex
	bpCast
	bpPrimary
)

// binding maps the infix operators of symbols and words to their binding power.
var binding = map[BinaryOp]int{
	OpOr: bpOr, OpAnd: bpAnd,
	OpEq: bpCompare, OpNe: bpCompare, OpLt: bpCompare, OpLe: bpCompare, OpGt: bpCompare, OpGe: bpCompare,
	OpConcat: bpOther, OpJSON: bpOther, OpJSONText: bpOther,
	OpAdd: bpAdd, OpSub: bpAdd, OpMul: bpMul, OpDiv: bpMul, OpMod: bpMul, OpPow: bpPow,
}

// expr parses an expression.
func (p *parser) expr() Expr { return p.operand(bpNone) }

// operand parses an expression of operators that bind at least as strongly as least. It never
// returns nil.
func (p *parser) operand(least int) Expr {
	if !p.enter() {
		return &Literal{}
	}
	defer p.leave()
	start, last := p.start(), bpNone
	x := p.prefix()
	for n := 1; p.err == nil; n++ {
		bp := p.infixPower()
		if bp == bpNone || bp < least {
			break
		}
		if bp == last && (bp == bpCompare || bp == bpLike) {
			p.fail(p.at(), "comparisons cannot be chained", "join them with AND, or use parentheses")
			break
		}
		p.chain(n)
		x, last = p.infix(x, start, bp), bp
	}
	return x
}

// prefix parses prefix operators and a primary.
func (p *parser) prefix() Expr {
	t := p.at()
	op, bp := OpNot, bpNot
	switch {
	case t.isWord("not"):
	case t.isOp("-"):
		op, bp = OpNeg, bpUnary
	case t.isOp("+"):
		op, bp = OpPos, bpUnary
	default:
		return p.primary()
	}
	p.pos++
	x := p.operand(bp)
	return &Unary{p.span(t.Pos), op, x}
}

// infixPower returns the binding power of the operator at the current token, bpNone when there is
// none.
func (p *parser) infixPower() int {
	t := p.at()
	if t.Kind == TokOp {
		switch t.Text {
		case "::":
			return bpCast
		case "[":
			return bpIndex
		case ".":
			return bpPrimary
		}
		return binding[BinaryOp(t.Text)]
	}
	switch w := p.isAny("and", "or", "is", "isnull", "notnull", "between", "in", "like", "ilike", "similar", "not", "at"); w {
	case "and":
		return bpAnd
	case "or":
		return bpOr
	case "is", "isnull", "notnull":
		return bpIs
	case "between", "in", "like", "ilike", "similar":
		return bpLike
	case "not":
		switch next := p.ahead(1); {
		case next.isWord("between"), next.isWord("in"), next.isWord("like"), next.isWord("ilike"), next.isWord("similar"):
			return bpLike
		}
	case "at":
		if p.ahead(1).isWord("time") {
			return bpAt
		}
	}
	return bpNone
}

// infix parses the operator at the current token, of binding power bp, and its right operand.
func (p *parser) infix(x Expr, start, bp int) Expr {
	switch bp {
	case bpIs:
		return p.isTest(x, start)
	case bpLike:
		return p.likeTest(x, start)
	case bpCompare:
		return p.comparison(x, start)
	case bpAt:
		p.expect("at", "time", "zone")
		zone := p.operand(bpAt + 1)
		return &AtTimeZone{p.span(start), x, zone}
	case bpCast:
		p.pos++
		t := p.typ()
		return &Cast{Span: p.span(start), X: x, Type: t}
	case bpIndex:
		p.pos++
		i := p.expr()
		p.expectOp("]", "behind the index")
		return &Index{p.span(start), x, i}
	case bpPrimary:
		p.pos++
		name := p.label("a field name")
		return &Field{p.span(start), x, name}
	}
	op := BinaryOp(strings.ToUpper(p.take().Text))
	r := p.operand(bp + 1)
	return &Binary{p.span(start), op, x, r}
}

// comparison parses = <> < <= > >= with an operand or with ANY, SOME or ALL.
func (p *parser) comparison(x Expr, start int) Expr {
	op := BinaryOp(p.take().Text)
	word := p.isAny("any", "some", "all")
	if word == "" || !p.ahead(1).isOp("(") {
		r := p.operand(bpCompare + 1)
		return &Binary{p.span(start), op, x, r}
	}
	p.pos++
	q := &Quantified{X: x, Op: op, All: word == "all"}
	if p.atQuery() {
		q.Query = p.parenQuery()
	} else {
		p.expectOp("(", "")
		q.Array = p.expr()
		p.expectOp(")", "behind "+strings.ToUpper(word)+" (")
	}
	q.Span = p.span(start)
	return q
}

// isTest parses the tests that begin with IS, and ISNULL and NOTNULL.
func (p *parser) isTest(x Expr, start int) Expr {
	switch {
	case p.accept("isnull"):
		return &IsNull{p.span(start), x, false}
	case p.accept("notnull"):
		return &IsNull{p.span(start), x, true}
	}
	p.expect("is")
	not := p.accept("not")
	switch w := p.isAny("null", "true", "false", "unknown", "distinct"); w {
	case "null":
		p.pos++
		return &IsNull{p.span(start), x, not}
	case "distinct":
		p.expect("distinct", "from")
		r := p.operand(bpIs + 1)
		return &IsDistinct{p.span(start), x, r, not}
	case "":
		p.expected("NULL, TRUE, FALSE, UNKNOWN or DISTINCT FROM", "behind IS")
		return x
	default:
		p.pos++
		return &IsBool{p.span(start), x, strings.ToUpper(w), not}
	}
}

// likeTest parses [NOT] BETWEEN, IN, LIKE and ILIKE.
func (p *parser) likeTest(x Expr, start int) Expr {
	not := p.accept("not")
	word := p.take()
	switch word.Text {
	case "between":
		b := &Between{X: x, Not: not, Symmetric: p.accept("symmetric")}
		b.Lo = p.operand(bpLike + 1)
		p.expect("and")
		b.Hi = p.operand(bpLike + 1)
		b.Span = p.span(start)
		return b
	case "in":
		return p.inTest(x, start, not)
	case "similar":
		p.fail(word, "SIMILAR TO is not supported", "use LIKE or a regular expression function")
		return x
	}
	l := &Like{X: x, Not: not, FoldCase: word.Text == "ilike"}
	l.Pattern = p.operand(bpLike + 1)
	if p.accept("escape") {
		l.Escape = p.operand(bpLike + 1)
	}
	l.Span = p.span(start)
	return l
}

func (p *parser) inTest(x Expr, start int, not bool) Expr {
	if p.atQuery() {
		q := p.parenQuery()
		return &InQuery{p.span(start), x, q, not}
	}
	list := parenList(p, "the list of IN", p.expr)
	return &InList{p.span(start), x, list, not}
}
