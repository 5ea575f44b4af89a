package config

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"nubitalk/internal/base/order"
)

// Flags is what a command embeds to take the whole configuration. After
// parsing, Config is complete and checked.
type Flags struct {
	File   string `name:"config" short:"c" env:"NUBITALK_CONFIG" placeholder:"FILE" help:"Configuration file. deploy/nubitalk.example.yaml explains every setting."`
	Config `embed:""`

	read     *file    `kong:"-"`
	mistakes Mistakes `kong:"-"` // of the file
}

// BeforeResolve reads the file, between kong's reading of flags and its filling
// of what they left open.
func (f *Flags) BeforeResolve(ctx *kong.Context) error {
	var path string
	var settings []*kong.Flag
	for _, flag := range ctx.Flags() {
		switch flag.Name {
		case "config":
			path, _ = ctx.FlagValue(flag).(string)
		case "help":
		default:
			settings = append(settings, flag)
		}
	}
	if path == "" {
		return nil
	}
	read, err := readFile(path, settings)
	if read == nil {
		return err
	}
	// What is wrong inside is told by AfterApply, with all other mistakes.
	errors.As(err, &f.mistakes)
	f.read = read
	ctx.AddResolver(read)
	return nil
}

// AfterApply checks what one value alone does not show.
func (f *Flags) AfterApply(ctx *kong.Context) error {
	set := map[string]Mistake{}
	for _, flag := range ctx.Flags() {
		for _, env := range flag.Envs {
			if _, ok := os.LookupEnv(env); ok {
				set[flag.Name] = Mistake{Where: "$" + env}
			}
		}
	}
	for _, p := range ctx.Path {
		switch {
		case p.Flag == nil:
		case p.Resolved:
			set[p.Flag.Name] = f.read.at(f.read.values[p.Flag.Name].line, "", "")
		default:
			set[p.Flag.Name] = Mistake{Where: "--" + p.Flag.Name}
		}
	}
	all := append(unknownVariables(ctx), f.mistakes...)
	err := f.Check(func(key, problem string) Mistake {
		m := set[strings.ReplaceAll(key, ".", "-")]
		m.Key, m.Problem = key, problem
		return m
	})
	var together Mistakes
	errors.As(err, &together)
	for _, m := range together {
		if !f.mistakes.about(m.Key) {
			all = append(all, m)
		}
	}
	return all.Err()
}

// judged are the sections whose settings are judged together.
var judged = [][]string{{"listen", "tls"}, {"database", "keys", "bus"}}

// about says whether a mistake in the file may be why a setting seems wrong: one
// of those that it is judged with is not what was meant.
func (m Mistakes) about(key string) bool {
	section, _, _ := strings.Cut(key, ".")
	return slices.ContainsFunc(m, func(one Mistake) bool {
		own, _, _ := strings.Cut(one.Key, ".")
		return one.Key == key || slices.ContainsFunc(judged, func(s []string) bool { return slices.Contains(s, own) && slices.Contains(s, section) })
	})
}

// unknownVariables are those of the environment that look like settings and are
// none: a misspelt one would be passed over in silence.
func unknownVariables(ctx *kong.Context) (m Mistakes) {
	known := map[string]bool{}
	note := func(flags []*kong.Flag) {
		for _, flag := range flags {
			for _, env := range flag.Envs {
				known[env] = true
			}
		}
	}
	note(ctx.Flags())
	for _, command := range ctx.Model.Leaves(false) { // another command's is no mistake
		note(command.Flags)
	}
	for _, one := range os.Environ() {
		name, _, _ := strings.Cut(one, "=")
		if !strings.HasPrefix(name, "NUBITALK_") || known[name] || orchestrated(name) {
			continue
		}
		problem := "There is no such setting. `nubitalk serve --help` lists all."
		if best := nearest(name, maps.Keys(known)); best != "" {
			problem = "There is no such setting. Did you mean $" + best + "?"
		}
		m = append(m, Mistake{Where: "$" + name, Problem: problem})
	}
	order.By(m, func(a, b Mistake) int { return strings.Compare(a.Where, b.Where) })
	return m
}

// orchestrated are variables that Kubernetes sets for a service called nubitalk.
func orchestrated(name string) bool {
	return name == "NUBITALK_PORT" || strings.HasPrefix(name, "NUBITALK_PORT_") || strings.HasPrefix(name, "NUBITALK_SERVICE_")
}

// Default is the configuration when nothing is set. It looks at neither flags
// nor the environment.
func Default() (*Config, error) {
	var c Config
	if err := kong.ApplyDefaults(&c); err != nil {
		return nil, fmt.Errorf("reading the default settings: %w", err)
	}
	return &c, nil
}
