package tui

import (
	"encoding/json"
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/riffle-io/riffle/repl/render"
	"github.com/riffle-io/riffle/tui/canvas"
	"github.com/riffle-io/riffle/tui/widget"
)

// record is the overlay of one row: every column a line, nested values as a tree.
type record struct {
	a    *app
	grid *widget.Grid
	name string
	row  int64
	tree widget.Tree
}

func (a *app) openRecord(g *widget.Grid, name string) tea.Cmd {
	rec := &record{a: a, grid: g, name: name}
	if !rec.load() {
		return nil
	}
	a.open(rec)
	return nil
}

// load reads the row under the grid's cursor.
func (rec *record) load() bool {
	row, col, ok := rec.grid.Cursor()
	if !ok {
		return false
	}
	cells, err := rec.grid.Record()
	if err != nil {
		rec.a.say(canvas.Bad, "read row: "+err.Error())
		return false
	}
	rec.row = row
	var roots []*widget.Node
	for i, c := range rec.grid.Columns() {
		roots = append(roots, valueNode(itoa(i), c.Name, c.Type, cells[i]))
	}
	at := rec.tree.Selected()
	rec.tree.SetRoots(roots)
	for _, n := range roots {
		if children, ok := n.Data.([]*widget.Node); ok && (at == nil || n.Opened()) {
			rec.tree.Open(n)
			rec.tree.SetChildren(n.ID, children)
		}
	}
	if at == nil {
		for range col {
			rec.tree.Key("j")
		}
	}
	return true
}

// valueNode makes the line of a value; nested ones carry their parts as Data.
func valueNode(id, name, kind string, v widget.Cell) *widget.Node {
	n := &widget.Node{ID: id, Label: name + "  " + v.Text, Detail: kind, Leaf: true}
	if v.Null {
		n.Label = name + "  NULL"
		return n
	}
	if s := strings.TrimSpace(v.Text); strings.HasPrefix(s, "{") || strings.HasPrefix(s, "[") {
		dec := json.NewDecoder(strings.NewReader(s))
		dec.UseNumber()
		var value any
		if dec.Decode(&value) == nil {
			nested(n, name, value)
		}
	}
	return n
}

// nested gives a node the parts of a JSON value.
func nested(n *widget.Node, name string, value any) {
	var children []*widget.Node
	add := func(key string, v any) {
		c := &widget.Node{ID: n.ID + "." + key, Label: key + "  " + scalar(v), Leaf: true}
		nested(c, key, v)
		children = append(children, c)
	}
	switch v := value.(type) {
	case map[string]any:
		for _, k := range sortedKeys(v) {
			add(k, v[k])
		}
		n.Label, n.Detail = name, fmt.Sprintf("%d fields", len(v))
	case []any:
		for i, e := range v {
			add(itoa(i), e)
		}
		n.Label, n.Detail = name, fmt.Sprintf("%d items", len(v))
	default:
		return
	}
	n.Leaf = len(children) == 0
	n.Data = children
}

// scalar writes a JSON value that has no parts.
func scalar(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case nil:
		return "NULL"
	case map[string]any, []any:
		return ""
	}
	return fmt.Sprint(v)
}

func (rec *record) title() (string, string) {
	return fmt.Sprintf("Record %s of %s", render.Count(rec.row+1), render.Count(rec.grid.Rows())), rec.name
}

func (rec *record) size(w, h int) (int, int) { return min(w, 100), h }

func (rec *record) hints() [][2]string {
	return [][2]string{{"j k", "move"}, {"enter", "open"}, {"n p", "next, previous row"}, {"y", "copy"}, {"esc", "close"}}
}

func (rec *record) cursor() (int, int, bool) { return 0, 0, false }
func (rec *record) draw(r canvas.Region)     { rec.tree.Draw(r, rec.a.theme, true) }

func (rec *record) key(k, _ string) tea.Cmd {
	n := rec.tree.Selected()
	switch k {
	case "esc", "q":
		rec.a.closeOverlay()
	case "enter", "l", "right", "space":
		if n != nil && n.Opened() {
			rec.tree.Close(n)
		} else if n != nil && rec.tree.Open(n) {
			children, _ := n.Data.([]*widget.Node)
			rec.tree.SetChildren(n.ID, children)
		}
	case "n", "p":
		row := rec.row + 1
		if k == "p" {
			row = rec.row - 1
		}
		rec.grid.MoveTo(row, -1)
		rec.load()
	case "y":
		return rec.copyValue(n)
	case "g":
		rec.tree.Key("g g")
	default:
		rec.tree.Key(k)
	}
	return nil
}

// copyValue copies the whole value of the column that a line belongs to.
func (rec *record) copyValue(n *widget.Node) tea.Cmd {
	for n != nil && n.Parent() != nil {
		n = n.Parent()
	}
	if n == nil {
		return nil
	}
	cells, err := rec.grid.Record()
	if err != nil {
		return nil
	}
	for i, c := range rec.grid.Columns() {
		if itoa(i) == n.ID {
			return rec.a.copyText(cells[i].Text, c.Name)
		}
	}
	return nil
}
