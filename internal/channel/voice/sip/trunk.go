package sip

import (
	"strconv"
	"strings"
	"sync"
	"time"

	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/voice/sip/auth"
	"nubitalk/internal/channel/voice/sip/dialog"
	"nubitalk/internal/channel/voice/sip/gateway"
	"nubitalk/internal/channel/voice/sip/wire"
)

// question is a request outside of calls.
type question struct {
	method  string
	uri     wire.URI
	from    wire.Address // without tag
	to      wire.Address
	hop     Target
	route   []string
	cred    auth.Credentials
	callID  string
	tag     string
	seq     uint32
	contact string // user part; "" with bare: no Contact
	bare    bool
	headers []wire.Header
}

// ask sends it. done is told the final response, or nil and 408 or 503.
func (e *Endpoint) ask(q question, done func(m *wire.Message, code int, seq uint32)) {
	m := &wire.Message{
		Method: q.method, URI: q.uri, From: q.from.WithTag(q.tag), To: q.to, CallID: q.callID, Route: q.route,
		CSeq: wire.CSeq{Number: q.seq, Method: q.method}, MaxForwards: 70, Headers: q.headers,
	}
	if !q.bare {
		l := e.net.local(q.hop)
		m.Contact = []wire.Address{wire.NewAddress("", wire.NewURI("sip", q.contact, l.Host, l.Port, q.hop.Transport), "")}
	}
	if e.cfg.Product != "" {
		m.Add("User-Agent", e.cfg.Product)
	}
	e.boxes.create(e, q.callID, item{begin: func(b *mailbox) {
		if b.outside == nil {
			b.outside = dialog.NewOutside(&e.env)
		}
		b.outside.At(time.Now()).Ask(m, q.hop, q.cred, func(m *wire.Message, code int) {
			seq := q.seq + 2 // one more was used for an answer to a challenge, two for a stale one
			done(m, code, seq)
		})
	}})
}

// token makes a Call-ID or tag.
func token() string {
	return shortHash(nil, strconv.FormatUint(random(), 36), strconv.FormatUint(random(), 36))
}

// RegisterRequest describes how this end registers with a trunk.
type RegisterRequest struct {
	// Registrar is the Request-URI, such as sip:operator.example.
	Registrar wire.URI
	// AOR is the account's address, From and To.
	AOR wire.URI
	// ContactUser is the user part of our Contact: what the trunk calls with.
	ContactUser string
	Hop         Target
	Route       []string
	Credentials auth.Credentials
	// Expires is how long a registration shall last (default 1 h).
	Expires time.Duration
}

// Registering keeps one registration with a trunk in force.
type Registering struct {
	e      *Endpoint
	r      RegisterRequest
	told   func(gateway.RegState)
	callID string
	tag    string

	mu    sync.Mutex
	reg   gateway.Registration
	code  int // of the last answer
	since time.Time
	seq   uint32
	timer *time.Timer
}

// Register begins to register with a trunk, and goes on until Stop. told is
// called when the state changes, one call after another.
func (e *Endpoint) Register(r RegisterRequest, told func(gateway.RegState)) *Registering {
	g := &Registering{e: e, r: r, told: told, callID: token(), tag: token(), seq: 1}
	g.reg = gateway.Registration{Asks: r.Expires, Random: random}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.plan()
	return g
}

// State is how the registration stands.
func (g *Registering) State() gateway.RegState {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.reg.State()
}

// Answer is the registrar's last one, 0 before the first, and since when the
// state is what it is.
func (g *Registering) Answer() (code int, since time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.code, g.since
}

// Stop ends the registration, at the trunk too.
func (g *Registering) Stop() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.reg.Remove(time.Now())
	g.plan()
}

// plan sets the timer for the next attempt; g.mu is held.
func (g *Registering) plan() {
	if g.timer != nil {
		g.timer.Stop()
		g.timer = nil
	}
	if g.e.isStopped() {
		return
	}
	if due := g.reg.Due(time.Now()); !due.IsZero() {
		g.timer = time.AfterFunc(time.Until(due), g.attempt)
	}
}

