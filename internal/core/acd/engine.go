package acd

import (
	"hash/maphash"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Options are the engine's rules that hold for all queues. The zero value is
// usable: each field says its default.
type Options struct {
	// Grace is how long an agent without a browser keeps its work; 15 s.
	Grace time.Duration
	// BackOff is how long work is kept from an agent who declined or missed it
	// when nobody else can take it; 30 s.
	BackOff time.Duration
	// Ageing is the waiting time that one point of priority is worth; 1 min.
	Ageing time.Duration
	// NewOfferID makes ids of offers. Without it they are "off_1", "off_2", …,
	// which is only good for one engine's life.
	NewOfferID func() string
}

// defaultOffer is an offer's time in a queue that sets none.
const defaultOffer = 30 * time.Second

// Engine is the routing of one tenant. It is not safe for use by several
// goroutines; app/floor owns one per tenant.
type Engine struct {
	opts    Options
	now     int64 // µs since 1970; never goes back
	grace   int64
	backOff int64
	ageing  int64

	blend [channels]uint8 // by channel held: bits of those it leaves no room for

	queues  byID[*queue]
	agents  byID[*agent]
	stances map[stance]*stance // that agents share
	works   byID[*work]

	timers   timers
	due      []timerItem // scratch of Step
	tops     []int64     // by class number: when its first waiting work is due
	firsts   []*work     // by class number: that work
	freeTops []int32     // numbers of classes that are gone

	dirtyW  []*work  // waiting work that may have found an agent
	dirtyA  []*agent // agents that may have room for waiting work
	checks  []*work  // waiting work to which an overflow rule may apply
	seeking []seeker // scratch of settle
	touched []*agent // agents to report at the end of the step

	out     outbox
	refusal string
	made    int // offers made, for the default ids
	read    int // the sum of what Expect read, so that it reads it
	free    []*work
	needs   []SkillNeed // scratch
	wants   []SkillNeed // scratch
	key     []byte      // scratch
	seed    maphash.Seed
}

// New returns an engine that knows nothing yet.
func New(opts Options) *Engine {
	def := func(d, otherwise time.Duration) time.Duration {
		if d <= 0 {
			return otherwise
		}
		return d
	}
	e := &Engine{
		opts:    opts,
		seed:    maphash.MakeSeed(),
		grace:   def(opts.Grace, 15*time.Second).Microseconds(),
		backOff: def(opts.BackOff, 30*time.Second).Microseconds(),
		ageing:  def(opts.Ageing, time.Minute).Microseconds(),
		queues:  newByID(func(q *queue) *named { return &q.named }),
		agents:  newByID(func(a *agent) *named { return &a.named }),
		works:   newByID(func(w *work) *named { return &w.named }),
	}
	if opts.NewOfferID == nil {
		e.opts.NewOfferID = func() string { e.made++; return "off_" + strconv.Itoa(e.made) }
	}
	return e
}

// Step fires the timers that are due, applies ev and returns what follows from
// all of it, in order. An event that is late, repeated or forged changes nothing;
// Refusal then says why. A clock that went back counts as no time passing. The
// commands are good until the next Step, which uses their memory again.
func (e *Engine) Step(ev Event, now time.Time) []Command {
	e.begin(now)
	e.refusal = RefusedNone
	if e.due = e.timers.due(e.now, e.due[:0]); len(e.due) > 0 {
		for _, t := range e.due {
			if t.valid() {
				e.fire(t.owner)
			}
		}
		clear(e.due)
		e.settle()
	}
	e.refusal = e.apply(ev)
	e.settle()
	return e.commands()
}

// Refusal says why the last Step's event changed nothing; "" if it was applied.
func (e *Engine) Refusal() string { return e.refusal }

// NextWake is when the next timer is due; false if there is none. A Step at or
// after that time (a Tick will do) fires it. Nothing else needs time to pass.
func (e *Engine) NextWake() (time.Time, bool) {
	at, ok := e.timers.next()
	return fromMicros(at), ok
}

// begin takes the time. The commands of the step before are over.
func (e *Engine) begin(now time.Time) {
	e.now = max(e.now, now.UnixMicro())
	e.out.empty()
}

// commands reports the agents that changed and returns the step's commands.
func (e *Engine) commands() []Command {
	if len(e.touched) > 1 {
		slices.SortFunc(e.touched, func(a, b *agent) int { return strings.Compare(a.id, b.id) })
	}
	for _, a := range e.touched {
		a.touched = false
		a.countReady()
		*e.agentChanged() = AgentChanged{
			Agent: a.id, Presence: a.presence, Reason: a.reason, Since: fromMicros(a.since),
			Offered: int(a.offered), Active: int(a.active), Wrapping: int(a.wrapping),
			IdleSince: fromMicros(a.idleSince), Missed: int(a.missed), LastOffer: fromMicros(a.lastOffer),
			Online: a.browsers > 0, Cause: a.cause,
		}
	}
	e.touched = e.touched[:0]
	if len(e.out.all) == 0 {
		return nil
	}
	return e.out.all
}

func (e *Engine) apply(ev Event) string {
	switch ev := ev.(type) {
	case Tick:
		return RefusedNone
	case SetQueue:
		return e.setQueue(ev.Queue)
	case RemoveQueue:
		return e.removeQueue(ev.ID)
	case SetAgent:
		return e.setAgent(ev.Agent)
	case RemoveAgent:
		return e.removeAgent(ev.ID)
	case SetPresence:
		return e.setPresence(ev)
	case Connected:
		return e.connected(ev)
	case Elsewhere:
		return e.elsewhere(ev)
	case Enqueue:
		return e.enqueue(ev.Work)
	case Accept:
		return e.accept(ev)
	case Decline:
		return e.decline(ev)
	case Miss:
		w, why := e.pending(ev.Offer, ev.Agent)
		if w != nil {
			e.expire(w)
		}
		return why
	case CustomerLeft:
		return e.customerLeft(ev.Work)
	case Finish:
		return e.finish(ev)
	case Complete:
		return e.complete(ev)
	case Extend:
		return e.extend(ev)
	case Move:
		return e.move(ev)
	case Close:
		return e.closeWork(ev)
	case Promise:
		return e.promise(ev)
	case Rechannel:
		return e.rechannel(ev)
	case SetBlend:
		return e.setBlend(ev.Blend)
	}
	panic("acd: an event of no known type") // Event is sealed: only this package can add one
}

func toMicros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func fromMicros(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}
