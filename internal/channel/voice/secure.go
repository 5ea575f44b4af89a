package voice

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel"
	"nubitalk/internal/core/flow"
	"nubitalk/internal/core/recording"
	"nubitalk/internal/media/audio"
)

// Bounds of a secure flow.
const (
	secureWithin = 10 * time.Minute // it may last
	mostAnswers  = 30               // of which its progress is told
	floorAgain   = 5 * time.Second  // until the floor is told once more that it has ended
)

// reasonSensitive is why nothing is recorded meanwhile.
const reasonSensitive = "sensitive_digits"

// SecureFlows are a tenant's flows into which the person of a running call is sent.
type SecureFlows interface {
	// Secure lists them, by name; answers come from memory.
	Secure(ctx context.Context, t id.Tenant) ([]SecureFlow, error)
	// World is what a run that begins now may ask about, in an entry point's languages;
	// Now is the time zone's.
	World(ctx context.Context, t id.Tenant, entry string) (flow.World, error)
	// Look asks a system outside. A request that is made again has the same key.
	Look(ctx context.Context, t id.Tenant, key string, r flow.Request) (map[string]string, error)
}

// SecureFlow is one of them, as it is published.
type SecureFlow struct {
	ID    string      `json:"id"`
	Name  string      `json:"name"`
	Takes []string    `json:"takes" doc:"Attributes that it is given when it begins, such as the amount."`
	Graph *flow.Graph `json:"-"`
}

// SecureWish is what somebody sends a person into.
type SecureWish struct {
	Flow       string            `json:"flow" doc:"Id of the secure flow."`
	Attributes map[string]string `json:"attributes,omitempty" doc:"What it takes. Nothing of it is stored."`
}

// Outcomes of a secure flow.
const (
	SecureCompleted   = "completed"   // it came to its end
	SecureCancelled   = "cancelled"   // somebody took the person back
	SecureFailed      = "failed"      // it could not go on
	SecureTimedOut    = "timed_out"   // it lasted too long
	SecureInterrupted = "interrupted" // by a restart of the server
	SecureLeft        = "left"        // the call ended, or came to somebody else
)

// SecureState is how a secure flow stands. What is keyed in is not in it, only how
// many keys were pressed.
type SecureState struct {
	Flow    string         `json:"flow"`
	Name    string         `json:"name"`
	By      string         `json:"by" doc:"Id of the user or key who sent the person into it."`
	Since   time.Time      `json:"since"`
	Doing   string         `json:"doing,omitempty" enum:"speaking,asking,looking_up,returning" doc:"While it runs. speaking: something is said to the person. asking: it waits for the person. returning: its last words are said."`
	Answers []SecureAnswer `json:"answers" doc:"What was asked for so far, in order."`
	Outcome string         `json:"outcome,omitempty" enum:"completed,cancelled,failed,timed_out,interrupted,left" doc:"Once it has ended. completed: end says how. left: the call ended, or came to somebody else."`
	End     string         `json:"end,omitempty" doc:"Name of the return step by which it ended."`
}

// SecureAnswer is one answer, as its progress is shown.
type SecureAnswer struct {
	Name string `json:"name" doc:"Attribute that the flow keeps it under, such as card."`
	Keys int    `json:"keys" doc:"How many were pressed so far."`
	Done bool   `json:"done" doc:"The flow has taken it."`
}

// SecureResult is what a secure flow of a call came to.
type SecureResult struct {
	SecureState
	Attributes map[string]string `json:"attributes" doc:"Those that the flow set; no answer to a sensitive question. They are in memory for as long as the call lasts, and nowhere else."`
}

// secure is a secure flow that the call's person is in: apart from its agent, heard by
// nobody, recorded by nothing. It is in memory only, because a card's security code may
// not be stored, not even sealed; the floor keeps that the two are apart. The call's
// goroutine owns it.
type secure struct {
	of      SecureFlow
	by      string
	since   time.Time
	world   flow.World
	given   map[string]string
	run     flow.State
	runs    bool // it is stored that the two are apart
	cut     bool // by a restart: nothing runs, and the person is told so
	answers []SecureAnswer
	heard   []string // answers to sensitive questions, to find an echo of them
	looks   bool     // a system outside is asked
	round   int      // counts steps: what was begun for an older one is void
	outcome string   // it has ended, once all is said
	end     string
	untold  bool // a supervisor began to listen, and the person was not told yet
}

