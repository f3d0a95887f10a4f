package tui

import (
	tea "charm.land/bubbletea/v2"
	"github.com/riffle-io/riffle/tui/keymap"
	"github.com/riffle-io/riffle/tui/widget"
)

// moveKeys are the entries of keys that move in a pane; run gets the key.
func moveKeys(scope string, run func(key string), wide bool) []*keymap.Command {
	cmd := func(title string, keys ...string) *keymap.Command {
		return &keymap.Command{Keys: keys, Scope: scope, Group: groupMove, Title: title,
			Run: func(k string) tea.Cmd { run(k); return nil }}
	}
	out := []*keymap.Command{
		cmd("down, up", "j", "k", "down", "up"),
		cmd("first, last", "g g", "G", "home", "end"),
		cmd("half a page", "ctrl+d", "ctrl+u"),
		cmd("a page", "ctrl+f", "ctrl+b", "pgdown", "pgup"),
	}
	if wide {
		out = append(out, cmd("left, right", "h", "l", "left", "right"),
			cmd("scroll columns", "H", "L"), cmd("first, last column", "^", "$"))
	}
	return out
}

// paneKeys are the entries of keys that go from pane to pane.
func (a *app) paneKeys(scope string, ps func() *panes) []*keymap.Command {
	cmd := func(title string, run func(k string), keys ...string) *keymap.Command {
		return &keymap.Command{Keys: keys, Scope: scope, Group: groupMove, Title: title,
			Run: func(k string) tea.Cmd { run(k); return nil }}
	}
	next := cmd("next, previous pane", func(k string) {
		if k == "shift+tab" {
			ps().next(-1)
		} else {
			ps().next(1)
		}
	}, "tab", "shift+tab")
	next.Short = "pane"
	return []*keymap.Command{
		next,
		cmd("pane by direction", func(k string) { ps().toward(k[len(k)-1:]) }, "ctrl+w h", "ctrl+w j", "ctrl+w k", "ctrl+w l"),
		cmd("grow, shrink pane", func(k string) {
			n := 1
			if k == "_" {
				n = -1
			}
			ps().grow[ps().focus.scope] += n
		}, "+", "_"),
		cmd("the pane alone", func(string) { ps().full = !ps().full }, "f11"),
	}
}

func (e *explore) addKeys() {
	k := e.a.keys
	e.addQueryKeys()
	k.Add(e.a.paneKeys("explore", func() *panes { return e.ps })...)
	e.addTreeKeys()
	e.addEditorKeys()
	e.addProfileKeys()
	e.addGridKeys()
	e.addInspectorKeys()
	e.addReplaceKeys()
	k.Add(&keymap.Command{Keys: []string{"p"}, Scope: "explore/plot", Group: groupView, Title: "next kind of chart, none", Short: "kind", Run: do(e.togglePlot)},
		&keymap.Command{Keys: []string{"esc"}, Scope: "explore/plot", Group: groupView, Title: "back to the result", Run: just(func() { e.ps.to("explore/grid") })})
}

