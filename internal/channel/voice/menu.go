package voice

import (
	"context"
	"crypto/rand"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel"
	"nubitalk/internal/core/flow"
	"nubitalk/internal/media"
	"nubitalk/internal/media/audio"
)

// Times of a menu.
const (
	askAgain   = 8 * time.Second // of silence after a question
	askedTimes = 3               // a question is said at most
	keyPause   = 4 * time.Second // without a key ends what is keyed in; so does #
	maxKeyed   = 32
)

// menu is what a call says and what it waits for. The call's goroutine owns it.
type menu struct {
	script    []string          // still to be said
	prompts   map[string]string // recorded, by their words; others are spoken by the machine
	question  []string          // all that was said since the last answer
	choices   map[byte]string
	collects  bool
	digits    flow.Digits // that it collects
	only      bool        // digits, and no other keys
	keyed     []byte
	trails    byte // a key that may follow a complete answer and means nothing; 0 is none
	pressed   int  // counts keys; a timer of an older one is void
	asked     int  // how often the question was said
	answering bool // an answer is on its way to the flow

	making  bool           // speech is being made
	playing *media.Playing // and said
	told    told
}

// ask takes what a flow says, and what it waits for.
func (m *menu) ask(w words, a channel.Act) {
	if m.answering || len(m.choices) > 0 || m.collects { // the flow went on
		m.answered()
	}
	say := w.spoken(a)
	if a.Prompt != "" {
		if m.prompts == nil {
			m.prompts = map[string]string{}
		}
		m.prompts[a.Text] = a.Prompt
	}
	for i, b := range a.Buttons[:min(len(a.Buttons), len(keysInOrder))] {
		if m.choices == nil {
			m.choices = map[byte]string{}
		}
		m.choices[keysInOrder[i]] = b.Value
	}
	m.collects, m.digits = a.Collect, flow.Digits{Min: 1, Max: maxKeyed, Terminator: "#"}
	if m.only = a.Digits != nil; m.only {
		m.digits = *a.Digits
	}
	m.question = append(m.question, say...)
	m.script = append(m.script, say...)
}

// answered forgets what was asked.
func (m *menu) answered() {
	m.question, m.choices, m.collects, m.keyed, m.asked, m.answering = nil, nil, false, wiped(m.keyed), 0, false
}

// press takes a key of what is collected: done says that the answer is complete,
// and none that the key is no part of it.
func (m *menu) press(k byte) (done, none bool) {
	if ends := m.digits.Terminator; ends != "" && k == ends[0] {
		return true, false
	}
	if m.only && (k < '0' || k > '9') {
		return false, true
	}
	m.keyed = append(m.keyed, k)
	if len(m.keyed) < m.digits.Max {
		return false, false
	}
	if ends := m.digits.Terminator; ends != "" {
		m.trails = ends[0]
	}
	return true, false
}

// wiped forgets keys that were pressed.
func wiped(keys []byte) []byte {
	clear(keys)
	return nil
}

// keysInOrder are the keys of a question's choices.
const keysInOrder = "1234567890*#"

// again says what was asked last once more, to who did not hear it.
func (m *menu) again() {
	m.script = append([]string(nil), m.question...)
	if m.playing != nil {
		m.playing = nil // its leg is gone
	}
}

// hush ends all that is being said.
func (m *menu) hush() {
	m.script = nil
	if p := m.playing; p != nil {
		m.playing = nil
		p.Stop()
	}
}

// talking says whether something is being said, or still is to be.
func (m *menu) talking() bool { return m.making || m.playing != nil || len(m.script) > 0 }

// speak says the next of the script.
func (c *call) speak() {
	m := &c.menu
	switch {
	case c.over || m.making || m.playing != nil || !c.here():
		return
	case len(m.script) == 0:
		c.spoke()
		c.tellPlace()
		return
	}
	text := m.script[0]
	m.script = m.script[1:]
	m.making = true
	language, prompt := c.who.Language, m.prompts[text]
	go func() {
		pcm, err := c.s.sound(context.Background(), c.who.Tenant, prompt, language, text)
		c.post(func() { c.say(pcm, err) })
	}()
}

// sound is that of a recorded prompt, if it has one, else of its words spoken.
func (s *Service) sound(ctx context.Context, t id.Tenant, prompt, language, text string) ([]int16, error) {
	if prompt != "" && s.Prompts != nil {
		pcm, err := s.Prompts.Heard(ctx, t, prompt)
		if err == nil && len(pcm) > 0 {
			return pcm, nil
		}
		if err != nil && !errs.Is(err, errs.NotFound) {
			s.Log.Warn("a recorded prompt could not be played; its words are spoken", "tenant", t, "prompt", prompt, "code", errs.As(err).Code)
		}
	}
	return s.Speech.Speak(ctx, language, secret.New(text))
}

