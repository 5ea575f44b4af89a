package server

import (
	"context"

	"nubitalk/internal/api"
	"nubitalk/internal/app/account"
	"nubitalk/internal/app/floor"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/voice"
	"nubitalk/internal/core/access"
	"nubitalk/internal/store"
)

// handsets are the phones by which agents talk.
type handsets struct {
	db        *store.DB
	floor     *floor.Manager
	setups    *setups
	telephone *telephone
	voice     *voice.Service
}

var (
	_ voice.Agents = phoneAgents{}
	_ api.Handsets = (*handsets)(nil)
)

// chosen is the phone by which a user talks, "" for the browser.
func (h *handsets) chosen(ctx context.Context, t id.Tenant, user string) (phone string, err error) {
	err = h.db.Read(ctx, t, func(tx *store.Tx) (err error) {
		phone, err = tx.TalkPhone(user)
		return err
	})
	return phone, err
}

// Handset is what a user may choose, and has.
func (h *handsets) Handset(ctx context.Context, a access.Actor) (api.HandsetChoice, error) {
	out := api.HandsetChoice{Phones: []api.OwnPhone{}}
	snap, err := h.setups.of(ctx, a.Tenant)
	if err != nil {
		return out, err
	}
	chosen, err := h.chosen(ctx, a.Tenant, a.User)
	if err != nil && !errs.Is(err, errs.NotFound) { // a key of the API has no phone
		return out, err
	}
	for _, ph := range h.telephone.PhonesOf(a.Tenant, a.User) {
		out.Phones = append(out.Phones, api.OwnPhone{ID: ph.ID, Name: snap.Phones[ph.ID].Name, Extension: ph.Extension, Registered: len(h.telephone.phone.Bindings(secret.New(ph.Account))) > 0})
		if ph.ID == chosen {
			out.Phone = chosen
		}
	}
	return out, nil
}

// ChooseHandset remembers by what a user talks.
func (h *handsets) ChooseHandset(ctx context.Context, a access.Actor, phone string) (api.HandsetChoice, error) {
	if phone != "" {
		if ph, ok := h.telephone.PhoneByID(a.Tenant, phone); !ok || ph.User != a.User {
			return api.HandsetChoice{}, errs.Bad("phone", "is not one of your phones in use.")
		}
	}
	err := h.db.Write(ctx, a.Tenant, func(tx *store.Tx) error { return tx.SetTalkPhone(a.User, phone) })
	if err != nil {
		return api.HandsetChoice{}, err
	}
	h.voice.HandsetChosen(a.Tenant, a.User)
	return h.Handset(ctx, a)
}

// phoneAgents is the floor as agents use it by phone.
type phoneAgents struct{ *handsets }

func (p phoneAgents) Handset(ctx context.Context, t id.Tenant, user string) (string, error) {
	return p.chosen(ctx, t, user)
}

func (p phoneAgents) Answers(ctx context.Context, t id.Tenant, user, interaction string) error {
	return p.floor.PhoneAnswers(ctx, t, user, interaction)
}

func (p phoneAgents) Declines(ctx context.Context, t id.Tenant, user, interaction string) error {
	return p.floor.PhoneDeclines(ctx, t, user, interaction)
}

func (p phoneAgents) Misses(ctx context.Context, t id.Tenant, user, interaction string) error {
	return p.floor.PhoneMisses(ctx, t, user, interaction)
}

func (p phoneAgents) Elsewhere(ctx context.Context, t id.Tenant, user string, calls int) error {
	return p.floor.Elsewhere(ctx, t, user, calls)
}

// MayCall says whether a user may call outside numbers.
func (p phoneAgents) MayCall(ctx context.Context, t id.Tenant, user string) (may bool, err error) {
	err = p.db.Read(ctx, t, func(tx *store.Tx) error {
		row, err := tx.User(user)
		may = row.Status == string(account.Active) && access.Reach(row.Actor(t), access.CallOut) != access.None
		return err
	})
	return may, err
}

func (p phoneAgents) HangsUp(ctx context.Context, t id.Tenant, user, interaction string) error {
	return p.floor.PhoneHangsUp(ctx, t, user, interaction)
}

func (p phoneAgents) ParkedAt(ctx context.Context, t id.Tenant, slot string) (interaction, queue string, err error) {
	return p.floor.ParkedAt(ctx, t, slot)
}

func (p phoneAgents) Parks(ctx context.Context, t id.Tenant, user, phone, interaction, slot string) error {
	return p.floor.PhoneParks(ctx, t, user, phone, interaction, slot)
}

func (p phoneAgents) Transfers(ctx context.Context, t id.Tenant, user, interaction, colleague string) error {
	return p.floor.PhoneTransfers(ctx, t, user, interaction, colleague)
}

func (p phoneAgents) TakesParked(ctx context.Context, t id.Tenant, user, interaction string) error {
	return p.floor.PhoneTakes(ctx, t, user, interaction)
}
