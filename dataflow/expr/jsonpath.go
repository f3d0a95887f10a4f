package expr

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// jsonStep goes from a JSON value to a part of it: a member of an object or an element of an array.
type jsonStep struct {
	member bool
	key    string // of a member
	index  int    // of an element, from 0
}

// parseJSONPath reads a path of the SQL/JSON language (ISO/IEC 9075-2:2016, 9.39), as far as it names one
// place: $.name, $['name'], $[3] and their sequences.
func parseJSONPath(text string) (steps []jsonStep, err error) {
	rest := strings.TrimPrefix(strings.TrimPrefix(strings.TrimSpace(text), "lax "), "strict ")
	bad := func(why string) error { return fmt.Errorf("%w: JSON path %q: %s", ErrArguments, text, why) }
	rest, ok := strings.CutPrefix(rest, "$")
	if !ok {
		return nil, bad("it must begin with $")
	}
	for rest != "" {
		var s jsonStep
		switch rest[0] {
		case '.':
			end := strings.IndexAny(rest[1:], ".[") + 1
			if end == 0 {
				end = len(rest)
			}
			s, rest = jsonStep{member: true, key: strings.Trim(rest[1:end], `"`)}, rest[end:]
			if s.key == "" || s.key == "*" {
				return nil, bad("a name is missing behind .")
			}
		case '[':
			inside, after, closed := strings.Cut(rest[1:], "]")
			if !closed {
				return nil, bad("] is missing")
			}
			if n := len(inside); n > 1 && (inside[0] == '\'' || inside[0] == '"') && inside[n-1] == inside[0] {
				s = jsonStep{member: true, key: inside[1 : n-1]}
			} else if s.index, err = strconv.Atoi(inside); err != nil || s.index < 0 {
				return nil, bad("[] holds the number of an element, from 0, or a name in quotes")
			}
			rest = after
		default:
			return nil, bad("a step must begin with . or [")
		}
		steps = append(steps, s)
	}
	return steps, nil
}

// findJSON follows steps into a document and returns the text of the value there. ok is false when there is
// none, or when the document is no JSON up to there. Of members with the same name the first counts.
func findJSON(doc []byte, steps []jsonStep) (value []byte, ok bool) {
	i := skipBlanks(doc, 0)
	for _, s := range steps {
		if i, ok = s.enter(doc, i); !ok {
			return nil, false
		}
	}
	end, ok := skipJSON(doc, i)
	if !ok {
		return nil, false
	}
	return doc[i:end], true
}

// enter returns where the step's part of the value at i begins.
func (s jsonStep) enter(doc []byte, i int) (at int, ok bool) {
	open, closing := byte('['), byte(']')
	if s.member {
		open, closing = '{', '}'
	}
	if i >= len(doc) || doc[i] != open {
		return 0, false
	}
	i = skipBlanks(doc, i+1)
	for n := 0; i < len(doc) && doc[i] != closing; n++ {
		found := n == s.index
		if s.member {
			end, ok := skipJSON(doc, i)
			if !ok || doc[i] != '"' {
				return 0, false
			}
			name, ok := jsonText(doc[i:end])
			if i = skipBlanks(doc, end); !ok || i >= len(doc) || doc[i] != ':' {
				return 0, false
			}
			found, i = string(name) == s.key, skipBlanks(doc, i+1)
		}
		if found {
			return i, true
		}
		if i, ok = skipJSON(doc, i); !ok {
			return 0, false
		}
		if i = skipBlanks(doc, i); i < len(doc) && doc[i] == ',' {
			i = skipBlanks(doc, i+1)
		}
	}
	return 0, false
}

func skipBlanks(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\t' || b[i] == '\n' || b[i] == '\r') {
		i++
	}
	return i
}

// skipJSON returns where the value at i ends. It looks at no more of the grammar than that takes.
func skipJSON(b []byte, i int) (end int, ok bool) {
	depth := 0
	for from := i; i < len(b); {
		switch c := b[i]; c {
		case '"':
			n := quotedLen(b[i:])
			if n == 0 {
				return 0, false
			}
			i += n
		case '{', '[':
			depth++
			i++
		case '}', ']':
			if depth == 0 {
				return i, i > from
			}
			depth--
			i++
		case ',', ' ', '\t', '\n', '\r', ':':
			if depth == 0 {
				return i, i > from
			}
			i++
			continue
		default:
			for i < len(b) && !endsScalar(b[i]) {
				i++
			}
		}
		if depth == 0 {
			return i, true
		}
	}
	return 0, false
}

func endsScalar(c byte) bool {
	switch c {
	case ',', ':', '{', '}', '[', ']', '"', ' ', '\t', '\n', '\r':
		return true
	}
	return false
}

// quotedLen is the length of the string at the beginning of b with its quotes; 0 when it has no end.
func quotedLen(b []byte) int {
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return 0
}

// jsonText is a value as text: a string without quotes and escapes, everything else as it is written. ok
// is false for null, and for a string with a bad escape.
func jsonText(value []byte) (text []byte, ok bool) {
	switch {
	case string(value) == "null":
		return nil, false
	case len(value) < 2 || value[0] != '"':
		return value, true
	case bytes.IndexByte(value, '\\') < 0:
		return value[1 : len(value)-1], true
	}
	var s string
	err := json.Unmarshal(value, &s)
	return []byte(s), err == nil
}
