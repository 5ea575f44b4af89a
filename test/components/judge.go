package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

const day = 24 * time.Hour

// Kinds of components.
const (
	goModule   = "go"
	goItself   = "toolchain"
	npmPackage = "npm"
)

// within is how long a newer release may have been there (docs/components.md).
var within = map[string]time.Duration{goModule: 180 * day, npmPackage: 180 * day, goItself: 60 * day}

// release is a version of a component.
type release struct {
	Version string
	At      time.Time // zero: not known
}

// component is one that the program names itself.
type component struct {
	Kind, Name string
	release              // in use
	All        []release // that are there, in any order
}

func (c component) id() string { return c.Kind + ":" + c.Name }

// fresh says that a component's own release is so young that no newer one can be too
// old: nobody need be asked.
func (c component) fresh(now time.Time) bool {
	return !c.At.IsZero() && now.Sub(c.At) <= within[c.Kind]
}

// fault is one that is known in a component.
type fault struct {
	Kind, Name, Version string
	ID                  string // e.g. GO-2026-4711 or GHSA-…
	What                string
	Reached             bool // by the program, as far as that is known
}

func (f fault) id() string { return f.Kind + ":" + f.Name }

// exception lets a component be as it is until a day.
type exception struct {
	Component string `json:"component"`       // e.g. npm:typescript
	Fault     string `json:"fault,omitempty"` // its id; empty: its age
	Until     string `json:"until"`           // the last day on which it holds, e.g. 2027-02-28
	Reason    string `json:"reason"`
}

// longest is how far ahead an exception may end.
const longest = 366 * day

// exceptions reads the file of exceptions. One without a reason, or without an end within
// a year, is none.
func exceptions(r io.Reader, now time.Time) (list []exception, err error) {
	d := json.NewDecoder(r)
	d.DisallowUnknownFields()
	if err := d.Decode(&list); err != nil {
		return nil, fmt.Errorf("reading the exceptions: %w", err)
	}
	for _, e := range list {
		until, err := time.Parse(time.DateOnly, e.Until)
		switch {
		case !strings.Contains(e.Component, ":"):
			return nil, fmt.Errorf("an exception is for %q; a component is go:PATH, npm:NAME or toolchain:go", e.Component)
		case strings.TrimSpace(e.Reason) == "":
			return nil, fmt.Errorf("the exception for %s has no reason", e.Component)
		case err != nil:
			return nil, fmt.Errorf("the exception for %s ends on %q; a day is YYYY-MM-DD", e.Component, e.Until)
		case until.Sub(now) > longest:
			return nil, fmt.Errorf("the exception for %s ends on %s, more than a year ahead", e.Component, e.Until)
		}
	}
	return list, nil
}

// verdict is what was found.
type verdict struct {
	Breaches  []string // one line each
	Allowed   []string // by an exception
	Later     []string // a newer release is there, and within its time
	NotLooked []string
}

func (v verdict) code() int {
	switch {
	case len(v.Breaches) > 0:
		return 1
	case len(v.NotLooked) > 0:
		return 3
	}
	return 0
}

