package tui

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/riffle-io/riffle/repl"
	"github.com/riffle-io/riffle/repl/render"
	"github.com/riffle-io/riffle/tui/canvas"
	"github.com/riffle-io/riffle/tui/keymap"
	"github.com/riffle-io/riffle/tui/widget"
)

// inspector shows what a Parquet file is made of, and what the editor's query will read.
type inspector struct {
	e      *explore
	ps     *panes
	file   *repl.ParquetFile // nil: only the query is looked at
	tree   widget.Tree
	prune  *repl.PruneMap
	query  string
	failed string // why there is no pruning map
	advice widget.Prose
	why    widget.Prose
}

func newInspector(e *explore) *inspector {
	in := &inspector{e: e}
	in.ps = newPanes(
		&pane{scope: "inspect/file", label: "file", side: true, shown: func() bool { return in.file != nil }, title: in.fileTitle, draw: in.drawFile},
		&pane{scope: "inspect/prune", label: "reads", title: in.pruneTitle, draw: in.drawPrune},
		&pane{scope: "inspect/advice", label: "advice", side: true, shown: func() bool { return in.file != nil }, title: in.adviceTitle,
			draw: func(r canvas.Region, f bool) { in.advice.Draw(r, e.a.theme, f) }},
		&pane{scope: "inspect/column", label: "column", side: true, mute: true, shown: func() bool { return in.file != nil },
			title: in.columnTitle, draw: in.drawColumn},
	)
	return in
}

func (e *explore) addInspectorKeys() {
	e.a.keys.Add(
		&keymap.Command{Keys: []string{"i"}, Scope: "explore/tree", Group: groupView, Title: "inspect a Parquet file", Short: "inspect",
			When: e.onParquet, Run: do(e.inspectNode)},
		&keymap.Command{Keys: []string{"f6"}, Scope: "explore", Group: groupView, Title: "what will it read?", Word: "prune", Run: do(e.pruneQuery)},
		&keymap.Command{Scope: "explore", Group: groupView, Title: "inspect a Parquet file (:inspect FILE)", Word: "inspect", Run: do(e.inspectNode),
			Line: func(args string) tea.Cmd { return e.inspect(strings.Trim(args, `'"`)) }},
	)
	e.a.keys.Add(&keymap.Command{Keys: []string{"C"}, Scope: "inspect", Group: groupView, Title: "write a compacted copy (dry run first)", Short: "compact",
		When: func() bool { return e.insp != nil && e.insp.file != nil }, Run: do(e.askCompact)})
	closing := &keymap.Command{Keys: []string{"esc", "i", "q"}, Scope: "inspect", Group: groupView, Title: "back", Short: "back", Run: just(func() { e.insp = nil })}
	e.a.keys.Add(closing)
	e.a.keys.Add(moveKeys("inspect/file", func(k string) { e.insp.tree.Key(k) }, false)...)
	e.a.keys.Add(moveKeys("inspect/prune", func(k string) { e.insp.why.Key(k) }, false)...)
	e.a.keys.Add(moveKeys("inspect/advice", func(k string) { e.insp.advice.Key(k) }, true)...)
	e.a.keys.Add(
		&keymap.Command{Keys: []string{"enter", "l", "right", "space"}, Scope: "inspect/file", Group: groupView, Title: "open, close", Short: "open", Run: e.openChunk},
		&keymap.Command{Keys: []string{"h", "left"}, Scope: "inspect/file", Group: groupView, Title: "close, one up", Run: just(func() { e.insp.tree.Key("h") })},
	)
	e.a.keys.Add(e.a.paneKeys("inspect", func() *panes { return e.insp.ps })...)
}

func (e *explore) openChunk(key string) tea.Cmd {
	t := &e.insp.tree
	n := t.Selected()
	switch {
	case n == nil:
	case n.Opened() && key != "l" && key != "right":
		t.Close(n)
	case t.Open(n):
		t.SetChildren(n.ID, e.insp.children(n))
	}
	return nil
}

// onParquet reports that the tree's cursor is on a Parquet file or a part of one.
func (e *explore) onParquet() bool { _, ok := e.parquetPath(); return ok }

