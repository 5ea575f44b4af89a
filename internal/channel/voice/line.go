package voice

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/voice/sip"
	"nubitalk/internal/media"
	"nubitalk/internal/media/negotiate"
)

// keyLasts is how long a key is said to be pressed where it goes by INFO.
const keyLasts = 160 * time.Millisecond

// line is a party's telephone: its signalling and its sound.
type line struct {
	s      *Service
	leg    *sip.Leg
	rtp    *media.RTPLeg
	trunk  string
	number secret.Text // of the other end
	over   func()      // gives back what Network counted
	out    *leaving    // how it left, of one that answered; nil: it did not leave, or is of a call that is work
	ends   time.Time   // when it has to end if no other call uses its trunk's minutes; zero: no bound

	// Service.mu's: whether it ended, and by which leg it is known.
	ended   bool
	knownBy *sip.Leg

	mu     sync.Mutex
	office *officeCall // of a call that rings phones; call is nil then
	call   *call       // nil until it has one
	meter  *meter      // pays for its trunk's minutes; nil where they are not bounded
	done   bool        // it ended
	once   sync.Once

	// The call's.
	party    *party
	dialing  *dialing  // that it is an attempt of
	handset  *handset  // of an agent's phone; nil of the call's person
	comeback *comeback // of a phone that parked the call and is rung
	referred bool      // it asked for the call to be transferred or parked, and awaits how that goes
	place    int       // of the lines that are rung for a call to phones
	rang     bool      // it, by its own word
	holds    bool      // the agent holds at the phone
	offers   bool      // our offer waits for the other end's answer
	asking   bool      // whether it is still there was asked, and not answered
}

// end gives back what the network counted.
func (l *line) end() {
	l.once.Do(func() {
		l.s.unknow(l)
		l.mu.Lock()
		l.done = true
		if l.meter != nil {
			close(l.meter.stop)
		}
		l.mu.Unlock()
		if l.rtp != nil {
			l.rtp.Close()
		}
		if l.over != nil {
			l.over()
		}
	})
}

// describe gives the body that answers an offer, or an offer where there is none.
func (l *line) describe(offer sip.Body) (sip.Body, error) {
	if offer.Empty() {
		b, err := l.rtp.Offer()
		l.offers = true
		return sip.SDP(b), err
	}
	if offer.Type != "application/sdp" {
		return sip.Body{}, errs.New(errs.Unsupported, "The call's description is of a kind that is not known.")
	}
	b, err := l.rtp.Answer(offer.Data)
	if errors.Is(err, negotiate.ErrMalformed) {
		err = errs.Wrap(errs.Invalid, err, "The call's description makes no sense.")
	}
	return sip.SDP(b), err
}

// warning is the Warning field for a description that cannot be taken (RFC 3261
// §20.43).
func warning(r negotiate.Refusal) string {
	return fmt.Sprintf("%d nubitalk %q", r.Warning(), r.Error())
}

// join gives the line its call; false where that is over already.
func (l *line) join(c *call, body sip.Body) bool {
	l.mu.Lock()
	l.call = c
	l.mu.Unlock()
	return c.mail.put(func() { c.answerLine(l, body) })
}

// post has the line's call do something.
func (l *line) post(fn func(*call)) {
	l.mu.Lock()
	c := l.call
	l.mu.Unlock()
	if c != nil {
		c.post(func() { fn(c) })
	}
}

// told takes what the signalling says (sip.Leg.Events).
func (l *line) told(e sip.Event) {
	l.mu.Lock()
	o, c := l.office, l.call
	over := o != nil && !o.mail.put(func() { o.told(l, e) })
	l.mu.Unlock()
	switch {
	case over:
		l.leg.Hangup(sip.Reason{Q850: normalClearing})
	case o == nil && c != nil:
		c.post(func() { c.lineTold(l, e) })
	}
	switch e.(type) {
	case sip.Ended, sip.Failed:
		l.end()
	}
}

