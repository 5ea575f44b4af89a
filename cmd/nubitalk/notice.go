package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/server/command"
	"nubitalk/internal/server/drive"
	"nubitalk/internal/server/verify"
)

// noticeCommand is about the data privacy notice.
type noticeCommand struct {
	Verify verifyCommand `cmd:"" help:"Check the notice's promises, clause by clause, against a private instance or a running one."`
}

// verifyCommand runs the notice's checks.
type verifyCommand struct {
	URL  string `placeholder:"URL" help:"A running demonstration to check instead of a private instance; needs --demo."`
	Demo string `placeholder:"FILE" type:"existingfile" help:"With --url: what its 'nubitalk-demo --json' printed."`
	Data string `placeholder:"DIR" type:"existingdir" help:"With --url: its data folder, to look for what must not be there."`
	JSON bool   `name:"json" help:"Print one JSON object."`
}

// Run checks and prints each clause with its evidence. A clause that fails makes
// the command fail.
func (v *verifyCommand) Run(c command.Console) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	o := verify.Options{URL: v.URL, Data: v.Data}
	var err error
	if v.URL == "" {
		o.Binary, err = os.Executable()
	} else {
		o.Demo, err = v.running()
	}
	if err != nil {
		return err
	}
	if !v.JSON {
		o.Log = func(line string) { fmt.Fprintln(c.Err, "checking:", line) }
	}
	results, err := verify.Run(ctx, o)
	if err != nil {
		return err
	}
	return v.report(c, results)
}

func (v *verifyCommand) report(c command.Console, results []verify.Result) error {
	counts := map[verify.Status]int{}
	for _, r := range results {
		counts[r.Status]++
	}
	if v.JSON {
		if err := json.NewEncoder(c.Out).Encode(map[string]any{"clauses": results}); err != nil {
			return err
		}
	} else {
		for _, r := range results {
			fmt.Fprintf(c.Out, "%-4s %-9s %s\n", r.ID, r.Status, r.Title)
			for _, e := range r.Evidence {
				fmt.Fprintf(c.Out, "     - %s\n", e)
			}
		}
		fmt.Fprintf(c.Out, "\n%d proven, %d not built, %d failed\n", counts[verify.Proven], counts[verify.NotBuilt], counts[verify.Failed])
	}
	if n := counts[verify.Failed]; n > 0 {
		return errs.New(errs.Conflict, "%d clauses of the notice do not hold.", n)
	}
	return nil
}

// running is what a running demonstration holds, as it said itself.
func (v *verifyCommand) running() (d drive.Demo, err error) {
	if v.Demo == "" {
		return d, errs.New(errs.Invalid, "--url needs --demo, with what nubitalk-demo --json printed when it started.")
	}
	content, err := os.ReadFile(v.Demo)
	if err != nil {
		return d, err
	}
	if err := json.Unmarshal(content, &d); err != nil {
		return d, errs.Wrap(errs.Invalid, err, "The file %s does not hold what nubitalk-demo --json prints.", v.Demo)
	}
	return d, nil
}
