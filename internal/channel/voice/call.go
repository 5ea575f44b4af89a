package voice

import (
	"context"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel"
	"nubitalk/internal/media"
	"nubitalk/internal/media/audio"
	"nubitalk/internal/media/g711"
)

// States of an interaction that a call knows (docs/vocabulary).
const (
	inFlow   = "in_flow"
	queued   = "queued"
	offered  = "offered"
	active   = "active"
	wrapping = "wrapping"
	closed   = "closed"
)

// call is one running call. Its goroutine (run) owns all that is below ended.
type call struct {
	s     *Service
	who   Caller
	mail  *mailbox
	ended chan struct{}

	over    bool // the goroutine ends
	work    channel.Work
	bridge  *media.Bridge
	caller  *party            // nil until its browser connected
	agents  map[string]*party // by user
	held    bool
	menu    menu
	shown   State
	absence int // counts the caller's absences; a timer of an older one is void
	leaving bool
}

// party is one end of a call.
type party struct {
	user    string // "" is the caller
	leg     media.Leg
	browser *media.BrowserLeg
	sound   Sound
}

func newCall(s *Service, who Caller) *call {
	c := &call{s: s, who: who, mail: newMailbox(), ended: make(chan struct{}), bridge: s.Media.NewBridge(), agents: map[string]*party{}}
	c.work = channel.Work{ID: who.Interaction, Tenant: who.Tenant, Contact: who.Contact, State: inFlow, Language: who.Language, Estimate: -1}
	c.post(c.absent)
	return c
}

// later posts fn after d.
func (c *call) later(d time.Duration, fn func()) { time.AfterFunc(d, func() { c.post(fn) }) }

// carried takes over what the floor decided.
func (c *call) carried(w channel.Work, acts []channel.Act) {
	before := c.work
	c.work = w
	if w.Language != "" {
		c.who.Language = w.Language
	}
	for _, a := range acts {
		switch a.Kind {
		case channel.ActSay:
			c.menu.ask(c.words(), a)
		case channel.ActForm:
			c.leaving = true // nothing is recorded here: the call ends with the words before
		}
	}
	if before.Agent != w.Agent || before.State != w.State {
		c.held = c.held && w.State == active && before.Agent == w.Agent
	}
	if w.State == queued && before.State != queued && before.State != offered {
		c.menu.placed = 0
	}
	if w.State != inFlow {
		c.menu.answered()
	}
	if w.State == active {
		c.menu.hush()
	}
	for user, p := range c.agents {
		if !c.belongs(user) {
			p.leg.Close()
			delete(c.agents, user)
		}
	}
	if w.Kept || w.State == wrapping || w.State == closed {
		c.leaving = true
	}
	c.settle()
	c.speak()
}

// resume takes up a call after a restart, with the question that it last asked.
func (c *call) resume(w channel.Work) {
	var asked []channel.Act
	if w.State == inFlow {
		var err error
		if asked, err = c.s.Written.Asked(context.Background(), c.who); err != nil {
			c.s.Log.Warn("a call goes on without its last question", "tenant", c.who.Tenant, "interaction", c.who.Interaction, "code", errs.As(err).Code)
		}
	}
	c.carried(w, asked)
}

// belongs says whether a user has a part in the call.
func (c *call) belongs(user string) bool { return user == c.work.Agent }

// connect takes the offer of a party's browser. A party that has a connection
// already goes on with the new one, in the place that it has.
func (c *call) connect(ctx context.Context, user string, offer secret.Text) (secret.Text, error) {
	var p *party
	err := c.ask(ctx, func() (err error) {
		switch {
		case c.leaving:
			return gone()
		case user != "" && !c.belongs(user):
			return errs.New(errs.Conflict, "This call is somebody else's now.")
		}
		p, err = c.partyOf(user)
		return err
	})
	if err != nil {
		return secret.Text{}, err
	}
	answer, err := p.browser.Answer(ctx, offer.Reveal())
	return secret.New(answer), err
}

// partyOf is a user's party, or the caller's; a new one has its place at once.
func (c *call) partyOf(user string) (*party, error) {
	p := c.agents[user]
	if user == "" {
		p = c.caller
	}
	if p != nil {
		return p, nil
	}
	p = &party{user: user, sound: SoundConnecting}
	leg, err := c.s.Media.NewBrowser(g711.A, func(e media.Event) { c.post(func() { c.heard(p, e) }) })
	if err != nil {
		return nil, err
	}
	p.leg, p.browser = leg, leg
	if user == "" {
		c.caller = p
	} else {
		c.agents[user] = p
	}
	c.settle()
	return p, nil
}

