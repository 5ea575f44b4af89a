package voice

import (
	"context"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/media"
	"nubitalk/internal/media/audio"
)

// Times of a consent that is asked for in a call.
const (
	agreeWithin = 10 * time.Second // after the question
	agreeTimes  = 2                // it is said at most
)

// Keys of the answer.
const (
	agreeKey  = '1'
	refuseKey = '2'
)

// asking is a consent text that is said to the person, and to the agent with it.
type asking struct {
	text     string
	ask      bool // for a key
	version  int64
	language string
	pcm      []int16
	playing  *media.Playing
	said     int
}

// askConsent says a text that the person must be told or agree to.
func (c *call) askConsent(text string, ask bool) {
	r := &c.rec
	if r.asking != nil || r.failed {
		return
	}
	a := &asking{text: text, ask: ask}
	r.asking = a
	language := c.who.Language
	c.s.running.Go(func() {
		ctx := context.Background()
		words, version, err := c.s.Recorder.Words(ctx, c.who.Tenant, text)
		a.version = version
		if err == nil {
			a.language = written(words, language)
			w := wordsIn(a.language)
			say := words[a.language]
			if ask {
				say += " " + w.agree()
			}
			a.pcm, err = c.s.sound(ctx, c.who.Tenant, "", a.language, say)
		}
		c.post(func() { c.sayConsent(a, err) })
	})
}

// written is the language of some in which a person is told something.
func written(words map[string]string, language string) string {
	for _, l := range []string{language, "en", "pt"} {
		if words[l] != "" {
			return l
		}
	}
	return ""
}

func (c *call) sayConsent(a *asking, err error) {
	r := &c.rec
	if r.asking != a {
		return
	}
	if err != nil || len(a.pcm) == 0 { // what was not said cannot be agreed to
		r.asking, r.failed = nil, true
		if err != nil {
			c.s.Log.Error("a person could not be told that it is recorded; the call is not", "tenant", c.who.Tenant, "interaction", c.who.Interaction, "code", errs.As(err).Code)
		}
		c.settle()
		return
	}
	a.said++
	a.playing = c.caller.leg.Play(audio.NewClip(a.pcm))
	if agent := c.agents[c.work.Agent]; agent != nil {
		agent.leg.Play(audio.NewClip(a.pcm))
	}
}

// saidConsent takes that a text was said to its end; false: it was not one.
func (c *call) saidConsent(p *party, e media.Played) bool {
	r := &c.rec
	if e.Playing == r.telling[p] && e.Playing != nil {
		delete(r.telling, p)
		r.told[p] = e.Whole
		c.settle()
		return true
	}
	a := r.asking
	if a == nil || p != c.caller || a.playing == nil || e.Playing != a.playing {
		return false
	}
	a.playing = nil
	switch {
	case !e.Whole: // somebody cut it off
		r.asking = nil
	case !a.ask:
		r.asking = nil
		r.standing = r.standing.Tell(a.text)
		c.keepStanding(Deed{By: bySystem, Reason: "told"})
	default:
		c.later(agreeWithin, func() {
			switch {
			case r.asking != a || a.playing != nil:
			case a.said < agreeTimes:
				c.sayConsent(a, nil)
			default:
				c.agree(a, false)
			}
		})
		return true
	}
	c.settle()
	return true
}

// consentKey takes a key that answers; false: nothing was asked.
func (c *call) consentKey(k byte) bool {
	a := c.rec.asking
	if a == nil || !a.ask || k != agreeKey && k != refuseKey {
		return false
	}
	c.agree(a, k == agreeKey)
	return true
}

func (c *call) agree(a *asking, agreed bool) {
	r := &c.rec
	c.hushConsent()
	r.standing = r.standing.Agree(a.text, agreed)
	d := Deed{By: trackPerson, Reason: "refused"}
	if agreed {
		d = Deed{By: trackPerson, Reason: "agreed", Agreed: a.text, Version: a.version, Language: a.language}
	}
	c.keepStanding(d)
	c.settle()
}

// keepStanding has stored what the person was told or answered.
func (c *call) keepStanding(d Deed) {
	s := c.rec.standing
	c.clerk(func(*clerk) { c.clerkFailed("noted", c.s.Recorder.Keep(context.Background(), c.who, s, d)) })
}

// consented takes what a flow's consent step came to.
func (c *call) consented(text string, agreed bool) {
	if c.s.Recorder == nil {
		return
	}
	c.rec.standing = c.rec.standing.Agree(text, agreed)
	if !c.rec.unread {
		c.keepStanding(Deed{By: trackPerson, Reason: "flow"})
	}
}

// hushConsent ends what is being said.
func (c *call) hushConsent() {
	a := c.rec.asking
	if a == nil {
		return
	}
	c.rec.asking = nil
	if a.playing != nil {
		a.playing.Stop()
	}
}

// tellOthers tells who joined at an outside number what the person was told,
// before it is recorded.
func (c *call) tellOthers() {
	r, p := &c.rec, c.outside.party
	if p == nil || c.outside.dialing != nil || p.sound != SoundConnected || !r.plan.AllParties || len(r.plan.Texts) == 0 {
		return
	}
	if _, known := r.told[p]; known {
		return
	}
	if r.told == nil {
		r.told, r.telling = map[*party]bool{}, map[*party]*media.Playing{}
	}
	r.told[p] = false
	texts, language := r.plan.Texts, c.who.Language
	c.s.running.Go(func() {
		var all []int16
		for _, text := range texts {
			words, _, err := c.s.Recorder.Words(context.Background(), c.who.Tenant, text)
			var pcm []int16
			if err == nil {
				l := written(words, language)
				pcm, err = c.s.sound(context.Background(), c.who.Tenant, "", l, words[l])
			}
			if err != nil || len(pcm) == 0 {
				c.s.Log.Error("an outside number could not be told that it is recorded; it is not", "tenant", c.who.Tenant, "interaction", c.who.Interaction)
				return
			}
			all = append(all, pcm...)
		}
		c.post(func() { r.telling[p] = p.leg.Play(audio.NewClip(all)) })
	})
}
