package mediatest

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/srtp/v3"

	"nubitalk/internal/media/audio"
	"nubitalk/internal/media/dtmf"
	"nubitalk/internal/media/g711"
	"nubitalk/internal/media/negotiate"
)

// Heard is a packet that a phone received.
type Heard struct {
	rtp.Header
	Law     g711.Law
	Event   bool
	Payload []byte
}

// Phone is one end of a leg.
type Phone struct {
	conn    *net.UDPConn
	session *negotiate.Session

	mu     sync.Mutex
	agreed *negotiate.Agreed
	in     *srtp.Context
	out    *srtp.Context
	heard  []Heard
	came   chan struct{}
	bad    int
	deaf   bool
	plain  bool         // sends no events
	hear   func([]byte) // takes payloads in place of heard

	header rtp.Header
	stop   context.CancelFunc
	done   sync.WaitGroup
}

// NewPhone opens a phone on an address, such as 127.0.0.1. told, if valid, is
// the address that it claims to have.
func NewPhone(p negotiate.Policy, address, told netip.Addr) (*Phone, error) {
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(address, 0)))
	if err != nil {
		return nil, fmt.Errorf("opening a phone: %w", err)
	}
	at := conn.LocalAddr().(*net.UDPAddr).AddrPort()
	if told.IsValid() {
		at = netip.AddrPortFrom(told, at.Port())
	}
	s, err := negotiate.New(p, at, rand.Reader)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	phone := &Phone{conn: conn, session: s, came: make(chan struct{}, 1)}
	phone.header = rtp.Header{Version: 2, SSRC: 0x1000 + uint32(at.Port()), SequenceNumber: 65_500, Timestamp: 0xFFFF_F000, Marker: true}
	phone.done.Go(phone.read)
	return phone, nil
}

// Close ends the phone.
func (p *Phone) Close() {
	p.Hush()
	_ = p.conn.Close()
	p.done.Wait()
}

// Addr is the phone's own address.
func (p *Phone) Addr() netip.AddrPort { return p.conn.LocalAddr().(*net.UDPAddr).AddrPort() }

// NoEvents has the phone neither offer nor agree to keys as events (RFC 4733). It is
// for a phone that has agreed to nothing yet.
func (p *Phone) NoEvents() { p.plain = true }

// without takes the events out of a body of ours, if there may be none.
func (p *Phone) without(body []byte) []byte {
	if !p.plain {
		return body
	}
	return eventLines.ReplaceAll(bytes.Replace(body, []byte(" 101\r\n"), []byte("\r\n"), 1), nil)
}

var eventLines = regexp.MustCompile(`a=(rtpmap:101 telephone-event|fmtp:101 )[^\r]*\r\n`)

// Offer makes an offer.
func (p *Phone) Offer() ([]byte, error) {
	b, err := p.session.Offer()
	return p.without(b), err
}

// Accept takes the answer to it.
func (p *Phone) Accept(answer []byte) error {
	a, err := p.session.Accept(answer)
	if err != nil {
		return err
	}
	return p.apply(a)
}

// Answer answers an offer.
func (p *Phone) Answer(offer []byte) ([]byte, error) {
	b, a, err := p.session.Answer(offer)
	if err != nil {
		return nil, err
	}
	return p.without(b), p.apply(a)
}

var profiles = map[negotiate.Suite]srtp.ProtectionProfile{
	negotiate.AES256GCM: srtp.ProtectionProfileAeadAes256Gcm, negotiate.AES128GCM: srtp.ProtectionProfileAeadAes128Gcm,
	negotiate.AESCM80: srtp.ProtectionProfileAes128CmHmacSha1_80, negotiate.AESCM32: srtp.ProtectionProfileAes128CmHmacSha1_32,
}

func (p *Phone) apply(a *negotiate.Agreed) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, way := range []struct {
		to       **srtp.Context
		key, old negotiate.Key
	}{{&p.in, a.Theirs, p.theirs()}, {&p.out, a.Own, p.own()}} {
		if a.Suite == negotiate.None || *way.to != nil && way.key.Equal(way.old) {
			continue // a phone keeps its counters while the key stays
		}
		m := way.key.Material.Reveal()
		c, err := srtp.CreateContext(m[:a.Suite.KeyLen()], m[a.Suite.KeyLen():], profiles[a.Suite], srtp.SRTPReplayProtection(64))
		if err != nil {
			return fmt.Errorf("setting up a phone's SRTP: %w", err)
		}
		*way.to = c
	}
	p.agreed = a
	return nil
}

