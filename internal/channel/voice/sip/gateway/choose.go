package gateway

import "time"

// Gateway is what is known of one when a call is to be placed.
type Gateway struct {
	// Priority: a lower number is tried first (as in RFC 2782).
	Priority int
	// Weight shares calls among gateways of one priority; 0 gets some only
	// where all have 0.
	Weight int
	// Up is what Health says, and Full that Cap lets no more calls in.
	Up, Full bool
}

// Order gives the indices of the gateways in the order in which a call tries
// them: by priority, within one at random in proportion to the weights (RFC
// 2782). Full ones are left out. Those that are down come last, because a
// gateway that seems down may still be better than no call at all.
func Order(all []Gateway, random func() uint64) []int {
	order := make([]int, 0, len(all))
	for _, up := range []bool{true, false} {
		left := make([]int, 0, len(all))
		for i, g := range all {
			if g.Up == up && !g.Full {
				left = append(left, i)
			}
		}
		for len(left) > 0 {
			i := pick(all, left, random)
			order = append(order, left[i])
			left = append(left[:i], left[i+1:]...)
		}
	}
	return order
}

// pick chooses among those with the lowest priority.
func pick(all []Gateway, left []int, random func() uint64) int {
	first := all[left[0]].Priority
	for _, i := range left {
		first = min(first, all[i].Priority)
	}
	sum, same := 0, 0
	for _, i := range left {
		if g := all[i]; g.Priority == first {
			sum += max(g.Weight, 0)
			same++
		}
	}
	at := 0
	if sum > 0 {
		at = int(random() % uint64(sum))
	} else {
		at = int(random() % uint64(same))
	}
	for n, i := range left {
		g := all[i]
		if g.Priority != first {
			continue
		}
		share := max(g.Weight, 0)
		if sum == 0 {
			share = 1
		}
		if at < share {
			return n
		}
		at -= share
	}
	return 0
}

// Falls says whether a call that failed with a code goes to the next gateway:
// when this one did not answer or cannot, but not when the called end said no.
// A gateway's own refusal of us (401, 403, 407) is not tried elsewhere either:
// it would be a second call by another way.
func Falls(code int) bool {
	switch code {
	case 408, 500, 502, 503, 504:
		return true
	}
	return false
}

// Health says whether a gateway is up, from OPTIONS and from calls, slow to
// change its mind.
type Health struct {
	down      bool
	failed    int // in a row
	succeeded int
	until     time.Time // not before, after 503 with Retry-After
}

// Hysteresis: so many failures in a row take a gateway down, so many successes
// bring it back.
const (
	FailuresDown = 3
	SuccessesUp  = 2
)

// Probe notes whether the gateway answered an OPTIONS: any final response but
// 408 and 503 is an answer (RFC 3261 §11.2: 404 or 405 come from something that
// lives). changed says that Up is another than before.
func (h *Health) Probe(code int) (changed bool) {
	if code == 408 || code == 503 {
		return h.fail()
	}
	h.failed = 0
	if !h.down {
		return false
	}
	if h.succeeded++; h.succeeded < SuccessesUp {
		return false
	}
	h.down, h.succeeded = false, 0
	return true
}

// Call notes how a call by this gateway ended before it was answered; code 0: it
// was answered. retryAfter is what a 503 asks for.
func (h *Health) Call(code int, retryAfter time.Duration, now time.Time) (changed bool) {
	if code == 503 && retryAfter > 0 {
		h.until = now.Add(min(retryAfter, time.Hour))
	}
	if Falls(code) {
		return h.fail()
	}
	h.failed = 0
	return false
}

func (h *Health) fail() bool {
	h.succeeded = 0
	if h.failed++; h.down || h.failed < FailuresDown {
		return false
	}
	h.down = true
	return true
}

// Up says whether calls may take the gateway.
func (h *Health) Up(now time.Time) bool { return !h.down && !now.Before(h.until) }

// Doubtful says that the gateway is up, but did not answer the last time.
func (h *Health) Doubtful() bool { return !h.down && h.failed > 0 }

// Interval is when to probe next: often while it is down or doubtful.
func (h *Health) Interval(usual time.Duration) time.Duration {
	if h.down || h.failed > 0 {
		return min(usual, max(usual/4, 5*time.Second))
	}
	return usual
}

// Cap bounds calls: how many at a time, and how many begin a second. A bound of
// 0 is none.
type Cap struct {
	Calls     int
	PerSecond float64

	standing int
	tokens   float64
	at       time.Time
}

// Full says whether Take would refuse now.
func (c *Cap) Full(now time.Time) bool {
	c.fill(now)
	return c.Calls > 0 && c.standing >= c.Calls || c.PerSecond > 0 && c.tokens < 1
}

// Take counts a call that begins, or says that there is no room.
func (c *Cap) Take(now time.Time) bool {
	if c.Full(now) {
		return false
	}
	c.standing++
	c.tokens--
	return true
}

// Stand counts a call that stands already, whatever the bounds are.
func (c *Cap) Stand() { c.standing++ }

// Give counts a call that has ended.
func (c *Cap) Give() { c.standing = max(0, c.standing-1) }

// Standing is how many calls are counted.
func (c *Cap) Standing() int { return c.standing }

// fill adds what time brings: a second's worth is kept at most, and one call at
// least may always begin.
func (c *Cap) fill(now time.Time) {
	most := max(c.PerSecond, 1)
	if c.at.IsZero() {
		c.tokens = most
	} else if d := now.Sub(c.at); d > 0 {
		c.tokens = min(most, c.tokens+d.Seconds()*c.PerSecond)
	}
	if c.PerSecond <= 0 {
		c.tokens = most
	}
	c.at = now
}
