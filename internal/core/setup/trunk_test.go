package setup

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/core/dialplan"
)

// lines is a trunk with all that one can have.
func lines(change func(*Trunk)) Trunk {
	t := Trunk{
		Name: "Lines", Enabled: true, Country: "pt", NumberForm: dialplan.National,
		Gateways:     []TrunkGateway{{Host: "SIP1.operator.example."}, {Host: "[2001:db8::5]", Port: 5061, Transport: "tls", Priority: 1, Weight: 10}},
		Registration: TrunkRegistration{On: true, Domain: "Operator.example", ExpirySeconds: 600},
		Sources:      []string{"203.0.113.9/28", " 2001:db8::5 ", "203.0.113.0/28"},
		Username:     "shop", SRTP: []string{"AEAD_AES_128_GCM", "AES_CM_128_HMAC_SHA1_80"}, MaxCalls: 30, CallsASecond: 5,
		Numbers:  []TrunkNumber{{"210 000 001", "ent_tel", ""}, {"00351210000002", "", ""}},
		Caller:   TrunkCaller{Number: "+351 210 000 001", Queues: []QueueNumber{{"que_1", "210000002"}}},
		Outgoing: TrunkOutgoing{Allowed: true, Prefixes: []string{"00351", "+34 91", "+351"}, Forbidden: []string{"+351 707"}, Hours: "hou_1", MaxCalls: 10, MaxMinutes: 600, Limits: []TrunkLimit{{"+34", 60}}},
	}
	if change != nil {
		change(&t)
	}
	return Clean(t)
}

func TestATrunkIsStoredInOneForm(t *testing.T) {
	got := lines(nil)
	if err := got.Validate(shop); err != nil {
		t.Fatal(err)
	}
	want := []any{"PT", []string{"203.0.113.0/28", "2001:db8::5"}, []TrunkNumber{{"+351210000001", "ent_tel", ""}, {"+351210000002", "", ""}}, "+351210000001",
		[]QueueNumber{{"que_1", "+351210000002"}}, []string{"+351", "+3491"}, []string{"+351707"}, "sip1.operator.example", "2001:db8::5", "tls", "operator.example", EncryptionRequired, dialplan.ByQueue, dialplan.InFrom}
	is := []any{got.Country, got.Sources, got.Numbers, got.Caller.Number, got.Caller.Queues, got.Outgoing.Prefixes, got.Outgoing.Forbidden,
		got.Gateways[0].Host, got.Gateways[1].Host, got.Gateways[0].Transport, got.Registration.Domain, got.Encryption, got.Caller.Rule, got.Caller.Tells}
	if diff := cmp.Diff(want, is); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(got, Clean(got)); diff != "" {
		t.Error("not the same when cleaned again:", diff)
	}
	raw, _ := json.Marshal(got)
	if again, err := Decode(KindTrunk, raw); err != nil || cmp.Diff(Object(got), again) != "" {
		t.Error(err, cmp.Diff(Object(got), again))
	}
}