func (p *Phone) own() negotiate.Key {
	if p.agreed == nil {
		return negotiate.Key{}
	}
	return p.agreed.Own
}

func (p *Phone) theirs() negotiate.Key {
	if p.agreed == nil {
		return negotiate.Key{}
	}
	return p.agreed.Theirs
}

// Agreed is what was agreed last.
func (p *Phone) Agreed() negotiate.Agreed {
	p.mu.Lock()
	defer p.mu.Unlock()
	return *p.agreed
}

func (p *Phone) read() {
	b := make([]byte, 2048)
	for {
		n, err := p.conn.Read(b)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil || n < 2 || b[1] >= 192 && b[1] <= 223 {
			continue
		}
		p.take(append([]byte(nil), b[:n]...))
	}
}

func (p *Phone) take(b []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.agreed == nil || p.deaf {
		return
	}
	if p.in != nil {
		plain, err := p.in.DecryptRTP(nil, b, nil)
		if err != nil {
			p.bad++
			return
		}
		b = plain
	}
	var packet rtp.Packet
	if err := packet.Unmarshal(b); err != nil {
		p.bad++
		return
	}
	if p.hear != nil {
		p.hear(packet.Payload)
		return
	}
	h := Heard{Header: packet.Header, Payload: packet.Payload, Event: p.agreed.Events && packet.PayloadType == p.agreed.EventIn}
	for _, in := range p.agreed.In {
		if in.Number == packet.PayloadType {
			h.Law = in.Law
		}
	}
	p.heard = append(p.heard, h)
	select {
	case p.came <- struct{}{}:
	default:
	}
}

// Heard is all that came so far; Bad is how much could not be opened.
func (p *Phone) Heard() []Heard {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]Heard(nil), p.heard...)
}

// Bad is how many packets could not be opened.
func (p *Phone) Bad() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.bad
}

// Forget forgets what came so far.
func (p *Phone) Forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.heard = nil
}

// Await waits until ok says so of all that came since Forget.
func (p *Phone) Await(ctx context.Context, ok func([]Heard) bool) error {
	return await(ctx, p.Heard, p.came, ok)
}

// patience is how long anybody waits for a sound, whatever their context allows: one
// that never comes is one red test, not a package that hangs.
const patience = 3 * time.Minute

func await(ctx context.Context, all func() []Heard, came <-chan struct{}, ok func([]Heard) bool) error {
	ctx, stop := context.WithTimeout(ctx, patience)
	defer stop()
	for {
		if ok(all()) {
			return nil
		}
		select {
		case <-came:
		case <-ctx.Done():
			return fmt.Errorf("after %d packets with the keys %q: %w", len(all()), Keys(all()), ctx.Err())
		}
	}
}

// Sound is the sound of the last n packets, or nil while there are fewer.
func Sound(heard []Heard, n int) (pcm []int16) {
	var last []Heard
	for i := len(heard) - 1; i >= 0 && len(last) < n; i-- {
		if !heard[i].Event {
			last = append(last, heard[i])
		}
	}
	if len(last) < n {
		return nil
	}
	for i := len(last) - 1; i >= 0; i-- {
		part := make([]int16, len(last[i].Payload))
		last[i].Law.DecodeTo(part, last[i].Payload)
		pcm = append(pcm, part...)
	}
	return pcm
}

// Hears waits until the last 200 ms that came have all of the frequencies and
// none of the others, each at least 20 dB apart.
func (p *Phone) Hears(ctx context.Context, hertz []float64, not ...float64) error {
	return hears(ctx, p.Heard, p.came, hertz, not)
}

func hears(ctx context.Context, all func() []Heard, came <-chan struct{}, hertz, not []float64) error {
	err := await(ctx, all, came, func(heard []Heard) bool {
		pcm := Sound(heard, 10)
		if pcm == nil {
			return false
		}
		for _, hz := range hertz {
			if audio.Power(pcm, hz) < -30 {
				return false
			}
		}
		for _, hz := range not {
			if audio.Power(pcm, hz) > -50 {
				return false
			}
		}
		return true
	})
	if err != nil {
		pcm := Sound(all(), 10)
		levels := ""
		for _, hz := range append(append([]float64(nil), hertz...), not...) {
			levels += fmt.Sprintf(" %v Hz %.1f dBFS", hz, audio.Power(pcm, hz))
		}
		return fmt.Errorf("%w; last:%s", err, levels)
	}
	return nil
}

