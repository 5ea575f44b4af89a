package flow

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"nubitalk/internal/core/expression"
)

// Sizes of one script. Its lines run once each and nothing in them repeats, so
// that MaxWork, the parts of all its expressions together, bounds a run.
const (
	MaxLines = 50
	MaxWork  = 1000
)

// line is one line of a script: name = value, or nothing (empty, or a remark
// after #), or what is wrong with it.
type line struct {
	name  string
	value expression.Expression
	fault string
}

var assignment = regexp.MustCompile(`^\s*([A-Za-z][A-Za-z0-9_]*)\s*=([^=].*)?$`)

// values is what a line may see and do.
type values struct {
	scope
	Today string `expr:"today"` // 2026-11-28
	Time  string `expr:"time"`  // 09:30

	Part       func(text string, from, count int) string                  `expr:"part"`
	Substitute func(text, old, by string) (string, error)                 `expr:"substitute"`
	Joined     func(list []string, between string) (string, error)        `expr:"joined"`
	Digits     func(text string) string                                   `expr:"digits"`
	Pad        func(text string, length int, with string) (string, error) `expr:"pad"`
	Decimals   func(number float64, places int) (string, error)           `expr:"decimals"`
	ReadDate   func(text, form string) (string, error)                    `expr:"readDate"`
	WriteDate  func(date, form string) (string, error)                    `expr:"writeDate"`
	AddDays    func(date string, days int) (string, error)                `expr:"addDays"`
	Days       func(from, to string) (int, error)                         `expr:"days"`
	WeekdayOf  func(date string) (int, error)                             `expr:"weekdayOf"`
}

var scripts = expression.Language{
	Env:       values{},
	Names:     []string{"attr", "language", "channel", "hour", "weekday", "today", "time"},
	Parts:     "attr",
	Tables:    true,
	Operators: append([]string{"+", "*", "/", "%", "??"}, conditions.Operators...),
	Functions: append([]string{"float", "string", "abs", "ceil", "floor", "round", "min", "max", "split", "indexOf", "lastIndexOf",
		"hasPrefix", "hasSuffix", "trimPrefix", "trimSuffix", "first", "last", "get"}, conditions.Functions...),
	Calls: []string{"part", "substitute", "joined", "digits", "pad", "decimals", "readDate", "writeDate", "addDays", "days", "weekdayOf"},
	Help: "accepted are attr.NAME, language, channel, hour, weekday, today and time; + - * / %, comparisons, and, or, not, ? :, ??, " +
		"lists [a, b] and tables {\"k\": v}; functions upper, lower, trim, len, int, float, string, split, joined, part, substitute, digits, pad, " +
		"decimals, round, min, max, first, last, get, readDate, writeDate, addDays, days and weekdayOf",
}

// newLine reads one line. Faults count columns from the line's beginning.
func newLine(text string) line {
	if plain := strings.TrimSpace(text); plain == "" || strings.HasPrefix(plain, "#") {
		return line{}
	}
	if utf8.RuneCountInString(text) > expression.MaxLength {
		return line{fault: fmt.Sprintf("is longer than %d characters", expression.MaxLength)}
	}
	at := assignment.FindStringSubmatchIndex(text)
	if at == nil {
		return line{fault: "is not of the form name = value"}
	}
	name, from := text[at[2]:at[3]], strings.IndexByte(text, '=')+1
	if !wellNamed.MatchString(name) {
		return line{fault: "sets a name that is none: 1 to 40 small letters, digits and _ are accepted, beginning with a letter"}
	}
	v := scripts.CompileValue(strings.Repeat(" ", utf8.RuneCountInString(text[:from])) + text[from:])
	return line{name: name, value: v, fault: v.Fault}
}

// line finds a line that was compiled; a Graph that did not come from Parse pays
// for compiling at each use.
func (g *Graph) line(text string) line {
	if l, ok := g.lines[text]; ok {
		return l
	}
	return newLine(text)
}

// script sets what the lines say, in their order; if one fails, nothing is set.
func (r *run) script(n Node) bool {
	before, work := r.s.Attributes, 0
	r.s.Attributes = maps.Clone(before)
	for _, text := range n.Lines {
		l := r.graph.line(text)
		if l.name == "" && l.fault == "" {
			continue
		}
		value, err := "", errors.New(l.fault)
		if work += l.value.Size; l.fault == "" && work <= MaxWork {
			value, err = l.run(r.s, r.w)
		}
		if err != nil {
			r.s.Attributes = before
			return false
		}
		r.remember(l.name, value)
	}
	return true
}

// run is the line's value, as text.
func (l line) run(s State, w World) (string, error) {
	out, err := l.value.Value(values{scope: scopeOf(s, w), Today: w.Now.Format(time.DateOnly), Time: w.Now.Format("15:04"),
		Part: part, Substitute: substitute, Joined: joined, Digits: digitsOf, Pad: pad, Decimals: decimals,
		ReadDate: readDate, WriteDate: writeDate, AddDays: addDays, Days: daysBetween, WeekdayOf: weekdayOf})
	if err != nil {
		return "", err
	}
	return asText(out)
}

var (
	errLong  = fmt.Errorf("a value is longer than %d characters", MaxValue)
	errPlain = errors.New("a value is neither text nor a number")
)

