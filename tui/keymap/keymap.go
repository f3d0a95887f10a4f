// Package keymap is the table of what can be done, and the way from a key to an entry of it.
//
//	key press ─► Map.Press(scopes) ─► Command.Run
//	                │
//	                ├─► Live ─► the ? overlay, the ctrl-p palette, the key line
//	                └─► Find ─► the : line
//
// Every key of every screen is in the table, so help cannot differ from what keys do. A scope is the
// name of a screen ("explore") or of a pane ("explore/grid"); "" is everywhere. Where two scopes know
// a key, the first in the list that Press is given wins.
package keymap

import (
	"strings"

	tea "charm.land/bubbletea/v2"
)

// Command is one thing that a user can do.
type Command struct {
	Keys  []string // as Bubble Tea names them; of two presses: "g g"
	Scope string
	Group string // heading in the help
	Title string
	Short string // in the key line; "" leaves it out
	Word  string // name on the : line; "" has none
	// CLI is the command line that does the same, nil when there is none.
	CLI func() string
	// When says that the command applies now; nil is always.
	When func() bool
	// Run does it. key is the key that was pressed, "" from the palette or the : line.
	Run func(key string) tea.Cmd
	// Line does it with the words that follow Word on the : line; nil calls Run.
	Line func(args string) tea.Cmd

	bound []bound // keys of the layout in use
}

func (c *Command) applies() bool { return c.When == nil || c.When() }

// Map is the table, with a layout of keys over it.
type Map struct {
	cmds    []*Command
	pending string
	layout  *Layout
}

// New makes an empty table with the default layout.
func New() *Map { return &Map{layout: Layouts[0]} }

// Add puts commands into the table. The key line shows them in this order.
func (m *Map) Add(cmds ...*Command) {
	for _, c := range cmds {
		m.bind(c)
		m.cmds = append(m.cmds, c)
	}
}

// Pending returns the first press of a key of two, "" when none waits.
func (m *Map) Pending() string { return m.pending }

// Cancel forgets the first press.
func (m *Map) Cancel() { m.pending = "" }

// Press finds the command of a key. wait tells that the key may be the first of two; pressed is the
// whole key of the table that was found.
func (m *Map) Press(scopes []string, key string) (c *Command, pressed string, wait bool) {
	full := key
	if m.pending != "" {
		full = m.pending + " " + key
		m.pending = ""
	}
	for _, scope := range scopes {
		for _, c := range m.cmds {
			if c.Scope != scope || !c.applies() {
				continue
			}
			for _, b := range c.bound {
				if b.key == full {
					return c, b.as, false
				}
				wait = wait || strings.HasPrefix(b.key, full+" ")
			}
		}
		if wait {
			m.pending = full
			return nil, "", true
		}
	}
	return nil, "", false
}

// Live returns the commands that apply now, those of the first scope first, each with the keys that
// reach it.
func (m *Map) Live(scopes []string) []*Command {
	var out []*Command
	taken := map[string]bool{}
	for _, scope := range scopes {
		for _, c := range m.cmds {
			if c.Scope != scope || !c.applies() || m.shadowed(c, taken) {
				continue
			}
			live := *c
			live.Keys = nil
			for _, b := range c.bound {
				if !taken[b.key] {
					live.Keys = append(live.Keys, b.key)
					taken[b.key] = true
				}
			}
			out = append(out, &live)
		}
	}
	return out
}

// shadowed reports that all keys of a command mean something else in a scope before.
func (m *Map) shadowed(c *Command, taken map[string]bool) bool {
	for _, b := range c.bound {
		if !taken[b.key] {
			return false
		}
	}
	return len(c.bound) > 0
}

// All returns every command with the keys that the layout in use gives it, whether it applies now or not.
func (m *Map) All() []*Command {
	out := make([]*Command, len(m.cmds))
	for i, c := range m.cmds {
		all := *c
		all.Keys = nil
		for _, b := range c.bound {
			all.Keys = append(all.Keys, b.key)
		}
		out[i] = &all
	}
	return out
}

// Find returns the live command of a word of the : line: the word itself, or the only one that it
// begins.
func (m *Map) Find(scopes []string, word string) *Command {
	var found *Command
	for _, c := range m.Live(scopes) {
		switch {
		case c.Word == "":
		case c.Word == word:
			return c
		case strings.HasPrefix(c.Word, word) && found == nil:
			found = c
		case strings.HasPrefix(c.Word, word):
			return nil
		}
	}
	return found
}

// Show writes a key as it is printed: ctrl-r, gg, space.
func Show(key string) string {
	parts := strings.Split(key, " ")
	single := true
	for i, p := range parts {
		if len(p) > 1 {
			p = strings.ReplaceAll(p, "+", "-")
		}
		parts[i] = p
		single = single && len(p) == 1
	}
	if single {
		return strings.Join(parts, "")
	}
	return strings.Join(parts, " ")
}

// Keycaps writes the keys of a command, at most n of them.
func (c *Command) Keycaps(n int) string {
	var out []string
	for _, k := range c.Keys[:min(n, len(c.Keys))] {
		out = append(out, Show(k))
	}
	return strings.Join(out, " ")
}
