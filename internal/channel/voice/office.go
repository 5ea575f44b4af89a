package voice

import (
	"context"
	"errors"
	"slices"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/voice/sip"
	"nubitalk/internal/channel/voice/sip/dialog"
	"nubitalk/internal/channel/voice/sip/wire"
	"nubitalk/internal/core/office"
	"nubitalk/internal/media"
	"nubitalk/internal/media/audio"
	"nubitalk/internal/media/negotiate"
)

// callsAPhone is how many calls a phone may have begun at a time.
const callsAPhone = 4

// officeCall is a call that a phone makes: to a colleague, or to an outside
// number. It is no work of the floor's and has no conversation; its two ends hear
// each other, and it ends with either of them. Its goroutine (run) owns all that
// is below ended.
type officeCall struct {
	s     *Service
	from  Phone
	mail  *mailbox
	ended chan struct{}

	over    bool
	caller  *line
	body    sip.Body // that answers the caller's offer
	rings   bool     // the caller was told that somebody is rung
	hunt    *office.Hunt
	step    office.Step
	turn    int // counts steps; a timer of an older one is void
	rung    []*line
	outcome office.Outcome // of those who did not answer
	callee  *line
	bridge  *media.Bridge
	engaged []string // users who are in it
	out     *leaving
}

// dialled takes a call that a phone makes.
func (s *Service) dialled(leg *sip.Leg) {
	from, ok := s.Phones.Phone(leg.User().Reveal())
	o := &officeCall{s: s, from: from, mail: newMailbox(), ended: make(chan struct{})}
	o.caller = &line{s: s, leg: leg, office: o, trunk: from.ID}
	leg.Events(o.caller.told)
	leg.Back()
	if !ok {
		leg.Reject(403, sip.Reason{})
		return
	}
	if !s.admits(o) {
		leg.Reject(503, sip.Reason{}, wire.Header{Name: "Retry-After", Value: "5"})
		return
	}
	o.post(o.begin)
}

// admits counts a call and lets it run, if there is room for it.
func (s *Service) admits(o *officeCall) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	count := 0
	for other := range s.office {
		if other.from.Account == o.from.Account {
			count++
		}
	}
	if s.halted || count >= callsAPhone {
		return false
	}
	o.bridge = s.Media.NewBridge()
	s.office[o] = true
	s.running.Go(o.run)
	return true
}

// OfficeCalls is how many calls that phones made run on this node.
func (s *Service) OfficeCalls() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.office)
}

// run is the call's goroutine.
func (o *officeCall) run() {
	defer func() {
		o.s.mu.Lock()
		defer o.s.mu.Unlock()
		delete(o.s.office, o)
	}()
	for !o.over {
		<-o.mail.wake
		for _, fn := range o.mail.take() {
			if !o.over {
				fn()
			}
		}
	}
	o.mail.end()
	close(o.ended)
}

func (o *officeCall) post(fn func()) { o.mail.put(fn) }

// later posts fn after d, unless the step is another by then.
func (o *officeCall) later(d time.Duration, fn func()) {
	this := o.turn
	time.AfterFunc(d, func() {
		o.post(func() {
			if o.turn == this {
				fn()
			}
		})
	})
}

// begin finds out whom the phone calls.
func (o *officeCall) begin() {
	l := o.caller
	var err error
	if l.rtp, err = o.s.Media.NewRTP(media.RTPConfig{Policy: o.from.Media, Latch: true, Listener: l.heard}); err != nil {
		o.refuse(503)
		return
	}
	if o.body, err = l.describe(l.leg.Offer()); err != nil {
		code, headers := refusal(err)
		l.leg.Reject(code, sip.Reason{}, headers...)
		o.stop(sip.Reason{})
		return
	}
	l.party = &party{leg: l.rtp, line: l}
	number := userOf(l.leg.Invite().URI)
	o.engage(o.from.User)
	all := o.s.Phones.Extensions(o.from.Tenant)
	if !o.s.Network.Emergency(o.from.Tenant, number) && all.Knows(number.Reveal()) {
		hunt, step := all.Start(number.Reveal())
		o.hunt = hunt
		o.do(step)
		return
	}
	o.leave(number)
}

// engage notes that a user is in the call.
func (o *officeCall) engage(user string) {
	if user != "" && !slices.Contains(o.engaged, user) {
		o.engaged = append(o.engaged, user)
		o.s.engage(o.from.Tenant, user, 1)
	}
}

