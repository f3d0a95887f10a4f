package tui

import (
	"fmt"
	"testing"
)

// sizes are those of the golden screens.
var sizes = [][2]int{{80, 24}, {100, 30}, {200, 60}}

// fixStats makes what a golden screen says of time the same in every run.
func (d *driver) fixStats() {
	d.a.explore.shown.stats = "0.41 s  38/96 row groups  212 MB"
	d.a.touch()
	d.send(nil)
}

func TestGoldenExplore(t *testing.T) {
	folder(t)
	for _, s := range sizes {
		d := query(t, s[0], s[1], byCountry)
		d.keys("p")
		d.fixStats()
		d.golden(fmt.Sprintf("explore_%dx%d", s[0], s[1]), false)
	}
	d := query(t, 100, 30, byCountry)
	d.fixStats()
	d.golden("explore_color", true)
}

func TestGoldenNoColor(t *testing.T) {
	folder(t)
	d := drive(t, 100, 30, Options{NoColor: true})
	d.typed(byCountry).keys("ctrl+r").keys("esc tab")
	d.fixStats()
	d.golden("explore_nocolor", true)
}

func TestGoldenASCII(t *testing.T) {
	folder(t)
	for _, s := range sizes {
		d := drive(t, s[0], s[1], Options{ASCII: true})
		d.typed(byCountry).keys("ctrl+r").keys("esc tab").keys("p")
		d.fixStats()
		d.checkASCII()
		d.golden(fmt.Sprintf("explore_ascii_%dx%d", s[0], s[1]), false)
	}
}

func TestGoldenHelp(t *testing.T) {
	folder(t)
	d := query(t, 100, 30, byCountry)
	d.fixStats()
	d.keys("?").golden("help_100x30", false)
}
