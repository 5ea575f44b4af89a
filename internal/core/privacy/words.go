package privacy

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Limits of what is indexed of one text. Cutting is the same for texts and
// queries, so a long word is still found by itself.
const (
	MaxWordRunes  = 64
	MaxTextWords  = 1000
	MaxQueryWords = 20
)

// Words are the distinct normalised words of a text, for its search tokens: in
// compatibility form, lower case, without accents, split at everything that is
// not a letter or a digit. Scripts written without spaces (and Korean, whose
// words carry endings) give single characters and pairs of neighbours.
func Words(text string) []string {
	c := collector{limit: MaxTextWords, singles: true}
	c.split(text)
	return c.words
}

// QueryWords are what a text must have to match a query, normalised as Words
// does; a run of unspaced script asks for its pairs only.
func QueryWords(query string) []string {
	c := collector{limit: MaxQueryWords}
	c.split(query)
	return c.words
}

// MayMatch says whether a text really has all words of a query. Tokens are
// short and keyed, so a match by token is checked against the opened text.
func MayMatch(text string, query []string) bool {
	have := collector{limit: 1 << 20, singles: true, seen: map[string]bool{}}
	have.split(text)
	for _, w := range query {
		if !have.seen[w] {
			return false
		}
	}
	return true
}

type collector struct {
	words   []string
	seen    map[string]bool
	limit   int
	singles bool // of a run of unspaced script, also each character
}

func (c *collector) split(text string) {
	if c.seen == nil {
		c.seen = map[string]bool{}
	}
	text = fold(text)
	start, unspaced := -1, false
	for i, r := range text {
		letter, u := class(r)
		if start >= 0 && (!letter || u != unspaced) {
			c.run(text[start:i], unspaced)
			start = -1
		}
		if letter && start < 0 {
			start, unspaced = i, u
		}
	}
	if start >= 0 {
		c.run(text[start:], unspaced)
	}
}

func (c *collector) run(word string, unspaced bool) {
	if !unspaced {
		if len(word) == 1 && word[0] >= 'a' {
			return // a, e, o, I…: in every text
		}
		c.add(cut(word))
		return
	}
	last := -1 // where the previous character begins
	for i, r := range word {
		size := utf8.RuneLen(r)
		if c.singles || len(word) == size {
			c.add(word[i : i+size])
		}
		if last >= 0 {
			c.add(word[last : i+size])
		}
		last = i
	}
}

func (c *collector) add(word string) {
	if len(c.words) < c.limit && !c.seen[word] {
		c.seen[word] = true
		c.words = append(c.words, word)
	}
}

func cut(word string) string {
	if len(word) <= MaxWordRunes {
		return word
	}
	n := 0
	for i := range word {
		if n++; n > MaxWordRunes {
			return word[:i]
		}
	}
	return word
}

// class says whether a character belongs to a word, and whether its script is
// written without spaces.
func class(r rune) (letter, unspaced bool) {
	switch {
	case r < utf8.RuneSelf:
		return r >= 'a' && r <= 'z' || r >= '0' && r <= '9', false
	case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar):
		return true, true
	case r == 'ー': // lengthens a Katakana vowel, but is of no script
		return true, true
	}
	return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r), false
}

// folds are letters that are not an accented form of another but are typed as
// one.
var folds = strings.NewReplacer("ß", "ss", "æ", "ae", "œ", "oe", "ø", "o", "đ", "d", "ð", "d", "ł", "l", "ħ", "h", "ı", "i", "þ", "th", "ς", "σ")

// fold gives the form in which texts are compared.
func fold(s string) string {
	if isASCII(s) {
		return strings.ToLower(s)
	}
	s = strings.ToLower(norm.NFKC.String(strings.ToValidUTF8(s, " ")))
	s = norm.NFD.String(s)
	s = strings.Map(func(r rune) rune {
		// Latin, Greek and Cyrillic accents only: elsewhere marks are letters.
		if r >= 0x300 && r <= 0x36f {
			return -1
		}
		if unicode.Is(unicode.Cf, r) { // invisible joiners and direction marks
			return -1
		}
		return r
	}, s)
	return folds.Replace(norm.NFC.String(s))
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
