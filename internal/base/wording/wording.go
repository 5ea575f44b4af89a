package wording

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/text/language"
)

// Language is one that the program speaks.
type Language string

const (
	English    Language = "en"
	Portuguese Language = "pt"
)

// Asked is the language that an Accept-Language header prefers (RFC 9110
// section 12.5.4), or "" if it names none that the program speaks.
func Asked(acceptLanguage string) Language {
	// One of ours needs few characters; a long list costs more than it says.
	tags, quality, err := language.ParseAcceptLanguage(acceptLanguage[:min(len(acceptLanguage), 200)])
	if err != nil {
		return ""
	}
	for i, tag := range tags {
		base, sure := tag.Base()
		if l := Known(base.String()); l != "" && sure != language.No && quality[i] > 0 {
			return l
		}
	}
	return ""
}

// Known is the language with that code, or "".
func Known(code string) Language {
	if l := Language(code); l == English || l == Portuguese {
		return l
	}
	return ""
}

// In gives a sentence in a language: in English, too, what is written for programs. ok is false if it is not known there; then
// the sentence comes back as it was.
func In(l Language, sentence string) (said string, ok bool) {
	if l == Portuguese {
		return catalogues().say(sentence)
	}
	said, _ = plain().say(sentence)
	return said, true
}

// entry is a format as a part writes it, and its translation: {1} stands for
// the first argument, and {1:um|uma} for what agrees with its gender.
type entry struct{ format, say string }

// word is a noun that parts put into their sentences.
type word struct {
	say    string
	female bool
}

// form is an entry with arguments, ready to be found.
type form struct {
	entry
	shape *regexp.Regexp
	fixed int // characters that are not arguments: more of them is more exact
}

type catalogue struct {
	words map[string]word   // what stands for a noun
	whole map[string]string // sentences without arguments
	forms []form            // the most exact first
}

// catalogues is made once, when the first sentence is to be translated.
var catalogues = sync.OnceValue(func() *catalogue {
	return catalogueOf(ptWords, slices.Concat(ptParts, ptSetup, ptFields, ptCampaigns, ptUsage, ptEnds, ptRoles, ptSupport, ptHelp, ptInput, ptCalls, ptTrunks, ptMail, ptFlows, ptSounds, ptOffice, ptMessages, ptPark, ptSignIn, ptSignOn, ptPeople, ptSignUp, ptBrand))
})

// plain is the catalogue of English.
var plain = sync.OnceValue(func() *catalogue { return catalogueOf(nil, enInput) })

func catalogueOf(words map[string]word, entries []entry) *catalogue {
	c := &catalogue{words: words, whole: map[string]string{}}
	for _, e := range entries {
		if shape, fixed := shapeOf(e.format); shape == nil {
			c.whole[strings.ReplaceAll(e.format, "%%", "%")] = e.say
		} else {
			c.forms = append(c.forms, form{e, shape, fixed})
		}
	}
	slices.SortStableFunc(c.forms, func(a, b form) int { return b.fixed - a.fixed })
	return c
}

var verb = regexp.MustCompile(`%[dsqvt]`)

// shapeOf is a pattern of what a format makes; nil if it has no arguments.
func shapeOf(format string) (*regexp.Regexp, int) {
	var b strings.Builder
	from, fixed := 0, 0
	for _, at := range verb.FindAllStringIndex(format, -1) {
		b.WriteString(regexp.QuoteMeta(format[from:at[0]]))
		fixed += at[0] - from
		switch format[at[0]:at[1]] {
		case "%d":
			b.WriteString(`(-?[0-9]+)`)
		case "%q":
			b.WriteString(`("(?:[^"\\]|\\.)*")`)
		default:
			b.WriteString(`(.*)`)
		}
		from = at[1]
	}
	if from == 0 {
		return nil, 0
	}
	b.WriteString(regexp.QuoteMeta(format[from:]))
	return regexp.MustCompile(`(?s)^` + b.String() + `$`), fixed + len(format) - from
}

// say translates a sentence: as a whole, by its form, without its full stop, or
// behind the place that it is about ("skills[2].level: …").
func (c *catalogue) say(sentence string) (string, bool) {
	if s, ok := c.whole[sentence]; ok {
		return s, true
	}
	for _, f := range c.forms {
		if m := f.shape.FindStringSubmatch(sentence); m != nil {
			return c.fill(f.say, m[1:]), true
		}
	}
	if place, rest, ok := strings.Cut(sentence, ": "); ok && !strings.Contains(place, " ") {
		if s, ok := c.say(rest); ok {
			return place + ": " + s, true
		}
	}
	if bare, ok := strings.CutSuffix(sentence, "."); ok && bare != "" {
		if s, ok := c.say(bare); ok {
			return s + ".", true
		}
	}
	return sentence, false
}

var hole = regexp.MustCompile(`\{([1-9])(?::([^|}]*)\|([^}]*))?\}`)

// fill puts arguments into a translation.
func (c *catalogue) fill(say string, args []string) string {
	return hole.ReplaceAllStringFunc(say, func(s string) string {
		m := hole.FindStringSubmatch(s)
		n, _ := strconv.Atoi(m[1])
		if n > len(args) {
			return s
		}
		arg := args[n-1]
		switch {
		case m[2] == "" && m[3] == "":
			return c.argument(arg)
		case c.words[arg].female:
			return m[3]
		}
		return m[2]
	})
}

// named is an object with its name, as parts list what uses what.
var named = regexp.MustCompile(`(?:\bthe )?\b(` + strings.Join(kinds(), "|") + `) (“)`)

func kinds() []string {
	var list []string
	for w := range ptWords {
		list = append(list, regexp.QuoteMeta(w))
	}
	slices.Sort(list)
	slices.Reverse(list) // the longer of two that begin alike
	return list
}

// argument translates a word, a list of objects, or a sentence in a sentence;
// anything else, such as a name, stays.
func (c *catalogue) argument(arg string) string {
	if c.words == nil {
		return arg
	}
	if w, ok := c.words[arg]; ok {
		return w.say
	}
	if s, ok := c.say(arg); ok {
		return s
	}
	if !named.MatchString(arg) {
		return listEnd(arg)
	}
	arg = strings.ReplaceAll(arg, "” and the ", "” e the ")
	arg = strings.ReplaceAll(arg, "” and others", "” e outros")
	return named.ReplaceAllStringFunc(arg, func(s string) string {
		m := named.FindStringSubmatch(s)
		return ptWords[m[1]].say + " " + m[2]
	})
}

// listEnd translates the end of a list that was cut.
func listEnd(arg string) string {
	if bare, ok := strings.CutSuffix(arg, "”, others"); ok {
		return bare + "”, outros"
	}
	return arg
}
