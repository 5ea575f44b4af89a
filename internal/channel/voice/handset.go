package voice

import (
	"context"
	"slices"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/voice/sip"
	"nubitalk/internal/channel/voice/sip/dialog"
	"nubitalk/internal/channel/voice/sip/wire"
	"nubitalk/internal/media"
	"nubitalk/internal/media/negotiate"
)

// Agents is the floor as agents use it by phone.
type Agents interface {
	// Handset is the phone by which an agent talks, "" for its browser.
	Handset(ctx context.Context, t id.Tenant, user string) (phone string, err error)
	// Answers accepts what an agent is offered, Declines declines it, Misses lets it
	// go on at once as if it had not been answered in time.
	Answers(ctx context.Context, t id.Tenant, user, interaction string) error
	Declines(ctx context.Context, t id.Tenant, user, interaction string) error
	Misses(ctx context.Context, t id.Tenant, user, interaction string) error
	// HangsUp ends the contact of an agent who holds it.
	HangsUp(ctx context.Context, t id.Tenant, user, interaction string) error
	// Elsewhere says how many calls a user has by phone that are no work of the floor's.
	Elsewhere(ctx context.Context, t id.Tenant, user string, calls int) error
	// ParkedAt is the call that is parked in a slot, and its queue, "" of one between
	// phones. NotFound when the slot is free.
	ParkedAt(ctx context.Context, t id.Tenant, slot string) (interaction, queue string, err error)
	// Parks parks the call of an agent by its phone; TakesParked gives one that is
	// parked to an agent. Transfers gives the call of an agent to a colleague.
	Parks(ctx context.Context, t id.Tenant, user, phone, interaction, slot string) error
	TakesParked(ctx context.Context, t id.Tenant, user, interaction string) error
	Transfers(ctx context.Context, t id.Tenant, user, interaction, colleague string) error
	// MayCall says whether a user may call outside numbers.
	MayCall(ctx context.Context, t id.Tenant, user string) (bool, error)
}

// Handset is how the phone stands by which the agent of a call talks.
type Handset string

const (
	HandsetNone         Handset = ""
	HandsetRinging      Handset = "ringing"
	HandsetConnected    Handset = "connected"
	HandsetBusy         Handset = "busy"
	HandsetDeclined     Handset = "declined"
	HandsetUnregistered Handset = "unregistered"
	HandsetUnanswered   Handset = "unanswered"
	HandsetLost         Handset = "lost"
)

// handsetWithin bounds what is asked of the floor for a phone.
const handsetWithin = 10 * time.Second

// handset is an agent's phone that is being rung, at all places where it is
// registered.
type handset struct {
	user  string
	phone Phone
	lines []*line
	worst Handset // why places did not answer
}

// seekAgent rings the phone of the agent who is offered the call or holds it, if
// it talks by one; once for each time that the call comes to it.
func (c *call) seekAgent() {
	agent := c.work.Agent
	wanted := agent != "" && (c.work.State == offered || c.work.State == active) && !c.leaving && !c.over
	if !wanted && c.foreseen != nil && !c.leaving && !c.over {
		agent, wanted = c.foreseen.agent, true
	}
	if h := c.handset; h != nil && (!wanted || h.user != agent) {
		c.hush()
	}
	if !wanted || c.sought != agent {
		c.standing, c.sought = HandsetNone, ""
	}
	if !wanted || c.sought == agent {
		return
	}
	if l := c.picking; l != nil && l.party.user == agent && c.work.State == active {
		c.picked()
		return
	}
	c.sought = agent
	if ph, ok := c.handsetOf(agent); ok {
		c.ringPhone(ph)
	}
}

// handsetOf is the phone by which an agent talks.
func (c *call) handsetOf(agent string) (Phone, bool) {
	if c.s.Agents == nil || c.s.Phones == nil || c.s.sip == nil || len(c.s.Phones.PhonesOf(c.who.Tenant, agent)) == 0 {
		return Phone{}, false
	}
	ctx, cancel := context.WithTimeout(context.Background(), handsetWithin)
	defer cancel()
	chosen, err := c.s.Agents.Handset(ctx, c.who.Tenant, agent)
	if err != nil {
		c.s.Log.Warn("it is not known by what an agent talks", "tenant", c.who.Tenant, "interaction", c.who.Interaction, "code", errs.As(err).Code)
		return Phone{}, false
	}
	if chosen == "" {
		return Phone{}, false
	}
	ph, ok := c.s.Phones.PhoneByID(c.who.Tenant, chosen)
	return ph, ok && ph.User == agent
}