// do carries out a step of the search for somebody who answers.
func (o *officeCall) do(step office.Step) {
	o.step, o.outcome = step, office.Absent
	o.turn++
	if step.Do == office.Refuse {
		o.refuse(step.Code)
		return
	}
	for _, l := range step.Lines {
		o.ring(l)
	}
	if len(o.rung) == 0 {
		o.do(o.hunt.Next(o.outcome))
		return
	}
	o.later(step.For, func() {
		o.hush(sip.Reason{})
		o.do(o.hunt.Next(max(o.outcome, office.NoAnswer)))
	})
}

// ring rings an extension, at all places where its phones are registered. Whose
// user talks is busy: nobody is called a second time.
func (o *officeCall) ring(to office.Line) {
	if o.s.inCall(o.from.Tenant, to.User) {
		o.outcome = max(o.outcome, office.Busy)
		return
	}
	for _, id := range to.Phones {
		ph, ok := o.s.Phones.PhoneByID(o.from.Tenant, id)
		if !ok {
			continue
		}
		for _, b := range o.s.sip.Bindings(secret.New(ph.Account)) {
			if err := o.ringPlace(ph, b); err != nil {
				o.s.Log.Warn("a phone was not rung", "tenant", o.from.Tenant, "phone", ph.ID, "code", errs.As(err).Code)
			}
		}
	}
}

// ringPlace rings a phone at one place. It shows the colleague's phone that calls.
func (o *officeCall) ringPlace(ph Phone, b sip.Binding) error {
	user := o.from.Extension
	if user == "" {
		user = "call"
	}
	from := wire.NewAddress(o.from.Name, wire.NewURI("sip", user, o.s.SIP.Realm, 0, ""), "")
	l := &line{s: o.s, office: o, trunk: ph.ID, offers: true}
	if err := l.prepare(ph.Media, true); err != nil {
		return err
	}
	l.party.user = ph.User
	if err := o.send(l, dialog.Outgoing{To: b.Contact, From: from, ContactUser: ph.ID, Hop: flowOf(b)}); err != nil {
		return err
	}
	l.leg.Back()
	return nil
}

// prepare gives a line that is called its sound.
func (l *line) prepare(p negotiate.Policy, latch bool) error {
	var err error
	if l.rtp, err = l.s.Media.NewRTP(media.RTPConfig{Policy: p, Latch: latch, Listener: l.heard}); err != nil {
		l.end()
		return errs.Wrap(errs.Unavailable, err, "There is no port for the call's sound.")
	}
	l.party = &party{leg: l.rtp, line: l}
	return nil
}

// send calls a line.
func (o *officeCall) send(l *line, to dialog.Outgoing) error {
	body, err := l.describe(sip.Body{})
	if err == nil {
		to.Body = body
		l.leg, err = o.s.sip.Call(sip.CallRequest{Outgoing: to, Events: l.told})
	}
	if err != nil {
		l.end()
		return errs.Wrap(errs.Unavailable, err, "The call could not be sent.")
	}
	o.rung = append(o.rung, l)
	return nil
}

// takenElsewhere is why phones cease to ring that have missed nothing (RFC 3326 §3.1).
var takenElsewhere = sip.Reason{SIP: 200, Text: "Call completed elsewhere"}

// hush stops ringing.
func (o *officeCall) hush(why sip.Reason) {
	for _, l := range o.rung {
		l.leg.Hangup(why)
	}
	o.rung = nil
}

// told takes what the signalling of an end says.
func (o *officeCall) told(l *line, e sip.Event) {
	switch e := e.(type) {
	case sip.Ringing:
		o.alive(l, e.Code)
	case sip.EarlyMedia:
		o.early(l, e)
	case sip.Answered:
		o.answered(l, e)
	case sip.Failed:
		o.failed(l, e)
	case sip.Acknowledged:
		l.take(e.Body)
	case sip.Offered:
		l.reoffered(e.Body)
		if held := l.rtp.Held(); held != l.holds {
			l.holds = held
			o.seat()
		}
	case sip.Accepted:
		l.asking = false
		l.take(e.Body)
	case sip.Refused:
		l.asking, l.offers = false, false
	case sip.Digit:
		if p := o.other(l); p != nil && e.Key != '!' {
			p.press(string(e.Key))
		}
	case sip.Refer: // it would not say to whom
		l.leg.RefuseRefer(603)
	case sip.Ended:
		if l == o.caller || l == o.callee {
			o.stop(sip.Reason{Q850: normalClearing})
		}
	}
}

// heard takes what the sound of an end says.
func (o *officeCall) heard(l *line, e media.Event) {
	switch e := e.(type) {
	case media.Silent:
		if l == o.callee || l == o.caller && o.callee != nil {
			l.ask()
		}
	case media.Key:
		if p := o.other(l); p != nil {
			p.press(string(e.Digit))
		}
	}
}

