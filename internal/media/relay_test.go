package media

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/pion/srtp/v3"

	"nubitalk/internal/base/secret"
	"nubitalk/internal/media/audio"
	"nubitalk/internal/media/g711"
	"nubitalk/internal/media/negotiate"
)

// sent is a packet as a carrier got it.
type sent struct {
	packet
	number uint8
}

type recorder struct{ all []sent }

func (r *recorder) send(b []byte) {
	var s sent
	s.number, _ = parse(slices.Clone(b), &s.packet)
	r.all = append(r.all, s)
}

func outputs() (*output, *recorder) {
	return &output{ready: true, ssrc: 7, payload: 8, event: 101, events: true, law: g711.A}, &recorder{}
}

func sound(ssrc uint32, sequence uint16, timestamp uint32) *packet {
	return &packet{ssrc: ssrc, sequence: sequence, timestamp: timestamp, law: g711.A, payload: make([]byte, audio.Samples)}
}

const ms = time.Millisecond

func TestLossAndOrderOfTheSourceStay(t *testing.T) {
	o, r := outputs()
	from := &line{}
	// 3 is late, 4 is lost, 5 comes twice, 1 is from before the source was taken up.
	for i, n := range []uint16{2, 1, 5, 3, 5, 3, 6} {
		o.relay(r, from, sound(1, 65_530+n, uint32(n)*160), time.Duration(i)*20*ms)
	}
	var got []uint16
	for _, s := range r.all {
		got = append(got, s.sequence-r.all[0].sequence)
		if s.timestamp-r.all[0].timestamp != uint32(s.sequence-r.all[0].sequence)*160 {
			t.Errorf("packet %d has time %d", s.sequence, s.timestamp-r.all[0].timestamp)
		}
	}
	if !slices.Equal(got, []uint16{0, 3, 1, 4}) {
		t.Errorf("sent %v", got)
	}
	if !r.all[0].marker || r.all[1].marker {
		t.Error("markers")
	}
}

func TestNoNumberIsUsedTwice(t *testing.T) {
	o, r := outputs()
	a, b := &line{}, &line{}
	var f audio.Frame
	now := time.Duration(0)
	for i := range 3000 {
		now += 20 * ms
		switch n := uint16(i); i / 50 % 5 {
		case 0:
			o.relay(r, a, sound(1, 60_000+n*7, uint32(i)*160), now) // much lost, wraps
		case 1:
			o.relay(r, b, sound(2, 10-n, uint32(i)*160), now) // runs backwards
		case 2:
			o.sound(r, &f, 1, now)
		case 3:
			o.relay(r, a, sound(uint32(n%3), n, uint32(i)*99_999), now) // sources that take turns
		case 4:
			p := sound(2, n*5000, uint32(i)*160) // leaps
			o.relay(r, b, p, now)
			o.relay(r, b, p, now)
		}
	}
	// What encryption sees: the number with its roll-over, guessed as RFC 3711 does.
	seen := map[uint64]bool{}
	index := uint64(r.all[0].sequence)
	for _, s := range r.all {
		index += uint64(int64(int16(s.sequence - uint16(index))))
		if seen[index] {
			t.Fatalf("number %d was used twice", index)
		}
		seen[index] = true
	}
	if len(seen) < 2000 {
		t.Errorf("only %d of 3000 were sent", len(seen))
	}
}

func TestTimeGoesOnAcrossSources(t *testing.T) {
	o, r := outputs()
	a, b := &line{}, &line{}
	var f audio.Frame
	o.relay(r, a, sound(1, 5, 1000), 0)
	o.relay(r, a, sound(1, 6, 1160), 20*ms)
	o.sound(r, &f, 1, 50*ms)
	o.sound(r, &f, 1, 70*ms)
	o.relay(r, b, sound(9, 500, 77), 75*ms)
	o.relay(r, a, sound(1, 50, 8000), 1075*ms)
	o.sound(r, &f, 1, 1100*ms)
	o.relay(r, b, sound(9, 501, 5), 1090*ms) // it waited for the lock
	want := []uint32{0, 160, 400, 560, 720, 720 + 8000, 720 + 8200, 720 + 8360}
	for i, s := range r.all {
		if got := s.timestamp - r.all[0].timestamp; got != want[i] {
			t.Errorf("packet %d at %d, not %d", i, got, want[i])
		}
		if s.sequence != r.all[0].sequence+uint16(i) || s.ssrc != 7 {
			t.Errorf("packet %d: %d of %d", i, s.sequence, s.ssrc)
		}
		if want := i != 1 && i != 3; s.marker != want {
			t.Errorf("packet %d: marker %v", i, s.marker)
		}
	}
}

