package json

import (
	"bytes"
	"errors"
	"strconv"
	"unicode/utf8"
)

func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\t' || b[i] == '\n' || b[i] == '\r') {
		i++
	}
	return i
}

// str reads a string; the result is part of b, or of d.buf when it had escapes.
func (d *Decoder) str(b []byte, i int) ([]byte, int, error) {
	if i == len(b) || b[i] != '"' {
		return nil, i, d.bad(i, "no string")
	}
	i++
	n := bytes.IndexByte(b[i:], '"')
	if n < 0 {
		return nil, i, d.bad(i, "string does not end")
	}
	if s := b[i : i+n]; bytes.IndexByte(s, '\\') < 0 {
		return s, i + n + 1, nil
	}
	return d.escaped(b, i)
}

func (d *Decoder) escaped(b []byte, i int) ([]byte, int, error) {
	out := d.buf[:0]
	for ; i < len(b); i++ {
		switch c := b[i]; c {
		case '"':
			d.buf = out
			return out, i + 1, nil
		case '\\':
			if i++; i == len(b) {
				return nil, i, d.bad(i, "string does not end")
			}
			switch b[i] {
			case '"', '\\', '/':
				out = append(out, b[i])
			case 'b':
				out = append(out, '\b')
			case 'f':
				out = append(out, '\f')
			case 'n':
				out = append(out, '\n')
			case 'r':
				out = append(out, '\r')
			case 't':
				out = append(out, '\t')
			case 'u':
				r, n, ok := unicodeEscape(b[i-1:])
				if !ok {
					return nil, i, d.bad(i, `bad \u escape`)
				}
				out = utf8.AppendRune(out, r)
				i += n - 2
			default:
				return nil, i, d.bad(i, "unknown escape")
			}
		default:
			out = append(out, c)
		}
	}
	return nil, i, d.bad(i, "string does not end")
}

// unicodeEscape reads \uXXXX, or a pair of surrogates, and tells how many bytes it took.
func unicodeEscape(b []byte) (rune, int, bool) {
	hex := func(b []byte) (rune, bool) {
		if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
			return 0, false
		}
		n, err := strconv.ParseUint(string(b[2:6]), 16, 32)
		return rune(n), err == nil
	}
	r, ok := hex(b)
	if !ok {
		return 0, 0, false
	}
	if r >= 0xd800 && r < 0xdc00 {
		if lo, ok := hex(b[6:]); ok && lo >= 0xdc00 && lo < 0xe000 {
			return (r-0xd800)<<10 + (lo - 0xdc00) + 0x10000, 12, true
		}
	}
	if r >= 0xd800 && r < 0xe000 {
		r = utf8.RuneError
	}
	return r, 6, true
}

// maxDepth bounds nesting, so that a hostile record cannot exhaust the stack.
const maxDepth = 200

// skip passes over any value.
func (d *Decoder) skip(b []byte, i, depth int) (int, error) {
	if i == len(b) {
		return i, d.bad(i, "value missing")
	}
	if depth > maxDepth {
		return i, d.bad(i, "nested too deeply")
	}
	switch b[i] {
	case '"':
		_, n, err := d.str(b, i)
		return n, err
	case '{', '[':
		end := b[i] + 2 // '}' and ']' follow their partners by two
		object := b[i] == '{'
		i = skipSpace(b, i+1)
		if i < len(b) && b[i] == end {
			return i + 1, nil
		}
		for {
			var err error
			if object {
				if _, i, err = d.str(b, i); err != nil {
					return i, err
				}
				if i = skipSpace(b, i); i == len(b) || b[i] != ':' {
					return i, d.bad(i, "no ':' after a key")
				}
				i = skipSpace(b, i+1)
			}
			if i, err = d.skip(b, i, depth+1); err != nil {
				return i, err
			}
			if i = skipSpace(b, i); i == len(b) {
				return i, d.bad(i, "value ends early")
			}
			if b[i] == end {
				return i + 1, nil
			}
			if b[i] != ',' {
				return i, d.bad(i, "no ',' between values")
			}
			i = skipSpace(b, i+1)
		}
	}
	n := scalarEnd(b, i)
	switch s := string(b[i:n]); s {
	case "true", "false", "null":
		return n, nil
	default:
		if !isNumber(b[i:n]) {
			return i, d.bad(i, "not a value")
		}
	}
	return n, nil
}

func scalarEnd(b []byte, i int) int {
	for i < len(b) {
		switch b[i] {
		case ',', '}', ']', ' ', '\t', '\n', '\r':
			return i
		}
		i++
	}
	return i
}

func isNumber(s []byte) bool {
	if len(s) == 0 {
		return false
	}
	_, err := strconv.ParseFloat(string(s), 64)
	var ne *strconv.NumError
	if err != nil && !(errors.As(err, &ne) && ne.Err == strconv.ErrRange) {
		return false
	}
	c := s[0]
	return c == '-' || c >= '0' && c <= '9'
}

// integer is the fast path: digits, then a byte that ends a value.
func integer(b []byte, i int) (x int64, n int, ok bool) {
	neg := b[i] == '-'
	if neg {
		i++
	}
	from := i
	for i < len(b) && b[i]-'0' <= 9 {
		x = x*10 + int64(b[i]-'0')
		i++
	}
	if i == from || i-from > 18 || i == len(b) {
		return 0, 0, false
	}
	if c := b[i]; c != ',' && c != '}' && c != ' ' {
		return 0, 0, false
	}
	if neg {
		x = -x
	}
	return x, i, true
}
