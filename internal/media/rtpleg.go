package media

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"time"

	"github.com/pion/rtcp"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/media/g711"
	"nubitalk/internal/media/negotiate"
)

var errInUse error = syscall.EADDRINUSE

// RTPConfig is what a leg over RTP is made with.
type RTPConfig struct {
	Policy negotiate.Policy
	// Latch lets the other end be behind a router: the first good packet, from
	// wherever it comes, fixes where sound is taken from and sent to. With SRTP
	// such a packet was sealed with the right key; with plain RTP anybody could
	// have sent it, so it is for endpoints that need it only.
	Latch bool
	// Address is bound; the zero value is the host's.
	Address netip.Addr
	// Origin is that of the leg which this one follows in the same dialog, after
	// a restart; see RTPLeg.Origin. Lasted is how long the other end may have been
	// sending then.
	Origin   negotiate.Origin
	Lasted   time.Duration
	Listener Listener
}

// RTPLeg is a leg over (S)RTP: a trunk's gateway or a SIP phone. One goroutine
// reads its socket, and one more if RTCP comes apart.
type RTPLeg struct {
	*line
	config  RTPConfig
	conn    *net.UDPConn
	port    uint16
	session *negotiate.Session

	// guarded by the bridge's lock
	rtcp     *net.UDPConn // apart, if so agreed
	agreed   *negotiate.Agreed
	opener   *crypt         // of what comes
	sealer   *crypt         // of what goes
	source   netip.AddrPort // that is listened to and sent to
	reportTo netip.AddrPort // that reports go to
	fixed    bool           // source has been proven by a good packet
}

// NewRTP opens a leg. It says nothing and takes nothing until an offer and an
// answer were exchanged.
func (h *Host) NewRTP(c RTPConfig) (*RTPLeg, error) {
	if !c.Address.IsValid() {
		c.Address = h.config.Address
	}
	conn, err := h.ports.listen(c.Address.Unmap())
	if err != nil {
		return nil, err
	}
	r := &RTPLeg{config: c, conn: conn}
	r.port = conn.LocalAddr().(*net.UDPAddr).AddrPort().Port()
	if r.session, err = h.session(c.Policy, conn); err == nil {
		r.session.Resume(c.Origin)
		r.line, err = h.newLine(c.Listener, r.end)
	}
	if err != nil {
		err = errors.Join(err, conn.Close())
		h.ports.give(r.port)
		return nil, err
	}
	r.carrier = (*rtpCarrier)(r)
	r.keeper = r.report
	h.spawn(func() { r.read(conn, false) })
	return r, nil
}

// Origin is what a leg goes on with that follows this one; it is to be kept with
// the dialog, sealed, because it has the key in it.
func (r *RTPLeg) Origin() negotiate.Origin {
	b := r.lock()
	defer b.mu.Unlock()
	return r.session.Origin()
}

// Port is the leg's own UDP port.
func (r *RTPLeg) Port() uint16 { return r.port }

// end closes the sockets; the readers end by that.
func (r *RTPLeg) end() {
	b := r.lock()
	rtcp := r.rtcp
	b.mu.Unlock()
	_ = r.conn.Close()
	if rtcp != nil {
		_ = rtcp.Close()
	}
	r.host.ports.give(r.port)
}

// Offer makes an offer to send; laws replace the policy's codecs, if given. The
// body has keys in it.
func (r *RTPLeg) Offer(laws ...g711.Law) ([]byte, error) {
	b := r.lock()
	defer b.mu.Unlock()
	if r.closed {
		return nil, errs.New(errs.Gone, "This call has ended.")
	}
	return r.session.Offer(laws...)
}

// Answer takes an offer and gives the answer to send. Errors are a
// negotiate.Refusal or negotiate.ErrMalformed, and change nothing.
func (r *RTPLeg) Answer(offer []byte) ([]byte, error) {
	b := r.lock()
	defer b.mu.Unlock()
	if r.closed {
		return nil, errs.New(errs.Gone, "This call has ended.")
	}
	answer, agreed, err := r.session.Answer(offer)
	if err != nil {
		return nil, err
	}
	return answer, r.apply(b, agreed)
}

