package voice

import (
	"context"
	"errors"
	"math/rand/v2"
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

// officeCall is a call that a phone makes, to a colleague or to an outside number,
// or one from outside that rings phones. It is no work of the floor's and has no conversation; its two ends hear
// each other, and it ends with either of them. Its goroutine (run) owns all that
// is below ended.
type officeCall struct {
	s     *Service
	mail  *mailbox
	ended chan struct{}

	ends       // Service.mu, too, is held to write from
	passing    *passing
	over       bool
	body       sip.Body // that answers the caller's offer
	rings      bool     // the caller was told that somebody is rung
	hunt       *office.Hunt
	step       office.Step
	since      time.Time // when the step began
	turn       int       // counts steps; a timer of an older one is void
	rung       []*line
	became     []office.Outcome // of the step's lines that did not answer
	bridge     *media.Bridge
	engaged    []string          // users who are in it
	batch      []func()          // of the mailbox, still to be done
	given      func(sip.Event)   // tells it to the call that one of the ends is in from now on
	handed     *line             // which
	givenSound func(media.Event) // tells it what the sound of that end says
	saying     *media.Playing
}

// ends are who talk in a call, and on whose account.
type ends struct {
	from    Phone // who calls, or is the first to be in it; of an outside caller it has the trunk's id
	caller  *line
	callee  *line // nil before somebody answered
	out     *leaving
	display secret.Text // name that an outside caller gives
}

// dialled takes a call that a phone makes.
func (s *Service) dialled(leg *sip.Leg) {
	from, ok := s.Phones.Phone(leg.User().Reveal())
	o := &officeCall{s: s, ends: ends{from: from}, mail: newMailbox(), ended: make(chan struct{})}
	o.caller = &line{s: s, leg: leg, office: o, trunk: from.ID}
	leg.Events(o.caller.told)
	leg.Back()
	if !ok {
		leg.Reject(403, sip.Reason{})
		return
	}
	if leg.Replaces() != nil { // nobody is told of dialogs, so nobody takes one over
		leg.Reject(notAllowed, sip.Reason{})
		return
	}
	s.know(o.caller)
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
		if other.from.Account == o.from.Account && o.from.Account != "" { // a trunk has a bound of its own
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
		o.batch = o.mail.take()
		for len(o.batch) > 0 && !o.over {
			fn := o.batch[0]
			o.batch = o.batch[1:]
			fn()
		}
	}
	o.mail.end()
	close(o.ended)
}

// post has the call's goroutine do fn; false: the call is over.
func (o *officeCall) post(fn func()) bool { return o.mail.put(fn) }

// later posts fn after d, unless the step is another by then.
func (o *officeCall) later(d time.Duration, fn func()) {
	this := o.turn
	o.mail.later(d, func() {
		if o.turn == this {
			fn()
		}
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
		o.refuse(code, headers...)
		return
	}
	l.party = &party{leg: l.rtp, line: l, user: o.from.User}
	number := userOf(l.leg.Invite().URI)
	all := o.s.Phones.Extensions(o.from.Tenant)
	emergency := o.s.Network.Emergency(o.from.Tenant, number)
	if !emergency && !all.Knows(number.Reveal()) {
		if slot, ok := o.s.parks(o.from.Tenant, number.Reveal()); ok { // its user is not on the phone before it has the call
			o.takeParked(slot)
			return
		}
	}
	o.engage(o.from.User)
	if !emergency && all.Knows(number.Reveal()) {
		o.search(all, number.Reveal())
		return
	}
	o.leave(number, leaver{user: o.from.User, phone: o.from.ID})
}

// engage notes that a user is in the call.
func (o *officeCall) engage(user string) {
	if user != "" && !slices.Contains(o.engaged, user) {
		o.engaged = append(o.engaged, user)
		o.s.engage(o.from.Tenant, user, 1)
	}
}

// search looks for somebody who answers at an extension.
func (o *officeCall) search(all *office.Directory, extension string) {
	hunt, step := all.Start(extension, rand.IntN)
	o.hunt = hunt
	o.do(step)
}

// do carries out a step of the search for somebody who answers.
func (o *officeCall) do(step office.Step) {
	o.step, o.since, o.became = step, time.Now(), make([]office.Outcome, len(step.Lines))
	o.turn++
	switch step.Do {
	case office.Refuse:
		o.refuse(step.Code)
		return
	case office.Arrive:
		o.arriveAt(step.EntryPoint)
		return
	case office.Say:
		o.sayLast(step.Words)
		return
	case office.Take:
		o.takeMessage(step)
		return
	case office.Leave:
		o.leaveFor(step)
		return
	}
	for i, l := range step.Lines {
		o.ring(i, l)
	}
	if len(o.rung) == 0 {
		o.next()
		return
	}
	o.later(step.For, func() {
		for _, l := range o.rung {
			o.outcome(l.place, office.NoAnswer)
		}
		o.hush(sip.Reason{})
		o.next()
	})
}

// outcome notes why one of the step's lines was not answered.
func (o *officeCall) outcome(place int, became office.Outcome) {
	o.became[place] = max(o.became[place], became)
}

// next goes on when nobody answered the step.
func (o *officeCall) next() {
	all := o.became[0]
	for _, one := range o.became {
		if one != all {
			all = office.NoAnswer
		}
	}
	o.do(o.hunt.Next(all, time.Since(o.since)))
}

// ring rings one of the step's lines, at all places where its phones are
// registered. Whose user talks is busy: nobody is called a second time.
func (o *officeCall) ring(place int, to office.Line) {
	if o.s.inCall(o.from.Tenant, to.User) {
		o.outcome(place, office.Busy)
		return
	}
	for _, id := range to.Phones {
		ph, ok := o.s.Phones.PhoneByID(o.from.Tenant, id)
		if !ok {
			continue
		}
		for _, b := range o.s.sip.Bindings(secret.New(ph.Account)) {
			if err := o.ringPlace(place, ph, b); err != nil {
				o.s.Log.Warn("a phone was not rung", "tenant", o.from.Tenant, "phone", ph.ID, "code", errs.As(err).Code)
			}
		}
	}
}

// ringPlace rings a phone at one place. It shows who calls, as far as that is
// somebody of the house, and the group that is called.
func (o *officeCall) ringPlace(place int, ph Phone, b sip.Binding) error {
	user := o.from.Extension
	if user == "" {
		user = "call"
	}
	from := wire.NewAddress(o.shows(), wire.NewURI("sip", user, o.s.SIP.Realm, 0, ""), "")
	l := &line{s: o.s, office: o, trunk: ph.ID, offers: true, place: place}
	if err := l.prepare(ph.Media, true); err != nil {
		return err
	}
	l.party.user = ph.User
	to := dialog.Outgoing{To: b.Contact, From: from, ContactUser: ph.ID, Hop: flowOf(b), Headers: append(o.diversions(), o.referredBy()...)}
	if err := o.send(l, to); err != nil {
		return err
	}
	l.leg.Back()
	o.s.know(l)
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
	if o.given != nil && l == o.handed {
		o.given(e)
		return
	}
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
	case sip.Refer:
		o.refer(l, e)
	case sip.Ended:
		switch {
		case l == o.caller, l == o.callee:
			o.stop(sip.Reason{Q850: normalClearing})
		case o.passing != nil && l == o.passing.by:
			o.passing.by = nil
			o.disengage()
		}
	}
}

// heard takes what the sound of an end says.
func (o *officeCall) heard(l *line, e media.Event) {
	if o.givenSound != nil && l == o.handed {
		o.givenSound(e)
		return
	}
	switch e := e.(type) {
	case media.Silent:
		if l == o.callee || l == o.caller && (o.callee != nil || o.passing != nil) {
			l.ask()
		}
	case media.Played:
		if l == o.caller && o.saying != nil && e.Playing == o.saying {
			o.stop(sip.Reason{Q850: normalClearing})
		}
	case media.Key:
		if p := o.other(l); p != nil && !p.has(e.Passed) {
			p.press(string(e.Digit))
		}
	}
}

// other is who talks with an end; nil before somebody does.
func (o *officeCall) other(l *line) *party {
	switch {
	case o.callee == nil, o.handed != nil:
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
		o.progress(180)
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
	o.passed()
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
	o.outcome(l.place, became)
	if became == office.Declined { // one who declines does so for all its phones
		o.rung = slices.DeleteFunc(o.rung, func(other *line) bool {
			same := other.place == l.place
			if same {
				other.leg.Hangup(takenElsewhere)
			}
			return same
		})
	}
	if len(o.rung) == 0 {
		o.next()
	}
}

// seat lets the two ends hear each other; who is on hold hears music.
func (o *officeCall) seat() {
	if o.callee == nil || o.handed != nil {
		return
	}
	for _, l := range []*line{o.caller, o.callee} {
		o.seats(l, o.other(l).line.holds)
	}
}

// seats lets an end hear the other one, or music.
func (o *officeCall) seats(l *line, waits bool) {
	role, hears := media.Talk, silence
	if waits {
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

// refuse ends a call that nobody takes; one that was to be transferred goes on.
func (o *officeCall) refuse(code int, headers ...wire.Header) {
	if o.passing != nil {
		o.notPassed(code)
		return
	}
	o.caller.leg.Reject(code, sip.Reason{}, headers...)
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
	for _, l := range []*line{o.caller, o.callee, o.passer()} {
		if l != nil && l != o.handed {
			l.leg.Hangup(why)
			if l.rtp != nil {
				l.rtp.Close()
			}
			o.gone(l, why)
		}
	}
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

// mayCall says whether a user may call outside numbers.
func (o *officeCall) mayCall(user string) bool {
	if user == "" {
		return false
	}
	ctx, cancel := context.WithTimeout(context.Background(), handsetWithin)
	defer cancel()
	ok, err := o.s.Agents.MayCall(ctx, o.from.Tenant, user)
	if err != nil {
		o.s.Log.Warn("it is not known what a phone's user may do", "tenant", o.from.Tenant, "phone", o.from.ID, "code", errs.As(err).Code)
	}
	return ok && err == nil
}
