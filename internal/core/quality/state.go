package quality

import (
	"slices"

	"nubitalk/internal/base/errs"
)

// State is how an evaluation stands.
type State string

const (
	Assigned     State = "assigned"
	Completed    State = "completed"
	Acknowledged State = "acknowledged" // by the agent
	Disputed     State = "disputed"     // by the agent, for the evaluator to settle
	Settled      State = "settled"      // the evaluator answered the dispute
	Withdrawn    State = "withdrawn"    // before it was completed
)

// States are all of them.
var States = []State{Assigned, Completed, Acknowledged, Disputed, Settled, Withdrawn}

// Scored says whether the evaluation has a score that stands.
func (s State) Scored() bool { return s != Assigned && s != Withdrawn }

// Act is what somebody does to an evaluation.
type Act string

const (
	Complete    Act = "complete"
	Acknowledge Act = "acknowledge"
	Dispute     Act = "dispute"
	Settle      Act = "settle"
	Withdraw    Act = "withdraw"
)

var moves = map[Act]struct {
	from []State
	to   State
}{
	Complete:    {[]State{Assigned}, Completed},
	Acknowledge: {[]State{Completed, Settled}, Acknowledged},
	Dispute:     {[]State{Completed}, Disputed},
	Settle:      {[]State{Disputed}, Settled},
	Withdraw:    {[]State{Assigned}, Withdrawn},
}

// After is the state that an act leads to. A dispute is had once: what was settled
// is acknowledged or left.
func (s State) After(a Act) (State, error) {
	m := moves[a]
	if !slices.Contains(m.from, s) {
		return s, errs.New(errs.Conflict, "This evaluation does not stand so that this can be done. Look at it again.")
	}
	return m.to, nil
}
