package sip

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"log/slog"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/voice/sip/auth"
	"nubitalk/internal/channel/voice/sip/dialog"
	"nubitalk/internal/channel/voice/sip/wire"
)

// abilities are what every leg of an endpoint can do.
var abilities = wire.Abilities{
	Methods:    []string{wire.Invite, wire.Ack, wire.Cancel, wire.Bye, wire.Options, wire.Register, wire.Prack, wire.Update, wire.Refer, wire.Subscribe, wire.Notify, wire.Info},
	Extensions: []string{"100rel", "timer", "replaces"},
	Bodies:     []string{"application/sdp", "application/dtmf-relay", "application/dtmf", "message/sipfrag"},
}

// nonceLife is how long a digest nonce is taken.
const nonceLife = 5 * time.Minute

// Endpoint is one SIP user agent. It is a base/service part.
type Endpoint struct {
	cfg      Config
	handler  Handler
	env      dialog.Env
	auth     *auth.Server
	log      *slog.Logger
	net      *network
	boxes    boxes
	brake    *brake
	count    counts
	tagKey   [16]byte
	phones   phones
	watchers watchers
	calls    atomic.Int64 // standing or being set up

	running atomic.Bool

	mu   sync.Mutex // one Start or Stop at a time
	stop context.CancelFunc
	ctx  context.Context
}

// counts are what Stats shows.
type counts struct {
	received, sent, garbage, refused, dropped, full, unsent atomic.Int64
}

// Stats are figures since the start, but for Calls, Mailboxes and Connections,
// which are of now.
type Stats struct {
	Received    int64 // messages read
	Sent        int64 // messages written
	Garbage     int64 // what was no message
	Refused     int64 // answers without state
	Dropped     int64 // messages that fitted nowhere, or came too fast
	Full        int64 // calls refused for the bounds of Limits
	Unsent      int64 // messages that could not be written
	Calls       int64
	Mailboxes   int64
	Connections int64
}

// New makes an endpoint that Start starts.
func New(cfg Config, h Handler) *Endpoint {
	cfg = cfg.withDefaults()
	e := &Endpoint{cfg: cfg, handler: h, log: cfg.Log, auth: auth.NewServer(cfg.Algorithms, nonceLife)}
	_, _ = rand.Read(e.tagKey[:])
	e.net = newNetwork(e)
	e.env = dialog.Env{
		Timers: cfg.Timers, Random: random, Local: e.net.local, Product: cfg.Product, Abilities: abilities,
		SessionExpires: cfg.SessionExpires, MinSE: cfg.MinSE,
	}
	e.phones.book.Rules = cfg.Registrar
	if e.cfg.KeepOpen <= 0 {
		e.cfg.KeepOpen = keepOpenEvery
	}
	e.boxes.init()
	e.brake = newBrake(cfg.Limits.RefusalsPerSource)
	return e
}

func (c Config) withDefaults() Config {
	set := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	set(&c.Limits.Calls, 4000)
	set(&c.Limits.Mailboxes, 100_000)
	set(&c.Limits.Queue, 64)
	set(&c.Limits.Subscriptions, 20_000)
	set(&c.Limits.Connections, 4096)
	set(&c.Limits.ConnectionsPerSource, 64)
	set(&c.Limits.RefusalsPerSource, 500)
	c.Listeners = slices.Clone(c.Listeners)
	for i := range c.Listeners {
		l := &c.Listeners[i]
		l.Advertise = strings.ToLower(strings.Trim(l.Advertise, "[]"))
	}
	if c.Limits.Idle <= 0 {
		c.Limits.Idle = 40 * time.Minute
	}
	if c.Limits.Partial <= 0 {
		c.Limits.Partial = 20 * time.Second
	}
	if c.Timers == (dialog.Timers{}) {
		c.Timers = dialog.Usual
	}
	if len(c.Algorithms) == 0 {
		c.Algorithms = []string{auth.SHA256}
	}
	if c.Resolver == nil {
		c.Resolver = net.DefaultResolver
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

func random() uint64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return binary.LittleEndian.Uint64(b[:])
}

// Start opens the listeners.
func (e *Endpoint) Start(ctx context.Context) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.running.Load() {
		return nil
	}
	e.ctx, e.stop = context.WithCancel(context.WithoutCancel(ctx))
	if err := e.net.open(e.ctx); err != nil {
		e.stop()
		return errors.Join(err, e.net.close())
	}
	e.watchers.mu.Lock()
	e.watchers.of, e.watchers.total = nil, 0 // their mailboxes ended with it
	e.watchers.mu.Unlock()
	e.calls.Store(0) // of an earlier run, which may not have ended all
	e.running.Store(true)
	e.phones.mu.Lock()
	e.phones.ended = false
	e.phones.mu.Unlock()
	e.lapse()
	return nil
}