// judge decides at a time. Components that could not be asked about are in notLooked
// already.
func judge(now time.Time, components []component, faults []fault, allowed []exception, notLooked []string) verdict {
	v := verdict{NotLooked: notLooked}
	used := map[exception]bool{}
	excepted := func(id, fault string) (exception, bool) {
		for _, e := range allowed {
			if e.Component == id && e.Fault == fault {
				used[e] = true
				until, err := time.Parse(time.DateOnly, e.Until)
				return e, err == nil && now.Before(until.Add(day))
			}
		}
		return exception{}, false
	}
	wrong := func(id, fault, line string) {
		switch e, ok := excepted(id, fault); {
		case ok:
			v.Allowed = append(v.Allowed, line+": allowed until "+e.Until+", "+e.Reason)
		case e.Until != "":
			v.Breaches = append(v.Breaches, line+"; its exception ended on "+e.Until)
		default:
			v.Breaches = append(v.Breaches, line)
		}
	}
	for _, c := range components {
		first, ok := firstNewer(c)
		if !ok {
			continue
		}
		if first.At.IsZero() {
			v.NotLooked = append(v.NotLooked, fmt.Sprintf("%s %s: when %s was released is not known", c.id(), c.Version, first.Version))
			continue
		}
		age := now.Sub(first.At)
		line := fmt.Sprintf("%s %s: %s is there since %s (%d days, %d are allowed)", c.id(), c.Version, first.Version, first.At.Format(time.DateOnly), int(age/day), int(within[c.Kind]/day))
		if age > within[c.Kind] {
			wrong(c.id(), "", line)
		} else {
			v.Later = append(v.Later, line)
		}
	}
	for _, f := range faults {
		reached := "not reached by the program, as far as that is known"
		if f.Reached {
			reached = "reached by the program"
		}
		wrong(f.id(), f.ID, fmt.Sprintf("%s %s has the fault %s, %s: %s", f.id(), f.Version, f.ID, reached, f.What))
	}
	for _, e := range allowed {
		if !used[e] {
			v.Later = append(v.Later, "the exception for "+strings.TrimSpace(e.Component+" "+e.Fault)+" is not needed now")
		}
	}
	return v
}

// renewals are the releases that a component should be renewed to: newer than the one in
// use, of the same major version, and no trials unless a trial is in use. For Go they are
// of the same line (1.26), and once two younger lines are there, which is when its authors
// mend it no more, the first of the second.
func renewals(c component) (newer []release) {
	in, ok := parse(c.Version)
	if !ok {
		return nil
	}
	for _, r := range c.All {
		v, ok := parse(r.Version)
		if !ok || v.trial != "" && in.trial == "" || v.number[0] != in.number[0] || compare(v, in) <= 0 {
			continue
		}
		if c.Kind == goItself && v.number[1] != in.number[1] && (v.number[1] != in.number[1]+2 || v.number[2] != 0) {
			continue
		}
		newer = append(newer, r)
	}
	return newer
}

// firstNewer is the renewal that has been there longest.
func firstNewer(c component) (release, bool) {
	newer := renewals(c)
	if len(newer) == 0 {
		return release{}, false
	}
	return slices.MinFunc(newer, func(a, b release) int {
		return cmp.Or(a.At.Compare(b.At), strings.Compare(a.Version, b.Version))
	}), true
}

// version is one of semver.org, or of Go: go1.26.8 is 1.26.8, go1.27rc1 a trial of 1.27.0.
type version struct {
	number [3]int
	trial  string
}

func parse(s string) (v version, ok bool) {
	s, _, _ = strings.Cut(strings.TrimPrefix(strings.TrimPrefix(s, "go"), "v"), "+")
	s, v.trial, _ = strings.Cut(s, "-")
	for _, word := range []string{"rc", "beta"} { // of Go
		if i := strings.Index(s, word); i > 0 {
			s, v.trial = s[:i], s[i:]
		}
	}
	parts := strings.Split(s, ".")
	if len(parts) > len(v.number) {
		return v, false
	}
	for i, p := range parts {
		n, err := strconv.Atoi(p)
		if err != nil || n < 0 {
			return v, false
		}
		v.number[i] = n
	}
	return v, true
}

// compare orders versions; a trial is before what it is a trial of (semver.org, 11).
func compare(a, b version) int {
	if n := slices.Compare(a.number[:], b.number[:]); n != 0 {
		return n
	}
	if a.trial == "" || b.trial == "" {
		return -cmp.Compare(min(len(a.trial), 1), min(len(b.trial), 1))
	}
	x, y := strings.Split(a.trial, "."), strings.Split(b.trial, ".")
	for i := range min(len(x), len(y)) {
		n, errX := strconv.Atoi(x[i])
		m, errY := strconv.Atoi(y[i])
		order := strings.Compare(x[i], y[i])
		switch {
		case errX == nil && errY == nil:
			order = cmp.Compare(n, m)
		case errX == nil:
			order = -1
		case errY == nil:
			order = 1
		}
		if order != 0 {
			return order
		}
	}
	return cmp.Compare(len(x), len(y))
}
