package dialog

import (
	"strconv"
	"strings"
	"time"

	"nubitalk/internal/channel/voice/sip/wire"
)

// offers is who waits for whose answer (RFC 3264 over RFC 3261 §14, RFC 3311).
type offers struct {
	ours     *clientTx // our re-INVITE or UPDATE
	theirs   *serverTx // their re-INVITE, UPDATE or PRACK, which waits for our owner
	offering bool      // a response of ours made an offer that is not answered
	wanted   *want     // what goes out when nothing is in its way
	retryAt  time.Time // not before, after 491
	owed     *owed     // an ACK or PRACK that waits for the owner's answer
	last     Body      // what we described last
	remoteSD Body      // what they described last
}

type want struct {
	body    Body
	refresh bool
}

type owed struct {
	invite *clientTx // the 2xx to it made an offer
	prack  *wire.Message
	to     Target
	peer   *peer
}

func (l *Leg) sent(b Body) { l.last = b }
func (l *Leg) got(b Body)  { l.remoteSD = b }

// Reinvite offers a changed session: hold, resume, another address. Accepted or
// Refused follows. An empty body asks the other end for an offer, which comes as
// Offered. A later call takes the place of an earlier one that was not sent yet.
func (l *Leg) Reinvite(body Body) {
	if l.state == Over {
		return
	}
	l.wanted = &want{body: body}
	l.nextOffer()
}

// free says whether an offer may be made now.
func (l *Leg) free() bool {
	return l.state == Standing && l.ours == nil && l.theirs == nil && !l.offering && l.owed == nil && l.retryAt.IsZero() && len(l.acks) == 0
}

func (l *Leg) nextOffer() {
	w := l.wanted
	if w == nil || !l.free() {
		return
	}
	l.wanted = nil
	method, why := wire.Invite, forOffer
	if w.refresh {
		why = forRefresh
		if l.peer.allows(wire.Update) {
			method = wire.Update
			w.body = Body{}
		} else {
			w.body = l.last
		}
	}
	m, to := l.make(method, l.peer)
	l.sessionAsk(m)
	w.body.put(m)
	l.ours = l.request(m, to, why)
	l.ours.peer, l.ours.body, l.ours.tries = l.peer, w.body, 0
}

// offerAnswered handles the final response to our re-INVITE or UPDATE.
func (l *Leg) offerAnswered(tx *clientTx, m *wire.Message) {
	if tx.state == accepted && l.ours != tx {
		return // a repeated 2xx
	}
	l.ours = nil
	body := bodyOf(m)
	refresh := tx.purpose == forRefresh
	switch {
	case m.Code < 300:
		l.sessionGiven(m)
		if !tx.body.Empty() {
			l.last = tx.body
		}
		if tx.method == wire.Invite && tx.body.Empty() && !body.Empty() {
			l.owed = &owed{invite: tx, peer: tx.peer}
			l.got(body)
			l.emit(Offered{body})
			return
		}
		same := string(body.Data) == string(l.remoteSD.Data)
		if !body.Empty() {
			l.got(body)
		}
		if !refresh || !body.Empty() && !same {
			l.emit(Accepted{body})
		}
	case m.Code == 491: // RFC 3261 §14.1
		wait := 10 * time.Millisecond * time.Duration(l.env.Random()%201)
		if !l.incoming {
			wait = 2100*time.Millisecond + 10*time.Millisecond*time.Duration(l.env.Random()%191)
		}
		l.retryAt = l.now.Add(wait)
		if l.wanted == nil {
			l.wanted = &want{body: tx.body, refresh: refresh}
		}
	case m.Code == 422 && l.sessionTooShort(m):
		if l.wanted == nil {
			l.wanted = &want{body: tx.body, refresh: refresh}
		}
	case m.Code == 481 || m.Code == 408:
		l.gone()
	case refresh && (m.Code == 405 || m.Code == 501) && tx.method == wire.Update:
		l.peer.allow = "" // it does not know UPDATE after all
		l.wanted = &want{refresh: true}
	case refresh: // once more before the session runs out
		if left := l.expiresAt.Sub(l.now); left > 0 {
			l.refreshAt = l.now.Add(max(left/2, time.Second))
		}
	default:
		l.emit(Refused{m.Code})
	}
}