func (e *explore) parquetPath() (string, bool) {
	for n := e.tree.Selected(); n != nil; n = n.Parent() {
		node, ok := n.Data.(repl.Node)
		if !ok {
			continue
		}
		path := strings.Trim(node.Insert, "'")
		if strings.HasSuffix(path, ".parquet") {
			return strings.ReplaceAll(path, "''", "'"), true
		}
	}
	return "", false
}

func (e *explore) inspectNode() tea.Cmd {
	path, ok := e.parquetPath()
	if !ok {
		e.a.say(canvas.Warn, "the cursor of the tree is not on a Parquet file")
		return nil
	}
	return e.inspect(path)
}

// inspect reads a file's metadata in the background and then shows it.
func (e *explore) inspect(path string) tea.Cmd {
	query, last := e.cursorQuery(), e.base.text
	return e.a.background(func(ctx context.Context) func() tea.Cmd {
		file, err := e.a.ses.InspectParquet(path)
		if err != nil {
			return func() tea.Cmd { e.a.say(canvas.Bad, firstLine(err.Error())); return nil }
		}
		m, why := e.readPrune(ctx, query)
		if m == nil && last != "" { // what stands in the editor may be half a query
			if m, _ = e.readPrune(ctx, last); m != nil {
				query = last
			}
		}
		return func() tea.Cmd {
			in := newInspector(e)
			in.file, in.query = file, query
			in.tree.SetRoots(in.groups())
			in.advice.Lines = adviceLines(file)
			in.setPrune(m, why)
			e.insp = in
			return nil
		}
	})
}

// pruneQuery shows what the statement under the cursor will read.
func (e *explore) pruneQuery() tea.Cmd { return e.pruneText(e.cursorQuery()) }

func (e *explore) pruneText(query string) tea.Cmd {
	if query == "" {
		e.a.say(canvas.Warn, "no statement under the cursor")
		return nil
	}
	return e.a.background(func(ctx context.Context) func() tea.Cmd {
		m, why := e.readPrune(ctx, query)
		return func() tea.Cmd {
			if m == nil {
				e.a.say(canvas.Bad, why)
				return nil
			}
			in := newInspector(e)
			in.query = query
			in.setPrune(m, why)
			in.ps.to("inspect/prune")
			e.insp = in
			return nil
		}
	})
}

func (e *explore) cursorQuery() string {
	b := e.editor.Buffer()
	from, to := repl.StatementAt(b.Text(), b.Pos())
	return strings.TrimSpace(b.Text()[from:to])
}

func (e *explore) readPrune(ctx context.Context, query string) (*repl.PruneMap, string) {
	if query == "" {
		return nil, "no query in the editor"
	}
	m, err := e.a.ses.Prune(ctx, query)
	if err != nil {
		return nil, firstLine(err.Error())
	}
	return m, ""
}

func (in *inspector) place(w, h int, narrow bool) {
	file, prune, advice, column := in.ps.list[0], in.ps.list[1], in.ps.list[2], in.ps.list[3]
	if narrow || in.file == nil {
		prune.at = rect{0, 0, w, h}
		return
	}
	fw := clamp(w*38/100+in.ps.grow[file.scope], 20, w-30)
	file.at = rect{0, 0, fw, h}
	ph, ah := h*2/5, h*3/10
	prune.at = rect{fw, 0, w - fw, ph}
	advice.at = rect{fw, ph, w - fw, ah}
	column.at = rect{fw, ph + ah, w - fw, h - ph - ah}
}

func (in *inspector) draw(r canvas.Region) { in.ps.draw(r, in.e.a.theme, in.place) }

func (in *inspector) status() canvas.Part {
	text := ""
	if in.file != nil {
		text = "= riffle parquet meta " + quote(in.file.Path) + "   "
	}
	if in.query != "" {
		text += "= riffle explain --prune " + quote(oneStatement(in.query))
	}
	return canvas.Part{Text: text, S: canvas.Dim}
}

func (in *inspector) fileTitle() (string, string) { return "File", "i back" }

