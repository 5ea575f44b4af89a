package main

import (
	"os"

	"nubitalk/internal/server/command"
)

// commands are all commands; without one, the demonstration runs.
type commands struct {
	Demo  demoCommand   `cmd:"" default:"withargs" help:"Run a demonstration with everything set up."`
	Serve command.Serve `cmd:"" help:"Run one node as nubitalk serve does, for instance over the data of a demonstration."`
}

func main() {
	command.Settle(true)
	os.Exit(run(os.Args[1:], command.Console{Out: os.Stdout, Err: os.Stderr}))
}

func run(args []string, c command.Console) int {
	return command.Run("nubitalk-demo", "Nubitalk's demonstration: the contact center with a small web shop, its users and a week of history, on this machine.", &commands{}, args, c)
}