// reoffered takes a re-INVITE.
func (l *Leg) reoffered(tx *serverTx, m *wire.Message, p *peer) {
	switch {
	case l.state == Early || l.theirs != nil:
		l.refuse(tx, 500) // §14.2: an INVITE before has no final answer yet
		return
	case l.ours != nil || l.owed != nil || l.offering:
		l.refuse(tx, 491)
		return
	}
	// The ACK to our answer is lost or late, but a request within the dialog
	// shows that the answer arrived.
	for len(l.acks) > 0 {
		if l.acks[0].offered {
			l.refuse(tx, 491)
			return
		}
		l.arrivedAck(0, Body{})
		if l.state == Over {
			return
		}
	}
	if f := l.sessionAsked(m, true); f != nil {
		r := l.reply(m, f.Code)
		r.Headers = append(r.Headers, f.Headers...)
		l.respond(tx, r)
		return
	}
	p.learn(m)
	l.respond(tx, m.Answer(100, ""))
	l.theirs = tx
	body := bodyOf(m)
	if !body.Empty() {
		l.got(body)
	}
	l.emit(Offered{body})
}

// updated takes an UPDATE (RFC 3311 §5.2).
func (l *Leg) updated(tx *serverTx, m *wire.Message, p *peer) {
	body := bodyOf(m)
	if !body.Empty() {
		switch {
		case l.ours != nil || l.owed != nil || l.offering || !l.incoming && l.state == Early && !l.call.Body.Empty() && p.early.Empty():
			l.refuse(tx, 491) // our offer has no answer yet
			return
		case l.theirs != nil || l.incoming && l.state == Early && l.arrived != nil && len(l.arrived.Body) > 0 && l.last.Empty():
			l.refuse(tx, 500)
			return
		}
	}
	if f := l.sessionAsked(m, true); f != nil {
		r := l.reply(m, f.Code)
		r.Headers = append(r.Headers, f.Headers...)
		l.respond(tx, r)
		return
	}
	p.learn(m)
	if body.Empty() {
		r := l.reply(m, 200)
		l.contactFor(r, tx.to)
		l.sessionAgreed(r, m)
		l.respond(tx, r)
		if l.state == Standing {
			l.sessionStarts()
		}
		return
	}
	l.theirs = tx
	l.got(body)
	l.emit(Offered{body})
}

// AnswerOffer answers what came as Offered. Where that had no body, this one is
// the offer, and Accepted brings the answer.
func (l *Leg) AnswerOffer(body Body) {
	if l.owed != nil && l.theirs == nil {
		l.Acknowledge(body)
		l.nextOffer()
		return
	}
	tx := l.theirs
	if tx == nil || tx.req == nil || l.state == Over {
		return
	}
	l.theirs = nil
	m := tx.req
	r := l.reply(m, 200)
	l.contactFor(r, tx.to)
	l.able(r)
	if m.Method != wire.Prack {
		l.sessionAgreed(r, m)
	}
	body.put(r)
	offered := len(m.Body) == 0 && !body.Empty()
	l.respond(tx, r)
	if !body.Empty() {
		l.sent(body)
	}
	if m.Method == wire.Invite {
		l.wait(tx, offered, false)
	}
	if l.state == Standing {
		l.sessionStarts()
	}
	l.settle()
}

// RefuseOffer leaves the session as it was; code is 488 for a description that
// cannot be taken.
func (l *Leg) RefuseOffer(code int) {
	if l.owed != nil && l.theirs == nil {
		// An offer in a response cannot be refused, but each stream of it can.
		l.Acknowledge(l.without(l.remoteSD))
		return
	}
	tx := l.theirs
	if tx == nil {
		return
	}
	if tx.method == wire.Prack { // which gets a 2xx in any case (RFC 3262 §3)
		l.AnswerOffer(l.without(l.remoteSD))
		return
	}
	l.theirs = nil
	l.refuse(tx, code)
	l.settle()
}

// without is the answer to an offer of which no stream is taken (RFC 3264 §6): one
// that cannot be refused as a whole. It goes on the origin of what we described last.
func (l *Leg) without(offer Body) Body {
	origin := "- " + strconv.FormatUint(l.env.Random()>>1, 10) + " 1 IN IP4 0.0.0.0"
	if was := field(l.last, "o="); len(was) > 0 {
		if f := strings.Fields(was[0]); len(f) == 6 {
			if n, err := strconv.ParseUint(f[2], 10, 64); err == nil {
				f[2] = strconv.FormatUint(n+1, 10)
				origin = strings.Join(f, " ")
			}
		}
	}
	b := "v=0\r\no=" + origin + "\r\ns=-\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n"
	for _, m := range field(offer, "m=") {
		if f := strings.Fields(m); len(f) >= 4 {
			f[1] = "0"
			b += "m=" + strings.Join(f, " ") + "\r\n"
		}
	}
	return SDP([]byte(b))
}

// field is the values of a field of a session description.
func field(b Body, name string) (all []string) {
	for line := range strings.Lines(string(b.Data)) {
		if v, ok := strings.CutPrefix(line, name); ok {
			all = append(all, strings.TrimSpace(v))
		}
	}
	return all
}