func TestKeysOfAnEarlierSourceAreNotPassedOn(t *testing.T) {
	o, r := outputs()
	a, b := &line{}, &line{}
	o.relay(r, b, sound(2, 5, 1000), 0)
	key := func(sequence uint16, pressed bool) *packet {
		p := &packet{ssrc: 1, sequence: sequence, timestamp: 800, event: true, pressed: pressed, payload: []byte{2, 10, 0, 160}}
		return p
	}
	o.relay(r, a, key(1, false), 20*ms)
	if len(r.all) != 1 {
		t.Error("the rest of a key was passed on")
	}
	o.relay(r, a, key(2, true), 40*ms)
	o.relay(r, a, key(3, false), 60*ms)
	if len(r.all) != 3 || r.all[1].number != 101 || r.all[1].timestamp != r.all[2].timestamp {
		t.Errorf("a key: %+v", r.all)
	}
	// Our own sound, then the source's, come in between: by the new clock the rest of the
	// key would be another one.
	o.sound(r, &audio.Frame{}, 1, 75*ms)
	o.relay(r, a, sound(1, 4, 1600), 80*ms)
	o.relay(r, a, key(5, false), 90*ms)
	if len(r.all) != 5 || r.all[4].number == 101 {
		t.Errorf("the rest of a key is another key: %+v", r.all[3:])
	}
	o.events = false
	o.relay(r, a, key(6, true), 100*ms)
	if len(r.all) != 5 {
		t.Error("a key was sent to who does not take them")
	}
}

// pair makes two connected legs in a bridge, and what seals as the other end of
// the first.
func pair(tb testing.TB, suite negotiate.Suite) (a, b *RTPLeg, seal func() []byte) {
	tb.Helper()
	h := NewHost(Config{Address: netip.AddrFrom4([4]byte{127, 0, 0, 1})})
	if err := h.Start(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = h.Stop(tb.Context()) })
	bridge := h.NewBridge()
	p := negotiate.Policy{Suites: []negotiate.Suite{suite}}
	if suite == negotiate.None {
		p = negotiate.Policy{Security: negotiate.Plain}
	}
	var agreed [2]*negotiate.Agreed
	var legs [2]*RTPLeg
	for i := range legs {
		l, err := h.NewRTP(RTPConfig{Policy: p})
		if err != nil {
			tb.Fatal(err)
		}
		s, err := negotiate.New(p, netip.MustParseAddrPort("127.0.0.1:9"), randomBytes{})
		if err != nil {
			tb.Fatal(err)
		}
		offer, err := s.Offer()
		if err != nil {
			tb.Fatal(err)
		}
		answer, err := l.Answer(offer)
		if err != nil {
			tb.Fatal(err)
		}
		if agreed[i], err = s.Accept(answer); err != nil {
			tb.Fatal(err)
		}
		if err := bridge.Join(l, Talk); err != nil {
			tb.Fatal(err)
		}
		legs[i] = l
	}
	var out *srtp.Context
	if suite != negotiate.None {
		key := agreed[0].Own.Material.Reveal()
		var err error
		if out, err = srtp.CreateContext(key[:suite.KeyLen()], key[suite.KeyLen():], profiles[suite]); err != nil {
			tb.Fatal(err)
		}
	}
	n := uint16(0)
	plain := make([]byte, headerSize+audio.Samples)
	sealed := make([]byte, 0, 300)
	return legs[0], legs[1], func() []byte {
		n++
		plain[0], plain[1] = 0x80, 8
		binary.BigEndian.PutUint16(plain[2:], n)
		binary.BigEndian.PutUint32(plain[4:], uint32(n)*audio.Samples)
		binary.BigEndian.PutUint32(plain[8:], 99)
		if out == nil {
			return append(sealed[:0], plain...)
		}
		b, err := out.EncryptRTP(sealed, plain, nil)
		if err != nil {
			tb.Fatal(err)
		}
		return b
	}
}

// TestTheRollOverCounterIsKept: a long call passes the end of the sequence
// numbers on both sides, and its keys carry on through a refresh.
func TestTheRollOverCounterIsKept(t *testing.T) {
	for _, suite := range negotiate.Suites() {
		a, b, seal := pair(t, suite)
		key := b.agreed.Own.Material.Reveal()
		open, err := srtp.CreateContext(key[:suite.KeyLen()], key[suite.KeyLen():], profiles[suite], srtp.SRTPReplayProtection(64))
		if err != nil {
			t.Fatal(err)
		}
		passed := 0
		b.carrier = seen(func(sealed []byte) {
			if _, err := open.DecryptRTP(nil, sealed, nil); err != nil {
				t.Errorf("%v: packet %d: %v", suite, passed, err)
			}
			passed++
		}, (*rtpCarrier)(b))
		const packets = 140_000
		for i := range packets {
			a.took(seal(), a.source, false, time.Duration(i)*audio.FrameTime)
			if i == 100_000 { // a refresh that changes nothing
				lock := a.lock()
				if err := a.apply(lock, a.agreed); err != nil {
					t.Fatal(err)
				}
				lock.mu.Unlock()
			}
		}
		if passed != packets || a.Counts().Forged != 0 {
			t.Errorf("%v: %d passed, %+v", suite, passed, a.Counts())
		}
	}
}

