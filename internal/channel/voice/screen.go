package voice

import (
	"context"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/core/recording"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/media/screen"
)

// showing is the recording of the screen of the agent who has a call. The call's
// goroutine owns it.
type showing struct {
	user    string    // whose screen may be kept; "": nobody's
	from    time.Time // since when
	again   bool      // the call was taken up: what was sent before goes on
	reel    *screen.Reel
	made    Screening
	waiting []chan error // for a beginning
	ends    int          // counts ends, so that what was begun before one is not taken after it
	absent  string       // why the agent's browser shows nothing
	since   time.Time    // of what is shown of it
	came    time.Time    // when the newest piece did, or could have begun to
	lost    bool         // none came for longer than patience
}

// patience is how long no piece may come before it is said that none does.
const patience = 10 * time.Second

// Screening is a recording of a screen that is being made.
type Screening interface {
	Recording
	ID() string
	// Flush keeps, durably, what the reel has taken.
	Flush(ctx context.Context) error
}

// ScreenState is how the recording of the screen of the agent who has the call
// stands.
type ScreenState struct {
	Status string    `json:"status" enum:"off,waiting,wanted,recording,lost,paused,closed,refused,failed" doc:"off: it is not to be recorded. waiting: it will be, as soon as agent and person talk. wanted: the agent's browser is to begin. lost: it was recorded, and nothing has come for ten seconds. closed, refused, failed: it is wanted, and the agent ended the share, did not begin one, or its browser cannot."`
	Since  time.Time `json:"since,omitzero"`
}

// screenState is how it stands.
func (c *call) screenState() ScreenState {
	r, sh := &c.rec, &c.rec.showing
	_, _, since, paused := c.paused()
	st := ScreenState{Status: "off", Since: sh.since.Truncate(time.Microsecond)}
	switch {
	case !r.standing.Kept(r.plan).Screen || c.refuses():
		st.Since = time.Time{}
	case paused:
		st.Status, st.Since = "paused", since.Truncate(time.Microsecond)
	case sh.user == "":
		st.Status, st.Since = "waiting", time.Time{}
	case sh.absent != "":
		st.Status = sh.absent
	case sh.lost:
		st.Status = "lost"
	case sh.reel != nil:
		st.Status = "recording"
	default:
		st.Status = "wanted"
	}
	return st
}

// show lets the screen of the agent who has the call be kept, from the moment on
// in which all that must be said has been said, until somebody else has it. Held
// or in a consultation, the agent goes on with its work, and so does this.
func (c *call) show(v view, may, together bool) {
	sh := &c.rec.showing
	holds := may && !c.rec.unread && v.state == active && v.agent != "" && c.dialing == nil && !c.handed()
	if sh.user != "" && (!holds || sh.user != v.agent) {
		c.hide("ended")
	}
	if holds && sh.user == "" && together {
		sh.user, sh.from, sh.absent = v.agent, c.s.Clock.Now(), ""
		sh.since = sh.from
		if !c.rec.standing.Kept(c.rec.plan).Voice {
			c.rec.began = sh.from
		}
	}
}

// hide ends it.
func (c *call) hide(reason string) {
	sh := &c.rec.showing
	if sh.user == "" {
		return
	}
	sh.user, sh.from, sh.absent, sh.again = "", time.Time{}, "", false
	c.cut(bySystem, reason)
}

// cut ends the recording of the screen, if one is made or begun.
func (c *call) cut(by, reason string) {
	sh := &c.rec.showing
	sh.ends++
	for _, w := range sh.waiting {
		w <- notShown()
	}
	sh.waiting = nil
	if sh.reel != nil {
		sh.reel.Close()
		sh.reel, sh.made, sh.lost = nil, nil, false
	}
	c.clerk(func(k *clerk) {
		if k.screen != nil {
			c.clerkFailed("ended", k.screen.End(context.Background(), by, reason))
			k.screen = nil
		}
	})
}

func notShown() error {
	return errs.New(errs.Conflict, "The screen is not to be recorded now.")
}

