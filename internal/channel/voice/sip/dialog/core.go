package dialog

import (
	"encoding/base32"
	"encoding/binary"
	"slices"
	"strings"
	"time"

	"nubitalk/internal/channel/voice/sip/wire"
)

// Timers of RFC 3261 §17.1.1.1.
type Timers struct {
	T1 time.Duration // round trip, usually 500 ms
	T2 time.Duration // longest interval between retransmissions, usually 4 s
	T4 time.Duration // longest life of a message in the network, usually 5 s
}

// Usual are the timers that the RFC proposes.
var Usual = Timers{T1: 500 * time.Millisecond, T2: 4 * time.Second, T4: 5 * time.Second}

// Target is where a message goes.
type Target struct {
	// Transport is UDP, TCP or TLS.
	Transport string
	// Host is a name or an address (IPv6 without brackets).
	Host string
	// Port 0 is the transport's own, or what a name's SRV record says.
	Port int
	// Flow is the connection or socket to use while it is open, or 0.
	Flow uint64
	// Fixed says that the transport was asked for, so that a large request may
	// not change to TCP.
	Fixed bool
}

// Local is how this end shows itself to a Target.
type Local struct {
	Host string
	Port int
}

// Source is where a message came from.
type Source struct {
	Transport string
	Host      string // an address
	Port      int
	Flow      uint64
}

// Env is what all legs of an endpoint share.
type Env struct {
	Timers Timers
	// Random gives 64 random bits; tags and branches are made of them, so they
	// must be hard to guess.
	Random func() uint64
	// Local says which own address stands in Via and Contact toward a target.
	Local func(Target) Local
	// Product is the User-Agent and Server, or "".
	Product string
	// Abilities are what is told in Allow, Supported and Accept.
	Abilities wire.Abilities
	// SessionExpires is the session interval that calls ask for (RFC 4028), and
	// MinSE the shortest that is taken; at least 90 s each. 0: 1,800 s and 90 s.
	SessionExpires, MinSE time.Duration
	// MaxUDP is the size above which a request takes TCP instead of UDP, in
	// bytes; 0: 1,300 (RFC 3261 §18.1.1).
	MaxUDP int
}

// Send is a message to put on the wire.
type Send struct {
	Data []byte
	To   Target
	// Branch names the request, for SendFailed; responses have none.
	Branch string
}

// Output is what a Leg wants done, in order.
type Output struct {
	Sends  []Send
	Events []Event
}

// core is what everything that speaks SIP has: its transactions.
type core struct {
	env     *Env
	now     time.Time
	out     Output
	clients []*clientTx
	servers []*serverTx
}

// Take gives what is to be done since the last Take.
func (c *core) Take() Output {
	out := c.out
	c.out = Output{}
	return out
}

func (c *core) emit(e Event) { c.out.Events = append(c.out.Events, e) }

func (c *core) send(data []byte, to Target, branch string) {
	c.out.Sends = append(c.out.Sends, Send{Data: data, To: to, Branch: branch})
}

var tokenCoding = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// token makes a tag or the random part of a branch: 26 characters, 128 bits.
func (e *Env) token() string {
	var b [16]byte
	binary.LittleEndian.PutUint64(b[:8], e.Random())
	binary.LittleEndian.PutUint64(b[8:], e.Random())
	return tokenCoding.EncodeToString(b[:])
}

func (e *Env) maxUDP() int {
	if e.MaxUDP > 0 {
		return e.MaxUDP
	}
	return 1300
}

func reliable(transport string) bool { return transport != wire.UDP }

// clientState of RFC 3261 figures 5 and 6, with RFC 6026's "accepted".
type clientState uint8

const (
	calling clientState = iota
	proceeding
	completed
	accepted
)

// clientTx is a request of ours.
type clientTx struct {
	method string
	cseq   uint32
	branch string
	state  clientState
	req    *wire.Message // let go once completed, but for INVITE
	data   []byte
	ack    []byte // of an INVITE: the ACK to a refusal
	to     Target
	grown  bool // only its size took it from UDP to TCP

	retransmit time.Time // zero: not due
	interval   time.Duration
	giveUp     time.Time // timers B and F, then D, K and M

	purpose purpose
	body    Body // what the request offered, for a repetition
	tries   int  // how often it was repeated with credentials
	peer    *peer
	cancel  bool // an INVITE: CANCEL as soon as it may be sent
	gone    bool // an INVITE: CANCEL was sent
}

