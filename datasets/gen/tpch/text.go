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

// words is a distribution laid out by weight: a draw in [0, len) is an index.
type words []string

// pool builds the text on first use. It stays in memory until the process ends.
var pool = sync.OnceValue(func() []byte { return buildPool(poolSize) })

// parseWords reads "word|weight …", where _ stands for a space, and appends suffix to each word.
func parseWords(s, suffix string) words {
	var w words
	for _, f := range strings.Fields(s) {
		word, weight, _ := strings.Cut(f, "|")
		n, _ := strconv.Atoi(weight)
		for range n {
			w = append(w, strings.ReplaceAll(word, "_", " ")+suffix)
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

func (g *grammar) draw(w words) string {
	g.x = next(g.x)
	return w[pick(g.x, uint64(len(w)))]
}

// sentence appends a sentence and the space after it.
func (g *grammar) sentence(b []byte) []byte {
	for _, part := range []byte(g.draw(g.sentences)) {
		switch part {
		case 'N':
			b = g.phrase(b, g.nounPhrases)
		case 'V':
			b = g.phrase(b, g.verbPhrases)
		case 'P':
			b = append(b, g.draw(g.prepositions)...)
			b = g.phrase(b, g.nounPhrases)
		case 'T': // abuts the word before
			b = append(b[:len(b)-1], g.draw(g.terminators)...)
		}
	}
	return b
}

func (g *grammar) phrase(b []byte, phrases words) []byte {
	for _, word := range []byte(g.draw(phrases)) {
		switch word {
		case 'N':
			b = append(b, g.draw(g.nouns)...)
		case 'J':
			b = append(b, g.draw(g.adjectives)...)
		case 'j':
			b = append(b, g.draw(g.adjComma)...)
		case 'D':
			b = append(b, g.draw(g.adverbs)...)
		case 'V':
			b = append(b, g.draw(g.verbs)...)
		case 'X':
			b = append(b, g.draw(g.auxiliaries)...)
		}
	}
	return b
}

func buildPool(size int) []byte {
	g := newGrammar()
	b := make([]byte, 0, size+maxSentence)
	for len(b) < size {
		b = g.sentence(b)
	}
	return b[:size]
}
