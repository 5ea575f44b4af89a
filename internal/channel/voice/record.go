package voice

import (
	"context"
	"maps"
	"slices"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/channel"
	"nubitalk/internal/core/recording"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/media"
	"nubitalk/internal/media/tape"
)

// Tracks of a recording that are no user's.
const (
	trackPerson = "person"
	trackAgent  = "agent" // whoever holds the call
)

// recorder is a call's recording. The call's goroutine owns it.
type recorder struct {
	clerk    clerk
	of       setup.RecordedCall // what plan is for
	planned  bool
	plan     recording.Plan
	standing recording.Standing
	unread   bool               // standing is still to be read: the call was taken up
	another  bool               // it may be another call of its conversation, and is none that was taken up
	missed   []recording.Action // what a flow did meanwhile
	began    time.Time
	take     *take
	begins   bool // a recording is being begun
	ends     int  // counts ends, so that what was begun before one is not taken after it
	failed   bool // it could not be begun
	asking   *asking
	told     map[*party]bool // of those who joined later
	telling  map[*party]*media.Playing
	showing  showing
	limit    time.Time // when the pause in force is ended
	answered time.Time // since when an agent has the call, or it was taken up; zero: none has
	resumed  bool      // the agent had it before it was taken up
	unkept   bool      // the last change could not be stored
}

// take is a recording that is being made.
type take struct {
	tape    *tape.Tape
	parties []string
	ears    map[string]ear // by party
	trouble bool           // it cannot be written at the moment, or loses sound
}

// ear is what hears a party.
type ear struct {
	leg media.Leg
	end func()
}

// RecordingState is how the recording of a call stands.
type RecordingState struct {
	Status  string    `json:"status" enum:"off,waiting,asking,recording,paused,stopped,refused,failed" doc:"off: nothing is to be recorded; why says why. waiting: it begins when agent and person talk. asking: the person is being told, or asked. refused: it did not agree. failed: it could not be begun."`
	Why     string    `json:"why,omitempty" enum:"no_rule,forbidden,share,on_demand" doc:"With off. no_rule: no rule fits. forbidden: a rule forbids it. share: the call is not of those that are chosen. on_demand: the agent may begin."`
	Since   time.Time `json:"since,omitzero"`
	By      string    `json:"by,omitempty" doc:"Who paused, resumed, began or stopped it last: the id of a user or key, flow, or system."`
	Reason  string    `json:"reason,omitempty" doc:"A word for why; limit: a pause was forgotten, and ended by the rule's limit."`
	Trouble bool      `json:"trouble,omitempty" doc:"With recording: it cannot be written at the moment, or not as fast as is talked; what is said may be missing from it."`
	Start   bool      `json:"start" doc:"Whether it may be begun on demand."`

	Silent bool        `json:"silent,omitempty" doc:"The screen alone is to be recorded, and screen says whether it is; what is said is not."`
	Screen ScreenState `json:"screen" doc:"The screen of the agent who has the call."`
}

// recordingState is how it stands.
func (c *call) recordingState() RecordingState {
	r, s := &c.rec, c.rec.standing
	st := RecordingState{Status: "waiting", By: s.By, Reason: s.Reason, Since: s.At.Truncate(time.Microsecond), Start: r.plan.OnDemand && !s.Refused && (s.Stopped || !s.Wanted(r.plan))}
	switch {
	case s.Stopped:
		st.Status = "stopped"
	case !s.Wanted(r.plan):
		st.Status, st.Why = "off", "share"
		switch {
		case !r.plan.Fits:
			st.Why = "no_rule"
		case r.plan.Forbidden:
			st.Why = "forbidden"
		case r.plan.OnDemand:
			st.Why = "on_demand"
		}
	case c.refuses():
		st.Status = "refused"
	case c.apart() && (r.take != nil || r.begins || r.showing.user != ""):
		st.Status, st.By, st.Reason, st.Since = "paused", c.secure.by, reasonSensitive, c.secure.since.Truncate(time.Microsecond)
	case s.Paused:
		st.Status = "paused"
	case r.take != nil || r.showing.user != "" && !s.Kept(r.plan).Voice:
		st.Status = "recording"
		st.Trouble = r.take != nil && r.take.trouble
		if s.At.IsZero() {
			st.Since = r.began.Truncate(time.Microsecond)
		}
	case r.asking != nil:
		st.Status = "asking"
	case r.failed:
		st.Status = "failed"
	}
	kept := s.Kept(r.plan)
	st.Silent = kept.Screen && !kept.Voice
	st.Screen = c.screenState()
	return st
}