// drawFile draws the file's summary and the tree of row groups, columns and pages.
func (in *inspector) drawFile(r canvas.Region, focus bool) {
	f := in.file
	t := in.e.a.theme
	r.Clip(t, 1, 0, r.W-12, filepath.Base(f.Path), canvas.Title)
	r.Right(r.W-1, 0, render.Bytes(f.Size), canvas.Text)
	r.Clip(t, 1, 1, r.W-2, "created by "+f.CreatedBy, canvas.Dim)
	index := "no"
	if f.PageIndex {
		index = "yes"
	}
	r.Clip(t, 1, 2, r.W-2, fmt.Sprintf("%s rows  %d row groups", render.Count(f.Rows), len(f.RowGroups)), canvas.Text)
	r.Clip(t, 1, 3, r.W-2, fmt.Sprintf("v%d  page index %s  blooms %d", f.Version, index, f.Blooms), canvas.Text)
	y := 4
	keys := make([]string, 0, len(f.Metadata))
	for k := range f.Metadata {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys[:min(2, len(keys))] {
		r.Clip(t, 1, y, r.W-2, k+"="+f.Metadata[k], canvas.Dim)
		y++
	}
	in.tree.Draw(r.Sub(0, y+1, r.W, r.H-y-1), t, focus)
}

// groups are the lines of the row groups.
func (in *inspector) groups() []*widget.Node {
	var out []*widget.Node
	for i, g := range in.file.RowGroups {
		out = append(out, &widget.Node{ID: itoa(i), Label: fmt.Sprintf("row group %d", i),
			Detail: render.Short(float64(g.Rows)) + " rows " + render.Bytes(g.Compressed), Data: &in.file.RowGroups[i]})
	}
	return out
}

// children are the lines below a row group, a column chunk or its pages.
func (in *inspector) children(n *widget.Node) []*widget.Node {
	var out []*widget.Node
	leaf := func(text string) {
		out = append(out, &widget.Node{ID: n.ID + "." + itoa(len(out)), Label: text, Leaf: true, Data: n.Data})
	}
	switch d := n.Data.(type) {
	case *repl.ParquetRowGroup:
		for i := range d.Chunks {
			c := &d.Chunks[i]
			out = append(out, &widget.Node{ID: n.ID + "." + itoa(i), Label: c.Column, Detail: c.Codec + " " + render.Bytes(c.Compressed), Data: c})
		}
	case *repl.ParquetChunk:
		leaf(chunkLine(d))
		leaf(strings.Join(d.Encodings, " "))
		if d.Stats {
			leaf("min " + d.Min)
			leaf("max " + d.Max)
		} else {
			leaf("no statistics: nothing can be skipped")
		}
		if d.BloomBytes > 0 {
			leaf("bloom filter " + render.Bytes(d.BloomBytes))
		}
		if len(d.Pages) > 0 {
			out = append(out, &widget.Node{ID: n.ID + ".pages", Label: "pages", Detail: itoa(len(d.Pages)), Data: d.Pages})
		}
	case []repl.ParquetPage:
		for _, p := range d {
			leaf(fmt.Sprintf("row %s: %s  %s .. %s", render.Count(p.FirstRow), render.Bytes(p.Bytes), p.Min, p.Max))
		}
	}
	return out
}

// chunkLine is a chunk's type with its values.
func chunkLine(c *repl.ParquetChunk) string {
	text := c.Type + "  " + render.Count(c.Values) + " values"
	if c.Nulls >= 0 {
		text += ", " + render.Count(c.Nulls) + " null"
	}
	return text
}

// selected is the column chunk that the cursor is in.
func (in *inspector) selected() *repl.ParquetChunk {
	for n := in.tree.Selected(); n != nil; n = n.Parent() {
		if c, ok := n.Data.(*repl.ParquetChunk); ok {
			return c
		}
	}
	return nil
}

func (in *inspector) adviceTitle() (string, string) { return "Layout advice", in.advice.More() }

func adviceLines(f *repl.ParquetFile) []widget.Line {
	var out []widget.Line
	for _, a := range f.Advice {
		for i, l := range wrap(a, 56) {
			head := "  "
			if i == 0 {
				head = "- "
			}
			out = append(out, widget.Line{{Text: head + l}})
		}
	}
	for _, o := range f.Omitted {
		out = append(out, widget.Line{{Text: "not read: " + o, S: canvas.Warn}})
	}
	if len(out) == 0 {
		out = widget.Paragraph("nothing to improve was found")
	}
	return append(out, nil, widget.Line{{Text: "C", S: canvas.Accent}, {Text: "  write a compacted copy (dry run first)"}})
}
