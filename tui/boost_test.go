package tui

import (
	"os"
	"testing"
)

// TestKeyboardBegins the boost with a key, and not with what a terminal says by itself.
func TestKeyboardBeginsTheBoost(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	b := &boost{}
	defer b.end()
	k := keyboard{r, b}
	for _, c := range []struct {
		typed string
		on    bool
	}{
		{"\x1b[I", false}, {"\x1b[O", false}, {"\x1b[?2026;2$y", false}, {"\x1b[12;40R", false}, {"\x1b]11;rgb:0000/0000/0000\a", false}, {"\x1bP>|tmux 3.3a\x1b\\", false},
		{"x", true}, {"\x1b", true}, {"\x1b[A", true}, {"\x1bOP", true}, {"\x1b[200~text\x1b[201~", true},
	} {
		b.end()
		if _, err := w.WriteString(c.typed); err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 100)
		n, err := k.Read(buf)
		if err != nil || string(buf[:n]) != c.typed {
			t.Fatalf("read %q, %v", buf[:n], err)
		}
		b.mu.Lock()
		on := b.on
		b.mu.Unlock()
		if on != c.on {
			t.Errorf("%q: boost %v, want %v", c.typed, on, c.on)
		}
	}
}
