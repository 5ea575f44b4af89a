package setup

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Placeholders are what a canned reply may hold, written {{visitor}}.
var Placeholders = []string{"visitor", "agent", "queue", "date", "time"}

var (
	placeholder = regexp.MustCompile(`(,? )?\{\{\s*([^{}]*?)\s*\}\}`)
	shortcut    = regexp.MustCompile(`^[\p{L}\p{N}][\p{L}\p{N}_-]*$`)
)

func (CannedReply) Kind() Kind       { return KindCanned }
func (r CannedReply) Called() string { return r.Title }

// Unique: the same title may stand once in each language, the same shortcut
// once in each language of each queue.
func (r CannedReply) Unique() []Unique {
	list := []Unique{{"title", r.Language + "/" + r.Queue + "/" + NameKey(r.Title), r.Title}}
	if r.Shortcut != "" {
		list = append(list, Unique{"shortcut", r.Language + "/" + r.Queue + "/" + NameKey(r.Shortcut), r.Shortcut})
	}
	return list
}

func (r CannedReply) Uses() []Use {
	var u uses
	u.add("queue", KindQueue, r.Queue)
	return u
}

func (r CannedReply) clean() Object {
	r.Title, r.Body = tidy(r.Title), tidyText(r.Body)
	r.Shortcut = strings.ToLower(strings.TrimPrefix(strings.TrimSpace(r.Shortcut), "/"))
	return r
}

func (r CannedReply) Validate(refs Refs) error {
	var c checks
	c.name("title", r.Title, 1, 80)
	c.name("shortcut", r.Shortcut, 0, 32)
	if r.Shortcut != "" && !shortcut.MatchString(r.Shortcut) {
		c.Add("shortcut", "may hold letters, digits, - and _ only.")
	}
	c.text("body", r.Body, 1, 4000)
	for _, m := range placeholder.FindAllStringSubmatch(r.Body, -1) {
		if !slices.Contains(Placeholders, m[2]) {
			c.Add("body", "uses {{%s}}, which is not known; accepted are {{%s}}.", short(m[2]), strings.Join(Placeholders, "}}, {{"))
		}
	}
	if rest := placeholder.ReplaceAllString(r.Body, ""); strings.Contains(rest, "{{") || strings.Contains(rest, "}}") {
		c.Add("body", "has {{ or }} without its other half; a placeholder is written {{visitor}}.")
	}
	c.oneOf("language", r.Language, Languages...)
	c.uses(r, refs)
	return c.Err()
}

// Blanks are the values for the placeholders. Visitor is what a person calls
// itself: whoever holds Blanks holds personal data.
type Blanks struct{ Visitor, Agent, Queue, Date, Time string }

// At fills date and time as the language writes them; at is in the tenant's
// time zone.
func (b Blanks) At(at time.Time, language string) Blanks {
	b.Time = at.Format("15:04")
	b.Date = at.Format("2 January 2006")
	if language == "pt" {
		b.Date = fmt.Sprintf("%d de %s de %d", at.Day(), monthsPT[at.Month()-1], at.Year())
	}
	return b
}

var monthsPT = [12]string{"janeiro", "fevereiro", "março", "abril", "maio", "junho",
	"julho", "agosto", "setembro", "outubro", "novembro", "dezembro"}

// Expand fills a canned reply's placeholders. One without a value disappears
// with the comma and space before it, so that "Thank you, {{visitor}}." reads
// "Thank you." What is put in is not looked at again.
func Expand(body string, b Blanks) string {
	values := map[string]string{"visitor": b.Visitor, "agent": b.Agent, "queue": b.Queue, "date": b.Date, "time": b.Time}
	return placeholder.ReplaceAllStringFunc(body, func(m string) string {
		part := placeholder.FindStringSubmatch(m)
		if v := values[part[2]]; v != "" {
			return part[1] + v
		}
		return ""
	})
}