// refuses says that the person did not agree where it must.
func (c *call) refuses() bool {
	asks := c.rec.plan.Consent == recording.Key || c.rec.plan.Consent == recording.Both
	return c.rec.standing.Refused && asks
}

// replan asks the tenant's rules about the call as it is now.
func (c *call) replan() {
	r := &c.rec
	of := setup.RecordedCall{Interaction: c.who.Interaction, Queue: c.work.Queue, EntryPoint: c.work.Entry, Campaign: c.work.Campaign, Outgoing: c.work.Outgoing}
	if c.s.Recorder == nil || c.work.State == inFlow && !r.unread || c.done() || r.planned && of == r.of && !r.unread {
		return
	}
	r.of, r.planned = of, true
	unread := r.unread
	c.clerk(func(*clerk) {
		ctx := context.Background()
		rules, err := c.s.Recorder.Rules(ctx, c.who.Tenant)
		var before recording.Standing
		if err == nil && unread {
			before, err = c.s.Recorder.Standing(ctx, c.who.Tenant, c.who.Interaction)
		}
		c.post(func() { c.replanned(of, setup.RecordingPlan(rules, of), before, err) })
	})
}

func (c *call) replanned(of setup.RecordedCall, p recording.Plan, before recording.Standing, err error) {
	r := &c.rec
	if of != r.of {
		return
	}
	if err != nil { // nothing is recorded of which it is not known whether it may
		c.s.Log.Error("the rules for a call's recording were not read; asking again", "tenant", c.who.Tenant, "interaction", c.who.Interaction, "code", errs.As(err).Code)
		r.planned = false
		c.later(time.Second, c.replan)
		return
	}
	if r.unread {
		stored := before
		if r.another {
			before = before.NextCall()
		}
		for _, t := range r.standing.Agreed {
			before = before.Agree(t, true)
		}
		before.Refused = before.Refused || r.standing.Refused
		for _, a := range r.missed { // what was read may be older, or have it already
			before, _, _ = before.After(a, r.plan, r.standing.By, r.standing.Reason, r.standing.At)
		}
		r.standing, r.unread, r.missed = before, false, nil
		if r.another && (stored.Started || stored.Stopped || stored.Paused != before.Paused) { // else a restart would find what was of the call before
			c.keepStanding(Deed{})
		}
		r.another = false
	}
	if p.KeepDays > 0 && p.KeepDays != r.plan.KeepDays { // also for what the rules of an earlier queue began
		c.clerk(func(k *clerk) { k.keep(c, p.KeepDays) })
	}
	r.plan = p
	c.settle()
}

