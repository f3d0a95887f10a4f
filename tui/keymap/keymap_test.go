package keymap

import (
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
)

func table() *Map {
	m := New()
	never := func() bool { return false }
	m.Add(&Command{Keys: []string{"g g"}, Scope: "s/grid", Title: "first row", Word: "first"},
		&Command{Keys: []string{"g s"}, Scope: "s", Title: "seek", Word: "seek"},
		&Command{Keys: []string{"s"}, Scope: "s/grid", Title: "sort"},
		&Command{Keys: []string{"s"}, Scope: "s", Title: "stop", Word: "stop"},
		&Command{Keys: []string{"x"}, Scope: "", Title: "never", When: never, Word: "never"},
		&Command{Keys: []string{"ctrl+w h"}, Scope: "", Title: "left"})
	return m
}

func press(m *Map, scopes []string, keys ...string) string {
	for _, k := range keys {
		if c, _, _ := m.Press(scopes, k); c != nil {
			return c.Title
		}
	}
	return ""
}

func TestPress(t *testing.T) {
	in := []string{"s/grid", "s", ""}
	for _, c := range []struct {
		scopes []string
		keys   []string
		want   string
	}{
		{in, []string{"s"}, "sort"},
		{in[1:], []string{"s"}, "stop"},
		{in, []string{"g", "g"}, "first row"},
		{in, []string{"g", "z", "s"}, "sort"},
		{in[1:], []string{"g", "s"}, "seek"},
		{in, []string{"ctrl+w", "h"}, "left"},
		{in, []string{"x"}, ""},
	} {
		if got := press(table(), c.scopes, c.keys...); got != c.want {
			t.Errorf("%v in %v: %q, want %q", c.keys, c.scopes, got, c.want)
		}
	}
}

func TestPrefixOfTwoScopes(t *testing.T) {
	// "g" begins a key of the pane and of the screen: both can be finished.
	if got := press(table(), []string{"s/grid", "s", ""}, "g", "s"); got != "seek" {
		t.Errorf("g s: %q, want seek", got)
	}
}

func TestLive(t *testing.T) {
	var titles []string
	for _, c := range table().Live([]string{"s/grid", "s", ""}) {
		titles = append(titles, c.Title)
	}
	want := []string{"first row", "sort", "seek", "left"} // stop is shadowed by sort
	if len(titles) != len(want) {
		t.Fatalf("live %v, want %v", titles, want)
	}
	for i := range want {
		if titles[i] != want[i] {
			t.Errorf("live %v, want %v", titles, want)
		}
	}
}

func TestFind(t *testing.T) {
	m := table()
	if c := m.Find([]string{"s", ""}, "se"); c == nil || c.Title != "seek" {
		t.Errorf("se finds %v", c)
	}
	if c := m.Find([]string{"s", ""}, "s"); c != nil {
		t.Errorf("s is two words, found %v", c.Title)
	}
	if c := m.Find([]string{""}, "never"); c != nil {
		t.Errorf("found %v, which does not apply", c.Title)
	}
}

func TestShow(t *testing.T) {
	for key, want := range map[string]string{"ctrl+r": "ctrl-r", "g g": "gg", "+": "+", "ctrl+w h": "ctrl-w h", "space": "space"} {
		if got := Show(key); got != want {
			t.Errorf("%s is shown as %q, want %q", key, got, want)
		}
	}
}

// Each layout's keys reach a command of the table, which is told the key of the table.
func TestLayouts(t *testing.T) {
	all := []string{"s", ""}
	for _, l := range Layouts {
		m := New()
		m.Use(l)
		ran := ""
		add := func(scope string, keys ...string) {
			c := &Command{Keys: keys, Scope: scope, Title: "x", Run: func(k string) tea.Cmd { ran = k; return nil }}
			if strings.HasPrefix(keys[0], ":") {
				c.Keys, c.Word = nil, keys[0][1:]
			}
			m.Add(c)
		}
		add("s", "down", "up", "left", "right", "home", "end", "pgdown", "pgup", "^", "$", "/", "n", "N", "y", "u", "U", "tab", "f11", "f3", "f4", "ctrl+r", "ctrl+g", "ctrl+l")
		add("", "ctrl+p")
		for _, w := range []string{":e", ":w", ":header", ":quit", ":history"} {
			add("", w)
		}
		for _, b := range l.Screen {
			ran = ""
			for _, k := range strings.Split(b.Key, " ") {
				if c, pressed, _ := m.Press(all, k); c != nil {
					c.Run(pressed)
				}
			}
			if want := strings.TrimPrefix(b.As, ":"); ran != want {
				t.Errorf("%s: %s runs %q, want %q", l.Name, b.Key, ran, want)
			}
		}
	}
}

func TestLayoutTakesKeysAway(t *testing.T) {
	m := table()
	m.Add(&Command{Keys: []string{"ctrl+p"}, Title: "palette"}, &Command{Keys: []string{"up"}, Scope: "s", Title: "up"})
	m.Use(Named("emacs"))
	if got := press(m, []string{"s", ""}, "ctrl+p"); got != "up" {
		t.Errorf("ctrl-p in emacs: %q", got)
	}
	if got := press(m, []string{""}, "ctrl+p"); got != "" {
		t.Errorf("ctrl-p where nothing goes up: %q", got)
	}
	if got := press(m, []string{""}, "alt+x"); got != "palette" {
		t.Errorf("alt-x: %q", got)
	}
	for _, c := range m.Live([]string{"s", ""}) {
		if c.Title == "palette" && c.Keycaps(2) != "alt-x" || c.Title == "up" && c.Keycaps(2) != "ctrl-p up" {
			t.Errorf("%s is shown with %s", c.Title, c.Keycaps(2))
		}
	}
	if m.Any("ctrl+g") != "esc" || m.Text("ctrl+n") != "down" || m.Text("a") != "a" || Named("vi") != nil || Names() != "vim, emacs, vscode" {
		t.Error("translation of single keys")
	}
	m.Use(Named("vim"))
	if got := press(m, []string{"s", ""}, "ctrl+p"); got != "palette" {
		t.Errorf("ctrl-p in vim: %q", got)
	}
}
