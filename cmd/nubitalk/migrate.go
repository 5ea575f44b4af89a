package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"nubitalk/internal/server"
	"nubitalk/internal/server/command"
	"nubitalk/internal/server/config"
)

// migrateCommand brings the databases to this program's version.
type migrateCommand struct {
	config.Flags
}

// Run migrates. It may be run while nodes of the version before serve.
func (m *migrateCommand) Run(c command.Console) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := server.Migrate(ctx, &m.Config); err != nil {
		return err
	}
	fmt.Fprintln(c.Out, "The databases are at this program's version.")
	return nil
}
