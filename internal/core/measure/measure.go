package measure

import "time"

// Ratio is a part of a whole. It stays a fraction so that figures can be added
// and clicked down to what they count.
type Ratio struct {
	Part int64 `json:"part"`
	Of   int64 `json:"of"`
}

// Percent is 100 × Part ÷ Of; false if there is nothing to divide by.
func (r Ratio) Percent() (float64, bool) {
	if r.Of <= 0 {
		return 0, false
	}
	return 100 * float64(r.Part) / float64(r.Of), true
}

// Ending is how a contact's wait in a queue ended.
type Ending string

const (
	StillWaiting Ending = "still_waiting"
	Answered     Ending = "answered"  // an agent accepted it
	Abandoned    Ending = "abandoned" // the person left before that
	// Removed is every other end: moved to another queue, overflowed, closed from
	// outside. It was offered to this queue, but nobody let it down here.
	Removed Ending = "removed"
)

// Goal is a queue's service level: answer within this time.
type Goal struct {
	Within time.Duration
	// Short is the time before which a person who leaves counts as a short
	// abandon (hung up at once, wrong page) and not as let down; 0 counts none.
	Short time.Duration
}

// Counts are the waits of contacts in one or more queues.
type Counts struct {
	Offered         int64         `json:"offered"` // entered the queue
	Answered        int64         `json:"answered"`
	AnsweredInGoal  int64         `json:"answered_in_goal"`
	Abandoned       int64         `json:"abandoned"`         // short ones included
	AbandonedInGoal int64         `json:"abandoned_in_goal"` // not short, and no later than the goal
	ShortAbandoned  int64         `json:"short_abandoned"`
	Removed         int64         `json:"removed"`
	LateWaiting     int64         `json:"late_waiting"` // still waiting, later than the goal
	AnswerWait      time.Duration `json:"answer_wait"`  // sum of the waits of answered contacts
	LongestWait     time.Duration `json:"longest_wait"` // of any contact, still waiting or not
}

// Count adds one contact that waited so long, from entering the queue to its
// end (or until now, if it still waits). A wait of exactly the goal is in it; a
// wait of exactly Goal.Short is not short.
func (c *Counts) Count(end Ending, waited time.Duration, g Goal) {
	waited = max(waited, 0)
	inGoal := waited <= g.Within
	c.Offered++
	c.LongestWait = max(c.LongestWait, waited)
	switch end {
	case Answered:
		c.Answered++
		c.AnswerWait += waited
		if inGoal {
			c.AnsweredInGoal++
		}
	case Abandoned:
		c.Abandoned++
		switch {
		case waited < g.Short:
			c.ShortAbandoned++
		case inGoal:
			c.AbandonedInGoal++
		}
	case Removed:
		c.Removed++
	default:
		if !inGoal {
			c.LateWaiting++
		}
	}
}

// Add adds the counts of another interval or queue.
func (c *Counts) Add(o Counts) {
	c.Offered += o.Offered
	c.Answered += o.Answered
	c.AnsweredInGoal += o.AnsweredInGoal
	c.Abandoned += o.Abandoned
	c.AbandonedInGoal += o.AbandonedInGoal
	c.ShortAbandoned += o.ShortAbandoned
	c.Removed += o.Removed
	c.LateWaiting += o.LateWaiting
	c.AnswerWait += o.AnswerWait
	c.LongestWait = max(c.LongestWait, o.LongestWait)
}

// Treatment is what an abandon within the goal does to the service level. One
// after the goal always counts against it, a short one never counts.
type Treatment string

const (
	// Ignored leaves them out: they had no chance to be late. The default.
	Ignored Treatment = "ignored"
	// Against counts them as not answered in time.
	Against Treatment = "against"
	// For counts them as answered in time.
	For Treatment = "for"
)

// ServiceLevel is the share of contacts answered within the goal, of those whose
// fate against the goal is known:
//
//	known   = answered + (abandoned - short abandoned) + late waiting
//	ignored   answered in goal ÷ (known - abandoned in goal)
//	against   answered in goal ÷ known
//	for       (answered in goal + abandoned in goal) ÷ known
//
// Source: the three service level types of Cisco Unified ICM/CCE (abandoned
// calls ignored, with negative or with positive impact; user guides, table of
// service level formulas), where a contact counts as soon as it is answered,
// abandoned or late, and one that left before the short-call time never does.
func ServiceLevel(c Counts, t Treatment) Ratio {
	known := c.Answered + c.Abandoned - c.ShortAbandoned + c.LateWaiting
	switch t {
	case Against:
		return Ratio{c.AnsweredInGoal, known}
	case For:
		return Ratio{c.AnsweredInGoal + c.AbandonedInGoal, known}
	}
	return Ratio{c.AnsweredInGoal, known - c.AbandonedInGoal}
}

