package keymap

import (
	"slices"
	"strings"
)

// Layout is a set of keys over the table: the table itself is the layout vim, and the others say which
// keys mean what a key of the table means. A key of the table that a layout uses otherwise is not
// reached by itself any more; all others stay, so that a layout is short.
type Layout struct {
	Name  string
	Modes bool // the editor has the modes of vi
	// Any is for everything that takes keys, Text for text fields and lists, Screen for commands.
	Any, Text, Screen []Bind
}

// Bind gives a key the meaning of another.
type Bind struct {
	Key string // as Bubble Tea names it; of two presses: "ctrl+x o"
	As  string // key of the table, or ":word" for a command by its word on the : line
}

// Layouts are those that there are. The first is the default.
var Layouts = []*Layout{
	{Name: "vim", Modes: true},
	{Name: "emacs",
		Any: []Bind{{"ctrl+g", "esc"}},
		Text: []Bind{{"ctrl+n", "down"}, {"ctrl+p", "up"}, {"ctrl+f", "right"}, {"ctrl+b", "left"}, {"ctrl+d", "delete"},
			{"ctrl+v", "pgdown"}, {"alt+v", "pgup"}, {"alt+<", "ctrl+home"}, {"alt+>", "ctrl+end"}},
		Screen: []Bind{{"ctrl+n", "down"}, {"ctrl+p", "up"}, {"ctrl+f", "right"}, {"ctrl+b", "left"}, {"ctrl+v", "pgdown"}, {"alt+v", "pgup"},
			{"alt+<", "home"}, {"alt+>", "end"}, {"ctrl+a", "^"}, {"ctrl+e", "$"}, {"ctrl+s", "/"}, {"alt+w", "y"}, {"ctrl+/", "u"}, {"ctrl+_", "u"},
			{"alt+x", "ctrl+p"}, {"ctrl+x o", "tab"}, {"ctrl+x 1", "f11"}, {"ctrl+x b", "f4"}, {"ctrl+x ctrl+f", ":e"}, {"ctrl+x ctrl+s", ":w"},
			{"ctrl+x ctrl+e", "ctrl+r"}, {"ctrl+x h", ":header"}, {"ctrl+x ctrl+c", ":quit"}, {"alt+p", ":history"}}},
	{Name: "vscode",
		Text: []Bind{{"ctrl+z", "ctrl+_"}, {"ctrl+y", "alt+_"}, {"ctrl+shift+z", "alt+_"}},
		Screen: []Bind{{"f1", "ctrl+p"}, {"ctrl+shift+p", "ctrl+p"}, {"ctrl+f", "/"}, {"f3", "n"}, {"shift+f3", "N"}, {"ctrl+z", "u"}, {"ctrl+y", "U"},
			{"ctrl+home", "home"}, {"ctrl+end", "end"}, {"ctrl+n", "f3"}, {"ctrl+o", ":e"}, {"ctrl+s", ":w"}, {"ctrl+pgdown", "ctrl+g"}, {"ctrl+tab", "ctrl+g"},
			{"alt+shift+f", "ctrl+l"}, {"alt+h", ":history"}, {"ctrl+q", ":quit"}}},
}

// Named finds a layout; nil when there is none of that name.
func Named(name string) *Layout {
	for _, l := range Layouts {
		if l.Name == name {
			return l
		}
	}
	return nil
}

// Names lists the layouts.
func Names() string {
	var out []string
	for _, l := range Layouts {
		out = append(out, l.Name)
	}
	return strings.Join(out, ", ")
}

// Use sets the layout.
func (m *Map) Use(l *Layout) {
	m.layout, m.pending = l, ""
	for _, c := range m.cmds {
		m.bind(c)
	}
}

// Layout is the one in use.
func (m *Map) Layout() *Layout { return m.layout }

// Any is what a key means to everything that takes keys.
func (m *Map) Any(key string) string { return translate(m.layout.Any, key) }

// Text is what a key means in a text field or list.
func (m *Map) Text(key string) string { return translate(m.layout.Text, key) }

func translate(binds []Bind, key string) string {
	for _, b := range binds {
		if b.Key == key {
			return b.As
		}
	}
	return key
}

// bound is a key that reaches a command, and the key of the table that it stands for.
type bound struct{ key, as string }

// bind works out the keys of a command: those of the layout first.
func (m *Map) bind(c *Command) {
	c.bound = nil
	add := func(as string) {
		for _, b := range m.layout.Screen {
			if b.As == as {
				c.bound = append(c.bound, bound{b.Key, strings.TrimPrefix(as, ":")})
			}
		}
	}
	for _, k := range c.Keys {
		add(k)
	}
	if c.Word != "" {
		add(":" + c.Word)
	}
	for _, k := range c.Keys {
		if !slices.ContainsFunc(m.layout.Screen, func(b Bind) bool { return b.Key == k && b.As != k }) {
			c.bound = append(c.bound, bound{k, k})
		}
	}
}
