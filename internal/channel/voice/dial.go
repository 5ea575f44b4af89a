package voice

import (
	"cmp"
	"context"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/voice/sip"
	"nubitalk/internal/channel/voice/sip/dialog"
	"nubitalk/internal/channel/voice/sip/gateway"
	"nubitalk/internal/media"
	"nubitalk/internal/media/negotiate"
	"nubitalk/internal/store"
)

// ringFor is how long a person who is called is rung, and lifeWithin how long a
// gateway may say nothing at all before the next one is tried; the last one has
// twice that.
const (
	ringFor    = time.Minute
	lifeWithin = 4 * time.Second
)

// Failure is why a call that an agent made was not answered.
type Failure string

const (
	FailedBusy        Failure = "busy"
	FailedNoAnswer    Failure = "no_answer"
	FailedDeclined    Failure = "declined"
	FailedNotANumber  Failure = "not_a_number"
	FailedUnreachable Failure = "unreachable"
	FailedOwnPhone    Failure = "own_phone" // the agent's own phone was not picked up
)

// failureOf reads a SIP status (RFC 3261 §21).
func failureOf(code int) Failure {
	switch code {
	case 486, 600:
		return FailedBusy
	case 408, 480, 487:
		return FailedNoAnswer
	case 603, 607, 608:
		return FailedDeclined
	case 404, 410, 484, 604:
		return FailedNotANumber
	}
	return FailedUnreachable
}

// dialing is a call that an agent makes, until it is answered.
type dialing struct {
	outside  bool  // for the caller of a running call; else its person is the caller
	handOver bool  // the caller is handed over as soon as it is answered
	line     *line // of the running attempt
	number   secret.Text
	attempts []Attempt // those still to be tried, the running one not among them
	now      Attempt
	alive    bool // the gateway said something
	ringing  bool
	waits    bool          // for the agent to pick up its own phone
	within   time.Duration // that it rings; 0 is ringFor
}

// Choices are what an agent may choose of a call that it makes.
type Choices struct {
	Possible bool     `json:"possible" doc:"Calls may leave at all."`
	Numbers  []string `json:"numbers" doc:"Numbers that may be shown; empty leaves it to the trunk."`
}

// CallChoices says whether a tenant's calls may leave, and what they may show.
func (s *Service) CallChoices(ctx context.Context, t id.Tenant) (Choices, error) {
	c := Choices{Numbers: []string{}}
	if s.sip == nil {
		return c, nil
	}
	numbers, leaves, err := s.Network.Shows(ctx, t)
	c.Possible, c.Numbers = leaves, append(c.Numbers, numbers...)
	return c, err
}

// CallOut calls a person for an agent, who holds the call at once; what becomes
// of it says State. Refusals say why in a person's words.
func (s *Service) CallOut(ctx context.Context, t id.Tenant, agent, queue, number, caller string) (interaction string, err error) {
	return s.callOut(ctx, Wish{Tenant: t, To: secret.New(number), Caller: caller, Queue: queue}, Beginning{Agent: agent})
}

// CallFor calls a person for an agent in a campaign, as CallOut; called stores that it
// does in one transaction with the call, or refuses it.
func (s *Service) CallFor(ctx context.Context, t id.Tenant, agent, queue string, number, name secret.Text, caller, campaign string, called func(tx *store.Tx, interaction string) error) (interaction string, err error) {
	return s.callOut(ctx, Wish{Tenant: t, To: number, Caller: caller, Queue: queue}, Beginning{Agent: agent, Display: name, Campaign: campaign, Called: called})
}

func (s *Service) callOut(ctx context.Context, w Wish, b Beginning) (interaction string, err error) {
	if s.sip == nil {
		return "", errs.New(errs.Conflict, "No telephone lines are set up on this server.")
	}
	way, err := s.Network.Leaves(ctx, w)
	if err != nil {
		return "", err
	}
	b.Tenant, b.Number, b.Queue, b.Language = w.Tenant, way.To, w.Queue, way.Language
	who, err := s.Written.Begin(ctx, b)
	if err != nil {
		return "", err
	}
	c := s.find(w.Tenant, who.Interaction)
	if c == nil {
		return "", gone()
	}
	return who.Interaction, c.ask(ctx, func() error { c.dialPerson(way); return nil })
}

// dialPerson calls the call's person, once the agent has picked up its own phone, if
// it talks by one.
func (c *call) dialPerson(way Leaving) {
	c.absence++ // nobody is awaited: it is called
	c.dialing = &dialing{number: way.To, attempts: way.Attempts}
	switch {
	case c.handset != nil:
		c.dialing.waits = true
	case c.standing != HandsetNone && c.standing != HandsetConnected:
		c.unanswered(c.dialing, FailedOwnPhone)
	default:
		c.dial(c.dialing)
	}
}

// dial tries the next gateway; when none is left, the person was not reached.
func (c *call) dial(d *dialing) {
	for len(d.attempts) > 0 {
		d.now, d.attempts = d.attempts[0], d.attempts[1:]
		err := c.attempt(d)
		if err == nil {
			c.settle()
			return
		}
		c.s.Log.Warn("a call did not leave", "tenant", c.who.Tenant, "interaction", c.who.Interaction, "trunk", d.now.Trunk, "code", errs.As(err).Code)
	}
	c.unanswered(d, FailedUnreachable)
}

