package dialog

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"nubitalk/internal/channel/voice/sip/auth"
	"nubitalk/internal/channel/voice/sip/wire"
)

// State is how far a leg has come.
type State uint8

const (
	Early     State = iota // not answered
	Answering              // we answered; the acknowledgement is not here
	Standing               // a call
	Over                   // nothing but retransmissions is left
)

func (s State) String() string {
	return [...]string{"early", "answering", "standing", "over"}[s]
}

// peer is the other end of one dialog; a call that forked has several.
type peer struct {
	tag    string
	remote wire.Address // the To of our requests
	target wire.URI     // its Contact
	routes []string
	src    Source // where its latest message came from
	seq    uint32 // CSeq of its latest request; 0: none yet
	said   string // its Allow as written
	allow  string // what its Allow says, in lower case, between commas
	rseq   uint32 // latest reliable provisional response; 0: none
	early  Body   // its answer before the 2xx
	firm   bool   // a reliable response or its PRACK brought that answer, so it stands
	ack    []byte // our ACK to its 2xx
	ackTo  Target
	won    bool // its 2xx was taken or ended
}

// Outgoing describes a call to be made.
type Outgoing struct {
	// To is the Request-URI and the To.
	To wire.URI
	// ToDisplay is the name in the To, or "".
	ToDisplay string
	// From is who calls, without a tag.
	From wire.Address
	// ContactUser is the user part of our Contact, or "".
	ContactUser string
	// Hop is where the INVITE goes; the owner has resolved names that To has.
	Hop Target
	// Route are values of Route that the call starts with.
	Route []string
	// Body is the offer; without one, the answering end makes it.
	Body Body
	// Headers are further fields, such as P-Asserted-Identity or Replaces.
	Headers []wire.Header
	// MaxForwards is one less than that of the call that this one carries on;
	// 0: 70.
	MaxForwards int
	// Credentials answer challenges.
	Credentials auth.Credentials
	// CallID names the call; "": a new one.
	CallID string
}

// Leg is one call's signalling at this end.
type Leg struct {
	core
	incoming bool
	state    State
	callID   string
	local    wire.Address // the From of our requests, with our tag
	localTag string
	localSeq uint32
	contact  string // user part of our Contact
	peer     *peer
	forks    []*peer
	ended    bool // Ended or Failed was told
	back     bool // Back

	// An incoming call.
	invite    *serverTx
	arrived   *wire.Message
	wants100  bool // the caller requires reliable provisional responses
	knows100  bool
	rseq      uint32
	pending   *provisional
	queue     []*provisional
	answerNow *Body  // an answer that waits for PRACK
	agreed    bool   // a reliable response and its PRACK brought offer and answer
	late      string // the RAck of what was not acknowledged at the end
	remind    time.Time

	// An outgoing call.
	call    *Outgoing // until the end
	dialled wire.URI
	cred    auth.Credentials
	calling *clientTx
	hung    *Reason // Hangup before the end

	acks []*unacked // our 2xx to INVITE that wait for ACK

	offers
	session
	transfer
}

// unacked is a 2xx that is repeated until its ACK comes (RFC 3261 §13.3.1.4).
type unacked struct {
	cseq       uint32
	data       []byte
	to         Target
	retransmit time.Time
	interval   time.Duration
	giveUp     time.Time
	offered    bool // it made the offer
	initial    bool
}

// CallID names the leg to both ends, together with the tags.
func (l *Leg) CallID() string { return l.callID }

// LocalTag is our end's tag.
func (l *Leg) LocalTag() string { return l.localTag }

// RemoteTag is the other end's tag, or "" while there is none, or more than one.
func (l *Leg) RemoteTag() string {
	switch {
	case l.peer != nil:
		return l.peer.tag
	case len(l.forks) == 1:
		return l.forks[0].tag
	}
	return ""
}

// Caller and Called are who called whom, as the dialog has it.
func (l *Leg) Caller() wire.Address {
	if l.incoming && l.peer != nil {
		return l.peer.remote
	}
	return l.local
}