// apart says that the person is in a secure flow.
func (c *call) apart() bool { return c.secure != nil }

// withPerson refuses what needs the person with its agent.
func (c *call) withPerson() error {
	if c.apart() {
		return errs.New(errs.Conflict, "The person is keying in something that nobody may hear. Wait until that has ended, or take the person back first.")
	}
	return nil
}

// SecureFlows lists those into which the tenant's agents can send a person.
func (s *Service) SecureFlows(ctx context.Context, t id.Tenant) ([]SecureFlow, error) {
	if s.Secure == nil {
		return nil, nil
	}
	return s.Secure.Secure(ctx, t)
}

// BeginSecure sends the person of a running call into a secure flow. From this moment on
// nobody hears it and nothing is recorded; the flow begins once that is stored.
func (s *Service) BeginSecure(ctx context.Context, t id.Tenant, interaction, by string, w SecureWish) (State, error) {
	if s.find(t, interaction) == nil {
		return State{}, gone()
	}
	of, err := s.secureFlow(ctx, t, w)
	if err != nil {
		return State{}, err
	}
	now := &secure{of: of, by: by, given: maps.Clone(w.Attributes)}
	var c *call
	entry := ""
	if _, err = s.handled(ctx, t, interaction, by, func(in *call) error {
		c, entry = in, in.work.Entry
		return in.separate(now)
	}); err != nil {
		return State{}, err
	}
	// Whoever asked may be gone; the person is apart, and must not stay so.
	lasting := context.WithoutCancel(ctx)
	now.world, err = s.Secure.World(lasting, t, entry)
	if err == nil {
		err = s.Floor.Apart(lasting, t, interaction, by, of.ID)
	}
	if err != nil {
		_ = c.ask(lasting, func() error {
			if c.secure == now {
				c.together(SecureFailed)
			}
			return nil
		})
		return State{}, err
	}
	return s.acts(lasting, t, interaction, by, func(c *call) error {
		if c.secure != now {
			c.tellTogether(now, SecureLeft) // it has ended meanwhile
			return errs.New(errs.Conflict, "The call has ended, or came to somebody else.")
		}
		now.runs = true
		c.stepSecure(flow.Input{})
		c.later(secureWithin, func() {
			if c.secure == now {
				c.together(SecureTimedOut)
			}
		})
		c.settle()
		return nil
	})
}

// secureFlow is the flow of a wish that it can be begun with.
func (s *Service) secureFlow(ctx context.Context, t id.Tenant, w SecureWish) (SecureFlow, error) {
	all, err := s.SecureFlows(ctx, t)
	if err != nil {
		return SecureFlow{}, err
	}
	i := slices.IndexFunc(all, func(f SecureFlow) bool { return f.ID == w.Flow })
	if i < 0 {
		return SecureFlow{}, errs.Bad("flow", "is no secure flow in use")
	}
	for name, value := range w.Attributes {
		if !slices.Contains(all[i].Takes, name) {
			return SecureFlow{}, errs.Bad("attributes", "has one that the flow does not take")
		}
		if len(value) > flow.MaxValue {
			return SecureFlow{}, errs.Bad("attributes", "has one that is too long")
		}
	}
	return all[i], nil
}

// EndSecure takes the person out of a secure flow at once, back to its agent. Repeats
// are harmless.
func (s *Service) EndSecure(ctx context.Context, t id.Tenant, interaction, user string) (State, error) {
	return s.handled(ctx, t, interaction, user, func(c *call) error {
		c.together(SecureCancelled)
		return nil
	})
}