// current says whether a party's connection is still the one in use.
func (c *call) current(p *party) bool {
	return p == c.caller || p.user != "" && c.agents[p.user] == p
}

// heard takes what a leg tells.
func (c *call) heard(p *party, e media.Event) {
	if !c.current(p) {
		return
	}
	switch e := e.(type) {
	case media.Connected:
		p.sound = SoundConnected
		if p == c.caller {
			c.absence++
			c.menu.again()
		}
		c.settle()
		c.speak()
	case media.Disconnected, media.Goodbye:
		if p.sound == SoundLost {
			return
		}
		p.sound = SoundLost
		if p == c.caller {
			c.absent()
		}
		c.settle()
	case media.Key:
		if p == c.caller {
			c.key(byte(e.Digit))
		}
	case media.Played:
		if p == c.caller && e.Playing == c.menu.playing {
			c.menu.playing = nil
			c.speak()
		}
	}
}

// absent begins to wait for the caller's sound.
func (c *call) absent() {
	c.absence++
	this := c.absence
	c.later(c.s.Absence, func() {
		if c.absence == this && !c.here() {
			c.left()
		}
	})
}

// here says whether the caller hears and is heard.
func (c *call) here() bool { return c.caller != nil && c.caller.sound == SoundConnected }

// left tells the floor that the caller is gone, until it knows.
func (c *call) left() {
	if c.work.State == wrapping || c.work.State == closed {
		c.leaving = true
		c.stop()
		return
	}
	this := c.absence
	go func() {
		err := c.s.Floor.CustomerLeft(context.Background(), c.who.Tenant, c.who.Interaction)
		if err == nil || errs.Is(err, errs.NotFound) || errs.Is(err, errs.Gone) {
			// The floor knows, and Carry has brought the end before this; or it does
			// not know of the call at all.
			c.post(func() { c.leaving = true; c.stop() })
			return
		}
		c.s.Log.Warn("a caller who left was not noted; trying again", "tenant", c.who.Tenant, "interaction", c.who.Interaction, "code", errs.As(err).Code)
		c.later(5*time.Second, func() {
			if c.absence == this {
				c.left()
			}
		})
	}()
}

// finish hangs up a call that has said its last words.
func (c *call) finish() {
	if c.work.State == wrapping || c.work.State == closed || c.work.Kept {
		c.stop()
		return
	}
	c.left()
}

// settle gives every party its place, by how the work stands.
func (c *call) settle() {
	if c.over {
		return
	}
	if c.leaving && (!c.menu.talking() || !c.here()) {
		c.finish()
		return
	}
	agent := c.agents[c.work.Agent]
	talk := c.work.State == active && c.here() && agent != nil && agent.sound == SoundConnected
	if c.caller != nil {
		switch {
		case !talk:
			c.bridge.Leave(c.caller.leg)
		case c.held:
			_ = c.bridge.Join(c.caller.leg, media.Hold) // a leg that is closed says so by its events
		default:
			_ = c.bridge.Join(c.caller.leg, media.Talk)
		}
		c.hum(c.caller, c.work.State != inFlow)
	}
	if agent != nil {
		if c.work.State == active {
			_ = c.bridge.Join(agent.leg, media.Talk)
		} else {
			c.bridge.Leave(agent.leg)
		}
	}
	if st := c.state(); st != c.shown {
		c.shown = st
		c.s.tell(c.work, st)
	}
}

// hum gives the caller music for when it hears nobody.
func (c *call) hum(p *party, on bool) {
	if on == c.menu.humming && c.menu.hummed == p {
		return
	}
	c.menu.humming, c.menu.hummed = on, p
	var music audio.Source
	if on {
		music = audio.NewLoop(waitingMusic(), 0)
	}
	p.leg.Music(music)
}

func (c *call) state() State {
	st := State{Interaction: c.who.Interaction, Caller: SoundNone, Agent: SoundNone, Held: c.held, Ended: c.over || c.leaving}
	if c.caller != nil {
		st.Caller = c.caller.sound
	}
	if a := c.agents[c.work.Agent]; a != nil {
		st.Agent = a.sound
	}
	return st
}

// stop hangs up and ends the call's goroutine.
func (c *call) stop() {
	if c.over {
		return
	}
	c.over = true
	if c.caller != nil {
		c.caller.leg.Close()
	}
	for _, p := range c.agents {
		p.leg.Close()
	}
	c.bridge.Close()
	if c.leaving { // else it goes on after a restart, or on another node
		c.s.tell(c.work, c.state())
	}
}
