package tui

import (
	"context"
	"strings"

	"github.com/riffle-io/riffle/repl"
	"github.com/riffle-io/riffle/tui/keymap"
)

// KeyHelp is one thing that keys do.
type KeyHelp struct {
	Where string // a screen and its pane, or "everywhere"
	Keys  string // as they are written in the help, a blank between them
	Does  string
	Word  string // name on the : line; "" without
}

// KeyMaps names the layouts of keys.
func KeyMaps() string { return keymap.Names() }

// Keys lists what keys do in a layout; "" is the default. It returns an error when there is no such
// layout.
func Keys(ctx context.Context, layout string) ([]KeyHelp, error) {
	s, err := New(ctx, Options{Session: repl.NewSession(repl.Output{Notice: func(string, ...any) {}}), Keys: layout, Lines: true})
	if err != nil {
		return nil, err
	}
	defer s.Close()
	var out []KeyHelp
	for _, c := range s.a.keys.All() {
		where := strings.ReplaceAll(c.Scope, "/", " ")
		if where == "" {
			where = "everywhere"
		}
		out = append(out, KeyHelp{Where: where, Keys: c.Keycaps(len(c.Keys)), Does: c.Title, Word: c.Word})
	}
	return out, nil
}
