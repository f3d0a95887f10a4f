package shell

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/riffle-io/riffle/repl"
	"github.com/riffle-io/riffle/repl/render"
)

// modes are the formats of .mode.
func modes() []string { return render.Formats }

// sql runs a statement on behalf of a command.
func (sh *Shell) sql(ctx context.Context, text string) error {
	return sh.s.StartTo(ctx, text, repl.Output{Notice: sh.say, Result: sh.writer}).Wait()
}

func (sh *Shell) tables(ctx context.Context, args []string) error {
	if err := takes("tables", args, 0, 0); err != nil {
		return err
	}
	nodes, err := sh.s.Children(ctx, "tables:")
	if err != nil {
		return err
	}
	results, err := sh.s.Children(ctx, "results:")
	if err != nil {
		return err
	}
	nodes = append(nodes, results...)
	if len(nodes) == 0 {
		sh.say("no tables yet: .open FILE, CREATE TABLE, or SELECT … FROM 'file.parquet'")
		return nil
	}
	return sh.list([]string{"name", "kind", "what"}, nodes, func(n repl.Node) []string { return []string{n.Label, n.Kind, n.Detail} })
}

// list shows nodes as a result.
func (sh *Shell) list(names []string, nodes []repl.Node, row func(repl.Node) []string) error {
	var rows [][]string
	for _, n := range nodes {
		rows = append(rows, row(n))
	}
	return sh.rows(names, rows)
}

// rows shows rows of text as a result.
func (sh *Shell) rows(names []string, rows [][]string) error {
	w, err := sh.writer(render.TextOptions(names))
	if err != nil {
		return err
	}
	if err := render.TextRows(w, len(names), rows); err != nil {
		return err
	}
	return w.Close()
}

func (sh *Shell) schema(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return sh.tables(ctx, nil)
	}
	return sh.sql(ctx, "DESCRIBE "+sh.s.Source(strings.Join(args, " ")))
}

func (sh *Shell) mode(_ context.Context, args []string) error {
	if err := takes("mode", args, 0, 1); err != nil {
		return err
	}
	if len(args) == 0 {
		now := sh.format
		if now == "" {
			now = "by itself"
		}
		sh.say("mode is %s; there are %s", now, strings.Join(modes(), ", "))
		return nil
	}
	if !slices.Contains(modes(), args[0]) {
		return fmt.Errorf("%w %q; there are %s", render.ErrFormat, args[0], strings.Join(modes(), ", "))
	}
	sh.format, sh.vertical = args[0], false
	return nil
}

func (sh *Shell) expand(context.Context, []string) error {
	sh.vertical = !sh.vertical
	sh.say("expanded display is %s", map[bool]string{true: "on", false: "off"}[sh.vertical])
	return nil
}

func (sh *Shell) open(ctx context.Context, args []string) error {
	if err := takes("open", args, 1, 1); err != nil {
		return err
	}
	before := sh.s.Catalog().Names()
	if err := sh.s.Catalog().AddSource(ctx, unquote(args[0])); err != nil {
		return err
	}
	var made []string
	for _, n := range sh.s.Catalog().Names() {
		if !slices.Contains(before, n) {
			made = append(made, n)
		}
	}
	sh.say("%s is table %s", unquote(args[0]), strings.Join(made, ", "))
	return nil
}

// read runs the statements and commands of a file. It stops at the first error.
func (sh *Shell) read(ctx context.Context, args []string) error {
	if err := takes("read", args, 1, 1); err != nil {
		return err
	}
	data, err := os.ReadFile(unquote(args[0]))
	if err != nil {
		return err
	}
	text := ""
	for n, line := range strings.Split(string(data), "\n") {
		trimmed := strings.TrimSpace(line)
		switch {
		case text == "" && (trimmed == "" || strings.HasPrefix(trimmed, "--")):
			continue
		case text == "" && isMeta(trimmed):
			if err := sh.meta(ctx, trimmed); err != nil {
				return fmt.Errorf("%s, line %d: %w", unquote(args[0]), n+1, err)
			}
			continue
		}
		if text += line + "\n"; repl.Ends(text) {
			if err := sh.execute(ctx, text); err != nil {
				return err
			}
			text = ""
		}
	}
	if strings.TrimSpace(text) != "" {
		return sh.execute(ctx, text)
	}
	return nil
}

func (sh *Shell) setTimer(_ context.Context, args []string) error {
	switch {
	case len(args) == 0:
		sh.timer = !sh.timer
	case len(args) == 1 && (args[0] == "on" || args[0] == "off"):
		sh.timer = args[0] == "on"
	default:
		return takes("timer", args, 2, 2)
	}
	sh.say("timer is %s", map[bool]string{true: "on", false: "off"}[sh.timer])
	return nil
}

func (sh *Shell) limit(_ context.Context, args []string) error {
	if err := takes("limit", args, 1, 1); err != nil {
		return err
	}
	n := int64(-1)
	if args[0] != "off" {
		var err error
		if n, err = strconv.ParseInt(args[0], 10, 64); err != nil || n < 0 {
			return takes("limit", args, 2, 2)
		}
	}
	sh.s.Configure(func(s *repl.Settings) { s.Limit = n })
	return nil
}

// result finds the result that the last argument names; none is the last one.
func (sh *Shell) result(args []string) (*repl.Result, error) {
	if len(args) == 0 {
		return sh.s.LookupResult("_")
	}
	return sh.s.LookupResult(args[0])
}

func (sh *Shell) lastResult(_ context.Context, args []string) error {
	if err := takes("last", args, 0, 1); err != nil {
		return err
	}
	r, err := sh.result(args)
	if err != nil {
		return err
	}
	w, err := sh.writer(r.Render())
	if err != nil {
		return err
	}
	return r.CopyTo(w, -1)
}

func (sh *Shell) export(ctx context.Context, args []string) error {
	if err := takes("export", args, 1, 2); err != nil {
		return err
	}
	r, err := sh.result(args[1:])
	if err != nil {
		return err
	}
	file := unquote(args[0])
	if filepath.Ext(file) == ".md" {
		return sh.exportMarkdown(r, file)
	}
	return sh.s.StartTo(ctx, fmt.Sprintf("COPY (SELECT * FROM %s) TO '%s'", r.Name(), strings.ReplaceAll(file, "'", "''")), repl.Output{Notice: sh.say}).Wait()
}

func (sh *Shell) exportMarkdown(r *repl.Result, file string) error {
	if sh.s.ReadOnly {
		return repl.ErrReadOnly
	}
	if err := r.WriteMarkdown(file, nil); err != nil {
		return err
	}
	sh.say("%s rows written to %s", render.Count(r.Rows()), file)
	return nil
}

func (sh *Shell) diff(ctx context.Context, args []string) error {
	if err := takes("diff", args, 2, 2); err != nil {
		return err
	}
	d, err := sh.s.Diff(ctx, args[0], args[1])
	if err != nil {
		return err
	}
	for _, c := range d.Columns {
		sh.print(c + "\n")
	}
	if d.Rows != nil {
		w, err := sh.writer(d.Rows.Render())
		if err != nil {
			return err
		}
		if err := d.Rows.CopyTo(w, -1); err != nil {
			return err
		}
	}
	switch {
	case d.Same():
		sh.say("no difference")
	case len(d.Columns) == 0:
		sh.say("%s rows only in %s, %s only in %s", render.Count(d.OnlyA), args[0], render.Count(d.OnlyB), args[1])
	}
	return nil
}