// beginShow begins the recording of a user's screen; the answer comes when it
// takes pieces.
func (c *call) beginShow(user string) (<-chan error, error) {
	sh := &c.rec.showing
	answer := make(chan error, 1)
	_, _, _, paused := c.paused()
	switch {
	case c.leaving:
		return nil, gone()
	case sh.user != user || user == "" || paused:
		return nil, notShown()
	case sh.reel != nil:
		answer <- nil
		if sh.absent != "" {
			sh.absent, sh.since = "", c.s.Clock.Now()
			c.settle()
		}
		return answer, nil
	}
	sh.waiting = append(sh.waiting, answer)
	if len(sh.waiting) > 1 {
		return answer, nil
	}
	from, again, round := sh.from, sh.again, sh.ends
	// After a restart the rest of what was recorded before may still come, but
	// nothing of the time before somebody's last word about it.
	least := c.rec.standing.At
	keepDays := c.rec.plan.KeepDays
	c.clerk(func(k *clerk) {
		ctx := context.Background()
		if again {
			if until, err := c.s.Recorder.ShownUntil(ctx, c.who, user); err == nil && !until.IsZero() && until.Before(from) {
				from = until
				if least.After(from) {
					from = least
				}
			}
		}
		reel := screen.New(c.s.Clock, from)
		made, err := c.s.Recorder.BeginScreen(ctx, c.who, user, keepDays, reel, from)
		if err == nil {
			k.screen = made
		}
		c.post(func() { c.shows(reel, made, round, err) })
	})
	return answer, nil
}

// shows goes on with a recording of a screen that has begun.
func (c *call) shows(reel *screen.Reel, made Screening, round int, err error) {
	sh := &c.rec.showing
	if round != sh.ends { // it has been ended already
		return
	}
	if err == nil {
		sh.reel, sh.made, sh.absent, sh.again = reel, made, "", false
		sh.since = c.s.Clock.Now()
		sh.came = sh.since
		c.missPieces(reel, patience)
		if by, reason, _, paused := c.paused(); paused {
			reel.Pause()
			c.clerk(func(k *clerk) {
				if k.screen != nil {
					c.clerkFailed("paused", k.screen.Pause(context.Background(), by, reason))
				}
			})
		}
	} else {
		c.clerkFailed("begun", err)
	}
	for _, w := range sh.waiting {
		w <- err
	}
	sh.waiting = nil
	c.settle()
}

// endShow ends it because of the agent: it closed the share, refused one, or its
// browser cannot.
func (c *call) endShow(user, why string) error {
	sh := &c.rec.showing
	switch {
	case c.leaving:
		return gone()
	case sh.user != user || user == "":
		return notShown()
	case sh.absent == why && sh.reel == nil:
		return nil
	}
	c.cut(user, why)
	sh.absent, sh.since, sh.from = why, c.s.Clock.Now(), c.s.Clock.Now()
	c.clerk(func(*clerk) { c.clerkFailed("noted", c.s.Recorder.NoteScreen(context.Background(), c.who, user, why)) })
	c.settle()
	return nil
}

// missPieces says, when no piece has come for as long as one is waited for, that
// none does: the agent's browser is gone, or has no connection.
func (c *call) missPieces(reel *screen.Reel, wait time.Duration) {
	c.later(wait, func() {
		sh := &c.rec.showing
		if sh.reel != reel || sh.lost {
			return
		}
		now := c.s.Clock.Now()
		if _, _, _, paused := c.paused(); paused {
			sh.came = now
		}
		if left := patience - now.Sub(sh.came); left > 0 {
			c.missPieces(reel, left)
			return
		}
		sh.lost, sh.since = true, sh.came
		c.settle()
	})
}

// pieceCame notes that one did.
func (c *call) pieceCame(reel *screen.Reel) {
	sh := &c.rec.showing
	if sh.reel != reel {
		return
	}
	sh.came = c.s.Clock.Now()
	if sh.lost {
		sh.lost, sh.since = false, sh.came
		c.missPieces(reel, patience)
		c.settle()
	}
}

