package voice

import (
	"slices"

	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/voice/sip"
	"nubitalk/internal/channel/voice/sip/wire"
	"nubitalk/internal/media"
)

// A phone transfers by its own key (REFER, RFC 3515): to a number, and the other end
// waits with music until somebody has it; or to whom it talks with in another call
// (Replaces, RFC 3891), and those two talk at once. A transfer that nobody takes comes
// back to who made it.

// Codes by which a phone is told that it cannot transfer.
const (
	notHere     = 481 // its other call is not there
	notAllowed  = 603
	alreadySent = 491 // one is under way
)

// passing is a transfer to a number, until somebody has the call.
type passing struct {
	by       *line // who transfers; nil: it hung up, and does not wait for how that goes
	phone    Phone // of who transfers
	before   ends
	recalled bool // nobody answered, and who transferred is rung
}

// passer is the phone that waits for how its transfer goes; nil: none does.
func (o *officeCall) passer() *line {
	if o.passing == nil {
		return nil
	}
	return o.passing.by
}

// facing is the end that talks with l.
func (o *officeCall) facing(l *line) *line {
	if l == o.caller {
		return o.callee
	}
	return o.caller
}

// refer takes a phone's wish to transfer who it talks with. What comes by a trunk asks
// nothing of the house.
func (o *officeCall) refer(l *line, e sip.Refer) {
	if code := o.refusesRefer(l); code != 0 {
		l.leg.RefuseRefer(code)
		return
	}
	to := userOf(e.To)
	if e.Replaces != "" {
		o.joins(l, e.Replaces, to)
		return
	}
	if all := o.s.Phones.Extensions(o.from.Tenant); !all.Knows(to.Reveal()) && !o.s.Network.Emergency(o.from.Tenant, to) {
		if slot, ok := o.s.parks(o.from.Tenant, to.Reveal()); ok {
			o.parks(l, slot)
			return
		}
	}
	phone, ok := o.mayPass(l, to)
	if !ok {
		l.leg.RefuseRefer(notAllowed)
		return
	}
	l.leg.AcceptRefer()
	o.passes(l, phone, to)
}

// refusesRefer is the code by which a wish is refused before it is looked at; 0: it is not.
func (o *officeCall) refusesRefer(l *line) int {
	switch {
	case !isPhone(l.trunk):
		return notAllowed
	case o.passing != nil:
		return alreadySent
	case o.handed != nil: // who it talked with is in another call
		return notHere
	case l != o.caller && l != o.callee, o.callee == nil, o.emergency():
		return notAllowed
	}
	return 0
}

// mayPass gives the phone that has the line l, if who talks with it may be connected
// with a number. Nobody is connected with an emergency number who did not call it.
func (o *officeCall) mayPass(l *line, number secret.Text) (Phone, bool) {
	phone, ok := o.s.Phones.PhoneByID(o.from.Tenant, l.trunk)
	return phone, ok && !o.s.Network.Emergency(o.from.Tenant, number)
}

// emergency says whether somebody is in the call who may not be passed on.
func (o *officeCall) emergency() bool {
	for _, l := range []*line{o.caller, o.callee} {
		if l != nil && l.out != nil && l.out.emergency {
			return true
		}
	}
	return o.out != nil && o.out.emergency // it rings
}

// passes looks for somebody at a number who takes the end that talks with l: at the
// house's extensions for whom they ring, at an outside number on the account of the
// phone that transfers.
func (o *officeCall) passes(l *line, phone Phone, number secret.Text) {
	waits := o.facing(l)
	o.passing = &passing{by: l, phone: phone, before: o.ends}
	o.bridge.Leave(l.rtp)
	o.becomes(ends{from: o.identity(waits), caller: waits, display: o.nameOf(waits)})
	o.body, o.rings, o.hunt = sip.Body{}, false, nil
	o.seats(waits, true)
	if all := o.s.Phones.Extensions(o.from.Tenant); all.Knows(number.Reveal()) {
		o.search(all, number.Reveal())
		return
	}
	o.leave(number, leaver{user: phone.User, phone: phone.ID})
}

// becomes changes who is in the call.
func (o *officeCall) becomes(e ends) {
	o.s.mu.Lock() // which reads who it is of
	defer o.s.mu.Unlock()
	o.ends = e
}

// identity is who an end is, as one that calls.
func (o *officeCall) identity(l *line) Phone {
	if l == o.caller {
		return o.from
	}
	if ph, ok := o.s.Phones.PhoneByID(o.from.Tenant, l.trunk); isPhone(l.trunk) && ok {
		return ph
	}
	return Phone{ID: l.trunk, Tenant: o.from.Tenant}
}

// progress tells who transfers how that goes.
func (o *officeCall) progress(code int) {
	if by := o.passer(); by != nil {
		by.leg.ReferProgress(code)
	}
}

// passed ends a transfer: somebody has the call.
func (o *officeCall) passed() {
	if o.passing == nil {
		return
	}
	o.progress(200)
	by := o.passer()
	o.passing = nil
	o.drop(by)
}

// notPassed gives the call back to who transferred it: at once if that waits for it,
// else its phone is rung.
func (o *officeCall) notPassed(code int) {
	p := o.passing
	o.turn++
	o.hush(sip.Reason{})
	switch {
	case p.by != nil:
		o.progress(code)
		o.passing = nil
		o.becomes(p.before)
		o.seat()
	case p.recalled:
		o.passing = nil
		o.stop(sip.Reason{Q850: normalClearing})
	default:
		p.recalled = true
		o.out = nil
		if all := o.s.Phones.Extensions(o.from.Tenant); all.Knows(p.phone.Extension) {
			o.search(all, p.phone.Extension)
			return
		}
		o.notPassed(code)
	}
}

