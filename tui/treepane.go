package tui

import (
	"context"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/riffle-io/riffle/repl"
	"github.com/riffle-io/riffle/tui/canvas"
	"github.com/riffle-io/riffle/tui/widget"
)

// loadRoots asks for the first level of the tree, and for what is open below it.
func (e *explore) loadRoots() tea.Cmd {
	return e.a.background(func(context.Context) func() tea.Cmd {
		roots := nodes(e.a.ses.Roots())
		return func() tea.Cmd {
			first := e.tree.Selected() == nil
			e.tree.SetRoots(roots)
			var cmds []tea.Cmd
			if first { // the groups of the first level are opened: they hold what one came for
				for _, n := range roots {
					cmds = append(cmds, e.openNode(n))
				}
			} else {
				for _, id := range e.tree.Reload() {
					cmds = append(cmds, e.loadChildren(id))
				}
			}
			return tea.Batch(cmds...)
		}
	})
}

func nodes(in []repl.Node) []*widget.Node {
	out := make([]*widget.Node, len(in))
	for i, n := range in {
		out[i] = &widget.Node{ID: n.ID, Label: n.Label, Detail: n.Detail, Leaf: n.Leaf, Data: n}
	}
	return out
}

// openNode opens a node and asks for its children if they are not there.
func (e *explore) openNode(n *widget.Node) tea.Cmd {
	if e.tree.Open(n) {
		return e.loadChildren(n.ID)
	}
	return nil
}

func (e *explore) loadChildren(id string) tea.Cmd {
	return e.a.background(func(ctx context.Context) func() tea.Cmd {
		list, err := e.a.ses.Children(ctx, id)
		return func() tea.Cmd {
			if err != nil {
				e.tree.Failed(id)
				e.a.say(canvas.Bad, firstLine(err.Error()))
				return nil
			}
			e.tree.SetChildren(id, nodes(list))
			return nil
		}
	})
}

// selectedNode is the session's node under the cursor.
func (e *explore) selectedNode() (repl.Node, bool) {
	n := e.tree.Selected()
	if n == nil {
		return repl.Node{}, false
	}
	node, ok := n.Data.(repl.Node)
	return node, ok
}

// toggleNode is space and l: it opens or closes the node.
func (e *explore) toggleNode(close bool) tea.Cmd {
	n := e.tree.Selected()
	switch {
	case n == nil:
	case !n.Opened():
		return e.openNode(n)
	case close:
		e.tree.Close(n)
	default:
		e.tree.Key("j")
	}
	return nil
}

// useNode is enter: it shows the rows of a table, file or topic, goes to a job, puts a column into
// the editor, and opens or closes everything else.
func (e *explore) useNode() tea.Cmd {
	node, ok := e.selectedNode()
	if !ok {
		return nil
	}
	switch node.Kind {
	case repl.NodeFile, repl.NodeTable, repl.NodeView, repl.NodeResult, repl.NodeTopic:
		return tea.Batch(e.openNode(e.tree.Selected()), e.showRows(node))
	case repl.NodeJob:
		return e.a.openJob(node.Label)
	case repl.NodeColumn:
		e.insertNode()
		return nil
	}
	return e.toggleNode(true)
}

// firstRows is how many rows of a table enter shows.
const firstRows = 1000

// showRows runs a query over a node. The editor's text stays as it is when there is one.
func (e *explore) showRows(node repl.Node) tea.Cmd {
	if node.Insert == "" {
		return nil
	}
	text := "SELECT * FROM " + node.Insert
	if node.Kind != repl.NodeTopic {
		text += " LIMIT " + itoa(firstRows)
	}
	if b := e.editor.Buffer(); strings.TrimSpace(b.Text()) == "" {
		b.SetText(text)
	}
	e.queue = nil
	from := origin{text: text}
	if node.Kind != repl.NodeTopic {
		from.first, from.of = node.Insert, node.Rows
	}
	e.ps.to("explore/grid")
	return e.runText(from)
}

// insertNode puts the name of the node into the editor, at the cursor.
func (e *explore) insertNode() {
	node, ok := e.selectedNode()
	if !ok || node.Insert == "" {
		return
	}
	e.editor.Paste(node.Insert)
	e.ps.to("explore/editor")
}

// filterTree asks for a text that lines of the tree must have.
func (e *explore) filterTree() tea.Cmd {
	old := e.tree.Filter()
	return e.a.ask(prompt{kind: "filter", help: "keep", change: e.tree.SetFilter,
		enter:  func(text string) tea.Cmd { e.tree.SetFilter(text); return nil },
		cancel: func() { e.tree.SetFilter(old) }}, "filter: ", old)
}
