package media_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pion/rtp"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/media"
	"nubitalk/internal/media/mediatest"
	"nubitalk/internal/media/negotiate"
)

// stranger is a socket that is nobody's.
func stranger(t *testing.T, to *media.RTPLeg) net.Conn {
	t.Helper()
	c, err := net.Dial("udp", fmt.Sprintf("127.0.0.1:%d", to.Port()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// counts waits until the leg's counts are as ok wants.
func counts(t *testing.T, l media.Leg, ok func(media.Counts) bool) {
	t.Helper()
	for end := time.Now().Add(3 * time.Minute); !ok(l.Counts()); {
		if time.Now().After(end) {
			t.Fatalf("%+v", l.Counts())
		}
		time.Sleep(time.Millisecond) // until, not how long
	}
}

func TestStrangersAndForgersAreNotHeard(t *testing.T) {
	h := host(t, media.Config{})
	a := connect(t, h, 500, opts{latch: true})
	b := connect(t, h, 900, opts{})
	bridge := h.NewBridge()
	join(t, bridge, a, media.Talk)
	join(t, bridge, b, media.Talk)
	b.hears(t, hz(500))
	a.hears(t, hz(900))

	// From elsewhere: garbage, plain RTP with the phone's own numbers, even
	// packets with the right key. The leg is latched, so it stays where it is.
	s := stranger(t, a.RTPLeg)
	r := rand.NewChaCha8([32]byte{1})
	sent := 0
	for i := range 200 {
		b := make([]byte, i)
		_, _ = r.Read(b)
		if i > 0 && i%2 == 0 {
			b[0] = 0x80
		}
		if _, err := s.Write(b); err == nil {
			sent++
		}
	}
	counts(t, a, func(c media.Counts) bool { return c.Strangers >= uint64(sent)*9/10 })
	good, err := a.phone.Sealed(make([]byte, 160))
	if err != nil {
		t.Fatal(err)
	}
	before := a.Counts()
	if _, err := s.Write(good); err != nil {
		t.Fatal(err)
	}
	counts(t, a, func(c media.Counts) bool { return c.Strangers > before.Strangers })

	// From the right address: another key, a replay, a changed octet.
	a.phone.Hush()
	before = a.Counts()
	forged, err := (&rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: 8, SSRC: 99, SequenceNumber: 7}, Payload: make([]byte, 176)}).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	for range 10 {
		a.phone.Raw(t, forged)
	}
	fresh, err := a.phone.Sealed(make([]byte, 160))
	if err != nil {
		t.Fatal(err)
	}
	changed := bytes.Clone(fresh)
	changed[40] ^= 1
	a.phone.Raw(t, changed)
	a.phone.Raw(t, fresh)
	for range 10 {
		a.phone.Raw(t, fresh)
	}
	counts(t, a, func(c media.Counts) bool {
		return c.Forged == before.Forged+11 && c.Replayed >= before.Replayed+9 && c.Received > before.Received
	})
	a.phone.Talk(500)
	b.hears(t, hz(500))
	for _, p := range b.phone.Heard() {
		if p.PayloadType != 8 && !p.Event {
			t.Errorf("a packet of type %d was forwarded", p.PayloadType)
		}
	}
	if b.phone.Bad() != 0 {
		t.Errorf("%d packets of b could not be opened", b.phone.Bad())
	}
}

func TestLatching(t *testing.T) {
	h := host(t, media.Config{})
	nowhere := netip.MustParseAddr("127.0.0.99")
	for _, plain := range []bool{false, true} {
		p := negotiate.Policy{}
		if plain {
			p.Security = negotiate.Plain
		}
		behind := connect(t, h, 500, opts{ours: p, theirs: p, latch: true, told: nowhere})
		behind.Music(tone(1500))
		behind.hears(t, hz(1500))

		strict := connect(t, h, 500, opts{ours: p, theirs: p, told: nowhere})
		counts(t, strict, func(c media.Counts) bool { return c.Strangers > 20 })
		if c := strict.Counts(); c.Received != 0 {
			t.Errorf("plain %v: a leg that must not latch took %d packets", plain, c.Received)
		}
	}
	// With a key, no stranger can be first.
	silent := connect(t, h, 0, opts{latch: true, told: nowhere})
	s := stranger(t, silent.RTPLeg)
	for i := range 20 {
		b, err := (&rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: 8, SSRC: 99, SequenceNumber: uint16(i)}, Payload: make([]byte, 176)}).Marshal()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Write(b); err != nil {
			t.Fatal(err)
		}
	}
	counts(t, silent, func(c media.Counts) bool { return c.Forged == 20 })
	silent.phone.Talk(500)
	silent.Music(tone(1500))
	silent.hears(t, hz(1500))
}

