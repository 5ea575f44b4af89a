package dialog

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"nubitalk/internal/channel/voice/sip/auth"
	"nubitalk/internal/channel/voice/sip/wire"
)

// Call makes the leg of a call to another end and sends its INVITE.
func Call(env *Env, now time.Time, o Outgoing) *Leg {
	l := &Leg{core: core{env: env, now: now}, callID: o.CallID, localTag: env.token(), call: &o, dialled: o.To, cred: o.Credentials, contact: o.ContactUser}
	if l.callID == "" {
		l.callID = env.token()
	}
	l.local = o.From.WithTag(l.localTag)
	l.sessionWanted()
	l.localSeq = uint32(env.Random() % (1 << 16)) // RFC 3261 §8.1.1.5
	l.dial("", "")
	return l
}

// dial sends the INVITE, with an Authorization if there is one.
func (l *Leg) dial(field, authorization string) {
	o := l.call
	l.localSeq++
	m := &wire.Message{
		Method: wire.Invite, URI: o.To, Route: o.Route, From: l.local, To: wire.NewAddress(o.ToDisplay, o.To, ""),
		CallID: l.callID, CSeq: wire.CSeq{Number: l.localSeq, Method: wire.Invite}, MaxForwards: 70,
	}
	if o.MaxForwards > 0 {
		m.MaxForwards = o.MaxForwards
	}
	l.contactFor(m, o.Hop)
	l.able(m)
	if l.env.Product != "" {
		m.Add("User-Agent", l.env.Product)
	}
	for _, h := range o.Headers {
		m.Add(h.Name, h.Value)
	}
	l.sessionAsk(m)
	o.Body.put(m)
	if field != "" {
		m.Add(field, authorization)
	}
	tries := 0
	if l.calling != nil {
		tries = l.calling.tries + 1
	}
	to := o.Hop
	l.calling = l.request(m, to, forCall)
	if l.calling.to.Transport != to.Transport { // it grew to TCP: the Contact says so too
		l.contactFor(m, l.calling.to)
		l.render(l.calling)
		l.out.Sends[len(l.out.Sends)-1].Data = l.calling.data
	}
	l.calling.tries = tries
	l.calling.body = o.Body
	l.last = o.Body
}

// response handles a response to a request of ours.
func (l *Leg) response(tx *clientTx, m *wire.Message, src Source) {
	if !l.answered(tx, m) {
		return
	}
	if tx.purpose == forCall {
		l.callAnswered(tx, m, src)
		return
	}
	if m.Code < 200 {
		return
	}
	if tx.method == wire.Invite && m.Code < 300 {
		l.ackAgain(tx, m, src)
	}
	if l.state == Over {
		return
	}
	if (m.Code == 401 || m.Code == 407) && l.repeat(tx, m) {
		return
	}
	if tx.peer != nil && m.Code < 300 && (tx.method == wire.Invite || tx.method == wire.Update) {
		tx.peer.learn(m)
	}
	switch tx.purpose {
	case forOffer, forRefresh:
		l.offerAnswered(tx, m)
	case forTransfer:
		l.referAnswered(m.Code)
	case forInfo:
		if m.Code == 481 {
			l.gone()
		}
	}
}

// ackAgain acknowledges a 2xx to a re-INVITE, each time it comes. The answer to
// an offer in it is the owner's, who is told of it once.
func (l *Leg) ackAgain(tx *clientTx, m *wire.Message, src Source) {
	p := tx.peer
	if tx.ack != nil {
		l.send(tx.ack, p.ackTo, "")
		return
	}
	p.learn(m)
	p.src = src
	if tx.body.Empty() && len(m.Body) > 0 && l.state != Over {
		return // Acknowledge brings the answer
	}
	tx.ack, p.ackTo = l.acknowledge(tx, p, Body{})
}

// acknowledge sends the ACK to a 2xx (RFC 3261 §13.2.2.4).
func (l *Leg) acknowledge(tx *clientTx, p *peer, body Body) ([]byte, Target) {
	ack, to := l.make(wire.Ack, p)
	ack.CSeq = wire.CSeq{Number: tx.cseq, Method: wire.Ack}
	for _, h := range tx.req.Headers {
		if proves(h.Name) { // §22.1
			ack.Headers = append(ack.Headers, h)
		}
	}
	body.put(ack)
	ack.Via = []string{l.via(to, wire.Cookie+l.env.token())}
	data := ack.Append(make([]byte, 0, 512+len(body.Data)))
	if to.Transport == wire.UDP && !to.Fixed && len(data) > l.env.maxUDP() {
		to.Transport, to.Flow = wire.TCP, 0
		ack.Via = []string{l.via(to, wire.Cookie+l.env.token())}
		data = ack.Append(data[:0])
	}
	l.send(data, to, "")
	return data, to
}