// Accept takes the answer to our last offer; errors are those of Answer. Another
// answer to the same offer replaces the first, as when a call was forked.
func (r *RTPLeg) Accept(answer []byte) error {
	b := r.lock()
	defer b.mu.Unlock()
	if r.closed {
		return errs.New(errs.Gone, "This call has ended.")
	}
	agreed, err := r.session.Accept(answer)
	if err != nil {
		return err
	}
	return r.apply(b, agreed)
}

// Secure says whether the leg is encrypted, and how.
func (r *RTPLeg) Secure() negotiate.Suite {
	b := r.lock()
	defer b.mu.Unlock()
	if r.agreed == nil {
		return negotiate.None
	}
	return r.agreed.Suite
}

// Held says whether the other end does not want to hear us: it holds.
func (r *RTPLeg) Held() bool {
	b := r.lock()
	defer b.mu.Unlock()
	return r.agreed != nil && !r.agreed.Sends
}

// Law is the codec that the other end gets, and false before it was agreed.
func (r *RTPLeg) Law() (g711.Law, bool) {
	b := r.lock()
	defer b.mu.Unlock()
	if r.agreed == nil {
		return 0, false
	}
	return r.agreed.Law, true
}

// apply does what was agreed. The lock is held.
func (r *RTPLeg) apply(b *Bridge, a *negotiate.Agreed) error {
	opener, sealer := r.opener, r.sealer
	var err error
	if !opener.same(a.Suite, a.Theirs) {
		if opener, err = newCrypt(a.Suite, a.Theirs, true); err != nil {
			return err
		}
		opener.since(r.config.Lasted)
	}
	if !sealer.same(a.Suite, a.Own) {
		if sealer, err = newCrypt(a.Suite, a.Own, false); err != nil {
			return err
		}
	}
	if !a.Mux && r.rtcp == nil {
		// Without it there are no reports, which is no reason to have no call.
		if r.rtcp, err = bind(netip.AddrPortFrom(r.config.Address.Unmap(), r.port+1)); err == nil {
			apart := r.rtcp
			r.host.spawn(func() { r.read(apart, true) })
		}
	}
	if r.agreed == nil || r.agreed.Remote != a.Remote {
		r.source, r.fixed = a.Remote, false
	}
	r.opener, r.sealer, r.agreed, r.reportTo = opener, sealer, a, a.RemoteRTCP
	if a.Mux {
		r.reportTo = r.source
	}
	l := r.line
	l.out.ready, l.out.law, l.out.payload = true, a.Law, a.Payload
	l.out.events, l.out.event = a.Events, a.Event
	l.sends, l.expects, l.begun = a.Sends, a.Receives, true
	l.last = r.host.now()
	b.plan()
	return nil
}

// read takes packets from a socket until it is closed.
func (r *RTPLeg) read(conn *net.UDPConn, apart bool) {
	buffer := make([]byte, 2048)
	for {
		n, from, err := conn.ReadFromUDPAddrPort(buffer)
		switch {
		case err == nil:
			r.packet(buffer[:n], netip.AddrPortFrom(from.Addr().Unmap(), from.Port()), apart)
		case errors.Is(err, net.ErrClosed):
			return
		}
		// Anything else is what the network said about a packet of ours.
	}
}

// packet takes what came. Nothing in here allocates or logs, good packet or bad,
// but for failed seals.
func (r *RTPLeg) packet(b []byte, from netip.AddrPort, apart bool) {
	r.took(b, from, apart, r.host.now())
}

func (r *RTPLeg) took(b []byte, from netip.AddrPort, apart bool, now time.Duration) {
	bridge := r.lock()
	if r.agreed == nil || r.closed {
		r.counts.Strangers++
	} else if apart || r.agreed.Mux && reports(b) {
		r.reported(b, from, now)
	} else {
		r.sound(bridge, b, from, now)
	}
	bridge.mu.Unlock()
	r.events.flush()
}