func (g *Registering) attempt() {
	g.mu.Lock()
	if g.e.isStopped() || g.reg.Due(time.Now()).IsZero() {
		g.mu.Unlock()
		return
	}
	expires := g.reg.Attempt()
	aor := wire.NewAddress("", g.r.AOR, "")
	q := question{
		method: wire.Register, uri: g.r.Registrar, from: aor, to: aor, hop: g.r.Hop, route: g.r.Route, cred: g.r.Credentials,
		callID: g.callID, tag: g.tag, seq: g.seq, contact: g.r.ContactUser,
		headers: []wire.Header{{Name: "Expires", Value: strconv.Itoa(int(expires / time.Second))}},
	}
	g.mu.Unlock()
	g.e.ask(q, func(m *wire.Message, code int, seq uint32) {
		g.mu.Lock()
		g.seq = seq + 1
		user, local := g.r.ContactUser, g.e.net.local(g.r.Hop)
		changed := g.reg.Response(code, m, func(a wire.Address) bool {
			return a.URI.Host == strings.ToLower(local.Host) && a.URI.User.Equal(secret.New(user)) && (a.URI.Port == local.Port || a.URI.Port == 0)
		}, time.Now())
		if g.code = code; changed {
			g.since = time.Now()
		}
		state := g.reg.State()
		g.plan()
		g.mu.Unlock()
		if changed && g.told != nil {
			g.told(state)
		}
	})
}

// WatchRequest describes a gateway to be watched by OPTIONS.
type WatchRequest struct {
	Hop Target
	// From is who asks; the gateway's answer to it does not matter.
	From        wire.URI
	Credentials auth.Credentials
	// Every is how often a healthy gateway is asked (default 30 s).
	Every time.Duration
}

// Watching knows whether a gateway is up.
type Watching struct {
	e    *Endpoint
	r    WatchRequest
	told func(up bool)

	mu     sync.Mutex
	health gateway.Health
	rtt    time.Duration
	timer  *time.Timer
	ended  bool
}

// Watch begins to watch a gateway, until Stop. told is called when it goes down
// or comes back.
func (e *Endpoint) Watch(r WatchRequest, told func(up bool)) *Watching {
	if r.Every <= 0 {
		r.Every = 30 * time.Second
	}
	w := &Watching{e: e, r: r, told: told}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.timer = time.AfterFunc(0, w.probe)
	return w
}

// Up says whether calls may take the gateway now, and RTT how long it took to
// answer the last time.
func (w *Watching) Up() (up bool, rtt time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.health.Up(time.Now()), w.rtt
}

// Answers says whether calls may take the gateway now, and whether that is sure: one
// that was not heard of yet, or not the last time, is neither up nor down.
func (w *Watching) Answers() (up, sure bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	up = w.health.Up(time.Now())
	return up, !up || w.rtt > 0 && !w.health.Doubtful()
}

// Call notes how a call by this gateway went; code 0: it was answered.
func (w *Watching) Call(code int, retryAfter time.Duration) {
	w.mu.Lock()
	now := time.Now()
	changed := w.health.Call(code, retryAfter, now)
	up := w.health.Up(now)
	w.mu.Unlock()
	if changed && w.told != nil {
		w.told(up)
	}
}

// Stop ends the watch.
func (w *Watching) Stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended = true
	if w.timer != nil {
		w.timer.Stop()
	}
}

func (w *Watching) probe() {
	w.mu.Lock()
	if w.ended || w.e.isStopped() {
		w.mu.Unlock()
		return
	}
	w.mu.Unlock()
	began := time.Now()
	uri := wire.NewURI("sip", "", w.r.Hop.Host, w.r.Hop.Port, w.r.Hop.Transport)
	q := question{
		method: wire.Options, uri: uri, from: wire.NewAddress("", w.r.From, ""), to: wire.NewAddress("", uri, ""), hop: w.r.Hop,
		cred: w.r.Credentials, callID: token(), tag: token(), seq: 1,
		headers: []wire.Header{{Name: "Accept", Value: "application/sdp"}},
	}
	w.e.ask(q, func(_ *wire.Message, code int, _ uint32) {
		w.mu.Lock()
		now := time.Now()
		changed := w.health.Probe(code)
		w.rtt = now.Sub(began)
		up := w.health.Up(now)
		if !w.ended && !w.e.isStopped() {
			w.timer = time.AfterFunc(w.health.Interval(w.r.Every), w.probe)
		}
		w.mu.Unlock()
		if changed && w.told != nil {
			w.told(up)
		}
	})
}
