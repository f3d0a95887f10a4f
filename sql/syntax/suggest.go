package syntax

import "strings"

// prefixLen is how many letters of a word make it an abbreviation of those that begin with it.
const prefixLen = 3

// Suggest returns the candidate that word was probably meant to be, or "" when none is near.
// An exact match is returned as it is spelt in candidates. A word of three letters or more stands for
// the shortest candidate that begins with it: sel is SELECT, not SET. Otherwise the nearest is meant:
// distance is Damerau-Levenshtein without case (insert, delete, replace, or swap two neighbours, each
// costs one); up to a third of the word's length is near, but at least one edit. Ties go to the first
// candidate.
func Suggest(word string, candidates []string) string {
	w := []rune(strings.ToLower(word))
	limit := max(1, len(w)/3)
	best, bestDist := "", limit+1
	begins := ""
	for _, c := range candidates {
		lower := strings.ToLower(c)
		if len(w) >= prefixLen && strings.HasPrefix(lower, string(w)) && (begins == "" || len(c) < len(begins)) {
			begins = c
		}
		r := []rune(lower)
		if abs(len(r)-len(w)) >= bestDist || len(r) <= limit {
			continue
		}
		if d := editDistance(w, r); d < bestDist {
			best, bestDist = c, d
		}
	}
	if begins != "" && bestDist > 0 {
		return begins
	}
	return best
}

// editDistance is the optimal string alignment distance of a and b.
func editDistance(a, b []rune) int {
	before, prev, cur := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		cur[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				cur[j] = min(cur[j], before[j-2]+1)
			}
		}
		before, prev, cur = prev, cur, before
	}
	return prev[len(b)]
}

func abs(n int) int {
	if n < 0 {
		return -n
	}
	return n
}