// ringPhone rings an agent's phone.
func (c *call) ringPhone(ph Phone) {
	h := &handset{user: ph.User, phone: ph, worst: HandsetUnregistered}
	for _, b := range c.s.sip.Bindings(secret.New(ph.Account)) {
		l, err := c.ringPlace(h, b)
		if err != nil {
			c.s.Log.Warn("a phone was not rung", "tenant", c.who.Tenant, "interaction", c.who.Interaction, "code", errs.As(err).Code)
			continue
		}
		h.lines = append(h.lines, l)
	}
	if len(h.lines) == 0 {
		c.notReached(h)
		return
	}
	c.handset, c.standing = h, HandsetRinging
	c.later(ringFor, func() {
		if c.handset == h {
			c.hush()
			h.worst = HandsetUnanswered
			c.notReached(h)
		}
	})
}

// flowOf is the way to a phone: that by which it registered, whatever its Contact
// names.
func flowOf(b sip.Binding) sip.Target {
	return sip.Target{Transport: b.Source.Transport, Host: b.Source.Host, Port: b.Source.Port, Flow: b.Source.Flow, Fixed: b.Source.Transport == sip.UDP}
}

// picksUp are the fields that ask a phone to pick up by itself, as phones of
// several makers know them.
var picksUp = []wire.Header{{Name: "Call-Info", Value: "<sip:nubitalk.invalid>;answer-after=0"}, {Name: "Alert-Info", Value: "<http://nubitalk.invalid>;info=alert-autoanswer;delay=0"}}

// ringPlace rings a phone at one place. Who calls is told to the desk and not to
// the phone, which would keep it in its list of calls.
func (c *call) ringPlace(h *handset, b sip.Binding) (*line, error) {
	l := &line{s: c.s, call: c, handset: h, trunk: h.phone.ID, offers: true}
	var err error
	if l.rtp, err = c.s.Media.NewRTP(media.RTPConfig{Policy: h.phone.Media, Latch: true, Listener: l.heard}); err != nil {
		return nil, errs.Wrap(errs.Unavailable, err, "There is no port for the call's sound.")
	}
	body, err := l.describe(sip.Body{})
	if err != nil {
		l.end()
		return nil, err
	}
	var headers []wire.Header
	if h.phone.AutoAnswer {
		headers = picksUp
	}
	l.party = &party{user: h.user, leg: l.rtp, line: l, sound: SoundConnecting}
	from := wire.NewAddress("Nubitalk", wire.NewURI("sip", "call", c.s.SIP.Realm, 0, ""), "")
	l.leg, err = c.s.sip.Call(sip.CallRequest{Outgoing: dialog.Outgoing{To: b.Contact, From: from, ContactUser: h.phone.ID, Hop: flowOf(b), Body: body, Headers: headers}, Events: l.told})
	if err != nil {
		l.end()
		return nil, errs.Wrap(errs.Unavailable, err, "The call could not be sent.")
	}
	l.leg.Back()
	return l, nil
}

// hush stops ringing.
func (c *call) hush() {
	h := c.handset
	c.handset = nil
	if c.standing == HandsetRinging {
		c.standing = HandsetNone
	}
	for _, l := range h.lines {
		l.leg.Hangup(sip.Reason{SIP: 200, Text: "Call completed elsewhere"})
	}
}