func TestFaultsOfTrunks(t *testing.T) {
	for _, c := range []struct {
		change   func(*Trunk)
		at, says string
	}{
		{func(t *Trunk) { t.Name = "" }, "name", "missing"},
		{func(t *Trunk) { t.Country = "Portugal" }, "country", "two letters"},
		{func(t *Trunk) { t.NumberForm = "roman" }, "number_form", "double_zero"},
		{func(t *Trunk) { t.Gateways = nil }, "gateways", "at least one"},
		{func(t *Trunk) { t.Gateways[0].Host = "sip operator" }, "gateways[0].host", "an address"},
		{func(t *Trunk) { t.Gateways[0].Host = "operator.example/x" }, "gateways[0].host", "an address"},
		{func(t *Trunk) { t.Gateways[0].Host = "" }, "gateways[0].host", "an address"},
		{func(t *Trunk) { t.Gateways[0].Port = 70000 }, "gateways[0].port", "65535"},
		{func(t *Trunk) { t.Gateways[0].Transport = "sctp" }, "gateways[0].transport", "tls, tcp, udp"},
		{func(t *Trunk) { t.Gateways[1].Priority = -1 }, "gateways[1].priority", "0 to 100"},
		{func(t *Trunk) { t.Sources = []string{"0.0.0.0/0"} }, "sources[0]", "too many"},
		{func(t *Trunk) { t.Sources = []string{"2001::/16"} }, "sources[0]", "too many"},
		{func(t *Trunk) { t.Sources = []string{"operator.example"} }, "sources[0]", "203.0.113.7"},
		{func(t *Trunk) { t.Sources = []string{"fe80::1%eth0"} }, "sources[0]", "203.0.113.7"},
		{func(t *Trunk) { t.Sources, t.Registration.On = nil, false }, "sources", "nobody's calls"},
		{func(t *Trunk) { t.Registration.Domain = "" }, "registration.domain", "missing"},
		{func(t *Trunk) { t.Registration.Domain = "sip:operator.example" }, "registration.domain", "an address"},
		{func(t *Trunk) { t.Username = "" }, "registration.user", "missing"},
		{func(t *Trunk) { t.Username = "shop@operator" }, "registration.user", "cannot stand"},
		{func(t *Trunk) { t.Username = `shop"` }, "username", "quotation"},
		{func(t *Trunk) { t.Registration.User = "a b" }, "registration.user", "user part"},
		{func(t *Trunk) { t.Registration.ExpirySeconds = 90000 }, "registration.expiry_seconds", "86400"},
		{func(t *Trunk) { t.Encryption = "some" }, "encryption", "required, plain"},
		{func(t *Trunk) { t.SRTP = []string{"F8_128_HMAC_SHA1_80"} }, "srtp[0]", "AEAD_AES_256_GCM"},
		{func(t *Trunk) { t.Numbers[0].Number = "112" }, "numbers[0].number", "no telephone number"},
		{func(t *Trunk) { t.Numbers[1].Number = "+351210000001" }, "numbers[1].number", "twice"},
		{func(t *Trunk) { t.Numbers[0].EntryPoint = "ent_chat" }, "numbers[0].entry_point", "for chat"},
		{func(t *Trunk) { t.Numbers[0].EntryPoint = "ent_books" }, "numbers[0].entry_point", "does not exist"},
		{func(t *Trunk) { t.Caller.Number = "+351210000009" }, "caller.number", "not one of"},
		{func(t *Trunk) { t.Caller.Queues[0].Number = "" }, "caller.queues[0].number", "not one of"},
		{func(t *Trunk) { t.Caller.Queues[0].Queue = "que_2" }, "caller.queues[0].queue", "does not exist"},
		{func(t *Trunk) { t.Caller.Queues = append(t.Caller.Queues, t.Caller.Queues[0]) }, "caller.queues[1].queue", "twice"},
		{func(t *Trunk) { t.Caller.Rule = "any" }, "caller.rule", "chosen, queue, fixed"},
		{func(t *Trunk) { t.Caller.Tells = "via" }, "caller.tells", "asserted"},
		{func(t *Trunk) { t.Caller.Tells, t.Username, t.Registration = "asserted", "", TrunkRegistration{} }, "caller.tells", "account"},
		{func(t *Trunk) { t.Numbers, t.Caller = nil, TrunkCaller{} }, "numbers", "shows one"},
		{func(t *Trunk) { t.Outgoing.Prefixes = []string{"351"} }, "outgoing.prefixes[0]", "+351"},
		{func(t *Trunk) { t.Outgoing.Forbidden = []string{"+"} }, "outgoing.forbidden[0]", "+351"},
		{func(t *Trunk) { t.Outgoing.Prefixes = []string{"+351707"} }, "outgoing.prefixes[0]", "never comes"},
		{func(t *Trunk) { t.Outgoing.Hours = "hou_2" }, "outgoing.hours", "opening hours"},
		{func(t *Trunk) { t.Outgoing.MaxCalls = -1 }, "outgoing.max_calls", "0 to"},
		{func(t *Trunk) { t.Outgoing.Limits[0].Minutes = 0 }, "outgoing.limits[0].minutes", "1 to"},
		{func(t *Trunk) { t.Outgoing.Limits = append(t.Outgoing.Limits, t.Outgoing.Limits[0]) }, "outgoing.limits[1].prefix", "twice"},
	} {
		err := lines(c.change).Validate(shop)
		if !slices.ContainsFunc(errs.As(orNil(err)).Fields, func(f errs.Field) bool { return f.Path == c.at && strings.Contains(f.Problem, c.says) }) {
			t.Errorf("want %s: …%s…, got %v", c.at, c.says, err)
		}
	}
}

func TestATrunkInThePlan(t *testing.T) {
	hours := map[string]Hours{"hou_1": DefaultHours("Office", "Europe/Lisbon")}
	p := lines(nil).Plan("trk_1", "ten_1", hours)
	if p.ID != "trk_1" || p.Owner != "ten_1" || !p.Registers || len(p.Sources) != 2 || p.Sources[1].Bits() != 128 || p.Caller.Account != "shop" ||
		p.Caller.Queues["que_1"] != "+351210000002" || p.Numbers[0] != (dialplan.Number{E164: "+351210000001", Tenant: "ten_1", EntryPoint: "ent_tel"}) || p.Out.Limits[0] != (dialplan.Limit{Prefix: "+34", Minutes: 60}) {
		t.Errorf("%+v", p)
	}
	at := time.Date(2026, 11, 30, 10, 0, 0, 0, time.UTC)
	if !p.Out.Open(at) || p.Out.Open(at.Add(12*time.Hour)) {
		t.Error("the hours do not count")
	}
	if p := lines(nil).Plan("trk_1", "ten_1", nil); p.Out.Open(at) {
		t.Error("hours that are gone let calls out")
	}
	if p := lines(func(t *Trunk) { t.Outgoing.Hours = "" }).Plan("trk_1", "ten_1", nil); p.Out.Open != nil {
		t.Error("no hours are hours")
	}
}
