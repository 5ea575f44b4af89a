package tape_test

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"nubitalk/internal/core/recording"
	"nubitalk/internal/media"
	"nubitalk/internal/media/mediatest"
	"nubitalk/internal/media/negotiate"
	"nubitalk/internal/media/tape"
)

// party is a phone at a leg whose call is recorded.
type party struct {
	*media.RTPLeg
	phone *mediatest.Phone
}

func connect(t *testing.T, h *media.Host, b *media.Bridge) party {
	t.Helper()
	loopback := netip.MustParseAddr("127.0.0.1")
	leg, err := h.NewRTP(media.RTPConfig{Policy: negotiate.Policy{}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(leg.Close)
	phone, err := mediatest.NewPhone(negotiate.Policy{}, loopback, netip.Addr{})
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
	if err := b.Join(leg, media.Talk); err != nil {
		t.Fatal(err)
	}
	return party{leg, phone}
}

// TestAFloodHarmsNoRecording: a caller floods with packets of its own while its call and another are recorded. The
// recording of its call has no more of it than the time allows, the other call is heard and recorded as if nothing was.
func TestAFloodHarmsNoRecording(t *testing.T) {
	h := media.NewHost(media.Config{Address: netip.MustParseAddr("127.0.0.1")})
	if err := h.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Stop(context.Background()) })
	one, two := h.NewBridge(), h.NewBridge()
	flooder, other := connect(t, h, one), connect(t, h, one)
	calm, friend := connect(t, h, two), connect(t, h, two)
	began := time.Now()
	since := func() time.Duration { return time.Since(began) }
	floods, calms := tape.New(since), tape.New(since)
	defer flooder.Tap(floods.Show)()
	defer calm.Tap(calms.Show)()
	calm.phone.Talk(500)
	friend.phone.Talk(900)
	ctx, stop := context.WithTimeout(t.Context(), 3*time.Minute)
	defer stop()
	hears := func(p party, hertz float64) {
		t.Helper()
		if err := p.phone.Hears(ctx, []float64{hertz}); err != nil {
			t.Fatal(err)
		}
	}
	hears(friend, 500)
	octets := make([]byte, 160)
	for i := range octets {
		octets[i] = 0xaa
	}
	sent := 0
	flood := func() {
		for range 500 {
			if err := flooder.phone.Speak(octets); err != nil && ctx.Err() != nil {
				t.Fatal(err)
			}
			sent++
		}
	}
	for flooder.Counts().Flooded < 5_000 {
		if ctx.Err() != nil {
			t.Fatalf("after %d packets: %+v", sent, flooder.Counts())
		}
		flood()
	}
	calm.phone.Forget()
	friend.phone.Forget()
	for range 4 { // the others hear each other while it goes on
		flood()
	}
	hears(friend, 500)
	hears(calm, 900)
	spent := since()

	c := flooder.Counts()
	// Twice what there was time for, and 20 seconds.
	if most := uint64((2*spent + 20*time.Second) / (20 * time.Millisecond)); c.Received > most+1 || other.Counts().Sent > c.Received {
		t.Errorf("%d of %d packets passed in %v, and %d went on", c.Received, sent, spent, other.Counts().Sent)
	}
	var all []recording.Piece
	for {
		p, ok := floods.Take(true)
		if !ok {
			break
		}
		all = append(all, p)
	}
	if n := len(all); n > 0 {
		if end := all[n-1].At + all[n-1].Length; end > since()+time.Second {
			t.Errorf("the flooded recording goes on until %v, after %v", end, since())
		}
	}
	lost := calms.Lost()
	said, heard := 0, 0
	for {
		p, ok := calms.Take(true)
		if !ok {
			break
		}
		said, heard = said+len(p.Tracks[0].Data), heard+len(p.Tracks[1].Data)
	}
	if said == 0 || heard == 0 {
		t.Errorf("of the calm call %d and %d octets are recorded, %v lost", said, heard, lost)
	}
}
