package expr

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"github.com/riffle-io/riffle/dataflow/vec"
)

// kernelLike matches LIKE patterns. A constant pattern is compiled once a batch.
func kernelLike(fold bool) Kernel {
	return func(_ *Context, a []*vec.Vec, n int, sel []int32, out *vec.Vec) error {
		var m *likePattern
		var last []byte
		var err error
		each(n, sel, func(i int) {
			if err != nil {
				return
			}
			p := a[1].Str(i)
			if m == nil || !bytes.Equal(last, p) {
				esc := []byte(`\`)
				if len(a) == 3 {
					esc = a[2].Str(i)
				}
				last = p
				if m, err = compileLike(p, esc, fold); err != nil {
					return
				}
			}
			s := a[0].Str(i)
			if fold {
				s = bytes.ToLower(s)
			}
			out.B[i] = m.match(s)
		})
		return err
	}
}

// likePattern is a pattern cut at its % signs: parts must occur in order, the first at the
// beginning and the last at the end unless a % is there.
type likePattern struct {
	parts       []likePart
	open, close bool // the pattern begins, ends with %
}

// likePart is literal bytes, with single-character wildcards at the places in any.
type likePart struct {
	lit []byte
	any []bool // by character; nil: none
}

func compileLike(p, esc []byte, fold bool) (*likePattern, error) {
	if utf8.RuneCount(esc) > 1 {
		return nil, fmt.Errorf("%w: ESCAPE must be one character", ErrArguments)
	}
	m := &likePattern{open: len(p) > 0 && p[0] == '%'}
	var cur likePart
	flush := func() {
		if len(cur.lit) > 0 {
			if !anyTrue(cur.any) {
				cur.any = nil
			}
			m.parts = append(m.parts, cur)
		}
		cur = likePart{}
	}
	for len(p) > 0 {
		r, n := utf8.DecodeRune(p)
		switch {
		case len(esc) > 0 && bytes.HasPrefix(p, esc):
			p = p[len(esc):]
			if len(p) == 0 {
				return nil, fmt.Errorf("%w: LIKE pattern ends with its escape character", ErrArguments)
			}
			_, n = utf8.DecodeRune(p)
			cur.add(lowerIf(fold, p[:n]), false)
			m.close = false
		case r == '%':
			flush()
			m.close = true
		default:
			cur.add(lowerIf(fold, p[:n]), r == '_')
			m.close = false
		}
		p = p[n:]
	}
	flush()
	return m, nil
}

func lowerIf(fold bool, b []byte) []byte {
	if fold {
		return bytes.ToLower(b)
	}
	return b
}

// checkLike reads a constant pattern with its constant escape character.
func checkLike(args []Expr) error {
	p, ok := textArg(args, 1)
	esc := `\`
	if len(args) == 3 {
		var known bool
		if esc, known = textArg(args, 2); !known {
			return nil
		}
	}
	if !ok {
		p = ""
	}
	_, err := compileLike([]byte(p), []byte(esc), false)
	return asBadArgument(err)
}

func (l *likePart) add(b []byte, wild bool) {
	l.lit = append(l.lit, b...)
	l.any = append(l.any, wild)
}

func anyTrue(b []bool) bool {
	for _, x := range b {
		if x {
			return true
		}
	}
	return false
}

// at matches the part at the beginning of s and returns how many bytes it took, -1 when it does
// not match.
func (l *likePart) at(s []byte) int {
	if l.any == nil {
		if bytes.HasPrefix(s, l.lit) {
			return len(l.lit)
		}
		return -1
	}
	i, k := 0, 0
	for _, wild := range l.any {
		if i >= len(s) {
			return -1
		}
		_, n := utf8.DecodeRune(s[i:])
		_, w := utf8.DecodeRune(l.lit[k:])
		if !wild && !bytes.Equal(s[i:i+n], l.lit[k:k+w]) {
			return -1
		}
		i, k = i+n, k+w
	}
	return i
}

// find looks for the part anywhere in s.
func (l *likePart) find(s []byte) (at, n int) {
	if l.any == nil {
		return bytes.Index(s, l.lit), len(l.lit)
	}
	for i := 0; i < len(s); {
		if n := l.at(s[i:]); n >= 0 {
			return i, n
		}
		_, w := utf8.DecodeRune(s[i:])
		i += w
	}
	return -1, 0
}

// atEnd matches the part at the end of s.
func (l *likePart) atEnd(s []byte) bool {
	if l.any == nil {
		return bytes.HasSuffix(s, l.lit)
	}
	i := len(s)
	for range l.any {
		if i == 0 {
			return false
		}
		_, n := utf8.DecodeLastRune(s[:i])
		i -= n
	}
	return l.at(s[i:]) == len(s)-i
}

func (m *likePattern) match(s []byte) bool {
	parts := m.parts
	if len(parts) == 0 {
		return m.open || len(s) == 0
	}
	if !m.open {
		n := parts[0].at(s)
		if n < 0 {
			return false
		}
		s = s[n:]
		if parts = parts[1:]; len(parts) == 0 {
			return m.close || len(s) == 0
		}
	}
	last := len(parts)
	if !m.close {
		last--
	}
	for k := range parts[:last] {
		at, n := parts[k].find(s)
		if at < 0 {
			return false
		}
		s = s[at+n:]
	}
	return m.close || parts[last].atEnd(s)
}