// purpose says what an answer means.
type purpose uint8

const (
	forNothing purpose = iota
	forCall
	forOffer   // re-INVITE or UPDATE of our owner
	forRefresh // session timer
	forTransfer
	forInfo
	forRegister
	forOptions
)

// request starts a client transaction. m must have all but Via.
func (c *core) request(m *wire.Message, to Target, why purpose) *clientTx {
	tx := &clientTx{method: m.Method, cseq: m.CSeq.Number, branch: wire.Cookie + c.env.token(), req: m, to: to, purpose: why}
	c.render(tx)
	if tx.to.Transport == wire.UDP && !to.Fixed && len(tx.data) > c.env.maxUDP() {
		tx.to.Transport, tx.to.Flow, tx.grown = wire.TCP, 0, true // RFC 3261 §18.1.1
		c.render(tx)
	}
	c.clients = append(c.clients, tx)
	if !reliable(tx.to.Transport) {
		tx.interval = c.env.Timers.T1
		tx.retransmit = c.now.Add(tx.interval)
	}
	tx.giveUp = c.now.Add(64 * c.env.Timers.T1)
	c.send(tx.data, tx.to, tx.branch)
	return tx
}

// render writes the request with the Via of its target.
func (c *core) render(tx *clientTx) {
	tx.req.Via = []string{c.via(tx.to, tx.branch)}
	tx.data = tx.req.Append(make([]byte, 0, 512+len(tx.req.Body)))
}

func (c *core) via(to Target, branch string) string {
	l := c.env.Local(to)
	var b strings.Builder
	b.Grow(96)
	b.WriteString("SIP/2.0/")
	b.WriteString(to.Transport)
	b.WriteByte(' ')
	b.WriteString(wire.HostPort(l.Host, l.Port))
	b.WriteString(";branch=")
	b.WriteString(branch)
	if to.Transport == wire.UDP {
		b.WriteString(";rport") // RFC 3581
	}
	return b.String()
}

func (c *core) client(branch, method string) *clientTx {
	for _, tx := range c.clients {
		if tx.branch == branch && tx.method == method {
			return tx
		}
	}
	return nil
}

// answered moves a client transaction on and says whether the response is news.
func (c *core) answered(tx *clientTx, m *wire.Message) bool {
	t := c.env.Timers
	invite := tx.method == wire.Invite
	switch {
	case m.Code < 200:
		if tx.state > proceeding {
			return false
		}
		tx.state = proceeding
		if invite {
			tx.retransmit = time.Time{}
			switch {
			case tx.gone:
			case tx.purpose == forCall: // it may ring as long as its caller likes
				tx.giveUp = time.Time{}
			default:
				tx.giveUp = c.now.Add(64 * t.T1)
			}
		} else if !tx.retransmit.IsZero() {
			tx.interval = t.T2
		}
		return true
	case invite && m.Code < 300:
		if tx.state == completed {
			return false
		}
		if tx.state != accepted {
			tx.state = accepted
			tx.retransmit, tx.giveUp = time.Time{}, c.now.Add(64*t.T1) // RFC 6026: timer M
		}
		return true
	}
	if tx.state == completed || tx.state == accepted {
		if invite && tx.state == completed {
			c.send(tx.ack, tx.to, "")
		}
		return false
	}
	tx.state = completed
	tx.retransmit = time.Time{}
	wait := t.T4 // timer K
	if invite {
		tx.ack = c.ackOf(tx, m)
		c.send(tx.ack, tx.to, "")
		wait = 64 * t.T1 // timer D
	}
	if reliable(tx.to.Transport) {
		wait = 0
	}
	tx.giveUp = c.now.Add(wait)
	return true
}

// slim lets go of what a transaction that is answered needs no more: half a
// minute of calls that have ended is kept for repetitions.
func (tx *clientTx) slim() {
	if tx.state < completed {
		return
	}
	tx.data = nil
	if tx.req == nil || tx.method != wire.Invite {
		tx.req = nil
		return
	}
	tx.req.Body = nil
	tx.req.Headers = slices.DeleteFunc(tx.req.Headers, func(h wire.Header) bool { return !proves(h.Name) })
}

// proves says whether a field answers a challenge.
func proves(name string) bool { return name == "Authorization" || name == "Proxy-Authorization" }

