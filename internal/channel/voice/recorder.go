package voice

import (
	"context"
	"sync"
	"time"

	"nubitalk/internal/base/id"
	"nubitalk/internal/core/recording"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/media/screen"
	"nubitalk/internal/media/tape"
)

// Recorder keeps recordings of calls.
type Recorder interface {
	// Rules are a tenant's, by id; answers come from memory.
	Rules(ctx context.Context, t id.Tenant) (map[string]setup.RecordingRule, error)
	// ScreenLimits bound what is recorded of a tenant's screens.
	ScreenLimits(ctx context.Context, t id.Tenant) (setup.ScreenLimits, error)
	// Words are those of a consent text by language, and its version; NotFound: it
	// is not in use.
	Words(ctx context.Context, t id.Tenant, text string) (words map[string]string, version int64, err error)
	// Standing is what was decided about a call's recording; the zero value before
	// anything was.
	Standing(ctx context.Context, t id.Tenant, interaction string) (recording.Standing, error)
	// Keep stores it, durably, and notes who did what.
	Keep(ctx context.Context, who Caller, s recording.Standing, did Deed) error
	// Begin begins a recording with a track for each party, which is kept for so many
	// days; 0: with the conversation. troubled is told when it cannot be written, or
	// loses sound, and when that is over.
	Begin(ctx context.Context, who Caller, parties []string, keepDays int, source *tape.Tape, troubled func(bool)) (Recording, error)
	// BeginMessage begins the recording of a message that a caller leaves.
	BeginMessage(ctx context.Context, who Caller, source *tape.Tape) (Recording, error)
	// BeginScreen begins a recording of a user's screen, as of a time.
	BeginScreen(ctx context.Context, who Caller, user string, keepDays int, source *screen.Reel, from time.Time) (Screening, error)
	// ShownUntil is the end of the newest recording of a user's screen in a call; zero
	// if there is none.
	ShownUntil(ctx context.Context, who Caller, user string) (time.Time, error)
	// NoteScreen notes why a user's screen is not shown though it is to be.
	NoteScreen(ctx context.Context, who Caller, user, why string) error
}

// Recording is one that is being made.
type Recording interface {
	Pause(ctx context.Context, by, reason string) error
	Resume() error
	// Agreed notes in the recording that the person agreed, or was told.
	Agreed(ctx context.Context, by, reason string) error
	// Keep has it kept for so many days, if it was to be kept for longer.
	Keep(ctx context.Context, days int) error
	End(ctx context.Context, by, reason string) error
	// Discard ends it and erases it.
	Discard(ctx context.Context) error
}

// Deed is what somebody did about a recording; without Action, what happened to
// its person.
type Deed struct {
	Action recording.Action
	By     string // a user's or key's id, or system
	Reason string
	// Agreed is the consent text that the person agreed to in the call, if that was
	// it.
	Agreed   string
	Version  int64
	Language string
}

// Deed.By of what no user did.
const (
	bySystem = "system" // nobody asked for it
	byFlow   = recording.ByFlow
)

// clerk does what a call's recording needs of disk and database, one thing after
// another, so that the call does not wait for it. Its own goroutine runs while
// there is work.
type clerk struct {
	mu      sync.Mutex
	waiting []func()
	busy    bool
	all     []Recording // begun and not ended; the goroutine's own
	message Recording   // that is being left; nil if none is
	kept    bool        // the last message is kept
	screen  Screening   // of the agent, likewise; nil if there is none
}

// clerk has fn done after what waits already.
func (c *call) clerk(fn func(k *clerk)) {
	k := &c.rec.clerk
	k.mu.Lock()
	defer k.mu.Unlock()
	k.waiting = append(k.waiting, func() { fn(k) })
	if k.busy {
		return
	}
	k.busy = true
	c.s.running.Go(func() {
		for {
			k.mu.Lock()
			todo := k.waiting
			k.waiting = nil
			k.busy = len(todo) > 0
			k.mu.Unlock()
			if len(todo) == 0 {
				return
			}
			for _, do := range todo {
				do()
			}
		}
	})
}

// keep has all that is being made kept for no more than so many days.
func (k *clerk) keep(c *call, days int) {
	ctx := context.Background()
	for _, r := range k.all {
		c.clerkFailed("shortened", r.Keep(ctx, days))
	}
	if k.screen != nil {
		c.clerkFailed("shortened", k.screen.Keep(ctx, days))
	}
}

// newest is the recording that is being made; nil if none is.
func (k *clerk) newest() Recording {
	if len(k.all) == 0 {
		return nil
	}
	return k.all[len(k.all)-1]
}

// end ends all recordings but the last keep ones.
func (k *clerk) end(c *call, keep int, by, reason string) {
	n := max(len(k.all)-keep, 0)
	for _, r := range k.all[:n] {
		c.clerkFailed("ended", r.End(context.Background(), by, reason))
	}
	k.all = k.all[n:]
}