func (r *RTPLeg) sound(bridge *Bridge, b []byte, from netip.AddrPort, now time.Duration) {
	if from != r.source && (!r.config.Latch || r.fixed) {
		r.counts.Strangers++
		return
	}
	if r.sounds.over(now) {
		r.counts.Flooded++
		return
	}
	var p packet
	number, ok := parse(b, &p)
	if !ok {
		r.counts.Useless++
		return
	}
	if r.opener != nil {
		plain, err := r.opener.open(b)
		if err != nil {
			if errors.Is(err, errReplay) {
				r.counts.Replayed++
			} else {
				r.counts.Forged++
			}
			return
		}
		if number, ok = parse(plain, &p); !ok {
			r.sounds.said(len(plain), now)
			r.counts.Useless++
			return
		}
	}
	r.sounds.said(len(p.payload), now)
	if !r.known(number, &p) {
		r.counts.Useless++
		return
	}
	if !r.fixed {
		r.fixed = true
		r.source = from
		if r.agreed.Mux {
			r.reportTo = from
		}
	}
	bridge.arrived(r.line, &p, now)
}

// known finds what a payload type means.
func (r *RTPLeg) known(number uint8, p *packet) bool {
	for _, k := range r.agreed.In {
		if k.Number == number {
			p.law = k.Law
			return len(p.payload) > 0
		}
	}
	p.event = true
	return r.agreed.Events && number == r.agreed.EventIn && len(p.payload) >= 4
}

// reported takes a report. It comes from where sound comes from, or from where
// it was agreed.
func (r *RTPLeg) reported(b []byte, from netip.AddrPort, now time.Duration) {
	latched := r.config.Latch && r.fixed && from.Addr() == r.source.Addr()
	if from != r.reportTo && !latched {
		r.counts.Strangers++
		return
	}
	if r.news.over(now) {
		r.counts.Flooded++
		return
	}
	if r.opener != nil {
		if len(b) < 8 {
			r.counts.Useless++
			return
		}
		plain, err := r.opener.rtcp.DecryptRTCP(nil, b, nil)
		if err != nil {
			r.counts.Forged++
			return
		}
		b = plain
	}
	r.news.spend(perNews, now)
	goodbye, err := r.meter.Reported(b, r.host.config.Now(), now)
	if err != nil {
		r.counts.Useless++
		return
	}
	r.reportTo = from
	if goodbye {
		r.events.note(Goodbye{})
	}
}

// report sends ours. The lock is held.
func (r *RTPLeg) report(now time.Duration) error {
	if r.agreed == nil || !r.reportTo.IsValid() || r.reportTo.Port() == 0 {
		return nil
	}
	conn := r.conn
	if !r.agreed.Mux {
		if conn = r.rtcp; conn == nil {
			return nil
		}
	}
	o := &r.line.out
	stamp := o.clock + uint32(int64(now-o.at)*8/int64(time.Millisecond))
	b, err := rtcp.Marshal(r.meter.Report(o.ssrc, "nubitalk", stamp, r.host.config.Now(), now))
	if err != nil {
		return fmt.Errorf("making a report: %w", err)
	}
	if r.sealer != nil {
		if b, err = r.sealer.rtcp.EncryptRTCP(nil, b, nil); err != nil {
			return fmt.Errorf("sealing a report: %w", err)
		}
	}
	_, err = conn.WriteToUDPAddrPort(b, r.reportTo)
	return err
}

// rtpCarrier is the leg as its line's way out.
type rtpCarrier RTPLeg

func (c *rtpCarrier) send(b []byte) {
	if c.sealer != nil {
		sealed, err := c.sealer.seal(b)
		if err != nil {
			return // a key that was used 2^48 times
		}
		b = sealed
	}
	// The network's answer to an earlier packet comes as an error here; the next
	// one may arrive all the same.
	_, _ = c.conn.WriteToUDPAddrPort(b, c.source)
}