// phoneTold takes what the signalling of an agent's phone says.
func (c *call) phoneTold(l *line, e sip.Event) {
	if c.whenStored(func() { c.phoneTold(l, e) }) {
		return
	}
	switch e := e.(type) {
	case sip.Answered:
		c.pickedUp(l, e)
		return
	case sip.Failed:
		c.notPickedUp(l, e)
		return
	case sip.Ringing:
		l.rang = l.rang || e.Code > 100
		return
	}
	if l == c.picking {
		if _, ended := e.(sip.Ended); ended {
			c.picking = nil
		}
		return
	}
	if !c.current(l.party) {
		return
	}
	switch e := e.(type) {
	case sip.Offered:
		l.reoffered(e.Body)
		if held := l.rtp.Held(); held != l.holds {
			l.holds = held
			if c.work.State == active {
				c.held = held
			}
			c.settle()
		}
		c.remember(l.party)
	case sip.Accepted:
		l.asking = false
		if l.take(e.Body) {
			c.lineUp(l)
			c.remember(l.party)
		}
	case sip.Refused:
		l.asking, l.offers = false, false
	case sip.Digit:
		if e.Key != '!' {
			c.agentKey(l.party, e.Key, false)
		}
	case sip.Acknowledged: // it dialled where the call was parked
		if l.take(e.Body) {
			c.lineUp(l)
		}
	case sip.Refer:
		c.phoneRefers(l, e)
	case sip.Ended:
		c.exit(l.party, endedBy(e.By), e.Reason)
		delete(c.agents, l.party.user)
		c.standing = HandsetLost
		switch {
		case l.referred && e.By == dialog.ByThem: // it need not wait for how its transfer goes
			c.standing, c.referrer = HandsetNone, l.party.user
		case e.By == dialog.ByThem:
			c.standing, c.quit = HandsetNone, l.party.user
			c.quits()
		}
		c.settle()
	}
}

// pickedUp gives the agent its place by phone. Picking up an offer accepts it.
func (c *call) pickedUp(l *line, e sip.Answered) {
	h := l.handset
	if c.handset != h {
		l.leg.Hangup(sip.Reason{Q850: normalClearing})
		return
	}
	if e.Body.Empty() || l.rtp.Accept(e.Body.Data) != nil {
		l.leg.Hangup(sip.Reason{SIP: 488})
		c.notPickedUp(l, sip.Failed{Code: 488})
		return
	}
	h.lines = slices.DeleteFunc(h.lines, func(o *line) bool { return o == l })
	c.hush()
	if p := c.agents[h.user]; p != nil {
		c.part(p, true)
	}
	l.offers = false
	c.agents[h.user], c.standing = l.party, HandsetConnected
	c.enter(l.party, byPhone)
	c.lineUp(l)
	if c.work.State == offered {
		c.toFloor("accepted", c.s.Agents.Answers, h.user, func() { l.leg.Hangup(sip.Reason{Q850: normalClearing}) })
	}
	if d := c.dialing; d != nil && d.waits {
		d.waits = false
		c.dial(d)
	}
}

// notPickedUp goes by why one place of a phone did not answer.
func (c *call) notPickedUp(l *line, e sip.Failed) {
	h := l.handset
	if c.handset != h {
		return
	}
	h.lines = slices.DeleteFunc(h.lines, func(o *line) bool { return o == l })
	switch busy := e.Code == 486 || e.Code == 600; {
	case e.Code == 603, e.Code == 607, busy && l.rang:
		c.hush()
		h.worst = HandsetDeclined
		c.notReached(h)
		return
	case busy:
		h.worst = HandsetBusy
	case h.worst != HandsetBusy:
		h.worst = HandsetUnanswered
		if !l.rang {
			h.worst = HandsetUnregistered
		}
	}
	if len(h.lines) == 0 {
		c.handset = nil
		c.notReached(h)
	}
}

// notReached says that an agent's phone did not answer. What was offered goes on;
// what the agent holds stays, and may be taken up in the browser.
func (c *call) notReached(h *handset) {
	if c.whenStored(func() { c.notReached(h) }) {
		return
	}
	c.standing = h.worst
	c.settle()
	if c.dialing != nil && c.dialing.waits {
		c.unanswered(c.dialing, FailedOwnPhone)
		return
	}
	if c.work.State != offered {
		return
	}
	if h.worst == HandsetDeclined {
		c.toFloor("declined", c.s.Agents.Declines, h.user, nil)
		return
	}
	c.toFloor("missed", c.s.Agents.Misses, h.user, nil)
}

