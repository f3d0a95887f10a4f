package syntax

// TokenKind says what a Token is.
type TokenKind uint8

// The kinds of tokens. Keywords are TokIdent: most of them are legal names, and the parser decides
// by position.
const (
	TokEOF     TokenKind = iota
	TokInvalid           // Text is the error message
	TokComment           // Text is the comment with its marks
	TokIdent             // Text is folded to lower case
	TokQuoted            // "quoted" or `quoted` name; Text is without quotes, case kept
	TokString            // Text is the value, escapes resolved
	TokHex               // X'0aff'; Text is the digits
	TokInt               // 42
	TokDecimal           // 4.2
	TokFloat             // 4.2e1
	TokParam             // ${name}, $name, $1; Text is the name
	TokRange             // @from..to behind a topic; Text is without the @
	TokOp                // operator or punctuation; Text is its canonical spelling
)

// Token is one lexical element of SQL text.
type Token struct {
	Kind     TokenKind
	Text     string
	Pos, End int // byte range in the source, End exclusive
}

// isOp tells whether t is the operator or punctuation mark op.
func (t Token) isOp(op string) bool { return t.Kind == TokOp && t.Text == op }

// isWord tells whether t is the unquoted word w, given in lower case.
func (t Token) isWord(w string) bool { return t.Kind == TokIdent && t.Text == w }

// isName tells whether t can be a name: a quoted identifier or a word that is not reserved.
func (t Token) isName() bool {
	return t.Kind == TokQuoted || t.Kind == TokIdent && !reserved[t.Text]
}

// isLabel tells whether t can be a name where a keyword cannot occur, as after AS or a dot.
func (t Token) isLabel() bool { return t.Kind == TokQuoted || t.Kind == TokIdent }

// isBareAlias tells whether t can be an alias without AS.
func (t Token) isBareAlias() bool {
	return t.Kind == TokQuoted || t.Kind == TokIdent && !reserved[t.Text] && !notAlias[t.Text]
}
