package voice

import (
	"context"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel"
	"nubitalk/internal/channel/voice/sip"
	"nubitalk/internal/channel/voice/sip/dialog"
	"nubitalk/internal/channel/voice/sip/wire"
	"nubitalk/internal/core/flow"
	"nubitalk/internal/core/setup"
)

// A call is parked from the desk, or by a phone's blind transfer (REFER) to the park
// number or to a slot; it waits with music. Dialling the slot takes it back. One
// between phones becomes an interaction as it is parked, so it waits over a restart as
// every other does.

// refusedPark is how a phone is told that its call was not parked: it goes on.
const refusedPark = 486

// parks says whether a number is for parked calls; slot is "" for the first free
// one.
func (s *Service) parks(t id.Tenant, number string) (slot string, ok bool) {
	rule, err := s.parkRule(t)
	if err != nil {
		return "", false
	}
	return rule.Parks(number)
}

func (s *Service) parkRule(t id.Tenant) (setup.ParkRule, error) {
	if s.Rules == nil || s.Agents == nil {
		return setup.ParkRule{}, errs.New(errs.Unsupported, "Calls are not parked here.")
	}
	ctx, cancel := context.WithTimeout(context.Background(), handsetWithin)
	defer cancel()
	rules, err := s.Rules.Rules(ctx, t)
	return rules.Park.OrUsual(), err
}

// parks lets the other end of a call between phones wait in a slot; "" is the first
// that is free.
func (o *officeCall) parks(l *line, slot string) {
	l.leg.AcceptRefer()
	waits := o.facing(l)
	b := Beginning{Tenant: o.from.Tenant, Parking: &channel.Parking{Slot: slot, User: l.party.user, Phone: l.trunk}, Number: waits.number, Display: o.nameOf(waits)}
	ctx, cancel := context.WithTimeout(context.Background(), arriveWithin)
	defer cancel()
	who, err := o.s.Written.Begin(ctx, b)
	var c *call
	if err == nil {
		c = o.s.find(who.Tenant, who.Interaction)
	}
	if c == nil { // also where no slot is free
		l.leg.ReferProgress(refusedPark)
		return
	}
	l.leg.ReferProgress(200)
	o.bridge.Leave(waits.rtp)
	left, user := waits.out != nil, waits.party.user
	o.gone(waits, sip.Reason{Q850: normalClearing})
	o.give(waits, c, func() { c.waits(waits, left) })
	o.s.engageFor(c, user)
	o.stop(sip.Reason{Q850: normalClearing})
}

// nameOf is what is shown of an end that is parked.
func (o *officeCall) nameOf(l *line) secret.Text {
	switch {
	case isPhone(l.trunk):
		ph, _ := o.s.Phones.PhoneByID(o.from.Tenant, l.trunk)
		return secret.New(ph.Name)
	case l.out != nil:
		return secret.New(l.out.called)
	}
	return o.display
}

// waits makes a telephone that talked the caller of a call that is parked, or of one to
// which it was transferred. left says that it was called by a trunk.
func (c *call) waits(l *line, left bool) {
	if c.caller != nil || c.leaving {
		l.leg.Hangup(sip.Reason{Q850: normalClearing})
		l.end()
		return
	}
	l.party = &party{leg: l.rtp, line: l, sound: SoundConnecting}
	c.caller = l.party
	c.absence++ // the telephone says when it is gone
	way := byTrunk
	if isPhone(l.trunk) {
		way = byPhone
	}
	c.enter(l.party, way)
	if left {
		l.party.noted.row.Part = callee
	}
	if l.out != nil { // it counts as before
		l.party.noted.row.Counts = l.out.row.Counts
	}
	c.bound(l)
	c.lineUp(l)
	c.settle()
}

// takeParked lets the phone that dialled a slot have the call that is parked there:
// as work of its user's, if that talks by this phone and the call is of a queue; else
// the two talk, and nobody has it as work.
func (o *officeCall) takeParked(slot string) {
	ctx, cancel := context.WithTimeout(context.Background(), handsetWithin)
	defer cancel()
	interaction, queue, err := o.s.Agents.ParkedAt(ctx, o.from.Tenant, slot)
	if err != nil {
		code := 503
		if errs.Is(err, errs.NotFound) {
			code = 404
		}
		o.refuse(code)
		return
	}
	c := o.s.find(o.from.Tenant, interaction)
	if c == nil {
		o.refuse(404)
		return
	}
	work := false
	if queue != "" && o.from.User != "" {
		chosen, ok := c.handsetOf(o.from.User)
		work = ok && chosen.ID == o.from.ID
	}
	l, body, user := o.caller, o.body, o.from.User
	o.give(l, c, func() { c.pickUp(l, body, user, work) })
	if !work {
		o.s.engageFor(c, user)
	}
	o.stop(sip.Reason{})
}

// pickUp gives a parked call to a phone that dialled its slot.
func (c *call) pickUp(l *line, body sip.Body, user string, work bool) {
	if !c.work.Parked || c.outside.there() || c.picking != nil {
		l.leg.Reject(404, sip.Reason{})
		l.end()
		return
	}
	l.party = &party{leg: l.rtp, line: l, sound: SoundConnecting}
	if work {
		l.party.user, l.handset = user, &handset{user: user}
		c.picking, c.picks = l, body
		c.toFloor("taken", c.s.Agents.TakesParked, user, func() {
			if c.picking == l {
				c.picking = nil
				l.leg.Reject(486, sip.Reason{})
				l.end()
			}
		})
		return
	}
	l.party.outside = true
	c.hushBack()
	c.outside = outside{party: l.party, taken: true}
	c.enter(l.party, byPhone)
	l.leg.Answer(body)
	c.settle()
}

