package setup

import (
	"cmp"
	"slices"
	"strings"

	"nubitalk/internal/core/alert"
)

// AlertRule says when supervisors are alerted. Its recipients see its alerts if
// they may watch the floor; with none named, everybody who may.
type AlertRule struct {
	Name        string         `json:"name" minLength:"1" maxLength:"80"`
	Enabled     bool           `json:"enabled" default:"true"`
	Measure     alert.Measure  `json:"measure" enum:"waiting,longest_waiting,estimated_wait,service_level_ignored,abandon_rate,agents_free,agents_at_work,time_in_state" doc:"What is watched, by its id among the measures. time_in_state watches agents, the others watch queues. Shares are today's."`
	Queues      []string       `json:"queues" doc:"Ids of the queues that are watched, each by itself; empty means all."`
	Teams       []string       `json:"teams" doc:"With time_in_state: ids of the teams whose agents are watched; empty means all agents."`
	Activity    alert.Activity `json:"activity,omitempty" enum:"ready,engaged,wrapping,not_ready,missed" doc:"With time_in_state: what the agent does."`
	Reasons     []string       `json:"reasons" doc:"With not_ready: only for these reasons; empty means any."`
	Warning     AlertLevel     `json:"warning"`
	Critical    AlertLevel     `json:"critical"`
	HoldSeconds int            `json:"hold_seconds" default:"15" minimum:"0" maximum:"3600" doc:"A change of level comes after the value asked for it for so long without a break."`
	MinContacts int            `json:"min_contacts" default:"10" minimum:"0" maximum:"10000" doc:"With a share: nothing before so many contacts counted today."`
	Recipients  []string       `json:"recipients" doc:"User ids of who sees its alerts, of those who may watch the floor; empty, or nobody left of them, means all of these."`
	Always      bool           `json:"always" doc:"Watch a queue also while it is closed. Agents are watched whenever they are signed in."`
}

// AlertLevel is where a level begins and ends, in the measure's unit.
type AlertLevel struct {
	At    int `json:"at" minimum:"0" maximum:"100000" doc:"The level begins at this value or above; for a service level and for numbers of agents, below it. 0: this level is not used."`
	Clear int `json:"clear,omitempty" minimum:"0" maximum:"100000" doc:"It ends below this value; for a service level and for numbers of agents, at it or above. 0: a fifth on the good side of at, for a service level 5 points above it."`
}

// DefaultAlertRule is a rule for all queues, or all agents, whose levels begin at
// these values and end where they do unless somebody chooses.
func DefaultAlertRule(name string, m alert.Measure, warning, critical int) AlertRule {
	return Clean(AlertRule{Name: name, Enabled: true, Measure: m, Warning: AlertLevel{At: warning}, Critical: AlertLevel{At: critical}, HoldSeconds: 15, MinContacts: 10})
}

func (AlertRule) Kind() Kind         { return KindAlertRule }
func (r AlertRule) Called() string   { return r.Name }
func (r AlertRule) Unique() []Unique { return byName(r.Name) }

func (r AlertRule) Uses() []Use {
	var u uses
	for i, q := range r.Queues {
		u.add(at("queues", i), KindQueue, q)
	}
	for i, t := range r.Teams {
		u.add(at("teams", i), KindTeam, t)
	}
	for i, n := range r.Reasons {
		u.add(at("reasons", i), KindReason, n)
	}
	for i, n := range r.Recipients {
		u.add(at("recipients", i), KindUser, n)
	}
	return u
}

func (r AlertRule) clean() Object {
	r.Name = tidy(r.Name)
	r.Queues, r.Teams, r.Reasons, r.Recipients = once(r.Queues), once(r.Teams), once(r.Reasons), once(r.Recipients)
	return r
}

// Thresholds are the rule's with the defaults filled in.
func (r AlertRule) Thresholds() alert.Thresholds {
	t := alert.Thresholds{LowIsBad: r.Measure.LowIsBad(), Hold: seconds(r.HoldSeconds), Warning: alert.Threshold(r.Warning), Critical: alert.Threshold(r.Critical)}
	t.Warning.Clear = cmp.Or(t.Warning.Clear, alert.DefaultClear(r.Measure, t.Warning.At))
	if t.Critical.Clear == 0 {
		t.Critical.Clear = alert.DefaultClear(r.Measure, t.Critical.At)
		if t.Warning.At > 0 && t.LowIsBad == (t.Critical.Clear > t.Warning.Clear) { // a level that is worse ends first
			t.Critical.Clear = t.Warning.Clear
		}
	}
	return t
}