// callAnswered handles a response to the INVITE that made the call.
func (l *Leg) callAnswered(tx *clientTx, m *wire.Message, src Source) {
	switch {
	case m.Code == 100:
		if tx.cancel {
			l.cancelTx(tx, *l.hung)
		}
	case m.Code < 200:
		l.progressed(tx, m, src)
	case m.Code < 300:
		l.accepted(tx, m, src)
	default:
		l.declined(tx, m)
	}
}

// fork finds or makes the dialog that a response is of (RFC 3261 §12.1.2).
func (l *Leg) fork(m *wire.Message, src Source) *peer {
	tag := m.To.Tag()
	if p := l.known(tag); p != nil {
		p.src = src
		p.learn(m)
		return p
	}
	if len(l.forks) >= maxForks {
		return nil
	}
	p := &peer{tag: tag, remote: m.To, target: l.dialled, src: src, routes: slices.Clone(m.RecordRoute)}
	slices.Reverse(p.routes)
	p.learn(m)
	l.forks = append(l.forks, p)
	return p
}

// maxForks bounds how many ends one call may ring at.
const maxForks = 32

func (l *Leg) progressed(tx *clientTx, m *wire.Message, src Source) {
	if tx.cancel {
		l.cancelTx(tx, *l.hung)
	}
	if m.To.Tag() == "" { // no dialog, but a sign of life
		if l.state == Early && l.hung == nil {
			l.emit(Ringing{m.Code})
		}
		return
	}
	if m.Code == 199 { // RFC 6228
		l.forks = slices.DeleteFunc(l.forks, func(p *peer) bool { return p.tag == m.To.Tag() })
		return
	}
	p := l.fork(m, src)
	if p == nil || l.state != Early {
		return
	}
	body := bodyOf(m)
	if m.Lists("Require", "100rel") {
		n, err := strconv.ParseUint(m.Get("RSeq"), 10, 32)
		if err != nil || n == 0 || p.rseq != 0 && uint32(n) != p.rseq+1 {
			return // RFC 3262 §4: a repetition, or one before it is missing
		}
		p.rseq = uint32(n)
		prack, to := l.make(wire.Prack, p)
		prack.Add("RAck", strings.Join([]string{m.Get("RSeq"), strconv.FormatUint(uint64(tx.cseq), 10), wire.Invite}, " "))
		if !body.Empty() && l.call.Body.Empty() {
			// The call made no offer: this is one, and PRACK brings the answer.
			l.owed = &owed{prack: prack, to: to, peer: p}
			l.got(body)
			l.emit(Offered{body})
			return
		}
		l.request(prack, to, forNothing).peer = p
		if p.firm { // offer and answer are agreed: this describes nothing (§5)
			body = Body{}
		}
		p.firm = p.firm || !body.Empty()
	}
	if l.hung != nil {
		return
	}
	if body.Empty() {
		l.emit(Ringing{m.Code})
		return
	}
	p.early = body
	l.emit(EarlyMedia{Code: m.Code, Fork: p.tag, Body: body})
}

// accepted handles a 2xx: the first wins, others are ended (RFC 3261
// §13.2.2.4).
func (l *Leg) accepted(tx *clientTx, m *wire.Message, src Source) {
	p := l.known(m.To.Tag())
	if p != nil && p.won {
		if p.ack != nil {
			l.send(p.ack, p.ackTo, "")
		}
		return
	}
	if p = l.fork(m, src); p == nil {
		return
	}
	p.won = true
	// RFC 3261 §13.2.2.4: the route set of the 2xx replaces the early one.
	p.routes = slices.Clone(m.RecordRoute)
	slices.Reverse(p.routes)
	if l.peer != nil || l.hung != nil || l.state == Over {
		p.ack, p.ackTo = l.acknowledge(tx, p, Body{})
		l.bye(p, Reason{SIP: 200, Text: "Call completed elsewhere"})
		if l.hung != nil && l.peer == nil {
			l.end(Failed{Code: 487, Reason: *l.hung})
		}
		return
	}
	l.peer = p
	l.state = Standing
	l.owed = nil
	body := bodyOf(m)
	if p.firm { // a reliable response has brought the answer (RFC 3261 §13.2.1)
		body = p.early
	}
	if l.call.Body.Empty() && !body.Empty() && !p.firm {
		l.owed = &owed{invite: tx, peer: p} // Acknowledge brings the answer
	} else {
		p.ack, p.ackTo = l.acknowledge(tx, p, Body{})
	}
	if !body.Empty() {
		l.got(body)
	} else if !p.early.Empty() {
		l.got(p.early)
	}
	l.sessionGiven(m)
	l.emit(Answered{Fork: p.tag, Body: body})
}