// Send sends one packet of sound or an event, with the next number.
func (p *Phone) Send(payload []byte, number uint8, samples uint32) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.send(payload, number, samples)
}

func (p *Phone) send(payload []byte, number uint8, samples uint32) error {
	p.header.PayloadType = number
	b, err := p.Packet(payload)
	if err != nil {
		return err
	}
	p.header.SequenceNumber++
	p.header.Timestamp += samples
	p.header.Marker = false
	_, err = p.conn.WriteToUDPAddrPort(b, p.agreed.Remote)
	return err
}

// Packet makes the next packet without sending it.
func (p *Phone) Packet(payload []byte) ([]byte, error) {
	b, err := (&rtp.Packet{Header: p.header, Payload: payload}).Marshal()
	if err != nil || p.out == nil {
		return b, err
	}
	return p.out.EncryptRTP(nil, b, nil)
}

// Talk sends a tone until Hush.
func (p *Phone) Talk(hertz float64) {
	ctx, stop := context.WithCancel(context.Background())
	p.mu.Lock()
	p.stop = stop
	p.mu.Unlock()
	source := audio.Tone{Hertz: []float64{hertz}, Level: -20}.Source()
	p.done.Go(func() {
		ticker := time.NewTicker(audio.FrameTime)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
			var f audio.Frame
			source.Next(&f)
			p.mu.Lock()
			octets := make([]byte, audio.Samples)
			p.agreed.Law.EncodeTo(octets, f[:])
			_ = p.send(octets, p.agreed.Payload, audio.Samples) // a closed socket ends the test by itself
			p.mu.Unlock()
		}
	})
}

// Hush ends Talk.
func (p *Phone) Hush() {
	p.mu.Lock()
	stop := p.stop
	p.stop = nil
	p.mu.Unlock()
	if stop != nil {
		stop()
	}
}

// Press sends a key as fast as it can.
func (p *Phone) Press(key byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var s dtmf.Sender
	if !s.Press(key, 100*time.Millisecond) {
		return fmt.Errorf("%q is no key", key)
	}
	start, last := p.header.Timestamp, uint32(0)
	for {
		var b [dtmf.Size]byte
		e, ok := s.Next(&b)
		if !ok {
			break
		}
		p.header.Timestamp, p.header.Marker = start+e.Offset, e.Marker
		if err := p.send(b[:], p.agreed.Event, 0); err != nil {
			return err
		}
		last += audio.Samples
	}
	p.header.Timestamp = start + last
	return nil
}

// Keys are the keys that came, by their own rules: each timestamp once.
func Keys(heard []Heard) (keys string) {
	seen := map[uint32]bool{}
	for _, h := range heard {
		if h.Event && len(h.Payload) >= dtmf.Size && h.Payload[0] < 16 && !seen[h.Timestamp] {
			seen[h.Timestamp] = true
			keys += string("0123456789*#ABCD"[h.Payload[0]])
		}
	}
	return keys
}

// Sealed is the next packet of sound, not sent.
func (p *Phone) Sealed(octets []byte) ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.header.PayloadType = p.agreed.Payload
	b, err := p.Packet(octets)
	p.header.SequenceNumber++
	p.header.Timestamp += uint32(len(octets))
	return b, err
}

// Raw sends what it is given to the leg.
func (p *Phone) Raw(t testing.TB, b []byte) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, err := p.conn.WriteToUDPAddrPort(b, p.agreed.Remote); err != nil {
		t.Fatal(err)
	}
}

// Deaf has the phone throw away what comes.
func (p *Phone) Deaf() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.deaf = true
}

// Hear gives all payloads that come to f, and keeps none.
func (p *Phone) Hear(f func(payload []byte)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hear = f
}

// Speak sends a packet of sound.
func (p *Phone) Speak(octets []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.send(octets, p.agreed.Payload, uint32(len(octets)))
}