func (r AlertRule) Validate(refs Refs) error {
	var c checks
	c.name("name", r.Name, 1, 80)
	c.number("hold_seconds", r.HoldSeconds, 0, 3600)
	c.number("min_contacts", r.MinContacts, 0, 10000)
	c.count("queues", len(r.Queues), 2000)
	c.count("teams", len(r.Teams), 2000)
	c.count("recipients", len(r.Recipients), 200)
	if r.Measure.Known() {
		r.checkWho(&c)
		r.checkLevels(&c)
	} else {
		c.oneOf("measure", string(r.Measure), namesOf(alert.Measures)...)
	}
	c.uses(r, refs)
	return c.Err()
}

// checkWho refuses what does not go with the measure.
func (r AlertRule) checkWho(c *checks) {
	if !r.Measure.OfAgents() {
		c.none("teams", len(r.Teams))
		c.none("activity", len(r.Activity))
		c.none("reasons", len(r.Reasons))
		return
	}
	if len(r.Queues) > 0 {
		c.Add("queues", "do not go with agents' time in state; name teams, or nothing for all agents.")
	}
	if r.Activity == "" {
		c.Add("activity", "is missing; say which state is watched: %s.", strings.Join(namesOf(alert.Activities), ", "))
	} else {
		c.oneOf("activity", string(r.Activity), namesOf(alert.Activities)...)
	}
	if len(r.Reasons) > 0 && r.Activity != alert.NotReady {
		c.Add("reasons", "go with the state not_ready only.")
	}
}

// none refuses a field that is for agents only.
func (c *checks) none(path string, n int) {
	if n > 0 {
		c.Add(path, "is for agents' time in state only; this measure watches queues.")
	}
}

// checkLevels refuses thresholds that contradict each other.
func (r AlertRule) checkLevels(c *checks) {
	if r.Warning.At == 0 && r.Critical.At == 0 {
		c.Add("warning.at", "is missing; give a value for warning, for critical or for both.")
	}
	r.checkLevel(c, "warning", r.Warning)
	r.checkLevel(c, "critical", r.Critical)
	if r.Warning.At == 0 || r.Critical.At == 0 {
		return
	}
	low, t := r.Measure.LowIsBad(), r.Thresholds()
	switch {
	case low && r.Critical.At >= r.Warning.At:
		c.Add("critical.at", "is %d, which is not worse than the warning's %d; give a lower value.", r.Critical.At, r.Warning.At)
	case !low && r.Critical.At <= r.Warning.At:
		c.Add("critical.at", "is %d, which is not worse than the warning's %d; give a higher value.", r.Critical.At, r.Warning.At)
	case low && t.Critical.Clear > t.Warning.Clear, !low && t.Critical.Clear < t.Warning.Clear:
		c.Add("critical.clear", "is %d, where the warning has ended already (%d); critical ends first.", t.Critical.Clear, t.Warning.Clear)
	}
}

func (r AlertRule) checkLevel(c *checks, path string, l AlertLevel) {
	most := r.Measure.Highest()
	c.number(path+".at", l.At, 0, most)
	c.number(path+".clear", l.Clear, 0, most)
	switch {
	case l.Clear == 0:
	case l.At == 0:
		c.Add(path+".clear", "says where a level ends that is not used; give its value, or 0 here.")
	case r.Measure.LowIsBad() && l.Clear < l.At:
		c.Add(path+".clear", "is %d, where it begins (below %d); a value of at least %d is accepted.", l.Clear, l.At, l.At)
	case !r.Measure.LowIsBad() && l.Clear > l.At:
		c.Add(path+".clear", "is %d, where it begins (at %d); a value of at most %d is accepted.", l.Clear, l.At, l.At)
	}
}

// namesOf are the words of a list.
func namesOf[S ~string](list []S) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = string(s)
	}
	return out
}

// Watches says whether the rule watches a queue.
func (r AlertRule) Watches(queue string) bool {
	return r.Enabled && !r.Measure.OfAgents() && (len(r.Queues) == 0 || slices.Contains(r.Queues, queue))
}

// WatchesAgent says whether the rule watches an agent who is in these teams.
func (r AlertRule) WatchesAgent(teams []string) bool {
	if !r.Enabled || !r.Measure.OfAgents() {
		return false
	}
	return len(r.Teams) == 0 || slices.ContainsFunc(teams, func(t string) bool { return slices.Contains(r.Teams, t) })
}
