package media_test

import (
	"context"
	"testing"
	"time"

	"nubitalk/internal/media"
	"nubitalk/internal/media/audio"
	"nubitalk/internal/media/g711"
	"nubitalk/internal/media/mediatest"
	"nubitalk/internal/media/negotiate"
)

func laws(l g711.Law) negotiate.Policy { return negotiate.Policy{Laws: []g711.Law{l}} }

func TestDifferentLawsAreTranscoded(t *testing.T) {
	h := host(t, media.Config{})
	a := connect(t, h, 500, opts{ours: laws(g711.Mu)})
	b := connect(t, h, 900, opts{ours: laws(g711.A)})
	bridge := h.NewBridge()
	join(t, bridge, a, media.Talk)
	join(t, bridge, b, media.Talk)
	a.hears(t, hz(900), 500)
	b.hears(t, hz(500), 900)
	if a.phone.Agreed().Law != g711.Mu || b.phone.Agreed().Law != g711.A {
		t.Error("they do not differ")
	}
}

func TestAConferenceOfFour(t *testing.T) {
	h := host(t, media.Config{})
	tones := hz(500, 700, 900, 1100)
	bridge := h.NewBridge()
	var calls []*call
	for i, f := range tones {
		o := opts{}
		if i%2 == 0 {
			o.ours = laws(g711.Mu)
		}
		c := connect(t, h, f, o)
		calls = append(calls, c)
		join(t, bridge, c, media.Talk)
	}
	for i, c := range calls {
		others := append(append([]float64(nil), tones[:i]...), tones[i+1:]...)
		c.hears(t, others, tones[i])
	}
	bridge.Leave(calls[3])
	calls[0].hears(t, hz(700, 900), 500, 1100)
	bridge.Leave(calls[2])
	calls[0].hears(t, hz(700), 500, 900, 1100) // two again: packets as they are
	calls[2].hears(t, nil, tones...)
}

func TestTheHeldOneHearsMusicAndIsNotHeard(t *testing.T) {
	h := host(t, media.Config{})
	a := connect(t, h, 500, opts{})
	b := connect(t, h, 900, opts{})
	a.Music(tone(1500))
	bridge := h.NewBridge()
	join(t, bridge, a, media.Talk)
	a.hears(t, hz(1500)) // alone
	join(t, bridge, b, media.Talk)
	a.hears(t, hz(900), 1500)
	bridge.SetRole(a, media.Hold)
	a.hears(t, hz(1500), 900)
	b.hears(t, nil, 500, 1500)
	bridge.SetRole(a, media.Talk)
	a.hears(t, hz(900), 1500)
	b.hears(t, hz(500), 1500)
}

func TestASupervisor(t *testing.T) {
	h := host(t, media.Config{})
	caller := connect(t, h, 500, opts{})
	agent := connect(t, h, 900, opts{})
	boss := connect(t, h, 1300, opts{})
	bridge := h.NewBridge()
	join(t, bridge, caller, media.Talk)
	join(t, bridge, agent, media.Talk)
	join(t, bridge, boss, media.Listen)
	boss.hears(t, hz(500, 900), 1300)
	caller.hears(t, hz(900), 500, 1300)
	agent.hears(t, hz(500), 900, 1300)

	bridge.SetRole(boss, media.Whisper(agent))
	agent.hears(t, hz(500, 1300), 900)
	caller.hears(t, hz(900), 500, 1300)
	boss.hears(t, hz(500, 900), 1300)

	bridge.SetRole(boss, media.Talk) // barge
	caller.hears(t, hz(900, 1300), 500)
	agent.hears(t, hz(500, 1300), 900)

	bridge.SetRole(boss, media.Whisper(caller)) // to the other one
	caller.hears(t, hz(900, 1300), 500)
	agent.hears(t, hz(500), 900, 1300)
}

func TestPromptsMusicAndEnds(t *testing.T) {
	h := host(t, media.Config{})
	a := connect(t, h, 500, opts{})
	b := connect(t, h, 900, opts{})
	bridge := h.NewBridge()
	join(t, bridge, a, media.Talk)
	join(t, bridge, b, media.Talk)
	a.hears(t, hz(900))
	played := func(p *media.Playing, whole bool) func(media.Event) bool {
		return func(e media.Event) bool { return e == media.Event(media.Played{Playing: p, Whole: whole}) }
	}
	first := a.Play(tone(1500))
	a.hears(t, hz(1500), 900)
	b.hears(t, hz(500), 1500) // a prompt is for one
	second := a.Play(audio.Tone{Hertz: hz(1900), Length: 500 * time.Millisecond}.Source())
	a.log.await(t, "the end of the replaced prompt", played(first, false))
	a.hears(t, hz(1900), 1500)
	a.log.await(t, "the end of the prompt", played(second, true))
	a.hears(t, hz(900), 1900)
	third := a.Play(tone(1500))
	third.Stop()
	third.Stop()
	a.log.await(t, "the stopped prompt", played(third, false))
	fourth := a.Play(tone(1500))
	a.Close()
	a.log.await(t, "the prompt of a closed leg", played(fourth, false))
	a.log.await(t, "a prompt after the end", played(a.Play(tone(1)), false))
	if err := bridge.Join(a, media.Talk); err == nil || bridge.Size() != 1 {
		t.Errorf("a closed leg joined: %v", err)
	}
}

