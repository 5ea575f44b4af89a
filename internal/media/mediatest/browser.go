package mediatest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"nubitalk/internal/media/audio"
	"nubitalk/internal/media/dtmf"
	"nubitalk/internal/media/g711"
)

// Browser is a browser for tests: pion as the one who offers.
type Browser struct {
	Conn  *webrtc.PeerConnection
	track microphone

	mu     sync.Mutex
	heard  []Heard
	came   chan struct{}
	states chan webrtc.PeerConnectionState
	header rtp.Header
	law    g711.Law
	stop   context.CancelFunc
	done   sync.WaitGroup
}

// NewBrowser makes one that knows both laws and keys, as browsers do. set changes how it
// connects.
func NewBrowser(set ...func(*webrtc.SettingEngine)) (*Browser, error) {
	m := &webrtc.MediaEngine{}
	for _, c := range []struct {
		mime string
		pt   webrtc.PayloadType
	}{{webrtc.MimeTypePCMU, 0}, {webrtc.MimeTypePCMA, 8}, {"audio/telephone-event", 126}} {
		if err := m.RegisterCodec(webrtc.RTPCodecParameters{RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: c.mime, ClockRate: 8000}, PayloadType: c.pt}, webrtc.RTPCodecTypeAudio); err != nil {
			return nil, fmt.Errorf("registering %s: %w", c.mime, err)
		}
	}
	s := webrtc.SettingEngine{}
	s.SetIncludeLoopbackCandidate(true)
	s.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	for _, f := range set {
		f(&s)
	}
	conn, err := webrtc.NewAPI(webrtc.WithMediaEngine(m), webrtc.WithSettingEngine(s), webrtc.WithInterceptorRegistry(&interceptor.Registry{})).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return nil, fmt.Errorf("making a browser: %w", err)
	}
	b := &Browser{Conn: conn, came: make(chan struct{}, 1), states: make(chan webrtc.PeerConnectionState, 100), law: g711.A}
	b.header = rtp.Header{Version: 2, SequenceNumber: 100, Timestamp: 1000, Marker: true}
	if _, err = conn.AddTrack(&b.track); err != nil {
		return nil, errors.Join(fmt.Errorf("adding a microphone: %w", err), conn.Close())
	}
	conn.OnConnectionStateChange(func(s webrtc.PeerConnectionState) { b.states <- s })
	conn.OnTrack(func(t *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		for {
			p, _, err := t.ReadRTP()
			if err != nil {
				return
			}
			h := Heard{Header: p.Header, Payload: p.Payload, Event: p.PayloadType == 126}
			if p.PayloadType == 8 {
				h.Law = g711.A
			}
			b.mu.Lock()
			b.heard = append(b.heard, h)
			b.mu.Unlock()
			select {
			case b.came <- struct{}{}:
			default:
			}
		}
	})
	return b, nil
}

// Offer makes an offer with all candidates; restart asks for an ICE restart.
func (b *Browser) Offer(restart bool) (string, error) {
	gathered := webrtc.GatheringCompletePromise(b.Conn)
	offer, err := b.Conn.CreateOffer(&webrtc.OfferOptions{ICERestart: restart})
	if err != nil {
		return "", fmt.Errorf("offering: %w", err)
	}
	if err := b.Conn.SetLocalDescription(offer); err != nil {
		return "", fmt.Errorf("offering: %w", err)
	}
	<-gathered
	return b.Conn.LocalDescription().SDP, nil
}

// Accept takes the answer.
func (b *Browser) Accept(answer string) error {
	return b.Conn.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer})
}

// Connected waits for the state.
func (b *Browser) Connected(ctx context.Context) error {
	for {
		select {
		case s := <-b.states:
			if s == webrtc.PeerConnectionStateConnected {
				return nil
			}
		case <-ctx.Done():
			return fmt.Errorf("not connected: %w", ctx.Err())
		}
	}
}

// Refused waits until the host has ended what was never connected.
func (b *Browser) Refused(ctx context.Context) error {
	for {
		select {
		case s := <-b.states:
			switch s {
			case webrtc.PeerConnectionStateConnected:
				return errors.New("it is connected")
			case webrtc.PeerConnectionStateFailed, webrtc.PeerConnectionStateClosed:
				return nil
			}
		case <-ctx.Done():
			return fmt.Errorf("not refused: %w", ctx.Err())
		}
	}
}