// addQueryKeys puts in what applies in every pane of the screen.
func (e *explore) addQueryKeys() {
	sqlTwin := func() string {
		if e.editing() && oneLine(e.editor.Buffer().Text()) != "" {
			return e.a.commandOf("sql", e.cursorQuery())
		}
		return ""
	}
	e.a.keys.Add(
		&keymap.Command{Keys: []string{"ctrl+r", "ctrl+enter"}, Scope: "explore", Group: groupEdit, Title: "run this statement",
			Short: "run", Word: "run", CLI: sqlTwin, Run: do(e.runCursor)},
		&keymap.Command{Keys: []string{"P"}, Scope: "explore", Group: groupResult, Title: "promote to a job", Short: "promote", Word: "promote", Run: do(e.promote)},
		&keymap.Command{Scope: "explore", Group: groupResult, Title: "run the query over the topic of its files (also 2)", Word: "twin", Run: do(e.a.runTwin)},
		&keymap.Command{Keys: []string{"f5"}, Scope: "explore", Group: groupEdit, Title: "run all statements", Word: "runall", Run: do(e.runAll)},
		&keymap.Command{Keys: []string{fixKey, "alt+enter"}, Scope: "explore", Group: groupEdit, Title: "put in what the error proposes", Short: "take the hint",
			When: func() bool { return e.fix != nil }, Run: just(e.takeFix)},
		&keymap.Command{Keys: []string{"ctrl+s"}, Scope: "explore", Group: groupEdit, Title: "history", Short: "history", Word: "history", Run: do(e.history)},
		&keymap.Command{Keys: []string{"ctrl+o"}, Scope: "explore", Group: groupEdit, Title: "edit in $EDITOR", Word: "editor", Run: do(e.externalEditor)},
		&keymap.Command{Scope: "explore", Group: groupEdit, Title: "edit a file (:e FILE)", Word: "e", Run: do(e.pickBuffer),
			Line: func(args string) tea.Cmd {
				if args == "" {
					return e.pickBuffer()
				}
				e.openFile(args)
				e.ps.to("explore/editor")
				return nil
			}},
		&keymap.Command{Scope: "explore", Group: groupEdit, Title: "save the buffer (:w FILE)", Word: "w",
			Run: just(func() { e.save("") }), Line: func(args string) tea.Cmd { e.save(args); return nil }},
		&keymap.Command{Keys: []string{"f4"}, Scope: "explore", Group: groupEdit, Title: "buffers", Word: "buffers", Run: do(e.pickBuffer)},
		&keymap.Command{Keys: []string{"f3"}, Scope: "explore", Group: groupEdit, Title: "new buffer", Word: "new", Run: just(e.newBuffer)},
		&keymap.Command{Scope: "explore", Group: groupEdit, Title: "vi keys on or off", Word: "vim",
			Run: just(func() { e.editor.SetVim(e.editor.Mode().String() == "plain") })},
		&keymap.Command{Keys: []string{"f2"}, Scope: "explore", Group: groupResult, Title: "last results", Word: "results", Run: do(e.pickResult)},
		&keymap.Command{Group: groupView, Title: "rows of a topic (:topic orders)", Word: "topic", Run: do(e.pickTopic), Line: e.openTopic},
		&keymap.Command{Scope: "explore", Group: groupView, Title: "read the tree again", Word: "refresh", Run: do(e.loadRoots)},
	)
}

func (e *explore) addTreeKeys() {
	const scope = "explore/tree"
	e.a.keys.Add(moveKeys(scope, func(k string) { e.tree.Key(k) }, false)...)
	e.a.keys.Add(
		&keymap.Command{Keys: []string{"enter"}, Scope: scope, Group: groupView, Title: "show the rows of a table", Short: "rows", Run: do(e.useNode)},
		&keymap.Command{Keys: []string{"l", "right"}, Scope: scope, Group: groupView, Title: "open", Short: "open",
			Run: do(func() tea.Cmd { return e.toggleNode(false) })},
		&keymap.Command{Keys: []string{"h", "left"}, Scope: scope, Group: groupView, Title: "close, one up", Run: just(func() { e.tree.Key("h") })},
		&keymap.Command{Keys: []string{"space"}, Scope: scope, Group: groupView, Title: "open or close",
			Run: do(func() tea.Cmd { return e.toggleNode(true) })},
		&keymap.Command{Keys: []string{"o"}, Scope: scope, Group: groupView, Title: "put the name into the editor", Short: "insert", Run: just(e.insertNode)},
		&keymap.Command{Keys: []string{"/"}, Scope: scope, Group: groupView, Title: "filter", Short: "filter", Run: do(e.filterTree)},
		&keymap.Command{Keys: []string{"y"}, Scope: scope, Group: groupView, Title: "copy the name",
			Run: do(func() tea.Cmd {
				n, ok := e.selectedNode()
				if !ok {
					return nil
				}
				return e.a.copyText(n.Insert, n.Label)
			})},
		&keymap.Command{Keys: []string{"R"}, Scope: scope, Group: groupView, Title: "read the tree again", Run: do(e.loadRoots)},
	)
}

