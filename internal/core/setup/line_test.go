package setup

import (
	"strings"
	"testing"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/dialplan"
)

func lisbon() Line {
	return Line{Name: "lisbon", MaxCalls: 10, Password: secret.New("a password"), Connection: Clean(Trunk{Country: "PT", Username: "us", NumberForm: dialplan.National, Sources: []string{"203.0.113.0/28"},
		Gateways: []TrunkGateway{{Host: "sip.operator.example"}}, SRTP: []string{"AEAD_AES_256_GCM"}, Caller: TrunkCaller{Tells: dialplan.InBoth}}),
		Shares: []LineShare{{Organisation: "acme", Numbers: []NumberRange{{"+351210000000", "+351210000009"}}}, {Organisation: "books", Numbers: []NumberRange{{"+351220000000", "+351220000000"}}}}}
}

func TestRangesOfNumbers(t *testing.T) {
	r := NumberRange{"+351210000000", "+351210000009"}
	for number, want := range map[string]bool{"+351210000000": true, "+351210000009": true, "+351210000010": false, "+35121000000": false, "+3512100000000": false, "+351209999999": false} {
		if r.Has(number) != want {
			t.Errorf("%s: %v", number, !want)
		}
	}
	for o, want := range map[NumberRange]bool{{"+351210000009", "+351210000020"}: true, {"+351209999990", "+351210000000"}: true, {"+351210000003", "+351210000004"}: true, {"+351210000010", "+351210000020"}: false, {"+35121000000", "+35121000009"}: false} {
		if r.meets(o) != want || o.meets(r) != want {
			t.Errorf("%v: %v", o, !want)
		}
	}
}

// A trunk over a line works with the line's connection, its own rules, and no
// number that is not its own.
func TestATrunkOverALine(t *testing.T) {
	lines := Lines{lisbon()}
	mine := Clean(Trunk{Name: "Ours", Enabled: true, Line: "lisbon", Country: "PT", Numbers: []TrunkNumber{{Number: "210 000 001"}, {Number: "220 000 000"}, {Number: "230 000 000"}}, MaxCalls: 3, Outgoing: TrunkOutgoing{Allowed: true, Premium: true}})
	got, ok := lines.Carried(mine, "acme")
	if !ok || len(got.Numbers) != 1 || got.Numbers[0].Number != "+351210000001" || got.NumberForm != dialplan.National || len(got.Gateways) != 1 || got.Username != "us" || got.MaxCalls != 3 || !got.Outgoing.Premium || got.Caller.Tells != dialplan.InBoth || len(got.SRTP) != 1 {
		t.Errorf("%+v", got)
	}
	if len(mine.Numbers) != 3 {
		t.Error("the stored trunk was changed")
	}
	if p := got.Plan("trk_1", "ten_a", nil); p.Door != "line-lisbon" || len(p.Sources) != 1 {
		t.Errorf("%+v", p)
	}
	for what, org := range map[string]string{"nobody": "nobody", "": ""} {
		if got, ok := lines.Carried(mine, org); ok || len(got.Numbers) > 0 {
			t.Errorf("%q has the line: %+v", what, got)
		}
	}
	if _, ok := (Lines{}).Carried(mine, "acme"); ok {
		t.Error("a line that is gone carries")
	}
	own := mine
	own.Line = ""
	if got, ok := lines.Carried(own, "acme"); !ok || len(got.Numbers) != 1 || got.Numbers[0].Number != "+351230000000" {
		t.Errorf("numbers of a line work on a trunk of a tenant's own: %+v", got.Numbers)
	}

	// Plain only where both allow it.
	lines[0].Connection.Encryption = EncryptionPlain
	if got, _ := lines.Carried(mine, "acme"); got.Plain() {
		t.Error("a trunk that requires encryption is plain")
	}
	mine.Encryption = EncryptionPlain
	if got, _ := lines.Carried(mine, "acme"); !got.Plain() {
		t.Error("plain is not plain")
	}
	lines[0].Connection.Encryption = EncryptionRequired
	if got, _ := lines.Carried(mine, "acme"); got.Plain() {
		t.Error("a line that requires encryption is plain")
	}
	err := mine.CheckLine(lines, "acme")
	want := []string{"encryption", "numbers[1].number", "numbers[2].number"}
	var paths []string
	for _, f := range errs.As(err).Fields {
		paths = append(paths, f.Path)
	}
	if strings.Join(paths, " ") != strings.Join(want, " ") {
		t.Errorf("%v", err)
	}
	if strings.Contains(err.Error(), "books") {
		t.Errorf("another's name is told: %v", err)
	}
}

func TestLinesAreChecked(t *testing.T) {
	l := lisbon()
	if err := l.Validate(); err != nil {
		t.Fatal(err)
	}
	for path, change := range map[string]func(*Line){
		"name":                        func(l *Line) { l.Name = "Lisbon" },
		"country":                     func(l *Line) { l.Connection.Country = "Portugal" },
		"gateways":                    func(l *Line) { l.Connection.Gateways = nil },
		"sources":                     func(l *Line) { l.Connection.Sources = nil },
		"password":                    func(l *Line) { l.Password, l.Connection.AskPassword = secret.Text{}, true },
		"max_calls":                   func(l *Line) { l.MaxCalls = -1 },
		"calls_a_second":              func(l *Line) { l.CallsASecond = 1001 },
		"organisations[1].name":       func(l *Line) { l.Shares[1].Organisation = "acme" },
		"organisations[1].reserved":   func(l *Line) { l.Shares[0].Reserved, l.Shares[1].Reserved = 6, 5 },
		"organisations[1].numbers":    func(l *Line) { l.Shares[1].Numbers = nil },
		"organisations[1].numbers[0]": func(l *Line) { l.Shares[1].Numbers[0] = NumberRange{"+351210000009", "+351210000010"} },
		"organisations[0].numbers[0]": func(l *Line) { l.Shares[0].Numbers[0].Last = "+351210000" },
		"registration.domain":         func(l *Line) { l.Connection.Registration.On = true },
	} {
		l := lisbon()
		change(&l)
		if f := errs.As(l.Validate()).Fields; len(f) != 1 || f[0].Path != path {
			t.Errorf("%s: %v", path, l.Validate())
		}
	}
	other := lisbon()
	if at := other.Clash(&l); at != "organisations[0].numbers[0]" {
		t.Errorf("two lines give the same numbers: %q", at)
	}
}
