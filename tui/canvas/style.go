package canvas

// Style is the meaning of a cell's text: a role in the low byte, attributes above it.
type Style uint16

// The roles.
const (
	Text Style = iota
	Dim
	Frame   // frame of a pane without the focus
	Focus   // frame of the pane with the focus
	Title   // name of a pane
	Header  // column names
	Kind    // types, units
	Null    // the word NULL
	Key     // a key to press
	Good    // finished, running, healthy
	Warn    // needs a look
	Bad     // failed, lost
	Accent  // what the eye should find first
	Bar     // filled part of a bar or chart
	Second  // the second series of a chart
	Match   // found text
	Keyword // the rest: parts of a statement
	Literal
	Number
	Comment
	Function
	Operator
	Ident
	Mistake
	roles // number of roles
)

// Attributes are added to a role.
const (
	Bold Style = 1 << (8 + iota)
	Underline
	Reverse
)

const roleMask Style = 0xff

// look is how a role is shown: a colour and attributes.
type look struct {
	fg   uint8 // SGR code of the colour: 30–37, 90–97; 0: the terminal's own
	attr string
}

var looks = [roles]look{
	Text:     {},
	Dim:      {fg: 90, attr: "2"},
	Frame:    {fg: 90, attr: "2"},
	Focus:    {fg: 36, attr: "1"},
	Title:    {attr: "1"},
	Header:   {attr: "1"},
	Kind:     {fg: 90, attr: "2"},
	Null:     {fg: 90, attr: "2"},
	Key:      {fg: 36, attr: "1"},
	Good:     {fg: 32},
	Warn:     {fg: 33, attr: "1"},
	Bad:      {fg: 31, attr: "1"},
	Accent:   {fg: 36},
	Bar:      {fg: 34},
	Second:   {fg: 35},
	Match:    {fg: 33, attr: "4"},
	Keyword:  {fg: 34, attr: "1"},
	Literal:  {fg: 32},
	Number:   {fg: 36},
	Comment:  {fg: 90, attr: "2"},
	Function: {fg: 35},
	Operator: {},
	Ident:    {},
	Mistake:  {fg: 31, attr: "4"},
}

// Theme turns styles into terminal codes and holds the glyphs. The zero value is not useful; see
// NewTheme.
type Theme struct {
	Glyphs
	codes [1 << 11]string // SGR sequence of each style, reset included
}

// NewTheme makes a theme. color false leaves out every colour and keeps the attributes; ascii true
// draws with 7-bit characters only (data keeps its own characters).
func NewTheme(color, ascii bool) *Theme {
	t := &Theme{Glyphs: unicodeGlyphs}
	if ascii {
		t.Glyphs = asciiGlyphs
	}
	for i := range t.codes {
		t.codes[i] = code(Style(i), color)
	}
	return t
}

// code returns the sequence that selects a style whatever was selected before.
func code(s Style, color bool) string {
	role := s & roleMask
	if role >= roles {
		role = Text
	}
	l := looks[role]
	seq := "\x1b[0"
	add := func(part string) {
		if part != "" {
			seq += ";" + part
		}
	}
	if color && l.fg != 0 {
		if l.attr == "2" { // grey says faint already
			l.attr = ""
		}
		add(string([]byte{'0' + l.fg/10, '0' + l.fg%10}))
	}
	add(l.attr)
	for _, a := range []struct {
		bit Style
		sgr string
	}{{Bold, "1"}, {Underline, "4"}, {Reverse, "7"}} {
		if s&a.bit != 0 {
			add(a.sgr)
		}
	}
	if seq == "\x1b[0" {
		return "\x1b[m"
	}
	return seq + "m"
}
