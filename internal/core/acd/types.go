package acd

import "time"

// Channel is a kind of work (vocabulary.md).
type Channel string

const (
	Voice  Channel = "voice"
	Chat   Channel = "chat"
	Email  Channel = "email"
	Social Channel = "social"
)

// Presence is what an agent chose, or the system set.
type Presence string

const (
	Offline  Presence = "offline"
	Ready    Presence = "ready"
	NotReady Presence = "not_ready"
	// Missed is the system's own: the agent let too many offers pass. The agent
	// leaves it by choosing a state.
	Missed Presence = "missed"
)

// State is an interaction's state as routing sees it.
type State string

const (
	Queued   State = "queued"
	Offered  State = "offered"
	Active   State = "active"
	Wrapping State = "wrapping"
	Closed   State = "closed"
)

// CloseReason says how an interaction ended.
type CloseReason string

const (
	Completed   CloseReason = "completed"
	Abandoned   CloseReason = "abandoned"
	Rejected    CloseReason = "rejected"
	Transferred CloseReason = "transferred"
	Overflowed  CloseReason = "overflowed"
	Failed      CloseReason = "failed"
)

// SkillNeed is a required skill with its least proficiency, 1-10.
type SkillNeed struct {
	Skill string `json:"skill"`
	Level int    `json:"level"`
}

// Queue is the routing part of a queue's set-up.
type Queue struct {
	ID           string
	Priority     int // 1 (low) to 10 (high); an interaction's own priority is added
	Needs        []SkillNeed
	Members      map[string]bool // agents that serve it
	OfferTimeout time.Duration   // how long an offer stands
	WrapUp       time.Duration   // 0: no wrap-up
	WrapUpOpen   bool            // wrap-up lasts until the agent ends it
	MaxMissed    int             // offers missed in a row before the agent becomes Missed; 0 means 1
	// ServiceLevel is the goal: within what time work should be answered. Of two
	// queues, the one whose goal falls due first goes first (doc.go, Order).
	ServiceLevel time.Duration
	// Calendars are those whose time the goal counts, by channel; of others the clock's.
	Calendars    map[Channel]Calendar
	Wants        []SkillNeed   // preferred skills: who has them at their levels comes first
	Choice       Choice        // among those who can; "" is LongestIdle
	Steps        []Step        // loosening after given waits, at most MaxSteps, by After
	Affinity     time.Duration // how long work is kept for its preferred agent, while at work
	AutoAccept   bool          // an offer is accepted as it is made
	Overflow     []Overflow    // the first rule that holds applies
	Closed       bool          // out of hours: what the OnClosed rules speak of
	CloseWaiting bool          // OnClosed also concerns what waits when the queue closes
}

// Calendar says when time counts, such as in opening hours. The same calendar is
// equal to itself; one that decides otherwise is not.
type Calendar interface {
	// Due is when so much of its time has passed from a moment on. What comes later is
	// due no sooner.
	Due(from time.Time, within time.Duration) time.Time
}

// DueAt is when the goal of work of a channel runs out that waits from a moment on.
func (q *Queue) DueAt(c Channel, from time.Time) time.Time {
	goal := q.ServiceLevel
	if goal <= 0 {
		goal = noGoal
	}
	if open := q.Calendars[c]; open != nil {
		return open.Due(from, goal)
	}
	return from.Add(goal)
}

// Choice is how an agent is chosen among those with room (doc.go, Choice).
type Choice string

const (
	LongestIdle    Choice = "longest_idle"
	MostProficient Choice = "most_proficient"
	LeastLoaded    Choice = "least_loaded"
	RoundRobin     Choice = "round_robin"
)

// MaxSteps is how many steps of loosening a queue may have.
const MaxSteps = 6

// Step loosens what a queue asks for once work has waited for After in it. The
// last step reached is in force; Members add up.
type Step struct {
	After   time.Duration
	Needs   []SkillNeed     // in place of the queue's own
	Ease    int             // levels off the work's own needs; one at or below 0 is dropped
	Members map[string]bool // who serves the queue from now on, beside its members
}

// OverflowWhen is what an overflow rule waits for.
type OverflowWhen string

const (
	OnWait   OverflowWhen = "wait"   // work has waited for After
	OnLength OverflowWhen = "length" // work comes and Length wait already
	OnNobody OverflowWhen = "nobody" // work has waited for After, and no member is at work
	OnClosed OverflowWhen = "closed" // work comes out of hours (Queue.Closed)
)

// Overflow sends work to another queue, where it keeps the time it has waited,
// or ends it.
type Overflow struct {
	When    OverflowWhen
	After   time.Duration
	Length  int
	ToQueue string // "": it is closed as Overflowed
}

// Agent is the routing part of a user.
type Agent struct {
	ID       string
	Skills   map[string]int // skill id -> proficiency 1-10
	Capacity map[Channel]int
}