// TestAReInviteIsNotHeard: a refresh, a hold and its end, a change of codec; the
// phone's and our key and counters stay, and not a packet is lost to them.
func TestAReInviteIsNotHeard(t *testing.T) {
	h := host(t, media.Config{})
	a := connect(t, h, 500, opts{})
	b := connect(t, h, 900, opts{})
	bridge := h.NewBridge()
	join(t, bridge, a, media.Talk)
	join(t, bridge, b, media.Talk)
	a.hears(t, hz(900))
	b.hears(t, hz(500))
	again := func(change func(string) string) {
		t.Helper()
		offer, err := a.phone.Offer()
		if err != nil {
			t.Fatal(err)
		}
		answer, err := a.Answer([]byte(change(string(offer))))
		if err != nil {
			t.Fatal(err)
		}
		if err := a.phone.Accept(answer); err != nil {
			t.Fatal(err)
		}
	}
	same := func(s string) string { return s }
	ssrc := a.phone.Heard()[0].SSRC
	again(same)
	a.phone.Forget()
	a.hears(t, hz(900))
	again(func(s string) string { return strings.Replace(s, "a=sendrecv", "a=inactive", 1) })
	b.Music(tone(1700))
	b.hears(t, hz(1700), 500) // nobody to hear
	again(same)
	a.hears(t, hz(900))
	b.hears(t, hz(500), 1700)
	again(func(s string) string { return strings.Replace(s, "m=audio", "m=audio", 1) })
	offer, err := a.Offer(0) // µ-law, by us
	if err != nil {
		t.Fatal(err)
	}
	answer, err := a.phone.Answer(offer)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Accept(answer); err != nil {
		t.Fatal(err)
	}
	a.phone.Forget()
	a.hears(t, hz(900))
	b.hears(t, hz(500))
	last := a.phone.Heard()
	if p := last[len(last)-1]; p.PayloadType != 0 || p.SSRC != ssrc {
		t.Errorf("type %d, source %x, not %x", p.PayloadType, p.SSRC, ssrc)
	}
	if a.phone.Bad() != 0 || a.Counts().Forged+a.Counts().Replayed != 0 {
		t.Errorf("%d bad, %+v", a.phone.Bad(), a.Counts())
	}
}

func TestRefusalsChangeNothing(t *testing.T) {
	h := host(t, media.Config{})
	a := connect(t, h, 500, opts{})
	a.Music(tone(1500))
	a.hears(t, hz(1500))
	plain := "v=0\r\no=x 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 8\r\n"
	if _, err := a.Answer([]byte(plain)); !errors.Is(err, negotiate.RefusedPlain) {
		t.Errorf("plain: %v", err)
	}
	if _, err := a.Answer([]byte("nonsense")); !errors.Is(err, negotiate.ErrMalformed) {
		t.Errorf("nonsense: %v", err)
	}
	a.phone.Forget()
	a.hears(t, hz(1500))
	before := a.Counts().Received
	counts(t, a, func(c media.Counts) bool { return c.Received > before+10 })
}

func TestSilenceIsToldUntilItEnds(t *testing.T) {
	h := host(t, media.Config{SilentAfter: 300 * time.Millisecond})
	a := connect(t, h, 500, opts{})
	is := func(want string) func(media.Event) bool {
		return func(e media.Event) bool { return strings.HasPrefix(fmt.Sprintf("%T", e), want) }
	}
	a.log.await(t, "Connected", is("media.Connected"))
	a.phone.Hush()
	// Whoever answered that it is there may be gone since.
	a.log.await(t, "Silent for the third time", func(media.Event) bool {
		return len(slices.DeleteFunc(a.log.all(), func(e media.Event) bool { return !is("media.Silent")(e) })) == 3
	})
	a.phone.Talk(500)
	a.log.await(t, "Heard", is("media.Heard"))
}

func TestPortsComeFromTheRangeAndGoBack(t *testing.T) {
	// A range that is free at present: ask the system for one port and use those above.
	probe, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	from := uint16(probe.LocalAddr().(*net.UDPAddr).Port)
	if err := probe.Close(); err != nil {
		t.Fatal(err)
	}
	if from > 60_000 {
		from -= 5000
	}
	h := host(t, media.Config{From: from, To: from + 20})
	var legs []*media.RTPLeg
	seen := map[uint16]bool{}
	for {
		l, err := h.NewRTP(media.RTPConfig{})
		if err != nil {
			if !errs.Is(err, errs.Unavailable) {
				t.Errorf("%v", err)
			}
			break
		}
		if l.Port()%2 != 0 || l.Port() < from || l.Port() > from+20 || seen[l.Port()] {
			t.Errorf("port %d of %d", l.Port(), from)
		}
		seen[l.Port()] = true
		legs = append(legs, l)
	}
	if len(legs) < 5 || len(legs) > 10 {
		t.Errorf("%d legs", len(legs))
	}
	legs[0].Close()
	legs[0].Close()
	l, err := h.NewRTP(media.RTPConfig{})
	if err != nil || l.Port() != legs[0].Port() {
		t.Errorf("the port that was given back: %v", err)
	}
	for _, l := range append(legs, l) {
		if l != nil {
			l.Close()
		}
	}
}

