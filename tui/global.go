package tui

import (
	"strconv"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/riffle-io/riffle/repl/render"
	"github.com/riffle-io/riffle/tui/canvas"
	"github.com/riffle-io/riffle/tui/keymap"
	"github.com/riffle-io/riffle/tui/widget"
)

// Headings of the help.
const (
	groupMove   = "MOVE"
	groupView   = "THIS VIEW"
	groupResult = "RESULT"
	groupEdit   = "EDITOR"
	groupAll    = "EVERYWHERE"
	groupSafe   = "SAFE"
)

func itoa(n int) string { return strconv.Itoa(n) }

// entry is one line of the command log.
type entry struct {
	at   time.Time
	line string // what repeats it, or what was done when no command line does
	note string
}

const logKept = 1000

// record keeps what was done for the @ overlay.
func (a *app) record(line, note string) {
	a.log = append(a.log, entry{a.now(), line, note})
	a.log = a.log[max(0, len(a.log)-logKept):]
}

// do makes a command's Run of a function that needs no key.
func do(f func() tea.Cmd) func(string) tea.Cmd { return func(string) tea.Cmd { return f() } }

// just makes a command's Run of a function that only changes state.
func just(f func()) func(string) tea.Cmd { return func(string) tea.Cmd { f(); return nil } }

// writing is a command that changes something outside; read-only it says so instead.
func (a *app) writing(run func() tea.Cmd) func() tea.Cmd {
	return func() tea.Cmd {
		if a.ses.ReadOnly {
			a.say(canvas.Warn, "READ-ONLY: nothing is changed here")
			return nil
		}
		return run()
	}
}

// rights says whether statements and keys may write: a word in the first line.
func (a *app) rights() string {
	if a.ses.ReadOnly {
		return "ro"
	}
	return "rw"
}

// addGlobalKeys puts in what applies on every screen.
func (a *app) addGlobalKeys() {
	for _, s := range a.screens {
		a.keys.Add(&keymap.Command{Keys: []string{s.digit()}, Group: groupAll, Title: "screen " + s.label(),
			Word: s.id(), Run: do(func() tea.Cmd { return a.toScreen(s.id()) })})
	}
	a.keys.Add(
		&keymap.Command{Keys: []string{":"}, Group: groupAll, Title: "command line", Short: "cmd", Run: do(a.commandLine)},
		&keymap.Command{Keys: []string{"?", "f1"}, Group: groupAll, Title: "this help", Short: "help", Word: "help", Run: do(a.help)},
		&keymap.Command{Keys: []string{"ctrl+p"}, Group: groupAll, Title: "find a command", Run: do(a.palette)},
		&keymap.Command{Keys: []string{"@"}, Group: groupAll, Title: "log of commands", Word: "log", Run: do(a.showLog)},
		&keymap.Command{Keys: []string{"ctrl+e"}, Group: groupAll, Title: "hide, show first line", Word: "header",
			Run: just(func() { a.header = !a.header })},
		&keymap.Command{Keys: []string{"M"}, Group: groupAll, Title: "mouse on or off", Word: "mouse", Run: just(a.toggleMouse)},
		&keymap.Command{Keys: []string{"ctrl+c"}, Group: groupSafe, Title: "cancel the query, never riffle", Run: do(a.cancel)},
		&keymap.Command{Keys: []string{"ctrl+z"}, Group: groupSafe, Title: "suspend to the shell", Word: "suspend",
			Run: do(a.suspend)},
		&keymap.Command{Keys: []string{"ctrl+d"}, Group: groupSafe, Title: "leave; jobs go on", Word: "quit", Run: do(a.leave)},
		&keymap.Command{Group: groupAll, Title: "change a setting of the screens (:set keys=" + layoutChoice() + ")", Word: "set", Run: do(a.askSet), Line: a.set},
		&keymap.Command{Keys: []string{"ctrl+t"}, Group: groupAll, Title: "line REPL, with the same session", Word: "repl",
			When: func() bool { return a.opts.Lines }, Run: do(a.toLines)},
		&keymap.Command{Word: "q", Title: "leave; jobs go on", Run: do(a.leave)},
		&keymap.Command{Word: "q!", Title: "leave without saving", Run: do(func() tea.Cmd { return tea.Quit })},
	)
}

