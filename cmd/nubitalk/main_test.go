package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"nubitalk/internal/base/bill"
	"nubitalk/internal/server/command"
)

// call runs the program as a shell does.
func call(args ...string) (code int, out, err string) {
	var stdout, stderr bytes.Buffer
	code = run(args, command.Console{Out: &stdout, Err: &stderr})
	return code, stdout.String(), stderr.String()
}

func TestCommandsSayWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	bad := filepath.Join(dir, "bad.yaml")
	if err := os.WriteFile(bad, []byte("listen: 127.0.0.1:0\ntls:\n  mod: off\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		code int
		want string // in the error output
	}{
		{[]string{"serve", "--lisen", "x"}, command.ExitUsage, "did you mean \"--listen\""},
		{[]string{"server"}, command.ExitUsage, "unexpected argument server"},
		{[]string{"serve", "--config", bad}, command.ExitUsage, "bad.yaml:3: tls.mod: There is no such setting. Did you mean tls.mode?"},
		{[]string{"serve", "--config", filepath.Join(dir, "none.yaml")}, command.ExitUsage, "cannot be read"},
		{[]string{"serve", "--listen", "0.0.0.0:0"}, command.ExitUsage, "no browser would trust"},
		{[]string{"demo"}, command.ExitUsage, "a program of its own: nubitalk-demo"},
		{[]string{"notice", "verify", "--url", "http://127.0.0.1:1"}, command.ExitFailed, "--url needs --demo"},
		{[]string{"serve", "--keys-old", filepath.Join(dir, "none"), "--data", filepath.Join(dir, "d"), "--listen", "127.0.0.1:0"}, command.ExitFailed, "in keys.old cannot be read"},
		{[]string{"recording", "verify", filepath.Join(dir, "none.zip")}, command.ExitFailed, "no such archive"},
		{[]string{"recording", "verify", bad}, command.ExitFailed, "open it first: age -d"},
		{[]string{"recording", "verify", dir, "--key", "AAAA"}, command.ExitFailed, "32 octets in base64"},
		{[]string{"recording", "verify", dir}, command.ExitFailed, "manifest.json"},
		{[]string{"organisation", "verify", filepath.Join(dir, "none.zip")}, command.ExitFailed, "no such archive"},
		{[]string{"organisation", "verify", dir}, command.ExitFailed, "no whole archive of an organisation"},
		{[]string{"audit", "verify", filepath.Join(dir, "none.ndjson")}, command.ExitFailed, "no such file"},
		{[]string{"audit", "verify", bad}, command.ExitFailed, "Line 1 of the audit log cannot be read"},
		{[]string{"audit", "verify", "--collected", bad}, command.ExitFailed, "no entry of an audit log in this file"},
		{[]string{"audit", "verify", "--collected", filepath.Join(dir, "none")}, command.ExitFailed, "no such file"},
		{[]string{"audit", "verify", dir}, command.ExitFailed, "no audit log in this archive"},
		{[]string{"certificate", "verify", filepath.Join(dir, "none.json")}, command.ExitFailed, "no such file"},
		{[]string{"certificate", "verify", bad}, command.ExitFailed, "no certificate of erasure"},
		{[]string{"certificate", "verify", bad, "--key", "AAAA"}, command.ExitFailed, "32 octets in base64"},
	} {
		code, _, stderr := call(c.args...)
		if code != c.code || !strings.Contains(stderr, c.want) {
			t.Errorf("%v: %d %s", c.args, code, stderr)
		}
	}
}

// What was made a year ago by this program is still checked by it.
func TestACertificateIsVerified(t *testing.T) {
	const key = "A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg="
	file := filepath.Join("testdata", "certificate.json")
	code, out, stderr := call("certificate", "verify", file, "--key", key)
	if code != 0 || !strings.Contains(out, "rows of messages  7") || !strings.Contains(out, "as the operator signed it") {
		t.Errorf("%d %s %s", code, out, stderr)
	}
	if code, out, _ := call("certificate", "verify", file); code != 0 || !strings.Contains(out, key) {
		t.Errorf("without a key: %d %s", code, out)
	}
	if code, _, stderr := call("certificate", "verify", file, "--key", strings.Repeat("A", 43)+"="); code != command.ExitFailed || !strings.Contains(stderr, "another key") {
		t.Errorf("another key: %d %s", code, stderr)
	}
}

func TestHelpNamesAllCommands(t *testing.T) {
	for _, args := range [][]string{{"--help"}, nil} {
		code, out, _ := call(args...)
		for _, want := range []string{"serve", "notice", "recording", "migrate", "version"} {
			if code != 0 || !strings.Contains(out, want) {
				t.Errorf("%v: %d, %s is missing", args, code, want)
			}
		}
	}
}

func TestVersion(t *testing.T) {
	code, out, _ := call("version", "--json")
	var v struct{ Version, Go string }
	if err := json.Unmarshal([]byte(out), &v); code != 0 || err != nil || v.Version == "" || v.Go == "" {
		t.Errorf("%d %v %s", code, err, out)
	}
	var b bill.Bill
	code, out, _ = call("version", "--sbom")
	if err := json.Unmarshal([]byte(out), &b); code != 0 || err != nil || b.Format != "CycloneDX" {
		t.Fatalf("%d %v %s", code, err, out)
	}
	// A test's binary knows no modules (bill.Of is tested with some), but what its pages were built with.
	for _, name := range []string{"std", "svelte", "vite"} {
		if !slices.ContainsFunc(b.Components, func(c bill.Component) bool {
			return c.Name == name && c.Version != "" && (len(c.Hashes)+len(c.Properties) > 0 || name == "std")
		}) {
			t.Errorf("%s is missing", name)
		}
	}
	if code, out, _ = call("version"); code != 0 || !strings.HasPrefix(out, "nubitalk ") {
		t.Errorf("%d %s", code, out)
	}
}

func TestMigrateMakesTheDatabasesAndMayBeRunAgain(t *testing.T) {
	dir := t.TempDir()
	for range 2 {
		if code, _, stderr := call("migrate", "--data", dir); code != 0 {
			t.Fatal(code, stderr)
		}
	}
	for _, name := range []string{"nubitalk.db", filepath.Join("keys", "keys.db")} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
}
