package tui

import (
	"fmt"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/riffle-io/riffle/tui/canvas"
)

// sizes are those of the golden screens.
var sizes = [][2]int{{80, 24}, {100, 30}, {200, 60}}

// profiles are the terminals of the golden screens. Those that hold styles are stored with their codes.
var profiles = []struct {
	name                 string
	color, ascii, styled bool
}{
	{"color", true, false, true},
	{"ascii", true, true, false},
	{"nocolor", false, false, true},
}

// fixStats makes what a golden screen says of time the same in every run.
func (d *driver) fixStats() {
	d.a.explore.shown.stats = "0.41 s  38/96 row groups  212 MB"
	d.a.touch()
	d.send(nil)
}

// resize makes the terminal another one.
func (d *driver) resize(w, h int) {
	d.t.Helper()
	d.send(tea.WindowSizeMsg{Width: w, Height: h})
	d.settle()
}

// TestGolden draws every screen at every size in every profile. still is called after a resize, to fix
// what depends on the machine.
func TestGolden(t *testing.T) {
	for _, s := range []struct {
		name string
		open func(t *testing.T) (d *driver, still func())
	}{
		{"explore", goldenExplore}, {"stream", goldenStream}, {"jobs", goldenJobs}, {"job", goldenJob}, {"promote", goldenPromote},
	} {
		t.Run(s.name, func(t *testing.T) {
			d, still := s.open(t)
			for _, p := range profiles {
				d.a.theme = canvas.NewTheme(p.color, p.ascii)
				for _, size := range sizes {
					d.resize(size[0], size[1])
					still()
					d.golden(fmt.Sprintf("%s_%dx%d_%s", s.name, size[0], size[1], p.name), p.styled)
					if p.ascii {
						d.checkASCII()
					}
				}
			}
		})
	}
}

func goldenExplore(t *testing.T) (*driver, func()) {
	folder(t)
	d := query(t, 100, 30, byCountry)
	d.keys("p")
	return d, d.fixStats
}

func goldenStream(t *testing.T) (*driver, func()) {
	d := streaming(t, 100, 30, bids)
	d.keys("space { {")
	return d, func() { d.still() }
}

func goldenJobs(t *testing.T) (*driver, func()) {
	d, _ := onJobs(t, 100, 30, Options{})
	d.keys("j")
	d.run(d.a.jobs.look())
	d.settle()
	return d, func() {}
}

func goldenJob(t *testing.T) (*driver, func()) {
	d, still := goldenJobs(t)
	d.keys("enter")
	return d, still
}

func goldenPromote(t *testing.T) (*driver, func()) {
	folder(t)
	d := drive(t, 100, 30, Options{})
	promotion(t, d)
	return d, func() {}
}

func TestGoldenHelp(t *testing.T) {
	folder(t)
	d := query(t, 100, 30, byCountry)
	d.fixStats()
	d.keys("?").golden("help_100x30", false)
}
