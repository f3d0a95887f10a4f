package tui

import (
	"context"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/riffle-io/riffle/repl"
	"github.com/riffle-io/riffle/tui/canvas"
	"github.com/riffle-io/riffle/tui/keymap"
)

// screen is one of the tabs.
type screen interface {
	id() string    // "explore": its scope in the keymap
	label() string // in the tabs
	digit() string // the key that shows it
	// enter is called when the screen comes to the front.
	enter() tea.Cmd
	// scopes are those of the focused pane and the screen.
	scopes() []string
	// typing gives a key to the focused text field; false: it is not one, or does not want it.
	typing(k, text string) (tea.Cmd, bool)
	// draw draws everything between the first line and the last two.
	draw(r canvas.Region)
	// poll looks at what runs behind the screen. changed asks for a drawing, active for another poll.
	poll(now time.Time) (changed, active bool, cmd tea.Cmd)
	// corner is the right end of the first line; status the line above the keys.
	corner() string
	status() canvas.Part
	// cursor is where the terminal's cursor belongs.
	cursor() (x, y int, shape tea.CursorShape, ok bool)
}

// paster is a screen that takes pasted text.
type paster interface{ paste(text string) }

// app is the program: the screens, what lies over them, and the frame.
type app struct {
	ctx  context.Context
	stop context.CancelFunc
	opts Options
	ses  *repl.Session
	now  func() time.Time

	theme *canvas.Theme
	c     *canvas.Canvas
	term  *terminal // nil: Bubble Tea draws what View returns, as tests want it
	boost boost
	keys  *keymap.Map

	screens  []screen
	cur      int
	explore  *explore
	stream   *stream
	jobs     *jobs
	overlays []overlay
	prompt   *prompt
	past     map[string][]string // what was typed in prompts, by kind
	message  canvas.Part         // what the last action said; gone with the next key
	log      []entry             // what was done, as command lines

	finished finished
	lines    bool // the user asked for the line REPL
	started  bool

	frame   frame
	mouse   bool
	header  bool // the first line is shown
	blurred bool
}

func newApp(ctx context.Context, o Options, now func() time.Time) *app {
	a := &app{opts: o, ses: o.Session, now: now, c: canvas.New(0, 0), keys: keymap.New(), past: map[string][]string{}, header: true}
	a.ctx, a.stop = context.WithCancel(ctx)
	a.theme = canvas.NewTheme(!o.NoColor, o.ASCII)
	if l := keymap.Named(o.Keys); l != nil {
		a.keys.Use(l)
	}
	a.explore = newExplore(a)
	a.stream = newStream(a)
	a.jobs = newJobs(a)
	a.screens = []screen{a.explore, a.stream, a.jobs}
	for i, s := range a.screens {
		if s.id() == o.Screen {
			a.cur = i
		}
	}
	a.addGlobalKeys()
	return a
}

// close ends what the screens started; jobs of the server are not among it.
func (a *app) close() { a.stop() }

// Init asks for what the first screen shows.
func (a *app) Init() tea.Cmd {
	if a.started { // and what ended while nothing was shown
		return tea.Batch(a.finish(), a.explore.loadRoots(), a.front().enter())
	}
	a.started = true
	if a.opts.Job != "" {
		return tea.Batch(a.explore.start(), a.openJob(a.opts.Job))
	}
	return tea.Batch(a.explore.start(), a.front().enter())
}

func (a *app) front() screen { return a.screens[a.cur] }

// doneMsg is what a timer wants done on the screen's goroutine.
type doneMsg func() tea.Cmd

// Update takes a message and draws if it is time.
func (a *app) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	cmd := a.handle(msg)
	return a, tea.Batch(cmd, a.settle())
}

func (a *app) handle(msg tea.Msg) tea.Cmd {
	switch m := msg.(type) {
	case tea.WindowSizeMsg:
		if m.Width <= 0 || m.Height <= 0 {
			return nil // what is no terminal has no size
		}
		a.c.Resize(m.Width, m.Height)
		a.frame.last = time.Time{} // draw now
		a.touch()
	case tea.KeyPressMsg:
		if a.term != nil {
			a.boost.press()
		}
		a.frame.pressed = true
		a.touch()
		return a.press(keyName(m), m.Text)
	case tea.PasteMsg:
		a.touch()
		a.paste(m.Content)
	case tea.MouseWheelMsg:
		a.touch()
		if m.Button == tea.MouseWheelUp {
			return a.press("up", "")
		}
		return a.press("down", "")
	case tea.FocusMsg:
		a.blurred = false
	case tea.BlurMsg:
		a.blurred = true
	case tea.ResumeMsg:
		a.comeBack()
	case lostMsg:
		a.touch()
	case frameMsg:
		a.frame.ticking = false
	case keyMsg:
		a.frame.soon = false
	case finishedMsg:
		a.touch()
		return a.finish()
	case doneMsg:
		a.touch()
		if m != nil {
			return m()
		}
	}
	return nil
}

// keyName is the name of a key as the keymap knows it.
func keyName(m tea.KeyPressMsg) string {
	if m.Text == " " {
		return "space"
	}
	return m.String()
}

// press gives a key to whoever is in front: prompt, overlay, text field, keymap.
func (a *app) press(k, text string) tea.Cmd {
	if k == "space" && text == "" {
		text = " "
	}
	if k == "ctrl+c" && a.keys.Pending() == "" { // whatever is in front
		return a.cancel()
	}
	if a.tooSmall() {
		if k == "ctrl+d" || k == "q" {
			return tea.Quit
		}
		return nil
	}
	a.message = canvas.Part{}
	k = a.keys.Any(k)
	if a.prompt != nil {
		return a.prompt.key(a, a.keys.Text(k), text)
	}
	if n := len(a.overlays); n > 0 {
		return a.overlays[n-1].key(a.keys.Text(k), text)
	}
	if a.keys.Pending() == "" {
		if cmd, done := a.front().typing(a.keys.Text(k), text); done {
			return cmd
		}
	}
	c, pressed, _ := a.keys.Press(a.scopes(), k)
	if c == nil {
		return nil
	}
	return c.Run(pressed)
}

func (a *app) scopes() []string { return append(a.front().scopes(), "") }

func (a *app) paste(text string) {
	switch {
	case a.prompt != nil:
		a.prompt.input.Paste(text)
	case len(a.overlays) > 0:
		if p, ok := a.overlays[len(a.overlays)-1].(paster); ok {
			p.paste(text)
		}
	default:
		if p, ok := a.front().(paster); ok {
			p.paste(text)
		}
	}
}

// cancel is ctrl-c: it closes what lies over the screen, else it cancels the query of the screen.
func (a *app) cancel() tea.Cmd {
	a.keys.Cancel()
	switch {
	case a.prompt != nil:
		return a.prompt.close(a)
	case len(a.overlays) > 0:
		a.closeOverlay()
		return nil
	}
	if c, ok := a.front().(interface{ cancelQuery() bool }); ok && c.cancelQuery() {
		a.say(canvas.Warn, "cancelled")
		return nil
	}
	a.say(canvas.Dim, "nothing runs here. ctrl-d or :q leaves")
	return nil
}

// say shows a line until the next key.
func (a *app) say(s canvas.Style, text string) { a.message = canvas.Part{Text: text, S: s} }

// show brings a screen to the front.
func (a *app) show(id string) tea.Cmd {
	for i, s := range a.screens {
		if s.id() == id {
			a.cur = i
			a.keys.Cancel()
			return s.enter()
		}
	}
	return nil
}