// quits ends the contact of an agent who hung up its phone, once it holds it.
func (c *call) quits() {
	if c.quit == "" || c.work.State != active {
		return
	}
	user := c.quit
	c.quit = ""
	if user == c.work.Agent {
		c.toFloor("ended", c.s.Agents.HangsUp, user, nil)
	}
}

// toFloor tells the floor what an agent did by phone; failed is for what it does
// not take, in the call's goroutine.
func (c *call) toFloor(what string, tell func(context.Context, id.Tenant, string, string) error, user string, failed func()) {
	c.s.running.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), handsetWithin)
		defer cancel()
		err := tell(ctx, c.who.Tenant, user, c.who.Interaction)
		if err == nil {
			return
		}
		c.s.Log.Info("what an agent did by phone was not taken", "tenant", c.who.Tenant, "interaction", c.who.Interaction, "what", what, "code", errs.As(err).Code)
		if failed != nil {
			c.post(failed)
		}
	})
}

// agentKey passes a key of the agent's phone on to the other end, unless its sound has
// brought it there.
func (c *call) agentKey(p *party, key byte, passed bool) {
	if p.user != c.work.Agent || c.work.State != active || c.apart() {
		return
	}
	if to := c.keyedTo(); to != nil && !to.has(passed) {
		to.press(string(key))
	}
}

// keyedTo is the telephone to which an agent's keys go: of those it talks with.
func (c *call) keyedTo() *party {
	if c.with == WithColleague {
		return c.outside.party
	}
	return c.caller
}

// has says whether the party has a key that was passed on with the sound: one that takes
// no events has it not.
func (p *party) has(passed bool) bool { return passed && p.leg.TakesKeys() }

// onPhone says whether a user's sound in the call is its phone's, because it
// chose so.
func (c *call) onPhone(user string) bool {
	p := c.agents[user]
	if (p == nil || p.line == nil) && (c.handset == nil || c.handset.user != user) {
		return false
	}
	_, chosen := c.handsetOf(user)
	return chosen
}

// HandsetChosen says that an agent talks by another phone than before, or by its
// browser: its calls are rung there. Those that it has on a phone stay until its
// browser connects.
func (s *Service) HandsetChosen(t id.Tenant, user string) { s.again(t, user, true) }

// RingAgain rings the phone of the agent of a call once more.
func (s *Service) RingAgain(ctx context.Context, t id.Tenant, interaction, user string) (State, error) {
	return s.handled(ctx, t, interaction, user, func(c *call) error {
		if c.work.Agent != user || c.handset != nil {
			return nil
		}
		if p := c.agents[user]; p != nil && p.line != nil {
			return nil
		}
		c.sought = ""
		c.seekAgent()
		return nil
	})
}

// again has calls look for their agent once more: all of an agent, or those whose
// agent has no sound.
func (s *Service) again(t id.Tenant, user string, all bool) {
	if user == "" {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.calls {
		if c.who.Tenant != t {
			continue
		}
		c.post(func() {
			if c.work.Agent != user || c.work.State != active && c.work.State != offered || c.agents[user] != nil && !all || c.handset != nil && !all {
				return
			}
			if p := c.agents[user]; p != nil && p.line != nil {
				return
			}
			c.sought = ""
			c.seekAgent()
			c.settle()
		})
	}
}

// reachable hears that a phone registered, or is registered no more.
func (s *Service) reachable(account secret.Text) {
	if s.Phones == nil {
		return
	}
	if ph, ok := s.Phones.Phone(account.Reveal()); ok && len(s.sip.Bindings(account)) > 0 {
		s.again(ph.Tenant, ph.User, false)
	}
}

// policyAgain is what a phone's call goes on with after a restart.
func (s *Service) policyAgain(t id.Tenant, phone string) (negotiate.Policy, error) {
	if s.Phones != nil {
		if ph, ok := s.Phones.PhoneByID(t, phone); ok {
			return ph.Media, nil
		}
	}
	return negotiate.Policy{}, errs.New(errs.NotFound, "The phone is not there any more.")
}
