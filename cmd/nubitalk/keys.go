package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"text/tabwriter"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/server"
	"nubitalk/internal/server/command"
	"nubitalk/internal/server/config"
	"nubitalk/internal/vault"
)

// keysCommand is about the organisations' keys of a stopped node.
type keysCommand struct {
	List   keysListCommand   `cmd:"" help:"List the organisations' keys: versions and counts, never a key."`
	Rotate keysRotateCommand `cmd:"" help:"Give organisations new keys and wrap contacts' keys anew. May be broken off and run again."`
}

type keysListCommand struct {
	config.Flags
}

// Run lists. Behind counts what a rotation that was broken off has not reached.
func (k *keysListCommand) Run(c command.Console) error {
	return withKeys(&k.Config, func(ctx context.Context, keys *server.Keys) error {
		all, err := keys.Organisations(ctx)
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(c.Out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "organisation\tdata\twrap\tevents\tcontacts\tbehind\told root")
		for _, t := range all {
			d, err := keys.Describe(ctx, t)
			if err != nil {
				return err
			}
			fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d\t%d\n", t, d.Versions[vault.PurposeData], d.Versions[vault.PurposeWrap], d.Versions[vault.PurposeEvents], d.Contacts, d.Behind, d.Old)
		}
		return w.Flush()
	})
}

type keysRotateCommand struct {
	config.Flags
	Organisation string `placeholder:"ID" help:"Only this organisation's keys (ten_…); else all."`
	Finish       bool   `help:"Make no new keys: only finish what an earlier run left."`
}

// Run moves tenants' keys to the root key in force, then rotates. Each step is
// durable by itself, so a run that was broken off is finished by another.
func (k *keysRotateCommand) Run(c command.Console) error {
	return withKeys(&k.Config, func(ctx context.Context, keys *server.Keys) error {
		all, err := keys.Organisations(ctx)
		if err != nil {
			return err
		}
		if k.Organisation != "" {
			found := false
			for _, t := range all {
				found = found || string(t) == k.Organisation
			}
			if !found {
				return errs.New(errs.NotFound, "There are no keys of %s. `nubitalk keys list` shows whose there are.", k.Organisation)
			}
			all = []id.Tenant{id.Tenant(k.Organisation)}
		}
		n, err := keys.RewrapRoot(ctx)
		if err != nil {
			return err
		}
		if n > 0 {
			fmt.Fprintf(c.Out, "%d keys are wrapped by the root key in force; keys.old is not needed any more.\n", n)
		}
		for _, t := range all {
			if k.Finish {
				n, err := keys.RewrapContacts(ctx, t)
				if err != nil {
					return err
				}
				fmt.Fprintf(c.Out, "%s: %d contacts' keys were left and are wrapped anew.\n", t, n)
				continue
			}
			if err := keys.RotateTenant(ctx, t); err != nil {
				return err
			}
			fmt.Fprintf(c.Out, "%s: has new keys.\n", t)
		}
		return nil
	})
}

func withKeys(conf *config.Config, fn func(context.Context, *server.Keys) error) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	keys, err := server.OpenKeys(ctx, conf)
	if err != nil {
		return err
	}
	return errors.Join(fn(ctx, keys), keys.Close())
}
