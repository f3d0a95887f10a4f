// Package csv reads comma-separated files (RFC 4180, and the usual variations) and standard input.
//
//	bytes ─► scanner (records of fields) ─► columns, types inferred from the first records
//
// The separator (comma, semicolon, tab or bar) and whether there is a header are found out from
// the beginning of the file. An empty field that is not quoted is NULL. A field that does not fit
// its column is an error that names file, line and column.
//
// What it does not do: it does not split a file between tasks, since a line end may be inside
// quotes.
package csv

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// ErrSyntax means that a file is not CSV, or that a field does not fit its column.
var ErrSyntax = errors.New("bad CSV")

// maxRecord bounds a record, so that a missing quote is an error and not an endless read.
const maxRecord = 16 << 20

// scanner splits bytes into records. Fields are slices of its buffer, good until the next call.
type scanner struct {
	r      io.Reader
	sep    byte
	buf    []byte
	at     int // start of the next record
	end    int // end of the bytes in buf
	eof    bool
	line   int // of the record returned last, from 1
	lines  int // line ends passed
	fields [][]byte
	quoted []bool
}

func newScanner(r io.Reader, sep byte) *scanner {
	return &scanner{r: r, sep: sep, buf: make([]byte, 256<<10)}
}

// fill reads more bytes behind those that are left.
func (s *scanner) fill() error {
	if s.at > 0 {
		copy(s.buf, s.buf[s.at:s.end])
		s.end -= s.at
		s.at = 0
	}
	if s.end == len(s.buf) {
		if len(s.buf) >= maxRecord {
			return fmt.Errorf("%w: line %d: record is longer than %d MB; is a quote missing?", ErrSyntax, s.lines+1, maxRecord>>20)
		}
		s.buf = append(s.buf, make([]byte, len(s.buf))...)
	}
	n, err := s.r.Read(s.buf[s.end:])
	s.end += n
	if err == io.EOF {
		s.eof, err = true, nil
	}
	return err
}

// next returns the fields of the next record and which were quoted; io.EOF after the last. Empty
// lines are passed over.
func (s *scanner) next() error {
	for {
		n, ok, err := s.record()
		if err != nil {
			return err
		}
		if ok {
			s.at += n
			if len(s.fields) == 1 && len(s.fields[0]) == 0 && !s.quoted[0] {
				continue
			}
			return nil
		}
		if s.eof {
			if s.at == s.end {
				return io.EOF
			}
			return fmt.Errorf("%w: line %d: quoted field does not end", ErrSyntax, s.lines+1)
		}
		if err := s.fill(); err != nil {
			return err
		}
	}
}

// record tries to split the record at s.at; ok is false when more bytes are needed. Quoted fields
// are unquoted in place, which is why nothing is kept when a record turns out to be incomplete.
func (s *scanner) record() (n int, ok bool, err error) {
	b := s.buf[s.at:s.end]
	end, lines, ok := recordEnd(b)
	if !ok {
		if !s.eof || len(b) == 0 || end < 0 {
			return 0, false, nil
		}
		end = len(b) // last line without a line end
	}
	s.fields, s.quoted = s.fields[:0], s.quoted[:0]
	s.line = s.lines + 1
	s.lines += lines
	n = end
	if ok {
		n++
	}
	rec := b[:end]
	if len(rec) > 0 && rec[len(rec)-1] == '\r' {
		rec = rec[:len(rec)-1]
	}
	for {
		f, rest, more, err := s.field(rec)
		if err != nil {
			return 0, false, err
		}
		s.fields = append(s.fields, f)
		if !more {
			return n, true, nil
		}
		rec = rest
	}
}

// recordEnd finds the line end that is not inside quotes. end is -1 when b ends inside quotes.
func recordEnd(b []byte) (end, lines int, ok bool) {
	i := bytes.IndexByte(b, '\n')
	if i < 0 {
		i = len(b)
	}
	if bytes.IndexByte(b[:i], '"') < 0 {
		if i == len(b) {
			return 0, 0, false
		}
		return i, 1, true
	}
	in := false
	for k, c := range b {
		switch c {
		case '"':
			in = !in
		case '\n':
			lines++
			if !in {
				return k, lines, true
			}
		}
	}
	if in {
		return -1, lines, false
	}
	return 0, lines, false
}

// field takes the first field off rec.
func (s *scanner) field(rec []byte) (f, rest []byte, more bool, err error) {
	if len(rec) == 0 || rec[0] != '"' {
		s.quoted = append(s.quoted, false)
		i := bytes.IndexByte(rec, s.sep)
		if i < 0 {
			return rec, nil, false, nil
		}
		return rec[:i], rec[i+1:], true, nil
	}
	s.quoted = append(s.quoted, true)
	out := rec[1:1]
	for i := 1; i < len(rec); i++ {
		if rec[i] != '"' {
			out = append(out, rec[i])
			continue
		}
		if i+1 < len(rec) && rec[i+1] == '"' {
			out = append(out, '"')
			i++
			continue
		}
		switch {
		case i+1 == len(rec):
			return out, nil, false, nil
		case rec[i+1] == s.sep:
			return out, rec[i+2:], true, nil
		}
		return nil, nil, false, fmt.Errorf("%w: line %d: text after a closing quote", ErrSyntax, s.line)
	}
	return nil, nil, false, fmt.Errorf("%w: line %d: quoted field does not end", ErrSyntax, s.line)
}
