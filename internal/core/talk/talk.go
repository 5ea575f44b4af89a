package talk

// Stage is how far a written conversation is on its way to be spoken.
type Stage string

const (
	None           Stage = ""                 // it is written only
	AskedByAgent   Stage = "asked_by_agent"   // the agent offers to talk
	AskedByVisitor Stage = "asked_by_visitor" // the visitor asks to talk
	Running        Stage = "running"          // both agreed, and neither has ended it
)

// Side is who wants something.
type Side string

const (
	Agent   Side = "agent"
	Visitor Side = "visitor"
)

// Turn is what came of a wish.
type Turn string

const (
	Unchanged Turn = ""
	Asked     Turn = "call_asked"
	Withdrawn Turn = "call_withdrawn"
	Declined  Turn = "call_declined"
	Begun     Turn = "call_begun"
	Ended     Turn = "call_ended"
)

// asked is the stage in which a side waits for the other.
func (s Side) asked() Stage {
	if s == Agent {
		return AskedByAgent
	}
	return AskedByVisitor
}

// Want is the stage after a side wants to talk, or does not want to. A repeat
// changes nothing, so both sides may ask in the same moment: then both agreed.
func (s Stage) Want(side Side, talk bool) (Stage, Turn) {
	switch {
	case talk && s == None:
		return side.asked(), Asked
	case talk && s != Running && s != side.asked():
		return Running, Begun
	case talk || s == None:
		return s, Unchanged
	case s == Running:
		return None, Ended
	case s == side.asked():
		return None, Withdrawn
	}
	return None, Declined
}
