package main

import (
	"github.com/spf13/cobra"

	"github.com/riffle-io/riffle/sql/syntax"
)

func (a *app) explainCommand() *cobra.Command {
	q := &queryFlags{}
	q.set.Limit = -1
	analyze, cost, prune, lint, unbounded := false, false, false, false, false
	cmd := &cobra.Command{Use: "explain QUERY|FILE.sql [source...]", Short: "Show how a query is computed, or what keeps it from becoming a job",
		Example: "  riffle explain \"SELECT origin, count(*) FROM 'flights.parquet' GROUP BY 1\"\n  riffle explain --analyze \"SELECT count(*) FROM 'flights.parquet' WHERE delay > 60\"\n  riffle explain --cost \"SELECT origin, count(*) FROM 'flights.parquet' GROUP BY 1\"\n  riffle explain --lint --unbounded query.sql",
		Args:    between(1, -1),
		RunE: func(cmd *cobra.Command, args []string) error {
			text, err := querySide(args[0])
			if err != nil {
				return err
			}
			if prune {
				return a.prune(cmd, text)
			}
			s, err := a.session(q)
			if err != nil {
				return err
			}
			for _, src := range args[1:] {
				if err := s.Catalog().AddSource(cmd.Context(), src); err != nil {
					return err
				}
			}
			if lint || unbounded {
				return a.lint(cmd.Context(), s, args[0], text, unbounded)
			}
			if err := onlyDeclares(text); cost && err != nil {
				return err
			}
			word := "EXPLAIN "
			switch {
			case cost && analyze:
				return usage("--cost runs nothing and --analyze runs the query: choose one")
			case cost && a.json:
				word = "EXPLAIN (COST, FORMAT json) "
			case cost:
				word = "EXPLAIN (COST) "
			case analyze:
				word = "EXPLAIN ANALYZE "
			}
			return s.ExecutePlain(cmd.Context(), beforeLast(text, word), a.out)
		}}
	q.add(cmd)
	cmd.Flags().BoolVar(&analyze, "analyze", false, "run it, and show what each operator did")
	cmd.Flags().BoolVar(&cost, "cost", false, "the plan with what the optimizer expects of every operator: rows, bytes of tables, state of streams; nothing runs")
	cmd.Flags().Bool("plan", false, "the plan, with the rows that each scan is thought to give: what it shows without a flag")
	cmd.Flags().BoolVar(&prune, "prune", false, "show which row groups of Parquet files it would read, and why not the others")
	cmd.Flags().BoolVar(&lint, "lint", false, "say what a job of it would need: exit code 5 when it cannot become one; no rows are read")
	cmd.Flags().BoolVar(&unbounded, "unbounded", false, "with --lint: as if its files were topics")
	return cmd
}

// beforeLast puts a word before the last statement of a text: declarations may stand before it.
func beforeLast(text, word string) string {
	at := 0
	if script, err := syntax.Parse(text); err == nil && len(script.Stmts) > 0 {
		at = script.Stmts[len(script.Stmts)-1].Pos()
	}
	return text[:at] + word + text[at:]
}

// onlyDeclares returns an error when a statement before the last would do more than declare. What
// cannot be parsed is left to who runs it.
func onlyDeclares(text string) error {
	script, err := syntax.Parse(text)
	if err != nil {
		return nil
	}
	for _, stmt := range script.Stmts[:max(0, len(script.Stmts)-1)] {
		switch s := stmt.(type) {
		case *syntax.CreateTable:
			if s.Query == nil {
				continue
			}
		case *syntax.CreateView, *syntax.Set, *syntax.Reset:
			continue
		}
		return usage("--cost runs nothing: before its query there can be declarations, not %s", text[stmt.Pos():stmt.End()])
	}
	return nil
}