// Stop ends every call with BYE or CANCEL or 503, waits until the other ends
// have confirmed or ctx is done, and closes the sockets.
func (e *Endpoint) Stop(ctx context.Context) error { return e.halt(ctx, true) }

// Suspend stops without ending the calls that stand: whoever has their
// Snapshots goes on with them by Restore, in another process. Calls that are
// being set up end as with Stop.
func (e *Endpoint) Suspend(ctx context.Context) error { return e.halt(ctx, false) }

func (e *Endpoint) halt(ctx context.Context, standing bool) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.running.Swap(false) {
		return nil
	}
	for _, b := range e.boxes.all() {
		b.post(item{do: func() {
			for _, l := range b.legs {
				if !standing && l.d.State() == dialog.Standing {
					l.left.Store(true)
					continue
				}
				l.d.At(time.Now()).Hangup(dialog.Reason{SIP: 503, Q850: 41, Text: "going down"})
				b.flush(l)
			}
		}})
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
wait:
	for e.boxes.busy() {
		select {
		case <-ctx.Done():
			break wait
		case <-tick.C:
		}
	}
	e.phones.mu.Lock()
	e.phones.ended = true
	for account, timer := range e.phones.open {
		timer.Stop()
		delete(e.phones.open, account)
	}
	e.phones.mu.Unlock()
	e.stop()
	err := e.net.close()
	for _, b := range e.boxes.all() {
		b.kill()
	}
	return err
}

// isStopped says whether the endpoint does not run, or is being stopped.
func (e *Endpoint) isStopped() bool { return !e.running.Load() }

// Stats gives the endpoint's figures.
func (e *Endpoint) Stats() Stats {
	return Stats{
		Received: e.count.received.Load(), Sent: e.count.sent.Load(), Garbage: e.count.garbage.Load(), Refused: e.count.refused.Load(),
		Dropped: e.count.dropped.Load(), Full: e.count.full.Load(), Unsent: e.count.unsent.Load(),
		Calls: e.calls.Load(), Mailboxes: e.boxes.size.Load(), Connections: e.net.connections(),
	}
}

// Address is where the n-th listener of Config listens, as host:port.
func (e *Endpoint) Address(n int) string { return e.net.address(n) }

// receive takes what a socket delivered, in order.
func (e *Endpoint) receive(data []byte, src dialog.Source) {
	e.count.received.Add(1)
	m, fault := wire.Parse(data)
	if m == nil {
		e.count.garbage.Add(1)
		return
	}
	if m.IsRequest() {
		stamp(m, src)
		if fault == nil {
			fault = abilities.Judge(m)
		}
		if fault != nil {
			e.refuse(m, src, fault.Code, fault.Why, fault.Headers...)
			return
		}
	} else if !e.net.ours(m) {
		e.count.dropped.Add(1) // RFC 3261 §18.1.2; RFC 4475 §3.3.10
		return
	}
	e.dispatch(m, src)
}

// stamp notes where a request came from (RFC 3261 §18.2.1, RFC 3581 §4).
func stamp(m *wire.Message, src dialog.Source) {
	value, ok := m.Top.Params.Get("rport")
	if ok && value == "" {
		m.Via[0] = setParam(m.Via[0], "rport", strconv.Itoa(src.Port))
	}
	if ok || m.Top.Host != src.Host {
		m.Via[0] = setParam(m.Via[0], "received", src.Host)
	}
}

// setParam gives a Via's parameter a value; a bare parameter of that name is
// replaced.
func setParam(via, key, value string) string {
	var b strings.Builder
	b.Grow(len(via) + len(key) + len(value) + 2)
	done := false
	first := true
	for part := range strings.SplitSeq(via, ";") {
		name, _, _ := strings.Cut(part, "=")
		if !first && strings.EqualFold(strings.TrimSpace(name), key) {
			if done {
				continue
			}
			part, done = key+"="+value, true
		}
		if !first {
			b.WriteByte(';')
		}
		first = false
		b.WriteString(part)
	}
	if !done {
		b.WriteByte(';')
		b.WriteString(key)
		b.WriteByte('=')
		b.WriteString(value)
	}
	return b.String()
}