// Acknowledge sends the answer to an offer that the other end made in its
// Answered, or early in Offered.
func (l *Leg) Acknowledge(body Body) {
	o := l.owed
	if o == nil {
		return
	}
	l.owed = nil
	if !body.Empty() {
		l.sent(body)
	}
	if o.prack != nil {
		body.put(o.prack)
		o.peer.firm = !body.Empty()
		l.request(o.prack, o.to, forNothing).peer = o.peer
		return
	}
	data, to := l.acknowledge(o.invite, o.peer, body)
	o.peer.ackTo = to
	if o.invite.purpose == forCall {
		o.peer.ack = data
	} else {
		o.invite.ack = data
	}
}

// declined handles a final refusal of the call.
func (l *Leg) declined(tx *clientTx, m *wire.Message) {
	if l.peer != nil || l.state == Over {
		return
	}
	if l.hung != nil {
		l.end(Failed{Code: 487, Reason: *l.hung})
		return
	}
	switch m.Code {
	case 401, 407:
		if field, value, ok := l.prove(tx, m); ok {
			l.forks = nil
			l.dial(field, value)
			return
		}
	case 422: // RFC 4028 §7.3
		if l.sessionTooShort(m) && tx.tries < 3 {
			l.forks = nil
			l.dial("", "")
			return
		}
	}
	f := Failed{Code: m.Code, Reason: reasonOf(m), RetryAfter: retryAfter(m)}
	if m.Code < 400 {
		f.Contacts = m.Contact
	}
	l.end(f)
}

// retryAfter reads the seconds of that field; 0 where there is none.
func retryAfter(m *wire.Message) time.Duration {
	value, _, _ := strings.Cut(m.Get("Retry-After"), ";")
	value, _, _ = strings.Cut(value, "(")
	n, err := strconv.ParseUint(strings.TrimSpace(value), 10, 31)
	if err != nil {
		return 0
	}
	return time.Duration(min(n, 86400)) * time.Second
}

// prove answers a challenge, unless that was tried and was wrong.
func (c *core) proof(tx *clientTx, m *wire.Message, cred auth.Credentials) (field, value string, ok bool) {
	field, from := "Authorization", "WWW-Authenticate"
	if m.Code == 407 {
		field, from = "Proxy-Authorization", "Proxy-Authenticate"
	}
	if cred.Empty() || tx.tries >= 2 {
		return "", "", false
	}
	value, stale, err := auth.Answer(m.All(from), auth.Request{
		Method: tx.method, URI: tx.req.URI.Text(), Cnonce: c.env.token(), Count: 1,
	}, cred)
	if err != nil || tx.tries > 0 && !stale && tx.req.Has(field) {
		return "", "", false
	}
	return field, value, true
}

func (l *Leg) prove(tx *clientTx, m *wire.Message) (field, value string, ok bool) {
	return l.proof(tx, m, l.cred)
}

// repeat sends a request within the dialog again, with an answer to the
// challenge.
func (l *Leg) repeat(tx *clientTx, m *wire.Message) bool {
	field, value, ok := l.prove(tx, m)
	if !ok || tx.req == nil {
		return false
	}
	again := *tx.req
	again.Headers = slices.Clone(tx.req.Headers)
	l.localSeq++
	again.CSeq.Number = l.localSeq
	again.Set(field, value)
	next := l.request(&again, tx.to, tx.purpose)
	next.peer, next.body, next.tries = tx.peer, tx.body, tx.tries+1
	if l.ours == tx {
		l.ours = next
	}
	return true
}

// unanswered handles a request of ours that nobody answered in time.
func (l *Leg) unanswered(tx *clientTx) { l.failed(tx, 408) }

// unreachable handles one that could not be sent (RFC 3261 §8.1.3.1).
func (l *Leg) unreachable(tx *clientTx) { l.failed(tx, 503) }

func (l *Leg) failed(tx *clientTx, code int) {
	if l.state == Over {
		return
	}
	switch tx.purpose {
	case forCall:
		if tx != l.calling || l.peer != nil {
			return
		}
		if l.hung != nil {
			l.end(Failed{Code: 487, Reason: *l.hung})
		} else {
			l.end(Failed{Code: code})
		}
	case forOffer, forRefresh:
		if code == 503 { // nothing was sent
			l.ours = nil
			if tx.purpose == forOffer {
				l.emit(Refused{code})
			}
			return
		}
		l.gone() // RFC 3261 §12.2.1.2
	case forTransfer:
		l.referAnswered(code)
	}
}

// gone ends a dialog that the other end does not know or answer in (RFC 3261
// §12.2.1.2).
func (l *Leg) gone() {
	if l.state != Standing {
		return
	}
	r := Reason{SIP: 481}
	l.bye(l.peer, r)
	l.end(Ended{ByGone, r})
}