// Called is the other of the two.
func (l *Leg) Called() wire.Address {
	if l.incoming {
		return l.local
	}
	if l.peer == nil {
		return wire.Address{}
	}
	return l.peer.remote
}

// Incoming says whether the other end called.
func (l *Leg) Incoming() bool { return l.incoming }

// State is how far the leg has come.
func (l *Leg) State() State { return l.state }

// Invite is the request that an incoming leg began with; nil later.
func (l *Leg) Invite() *wire.Message { return l.arrived }

// At sets the time; call it before anything else that is told to the leg.
func (l *Leg) At(now time.Time) *Leg {
	l.now = now
	return l
}

// Done says that nothing is left to do: the leg can be forgotten.
func (l *Leg) Done() bool {
	return l.state == Over && len(l.clients) == 0 && len(l.servers) == 0 && len(l.acks) == 0
}

// Waiting says that a request of ours has no final answer yet.
func (l *Leg) Waiting() bool {
	return slices.ContainsFunc(l.clients, func(tx *clientTx) bool { return tx.state < completed })
}

// Owns says whether a message with the leg's Call-ID is for this leg.
func (l *Leg) Owns(m *wire.Message) bool {
	if !m.IsRequest() {
		return l.client(m.Top.Branch(), m.CSeq.Method) != nil
	}
	if tag := m.To.Tag(); tag != "" {
		if tag != l.localTag {
			return l.incoming && m.Method == wire.Ack && l.server(m, wire.Invite) != nil
		}
		return l.known(m.From.Tag()) != nil
	}
	switch m.Method {
	case wire.Ack, wire.Cancel:
		return l.server(m, wire.Invite) != nil
	}
	return l.server(m, m.Method) != nil
}

// Merges says whether m is the leg's own INVITE that came a second way
// (RFC 3261 §8.2.2.2).
func (l *Leg) Merges(m *wire.Message) bool {
	return l.incoming && m.Method == wire.Invite && m.To.Tag() == "" && l.peer != nil && m.From.Tag() == l.peer.tag &&
		slices.ContainsFunc(l.servers, func(tx *serverTx) bool {
			return tx.method == wire.Invite && tx.cseq == m.CSeq.Number && tx.branch != branchOf(m)
		})
}

func (l *Leg) known(tag string) *peer {
	if l.peer != nil && l.peer.tag == tag {
		return l.peer
	}
	for _, p := range l.forks {
		if p.tag == tag {
			return p
		}
	}
	return nil
}

// Receive takes a message that Owns said is the leg's.
func (l *Leg) Receive(m *wire.Message, src Source) {
	if m.IsRequest() {
		l.requested(m, src)
	} else if tx := l.client(m.Top.Branch(), m.CSeq.Method); tx != nil {
		l.response(tx, m, src)
		tx.slim()
	}
	l.settle()
}

// settle begins what had to wait.
func (l *Leg) settle() {
	if l.state == Over {
		return
	}
	l.nextProvisional()
	l.nextOffer()
}

func (l *Leg) requested(m *wire.Message, src Source) {
	if m.Method == wire.Ack {
		if !l.acked(m) {
			l.acknowledged(m, src)
		}
		return
	}
	if tx := l.server(m, m.Method); tx != nil {
		l.again(tx)
		return
	}
	if m.Method == wire.Cancel {
		l.cancelled(m, src)
		return
	}
	p := l.known(m.From.Tag())
	tx := l.serve(m, src)
	if p == nil || m.To.Tag() != l.localTag {
		l.refuse(tx, 481)
		return
	}
	if l.state == Over || p != l.peer && !(l.peer == nil && m.Method != wire.Bye) {
		// A fork that lost, or a call that ended: a BYE is right, or crossed ours;
		// all else is late.
		if m.Method == wire.Bye || l.unpracked(m) {
			l.respond(tx, l.reply(m, 200))
		} else {
			l.refuse(tx, 481)
		}
		return
	}
	if p.seq != 0 && m.CSeq.Number <= p.seq {
		l.refuse(tx, 500) // RFC 3261 §12.2.2: out of order
		return
	}
	p.seq, p.src = m.CSeq.Number, src
	l.within(tx, m, p)
}

