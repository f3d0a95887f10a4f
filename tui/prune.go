package tui

import (
	"fmt"
	"path/filepath"

	"github.com/riffle-io/riffle/repl"
	"github.com/riffle-io/riffle/repl/render"
	"github.com/riffle-io/riffle/tui/canvas"
	"github.com/riffle-io/riffle/tui/widget"
)

func (in *inspector) pruneTitle() (string, string) {
	if in.prune == nil {
		return "What will the query read?", ""
	}
	return "What will the query read?", fmt.Sprintf("%d of %d row groups", in.prune.GroupsRead, in.prune.Groups)
}

// setPrune makes the lines of a pruning map: a letter for each row group, then what the letters mean.
func (in *inspector) setPrune(m *repl.PruneMap, why string) {
	in.prune, in.failed = m, why
	if m == nil {
		in.why.Lines = widget.Paragraph(why)
		return
	}
	in.why.Lines = nil
	add := func(parts ...canvas.Part) { in.why.Lines = append(in.why.Lines, parts) }
	legend := m.Legend()
	for _, t := range m.Tables {
		for _, f := range t.Files {
			add(canvas.Part{Text: filepath.Base(f.Path), S: canvas.Title}, canvas.Part{Text: "  " + render.Bytes(f.Size), S: canvas.Dim})
			for at := 0; at < len(f.Groups); at += groupsLine {
				line := widget.Line{{Text: "  "}}
				for i := at; i < min(at+groupsLine, len(f.Groups)); i++ {
					line = append(line, canvas.Part{Text: legend.Letter(&f.Groups[i]), S: groupStyle(f.Groups[i].Read)})
				}
				add(line...)
			}
		}
	}
	add()
	add(canvas.Part{Text: "R", S: canvas.Good}, canvas.Part{Text: fmt.Sprintf("  read  %d", m.GroupsRead)})
	for _, r := range legend.Reasons {
		add(canvas.Part{Text: r.Letter, S: canvas.Dim}, canvas.Part{Text: fmt.Sprintf("  skipped %s  %d", r.Text, r.Groups)})
	}
	add()
	for _, t := range m.Totals()[1:] { // the title has the row groups
		add(canvas.Part{Text: t[0] + ": " + t[1]})
	}
}

func groupStyle(read bool) canvas.Style {
	if read {
		return canvas.Good
	}
	return canvas.Dim
}

// groupsLine is how many row groups stand on a line.
const groupsLine = 50

func (in *inspector) drawPrune(r canvas.Region, focus bool) {
	in.why.Draw(r.Sub(1, 0, r.W-2, r.H), in.e.a.theme, focus)
}

func (in *inspector) columnTitle() (string, string) {
	if c := in.selected(); c != nil {
		return "Column " + c.Column, "bytes by row group"
	}
	return "Row groups", "bytes"
}

// drawColumn draws how large the chosen column, or everything, is in each row group.
func (in *inspector) drawColumn(r canvas.Region, _ bool) {
	chosen := in.selected()
	var labels []string
	var sizes []float64
	for i, g := range in.file.RowGroups {
		size := g.Compressed
		if chosen != nil {
			size = 0
			for _, c := range g.Chunks {
				if c.Column == chosen.Column {
					size = c.Compressed
				}
			}
		}
		labels, sizes = append(labels, itoa(i)), append(sizes, float64(size))
	}
	more := len(sizes) - r.H
	if more > 0 {
		n := r.H - 1
		r.Text(1, n, fmt.Sprintf("%d more row groups", len(sizes)-n), canvas.Dim)
		labels, sizes = labels[:n], sizes[:n]
	}
	widget.Bars(r.Sub(1, 0, r.W-2, r.H), in.e.a.theme, labels, sizes)
}
