package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/riffle-io/riffle/repl"
)

func (a *app) parquetCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "parquet", Short: "Look into Parquet files, and compact them",
		Example: "  riffle parquet meta flights.parquet\n  riffle parquet prune flights.parquet --where \"delay > 600\"",
		Args:    oneOfIts,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	cmd.AddCommand(a.parquetMeta("meta", "Show row groups, columns, encodings, sizes and statistics", false),
		a.parquetMeta("pages", "Show the pages of each column too", true), a.parquetPrune(), a.parquetCompact())
	return cmd
}

// parquetMeta shows what files say of themselves.
func (a *app) parquetMeta(name, short string, pages bool) *cobra.Command {
	return &cobra.Command{Use: name + " FILE...", Short: short, Example: "  riffle parquet " + name + " flights.parquet --json", Args: cobra.ArbitraryArgs,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage("riffle parquet %s takes a file", name)
			}
			s := repl.NewSession(repl.Output{})
			for i, path := range args {
				f, err := s.InspectParquet(path)
				if err != nil {
					return err
				}
				if !a.json {
					if i > 0 {
						fmt.Fprintln(a.out)
					}
					if _, err := fmt.Fprint(a.out, f.Text(pages)); err != nil {
						return err
					}
					continue
				}
				if err := a.printJSON(struct {
					V int `json:"v"`
					*repl.ParquetFile
				}{1, f}); err != nil {
					return err
				}
			}
			return nil
		}}
}

// parquetPrune shows what a condition lets a query skip of files.
func (a *app) parquetPrune() *cobra.Command {
	where, columns := "", "*"
	cmd := &cobra.Command{Use: "prune FILE...", Short: "Show which row groups a condition lets a query skip", Args: cobra.ArbitraryArgs,
		Example: "  riffle parquet prune flights.parquet --where \"delay > 600\" --columns origin,delay",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage("riffle parquet prune takes files")
			}
			for _, path := range args {
				query := "SELECT " + columns + " FROM " + quoteSource(path)
				if where != "" {
					query += " WHERE " + where
				}
				if err := a.prune(cmd, query); err != nil {
					return err
				}
			}
			return nil
		}}
	cmd.Flags().StringVar(&where, "where", "", "condition, as in SQL")
	cmd.Flags().StringVar(&columns, "columns", "*", "columns that are read, as in SELECT")
	return cmd
}

// prune prints the pruning map of a query.
func (a *app) prune(cmd *cobra.Command, query string) error {
	m, err := repl.NewSession(repl.Output{Notice: a.notice}).Prune(cmd.Context(), query)
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(struct {
			V int `json:"v"`
			*repl.PruneMap
		}{1, m})
	}
	_, err = fmt.Fprint(a.out, m.Text())
	return err
}