// ackOf builds the ACK to a refusal (RFC 3261 §17.1.1.3).
func (c *core) ackOf(tx *clientTx, m *wire.Message) []byte {
	ack := &wire.Message{
		Method: wire.Ack, URI: tx.req.URI, Via: tx.req.Via, Route: tx.req.Route, From: tx.req.From, To: m.To,
		CallID: tx.req.CallID, CSeq: wire.CSeq{Number: tx.cseq, Method: wire.Ack}, MaxForwards: 70,
	}
	return ack.Append(make([]byte, 0, 384))
}

// cancelTx sends a CANCEL now or after the first provisional response
// (RFC 3261 §9.1).
func (c *core) cancelTx(tx *clientTx, reason Reason) {
	if tx.gone || tx.state > proceeding {
		return
	}
	if tx.state == calling {
		tx.cancel = true
		return
	}
	tx.cancel, tx.gone = false, true
	m := &wire.Message{
		Method: wire.Cancel, URI: tx.req.URI, Route: tx.req.Route, From: tx.req.From, To: tx.req.To,
		CallID: tx.req.CallID, CSeq: wire.CSeq{Number: tx.cseq, Method: wire.Cancel}, MaxForwards: 70, Via: tx.req.Via,
	}
	reason.add(m)
	// The CANCEL has the branch of what it cancels, and is a transaction of its own.
	cancel := &clientTx{method: wire.Cancel, cseq: tx.cseq, branch: tx.branch, req: m, to: tx.to}
	cancel.data = m.Append(make([]byte, 0, 384))
	if !reliable(tx.to.Transport) {
		cancel.interval = c.env.Timers.T1
		cancel.retransmit = c.now.Add(cancel.interval)
	}
	cancel.giveUp = c.now.Add(64 * c.env.Timers.T1)
	c.clients = append(c.clients, cancel)
	c.send(cancel.data, cancel.to, cancel.branch)
	tx.giveUp = c.now.Add(64 * c.env.Timers.T1)
}

// serverState of RFC 3261 figures 7 and 8, with RFC 6026's "accepted".
type serverState uint8

const (
	trying serverState = iota
	refused
	confirmed
	answered2xx
	done
)

// serverTx is a request of the other end.
type serverTx struct {
	method   string
	cseq     uint32
	branch   string // or, of RFC 2543, what takes its place
	sentBy   string
	state    serverState
	req      *wire.Message // let go with the final response
	last     []byte        // the latest response
	to       Target
	toTag    string
	reliable bool

	retransmit time.Time // of a refusal to INVITE
	interval   time.Duration
	giveUp     time.Time
}

// branchOf is what names a request's transaction (RFC 3261 §17.2.3).
func branchOf(m *wire.Message) string {
	if b := m.Top.Branch(); b != "" {
		return b
	}
	via := ""
	if len(m.Via) > 0 {
		via = m.Via[0]
	}
	return strings.Join([]string{"2543", m.URI.Text(), m.From.Tag(), via}, "|")
}

func (c *core) server(m *wire.Message, method string) *serverTx {
	branch, sentBy := branchOf(m), wire.HostPort(m.Top.Host, m.Top.Port)
	for _, tx := range c.servers {
		if tx.branch == branch && tx.method == method && tx.sentBy == sentBy && tx.cseq == m.CSeq.Number {
			return tx
		}
	}
	return nil
}

// serve starts a server transaction.
func (c *core) serve(m *wire.Message, from Source) *serverTx {
	tx := &serverTx{
		method: m.Method, cseq: m.CSeq.Number, branch: branchOf(m), sentBy: wire.HostPort(m.Top.Host, m.Top.Port),
		req: m, to: ResponseTarget(m, from), reliable: reliable(from.Transport),
	}
	c.servers = append(c.servers, tx)
	return tx
}

// again answers a retransmission.
func (c *core) again(tx *serverTx) {
	if tx.last != nil && tx.state != confirmed {
		c.send(tx.last, tx.to, "")
	}
}

// respond sends a response and moves the transaction on.
func (c *core) respond(tx *serverTx, r *wire.Message) {
	if tx.state != trying {
		return
	}
	if c.env.Product != "" {
		r.Add("Server", c.env.Product)
	}
	tx.last = r.Append(make([]byte, 0, 512+len(r.Body)))
	c.send(tx.last, tx.to, "")
	if r.Code < 200 {
		return
	}
	tx.toTag = r.To.Tag()
	tx.req = nil
	t := c.env.Timers
	tx.giveUp = c.now.Add(64 * t.T1) // timers H, L and J
	switch {
	case tx.method == wire.Invite && r.Code < 300:
		tx.state = answered2xx
	case tx.method == wire.Invite:
		tx.state = refused
		if !tx.reliable {
			tx.interval = t.T1
			tx.retransmit = c.now.Add(tx.interval)
		}
	default:
		tx.state = done
		if tx.reliable {
			tx.giveUp = c.now
		}
	}
}

