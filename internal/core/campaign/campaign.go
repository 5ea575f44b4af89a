package campaign

import (
	"cmp"
	"time"
)

// State is where a contact of a campaign stands (vocabulary.md).
type State string

const (
	Pending  State = "pending"  // not called yet
	Claimed  State = "claimed"  // an agent looks at it
	Dialing  State = "dialing"  // it is being called, talked with, or wrapped up
	RetryAt  State = "retry_at" // to be called again
	Done     State = "done"
	Excluded State = "excluded" // not to be called
)

// Open says whether something is still to be done with the contact.
func (s State) Open() bool { return s != Done && s != Excluded }

// Reason says why a contact is done, excluded or to be called again, where no
// disposition does.
type Reason string

const (
	Reached     Reason = "reached"     // somebody answered
	Busy        Reason = "busy"        // … the number was engaged
	NoAnswer    Reason = "no_answer"   // … nobody answered, or it was declined
	Unreachable Reason = "unreachable" // … the network did not get there
	BadNumber   Reason = "bad_number"  // there is no such number
	Exhausted   Reason = "exhausted"   // as often as the campaign allows
	Asked       Reason = "asked"       // a time was agreed
	Later       Reason = "later"       // an agent put it off
	Refused     Reason = "refused"     // an agent took it out
	DoNotCall   Reason = "do_not_call" // it is on the organisation's do-not-call list
	Restricted  Reason = "restricted"  // processing of the person is restricted
	Twice       Reason = "twice"       // it is in another list of the campaign
	NotLet      Reason = "not_let"     // the trunks' rules let no call out to it
)

// Do is what a campaign does after a disposition.
type Do string

const (
	Finish     Do = "done"
	CallAgain  Do = "again"
	NeverAgain Do = "do_not_call"
)

// Then is what follows a disposition; After is of CallAgain.
type Then struct {
	Do    Do
	After time.Duration
}

// Rules are a campaign's as far as they decide. Spacing that is 0 means: not again.
type Rules struct {
	MaxAttempts                 int
	Busy, NoAnswer, Unreachable time.Duration
	Outcomes                    map[string]Then // by disposition
	Preview                     time.Duration   // how long an agent may look at a contact
}

// Contact is one contact of a campaign.
type Contact struct {
	Seq      int64 // its place in the lists
	Zone     string
	State    State
	Reason   Reason
	Agent    string    // who has it; of RetryAt, who alone is to call it at first
	Kept     string    // … while somebody has it: who was to call it at first
	Until    time.Time // of Claimed: it comes back then
	Due      time.Time // when it is to be called again; zero: it was not called yet
	Attempts int
	Outcome  string // the last disposition
}

// OwnFor is how long a time that was agreed with an agent waits for that agent.
const OwnFor = time.Hour

// rank says how soon a contact comes for an agent; false: not now.
func (c Contact) rank(agent string, now time.Time) (int, bool) {
	switch c.State {
	case Claimed:
		if c.Agent == agent && now.Before(c.Until) {
			return 0, true
		}
		if now.Before(c.Until) {
			return 0, false
		}
		return Release(c).rank(agent, now)
	case RetryAt:
		switch {
		case now.Before(c.Due):
			return 0, false
		case c.Agent == agent && agent != "":
			return 1, true
		case c.Agent != "" && now.Before(c.Due.Add(OwnFor)):
			return 0, false
		}
		return 2, true
	case Pending:
		return 3, true
	}
	return 0, false
}

// Next is the place in all of the contact that an agent gets, -1 for none. open says
// whether the campaign calls in a time zone now.
func Next(all []Contact, agent string, now time.Time, open func(zone string) bool) int {
	best, rank := -1, 0
	for i, c := range all {
		r, may := c.rank(agent, now)
		if !may || r > 0 && !open(c.Zone) { // what the agent has is its own until its time is over
			continue
		}
		if best < 0 || cmp.Or(cmp.Compare(r, rank), c.Due.Compare(all[best].Due), cmp.Compare(c.Seq, all[best].Seq)) < 0 {
			best, rank = i, r
		}
	}
	return best
}