func (e *explore) addEditorKeys() {
	const scope = "explore/editor"
	normal := func() bool { return !e.editor.Typing() }
	doc := func(title string, when func() bool, keys ...string) *keymap.Command {
		return &keymap.Command{Keys: keys, Scope: scope, Group: groupEdit, Title: title, When: when,
			Run: func(k string) tea.Cmd { e.editor.Key(k, ""); return nil }}
	}
	e.a.keys.Add(
		&keymap.Command{Keys: []string{"ctrl+space", "ctrl+@"}, Scope: scope, Group: groupEdit, Title: "complete (also tab behind a word)", Run: do(e.complete)},
		&keymap.Command{Keys: []string{"g q"}, Scope: scope, Group: groupEdit, Title: "format the statement", Word: "format", When: normal, Run: just(e.format)},
		&keymap.Command{Keys: []string{"ctrl+l"}, Scope: scope, Group: groupEdit, Title: "format the statement", Word: "fmt", Run: just(e.format)},
		&keymap.Command{Keys: []string{"ctrl+g"}, Scope: scope, Group: groupEdit, Title: "next buffer", Word: "bn", Run: just(func() { e.editor.Next(1) })},
		&keymap.Command{Keys: []string{"esc"}, Scope: scope, Group: groupEdit, Title: "leave the text", When: func() bool { return e.editor.Mode() == widget.Plain },
			Run: just(func() { e.ps.to("explore/grid") })},
		&keymap.Command{Keys: []string{"p"}, Scope: scope, Group: groupEdit, Title: "plot the result (where nothing was cut to put in)", When: e.plotsFromEditor,
			Run: do(func() tea.Cmd { e.ps.to("explore/grid"); return e.togglePlot() })},
		doc("insert before, behind; line end", normal, "i", "a", "A"),
		doc("line below, above", normal, "o", "O"),
		doc("delete, change a word or line", normal, "d d", "d w", "c w"),
		doc("undo, redo", normal, "u", "U"),
	)
}

func (e *explore) addGridKeys() {
	const scope = "explore/grid"
	cmd := func(key, title, short string, when func() bool, run func(string) tea.Cmd) *keymap.Command {
		return &keymap.Command{Keys: []string{key}, Scope: scope, Group: groupResult, Title: title, Short: short, When: when, Run: run}
	}
	e.a.keys.Add(moveKeys(scope, func(k string) { e.grid.Key(k) }, true)...)
	e.a.keys.Add(
		cmd("enter", "record view", "record", e.hasCell, do(e.openRecord)),
		cmd("/", "find", "find", e.hasCell, do(func() tea.Cmd { return e.a.askFind(&e.find, &e.grid) })),
		cmd("n", "find on", "", e.hasCell, do(func() tea.Cmd { return e.a.findNext(&e.find, &e.grid, 1) })),
		cmd("N", "find back", "", e.hasCell, do(func() tea.Cmd { return e.a.findNext(&e.find, &e.grid, -1) })),
		cmd("p", "plot, next kind", "plot", e.hasCell, do(e.togglePlot)),
		cmd("s", "sort up", "sort", e.hasCell, do(func() tea.Cmd { return e.sort(false) })),
		cmd("S", "sort down", "", e.hasCell, do(func() tea.Cmd { return e.sort(true) })),
		cmd("f", "filter by this cell", "filter", e.hasCell, do(e.filterCell)),
		cmd("!", "pin or unpin column", "", e.hasCell, just(e.pin)),
		cmd("-", "hide the column", "", e.hasCell, just(e.hide)),
		cmd("v", "select cells", "", e.hasCell, just(func() { e.grid.Select(false) })),
		cmd("V", "select rows", "", e.hasCell, just(func() { e.grid.Select(true) })),
		cmd("esc", "end the selection", "", func() bool { _, _, _, ok := e.grid.Selection(); return ok }, just(func() { e.grid.Unselect() })),
		cmd("y", "copy cell or selection", "", e.hasCell, do(func() tea.Cmd { return e.a.copyCell(&e.grid) })),
		cmd("z", "the cell alone", "", e.hasCell, do(func() tea.Cmd { return e.a.openCell(&e.grid) })),
		cmd("c", "columns: go, hide", "", e.hasCell, do(e.pickColumn)),
		cmd("Y", "copy the row: csv, json, md, sql", "copy", e.hasCell, do(func() tea.Cmd { return e.a.copyMenu(&e.grid, e.shown.text) })),
		cmd("i", "plan of the query", "", func() bool { return e.shown.plan != "" }, do(e.showPlan)),
		cmd("w", "why: what is read", "", func() bool { return e.base.text != "" }, do(func() tea.Cmd { return e.pruneText(e.base.text) })),
		cmd("E", "export to a file", "export", e.hasResult, do(e.export)),
		cmd("u", "undo a view change", "undo", nil, do(e.undoView)),
		cmd("U", "redo a view change", "", nil, do(e.redoView)),
	)
}
