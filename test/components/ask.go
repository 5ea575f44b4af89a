package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"nubitalk/internal/base/order"
)

// asks is who asks the registries, by their ordinary clients.
type asks struct {
	root     string // of the source
	database string // of govulncheck; "" for its own
	now      time.Time
	notes    []string // what could not be looked at
}

// askWithin bounds one question.
const askWithin = 5 * time.Minute

// run runs a client in a folder of the source, and gives what it printed. good are exit
// codes besides 0 that are answers.
func (a *asks) run(ctx context.Context, folder string, good []int, name string, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = filepath.Join(a.root, folder), &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) && slices.Contains(good, exit.ExitCode()) {
		return out.Bytes(), nil
	}
	if err != nil {
		return out.Bytes(), fmt.Errorf("%s %s: %w: %s", name, args[0], err, lastLine(errs.String()))
	}
	return out.Bytes(), nil
}

func lastLine(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return lines[len(lines)-1]
}

func (a *asks) note(what string, err error) { a.notes = append(a.notes, what+": "+err.Error()) }

// module is what the go command says of one.
type module struct {
	Path, Version string
	Versions      []string
	Time          time.Time
	Error         *struct{ Err string }
}

func modules(out []byte) (list []module, err error) {
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var m module
		if err := d.Decode(&m); errors.Is(err, io.EOF) {
			return list, nil
		} else if err != nil {
			return nil, err
		}
		list = append(list, m)
	}
}

func (a *asks) list(ctx context.Context, args ...string) ([]module, error) {
	out, err := a.run(ctx, ".", nil, "go", append([]string{"list", "-m", "-e", "-json"}, args...)...)
	if err != nil {
		return nil, err
	}
	return modules(out)
}

// goModules are those that go.mod names without "// indirect". About those whose own
// release is young nobody is asked.
func (a *asks) goModules(ctx context.Context) (list []component) {
	out, err := a.run(ctx, ".", nil, "go", "mod", "edit", "-json")
	var file struct {
		Require []struct {
			Path     string
			Indirect bool
		}
	}
	if err == nil {
		err = json.Unmarshal(out, &file)
	}
	var names []string
	for _, r := range file.Require {
		if !r.Indirect {
			names = append(names, r.Path)
		}
	}
	var used []module
	if err == nil {
		used, err = a.list(ctx, names...)
	}
	if err != nil {
		a.note("Go modules", err)
		return nil
	}
	for _, m := range used {
		c := component{Kind: goModule, Name: m.Path, release: release{m.Version, m.Time}}
		if !c.fresh(a.now) {
			a.dated(ctx, &c, m.Path, func(v string) string { return m.Path + "@" + v })
		}
		list = append(list, c)
	}
	return list
}

// goItself is the Go that builds here.
func (a *asks) goItself(ctx context.Context) []component {
	out, err := a.run(ctx, ".", nil, "go", "env", "GOVERSION")
	if err != nil {
		a.note("Go", err)
		return nil
	}
	used, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(string(out)), "go"), " ")
	c := component{Kind: goItself, Name: "go", release: release{Version: used}}
	a.dated(ctx, &c, "go", func(v string) string {
		return "golang.org/toolchain@v0.0.1-go" + v + "." + runtime.GOOS + "-" + runtime.GOARCH
	})
	return []component{c}
}

// dated fills in which releases a component should be renewed to, and when they came. at
// names a version as the go command does.
func (a *asks) dated(ctx context.Context, c *component, name string, at func(string) string) {
	there, err := a.list(ctx, "-versions", name)
	if err == nil && len(there) > 0 && there[0].Error != nil {
		err = errors.New(there[0].Error.Err)
	}
	if err != nil || len(there) == 0 {
		a.note(c.id(), errors.Join(err, errors.New("which versions are there is not known")))
		return
	}
	for _, v := range there[0].Versions {
		c.All = append(c.All, release{Version: v})
	}
	c.All = renewals(*c)
	for i, r := range c.All {
		one, err := a.list(ctx, at(r.Version))
		if err != nil || len(one) == 0 || one[0].Error != nil {
			continue // without a time it is told
		}
		c.All[i].At = one[0].Time
	}
}

// npmPackages are those that package.json names, where npm says that another is there.
func (a *asks) npmPackages(ctx context.Context) (list []component) {
	out, err := a.run(ctx, "web", []int{1}, "npm", "outdated", "--json")
	var later map[string]struct{ Current string }
	if err == nil {
		err = outdated(out, &later)
	}
	if err != nil {
		a.note("npm packages", err)
		return nil
	}
	for name, p := range later {
		c := component{Kind: npmPackage, Name: name, release: release{Version: p.Current}}
		var times map[string]string
		out, err := a.run(ctx, "web", nil, "npm", "view", name, "time", "--json")
		if err == nil {
			err = json.Unmarshal(out, &times)
		}
		if err != nil {
			a.note(c.id(), err)
			continue
		}
		for v, at := range times { // also "created" and "modified", which are no versions
			t, err := time.Parse(time.RFC3339, at)
			if err == nil {
				c.All = append(c.All, release{v, t})
			}
		}
		list = append(list, c)
	}
	order.By(list, func(x, y component) int { return strings.Compare(x.Name, y.Name) })
	return list
}