// other is who talks with an end; nil before somebody does.
func (o *officeCall) other(l *line) *party {
	switch {
	case o.callee == nil:
		return nil
	case l == o.caller:
		return o.callee.party
	case l == o.callee:
		return o.caller.party
	}
	return nil
}

// alive says that an end was found, and rings.
func (o *officeCall) alive(l *line, code int) {
	if !slices.Contains(o.rung, l) {
		return
	}
	if o.out != nil {
		o.out.alive = true
	}
	if code <= 100 {
		return
	}
	l.rang = true
	if !o.rings {
		o.rings = true
		o.caller.leg.Ring()
	}
}

// answered connects the caller with who picked up first; all others are hung up.
func (o *officeCall) answered(l *line, e sip.Answered) {
	at := slices.Index(o.rung, l)
	if at < 0 {
		l.leg.Hangup(sip.Reason{Q850: normalClearing})
		return
	}
	if !e.Body.Empty() && l.rtp.Accept(e.Body.Data) != nil || e.Body.Empty() && o.out == nil {
		l.leg.Hangup(sip.Reason{SIP: 488})
		o.failed(l, sip.Failed{Code: 488})
		return
	}
	o.turn++
	o.rung = slices.Delete(o.rung, at, at+1)
	o.hush(takenElsewhere)
	l.offers = false
	o.callee = l
	o.engage(l.party.user)
	o.caller.leg.Answer(o.body)
	if o.out != nil {
		o.left()
	}
	o.seat()
}

// failed goes by why one place was not answered.
func (o *officeCall) failed(l *line, e sip.Failed) {
	at := slices.Index(o.rung, l)
	if at < 0 {
		return
	}
	o.rung = slices.Delete(o.rung, at, at+1)
	if o.out != nil {
		o.notCarried(e)
		return
	}
	became := office.NoAnswer
	switch busy := e.Code == 486 || e.Code == 600; {
	case e.Code == 603, e.Code == 607, busy && l.rang:
		became = office.Declined
	case busy:
		became = office.Busy
	case !l.rang:
		became = office.Absent
	}
	o.outcome = max(o.outcome, became)
	if became == office.Declined && len(o.step.Lines) == 1 { // one who declines does so for all its phones
		o.hush(takenElsewhere)
	}
	if len(o.rung) == 0 {
		o.do(o.hunt.Next(o.outcome))
	}
}

// seat lets the two ends hear each other; who is on hold hears music.
func (o *officeCall) seat() {
	if o.callee == nil {
		return
	}
	for _, l := range []*line{o.caller, o.callee} {
		role, hears := media.Talk, silence
		if o.other(l).line.holds {
			role, hears = media.Hold, melody
		}
		if p := l.party; p.humming != hears {
			p.humming = hears
			var music audio.Source
			if hears == melody {
				music = audio.NewLoop(waitingMusic(), 0)
			}
			p.leg.Music(music)
		}
		_ = o.bridge.Join(l.rtp, role) // a leg that is closed says so by its events
	}
}

// refuse ends a call that nobody takes.
func (o *officeCall) refuse(code int) {
	o.caller.leg.Reject(code, sip.Reason{})
	o.stop(sip.Reason{})
}

// stop hangs up and ends the call's goroutine.
func (o *officeCall) stop(why sip.Reason) {
	if o.over {
		return
	}
	o.over = true
	o.turn++
	o.hush(sip.Reason{})
	for _, l := range []*line{o.caller, o.callee} {
		if l != nil {
			l.leg.Hangup(why)
			if l.rtp != nil {
				l.rtp.Close()
			}
		}
	}
	o.gone(why)
	o.bridge.Close()
	for _, user := range o.engaged {
		o.s.engage(o.from.Tenant, user, -1)
	}
}

// officeRefusal is how a call to an outside number is refused.
func officeRefusal(err error) (code int, headers []wire.Header) {
	if errs.Is(err, errs.Invalid) {
		return 404, nil
	}
	var e *errs.Error
	if errors.As(err, &e) && e.Code == errs.Conflict {
		return 403, nil
	}
	return refusal(err)
}

// mayCall says whether a phone's user may call outside numbers.
func (o *officeCall) mayCall() bool {
	if o.from.User == "" {
		return false
	}
	ctx, cancel := context.WithTimeout(context.Background(), handsetWithin)
	defer cancel()
	ok, err := o.s.Agents.MayCall(ctx, o.from.Tenant, o.from.User)
	if err != nil {
		o.s.Log.Warn("it is not known what a phone's user may do", "tenant", o.from.Tenant, "phone", o.from.ID, "code", errs.As(err).Code)
	}
	return ok && err == nil
}
