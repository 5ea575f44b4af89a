package dtmf

import (
	"strings"
	"time"

	"nubitalk/internal/base/secret"
)

// Rule is when an input of keys is complete.
type Rule struct {
	Most  int    // keys; 0 is 1
	Least int    // keys without which it is not complete
	Ends  string // keys that end it and do not count, such as "#"; may be empty
	// First is how long to wait for the first key, Next for each further one.
	First, Next time.Duration
}

// Outcome is how far an input has come.
type Outcome uint8

const (
	Waiting  Outcome = iota // for another key, or for the deadline
	Complete                // Keys are the input
	TooFew                  // it ended with some keys, but fewer than Least
	Nothing                 // no key came in time
)

// Collector gathers one input. It decides only; the keys come from a leg's events
// and the deadline is its user's timer.
type Collector struct {
	rule     Rule
	keys     []byte
	deadline time.Time
	outcome  Outcome
}

// Collect begins an input at now.
func Collect(r Rule, now time.Time) *Collector {
	r.Most = max(r.Most, 1)
	return &Collector{rule: r, deadline: now.Add(r.First)}
}

// Press takes a key; after the end it changes nothing.
func (c *Collector) Press(key byte, now time.Time) Outcome {
	if c.outcome != Waiting || !Valid(key) {
		return c.outcome
	}
	if strings.IndexByte(c.rule.Ends, key) >= 0 {
		return c.end()
	}
	c.keys = append(c.keys, key)
	c.deadline = now.Add(c.rule.Next)
	if len(c.keys) >= c.rule.Most {
		return c.end()
	}
	return Waiting
}

// Expire looks at the clock: past the deadline the input ends.
func (c *Collector) Expire(now time.Time) Outcome {
	if c.outcome == Waiting && !now.Before(c.deadline) {
		return c.end()
	}
	return c.outcome
}

func (c *Collector) end() Outcome {
	switch n := len(c.keys); {
	case n >= max(c.rule.Least, 1):
		c.outcome = Complete
	case n > 0:
		c.outcome = TooFew
	default:
		c.outcome = Nothing
	}
	return c.outcome
}

// Deadline is when to ask Expire.
func (c *Collector) Deadline() time.Time { return c.deadline }

// Keys are those pressed so far, without the one that ended it.
func (c *Collector) Keys() secret.Text { return secret.New(string(c.keys)) }
