package promote

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// TestOriginal edits texts at random, and looks every token of the result up in the text before:
// what was not edited is found where it was, a replacement is found as what it replaced, and an
// insertion is not found.
func TestOriginal(t *testing.T) {
	for seed := range uint64(500) {
		rng := rand.New(rand.NewPCG(seed, 7))
		d := &draft{}
		type token struct {
			old, new string // "" when it is not there
			at       int    // in the text
		}
		var list []token
		for range 2 + rng.IntN(12) {
			word := strings.Repeat("x", 1+rng.IntN(4))
			k := token{old: word, new: word, at: len(d.text)}
			switch rng.IntN(4) {
			case 0: // replaced
				k.new = strings.Repeat("N", 1+rng.IntN(6))
				d.edits = append(d.edits, edit{k.at, k.at + len(k.old), k.new})
			case 1: // cut
				k.new = ""
				d.edits = append(d.edits, edit{k.at, k.at + len(k.old), ""})
			case 2: // inserted
				k.old, k.new = "", strings.Repeat("I", 1+rng.IntN(3))
				d.edits = append(d.edits, edit{k.at, k.at, k.new})
			}
			d.text += k.old + " "
			list = append(list, k)
		}
		edited := apply(d.text, d.edits)
		at := 0
		for i, k := range list {
			from, to, ok := d.original(at, at+len(k.new))
			switch {
			case k.new == "":
			case k.old == "":
				if ok {
					t.Fatalf("seed %d, token %d: an insertion was found at %d in %q (edited %q)", seed, i, from, d.text, edited)
				}
			case !ok || from != k.at || to != k.at+len(k.old):
				t.Fatalf("seed %d, token %d %q at %d of %q: %d to %d, %v; want %d to %d of %q", seed, i, k.new, at, edited, from, to, ok, k.at, k.at+len(k.old), d.text)
			}
			at += len(k.new) + 1
		}
	}
	if _, _, ok := (&draft{text: "SELECT 1"}).original(-4, -1); ok {
		t.Error("a place before the query was found in it")
	}
}