// record has the call recorded as far as the rules, its person and its agent say.
func (c *call) record(v view, all map[string]seat) {
	r := &c.rec
	if c.s.Recorder == nil {
		return
	}
	if c.done() || !c.work.Spoken() {
		c.endTakes("ended")
		c.hide("ended")
		return
	}
	c.boundPause()
	if !r.standing.Wanted(r.plan) || c.refuses() {
		c.hushConsent()
		if r.take != nil {
			c.endTakes(r.standing.Reason)
		}
		if r.showing.user != "" {
			c.hide(r.standing.Reason)
		}
		return
	}
	person := all[""]
	together := !r.unread && v.state == active && v.present[v.agent] && v.agent != "" && c.dialing == nil && v.present[""] && person.room == callersRoom && person.manner == talks
	text, ask, ok := r.standing.Next(r.plan)
	if !together || ok {
		c.hushConsent()
	}
	kept := r.standing.Kept(r.plan)
	c.show(v, ok && kept.Screen, together)
	want := map[string]*party{}
	if ok {
		want = c.audible(v, all, together)
	}
	switch {
	case !together || r.begins:
	case !ok:
		c.askConsent(text, ask)
	case !kept.Voice:
		c.endTakes("rules")
	case r.take == nil:
		c.beginTake([]string{trackPerson, trackAgent}, want)
	default:
		c.tellOthers()
	}
	if r.take == nil {
		return
	}
	for name := range want {
		if !slices.Contains(r.take.parties, name) && !r.begins {
			c.beginTake(r.take.parties, want)
			break
		}
	}
	c.open(want)
}

// audible are the parties that are to be recorded now, by their tracks.
func (c *call) audible(v view, all map[string]seat, together bool) map[string]*party {
	plan, want := c.rec.plan, map[string]*party{}
	if v.parked && plan.Hold && c.caller != nil && v.present[""] { // it is held by nobody
		want[trackPerson] = c.caller
	}
	if v.state != active || !v.present[v.agent] || c.dialing != nil || c.handed() {
		return want
	}
	if p := c.caller; p != nil && v.present[""] && (together || plan.Hold && all[""].manner == waits) {
		want[trackPerson] = p
	}
	heard := func(key string) bool {
		s, here := all[key]
		return here && s.manner == talks && (s.room == callersRoom && together || s.room == aside && plan.Consultation)
	}
	for user, p := range c.agents {
		switch {
		case !heard(user):
		case user == v.agent:
			want[trackAgent] = p
		default:
			want[user] = p
		}
	}
	if p := c.outside.party; p != nil && heard(outsider) && (!plan.AllParties || len(plan.Texts) == 0 || c.rec.told[p]) {
		want[outsider] = p
	}
	return want
}

// beginTake begins a recording with tracks for some parties and those who are to
// be heard now. One that was made until then ends when it has begun.
func (c *call) beginTake(parties []string, want map[string]*party) {
	r := &c.rec
	parties = slices.Clone(parties)
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if !slices.Contains(parties, name) {
			parties = append(parties, name)
		}
	}
	r.begins = true
	round := r.ends
	agreed := slices.Clone(r.standing.Agreed)
	told := slices.Clone(r.standing.Told)
	keepDays := r.plan.KeepDays
	c.clerk(func(k *clerk) {
		ctx, began := context.Background(), time.Now()
		source := tape.OfParties(func() time.Duration { return time.Since(began) }, len(parties))
		t := &take{tape: source, parties: parties, ears: map[string]ear{}}
		made, err := c.s.Recorder.Begin(ctx, c.who, parties, keepDays, source, func(yes bool) {
			c.post(func() {
				t.trouble = yes
				c.settle()
			})
		})
		if err == nil {
			k.all = append(k.all, made)
			for range agreed {
				c.clerkFailed("noted", made.Agreed(ctx, trackPerson, "agreed"))
			}
			for range told {
				c.clerkFailed("noted", made.Agreed(ctx, bySystem, "told"))
			}
		}
		c.post(func() {
			if round == r.ends {
				c.taken(t, err)
			}
		})
	})
}

// taken goes on with a recording that has begun.
func (c *call) taken(t *take, err error) {
	r := &c.rec
	r.begins = false
	if err != nil {
		r.failed = true
		c.clerkFailed("begun", err)
		c.later(5*time.Second, c.settle)
		c.settle()
		return
	}
	if old := r.take; old != nil {
		old.deafen()
		c.clerk(func(k *clerk) { k.end(c, 1, bySystem, "joined") })
	} else {
		r.began = c.s.Clock.Now()
	}
	r.take, r.failed = t, false
	if by, reason, _, paused := c.paused(); paused {
		t.tape.Pause()
		c.clerk(func(k *clerk) {
			if n := k.newest(); n != nil {
				c.clerkFailed("paused", n.Pause(context.Background(), by, reason))
			}
		})
	}
	c.settle()
}