// keys waits until the owner was told of as many keys, which must be these.
func (l *log) keys(t *testing.T, want string) {
	t.Helper()
	told := func() (keys string) {
		for _, e := range l.all() {
			if k, ok := e.(media.Key); ok {
				keys += string(rune(k.Digit))
			}
		}
		return keys
	}
	if want != "" {
		l.await(t, "the keys "+want, func(media.Event) bool { return len(told()) >= len(want) })
	}
	if got := told(); got != want {
		t.Errorf("the owner was told of %q, not %q", got, want)
	}
}

func TestKeysInAndThrough(t *testing.T) {
	h := host(t, media.Config{})
	a := connect(t, h, 500, opts{})
	b := connect(t, h, 900, opts{})
	c := connect(t, h, 0, opts{})
	press := func(keys string) {
		t.Helper()
		for _, k := range []byte(keys) {
			if err := a.phone.Press(k); err != nil {
				t.Fatal(err)
			}
		}
	}
	heard := func(l *call, want string) {
		t.Helper()
		ctx, stop := context.WithTimeout(t.Context(), 3*time.Minute)
		defer stop()
		var got string
		if err := l.phone.Await(ctx, func(all []mediatest.Heard) bool { got = mediatest.Keys(all); return got == want }); err != nil {
			t.Fatalf("%q, not %q: %v", got, want, err)
		}
	}
	press("12") // its end comes when b is there already, and is not for b
	a.log.await(t, "2", func(e media.Event) bool { return e == media.Event(media.Key{Digit: '2'}) })
	bridge := h.NewBridge()
	join(t, bridge, a, media.Talk)
	join(t, bridge, b, media.Talk)
	a.phone.Hush()
	press("34#")
	heard(b, "34#")
	told := func(key byte, passed bool) {
		t.Helper()
		a.log.await(t, string(key), func(e media.Event) bool { return e == media.Event(media.Key{Digit: media.Digit(key), Passed: passed}) })
	}
	told('#', true)
	join(t, bridge, c, media.Talk) // mixed: made anew
	press("56")
	heard(b, "34#56")
	heard(c, "56")
	told('6', true)
	a.PassKeys(false)
	press("789")
	a.log.await(t, "9", func(e media.Event) bool { return e == media.Event(media.Key{Digit: '9'}) })
	a.PassKeys(true)
	press("*")
	heard(b, "34#56*")
	a.log.keys(t, "1234#56789*")
	if !b.Press("42D") || b.Press("4x") {
		t.Error("keys to the party")
	}
	heard(b, "34#56*42D")
	b.hears(t, nil, 900)
}

// Who talks before we know their key is heard too when their sequence numbers rolled
// over meanwhile.
func TestWhoRolledOverUnheard(t *testing.T) {
	h := host(t, media.Config{})
	a := connect(t, h, 0, opts{weOffer: true})
	b := connect(t, h, 0, opts{})
	for range 100 { // a phone starts at 65,500
		if _, err := a.phone.Sealed(make([]byte, audio.Samples)); err != nil {
			t.Fatal(err)
		}
	}
	bridge := h.NewBridge()
	join(t, bridge, a, media.Talk)
	join(t, bridge, b, media.Talk)
	a.phone.Talk(500)
	b.hears(t, hz(500))
}

func TestTapsSeeBothDirectionsInOneTime(t *testing.T) {
	h := host(t, media.Config{})
	a := connect(t, h, 500, opts{})
	b := connect(t, h, 900, opts{})
	bridge := h.NewBridge()
	join(t, bridge, a, media.Talk)
	join(t, bridge, b, media.Talk)
	a.hears(t, hz(900))
	b.hears(t, hz(500))
	type side struct {
		pcm  []int16
		gaps int64
	}
	sides := make(chan [2]side, 1)
	var s [2]side
	end := a.Tap(func(f media.TapFrame) {
		d := &s[f.Direction]
		if d.pcm == nil {
			d.pcm = make([]int16, f.At)
		}
		if f.Gap < 0 || f.At != int64(len(d.pcm))+f.Gap {
			t.Errorf("at %d after %d, gap %d", f.At, len(d.pcm), f.Gap)
		}
		d.gaps += f.Gap
		d.pcm = append(d.pcm, make([]int16, f.Gap)...)
		part := make([]int16, len(f.Octets))
		f.Law.DecodeTo(part, f.Octets)
		d.pcm = append(d.pcm, part...)
		if len(s[0].pcm) > 4000 && len(s[1].pcm) > 4000 {
			select {
			case sides <- s:
			default:
			}
		}
	})
	var got [2]side
	select {
	case got = <-sides:
	case <-time.After(3 * time.Minute):
		t.Fatal("nothing was shown")
	}
	end()
	for i, want := range []float64{500, 900} {
		if pcm := got[i].pcm[1600:4000]; !audio.Heard(pcm, want) {
			t.Errorf("direction %d: %.1f dBFS of %v Hz", i, audio.Power(pcm, want), want)
		}
	}
	if d := len(got[0].pcm) - len(got[1].pcm); d > 1600 || d < -1600 {
		t.Errorf("the directions differ by %d samples", d)
	}
}

