package tpch

import (
	"strconv"
	"strings"
	"sync"
)

// The text pool that all comments are cut from.
const (
	poolSize    = 300 << 20
	poolSeed    = 933588178
	maxSentence = 512 // more than the grammar can make
)

// A word and what follows it: a space, a comma, an article. It is copied whole, longer than it is,
// since a copy of constant size needs no call; 24 holds "according to the ".
type word struct {
	text [24]byte
	n    int
}

// words is a distribution laid out by weight: a draw in [0, len) is an index.
type words []word

// pool builds the text on first use. It stays in memory until the process ends.
var pool = sync.OnceValue(func() []byte { return buildPool(poolSize) })

// parseWords reads "word|weight …", where _ stands for a space, and appends suffix to each word.
func parseWords(s, suffix string) words {
	var w words
	for _, f := range strings.Fields(s) {
		text, weight, _ := strings.Cut(f, "|")
		n, _ := strconv.Atoi(weight)
		var entry word
		entry.n = copy(entry.text[:], strings.ReplaceAll(text, "_", " ")+suffix)
		for range n {
			w = append(w, entry)
		}
	}
	return w
}

// grammar writes sentences.
type grammar struct {
	sentences, nounPhrases, verbPhrases         words
	nouns, verbs, adverbs, adjectives, adjComma words
	prepositions, auxiliaries, terminators      words
	x                                           uint64 // state of the stream
}

func newGrammar() *grammar {
	return &grammar{
		sentences: parseWords(sentences, ""), nounPhrases: parseWords(nounPhrases, ""),
		verbPhrases: parseWords(verbPhrases, ""), nouns: parseWords(nounWords, " "),
		verbs: parseWords(verbWords, " "), adverbs: parseWords(adverbWords, " "),
		adjectives: parseWords(adjectiveWords, " "), adjComma: parseWords(adjectiveWords, ", "),
		prepositions: parseWords(prepositionWords, " the "), auxiliaries: parseWords(auxiliaryWords, " "),
		terminators: parseWords(terminatorWords, " "), x: poolSeed,
	}
}

func (g *grammar) draw(w words) *word {
	g.x = next(g.x)
	return &w[pick(g.x, uint64(len(w)))]
}

// put writes a word at b[at:], which has room for all of word.text, and returns its end.
func (g *grammar) put(b []byte, at int, w words) int {
	d := g.draw(w)
	*(*[24]byte)(b[at:]) = d.text
	return at + d.n
}

// sentence writes a sentence and the space after it at b[at:], and returns its end.
func (g *grammar) sentence(b []byte, at int) int {
	s := g.draw(g.sentences)
	for _, part := range s.text[:s.n] {
		switch part {
		case 'N':
			at = g.phrase(b, at, g.nounPhrases)
		case 'V':
			at = g.phrase(b, at, g.verbPhrases)
		case 'P':
			at = g.phrase(b, g.put(b, at, g.prepositions), g.nounPhrases)
		case 'T': // abuts the word before
			at = g.put(b, at-1, g.terminators)
		}
	}
	return at
}

func (g *grammar) phrase(b []byte, at int, phrases words) int {
	p := g.draw(phrases)
	for _, kind := range p.text[:p.n] {
		switch kind {
		case 'N':
			at = g.put(b, at, g.nouns)
		case 'J':
			at = g.put(b, at, g.adjectives)
		case 'j':
			at = g.put(b, at, g.adjComma)
		case 'D':
			at = g.put(b, at, g.adverbs)
		case 'V':
			at = g.put(b, at, g.verbs)
		case 'X':
			at = g.put(b, at, g.auxiliaries)
		}
	}
	return at
}

func buildPool(size int) []byte {
	g := newGrammar()
	b := make([]byte, size+maxSentence)
	for at := 0; at < size; {
		at = g.sentence(b, at)
	}
	return b[:size]
}
