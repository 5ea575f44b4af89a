package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"syscall"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/server/demo"
	"nubitalk/internal/server/drive"
	"nubitalk/internal/server/verify"
)

// noticeCommand is about the data privacy notice.
type noticeCommand struct {
	Verify verifyCommand `cmd:"" help:"Check the notice's promises, clause by clause, against a private instance or a running one."`
}

// verifyCommand runs the notice's checks.
type verifyCommand struct {
	URL  string `placeholder:"URL" help:"A running demonstration to check instead of a private one."`
	Demo string `placeholder:"FILE" type:"existingfile" help:"With --url: what its 'nubitalk demo --json' printed; else its log-ins are taken for the usual ones."`
	Data string `placeholder:"DIR" type:"existingdir" help:"With --url: its data folder, to look for what must not be there."`
	JSON bool   `name:"json" help:"Print one JSON object."`
}

// Run checks and prints each clause with its evidence. A clause that fails makes
// the command fail.
func (v *verifyCommand) Run(c console) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	o := verify.Options{URL: v.URL, Data: v.Data}
	var err error
	if v.URL == "" {
		o.Binary, err = os.Executable()
	} else {
		o.Demo, err = v.running(ctx)
	}
	if err != nil {
		return err
	}
	if !v.JSON {
		o.Log = func(line string) { fmt.Fprintln(c.err, "checking:", line) }
	}
	results, err := verify.Run(ctx, o)
	if err != nil {
		return err
	}
	return v.report(c, results)
}

func (v *verifyCommand) report(c console, results []verify.Result) error {
	counts := map[verify.Status]int{}
	for _, r := range results {
		counts[r.Status]++
	}
	if v.JSON {
		if err := json.NewEncoder(c.out).Encode(map[string]any{"clauses": results}); err != nil {
			return err
		}
	} else {
		for _, r := range results {
			fmt.Fprintf(c.out, "%-4s %-9s %s\n", r.ID, r.Status, r.Title)
			for _, e := range r.Evidence {
				fmt.Fprintf(c.out, "     - %s\n", e)
			}
		}
		fmt.Fprintf(c.out, "\n%d proven, %d not built, %d failed\n", counts[verify.Proven], counts[verify.NotBuilt], counts[verify.Failed])
	}
	if n := counts[verify.Failed]; n > 0 {
		return errs.New(errs.Conflict, "%d clauses of the notice do not hold.", n)
	}
	return nil
}

// running is what a running demonstration holds: as it said itself, or with the
// usual log-ins and the entry points that its administrators see.
func (v *verifyCommand) running(ctx context.Context) (d drive.Demo, err error) {
	d.BaseURL = v.URL
	if v.Demo != "" {
		content, err := os.ReadFile(v.Demo)
		if err != nil {
			return d, err
		}
		if err := json.Unmarshal(content, &d); err != nil {
			return d, errs.Wrap(errs.Invalid, err, "The file %s does not hold what nubitalk demo --json prints.", v.Demo)
		}
		return d, nil
	}
	for _, o := range demo.Organisations() {
		for _, u := range o.Users {
			l := drive.Login{Organisation: o.Slug, UserName: u.Name, Password: demo.Password}
			for _, r := range u.Roles {
				l.Roles = append(l.Roles, string(r))
			}
			d.Logins = append(d.Logins, l)
		}
		if o.Tenant == nil {
			continue
		}
		points, err := entryPoints(ctx, d, o.Slug)
		if err != nil {
			return d, fmt.Errorf("is a demonstration running at %s? %w", v.URL, err)
		}
		d.EntryPoints = append(d.EntryPoints, points...)
	}
	return d, nil
}

func entryPoints(ctx context.Context, d drive.Demo, organisation string) ([]drive.EntryPoint, error) {
	login, err := d.Login(organisation, "administrator")
	if err != nil {
		return nil, err
	}
	admin, err := drive.SignIn(ctx, drive.Client(), d.BaseURL, login)
	if err != nil {
		return nil, err
	}
	var list struct {
		Items []drive.EntryPoint `json:"items"`
	}
	if err := admin.Do(ctx, http.MethodGet, "entry-points", nil, &list); err != nil {
		return nil, err
	}
	for i := range list.Items {
		list.Items[i].Organisation = organisation
	}
	return list.Items, nil
}