// SecureResult is how the secure flow of a call stands, or what the last one came to.
func (s *Service) SecureResult(ctx context.Context, t id.Tenant, interaction string) (SecureResult, error) {
	var out SecureResult
	_, err := s.acts(ctx, t, interaction, "", func(c *call) error {
		st := c.secureState()
		if st == nil {
			return errs.New(errs.NotFound, "This call's person was sent into no secure flow.")
		}
		out = SecureResult{SecureState: *st, Attributes: map[string]string{}}
		if c.secure == nil {
			maps.Copy(out.Attributes, c.found)
		}
		return nil
	})
	return out, err
}

// separate takes the person from its agent, and has nothing recorded from now on.
func (c *call) separate(s *secure) error {
	switch {
	case c.apart():
		return c.withPerson()
	case c.returning > 0:
		return errs.New(errs.Conflict, "The person has only just come back. Try again in a moment.")
	case c.leaving || c.dialing != nil || !c.here():
		return errs.New(errs.Conflict, "The caller's sound is not there.")
	case c.held:
		return errs.New(errs.Conflict, "The call is held. Go on with it first.")
	case c.outside.there() || len(c.work.Others) > 0:
		return errs.New(errs.Conflict, "Somebody else is in this call. End the consultation or the call to the outside number first.")
	case c.rec.asking != nil:
		return errs.New(errs.Conflict, "The person is being told that the call is recorded. Try again in a moment.")
	}
	s.since = c.s.Clock.Now()
	c.secure, c.secured, c.found = s, nil, nil
	c.menu.hush()
	c.menu.answered()
	c.caller.leg.PassKeys(false) // for the rest of the call: a key that comes late is nobody's either
	c.pauseSecure()
	return nil
}

// pauseSecure keeps nothing from now on, first of all of the sound.
func (c *call) pauseSecure() {
	r := &c.rec
	if r.take != nil {
		r.take.tape.Pause()
	}
	if r.showing.reel != nil {
		r.showing.reel.Pause()
	}
	by := c.secure.by
	c.clerk(func(k *clerk) {
		if made := k.newest(); made != nil {
			c.clerkFailed("paused", made.Pause(context.Background(), by, reasonSensitive))
		}
		k.pauseShow(c, recording.Pause, by, reasonSensitive)
	})
}

// resumeSecure goes on, unless somebody else paused it as well.
func (c *call) resumeSecure() {
	r := &c.rec
	if r.standing.Paused {
		return
	}
	r.showing.came = c.s.Clock.Now()
	c.clerk(func(k *clerk) {
		if made := k.newest(); made != nil {
			c.clerkFailed("resumed", made.Resume())
		}
		k.pauseShow(c, recording.Resume, "", "")
	})
}

// paused says whether nothing is to be recorded, by whom and why: because somebody
// paused it, or because the person is apart.
func (c *call) paused() (by, reason string, since time.Time, yes bool) {
	if s := c.secure; s != nil {
		return s.by, reasonSensitive, s.since, true
	}
	s := c.rec.standing
	return s.By, s.Reason, s.At, s.Paused
}

// interrupted keeps the person of a call that was taken up apart from its agent, as it
// was: it may still be keying in. It is told, and is back when it has stopped.
func (c *call) interrupted() {
	c.secure = &secure{by: bySystem, since: c.s.Clock.Now(), cut: true}
	say := c.words().interrupted()
	c.menu.question, c.menu.script = []string{say}, append(c.menu.script, say)
}

