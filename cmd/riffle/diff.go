package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/riffle-io/riffle/repl"
)

func (a *app) diffCommand() *cobra.Command {
	q := &queryFlags{}
	q.set.Limit = -1
	cmd := &cobra.Command{Use: "diff A B", Short: "Compare the rows of two queries, files or tables",
		Long: "Compares rows as multisets, whatever their order. A and B are queries, .sql files with one, or sources. Rows that only\n" +
			"A has are marked -, those that only B has +. The exit code is 6 when there is a difference.",
		Example: "  riffle diff yesterday.parquet today.parquet\n  riffle diff q1.sql \"SELECT * FROM 'expected.csv'\"", Args: exactly(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := a.session(q)
			if err != nil {
				return err
			}
			sides := make([]string, 2)
			for i, arg := range args {
				if sides[i], err = querySide(arg); err != nil {
					return err
				}
			}
			d, err := s.Diff(cmd.Context(), sides[0], sides[1])
			if err != nil {
				return err
			}
			return a.showDiff(q, d)
		}}
	q.add(cmd)
	return cmd
}

// querySide is a query, the text of a .sql file, or a source.
func querySide(arg string) (string, error) {
	if filepath.Ext(arg) != ".sql" {
		return arg, nil
	}
	data, err := os.ReadFile(arg)
	if err != nil {
		return "", usage("%v", err)
	}
	return string(data), nil
}

func (a *app) showDiff(q *queryFlags, d *repl.Diff) error {
	if a.json {
		if err := a.printJSON(map[string]any{"v": 1, "same": d.Same(), "columns": d.Columns, "only_a": d.OnlyA, "only_b": d.OnlyB}); err != nil {
			return err
		}
	}
	if d.Same() {
		return nil
	}
	if len(d.Columns) > 0 {
		for _, c := range d.Columns {
			if !a.json {
				fmt.Fprintln(a.out, c)
			}
		}
		return &differs{"the columns differ"}
	}
	if !a.json {
		w, err := a.writer(q, d.Rows.Render())
		if err != nil {
			return err
		}
		if err := d.Rows.CopyTo(w, -1); err != nil {
			return err
		}
	}
	return &differs{fmt.Sprintf("%d rows only in A, %d only in B", d.OnlyA, d.OnlyB)}
}
