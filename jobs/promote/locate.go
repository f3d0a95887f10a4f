package promote

import (
	"errors"
	"fmt"

	"github.com/riffle-io/riffle/sql/syntax"
)

// located is an error whose text names a place that its reader can find.
type located struct {
	text string
	err  error
}

func (e *located) Error() string { return e.text }
func (e *located) Unwrap() error { return e.err }

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
	text := file + "in the job that it would become, "
	if ok {
		text = file
		se, script = moved(se, w.r.SQL, d.at+pos, d.at+end), w.r.SQL
	}
	return fmt.Errorf("%w: %w", ErrRefused, &located{text + se.Format(script), err})
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
	return &located{se.Msg, err}
}
