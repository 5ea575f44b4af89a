package gateway

import (
	"strconv"
	"strings"
	"time"

	"nubitalk/internal/channel/voice/sip/wire"
)

// RegState is how a registration stands.
type RegState uint8

const (
	Trying     RegState = iota // not registered yet
	Registered                 // in force
	Failing                    // the registrar does not answer or cannot; tried again
	Denied                     // the registrar does not know us; tried again, slowly
	Removed                    // ended by us
)

func (s RegState) String() string {
	return [...]string{"trying", "registered", "failing", "denied", "removed"}[s]
}

// Registration decides when to register with a trunk's registrar (RFC 3261
// §10.2): it asks for a time, renews well before its end, waits ever longer
// after failures (RFC 5626 §4.5), and takes what 423 asks for.
type Registration struct {
	// Asks is how long a registration shall last (default 1 h).
	Asks time.Duration
	// Random spreads attempts, so that not all trunks come at once.
	Random func() uint64

	state    RegState
	wants    time.Duration
	ends     time.Time
	failures int
	due      time.Time
	inFlight bool
	removing bool
}

// Bounds of waiting.
const (
	firstWait  = 10 * time.Second
	longestReg = 30 * time.Minute
	deniedWait = 10 * time.Minute
	shortest   = 10 * time.Second
)

// State is how it stands.
func (r *Registration) State() RegState { return r.state }

// Ends is when a registration in force would lapse.
func (r *Registration) Ends() time.Time { return r.ends }

// Due is when Attempt may be called; zero: an answer is awaited, or it is over.
func (r *Registration) Due(now time.Time) time.Time {
	if r.inFlight || r.state == Removed {
		return time.Time{}
	}
	if r.due.IsZero() {
		return now
	}
	return r.due
}

// Attempt gives the Expires of the REGISTER that is sent now; Response must
// follow.
func (r *Registration) Attempt() (expires time.Duration) {
	r.inFlight = true
	if r.removing {
		return 0
	}
	if r.wants == 0 {
		if r.wants = r.Asks; r.wants == 0 {
			r.wants = time.Hour
		}
	}
	return r.wants
}

// Remove asks for an Attempt that ends the registration.
func (r *Registration) Remove(now time.Time) {
	r.removing = true
	r.due = now
	if r.state != Registered && !r.inFlight {
		r.state = Removed
	}
}

// Response takes the final answer to an Attempt: code 408 or 503 and a nil
// message where there is none. ours says whether a Contact in it is ours.
// changed says that State is another than before.
func (r *Registration) Response(code int, m *wire.Message, ours func(wire.Address) bool, now time.Time) (changed bool) {
	before := r.state
	r.inFlight = false
	switch {
	case r.removing && (code < 300 || r.failures >= 2):
		r.state = Removed
	case r.removing:
		r.failures++
		r.due = now.Add(firstWait)
	case code < 300:
		r.failures = 0
		lasts := r.granted(m, ours)
		if lasts <= 0 {
			r.fail(now, m)
			break
		}
		r.state = Registered
		r.ends = now.Add(lasts)
		r.due = now.Add(renewAfter(lasts))
	case code == 423:
		least, err := strconv.ParseUint(strings.TrimSpace(m.Get("Min-Expires")), 10, 31)
		if d := time.Duration(least) * time.Second; err == nil && d > r.wants && d <= 24*time.Hour {
			r.wants = d
			r.due = now
			break
		}
		r.fail(now, m)
	case code == 401 || code == 407 || code == 403 || code == 404:
		// Our password is wrong, or the account is none: again and again would
		// lock it.
		r.state = Denied
		r.failures++
		r.due = now.Add(deniedWait + r.spread(deniedWait/4))
	default:
		r.fail(now, m)
	}
	return r.state != before
}

// fail waits, twice as long each time.
func (r *Registration) fail(now time.Time, m *wire.Message) {
	wait := min(firstWait<<min(r.failures, 12), longestReg)
	r.failures++
	if m != nil {
		after, _, _ := strings.Cut(m.Get("Retry-After"), ";")
		if n, err := strconv.ParseUint(strings.TrimSpace(after), 10, 31); err == nil {
			wait = max(wait, min(time.Duration(n)*time.Second, longestReg))
		}
	}
	r.due = now.Add(wait/2 + r.spread(wait/2))
	if r.state != Registered || !now.Before(r.ends) {
		r.state = Failing
	}
}

func (r *Registration) spread(d time.Duration) time.Duration {
	if r.Random == nil || d <= 0 {
		return d
	}
	return time.Duration(r.Random() % uint64(d))
}

// granted is how long the registrar lets our Contact stand.
func (r *Registration) granted(m *wire.Message, ours func(wire.Address) bool) time.Duration {
	if m == nil {
		return 0
	}
	for _, c := range m.Contact {
		if !ours(c) {
			continue
		}
		if v, ok := c.Params.Get("expires"); ok {
			if n, err := strconv.ParseUint(v, 10, 31); err == nil {
				return bound(time.Duration(n) * time.Second)
			}
		}
	}
	if n, err := strconv.ParseUint(strings.TrimSpace(m.Get("Expires")), 10, 31); err == nil {
		return bound(time.Duration(n) * time.Second)
	}
	return r.wants
}

func bound(d time.Duration) time.Duration {
	if d == 0 {
		return 0
	}
	return max(d, shortest)
}

// renewAfter leaves room for an answer that is lost: half of short times, all
// but a tenth, five minutes at most, of long ones.
func renewAfter(lasts time.Duration) time.Duration {
	if lasts < 2*time.Minute {
		return lasts / 2
	}
	return lasts - min(lasts/10+32*time.Second, 5*time.Minute)
}
