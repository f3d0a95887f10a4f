package promote

import (
	"errors"
	"fmt"

	"github.com/riffle-io/riffle/sql/syntax"
)

// LocatedError is an error of a query whose text names a place that its reader can find. Line and Col are that
// place in the text that a person wrote, 0 when the promotion wrote what is wrong.
type LocatedError struct {
	Line, Col int
	Msg, Hint string // the text in its parts
	text      string
	err       error
}

func (e *LocatedError) Error() string { return e.text }

// Unwrap is the error of the text that was bound, whose places are others.
func (e *LocatedError) Unwrap() error { return e.err }

// refuse wraps an error of a script that was made of the query: the script has the edited text of d
// from byte from on. The place that the error names becomes one in the text that a person wrote;
// where there is none, because the promotion wrote it, the line of the script is shown and named so.
func (w *work) refuse(err error, script string, from int, d *draft) error {
	var se *syntax.Error
	if !errors.As(err, &se) {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	file := ""
	if w.r.File != "" {
		file = w.r.File + ", "
	}
	pos, end, ok := d.original(se.Pos-from, se.End-from)
	out := &LocatedError{Msg: se.Msg, Hint: se.Hint, text: file + "in the job that it would become, ", err: err}
	if ok {
		se, script = moved(se, w.r.SQL, d.at+pos, d.at+end), w.r.SQL
		out.Line, out.Col, out.text = se.Line, se.Col, file
	}
	out.text += se.Format(script)
	return fmt.Errorf("%w: %w", ErrRefused, out)
}

// moved is an error at another place of another text.
func moved(e *syntax.Error, text string, pos, end int) *syntax.Error {
	out := *e
	out.Pos, out.End = pos, end
	out.Line, out.Col = syntax.LineCol(text, pos)
	return &out
}

// original finds the range of the text that a range of the edited text came from. A place within a
// replacement is that of what was replaced; an insertion has none.
func (d *draft) original(pos, end int) (from, to int, ok bool) {
	if from, ok = d.unedited(pos, false); !ok {
		return 0, 0, false
	}
	to, ok = d.unedited(end, true)
	return from, max(from, to), ok
}

// unedited is one place of the text before the edits, which apply has put in order. last asks for the end of what was replaced.
func (d *draft) unedited(pos int, last bool) (int, bool) {
	if pos < 0 {
		return 0, false
	}
	shift := 0 // of the edited text against the original, up to here
	for _, e := range d.edits {
		switch start := e.from + shift; {
		case pos < start || last && pos == start:
			return pos - shift, true
		case pos < start+len(e.text) || last && pos == start+len(e.text):
			if last {
				return e.to, e.to > e.from
			}
			return e.from, e.to > e.from
		}
		shift += len(e.text) - (e.to - e.from)
	}
	pos -= shift
	return pos, pos <= len(d.text)
}

// plainly leaves out of an error where in a statement it was found: one that the promotion wrote, and
// that nobody else has seen.
func plainly(err error) error {
	var se *syntax.Error
	if !errors.As(err, &se) {
		return err
	}
	return &LocatedError{Msg: se.Msg, Hint: se.Hint, text: se.Msg, err: err}
}
