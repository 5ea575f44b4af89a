package config

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"go.yaml.in/yaml/v3"

	"nubitalk/internal/base/order"
)

// Mistake is one thing that is wrong with the configuration.
type Mistake struct {
	Where   string // "nubitalk.yaml:12", "$NUBITALK_LISTEN", "--listen", or ""
	Key     string // "tls.mode"; "" if it is not about one setting
	Problem string // a plain sentence

	line int
}

// Mistakes are all of them; an error.
type Mistakes []Mistake

// Error has one line a mistake.
func (m Mistakes) Error() string {
	lines := make([]string, len(m))
	for i, one := range m {
		for _, part := range []string{one.Where, one.Key} {
			if part != "" {
				lines[i] += part + ": "
			}
		}
		lines[i] += one.Problem
	}
	return strings.Join(lines, "\n")
}

// Err is nil if there are none.
func (m Mistakes) Err() error {
	if len(m) == 0 {
		return nil
	}
	order.Stable(m, func(a, b Mistake) int { return cmp.Compare(a.line, b.line) })
	return m
}

// file is a parsed configuration file; a kong.Resolver.
type file struct {
	name   string           // as shown in mistakes
	values map[string]entry // by flag name
}

type entry struct {
	value string
	line  int
	set   bool // false for a key without a value: the default stands
}

// readFile parses a file and checks every value of it against the flags that
// they stand for.
func readFile(path string, flags []*kong.Flag) (*file, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, Mistakes{{Where: path, Problem: "The configuration file cannot be read: " + plainOS(err) + "."}}
	}
	f := &file{name: filepath.Base(path), values: map[string]entry{}}
	return f, f.parse(content, flags)
}

func plainOS(err error) string {
	var p *os.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}

func (f *file) parse(content []byte, flags []*kong.Flag) error {
	doc, err := f.document(content, "A configuration file holds one document; what follows --- is not read.")
	if doc == nil {
		return err
	}
	w := walker{file: f, flags: map[string]*kong.Flag{}}
	for _, flag := range flags {
		w.flags[flag.Name] = flag
	}
	w.section(nil, doc)
	return w.mistakes.Err()
}

func (f *file) at(line int, key, problem string, args ...any) Mistake {
	return Mistake{Where: fmt.Sprintf("%s:%d", f.name, line), Key: key, Problem: fmt.Sprintf(problem, args...), line: line}
}

// Validate is for kong; parse has checked everything.
func (f *file) Validate(*kong.Application) error { return nil }

// Resolve gives a flag its value of the file, unless the environment has one.
func (f *file) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	for _, env := range flag.Envs {
		if _, ok := os.LookupEnv(env); ok {
			return nil, nil
		}
	}
	e, ok := f.values[flag.Name]
	if !ok || !e.set {
		return nil, nil
	}
	return e.value, nil
}

// walker goes through the document.
type walker struct {
	file     *file
	flags    map[string]*kong.Flag
	mistakes Mistakes
}

func (w *walker) wrong(n *yaml.Node, key, problem string, args ...any) {
	w.mistakes = append(w.mistakes, w.file.at(n.Line, key, problem, args...))
}

func (w *walker) section(path []string, n *yaml.Node) {
	key := strings.Join(path, ".")
	switch {
	case isNull(n):
		return
	case n.Kind != yaml.MappingNode:
		what := "The file"
		if key != "" {
			what = "This"
		}
		w.wrong(n, key, "%s must hold settings, one `name: value` a line.", what)
		return
	}
	seen := map[string]bool{}
	for k, v := range pairs(n) {
		name, ok := word(k)
		switch {
		case !ok:
			w.wrong(k, key, "A setting's name must be a plain word.")
		case seen[name]:
			w.wrong(k, strings.TrimPrefix(key+"."+name, "."), "is set twice.")
		default:
			seen[name] = true
			w.pair(append(slices.Clone(path), name), k, v)
		}
	}
}

func (w *walker) pair(path []string, k, v *yaml.Node) {
	key, flagName := strings.Join(path, "."), strings.Join(path, "-")
	if strings.Contains(key, "-") {
		w.unknown(k, path)
		return
	}
	if flag := w.flags[flagName]; flag != nil {
		w.value(key, flag, k, v)
		return
	}
	for name := range w.flags {
		if strings.HasPrefix(name, flagName+"-") {
			w.section(path, v)
			return
		}
	}
	w.unknown(k, path)
}

func (w *walker) unknown(n *yaml.Node, path []string) {
	key := strings.Join(path, ".")
	if best := nearest(strings.ReplaceAll(key, ".", "-"), maps.Keys(w.flags)); best != "" {
		best = strings.ReplaceAll(best, "-", ".")
		w.wrong(n, key, "There is no such setting. Did you mean %s?", best)
		return
	}
	w.wrong(n, key, "There is no such setting. `nubitalk serve --help` lists all.")
}

// nearest is the known name that a wrong one may stand for; a hint is given for
// at most two wrong letters.
func nearest(name string, known iter.Seq[string]) string {
	best, least := "", 3
	for k := range known {
		if d := distance(name, k); d < least || d == least && best != "" && k < best {
			best, least = k, d
		}
	}
	return best
}

func (w *walker) value(key string, flag *kong.Flag, k, v *yaml.Node) {
	e := entry{line: k.Line, set: true}
	switch {
	case isNull(v):
		e.set = false
	case v.Kind == yaml.SequenceNode:
		if !flag.IsSlice() {
			w.wrong(k, key, "This takes one value, not a list.")
			return
		}
		var items []string
		for _, item := range v.Content {
			text, ok := scalar(item)
			if !ok || strings.Contains(text, ",") {
				w.wrong(item, key, "Each item of the list must be one plain value.")
				return
			}
			items = append(items, text)
		}
		e.value, e.set = strings.Join(items, ","), len(items) > 0
	default:
		text, ok := scalar(v)
		if !ok {
			w.wrong(k, key, "This takes a plain value.")
			return
		}
		e.value = text
	}
	if e.set {
		if problem := try(flag, e.value); problem != "" {
			w.wrong(k, key, "%s", problem)
			return
		}
	}
	w.file.values[flag.Name] = e
}

// try says what is wrong with a value, or "".
func try(flag *kong.Flag, value string) string {
	target := reflect.New(flag.Target.Type()).Elem()
	ctx := &kong.DecodeContext{Value: flag.Value, Scan: kong.Scan().PushTyped(value, kong.FlagValueToken)}
	if err := flag.Mapper.Decode(ctx, target); err != nil {
		switch target.Kind() {
		case reflect.Bool:
			return "must be true or false."
		case reflect.Int:
			return "must be a whole number."
		case reflect.Float64:
			return "must be a number."
		}
		return sentence(err.Error())
	}
	if flag.Enum != "" && !flag.EnumMap()[value] {
		return "must be one of " + strings.Join(flag.EnumSlice(), ", ") + "."
	}
	return ""
}

func sentence(s string) string { return strings.TrimRight(s, ".") + "." }

// distance is the number of letters to change, add, drop or swap between two
// words (Damerau's optimal string alignment).
func distance(a, b string) int {
	before, row := []int(nil), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		next := make([]int, len(b)+1)
		next[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			next[j+1] = min(row[j+1]+1, next[j]+1, row[j]+cost)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				next[j+1] = min(next[j+1], before[j-1]+1)
			}
		}
		before, row = row, next
	}
	return row[len(b)]
}
