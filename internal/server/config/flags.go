package config

import (
	"fmt"
	"os"
	"strings"

	"github.com/alecthomas/kong"
)

// Flags is what a command embeds to take the whole configuration. After
// parsing, Config is complete and checked.
type Flags struct {
	File   string `name:"config" short:"c" env:"NUBITALK_CONFIG" placeholder:"FILE" help:"Configuration file. deploy/nubitalk.example.yaml explains every setting."`
	Config `embed:""`

	read *file `kong:"-"`
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
	if err != nil {
		return err
	}
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
	return f.Check(func(key, problem string) Mistake {
		m := set[strings.ReplaceAll(key, ".", "-")]
		m.Key, m.Problem = key, problem
		return m
	})
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