// seen shows what a leg would send, sealed.
func seen(show func([]byte), c *rtpCarrier) carrier { return seenCarrier{show, c} }

type seenCarrier struct {
	show func([]byte)
	leg  *rtpCarrier
}

func (s seenCarrier) send(b []byte) {
	if sealed, err := s.leg.sealer.seal(b); err == nil {
		s.show(sealed)
	}
}

// TestAKeyWithAnIdentifier is SDES with an MKI, which each packet carries.
func TestAKeyWithAnIdentifier(t *testing.T) {
	for _, suite := range negotiate.Suites() {
		material := make([]byte, suite.KeyLen()+suite.SaltLen())
		key := negotiate.Key{Material: secret.NewBytes(material), MKI: "\x00\x07"}
		c, err := newCrypt(suite, key, true)
		if err != nil {
			t.Fatal(err)
		}
		for _, mki := range []string{"\x00\x07", "\x00\x08", ""} {
			var options []srtp.ContextOption
			if mki != "" {
				options = append(options, srtp.MasterKeyIndicator([]byte(mki)))
			}
			out, err := srtp.CreateContext(material[:suite.KeyLen()], material[suite.KeyLen():], profiles[suite], options...)
			if err != nil {
				t.Fatal(err)
			}
			b, err := out.EncryptRTP(nil, append([]byte{0x80, 8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 5}, make([]byte, 160)...), nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := c.open(b); (err == nil) != (mki == key.MKI) {
				t.Errorf("%v, %q: %v", suite, mki, err)
			}
		}
	}
}

// FuzzPacket: whatever comes from the right address.
func FuzzPacket(f *testing.F) {
	plain, other, seal := pair(f, negotiate.None)
	secured, _, sealed := pair(f, negotiate.AES256GCM)
	f.Add(slices.Clone(seal()), true)
	changed := slices.Clone(sealed())
	changed[20] ^= 1
	f.Add(changed, false)
	f.Add([]byte{0x81, 0xC9, 0, 7, 0, 0, 0, 1, 0, 0, 0, 2}, true)
	f.Fuzz(func(t *testing.T, b []byte, open bool) {
		leg := secured
		if open {
			leg = plain
		}
		before, sent := leg.Counts(), other.Counts().Sent
		leg.packet(slices.Clone(b), leg.source, false)
		after := leg.Counts()
		if !open && after.Received != before.Received {
			t.Error("a packet that nobody sealed was taken")
		}
		if other.Counts().Sent > sent+1 {
			t.Error("one packet became several")
		}
	})
}

type randomBytes struct{}

func (randomBytes) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(random32())
	}
	return len(b), nil
}

// TestARelayedPacketAllocatesNothing: from the socket's buffer to the other
// socket, with every suite, tapped or not, and dropped ones as well.
func TestARelayedPacketAllocatesNothing(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector allocates")
	}
	for _, suite := range append(negotiate.Suites(), negotiate.None) {
		a, b, seal := pair(t, suite)
		source := a.source
		shown, kept := 0, make([]byte, 160)
		elsewhere := netip.MustParseAddrPort("127.0.0.1:10")
		var packets [300][]byte
		for i := range packets {
			packets[i] = slices.Clone(seal())
		}
		i := 0
		if suite == negotiate.Suites()[0] { // as a recording has it
			for _, leg := range []*RTPLeg{a, b} {
				defer leg.Tap(func(f TapFrame) { shown += copy(kept, f.Octets) })()
			}
		}
		if suite == negotiate.None { // as of a telephone that sends no events
			a.out.events = false
			a.ReadTones(true)
		}
		before := b.Counts().Sent
		perPacket := testing.AllocsPerRun(len(packets)-1, func() {
			a.packet(packets[i], source, false)
			i++
		})
		if sent := b.Counts().Sent - before; perPacket != 0 || sent != uint64(len(packets)) {
			t.Errorf("%v: %v allocations a packet, %d of %d passed", suite, perPacket, sent, len(packets))
		}
		if want := 2 * len(kept) * len(packets); suite == negotiate.Suites()[0] && shown < want {
			t.Errorf("the taps were shown %d octets, not %d", shown, want)
		}
		if n := testing.AllocsPerRun(100, func() { a.packet(packets[0], elsewhere, false) }); n != 0 {
			t.Errorf("%v: %v allocations for a stranger's packet", suite, n)
		}
	}
}

func BenchmarkRelay(b *testing.B) {
	for _, suite := range append(negotiate.Suites(), negotiate.None) {
		b.Run(suite.String(), func(b *testing.B) {
			a, _, seal := pair(b, suite)
			b.ReportAllocs()
			now := time.Duration(0)
			for b.Loop() {
				b.StopTimer()
				p := seal()
				now += audio.FrameTime
				b.StartTimer()
				a.took(p, a.source, false, now)
			}
		})
	}
}
