package csv

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/riffle-io/riffle/dataflow/vec"
)

// looksLikeHeader is true when the first record has nothing but text and a column below one of its
// names is not text, or, when all columns are text, when its fields are there, distinct, and appear
// nowhere below.
func looksLikeHeader(recs [][]cell) bool {
	seen, distinct, named := map[string]bool{}, true, false
	for i, c := range recs[0] {
		if c.text != "" && cellType(c).Kind != vec.String {
			return false
		}
		distinct = distinct && c.text != "" && !seen[c.text]
		seen[c.text] = true
		named = named || c.text != "" && columnType(recs[1:], i).Kind != vec.String
	}
	if named || !distinct {
		return named
	}
	for _, r := range recs[1:] {
		for c := range r {
			if c < len(recs[0]) && r[c].text == recs[0][c].text {
				return false
			}
		}
	}
	return true
}

// readHeader takes the first record of a file. Files have their columns by name: one may have them in
// another order, or lack some, which are NULL then.
func (r *reader) readHeader() error {
	switch err := r.scan.next(); {
	case err == io.EOF:
		return nil
	case err != nil:
		return err
	}
	want, names := r.s.t.names, make([]string, len(r.scan.fields))
	for i, f := range r.scan.fields {
		names[i] = string(f)
	}
	if slices.Equal(names, want) {
		return nil
	}
	r.from = make([]int, max(len(want), r.width))
	for c := range r.from {
		r.from[c] = -1
		if c < len(want) {
			r.from[c] = slices.Index(names, want[c])
		}
	}
	r.width = len(names)
	unclear := len(slices.Compact(slices.Sorted(slices.Values(want)))) < len(want)
	for i, name := range names {
		if unclear || name == "" || !slices.Contains(want, name) || slices.Index(names, name) != i {
			return fmt.Errorf("%w: the first line is %q, where the header of %s is %q", ErrSyntax,
				brief(names), r.s.t.files[0].Name, brief(want))
		}
	}
	return nil
}

// brief is a header for people.
func brief(names []string) string {
	const most = 8
	if len(names) > most {
		names = append(slices.Clone(names[:most]), "…")
	}
	return strings.Join(names, ",")
}
