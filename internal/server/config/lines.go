package config

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/dialplan"
	"nubitalk/internal/core/setup"
)

// LinesFile is the file of lines as it is written; docs/lines.md explains it.
type LinesFile struct {
	Lines []lineEntry `yaml:"lines"`
}

type lineEntry struct {
	Name         string             `yaml:"name"`
	Country      string             `yaml:"country"`
	NumberForm   string             `yaml:"number_form"`
	Gateways     []gatewayEntry     `yaml:"gateways"`
	Registration registrationEntry  `yaml:"registration"`
	Sources      []string           `yaml:"sources"`
	Username     string             `yaml:"username"`
	Password     string             `yaml:"password"` // where it is: @FILE or $NAME
	AllowMD5     bool               `yaml:"allow_md5"`
	AskPassword  bool               `yaml:"ask_password"`
	Encryption   string             `yaml:"encryption"`
	ConfirmPlain bool               `yaml:"confirm_plain"`
	SRTP         []string           `yaml:"srtp"`
	Tells        string             `yaml:"tells"`
	MaxCalls     int                `yaml:"max_calls"`
	CallsASecond int                `yaml:"calls_a_second"`
	Shares       []organisationLine `yaml:"organisations"`
}

type gatewayEntry struct {
	Host      string `yaml:"host"`
	Port      int    `yaml:"port"`
	Transport string `yaml:"transport"`
	Priority  int    `yaml:"priority"`
	Weight    int    `yaml:"weight"`
}

type registrationEntry struct {
	On            bool   `yaml:"on"`
	Domain        string `yaml:"domain"`
	User          string `yaml:"user"`
	ExpirySeconds int    `yaml:"expiry_seconds"`
}

type organisationLine struct {
	Name     string   `yaml:"name"`
	Numbers  []string `yaml:"numbers"`
	Reserved int      `yaml:"reserved"`
}

// maxLines is how many lines a file may have.
const maxLines = 200

// ReadLines reads a file of lines. files are those whose change may change what it
// says: itself, and those that hold passwords. rule is the one that holds for all
// connections. The error is Mistakes, each with its key and line, and never a password.
func ReadLines(path string, rule setup.EncryptionRule) (lines setup.Lines, files []string, err error) {
	files = []string{path}
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, files, Mistakes{{Where: path, Problem: "The file of lines cannot be read: " + plainOS(err) + "."}}
	}
	lines, secrets, err := parseLines(filepath.Base(path), content, rule)
	return lines, append(files, secrets...), err
}

func parseLines(name string, content []byte, rule setup.EncryptionRule) (setup.Lines, []string, error) {
	f := &file{name: name}
	doc, err := f.document(content, "A file of lines holds one document; what follows --- is not read.")
	if err != nil {
		return nil, nil, err
	}
	r := &reader{file: f, lines: map[string]int{}, bad: map[string]bool{}}
	var all LinesFile
	if doc != nil {
		r.take("", doc, reflect.ValueOf(&all).Elem())
	}
	if len(all.Lines) > maxLines {
		r.tell("lines", fmt.Sprintf("has %d lines; at most %d are accepted.", len(all.Lines), maxLines))
	}
	var lines setup.Lines
	var files []string
	for i, e := range all.Lines {
		path := "lines[" + strconv.Itoa(i) + "]"
		line, from := r.line(path, e)
		files = append(files, from...)
		if err := line.Validate(); err != nil {
			for _, fault := range errs.As(err).Fields {
				r.tell(path+"."+strings.TrimPrefix(fault.Path, "caller."), fault.Problem)
			}
		}
		for _, fault := range rule.Breaks(line.Connection) {
			r.tell(path+"."+fault.Path, fault.Problem)
		}
		for j := range lines {
			if lines[j].Name == line.Name && line.Name != "" {
				r.tell(path+".name", "is that of another line already.")
			}
			if clash := line.Clash(&lines[j]); clash != "" {
				r.tell(path+"."+clash, "is given by another line already; a number belongs to one.")
			}
		}
		lines = append(lines, line)
	}
	if err := r.mistakes.Err(); err != nil {
		return nil, files, err
	}
	return lines, files, nil
}

// line makes a line of what was written.
func (r *reader) line(path string, e lineEntry) (l setup.Line, files []string) {
	l = setup.Line{Name: e.Name, MaxCalls: e.MaxCalls, CallsASecond: e.CallsASecond}
	t := setup.Trunk{Name: e.Name, Enabled: true, Country: e.Country, NumberForm: dialplan.Form(e.NumberForm), Registration: setup.TrunkRegistration(e.Registration), Sources: e.Sources,
		Username: e.Username, AllowMD5: e.AllowMD5, AskPassword: e.AskPassword, Encryption: setup.Encryption(e.Encryption), SRTP: e.SRTP}
	for _, g := range e.Gateways {
		t.Gateways = append(t.Gateways, setup.TrunkGateway(g))
	}
	t.Caller.Tells = dialplan.Tells(e.Tells)
	l.Connection = setup.Clean(t)
	if l.Connection.Plain() && !e.ConfirmPlain {
		r.tell(path+".confirm_plain", "must be true with encryption plain: whoever sees the packets between this service and the operator then hears both voices.")
	}
	var problem string
	if l.Password, files, problem = passwordAt(e.Password); problem != "" {
		r.tell(path+".password", problem)
		l.Password = secret.New("x") // what is missing is told once
	}
	for i, s := range e.Shares {
		share := setup.LineShare{Organisation: s.Name, Reserved: s.Reserved}
		for j, n := range s.Numbers {
			first, last, ok := rangeOf(n, l.Connection.Country)
			if !ok {
				r.tell(fmt.Sprintf("%s.organisations[%d].numbers[%d]", path, i, j), "is no number or range of numbers; write +351210000000, or +351210000000..+351210000099.")
				continue
			}
			share.Numbers = append(share.Numbers, setup.NumberRange{First: first, Last: last})
		}
		if len(s.Numbers) > 0 && len(share.Numbers) == 0 { // told above
			continue
		}
		l.Shares = append(l.Shares, share)
	}
	return l, files
}

