package media

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/pion/rtcp"

	"nubitalk/internal/media/audio"
	"nubitalk/internal/media/g711"
	"nubitalk/internal/media/negotiate"
)

// TestAFloodOfItsOwnIsBounded: whoever sends a hundred times as much as it says, sealed with its own key, is heard
// and recorded with so much as there is time for, costs nothing beside, and is heard as before when it stops.
func TestAFloodOfItsOwnIsBounded(t *testing.T) {
	for _, suite := range append(negotiate.Suites(), negotiate.None) {
		a, b, seal := pair(t, suite)
		var shown, heard int
		defer a.Tap(func(f TapFrame) { shown += len(f.Octets) })()
		defer b.Tap(func(f TapFrame) {
			if f.Direction == Out {
				heard += len(f.Octets)
			}
		})()
		const flood = 30_000 // packets of 20 ms, in 6 seconds
		now := time.Duration(0)
		for range flood {
			now += audio.FrameTime / 100
			a.took(seal(), a.source, false, now)
		}
		most := int((atOnce+now)/perOctet)/audio.Samples + 1
		passed := b.Counts().Sent
		if c := a.Counts(); int(passed) > most || int(passed) < most-2 || c.Received != passed || c.Flooded != flood-passed || c.Forged+c.Replayed+c.Useless+c.Strangers != 0 {
			t.Errorf("%v: %d of %d passed, at most %d should: %+v", suite, passed, flood, most, c)
		}
		if want := int(passed) * audio.Samples; shown != want || heard != want {
			t.Errorf("%v: the recorder was shown %d and %d octets of %d", suite, shown, heard, want)
		}
		if !raceDetector {
			var more [200][]byte
			for i := range more {
				more[i] = slices.Clone(seal())
			}
			i := 0
			if n := testing.AllocsPerRun(len(more)-1, func() { a.took(more[i], a.source, false, now); i++ }); n != 0 {
				t.Errorf("%v: %v allocations for a packet of a flood", suite, n)
			}
		}
		// It stops, and goes on as one does who talks: nothing is left out, for minutes.
		before := a.Counts()
		now += atOnce
		for range 10_000 {
			now += audio.FrameTime
			a.took(seal(), a.source, false, now)
		}
		if c := a.Counts(); c.Flooded != before.Flooded || c.Received != before.Received+10_000 {
			t.Errorf("%v: after the flood %+v became %+v", suite, before, c)
		}
	}
}

// TestAStrangersFloodUsesUpNothing: what is not the party's own, from wherever, leaves all that it may say.
func TestAStrangersFloodUsesUpNothing(t *testing.T) {
	a, b, seal := pair(t, negotiate.Suites()[0])
	first, forged := slices.Clone(seal()), slices.Clone(seal())
	forged[len(forged)-1] ^= 1
	a.took(slices.Clone(first), a.source, false, 0)
	for range 5_000 {
		a.took(slices.Clone(forged), a.source, false, 0)
		a.took(slices.Clone(first), a.source, false, 0)
	}
	for range 900 {
		a.took(seal(), a.source, false, 0)
	}
	if c := a.Counts(); c.Flooded != 0 || b.Counts().Sent != 901 || c.Forged != 5_000 || c.Replayed != 5_000 {
		t.Errorf("%+v", c)
	}
}

// TestWhatANetworkHeldBackIsHeard: twenty seconds of sound at once, and keys among it.
func TestWhatANetworkHeldBackIsHeard(t *testing.T) {
	a, b, seal := pair(t, negotiate.Suites()[0])
	for range 20 * time.Second / audio.FrameTime {
		a.took(seal(), a.source, false, time.Hour)
	}
	if c := a.Counts(); c.Flooded != 0 || b.Counts().Sent != 1000 {
		t.Errorf("%+v", c)
	}
}

// TestFloodsOfReportsAreBounded at a leg and, with sound, at a browser's.
func TestFloodsOfReportsAreBounded(t *testing.T) {
	a, _, _ := pair(t, negotiate.None)
	report, err := rtcp.Marshal([]rtcp.Packet{&rtcp.ReceiverReport{SSRC: 99}})
	if err != nil {
		t.Fatal(err)
	}
	for range 10_000 {
		a.took(report, a.reportTo, true, time.Second)
	}
	if c := a.Counts(); c.Flooded != 10_000-uint64(atOnce/perNews)-1 {
		t.Errorf("%+v", c)
	}

	h := a.host
	l, err := h.NewBrowser(g711.A, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	p := &peer{leg: l, sound: 8}
	raw := append([]byte{0x80, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9}, bytes.Repeat([]byte{0xd5}, audio.Samples)...)
	bridge := l.lock()
	for i := range 10_000 {
		raw[2], raw[3], raw[6], raw[7] = byte(i>>8), byte(i), byte(i*160>>8), byte(i*160)
		p.sounded(bridge, raw, time.Second)
	}
	taken := 0
	for range 10_000 {
		if l.newsTaken(time.Second) {
			taken++
		}
	}
	bridge.mu.Unlock()
	most := uint64(atOnce/(time.Duration(len(raw))*perOctet)) + 1
	if c := l.Counts(); c.Received != most || taken != int(atOnce/perNews)+1 || c.Flooded != 20_000-most-uint64(taken) {
		t.Errorf("%d of %d were heard, %d reports: %+v", c.Received, most, taken, c)
	}
}