// heard takes what the sound says (media.Listener). That the other end is there
// says its signalling.
func (l *line) heard(e media.Event) {
	if _, first := e.(media.Connected); first {
		return
	}
	l.mu.Lock()
	o := l.office
	if o != nil {
		o.post(func() { o.heard(l, e) })
	}
	l.mu.Unlock()
	if o != nil {
		return
	}
	l.post(func(c *call) { c.lineHeard(l, e) })
}

// lineHeard takes what a telephone's sound says.
func (c *call) lineHeard(l *line, e media.Event) {
	if l.party != nil {
		c.heard(l.party, e)
	}
}

// answerLine makes a telephone that calls the call's caller.
func (c *call) answerLine(l *line, body sip.Body) {
	if c.caller != nil || c.leaving && !c.menu.talking() {
		l.leg.Reject(480, sip.Reason{})
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
	l.leg.Answer(body)
	c.settle()
}

// lineTold takes what a telephone's signalling says.
func (c *call) lineTold(l *line, e sip.Event) {
	if l.handset != nil {
		c.phoneTold(l, e)
		return
	}
	if l.party != nil && c.backTold(l, e) || l.party == nil || !c.current(l.party) {
		return
	}
	switch e := e.(type) {
	case sip.Acknowledged:
		if l.take(e.Body) {
			c.lineUp(l)
			if l.party == c.outside.party && c.outside.taken && !c.handed() {
				c.takenBack()
			}
		}
	case sip.Offered:
		l.reoffered(e.Body)
		if held := l.rtp.Held(); l.party == c.outside.party && isPhone(l.trunk) && held != l.holds {
			l.holds = held
			c.settle()
		}
		c.remember(l.party)
	case sip.Accepted:
		l.asking = false
		if l.take(e.Body) {
			c.lineUp(l) // taken up after a restart
			c.remember(l.party)
		}
	case sip.Refused:
		l.asking, l.offers = false, false
	case sip.Ringing:
		c.rings(l, e.Code)
	case sip.EarlyMedia:
		c.early(l, e)
	case sip.Answered:
		c.calleeAnswered(l, e)
	case sip.Failed:
		c.failed(l, e)
	case sip.Digit:
		if l.party == c.caller && e.Key != '!' {
			c.informed(l.party, e.Key)
		}
	case sip.Refer:
		l.leg.RefuseRefer(603)
	case sip.Ended:
		c.exit(l.party, endedBy(e.By), e.Reason)
		l.party.sound = SoundLost
		switch l.party {
		case c.caller:
			c.absence++
			c.left()
		case c.outside.party:
			c.outsideLeft()
		}
		c.settle()
	}
}

// lineUp says that a telephone hears and is heard, as far as its signalling knows.
func (c *call) lineUp(l *line) {
	if l.party.sound != SoundConnected {
		c.heard(l.party, media.Connected{})
	}
}

// take takes the answer to our offer, if there was one; a call whose answer makes
// no sense is hung up.
func (l *line) take(answer sip.Body) bool {
	if !l.offers || answer.Empty() {
		return true
	}
	l.offers = false
	if err := l.rtp.Accept(answer.Data); err != nil {
		l.leg.Hangup(sip.Reason{SIP: 488})
		return false
	}
	return true
}

// reoffered answers a changed session: hold, another address, a refresh.
func (l *line) reoffered(offer sip.Body) {
	body, err := l.describe(offer)
	if err != nil {
		l.leg.RefuseOffer(488)
		return
	}
	l.leg.AnswerOffer(body)
}

// ask asks the other end whether it is still there, by offering the session anew:
// one whose BYE was lost knows nothing of the call.
func (l *line) ask() {
	if l.asking {
		return
	}
	body, err := l.rtp.Offer()
	if err != nil {
		return
	}
	l.asking, l.offers = true, true
	l.leg.Reinvite(sip.SDP(body))
}

// press sends keys to a party; no says that it cannot take them.
func (p *party) press(keys string) bool {
	if p.leg.Press(keys) {
		return true
	}
	if p.line == nil || len(keys) > maxKeyed {
		return false
	}
	for _, k := range []byte(keys) {
		p.line.leg.Dial(k, keyLasts)
	}
	return true
}
