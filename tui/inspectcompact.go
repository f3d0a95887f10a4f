package tui

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/riffle-io/riffle/repl"
	"github.com/riffle-io/riffle/repl/render"
	"github.com/riffle-io/riffle/tui/canvas"
	"github.com/riffle-io/riffle/tui/widget"
)

// askCompact works out what a compacted copy of the inspected file would be.
func (e *explore) askCompact() tea.Cmd {
	path := e.insp.file.Path
	return e.planCompact(repl.CompactRequest{Paths: []string{path}, Out: freeName(path), DryRun: true})
}

// freeName is a name for the copy of a file that is not taken, in the working directory.
func freeName(path string) string {
	base := filepath.Base(path)
	ext := filepath.Ext(base)
	stem := strings.TrimSuffix(base, ext) + "-compact"
	for n, name := 2, stem+ext; ; n++ {
		if _, err := os.Lstat(name); err != nil {
			return name
		}
		name = fmt.Sprintf("%s-%d%s", stem, n, ext)
	}
}

// planCompact makes a dry run, then shows it and asks.
func (e *explore) planCompact(req repl.CompactRequest) tea.Cmd {
	req.DryRun = true
	return e.runCompact(req, func(c *repl.Compaction) tea.Cmd { return e.confirmCompact(req, c) })
}

// runCompact does it in the background and tells what went wrong, or calls then.
func (e *explore) runCompact(req repl.CompactRequest, then func(*repl.Compaction) tea.Cmd) tea.Cmd {
	return e.a.background(func(ctx context.Context) func() tea.Cmd {
		c, err := e.a.ses.CompactParquet(ctx, req)
		return func() tea.Cmd {
			if err != nil {
				e.a.say(canvas.Bad, firstLine(err.Error()))
				return nil
			}
			return then(c)
		}
	})
}

// confirmCompact shows a dry run; a second key writes the copy.
func (e *explore) confirmCompact(req repl.CompactRequest, c *repl.Compaction) tea.Cmd {
	var lines []widget.Line
	for l := range strings.Lines(c.Text()) {
		for _, w := range wrapLong(strings.TrimRight(l, "\n")) {
			lines = append(lines, widget.Line{{Text: w}})
		}
	}
	if sameDir(req.Paths[0], req.Out) {
		lines = append(lines, widget.Line{{Text: "a source that is this whole directory would have its rows twice", S: canvas.Warn}})
	}
	line := compactLine(req)
	lines = append(lines, widget.Line{{Text: "= " + line, S: canvas.Dim}})
	other := func() tea.Cmd {
		return e.a.ask(prompt{kind: "compact", help: "dry run", enter: func(name string) tea.Cmd {
			if name = strings.TrimSpace(name); name == "" {
				return nil
			}
			req.Out = name
			return e.planCompact(req)
		}}, "copy to ", req.Out)
	}
	return e.a.choose("Compact "+filepath.Base(req.Paths[0]), lines, choice{key: "n", text: "no"},
		choice{key: "y", text: "write " + req.Out, do: e.a.writing(func() tea.Cmd { return e.compact(req, line) })},
		choice{key: "o", text: "another name", do: other})
}

// wrapLong breaks a line that is longer than a dialog is wide; tables are not.
func wrapLong(line string) []string {
	if canvas.Width(line) <= 76 {
		return []string{line}
	}
	return wrap(line, 76)
}

func compactLine(req repl.CompactRequest) string {
	return "riffle parquet compact " + quote(req.Paths[0]) + " -o " + quote(req.Out)
}

// sameDir tells whether two files are in the same directory.
func sameDir(a, b string) bool {
	x, errX := os.Stat(filepath.Dir(a))
	y, errY := os.Stat(filepath.Dir(b))
	return errX == nil && errY == nil && os.SameFile(x, y)
}

// compact writes the copy in the background.
func (e *explore) compact(req repl.CompactRequest, line string) tea.Cmd {
	req.DryRun = false
	e.a.say(canvas.Text, "writing "+req.Out)
	return e.runCompact(req, func(c *repl.Compaction) tea.Cmd {
		e.a.record(line, "compact")
		e.a.say(canvas.Good, fmt.Sprintf("wrote %s: %d row groups instead of %d, %s instead of %s", c.Out,
			c.After.RowGroups, c.Before.RowGroups, render.Bytes(c.After.Bytes), render.Bytes(c.Before.Bytes)))
		return nil
	})
}
