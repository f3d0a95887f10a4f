package syntax

import (
	"fmt"
	"strings"
)

// fail records the first error of the statement, at token t.
func (p *parser) fail(t Token, msg, hint string) {
	if p.err != nil {
		return
	}
	if t.Kind == TokInvalid {
		msg, hint = t.Text, ""
	}
	err := NewError(p.src, t.Pos, t.End, msg, hint)
	err.AtEnd = t.Kind == TokEOF || t.Kind == TokInvalid && t.End == len(p.src)
	p.err, p.errAt = err, p.pos
}

// failSpan is fail for a stretch of source that is already taken.
func (p *parser) failSpan(s Span, msg, hint string) {
	p.fail(Token{Kind: TokOp, Pos: s.Start, End: s.Stop}, msg, hint)
}

// show describes a token for a message, as it stands in the source.
func (p *parser) show(t Token) string {
	switch {
	case t.Kind == TokEOF:
		return "end of input"
	case t.Kind == TokQuoted:
		return "name " + clipEnd(p.src[t.Pos:t.End], maxToken)
	case t.Kind == TokString:
		return "string " + clipEnd(p.src[t.Pos:t.End], maxToken)
	}
	return `"` + clipEnd(p.src[t.Pos:t.End], maxToken) + `"`
}

// unexpected fails at the current token, which fits nothing that was tested there.
func (p *parser) unexpected() {
	if p.misspelt() {
		return
	}
	t := p.at()
	p.fail(t, "unexpected "+p.show(t), "")
}

// expected fails at the current token, where what should stand; context, if any, says why.
func (p *parser) expected(what, context string) { p.expectedHint(what, context, "") }

func (p *parser) expectedHint(what, context, hint string) {
	if hint == "" && p.misspelt() {
		return
	}
	if context != "" {
		what += " " + context
	}
	t := p.at()
	p.fail(t, fmt.Sprintf("expected %s, found %s", what, p.show(t)), hint)
}

// expectedName fails where a name should stand and says when a keyword is in its place.
func (p *parser) expectedName(what string) {
	hint := ""
	if t := p.at(); t.Kind == TokIdent && reserved[t.Text] {
		hint = p.quoteHint(t)
	}
	p.expectedHint(what, "", hint)
}

// quoteHint tells how a keyword becomes a name.
func (p *parser) quoteHint(t Token) string {
	return fmt.Sprintf(`%s is a keyword; as a name it is written "%s"`, strings.ToUpper(t.Text), p.src[t.Pos:t.End])
}

// noExpr fails where an expression should stand and guesses why.
func (p *parser) noExpr() Expr {
	t, next := p.at(), p.ahead(1)
	before := p.toks[max(p.pos-1, 0)]
	hint := ""
	switch {
	case t.isOp("=") && before.isOp("="):
		hint = "equality is written with one ="
	case t.Kind == TokIdent && (next.isOp(",") || next.isOp(".") || next.isWord("from") || next.isWord("as")):
		hint = p.quoteHint(t)
	case before.isOp(",") && (t.Kind == TokIdent || t.Kind == TokEOF || t.isOp(")")):
		hint = "is there a comma too many?"
	}
	p.expectedHint("an expression", "", hint)
	return &Literal{}
}

// misspelt fails with a suggestion when the current word, or the word before it that was taken for
// an alias, is near a keyword that is legal here. It returns false when neither is.
func (p *parser) misspelt() bool {
	if p.err != nil || p.testedAt != p.pos {
		return false
	}
	at := p.pos
	word := p.nearest(at)
	if word == "" && p.aliasAt >= 0 && p.aliasAt == at-1 {
		at--
		word = p.nearest(at)
	}
	if word == "" {
		return false
	}
	t := p.toks[at]
	p.fail(t, "unexpected "+p.show(t), "did you mean "+strings.ToUpper(word)+"?")
	return true
}

// nearest returns the tested word nearest to token i, "" when none is near.
func (p *parser) nearest(i int) string {
	t := p.toks[i]
	if t.Kind != TokIdent || reserved[t.Text] {
		return ""
	}
	word := Suggest(t.Text, p.tested)
	if word == t.Text {
		return ""
	}
	return word
}
