package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"

	"github.com/alecthomas/kong"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/timerslack"
	"nubitalk/internal/server/config"
)

// Exit codes: 0 done, 1 it failed, 2 it was asked wrongly.
const (
	exitFailed = 1
	exitUsage  = 2
)

// commands are all commands.
type commands struct {
	Serve     serveCommand     `cmd:"" help:"Run one node. Without a configuration: a safe installation on this machine, in ./nubitalk-data."`
	Demo      demoCommand      `cmd:"" help:"Run a demonstration with everything set up."`
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

// console is where commands write.
type console struct {
	out, err io.Writer
}

// gcPercent lets garbage be collected somewhat earlier than Go would: a
// connected visitor then takes a tenth less memory, and a message some
// hundredths more processor time (docs/benchmarks.md). GOGC overrides it.
const gcPercent = 80

func main() {
	if len(os.Args) > 1 && (os.Args[1] == "serve" || os.Args[1] == "demo") { // they run for long
		timerslack.Widen()
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	os.Exit(run(os.Args[1:], console{os.Stdout, os.Stderr}))
}

func run(args []string, c console) int {
	exit := -1 // kong's own wish, after --help
	var cli commands
	parser, err := kong.New(&cli,
		kong.Name("nubitalk"),
		kong.Description("Nubitalk is a contact center in one program. Its founding document is a privacy notice."),
		kong.DefaultEnvars("NUBITALK"),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 110}),
		kong.Writers(c.out, c.err),
		kong.Exit(func(code int) { exit = code }),
		kong.Bind(c),
	)
	if err != nil {
		fmt.Fprintln(c.err, "nubitalk:", err)
		return exitFailed
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	ctx, err := parser.Parse(args)
	if exit >= 0 {
		return exit
	}
	if err != nil {
		return c.complain(err, exitUsage)
	}
	if err := ctx.Run(); err != nil {
		return c.complain(err, exitFailed)
	}
	return 0
}

// complain tells a person what went wrong and what an operator needs to know.
func (c console) complain(err error, code int) int {
	var mistakes config.Mistakes
	if errors.As(err, &mistakes) {
		fmt.Fprintln(c.err, "The configuration needs attention:")
		for line := range strings.SplitSeq(mistakes.Error(), "\n") {
			fmt.Fprintln(c.err, "  "+line)
		}
		return exitUsage
	}
	var parse *kong.ParseError
	if errors.As(err, &parse) {
		fmt.Fprintln(c.err, "nubitalk:", err)
		fmt.Fprintln(c.err, "`nubitalk --help` and `nubitalk COMMAND --help` say what is accepted.")
		return exitUsage
	}
	var known *errs.Error
	if errors.As(err, &known) {
		fmt.Fprintln(c.err, known.Text)
		if known.Cause != nil {
			fmt.Fprintln(c.err, "  ("+known.Cause.Error()+")")
		}
		return code
	}
	fmt.Fprintln(c.err, "nubitalk:", err)
	return code
}
