package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/alecthomas/kong"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/blob"
	"nubitalk/internal/server"
	"nubitalk/internal/server/command"
	"nubitalk/internal/server/config"
)

// filesCommand is about where sealed files are kept.
type filesCommand struct {
	Check filesCheckCommand `cmd:"" help:"Write, read, list and delete a file where the configuration keeps files, and say how long that took."`
	Copy  filesCopyCommand  `cmd:"" help:"Copy all files from where another configuration keeps them. May be broken off and run again."`
}

type filesCheckCommand struct {
	config.Flags
}

// Run checks, also beside a running node.
func (f *filesCheckCommand) Run(c command.Console) error {
	return withFiles(&f.Config, func(ctx context.Context, files *blob.Store) error {
		steps, concerns, err := files.Check(ctx, id.NewSource(time.Now, nil))
		w := tabwriter.NewWriter(c.Out, 0, 0, 2, ' ', 0)
		for _, s := range steps {
			fmt.Fprintf(w, "%s\tyes\t%s\n", s.Name, s.Took.Round(100*time.Microsecond))
		}
		for _, line := range concerns {
			fmt.Fprintln(w, line)
		}
		return errors.Join(err, w.Flush())
	})
}

type filesCopyCommand struct {
	config.Flags
	From   string `required:"" placeholder:"FILE" env:"-" help:"Configuration file of where the files are now."`
	Remove bool   `env:"-" help:"Take each file away from there, once it has been read in both places and is the same."`
}

// Run copies. While the node runs with the other configuration, what comes
// meanwhile is copied by another run after it has stopped.
func (f *filesCopyCommand) Run(c command.Console) error {
	before, err := readConfig(f.From)
	if err != nil {
		return err
	}
	return withFiles(before, func(ctx context.Context, from *blob.Store) error {
		return withFiles(&f.Config, func(_ context.Context, to *blob.Store) error {
			done, err := blob.Copy(ctx, from, to, f.Remove)
			fmt.Fprintf(c.Out, "%d files (%d bytes) were copied, %d were there already, %d were taken away from the old place.\n", done.Files, done.Bytes, done.There, done.Removed)
			if err == nil && done.Different > 0 {
				err = errs.New(errs.Conflict, "%d files are others in the new place; they stay in both.", done.Different)
			}
			return err
		})
	})
}

// readConfig reads a file of settings alone: neither flags nor the environment,
// which are of the other configuration.
func readConfig(path string) (*config.Config, error) {
	var cli struct{ config.Flags }
	parser, err := kong.New(&cli, kong.Exit(func(int) {}))
	if err != nil {
		return nil, err
	}
	if _, err := parser.Parse([]string{"--config", path}); err != nil {
		return nil, err
	}
	return &cli.Config, nil
}

func withFiles(conf *config.Config, fn func(context.Context, *blob.Store) error) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	files, err := server.OpenFiles(conf)
	if err != nil {
		return err
	}
	return errors.Join(fn(ctx, files), files.Close())
}