// Claim gives a contact to an agent.
func (r Rules) Claim(c Contact, agent string, now time.Time) Contact {
	if c.State == Claimed { // by who let it lie
		c = Release(c)
	}
	c.Kept = c.Agent
	c.State, c.Agent, c.Until = Claimed, agent, now.Add(r.Preview)
	return c
}

// Dial says that the contact is being called.
func Dial(c Contact) Contact {
	c.State, c.Until = Dialing, time.Time{}
	c.Attempts++
	return c
}

// Result is how a call ended.
type Result struct {
	Left        bool   // a call left for the number at all
	Reached     bool   // somebody answered
	Why         Reason // else: Busy, NoAnswer, Unreachable or BadNumber
	Disposition string
	Again       time.Time // a time was agreed; zero: none
	Own         bool      // … with the agent itself
}

// After is what becomes of a contact whose call ended, and whether its number must not
// be called any more.
func (r Rules) After(c Contact, res Result, now time.Time) (out Contact, never bool) {
	agent, kept := c.Agent, c.Kept
	c.Agent, c.Kept, c.Until, c.Outcome = "", "", time.Time{}, res.Disposition
	then, said := r.Outcomes[res.Disposition]
	switch {
	case said && then.Do == NeverAgain:
		c.State, c.Reason, c.Due = Excluded, DoNotCall, time.Time{}
		return c, true
	case !res.Again.IsZero():
		c.State, c.Reason, c.Due = RetryAt, Asked, res.Again
		if res.Own {
			c.Agent = agent
		}
	case said && then.Do == CallAgain:
		c = r.again(c, c.reasonOf(res), then.After, now)
	case said || res.Reached:
		c.State, c.Reason, c.Due = Done, c.reasonOf(res), time.Time{}
	case !res.Left:
		c.Attempts = max(c.Attempts-1, 0)
		c.Reason, c.Kept = "", kept
		c = Release(c)
	case res.Why == BadNumber:
		c.State, c.Reason, c.Due = Excluded, BadNumber, time.Time{}
	default:
		c = r.again(c, res.Why, r.spacing(res.Why), now)
	}
	return c, false
}

func (Contact) reasonOf(res Result) Reason {
	if res.Reached {
		return Reached
	}
	return res.Why
}

func (r Rules) spacing(why Reason) time.Duration {
	switch why {
	case Busy:
		return r.Busy
	case Unreachable:
		return r.Unreachable
	}
	return r.NoAnswer
}

// again puts a contact off, if it may be called once more.
func (r Rules) again(c Contact, why Reason, after time.Duration, now time.Time) Contact {
	if c.Attempts >= r.MaxAttempts || after <= 0 {
		c.State, c.Reason, c.Due = Done, why, time.Time{}
		if c.Attempts >= r.MaxAttempts {
			c.Reason = Exhausted
		}
		return c
	}
	c.State, c.Reason, c.Due = RetryAt, why, now.Add(after)
	return c
}

// Skip is what becomes of a contact that an agent does not call: it is put off, or taken
// out for good.
func Skip(c Contact, why Reason, after time.Duration, now time.Time) Contact {
	c.Agent, c.Kept, c.Until, c.Reason = "", "", time.Time{}, why
	if why == Later {
		c.State, c.Due = RetryAt, now.Add(after)
		return c
	}
	c.State, c.Due = Excluded, time.Time{}
	return c
}

// Release gives a contact back that an agent had, to the place that it had and to whom it
// was kept for.
func Release(c Contact) Contact {
	c.Agent, c.Kept, c.Until, c.State = c.Kept, "", time.Time{}, Pending
	if !c.Due.IsZero() {
		c.State = RetryAt
	}
	return c
}

// Readmit is what becomes of a contact that is not excluded any more: it is called as any
// other, if it may be called once more.
func (r Rules) Readmit(c Contact) Contact {
	c.State, c.Reason = Pending, ""
	if c.Attempts > 0 && c.Attempts >= r.MaxAttempts {
		c.State, c.Reason = Done, Exhausted
	}
	return c
}

// Failed reads the status with which a call was refused (RFC 3261 §21); 0 is none.
func Failed(sip int) Reason {
	switch sip {
	case 486, 600:
		return Busy
	case 0, 408, 480, 487, 603, 607, 608:
		return NoAnswer
	case 404, 410, 484, 604:
		return BadNumber
	}
	return Unreachable
}