// open opens the tracks of those who are to be heard, and shuts all others.
func (c *call) open(want map[string]*party) {
	t := c.rec.take
	_, _, _, paused := c.paused()
	for i, name := range t.parties {
		p, e := want[name], t.ears[name]
		if p == nil || paused {
			t.tape.Open(i, false)
			continue
		}
		if e.leg != p.leg {
			if e.end != nil {
				e.end()
			}
			t.ears[name] = ear{p.leg, t.tape.Hear(i, p.leg)}
		}
		t.tape.Open(i, true)
	}
}

// deafen ends what hears the parties.
func (t *take) deafen() {
	for i, name := range t.parties {
		t.tape.Open(i, false)
		if e := t.ears[name]; e.end != nil {
			e.end()
		}
	}
	clear(t.ears)
}

// endTakes ends what is being recorded.
func (c *call) endTakes(reason string) {
	r := &c.rec
	c.hushConsent()
	if r.take == nil && !r.begins {
		return
	}
	r.begins = false
	r.ends++
	by := bySystem
	if r.standing.Stopped {
		by = r.standing.By
	}
	if r.take != nil {
		r.take.deafen()
		r.take = nil
	}
	c.clerk(func(k *clerk) { k.end(c, 0, by, reason) })
}

func (c *call) clerkFailed(what string, err error) {
	if err != nil && !errs.Is(err, errs.Gone) {
		c.s.Log.Error("a call's recording was not "+what, "tenant", c.who.Tenant, "interaction", c.who.Interaction, "code", errs.As(err).Code)
	}
}

// change does what somebody wants of the recording, at once; the answer comes when
// that is stored.
func (c *call) change(a recording.Action, by, reason string) (stored <-chan error, err error) {
	r := &c.rec
	if c.apart() && more(a) {
		return nil, errs.New(errs.Conflict, "The person is keying in something that is not recorded. The recording goes on by itself when that has ended.")
	}
	next, changed, err := r.standing.After(a, r.plan, by, reason, c.s.Clock.Now())
	if err != nil {
		return nil, err
	}
	answer := make(chan error, 1)
	if !changed {
		// What stands may still be on its way to the disk.
		c.clerk(func(*clerk) { answer <- nil })
		return answer, nil
	}
	before := r.standing
	r.standing = next
	if next.Paused && r.take != nil {
		r.take.tape.Pause() // first of all
	}
	if next.Paused && r.showing.reel != nil {
		r.showing.reel.Pause()
	}
	if a == recording.Resume {
		r.showing.came = c.s.Clock.Now()
	}
	c.clerk(func(k *clerk) {
		ctx := context.Background()
		err := c.s.Recorder.Keep(ctx, c.who, next, Deed{Action: a, By: by, Reason: reason})
		if c.post(func() { c.kept(a, before, next, err) }); err != nil && more(a) {
			answer <- err
			return
		}
		if made := k.newest(); made != nil {
			switch a {
			case recording.Pause:
				c.clerkFailed("paused", made.Pause(ctx, by, reason))
			case recording.Resume:
				c.clerkFailed("resumed", made.Resume())
			}
		}
		k.pauseShow(c, a, by, reason)
		answer <- err
	})
	c.settle()
	return answer, nil
}

