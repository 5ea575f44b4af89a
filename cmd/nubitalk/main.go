package main

import (
	"fmt"
	"os"

	"nubitalk/internal/server/command"
)

// commands are all commands.
type commands struct {
	Serve     command.Serve    `cmd:"" help:"Run one node. Without a configuration: a safe installation on this machine, in ./nubitalk-data."`
	Notice    noticeCommand    `cmd:"" help:"The data privacy notice: check its promises against the product."`
	Keys      keysCommand      `cmd:"" help:"The organisations' keys: list them, give new ones."`
	Files     filesCommand     `cmd:"" help:"Where sealed files are kept: check it, copy files to another place."`
	Recording recordingCommand `cmd:"" help:"Recordings that were exported: check them."`

	Organisation organisationCommand `cmd:"" help:"What an organisation exported: check it."`

	Audit auditCommand `cmd:"" help:"Audit logs that were exported: check them."`

	Certificate certificateCommand `cmd:"" help:"Certificates of erasure: check them."`
	Migrate     migrateCommand     `cmd:"" help:"Bring the databases to this program's version, and stop."`
	Version     versionCommand     `cmd:"" help:"Say which program this is."`
}

func main() {
	command.Settle(len(os.Args) > 1 && os.Args[1] == "serve")
	os.Exit(run(os.Args[1:], command.Console{Out: os.Stdout, Err: os.Stderr}))
}

func run(args []string, c command.Console) int {
	switch {
	case len(args) == 0:
		args = []string{"--help"}
	case args[0] == "demo":
		fmt.Fprintln(c.Err, "The demonstration is a program of its own: nubitalk-demo.")
		return command.ExitUsage
	}
	return command.Run("nubitalk", "Nubitalk is a contact center in one program. Its founding document is a privacy notice.", &commands{}, args, c)
}
