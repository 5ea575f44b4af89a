package setup

import (
	"encoding/json"
	"testing"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/core/acd"
	core "nubitalk/internal/core/setup"
	"nubitalk/internal/core/usage"
	"nubitalk/internal/store"
)

// limit gives an organisation limits, as the one above it does.
func (h *house) limit(t *testing.T, ten id.Tenant, l usage.Limits) {
	t.Helper()
	err := h.DB.System(t.Context(), func(tx *store.Tx) error {
		o, err := tx.OrganisationByID(ten)
		if err != nil {
			return err
		}
		o.Limits = l
		return tx.UpdateOrganisation(o)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Limits stop what is new. What is there already can still be changed and goes on.
func TestLimitsStopGrowth(t *testing.T) {
	h, ctx, a := newHouse(t), t.Context(), admin(shop)
	quiet := func(name string, numbers ...string) json.RawMessage {
		l := line(name, "", "")
		l.Registration, l.Username, l.Numbers = core.TrunkRegistration{}, "", nil
		for _, n := range numbers {
			l.Numbers = append(l.Numbers, core.TrunkNumber{Number: n})
		}
		return encode(core.Clean(l))
	}
	entry := telephone(t, h, shop)
	first, err := h.Create(ctx, a, core.KindTrunk, quiet("First", "210000001"))
	if err != nil {
		t.Fatal(err)
	}
	two := int64(2)
	h.limit(t, shop, usage.Limits{Numbers: &two, Channels: []acd.Channel{acd.Chat}})

	voice := core.DefaultEntryPoint("More", h.fresh[shop].Flow, h.fresh[shop].ConsentText)
	voice.Channel = acd.Voice
	_, err = h.Create(ctx, a, core.KindEntryPoint, encode(voice))
	wantCode(t, err, errs.Invalid, "channel: is not one that your organisation may have")
	_, err = h.Create(ctx, a, core.KindTrunk, quiet("Second"))
	wantCode(t, err, errs.Invalid, "may not have calls")
	chat := core.DefaultEntryPoint("Chat again", h.fresh[shop].Flow, h.fresh[shop].ConsentText)
	made, err := h.Create(ctx, a, core.KindEntryPoint, encode(chat))
	if err != nil {
		t.Fatal(err)
	}
	chat.Channel = acd.Voice
	_, err = h.Put(ctx, a, core.KindEntryPoint, made.ID, made.Version, encode(chat))
	wantCode(t, err, errs.Invalid, "channel: is not one that your organisation may have")

	// What was there is changed as before, also with numbers up to the limit.
	old, err := h.Get(ctx, a, core.KindEntryPoint, entry)
	if err != nil {
		t.Fatal(err)
	}
	voice.Name = "Renamed"
	if _, err := h.Put(ctx, a, core.KindEntryPoint, entry, old.Version, encode(voice)); err != nil {
		t.Error(err)
	}
	now, err := h.Put(ctx, a, core.KindTrunk, first.ID, first.Version, quiet("First", "210000001", "210000002"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = h.Put(ctx, a, core.KindTrunk, first.ID, now.Version, quiet("First", "210000001", "210000002", "210000003"))
	wantCode(t, err, errs.Invalid, "numbers: would be 3 of your organisation's, which may have 2")
	one := int64(1)
	h.limit(t, shop, usage.Limits{Numbers: &one})
	if _, err := h.Put(ctx, a, core.KindTrunk, first.ID, now.Version, quiet("Still two", "210000001", "210000002")); err != nil {
		t.Errorf("what is there is changed: %v", err)
	}
	_, err = h.Create(ctx, a, core.KindTrunk, quiet("Second", "210000003"))
	wantCode(t, err, errs.Invalid, "numbers: would be 3")

	// Another organisation has its own limits: none.
	if _, err := h.Create(ctx, admin(books), core.KindTrunk, quiet("Second", "220000001", "220000002")); err != nil {
		t.Error(err)
	}
}