func TestReportsGiveQuality(t *testing.T) {
	h := host(t, media.Config{ReportEvery: 200 * time.Millisecond})
	// Two legs of ours, each the other's end: both report.
	log1, log2 := newLog(), newLog()
	one, err := h.NewRTP(media.RTPConfig{Listener: log1.take})
	if err != nil {
		t.Fatal(err)
	}
	two, err := h.NewRTP(media.RTPConfig{Listener: log2.take})
	if err != nil {
		t.Fatal(err)
	}
	offer, err := one.Offer()
	if err != nil {
		t.Fatal(err)
	}
	if apart := bytes.ReplaceAll(offer, []byte("a=rtcp-mux\r\n"), nil); len(apart) < len(offer) {
		offer = apart // and so on ports of their own
	}
	answer, err := two.Answer(offer)
	if err != nil {
		t.Fatal(err)
	}
	if err := one.Accept(answer); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(3 * time.Minute); ; {
		q, r := one.Quality(), two.Quality()
		if q.RoundTrip > 0 && r.RoundTrip > 0 && q.Out.Packets > 0 && q.Out.MOS > 4 && q.In.MOS > 4 {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("%+v", q)
		}
		time.Sleep(10 * time.Millisecond) // until, not how long
	}
}

func TestKeysOfTheBodyAreFresh(t *testing.T) {
	h := host(t, media.Config{})
	seen := map[string]bool{}
	for range 5 {
		l, err := h.NewRTP(media.RTPConfig{})
		if err != nil {
			t.Fatal(err)
		}
		offer, err := l.Offer()
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(offer)) {
			if _, key, ok := strings.Cut(line, "inline:"); ok {
				key = strings.TrimSpace(key)
				if raw, err := base64.StdEncoding.DecodeString(key); err != nil || len(raw) < 28 || seen[key] {
					t.Errorf("key %d octets, seen %v: %v", len(raw), seen[key], err)
				}
				seen[key] = true
			}
		}
	}
	if len(seen) != 20 {
		t.Errorf("%d keys", len(seen))
	}
}

func TestIPv6(t *testing.T) {
	six := netip.IPv6Loopback()
	if c, err := net.ListenPacket("udp6", "[::1]:0"); err != nil {
		t.Skip("this machine has no IPv6")
	} else if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	h := host(t, media.Config{})
	leg, err := h.NewRTP(media.RTPConfig{Address: six})
	if err != nil {
		t.Fatal(err)
	}
	phone, err := mediatest.NewPhone(negotiate.Policy{}, six, netip.Addr{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(phone.Close)
	offer, err := phone.Offer()
	if err != nil {
		t.Fatal(err)
	}
	answer, err := leg.Answer(offer)
	if err != nil {
		t.Fatal(err)
	}
	if err := phone.Accept(answer); err != nil {
		t.Fatal(err)
	}
	phone.Talk(500)
	old := connect(t, h, 900, opts{}) // a call between the families
	bridge := h.NewBridge()
	join(t, bridge, leg, media.Talk)
	join(t, bridge, old, media.Talk)
	old.hears(t, hz(500))
	if err := phone.Hears(within(t), hz(900)); err != nil {
		t.Error(err)
	}
}

// TestAnUnspecifiedAddressIsNotTold: a host that binds all addresses tells one
// that can be reached.
func TestAnUnspecifiedAddressIsNotTold(t *testing.T) {
	for _, c := range []struct {
		public []netip.Addr
		want   string
	}{{nil, ""}, {[]netip.Addr{netip.MustParseAddr("203.0.113.9")}, "c=IN IP4 203.0.113.9\r\n"}} {
		h := media.NewHost(media.Config{Public: c.public})
		if err := h.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		leg, err := h.NewRTP(media.RTPConfig{})
		if err != nil {
			t.Fatal(err)
		}
		offer, err := leg.Offer()
		if err != nil || strings.Contains(string(offer), "0.0.0.0") || !strings.Contains(string(offer), c.want) {
			t.Errorf("%v\n%s", err, offer)
		}
		if err := h.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func TestLegsOfAStoppedHost(t *testing.T) {
	h := media.NewHost(media.Config{Address: loopback})
	if _, err := h.NewRTP(media.RTPConfig{}); !errs.Is(err, errs.Unavailable) {
		t.Errorf("before the start: %v", err)
	}
	if err := h.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	l, err := h.NewRTP(media.RTPConfig{})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := h.Stop(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := l.Offer(); !errs.Is(err, errs.Gone) || h.Legs() != 0 {
		t.Errorf("after the stop: %v", err)
	}
}
