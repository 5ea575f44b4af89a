package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nubitalk/deploy"
	"nubitalk/internal/core/setup"
)

func TestTheExampleOfLines(t *testing.T) {
	t.Setenv("LINE_LISBON_PASSWORD", "of the example")
	lines, _, err := parseLines("lines.yaml", deploy.Lines, setup.RuleStrong)
	if err != nil {
		t.Fatal(err)
	}
	l := lines.Find("lisbon")
	if l == nil || l.Password.Reveal() != "of the example" || len(l.Connection.Gateways) != 2 || l.Connection.Gateways[0].Transport != "tls" || l.Connection.Encryption != setup.EncryptionRequired || l.MaxCalls != 120 {
		t.Fatalf("%+v", l)
	}
	if owner, whose := lines.Owner("+351210000042"); owner != l || whose != "acme" {
		t.Errorf("%v, %s", owner, whose)
	}
	if !strings.Contains(string(deploy.Lines), "number_form:") {
		t.Error("the example leaves settings out")
	}
}

func TestMistakesInLinesAreToldWithKeyAndLine(t *testing.T) {
	_, _, err := parseLines("lines.yaml", []byte(`lines:
  - name: Lisbon!
    country: PT
    colour: blue
    encryption: plain
    password: hunter2
    username: shop
    sources: [203.0.113.0/28, everywhere]
    max_calls: many
    gateways:
      - {host: "sip operator", transport: udp}
      - host: sip.operator.example
        prot: 5061
    organisations:
      - name: acme
        numbers: ["+351210000000..+351210000009", "+351210000005", "210 000 099..210 000 098", "x"]
        reserved: 5
      - name: acme
        numbers: ["+351220000000"]
  - name: porto
    country: PT
    registration: {on: true}
    gateways: 5
    organisations:
      - {name: books, numbers: ["220 000 000"]}
more: 1
`), "")
	want := []string{
		"lines.yaml:2: lines[0].confirm_plain: must be true with encryption plain: whoever sees the packets between this service and the operator then hears both voices.",
		"lines.yaml:2: lines[0].name: is \"Lisbon!\"; up to 40 small letters, digits and hyphens are accepted, such as lisbon-1.",
		"lines.yaml:4: lines[0].colour: There is no such setting; known are name, country, number_form, gateways, registration, sources, username, password, allow_md5, ask_password, encryption, confirm_plain, srtp, tells, max_calls, calls_a_second, organisations.",
		"lines.yaml:6: lines[0].password: must say where the password is: @FILE for a file that holds it, or $NAME for a variable of the environment.",
		"lines.yaml:8: lines[0].sources[1]: is \"everywhere\"; an address such as 203.0.113.7 or a network such as 203.0.113.0/28 is accepted.",
		"lines.yaml:9: lines[0].max_calls: must be a whole number.",
		"lines.yaml:11: lines[0].gateways[0].host: is \"sip operator\"; a name such as sip.operator.example or an address is accepted.",
		"lines.yaml:13: lines[0].gateways[1].prot: There is no such setting. Did you mean port?",
		"lines.yaml:16: lines[0].organisations[0].numbers[2]: is no number or range of numbers; write +351210000000, or +351210000000..+351210000099.",
		"lines.yaml:16: lines[0].organisations[0].numbers[3]: is no number or range of numbers; write +351210000000, or +351210000000..+351210000099.",
		"lines.yaml:16: lines[0].organisations[0].numbers[1]: is given already; a number belongs to one organisation.",
		"lines.yaml:17: lines[0].organisations[0].reserved: is too much: more places are reserved than the 0 of max_calls.",
		"lines.yaml:18: lines[0].organisations[1].name: is listed twice.",
		"lines.yaml:20: lines[1].password: is missing; the registration proves itself with it.",
		"lines.yaml:22: lines[1].registration.domain: is missing; name the registrar, such as operator.example.",
		"lines.yaml:22: lines[1].registration.user: is missing; name the account at the registrar, here or as user name.",
		"lines.yaml:23: lines[1].gateways: This must be a list.",
		"lines.yaml:25: lines[1].organisations[0].numbers[0]: is given by another line already; a number belongs to one.",
		"lines.yaml:26: more: There is no such setting; known are lines.",
	}
	if d := cmp.Diff(want, lines(err)); d != "" {
		t.Error(d)
	}
	if strings.Contains(err.Error(), "hunter2") {
		t.Error("a mistake tells the password")
	}
}

func TestLinesOfASettings(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "lines.yaml")
	if err := os.WriteFile(path, []byte("lines: [{name: x, username: a, password: \"@"+dir+"/none\", country: PT, sources: [192.0.2.1], gateways: [{host: 192.0.2.1}]}]"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := parse(t, "--config", write(t, "sip: {lines: "+path+"}\n"))
	if got := lines(err); len(got) != 1 || !strings.HasPrefix(got[0], "lines.yaml:1: lines[0].password: cannot read the file that holds it") {
		t.Error(got)
	}
	_, err = parse(t, "--config", write(t, "sip: {lines: no/such.yaml}\n"))
	if d := cmp.Diff([]string{"no/such.yaml: The file of lines cannot be read: no such file or directory."}, lines(err)); d != "" {
		t.Error(d)
	}
	if err := os.WriteFile(dir+"/none", []byte("secret of the line\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got, files, err := ReadLines(path, "")
	if err != nil || len(files) != 2 || got[0].Password.Reveal() != "secret of the line" {
		t.Errorf("%v %v", files, err)
	}
}

// Whatever the file holds, it is read or refused, and a refusal says a line.
func FuzzLines(f *testing.F) {
	f.Add([]byte("lines: [{name: a, gateways: [{host: b}]}]"))
	f.Add([]byte("lines:\n  - name: a\n    organisations: [{name: b, numbers: [\"+351210000000..+351210000009\"]}]"))
	f.Add([]byte("lines: {}"))
	f.Add(deploy.Lines)
	f.Fuzz(func(t *testing.T, content []byte) {
		if strings.Contains(string(content), "@") || strings.Contains(string(content), "$") {
			return // no files of this machine
		}
		lines, _, err := parseLines("lines.yaml", content, "")
		if err == nil {
			for i := range lines {
				if err := lines[i].Validate(); err != nil {
					t.Error(err)
				}
			}
		} else if err.Error() == "" {
			t.Error("a mistake without words")
		}
	})
}
