package talk

import "testing"

// TestWant goes through every stage, side and wish.
func TestWant(t *testing.T) {
	for _, c := range []struct {
		from Stage
		side Side
		talk bool
		to   Stage
		turn Turn
	}{
		{None, Agent, true, AskedByAgent, Asked},
		{None, Visitor, true, AskedByVisitor, Asked},
		{None, Agent, false, None, Unchanged},
		{None, Visitor, false, None, Unchanged},
		{AskedByAgent, Agent, true, AskedByAgent, Unchanged},
		{AskedByAgent, Visitor, true, Running, Begun},
		{AskedByAgent, Agent, false, None, Withdrawn},
		{AskedByAgent, Visitor, false, None, Declined},
		{AskedByVisitor, Visitor, true, AskedByVisitor, Unchanged},
		{AskedByVisitor, Agent, true, Running, Begun},
		{AskedByVisitor, Visitor, false, None, Withdrawn},
		{AskedByVisitor, Agent, false, None, Declined},
		{Running, Agent, true, Running, Unchanged},
		{Running, Visitor, true, Running, Unchanged},
		{Running, Agent, false, None, Ended},
		{Running, Visitor, false, None, Ended},
	} {
		to, turn := c.from.Want(c.side, c.talk)
		if to != c.to || turn != c.turn {
			t.Errorf("%q: the %s wants %v: %q by %q, want %q by %q", c.from, c.side, c.talk, to, turn, c.to, c.turn)
		}
	}
}
