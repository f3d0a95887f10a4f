package keymap

import "testing"

func table() *Map {
	m := &Map{}
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