// AbandonRate is the share of contacts whose person left before an answer:
//
//	(abandoned - short abandoned) ÷ (offered - short abandoned)
func AbandonRate(c Counts) Ratio {
	return Ratio{c.Abandoned - c.ShortAbandoned, c.Offered - c.ShortAbandoned}
}

// ShortAbandonRate is the share of contacts that left at once:
//
//	short abandoned ÷ offered
func ShortAbandonRate(c Counts) Ratio { return Ratio{c.ShortAbandoned, c.Offered} }

// ASA is the average speed of answer: the mean wait of answered contacts, from
// entering the queue to acceptance; false if none was answered. Abandoned ones
// have no answer and do not count.
//
//	sum of waits of answered ÷ answered
func ASA(c Counts) (time.Duration, bool) { return mean(c.AnswerWait, c.Answered) }

// Handling is the time that agents spent on contacts.
type Handling struct {
	Handled int64         `json:"handled"` // contacts whose wrap-up ended in the interval
	Talk    time.Duration `json:"talk"`    // from acceptance to the end of the contact, without hold
	Hold    time.Duration `json:"hold"`
	WrapUp  time.Duration `json:"wrap_up"`
}

// Add adds another interval's or agent's handling.
func (h *Handling) Add(o Handling) {
	h.Handled += o.Handled
	h.Talk += o.Talk
	h.Hold += o.Hold
	h.WrapUp += o.WrapUp
}

// Time is all of it.
func (h Handling) Time() time.Duration { return h.Talk + h.Hold + h.WrapUp }

// AHT is the average handling time; false if nothing was handled. Contacts that
// an agent handles at the same time (chats) count in full each, and all of a
// contact counts where its wrap-up ended.
//
//	(talk + hold + wrap-up) ÷ handled
//
// Source: vocabulary of the industry, e.g. Genesys Cloud glossary, "Average
// handle time", less its outbound dialling time.
func AHT(h Handling) (time.Duration, bool) { return mean(h.Time(), h.Handled) }

// Presence is how an agent's signed-in time went. Each moment is in one part.
type Presence struct {
	Busy     time.Duration `json:"busy"`      // holding at least one active or wrapping contact
	Idle     time.Duration `json:"idle"`      // ready, holding none
	NotReady time.Duration `json:"not_ready"` // not ready or missed, holding none
}

// Add adds another interval's or agent's presence.
func (p *Presence) Add(o Presence) {
	p.Busy += o.Busy
	p.Idle += o.Idle
	p.NotReady += o.NotReady
}

// Occupancy is the share of an agent's available time with work in hand, in
// milliseconds. With several contacts at a time the time counts once, so it
// never passes 100 %.
//
//	busy ÷ (busy + idle)
//
// Source: (talk + hold + after-call work) ÷ (the same + idle time), the common
// definition of workforce planning.
func Occupancy(p Presence) Ratio {
	return Ratio{p.Busy.Milliseconds(), (p.Busy + p.Idle).Milliseconds()}
}

// Utilisation is the share of all signed-in time with work in hand, in
// milliseconds:
//
//	busy ÷ (busy + idle + not ready)
func Utilisation(p Presence) Ratio {
	return Ratio{p.Busy.Milliseconds(), (p.Busy + p.Idle + p.NotReady).Milliseconds()}
}

// EstimatedWait is the wait of who stands at a position (1 is next), where one
// contact is answered per interval; false if the interval is not known. The
// routing engine (acd, Estimate) brings the interval: the moving average between
// answers of contacts that waited, or, before there are enough of them, the
// handling time over the capacity of the agents at work.
//
//	position × interval, in whole seconds, rounded up
func EstimatedWait(position int, interval time.Duration) (time.Duration, bool) {
	if position <= 0 || interval <= 0 {
		return 0, false
	}
	wait := time.Duration(position) * interval
	return (wait + time.Second - 1).Truncate(time.Second), true
}

// EstimateErrors tell how far estimates were from what came.
type EstimateErrors struct {
	Estimates int64         `json:"estimates"`
	Off       time.Duration `json:"off"` // sum of |told - waited|
}

// Count adds one contact that was told a wait and then had one.
func (e *EstimateErrors) Count(told, waited time.Duration) {
	e.Estimates++
	e.Off += (told - waited).Abs()
}

// Mean is the mean absolute error; false if nothing was estimated.
//
//	sum of |told - waited| ÷ estimates
func (e EstimateErrors) Mean() (time.Duration, bool) { return mean(e.Off, e.Estimates) }

func mean(sum time.Duration, n int64) (time.Duration, bool) {
	if n <= 0 {
		return 0, false
	}
	return sum / time.Duration(n), true
}