// asText writes a value as attributes hold it: nothing is "".
func asText(v any) (string, error) {
	switch v := v.(type) {
	case nil:
		return "", nil
	case string:
		return bounded(v)
	case bool:
		return strconv.FormatBool(v), nil
	case int:
		return strconv.Itoa(v), nil
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return "", errPlain
		}
		return strconv.FormatFloat(v, 'f', -1, 64), nil
	}
	return "", errPlain
}

func bounded(text string) (string, error) {
	if characters(text) > MaxValue {
		return "", errLong
	}
	return strings.ToValidUTF8(text, "\ufffd"), nil
}

// part is count characters of a text from a place on (0 is the first; below 0
// counts from the end).
func part(text string, from, count int) string {
	list := []rune(text)
	if from < 0 {
		from = max(0, len(list)+from)
	}
	from = min(from, len(list))
	return string(list[from : from+min(max(count, 0), len(list)-from)])
}

func substitute(text, old, by string) (string, error) {
	if old == "" {
		return bounded(text)
	}
	if n := strings.Count(text, old); len(text)+n*len(by) > 4*MaxValue+n*len(old) {
		return "", errLong
	}
	return bounded(strings.ReplaceAll(text, old, by))
}

func joined(list []string, between string) (string, error) {
	size := len(between) * len(list)
	for _, s := range list {
		size += len(s)
	}
	if size > 4*MaxValue {
		return "", errLong
	}
	return bounded(strings.Join(list, between))
}

// digitsOf leaves only the digits of a text.
func digitsOf(text string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, text)
}

// pad puts a sign before a text until it has so many characters.
func pad(text string, length int, with string) (string, error) {
	if length > MaxValue || characters(with) != 1 {
		return "", errLong
	}
	return bounded(strings.Repeat(with, max(0, length-characters(text))) + text)
}

func decimals(number float64, places int) (string, error) {
	if math.IsNaN(number) || math.Abs(number) > 1e15 || places < 0 || places > 9 {
		return "", errPlain
	}
	return strconv.FormatFloat(number, 'f', places, 64), nil
}

// forms are how dates may be written, in the order in which they are looked for.
var forms = []struct{ sign, layout string }{{"yyyy", "2006"}, {"yy", "06"}, {"mm", "01"}, {"dd", "02"}}

var errForm = errors.New("a date's form is of yyyy or yy, mm, dd and signs between them")

// layout is a form such as dd/mm/yyyy as Go knows it.
func layout(form string) (string, error) {
	rest := form
	for _, f := range forms {
		if strings.Contains(rest, f.sign) {
			form, rest = strings.Replace(form, f.sign, f.layout, 1), strings.Replace(rest, f.sign, "", 1)
		}
	}
	if len(form) > 20 || strings.ContainsFunc(rest, func(r rune) bool { return !strings.ContainsRune("-/. ", r) }) {
		return "", errForm
	}
	return form, nil
}

func readDate(text, form string) (string, error) {
	l, err := layout(form)
	if err != nil {
		return "", err
	}
	day, err := time.Parse(l, strings.TrimSpace(text))
	return day.Format(time.DateOnly), err
}

func writeDate(date, form string) (string, error) {
	l, err := layout(form)
	if err != nil {
		return "", err
	}
	day, err := time.Parse(time.DateOnly, date)
	return day.Format(l), err
}

// maxDays bounds what is counted on from a date.
const maxDays = 100_000

func addDays(date string, days int) (string, error) {
	day, err := time.Parse(time.DateOnly, date)
	if err == nil && (days > maxDays || days < -maxDays) {
		err = errForm
	}
	if err != nil {
		return "", err
	}
	day = day.AddDate(0, 0, days)
	if y := day.Year(); y < 1 || y > 9999 {
		return "", errForm
	}
	return day.Format(time.DateOnly), nil
}

func daysBetween(from, to string) (int, error) {
	a, err := time.Parse(time.DateOnly, from)
	if err != nil {
		return 0, err
	}
	b, err := time.Parse(time.DateOnly, to)
	return int(b.Sub(a).Hours() / 24), err
}

func weekdayOf(date string) (int, error) {
	day, err := time.Parse(time.DateOnly, date)
	return int(day.Weekday()), err
}

func (c *checker) script(at string, n Node) {
	c.pointer(at+".next", n.Next, true)
	c.pointer(at+".failed", n.Failed, true)
	if len(n.Lines) > MaxLines {
		c.faults.Add(at+".lines", "has %d lines; at most %d are accepted.", len(n.Lines), MaxLines)
		return
	}
	work, sets := 0, false
	for i, text := range n.Lines {
		here := fmt.Sprintf("%s.lines[%d]", at, i)
		l := c.g.line(text)
		work += l.value.Size
		sets = sets || l.name != ""
		if l.fault != "" {
			c.faults.Add(here, "%s.", l.fault)
			sets = true
		}
		if c.secrets[l.name] {
			c.faults.Add(here, "is the name of a secret answer.")
		}
		for _, name := range l.value.Parts {
			if c.secrets[name] {
				c.faults.Add(here, "reads attr.%s, which is kept secret: only a look_up may use it.", clip(name, 40))
			} else if !c.known[name] {
				c.faults.Add(here, "reads attr.%s, which no step of this flow sets.", clip(name, 40))
			}
		}
	}
	if !sets {
		c.faults.Add(at+".lines", "sets nothing; write lines of the form name = value.")
	}
	if work > MaxWork {
		c.faults.Add(at+".lines", "does too much at once (%d parts; at most %d are accepted); make two steps of it.", work, MaxWork)
	}
}