// outdated reads npm's answer, which is an error's in the same form when it has none.
func outdated(out []byte, into any) error {
	var failed struct {
		Error *struct{ Code, Summary string }
	}
	if err := json.Unmarshal(out, &failed); err != nil {
		return fmt.Errorf("npm's answer cannot be read: %w", err)
	}
	if failed.Error != nil {
		return fmt.Errorf("npm: %s %s", failed.Error.Code, failed.Error.Summary)
	}
	return json.Unmarshal(out, into)
}

// npmFaults asks npm's audit about the lock file.
func (a *asks) npmFaults(ctx context.Context) []fault {
	out, err := a.run(ctx, "web", []int{1}, "npm", "audit", "--json")
	var list []fault
	if err == nil {
		list, err = audited(out)
	}
	if err != nil {
		a.note("known faults of npm packages", err)
	}
	return list
}

// audited reads npm's audit, whose vulnerabilities name an advisory, or the package by
// which they have one.
func audited(out []byte) (list []fault, err error) {
	var report struct {
		Version         int `json:"auditReportVersion"`
		Vulnerabilities map[string]struct {
			Range string
			Via   []json.RawMessage
		}
	}
	if err := outdated(out, &report); err != nil {
		return nil, err
	}
	if report.Version != 2 {
		return nil, fmt.Errorf("npm's audit has the form %d, not 2", report.Version)
	}
	for name, v := range report.Vulnerabilities {
		for _, raw := range v.Via {
			var advisory struct{ URL, Title, Severity string }
			if json.Unmarshal(raw, &advisory) != nil || advisory.URL == "" {
				continue // the name of another that is listed itself
			}
			list = append(list, fault{Kind: npmPackage, Name: name, Version: v.Range, ID: advisory.URL[strings.LastIndex(advisory.URL, "/")+1:], What: advisory.Title + " (" + advisory.Severity + ")"})
		}
	}
	order.By(list, func(x, y fault) int { return strings.Compare(x.Name+x.ID, y.Name+y.ID) })
	return list, nil
}

// goFaults asks govulncheck about packages of the program.
func (a *asks) goFaults(ctx context.Context, packages ...string) []fault {
	args := []string{"tool", "govulncheck", "-format", "json"}
	if a.database != "" {
		args = append(args, "-db", a.database)
	}
	out, err := a.run(ctx, ".", nil, "go", append(args, packages...)...)
	var list []fault
	if err == nil {
		list, err = found(bytes.NewReader(out))
	}
	if err != nil {
		a.note("known faults of Go modules", err)
	}
	return list
}

// found reads govulncheck's stream: what each fault is, and how near it comes.
func found(r io.Reader) ([]fault, error) {
	faults, what, scanned := map[string]fault{}, map[string]string{}, false
	for d := json.NewDecoder(r); ; {
		var m struct {
			Config *struct{ DB string }
			OSV    *struct{ ID, Summary string }
			// A finding's first frame is in the component; it names a function if that is reached.
			Finding *struct {
				OSV   string
				Trace []struct{ Module, Version, Function string }
			}
		}
		err := d.Decode(&m)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("reading what govulncheck says: %w", err)
		}
		scanned = scanned || m.Config != nil
		if m.OSV != nil {
			what[m.OSV.ID] = m.OSV.Summary
		}
		if m.Finding == nil || len(m.Finding.Trace) == 0 {
			continue
		}
		at := m.Finding.Trace[0]
		f := fault{Kind: goModule, Name: at.Module, Version: at.Version, ID: m.Finding.OSV, Reached: at.Function != "" || faults[m.Finding.OSV+" "+at.Module].Reached}
		if at.Module == "stdlib" || at.Module == "toolchain" {
			f.Kind, f.Name = goItself, "go"
		}
		faults[f.ID+" "+at.Module] = f
	}
	if !scanned {
		return nil, errors.New("govulncheck said nothing")
	}
	var list []fault
	for _, f := range faults {
		f.What = what[f.ID]
		list = append(list, f)
	}
	order.By(list, func(x, y fault) int { return strings.Compare(x.ID+x.Name, y.ID+y.Name) })
	return list, nil
}

// source is the folder of the checkout in which this is run.
func source(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("finding the checkout: %w", err)
	}
	root := filepath.Dir(strings.TrimSpace(string(out)))
	if _, err := os.Stat(filepath.Join(root, "web", "package.json")); err != nil {
		return "", errors.New("this is not run in a checkout of nubitalk")
	}
	return root, nil
}
