package unusual

import "time"

// Refusal is why a call was refused.
type Refusal string

const (
	Forbidden Refusal = "forbidden" // what the caller may not, or what is not there for it
	Nowhere   Refusal = "nowhere"   // a path that the product does not have: programs that look for others' holes ask for many
	Input     Refusal = "input"     // what was sent is not what is accepted
	Often     Refusal = "often"     // more calls than one caller may make
)

// RefusalsTogether is how far apart refusals of one caller are at most to be counted
// together.
const RefusalsTogether = 10 * time.Minute

// many is how many of a kind within RefusalsTogether no usual work makes: a page asks for
// what is gone a few times, a form is sent again, a program makes a mistake with each line
// of a short list.
var many = map[Refusal]int{Forbidden: 50, Nowhere: 50, Input: 100, Often: 200}

// mostRefused bounds how many callers are counted.
const mostRefused = 10_000

// Refusals counts what was refused to callers, to find who tries to get around. The zero
// value is ready. It is for one goroutine.
type Refusals struct {
	callers map[string]*refused
	outside map[string]time.Time
}

type refused struct {
	since time.Time
	times map[Refusal]int
}

// Count counts a refusal, and says how many of its kind there were together if that is worth
// telling: when they become many, and each time that they are twice as many again; else 0.
func (r *Refusals) Count(caller string, kind Refusal, now time.Time) (times int) {
	if r.callers == nil {
		r.callers = map[string]*refused{}
	}
	c := r.callers[caller]
	if c == nil || now.Sub(c.since) >= RefusalsTogether {
		if c == nil && len(r.callers) >= mostRefused {
			r.trim(now)
		}
		c = &refused{since: now, times: map[Refusal]int{}}
		r.callers[caller] = c
	}
	c.times[kind]++
	for n := many[kind]; n > 0 && n <= c.times[kind]; n *= 2 {
		if n == c.times[kind] {
			return n
		}
	}
	return 0
}

// Outside says whether it is to be noted now that somebody from outside, whom nothing
// tells from others, has many refusals: of one organisation once within RefusalsTogether,
// however many there are.
func (r *Refusals) Outside(organisation string, now time.Time) bool {
	if last, noted := r.outside[organisation]; noted && now.Sub(last) < RefusalsTogether {
		return false
	}
	if r.outside == nil {
		r.outside = map[string]time.Time{}
	}
	for other, last := range r.outside {
		if now.Sub(last) >= RefusalsTogether {
			delete(r.outside, other)
		}
	}
	r.outside[organisation] = now
	return true
}

// trim forgets those that are over, or any half if too few are.
func (r *Refusals) trim(now time.Time) {
	for caller, c := range r.callers {
		if now.Sub(c.since) >= RefusalsTogether {
			delete(r.callers, caller)
		}
	}
	for caller := range r.callers {
		if len(r.callers) <= mostRefused/2 {
			return
		}
		delete(r.callers, caller)
	}
}
