package alert

import (
	"math"
	"time"
)

// Level is how bad it is.
type Level int

const (
	None Level = iota
	Warning
	Critical
)

// String is the level as it is stored and shown: "", "warning", "critical".
func (l Level) String() string {
	switch l {
	case Warning:
		return "warning"
	case Critical:
		return "critical"
	}
	return ""
}

// ParseLevel is the reverse of String; what is unknown is None.
func ParseLevel(s string) Level {
	switch s {
	case "warning":
		return Warning
	case "critical":
		return Critical
	}
	return None
}

// Threshold is where a level begins and where it ends, in the measure's unit.
// Where large values are bad it begins at At or above and ends below Clear; where
// small ones are, it begins below At and ends at Clear or above. At 0: the level
// is not used.
type Threshold struct{ At, Clear int }

// Thresholds are those of one rule.
type Thresholds struct {
	LowIsBad          bool
	Warning, Critical Threshold
	Hold              time.Duration // how long a change must have been asked for
}

// DefaultClear is where a level ends unless somebody chose: a fifth on the good
// side of where it begins, and 5 points above a service level.
func DefaultClear(m Measure, at int) int {
	switch {
	case !m.LowIsBad():
		return int(math.Ceil(float64(at) * 4 / 5))
	case m.Unit() == Percent:
		return min(at+5, 100)
	}
	return at + at/5
}

// Sort is what a reading is worth.
type Sort int

const (
	Value   Sort = iota // there is a value
	Nothing             // there is nothing to measure, so nothing to be alarmed about
	Unclear             // it cannot be known now: what was so stays so
	Off                 // it is not watched now: out of hours, or the rule is out of use
)

// Reading is what a measure is at a moment.
type Reading struct {
	Sort  Sort
	Value float64
}

// Read is a reading with a value.
func Read(v float64) Reading { return Reading{Value, v} }

// State is one rule's for one queue or agent. Its zero value is that of who was
// never alarmed. Warning and Critical are since when the value asks for a change of
// that level; zero when it does not.
type State struct {
	Level             Level
	Warning, Critical time.Time
}

// Idle says that there is nothing to remember.
func (s State) Idle() bool { return s == State{} }

// Step is the state after a reading at now. Call it when a reading may have
// changed and when Wake says so; calling it more often changes nothing.
func (t Thresholds) Step(s State, r Reading, now time.Time) State {
	if r.Sort == Off {
		return State{}
	}
	warning := trigger{s.Level >= Warning, s.Warning}
	critical := trigger{s.Level == Critical, s.Critical}
	warning = warning.step(t, t.Warning, r, now)
	critical = critical.step(t, t.Critical, r, now)
	switch {
	case critical.on:
		return State{Level: Critical, Warning: warning.ifOn(), Critical: critical.since}
	case warning.on:
		return State{Level: Warning, Warning: warning.since, Critical: critical.since}
	}
	return State{Warning: warning.since, Critical: critical.since}
}

// Wake is when a state changes by itself if the reading stays as it is; false if
// it does not.
func (t Thresholds) Wake(s State) (time.Time, bool) {
	first := time.Time{}
	for _, since := range []time.Time{s.Warning, s.Critical} {
		if at := since.Add(t.Hold); !since.IsZero() && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	return first, !first.IsZero()
}

// Next is the nearest threshold, at or beyond a value, that a value which only
// grows comes to; false if there is none. It tells when a time must be looked at
// again.
func (t Thresholds) Next(value float64) (int, bool) {
	next, found := 0, false
	for _, th := range []Threshold{t.Warning, t.Critical} {
		if th.At == 0 {
			continue
		}
		for _, at := range []int{th.At, th.Clear} {
			if float64(at) > value && (!found || at < next) {
				next, found = at, true
			}
		}
	}
	return next, found
}

// trigger is one level: whether it is in force, and since when the value asks for
// the opposite.
type trigger struct {
	on    bool
	since time.Time
}

func (g trigger) step(t Thresholds, th Threshold, r Reading, now time.Time) trigger {
	if th.At == 0 {
		return trigger{}
	}
	if g.wants(t, th, r) == g.on {
		return trigger{on: g.on}
	}
	if g.since.IsZero() || g.since.After(now) { // after: the clock was set back
		g.since = now
	}
	if now.Sub(g.since) >= t.Hold {
		return trigger{on: !g.on}
	}
	return g
}

// wants says whether the level should be in force by the value alone.
func (g trigger) wants(t Thresholds, th Threshold, r Reading) bool {
	switch r.Sort {
	case Unclear:
		return g.on
	case Nothing:
		return false
	}
	edge := th.At
	if g.on {
		edge = th.Clear
	}
	return (r.Value < float64(edge)) == t.LowIsBad
}

// ifOn is since when a level that is in force asks to end.
func (g trigger) ifOn() time.Time {
	if g.on {
		return g.since
	}
	return time.Time{}
}
