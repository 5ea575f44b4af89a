package dialog

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"nubitalk/internal/channel/voice/sip/wire"
)

// Arrive makes the leg of an INVITE without To tag that was found in order. The
// leg has sent 100 Trying; its owner must Ring, Answer, Reject….
//
// A session interval that is too small is refused with 422 (RFC 4028 §9): the
// leg is then Over at once and tells no event.
func Arrive(env *Env, now time.Time, m *wire.Message, src Source) *Leg {
	l := &Leg{core: core{env: env, now: now}, incoming: true, callID: m.CallID, localTag: env.token()}
	l.invite = l.serve(m, src)
	l.arrived = m
	l.local = m.To
	if m.To.Tag() == "" {
		l.local = m.To.WithTag(l.localTag)
	}
	l.contact = m.URI.User.Reveal()
	l.peer = &peer{tag: m.From.Tag(), remote: m.From, target: m.From.URI, routes: m.RecordRoute, seq: m.CSeq.Number, src: src}
	l.peer.learn(m)
	if len(m.Contact) == 0 { // RFC 2543: it is where it came from
		l.peer.target = wire.NewURI("sip", m.From.URI.User.Reveal(), src.Host, src.Port, src.Transport)
	}
	l.wants100 = m.Lists("Require", "100rel")
	l.knows100 = l.wants100 || m.Lists("Supported", "100rel")
	l.rseq = uint32(env.Random()%(1<<20)) + 1
	l.respond(l.invite, m.Answer(100, ""))
	if f := l.sessionAsked(m, false); f != nil {
		r := l.reply(m, f.Code)
		r.Headers = append(r.Headers, f.Headers...)
		l.respond(l.invite, r)
		l.ended = true
		l.end(nil)
	}
	return l
}

// provisional is a response before the final one.
type provisional struct {
	code int
	body Body
	rseq uint32
	data []byte

	retransmit, giveUp time.Time
	interval           time.Duration
}

// reminder is how often a provisional response is repeated, so that no proxy
// on the way gives up (RFC 3261 §13.3.1.1).
const reminder = time.Minute

// Ring tells the caller that the called end is alerted (180).
func (l *Leg) Ring() { l.Progress(180, Body{}) }

// Progress sends a provisional response, 101 to 199. With a body it begins early
// media; it is then sent reliably where the caller can take that (RFC 3262).
func (l *Leg) Progress(code int, body Body) {
	if !l.incoming || l.state != Early || l.invite == nil || code <= 100 || code > 199 {
		return
	}
	l.queue = append(l.queue, &provisional{code: code, body: body})
	l.nextProvisional()
}

// nextProvisional sends what waits: one unacknowledged reliable response at a
// time (RFC 3262 §3).
func (l *Leg) nextProvisional() {
	for l.state == Early && l.incoming && l.invite != nil && l.pending == nil {
		if len(l.queue) == 0 {
			if a := l.answerNow; a != nil {
				l.answerNow = nil
				l.Answer(*a)
			}
			return
		}
		p := l.queue[0]
		l.queue = l.queue[1:]
		offers := len(l.arrived.Body) == 0
		if offers && !l.wants100 && !l.knows100 || l.agreed || l.offering {
			// An offer is not made where nothing brings its answer, and nothing is
			// described again that was agreed (RFC 3262 §5, RFC 3261 §13.2.1).
			p.body = Body{}
		}
		m := l.reply(l.arrived, p.code)
		l.contactFor(m, l.invite.to)
		l.able(m)
		p.body.put(m)
		if l.wants100 || l.knows100 && !p.body.Empty() {
			p.rseq = l.rseq
			l.rseq++
			m.Add("Require", "100rel")
			m.Add("RSeq", strconv.FormatUint(uint64(p.rseq), 10))
			p.interval = l.env.Timers.T1
			p.retransmit, p.giveUp = l.now.Add(p.interval), l.now.Add(64*l.env.Timers.T1)
			l.pending = p
			l.offering = l.offering || offers && !p.body.Empty()
		}
		l.respond(l.invite, m)
		p.data = l.invite.last
		if !p.body.Empty() {
			l.sent(p.body)
		}
		l.remind = l.now.Add(reminder)
	}
}

func (l *Leg) tickProvisional() {
	if p := l.pending; p != nil {
		switch {
		case isDue(p.giveUp, l.now): // RFC 3262 §3
			l.respond(l.invite, l.reply(l.arrived, 504))
			l.end(Ended{ByNoAck, Reason{SIP: 504, Text: "no PRACK"}})
			return
		case isDue(p.retransmit, l.now):
			l.send(p.data, l.invite.to, "")
			p.interval *= 2
			p.retransmit = l.now.Add(p.interval)
		}
	}
	if isDue(l.remind, l.now) && l.invite != nil {
		if l.pending == nil {
			l.send(l.invite.last, l.invite.to, "")
		}
		l.remind = l.now.Add(reminder)
	}
}

