package voice

import (
	"context"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/voice/sip"
)

// An agent's phone transfers a call that is work by its own key (REFER): to a
// colleague, who is offered it, or to an outside number, to which the caller is handed
// over once it is answered. The floor decides as if the desk had been used; the phone
// is told how it goes (NOTIFY), and may hang up before.

// codeOf is by what a phone is told why an outside number was not answered.
var codeOf = map[Failure]int{FailedBusy: 486, FailedNoAnswer: 408, FailedDeclined: 603, FailedNotANumber: 404, FailedUnreachable: 480}

// phoneRefers takes the wish of an agent's phone to transfer the call, or to park it.
func (c *call) phoneRefers(l *line, e sip.Refer) {
	number := userOf(e.To)
	switch {
	case c.work.State != active || l.party.user != c.work.Agent:
		l.leg.RefuseRefer(notAllowed)
	case l.referred || c.outside.there():
		l.leg.RefuseRefer(alreadySent)
	case e.Replaces != "":
		c.refersToSecond(l, e.Replaces, number)
	default:
		c.refersTo(l, number)
	}
}

// refersTo parks the call, or transfers it to a number.
func (c *call) refersTo(l *line, number secret.Text) {
	t := c.who.Tenant
	all, emergency := c.s.Phones.Extensions(t), c.s.Network.Emergency(t, number)
	known := !emergency && all.Knows(number.Reveal())
	if !emergency && !known {
		if slot, ok := c.s.parks(t, number.Reveal()); ok {
			c.referPark(l, slot)
			return
		}
	}
	to, _ := all.Line(number.Reveal())
	switch {
	case emergency, known && (to.User == "" || to.User == c.work.Agent):
		l.leg.RefuseRefer(notAllowed)
	case known:
		l.leg.AcceptRefer()
		c.transferTo(l, to.User)
	default:
		l.leg.AcceptRefer()
		c.transferOutside(l, number)
	}
}

// referPark parks the call.
func (c *call) referPark(l *line, slot string) {
	l.leg.AcceptRefer()
	l.referred = true
	parks := func(ctx context.Context, t id.Tenant, user, interaction string) error {
		return c.s.Agents.Parks(ctx, t, user, l.trunk, interaction, slot)
	}
	c.toFloor("parked", parks, l.party.user, func() { c.notTransferred(refusedPark) })
}

// transferTo gives the call to a colleague, who is offered it.
func (c *call) transferTo(l *line, colleague string) {
	l.referred = true
	gives := func(ctx context.Context, t id.Tenant, user, interaction string) error {
		return c.s.Agents.Transfers(ctx, t, user, interaction, colleague)
	}
	c.toFloor("transferred", gives, l.party.user, func() { c.notTransferred(notAllowed) })
}

// transferOutside hands the caller over to an outside number once it is answered.
func (c *call) transferOutside(l *line, number secret.Text) {
	l.referred = true
	user := l.party.user
	c.s.running.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), handsetWithin)
		defer cancel()
		_, err := c.s.CallOutside(ctx, c.who.Tenant, c.who.Interaction, user, number.Reveal(), "", true)
		if err == nil {
			return
		}
		c.s.Log.Info("what an agent did by phone was not taken", "tenant", c.who.Tenant, "interaction", c.who.Interaction, "what", "outside", "code", errs.As(err).Code)
		code := 403
		if errs.Is(err, errs.Invalid) {
			code = 404
		}
		c.post(func() { c.notTransferred(code) })
	})
}

// refersToSecond transfers the call to the colleague with whom its agent talks in a
// second call of the same phone, or to the number that rings there. That call ends:
// who is asked is offered the caller.
func (c *call) refersToSecond(l *line, replaces string, number secret.Text) {
	leg, code := c.s.sip.Replaced(replaces)
	if code != 0 {
		l.leg.RefuseRefer(code)
		return
	}
	var other *officeCall
	second := c.s.known(leg)
	if second != nil {
		second.mu.Lock()
		other = second.office
		second.mu.Unlock()
	}
	if other == nil || second.trunk != l.trunk {
		l.leg.RefuseRefer(notAllowed)
		return
	}
	l.leg.AcceptRefer()
	l.referred = true
	refused := func() { c.notTransferred(notAllowed) }
	if !other.post(func() {
		colleague, ok := other.asked(second)
		if !ok {
			c.post(refused)
			return
		}
		other.stop(sip.Reason{Q850: normalClearing})
		c.post(func() {
			switch {
			case c.work.State != active || l.party.user != c.work.Agent:
				refused()
			case colleague != "":
				c.transferTo(l, colleague)
			default:
				c.refersAgain(l, number)
			}
		})
	}) {
		c.notTransferred(notHere)
	}
}

// refersAgain is refersTo of a wish that was accepted.
func (c *call) refersAgain(l *line, number secret.Text) {
	all := c.s.Phones.Extensions(c.who.Tenant)
	to, _ := all.Line(number.Reveal())
	switch {
	case c.s.Network.Emergency(c.who.Tenant, number), all.Knows(number.Reveal()) && (to.User == "" || to.User == c.work.Agent):
		c.notTransferred(notAllowed)
	case to.User != "":
		c.transferTo(l, to.User)
	default:
		c.transferOutside(l, number)
	}
}

// asked is the colleague with whom a phone talks in the call; "" while nobody has
// answered. false where that is not a colleague, or not the phone's to ask.
func (o *officeCall) asked(l *line) (colleague string, ok bool) {
	switch {
	case o.passing != nil || o.emergency() || l != o.caller && l != o.callee:
		return "", false
	case o.callee == nil:
		return "", l == o.caller
	}
	with := o.facing(l)
	return with.party.user, isPhone(with.trunk) && with.party.user != ""
}

// notTransferred tells the agent's phone why its transfer did not go: the caller is
// its agent's still. A phone that hung up meanwhile is rung.
func (c *call) notTransferred(code int) {
	if p := c.agents[c.work.Agent]; p != nil {
		if p.line != nil && p.line.referred {
			p.line.referred = false
			p.line.leg.ReferProgress(code)
		}
		return
	}
	if c.referrer != "" && c.referrer == c.work.Agent && c.work.State == active {
		c.referrer, c.sought, c.held = "", "", false
		c.seekAgent()
		c.settle()
	}
}

// referredTo is by what a phone that transferred is told that its part is over.
func (c *call) referredTo() int {
	if c.done() && !c.work.Outside {
		return notHere
	}
	return 200
}