// stepSecure takes the flow on with what the person did.
func (c *call) stepSecure(in flow.Input) {
	s := c.secure
	if s == nil || !s.runs || s.outcome != "" {
		return
	}
	before, w := s.run, s.world
	w.Now = c.s.Clock.Now().In(w.Now.Location())
	if before.Node == "" {
		s.run.Language, s.run.Attributes = c.who.Language, maps.Clone(s.given)
	}
	state, actions, err := flow.Step(s.of.Graph, s.run, in, w)
	if err != nil {
		c.s.Log.Warn("a secure flow failed", "tenant", c.who.Tenant, "interaction", c.who.Interaction, "flow", s.of.ID, "code", errs.As(err).Code)
		c.together(SecureFailed)
		return
	}
	if state.Steps == before.Steps && state.Done == before.Done { // it does not concern the flow where it stands
		return
	}
	if in.Masked {
		s.heard = append(s.heard, in.Text)
	}
	again := state.Waiting && state.Node == before.Node
	if n := len(s.answers); n > 0 && !s.answers[n-1].Done {
		a := &s.answers[n-1]
		switch {
		case again || in.Timeout:
			a.Keys = 0
		case in.Choice != "":
			a.Keys = 1
		default:
			a.Keys = len(in.Text)
		}
		a.Done = !again && !in.Timeout
	}
	s.run, s.looks = state, false
	s.round++
	if state.Language != "" {
		c.who.Language = state.Language
	}
	c.menu.hush()
	c.menu.answered()
	for _, a := range actions {
		c.actSecure(a)
	}
	here := flow.Here(s.of.Graph, state, w.Flow)
	if state.Done && s.outcome == "" {
		s.outcome = SecureFailed
	}
	c.asked(here, again)
	c.lookSecure(here)
	c.timeSecure()
	c.speak()
}

// actSecure carries out what the flow wants.
func (c *call) actSecure(a flow.Action) {
	if a.Say != "" || a.Collect || len(a.Buttons) > 0 {
		c.menu.ask(c.words(), channel.Act{Kind: channel.ActSay, Text: a.Say, Prompt: a.Prompt, Buttons: a.Buttons, Collect: a.Collect, Digits: a.Digits, Masked: a.Masked})
	}
	if a.Back || a.Close {
		c.secure.outcome, c.secure.end = SecureCompleted, a.End
	}
}

// asked notes that the flow now asks for an answer that is keyed in.
func (c *call) asked(here *flow.Graph, again bool) {
	s := c.secure
	if n := len(s.answers); n > 0 && !s.answers[n-1].Done && !again { // nobody answered
		s.answers = s.answers[:n-1]
	}
	if here == nil || !s.run.Waiting || again || len(s.answers) >= mostAnswers {
		return
	}
	if n := here.Nodes[s.run.Node]; n.Type == flow.Collect || n.Type == flow.Ask && n.Into != "" {
		s.answers = append(s.answers, SecureAnswer{Name: n.Into})
	}
}

// lookSecure asks the system outside that the flow waits for.
func (c *call) lookSecure(here *flow.Graph) {
	s := c.secure
	r, asks := flow.Pending(here, s.run)
	if !asks {
		return
	}
	s.looks = true
	key := fmt.Sprintf("%s-%d-%d", c.who.Interaction, s.since.UnixMicro(), r.Step)
	c.s.running.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Duration(r.Seconds)*time.Second)
		defer cancel()
		a := flow.Answer{Step: r.Step, Failed: true}
		values, err := c.s.Secure.Look(ctx, c.who.Tenant, key, r)
		if err == nil {
			a.Failed, a.Values = false, values
		} else {
			c.s.Log.Warn("a look-up failed", "tenant", c.who.Tenant, "interaction", c.who.Interaction, "connection", r.Connection, "code", errs.As(err).Code)
		}
		c.post(func() {
			if c.secure == s {
				c.stepSecure(flow.Input{Answer: &a})
				c.settle()
			}
		})
	})
}

// timeSecure has the flow go on when its question has waited for too long.
func (c *call) timeSecure() {
	s := c.secure
	if s.run.Deadline.IsZero() {
		return
	}
	round := s.round
	c.later(max(0, s.run.Deadline.Sub(c.s.Clock.Now())), func() {
		if c.secure == s && s.round == round {
			c.stepSecure(flow.Input{Timeout: true})
			c.settle()
		}
	})
}

// takesKeys says whether what the person presses is for a secure flow.
func (c *call) takesKeys() bool { return c.apart() && c.secure.runs && c.secure.outcome == "" }

// chose gives the flow the choice that a key stands for.
func (c *call) chose(give func(context.Context) error, value string) {
	if !c.apart() {
		c.answer(give)
		return
	}
	c.stepSecure(flow.Input{Choice: value})
	c.settle()
}

