package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/riffle-io/riffle/repl"
)

// parquetCompact writes one copy of files with full row groups.
func (a *app) parquetCompact() *cobra.Command {
	var req repl.CompactRequest
	cmd := &cobra.Command{Use: "compact FILE|DIR... -o OUT", Short: "Write one copy of files, with full row groups", Args: cobra.ArbitraryArgs,
		Long: "Write the rows of Parquet files, in their order, as one file with full row groups. The copy appears when it is\n" +
			"complete; it is never written over a file that is there, and the files that it was made from stay.",
		Example: "  riffle parquet compact hourly/ -o day.parquet --dry-run\n  riffle parquet compact hourly/ -o day.parquet --json",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 || req.Out == "" {
				return usage("riffle parquet compact takes files or directories, and -o OUT, the copy")
			}
			req.Paths = args
			s := repl.NewSession(repl.Output{Notice: a.notice})
			s.ReadOnly = a.readOnly
			c, err := s.CompactParquet(cmd.Context(), req)
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(struct {
					V int `json:"v"`
					*repl.Compaction
				}{1, c})
			}
			_, err = fmt.Fprint(a.out, c.Text())
			return err
		}}
	cmd.Flags().StringVarP(&req.Out, "output", "o", "", "the copy, which must not exist")
	cmd.Flags().BoolVar(&req.DryRun, "dry-run", false, "only tell what would be written")
	return cmd
}
