package widget

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
)

// Fuzzy scores how well the letters of pattern, in their order, are found in text: at the beginnings
// of words and next to each other is best. ok is false when they are not there. Case does not count.
func Fuzzy(pattern, text string) (score int, ok bool) {
	pattern, text = strings.ToLower(pattern), strings.ToLower(text)
	if pattern == "" {
		return 0, true
	}
	if i := strings.Index(text, pattern); i >= 0 {
		score = 1000 - min(i, 500)
		if i == 0 || !isWord(rune(text[i-1])) {
			score += 500
		}
		return score, true
	}
	want := []rune(pattern)
	n, run, before := 0, 0, ' '
	for _, r := range text {
		if n < len(want) && r == want[n] {
			n++
			run++
			score += run
			if !isWord(before) {
				score += 5
			}
		} else {
			run = 0
		}
		before = r
	}
	return score, n == len(want)
}

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// Rank returns the indices of the texts that the pattern fits, best first; equals keep their order.
func Rank(pattern string, n int, text func(i int) string) []int {
	type hit struct{ i, score int }
	var hits []hit
	for i := range n {
		if s, ok := Fuzzy(pattern, text(i)); ok {
			hits = append(hits, hit{i, s})
		}
	}
	slices.SortStableFunc(hits, func(a, b hit) int { return cmp.Compare(b.score, a.score) })
	out := make([]int, len(hits))
	for i, h := range hits {
		out[i] = h.i
	}
	return out
}