// TestTheStreamIsOne: whatever a party hears, its phone sees one source whose
// numbers and times go on.
func TestTheStreamIsOne(t *testing.T) {
	h := host(t, media.Config{})
	a := connect(t, h, 0, opts{})
	b := connect(t, h, 900, opts{})
	c := connect(t, h, 1300, opts{})
	bridge := h.NewBridge()
	join(t, bridge, a, media.Talk)
	a.Music(tone(1500))
	a.hears(t, hz(1500))
	join(t, bridge, b, media.Talk)
	a.hears(t, hz(900))
	p := a.Play(tone(1900))
	a.hears(t, hz(1900))
	a.Press("1")
	p.Stop()
	bridge.Leave(b)
	join(t, bridge, c, media.Talk)
	a.hears(t, hz(1300))
	join(t, bridge, b, media.Talk)
	a.hears(t, hz(900, 1300))
	bridge.SetRole(a, media.Hold)
	a.hears(t, hz(1500), 900)
	heard := a.phone.Heard()
	markers := 0
	for i, p := range heard[1:] {
		before := heard[i]
		if p.SSRC != before.SSRC || p.SequenceNumber != before.SequenceNumber+1 {
			t.Errorf("packet %d: %x %d after %x %d", i+1, p.SSRC, p.SequenceNumber, before.SSRC, before.SequenceNumber)
		}
		step := p.Timestamp - before.Timestamp
		if p.Event || before.Event {
			continue
		}
		if step < audio.Samples || step > 30*audio.Samples || step > audio.Samples && !p.Marker {
			t.Errorf("packet %d: %d samples later, marker %v", i+1, step, p.Marker)
		}
		if p.Marker {
			markers++
		}
	}
	if markers < 4 || markers > 12 {
		t.Errorf("%d markers", markers)
	}
	if a.phone.Bad() != 0 {
		t.Errorf("%d could not be opened", a.phone.Bad())
	}
}

// Keys that come as sound are told where they are asked for, whether the other end agreed to
// send events or not, and stay in the sound. From its first event on its events are its keys,
// and a tone that it leaves in the sound is the same press.
func TestKeysThatComeAsSound(t *testing.T) {
	for _, c := range []struct{ plain, weOffer, read bool }{{true, false, true}, {true, true, true}, {true, false, false}, {false, false, true}, {false, true, false}} {
		t.Logf("%+v", c)
		h := host(t, media.Config{})
		a := connect(t, h, 0, opts{plain: c.plain, weOffer: c.weOffer})
		b := connect(t, h, 0, opts{})
		bridge := h.NewBridge()
		join(t, bridge, a, media.Talk)
		join(t, bridge, b, media.Talk)
		a.ReadTones(c.read)
		if err := a.phone.Key("5#*0"); err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithTimeout(t.Context(), 3*time.Minute)
		if err := b.phone.Await(ctx, func(all []mediatest.Heard) bool { return mediatest.KeysIn(mediatest.Sound(all, len(all))) == "5#*0" }); err != nil {
			t.Fatal(err)
		}
		stop()
		want := ""
		if c.read {
			want = "5#*0"
		}
		a.log.keys(t, want)
		if !c.plain { // a gateway that takes the tone for a key late: the first is known, the second is another press
			for range 2 {
				if err := a.phone.Press('0'); err != nil {
					t.Fatal(err)
				}
			}
			if err := a.phone.Key("7"); err != nil {
				t.Fatal(err)
			}
			if err := a.phone.Press('8'); err != nil {
				t.Fatal(err)
			}
			if c.read {
				want += "08"
			} else {
				want += "008"
			}
			ctx, stop := context.WithTimeout(t.Context(), 3*time.Minute)
			if err := b.phone.Await(ctx, func(all []mediatest.Heard) bool { return mediatest.Keys(all) == "008" }); err != nil {
				t.Fatal(err)
			}
			stop()
			a.log.keys(t, want)
		}
		a.phone.Hush()
		a.Close()
		b.Close()
	}
}