// flowRecords does what the flow wants of the recording. It is stored already; that
// it is stored once more is for what else may be on its way to the disk.
func (c *call) flowRecords(acts []channel.Act) {
	r := &c.rec
	changed := false
	for _, a := range acts {
		if a.Kind != channel.ActRecording || c.s.Recorder == nil {
			continue
		}
		if next, now, err := r.standing.After(a.Recording.Action, r.plan, byFlow, a.Recording.Reason, c.s.Clock.Now()); err == nil {
			r.standing, changed = next, changed || now
		}
		if r.unread {
			r.missed = append(r.missed, a.Recording.Action)
		}
	}
	if changed && !r.unread {
		c.keepStanding(Deed{By: byFlow})
	}
}

// more says of an action that more is recorded by it.
func more(a recording.Action) bool { return a == recording.Resume || a == recording.Start }

// kept goes on once a change is stored, or could not be. Nothing is recorded on a
// word that nobody would know of after a restart: it stands as before. A pause and a
// stop hold all the same.
func (c *call) kept(a recording.Action, before, next recording.Standing, err error) {
	r := &c.rec
	r.unkept = err != nil
	if err == nil || !more(a) || !r.standing.At.Equal(next.At) {
		return
	}
	r.standing.Started, r.standing.Paused, r.standing.Stopped = before.Started, before.Paused, before.Stopped
	r.standing.By, r.standing.Reason, r.standing.At = before.By, before.Reason, before.At
	c.settle()
}

// boundPause has a pause ended that nobody ends, once an agent has the call: before,
// there is nothing that would be recorded.
func (c *call) boundPause() {
	r := &c.rec
	if c.apart() { // it is looked at when the person is back
		r.limit = time.Time{}
		return
	}
	if c.work.State != active {
		r.answered, r.resumed = time.Time{}, false
	} else if r.answered.IsZero() {
		r.answered = c.s.Clock.Now()
	}
	since := r.answered
	if r.resumed && r.standing.By != byFlow { // somebody paused it while they talked
		since = r.standing.At
	}
	ends := r.standing.PauseEnds(r.plan, since)
	if ends.Equal(r.limit) {
		return
	}
	r.limit = ends
	if ends.IsZero() {
		return
	}
	wait := max(0, ends.Sub(c.s.Clock.Now()))
	if r.unkept {
		wait = max(wait, 5*time.Second)
	}
	c.later(wait, func() {
		if ends.Equal(r.limit) && r.standing.Paused {
			_, err := c.change(recording.Resume, bySystem, "limit")
			c.clerkFailed("resumed", err)
		}
	})
}

// Record does what somebody wants of the recording of a running call, and answers
// how it stands then, once that is stored. Repeats are harmless. Gone when the call
// does not run.
func (s *Service) Record(ctx context.Context, t id.Tenant, interaction string, a recording.Action, by, reason string) (RecordingState, error) {
	c := s.find(t, interaction)
	if c == nil {
		return RecordingState{}, gone()
	}
	var stored <-chan error
	var now RecordingState
	err := c.ask(ctx, func() (err error) {
		if c.rec.unread || c.leaving {
			return errs.New(errs.Unavailable, "This call is being taken up. Please try again.")
		}
		stored, err = c.change(a, by, reason)
		now = c.recordingState()
		return err
	})
	if err != nil {
		return RecordingState{}, err
	}
	select {
	case err = <-stored:
		return now, err
	case <-ctx.Done():
		return now, ctx.Err()
	}
}

// CallOfUser is the running call that a user holds; "" if there is none.
func (s *Service) CallOfUser(t id.Tenant, user string) string {
	return s.callWhere(t, func(c *call) bool { h := c.holder.Load(); return h != nil && *h == user })
}

// CallOfContact is the running call of a person; "" if there is none.
func (s *Service) CallOfContact(t id.Tenant, contact string) string {
	return s.callWhere(t, func(c *call) bool { return c.who.Contact == contact })
}

// callWhere is the one call of a tenant of which something holds, the newest of
// several.
func (s *Service) callWhere(t id.Tenant, holds func(*call) bool) (interaction string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, c := range s.calls {
		if c.who.Tenant == t && holds(c) && i > interaction {
			interaction = i
		}
	}
	return interaction
}
