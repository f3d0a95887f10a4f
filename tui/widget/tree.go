package widget

import (
	"strings"

	"github.com/riffle-io/riffle/tui/canvas"
)

// Node is a line of a Tree.
type Node struct {
	ID     string // names it among all nodes
	Label  string
	Detail string // on the right: a type, a number of rows
	Leaf   bool
	Data   any // the owner's

	depth    int
	open     bool
	loading  bool
	loaded   bool
	children []*Node
	parent   *Node
}

// Tree shows nodes that are loaded when they are opened.
type Tree struct {
	roots  []*Node
	lines  []*Node // what can be seen, top to bottom
	sel    int
	top    int
	height int
	filter string
}

// SetRoots replaces the nodes of the first level; those of the same ID stay open.
func (tr *Tree) SetRoots(roots []*Node) {
	tr.roots = merge(nil, tr.roots, roots)
	tr.arrange()
}

// SetChildren gives a node its children, after Open asked for them.
func (tr *Tree) SetChildren(id string, children []*Node) {
	if n := find(tr.roots, id); n != nil {
		n.children = merge(n, n.children, children)
		n.loading, n.loaded = false, true
		tr.arrange()
	}
}

// Failed says that the children of a node could not be loaded; it is closed again.
func (tr *Tree) Failed(id string) {
	if n := find(tr.roots, id); n != nil {
		n.loading, n.open = false, false
		tr.arrange()
	}
}

// merge takes over what is open from the nodes that were there.
func merge(parent *Node, old, fresh []*Node) []*Node {
	have := map[string]*Node{}
	for _, n := range old {
		have[n.ID] = n
	}
	for _, n := range fresh {
		n.parent = parent
		if parent != nil {
			n.depth = parent.depth + 1
		}
		if o := have[n.ID]; o != nil {
			n.open, n.loaded, n.loading, n.children = o.open, o.loaded, o.loading, o.children
			for _, c := range n.children {
				c.parent = n
			}
		}
	}
	return fresh
}

func find(nodes []*Node, id string) *Node {
	for _, n := range nodes {
		if n.ID == id {
			return n
		}
		if f := find(n.children, id); f != nil {
			return f
		}
	}
	return nil
}

// arrange lists the lines that can be seen and keeps the selection on its node.
func (tr *Tree) arrange() {
	var at *Node
	if tr.sel < len(tr.lines) {
		at = tr.lines[tr.sel]
	}
	tr.lines = tr.lines[:0]
	tr.walk(tr.roots)
	if at != nil {
		for i, n := range tr.lines {
			if n.ID == at.ID {
				tr.sel = i
				break
			}
		}
	}
	tr.sel = max(0, min(tr.sel, len(tr.lines)-1))
}

func (tr *Tree) walk(nodes []*Node) {
	for _, n := range nodes {
		if tr.filter != "" && !n.holds(tr.filter) {
			continue
		}
		tr.lines = append(tr.lines, n)
		if n.open {
			tr.walk(n.children)
		}
	}
}

// holds reports that a node, one above it or one loaded below it has the text.
func (n *Node) holds(text string) bool {
	for p := n; p != nil; p = p.parent {
		if strings.Contains(strings.ToLower(p.Label), text) {
			return true
		}
	}
	for _, c := range n.children {
		if c.below(text) {
			return true
		}
	}
	return false
}

func (n *Node) below(text string) bool {
	if strings.Contains(strings.ToLower(n.Label), text) {
		return true
	}
	for _, c := range n.children {
		if c.below(text) {
			return true
		}
	}
	return false
}

// SetFilter shows only nodes that hold the text, with those above and below them; "" shows all.
func (tr *Tree) SetFilter(text string) {
	tr.filter = strings.ToLower(text)
	tr.arrange()
}

// Filter returns the filter.
func (tr *Tree) Filter() string { return tr.filter }

