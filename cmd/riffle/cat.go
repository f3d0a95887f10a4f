package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/riffle-io/riffle/repl"
)

// catCommand prints all rows of a source. A topic needs an end: a range, --limit, --for or
// --until-end.
func (a *app) catCommand() *cobra.Command {
	q := &queryFlags{}
	cmd := &cobra.Command{Use: "cat SOURCE", Short: "Print the rows of a file or of a range of a topic", Args: exactly(1),
		Example: "  riffle cat flights.parquet -o ndjson\n  riffle cat kafka://localhost:9092/orders@-1h..now -o csv",
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := a.session(q)
			if err != nil {
				return err
			}
			if q.set.Limit < 0 && q.set.For == 0 && !q.set.UntilEnd && q.until == "" {
				if err := needEnd(cmd.Context(), s, args[0], ", or --limit N"); err != nil {
					return err
				}
			}
			return s.Execute(cmd.Context(), "SELECT * FROM "+quoteSource(args[0]))
		}}
	q.add(cmd)
	q.addStream(cmd)
	return cmd
}

// needEnd refuses a source that does not end; or names what would end it as well as a range.
func needEnd(ctx context.Context, s *repl.Session, source, or string) error {
	endless, err := s.Unbounded(ctx, quoteSource(source))
	if err == nil && endless {
		at, _, _ := strings.Cut(source[strings.LastIndexByte(source, '/'):], "@")
		topic := source[:strings.LastIndexByte(source, '/')] + at
		err = usage("%s does not end: give it a range such as %s@-1h..now%s", source, topic, or)
	}
	return err
}
