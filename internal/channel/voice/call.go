package voice

import (
	"context"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel"
	"nubitalk/internal/channel/voice/sip"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/media"
	"nubitalk/internal/media/audio"
	"nubitalk/internal/media/g711"
	"nubitalk/internal/media/negotiate"
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

	over   bool // the goroutine ends
	work   channel.Work
	bridge *media.Bridge     // the caller's room
	aside  *media.Bridge     // where the agent talks with colleagues meanwhile
	caller *party            // nil until its browser connected
	agents map[string]*party // by user
	held   bool
	offer  offer
	with   With
	// monitors are the supervisors who take part, by user.
	monitors map[string]Monitor
	asking   time.Time       // when it is asked again whether they still may, at the latest
	asks     *time.Timer     // that does it
	silently map[string]bool // those whom the others are not told of
	menu     menu
	tune     tune
	shown    State
	seq      int64 // of what is shown, microseconds at least: it grows over a restart, too
	absence  int   // counts the caller's absences; a timer of an older one is void
	leaving  bool
	dialing  *dialing // of a call that an agent makes, until it is answered
	failure  Failure
	// calledBack: its person was not there and is called.
	calledBack bool
	transfer   *transfer // that the flow wants, until somebody answers
	message    *taking   // that the flow wants left
	said       bool      // one was left: the flow is about to know
	back       *wishes   // a number to be called back at, that the flow asks about
	outside    outside   // the outside number that the agent called for the caller
	handset    *handset  // the agent's phone while it is rung
	foreseen   *foreseen // an offer that the disk does not have yet
	standing   Handset
	sought     string    // the agent whose phone was sought
	quit       string    // the user who hung up its phone
	unasked    string    // the agent who is to be told that it has the call
	referrer   string    // who hung up its phone while its transfer was under way
	picking    *line     // the phone of an agent who dialled where the call is parked
	picks      sip.Body  // that answers it
	comeback   *comeback // the phone that parked the call, while it is rung
	rec        recorder
	secure     *secure           // the person is in a secure flow
	secured    *SecureState      // how the last one ended
	found      map[string]string // what it found out
	returning  int               // the floor is still to be told that it has ended

	holder atomic.Pointer[string] // the agent who is offered the call or holds it, for others to ask
}

// party is one end of a call.
type party struct {
	user    string // "" is the caller, or the outside number
	outside bool
	leg     media.Leg
	browser *media.BrowserLeg // by WebRTC
	line    *line             // or by telephone
	sound   Sound
	noted   leg
	humming sound // what it hears while it hears nobody

	pressed   byte // the last key of its sound, at pressedAt
	pressedAt time.Time
	informs   bool // it tells keys by INFO
}

func newCall(s *Service, who Caller) *call {
	c := &call{s: s, who: who, mail: newMailbox(), ended: make(chan struct{}), bridge: s.Media.NewBridge(), aside: s.Media.NewBridge(), with: WithCaller, monitors: map[string]Monitor{}, silently: map[string]bool{}, agents: map[string]*party{}}
	c.work = channel.Work{ID: who.Interaction, Tenant: who.Tenant, Contact: who.Contact, State: inFlow, Channel: acd.Voice, Language: who.Language, Estimate: -1}
	c.post(c.absent)
	return c
}

// later posts fn after d.
func (c *call) later(d time.Duration, fn func()) { c.mail.later(d, fn) }

