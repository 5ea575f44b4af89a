package media

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/media/g711"
)

// maxSDP bounds a browser's offer, in octets.
const maxSDP = 64 << 10

// BrowserLeg is a leg to a browser by WebRTC. The browser offers, this end
// answers, as DTLS server. Its peer can be replaced in a running call: the page
// was loaded again, or the call went on in another browser.
type BrowserLeg struct {
	*line
	law   g711.Law
	video atomic.Bool

	signal sync.Mutex // one offer at a time; taken before the bridge's lock
	// guarded by the bridge's lock, written with signal
	peer *peer
}

// peer is one connection of a leg.
type peer struct {
	leg         *BrowserLeg
	conn        *webrtc.PeerConnection
	sender      *webrtc.RTPSender
	fingerprint string // of the browser's certificate
	writer      webrtc.TrackLocalWriter
	ssrc        uint32
	sound       uint8 // payload types that were agreed
	event       uint8
	events      bool
	header      rtp.Header // reused; guarded by the bridge's lock
	video       bool       // may have it
	filming     bool       // has offered it; guarded by signal
	view        *view      // once it was agreed
}

// NewBrowser makes a leg that speaks law, best that of the other leg. It sends
// nothing until Answer has been called and the browser has connected.
func (h *Host) NewBrowser(law g711.Law, listener Listener) (*BrowserLeg, error) {
	l := &BrowserLeg{law: law}
	var err error
	if l.line, err = h.newLine(listener, l.end); err != nil {
		return nil, err
	}
	l.out.law = law
	l.keeper = l.report
	return l, nil
}

// AllowVideo has the next connection of a browser, not one that is up, send and
// see video if it offers so. It is passed on to one other leg with video.
func (l *BrowserLeg) AllowVideo() { l.video.Store(true) }

// end closes the connection.
func (l *BrowserLeg) end() {
	l.signal.Lock()
	defer l.signal.Unlock()
	b := l.lock()
	p := l.peer
	l.peer = nil
	b.mu.Unlock()
	if p != nil {
		_ = p.conn.Close() // it is gone either way
	}
}

// Answer takes an offer of a browser (SDP) and gives the answer, with all of this
// end's candidates. Those of the offer are passed over: the browser calls this
// end, from wherever it is, and nothing is sent to where it has not sent from. An offer of the browser that is connected goes on with it,
// also after an ICE restart; any other offer replaces it at once. Faults of the
// offer are errs.Invalid.
func (l *BrowserLeg) Answer(ctx context.Context, offer string) (string, error) {
	if len(offer) > maxSDP {
		return "", errs.New(errs.TooLarge, "The browser's offer is too long.")
	}
	fingerprint := fingerprintOf(offer)
	if fingerprint == "" {
		return "", errs.New(errs.Invalid, "The browser's offer cannot be used.")
	}
	l.signal.Lock()
	defer l.signal.Unlock()
	b := l.lock()
	p, closed := l.peer, l.closed
	b.mu.Unlock()
	if closed {
		return "", errs.New(errs.Gone, "This call has ended.")
	}
	if p != nil && p.fingerprint == fingerprint && p.alive() {
		return p.answer(ctx, offer)
	}
	fresh, err := l.newPeer(fingerprint)
	if err != nil {
		return "", err
	}
	answer, err := fresh.answer(ctx, offer)
	if err != nil {
		return "", errors.Join(err, fresh.conn.Close())
	}
	b = l.lock()
	if l.closed {
		b.mu.Unlock()
		return "", errors.Join(errs.New(errs.Gone, "This call has ended."), fresh.conn.Close())
	}
	l.peer = fresh
	l.out.ready, l.expects, l.sends = false, false, false
	l.view, l.films, l.askVideo = nil, false, nil
	b.plan()
	b.mu.Unlock()
	if p != nil {
		_ = p.conn.Close()
	}
	// It may have connected before it was ours.
	fresh.changed(fresh.conn.ConnectionState())
	return answer, nil
}

// fingerprintOf is the browser's certificate, as the offer names it.
func fingerprintOf(offer string) string {
	for line := range strings.Lines(offer) {
		if f, ok := strings.CutPrefix(line, "a=fingerprint:"); ok {
			return strings.ToUpper(strings.TrimSpace(f))
		}
	}
	return ""
}

