package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/server/drive"
	"nubitalk/internal/server/verify"
)

// noticeCommand is about the data privacy notice.
type noticeCommand struct {
	Verify noticeVerifyCommand `cmd:"" help:"Check the notice's promises against a private instance, or a running one (--url)."`
}

// noticeVerifyCommand runs the checks of the notice.
type noticeVerifyCommand struct {
	URL    string `help:"A running instance; without it a private one is started and thrown away."`
	Logins string `help:"With --url: a file with what 'nubitalk demo --json' printed (logins and entry points of two tenants)." type:"existingfile"`
	Data   string `help:"With --url: the instance's data folder, to look for what must not be there." type:"existingdir"`
	JSON   bool   `name:"json" help:"Print one JSON object."`
}

// Run prints each clause with its evidence; a failed clause makes it fail.
func (n *noticeVerifyCommand) Run(c console) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	o, err := n.options(c)
	if err != nil {
		return err
	}
	clauses, err := verify.Run(ctx, o)
	if err != nil {
		return err
	}
	if n.JSON {
		enc := json.NewEncoder(c.out)
		enc.SetIndent("", "  ")
		if err := enc.Encode(map[string]any{"clauses": clauses}); err != nil {
			return err
		}
	} else {
		printClauses(c, clauses)
	}
	for _, r := range clauses {
		if r.Status == verify.Failed {
			return errs.New(errs.Conflict, "Not everything that the notice promises could be proven.")
		}
	}
	return nil
}

func (n *noticeVerifyCommand) options(c console) (verify.Options, error) {
	o := verify.Options{URL: n.URL, Data: n.Data}
	if !n.JSON {
		o.Log = func(line string) { fmt.Fprintln(c.err, "checking:", line) }
	}
	bin, err := os.Executable()
	if err != nil {
		return o, err
	}
	o.Binary = bin
	if n.URL == "" {
		return o, nil
	}
	if n.Logins == "" {
		return o, errs.Bad("--logins", "is needed with --url: a file with what `nubitalk demo --json` printed")
	}
	raw, err := os.ReadFile(n.Logins)
	if err != nil {
		return o, err
	}
	var d drive.Demo
	if err := json.Unmarshal(raw, &d); err != nil {
		return o, errs.Wrap(errs.Invalid, err, "--logins: %s is not what `nubitalk demo --json` printed", n.Logins)
	}
	o.Demo = d
	return o, nil
}

func printClauses(c console, clauses []verify.Result) {
	count := map[verify.Status]int{}
	signs := map[verify.Status]string{verify.Proven: "proven   ", verify.Failed: "FAILED   ", verify.NotBuilt: "not built"}
	for _, r := range clauses {
		count[r.Status]++
		fmt.Fprintf(c.out, "%-4s %s  %s\n", r.ID, signs[r.Status], r.Title)
		for _, e := range r.Evidence {
			fmt.Fprintf(c.out, "                 %s\n", e)
		}
	}
	fmt.Fprintf(c.out, "\n%d proven, %d failed, %d not built yet.\n", count[verify.Proven], count[verify.Failed], count[verify.NotBuilt])
}