// carried takes over what the floor decided.
func (c *call) carried(w channel.Work, acts []channel.Act) {
	before := c.work
	c.work = w
	stored := c.stored()
	c.choose(w.Queue)
	if w.Language != "" {
		c.who.Language = w.Language
	}
	if w.State != inFlow || len(acts) > 0 {
		c.transfer, c.back = nil, nil
		c.closeMessage("stop")
	}
	c.flowRecords(acts)
	c.said = c.said && w.State == inFlow && len(acts) == 0
	c.leaveSecure(before)
	for _, a := range acts {
		switch a.Kind {
		case channel.ActMessage:
			c.message = &taking{Message: *a.Message}
		case channel.ActBack:
			c.back = &wishes{CallBack: *a.CallBack}
		case channel.ActEvent:
			if a.Event == channel.EventMessage {
				c.menu.script = append(c.menu.script, c.words().messageLeft())
			}
			if a.Event == channel.EventAgentJoined && a.Unasked {
				c.unasked = a.Agent
			}
		case channel.ActCall:
			c.transfer = &transfer{Transfer: *a.Transfer}
		case channel.ActRing:
			c.ringBack(a)
		case channel.ActSay:
			c.menu.ask(c.words(), a)
		case channel.ActConsent:
			c.consented(a.Consent, a.Agreed)
		case channel.ActForm:
			c.leaving = true // nothing is recorded here: the call ends with the words before
		}
	}
	if before.Agent != w.Agent && before.State == active || w.State != active { // not as it is taken up after a restart
		c.held, c.with = false, WithCaller
		if !c.handed() && (c.transfer == nil || !c.transfer.begun) && !(w.Parked && c.outside.taken) {
			c.dropOutside()
		}
	}
	if !w.Parked {
		c.hushBack()
	}
	if len(w.Others) == 0 && !c.outside.there() {
		c.with = WithCaller
	}
	if w.State == wrapping || w.State == closed || before.Agent != w.Agent && before.State == active {
		c.dismiss()
	}
	if w.State == queued && before.State != queued && before.State != offered {
		c.menu.told = told{}
	}
	if inLine(w) != inLine(before) || w.Queue != before.Queue {
		c.offersBack()
	}
	if w.State != inFlow && !c.apart() {
		c.menu.answered()
	}
	if w.State == active && !c.apart() {
		c.menu.hush()
	}
	for user, p := range c.agents {
		if !c.belongs(user) {
			c.part(p, true)
			delete(c.agents, user)
		}
	}
	if w.Kept || !w.Spoken() || c.done() && !(c.handed() && c.outside.there()) {
		c.leaving = true
	}
	c.tellHolder()
	c.replan()
	c.seekAgent()
	for _, fn := range stored {
		fn()
	}
	c.quits()
	c.settle()
	c.speak()
	c.announce()
}

// announce tells an agent by a tone that it has a call whose queue accepted it.
func (c *call) announce() {
	switch p := c.agents[c.unasked]; {
	case c.unasked == "":
	case c.unasked != c.work.Agent || c.work.State != active:
		c.unasked = ""
	case p != nil && p.sound == SoundConnected:
		c.unasked = ""
		p.leg.Play(audio.NewClip(arrivalTone()))
	}
}

// resume takes up a call after a restart, with the question that it last asked.
func (c *call) resume(w channel.Work) {
	c.outside.awaited = w.Outside && c.s.DB != nil
	c.rec.unread, c.rec.showing.again = true, true
	var asked []channel.Act
	if w.State == inFlow {
		var err error
		if asked, err = c.s.Written.Asked(context.Background(), c.who); err != nil {
			c.s.Log.Warn("a call goes on without its last question", "tenant", c.who.Tenant, "interaction", c.who.Interaction, "code", errs.As(err).Code)
		}
	}
	if c.rec.resumed = w.State == active; c.rec.resumed { // a phone's call is taken up, not begun anew
		c.sought = w.Agent
		if w.Apart {
			c.interrupted()
		}
	}
	c.carried(w, asked)
}

// belongs says whether a user has a part in the call.
func (c *call) belongs(user string) bool {
	return user == c.work.Agent && !c.done() || slices.Contains(c.work.Others, user) || c.monitors[user] != ""
}

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
		case user != "" && c.onPhone(user):
			return errs.New(errs.Conflict, "You have this call on your phone.")
		}
		p, err = c.partyOf(user)
		return err
	})
	if err != nil {
		return secret.Text{}, err
	}
	if p.browser == nil {
		return secret.Text{}, errs.New(errs.Conflict, "This call is by telephone: it has no page.")
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
	if p != nil && user != "" && p.line != nil { // from the phone to the browser
		c.part(p, true)
		c.standing, p = HandsetNone, nil
	}
	if c.handset != nil && c.handset.user == user {
		c.hush()
	}
	if p != nil {
		return p, nil
	}
	p = &party{user: user, sound: SoundConnecting}
	leg, err := c.s.Media.NewBrowser(g711.A, func(e media.Event) { c.post(func() { c.heard(p, e) }) })
	if err != nil {
		return nil, err
	}
	if c.work.Video && c.besideChat() {
		leg.AllowVideo()
	}
	p.leg, p.browser = leg, leg
	c.enter(p, byBrowser)
	if user == "" {
		c.caller = p
	} else {
		c.agents[user] = p
	}
	c.settle()
	return p, nil
}

