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
	"nubitalk/internal/media/g711"
)

// Browser is a browser for tests: pion as the one who offers.
type Browser struct {
	Conn  *webrtc.PeerConnection
	track *webrtc.TrackLocalStaticRTP

	mu     sync.Mutex
	heard  []Heard
	came   chan struct{}
	states chan webrtc.PeerConnectionState
	header rtp.Header
	law    g711.Law
	stop   context.CancelFunc
	done   sync.WaitGroup
}

// NewBrowser makes one that knows both laws and keys, as browsers do.
func NewBrowser() (*Browser, error) {
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
	conn, err := webrtc.NewAPI(webrtc.WithMediaEngine(m), webrtc.WithSettingEngine(s), webrtc.WithInterceptorRegistry(&interceptor.Registry{})).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return nil, fmt.Errorf("making a browser: %w", err)
	}
	b := &Browser{Conn: conn, came: make(chan struct{}, 1), states: make(chan webrtc.PeerConnectionState, 100), law: g711.A}
	b.header = rtp.Header{Version: 2, SequenceNumber: 100, Timestamp: 1000, Marker: true}
	if b.track, err = webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypePCMA, ClockRate: 8000}, "mic", "mic"); err == nil {
		_, err = conn.AddTrack(b.track)
	}
	if err != nil {
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
	b.header.PayloadType = number
	err := b.track.WriteRTP(&rtp.Packet{Header: b.header, Payload: payload})
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