// runs says whether a person is still being called.
func (c *call) runs(d *dialing) bool { return d != nil && (d == c.dialing || d == c.outside.dialing) }

func (c *call) attempt(d *dialing) error {
	over, ok := d.now.Take()
	if !ok {
		return errs.New(errs.Limited, "The trunk has as many calls as it may.")
	}
	l := &line{s: c.s, call: c, trunk: d.now.Trunk, number: d.number, over: over, dialing: d, offers: true}
	var err error
	if l.rtp, err = c.s.Media.NewRTP(media.RTPConfig{Policy: d.now.Media, Latch: d.now.Media.Security == negotiate.Required, Listener: l.heard}); err != nil {
		l.end()
		return errs.Wrap(errs.Unavailable, err, "There is no port for the call's sound.")
	}
	body, err := l.describe(sip.Body{})
	if err != nil {
		l.end()
		return err
	}
	l.party = &party{outside: d.outside, leg: l.rtp, line: l, sound: SoundConnecting}
	l.leg, err = c.s.sip.Call(sip.CallRequest{Outgoing: dialog.Outgoing{To: d.now.To, From: d.now.From, ContactUser: d.now.ContactUser, Hop: d.now.Hop, Body: body,
		Headers: d.now.Headers, Credentials: d.now.Credentials}, Events: l.told})
	if err != nil {
		l.end()
		return errs.Wrap(errs.Unavailable, err, "The call could not be sent.")
	}
	d.line, d.alive = l, false
	c.occupy(d, l.party)
	c.enter(l.party, byTrunk)
	l.party.noted.row.Counts = d.now.Counts
	if !d.outside {
		l.party.noted.row.Part = callee
	}
	c.note(l.party)
	silent := func() {
		if c.runs(d) && d.line == l && !d.alive {
			l.leg.Hangup(sip.Reason{})
			c.failed(l, sip.Failed{Code: 408})
		}
	}
	if len(d.attempts) > 0 {
		c.later(lifeWithin, silent)
	}
	c.later(2*lifeWithin, silent)
	c.later(cmp.Or(d.within, ringFor), func() {
		if c.runs(d) && d.line == l {
			d.attempts = nil
			l.leg.Hangup(sip.Reason{})
		}
	})
	return nil
}

// rings says that the person's telephone rings.
func (c *call) rings(l *line, code int) {
	d := l.dialing
	if !c.runs(d) {
		return
	}
	d.alive = true
	if code > 100 && l.party.sound == SoundConnecting {
		d.ringing = true
		c.settle()
	}
}

// early lets the agent hear what the network says before an answer. It may be
// taken back by another branch's answer (RFC 3261 §13.2.2.4).
func (c *call) early(l *line, e sip.EarlyMedia) {
	d := l.dialing
	if !c.runs(d) || e.Body.Empty() || l.rtp.Accept(e.Body.Data) != nil {
		return
	}
	d.alive, d.ringing = true, false
	l.party.sound = SoundConnected
	c.settle()
}

func (c *call) calleeAnswered(l *line, e sip.Answered) {
	d := l.dialing
	if !c.runs(d) {
		return
	}
	if !e.Body.Empty() {
		if err := l.rtp.Accept(e.Body.Data); err != nil {
			l.leg.Hangup(sip.Reason{SIP: 488})
			return
		}
	}
	d.now.Went(0, 0)
	l.offers = false
	if d.outside {
		c.outside.dialing = nil
	} else {
		c.dialing = nil
	}
	if d.now.Most > 0 {
		l.ends = c.s.Clock.Now().Add(d.now.Most)
		c.bound(l)
	}
	l.party.sound = SoundConnecting
	c.lineUp(l)
	if d.handOver {
		c.handOverSoon()
	}
}

// failed tries the next gateway where this one did not carry the call, and
// gives up where the person was reached.
func (c *call) failed(l *line, e sip.Failed) {
	d := l.dialing
	if !c.runs(d) {
		return
	}
	d.now.Went(e.Code, e.RetryAfter)
	c.exit(l.party, "them", sip.Reason{SIP: e.Code, Q850: e.Reason.Q850})
	c.occupy(d, nil)
	l.party.leg.Close()
	d.ringing = false
	if gateway.Falls(e.Code) && len(d.attempts) > 0 {
		c.dial(d)
		return
	}
	if !d.alive && e.Code == 408 { // nobody was asked
		c.unanswered(d, FailedUnreachable)
		return
	}
	c.unanswered(d, failureOf(e.Code))
}

// occupy gives who is called its place, or takes it away.
func (c *call) occupy(d *dialing, p *party) {
	if d.outside {
		c.outside.party = p
		return
	}
	c.caller = p
}

// unanswered ends a call that reached nobody: its agent wraps it up. One for a
// caller leaves that caller with its agent.
func (c *call) unanswered(d *dialing, why Failure) {
	if d.outside {
		c.outside = outside{failure: why}
		c.with = WithCaller
		c.noTransfer(why)
		c.notTransferred(codeOf[why])
		c.settle()
		return
	}
	c.dialing, c.failure = nil, why
	c.settle()
	if c.calledBack {
		c.notBack()
		return
	}
	c.left()
}