func (a *app) toggleMouse() {
	a.mouse = !a.mouse
	if a.term != nil {
		a.term.mode(map[bool]string{true: mouseOn, false: mouseOff}[a.mouse])
	}
	if a.mouse {
		a.say(canvas.Text, "mouse on: the wheel moves; M turns it off, so that the terminal selects text")
	} else {
		a.say(canvas.Text, "mouse off")
	}
}

func layoutChoice() string { return strings.ReplaceAll(keymap.Names(), ", ", "|") }

func (a *app) askSet() tea.Cmd {
	return a.ask(prompt{kind: "set screens", help: "set", enter: a.set}, "keys=", "")
}

// set changes a setting of the screens: key=value, or the value of keys.
func (a *app) set(args string) tea.Cmd {
	key, value, ok := strings.Cut(strings.TrimSpace(args), "=")
	if !ok {
		key, value = "keys", key
	}
	l := keymap.Named(value)
	if key != "keys" || l == nil {
		a.say(canvas.Bad, ":set "+args+": there is keys="+layoutChoice())
		return nil
	}
	a.keys.Use(l)
	a.explore.editor.SetVim(l.Modes)
	a.say(canvas.Good, "the keys are those of "+l.Name+"; ? shows them")
	return nil
}

// commandLine is the : line.
func (a *app) commandLine() tea.Cmd {
	return a.ask(prompt{kind: ":", help: "run", enter: a.runLine}, ":", "")
}

// runLine does what was typed on the : line.
func (a *app) runLine(text string) tea.Cmd {
	text = strings.TrimSpace(text)
	word, args, _ := strings.Cut(text, " ")
	if word == "" {
		return nil
	}
	c := a.keys.Find(a.scopes(), word)
	switch {
	case c == nil:
		a.say(canvas.Bad, "no command :"+word+"  (ctrl-p finds one by name)")
		return nil
	case c.Line != nil:
		return c.Line(strings.TrimSpace(args))
	}
	return c.Run("")
}

// toLines goes to the line REPL. What is shown stays for the way back.
func (a *app) toLines() tea.Cmd {
	for len(a.overlays) > 0 {
		a.closeOverlay()
	}
	a.prompt, a.lines = nil, true
	return tea.Quit
}

// leave ends the program; buffers of files that are not saved are asked for first.
func (a *app) leave() tea.Cmd {
	var unsaved []string
	for _, b := range a.explore.editor.Buffers {
		if b.Path != "" && b.Modified() {
			unsaved = append(unsaved, b.Name)
		}
	}
	if len(unsaved) == 0 {
		return tea.Quit
	}
	return a.choose("Leave?", widget.Paragraph("not saved: "+strings.Join(unsaved, ", ")),
		choice{key: "w", text: "save and leave", do: func() tea.Cmd {
			if a.explore.saveAll() {
				return tea.Quit
			}
			return nil
		}},
		choice{key: "n", text: "leave without saving", do: func() tea.Cmd { return tea.Quit }},
		choice{key: "c", text: "stay"})
}

// showLog is the @ overlay: newest first; enter copies a line.
func (a *app) showLog() tea.Cmd {
	p := &picker{name: "What was done, as command lines", verb: "copy", empty: "nothing yet"}
	var lines []string
	for i := len(a.log) - 1; i >= 0; i-- {
		e := a.log[i]
		p.items = append(p.items, widget.Item{Text: e.line, Note: strings.TrimSpace(e.note + "  " + e.at.Format("15:04:05"))})
		lines = append(lines, e.line)
	}
	p.choose = func(i int) tea.Cmd { return a.copyText(lines[i], "the command") }
	return a.pick(p)
}

// copyText puts text into the terminal's clipboard (OSC 52).
func (a *app) copyText(text, what string) tea.Cmd {
	const most = 1 << 20 // terminals drop longer ones
	if len(text) > most {
		a.say(canvas.Warn, what+" is longer than a terminal's clipboard takes ("+render.Bytes(int64(len(text)))+"); E exports it")
		return nil
	}
	a.say(canvas.Good, "copied "+what+" ("+render.Bytes(int64(len(text)))+")")
	return tea.SetClipboard(text)
}

// quote writes a word for a shell.
func quote(s string) string {
	plain := s != ""
	for _, r := range s {
		if !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_-./:=,@%+", r)) {
			plain = false
		}
	}
	if plain {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
