package alert

import "slices"

// Measure is what is watched, by its id in core/measure's catalogue.
type Measure string

const (
	Waiting        Measure = "waiting"
	LongestWaiting Measure = "longest_waiting"
	EstimatedWait  Measure = "estimated_wait"
	ServiceLevel   Measure = "service_level_ignored"
	AbandonRate    Measure = "abandon_rate"
	AgentsFree     Measure = "agents_free"
	AgentsAtWork   Measure = "agents_at_work"
	TimeInState    Measure = "time_in_state"

	// Of trunks; no rule names them.
	TrunkGateways     Measure = "trunk_gateways"     // how many gateways are down while none is up
	TrunkRegistration Measure = "trunk_registration" // 1 while the registration fails

	// Of the organisation's recordings; no rule names them.
	RecordingsLost    Measure = "recordings_lost"    // how many cannot be written, or lose sound
	RecordingsFull    Measure = "recordings_full"    // 1 while there is no room for what is recorded
	RecordingsWaiting Measure = "recordings_waiting" // segments that wait for a file storage that does not answer
)

// OfTrunks are the measures of trunks, each of which is watched always.
var OfTrunks = []Measure{TrunkGateways, TrunkRegistration}

// OfAllRecordings are the measures of recordings, each of which is watched always.
var OfAllRecordings = []Measure{RecordingsLost, RecordingsFull, RecordingsWaiting}

// Measures are all that a rule can watch.
var Measures = []Measure{Waiting, LongestWaiting, EstimatedWait, ServiceLevel, AbandonRate, AgentsFree, AgentsAtWork, TimeInState}

// Unit is what a value counts.
type Unit string

const (
	Contacts Unit = "contacts"
	Seconds  Unit = "seconds"
	Percent  Unit = "percent"
	Agents   Unit = "agents"
)

// Unit is the unit of the measure's values and thresholds.
func (m Measure) Unit() Unit {
	switch m {
	case LongestWaiting, EstimatedWait, TimeInState:
		return Seconds
	case ServiceLevel, AbandonRate:
		return Percent
	case AgentsFree, AgentsAtWork:
		return Agents
	}
	return Contacts
}

// LowIsBad says that small values are a matter for alarm, not large ones.
func (m Measure) LowIsBad() bool { return m == ServiceLevel || m == AgentsFree || m == AgentsAtWork }

// OfTrunk says that trunks are watched.
func (m Measure) OfTrunk() bool { return slices.Contains(OfTrunks, m) }

// OfRecordings says that the organisation's recordings are watched.
func (m Measure) OfRecordings() bool { return slices.Contains(OfAllRecordings, m) }

// OfAgents says that single agents are watched, not queues.
func (m Measure) OfAgents() bool { return m == TimeInState }

// Share says that the value is a part of the contacts that counted, and means
// little while they are few.
func (m Measure) Share() bool { return m.Unit() == Percent }

// Highest is the largest threshold that can be meant.
func (m Measure) Highest() int {
	switch m.Unit() {
	case Percent:
		return 100
	case Seconds:
		return 86400
	}
	return 100000
}

// Known says whether it is one of Measures.
func (m Measure) Known() bool { return slices.Contains(Measures, m) }

// Activity is what an agent does, as the supervisor's room groups agents.
type Activity string

const (
	Ready    Activity = "ready"     // ready, with nothing in hand
	Engaged  Activity = "engaged"   // with a contact; its longest one counts
	Wrapping Activity = "wrapping"  // in wrap-up; the longest counts
	NotReady Activity = "not_ready" // not ready, with nothing in hand
	Missed   Activity = "missed"    // set to missed after offers that were not answered
)

// Activities are all of them.
var Activities = []Activity{Ready, Engaged, Wrapping, NotReady, Missed}