// acked takes the ACK to a refusal, and says whether it was one.
func (c *core) acked(m *wire.Message) bool {
	tx := c.server(m, wire.Invite)
	if tx == nil && m.Top.Branch() == "" {
		// RFC 2543: the ACK has the response's To tag.
		for _, s := range c.servers {
			if s.method == wire.Invite && s.cseq == m.CSeq.Number && s.toTag != "" && s.toTag == m.To.Tag() {
				tx = s
			}
		}
	}
	if tx == nil || tx.state != refused {
		return tx != nil && tx.state == confirmed
	}
	tx.state = confirmed
	tx.retransmit = time.Time{}
	tx.giveUp = c.now.Add(c.env.Timers.T4) // timer I
	if tx.reliable {
		tx.giveUp = c.now
	}
	return true
}

// ResponseTarget is where the answers to a request go (RFC 3261 §18.2.2,
// RFC 3581 §4).
func ResponseTarget(m *wire.Message, from Source) Target {
	t := Target{Transport: from.Transport, Host: from.Host, Port: from.Port, Flow: from.Flow, Fixed: true}
	if from.Transport == wire.UDP {
		if _, rport := m.Top.Params.Get("rport"); !rport {
			if t.Port = m.Top.Port; t.Port == 0 {
				t.Port = 5060
			}
		}
	}
	return t
}

// due runs what the transactions' timers ask for; timeout is told of client
// transactions that nobody answered.
func (c *core) due(timeout func(*clientTx)) {
	t := c.env.Timers
	kept := c.clients[:0:len(c.clients)]
	var late []*clientTx
	for _, tx := range c.clients {
		if isDue(tx.giveUp, c.now) {
			if tx.state == calling || tx.state == proceeding {
				late = append(late, tx)
			}
			continue
		}
		if isDue(tx.retransmit, c.now) {
			c.send(tx.data, tx.to, tx.branch)
			tx.interval *= 2
			if tx.method != wire.Invite {
				tx.interval = min(tx.interval, t.T2)
			}
			tx.retransmit = c.now.Add(tx.interval)
		}
		kept = append(kept, tx)
	}
	clear(c.clients[len(kept):])
	c.clients = kept
	servers := c.servers[:0]
	for _, tx := range c.servers {
		if isDue(tx.giveUp, c.now) {
			continue
		}
		if isDue(tx.retransmit, c.now) {
			c.send(tx.last, tx.to, "")
			tx.interval = min(2*tx.interval, t.T2)
			tx.retransmit = c.now.Add(tx.interval)
		}
		servers = append(servers, tx)
	}
	clear(c.servers[len(servers):])
	c.servers = servers
	for _, tx := range late {
		timeout(tx)
	}
}

func (c *core) next() time.Time {
	var at time.Time
	for _, tx := range c.clients {
		at = earlier(earlier(at, tx.retransmit), tx.giveUp)
	}
	for _, tx := range c.servers {
		at = earlier(earlier(at, tx.retransmit), tx.giveUp)
	}
	return at
}

// unsent moves a client transaction that could not be sent: from TCP, which
// only its size had asked for, back to UDP; else it has failed, and true is
// returned (RFC 3261 §8.1.3.1, §18.1.1).
func (c *core) unsent(tx *clientTx) bool {
	if tx.state != calling {
		return false
	}
	if tx.grown {
		tx.grown = false
		tx.to.Transport, tx.to.Fixed = wire.UDP, true
		c.render(tx)
		tx.interval = c.env.Timers.T1
		tx.retransmit = c.now.Add(tx.interval)
		c.send(tx.data, tx.to, tx.branch)
		return false
	}
	tx.state = completed
	tx.retransmit, tx.giveUp = time.Time{}, c.now
	return true
}

// isDue says whether a timer that is set has come.
func isDue(at, now time.Time) bool { return !at.IsZero() && !at.After(now) }

// earlier gives the earlier of two timers; a zero one is not set.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
