// Package acd decides who gets which work. It is a deterministic state machine
// for one tenant: Step(event, now) returns the commands that follow. Same
// events, same decisions, so that every rule is tested by simulation.
//
// It knows interactions only by id and by what routing needs; it holds no
// personal data, does no I/O, owns no goroutine and reads no clock. app/floor
// owns one Engine per tenant and carries out its commands.
//
// # The rule
//
// After every event: while some waiting work can be taken by an agent with
// room, the first such work in order is offered to the best such agent.
//
// An agent has room for a channel when it is Ready, has a live browser
// (Connected), holds fewer works of that channel than its capacity, and holds
// none of a channel that excludes it (Blend). Offered, active and wrapping work
// all take room, and so does a call that the agent has beside them (Elsewhere).
//
// An agent can take work of a queue when it is a member and has the queue's and
// the work's skills at their levels. The longer work waits, the less the queue's
// Steps ask for: fewer levels, more members; each Step is in force from its
// After on, counted from when the work came to the queue (Entered). Work with
// Only waits for that one agent, member or not, skilled or not.
//
// Work with a Preferred agent is kept for it for the queue's Affinity, as long as
// that agent is at work there (Ready, with a browser, able), busy or not, and has
// not refused it. Once opened to others it stays open.
//
// # Order
//
// Waiting work is ordered by its due time, then by Queued, then by id:
//
//	due = Goal - Ageing × (queue priority + work priority)
//
// where Goal is when the ServiceLevel has passed since Queued: by the clock, or by the
// queue's Calendar of the work's channel, such as its opening hours. So waiting one Ageing (Options, 1 min) is worth one point of priority, and of
// two queues the one whose goal falls due first goes first. A queue without a
// service level counts as 60 s. Due never moves while work waits, and all that
// comes later falls due later and later: nothing starves. (This is earliest
// due date first, with priorities as head starts; for linear ageing see
// L. Kleinrock, "A delay dependent queue discipline", 1964.)
//
// Work whose agent was lost, or whose offer a restart cut off, waits at the
// front: before all that never had an agent. Work that was declined, missed or
// taken back keeps its place.
//
// # Choice
//
// A work's Preferred agent gets it if able at that moment. Else those come first
// who have the queue's and the work's preferred skills (Wants) at their levels,
// by the sum of their own levels in them; then as the queue's Choice says; then
// by id:
//
//	longest_idle     fewest works held, longest idle, most proficient
//	most_proficient  most proficient, fewest works held, longest idle
//	least_loaded     smallest share of all places taken (in thousandths), longest
//	                 idle, most proficient
//	round_robin      last offered work longest ago, most proficient
//
// Proficient is the sum of the agent's levels in the needed skills. Idle counts
// from the end of the last work, the last acceptance or becoming ready; a missed
// or declined offer does not change it. With AutoAccept an offer is accepted as
// it is made.
//
// Work that an agent declined or missed is kept from it while anybody else who
// can take it is at work, with room or without; when nobody is, it comes back
// after Options.BackOff.
//
// # Overflow
//
// The first rule of a queue's Overflow that holds sends work to another queue or
// ends it. Work that comes is looked at before it enters (closed, length, nobody
// at work; not what comes back to where it waited, Back), waiting work when its
// time has come (wait, nobody), when the last member leaves work (nobody) and when
// the queue closes (CloseWaiting); matching always comes first. Work keeps Queued,
// so the time it has waited counts in the order of its new queue, while steps and
// rules there count from its Entered. A supervisor's or agent's move may be sent on
// but never ends work, and no rule ends what was promised (Promised). Set-ups in
// which rules lead in a circle are refused when saved (core/setup); here a circle
// only ends.
//
// # Files
//
// engine.go the steps; expect.go what makes many at once quicker; agent.go, work.go, move.go, setup.go the events;
// match.go the rule; overflow.go steps, affinity and overflow; class.go, line.go, byid.go,
// timers.go the indexes that keep a step's cost from growing with agents and
// work; outbox.go the commands; estimate.go, query.go, why.go what can be asked;
// restore.go starting again.
package acd