// within handles a request inside the dialog with p.
func (l *Leg) within(tx *serverTx, m *wire.Message, p *peer) {
	switch m.Method {
	case wire.Bye:
		l.respond(tx, l.reply(m, 200))
		l.end(Ended{ByThem, reasonOf(m)})
	case wire.Invite:
		l.reoffered(tx, m, p)
	case wire.Update:
		l.updated(tx, m, p)
	case wire.Prack:
		l.pracked(tx, m)
	case wire.Info:
		l.informed(tx, m)
	case wire.Refer:
		l.referred(tx, m)
	case wire.Notify:
		l.notified(tx, m)
	case wire.Options:
		r := l.reply(m, 200)
		l.able(r)
		l.respond(tx, r)
	default:
		r := l.reply(m, 405)
		r.Add("Allow", strings.Join(l.env.Abilities.Methods, ", "))
		l.respond(tx, r)
	}
}

// reply makes a response with our tag.
func (l *Leg) reply(m *wire.Message, code int) *wire.Message { return m.Answer(code, l.localTag) }

// refuse answers with a code and nothing else.
func (l *Leg) refuse(tx *serverTx, code int) {
	if tx.req == nil {
		return
	}
	r := l.reply(tx.req, code)
	switch code {
	case 500:
		r.Add("Retry-After", strconv.Itoa(int(l.env.Random()%10))) // RFC 3261 §14.2
	case 415:
		r.Add("Accept", strings.Join(l.env.Abilities.Bodies, ", "))
	}
	l.respond(tx, r)
}

// able tells what this end can do.
func (l *Leg) able(m *wire.Message) {
	m.Add("Allow", strings.Join(l.env.Abilities.Methods, ", "))
	m.Add("Supported", strings.Join(l.env.Abilities.Extensions, ", "))
	if m.Method == wire.Options || m.CSeq.Method == wire.Options {
		m.Add("Accept", strings.Join(l.env.Abilities.Bodies, ", "))
	}
}

// make builds a request within the dialog with p; CSeq grows, but for an ACK,
// whose number the caller sets.
func (l *Leg) make(method string, p *peer) (*wire.Message, Target) {
	m := &wire.Message{Method: method, From: l.local, To: p.remote, CallID: l.callID, MaxForwards: 70}
	if method != wire.Ack {
		l.localSeq++
		m.CSeq = wire.CSeq{Number: l.localSeq, Method: method}
	}
	to := l.route(m, p)
	switch method {
	case wire.Invite, wire.Update, wire.Refer, wire.Notify:
		l.contactFor(m, to)
		l.able(m)
	}
	if l.env.Product != "" && method != wire.Ack {
		m.Add("User-Agent", l.env.Product)
	}
	return m, to
}

// learn takes from a message of the other end where it can be reached and what
// it can do.
func (p *peer) learn(m *wire.Message) {
	if len(m.Contact) > 0 && m.Contact[0].URI.SIP() {
		p.target = m.Contact[0].URI
	}
	if allow := m.Get("Allow"); allow != "" && allow != p.said {
		p.said = allow
		all := strings.Join(m.All("Allow"), ",")
		p.allow = "," + strings.ToLower(strings.ReplaceAll(all, " ", "")) + ","
	}
}

func (p *peer) allows(method string) bool {
	return strings.Contains(p.allow, ","+strings.ToLower(method)+",")
}

