package flow

import (
	"iter"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

var (
	placeholder  = regexp.MustCompile(`(,? )?\{\{\s*([^{}]*?)\s*\}\}`)
	wellNamed    = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)
	wellNamedRef = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$`)
)

// inLanguage picks a text: the person's language, that language without its
// region, the entry point's first, English, else the first by name.
func inLanguage(texts map[string]string, language string, languages []string) string {
	return texts[chosen(texts, language, languages)]
}

// chosen is the language that inLanguage picks; "" if there is no text.
func chosen(texts map[string]string, language string, languages []string) string {
	base, _, _ := strings.Cut(language, "-")
	for _, l := range append([]string{language, base}, append(slices.Clip(languages), "en")...) {
		if texts[l] != "" {
			return l
		}
	}
	for l, t := range sorted(texts) {
		if t != "" {
			return l
		}
	}
	return ""
}

// fill puts attributes in the place of {{name}}. One without a value disappears
// with the comma and space before it: "Hello {{name}}!" reads "Hello!". What is
// put in is not looked at again.
func fill(text string, attributes map[string]string) string {
	if !strings.Contains(text, "{{") {
		return clip(text, MaxSaid)
	}
	return clip(placeholder.ReplaceAllStringFunc(text, func(m string) string {
		part := placeholder.FindStringSubmatch(m)
		if v := attributes[part[2]]; v != "" {
			return part[1] + v
		}
		return ""
	}), MaxSaid)
}

// clip cuts s after n characters.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}

func characters(s string) int { return utf8.RuneCountInString(s) }

// sorted ranges over a map by key, so that every run and every list of faults
// has one order.
func sorted[V any](m map[string]V) iter.Seq2[string, V] {
	return func(yield func(string, V) bool) {
		for _, k := range slices.Sorted(maps.Keys(m)) {
			if !yield(k, m[k]) {
				return
			}
		}
	}
}