// pauseShow pauses the screen or goes on with it, in the call's clerk, as the
// sound.
func (k *clerk) pauseShow(c *call, a recording.Action, by, reason string) {
	if k.screen == nil {
		return
	}
	switch a {
	case recording.Pause:
		c.clerkFailed("paused", k.screen.Pause(context.Background(), by, reason))
	case recording.Resume:
		c.clerkFailed("resumed", k.screen.Resume())
	}
}

// Shown is a recording of a screen that takes pieces.
type Shown struct {
	Recording string
	Began     time.Time
	Next      int // the number of the piece that is to come
}

// BeginScreen begins the recording of the screen of the user who has a call, or
// finds the one that is being made. Conflict: it is not to be recorded now.
func (s *Service) BeginScreen(ctx context.Context, t id.Tenant, interaction, user string) (Shown, error) {
	c := s.find(t, interaction)
	if c == nil {
		return Shown{}, gone()
	}
	var begun <-chan error
	err := c.ask(ctx, func() (err error) {
		begun, err = c.beginShow(user)
		return err
	})
	if err != nil {
		return Shown{}, err
	}
	select {
	case err = <-begun:
	case <-ctx.Done():
		err = ctx.Err()
	case <-c.ended:
		err = gone()
	}
	if err != nil {
		return Shown{}, err
	}
	reel, made, err := c.showingTo(ctx, user, "")
	if err != nil {
		return Shown{}, err
	}
	return Shown{Recording: made.ID(), Began: reel.Began(), Next: reel.Next()}, nil
}

// showingTo is a user's recording of a screen; Gone if it is not that one.
func (c *call) showingTo(ctx context.Context, user, recording string) (reel *screen.Reel, made Screening, err error) {
	err = c.ask(ctx, func() error {
		sh := &c.rec.showing
		if sh.reel == nil || sh.user != user || recording != "" && sh.made.ID() != recording {
			return errs.New(errs.Gone, "This recording of the screen has ended.")
		}
		reel, made = sh.reel, sh.made
		return nil
	})
	return reel, made, err
}

// KeepScreen takes a piece of a screen, and answers once it is kept, with the
// number of the piece that is to come. kept is false for what falls into a pause.
func (s *Service) KeepScreen(ctx context.Context, t id.Tenant, interaction, user, recording string, at time.Time, p screen.Piece) (kept bool, next int, err error) {
	c := s.find(t, interaction)
	if c == nil {
		return false, 0, gone()
	}
	reel, made, err := c.showingTo(ctx, user, recording)
	if err != nil {
		return false, 0, err
	}
	l, err := s.Recorder.ScreenLimits(ctx, t)
	if err != nil {
		return false, 0, err
	}
	p.At = at.Sub(reel.Began()).Truncate(time.Millisecond)
	kept, err = reel.Offer(p, screen.Limits{Pictures: l.Pictures, Width: l.Width, Height: l.Height, Kilobits: l.Kilobits})
	if err == nil {
		err = made.Flush(ctx)
	}
	if err == nil {
		c.post(func() { c.pieceCame(reel) })
	}
	return kept, reel.Next(), err
}

// ScreenRules says whether any of a tenant's rules has screens recorded, and how.
func (s *Service) ScreenRules(ctx context.Context, t id.Tenant) (wanted bool, l setup.ScreenLimits, err error) {
	rules, err := s.Recorder.Rules(ctx, t)
	if err != nil {
		return false, l, err
	}
	for _, r := range rules {
		wanted = wanted || r.Enabled && r.Records != recording.OnlyVoice && (r.Percent > 0 || r.OnDemand)
	}
	l, err = s.Recorder.ScreenLimits(ctx, t)
	return wanted, l, err
}

// EndScreen ends the recording of the screen of the user who has a call: it closed
// the share, refused one, or its browser cannot.
func (s *Service) EndScreen(ctx context.Context, t id.Tenant, interaction, user, why string) (ScreenState, error) {
	c := s.find(t, interaction)
	if c == nil {
		return ScreenState{}, gone()
	}
	var st ScreenState
	err := c.ask(ctx, func() error {
		err := c.endShow(user, why)
		st = c.screenState()
		return err
	})
	return st, err
}
