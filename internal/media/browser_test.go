package media_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/freeport"
	"nubitalk/internal/media"
	"nubitalk/internal/media/g711"
	"nubitalk/internal/media/mediatest"
)

// agent is a leg with its browser.
type agent struct {
	*media.BrowserLeg
	log *log
}

func newAgent(t *testing.T, h *media.Host, law g711.Law) *agent {
	t.Helper()
	a := &agent{log: newLog()}
	var err error
	if a.BrowserLeg, err = h.NewBrowser(law, a.log.take); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	return a
}

func within(t *testing.T) context.Context {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 3*time.Minute)
	t.Cleanup(stop)
	return ctx
}

// open connects a browser that talks with a tone.
func (a *agent) open(t *testing.T, hertz float64) *mediatest.Browser {
	t.Helper()
	b, err := mediatest.NewBrowser()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	a.signal(t, b, false)
	if err := b.Connected(within(t)); err != nil {
		t.Fatal(err)
	}
	b.Talk(hertz)
	return b
}

func (a *agent) signal(t *testing.T, b *mediatest.Browser, restart bool) string {
	t.Helper()
	offer, err := b.Offer(restart)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := a.Answer(within(t), offer)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Accept(answer); err != nil {
		t.Fatal(err)
	}
	return answer
}

func browserHears(t *testing.T, b *mediatest.Browser, hertz []float64, not ...float64) {
	t.Helper()
	if err := b.Hears(within(t), hertz, not...); err != nil {
		t.Fatal(err)
	}
}

func freePort(t *testing.T) uint16 {
	t.Helper()
	port, err := freeport.Port()
	if err != nil {
		t.Fatal(err)
	}
	return uint16(port)
}

func TestAPhoneAndABrowser(t *testing.T) {
	for _, shared := range []bool{false, true} {
		t.Run(fmt.Sprintf("one port %v", shared), func(t *testing.T) {
			c := media.Config{}
			if shared {
				c.Browser.Port = freePort(t)
			}
			h := host(t, c)
			caller := connect(t, h, 500, opts{})
			a := newAgent(t, h, g711.A)
			bridge := h.NewBridge()
			join(t, bridge, caller, media.Talk)
			join(t, bridge, a, media.Talk)
			caller.Music(tone(1500))
			caller.hears(t, hz(1500)) // the agent is not there yet
			b := a.open(t, 900)
			browserHears(t, b, hz(500), 900)
			caller.hears(t, hz(900), 500, 1500)
			a.log.await(t, "Connected", func(e media.Event) bool { return e == media.Event(media.Connected{}) })
			for _, p := range b.Heard() {
				if p.PayloadType != 8 {
					t.Fatalf("payload type %d", p.PayloadType)
				}
			}
		})
	}
}

func TestTheAnswerIsPinned(t *testing.T) {
	h := host(t, media.Config{})
	for _, law := range []g711.Law{g711.A, g711.Mu} {
		a := newAgent(t, h, law)
		b, err := mediatest.NewBrowser()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(b.Close)
		offer, err := b.Offer(false)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := a.Answer(within(t), offer)
		if err != nil {
			t.Fatal(err)
		}
		other := g711.A
		if law == g711.A {
			other = g711.Mu
		}
		if !strings.Contains(answer, law.Name()+"/8000") || strings.Contains(answer, other.Name()) || !strings.Contains(answer, "telephone-event/8000") {
			t.Errorf("%v:\n%s", law, answer)
		}
		if !strings.Contains(answer, "a=setup:passive") || !strings.Contains(answer, "typ host") {
			t.Errorf("%v: not the DTLS server, or no address\n%s", law, answer)
		}
	}
}

