package voice

import (
	"context"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel"
	"nubitalk/internal/store"
)

// backWithin bounds what is done until a person who is called back rings.
const backWithin = 20 * time.Second

// joined says of an act that somebody has the work from now on.
func joined(a channel.Act) bool {
	return a.Kind == channel.ActEvent && a.Event == channel.EventAgentJoined
}

// CallBack calls the person of work that an agent holds and who left a message, or
// hung up to be called back. caller is the number to show; "" leaves that to the
// trunk. Refusals say why in a person's words.
func (s *Service) CallBack(ctx context.Context, t id.Tenant, interaction, caller string) error {
	way, err := s.wayBack(ctx, t, interaction, caller)
	if err != nil {
		return err
	}
	if err := s.Floor.CallsBack(ctx, t, interaction); err != nil {
		return err
	}
	c := s.find(t, interaction)
	if c == nil {
		return gone()
	}
	return c.ask(ctx, func() error {
		c.calledBack = true
		c.dialPerson(way)
		return nil
	})
}

// errNoNumber says of who calls by a browser, or withholds its number, that it cannot be
// called.
var errNoNumber = errs.New(errs.Conflict, "The number of this caller is not known.")

// wayBack is how the person of a call is called back, if it may be. Its refusals say why.
func (s *Service) wayBack(ctx context.Context, t id.Tenant, interaction, caller string) (Leaving, error) {
	if s.sip == nil {
		return Leaving{}, errs.New(errs.Conflict, "No telephone lines are set up on this server.")
	}
	number, queue, err := s.backNumber(ctx, t, interaction)
	if err != nil {
		return Leaving{}, err
	}
	way, err := s.Network.Leaves(ctx, Wish{Tenant: t, To: number, Caller: caller, Queue: queue})
	if err == nil && way.Emergency {
		err = errs.New(errs.Forbidden, "A number for emergencies is not called back.")
	}
	return way, err
}

// backNumber is where a person is called back: the number that it keyed in, else
// that from which it called.
func (s *Service) backNumber(ctx context.Context, t id.Tenant, interaction string) (number secret.Text, queue string, err error) {
	var it store.InteractionRow
	var legs []store.LegRow
	err = s.DB.Read(ctx, t, func(tx *store.Tx) (err error) {
		if it, err = tx.Interaction(interaction); err != nil {
			return err
		}
		legs, err = tx.Legs(interaction)
		return err
	})
	if err != nil {
		return number, "", err
	}
	place, sealed := channel.ReachAt(interaction), it.ReachSealed
	for _, l := range legs {
		if len(sealed) == 0 && l.Part == "caller" && len(l.AddressSealed) > 0 {
			place, sealed = addressAt(l.ID), l.AddressSealed
		}
	}
	if len(sealed) == 0 {
		return number, "", errNoNumber
	}
	plain, err := s.Vault.OpenContact(ctx, t, it.ContactID, place, sealed)
	return secret.New(string(plain.Reveal())), it.QueueID, err
}

// callNow calls somebody back whose turn has come. Where that cannot be, it is
// noted as a call that reached nobody.
func (s *Service) callNow(w channel.Work) {
	s.running.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), backWithin)
		defer cancel()
		err := s.CallBack(ctx, w.Tenant, w.ID, "")
		if err == nil || errs.Is(err, errs.Gone) {
			return
		}
		s.Log.Warn("a caller was not called back", "tenant", w.Tenant, "interaction", w.ID, "code", errs.As(err).Code)
		if err := s.Floor.NotBack(ctx, w.Tenant, w.ID); err != nil {
			s.Log.Warn("it was not noted that a caller was not called back", "tenant", w.Tenant, "interaction", w.ID, "code", errs.As(err).Code)
		}
	})
}

// notBack notes that the person was not reached: the call ends here, and its work
// goes on.
func (c *call) notBack() {
	c.s.running.Go(func() {
		err := c.s.Floor.NotBack(context.Background(), c.who.Tenant, c.who.Interaction)
		if err != nil {
			c.s.Log.Warn("it was not noted that a caller was not reached", "tenant", c.who.Tenant, "interaction", c.who.Interaction, "code", errs.As(err).Code)
			c.post(c.left)
		}
	})
}