// end closes the leg and tells e, once.
func (l *Leg) end(e Event) {
	if l.state != Over {
		l.state = Over
		for _, tx := range l.servers {
			if tx.state == trying && tx.req != nil {
				l.refuse(tx, 487) // RFC 3261 §15.1.2
			}
		}
		if l.calling != nil && l.calling.state < completed {
			l.cancelTx(l.calling, Reason{})
		}
		for _, tx := range l.clients {
			if tx.giveUp.IsZero() { // an INVITE whose answer may never come now
				tx.giveUp = l.now.Add(64 * l.env.Timers.T1)
			}
		}
	}
	if !l.ended {
		l.ended = true
		l.emit(e)
	}
	if p := l.pending; p != nil && l.arrived != nil {
		l.late = p.rack(l.arrived)
	}
	// What is kept for retransmissions needs none of this.
	l.arrived, l.invite, l.pending, l.queue, l.answerNow = nil, nil, nil, nil, nil
	l.offers, l.session, l.transfer = offers{}, session{}, transfer{}
	l.remind = time.Time{}
	l.call = nil
	for _, tx := range l.clients {
		tx.body = Body{}
	}
	for _, p := range l.forks {
		p.early = Body{}
	}
	l.acks = slices.DeleteFunc(l.acks, func(a *unacked) bool { return true })
}

// bye sends BYE to p. Its answer changes nothing.
func (l *Leg) bye(p *peer, r Reason) {
	m, to := l.make(wire.Bye, p)
	r.add(m)
	l.request(m, to, forNothing).peer = p
}

// Hangup ends the leg, whatever its state: by a refusal, CANCEL or BYE. Before
// the answer of a call that we made, Failed follows once the other end has
// confirmed; else Ended follows at once, or after the acknowledgement that an
// answer waits for.
func (l *Leg) Hangup(r Reason) {
	switch {
	case l.state == Over || l.hung != nil:
	case l.state == Standing:
		l.bye(l.peer, r)
		l.end(Ended{ByUs, r})
	case l.incoming && l.state == Early:
		code := r.SIP
		if code < 300 || code > 699 {
			code = 480
		}
		l.Reject(code, r)
	case l.incoming: // RFC 3261 §15: no BYE before the ACK
		l.hung = &r
	default:
		l.hung = &r
		if l.peer != nil { // answered, and we owe the ACK
			l.Acknowledge(Body{})
			l.bye(l.peer, r)
			l.end(Ended{ByUs, r})
			return
		}
		if l.calling.state == completed || l.calling.state == accepted {
			l.end(Failed{Code: 487, Reason: r})
			return
		}
		l.cancelTx(l.calling, r)
	}
}

// Next is when Tick must be called, at the latest; zero: never.
func (l *Leg) Next() time.Time {
	at := l.next()
	for _, a := range l.acks {
		at = earlier(earlier(at, a.retransmit), a.giveUp)
	}
	if p := l.pending; p != nil {
		at = earlier(earlier(at, p.retransmit), p.giveUp)
	}
	at = earlier(at, l.remind)
	at = earlier(at, l.retryAt)
	at = earlier(earlier(at, l.refreshAt), l.expiresAt)
	return at
}

// Tick runs the timers that are due.
func (l *Leg) Tick() {
	l.due(l.unanswered)
	for i := 0; i < len(l.acks); i++ {
		switch a := l.acks[i]; {
		case isDue(a.giveUp, l.now):
			l.acks = slices.Delete(l.acks, i, i+1)
			i--
			if l.state != Over {
				r := Reason{SIP: 408, Text: "no ACK"}
				if l.hung != nil {
					r = *l.hung
				}
				l.bye(l.peer, r)
				if l.hung != nil {
					l.end(Ended{ByUs, r})
				} else {
					l.end(Ended{ByNoAck, r})
				}
			}
		case isDue(a.retransmit, l.now):
			l.send(a.data, a.to, "")
			a.interval = min(2*a.interval, l.env.Timers.T2)
			a.retransmit = l.now.Add(a.interval)
		}
	}
	if l.state != Over {
		l.tickProvisional()
	}
	if l.state != Over {
		l.tickSession()
	}
	if isDue(l.retryAt, l.now) {
		l.retryAt = time.Time{}
	}
	l.settle()
}

// SendFailed says that a request could not be put on the wire.
func (l *Leg) SendFailed(branch string) {
	for _, tx := range l.clients {
		if tx.branch == branch && l.unsent(tx) {
			l.unreachable(tx)
			break
		}
	}
	l.settle()
}