// pracked takes a PRACK (RFC 3262 §3).
func (l *Leg) pracked(tx *serverTx, m *wire.Message) {
	p := l.pending
	if p == nil || l.arrived == nil || rack(m) != p.rack(l.arrived) {
		l.refuse(tx, 481)
		return
	}
	l.pending = nil
	body := bodyOf(m)
	offered := l.offering && !p.body.Empty() // our reliable response made the offer
	if offered {
		l.offering = false // one that PRACK leaves without an answer is made again in the 2xx
	}
	l.agreed = l.agreed || !p.body.Empty() && (!offered || !body.Empty())
	switch {
	case body.Empty():
		l.respond(tx, l.reply(m, 200))
	case offered:
		l.got(body)
		l.respond(tx, l.reply(m, 200))
		l.emit(Accepted{body})
	case l.theirs != nil || l.ours != nil:
		l.refuse(tx, 491)
	case !l.agreed: // the offer of its INVITE has no answer yet
		l.refuse(tx, 500)
	default:
		l.theirs = tx
		l.got(body)
		l.emit(Offered{body})
	}
}

// rack is what a PRACK names.
func rack(m *wire.Message) string { return strings.Join(strings.Fields(m.Get("RAck")), " ") }

// rack is what the PRACK names that acknowledges a reliable response to invite.
func (p *provisional) rack(invite *wire.Message) string {
	return fmt.Sprintf("%d %d %s", p.rseq, invite.CSeq.Number, wire.Invite)
}

// unpracked says whether m is the PRACK of the reliable response that was on its way
// as a final one went out (RFC 3262 §3).
func (l *Leg) unpracked(m *wire.Message) bool {
	return m.Method == wire.Prack && l.late != "" && rack(m) == l.late
}

// Answer takes the call. The body is the answer to the caller's offer, or an
// offer where the caller made none; it may be left out where a reliable
// provisional response brought it.
func (l *Leg) Answer(body Body) {
	if !l.incoming || l.state != Early || l.invite == nil {
		return
	}
	if l.pending != nil || len(l.queue) > 0 {
		// Not before PRACK (RFC 3262 §3): the session description may be in it.
		l.answerNow = &body
		return
	}
	if l.agreed {
		body = Body{} // a reliable response and its PRACK have said it
	}
	m := l.reply(l.arrived, 200)
	l.contactFor(m, l.invite.to)
	l.able(m)
	l.sessionAgreed(m, l.arrived)
	body.put(m)
	offered := len(l.arrived.Body) == 0 && !body.Empty()
	l.respond(l.invite, m)
	if !body.Empty() {
		l.sent(body)
	}
	l.wait(l.invite, offered, true)
	l.state = Answering
	l.arrived, l.invite, l.remind = nil, nil, time.Time{}
}

// wait repeats a 2xx until its ACK comes.
func (l *Leg) wait(tx *serverTx, offered, initial bool) {
	t := l.env.Timers
	l.acks = append(l.acks, &unacked{
		cseq: tx.cseq, data: tx.last, to: tx.to, interval: t.T1, retransmit: l.now.Add(t.T1), giveUp: l.now.Add(64 * t.T1),
		offered: offered, initial: initial,
	})
}

// acknowledged takes the ACK to a 2xx.
func (l *Leg) acknowledged(m *wire.Message, src Source) {
	i := slices.IndexFunc(l.acks, func(a *unacked) bool { return a.cseq == m.CSeq.Number })
	if i < 0 || l.peer == nil || m.From.Tag() != l.peer.tag {
		return
	}
	l.peer.src = src
	l.arrivedAck(i, bodyOf(m))
}

func (l *Leg) arrivedAck(i int, body Body) {
	a := l.acks[i]
	l.acks = slices.Delete(l.acks, i, i+1)
	for _, tx := range l.servers {
		if tx.method == wire.Invite && tx.cseq == a.cseq {
			tx.last = nil // a repetition of the INVITE is an old one now
		}
	}
	if a.offered && !body.Empty() {
		l.got(body)
	}
	if !a.initial {
		if a.offered {
			l.emit(Accepted{body})
		}
		return
	}
	l.state = Standing
	l.sessionStarts()
	if !a.offered {
		body = Body{}
	}
	l.emit(Acknowledged{body})
	if l.hung != nil {
		l.bye(l.peer, *l.hung)
		l.end(Ended{ByUs, *l.hung})
	}
}

// Reject refuses the call with a code from 300 to 699. Ended follows.
func (l *Leg) Reject(code int, r Reason, headers ...wire.Header) {
	if !l.incoming || l.state != Early || l.invite == nil || code < 300 || code > 699 {
		return
	}
	m := l.reply(l.arrived, code)
	r.add(m)
	m.Headers = append(m.Headers, headers...)
	l.respond(l.invite, m)
	if r.SIP == 0 {
		r.SIP = code
	}
	l.end(Ended{ByUs, r})
}

// cancelled takes a CANCEL (RFC 3261 §9.2).
func (l *Leg) cancelled(m *wire.Message, src Source) {
	tx := l.serve(m, src)
	invite := l.server(m, wire.Invite)
	if invite == nil {
		l.refuse(tx, 481)
		return
	}
	l.respond(tx, l.reply(m, 200))
	if invite.state != trying {
		return
	}
	if invite == l.invite && l.state == Early {
		l.respond(invite, l.reply(l.arrived, 487))
		l.end(Ended{ByCancel, reasonOf(m)})
		return
	}
	if invite == l.theirs { // a re-INVITE is given up; the session stays
		l.respond(invite, l.reply(invite.req, 487))
		l.theirs = nil
		l.emit(Refused{487})
	}
}