// Work is an interaction as routing needs it.
type Work struct {
	ID        string
	Channel   Channel
	Queue     string
	Priority  int // added to the queue's
	Needs     []SkillNeed
	Wants     []SkillNeed // preferred skills
	Preferred string      // agent who should get it if able; "" for none
	Arrived   time.Time   // when it came to the tenant
	Queued    time.Time   // since when it waits: its place; kept on re-offer and overflow
	Entered   time.Time   // when it came to this queue: steps and overflow count from it; zero: Queued
	Only      bool        // only Preferred may have it (transfer to an agent)
	Back      bool        // it waited here before: rules for work that comes do not apply
	Promised  bool        // its person does not wait itself, but for an answer or a call: no rule ends it
}

// Blend is the blended rule: holding work of one channel leaves no room for
// another. Blend[Chat][Voice] keeps calls from who chats. Within a channel the
// agent's capacity decides.
type Blend map[Channel]map[Channel]bool

// Event is something that happened. The concrete types are below.
type Event interface{ isEvent() }

type (
	// SetQueue adds or changes a queue; RemoveQueue takes it away (its waiting
	// work is closed as Failed unless moved first).
	SetQueue    struct{ Queue Queue }
	RemoveQueue struct{ ID string }
	// SetAgent adds or changes an agent; RemoveAgent takes it away and returns
	// its work to the front of the queues.
	SetAgent    struct{ Agent Agent }
	RemoveAgent struct{ ID string }
	// SetPresence is chosen by the agent or by a supervisor (By says who). While
	// the agent holds work it takes effect at once for new offers.
	SetPresence struct {
		Agent    string
		Presence Presence
		Reason   string
	}
	// Connected and Disconnected tell of the agent's browsers: N live ones. At 0
	// a grace period runs, after which the agent goes Offline and its work
	// returns to the front of its queue.
	Connected struct {
		Agent string
		N     int
	}
	// Elsewhere tells of the calls that the agent has beside the engine's work: N of
	// them. Each takes the place of a call; offers that no longer fit are taken back.
	Elsewhere struct {
		Agent string
		N     int
	}
	// Enqueue puts work into a queue.
	Enqueue struct{ Work Work }
	Accept  struct{ Offer, Agent string }
	Decline struct{ Offer, Agent string }
	// Miss ends an offer as if its time were over: the agent cannot answer it.
	Miss struct{ Offer, Agent string }
	// CustomerLeft: the person went away. Waiting work closes as Abandoned,
	// active work goes to wrap-up.
	CustomerLeft struct{ Work string }
	// Finish: the agent ends the contact and goes to wrap-up; Complete ends the
	// wrap-up and closes; Extend lengthens a timed wrap-up once.
	Finish   struct{ Work, Agent string }
	Complete struct{ Work, Agent string }
	Extend   struct{ Work, Agent string }
	// Move sends work to another queue, or to one agent (ToAgent), keeping
	// priority unless Reprioritise is set. From is the agent who held it, or ""
	// for a supervisor.
	Move struct {
		Work, From       string
		ToQueue, ToAgent string
		Priority         int
		Reprioritise     bool // Priority is the work's own from now on
		Front            bool
		// Queued and Entered are the place that waiting work takes in another queue,
		// because it had it there before; zero: a new one.
		Queued, Entered time.Time
		// Take: ToAgent asked for it, and has it at once, in whatever presence; not
		// beyond its places.
		Take bool
		// KeepRefused: who refused it, or missed it, is not offered it again at once.
		KeepRefused bool
	}
	// Close ends work in any state (operator action, erasure, flow end).
	Close struct {
		Work   string
		Reason CloseReason
	}
	// Promise says that the person of work waits itself no longer, as Work.Promised.
	Promise struct {
		Work string
	}

	// Rechannel makes work one of another channel where it stands. Its agent needs
	// a place of that channel, unless it goes Back to the one that it had.
	Rechannel struct {
		Work    string
		Channel Channel
		Back    bool
	}
	// SetBlend says which channels exclude each other for all agents.
	SetBlend struct{ Blend Blend }
	// Tick only lets time pass; timers that are due fire in it (and before any
	// other event).
	Tick struct{}
)

func (SetQueue) isEvent()     {}
func (RemoveQueue) isEvent()  {}
func (SetAgent) isEvent()     {}
func (RemoveAgent) isEvent()  {}
func (SetPresence) isEvent()  {}
func (Connected) isEvent()    {}
func (Elsewhere) isEvent()    {}
func (Enqueue) isEvent()      {}
func (Accept) isEvent()       {}
func (Miss) isEvent()         {}
func (Decline) isEvent()      {}
func (CustomerLeft) isEvent() {}
func (Finish) isEvent()       {}
func (Complete) isEvent()     {}
func (Extend) isEvent()       {}
func (Move) isEvent()         {}
func (Close) isEvent()        {}
func (Promise) isEvent()      {}
func (Rechannel) isEvent()    {}
func (SetBlend) isEvent()     {}
func (Tick) isEvent()         {}

// OfferOutcome is how an offer ended.
type OfferOutcome string

