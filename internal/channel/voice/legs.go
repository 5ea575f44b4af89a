package voice

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/voice/sip"
	"nubitalk/internal/channel/voice/sip/auth"
	"nubitalk/internal/channel/voice/sip/dialog"
	"nubitalk/internal/media"
	"nubitalk/internal/media/negotiate"
	"nubitalk/internal/media/quality"
	"nubitalk/internal/store"
)

// Ways in which a party takes part in a call.
const (
	byBrowser = "browser"
	byTrunk   = "trunk"
	byPhone   = "phone" // one of the house's
)

// callee is the part of a person whom an agent called.
const callee = "callee"

// Who ended a party's part, where the signalling does not say.
const (
	endedHere    = "us"
	endedRestart = "restart"
)

// leg is what is noted of one party's part.
type leg struct {
	row    store.LegRow
	number secret.Text
	dialog secret.Bytes
}

// note has a party's leg written as it is now.
func (c *call) note(p *party) {
	if c.s.DB != nil {
		c.s.scribe.note(c.who.Tenant, noted{who: c.who, leg: p.noted})
	}
}

// Notes is how what is noted of calls fares.
func (s *Service) Notes() NoteStats { return s.scribe.stats() }

func (s *Service) notNoted(t id.Tenant, n noted, why error) {
	if n.office != nil {
		s.Log.Warn("a phone's call was not noted", "tenant", t, "phone", n.office.PhoneID, "code", errs.As(why).Code)
		return
	}
	s.Log.Warn("a leg of a call was not noted", "tenant", t, "interaction", n.who.Interaction, "code", errs.As(why).Code)
}