// parties are all who have a part in the call.
func (c *call) parties() []*party {
	all := slices.Collect(maps.Values(c.agents))
	if c.caller != nil {
		all = append(all, c.caller)
	}
	if c.outside.party != nil {
		all = append(all, c.outside.party)
	}
	return all
}

// key names a party among those of a call, as view does.
func (p *party) key() string {
	if p.outside {
		return outsider
	}
	return p.user
}

// done says that no agent has the call any more.
func (c *call) done() bool { return c.work.State == wrapping || c.work.State == closed }

// part ends a party's part. Without over, it goes on after a restart.
func (c *call) part(p *party, over bool) {
	switch {
	case over:
		c.exit(p, endedHere, sip.Reason{Q850: normalClearing})
	case p.line == nil:
		c.exit(p, endedRestart, sip.Reason{})
	}
	if p.line != nil && over {
		if p.line.referred { // what it asked for is done, or its caller gone
			p.line.leg.ReferProgress(c.referredTo())
		}
		p.line.leg.Hangup(sip.Reason{Q850: normalClearing})
	}
	p.leg.Close()
}

// current says whether a party's connection is still the one in use.
func (c *call) current(p *party) bool {
	return p == c.caller || p == c.outside.party || p.user != "" && c.agents[p.user] == p
}

