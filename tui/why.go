package tui

import (
	"context"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/riffle-io/riffle/repl"
	"github.com/riffle-io/riffle/tui/canvas"
)

// whyBox is the answer to "why is there no output?": the cause, what was ruled out, what would help.
type whyBox struct {
	a    *app
	name string
	why  repl.Why
	sel  int
	// ask gives the reasons anew while the box is open; nil: they stay as they are.
	ask     func() repl.Why
	waiting bool // to ask again
}

// askEvery is how often the reasons are asked for while they are read.
const askEvery = time.Second

// later asks again after a second, as long as the box is in front.
func (b *whyBox) later() tea.Cmd {
	b.waiting = true
	return tea.Tick(askEvery, func(time.Time) tea.Msg {
		return doneMsg(func() tea.Cmd {
			b.waiting = false
			if n := len(b.a.overlays); n == 0 || b.a.overlays[n-1] != overlay(b) {
				return nil
			}
			return b.a.background(func(context.Context) func() tea.Cmd {
				w := b.ask()
				return func() tea.Cmd {
					b.why = w
					b.sel = clamp(b.sel, 0, max(0, len(w.Fixes)-1))
					return b.later()
				}
			})
		})
	})
}

func (b *whyBox) title() (string, string) { return b.name, "w" }

func (b *whyBox) lines(w int) (out []canvas.Part, fixes []int) {
	add := func(s canvas.Style, text string) { out = append(out, canvas.Part{Text: text, S: s}) }
	for i, l := range wrap(b.why.Cause, w-11) {
		head := "           "
		if i == 0 {
			head = "1. CAUSE   "
		}
		add(canvas.Text, head+l)
	}
	for _, d := range b.why.Detail {
		for _, l := range wrap(d, w-11) {
			add(canvas.Dim, "           "+l)
		}
	}
	for i, n := range b.why.NotIt {
		if i == 0 {
			add(canvas.Text, "")
			add(canvas.Text, "2. NOT IT  "+n)
		} else {
			add(canvas.Text, "           "+n)
		}
	}
	for i, f := range b.why.Fixes {
		head := "           "
		if i == 0 {
			add(canvas.Text, "")
			head = "3. FIX     "
		}
		mark := "  "
		if i == b.sel {
			mark = "> "
		}
		fixes = append(fixes, len(out))
		note := ""
		if f.Apply != nil {
			note = "  (enter applies)"
		}
		for n, l := range wrap(f.Text+note, w-13) {
			if n > 0 {
				head, mark = "           ", "  "
			}
			add(canvas.Accent, head+mark+l)
		}
	}
	if b.sel < len(b.why.Fixes) && b.why.Fixes[b.sel].Command != "" {
		how := "In the query:  "
		if isCommand(b.why.Fixes[b.sel].Command) {
			how = "As a command:  "
		}
		add(canvas.Text, "")
		add(canvas.Dim, how+b.why.Fixes[b.sel].Command)
	}
	if word := learnMore(b.why); word != "" {
		add(canvas.Dim, "Learn more:    riffle help "+word)
	}
	return out, fixes
}

// learnMore is the word of riffle help that an answer is about; "" for none.
func learnMore(w repl.Why) string {
	for _, f := range w.Fixes {
		if strings.Contains(f.Text, "idle") {
			return "idle"
		}
	}
	if strings.Contains(w.Cause, "watermark") {
		return "watermark"
	}
	return ""
}

// isCommand tells a command line from what would be written into a query.
func isCommand(s string) bool { return strings.HasPrefix(s, "riffle ") }

// wrap breaks a text into lines of at most w cells.
func wrap(text string, w int) []string {
	var out []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && canvas.Width(line)+1+canvas.Width(word) > w {
			out = append(out, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(out, line)
}

func (b *whyBox) size(w, h int) (int, int) {
	w = min(w, 92)
	lines, _ := b.lines(w - 4)
	return w, min(h, len(lines)+2)
}

func (b *whyBox) hints() [][2]string {
	out := [][2]string{{"j k", "choose"}}
	if b.sel < len(b.why.Fixes) {
		if b.why.Fixes[b.sel].Apply != nil {
			out = append(out, [2]string{"enter", "apply"})
		}
		if b.why.Fixes[b.sel].Command != "" {
			out = append(out, [2]string{"y", "copy command"})
		}
	}
	return append(out, [2]string{"esc", "close"})
}

func (b *whyBox) cursor() (int, int, bool) { return 0, 0, false }

func (b *whyBox) draw(r canvas.Region) {
	lines, fixes := b.lines(r.W)
	for y, l := range lines {
		r.Clip(b.a.theme, 0, y, r.W, l.Text, l.S)
	}
	if b.sel < len(fixes) {
		r.AddStyle(11, fixes[b.sel], r.W-11, canvas.Reverse)
	}
}

func (b *whyBox) key(k, _ string) tea.Cmd {
	n := len(b.why.Fixes)
	switch k {
	case "esc", "q", "w":
		b.a.closeOverlay()
	case "j", "down":
		b.sel = min(b.sel+1, max(0, n-1))
	case "k", "up":
		b.sel = max(0, b.sel-1)
	case "y":
		if b.sel < n && b.why.Fixes[b.sel].Command != "" {
			return b.a.copyText(b.why.Fixes[b.sel].Command, "the command")
		}
	case "enter":
		if b.sel < n && b.why.Fixes[b.sel].Apply != nil {
			return b.apply(b.why.Fixes[b.sel])
		}
	}
	return nil
}

// apply does what the fix says, in the background.
func (b *whyBox) apply(f repl.Fix) tea.Cmd {
	b.a.closeOverlay()
	b.a.say(canvas.Dim, f.Text+" ...")
	return b.a.background(func(context.Context) func() tea.Cmd {
		err := f.Apply()
		return func() tea.Cmd {
			if err != nil {
				b.a.say(canvas.Bad, firstLine(err.Error()))
				return nil
			}
			if isCommand(f.Command) {
				b.a.record(f.Command, "fix")
			}
			b.a.say(canvas.Good, "done: "+f.Text)
			return nil
		}
	})
}
