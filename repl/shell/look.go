package shell

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/riffle-io/riffle/repl"
	"github.com/riffle-io/riffle/repl/render"
)

// plotKinds are the charts of .plot.
var plotKinds = []string{"bar", "line", "hist"}

// Sizes of charts: bars are read one by one, points of a line are not.
const (
	plotBars   = 50
	plotPoints = 100_000
)

func (sh *Shell) chart() render.ChartOptions {
	return render.ChartOptions{Width: sh.o.Width, ASCII: sh.o.ASCII || sh.o.Plain}
}

func (sh *Shell) plot(_ context.Context, args []string) error {
	if err := takes("plot", args, 2, 4); err != nil {
		return err
	}
	if !slices.Contains(plotKinds, args[0]) {
		return fmt.Errorf("there is no plot %q; there are %s", args[0], strings.Join(plotKinds, ", "))
	}
	want := 2
	if args[0] == "hist" {
		want = 1
	}
	if len(args) < 1+want {
		return takes("plot", nil, 1, 1)
	}
	r, err := sh.result(args[1+want:])
	if err != nil {
		return err
	}
	cols := make([]int, want)
	for i := range cols {
		if cols[i], err = columnOf(r, args[1+i]); err != nil {
			return err
		}
	}
	text, shown, err := sh.draw(args[0], r, cols)
	if err != nil {
		return err
	}
	sh.print(text)
	if shown < r.Rows() {
		sh.say("%s of %s rows drawn", render.Count(shown), render.Count(r.Rows()))
	}
	return nil
}

// columnOf finds a column of a result by its name or its number from 1.
func columnOf(r *repl.Result, name string) (int, error) {
	var names []string
	for i, c := range r.Columns() {
		if strings.EqualFold(c.Name, name) {
			return i, nil
		}
		names = append(names, c.Name)
	}
	if n, err := strconv.Atoi(name); err == nil && n >= 1 && n <= len(names) {
		return n - 1, nil
	}
	return 0, fmt.Errorf("%s has no column %s; it has %s", r.Name(), name, strings.Join(names, ", "))
}

func (sh *Shell) draw(kind string, r *repl.Result, cols []int) (text string, shown int64, err error) {
	limit := plotPoints
	if kind == "bar" {
		limit = plotBars
	}
	last := cols[len(cols)-1]
	ys, err := r.Float(0, limit, last)
	if err != nil {
		return "", 0, err
	}
	shown = int64(len(ys))
	if allNaN(ys) && len(ys) > 0 {
		return "", 0, fmt.Errorf("column %s has no numbers", r.Columns()[last].Name)
	}
	yText := axisText(r.Columns()[last])
	switch kind {
	case "hist":
		return render.Histogram(ys, 0, yText, sh.chart()), shown, nil
	case "bar":
		rows, err := r.Page(0, limit, cols[:1])
		if err != nil {
			return "", 0, err
		}
		labels := make([]string, len(rows))
		for i, row := range rows {
			labels[i] = row[0].Text
		}
		return render.Bars(labels, ys, sh.chart()), shown, nil
	}
	xs, err := r.Float(0, limit, cols[0])
	if err != nil {
		return "", 0, err
	}
	xText := axisText(r.Columns()[cols[0]])
	if allNaN(xs) { // no numbers: in the order of the rows
		for i := range xs {
			xs[i] = float64(i + 1)
		}
		xText = render.Short
	}
	return render.Line(xs, ys, xText, yText, sh.chart()), shown, nil
}

func allNaN(v []float64) bool {
	return !slices.ContainsFunc(v, func(f float64) bool { return !math.IsNaN(f) })
}

// axisText writes a value of a column at an axis.
func axisText(c repl.Column) func(float64) string {
	if !c.Temporal {
		return render.Short
	}
	return func(f float64) string {
		t := time.UnixMicro(int64(f * 1e6)).UTC()
		switch {
		case c.Type == "DATE", f == math.Trunc(f/86400)*86400:
			return t.Format("2006-01-02")
		case c.Type == "TIME":
			return t.Format("15:04:05")
		}
		return t.Format("2006-01-02 15:04:05")
	}
}

func (sh *Shell) profile(ctx context.Context, args []string) error {
	if err := takes("profile", args, 2, 2); err != nil {
		return err
	}
	p, err := sh.s.Profile(ctx, sh.s.Source(args[0]), args[1])
	if err != nil {
		return err
	}
	sh.print(p.Text(sh.chart()))
	return nil
}

func (sh *Shell) inspect(_ context.Context, args []string) error {
	if err := takes("inspect", args, 1, 1); err != nil {
		return err
	}
	f, err := sh.s.InspectParquet(unquote(args[0]))
	if err != nil {
		return err
	}
	sh.print(f.Text(false))
	return nil
}

func (sh *Shell) prune(ctx context.Context, args []string) error {
	query := strings.TrimRight(args[0], "; ")
	if query == "" {
		query = strings.TrimRight(sh.last, "; ")
	}
	if query == "" {
		return takes("prune", nil, 1, 1)
	}
	m, err := sh.s.Prune(ctx, query)
	if err != nil {
		return err
	}
	sh.print(m.Text())
	return nil
}
