package command

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"nubitalk/internal/base/telemetry"
	"nubitalk/internal/server"
	"nubitalk/internal/server/config"
)

// stopGrace is what a stop may take beyond the time for open requests.
const stopGrace = 15 * time.Second

// Serve is the command that runs one node.
type Serve struct {
	config.Flags
}

// Run serves until it is told to stop.
func (s *Serve) Run(c Console) error {
	if s.File == "" {
		s.explain(c)
	}
	return Node(&s.Config, c, nil, func(n *server.Server) error {
		if path := n.FirstRun(); path != "" {
			fmt.Fprintf(c.Out, "\nThis installation is new. Set it up here:\n\n  %s\n\n", n.URL()+path)
		} else if s.File == "" {
			fmt.Fprintf(c.Out, "\nNubitalk is at %s\n\n", n.URL())
		}
		return nil
	})
}

// explain says what happens without a configuration.
func (s *Serve) explain(c Console) {
	data, err := filepath.Abs(s.Data)
	if err != nil {
		data = s.Data
	}
	fmt.Fprintf(c.Out, `No configuration file is given, so this is a single node on this machine:

  address  %s, for this machine only
  data     %s
           (database, sealed files, and keys/: back that folder up apart)
`, s.Listen, data)
	if s.TLSMode() == "self" {
		fmt.Fprintln(c.Out, "  TLS      with a certificate made here; the browser asks once whether to trust it")
	}
	fmt.Fprint(c.Out, `
To serve others, write a configuration and start with --config FILE;
deploy/nubitalk.example.yaml explains every setting. Ctrl+C stops.
`)
}

// Node runs a node until a signal or a fault ends it. before may be nil; ready
// is called once browsers are served.
func Node(conf *config.Config, c Console, before func(*server.Server), ready func(*server.Server) error) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	node := server.New(conf, logger(conf, c))
	if binary, err := os.Executable(); err == nil {
		node.WithBinary(binary)
	}
	if before != nil {
		before(node)
	}
	if err := node.Start(ctx); err != nil {
		return err
	}
	fault := ready(node)
	if fault == nil {
		select {
		case <-ctx.Done():
		case fault = <-node.Failed():
		}
	}
	stop() // a second Ctrl+C ends the program at once
	ctx, cancel := context.WithTimeout(context.Background(), conf.Drain()+stopGrace)
	defer cancel()
	if err := node.Stop(ctx); err != nil {
		return err
	}
	return fault
}

// logger writes the log to the error output.
func logger(conf *config.Config, c Console) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(conf.Log.Level)); err != nil {
		level = slog.LevelInfo
	}
	if conf.Log.Format == "text" {
		return telemetry.NewTextLogger(c.Err, level)
	}
	return telemetry.NewLogger(c.Err, level)
}
