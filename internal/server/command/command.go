package command

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
	ExitFailed = 1
	ExitUsage  = 2
)

// Console is where commands write.
type Console struct {
	Out, Err io.Writer
}

// gcPercent lets garbage be collected somewhat earlier than Go would: a
// connected visitor then takes a tenth less memory, and a message some
// hundredths more processor time (docs/benchmarks.md). GOGC overrides it.
const gcPercent = 80

// Settle makes this process one that serves well; long says that it runs for long.
func Settle(long bool) {
	if long {
		timerslack.Widen()
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
}

// Run runs a program's command line. cli is kong's model of it, whose commands are
// given the console. It gives the exit code.
func Run(name, description string, cli any, args []string, c Console) int {
	exit := -1 // kong's own wish, after --help
	parser, err := kong.New(cli,
		kong.Name(name),
		kong.Description(description),
		kong.DefaultEnvars("NUBITALK"),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 110}),
		kong.Writers(c.Out, c.Err),
		kong.Exit(func(code int) { exit = code }),
		kong.Bind(c),
	)
	if err != nil {
		fmt.Fprintf(c.Err, "%s: %v\n", name, err)
		return ExitFailed
	}
	ctx, err := parser.Parse(args)
	if exit >= 0 {
		return exit
	}
	if err != nil {
		return c.complain(name, err, ExitUsage)
	}
	if err := ctx.Run(); err != nil {
		return c.complain(name, err, ExitFailed)
	}
	return 0
}

// complain tells a person what went wrong and what an operator needs to know.
func (c Console) complain(name string, err error, code int) int {
	var mistakes config.Mistakes
	if errors.As(err, &mistakes) {
		fmt.Fprintln(c.Err, "The configuration needs attention:")
		for line := range strings.SplitSeq(mistakes.Error(), "\n") {
			fmt.Fprintln(c.Err, "  "+line)
		}
		return ExitUsage
	}
	var parse *kong.ParseError
	if errors.As(err, &parse) {
		fmt.Fprintf(c.Err, "%s: %v\n", name, err)
		fmt.Fprintf(c.Err, "`%[1]s --help` and `%[1]s COMMAND --help` say what is accepted.\n", name)
		return ExitUsage
	}
	var known *errs.Error
	if errors.As(err, &known) {
		fmt.Fprintln(c.Err, known.Text)
		if known.Cause != nil {
			fmt.Fprintln(c.Err, "  ("+known.Cause.Error()+")")
		}
		return code
	}
	fmt.Fprintf(c.Err, "%s: %v\n", name, err)
	return code
}
