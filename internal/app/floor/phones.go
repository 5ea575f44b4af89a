package floor

import (
	"context"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/core/acd"
)

// An agent's phone says what its user did; it is not signed in, so it names the
// work and not the offer.

// PhoneAnswers accepts what a user is offered.
func (m *Manager) PhoneAnswers(ctx context.Context, t id.Tenant, user, interaction string) error {
	return m.offeredTo(ctx, t, user, interaction, func(f *floor, offer string, now time.Time) error {
		f.step(acd.Accept{Offer: offer, Agent: user}, now)
		if it := f.items[interaction]; it == nil || it.State != string(acd.Active) || it.Agent != user {
			return f.howEnded(user, offer)
		}
		return nil
	})
}

// PhoneDeclines declines what a user is offered.
func (m *Manager) PhoneDeclines(ctx context.Context, t id.Tenant, user, interaction string) error {
	return m.offeredTo(ctx, t, user, interaction, func(f *floor, offer string, now time.Time) error {
		f.step(acd.Decline{Offer: offer, Agent: user}, now)
		return nil
	})
}

// PhoneMisses ends an offer that a user cannot answer as missed.
func (m *Manager) PhoneMisses(ctx context.Context, t id.Tenant, user, interaction string) error {
	return m.offeredTo(ctx, t, user, interaction, func(f *floor, offer string, now time.Time) error {
		f.step(acd.Miss{Offer: offer, Agent: user}, now)
		return nil
	})
}

// PhoneHangsUp ends the contact that a user holds. Repeats are harmless.
func (m *Manager) PhoneHangsUp(ctx context.Context, t id.Tenant, user, interaction string) error {
	return m.do(ctx, t, func(f *floor, now time.Time) error {
		it := f.items[interaction]
		if it == nil || it.Agent != user {
			return errs.New(errs.NotFound, "This interaction is closed, or does not exist.")
		}
		if it.State == string(acd.Active) {
			f.step(acd.Finish{Work: it.ID, Agent: user}, now)
		}
		return nil
	})
}

// PhoneTransfers is Transfer to a colleague, by the phone of a call's agent.
func (m *Manager) PhoneTransfers(ctx context.Context, t id.Tenant, user, interaction, colleague string) error {
	return m.do(ctx, t, func(f *floor, now time.Time) error {
		it := f.items[interaction]
		if it == nil || it.Agent != user {
			return errs.New(errs.NotFound, "This interaction is closed, or does not exist.")
		}
		return f.transfer(it, "", colleague, now)
	})
}

// offeredTo runs fn with the offer of an interaction to a user.
func (m *Manager) offeredTo(ctx context.Context, t id.Tenant, user, interaction string, fn func(f *floor, offer string, now time.Time) error) error {
	return m.do(ctx, t, func(f *floor, now time.Time) error {
		w, _ := f.engine.Work(interaction)
		if _, err := f.ownOffer(user, w.Offer); err != nil {
			return err
		}
		return fn(f, w.Offer, now)
	})
}
