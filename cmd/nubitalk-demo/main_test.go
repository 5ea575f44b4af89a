package main

import (
	"bytes"
	"strings"
	"testing"

	"nubitalk/internal/server/command"
)

func TestADemonstrationIsForThisMachine(t *testing.T) {
	for _, c := range []struct {
		args []string
		code int
		want string // in either output
	}{
		{[]string{"--listen", "0.0.0.0:0", "--data", t.TempDir()}, command.ExitUsage, "off is for loopback only"},
		{[]string{"--lisen", "x"}, command.ExitUsage, "unknown flag --lisen"},
		{[]string{"--help"}, 0, "serve"},
		{[]string{"demo", "--help"}, 0, "--user-names-alone"},
	} {
		var out, err bytes.Buffer
		code := run(c.args, command.Console{Out: &out, Err: &err})
		if code != c.code || !strings.Contains(out.String()+err.String(), c.want) {
			t.Errorf("%v: %d %s %s", c.args, code, &out, &err)
		}
	}
}