const (
	Accepted OfferOutcome = "accepted"
	Declined OfferOutcome = "declined"
	Expired  OfferOutcome = "expired"
	Revoked  OfferOutcome = "revoked"
)

// Command is what the floor must carry out, in order: a pointer to one of the
// types below.
type Command interface{ isCommand() }

type (
	// WorkChanged carries the new state of one interaction. Agent is its holder
	// or the agent offered to. WrapUntil is zero for an open wrap-up.
	WorkChanged struct {
		Work      string
		State     State
		Queue     string
		Agent     string
		Reason    CloseReason // when State is Closed
		Cause     string      // why it moved: one of the Cause constants
		WrapUntil time.Time
		Front     bool // it waits before all others of its queue; to be kept for Restore
		Extended  bool // its wrap-up was extended once; to be kept for Restore
	}
	// OfferMade shows work to one agent until Deadline.
	OfferMade struct {
		Offer, Work, Agent string
		Deadline           time.Time
	}
	OfferEnded struct {
		Offer, Work, Agent string
		Outcome            OfferOutcome
	}
	// AgentChanged carries an agent's presence and load.
	AgentChanged struct {
		Agent    string
		Presence Presence
		Reason   string
		Since    time.Time
		Offered  int
		Active   int
		Wrapping int
		// IdleSince and Missed are to be kept for Restore; Online is whether a
		// browser is live.
		IdleSince time.Time
		Missed    int
		LastOffer time.Time // when it was last offered work; to be kept for Restore
		Online    bool
		// Cause tells why the presence in force came to be: CauseChosen,
		// CauseMissed, CauseLost or CauseAgentRemoved.
		Cause string
	}
)

// Causes in WorkChanged and AgentChanged.
const (
	CauseChosen       = "chosen"          // the agent or a supervisor chose it
	CauseQueued       = "queued"          // came into the queue
	CauseOffered      = "offered"         // shown to an agent
	CauseAccepted     = "accepted"        // the agent took it
	CauseDeclined     = "declined"        // the agent refused it
	CauseExpired      = "expired"         // the agent did not answer the offer
	CauseUnready      = "agent_unready"   // the agent chose another state while it was offered
	CauseElsewhere    = "agent_elsewhere" // the agent began a call beside its work while it was offered
	CauseMissed       = "missed_offers"   // the agent became Missed while it was offered
	CauseLost         = "agent_lost"      // the agent's last browser stayed away
	CauseAgentRemoved = "agent_removed"   // the agent is no longer set up
	CauseSetup        = "setup_changed"   // the agent may no longer have it, or its queue changed
	CauseRestart      = "restart"         // it was offered when the program stopped
	CauseTransfer     = "transfer"        // its agent moved it
	CauseMoved        = "moved"           // a supervisor moved it
	CauseCustomerLeft = "customer_left"   // the person went away
	CauseFinished     = "finished"        // the agent ended the contact
	CauseExtended     = "extended"        // the agent asked for more wrap-up
	CauseCompleted    = "completed"       // the agent ended the wrap-up
	CauseWrapUpEnded  = "wrap_up_ended"   // the wrap-up's time was over
	CauseClosed       = "closed"          // ended from outside
	CauseQueueRemoved = "queue_removed"   // its queue is no longer set up
	CauseChannel      = "channel"         // it is of another channel now
	CauseOverflow     = "overflow"        // a rule of its queue sent it on
)

// Refusals: why an event changed nothing (Engine.Refusal).
const (
	RefusedNone          = ""
	RefusedUnknownQueue  = "unknown_queue"
	RefusedUnknownAgent  = "unknown_agent"
	RefusedUnknownWork   = "unknown_work"    // never seen, or closed already
	RefusedKnownWork     = "known_work"      // the same work is already here
	RefusedOfferEnded    = "offer_ended"     // accepted, declined, expired or revoked already, or never made to that agent
	RefusedNotYours      = "not_yours"       // another agent's work
	RefusedNotActive     = "not_active"      // the contact is not going on
	RefusedNotWrapping   = "not_wrapping"    // there is no wrap-up to end or extend
	RefusedExtended      = "extended_before" // a wrap-up is extended once
	RefusedOpenWrapUp    = "open_wrap_up"    // it has no end to put off
	RefusedUnchanged     = "unchanged"       // it is so already
	RefusedPresence      = "bad_presence"    // not a presence that can be chosen
	RefusedChannel       = "bad_channel"     // not a channel of vocabulary.md
	RefusedAgentCannot   = "agent_cannot"    // the agent never takes this channel
	RefusedNoRoom        = "no_room"         // the agent has no place for it
	RefusedMissingID     = "missing_id"      // an id is empty
	RefusedNoDestination = "no_destination"  // a move that names neither queue, agent, priority nor front
)

func (*WorkChanged) isCommand()  {}
func (*OfferMade) isCommand()    {}
func (*OfferEnded) isCommand()   {}
func (*AgentChanged) isCommand() {}