func (l *BrowserLeg) newPeer(fingerprint string) (*peer, error) {
	with := 0
	if l.video.Load() {
		with = 1
	}
	conn, err := l.host.browse.apis[l.law][with].NewPeerConnection(l.host.browse.config)
	if err != nil {
		return nil, fmt.Errorf("making a connection for a browser: %w", err)
	}
	p := &peer{leg: l, conn: conn, fingerprint: fingerprint, video: with == 1}
	if p.sender, err = conn.AddTrack((*peerTrack)(p)); err != nil {
		return nil, errors.Join(fmt.Errorf("adding sound for a browser: %w", err), conn.Close())
	}
	conn.OnConnectionStateChange(p.changed)
	conn.OnTrack(func(t *webrtc.TrackRemote, r *webrtc.RTPReceiver) {
		if t.Kind() == webrtc.RTPCodecTypeVideo {
			l.host.spawn(func() { p.readVideoReports(r.Read) })
			p.readVideo(t)
			return
		}
		l.host.spawn(func() { p.readReports(r.Read) })
		p.read(t)
	})
	l.host.spawn(func() { p.readReports(p.sender.Read) })
	return p, nil
}

// taken is an offer without the addresses that it names: a check of one would send a
// packet to wherever a stranger points, inside of the house, too. And it is without
// what names a certificate by a hash for which another could be made (RFC 8122 section
// 5): an offer that names it in no better way is none that can be used.
func taken(offer string) (string, error) {
	parsed, err := (&webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer}).Unmarshal()
	if err != nil {
		return "", fmt.Errorf("reading an offer: %w", err)
	}
	is := func(a sdp.Attribute) bool { return a.IsICECandidate() || a.Key == "fingerprint" && !named(a.Value) }
	parsed.Attributes = slices.DeleteFunc(parsed.Attributes, is)
	for _, m := range parsed.MediaDescriptions {
		m.Attributes = slices.DeleteFunc(m.Attributes, is)
	}
	b, err := parsed.Marshal()
	if err != nil {
		return "", fmt.Errorf("reading an offer: %w", err)
	}
	return string(b), nil
}

// named says whether a fingerprint is by one of the hashes that nobody finds a
// collision of.
func named(fingerprint string) bool {
	hash, _, _ := strings.Cut(fingerprint, " ")
	return slices.Contains([]string{"sha-256", "sha-384", "sha-512"}, strings.ToLower(hash))
}

// answer is one round of signalling.
func (p *peer) answer(ctx context.Context, offer string) (string, error) {
	offer, err := taken(offer)
	if err != nil {
		return "", errs.Wrap(errs.Invalid, err, "The browser's offer cannot be used.")
	}
	if err := p.conn.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer}); err != nil {
		return "", errs.Wrap(errs.Invalid, err, "The browser's offer cannot be used.")
	}
	if p.video && !p.filming && strings.Contains(offer, "\nm=video ") {
		sender, err := p.conn.AddTrack(videoTrack{p})
		if err != nil {
			return "", errs.Wrap(errs.Invalid, err, "The browser's offer cannot be used.")
		}
		p.filming = true
		p.leg.host.spawn(func() { p.readVideoReports(sender.Read) })
	}
	gathered := webrtc.GatheringCompletePromise(p.conn)
	answer, err := p.conn.CreateAnswer(nil)
	if err != nil {
		return "", errs.Wrap(errs.Invalid, err, "The browser's offer cannot be used.")
	}
	if err := p.conn.SetLocalDescription(answer); err != nil {
		return "", errs.Wrap(errs.Invalid, err, "The browser's offer cannot be used.")
	}
	select {
	case <-gathered:
	case <-ctx.Done():
		return "", ctx.Err()
	}
	return bounded(p.conn.LocalDescription().SDP, p.leg.host.config.Browser.Video), nil
}

func (p *peer) alive() bool {
	switch p.conn.ConnectionState() {
	case webrtc.PeerConnectionStateFailed, webrtc.PeerConnectionStateClosed:
		return false
	default:
		return true
	}
}

// changed follows the connection.
func (p *peer) changed(state webrtc.PeerConnectionState) {
	l := p.leg
	b := l.lock()
	if l.peer != p || l.closed {
		b.mu.Unlock()
		return
	}
	switch state {
	case webrtc.PeerConnectionStateConnected:
		if !l.out.ready && p.writer != nil {
			l.carrier = (*peerCarrier)(p)
			l.out.ready, l.out.payload, l.out.event, l.out.events = true, p.sound, p.event, p.events
			l.out.ssrc = p.ssrc
			l.sends, l.expects, l.begun = true, true, true
			l.last, l.silences = l.host.now(), 0
			l.came = true
			l.view, l.askVideo = p.view, p.ask
			l.events.note(Connected{})
			b.plan()
		}
	case webrtc.PeerConnectionStateDisconnected, webrtc.PeerConnectionStateFailed, webrtc.PeerConnectionStateClosed:
		if l.out.ready {
			l.out.ready, l.expects = false, false
			l.view, l.films, l.askVideo = nil, false, nil
			l.events.note(Disconnected{})
			b.plan()
		}
	}
	b.mu.Unlock()
	l.events.flush()
}