// gave gives the flow what was keyed in.
func (c *call) gave(give func(context.Context) error, text secret.Text) {
	s := c.secure
	if s == nil {
		c.answer(give)
		return
	}
	here := flow.Here(s.of.Graph, s.run, s.world.Flow)
	c.stepSecure(flow.Input{Text: text.Reveal(), Masked: here != nil && here.Nodes[s.run.Node].Sensitive})
	c.settle()
}

// typed shows that a key was pressed, and not which.
func (c *call) typed() {
	s := c.secure
	if s == nil || s.cut {
		return
	}
	if n := len(s.answers); n > 0 && !s.answers[n-1].Done && s.answers[n-1].Keys != len(c.menu.keyed) {
		s.answers[n-1].Keys = len(c.menu.keyed)
		c.settle()
	}
}

// spokeSecure is called when all is said to a person who is apart; true: nothing more
// waits.
func (c *call) spokeSecure() bool {
	s := c.secure
	switch {
	case s == nil:
		return false
	case s.outcome != "":
		c.together(s.outcome)
		return true
	case s.cut: // keys that were on their way when the server stopped
		pressed := c.menu.pressed
		c.later(keyPause, func() {
			switch {
			case c.secure != s || !c.here():
			case c.menu.pressed != pressed:
				c.spokeSecure()
			default:
				c.together(SecureInterrupted)
			}
		})
		return true
	}
	c.settle() // it is asked now
	return false
}

// together ends a secure flow: the person is with its agent again, and what was
// recorded before goes on.
func (c *call) together(outcome string) {
	s := c.secure
	if s == nil {
		return
	}
	st := c.secureState()
	st.Doing, st.Outcome = "", outcome
	if outcome != SecureCompleted {
		st.End = ""
	}
	c.secured, c.found = st, flow.Result(s.run, s.given, s.heard)
	clear(s.heard)
	s.run.Forget()
	c.secure = nil
	c.menu.hush()
	c.menu.answered()
	c.who.Language = c.work.Language
	c.resumeSecure()
	c.tellTogether(s, outcome)
	if s.untold && c.caller != nil {
		c.caller.leg.Play(audio.NewClip(noticeTone()))
	}
	c.settle()
}

// tellTogether tells the floor, until it knows. Work that is with its agent no more is
// not apart either.
func (c *call) tellTogether(s *secure, outcome string) {
	c.returning++
	c.s.running.Go(func() {
		err := c.s.Floor.Together(context.Background(), c.who.Tenant, c.who.Interaction, s.by, outcome)
		c.post(func() { c.returning-- })
		if err == nil || errs.Is(err, errs.NotFound) || errs.Is(err, errs.Gone) {
			return
		}
		c.s.Log.Warn("it was not noted that a person is with its agent again; trying again", "tenant", c.who.Tenant, "interaction", c.who.Interaction, "code", errs.As(err).Code)
		c.later(floorAgain, func() {
			if !c.apart() {
				c.tellTogether(s, outcome)
			}
		})
	})
}

// leaveSecure ends a secure flow whose call ended, or came to somebody else.
func (c *call) leaveSecure(before channel.Work) {
	if w := c.work; c.apart() && (w.State != active || before.State == active && before.Agent != w.Agent || !w.Spoken() || w.Kept) {
		c.together(SecureLeft)
	}
}

// secureState is how it stands; nil: the person was in none.
func (c *call) secureState() *SecureState {
	s := c.secure
	if s == nil {
		return c.secured
	}
	st := &SecureState{Flow: s.of.ID, Name: s.of.Name, By: s.by, Since: s.since.Truncate(time.Microsecond), Answers: append([]SecureAnswer{}, s.answers...), End: s.end}
	switch {
	case s.outcome != "":
		st.Doing = "returning"
	case s.looks:
		st.Doing = "looking_up"
	case c.menu.talking() || !s.runs:
		st.Doing = "speaking"
	default:
		st.Doing = "asking"
	}
	return st
}
