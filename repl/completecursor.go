package repl

import (
	"strings"

	"github.com/riffle-io/riffle/sql/syntax"
)

// cursor is the place in a text where a word is to be completed.
type cursor struct {
	text     string
	pos      int
	toks     []syntax.Token // of the statement, all; without comments, TokEOF last
	before   []syntax.Token // those before the word
	word     string         // typed so far, without quotes
	wordAt   int
	quoted   bool // the word began with a double quote
	inString bool // the word is in a string
	none     bool // in a comment or number, where nothing fits
	start    int  // of the statement
}

func newCursor(text string, pos int) *cursor {
	c := &cursor{text: text, pos: pos, wordAt: pos}
	for _, t := range syntax.Scan(text) {
		if t.Kind == syntax.TokOp && t.Text == ";" || t.Kind == syntax.TokEOF {
			if t.Pos >= pos {
				break
			}
			if t.Kind != syntax.TokEOF {
				c.toks, c.start = nil, t.End
			}
			continue
		}
		if t.Kind == syntax.TokComment {
			c.none = c.none || t.Pos < pos && (pos < t.End || pos == t.End && strings.HasPrefix(t.Text, "--"))
			continue
		}
		c.toks = append(c.toks, t)
	}
	for i, t := range c.toks {
		if t.Pos >= pos {
			break
		}
		if t.End < pos {
			c.before = c.toks[:i+1]
			continue
		}
		c.touch(t)
		if c.wordAt == pos && !c.inString { // the cursor stands behind an operator
			c.before = c.toks[:i+1]
		}
	}
	return c
}

// touch takes the token that the cursor stands in or behind.
func (c *cursor) touch(t syntax.Token) {
	typed := c.text[t.Pos:c.pos]
	switch {
	case t.Kind == syntax.TokIdent:
		c.word, c.wordAt = typed, t.Pos
	case t.Kind == syntax.TokQuoted && (c.pos < t.End || len(typed) == 1), t.Kind == syntax.TokInvalid && strings.HasPrefix(typed, `"`):
		c.word, c.wordAt, c.quoted = typed[1:], t.Pos, true
	case t.Kind == syntax.TokString && c.pos < t.End, t.Kind == syntax.TokInvalid && strings.HasPrefix(typed, "'"):
		c.word, c.wordAt, c.inString = typed[1:], t.Pos+1, true
	case t.Kind == syntax.TokInt, t.Kind == syntax.TokDecimal, t.Kind == syntax.TokFloat, t.Kind == syntax.TokString:
		c.none = true
	}
}

// last is the token n before the word.
func (c *cursor) last(n int) syntax.Token {
	if i := len(c.before) - n; i >= 0 {
		return c.before[i]
	}
	return syntax.Token{}
}

// clause is what part of a statement the cursor is in.
type clause string

const (
	atStart   clause = ""       // of a statement
	atValue   clause = "select" // an expression of the SELECT list
	atFrom    clause = "from"   // a table is expected
	atTable   clause = "table"  // behind a table
	atWhere   clause = "where"
	atOn      clause = "on"
	atGroup   clause = "group"
	atOrder   clause = "order"
	atHaving  clause = "having"
	atSet     clause = "set"
	atOther   clause = "other"
	atTarget  clause = "into"
	atCreate  clause = "create"
	atShow    clause = "show"
	atLimit   clause = "limit"
	atExplain clause = "explain"
)

// clauseWords say which word begins which clause.
var clauseWords = map[string]clause{"select": atValue, "from": atFrom, "join": atFrom, "where": atWhere, "on": atOn, "group": atGroup, "order": atOrder,
	"having": atHaving, "set": atSet, "reset": atSet, "into": atTarget, "create": atCreate, "drop": atCreate, "show": atShow, "describe": atFrom, "limit": atLimit, "offset": atLimit,
	"explain": atExplain, "qualify": atHaving, "using": atOn, "insert": atCreate, "copy": atCreate, "values": atOther, "with": atOther, "union": atExplain, "except": atExplain, "intersect": atExplain}

// clause walks back from the cursor to the word that begins its clause, over what is in parentheses.
// at is the place of that word in before; depth is how many open parentheses lie between.
func (c *cursor) clause() (cl clause, at int) {
	depth := 0
	for i := len(c.before) - 1; i >= 0; i-- {
		t := c.before[i]
		switch {
		case t.Kind == syntax.TokOp && t.Text == ")":
			depth++
		case t.Kind == syntax.TokOp && t.Text == "(":
			if depth > 0 {
				depth--
			} else if i > 0 && c.before[i-1].Kind == syntax.TokIdent && (c.before[i-1].Text == "as" || c.before[i-1].Text == "in" || c.before[i-1].Text == "exists") && i == len(c.before)-1 {
				return atExplain, i // a subquery begins here
			} else if i == len(c.before)-1 && i > 0 && (c.before[i-1].Text == "from" || c.before[i-1].Text == "join") {
				return atExplain, i
			}
		case depth > 0 || t.Kind != syntax.TokIdent:
		default:
			if cl, ok := clauseWords[t.Text]; ok && !(t.Text == "from" && i > 0 && c.before[i-1].Text == "distinct") {
				return c.refine(cl, i), i
			}
		}
	}
	return atStart, -1
}

// refine tells a place where a table is expected from one behind a table.
func (c *cursor) refine(cl clause, at int) clause {
	if cl != atFrom && cl != atTarget {
		return cl
	}
	prev := c.last(1)
	if len(c.before)-1 == at || prev.Kind == syntax.TokOp && (prev.Text == "," || prev.Text == ".") ||
		prev.Kind == syntax.TokIdent && (prev.Text == "table" || prev.Text == "lateral") || prev.Kind == syntax.TokOp && prev.Text == "(" {
		return cl
	}
	return atTable
}