// read takes the browser's packets until its track ends.
func (p *peer) read(t *webrtc.TrackRemote) {
	l := p.leg
	buffer := make([]byte, 2048)
	for {
		n, _, err := t.Read(buffer)
		if err != nil {
			return
		}
		now := l.host.now()
		b := l.lock()
		if l.peer == p && !l.closed {
			p.sounded(b, buffer[:n], now)
		}
		b.mu.Unlock()
		l.events.flush()
	}
}

func (p *peer) sounded(b *Bridge, raw []byte, now time.Duration) {
	l := p.leg
	if l.sounds.over(now) {
		l.counts.Flooded++
		return
	}
	l.sounds.said(len(raw), now)
	var in packet
	number, ok := parse(raw, &in)
	switch {
	case !ok || len(in.payload) == 0:
		p.leg.counts.Useless++
		return
	case number == p.sound:
		in.law = p.leg.law
	case p.events && number == p.event && len(in.payload) >= 4:
		in.event = true
	default:
		p.leg.counts.Useless++
		return
	}
	b.arrived(p.leg.line, &in, now)
}

// readReports takes RTCP of one direction until the connection ends.
func (p *peer) readReports(read func([]byte) (int, interceptor.Attributes, error)) {
	l := p.leg
	buffer := make([]byte, 2048)
	for {
		n, _, err := read(buffer)
		if err != nil {
			return
		}
		b := l.lock()
		if now := l.host.now(); l.peer == p && !l.closed && l.newsTaken(now) {
			if _, err := l.meter.Reported(buffer[:n], l.host.config.Now(), now); err != nil {
				l.counts.Useless++
			}
		}
		b.mu.Unlock()
	}
}

// report sends ours. The lock is held.
func (l *BrowserLeg) report(now time.Duration) error {
	p := l.peer
	if p == nil || !l.out.ready {
		return nil
	}
	stamp := l.out.clock + uint32(int64(now-l.out.at)*8/int64(time.Millisecond))
	packets := l.meter.Report(l.out.ssrc, "nubitalk", stamp, l.host.config.Now(), now)
	if err := p.conn.WriteRTCP(packets); err != nil && !errors.Is(err, io.ErrClosedPipe) {
		return fmt.Errorf("sending a report to a browser: %w", err)
	}
	return nil
}

// ask sends RTCP about video. The lock is held.
func (p *peer) ask(r rtcp.Packet) { _ = p.conn.WriteRTCP([]rtcp.Packet{r}) }

// peerCarrier is the peer as its line's way out.
type peerCarrier peer

func (c *peerCarrier) send(b []byte) {
	if _, err := c.header.Unmarshal(b); err != nil {
		return // of our own making, so it cannot be
	}
	// A connection that is gone says so by its state.
	_, _ = c.writer.WriteRTP(&c.header, b[headerSize:])
}

// peerTrack is the peer as the track that pion sends.
type peerTrack peer

// Bind implements webrtc.TrackLocal.
func (t *peerTrack) Bind(c webrtc.TrackLocalContext) (webrtc.RTPCodecParameters, error) {
	l := t.leg
	b := l.lock()
	defer b.mu.Unlock()
	var found *webrtc.RTPCodecParameters
	for _, codec := range c.CodecParameters() {
		switch {
		case strings.EqualFold(codec.MimeType, "audio/"+l.law.Name()):
			found = &codec
			t.sound = uint8(codec.PayloadType)
		case strings.EqualFold(codec.MimeType, mimeKeys) && codec.ClockRate == 8000:
			t.event, t.events = uint8(codec.PayloadType), true
		}
	}
	if found == nil {
		return webrtc.RTPCodecParameters{}, webrtc.ErrUnsupportedCodec
	}
	t.writer, t.ssrc = c.WriteStream(), uint32(c.SSRC())
	return *found, nil
}

// Unbind implements webrtc.TrackLocal.
func (t *peerTrack) Unbind(webrtc.TrackLocalContext) error { return nil }

// ID implements webrtc.TrackLocal.
func (t *peerTrack) ID() string { return "sound" }

// RID implements webrtc.TrackLocal.
func (t *peerTrack) RID() string { return "" }

// StreamID implements webrtc.TrackLocal.
func (t *peerTrack) StreamID() string { return "nubitalk" }

// Kind implements webrtc.TrackLocal.
func (t *peerTrack) Kind() webrtc.RTPCodecType { return webrtc.RTPCodecTypeAudio }