// say plays what was made.
func (c *call) say(pcm []int16, err error) {
	m := &c.menu
	m.making = false
	if err != nil {
		if !errs.Is(err, errs.NotFound) {
			c.s.Log.Warn("a call could not say something", "tenant", c.who.Tenant, "interaction", c.who.Interaction, "code", errs.As(err).Code)
		}
		c.speak() // the written side has it
		return
	}
	if c.caller == nil || m.answering || c.work.State == active && !c.apart() || c.message != nil && c.message.begun {
		c.speak()
		return
	}
	m.playing = c.caller.leg.Play(audio.NewClip(pcm))
}

// spoke is called when all is said: a call that is to end ends, a question waits.
func (c *call) spoke() {
	m := &c.menu
	if c.leaving {
		c.finish()
		return
	}
	if c.spokeSecure() {
		return
	}
	c.begin()
	c.beginMessage()
	c.beginBack()
	if len(m.choices) == 0 && !m.collects || m.answering {
		return
	}
	m.asked++
	this := m.pressed
	c.later(askAgain, func() {
		if m.pressed == this && m.asked < askedTimes && !m.talking() && !m.answering && (len(m.choices) > 0 || m.collects) {
			m.script = append([]string(nil), m.question...)
			c.speak()
		}
	})
}

// sameKey is within which time a key that came as sound and by INFO is one press.
const sameKey = 2 * time.Second

// informed takes a key that the caller's end tells by INFO. From then on it tells all so,
// and what is in its sound is the same keys.
func (c *call) informed(p *party, k byte) {
	first := !p.informs
	p.informs = true
	c.readTones()
	if first && p.pressed == k && c.s.Clock.Now().Sub(p.pressedAt) < sameKey {
		return
	}
	c.press(k)
}

// readTones has the keys of a telephone that has sent neither events nor INFO yet read
// from its sound, while the call takes keys. What a browser presses are always events.
func (c *call) readTones() {
	if p := c.caller; p != nil && p.browser == nil {
		p.leg.ReadTones(!p.informs && (c.work.State == inFlow || c.work.State == queued && c.offer.key != 0 || c.apart() || c.rec.asking != nil))
	}
}

// press takes a key that the caller pressed.
func (c *call) press(k byte) {
	if !c.consentKey(k) && !c.offerKey(k) {
		c.key(k)
	}
}

// key takes a key for what is said and asked.
func (c *call) key(k byte) {
	m := &c.menu
	if c.apart() {
		defer c.typed()
		if !c.takesKeys() {
			m.pressed++
			return
		}
	} else if c.work.State != inFlow || m.answering || c.messageKey(k) {
		return
	}
	m.pressed++
	m.asked = 0
	if trails := m.trails; trails != 0 {
		if m.trails = 0; k == trails {
			return
		}
	}
	switch {
	case len(m.choices) > 0:
		value, ok := m.choices[k]
		m.hush()
		if !ok {
			m.script = append([]string{c.words().unknown()}, m.question...)
			c.speak()
			return
		}
		c.chose(func(ctx context.Context) error { return c.s.Written.Choose(ctx, c.who, rand.Text(), value) }, value)
	case m.collects:
		m.hush()
		done, none := m.press(k)
		if none {
			c.badKeys(c.words().unknown())
			return
		}
		if done {
			if m.trails != 0 {
				this := m.pressed
				c.later(keyPause, func() {
					if m.pressed == this {
						m.trails = 0
					}
				})
			}
			c.keyedIn()
			return
		}
		this := m.pressed
		c.later(keyPause, func() {
			if m.pressed == this {
				c.keyedIn()
			}
		})
	}
}

// keyedIn gives the flow what was keyed in.
func (c *call) keyedIn() {
	m := &c.menu
	if len(m.keyed) == 0 || m.answering {
		return
	}
	if len(m.keyed) < m.digits.Min {
		c.badKeys(c.words().tooFew(m.digits.Min))
		return
	}
	text := secret.New(string(m.keyed))
	m.keyed = wiped(m.keyed)
	c.gave(func(ctx context.Context) error { return c.s.Written.Say(ctx, c.who, rand.Text(), text) }, text)
}

// badKeys says what is wrong with the keys, and the question again.
func (c *call) badKeys(why string) {
	m := &c.menu
	m.keyed = wiped(m.keyed)
	m.script = append([]string{why}, m.question...)
	c.speak()
}

// answer hands an answer on; the flow's next words come by Carry.
func (c *call) answer(give func(context.Context) error) {
	m := &c.menu
	m.answering = true
	this := m.pressed
	go func() {
		err := give(context.Background())
		if err == nil {
			return
		}
		c.s.Log.Warn("a caller's answer was not taken", "tenant", c.who.Tenant, "interaction", c.who.Interaction, "code", errs.As(err).Code)
		c.post(func() {
			if m.answering && m.pressed == this {
				m.answering = false
				m.again()
				c.speak()
			}
		})
	}()
}
