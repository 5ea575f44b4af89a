package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// parts are what is looked at; -part takes one.
var parts = []string{"go", "modules", "packages", "go-faults", "npm-faults"}

func main() {
	database := flag.String("db", "", "database of known faults of Go modules, a https:// or file:// address; govulncheck's own if empty")
	part := flag.String("part", "", "look at this part only: "+strings.Join(parts, ", "))
	flag.Parse()
	if flag.NArg() > 0 || *part != "" && !slices.Contains(parts, *part) {
		fmt.Fprintf(os.Stderr, "components: the parts are %s\n", strings.Join(parts, ", "))
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	v, err := look(ctx, *part, *database, time.Now())
	if err != nil {
		fmt.Fprintln(os.Stderr, "components:", err)
		os.Exit(2)
	}
	tell(os.Stdout, v)
	os.Exit(v.code())
}

// look asks and decides.
func look(ctx context.Context, part, database string, now time.Time) (v verdict, err error) {
	root, err := source(ctx)
	if err != nil {
		return v, err
	}
	file, err := os.Open(filepath.Join(root, "test", "components", "exceptions.json"))
	if err != nil {
		return v, err
	}
	defer func() { _ = file.Close() }()
	allowed, err := exceptions(file, now)
	if err != nil {
		return v, err
	}
	a := &asks{root: root, database: database, now: now}
	var components []component
	var faults []fault
	for _, p := range parts {
		if part != "" && part != p {
			continue
		}
		switch p {
		case "go":
			components = append(components, a.goItself(ctx)...)
		case "modules":
			components = append(components, a.goModules(ctx)...)
		case "packages":
			components = append(components, a.npmPackages(ctx)...)
		case "go-faults":
			faults = append(faults, a.goFaults(ctx, "./cmd/nubitalk")...)
		case "npm-faults":
			faults = append(faults, a.npmFaults(ctx)...)
		}
	}
	v = judge(now, components, faults, allowed, a.notes)
	if part != "" {
		v.NotLooked = append(v.NotLooked, "all but "+part+" (-part)")
	}
	return v, nil
}

// tell prints what was found.
func tell(w io.Writer, v verdict) {
	for _, p := range []struct {
		head  string
		lines []string
	}{{"LATE", v.Breaches}, {"NOT LOOKED", v.NotLooked}, {"allowed", v.Allowed}, {"later", v.Later}} {
		for _, line := range p.lines {
			fmt.Fprintf(w, "%-10s %s\n", p.head, line)
		}
	}
	switch v.code() {
	case 0:
		fmt.Fprintln(w, "All components are within their times, and no fault is known in them that is not listed above.")
	case 3:
		fmt.Fprintln(w, "Nothing is late as far as could be seen, but not everything was looked at.")
	}
}