// rangeOf reads a number, or two with .. between them.
func rangeOf(s, country string) (first, last string, ok bool) {
	a, b, two := strings.Cut(s, "..")
	first, ok = dialplan.Normal(a, country)
	last = first
	if ok && two {
		last, ok = dialplan.Normal(b, country)
	}
	return first, last, ok && len(first) == len(last) && first <= last
}

// passwordAt reads a password from where it is; it never stands in the file of
// lines itself.
func passwordAt(at string) (p secret.Text, files []string, problem string) {
	switch {
	case at == "":
		return p, nil, ""
	case strings.HasPrefix(at, "@"):
		var s Secret
		if err := s.UnmarshalText([]byte(at)); err != nil {
			return p, []string{at[1:]}, sentence(err.Error())
		}
		return s.Text, []string{at[1:]}, ""
	case strings.HasPrefix(at, "$") && len(at) > 1:
		v := os.Getenv(at[1:])
		if v == "" {
			return p, nil, "names a variable of the environment that is not set."
		}
		return secret.New(v), nil, ""
	}
	return p, nil, "must say where the password is: @FILE for a file that holds it, or $NAME for a variable of the environment."
}

// reader takes a document into a struct by its yaml tags, and keeps where each
// value stood.
type reader struct {
	file     *file
	lines    map[string]int  // of paths
	bad      map[string]bool // paths of which something was told
	mistakes Mistakes
}

func (r *reader) wrong(n *yaml.Node, path, problem string, args ...any) {
	r.bad[path] = true
	r.mistakes = append(r.mistakes, r.file.at(n.Line, path, problem, args...))
}

// tell notes a mistake at a path, or at what holds it; only the first of each.
func (r *reader) tell(path, problem string) {
	if r.bad[path] {
		return
	}
	r.bad[path] = true
	at := path
	for r.lines[at] == 0 && strings.ContainsAny(at, ".[") {
		at = at[:strings.LastIndexAny(at, ".[")]
	}
	r.mistakes = append(r.mistakes, r.file.at(max(1, r.lines[at]), path, "%s", problem))
}

func (r *reader) take(path string, n *yaml.Node, into reflect.Value) {
	if _, seen := r.lines[path]; !seen {
		r.lines[path] = n.Line
	}
	if isNull(n) {
		return
	}
	switch into.Kind() {
	case reflect.Struct:
		r.fields(path, n, into)
	case reflect.Slice:
		if n.Kind != yaml.SequenceNode {
			r.wrong(n, path, "This must be a list.")
			return
		}
		for i, item := range n.Content {
			one := reflect.New(into.Type().Elem()).Elem()
			r.take(path+"["+strconv.Itoa(i)+"]", item, one)
			into.Set(reflect.Append(into, one))
		}
	default:
		r.value(path, n, into)
	}
}

func (r *reader) fields(path string, n *yaml.Node, into reflect.Value) {
	if n.Kind != yaml.MappingNode {
		r.wrong(n, path, "This must hold settings, one `name: value` a line.")
		return
	}
	var names []string
	byName := map[string]reflect.Value{}
	for i := range into.NumField() {
		name := into.Type().Field(i).Tag.Get("yaml")
		names = append(names, name)
		byName[name] = into.Field(i)
	}
	seen := map[string]bool{}
	for k, v := range pairs(n) {
		name, ok := word(k)
		if !ok {
			name = ""
		}
		key := strings.TrimPrefix(path+"."+name, ".")
		field, known := byName[name]
		switch {
		case !known:
			problem := "There is no such setting; known are " + strings.Join(names, ", ") + "."
			if best := nearest(name, slices.Values(names)); best != "" {
				problem = "There is no such setting. Did you mean " + best + "?"
			}
			r.wrong(k, key, "%s", problem)
		case seen[name]:
			r.wrong(k, key, "is set twice.")
		default:
			seen[name] = true
			r.lines[key] = k.Line
			r.take(key, v, field)
		}
	}
}

func (r *reader) value(path string, n *yaml.Node, into reflect.Value) {
	text, ok := scalar(n)
	if !ok {
		r.wrong(n, path, "This takes a plain value.")
		return
	}
	switch into.Kind() {
	case reflect.String:
		into.SetString(text)
	case reflect.Bool:
		if text != "true" && text != "false" {
			r.wrong(n, path, "must be true or false.")
		}
		into.SetBool(text == "true")
	case reflect.Int:
		v, err := strconv.Atoi(text)
		if err != nil {
			r.wrong(n, path, "must be a whole number.")
		}
		into.SetInt(int64(v))
	}
}
