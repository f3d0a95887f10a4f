package tui

import (
	"io"
	"os"
	"strconv"
	"sync"

	tea "charm.land/bubbletea/v2"
	"github.com/riffle-io/riffle/tui/canvas"
)

// terminal is where frames are painted, at once and by their differences. Bubble Tea reads the keys
// and sets the modes of the terminal; its own renderer would wait for a tick with every frame, and
// tick while nothing changes.
//
//	compose ─► canvas ─► show ─► Painter ─► out ◄─ Bubble Tea: raw mode, keys, paste, focus, mouse
//
// Invariants:
//   - What Bubble Tea writes may move or erase: the next frame after it is painted whole.
//   - The alternate screen is on from the first frame until leave, and never while another program
//     has the terminal.
type terminal struct {
	out io.Writer

	mu      sync.Mutex // writes of Bubble Tea come from its own goroutine
	painter canvas.Painter
	buf     []byte
	on      bool
	away    bool   // another program has the terminal, or the end has come
	lost    func() // asks for the next frame; it does not wait
}

// screenFPS is how often Bubble Tea looks whether the modes of the terminal changed; it does not go
// below one. Nothing waits for it: the modes that people notice are set here as well.
const screenFPS = 1

const (
	// Alternate screen, no cursor, bracketed paste, focus reports.
	enterScreen = "\x1b[?1049h\x1b[?25l\x1b[?2004h\x1b[?1004h"
	// leaveScreen also takes back what Bubble Tea asked of this screen's keyboard, which it would ask
	// of the other one.
	leaveScreen = "\x1b[m\x1b[0 q\x1b[<u\x1b[?1004l\x1b[?2004l\x1b[?25h\x1b[?1049l"
	mouseOn     = "\x1b[?1002h\x1b[?1006h"
	mouseOff    = "\x1b[?1002l\x1b[?1006l"
)

// Write passes on what Bubble Tea writes.
func (t *terminal) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.on {
		t.painter.Forget()
		t.lost()
	}
	return t.out.Write(b)
}

// show paints a frame. A terminal that is gone is noticed by whoever reads its keys.
func (t *terminal) show(c *canvas.Canvas, theme *canvas.Theme, cur *tea.Cursor) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.away {
		return
	}
	t.buf = t.buf[:0]
	if !t.on {
		t.on = true
		t.painter.Forget()
		t.buf = append(t.buf, enterScreen...)
	}
	t.buf = t.painter.Paint(c, theme, t.buf)
	t.buf = placeCursor(t.buf, cur)
	_, _ = t.out.Write(t.buf)
}

// placeCursor shows the cursor where it belongs, or hides it.
func placeCursor(dst []byte, cur *tea.Cursor) []byte {
	if cur == nil {
		return append(dst, "\x1b[?25l"...)
	}
	dst = append(strconv.AppendInt(append(dst, "\x1b["...), int64(cur.Y+1), 10), ';')
	dst = append(strconv.AppendInt(dst, int64(cur.X+1), 10), 'H')
	shape := "\x1b[2 q" // a block that does not blink
	if cur.Shape == tea.CursorBar {
		shape = "\x1b[6 q"
	}
	return append(append(dst, shape...), "\x1b[?25h"...)
}

// mode sets a mode of the terminal at once.
func (t *terminal) mode(sequence string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.on {
		_, _ = io.WriteString(t.out, sequence)
	}
}

// leave gives the terminal back, until back.
func (t *terminal) leave() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.away = true
	if t.on {
		t.on = false
		_, _ = io.WriteString(t.out, leaveScreen) // what is no terminal any more needs no leaving
	}
}

// back takes the terminal again.
func (t *terminal) back() {
	t.mu.Lock()
	t.away = false
	t.mu.Unlock()
}

// terminalFile is a terminal that Bubble Tea knows as one, to ask its size and set its modes.
type terminalFile struct {
	*terminal
	*os.File
}

// Write is that of the terminal, not of the file.
func (f terminalFile) Write(b []byte) (int, error) { return f.terminal.Write(b) }

// WriteString is Write.
func (f terminalFile) WriteString(s string) (int, error) { return f.terminal.Write([]byte(s)) }

// lostMsg says that something else wrote to the terminal.
type lostMsg struct{}

// suspend gives the terminal to the shell.
func (a *app) suspend() tea.Cmd {
	a.giveAway()
	return tea.Suspend
}

// giveAway leaves the terminal to another program, until comeBack.
func (a *app) giveAway() {
	if a.term != nil {
		a.term.leave()
	}
}

func (a *app) comeBack() {
	if a.term != nil {
		a.term.back()
	}
	a.touch()
}
