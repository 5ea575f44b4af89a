package voice

import (
	"context"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/core/flow"
	"nubitalk/internal/media"
	"nubitalk/internal/media/audio"
	"nubitalk/internal/media/tape"
)

// Times of a message by voice.
const (
	beginsWithin = 8 * time.Second        // after the tone; who says nothing leaves none
	silentFor    = 5 * time.Second        // ends it
	leastVoice   = 300 * time.Millisecond // less is a breath, or the receiver
	listenEvery  = 500 * time.Millisecond
	tookAgain    = 5 * time.Second
	// loud is the mean size of a sample from which sound is a voice: -40 dBFS.
	loud = 328
)

// endKey ends a message, and before it the words that ask for it.
const endKey = '#'

// Why a message ended, as its recording notes it.
const (
	byKey     = "key"
	bySilence = "silence"
	byLimit   = "limit"
	byHangup  = "hung_up"
)

// taking is a message by voice that is being taken. The call's goroutine owns it.
type taking struct {
	flow.Message
	begun bool // the words before it are said
	tone  *media.Playing
	tape  *tape.Tape // nil before the tone is over
	since time.Time
	deaf  func()
	voice voice
}

// voice follows how long a party spoke, and when last.
type voice struct {
	spoken atomic.Int64 // samples
	last   atomic.Int64 // nanoseconds since the tone
}

// messageTone is the tone after which a message begins.
var messageTone = sync.OnceValue(func() []int16 {
	pcm := make([]int16, audio.Rate*2/5)
	for i := range pcm {
		edge := math.Min(1, math.Min(float64(i), float64(len(pcm)-i))/80) // no click
		pcm[i] = int16(8000 * edge * math.Sin(2*math.Pi*1000*float64(i)/audio.Rate))
	}
	return pcm
})

// beginMessage lets the tone be heard once all is said.
func (c *call) beginMessage() {
	m := c.message
	if m == nil || m.begun || !c.here() {
		return
	}
	m.begun = true
	m.tone = c.caller.leg.Play(audio.NewClip(messageTone()))
}

// toned takes that the tone was heard; false: it was another sound.
func (c *call) toned(p *party, e media.Played) bool {
	m := c.message
	if m == nil || p != c.caller || m.tone == nil || e.Playing != m.tone {
		return false
	}
	m.tone = nil
	c.listen()
	return true
}

// listen begins to keep what the caller says.
func (c *call) listen() {
	m := c.message
	if c.s.Recorder == nil {
		c.endMessage(byLimit)
		return
	}
	m.since = time.Now()
	began := m.since
	source := tape.OfParties(func() time.Duration { return time.Since(began) }, 1)
	end := source.Hear(0, c.caller.leg)
	source.Open(0, true)
	endVoice := c.caller.leg.Tap(func(f media.TapFrame) {
		if f.Direction == media.In {
			m.voice.hear(f, time.Since(began))
		}
	})
	m.tape, m.deaf = source, func() { end(); endVoice() }
	c.clerk(func(k *clerk) {
		made, err := c.s.Recorder.BeginMessage(context.Background(), c.who, source)
		if err != nil {
			c.clerkFailed("begun", err)
			return
		}
		k.message = made
	})
	c.watchMessage(m)
}

func (v *voice) hear(f media.TapFrame, at time.Duration) {
	sum := 0
	for _, o := range f.Octets {
		s := int(f.Law.Decode(o))
		sum += max(s, -s)
	}
	if n := len(f.Octets); n > 0 && sum/n >= loud {
		v.spoken.Add(int64(n))
		v.last.Store(int64(at))
	}
}

// said says whether the caller has said anything.
func (v *voice) said() bool {
	return time.Duration(v.spoken.Load())*time.Second/audio.Rate >= leastVoice
}

// watchMessage ends a message that is over.
func (c *call) watchMessage(m *taking) {
	c.later(listenEvery, func() {
		if c.message != m {
			return
		}
		now, last := time.Since(m.since), time.Duration(m.voice.last.Load())
		switch {
		case now >= time.Duration(m.Seconds)*time.Second:
			c.endMessage(byLimit)
		case m.voice.said() && now-last >= silentFor, !m.voice.said() && now >= beginsWithin:
			c.endMessage(bySilence)
		default:
			c.watchMessage(m)
		}
	})
}

// messageKey takes a key while a message is asked for or taken; false: none is.
func (c *call) messageKey(k byte) bool {
	m := c.message
	switch {
	case m == nil:
		return false
	case k != endKey || m.tone != nil:
	case m.tape != nil:
		c.endMessage(byKey)
	default:
		c.menu.hush()
		c.beginMessage()
	}
	return true
}

// endMessage ends a message and tells the flow what became of it.
func (c *call) endMessage(why string) {
	m := c.message
	way := "none"
	if c.closeMessage(why) {
		way, c.said = "left", true
	}
	c.clerk(func(k *clerk) {
		if way == "left" && !k.kept {
			way = "none"
		}
		c.took(flow.Outcome{Step: m.Step, Way: way})
	})
}

// closeMessage ends a message, and says whether anything was said; what is silent
// is not kept.
func (c *call) closeMessage(why string) (said bool) {
	m := c.message
	c.message = nil
	if m == nil || m.tape == nil {
		return false
	}
	m.tape.Open(0, false)
	m.deaf()
	said = m.voice.said()
	c.clerk(func(k *clerk) {
		made := k.message
		k.message, k.kept = nil, made != nil && said
		switch {
		case made == nil:
		case said:
			c.clerkFailed("ended", made.End(context.Background(), trackPerson, why))
		default:
			c.clerkFailed("dropped", made.Discard(context.Background()))
		}
	})
	return said
}

// took tells the flow what became of what it waits for, until it knows.
func (c *call) took(o flow.Outcome) {
	err := c.s.Floor.Took(context.Background(), c.who.Tenant, c.who.Interaction, o)
	if err == nil || errs.Is(err, errs.NotFound) || errs.Is(err, errs.Gone) {
		c.post(func() { // if the floor knows of it, Carry has come before this
			if c.said {
				c.said = false
				c.left()
			}
		})
		return
	}
	c.s.Log.Warn("a flow was not told what became of a message; trying again", "tenant", c.who.Tenant, "interaction", c.who.Interaction, "code", errs.As(err).Code)
	c.later(tookAgain, func() { c.clerk(func(*clerk) { c.took(o) }) })
}

// wishes is a number at which a flow wants its caller to be called back.
type wishes struct {
	flow.CallBack
	begun bool
}

// beginBack finds out whether the number may be called.
func (c *call) beginBack() {
	w := c.back
	if w == nil || w.begun || c.caller == nil {
		return
	}
	w.begun = true
	number, keyed := w.Number, !w.Number.Empty()
	if !keyed && c.caller.line != nil {
		number = c.caller.line.number
	}
	c.s.running.Go(func() {
		o := flow.Outcome{Step: w.Step, Way: "failed"}
		if c.s.Network != nil && !number.Empty() {
			to, err := c.s.Network.Reaches(context.Background(), c.who.Tenant, number)
			switch {
			case err != nil:
				c.s.Log.Info("a caller cannot be called back", "tenant", c.who.Tenant, "interaction", c.who.Interaction, "code", errs.As(err).Code)
			case keyed:
				o.Way, o.Number = "kept", to
			default:
				o.Way = "kept"
			}
		}
		c.took(o)
	})
}
