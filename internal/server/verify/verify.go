package verify

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"nubitalk/internal/core/privacy"
	"nubitalk/internal/server/drive"
)

// Status of a clause.
type Status string

const (
	Proven   Status = "proven"
	NotBuilt Status = "not_built"
	Failed   Status = "failed"
)

// Result is one clause with its evidence.
type Result struct {
	ID       string   `json:"id"`
	Title    string   `json:"title"`
	Status   Status   `json:"status"`
	Evidence []string `json:"evidence"`
}

// Options say against what to check.
type Options struct {
	// Binary is this program, to start a private instance of `serve` with; used when
	// URL is empty.
	Binary string
	// URL is a running instance; Demo then names logins and entry points of two
	// tenants, and Data its data folder ("" when it cannot be looked into).
	URL  string
	Demo drive.Demo
	Data string
	// Log receives what the checks do, one line each. May be nil.
	Log func(string)
}

// check proves clauses; all that are named share its evidence.
type check struct {
	clauses []string
	what    string
	data    bool // looks into the data folder
	run     func(ctx context.Context, w *world) (evidence string, err error)
}

// Run runs all checks and answers for every clause, in the notice's order.
func Run(ctx context.Context, o Options) ([]Result, error) {
	w, err := open(ctx, o)
	if err != nil {
		return nil, err
	}
	defer w.close()
	evidence, faults := map[string][]string{}, map[string][]string{}
	for _, c := range checks {
		if o.Log != nil {
			o.Log(c.what)
		}
		said, err := run(ctx, w, c)
		for _, clause := range c.clauses {
			if err != nil {
				faults[clause] = append(faults[clause], c.what+": "+err.Error())
			} else {
				evidence[clause] = append(evidence[clause], c.what+": "+said)
			}
		}
	}
	var out []Result
	for _, c := range privacy.Clauses {
		r := Result{ID: c.ID, Title: c.Title, Status: NotBuilt, Evidence: []string{}}
		switch {
		case len(faults[c.ID]) > 0:
			r.Status, r.Evidence = Failed, faults[c.ID]
		case len(evidence[c.ID]) > 0:
			r.Status, r.Evidence = Proven, evidence[c.ID]
		}
		out = append(out, r)
	}
	return out, nil
}

func run(ctx context.Context, w *world, c check) (string, error) {
	if c.data && w.data == "" {
		return "", errors.New("not proven: it needs the data folder (--data)")
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	return c.run(ctx, w)
}

// open connects to the instance, or starts a private one in a folder of its own.
func open(ctx context.Context, o Options) (*world, error) {
	w := newWorld(o)
	if o.URL != "" {
		w.demo, w.data = o.Demo, o.Data
		w.demo.BaseURL = o.URL
		return w, nil
	}
	dir, err := os.MkdirTemp("", "nubitalk-verify-")
	if err != nil {
		return nil, err
	}
	w.dir, w.data = dir, filepath.Join(dir, "data")
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	if err := w.instance(ctx); err != nil {
		w.close()
		return nil, fmt.Errorf("starting a private instance: %w", err)
	}
	return w, nil
}