// heard takes what a leg tells.
func (c *call) heard(p *party, e media.Event) {
	if !c.current(p) {
		return
	}
	switch e := e.(type) {
	case media.Connected:
		p.sound = SoundConnected
		c.answered(p)
		if p == c.caller {
			c.absence++
			c.menu.again()
			if m := c.message; m != nil && m.tape == nil { // the tone was not heard
				m.begun, m.tone = false, nil
			}
		}
		c.settle()
		c.speak()
		c.announce()
	case media.Silent:
		if p.line != nil {
			p.line.ask()
		}
	case media.Disconnected, media.Goodbye:
		if p.sound == SoundLost || p.line != nil { // a telephone says BYE
			return
		}
		p.sound = SoundLost
		if p == c.caller {
			c.absent()
		}
		c.settle()
	case media.Key:
		switch {
		case p == c.caller:
			p.pressed, p.pressedAt = byte(e.Digit), c.s.Clock.Now()
			c.press(byte(e.Digit))
		case p.line != nil:
			c.agentKey(p, byte(e.Digit), e.Passed)
		}
	case media.Played:
		if c.saidConsent(p, e) || c.toned(p, e) {
			return
		}
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
	if c.done() {
		c.leaving = true
		c.stop()
		return
	}
	if c.work.Kept { // nobody waits for it here
		c.leaving = true
		c.stop()
		return
	}
	if c.message != nil && c.message.tape != nil && c.message.voice.said() {
		c.endMessage(byHangup)
	}
	if c.said { // the flow goes on without its person
		return
	}
	this, leave := c.absence, c.s.Floor.CustomerLeft
	switch {
	case c.besideChat():
		leave = c.s.stopTalk
	case c.work.Callback && c.work.State == active && (c.caller == nil || c.caller.noted.row.AnsweredAt.IsZero()):
		leave = c.s.Floor.NotBack
	}
	go func() {
		err := leave(context.Background(), c.who.Tenant, c.who.Interaction)
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
	if c.done() || c.work.Kept || !c.work.Spoken() {
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
	c.readTones()
	v := c.view()
	all := seats(v)
	for _, p := range c.parties() {
		c.sit(p, all[p.key()])
	}
	c.record(v, all)
	c.noteStanding()
	c.tellHanded()
	if st := c.state(); !st.equal(c.shown) {
		c.seq = max(c.seq+1, c.s.Clock.Now().UnixMicro())
		st.Seq = c.seq
		c.shown = st
		c.s.tell(c.work, st, c.monitors)
	}
}

// view is what decides who hears whom.
func (c *call) view() view {
	v := view{state: c.work.State, agent: c.work.Agent, held: c.held, with: c.with, consulted: c.work.Others, monitors: c.monitors, present: map[string]bool{}, ringing: c.dialing != nil && c.dialing.ringing, apart: c.apart(),
		dials: c.outside.dialing != nil, rings: c.outside.dialing != nil && c.outside.dialing.ringing, handed: c.handed(), parked: c.work.Parked, rests: c.outside.party != nil && c.outside.party.line != nil && c.outside.party.line.holds}
	for _, p := range c.parties() {
		v.present[p.key()] = p.sound == SoundConnected
	}
	return v
}

// sit gives a party its place. A leg that is closed says so by its events.
func (c *call) sit(p *party, s seat) {
	if s.sound != p.humming {
		p.humming = s.sound
		var music audio.Source
		switch s.sound {
		case melody:
			music = c.tune.source()
		case ringback:
			music = audio.NewLoop(ringTone(), 0)
		}
		p.leg.Music(music)
	}
	room := map[int]*media.Bridge{callersRoom: c.bridge, aside: c.aside}[s.room]
	if room == nil {
		c.bridge.Leave(p.leg)
		c.aside.Leave(p.leg)
		return
	}
	role := media.Talk
	switch s.manner {
	case listens:
		role = media.Listen
	case waits:
		role = media.Hold
	case whispers:
		if agent := c.agents[c.work.Agent]; agent != nil {
			role = media.Whisper(agent.leg)
		}
	}
	_ = room.Join(p.leg, role)
}

func (c *call) state() State {
	st := State{Interaction: c.who.Interaction, Caller: SoundNone, Agent: SoundNone, Held: c.held, With: c.with, Failure: c.failure, Phone: c.standing, Ringing: c.dialing != nil && c.dialing.ringing, Parties: []Party{}, Outside: c.outside.state(), Recording: c.recordingState(), Secure: c.secureState(), Ended: c.over || c.leaving, Seq: c.seq}
	if c.caller != nil {
		st.Caller = c.caller.sound
		st.Telephone = c.caller.line != nil
		st.Plain = st.Telephone && c.caller.line.rtp.Secure() == negotiate.None
		if c.dialing != nil { // whatever the network says meanwhile, nobody has answered
			st.Caller = SoundConnecting
		}
	}
	if a := c.agents[c.work.Agent]; a != nil {
		st.Agent = a.sound
	}
	for _, user := range slices.Sorted(maps.Keys(c.agents)) {
		p := Party{User: user, Sound: c.agents[user].sound}
		if m := c.monitors[user]; m != "" {
			p.Monitor, p.silent = m, c.silently[user]
		} else if user == c.work.Agent {
			continue
		}
		st.Parties = append(st.Parties, p)
	}
	return st
}

// ending is why a call's recording ends with it.
func (c *call) ending() string {
	if c.leaving {
		return "ended"
	}
	return "stop"
}

// stop hangs up and ends the call's goroutine.
func (c *call) stop() {
	if c.over {
		return
	}
	c.over = true
	c.endTakes(c.ending())
	c.closeMessage(c.ending())
	c.hide(c.ending())
	if c.handset != nil {
		c.hush()
	}
	c.hushBack()
	if c.asks != nil {
		c.asks.Stop()
	}
	for _, p := range c.parties() {
		c.part(p, c.leaving)
	}
	c.bridge.Close()
	c.aside.Close()
	c.tellHanded()
	c.seq++
	if c.leaving { // else it goes on after a restart, or on another node
		c.s.tell(c.work, c.state(), c.monitors)
	}
}
