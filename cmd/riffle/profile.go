package main

import (
	"context"
	"fmt"
	"math"

	"github.com/spf13/cobra"

	"github.com/riffle-io/riffle/repl"
	"github.com/riffle-io/riffle/repl/render"
)

func (a *app) profileCommand() *cobra.Command {
	q := &queryFlags{}
	q.set.Limit = -1
	cmd := &cobra.Command{Use: "profile SOURCE [COLUMN]", Short: "Describe the values of a column, or of all columns",
		Long: "Without a column, a line for each: nulls, distinct values, smallest and largest. With one, also its quantiles, most\n" +
			"frequent values and a histogram. What is estimated says so.",
		Example: "  riffle profile flights.parquet\n  riffle profile flights.parquet delay --json",
		Args:    cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) < 1 || len(args) > 2 {
				return usage("riffle profile takes a source and at most one column")
			}
			s, err := a.session(q)
			if err != nil {
				return err
			}
			if err := needEnd(cmd.Context(), s, args[0], ""); err != nil {
				return err
			}
			if len(args) == 1 {
				return a.profileAll(cmd.Context(), s, q, quoteSource(args[0]))
			}
			p, err := s.Profile(cmd.Context(), quoteSource(args[0]), args[1])
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(profileJSON(p))
			}
			width, _ := isTerminal(a.out)
			_, err = fmt.Fprint(a.out, p.Text(render.ChartOptions{Width: width, ASCII: a.ascii || a.plain}))
			return err
		}}
	q.add(cmd)
	return cmd
}

// profileAll writes a line for each column.
func (a *app) profileAll(ctx context.Context, s *repl.Session, q *queryFlags, source string) error {
	cols, err := s.ColumnNames(ctx, source)
	if err != nil {
		return err
	}
	var rows [][]string
	for _, c := range cols {
		p, err := s.Profile(ctx, source, c)
		if err != nil {
			return err
		}
		if a.json {
			if err := a.printJSON(profileJSON(p)); err != nil {
				return err
			}
			continue
		}
		distinct := render.Count(p.Distinct)
		if p.DistinctEstimated {
			distinct = "~" + distinct
		}
		median := ""
		for _, k := range p.Quantiles {
			if k.P == 0.5 {
				median = k.Text
			}
		}
		top := ""
		if len(p.Top) > 0 {
			top = fmt.Sprintf("%s (%s)", p.Top[0].Text, render.Count(p.Top[0].Rows))
		}
		rows = append(rows, []string{p.Column, p.Type, render.Count(p.Nulls), distinct, p.Min, median, p.Max, top})
	}
	if a.json {
		return nil
	}
	o := render.TextOptions([]string{"column", "type", "nulls", "distinct", "min", "median", "max", "most frequent"})
	w, err := a.writer(q, o)
	if err != nil {
		return err
	}
	if err := render.TextRows(w, len(o.Names), rows); err != nil {
		return err
	}
	return w.Close()
}

// profileJSON is a profile as an object; numbers that are none are left out, as JSON has no NaN.
func profileJSON(p *repl.Profile) map[string]any {
	out := map[string]any{"v": 1, "column": p.Column, "type": p.Type, "rows": p.Rows, "nulls": p.Nulls, "distinct": p.Distinct, "distinct_estimated": p.DistinctEstimated, "basis": p.Basis}
	if p.Min != "" {
		out["min"], out["max"] = p.Min, p.Max
	}
	for name, f := range map[string]float64{"mean": p.Mean, "stddev": p.Stddev} {
		if !math.IsNaN(f) && !math.IsInf(f, 0) {
			out[name] = f
		}
	}
	if len(p.Quantiles) > 0 {
		q := map[string]string{}
		for _, x := range p.Quantiles {
			q[fmt.Sprintf("p%g", x.P*100)] = x.Text
		}
		out["quantiles"], out["quantiles_estimated"] = q, p.QuantilesEstimated
	}
	var top []map[string]any
	for _, t := range p.Top {
		top = append(top, map[string]any{"value": t.Text, "rows": t.Rows})
	}
	out["top"] = top
	var bins []map[string]any
	for _, b := range p.Histogram {
		bins = append(bins, map[string]any{"from": b.LoText, "to": b.HiText, "rows": b.Rows})
	}
	out["histogram"] = bins
	return out
}
