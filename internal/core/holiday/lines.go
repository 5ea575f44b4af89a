package holiday

import (
	"slices"
	"strings"

	ical "github.com/arran4/golang-ical"
)

// property is one content line that matters, unfolded.
type property struct {
	line  int // of the file, from 1, where it begins
	name  string
	value string
	with  map[string]string // its parameters; of several values the first
}

// component is what stands between a BEGIN and its END.
type component struct {
	name  string
	line  int
	props []property
	parts []*component
}

func (c *component) all(name string) []property {
	return slices.DeleteFunc(slices.Clone(c.props), func(p property) bool { return p.name != name })
}

// first gives a property; ok is false if there is none.
func (c *component) first(name string) (p property, ok bool) {
	i := slices.IndexFunc(c.props, func(p property) bool { return p.name == name })
	if i < 0 {
		return property{}, false
	}
	return c.props[i], true
}

func (c *component) value(name string) string {
	p, _ := c.first(name)
	return strings.TrimSpace(p.value)
}

// read are the properties that matter; all others are passed over, whatever is
// in them.
var read = map[string]bool{
	"BEGIN": true, "END": true,
	"X-WR-CALNAME": true, "NAME": true, "X-LIC-LOCATION": true, "TZID": true, "TZOFFSETFROM": true, "TZOFFSETTO": true,
	"UID": true, "SEQUENCE": true, "STATUS": true, "SUMMARY": true, "DESCRIPTION": true, "CATEGORIES": true,
	"DTSTART": true, "DTEND": true, "DURATION": true, "RRULE": true, "RDATE": true, "EXDATE": true, "RECURRENCE-ID": true,
}

// parse makes a tree of a file's text. What is wrong is told to fault; the tree
// has all that could be read.
func parse(text string, fault func(line int, why Reason)) *component {
	root := &component{}
	open := []*component{root}
	deep := 0
	for _, l := range unfold(text) {
		p, why := l.property()
		if why != "" {
			fault(l.number, why)
		}
		if p.name == "" {
			continue
		}
		inner := open[len(open)-1]
		switch p.name {
		case "BEGIN":
			if len(open) > maxDepth {
				deep++
				continue
			}
			c := &component{name: strings.ToUpper(strings.TrimSpace(p.value)), line: p.line}
			inner.parts = append(inner.parts, c)
			open = append(open, c)
		case "END":
			if deep > 0 {
				deep--
				continue
			}
			name := strings.ToUpper(strings.TrimSpace(p.value))
			at := len(open) - 1
			for at > 0 && open[at].name != name {
				at--
			}
			if at != len(open)-1 || at == 0 {
				fault(p.line, Unbalanced)
			}
			if at > 0 {
				open = open[:at]
			}
		default:
			if deep == 0 {
				inner.props = append(inner.props, p)
			}
		}
	}
	for _, c := range open[1:] {
		fault(c.line, Unbalanced)
	}
	return root
}

// contentLine is a line as RFC 5545 section 3.1 has it.
type contentLine struct {
	number int
	text   string
}

// unfold puts continued lines together.
func unfold(text string) []contentLine {
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	var lines []contentLine
	var long strings.Builder // of the last line, once it is continued
	flush := func() {
		if long.Len() > 0 {
			lines[len(lines)-1].text = long.String()
			long.Reset()
		}
	}
	number := 0
	for raw := range strings.SplitSeq(text, "\n") {
		number++
		if len(lines) > 0 && raw != "" && (raw[0] == ' ' || raw[0] == '\t') {
			if long.Len() == 0 {
				long.WriteString(lines[len(lines)-1].text)
			}
			long.WriteString(raw[1:])
			continue
		}
		if strings.TrimSpace(raw) == "" {
			continue
		}
		flush()
		lines = append(lines, contentLine{number, raw})
	}
	if len(lines) > 0 {
		flush()
	}
	return lines
}

// property reads a line; its name is "" for one that does not matter or, with a
// reason, cannot be read.
func (l contentLine) property() (property, Reason) {
	end := strings.IndexAny(l.text, ":;")
	if end <= 0 || strings.ContainsFunc(l.text[:end], notName) {
		return property{}, NotRead
	}
	p := property{line: l.number, name: strings.ToUpper(l.text[:end]), with: map[string]string{}}
	if !read[p.name] {
		return property{}, ""
	}
	if len(l.text) > maxLine {
		return property{}, NotRead
	}
	found, err := ical.ParseProperty(ical.ContentLine(p.name + l.text[end:]))
	if err != nil || found == nil {
		return property{}, NotRead
	}
	p.value = found.Value
	for name, values := range found.ICalParameters {
		if len(values) > 0 {
			p.with[strings.ToUpper(name)] = values[0]
		}
	}
	return p, ""
}

func notName(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-'
}