// refuse answers a request and keeps nothing of it (RFC 3261 §8.2.7). An ACK
// gets no answer.
func (e *Endpoint) refuse(m *wire.Message, src dialog.Source, code int, why string, headers ...wire.Header) {
	if m.Method == wire.Ack || m.CSeq.Method == wire.Ack || !e.brake.allow(src.Host, time.Now()) {
		e.count.dropped.Add(1)
		return
	}
	e.count.refused.Add(1)
	r := m.Answer(code, e.tagFor(m))
	if why != "" {
		r.Reason = why
	}
	if e.cfg.Product != "" {
		r.Add("Server", e.cfg.Product)
	}
	r.Headers = append(r.Headers, headers...)
	e.net.send(dialog.Send{Data: r.Append(nil), To: dialog.ResponseTarget(m, src)}, nil)
}

// tagFor makes the same To tag for each repetition of a request.
func (e *Endpoint) tagFor(m *wire.Message) string {
	return shortHash(e.tagKey[:], m.CallID, m.From.Tag(), m.Top.Branch())
}

// dispatch puts a message into its mailbox, and makes one for what begins
// something.
func (e *Endpoint) dispatch(m *wire.Message, src dialog.Source) {
	if e.boxes.post(m.CallID, item{m: m, src: src}) {
		return
	}
	switch {
	case !m.IsRequest() || m.Method == wire.Ack:
		e.count.dropped.Add(1)
	case m.To.Tag() != "" || m.Method == wire.Cancel:
		e.refuse(m, src, 481, "")
	case m.Method != wire.Invite && m.Method != wire.Register && m.Method != wire.Options && m.Method != wire.Subscribe:
		e.refuse(m, src, 481, "") // what belongs to a dialog comes without one
	default:
		if e.boxes.size.Load() >= int64(e.cfg.Limits.Mailboxes) || m.Method == wire.Invite && e.calls.Load() >= int64(e.cfg.Limits.Calls) {
			e.count.full.Add(1)
			e.overloaded(m, src)
			return
		}
		e.boxes.create(e, m.CallID, item{m: m, src: src})
	}
}

// overloaded asks the other end to come back later, spread over some seconds
// (RFC 3261 §21.5.4).
func (e *Endpoint) overloaded(m *wire.Message, src dialog.Source) {
	e.refuse(m, src, 503, "", wire.Header{Name: "Retry-After", Value: strconv.Itoa(5 + int(random()%10))})
}

// Restore goes on with a call that an earlier process had. The leg stands:
// Reinvite it, so that media find each other again. What the other end did in
// between, such as hanging up, is found out then.
func (e *Endpoint) Restore(snapshot secret.Bytes, credentials auth.Credentials, events func(Event)) (*Leg, error) {
	if !e.running.Load() {
		return nil, ErrStopped
	}
	if events == nil {
		return nil, ErrRequest
	}
	d, err := dialog.Restore(&e.env, time.Now(), snapshot, credentials)
	if err != nil {
		return nil, err
	}
	l := &Leg{e: e, callID: d.CallID(), about: &about{incoming: d.Incoming(), from: d.Caller(), to: d.Called()}, events: events, d: d}
	l.state.Store(int32(Standing))
	e.calls.Add(1)
	e.boxes.create(e, l.callID, item{begin: func(b *mailbox) {
		l.box.Store(b)
		b.add(l)
		b.flush(l)
	}})
	return l, nil
}

// Why Call makes none.
var (
	ErrStopped = errors.New("sip: the endpoint does not run")
	ErrRequest = errors.New("sip: a call needs who is called, who calls, where it goes and Events")
	ErrBusy    = errors.New("sip: as many calls as Limits allows")
)

// Call makes a call. It returns at once; what becomes of it say the request's
// Events.
func (e *Endpoint) Call(r CallRequest) (*Leg, error) {
	switch {
	case !e.running.Load():
		return nil, ErrStopped
	case r.Events == nil || r.To.Empty() || r.From.Empty() || r.Hop.Host == "":
		return nil, ErrRequest
	case e.calls.Load() >= int64(e.cfg.Limits.Calls):
		e.count.full.Add(1)
		return nil, ErrBusy
	}
	if r.CallID == "" {
		r.CallID = token()
	}
	l := &Leg{e: e, callID: r.CallID, about: &about{from: r.From, to: wire.NewAddress(r.ToDisplay, r.To, "")}, events: r.Events}
	e.calls.Add(1)
	e.boxes.create(e, r.CallID, item{begin: func(b *mailbox) {
		l.box.Store(b)
		l.d = dialog.Call(&e.env, time.Now(), r.Outgoing)
		b.add(l)
		b.flush(l)
	}})
	return l, nil
}
