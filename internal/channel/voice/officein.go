package voice

import (
	"context"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/voice/sip"
	"nubitalk/internal/core/office"
	"nubitalk/internal/media"
	"nubitalk/internal/media/audio"
)

// ringsIn takes a call from outside whose number rings a phone or a ring group.
func (s *Service) ringsIn(l *line, route Route, ring Ring, body sip.Body) error {
	if s.Phones == nil {
		return errs.New(errs.Conflict, "Nothing answers at this number.")
	}
	all := s.Phones.Extensions(route.Tenant)
	extension := all.Of(route.Rings)
	if extension == "" {
		return errs.New(errs.Conflict, "Nothing answers at this number.")
	}
	o := &officeCall{s: s, mail: newMailbox(), ended: make(chan struct{}), body: body,
		ends: ends{from: Phone{ID: route.Trunk, Tenant: route.Tenant, Media: route.Media}, caller: l, display: ring.Display}}
	l.party = &party{leg: l.rtp, line: l}
	if !s.admits(o) {
		return errs.New(errs.Unavailable, "No call is taken any more.")
	}
	l.mu.Lock()
	l.office = o
	l.mu.Unlock()
	o.post(func() { o.search(all, extension) })
	return nil
}

// shows is the name that phones show which are rung: who calls, and which group or
// whose forwarded extension was called. Who calls from outside stays
// unknown to them: their lists of calls would keep it.
func (o *officeCall) shows() string {
	who := o.from.Name
	if o.from.Account == "" {
		who = o.s.Network.Name(o.from.ID)
	}
	called := o.step.Group
	switch {
	case len(o.step.By) > 0: // whom the caller wanted, before the call was forwarded
		called = o.phoneName(o.step.By[0].Phone)
	case called == "" && o.passing != nil:
		called = o.passing.phone.Name
	}
	switch {
	case called == "":
		return who
	case o.from.Account == "":
		return called
	default:
		return who + " · " + called
	}
}

// arriveAt lets the call go on at an entry point, as work of the floor's. Who
// calls from a phone is on it meanwhile.
func (o *officeCall) arriveAt(entryPoint string) {
	ctx, cancel := context.WithTimeout(context.Background(), arriveWithin)
	defer cancel()
	display := o.display
	if o.from.Account != "" {
		display = secret.New(o.from.Name)
	}
	o.begins(ctx, Beginning{Tenant: o.from.Tenant, EntryPoint: entryPoint, Number: o.caller.number, Display: display})
}

// takeMessage has a message taken for a user whose phone nobody picked up.
func (o *officeCall) takeMessage(step office.Step) {
	ctx, cancel := context.WithTimeout(context.Background(), arriveWithin)
	defer cancel()
	b := Beginning{Tenant: o.from.Tenant, Mailbox: step.User, Greeting: step.Words, Number: o.caller.number, Display: o.display}
	if o.from.Account != "" {
		b.Display = secret.New(o.from.Name)
	}
	o.begins(ctx, b)
}

// begins lets the call go on as an interaction.
func (o *officeCall) begins(ctx context.Context, b Beginning) {
	who, err := o.s.Written.Begin(ctx, b)
	if err != nil {
		code, headers := refusal(err)
		o.refuse(code, headers...)
		return
	}
	c := o.s.find(who.Tenant, who.Interaction)
	if c == nil { // it was closed as it came: out of hours, without words
		o.refuse(480)
		return
	}
	talked := o.passing != nil
	o.passed()
	o.hand(c, talked)
	o.s.engageFor(c, o.from.User)
	o.stop(sip.Reason{})
}

// engageFor counts a call that a user began at a phone and that is work of the
// floor's, until it is over.
func (s *Service) engageFor(c *call, user string) {
	s.engage(c.who.Tenant, user, 1)
	s.running.Go(func() {
		<-c.ended
		s.engage(c.who.Tenant, user, -1)
	})
}

// hand gives the caller to a call, with all that was told of it and is not done
// yet, in its order. talked: it is transferred there.
func (o *officeCall) hand(c *call, talked bool) {
	l, left := o.caller, o.caller.out != nil
	take := func() { c.answerLine(l, o.body) }
	if talked {
		o.bridge.Leave(l.rtp)
		o.gone(l, sip.Reason{Q850: normalClearing})
		take = func() { c.waits(l, left) }
	}
	o.give(l, c, take)
}

// give gives an end to a call, which begins with what take does.
func (o *officeCall) give(l *line, c *call, take func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	rest := append(o.batch, o.mail.take()...)
	o.batch, o.handed = nil, l
	o.given = func(e sip.Event) { c.post(func() { c.lineTold(l, e) }) }
	o.givenSound = func(e media.Event) { c.post(func() { c.lineHeard(l, e) }) }
	l.office, l.call = nil, c
	if !c.mail.put(take) {
		l.leg.Reject(480, sip.Reason{})
		l.leg.Hangup(sip.Reason{Q850: normalClearing})
	}
	for _, fn := range rest {
		fn()
	}
}

// sayLast tells the caller why nobody answers, and ends the call.
func (o *officeCall) sayLast(w office.Words) {
	if o.passing != nil && !o.passing.recalled { // who transfers is told instead
		o.refuse(480)
		return
	}
	this := o.turn
	o.s.running.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), arriveWithin)
		defer cancel()
		pcm, err := o.s.sound(ctx, o.from.Tenant, w.Prompt, w.Language, w.Text)
		o.post(func() {
			switch {
			case o.turn != this:
			case err != nil || len(pcm) == 0:
				if err != nil && !errs.Is(err, errs.NotFound) {
					o.s.Log.Warn("a call that nobody answered could not be told so", "tenant", o.from.Tenant, "prompt", w.Prompt, "code", errs.As(err).Code)
				}
				o.refuse(480)
			default:
				o.caller.leg.Answer(o.body)
				o.saying = o.caller.rtp.Play(audio.NewClip(pcm))
			}
		})
	})
}
