package media_test

import (
	"context"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"nubitalk/internal/media"
	"nubitalk/internal/media/audio"
	"nubitalk/internal/media/mediatest"
	"nubitalk/internal/media/negotiate"
)

var loopback = netip.MustParseAddr("127.0.0.1")

func host(t *testing.T, c media.Config) *media.Host {
	t.Helper()
	c.Address = loopback
	h := media.NewHost(c)
	if err := h.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Stop(context.Background()); err != nil {
			t.Error(err)
		}
		if n := h.Legs(); n != 0 {
			t.Errorf("%d legs are left", n)
		}
	})
	return h
}

// log collects a leg's events.
type log struct {
	mu     sync.Mutex
	events []media.Event
	came   chan struct{}
}

func newLog() *log { return &log{came: make(chan struct{}, 1000)} }

func (l *log) take(e media.Event) {
	l.mu.Lock()
	l.events = append(l.events, e)
	l.mu.Unlock()
	l.came <- struct{}{}
}

func (l *log) all() []media.Event {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.events)
}

// await waits for an event that ok accepts.
func (l *log) await(t *testing.T, what string, ok func(media.Event) bool) {
	t.Helper()
	for !slices.ContainsFunc(l.all(), ok) {
		select {
		case <-l.came:
		case <-time.After(3 * time.Minute):
			t.Fatalf("%s did not come, but %v", what, l.all())
		}
	}
}

// call is a phone and the leg that it talks with.
type call struct {
	*media.RTPLeg
	phone *mediatest.Phone
	log   *log
}

type opts struct {
	ours, theirs negotiate.Policy
	weOffer      bool
	latch        bool
	plain        bool // the phone sends no events
	told         netip.Addr
}

// connect makes a call; its phone talks with a tone of its own.
func connect(t *testing.T, h *media.Host, hertz float64, o opts) *call {
	t.Helper()
	c := &call{log: newLog()}
	var err error
	if c.RTPLeg, err = h.NewRTP(media.RTPConfig{Policy: o.ours, Latch: o.latch, Listener: c.log.take}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	if c.phone, err = mediatest.NewPhone(o.theirs, loopback, o.told); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.phone.Close)
	if o.plain {
		c.phone.NoEvents()
	}
	if o.weOffer {
		offer, err := c.Offer()
		if err != nil {
			t.Fatal(err)
		}
		answer, err := c.phone.Answer(offer)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Accept(answer); err != nil {
			t.Fatal(err)
		}
	} else {
		offer, err := c.phone.Offer()
		if err != nil {
			t.Fatal(err)
		}
		answer, err := c.Answer(offer)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.phone.Accept(answer); err != nil {
			t.Fatal(err)
		}
	}
	if hertz > 0 {
		c.phone.Talk(hertz)
	}
	return c
}

func (c *call) hears(t *testing.T, hertz []float64, not ...float64) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 3*time.Minute)
	defer stop()
	if err := c.phone.Hears(ctx, hertz, not...); err != nil {
		t.Fatal(err)
	}
}

func hz(f ...float64) []float64 { return f }

func join(t *testing.T, b *media.Bridge, l media.Leg, r media.Role) {
	t.Helper()
	if err := b.Join(l, r); err != nil {
		t.Fatal(err)
	}
}

func tone(hertz float64) audio.Source {
	return audio.Tone{Hertz: []float64{hertz}, Level: -20}.Source()
}

func TestTwoHearEachOtherWithEverySuite(t *testing.T) {
	h := host(t, media.Config{})
	for i, suite := range append(negotiate.Suites(), negotiate.None) {
		t.Run(suite.String(), func(t *testing.T) {
			t.Parallel()
			p := negotiate.Policy{Suites: []negotiate.Suite{suite}}
			if suite == negotiate.None {
				p = negotiate.Policy{Security: negotiate.Plain}
			}
			a := connect(t, h, 500, opts{ours: p, theirs: p, weOffer: i%2 == 0})
			b := connect(t, h, 900, opts{})
			bridge := h.NewBridge()
			join(t, bridge, a, media.Talk)
			join(t, bridge, b, media.Talk)
			a.hears(t, hz(900), 500)
			b.hears(t, hz(500), 900)
			if a.Secure() != suite || a.phone.Bad() != 0 || b.phone.Bad() != 0 {
				t.Errorf("%v, bad %d and %d", a.Secure(), a.phone.Bad(), b.phone.Bad())
			}
			a.log.await(t, "Connected", func(e media.Event) bool { _, ok := e.(media.Connected); return ok })
		})
	}
}
