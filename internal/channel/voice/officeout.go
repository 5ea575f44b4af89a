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
	"nubitalk/internal/channel/voice/sip/gateway"
	"nubitalk/internal/core/office"
	"nubitalk/internal/core/privacy"
	"nubitalk/internal/media"
	"nubitalk/internal/media/negotiate"
	"nubitalk/internal/store"
)

// leaver is on whose account a call leaves: the phone that dialled, or that whose
// calls are forwarded.
type leaver struct {
	user, phone string
	forwarded   bool
}

// leaving is a call of a phone that leaves by a trunk.
type leaving struct {
	by        leaver
	emergency bool
	attempts  []Attempt // those still to be tried, the running one not among them
	now       Attempt
	alive     bool // the gateway said something
	row       store.OfficeCallRow
	called    string // the number's last digits, to know the call again
}

// leave calls an outside number, as far as the user may on whose account it leaves
// and the trunks' rules let it out. Emergency numbers may be called from every
// phone, but nobody's calls go on there.
func (o *officeCall) leave(number secret.Text, by leaver) {
	ctx, cancel := context.WithTimeout(context.Background(), arriveWithin)
	defer cancel()
	way, err := o.s.Network.Leaves(ctx, Wish{Tenant: o.from.Tenant, To: number})
	if err == nil && (way.Emergency && by.forwarded || !way.Emergency && !o.mayCall(by.user)) {
		err = errs.New(errs.Forbidden, "The phone's user may not call outside numbers.")
	}
	switch {
	case err != nil && by.forwarded:
		o.s.Log.Info("a call was not forwarded outside", "tenant", o.from.Tenant, "phone", by.phone, "code", errs.As(err).Code)
		o.notForwarded(office.Barred)
		return
	case err != nil:
		code, headers := officeRefusal(err)
		o.refuse(code, headers...)
		return
	}
	o.out = &leaving{by: by, emergency: way.Emergency, attempts: way.Attempts, called: privacy.LastDigits(way.To.Reveal())}
	o.attempt()
}

// attempt tries the next gateway; when none is left, the number was not reached.
func (o *officeCall) attempt() {
	out := o.out
	for len(out.attempts) > 0 {
		out.now, out.attempts, out.alive = out.attempts[0], out.attempts[1:], false
		o.turn++
		err := o.by(out.now)
		if err == nil {
			o.wait()
			return
		}
		o.s.Log.Warn("a phone's call did not leave", "tenant", o.from.Tenant, "phone", out.by.phone, "trunk", out.now.Trunk, "code", errs.As(err).Code)
	}
	o.unreached(503, office.Barred)
}

// unreached ends a call that nobody outside took; one that was forwarded goes on.
func (o *officeCall) unreached(code int, became office.Outcome) {
	if o.out.by.forwarded {
		o.notForwarded(became)
		return
	}
	o.refuse(code)
}

// by calls by a gateway.
func (o *officeCall) by(a Attempt) error {
	over, ok := a.Take()
	if !ok {
		return errs.New(errs.Limited, "The trunk has as many calls as it may.")
	}
	l := &line{s: o.s, office: o, trunk: a.Trunk, over: over, offers: true}
	if err := l.prepare(a.Media, a.Media.Security == negotiate.Required); err != nil {
		return err
	}
	out := o.out
	out.row = store.OfficeCallRow{ID: o.s.IDs.New(id.Leg), UserID: out.by.user, PhoneID: out.by.phone, Forwarded: out.by.forwarded, TrunkID: a.Trunk, Emergency: out.emergency, Counts: a.Counts, Called: out.called, StartedAt: o.s.Clock.Now()}
	return o.send(l, dialog.Outgoing{To: a.To, From: a.From, ContactUser: a.ContactUser, Hop: a.Hop, Headers: append(slices.Clone(a.Headers), o.diverted(a.From)...), Credentials: a.Credentials})
}

// wait bounds how long a gateway may be silent, and how long it rings.
func (o *officeCall) wait() {
	out := o.out
	silent := func() {
		if !out.alive && len(o.rung) == 1 {
			l := o.rung[0]
			l.leg.Hangup(sip.Reason{})
			o.failed(l, sip.Failed{Code: 408})
		}
	}
	if len(out.attempts) > 0 {
		o.later(lifeWithin, silent)
	}
	o.later(2*lifeWithin, silent)
	o.later(office.RingFor, func() {
		o.hush(sip.Reason{})
		o.unreached(480, office.NoAnswer)
	})
}

// early lets the caller hear what the network says before an answer, if it can. What is
// described then holds in any case: the answer need not say it again (RFC 3261 §13.2.1).
func (o *officeCall) early(l *line, e sip.EarlyMedia) {
	if o.out == nil || len(o.rung) != 1 || o.rung[0] != l || l.rtp.Accept(e.Body.Data) != nil || o.body.Empty() || o.caller.offers {
		o.alive(l, 180)
		return
	}
	o.out.alive = true
	if !o.rings {
		o.rings = true
		o.caller.leg.Progress(183, o.body)
	}
	for _, one := range []*line{o.caller, l} {
		_ = o.bridge.Join(one.rtp, media.Talk) // a leg that is closed says so by its events
	}
}

// notCarried tries the next gateway where this one did not carry the call, and
// gives up where the person was reached.
func (o *officeCall) notCarried(e sip.Failed) {
	out := o.out
	out.now.Went(e.Code, e.RetryAfter)
	if gateway.Falls(e.Code) && len(out.attempts) > 0 {
		o.attempt()
		return
	}
	code := e.Code
	if code < 400 || code > 699 || code == 401 || code == 407 || code == 487 { // what is between the gateway and us is no phone's business
		code = 480
	}
	became := office.NoAnswer
	switch code {
	case 486, 600:
		became = office.Busy
	case 603, 607:
		became = office.Declined
	}
	o.unreached(code, became)
}

// left notes that a call left and was answered.
func (o *officeCall) left() {
	out, l := o.out, o.callee
	out.now.Went(0, 0)
	out.row.AnsweredAt = o.s.Clock.Now()
	l.out = out
	o.note(out)
	if most := out.now.Most; most > 0 {
		l.ends = out.row.AnsweredAt.Add(most)
		o.bound(l)
	}
}

// bound has an end pay for its trunk's minutes, if they are bounded.
func (o *officeCall) bound(l *line) {
	if l.ends.IsZero() || l.out == nil {
		return
	}
	row := l.out.row
	l.pays(o.from.Tenant, Minutes{Record: row.ID, Trunk: row.TrunkID, Counts: row.Counts, StartedAt: row.StartedAt, AnsweredAt: row.AnsweredAt})
}

// gone notes that an end is in the call no more, if it left by a trunk.
func (o *officeCall) gone(l *line, why sip.Reason) {
	if l.out != nil {
		l.out.row.EndedAt, l.out.row.Q850 = o.s.Clock.Now(), why.Q850
		o.note(l.out)
	}
}

// note has what is noted of a call written; what is noted last stays.
func (o *officeCall) note(out *leaving) {
	if o.s.DB != nil {
		row := out.row
		o.s.scribe.note(o.from.Tenant, noted{office: &row})
	}
}

// endLeft ends what a process noted that is no more: calls of phones do not go on
// after a restart. before is when the tenant came here.
func (s *Service) endLeft(t id.Tenant, before time.Time) {
	if err := s.DB.Write(context.Background(), t, func(tx *store.Tx) error { return tx.EndOfficeCalls(before, s.Clock.Now()) }); err != nil {
		s.Log.Warn("calls of phones that a restart cut off are not noted as ended", "tenant", t, "code", errs.As(err).Code)
	}
}
