package sql

import (
	"errors"
	"fmt"
	"strings"

	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/sql/syntax"
)

// fail makes an error at n.
func (b *binder) fail(n syntax.Node, format string, args ...any) error {
	return b.failHint(n, "", format, args...)
}

// failHint makes an error at n that says what to do about it.
func (b *binder) failHint(n syntax.Node, hint, format string, args ...any) error {
	return syntax.NewError(b.opts.Source, n.Pos(), n.End(), fmt.Sprintf(format, args...), hint)
}

// unsupported is the error for what the grammar knows and the engine does not.
func (b *binder) unsupported(n syntax.Node, what string) error {
	return b.fail(n, "%s is not supported yet", what)
}

// at gives an error of another package the place n; an error that has a place keeps it.
func (b *binder) at(n syntax.Node, err error) error {
	var placed *syntax.Error
	if err == nil || errors.As(err, &placed) {
		return err
	}
	msg := err.Error()
	for _, prefix := range []error{expr.ErrArguments, expr.ErrNoFunction} {
		msg = strings.ReplaceAll(msg, prefix.Error()+": ", "")
	}
	e := b.fail(n, "%s", msg)
	if errors.As(e, &placed) && !errors.Is(err, expr.ErrArguments) && !errors.Is(err, expr.ErrNoFunction) {
		placed.Err = err
	}
	return e
}

// didYouMean is a hint, or "" when nothing is near.
func didYouMean(word string, candidates []string) string {
	if near := syntax.Suggest(word, candidates); near != "" && near != word {
		return "did you mean " + near + "?"
	}
	return ""
}

// span is a stretch of text between two nodes.
func span(from, to syntax.Node) syntax.Node { return syntax.Span{Start: from.Pos(), Stop: to.End()} }

func dotted(name []syntax.Ident) string {
	return strings.Join(parts(name), ".")
}

// parts are the names of identifiers.
func parts(name []syntax.Ident) []string {
	out := make([]string, len(name))
	for i, id := range name {
		out[i] = id.Name
	}
	return out
}
