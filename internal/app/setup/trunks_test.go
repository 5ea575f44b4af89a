package setup

import (
	"context"
	"encoding/json"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/dialplan"
	core "nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

// lock is a vault whose sealed values begin with their place.
type lock struct{}

func (lock) SealTenant(_ context.Context, t id.Tenant, where string, plain []byte) (secret.Sealed, error) {
	b := []byte(string(t) + "|" + where + "|" + string(plain))
	for i := range b {
		b[i] ^= 0x55
	}
	return b, nil
}

func (lock) OpenTenant(_ context.Context, t id.Tenant, where string, sealed secret.Sealed) (secret.Bytes, error) {
	b := slices.Clone(sealed)
	for i := range b {
		b[i] ^= 0x55
	}
	plain, ok := strings.CutPrefix(string(b), string(t)+"|"+where+"|")
	if !ok {
		return secret.Bytes{}, errs.New(errs.Internal, "sealed for another place")
	}
	return secret.NewBytes([]byte(plain)), nil
}

const word = "correct horse"

// telephone makes an entry point for calls.
func telephone(t *testing.T, h *house, ten id.Tenant) string {
	t.Helper()
	e := core.DefaultEntryPoint("Telephone", h.fresh[ten].Flow, h.fresh[ten].ConsentText)
	e.Channel = acd.Voice
	made, err := Create(t.Context(), h.Service, admin(ten), e)
	if err != nil {
		t.Fatal(err)
	}
	return made.ID
}

// line is a trunk that registers and has one number.
func line(name, number, entry string) core.Trunk {
	return core.Clean(core.Trunk{Name: name, Enabled: true, Country: "PT", Gateways: []core.TrunkGateway{{Host: "sip.operator.example"}},
		Registration: core.TrunkRegistration{On: true, Domain: "operator.example"}, Username: "shop", Sources: []string{"203.0.113.0/28"},
		Numbers: []core.TrunkNumber{{Number: number, EntryPoint: entry}}, Outgoing: core.TrunkOutgoing{Allowed: true}})
}

func withWord() Extra {
	return Extra{Secrets: map[string]secret.Text{core.Password: secret.New(word)}}
}

func TestATrunksPassword(t *testing.T) {
	h, ctx, a := newHouse(t), t.Context(), admin(shop)
	body := encode(line("Lines", "210000001", ""))
	_, err := h.Create(ctx, a, core.KindTrunk, body)
	wantCode(t, err, errs.Invalid, "password: is missing")
	o, err := h.CreateWith(ctx, a, core.KindTrunk, body, withWord())
	if err != nil || !slices.Equal(o.Secrets, []string{"password"}) {
		t.Fatal(err, o.Secrets)
	}
	opened := func() string {
		t.Helper()
		v, err := h.Secret(ctx, shop, core.KindTrunk, o.ID, core.Password)
		if err != nil {
			t.Fatal(err)
		}
		return v.Reveal()
	}
	if opened() != word {
		t.Error("the password is another one")
	}
	if v, err := h.Secret(ctx, books, core.KindTrunk, o.ID, core.Password); err != nil || !v.Empty() {
		t.Error("another tenant has it", err)
	}

	// A change without it keeps it, and is none if nothing else changed.
	h.audit = nil
	same, err := h.Put(ctx, a, core.KindTrunk, o.ID, o.Version, o.Body)
	if err != nil || same.Version != o.Version || len(same.Secrets) != 1 || opened() != word || len(h.audit) > 0 {
		t.Errorf("%v %+v %v", err, same, h.audit)
	}
	next, err := h.PutWith(ctx, a, core.KindTrunk, o.ID, o.Version, o.Body, Extra{Secrets: map[string]secret.Text{core.Password: secret.New("another")}})
	if err != nil || next.Version != o.Version+1 || opened() != "another" || !slices.Equal(h.audit, []string{"ten_shop usr_boss setup.changed trunk trk password"}) {
		t.Errorf("%v %+v %v", err, next, h.audit)
	}
	_, err = h.PutWith(ctx, a, core.KindTrunk, o.ID, next.Version, o.Body, Extra{Remove: []string{core.Password}})
	wantCode(t, err, errs.Invalid, "password: is missing") // the registration needs it
	if opened() != "another" {
		t.Error("a refused change removed it")
	}
	quiet := line("Lines", "210000001", "")
	quiet.Registration, quiet.Username = core.TrunkRegistration{}, ""
	_, err = h.Put(ctx, a, core.KindTrunk, o.ID, next.Version, encode(quiet))
	wantCode(t, err, errs.Invalid, "username: is missing")
	gone, err := h.PutWith(ctx, a, core.KindTrunk, o.ID, next.Version, encode(quiet), Extra{Remove: []string{core.Password}})
	if err != nil || len(gone.Secrets) != 0 || opened() != "" {
		t.Errorf("%v %+v", err, gone)
	}
	for path, x := range map[string]Extra{
		"pin: is not known":         {Secrets: map[string]secret.Text{"pin": secret.New("1")}},
		"password: is too long":     {Secrets: map[string]secret.Text{core.Password: secret.New(strings.Repeat("x", 2000))}},
		"password: is given and re": {Secrets: map[string]secret.Text{core.Password: secret.New("1")}, Remove: []string{core.Password}},
	} {
		_, err = h.PutWith(ctx, a, core.KindTrunk, o.ID, gone.Version, encode(quiet), x)
		wantCode(t, err, errs.Invalid, path)
	}
	_, err = h.CreateWith(ctx, a, core.KindQueue, encode(core.DefaultQueue("Q")), withWord())
	wantCode(t, err, errs.Invalid, "password: is not known")
}

// The password is nowhere but sealed in its own place: not in what is answered,
// stored as a body, noted or taken along when rows are copied.
func TestThePasswordIsSealed(t *testing.T) {
	h, ctx, a := newHouse(t), t.Context(), admin(shop)
	o, err := h.CreateWith(ctx, a, core.KindTrunk, encode(line("Lines", "210000001", "")), withWord())
	if err != nil {
		t.Fatal(err)
	}
	list, err := h.List(ctx, a, core.KindTrunk, true)
	if err != nil {
		t.Fatal(err)
	}
	said, _ := json.Marshal([]any{o, list, h.audit, h.changes})
	if strings.Contains(string(said), word) || !strings.Contains(string(said), `["password"]`) {
		t.Errorf("%s", said)
	}
	err = h.DB.Write(ctx, shop, func(tx *store.Tx) error {
		row, err := tx.SetupSecret("trunks", o.ID, "password")
		if err != nil || strings.Contains(string(row.Sealed), word) {
			t.Errorf("%v %q", err, row.Sealed)
		}
		row.ID = "trk_other" // whoever can write the database moves it to another trunk
		return tx.PutSetupSecret(row)
	})
	if err != nil {
		t.Fatal(err)
	}
	if v, err := h.Secret(ctx, shop, core.KindTrunk, "trk_other", core.Password); err == nil || !v.Empty() {
		t.Error("a moved secret opens")
	}
}

func TestPlainVoicesAreConfirmed(t *testing.T) {
	h, ctx, a := newHouse(t), t.Context(), admin(shop)
	plain := line("Lines", "210000001", "")
	plain.Encryption = core.EncryptionPlain
	_, err := h.CreateWith(ctx, a, core.KindTrunk, encode(plain), withWord())
	wantCode(t, err, errs.Invalid, "confirm_plain: is missing")
	x := withWord()
	x.Plain = true
	h.audit = nil
	o, err := h.CreateWith(ctx, a, core.KindTrunk, encode(plain), x)
	if err != nil || !slices.Equal(h.audit, []string{"ten_shop usr_boss setup.created trunk trk", "ten_shop usr_boss trunk.plain_allowed trunk trk"}) {
		t.Fatal(err, h.audit)
	}
	plain.Name = "Old lines"
	h.audit = nil
	o, err = h.Put(ctx, a, core.KindTrunk, o.ID, o.Version, encode(plain)) // it was confirmed before
	if err != nil || !slices.Equal(h.audit, []string{"ten_shop usr_boss setup.changed trunk trk name"}) {
		t.Fatal(err, h.audit)
	}
	safe := plain
	safe.Encryption = core.EncryptionRequired
	h.audit = nil
	o, err = h.Put(ctx, a, core.KindTrunk, o.ID, o.Version, encode(safe))
	if err != nil || !slices.Contains(h.audit, "ten_shop usr_boss trunk.plain_ended trunk trk") {
		t.Fatal(err, h.audit)
	}
	_, err = h.Put(ctx, a, core.KindTrunk, o.ID, o.Version, encode(plain))
	wantCode(t, err, errs.Invalid, "confirm_plain")
}

// A number has one trunk of the installation; who asks for it learns that it is
// in use and no more, whoever has it.
func TestANumberIsInUseOnce(t *testing.T) {
	h, ctx := newHouse(t), t.Context()
	first, err := h.CreateWith(ctx, admin(shop), core.KindTrunk, encode(line("Lines", "+351 210 000 001", "")), withWord())
	if err != nil {
		t.Fatal(err)
	}
	ask := func(ten id.Tenant) error {
		_, err := h.CreateWith(ctx, admin(ten), core.KindTrunk, encode(line("Others", "00351210000001", "")), withWord())
		return err
	}
	own, others := ask(shop), ask(books)
	wantCode(t, own, errs.Invalid, "numbers[0].number: is in use already")
	wantCode(t, others, errs.Invalid, "numbers[0].number: is in use already")
	if errs.As(own).Text != errs.As(others).Text || strings.Contains(others.Error(), "shop") || strings.Contains(others.Error(), "Lines") {
		t.Errorf("%v\n%v", own, others)
	}
	moved, err := h.Put(ctx, admin(shop), core.KindTrunk, first.ID, first.Version, encode(line("Lines", "210000002", "")))
	if err != nil {
		t.Fatal(err)
	}
	if err := ask(books); err != nil {
		t.Error("a number that was given up:", err)
	}
	if err := h.Archive(ctx, admin(shop), core.KindTrunk, first.ID, moved.Version); err != nil {
		t.Fatal(err)
	}
	other, err := h.CreateWith(ctx, admin(books), core.KindTrunk, encode(line("More", "210000002", "")), withWord())
	if err != nil {
		t.Fatal("an archived trunk's number:", err)
	}
	_, err = h.Restore(ctx, admin(shop), core.KindTrunk, first.ID, moved.Version+1)
	wantCode(t, err, errs.Invalid, "in use already")
	if err := h.Archive(ctx, admin(books), core.KindTrunk, other.ID, other.Version); err != nil {
		t.Fatal(err)
	}
	back, err := h.Restore(ctx, admin(shop), core.KindTrunk, first.ID, moved.Version+1)
	if err != nil || len(back.Secrets) != 1 {
		t.Error(err, back.Secrets)
	}
	wantCode(t, func() error {
		_, err := h.CreateWith(ctx, admin(books), core.KindTrunk, encode(line("Again", "210000002", "")), withWord())
		return err
	}(), errs.Invalid, "in use already")
}

func TestTrunksInThePlan(t *testing.T) {
	h, ctx, a := newHouse(t), t.Context(), admin(shop)
	entry := telephone(t, h, shop)
	for _, l := range []core.Trunk{line("First", "210000001", entry), line("Second", "210000002", "")} {
		if _, err := h.CreateWith(ctx, a, core.KindTrunk, encode(l), withWord()); err != nil {
			t.Fatal(err)
		}
	}
	trunks, err := h.Trunks(ctx, shop)
	if err != nil || len(trunks) != 2 || trunks[0].Name != "First" || trunks[1].Plan.Owner != shop {
		t.Fatal(err, trunks)
	}
	if err := h.Order(ctx, a, core.KindTrunk, []string{trunks[1].ID, trunks[0].ID}); err != nil {
		t.Fatal(err)
	}
	if trunks, err = h.Trunks(ctx, shop); err != nil || trunks[0].Name != "Second" {
		t.Fatal(err, trunks)
	}
	if none, err := h.Trunks(ctx, books); err != nil || len(none) != 0 {
		t.Error(err, none)
	}
	p := dialplan.New([]dialplan.Trunk{trunks[0].Plan, trunks[1].Plan})
	l, code := p.Incoming(dialplan.Arrival{Source: netip.MustParseAddr("203.0.113.4"), Called: []secret.Text{secret.New("+351210000001")}})
	if code != 0 || l.EntryPoint != entry || l.Tenant != shop {
		t.Errorf("%+v %d", l, code)
	}
	wantCode(t, h.Archive(ctx, a, core.KindEntryPoint, entry, 1), errs.Conflict, "the trunk “First”")
	_, err = h.CreateWith(ctx, a, core.KindTrunk, encode(line("Third", "210000003", h.fresh[shop].EntryPoint)), withWord())
	wantCode(t, err, errs.Invalid, "entry point for chat")
	_, err = h.CreateWith(ctx, as(shop, access.Supervisor), core.KindTrunk, encode(line("Third", "210000003", "")), withWord())
	wantCode(t, err, errs.Forbidden, "")
}

// A trunk is planned with the hours in which it may be called out by, and not once
// it is archived.
func TestATrunkHasItsHours(t *testing.T) {
	h, ctx, a := newHouse(t), t.Context(), admin(shop)
	l := line("Lines", "210000001", "")
	l.Outgoing.Hours = h.fresh[shop].Hours
	stored, err := h.CreateWith(ctx, a, core.KindTrunk, encode(l), withWord())
	if err != nil {
		t.Fatal(err)
	}
	trunks, err := h.Trunks(ctx, shop)
	if err != nil || len(trunks) != 1 {
		t.Fatal(err, trunks)
	}
	monday := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	if open := trunks[0].Plan.Out.Open; !open(monday) || open(monday.Add(12*time.Hour)) {
		t.Error("its hours are others")
	}
	if err := h.Archive(ctx, a, core.KindTrunk, stored.ID, stored.Version); err != nil {
		t.Fatal(err)
	}
	if trunks, err = h.Trunks(ctx, shop); err != nil || len(trunks) != 0 {
		t.Error(err, trunks)
	}
}

func TestTryNumber(t *testing.T) {
	h, ctx, a := newHouse(t), t.Context(), admin(shop)
	entry := telephone(t, h, shop)
	stored, err := h.CreateWith(ctx, a, core.KindTrunk, encode(line("Lines", "210000001", entry)), withWord())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.CreateWith(ctx, admin(books), core.KindTrunk, encode(line("Other lines", "210000009", "")), withWord()); err != nil {
		t.Fatal(err)
	}
	try := func(in TryNumber) TriedNumber {
		t.Helper()
		out, err := h.TryNumber(ctx, a, in)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	got := try(TryNumber{Number: "210 000 001"})
	if got.Incoming == nil || *got.Incoming != (TriedIncoming{stored.ID, "Lines", entry, "", true}) || got.Number != "+351210000001" || len(got.Outgoing) != 1 || got.Class != dialplan.Own {
		t.Errorf("%+v", got)
	}
	if got := try(TryNumber{Number: "210000009"}); got.Incoming != nil || len(got.Outgoing) != 1 {
		t.Errorf("another tenant's number: %+v", got)
	}
	if got := try(TryNumber{Number: "+34 912 345 678"}); got.Why != dialplan.NotAllowedTo || got.Refused == nil || len(got.Outgoing) != 0 {
		t.Errorf("%+v", got)
	}

	// A trunk as edited takes part, in the place of the stored one or as the last.
	edited := line("Lines", "210000001", entry)
	edited.Outgoing.Prefixes, edited.Outgoing.MaxMinutes, edited.Encryption = []string{"+34"}, 5, core.EncryptionPlain
	got = try(TryNumber{Number: "+34 912 345 678", ID: stored.ID, Trunk: &edited})
	if len(got.Outgoing) != 1 || got.Outgoing[0].MostSeconds != 300 || !got.Outgoing[0].Plain || got.Outgoing[0].Trunk != stored.ID || got.Outgoing[0].Shows != "+351210000001" {
		t.Errorf("%+v", got)
	}
	fresh := line("", "210000005", entry)
	got = try(TryNumber{Number: "210000005", Trunk: &fresh})
	if len(got.Outgoing) != 2 || got.Outgoing[1].Trunk != "" || got.Incoming == nil || got.Incoming.Trunk != "" {
		t.Errorf("%+v", got)
	}
	wrong := line("X", "210000005", "")
	wrong.Country = "Portugal"
	_, err = h.TryNumber(ctx, a, TryNumber{Number: "112", Trunk: &wrong})
	wantCode(t, err, errs.Invalid, "trunk.country")
	_, err = h.TryNumber(ctx, admin(books), TryNumber{Number: "112", ID: stored.ID, Trunk: &edited})
	wantCode(t, err, errs.Invalid, "id: names a trunk")
	_, err = h.TryNumber(ctx, as(shop, access.Agent), TryNumber{Number: "112"})
	wantCode(t, err, errs.Forbidden, "")

	// Hours of the night rule are those of the moment that is asked about.
	edited.Outgoing = core.TrunkOutgoing{Allowed: true, Hours: h.fresh[shop].Hours}
	if got := try(TryNumber{Number: "210000005", ID: stored.ID, Trunk: &edited, At: start}); len(got.Outgoing) != 1 {
		t.Errorf("%+v", got)
	}
	if got := try(TryNumber{Number: "210000005", ID: stored.ID, Trunk: &edited, At: start.Add(12 * time.Hour)}); got.Why != dialplan.AtNight {
		t.Errorf("%+v", got)
	}
}
