package repl

import (
	"context"
	"strings"

	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/sql/syntax"
)

// notTable is the error of a text that cannot name a table; of one in quotes, such as a topic with a
// range that is none, it is what is wrong inside them.
func notTable(table, text string, err error) error {
	if err != nil && strings.HasPrefix(table, "'") {
		return &StatementError{Text: describeErrors(err, text), Err: ErrSyntax}
	}
	return misuse("%s is no table: a name, or a path in quotes", table)
}

// Unbounded tells whether a table, as SQL text names it, does not end.
func (s *Session) Unbounded(ctx context.Context, table string) (bool, error) {
	text := "SELECT * FROM " + table
	script, err := syntax.Parse(text)
	if err != nil {
		return false, notTable(table, text, err)
	}
	bound, err := s.begin(ctx, s.out, nil).bind(script.Stmts[0], text)
	if err != nil {
		return false, err
	}
	root, _ := planOf(bound)
	return plan.Unbounded(root), nil
}
