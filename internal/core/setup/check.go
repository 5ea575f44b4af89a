package setup

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/core/acd"
)

// checks collects the faults of one object.
type checks struct{ errs.Fields }

// name checks a short text that people see: present, not too long, one line of
// visible characters.
func (c *checks) name(path, s string, least, most int) {
	n := utf8.RuneCountInString(s)
	switch {
	case n < least && least == 1:
		c.Add(path, "is missing; 1 to %d characters are accepted.", most)
	case n < least || n > most:
		c.Add(path, "has %d characters; %d to %d are accepted.", n, least, most)
	}
	if hasHidden(s, false) {
		c.Add(path, "holds invisible characters; only visible ones on one line are accepted.")
	}
}

// text is like name for longer texts, which may have several lines.
func (c *checks) text(path, s string, least, most int) {
	n := utf8.RuneCountInString(s)
	if n < least || n > most {
		c.Add(path, "has %d characters; %d to %d are accepted.", n, least, most)
	}
	if hasHidden(s, true) {
		c.Add(path, "holds invisible control characters; please take them out.")
	}
}

func (c *checks) number(path string, v, least, most int) {
	if v < least || v > most {
		c.Add(path, "is %d; %d to %d are accepted.", v, least, most)
	}
}

func (c *checks) oneOf(path, v string, accepted ...string) {
	if !slices.Contains(accepted, v) {
		c.Add(path, "is %q; accepted are %s.", short(v), strings.Join(accepted, ", "))
	}
}

func (c *checks) count(path string, n, most int) {
	if n > most {
		c.Add(path, "has %d entries; at most %d are accepted.", n, most)
	}
}

func (c *checks) channel(path string, ch acd.Channel) {
	if !slices.Contains(Channels, ch) {
		c.Add(path, "is %q; accepted are voice, chat, email and social.", short(string(ch)))
	}
}

// skills checks a list of skills with levels.
func (c *checks) skills(path string, needs []acd.SkillNeed) {
	c.count(path, len(needs), 20)
	seen := map[string]bool{}
	for i, n := range needs {
		if n.Skill == "" {
			c.Add(at(path, i)+".skill", "is missing; name a skill.")
		} else if seen[n.Skill] {
			c.Add(at(path, i)+".skill", "is listed twice.")
		}
		seen[n.Skill] = true
		c.number(at(path, i)+".level", n.Level, 1, 10)
	}
}

// uses checks that everything pointed at is there.
func (c *checks) uses(o Object, refs Refs) {
	for _, u := range o.Uses() {
		if !refs.Has(u.Kind, u.ID) {
			c.Add(u.Path, "names a %s that does not exist or is archived.", u.Kind.Word())
		}
	}
}

// texts checks texts by language.
func (c *checks) texts(path string, texts map[string]string, least, most int, needed []string) {
	for _, language := range slices.Sorted(maps.Keys(texts)) {
		at := path + "." + short(language)
		if !slices.Contains(Languages, language) {
			c.Add(at, "is not a known language; accepted are %s.", strings.Join(Languages, ", "))
		}
		c.text(at, texts[language], least, most)
	}
	for _, language := range needed {
		if _, ok := texts[language]; !ok && slices.Contains(Languages, language) {
			c.Add(path+"."+language, "is missing.")
		}
	}
}

// link checks an address of a web page; empty is fine.
func (c *checks) link(path, s string) {
	if s == "" {
		return
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || len(s) > 500 {
		c.Add(path, "must be an https address such as https://shop.example/privacy.")
	}
}

// hasHidden finds control characters and those that turn the direction of
// writing round or hide within words, with which a name can pass for another.
func hasHidden(s string, lines bool) bool {
	if !utf8.ValidString(s) {
		return true
	}
	for _, r := range s {
		if lines && (r == '\n' || r == '\t') {
			continue
		}
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || r >= '\u202a' && r <= '\u202e' ||
			r >= '\u2066' && r <= '\u2069' || r == '\u200b' || r == '\ufeff' || r == '\u200e' || r == '\u200f' {
			return true
		}
	}
	return false
}

func short(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}

// tidy takes spaces away around a name and makes those within single.
func tidy(s string) string { return strings.Join(strings.Fields(s), " ") }

// tidyText takes spaces away around a longer text and unifies its line ends.
func tidyText(s string) string {
	return strings.TrimSpace(strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n"))
}

func tidyTexts(texts map[string]string) map[string]string {
	out := map[string]string{}
	for language, text := range texts {
		if text = tidyText(text); text != "" {
			out[language] = text
		}
	}
	return out
}

// once keeps the first of equal members, and gives an empty list for none.
func once[T comparable](list []T) []T {
	out := []T{}
	for _, v := range list {
		if !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}

func at(path string, i int) string { return fmt.Sprintf("%s[%d]", path, i) }