func TestVideoIsRefusedUnlessItIsAllowed(t *testing.T) {
	h := host(t, media.Config{})
	for _, allowed := range []bool{false, true} {
		a := newAgent(t, h, g711.A)
		if allowed {
			a.AllowVideo()
		}
		c, err := webrtc.NewPeerConnection(webrtc.Configuration{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		for _, kind := range []webrtc.RTPCodecType{webrtc.RTPCodecTypeAudio, webrtc.RTPCodecTypeVideo} {
			if _, err := c.AddTransceiverFromKind(kind); err != nil {
				t.Fatal(err)
			}
		}
		offer, err := c.CreateOffer(nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := a.Answer(within(t), offer.SDP)
		if err != nil {
			t.Fatal(err)
		}
		if refused := strings.Contains(answer, "\nm=video 0 "); refused == allowed {
			t.Errorf("allowed %v:\n%s", allowed, answer)
		}
		if allowed && (strings.Contains(answer, "VP9") || !strings.Contains(answer, "VP8/90000")) {
			t.Errorf("codecs:\n%s", answer)
		}
	}
}

func TestARefreshAndARestartKeepTheCall(t *testing.T) {
	h := host(t, media.Config{})
	caller := connect(t, h, 500, opts{})
	a := newAgent(t, h, g711.A)
	bridge := h.NewBridge()
	join(t, bridge, caller, media.Talk)
	join(t, bridge, a, media.Talk)
	first := a.open(t, 900)
	caller.hears(t, hz(900))
	a.signal(t, first, true) // its network changed
	browserHears(t, first, hz(500))
	caller.hears(t, hz(900))

	second := a.open(t, 1300) // the page was loaded again
	browserHears(t, second, hz(500), 1300)
	caller.hears(t, hz(1300), 900)

	caller.Music(tone(1500))
	second.Close() // the page is gone
	a.log.await(t, "Disconnected", func(e media.Event) bool { return e == media.Event(media.Disconnected{}) })
	caller.hears(t, hz(1500))
	third := a.open(t, 1700)
	browserHears(t, third, hz(500))
	caller.hears(t, hz(1700), 1500)
	if caller.phone.Bad() != 0 {
		t.Errorf("%d packets could not be opened", caller.phone.Bad())
	}
}

func TestABrowsersQuality(t *testing.T) {
	h := host(t, media.Config{ReportEvery: 200 * time.Millisecond})
	caller := connect(t, h, 500, opts{})
	a := newAgent(t, h, g711.A)
	bridge := h.NewBridge()
	join(t, bridge, caller, media.Talk)
	join(t, bridge, a, media.Talk)
	b := a.open(t, 900)
	browserHears(t, b, hz(500))
	caller.hears(t, hz(900))
	if q := a.Quality(); q.In.Packets == 0 || q.In.MOS < 4 {
		t.Errorf("%+v", q)
	}
}

func TestWhatIsNoOffer(t *testing.T) {
	h := host(t, media.Config{})
	a := newAgent(t, h, g711.A)
	for name, offer := range map[string]string{
		"nothing":   "",
		"nonsense":  "hello",
		"no media":  "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=fingerprint:sha-256 AA:BB\r\n",
		"truncated": "v=0\r\na=fingerprint:sha-256 AA",
	} {
		if _, err := a.Answer(within(t), offer); !errs.Is(err, errs.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := a.Answer(within(t), strings.Repeat("x", 1<<17)); !errs.Is(err, errs.TooLarge) {
		t.Errorf("long: %v", err)
	}
	b := a.open(t, 900) // none of that did harm
	a.Music(tone(1500))
	browserHears(t, b, hz(1500))
	a.Close()
	if _, err := a.Answer(within(t), "v=0\r\na=fingerprint:x\r\n"); !errs.Is(err, errs.Gone) {
		t.Errorf("after the end: %v", err)
	}
}

// FuzzOffer: what a page, or who pretends to be one, may send as its offer.
func FuzzOffer(f *testing.F) {
	b, err := mediatest.NewBrowser()
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(b.Close)
	offer, err := b.Offer(false)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(offer)
	f.Add(strings.ReplaceAll(offer, "a=mid:0", "a=mid:1"))
	f.Add(strings.ReplaceAll(offer, "m=audio", "m=video"))
	h := media.NewHost(media.Config{Address: loopback})
	if err := h.Start(f.Context()); err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = h.Stop(context.Background()) })
	f.Fuzz(func(t *testing.T, offer string) {
		leg, err := h.NewBrowser(g711.A, nil)
		if err != nil {
			t.Fatal(err)
		}
		leg.AllowVideo()
		defer leg.Close()
		ctx, stop := context.WithTimeout(t.Context(), 5*time.Second)
		defer stop()
		_, _ = leg.Answer(ctx, offer) // refused or not, it does no harm
	})
}
