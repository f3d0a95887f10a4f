// Package invariants switches on what only test builds do: costly checks, and rare paths taken at
// random so that every test run visits them.
//
//	if invariants.Enabled {
//		b.Check() // compiled away in normal builds
//	}
//	if budget.Full() || invariants.Sometimes(10) {
//		spill() // one time in ten although there is room
//	}
//
// It is on in builds with the tag "invariants" and with the race detector. What it changes must
// never change an answer, only the way to it.
package invariants

import "math/rand/v2"

// Sometimes is true at random in percent of 100 calls when Enabled, and otherwise never.
func Sometimes(percent int) bool {
	return Enabled && rand.IntN(100) < percent
}