// picked gives the agent who dialled a slot its place by that phone.
func (c *call) picked() {
	l := c.picking
	c.picking = nil
	if p := c.agents[l.party.user]; p != nil {
		c.part(p, true)
	}
	c.agents[l.party.user], c.standing, c.sought = l.party, HandsetConnected, l.party.user
	c.enter(l.party, byPhone)
	l.leg.Answer(c.picks)
}

// takenBack tells the floor that a phone has the call that was parked: nothing else ends
// it from now on.
func (c *call) takenBack() {
	p := c.outside.party
	c.s.running.Go(func() {
		err := c.s.Floor.HandedOver(context.Background(), c.who.Tenant, c.who.Interaction)
		if err == nil {
			return
		}
		c.s.Log.Warn("a parked call was not given to a phone", "tenant", c.who.Tenant, "interaction", c.who.Interaction, "code", errs.As(err).Code)
		c.post(func() {
			if c.outside.party == p && !c.handed() {
				c.dropOutside()
				c.settle()
			}
		})
	})
}

// comeback is a phone that parked the call and is rung, at all places where it is
// registered.
type comeback struct {
	phone Phone
	lines []*line
}

// ringBack rings the phone that parked the call.
func (c *call) ringBack(a channel.Act) {
	ph, ok := Phone{}, false
	if c.s.Phones != nil && c.s.sip != nil {
		ph, ok = c.s.Phones.PhoneByID(c.who.Tenant, a.Phone)
	}
	r := &comeback{phone: ph}
	c.comeback = r
	if ok && !c.s.inCall(c.who.Tenant, ph.User) {
		for _, b := range c.s.sip.Bindings(secret.New(ph.Account)) {
			if err := c.ringBackAt(r, b); err != nil {
				c.s.Log.Warn("a phone was not rung", "tenant", c.who.Tenant, "interaction", c.who.Interaction, "code", errs.As(err).Code)
			}
		}
	}
	if len(r.lines) == 0 {
		c.notBackAt()
		return
	}
	c.later(time.Duration(a.Seconds)*time.Second, func() {
		if c.comeback == r {
			c.hushBack()
			c.notBackAt()
		}
	})
}

// ringBackAt rings it at one place. It shows the number for parked calls; who waits
// is not told to it, since its list of calls would keep that.
func (c *call) ringBackAt(r *comeback, b sip.Binding) error {
	rule, err := c.s.parkRule(c.who.Tenant)
	if err != nil {
		return err
	}
	l := &line{s: c.s, call: c, comeback: r, trunk: r.phone.ID, offers: true}
	if err := l.prepare(r.phone.Media, true); err != nil {
		return err
	}
	l.party.outside, l.party.sound = true, SoundConnecting
	body, err := l.describe(sip.Body{})
	if err == nil {
		from := wire.NewAddress("Nubitalk", wire.NewURI("sip", rule.Number, c.s.SIP.Realm, 0, ""), "")
		l.leg, err = c.s.sip.Call(sip.CallRequest{Outgoing: dialog.Outgoing{To: b.Contact, From: from, ContactUser: r.phone.ID, Hop: flowOf(b), Body: body}, Events: l.told})
	}
	if err != nil {
		l.end()
		return errs.Wrap(errs.Unavailable, err, "The call could not be sent.")
	}
	l.leg.Back()
	r.lines = append(r.lines, l)
	return nil
}

// hushBack ceases to ring the phone that parked the call.
func (c *call) hushBack() {
	r := c.comeback
	c.comeback = nil
	if r == nil {
		return
	}
	for _, l := range r.lines {
		l.leg.Hangup(takenElsewhere)
	}
}

// notBackAt tells the floor that the phone that parked the call did not answer.
func (c *call) notBackAt() {
	c.comeback = nil
	c.s.running.Go(func() {
		if err := c.s.Floor.NotReached(context.Background(), c.who.Tenant, c.who.Interaction, flow.Outcome{}); err != nil {
			c.s.Log.Warn("it was not noted that who parked a call did not take it back", "tenant", c.who.Tenant, "interaction", c.who.Interaction, "code", errs.As(err).Code)
		}
	})
}

// backTold takes what the signalling of a phone says that is rung to have its parked
// call back; false: it has it.
func (c *call) backTold(l *line, e sip.Event) bool {
	if l.comeback == nil || c.outside.party == l.party {
		return false
	}
	r := l.comeback
	switch e := e.(type) {
	case sip.Answered:
		if c.comeback != r || e.Body.Empty() || l.rtp.Accept(e.Body.Data) != nil {
			l.leg.Hangup(sip.Reason{Q850: normalClearing})
			return true
		}
		for i, other := range r.lines {
			if other == l {
				r.lines = append(r.lines[:i:i], r.lines[i+1:]...)
				break
			}
		}
		c.hushBack()
		l.offers = false
		c.outside = outside{party: l.party, taken: true}
		c.enter(l.party, byPhone)
		c.lineUp(l)
		c.s.engageFor(c, r.phone.User)
		c.takenBack()
	case sip.Failed:
		if c.comeback != r {
			return true
		}
		for i, other := range r.lines {
			if other == l {
				r.lines = append(r.lines[:i:i], r.lines[i+1:]...)
				break
			}
		}
		if len(r.lines) == 0 {
			c.notBackAt()
		}
	}
	return true
}
