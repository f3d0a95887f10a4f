package tui

import (
	"context"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/riffle-io/riffle/repl"
	"github.com/riffle-io/riffle/tui/canvas"
	"github.com/riffle-io/riffle/tui/widget"
)

// prompt is a line to type at the foot of the screen.
type prompt struct {
	kind   string // texts of one kind have one history; "" has none
	input  *widget.Input
	enter  func(text string) tea.Cmd
	change func(text string) // nil: not told
	cancel func()            // nil: nothing to take back
	help   string            // what enter does
}

const pastKept = 100

// ask opens a prompt.
func (a *app) ask(p prompt, label, text string) tea.Cmd {
	p.input = widget.NewInput(label, text, a.past[p.kind])
	a.prompt = &p
	return nil
}

func (p *prompt) hints() [][2]string {
	return [][2]string{{"enter", p.help}, {"up", "typed before"}, {"esc", "close"}}
}

func (p *prompt) key(a *app, k, text string) tea.Cmd {
	switch k {
	case "esc":
		return p.close(a)
	case "enter":
		a.prompt = nil
		if v := p.input.Value(); v != "" && p.kind != "" {
			past := append(a.past[p.kind], v)
			a.past[p.kind] = past[max(0, len(past)-pastKept):]
		}
		return p.enter(p.input.Value())
	case "backspace":
		if p.input.Value() == "" {
			return p.close(a)
		}
	}
	p.input.Key(k, text)
	if p.change != nil {
		p.change(p.input.Value())
	}
	return nil
}

func (p *prompt) close(a *app) tea.Cmd {
	a.prompt = nil
	if p.cancel != nil {
		p.cancel()
	}
	return nil
}

// typedName asks for the name of what do is done to, where the server is in production. A server that
// nobody has looked at is asked first.
func (a *app) typedName(name string, do func() tea.Cmd) func() tea.Cmd {
	client := a.jobs.client
	if client == nil {
		return do
	}
	guard := func(profile string) tea.Cmd {
		if profile != repl.ProfileProd {
			return do()
		}
		return a.ask(prompt{help: "go on", enter: func(text string) tea.Cmd {
			if strings.TrimSpace(text) != name {
				a.say(canvas.Warn, "nothing was done: the name is "+name)
				return nil
			}
			return do()
		}}, "this is "+profile+": type "+name+" to go on: ", "")
	}
	return func() tea.Cmd {
		if !a.jobs.seen.IsZero() {
			return guard(a.jobs.profile)
		}
		return a.background(func(ctx context.Context) func() tea.Cmd {
			s, err := client.Server(ctx)
			return func() tea.Cmd {
				if err != nil { // do says what is wrong with the server
					return do()
				}
				return guard(s.Profile)
			}
		})
	}
}
