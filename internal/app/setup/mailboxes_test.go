package setup

import (
	"slices"
	"testing"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/acd"
	core "nubitalk/internal/core/setup"
)

// A mailbox's secrets stay with whom they were given for, in however many steps it is
// changed: a password with its servers, a client's secret with its authority.
func TestAMailboxesSecretsReachNobodyElse(t *testing.T) {
	h := newHouse(t)
	ctx, a := t.Context(), as(shop, access.Administrator)
	run, err := h.Create(ctx, a, core.KindFlow, encode(core.Flow{Name: "Mail", Graph: []byte(`{"start":"queue","nodes":{"queue":{"type":"queue","queue":"` + h.fresh[shop].Queue + `"}}}`)}))
	if err != nil {
		t.Fatal(err)
	}
	mail := core.DefaultEntryPoint("Mail", run.ID, h.fresh[shop].ConsentText)
	mail.Channel = acd.Email
	point, err := h.Create(ctx, a, core.KindEntryPoint, encode(core.Clean(mail)))
	if err != nil {
		t.Fatal(err)
	}
	given := func(name, v string) Extra {
		return Extra{Secrets: map[string]secret.Text{name: secret.New(v)}}
	}
	box := core.Mailbox{Name: "Help", Address: "help@shop.example", IMAP: core.MailServer{Host: "imap.shop.example"}, SMTP: core.MailServer{Host: "smtp.shop.example"}, EntryPoint: point.ID}
	made, err := h.CreateWith(ctx, a, core.KindMailbox, encode(core.Clean(box)), given(core.Password, "4711"))
	if err != nil {
		t.Fatal(err)
	}
	version := made.Version
	put := func(x Extra) error {
		t.Helper()
		got, err := h.PutWith(ctx, a, core.KindMailbox, made.ID, version, encode(core.Clean(box)), x)
		if err == nil {
			version = got.Version
		}
		return err
	}
	has := func(want ...string) {
		t.Helper()
		got, err := h.Get(ctx, a, core.KindMailbox, made.ID)
		if err != nil || !slices.Equal(got.Secrets, want) {
			t.Errorf("it has %v, want %v, %v", got.Secrets, want, err)
		}
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	// Its password.
	box.IMAP.Host = "imap.evil.example"
	wantCode(t, put(Extra{}), errs.Invalid, "password: must be given again")
	box.IMAP.Host, box.Sign, box.OAuth = "imap.shop.example", core.MailToken, core.MailOAuth{Provider: "other", Client: "us", Authorize: "https://id.shop.example/a", Token: "https://id.shop.example/t"}
	must(put(given(core.ClientSecret, "of the client")))
	has(core.ClientSecret, core.Password)
	box.IMAP.Host = "imap.evil.example" // while it is not needed
	must(put(Extra{}))
	has(core.ClientSecret)
	box.Sign = core.MailPassword
	wantCode(t, put(Extra{}), errs.Invalid, "password: is missing")

	// Its client's secret.
	box.Sign, box.OAuth.Scope = core.MailToken, "mail"
	must(put(Extra{}))
	has(core.ClientSecret)
	of := core.Clean(box)
	must(h.KeepToken(ctx, shop, made.ID, of, secret.New("refresh")))
	has(core.ClientSecret, core.RefreshToken)
	box.OAuth.Token = "https://id.evil.example/t"
	must(put(Extra{}))
	has()
	// What was on its way meanwhile.
	wantCode(t, h.KeepToken(ctx, shop, made.ID, of, secret.New("renewed")), errs.Conflict, "changed in the meantime")
	wantCode(t, h.Service.SignedIn(ctx, a, made.ID, of, secret.New("given")), errs.Conflict, "changed in the meantime")
	has()
	box.OAuth.Client = "other"
	must(put(given(core.ClientSecret, "of the other")))
	has(core.ClientSecret)
	if v, err := h.Secret(ctx, shop, core.KindMailbox, made.ID, core.ClientSecret); err != nil || v.Reveal() != "of the other" {
		t.Error(err)
	}
	if v, err := h.Secret(ctx, books, core.KindMailbox, made.ID, core.ClientSecret); err != nil || !v.Empty() {
		t.Error("another tenant's:", err)
	}
}