// drop hangs up an end that is in the call no more.
func (o *officeCall) drop(l *line) {
	if l == nil {
		return
	}
	l.leg.Hangup(sip.Reason{Q850: normalClearing})
	l.rtp.Close()
	o.disengage()
}

// disengage notes which users are not in the call any more.
func (o *officeCall) disengage() {
	if o.handed != nil {
		return // it ends, and with it that of all
	}
	o.engaged = slices.DeleteFunc(o.engaged, func(user string) bool {
		for _, l := range []*line{o.caller, o.callee, o.passer()} {
			if l != nil && l.party.user == user {
				return false
			}
		}
		o.s.engage(o.from.Tenant, user, -1)
		return true
	})
}

// referredBy tells a phone of the house who transferred the call to it (RFC 3892).
func (o *officeCall) referredBy() []wire.Header {
	if o.passing == nil || o.passing.phone.Extension == "" {
		return nil
	}
	who := wire.NewAddress(o.passing.phone.Name, wire.NewURI("sip", o.passing.phone.Extension, o.s.SIP.Realm, 0, ""), "")
	return []wire.Header{{Name: "Referred-By", Value: who.Text()}}
}

// joins connects the end that talks with l with whom the same phone talks in the call
// that replaces names. Where nobody has answered there yet, the call is transferred to
// the number.
func (o *officeCall) joins(l *line, replaces string, number secret.Text) {
	leg, code := o.s.sip.Replaced(replaces)
	if code != 0 {
		l.leg.RefuseRefer(code)
		return
	}
	second := o.s.known(leg)
	var other *officeCall
	if second != nil {
		second.mu.Lock()
		other = second.office
		second.mu.Unlock()
	}
	if other == nil || other == o || second.trunk != l.trunk { // also where it is work of the floor's
		l.leg.RefuseRefer(notAllowed)
		return
	}
	l.leg.AcceptRefer()
	if !other.post(func() { other.yields(second, o, l, number) }) {
		l.leg.ReferProgress(notHere)
	}
}

// yields gives the end that talks with l to another call, in which the same phone has
// the line to.
func (o *officeCall) yields(l *line, into *officeCall, to *line, number secret.Text) {
	switch {
	case o.emergency():
		into.post(func() { to.leg.ReferProgress(notAllowed) })
		return
	case o.callee == nil && o.passing == nil && l == o.caller: // it still rings
		o.stop(sip.Reason{Q850: normalClearing})
		into.post(func() {
			phone, ok := into.mayPass(to, number)
			if !into.pairs(to) || !ok {
				to.leg.ReferProgress(notAllowed)
				return
			}
			into.passes(to, phone, number)
		})
		return
	case l != o.caller && l != o.callee, o.callee == nil:
		into.post(func() { to.leg.ReferProgress(notAllowed) })
		return
	}
	gives := o.facing(l)
	o.bridge.Leave(gives.rtp)
	taken := make(chan struct{})
	o.giveOffice(gives, into, func() {
		close(taken)
		into.takes(to, gives)
	})
	o.s.running.Go(func() { // a call that ends meanwhile takes nobody
		select {
		case <-taken:
			return
		case <-into.ended:
		}
		select {
		case <-taken:
		default:
			gives.leg.Hangup(sip.Reason{Q850: normalClearing})
			gives.end()
		}
	})
	o.stop(sip.Reason{Q850: normalClearing})
}

// giveOffice gives an end to another call between phones, which begins with what take
// does.
func (o *officeCall) giveOffice(l *line, into *officeCall, take func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	rest := append(o.batch, o.mail.take()...)
	o.batch, o.handed = nil, l
	o.given = func(e sip.Event) { into.post(func() { into.told(l, e) }) }
	o.givenSound = func(e media.Event) { into.post(func() { into.heard(l, e) }) }
	l.office = into
	into.post(take)
	for _, fn := range rest {
		fn()
	}
}

// pairs says whether l talks with somebody in the call.
func (o *officeCall) pairs(l *line) bool {
	return o.passing == nil && o.callee != nil && (l == o.caller || l == o.callee)
}

// takes connects the end that talks with the line by with another one, and lets by go.
func (o *officeCall) takes(by, other *line) {
	if !o.pairs(by) {
		by.leg.ReferProgress(notHere)
		other.leg.Hangup(sip.Reason{Q850: normalClearing})
		other.end()
		return
	}
	by.leg.ReferProgress(200)
	waits := o.facing(by)
	o.bridge.Leave(by.rtp)
	o.becomes(ends{from: o.identity(waits), display: o.nameOf(waits), caller: waits, callee: other})
	o.engage(other.party.user)
	o.drop(by)
	o.bound(other)
	o.seat()
}

// know remembers a phone's line by its leg, until it ends.
func (s *Service) know(l *line) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !l.ended { // it may end before who calls it has its leg
		l.knownBy = l.leg
		s.phoneLines[l.leg] = l
	}
}

func (s *Service) unknow(l *line) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l.ended = true
	if l.knownBy != nil {
		delete(s.phoneLines, l.knownBy)
	}
}

// known is a phone's line; nil where it is none.
func (s *Service) known(leg *sip.Leg) *line {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.phoneLines[leg]
}