// Talk sends a tone, in the place of the one before, until Close.
func (b *Browser) Talk(hertz float64) {
	if b.stop != nil {
		b.stop()
		b.done.Wait()
	}
	ctx, stop := context.WithCancel(context.Background())
	b.stop = stop
	source := audio.Tone{Hertz: []float64{hertz}, Level: -20}.Source()
	b.done.Go(func() {
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
			octets := make([]byte, audio.Samples)
			b.law.EncodeTo(octets, f[:])
			_ = b.send(octets, 0) // a closed connection ends the test by itself
		}
	})
}

func (b *Browser) send(payload []byte, number uint8) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if number == 0 {
		number = lawA
	}
	b.header.PayloadType = number
	err := b.track.write(b.header, payload)
	b.header.SequenceNumber++
	b.header.Timestamp += audio.Samples
	b.header.Marker = false
	return err
}

// Heard is all that came.
func (b *Browser) Heard() []Heard {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]Heard(nil), b.heard...)
}

// Hears waits until the last 200 ms have all of the frequencies and none of the others.
func (b *Browser) Hears(ctx context.Context, hertz []float64, not ...float64) error {
	return hears(ctx, b.Heard, b.came, hertz, not)
}

// Close ends the browser.
func (b *Browser) Close() {
	if b.stop != nil {
		b.stop()
	}
	b.done.Wait()
	_ = b.Conn.Close()
}

// Speak sends a packet of sound.
func (b *Browser) Speak(octets []byte) error { return b.send(octets, 0) }

// Press sends a key as fast as it can. Nothing else may be said meanwhile.
func (b *Browser) Press(key byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	var s dtmf.Sender
	if !s.Press(key, 100*time.Millisecond) {
		return fmt.Errorf("%q is no key", key)
	}
	start, last := b.header.Timestamp, uint32(0)
	for {
		var payload [dtmf.Size]byte
		e, ok := s.Next(&payload)
		if !ok {
			break
		}
		b.header.PayloadType, b.header.Timestamp, b.header.Marker = keysNumber, start+e.Offset, e.Marker
		if err := b.track.write(b.header, payload[:]); err != nil {
			return err
		}
		b.header.SequenceNumber++
		last += audio.Samples
	}
	b.header.Timestamp = start + last
	return nil
}

// Key sends keys as sound, and returns when they are sent. Nothing else may be said
// meanwhile.
func (b *Browser) Key(keys string) error {
	ticker := time.NewTicker(audio.FrameTime)
	defer ticker.Stop()
	for pcm := KeyTones(keys); len(pcm) >= audio.Samples; pcm = pcm[audio.Samples:] {
		<-ticker.C
		octets := make([]byte, audio.Samples)
		b.law.EncodeTo(octets, pcm[:audio.Samples])
		if err := b.Speak(octets); err != nil {
			return err
		}
	}
	return nil
}

// Lag puts its time line back, as that of one whose clock stood still for a while.
func (b *Browser) Lag(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.header.Timestamp -= uint32(audio.SamplesIn(d))
}

// Hush ends Talk.
func (b *Browser) Hush() {
	if b.stop != nil {
		b.stop()
		b.done.Wait()
		b.stop = nil
	}
}

// Payload types, as of most browsers.
const (
	lawA       = 8
	keysNumber = 126
)

// microphone is the track of a browser, which sends sound and keys, each with its
// payload type.
type microphone struct {
	mu     sync.Mutex
	ssrc   uint32
	stream webrtc.TrackLocalWriter
}

// Bind implements webrtc.TrackLocal.
func (m *microphone) Bind(c webrtc.TrackLocalContext) (webrtc.RTPCodecParameters, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, codec := range c.CodecParameters() {
		if codec.PayloadType == lawA {
			m.ssrc, m.stream = uint32(c.SSRC()), c.WriteStream()
			return codec, nil
		}
	}
	return webrtc.RTPCodecParameters{}, webrtc.ErrUnsupportedCodec
}

// Unbind implements webrtc.TrackLocal.
func (m *microphone) Unbind(webrtc.TrackLocalContext) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.stream = nil
	return nil
}

// write sends a packet once the other end is agreed with.
func (m *microphone) write(h rtp.Header, payload []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.stream == nil {
		return nil
	}
	h.SSRC = m.ssrc
	_, err := m.stream.WriteRTP(&h, payload)
	return err
}

func (*microphone) ID() string                { return "mic" }
func (*microphone) RID() string               { return "" }
func (*microphone) StreamID() string          { return "mic" }
func (*microphone) Kind() webrtc.RTPCodecType { return webrtc.RTPCodecTypeAudio }