// putLegs writes legs of a tenant, and its phones' calls.
func (s *Service) putLegs(t id.Tenant, all []noted) error {
	ctx := context.Background()
	var rows []store.LegRow
	var office []store.OfficeCallRow
	for _, n := range all {
		if n.office != nil {
			office = append(office, *n.office)
			continue
		}
		var err error
		if n.leg.row.AddressSealed, err = s.sealLeg(ctx, n.who, addressAt(n.leg.row.ID), []byte(n.leg.number.Reveal())); err != nil {
			return err
		}
		if n.leg.row.DialogSealed, err = s.sealLeg(ctx, n.who, dialogAt(n.leg.row.ID), n.leg.dialog.Reveal()); err != nil {
			return err
		}
		rows = append(rows, n.leg.row)
	}
	return s.DB.Write(ctx, t, func(tx *store.Tx) error {
		for _, r := range rows {
			if err := tx.PutLeg(r); err != nil {
				return err
			}
		}
		for _, r := range office {
			if err := tx.PutOfficeCall(r); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *Service) sealLeg(ctx context.Context, who Caller, place string, plain []byte) (secret.Sealed, error) {
	if len(plain) == 0 {
		return nil, nil
	}
	return s.Vault.SealContact(ctx, who.Tenant, who.Contact, place, plain)
}

// Places of sealed values of a leg.
func addressAt(leg string) string { return "call_legs.address/" + leg }
func dialogAt(leg string) string  { return "call_legs.dialog/" + leg }

// enter notes that a party takes part from now on.
func (c *call) enter(p *party, way string) {
	now := c.s.Clock.Now()
	p.noted = leg{row: store.LegRow{ID: c.s.IDs.New(id.Leg), InteractionID: c.who.Interaction, Part: c.partIn(p), UserID: p.user, Way: way, StartedAt: now}}
	if p.line != nil {
		p.noted.row.TrunkID, p.noted.number = p.line.trunk, p.line.number
	}
}

// partIn is what a party does in the call as it stands.
func (c *call) partIn(p *party) string {
	user := p.user
	switch {
	case p.outside:
		return outsider
	case user == "":
		return "caller"
	case c.monitors[user] != "":
		return "supervisor"
	case user != c.work.Agent && slices.Contains(c.work.Others, user):
		return "colleague"
	}
	return "agent"
}

// answered notes that a party is heard and hears.
func (c *call) answered(p *party) {
	if !p.noted.row.AnsweredAt.IsZero() {
		return
	}
	p.noted.row.AnsweredAt = c.s.Clock.Now()
	if p.line == nil {
		c.note(p)
		return
	}
	if s := p.line.rtp.Secure(); s != negotiate.None {
		p.noted.row.Suite = s.String()
	}
	c.remember(p)
}

// remember has what a telephone's call goes on with after a restart written.
func (c *call) remember(p *party) {
	l := p.line
	l.leg.Snapshot(func(b secret.Bytes) {
		l.post(func(c *call) {
			if p.noted.row.EndedAt.IsZero() && len(b.Reveal()) > 0 {
				p.noted.dialog = kept(b, l.rtp.Origin(), l.ends)
				c.note(p)
			}
		})
	})
}

// exit notes that a party's part is over.
func (c *call) exit(p *party, by string, why sip.Reason) {
	r := &p.noted.row
	if !r.EndedAt.IsZero() {
		return
	}
	r.EndedAt, r.EndedBy, r.SIPCode, r.Q850 = c.s.Clock.Now(), by, why.SIP, why.Q850
	heard(r, p.leg.Quality())
	p.noted.dialog = secret.Bytes{}
	c.note(p)
}

// heard notes how well a call was heard, by the worse direction.
func heard(r *store.LegRow, q quality.Quality) {
	worse := q.In
	if q.Out.Packets > 0 && q.Out.MOS > 0 && (worse.MOS == 0 || q.Out.MOS < worse.MOS) {
		worse = q.Out
	}
	r.Lost, r.Jitter, r.RoundTrip, r.MOS = int(worse.Loss()*1e6), int(worse.Jitter.Microseconds()), int(q.RoundTrip.Microseconds()), int(worse.MOS*100+0.5)
}

// keptDialog is what a telephone's call goes on with after a restart.
type keptDialog struct {
	Dialog  []byte          `json:"dialog"`
	Session uint64          `json:"session"` // of our session descriptions (RFC 4566 o=)
	Version uint64          `json:"version"`
	Suite   negotiate.Suite `json:"suite,omitempty"`
	Key     []byte          `json:"key,omitempty"` // ours
	MKI     string          `json:"mki,omitempty"`
	Ends    time.Time       `json:"ends,omitzero"` // when its trunk's minutes are used up
}

func (k keptDialog) origin() negotiate.Origin {
	return negotiate.Origin{ID: k.Session, Version: k.Version, Suite: k.Suite, Own: negotiate.Key{Material: secret.NewBytes(k.Key), MKI: k.MKI}}
}

func kept(dialog secret.Bytes, o negotiate.Origin, ends time.Time) secret.Bytes {
	b, err := json.Marshal(keptDialog{dialog.Reveal(), o.ID, o.Version, o.Suite, o.Own.Material.Reveal(), o.Own.MKI, ends})
	if err != nil {
		return secret.Bytes{}
	}
	return secret.NewBytes(b)
}

// revive goes on with the calls of telephones that the last process left. Those
// whose work has ended are hung up.
func (s *Service) revive(t id.Tenant) {
	if s.DB == nil {
		return
	}
	before := s.Clock.Now()
	select {
	case <-s.begun:
	case <-s.halting:
		return
	}
	defer s.allTakenUp(t)
	s.endLeft(t, before)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	type open struct {
		store.LegRow
		of store.InteractionRow
	}
	var legs []open
	err := s.DB.Read(ctx, t, func(tx *store.Tx) error {
		legs = legs[:0]
		rows, err := tx.OpenLegs()
		for _, r := range rows {
			it, err := tx.Interaction(r.InteractionID)
			if err != nil {
				return err
			}
			legs = append(legs, open{r, it})
		}
		return err
	})
	if err != nil {
		s.Log.Error("calls of telephones were not taken up again", "tenant", t, "code", errs.As(err).Code)
		return
	}
	for _, l := range legs {
		if l.Part == outsider && l.of.Outside && !l.of.ClosedAt.IsZero() {
			s.goOn(Caller{Tenant: t, Interaction: l.InteractionID, Contact: l.of.ContactID, Language: l.of.Language}, l.of.QueueID)
		}
	}
	for _, l := range legs {
		who := Caller{Tenant: t, Interaction: l.InteractionID, Contact: l.of.ContactID}
		if c := s.find(t, l.InteractionID); c != nil && l.Stands != "" {
			c.post(func() { c.standAgain(l.Stands) })
		}
		if err := s.reviveLeg(ctx, who, l.LegRow); err != nil {
			if l.Way != byBrowser { // browsers connect anew
				s.Log.Warn("a call of a telephone was not taken up again", "tenant", t, "interaction", l.InteractionID, "code", errs.As(err).Code)
			}
			l.EndedAt, l.EndedBy = s.Clock.Now(), endedRestart
			s.scribe.note(t, noted{who: who, leg: leg{row: l.LegRow}})
		}
	}
}

// reviveLeg goes on with a leg, or says why not.
func (s *Service) reviveLeg(ctx context.Context, who Caller, row store.LegRow) error {
	if s.mine(who, row.ID) {
		return nil
	}
	if row.Way == byBrowser || len(row.DialogSealed) == 0 || s.sip == nil {
		return errs.New(errs.Gone, "It connects anew.")
	}
	plain, err := s.Vault.OpenContact(ctx, who.Tenant, who.Contact, dialogAt(row.ID), row.DialogSealed)
	if err != nil {
		return err
	}
	number, err := s.Vault.OpenContact(ctx, who.Tenant, who.Contact, addressAt(row.ID), row.AddressSealed)
	if err != nil && len(row.AddressSealed) > 0 {
		return err
	}
	var k keptDialog
	if err := json.Unmarshal(plain.Reveal(), &k); err != nil {
		return errs.Wrap(errs.Internal, err, "What was kept of the call cannot be read.")
	}
	var policy negotiate.Policy
	var credentials auth.Credentials
	var over func()
	if row.Way == byPhone {
		policy, err = s.policyAgain(who.Tenant, row.TrunkID)
	} else {
		policy, credentials, over, err = s.Network.Again(ctx, who.Tenant, row.TrunkID, row.Part == outsider || row.Part == callee)
	}
	if err != nil && !errs.Is(err, errs.NotFound) {
		return err
	}
	l := &line{s: s, trunk: row.TrunkID, number: secret.New(string(number.Reveal())), over: over, ends: k.Ends}
	if row.Way == byPhone && row.UserID != "" {
		l.handset = &handset{user: row.UserID}
	}
	restored, restoreErr := s.sip.Restore(secret.NewBytes(k.Dialog), credentials, l.told)
	if restoreErr != nil {
		l.end()
		return restoreErr
	}
	l.leg = restored
	c := s.find(who.Tenant, who.Interaction)
	if err == nil && c != nil {
		l.rtp, err = s.Media.NewRTP(media.RTPConfig{Policy: policy, Latch: policy.Security == negotiate.Required, Origin: k.origin(), Lasted: s.Clock.Now().Sub(row.StartedAt) + time.Minute, Listener: l.heard})
	}
	if err != nil || c == nil || !l.joinAgain(c, row) {
		restored.Hangup(sip.Reason{Q850: normalClearing})
		l.end()
		return errs.New(errs.Gone, "Its work has ended.")
	}
	if row.Way == byPhone && row.UserID == "" { // the caller's own
		if ph, ok := s.Phones.PhoneByID(who.Tenant, row.TrunkID); ok {
			s.engageFor(c, ph.User)
		}
	}
	return nil
}

// mine says whether a leg is one that this process runs.
func (s *Service) mine(who Caller, leg string) bool {
	c := s.find(who.Tenant, who.Interaction)
	if c == nil {
		return false
	}
	found := false
	_ = c.ask(context.Background(), func() error { // a call that is over has none
		for _, p := range c.parties() {
			found = found || p.noted.row.ID == leg
		}
		return nil
	})
	return found
}

// joinAgain gives a line that was revived its place in the call.
func (l *line) joinAgain(c *call, row store.LegRow) bool {
	l.mu.Lock()
	l.call = c
	l.mu.Unlock()
	return c.ask(context.Background(), func() error {
		p := &party{outside: row.Part == outsider, leg: l.rtp, line: l, sound: SoundConnecting, noted: leg{row: row, number: l.number}}
		if l.handset != nil {
			p.user = l.handset.user
		}
		switch {
		case c.leaving,
			p.outside && c.work.Parked, // a phone that was about to have it
			p.user != "" && (!c.belongs(p.user) || c.agents[p.user] != nil),
			p.user == "" && (p.outside && c.outside.party != nil || !p.outside && c.caller != nil):
			return gone()
		}
		l.party = p
		l.party.noted.row.AddressSealed, l.party.noted.row.DialogSealed = nil, nil
		switch {
		case p.user != "":
			c.agents[p.user], c.standing = p, HandsetConnected
		case p.outside:
			c.outside.party = p
		default:
			c.caller = p
			c.absence++ // the telephone says when it is gone
		}
		c.bound(l)
		l.ask()
		c.settle()
		return nil
	}) == nil
}

// endedBy is who ended a dialog, as it is noted.
func endedBy(e dialog.End) string {
	switch e {
	case dialog.ByThem, dialog.ByCancel:
		return "them"
	case dialog.ByUs:
		return endedHere
	case dialog.ByTimer, dialog.ByNoAck, dialog.ByGone, dialog.ByUnreachable:
		return "lost"
	}
	return ""
}
