package voice

import (
	"context"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel"
	"nubitalk/internal/core/acd"
)

// outside is an outside number that the agent called for the caller: to ask
// there, or to hand the caller over. After that the call goes on between the two.
type outside struct {
	dialing *dialing // until it is answered
	party   *party   // nil while nobody is called
	failure Failure  // why the last one was not answered
	// awaited: whoever was there before a restart is taken up now.
	awaited bool
	// taken: a phone that has the call from where it was parked.
	taken bool
}

// there says that the number is being called, or talks.
func (o outside) there() bool { return o.dialing != nil || o.party != nil || o.awaited }

// Outside is how an outside number stands in a call.
type Outside struct {
	Sound    Sound   `json:"sound" enum:"none,connecting,connected,lost" doc:"none: no number is called. connecting: it is."`
	Ringing  bool    `json:"ringing"`
	HandOver bool    `json:"hand_over" doc:"The caller is handed over as soon as it is answered."`
	Failure  Failure `json:"failure,omitempty" enum:"busy,no_answer,declined,not_a_number,unreachable" doc:"Why the last number was not answered: the caller is with the agent again."`
}

func (o outside) state() Outside {
	st := Outside{Sound: SoundNone, Failure: o.failure}
	if o.party != nil {
		st.Sound = o.party.sound
	}
	if d := o.dialing; d != nil { // whatever the network says meanwhile, nobody has answered
		st.Sound, st.Ringing, st.HandOver = SoundConnecting, d.ringing, d.handOver
	}
	return st
}

// handed says that the caller was handed over to the outside number.
func (c *call) handed() bool { return c.work.Outside && c.done() }

// CallOutside calls an outside number for the caller of a running call, who hears
// music meanwhile. With handOver the caller is handed over as soon as it is
// answered; else the agent talks with it first. caller is the number to show; ""
// leaves that to the trunk. Refusals say why in a person's words.
func (s *Service) CallOutside(ctx context.Context, t id.Tenant, interaction, user, number, caller string, handOver bool) (State, error) {
	if s.sip == nil {
		return State{}, errs.New(errs.Conflict, "No telephone lines are set up on this server.")
	}
	queue := ""
	free := func(c *call) error {
		queue = c.work.Queue
		if err := c.withPerson(); err != nil {
			return err
		}
		switch {
		case c.outside.there():
			return errs.New(errs.Conflict, "An outside number is in the call already.")
		case !c.here():
			return errs.New(errs.Conflict, "The caller's sound is not there.")
		}
		return nil
	}
	if _, err := s.handled(ctx, t, interaction, user, free); err != nil {
		return State{}, err
	}
	way, err := s.Network.Leaves(ctx, Wish{Tenant: t, To: secret.New(number), Caller: caller, Queue: queue})
	if err != nil {
		return State{}, err
	}
	return s.handled(ctx, t, interaction, user, func(c *call) error {
		if err := free(c); err != nil {
			return err
		}
		d := &dialing{number: way.To, attempts: way.Attempts, outside: true, handOver: handOver}
		c.outside = outside{dialing: d}
		c.held, c.with = false, WithColleague
		c.dial(d)
		return nil
	})
}

// EndOutside hangs up the outside number, or calls it no more: the caller is with
// the agent again. Repeats are harmless.
func (s *Service) EndOutside(ctx context.Context, t id.Tenant, interaction, user string) (State, error) {
	return s.handled(ctx, t, interaction, user, func(c *call) error {
		c.dropOutside()
		c.with = WithCaller
		c.notTransferred(487)
		return nil
	})
}

// HandOutside leaves the caller with the outside number: the agent's part ends and
// its work wraps up; the call goes on until one of the two hangs up.
func (s *Service) HandOutside(ctx context.Context, t id.Tenant, interaction, user string) error {
	if _, err := s.handled(ctx, t, interaction, user, (*call).mayHandOver); err != nil {
		return err
	}
	return s.Floor.HandedOver(ctx, t, interaction)
}

func (c *call) mayHandOver() error {
	if p := c.outside.party; p == nil || c.outside.dialing != nil || p.sound != SoundConnected {
		return errs.New(errs.Conflict, "Nobody has answered at the outside number yet.")
	}
	if !c.here() {
		return errs.New(errs.Conflict, "The caller's sound is not there.")
	}
	return nil
}

// handOverSoon hands a caller over to who has just answered. If that cannot be,
// the agent talks with both.
func (c *call) handOverSoon() {
	if c.mayHandOver() != nil {
		c.giveUp()
		c.notTransferred(notHere)
		return
	}
	c.s.running.Go(func() {
		if err := c.s.Floor.HandedOver(context.Background(), c.who.Tenant, c.who.Interaction); err != nil {
			c.s.Log.Warn("a call was not handed over", "tenant", c.who.Tenant, "interaction", c.who.Interaction, "code", errs.As(err).Code)
			c.post(func() {
				c.giveUp()
				c.notTransferred(notAllowed)
			})
		}
	})
}

// outsideLeft takes that the outside number hung up: the caller is with its agent
// again, or has nobody left.
func (c *call) outsideLeft() {
	p := c.outside.party
	c.outside = outside{}
	c.part(p, true)
	if c.handed() {
		c.left()
		return
	}
	c.with = WithCaller
	c.noTransfer(FailedUnreachable)
	c.notTransferred(codeOf[FailedUnreachable])
}

// dropOutside ends the outside number's part.
func (c *call) dropOutside() {
	p := c.outside.party
	c.outside = outside{}
	if p != nil {
		c.part(p, true)
	}
}

// goOn opens a call that was handed over before a restart and whose work is
// closed since: its ends are taken up next.
func (s *Service) goOn(who Caller, queue string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.calls[who.Interaction] != nil || s.halted {
		return
	}
	c := s.open(who)
	c.post(func() {
		c.outside.awaited = true
		c.carried(channel.Work{ID: who.Interaction, Tenant: who.Tenant, Contact: who.Contact, State: closed, Queue: queue, Channel: acd.Voice, Language: who.Language, Outside: true, Estimate: -1}, nil)
	})
}

// allTakenUp says that all that could be taken up of a tenant's calls was.
func (s *Service) allTakenUp(t id.Tenant) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.calls {
		if c.who.Tenant == t {
			c.post(c.takenUp)
		}
	}
}

// takenUp ends the wait for who was there before a restart.
func (c *call) takenUp() {
	if !c.outside.awaited {
		return
	}
	c.outside.awaited = false
	if c.handed() && c.outside.party == nil {
		c.left()
		return
	}
	c.settle()
}

// How a caller's call stands, as it is noted: held, or what With says; "" is with
// the agent.
const standsHeld = "held"

// noteStanding notes how the call stands, so that it stands so after a restart.
func (c *call) noteStanding() {
	stands := ""
	switch {
	case c.held:
		stands = standsHeld
	case c.with != WithCaller:
		stands = string(c.with)
	}
	if p := c.caller; p != nil && p.noted.row.ID != "" && p.noted.row.EndedAt.IsZero() && p.noted.row.Stands != stands {
		p.noted.row.Stands = stands
		c.note(p)
	}
}

// standAgain has a call that was taken up stand as it did.
func (c *call) standAgain(stands string) {
	if c.work.State != active {
		return
	}
	switch stands {
	case standsHeld:
		c.held = true
	case string(WithColleague), string(WithAll):
		c.with = With(stands)
	}
	c.settle()
}
