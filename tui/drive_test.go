package tui

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/riffle-io/riffle/repl"
)

var rewrite = flag.Bool("rewrite", false, "write the golden screens anew")

// testdata is absolute, since tests change the working directory.
var testdata, _ = filepath.Abs("testdata")

// realTime are times that come from the machine's clock.
var realTime = regexp.MustCompile(`\(\d\d:\d\d:\d\d\)`)

// driver runs a program without a terminal: messages are given by hand, and commands run until
// nothing is left to do.
type driver struct {
	t    *testing.T
	a    *app
	msgs chan tea.Msg
	open int // commands that have not answered
	end  bool
	// clock is the time of the program; it moves with every message while runs is set.
	clock time.Time
	runs  bool
}

// noon is the time at which programs of tests stand still.
var noon = time.Date(2026, 11, 21, 10, 41, 12, 0, time.UTC)

// drive starts a program of w by h cells whose clock stands still.
func drive(t *testing.T, w, h int, o Options) *driver {
	t.Helper()
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	if o.Session == nil {
		o.Session = repl.NewSession(repl.Output{Notice: func(string, ...any) {}})
	}
	d := &driver{t: t, msgs: make(chan tea.Msg, 1000), clock: noon}
	a := newApp(context.Background(), o, func() time.Time { return d.clock })
	t.Cleanup(a.close)
	d.a = a
	d.run(a.Init())
	d.send(tea.WindowSizeMsg{Width: w, Height: h})
	d.settle()
	return d
}

// run starts a command; ticks answer at once, for the clock stands still.
func (d *driver) run(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	d.open++
	go func() { d.msgs <- cmd() }()
}

func (d *driver) send(msg tea.Msg) {
	d.a.frame.last = time.Time{} // the clock stands still, so every message draws
	if d.runs {
		d.clock = d.clock.Add(headerEvery)
	}
	_, cmd := d.a.Update(msg)
	d.run(cmd)
}

// settle takes answers until no command is open.
func (d *driver) settle() {
	d.t.Helper()
	timeout := time.After(20 * time.Second)
	for {
		rest := 0
		if d.a.jobs.timer { // asks the server again, for ever
			rest = 1
		}
		if n := len(d.a.overlays); n > 0 {
			if b, ok := d.a.overlays[n-1].(*whyBox); ok && b.waiting {
				rest++
			}
		}
		if d.open <= rest {
			return
		}
		select {
		case msg := <-d.msgs:
			d.open--
			d.take(msg)
		case <-timeout:
			d.t.Fatalf("the program does not come to rest:\n%s", d.text())
		}
	}
}

func (d *driver) take(msg tea.Msg) {
	switch m := msg.(type) {
	case nil:
	case tea.BatchMsg:
		for _, c := range m {
			d.run(c)
		}
	case tea.QuitMsg:
		d.end = true
	default:
		if v := reflect.ValueOf(msg); v.Kind() == reflect.Slice && v.Type().Elem() == reflect.TypeFor[tea.Cmd]() {
			for i := range v.Len() { // a sequence; its order does not matter here
				d.run(v.Index(i).Interface().(tea.Cmd))
			}
			return
		}
		d.send(msg)
	}
}

// named are keys that are not the rune that they are written as.
var named = map[string]rune{"enter": tea.KeyEnter, "esc": tea.KeyEscape, "tab": tea.KeyTab, "backspace": tea.KeyBackspace,
	"up": tea.KeyUp, "down": tea.KeyDown, "left": tea.KeyLeft, "right": tea.KeyRight, "f5": tea.KeyF5, "f11": tea.KeyF11, "f2": tea.KeyF2,
	"home": tea.KeyHome, "end": tea.KeyEnd, "f1": tea.KeyF1, "f3": tea.KeyF3, "f4": tea.KeyF4, "f6": tea.KeyF6, "f7": tea.KeyF7}

// keys presses keys, parted by blanks: "ctrl+r", "space", "G".
func (d *driver) keys(list string) *driver {
	d.t.Helper()
	for _, k := range strings.Fields(list) {
		d.send(keyPress(k))
	}
	d.settle()
	return d
}

func keyPress(k string) tea.KeyPressMsg {
	var m tea.KeyPressMsg
	for {
		rest, ok := strings.CutPrefix(k, "ctrl+")
		if ok {
			m.Mod |= tea.ModCtrl
		} else if rest, ok = strings.CutPrefix(k, "shift+"); ok {
			m.Mod |= tea.ModShift
		}
		if !ok {
			break
		}
		k = rest
	}
	switch code, ok := named[k]; {
	case ok:
		m.Code = code
	case k == "space":
		m.Code = ' '
	default:
		m.Code = []rune(k)[0]
	}
	if m.Mod == 0 && m.Code < 0x100 && named[k] == 0 {
		m.Text = string(m.Code)
	}
	return m
}

// typed writes a text.
func (d *driver) typed(text string) *driver {
	d.t.Helper()
	for _, r := range text {
		if r == '\n' {
			d.send(tea.KeyPressMsg{Code: tea.KeyEnter})
		} else {
			d.send(tea.KeyPressMsg{Code: r, Text: string(r)})
		}
	}
	d.settle()
	return d
}

// text is the screen without styles.
func (d *driver) text() string {
	w, h := d.a.c.Size()
	var sb strings.Builder
	for y := range h {
		var line strings.Builder
		for x := range w {
			if r := d.a.c.At(x, y).R; r != 0 {
				line.WriteRune(r)
			}
		}
		sb.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return sb.String()
}

// want fails when the screen lacks one of the texts.
func (d *driver) want(texts ...string) *driver {
	d.t.Helper()
	screen := d.text()
	for _, s := range texts {
		if !strings.Contains(screen, s) {
			d.t.Fatalf("no %q on the screen:\n%s", s, screen)
		}
	}
	return d
}

// not fails when the screen has one of the texts.
func (d *driver) not(texts ...string) *driver {
	d.t.Helper()
	screen := d.text()
	for _, s := range texts {
		if strings.Contains(screen, s) {
			d.t.Fatalf("%q is on the screen:\n%s", s, screen)
		}
	}
	return d
}

// golden compares the screen with testdata/NAME.txt; styled holds the codes too.
func (d *driver) golden(name string, styled bool) {
	d.t.Helper()
	got := d.text()
	if styled {
		got = strings.ReplaceAll(string(d.a.c.Render(d.a.theme, nil)), "\x1b", "␛") + "\n"
	}
	got = realTime.ReplaceAllString(got, "(00:00:00)")
	path := filepath.Join(testdata, name+".txt")
	if *rewrite {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			d.t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		d.t.Fatal(err)
	}
	if got != string(want) {
		d.t.Errorf("%s differs; go test -rewrite writes it anew. Got\n%s\nwant\n%s", path, got, want)
	}
}

// checkASCII fails when frames and marks use other characters.
func (d *driver) checkASCII() {
	d.t.Helper()
	for _, r := range d.text() {
		if r > 126 {
			d.t.Errorf("%q is not ASCII:\n%s", r, d.text())
			return
		}
	}
}