// Selected returns the node under the cursor, nil when there is none.
func (tr *Tree) Selected() *Node {
	if tr.sel >= len(tr.lines) {
		return nil
	}
	return tr.lines[tr.sel]
}

// Parent returns the node above, nil at the first level.
func (n *Node) Parent() *Node { return n.parent }

// Opened reports a node whose children are shown.
func (n *Node) Opened() bool { return n.open }

// Open opens a node; load tells that its children must be asked for and given to SetChildren.
func (tr *Tree) Open(n *Node) (load bool) {
	if n.Leaf || n.open {
		return false
	}
	n.open = true
	load = !n.loaded && !n.loading
	n.loading = n.loading || load
	tr.arrange()
	return load
}

// Close closes a node.
func (tr *Tree) Close(n *Node) {
	n.open = false
	tr.arrange()
}

// Reload forgets the children of open nodes and returns the IDs to ask for.
func (tr *Tree) Reload() []string {
	var ids []string
	for _, n := range tr.lines {
		if n.open && !n.Leaf {
			n.loading = true
			ids = append(ids, n.ID)
		}
	}
	return ids
}

// Key moves the cursor and closes nodes. Opening is the owner's, who loads the children.
func (tr *Tree) Key(k string) bool {
	if row, ok := moveRow(k, tr.sel, len(tr.lines), tr.height); ok {
		tr.sel = row
		return true
	}
	if k != "h" && k != "left" {
		return false
	}
	tr.out()
	tr.sel = max(0, min(tr.sel, len(tr.lines)-1))
	return true
}

// out closes the node under the cursor, or goes to the one above.
func (tr *Tree) out() {
	n := tr.Selected()
	switch {
	case n == nil:
	case n.open:
		tr.Close(n)
	case n.parent != nil:
		for i, l := range tr.lines {
			if l == n.parent {
				tr.sel = i
			}
		}
	}
}

// Draw draws the lines around the cursor.
func (tr *Tree) Draw(r canvas.Region, t *canvas.Theme, focus bool) {
	tr.height = r.H
	tr.top = max(0, min(tr.top, tr.sel), tr.sel-r.H+1)
	tr.top = min(tr.top, max(0, len(tr.lines)-r.H))
	for y := 0; y < r.H && tr.top+y < len(tr.lines); y++ {
		tr.drawLine(r.Sub(0, y, r.W, 1), t, tr.lines[tr.top+y], tr.top+y == tr.sel, focus)
	}
}

// leastLabel is what a number of rows leaves of a label.
const leastLabel = 6

func (tr *Tree) drawLine(r canvas.Region, t *canvas.Theme, n *Node, sel, focus bool) {
	x := 2 * n.depth
	mark := "  "
	switch {
	case n.loading:
		mark = "~ "
	case n.Leaf:
	case n.open:
		mark = "v "
	default:
		mark = "> "
	}
	st, detail := canvas.Text, canvas.Dim
	if n.depth == 0 {
		st = canvas.Title
	}
	x = r.Text(x, 0, mark, canvas.Dim)
	dw := min(canvas.Width(n.Detail), max(0, r.W-x-1-canvas.Width(n.Label)))
	switch full := canvas.Width(n.Detail); {
	case dw >= full:
	case n.Detail[0] >= '0' && n.Detail[0] <= '9': // half a number would be another one
		if dw = 0; strings.HasSuffix(n.Detail, "rows") && r.W-x-1-full >= leastLabel {
			dw = full // the label gives way
		}
	case dw < 4:
		dw = 0
	}
	end := r.Clip(t, x, 0, r.W-x-dw-min(dw, 1), n.Label, st)
	if dw > 0 {
		r.Clip(t, max(end+1, r.W-dw), 0, dw, n.Detail, detail)
	}
	if sel {
		if focus {
			r.AddStyle(0, 0, r.W, canvas.Reverse)
		} else {
			r.AddStyle(0, 0, r.W, canvas.Underline)
		}
	}
}
